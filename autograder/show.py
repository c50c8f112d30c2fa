"""Shows HTML where there is a notebook, and the same as text where there is none."""

import sys


def show(html: str, text: str, markdown: str | None = None) -> None:
    """Display in the running notebook, or print. ``markdown`` is preferred to HTML where given."""
    if _in_notebook():
        from IPython.display import display

        data = {"text/plain": text, **({"text/markdown": markdown} if markdown else {"text/html": html})}
        display(data, raw=True)
    else:
        print(text)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")

"""What every interactive figure shares: one state, shown live by a kernel or by a page with no kernel.

A figure is a subclass of `InteractiveFigure` in NAME.py beside an ES module NAME.js whose default export is
`{ render({ model, el }) }` (the anywidget contract). In Jupyter, anywidget runs the module and keeps the
traits in step with the kernel. In the static book the `text/html` form is shown: the state as JSON, read by
the host script, and inside it a plain description for a reader without JavaScript.
"""

import html
import json
import sys
from pathlib import Path
from typing import Any

import anywidget
import traitlets


class InteractiveFigure(anywidget.AnyWidget):
    """A figure whose synced traits are its whole state, all of them plain JSON.

    A subclass is named by its file: `convolution_stepper.py` goes with `convolution_stepper.js`.
    """

    title = traitlets.Unicode().tag(sync=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        source = Path(sys.modules[cls.__module__].__file__ or "")
        if getattr(cls, "module", None) != source.stem:  # anywidget subclasses each widget's class once more
            cls.module = source.stem
            cls._esm = source.with_suffix(".js")
        super().__init_subclass__(**kwargs)

    def state(self) -> dict[str, object]:
        """The synced traits that the figure itself declares, by name."""
        names = self.trait_names(sync=True)
        own = (n for n in names if not n.startswith("_") and not anywidget.AnyWidget.class_traits().get(n))
        return {name: getattr(self, name) for name in sorted(own)}

    def description(self) -> str:
        """HTML for a reader without JavaScript: what the figure shows, in words and tables."""
        return f"<p>{html.escape(self.title)}</p>"

    def static_html(self) -> str:
        """The figure for a page with no kernel. The same state gives the same text, which nbval compares."""
        state = html.escape(json.dumps(self.state(), ensure_ascii=False, separators=(",", ":")))
        opening = f'<div class="figure-host" data-module="{self.module}" data-state="{state}">'
        return f"{opening}\n{self.description()}\n</div>"

    def __repr__(self) -> str:
        # anywidget's own holds an address, which differs from run to run.
        return f"{type(self).__name__}({self.title!r})"

    def _repr_mimebundle_(self, **kwargs: Any):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/html": self.static_html()}, metadata


def table(numbers: list[list[float]], caption: str) -> str:
    """An HTML table of numbers, for `description`."""
    rows = "".join("<tr>" + "".join(f"<td>{value:.4g}</td>" for value in row) + "</tr>" for row in numbers)
    return f"<table><caption>{html.escape(caption)}</caption><tbody>{rows}</tbody></table>"

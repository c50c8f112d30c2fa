"""Wrap the figures' ES modules as classic scripts for the book: on file:// pages browsers refuse modules.

Each script hands its figure to the page by an event on its own script element, so nothing becomes global:
the host script (book/host.js) adds the element and listens. `python -m figures.bundle DIR` writes them all.
"""

import re
import sys
from pathlib import Path

_HANDOVER = 'document.currentScript.dispatchEvent(new CustomEvent("figure", { detail: figure }));'


def classic(module: str, name: str = "module") -> str:
    """The source of a classic script that does what an ES module with a default export does.

    Raises ValueError where the module imports anything, or exports otherwise than by `export` before a
    declaration and one `export default`.
    """
    body, defaults = re.subn(r"^export default\b", "const figure =", module, flags=re.M)
    body = re.sub(r"^export (?=(?:async )?(?:function|const|let|class)\b)", "", body, flags=re.M)
    odd = re.search(r"^(?:import|export)\b.*|\bimport(?:\.meta|\s*\().*", body, flags=re.M)
    if odd:
        raise ValueError(
            f"{name}: a figure's module stands alone and exports declarations; not {odd.group().strip()!r}"
        )
    if defaults != 1:
        raise ValueError(f"{name}: a figure's module has one `export default {{ render }}`; this one has {defaults}")
    return f'(() => {{\n"use strict";\n{body}\n{_HANDOVER}\n}})();\n'


def write(folder: Path) -> list[Path]:
    """Write every figure's module to ``folder`` as a classic script of the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for module in sorted(Path(__file__).parent.glob("*.js")):
        target = folder / module.name
        target.write_text(classic(module.read_text("utf-8"), module.name), encoding="utf-8")
        written.append(target)
    return written


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m figures.bundle DIR")
    for path in write(Path(sys.argv[1])):
        print(path)

"""Build the book into ``_build/html``: ``python -m book.build [--all]``.

Only pages whose text or code changed are read and run again; ``--all`` runs every one. A warning, a reference that
leads nowhere or a failing cell gives exit status 1, and the last lines say where.
"""

import argparse
import io
import os
import re
import shutil
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import TextIO

from book import vendor

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
DOCTREES = ROOT / "_build" / ".doctrees"
REPORTS = SITE / "reports"
UNFINISHED = ROOT / "_build" / ".unfinished"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PROBLEM = re.compile(
    r"\b(WARNING|ERROR|CRITICAL): |^(Extension|Configuration|Application|Theme) error|^Exception occurred"
)


class _Tee(io.TextIOBase):
    """Passes everything on and keeps a copy."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.kept = stream, io.StringIO()

    def write(self, text: str) -> int:
        self.kept.write(text)
        return self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()


def build(everything: bool = False) -> list[str]:
    """Builds the site; returns what is wrong with it, a line each."""
    # Here, not above: --help and a missing npm need not wait for Sphinx.
    from jupyter_book.sphinx import build_sphinx
    from sphinx.util.console import nocolor

    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    nocolor()
    # All pages are written anew: no page may stay that has left the contents.
    shutil.rmtree(SITE, ignore_errors=True)
    # Sphinx warns of a page when it reads it: a build after one that failed, or was killed, must read every page again.
    everything = everything or UNFINISHED.exists()
    UNFINISHED.parent.mkdir(exist_ok=True)
    UNFINISHED.touch()
    with redirect_stderr(_Tee(sys.stderr)) as tee:
        result = build_sphinx(
            ROOT,
            SITE,
            doctreedir=DOCTREES,
            noconfig=True,
            path_config=ROOT / "_config.yml",
            confoverrides={"external_toc_path": "_toc.yml", "latex_individualpages": False, "nitpicky": True},
            warningiserror=True,
            keep_going=True,
            freshenv=everything,
            force_all=True,  # writing pages is cheap, and styles or templates may have changed
        )
    if result == 0:
        UNFINISHED.unlink()
        return []
    said = _COLOUR.sub("", tee.kept.getvalue()).splitlines()
    # An error's own line says only what kind it is; what happened stands in the next one.
    said = [" ".join(said[n : n + 1 + line.endswith(":")]) for n, line in enumerate(said) if _PROBLEM.search(line)]
    problems = [line.replace(str(ROOT) + os.sep, "") for line in said]
    problems += [_failed_cell(log) for log in sorted(REPORTS.rglob("*.err.log"))]
    return problems or ["the build failed: see above"]


def _failed_cell(log: Path) -> str:
    """One line from the traceback that MyST-NB leaves: page, line of the cell, and what it raised."""
    page = log.relative_to(REPORTS).as_posix().removesuffix(".err.log") + ".md"
    lines = _COLOUR.sub("", log.read_text(encoding="utf-8")).rstrip().splitlines()
    rules = [number for number, line in enumerate(lines) if re.fullmatch(r"-{10,}", line)]
    cell = [line for line in lines[rules[0] + 1 : rules[1]] if line.strip()] if len(rules) > 1 else []
    where = page
    if cell:
        text = (ROOT / page).read_text(encoding="utf-8").splitlines()
        starts = [number for number, line in enumerate(text, start=1) if line == cell[0]]
        # The first line of a cell may stand in others too: the one that all of it follows.
        whole = [n for n in starts if [t for t in text[n - 1 : n + 60] if t.strip()][: len(cell)] == cell]
        where += f":{(whole or starts or [1])[0]}"
    return f"{where}: a cell failed: {cell[0] if cell else '?'} ... {lines[-1] if lines else '?'}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m book.build", description=__doc__.partition("\n")[0])
    parser.add_argument("--all", action="store_true", help="read and run every page again, changed or not")
    asked = parser.parse_args(arguments)
    try:
        vendor.ensure(vendor.MATHJAX)
    except vendor.VendorError as error:
        print(f"book: {error}", file=sys.stderr)
        return 1
    problems = build(asked.all)
    if problems:
        print(f"\nbook: {len(problems)} problem{'s' * (len(problems) > 1)}", *problems, sep="\n  ", file=sys.stderr)
        return 1
    print(f"\nThe book is ready: {SITE / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

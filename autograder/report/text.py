"""A Verdict as plain text: in a terminal, and beside the card in a notebook."""

import textwrap
from collections.abc import Iterable, Iterator

from autograder.report import view
from autograder.verdict import Verdict
from autograder.worker.text import clean

WIDTH = 100
_PRINTED = 10  # lines


def lines(verdict: Verdict, repeat: str, hint: str | None = None) -> Iterator[str]:
    """``repeat`` says how to run the same inputs again; ``hint`` how to get a hint."""
    # Whatever the learner's code had a say in must not act on the terminal.
    return (clean(line, 4 * WIDTH) for line in _lines(verdict, repeat, hint))


def _lines(verdict: Verdict, repeat: str, hint: str | None) -> Iterator[str]:
    yield f"{view.sign(verdict)} {view.headline(verdict)}"
    yield from _wrapped(verdict.message)
    if verdict.mistake:
        yield from _wrapped(f"What it looks like: {verdict.mistake.says}")
    yield from _wrapped(view.stand_ins(verdict))
    if verdict.failure:
        yield from _case(verdict)
    if verdict.printed.strip() and verdict.status not in ("passed", "not_started"):
        yield "  Your code printed:"
        printed = [line.expandtabs() for line in verdict.printed.split("\n")[:_PRINTED]]
        yield from (f"    {line if len(line) <= WIDTH - 4 else line[: WIDTH - 5] + '…'}" for line in printed if line)
    if verdict.status not in ("passed", "not_started", "missing"):
        yield from _wrapped(repeat + (f"   {hint}" if hint else ""))


def _wrapped(text: str, indent: int = 2) -> Iterable[str]:
    margin = " " * indent
    return textwrap.wrap(text, WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)


def _case(verdict: Verdict) -> Iterator[str]:
    failure = verdict.failure
    if failure is None:
        return
    yield from _wrapped(f"Smallest failing case ({verdict.passed} of {verdict.total} pass): {failure.case.label}")
    yield from _wrapped(view.settings(verdict), 4)
    yield from _beside([_plain(block) for block in view.inputs(failure)])
    for row in view.outputs(failure):
        yield from _beside([_plain(block) for block in row])


def _plain(block: view.Block) -> list[str]:
    wrong = block.wrong if "*" in block.caption else None
    cells = [
        [cell if wrong is None else cell + " *"[int(wrong[i, j])] for j, cell in enumerate(row)]
        for i, row in enumerate(block.cells)
    ]
    wide = max((len(c) for row in cells for c in row), default=1)
    return [block.caption, *("  ".join(c.rjust(wide) for c in row) for row in cells)]


def _beside(columns: list[list[str]]) -> Iterator[str]:
    """Blocks beside each other as far as they fit, then below."""
    shelf: list[list[str]] = []
    used = 4
    for column in columns:
        wide = max(map(len, column)) + 4
        if shelf and used + wide > WIDTH:
            yield from _shelf(shelf)
            shelf, used = [], 4
        shelf.append(column)
        used += wide
    if shelf:
        yield from _shelf(shelf)


def _shelf(columns: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in columns]
    for i in range(max(map(len, columns))):
        row = (c[i].ljust(w) if i < len(c) else " " * w for c, w in zip(columns, widths, strict=True))
        yield ("    " + "    ".join(row)).rstrip()
    yield ""

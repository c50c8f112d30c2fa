"""A Verdict as a small HTML card. Inline styles only: it must look right in JupyterLab, VS Code, Colab and the book,
on light and dark ground, so its colours are translucent and its text inherits."""

import re
from collections.abc import Mapping, Sequence
from html import escape

from autograder.report import view
from autograder.verdict import Verdict

_GREEN, _RED, _GREY, _AMBER, _BLUE = "46,160,67", "218,54,51", "128,128,128", "210,140,20", "56,116,203"
_COLOURS = {"passed": _GREEN, "not_started": _GREY, "missing": _GREY, "timeout": _AMBER, "memory": _AMBER}
_CARD = (
    "border:1px solid rgba({0},.55);border-left:5px solid rgb({0});border-radius:6px;background:rgba({0},.07);"
    "padding:.6em 1em;margin:.5em 0;max-width:56em;line-height:1.45"
)
_CAPTION = "caption-side:top;text-align:left;font-size:.85em;white-space:nowrap;color:inherit"
_CELL = (
    "padding:.15em .5em;white-space:nowrap;text-align:right;font-family:monospace;color:inherit;"
    "border:1px solid rgba(128,128,128,.3)"
)


def card(verdict: Verdict, note: str = "", hints: Sequence[str] = ()) -> str:
    """HTML of one verdict. ``note`` is a last line, as plain text; ``hints`` unfold one after the other."""
    parts = [f"<p style='margin:0;font-weight:600'>{view.sign(verdict)} {escape(view.headline(verdict))}</p>"]
    parts += [_paragraph(verdict.message)] if verdict.message else []
    if verdict.mistake:
        parts.append(_paragraph(verdict.mistake.says, "What it looks like: "))
    parts += [_paragraph(view.stand_ins(verdict))] if verdict.stand_ins else []
    if verdict.failure:
        parts.append(_case(verdict))
    if verdict.printed.strip() and verdict.status not in ("passed", "not_started"):
        printed = f"<pre style='white-space:pre-wrap;color:inherit'>{escape(verdict.printed[:4000])}</pre>"
        parts.append(_folded("What your code printed", printed))
    parts += [_hints(hints)] if hints else []
    parts += [f"<p style='margin:.4em 0 0;font-size:.9em'>{_code(note)}</p>"] if note else []
    style = _CARD.format(_COLOURS.get(verdict.status, _RED))
    return f"<div class='cnnbh-card cnnbh-{verdict.status}' style='{style}'>{''.join(parts)}</div>"


def _paragraph(text: str, lead: str = "") -> str:
    lead = f"<strong>{lead}</strong>" if lead else ""
    return f"<p style='margin:.4em 0'>{lead}{_code(text)}</p>"


def _code(text: str) -> str:
    """Plain text, escaped; what stands between backquotes is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _case(verdict: Verdict) -> str:
    failure = verdict.failure
    if failure is None:
        return ""
    settings = view.settings(verdict)
    head = (
        f"<p style='margin:.4em 0'>Smallest failing case ({verdict.passed} of {verdict.total} pass): "
        f"<strong>{escape(failure.case.label)}</strong>{f', <code>{escape(settings)}</code>' if settings else ''}</p>"
    )
    return head + "".join(_row(list(row)) for row in (view.inputs(failure), *view.outputs(failure)))


def _row(blocks: list[view.Block]) -> str:
    if not blocks:
        return ""
    return (
        "<div style='display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start;overflow-x:auto' tabindex='0'>"
        + "".join(_table(b) for b in blocks)
        + "</div>"
    )


def _table(block: view.Block) -> str:
    rows = [
        "".join(f"<td style='{_CELL}{_shade(block, i, j)}'>{escape(cell)}</td>" for j, cell in enumerate(row))
        for i, row in enumerate(block.cells)
    ]
    caption = escape(block.caption.removesuffix(" (wrong: *)"))  # here a colour says which
    return (
        "<table style='border-collapse:collapse;margin:.2em 0;width:auto'>"
        f"<caption style='{_CAPTION}'>{caption}</caption>"
        f"<tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"
    )


def _shade(block: view.Block, i: int, j: int) -> str:
    if block.heat is not None:
        return f";background:rgba({_RED},{0.55 * float(block.heat[i, j]):.2f})"
    if block.wrong is not None and block.wrong[i, j]:
        return f";background:rgba({_RED},.18);font-weight:600"
    return ""


def _folded(title: str, body: str) -> str:
    return f"<details style='margin:.3em 0'><summary style='cursor:pointer'>{escape(title)}</summary>{body}</details>"


def _hints(hints: Sequence[str]) -> str:
    """Each hint inside the one before, so that the next is seen only when asked for."""
    html = ""
    for number, text in reversed(list(enumerate(hints, start=1))):
        html = _folded(f"Hint {number}", _paragraph(text) + html)
    return html


def note(lines: Sequence[str], last: str) -> str:
    """A grey card of a few lines: hints."""
    body = "".join(_paragraph(line) for line in lines)
    body += f"<p style='margin:0;font-size:.9em'>{_code(last)}</p>"
    return f"<div class='cnnbh-card' style='{_CARD.format(_GREY)}'>{body}</div>"


def prediction(question: str, options: Mapping[str, str], answer: str) -> str:
    """A question whose options unfold a reply each: no script, no kernel."""
    replies = "".join(
        _folded(option, _paragraph(reply, "Yes. " if option == answer else "Not quite. "))
        for option, reply in options.items()
    )
    return (
        f"<div class='cnnbh-card cnnbh-predict' style='{_CARD.format(_BLUE)}'>"
        f"{_paragraph(question, 'Predict: ')}{replies}</div>"
    )

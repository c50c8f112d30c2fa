"""What of a Verdict is shown, whatever it is shown on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.verdict import Failure, Verdict

SIGNS = {"passed": "✓", "not_started": "○", "missing": "○"}
WORDS = {
    "passed": "passed",
    "failed": "not yet right",
    "error": "stopped with an error",
    "timeout": "took too long",
    "memory": "needs too much memory",
    "crashed": "crashed",
    "forbidden": "not allowed",
    "not_started": "not started",
    "missing": "missing",
}
_MAX_PLANES = 6
_MAX_SIDE = 14


@dataclass(frozen=True)
class Block:
    """A number, or one plane of an array, ready to be shown. ``wrong`` marks cells; ``heat`` colours them, 0 to 1."""

    caption: str
    cells: tuple[tuple[str, ...], ...]  # rows of numbers
    wrong: np.ndarray | None = None  # two axes, as cells
    heat: np.ndarray | None = None


def sign(verdict: Verdict) -> str:
    return SIGNS.get(verdict.status, "✗")


def headline(verdict: Verdict) -> str:
    """Name, status, points: one line."""
    points = f"{verdict.points} of {verdict.max_points} point{'s' if verdict.max_points != 1 else ''}"
    return f"{verdict.name}: {WORDS[verdict.status]} ({points})"


def stand_ins(verdict: Verdict) -> str:
    """A sentence on the earlier exercises for which the course's version stood in; empty if there were none."""
    names = ", ".join(verdict.stand_ins)
    many = len(verdict.stand_ins) > 1
    return f"For {names} the course's own version stood in: yours {'do' if many else 'does'} not pass." if names else ""


def settings(verdict: Verdict) -> str:
    """The inputs that are not arrays as they are written in a call; all of the call where no input is an array."""
    given = verdict.failure.case.inputs if verdict.failure else {}
    plain = ", ".join(f"{k}={v!r}" for k, v in given.items() if not isinstance(v, np.ndarray))
    return plain if any(isinstance(v, np.ndarray) for v in given.values()) else f"{verdict.name}({plain})"


def inputs(failure: Failure) -> Iterator[Block]:
    for name, value in failure.case.inputs.items():
        if isinstance(value, np.ndarray):
            yield from _planes(name, value, _MAX_PLANES)


def outputs(failure: Failure) -> Iterator[tuple[Block, ...]]:
    """Expected, got and their difference, plane by plane; the planes with a wrong value only, if there are many."""
    difference = failure.difference
    expected, got = difference.expected, difference.got
    if expected is None or difference.kind == "dtype":
        return
    if got is None or got.shape != expected.shape:
        yield (*_planes("expected", expected, 2), *(() if got is None else _planes("got", got, 2)))
        return
    wrong = difference.wrong if difference.wrong is not None else np.zeros(expected.shape, bool)
    with np.errstate(all="ignore"):
        apart = np.where(wrong, got.astype(np.float64) - expected.astype(np.float64), 0)
        top = np.nanmax(np.abs(np.where(np.isfinite(apart), apart, 0)), initial=0.0) or 1.0
        heat = np.where(np.isfinite(apart), np.abs(apart) / top, 1.0) * wrong
    for index, suffix in _plane_indices(expected, _MAX_PLANES, wrong):
        form = _form(np.stack([expected[index], got[index]]))
        starred = " (wrong: *)" if wrong[index].any() and not wrong[index].all() else ""
        yield (
            _block(f"expected{suffix}", expected[index], form),
            _block(f"got{suffix}{starred}", got[index], form, wrong[index]),
            _block("difference", apart[index], _form(apart[index], signed=True), wrong[index], heat[index]),
        )


def _planes(name: str, array: np.ndarray, most: int) -> Iterator[Block]:
    for position, (index, suffix) in enumerate(_plane_indices(array, most)):
        shape = f"{' of' if suffix else ','} shape {array.shape}" if not position and array.ndim else ""
        yield _block(f"{name}{suffix}{shape}", array[index], _form(array[index]))


def _plane_indices(
    array: np.ndarray, most: int, wrong: np.ndarray | None = None
) -> Iterator[tuple[tuple[int, ...], str]]:
    leading = array.shape[:-2]
    if not leading:
        yield (), ""
        return
    indices = [tuple(int(i) for i in index) for index in np.ndindex(*leading)]
    if wrong is not None and len(indices) > 1:
        indices = [index for index in indices if wrong[index].any()] or indices
    for position, index in enumerate(indices[:most], start=1):
        more = f" and {len(indices) - most} more like it" if position == most < len(indices) else ""
        yield index, f"[{', '.join(map(str, index))}]{more}"


def _block(
    caption: str,
    values: np.ndarray,
    form: Callable[[Any], str],
    wrong: np.ndarray | None = None,
    heat: np.ndarray | None = None,
) -> Block:
    if any(n > _MAX_SIDE for n in np.shape(values)):
        caption += f", first {_MAX_SIDE} rows and columns"
    rows = _window(values).tolist()
    return Block(
        caption,
        tuple(tuple(form(value) for value in row) for row in rows),
        None if wrong is None else _window(wrong),
        None if heat is None else _window(heat),
    )


def _window(values: np.ndarray) -> np.ndarray:
    return np.atleast_2d(values)[:_MAX_SIDE, :_MAX_SIDE]


def _form(values: np.ndarray, signed: bool = False) -> Callable[[Any], str]:
    """How to write these numbers: all with the same decimals, the largest with four figures; whole numbers whole."""
    values = np.asarray(values)
    plus = "+" if signed else ""
    finite = np.abs(values[np.isfinite(values)]).astype(np.longdouble)  # float64 could not hold each of these
    top = finite.max(initial=0.0)
    exponent = int(np.floor(np.log10(top))) if top else 0
    if values.dtype.kind in "biu":
        form = "" if values.dtype.kind == "b" else f"{plus}d"
    elif (finite == np.round(finite)).all() and top < 1e7:
        form = f"{plus}.0f"
    elif -6 < exponent < 6:
        form = f"{plus}.{max(1, 3 - exponent)}f"
    else:
        form = f"{plus}.3e"

    def write(value: Any) -> str:
        if isinstance(value, bool):
            return str(value)
        if not value:
            return "0"
        if isinstance(value, complex) or value != value:
            return f"{value:.4g}"
        text = format(value, form)
        return f"{value:{plus}.1g}" if not text.strip("+-0.") else text

    return write

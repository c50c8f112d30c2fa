"""Two outcomes -> None where they agree, or the Difference in words.

The order is fixed: did it return at all, what kind of thing, which shape, which dtype, NaN and infinity, values, and
last whether the inputs were left alone. Nothing is ever equal by broadcasting.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.worker.job import Outcome, Raised

# Rounding of a sum of n terms, in any order, stays below n * eps * (sum of |terms|). The factor leaves room for an
# implementation that rounds at another place (an FFT, a product of matrices) and the constant for very short sums.
_FACTOR, _SHORT = 4, 8

_RETURNS = {"array": "a NumPy array", "float": "a number", "int": "a whole number"}


@dataclass(frozen=True)
class Difference:
    """What is wrong with one outcome; ``kind``: raised, returned, type, shape, dtype, nan, values or modified."""

    kind: str
    text: str
    expected: np.ndarray | None = None
    got: np.ndarray | None = None
    wrong: np.ndarray | None = None  # mask of the values that differ, where both have one shape


def tolerance(expected: np.ndarray, inputs: Mapping[str, object], terms: int, magnitude: float) -> float:
    """Largest absolute difference that rounding explains, for sums of ``terms`` numbers of size ``magnitude``.

    The precision is that of the inputs where they are floating, since a float32 input rounds a Python float too.
    """
    dtypes = [v.dtype for v in inputs.values() if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    if expected.dtype.kind == "f":
        dtypes.append(expected.dtype)
    if not dtypes:
        return 0.0
    return _FACTOR * (terms + _SHORT) * max(float(np.finfo(d).eps) for d in dtypes) * magnitude


def compare(expected: Outcome, got: Outcome, atol: float, result: str = "array") -> Difference | None:
    """First difference between two outcomes of one case; ``result`` is the Exercise's."""
    if expected.raised or got.raised:
        return _compare_raised(expected.raised, got)
    for name, array in expected.arrays.items():
        what = "returned" if name == "out" else f"{name} is"
        difference = _compare_output(array, got, name, atol, result, what)
        if difference:
            return difference
    if set(got.modified) != set(expected.modified):
        return _modified(set(got.modified) - set(expected.modified))
    return None


def same(a: Outcome, b: Outcome, atol: float) -> bool:
    """Whether two outcomes cannot be told apart, wrong or right: for naming a mistake."""
    if a.raised or b.raised:
        return a.raised is not None and b.raised is not None and a.raised.type == b.raised.type
    if _kinds(a) != _kinds(b) or a.arrays.keys() != b.arrays.keys() or set(a.modified) != set(b.modified):
        return False
    return all(
        left.dtype.kind == b.arrays[name].dtype.kind
        and (left.dtype == b.arrays[name].dtype or not left.ndim)
        and left.shape == b.arrays[name].shape
        and not _apart(left, b.arrays[name], atol).any()
        for name, left in a.arrays.items()
    )


def _kinds(outcome: Outcome) -> dict[str, str]:
    """Kinds of the outputs; an array without axes is as good as a number."""
    return {
        name: "number" if kind == "array" and not outcome.arrays[name].ndim else kind
        for name, kind in outcome.kinds.items()
    }


def _compare_raised(expected: Raised | None, outcome: Outcome) -> Difference | None:
    got = outcome.raised
    if got is None:
        if expected is None:
            return None
        out = outcome.arrays.get("out")
        what = f"it returned {_number(out)}" if out is not None and not out.ndim else "a result came back"
        return Difference("returned", f"These inputs are impossible: {expected.type} must be raised, but {what}.")
    said = f"{got.type}: {got.message}".rstrip(": ")
    if expected is None:
        return Difference("raised", f"It raised {said}{_where(got)}.")
    if expected.type not in got.bases:
        said = "a class of your own that bears its name" if got.type == expected.type else said
        return Difference(
            "raised", f"These inputs are impossible: {expected.type} must be raised, not {said}{_where(got)}."
        )
    return None


def _where(raised: Raised) -> str:
    if not raised.trace:
        return ""
    filename, line, source = raised.trace[-1]
    return f" ({filename}, line {line}: {source})" if source else f" ({filename}, line {line})"


def _compare_output(
    expected: np.ndarray, got: Outcome, name: str, atol: float, result: str, what: str
) -> Difference | None:
    kind, array = got.kinds.get(name, "nothing"), got.arrays.get(name)
    wrong_type = _wrong_type(kind, array, result)
    if wrong_type or array is None:
        return Difference("type", f"It {what} {wrong_type}", expected)
    if result == "array":
        if array.shape != expected.shape:
            return Difference("shape", _shape_words(expected, array, atol), expected, array)
        if array.dtype != expected.dtype:
            return Difference(
                "dtype",
                f"The dtype is {array.dtype}, but must be {expected.dtype}, the dtype of the input.",
                expected,
                array,
            )
    return compare_values(expected, array, atol)


def _wrong_type(kind: str, array: np.ndarray | None, result: str) -> str | None:
    """The rest of the sentence "It returned ...", or None where the type is right."""
    must = f"it must return {_RETURNS[result]}"
    if kind == "NoneType":
        return f"None; {must}. Is there a return at the end?"
    if result == "array":
        if kind == "array":
            return None
        if kind in ("list", "tuple"):
            return f"a {kind}; {must}: np.array(...) makes one."
        if kind == "number":
            return f"a single number; {must}."
        return f"an object of type {kind}; {must} itself, no other type (np.asarray(...) makes a plain one)."
    if array is None or array.ndim or kind not in ("array", "number") or array.dtype.kind not in "iuf":
        return f"{_noun(kind, array)}; {must}."
    if result == "int" and array.dtype.kind == "f":
        return f"{array.item():g}, a float; {must} (// divides and rounds down)."
    return None


def _noun(kind: str, array: np.ndarray | None) -> str:
    if array is not None and array.ndim:
        return f"an array of shape {array.shape}"
    if array is not None and array.dtype.kind == "c":
        return "a complex number"
    if array is not None and array.dtype.kind == "b":
        return str(bool(array))
    return f"a {kind}" if kind in ("list", "tuple", "dict", "str") else f"an object of type {kind}"


def compare_values(expected: np.ndarray, got: np.ndarray, atol: float) -> Difference | None:
    """Values of two arrays of one shape."""
    finite, expected_finite = np.isfinite(got), np.isfinite(expected)
    if (finite != expected_finite).any():
        return Difference(
            "nan", _nonfinite_words(got, ~finite & expected_finite), expected, got, finite != expected_finite
        )
    wrong = _apart(expected, got, atol)
    if not wrong.any():
        return None
    return Difference("values", _value_words(expected, got, wrong, atol), expected, got, wrong)


def _apart(expected: np.ndarray, got: np.ndarray, atol: float) -> np.ndarray:
    """Mask of the values that differ by more than ``atol``, or are not both NaN, or not the same infinity."""
    with np.errstate(all="ignore"):
        equal = (got == expected) | ((got != got) & (expected != expected))
        if not atol:
            return ~equal  # whole numbers beyond 2**53 too, which floats cannot tell apart
        return ~(equal | (np.abs(_wide(got) - _wide(expected)) <= atol))


def _wide(array: np.ndarray) -> np.ndarray:
    """The same values in double precision, in which a difference neither wraps around nor warns."""
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _nonfinite_words(got: np.ndarray, bad: np.ndarray) -> str:
    if not bad.any():
        return "Some values are finite that should be infinite or NaN."
    values = got[bad]
    nan, above = np.isnan(values), values.real > 0
    counts = {"NaN": nan, "+infinity": ~nan & above, "-infinity": ~nan & ~above}
    words = [word for word, mask in counts.items() if mask.any()]
    if not got.ndim:
        return f"It gave {words[0]}."
    parts = [f"{int(counts[word].sum())} {'are' if counts[word].sum() > 1 else 'is'} {word}" for word in words]
    return f"Of {got.size} values, {_listed(parts)}; the first at {_index(bad)}."


def _modified(names: set[str]) -> Difference:
    if not names:
        return Difference("modified", "The inputs should have been changed in place, but were not.")
    inputs, them = ("input", "it") if len(names) == 1 else ("inputs", "them")
    return Difference(
        "modified",
        f"It changed its {inputs} {_listed(sorted(names))} in place: work on a copy, since the caller may need {them} "
        "again.",
    )


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _index(mask: np.ndarray) -> str:
    return "[" + ", ".join(str(int(i)) for i in np.argwhere(mask)[0]) + "]" if mask.ndim else "the result"


def _shape_words(expected: np.ndarray, got: np.ndarray, atol: float) -> str:
    text = f"The shape is {got.shape}, but must be {expected.shape}"
    squeezed = tuple(n for n in got.shape if n != 1) == tuple(n for n in expected.shape if n != 1)
    if got.ndim >= 2 and got.shape == (*expected.shape[:-2], *expected.shape[:-3:-1]):
        if _close(np.swapaxes(got, -1, -2), expected, atol):
            return text + ": these are the right numbers, transposed."
        return text + ": height and width are swapped."
    if squeezed and got.size == expected.size and _close(got.reshape(expected.shape), expected, atol):
        return text + ": the right numbers, with axes of length 1 too many or too few."
    if got.ndim == expected.ndim:
        by = [g - e for g, e in zip(got.shape, expected.shape, strict=True)]
        if all(abs(b) <= 1 for b in by):
            return text + f": off by one along {_axes([i for i, b in enumerate(by) if b], got.ndim)}."
        return text + f": wrong along {_axes([i for i, b in enumerate(by) if b], got.ndim)}."
    return text + f": {got.ndim} axes instead of {expected.ndim}."


def _axes(axes: list[int], ndim: int) -> str:
    names = {ndim - 1: "the width", ndim - 2: "the height"} if ndim >= 2 else {}
    if ndim == 4:
        names |= {0: "the batch", 1: "the channels"}
    return _listed([names.get(a, f"axis {a}") for a in axes])


def _close(a: np.ndarray, b: np.ndarray, atol: float) -> bool:
    return a.shape == b.shape and not _apart(a, b, atol).any()


def _value_words(expected: np.ndarray, got: np.ndarray, wrong: np.ndarray, atol: float) -> str:
    if not expected.ndim:
        return f"It gave {_number(got)}; {_number(expected)} is right."
    pattern = None
    if np.isfinite(expected).all():
        with np.errstate(all="ignore"):
            pattern = next(_patterns(_wide(expected), _wide(got), wrong, atol), None)
    return f"{pattern} {_worst(expected, got, wrong)}" if pattern else _worst(expected, got, wrong)


def _number(value: np.ndarray | np.generic | complex) -> str:
    value = value.item() if isinstance(value, np.ndarray | np.generic) else value
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _worst(expected: np.ndarray, got: np.ndarray, wrong: np.ndarray) -> str:
    first = tuple(np.argwhere(wrong)[0])
    return (
        f"{int(wrong.sum())} of {wrong.size} values differ; the first at {_index(wrong)}: "
        f"{_number(expected[first])} expected, {_number(got[first])} found."
    )


def _patterns(expected: np.ndarray, got: np.ndarray, wrong: np.ndarray, atol: float) -> Iterator[str]:
    """What can be seen in a wrong array, surest first. Each sentence states a fact about this case, not a cause."""
    if expected.size < 3 or np.abs(expected - expected.flat[0]).max() <= 4 * atol:
        return  # with one or two values, or all alike, everything looks like everything
    if not got.any():
        yield "Every value is 0."
    elif (got == got.flat[0]).all():
        yield f"Every value is {_number(got.flat[0])}."
    if _close(-got, expected, atol):
        yield "Every value has the wrong sign."
    yield from _moved(expected, got, atol)
    yield from _rescaled(expected, got, atol)
    yield from _places(wrong)


def _moved(expected: np.ndarray, got: np.ndarray, atol: float) -> Iterator[str]:
    if expected.ndim < 2:
        if _close(got[::-1], expected, atol):
            yield "The right values, in reverse order."
        return
    if _close(np.swapaxes(got, -1, -2), expected, atol):
        yield "The right values, transposed: height and width are swapped."
    for axes, words in (((-1,), "left to right"), ((-2,), "top to bottom"), ((-2, -1), "in both directions")):
        if _close(np.flip(got, axes), expected, atol):
            yield f"The right values, flipped {words}."
    for axis, before, after in ((-2, "down", "up"), (-1, "right", "left")):
        head, tail = _cut(axis, None, -1), _cut(axis, 1, None)
        # Where neighbours are equal, nothing can be seen to have moved.
        if expected.shape[axis] < 3 or _close(expected[head], expected[tail], 4 * atol):
            continue
        if _close(got[tail], expected[head], atol):
            yield f"The right values, shifted {before} by one pixel."
        elif _close(got[head], expected[tail], atol):
            yield f"The right values, shifted {after} by one pixel."


def _cut(axis: int, start: int | None, stop: int | None) -> tuple:
    return (..., slice(start, stop)) if axis == -1 else (..., slice(start, stop), slice(None))


def _rescaled(expected: np.ndarray, got: np.ndarray, atol: float) -> Iterator[str]:
    biggest = np.unravel_index(np.argmax(np.abs(expected)), expected.shape)
    factor = (got[biggest] / expected[biggest]).item()
    slack = max(atol, 1e-12 * float(np.abs(expected[biggest])))
    # A factor is seen only where the values are large beside what rounding may have left of them.
    if abs(got[biggest]) > 1000 * slack and abs(factor - 1) > 1e-3:
        if _close(got / factor, expected, slack / min(1.0, abs(factor))):
            yield f"Every value is {factor:.6g} times the right one."
            return
    offset = (got.flat[0] - expected.flat[0]).item()
    if abs(offset) > 4 * slack and _close(got - offset, expected, 2 * slack):
        sign = "+" if isinstance(offset, float) else ""
        yield f"Every value is off by the same amount, {offset:{sign}.6g}."


def _places(wrong: np.ndarray) -> Iterator[str]:
    if wrong.all() or wrong.ndim < 2:
        return
    if wrong.ndim == 4:
        for axis, word in ((0, "image"), (1, "channel")):
            hit = np.asarray(wrong.any(axis=tuple(a for a in range(4) if a != axis)))
            if hit.sum() < hit.size:
                which = ("{}s {}", "are") if hit.sum() > 1 else ("{} {}", "is")
                listed = which[0].format(word, _listed([str(i) for i in np.flatnonzero(hit)]))
                yield f"Only {listed} (of 0 to {hit.size - 1}) {which[1]} wrong."
                return
    rows, columns = wrong.shape[-2:]
    if rows < 3 or columns < 3:
        return
    plane = np.asarray(wrong.reshape(-1, rows, columns).any(axis=0))
    if plane[1:-1, 1:-1].any():
        return
    edges: dict[str, tuple[Any, Any]] = {
        "top": (0, slice(None)),
        "bottom": (-1, slice(None)),
        "left": (slice(None), 0),
        "right": (slice(None), -1),
    }
    borders = [word for word, edge in edges.items() if plane[edge][1:-1].any()]
    for word in borders:
        plane[edges[word]] = False
    if not borders:
        yield "The inside is right; only corners are wrong."
    elif plane.any() or len(borders) == 4:
        yield "The inside is right; only the border is wrong."
    else:
        yield f"The inside is right; only the {_listed(borders)} border{' is' if len(borders) == 1 else 's are'} wrong."

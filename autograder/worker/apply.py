"""Apply an implementation to one call: fresh inputs in, plain arrays out.

The worker and the learner's own kernel use the same function.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from time import perf_counter
from typing import Any

import numpy as np

from .drivers import load
from .job import Call, Outcome, Raised
from .text import clean
from .trace import class_name, describe

OUTPUT_BYTES = 256 << 20  # all outputs of one call together
OUTPUTS = 64
NUMERIC = ("array", "number", "bool")  # the kinds of output that come with data

_SCALARS = [scalar for scalar in np.sctypeDict.values() if np.dtype(scalar).kind in "iufc"]
_NUMBERS = frozenset(map(id, (int, float, complex, *_SCALARS)))
_ARRAY_OF = {"O": "object", "V": "records", "U": "str", "S": "bytes", "M": "datetime64", "m": "timedelta64"}


def apply(implementation: Callable[..., Any], call: Call, labels: Collection[str] | None = None) -> Outcome:
    """Run the call's driver on fresh copies of its inputs.

    What the implementation raises, SystemExit too, becomes `raised`; only KeyboardInterrupt passes through.
    `labels`: the filenames of the learner's code, for the trace (see `trace.describe`).
    Raises ValueError for an unknown driver, which is not the learner's fault.
    """
    run = load(call.driver)
    inputs = {name: fresh(value) for name, value in call.inputs.items()}
    given = tuple(inputs.items())
    arrays: dict[str, np.ndarray] = {}
    kinds: dict[str, str] = {}
    raised = None
    begin = perf_counter()
    seconds = None
    try:
        results = run(implementation, inputs)
        seconds = perf_counter() - begin
        raised = _normalise(results, arrays, kinds)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        arrays, kinds = {}, {}
        raised = describe(error, labels)
    if seconds is None:
        seconds = perf_counter() - begin
    modified = tuple(name for name, value in given if _changed(value, call.inputs[name]))
    return Outcome(arrays, kinds, modified, raised, seconds)


def fresh(value: Any) -> Any:
    """A copy of an input with the same values, memory layout and writeable flag."""
    if type(value) is tuple:
        return tuple(fresh(part) for part in value)
    if not isinstance(value, np.ndarray):
        return value
    flags = value.flags
    if flags.c_contiguous or flags.f_contiguous:
        copy = value.copy(order="K")
    else:
        copy = strided(value, value.strides)
    copy.flags.writeable = flags.writeable
    return copy


def strided(values: np.ndarray, strides: tuple[int, ...]) -> np.ndarray:
    """`values` in a new buffer with the given strides; contiguous where these would waste much memory."""
    spans = [(n - 1) * s for n, s in zip(values.shape, strides, strict=True)]
    span = sum(map(abs, spans)) + values.itemsize
    if not values.size or span > 64 * values.nbytes + 4096:
        return np.array(values, order="C")
    buffer = np.zeros(span, np.uint8)
    offset = -sum(s for s in spans if s < 0)
    copy = np.ndarray(values.shape, values.dtype, buffer, offset, strides)
    copy[...] = values
    return copy


def _changed(value: Any, original: Any) -> bool:
    if type(value) is tuple:
        return any(_changed(v, o) for v, o in zip(value, original, strict=True))
    if not isinstance(value, np.ndarray):
        return False
    return (value.shape, value.dtype) != (original.shape, original.dtype) or value.tobytes() != original.tobytes()


def _normalise(results: Mapping[str, Any], arrays: dict[str, np.ndarray], kinds: dict[str, str]) -> Raised | None:
    if len(results) > OUTPUTS:
        return _refused(f"{len(results)} outputs came back; at most {OUTPUTS} can")
    room = OUTPUT_BYTES
    for name, value in results.items():
        kinds[name], data = normal(value)
        if data is None:
            continue
        room -= data.nbytes
        if room < 0:
            arrays.clear()
            kinds.clear()
            return _refused(f"the result takes {data.nbytes >> 20} MiB; at most {OUTPUT_BYTES >> 20} MiB can come back")
        arrays[name] = np.array(data, dtype=data.dtype.newbyteorder("="), order="C")
    return None


def normal(value: Any) -> tuple[str, np.ndarray | None]:
    """The kind of an output and its data, not yet copied; None when it is not numeric.

    Calls nothing of the value's own: no `__array__`, no `__eq__`, no `__class__`.
    """
    cls = type(value)
    if cls is np.ndarray:
        kind = value.dtype.kind
        return ("array", value) if kind in "biufc" else (f"array of {_ARRAY_OF.get(kind, value.dtype.name)}", None)
    if cls is bool or cls is np.bool_:
        return "bool", np.array(value)
    if id(cls) in _NUMBERS:  # by identity: a metaclass may lie about equality
        data = np.array(value)
        return ("number", data) if data.dtype.kind in "biufc" else ("int beyond 64 bits", None)
    return clean(class_name(cls), 80) or "object", None


def _refused(message: str) -> Raised:
    return Raised("OutputTooLarge", ("OutputTooLarge", "Exception", "BaseException", "object"), message, ())

"""Frames between the parent and the worker: a JSON head and `.npy` blobs, nothing that could carry code.

    frame = b"CBH1", length of the head (4 bytes), length of the body (8 bytes), head, body      little-endian
    head  = a JSON object with "type" and, where there are arrays, "blobs": their sizes in bytes, in order
    body  = the blobs one after another: `.npy`, version 1 or 2, C order, native byte order, bool/int/float/complex

The parent reads bytes that the learner's process may have forged. Sizes are bounded before anything is kept, shapes
and dtypes checked before anything is allocated, and whatever does not fit raises ProtocolError and nothing else.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .apply import NUMERIC, OUTPUT_BYTES, OUTPUTS, strided
from .job import Call, Job, Outcome, Piece, Raised
from .text import clean

_PREFIX = struct.Struct("<4sIQ")
_MAGIC = b"CBH1"
_NPY = re.compile(
    rb"\{'descr': '([<>|=][a-z]\d{1,2})', 'fortran_order': False, 'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n"
)
_NATIVE = frozenset(np.dtype(code).str for code in "?bhilqBHILQefdgFDG")
_DIMENSIONS = 32
_ARGUMENTS = 16

MAX_HEAD = 1 << 20
MAX_BODY = OUTPUT_BYTES + OUTPUTS * 1024


class ProtocolError(Exception):
    """The other side sent something that is not a frame of this protocol."""


class Frame(NamedTuple):
    head: dict[str, Any]
    blobs: list[memoryview]


# --- frames ---


def pack(head: Mapping[str, Any], arrays: Sequence[np.ndarray] = ()) -> list[bytes | memoryview]:
    """One frame as the chunks to write."""
    body: list[bytes | memoryview] = []
    sizes = []
    for array in arrays:
        lead, data = _npy(array)
        body += [lead, data] if data is not None else [lead]
        sizes.append(len(lead) + array.nbytes)
    text = json.dumps({**head, "blobs": sizes} if sizes else head).encode()
    return [_PREFIX.pack(_MAGIC, len(text), sum(sizes)) + text, *body]


class Reader:
    """Bytes in, frames out; ProtocolError at the first byte that does not fit."""

    def __init__(self, max_head: int = MAX_HEAD, max_body: int = MAX_BODY) -> None:
        self._buffer = bytearray()
        self._limits = (max_head, max_body)
        self._need = _PREFIX.size

    def feed(self, data: bytes | memoryview) -> Iterator[Frame]:
        self._buffer += data
        while len(self._buffer) >= self._need:
            magic, head_size, body_size = _PREFIX.unpack_from(self._buffer)
            if magic != _MAGIC:
                raise ProtocolError("no frame begins here")
            if head_size > self._limits[0] or body_size > self._limits[1]:
                raise ProtocolError("a frame is too large")
            self._need = _PREFIX.size + head_size + body_size
            if len(self._buffer) < self._need:
                return
            frame, self._buffer = self._buffer[: self._need], self._buffer[self._need :]
            self._need = _PREFIX.size
            view = memoryview(frame)[_PREFIX.size :]
            yield _frame(view[:head_size], view[head_size:])


def _frame(head: memoryview, body: memoryview) -> Frame:
    try:
        value = json.loads(bytes(head))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise ProtocolError("a head is not JSON") from error
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise ProtocolError("a head is not an object with a type")
    sizes = _list(value.get("blobs", []), 4096)
    blobs, at = [], 0
    for size in sizes:
        if type(size) is not int or not 0 <= size <= len(body) - at:
            raise ProtocolError("a blob does not fit into its frame")
        blobs.append(body[at : at + size])
        at += size
    if at != len(body):
        raise ProtocolError("a frame holds more than its blobs")
    return Frame(value, blobs)


# --- arrays ---


def _npy(array: np.ndarray) -> tuple[bytes, memoryview | None]:
    if array.dtype.str not in _NATIVE:
        raise TypeError(f"arrays of dtype {array.dtype} do not cross to the worker or back")
    head = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {tuple(array.shape)!r}, }}"
    pad = -(len(head) + 11) % 64
    lead = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head) + pad + 1) + head.encode() + b" " * pad + b"\n"
    if not array.size:
        return lead, None
    return lead, np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def unpack_array(blob: bytes | memoryview) -> np.ndarray:
    """The array of a `.npy` blob, in its own memory; ProtocolError when it is not one that `pack` writes."""
    start = bytes(blob[:12])
    if start[:6] != b"\x93NUMPY" or start[6:8] not in (b"\x01\x00", b"\x02\x00") or len(start) < 12:
        raise ProtocolError("a blob is not .npy")
    begin = 10 if start[6] == 1 else 12
    size = int.from_bytes(start[8:begin], "little")
    match = _NPY.fullmatch(bytes(blob[begin : begin + size])) if size <= 4096 else None
    if match is None:
        raise ProtocolError("the header of a .npy blob cannot be read")
    name = match[1].decode()
    if name not in _NATIVE:
        raise ProtocolError("an array has a dtype that does not cross")
    dtype = np.dtype(name)
    shape = tuple(int(n) for n in match[2].replace(b" ", b"").split(b",") if n)
    count = math.prod(shape)
    data = blob[begin + size :]
    if len(shape) > _DIMENSIONS or count * dtype.itemsize != len(data):
        raise ProtocolError("an array's shape and its bytes disagree")
    try:
        array = np.empty(shape, dtype)
    except (ValueError, MemoryError) as error:  # (0, 10**18): no bytes, yet too large for an index
        raise ProtocolError("an array's shape is too large") from error
    if count:
        array.reshape(-1).view(np.uint8)[:] = np.frombuffer(data, np.uint8)
    return array


# --- job: parent -> worker ---


def pack_job(job: Job) -> list[bytes | memoryview]:
    """The job as one frame; TypeError for an input that cannot cross (a mistake of the exercise)."""
    arrays: list[np.ndarray] = []
    calls = [
        {"driver": call.driver, "inputs": [[name, _put(value, arrays)] for name, value in call.inputs.items()]}
        for call in job.calls
    ]
    head: dict[str, Any] = {"type": "job", "name": job.name, "pieces": _pieces(job.pieces), "calls": calls}
    head |= {"packages": list(job.packages), "seconds": job.seconds, "memory": job.memory}
    head |= {"stand_ins": list(job.stand_ins), "borrowed": {n: _pieces(p) for n, p in job.borrowed.items()}}
    return pack(head, arrays)


def _pieces(pieces: Sequence[Piece]) -> list[list[Any]]:
    return [[piece.source, piece.filename, piece.first_line] for piece in pieces]


def unpack_job(frame: Frame) -> Job:
    """The worker's end of `pack_job`; the parent is trusted."""
    head = frame.head
    arrays = [unpack_array(blob) for blob in frame.blobs]
    calls = tuple(
        Call(call["driver"], {name: _take(value, arrays) for name, value in call["inputs"]}) for call in head["calls"]
    )
    return Job(
        head["name"],
        tuple(Piece(*piece) for piece in head["pieces"]),
        calls,
        tuple(head["packages"]),
        head["seconds"],
        head["memory"],
        tuple(head["stand_ins"]),
        {name: tuple(Piece(*piece) for piece in pieces) for name, pieces in head["borrowed"].items()},
    )


def _put(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        entry: dict[str, Any] = {"array": len(arrays), "writeable": value.flags.writeable}
        if not value.flags.c_contiguous:
            entry["strides"] = list(value.strides)
        arrays.append(value)
        return entry
    if isinstance(value, np.generic):
        arrays.append(np.asarray(value))
        return {"scalar": len(arrays) - 1}
    if type(value) is tuple:
        return {"tuple": [_put(part, arrays) for part in value]}
    if value is None or type(value) in (bool, int, float, str):
        return {"value": value}
    raise TypeError(f"an input of type {type(value).__name__} cannot be sent to the worker")


def _take(entry: dict[str, Any], arrays: list[np.ndarray]) -> Any:
    if "array" in entry:
        array = arrays[entry["array"]]
        if "strides" in entry:
            array = strided(array, tuple(entry["strides"]))
        array.flags.writeable = entry["writeable"]
        return array
    if "scalar" in entry:
        return arrays[entry["scalar"]][()]
    if "tuple" in entry:
        return tuple(_take(part, arrays) for part in entry["tuple"])
    return entry["value"]


# --- question: worker -> parent; the answer is an outcome, parent -> worker ---


def pack_ask(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[bytes | memoryview]:
    """A call of a function that is the parent's; TypeError for an argument that cannot cross."""
    arrays: list[np.ndarray] = []
    given = [_put(value, arrays) for value in args]
    named = {key: _put(value, arrays) for key, value in kwargs.items()}
    return pack({"type": "ask", "name": name, "args": given, "kwargs": named}, arrays)


def unpack_ask(frame: Frame) -> tuple[str, list[Any], dict[str, Any]]:
    """A question out of bytes that nobody vouches for: a name, arguments, keyword arguments."""
    arrays = [unpack_array(blob) for blob in frame.blobs]
    args = [_asked(value, arrays) for value in _list(frame.head.get("args"), _ARGUMENTS)]
    kwargs = _dict(frame.head.get("kwargs"), _ARGUMENTS)
    return (
        _str(frame.head.get("name"), 200),
        args,
        {_str(key, 200): _asked(value, arrays) for key, value in kwargs.items()},
    )


def _asked(entry: Any, arrays: list[np.ndarray]) -> Any:
    """As `_take`, but believing nothing; memory layout does not matter to a question."""
    entry = _dict(entry, 3)
    index = entry.get("array", entry.get("scalar"))
    if index is not None:
        if type(index) is not int or not 0 <= index < len(arrays):
            raise ProtocolError("a question names an array that it does not bring")
        return arrays[index] if "array" in entry else arrays[index][()]
    if "tuple" in entry:
        return tuple(_asked(part, arrays) for part in _list(entry["tuple"], _ARGUMENTS))
    value = entry.get("value")
    if value is not None and type(value) not in (bool, int, float, str):
        raise ProtocolError("a question holds something unknown")
    return value


# --- outcome: worker -> parent ---


def pack_outcome(outcome: Outcome) -> list[bytes | memoryview]:
    head: dict[str, Any] = {"type": "outcome", "arrays": list(outcome.arrays), "kinds": dict(outcome.kinds)}
    head |= {"modified": list(outcome.modified), "raised": raised_to_json(outcome.raised), "seconds": outcome.seconds}
    return pack(head, list(outcome.arrays.values()))


def unpack_outcome(frame: Frame) -> Outcome:
    """An outcome out of bytes that nobody vouches for."""
    head = frame.head
    names = [_str(name, 200) for name in _list(head.get("arrays"), OUTPUTS)]
    if len(names) != len(frame.blobs) or len(set(names)) != len(names):
        raise ProtocolError("an outcome's names and arrays disagree")
    kinds = {_str(k, 200): _str(v, 200) for k, v in _dict(head.get("kinds"), OUTPUTS).items()}
    if set(names) != {name for name, kind in kinds.items() if kind in NUMERIC}:
        raise ProtocolError("an outcome's arrays and kinds disagree")
    modified = tuple(_str(name, 200) for name in _list(head.get("modified"), 256))
    seconds = head.get("seconds")
    if type(seconds) is not float or not 0.0 <= seconds < 1e9:
        raise ProtocolError("an outcome's time is not a time")
    arrays = {name: unpack_array(blob) for name, blob in zip(names, frame.blobs, strict=True)}
    return Outcome(arrays, kinds, modified, raised_from_json(head.get("raised")), seconds)


def raised_to_json(raised: Raised | None) -> dict[str, Any] | None:
    if raised is None:
        return None
    return {"type": raised.type, "bases": list(raised.bases), "message": raised.message, "trace": list(raised.trace)}


def raised_from_json(value: Any) -> Raised | None:
    if value is None:
        return None
    value = _dict(value, 8)
    trace = []
    for entry in _list(value.get("trace"), 64):
        filename, line, source = (*_list(entry, 3), None, None, None)[:3]
        if type(line) is not int or not 0 <= line < 1 << 31:
            raise ProtocolError("a line number is not one")
        trace.append((_str(filename, 200), line, _str(source, 200)))
    bases = tuple(_str(name, 80) for name in _list(value.get("bases"), 20))
    return Raised(_str(value.get("type"), 80), bases, _str(value.get("message"), 2000), tuple(trace))


def text_of(head: Mapping[str, Any], key: str, limit: int = 500) -> str:
    """A text field of a head, cleaned; ProtocolError when it is not text."""
    return _str(head.get(key), limit)


def layers_of(head: Mapping[str, Any]) -> list[tuple[str, bool, str]]:
    """The layers that a "begun" frame reports."""
    layers = []
    for entry in _list(head.get("layers"), 16):
        name, active, why = (*_list(entry, 3), None, None, None)[:3]
        layers.append((_str(name, 40), active is True, _str(why, 300)))
    return layers


def _str(value: Any, limit: int) -> str:
    if type(value) is not str:
        raise ProtocolError("text was expected")
    return clean(value, limit)


def _list(value: Any, limit: int) -> list[Any]:
    if type(value) is not list or len(value) > limit:
        raise ProtocolError("a list was expected, or it is too long")
    return value


def _dict(value: Any, limit: int) -> dict[str, Any]:
    if type(value) is not dict or len(value) > limit:
        raise ProtocolError("an object was expected, or it is too large")
    return value

"""Frames: what goes in comes out, and bytes from nowhere raise ProtocolError and nothing else."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.worker import protocol
from autograder.worker.intake import Intake
from autograder.worker.job import Call, Job, Outcome, Piece, Raised
from autograder.worker.protocol import ProtocolError, Reader
from autograder.worker.text import clean

dtypes = st.one_of(
    hnp.boolean_dtypes(), hnp.integer_dtypes(endianness="="), hnp.unsigned_integer_dtypes(endianness="="),
    hnp.floating_dtypes(endianness="="), hnp.complex_number_dtypes(endianness="="),
)  # fmt: skip
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
scalars = st.one_of(st.booleans(), st.integers(), st.floats(), st.none(), st.text())
values = st.recursive(st.one_of(scalars, arrays), lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)


def parse(chunks, **limits):
    return list(Reader(**limits).feed(b"".join(map(bytes, chunks))))


def same(a, b):
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        ours = (a.dtype, a.shape, a.flags.writeable, a.tobytes())
        return ours == (b.dtype, b.shape, b.flags.writeable, b.tobytes())
    return type(a) is type(b) and (a == b or a != a)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4), st.lists(st.text(), max_size=3))
def test_a_job_arrives_as_it_was_sent(inputs, sources):
    pieces = tuple(Piece(source, f"cell {i}", i + 1) for i, source in enumerate(sources))
    sent = Job("f", pieces, (Call("call", inputs), Call("call", {})), ("numpy",), 2.5, 1 << 20)
    (frame,) = parse(protocol.pack_job(sent))
    got = protocol.unpack_job(frame)
    assert (got.name, got.pieces, got.packages, got.seconds, got.memory) == (
        "f",
        pieces,
        ("numpy",),
        2.5,
        1 << 20,
    )
    assert list(got.calls[0].inputs) == list(inputs) and got.calls[1].inputs == {}
    assert all(same(value, got.calls[0].inputs[name]) for name, value in inputs.items())


@given(arrays.filter(lambda a: a.ndim), st.data())
def test_strides_and_flags_arrive(array, data):
    view = array.transpose(data.draw(st.permutations(range(array.ndim))))
    view = view[tuple(data.draw(st.sampled_from([slice(None), slice(None, None, -1), slice(None, None, 2)]))
                      for _ in range(array.ndim))]  # fmt: skip
    view.flags.writeable = data.draw(st.booleans())
    (frame,) = parse(protocol.pack_job(Job("f", (), (Call("call", {"x": view}),))))
    got = protocol.unpack_job(frame).calls[0].inputs["x"]
    assert same(view, got)
    if view.size > 1:
        significant = [i for i, n in enumerate(view.shape) if n > 1]
        assert [view.strides[i] for i in significant] == [got.strides[i] for i in significant]


texts = st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Cf")), max_size=20)
raised = st.builds(
    Raised, texts, st.lists(texts, max_size=4).map(tuple), texts,
    st.lists(st.tuples(texts, st.integers(0, 10**6), texts), max_size=4).map(tuple),
)  # fmt: skip


@given(
    st.dictionaries(texts, arrays, max_size=4),
    st.lists(texts, max_size=3),
    st.none() | raised,
    st.floats(0, 1e6),
)
def test_an_outcome_arrives_as_it_was_sent(outputs, modified, error, seconds):
    kinds = dict.fromkeys(outputs, "array")
    (frame,) = parse(protocol.pack_outcome(Outcome(outputs, kinds, tuple(modified), error, seconds)))
    got = protocol.unpack_outcome(frame)
    assert (got.kinds, got.modified, got.raised, got.seconds) == (kinds, tuple(modified), error, seconds)
    assert all(same(array, got.arrays[name]) for name, array in outputs.items())


@given(st.lists(st.integers(1, 200), max_size=30))
def test_frames_may_come_in_any_portions(cuts):
    data = b"".join(b"".join(map(bytes, protocol.pack({"type": "n", "i": i}, [np.arange(i)]))) for i in range(4))
    reader, got, at = Reader(), [], 0
    for cut in [*cuts, len(data)]:
        got += reader.feed(data[at : at + cut])
        at += cut
    assert [frame.head["i"] for frame in got] == [0, 1, 2, 3]


GOOD = b"".join(
    map(bytes, protocol.pack_outcome(Outcome({"out": np.arange(6.0).reshape(2, 3)}, {"out": "array"}, ("x",),
        Raised("E", ("E",), "m", (("a.py", 1, "x"),)), 0.5)))
)  # fmt: skip


def swallow(data):
    """What the parent does with bytes; nothing but ProtocolError may come out of it."""
    try:
        for frame in Reader(max_head=1 << 16, max_body=1 << 20).feed(data):
            protocol.unpack_outcome(frame)
    except ProtocolError:
        pass


@given(st.binary(max_size=300))
def test_noise_is_refused(data):
    swallow(data)
    swallow(b"CBH1" + data)
    swallow(struct.pack("<4sIQ", b"CBH1", len(data), 0) + data)


@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 40),
)
@settings(max_examples=300)
def test_a_damaged_frame_is_refused_or_read(changes, cut):
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    swallow(data[: len(data) - cut])
    swallow(data)


jsons = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
                     lambda x: st.lists(x, max_size=3)
                     | st.dictionaries(st.text(max_size=5), x, max_size=3))  # fmt: skip


@given(st.dictionaries(st.sampled_from(["arrays", "kinds", "modified", "raised", "seconds", "blobs", "what",
                                        "detail",
                                        "end", "layers"]), jsons),
       st.sampled_from(["outcome", "end", "tried", "begun", "defined", "ready", "failed", "x"]))  # fmt: skip
@settings(max_examples=300)
def test_any_json_in_a_head_is_refused_or_read(head, kind):
    text = json.dumps({**head, "type": kind}).encode()
    intake = Intake(Job("f", (), (Call("call", {}),)))
    for frame in ({"type": "begun", "layers": []}, {"type": "defined"}):
        intake.frames(b"".join(protocol.pack(frame)))
    intake.frames(struct.pack("<4sIQ", b"CBH1", len(text), 0) + text)
    ran = intake.ran(0)
    assert len(ran.outcomes) <= 1 and ran.end in ("crashed", "finished", "error", "memory", "forbidden")


@pytest.mark.parametrize("kind", ["array", "number", "bool"])
def test_an_outcome_that_names_data_but_brings_none_is_refused(kind):
    head = {"type": "outcome", "arrays": [], "kinds": {"out": kind}, "modified": [], "raised": None, "seconds": 0.0}
    with pytest.raises(ProtocolError):
        protocol.unpack_outcome(protocol.Frame(head, []))


def test_a_question_of_a_job_without_stand_ins_is_refused():
    intake = Intake(Job("f", (), (Call("call", {}),)))
    for frame in (protocol.pack({"type": "begun", "layers": []}), protocol.pack_ask("f", [], {})):
        intake.frames(b"".join(map(bytes, frame)))
    assert intake.replies() == [] and intake.ran(0).end == "crashed"


@pytest.mark.parametrize("layers", [None, 3, [[1]], [["a", 1, 2, 3]], "abc", {"a": 1}])
def test_forged_layers_are_refused(layers):
    intake = Intake(Job("f", (), ()))
    intake.frames(b"".join(protocol.pack({"type": "begun", "layers": layers})))
    assert intake.layers == [] and intake.ran(0).end in ("crashed", "machine")


def npy(header: bytes, data: bytes, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + struct.pack("<H" if version[0] == 1 else "<I", len(header)) + header + data


@pytest.mark.parametrize("header", [
    b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n",
    b"{'descr': '>f8', 'fortran_order': False, 'shape': (1,), }\n",
    b"{'descr': '<f8', 'fortran_order': True, 'shape': (1,), }\n",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }\n",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999999, 999999999999999999), }\n",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (__import__('os'),), }\n",
    b"{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }\n",
    b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }\n",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"1, " * 33 + b"), }\n",
    b"(" * 4000,
])  # fmt: skip
def test_headers_that_numpy_would_not_write_for_us_are_refused(header):
    with pytest.raises(ProtocolError):
        protocol.unpack_array(npy(header, b"\0" * 8))


def test_an_empty_array_of_an_impossible_shape_is_refused():
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 999999999999999999, 999999999999999999), }\n"
    with pytest.raises(ProtocolError):
        protocol.unpack_array(npy(header, b""))


def test_both_npy_versions_are_read_and_numpy_reads_ours():
    import io

    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    header = b"{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }\n"
    for version in (b"\x01\x00", b"\x02\x00"):
        np.testing.assert_array_equal(protocol.unpack_array(npy(header, array.tobytes(), version)), array)
    for each in (array, np.array(1.5), np.zeros((0, 2)), np.arange(3)):
        (frame,) = parse(protocol.pack({"type": "x"}, [each]))
        np.testing.assert_array_equal(np.load(io.BytesIO(frame.blobs[0]), allow_pickle=False), each)


def test_sizes_are_refused_before_the_bytes_come():
    for head, body in ((1 << 31, 0), (2, 1 << 40)):
        with pytest.raises(ProtocolError, match="too large"):
            list(Reader().feed(struct.pack("<4sIQ", b"CBH1", head, body)))


@given(st.text(alphabet=st.characters(), max_size=50), st.integers(1, 60))
def test_clean_text_can_be_shown_anywhere(text, limit):
    shown = clean(text, limit)
    shown.encode()
    assert len(shown) <= limit
    assert all(c in "\n\t" or (ord(c) >= 32 and not 0x7F <= ord(c) < 0xA0) for c in shown)


def test_terminal_escapes_surrogates_and_direction_marks_are_removed():
    assert clean("a\x1b[31mb\x9bc\ud800d\u202ee\r\x00\x07\n\té") == "a[31mbcde\n\té"

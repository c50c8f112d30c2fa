"""apply() in this very process, as the reference and the notebook's check use it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from autograder.worker.apply import apply, fresh, normal
from autograder.worker.job import Call


def call(*values):
    return Call("call", {f"x{i}": value for i, value in enumerate(values)})


def test_inputs_are_fresh_and_outputs_plain_copies():
    x = np.arange(6.0).reshape(2, 3).T
    outcome = apply(lambda x: x, call(x))
    out = outcome.arrays["out"]
    assert out.flags.c_contiguous and out.flags.owndata and not np.shares_memory(out, x)
    np.testing.assert_array_equal(out, x)


@pytest.mark.parametrize("view", [
    lambda x: x, lambda x: x.T, lambda x: x[::2], lambda x: x[:, ::-1], lambda x: x[::-2, 1::2],
    lambda x: np.broadcast_to(x[:1], x.shape), lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)),
])  # fmt: skip
def test_a_fresh_copy_has_the_layout_of_the_original(view):
    x = view(np.arange(24.0).reshape(4, 6))
    copy = fresh(x)
    np.testing.assert_array_equal(copy, x)
    assert copy.strides == x.strides and copy.flags.writeable == x.flags.writeable
    assert not np.shares_memory(copy, x)


def test_a_change_through_a_flag_or_a_tuple_is_seen():
    x = np.zeros(3)
    x.flags.writeable = False

    def force(x, pair):
        pair[1][0] = 7
        return 0

    outcome = apply(force, Call("call", {"x": x, "pair": (1, np.zeros(2))}))
    assert outcome.modified == ("pair",)


def test_a_new_shape_in_place_is_a_change():
    def reshape(x):
        x.shape = (6,)

    assert apply(reshape, call(np.zeros((2, 3)))).modified == ("x0",)


def test_nan_in_an_input_is_not_a_change():
    assert apply(lambda x: x, call(np.array([np.nan, -0.0]))).modified == ()


def test_keyboard_interrupt_passes_through():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(interrupted, Call("call", {}))


def test_frames_of_packages_are_left_out_in_the_kernel():
    def mine(x):
        return np.linalg.inv(x)

    trace = apply(mine, call(np.zeros((2, 2)))).raised.trace
    assert [(frame[0], frame[2]) for frame in trace] == [(__file__, "return np.linalg.inv(x)")]


def test_labels_choose_the_frames():
    code = compile("def f(): return 1 / 0", "cell 3", "exec")
    space = {}
    exec(code, space)
    assert apply(space["f"], call(), labels={"cell 3"}).raised.trace[0][:2] == ("cell 3", 1)
    assert apply(space["f"], call(), labels={"cell 4"}).raised.trace == ()


def test_a_wrong_number_of_parameters_is_the_learners_error():
    raised = apply(lambda x: x, call(1, 2)).raised
    assert raised.type == "TypeError" and "positional argument" in raised.message


def test_an_unknown_driver_is_not():
    for name in ("nothing", "../apply", "_private", "__init__"):
        with pytest.raises(ValueError):
            apply(len, Call(name, {}))


def test_applying_changes_no_state_of_the_process():
    state = np.random.get_state()[1].tolist(), np.geterr(), np.get_printoptions()
    apply(lambda x: x / 0, call(1.0))
    assert state == (np.random.get_state()[1].tolist(), np.geterr(), np.get_printoptions())


def test_every_kind_but_the_plain_ones_is_only_named():
    assert normal(np.float64(1))[0] == "number"
    assert normal(np.timedelta64(1))[0] == "timedelta64"
    assert normal(np.str_("a")) == ("str_", None)
    assert normal(type("int", (int,), {})(3)) == ("int", None)


def test_the_worker_imports_neither_exercises_nor_solutions():
    source = (
        "import sys, autograder.worker.client, autograder.worker.zygote, autograder.worker.spawned\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('solutions', 'torch', 'matplotlib') or m in "
        "('autograder.exercises', 'autograder.grade', 'autograder.compare')]\n"
        "sys.exit(str(bad) if bad else 0)"
    )
    if sys.platform == "linux":
        assert subprocess.run([sys.executable, "-c", source]).returncode == 0

"""A check in the learner's own kernel ends, keeps what was printed, and leaves the process as it was."""

import os
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from autograder import kernel
from autograder.worker.job import Call

ONE = (Call("call", {"x": np.arange(3.0)}),)
THREE = ONE * 3
timed = pytest.mark.skipif(os.name != "posix", reason="no timer on this system")


def run(implementation, calls=ONE, seconds=5.0):
    return kernel.run(implementation, calls, seconds)


def spin(x):
    while True:
        pass


def test_results_come_back_in_order():
    numbers = iter(range(3))
    ran = run(lambda x: x + next(numbers), THREE)
    assert ran.end == "finished" and ran.detail == "" and ran.seconds >= 0
    assert [o.arrays["out"][0] for o in ran.outcomes] == [0, 1, 2]


@timed
@pytest.mark.parametrize("code", ["spin", "sleep", "caught", "caught once", "in a generator", "printing"])
def test_a_loop_without_end_is_ended(code):
    def stubborn(x):
        while True:
            try:
                spin(x)
            except Exception:
                pass

    def once(x):
        try:
            spin(x)
        except BaseException:
            spin(x)

    def printing(x):
        while True:
            print("again")

    codes = {
        "spin": spin,
        "sleep": lambda x: time.sleep(60),
        "caught": stubborn,
        "caught once": once,
        "in a generator": lambda x: sum(1 for _ in iter(int, 1)),
        "printing": printing,
    }
    ran = run(codes[code], THREE, seconds=0.3)
    assert ran.end == "timeout" and ran.outcomes == ()
    assert ran.detail == "It took longer than 0.3 s. Is there a loop that never ends?"


@timed
def test_the_limit_is_for_all_calls_together_and_finished_ones_count():
    ran = run(lambda x: time.sleep(0.2) or x, ONE * 5, seconds=0.5)
    assert ran.end == "timeout" and 1 <= len(ran.outcomes) <= 2


@timed
def test_the_alarm_is_given_back_as_it_was():
    def mine(*_):
        raise AssertionError("must not ring here")

    before = signal.signal(signal.SIGALRM, mine)
    left = signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        for implementation in (lambda x: x, spin, lambda x: 1 / 0):
            run(implementation, seconds=0.2)
            assert signal.getsignal(signal.SIGALRM) is mine
            assert 400 < signal.getitimer(signal.ITIMER_REAL)[0] <= 500
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *left)


@timed
def test_no_alarm_is_left_behind():
    left = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        run(lambda x: x, seconds=0.2)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)


def test_it_works_off_the_main_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(run(lambda x: x, seconds=0.2)))
    thread.start()
    thread.join()
    assert found[0].end == "finished"


def test_what_is_printed_is_kept_up_to_64_kib_and_counted():
    def noisy(x):
        for _ in range(2000):
            print("y" * 999)
        return x

    ran = run(noisy)
    assert ran.end == "finished" and ran.printed_bytes == 2_000_000
    assert len(ran.printed.encode()) == 64 << 10 and ran.printed.startswith("yyy")
    assert len(run(lambda x: print("é" * 100_000)).printed.encode()) <= 64 << 10


def test_prints_and_warnings_are_kept_and_the_streams_given_back(capsys):
    streams = sys.stdout, sys.stderr

    def noisy(x):
        print("said", end="!")
        print("grumbled", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return x / np.zeros(3)

    with warnings.catch_warnings():  # pytest collects warnings; in a notebook they go to the error stream
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_: print(message, file=sys.stderr)
        ran = run(noisy)
    assert ran.end == "finished"
    assert "said!grumbled\n" in ran.printed and "careful" in ran.printed and "divide by zero" in ran.printed
    assert (sys.stdout, sys.stderr) == streams
    assert capsys.readouterr() == ("", "")


def test_streams_are_given_back_after_an_error_too():
    streams = sys.stdout, sys.stderr
    run(lambda x: 1 / 0)
    with pytest.raises(KeyboardInterrupt):
        run(_interrupt)
    assert (sys.stdout, sys.stderr) == streams


def test_what_is_printed_cannot_act_on_a_terminal():
    ran = run(lambda x: print("\x1b[2Jgone\x07\r\ud800\u202e\ttab\nline"))
    assert ran.printed == "[2Jgone\ttab\nline\n"


def _interrupt(x):
    raise KeyboardInterrupt


def test_an_interrupt_by_the_learner_passes_through():
    with pytest.raises(KeyboardInterrupt):
        run(_interrupt)


@pytest.mark.parametrize("leave", [sys.exit, lambda: exec("raise SystemExit(3)"), lambda: next(iter(()))])
def test_leaving_is_an_error_of_that_call_alone(leave):
    calls = iter([leave, int, int])
    ran = run(lambda x: next(calls)() or x, THREE)
    assert ran.end == "finished" and len(ran.outcomes) == 3
    assert ran.outcomes[0].raised.type in ("SystemExit", "StopIteration") and ran.outcomes[1].raised is None


def test_runaway_recursion_is_an_error():
    def f(x):
        return f(x)

    assert run(f).outcomes[0].raised.type == "RecursionError"


def test_inputs_are_fresh_for_each_call():
    def spoil(x):
        x += 1
        return x

    ran = run(spoil, THREE)
    assert [o.arrays["out"][0] for o in ran.outcomes] == [1, 1, 1]
    assert all(o.modified == ("x",) for o in ran.outcomes)
    assert ONE[0].inputs["x"][0] == 0


def known_as():
    return kernel.names_of(spin, depth=0)


def test_the_names_of_an_object_are_those_of_the_caller():
    assert known_as() == ["spin"]
    globals()["also"] = spin
    try:
        assert known_as() == ["spin", "also"]
    finally:
        del globals()["also"]

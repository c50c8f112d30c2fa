"""What comes back from code that means well, or is merely wrong."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.worker.job import Call, Job, Piece


def test_arrays_cross_in_both_directions(run):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    ran = run("def f(x, k): return x * k", (x, np.float32(2)), (x[:, ::-1], np.float32(3)))
    assert ran.end == "finished", ran
    assert [o.kinds for o in ran.outcomes] == [{"out": "array"}] * 2
    np.testing.assert_array_equal(ran.outcomes[0].arrays["out"], x * 2)
    np.testing.assert_array_equal(ran.outcomes[1].arrays["out"], x[:, ::-1] * 3)
    assert ran.outcomes[0].arrays["out"].dtype == np.float32


def test_the_layout_and_flags_of_inputs_arrive(run):
    x = np.arange(24.0).reshape(4, 6)[::2, ::-2]
    x.flags.writeable = False
    ran = run("def f(x): return (*x.strides, x.flags.writeable, x.flags.c_contiguous).__repr__()\n", (x,))
    assert ran.outcomes[0].kinds == {"out": "str"}
    ran = run(f"def f(x): assert x.strides == {x.strides} and not x.flags.writeable", (x,))
    assert ran.outcomes[0].raised is None


@pytest.mark.parametrize(
    ("result", "kind", "dtype"),
    [
        ("3", "number", "int64"), ("2.5", "number", "float64"), ("1j", "number", "complex128"),
        ("np.float32(1)", "number", "float32"), ("True", "bool", "bool"), ("np.True_", "bool", "bool"),
        ("10**40", "int beyond 64 bits", None), ("[1, 2]", "list", None), ("(1, 2)", "tuple", None),
        ("None", "NoneType", None), ("'text'", "str", None), ("np.matrix([[1, 2]])", "matrix", None),
        ("np.ma.array([1.0])", "MaskedArray", None),
        ("np.array([1, 'a'], dtype=object)", "array of object", None),
        ("np.zeros(2, dtype='i4,f8')", "array of records", None), ("np.array(['a'])", "array of str", None),
        ("np.array([np.nan, np.inf])", "array", "float64"), ("np.zeros((0, 3), 'i2')", "array", "int16"),
        ("np.zeros(3, '>f8')", "array", "float64"), ("np.array(1.5)", "array", "float64"),
        ("np.longdouble(1)", "number", np.dtype(np.longdouble).name),
        ("np.datetime64('2026-01-01')", "datetime64", None),
    ],
)  # fmt: skip
def test_every_kind_of_result_is_named(forked, result, kind, dtype):
    source = f"import numpy as np\ndef f(): return {result}"
    ran = forked.run(Job("f", (Piece(source, "answers.py", 1),), (Call("call", {}),)))
    assert ran.end == "finished", ran
    outcome = ran.outcomes[0]
    assert outcome.kinds == {"out": kind} and outcome.raised is None
    assert {name: array.dtype.name for name, array in outcome.arrays.items()} == ({"out": dtype} if dtype else {})


def test_an_exception_names_the_learners_lines_only(run):
    source = """
    import numpy as np
    def g(x):
        return np.linalg.inv(x)
    def f(x):
        return g(x)
    """
    ran = run(source, (np.zeros((2, 2)),), (np.eye(2),))
    assert ran.end == "finished"
    raised = ran.outcomes[0].raised
    assert raised.type == "LinAlgError" and raised.bases[1] == "ValueError"
    assert raised.trace == (("answers.py", 6, "return g(x)"), ("answers.py", 4, "return np.linalg.inv(x)"))
    assert ran.outcomes[1].raised is None


def test_lines_are_counted_from_the_cell(forked):
    pieces = (
        Piece("import numpy as np\n", "01.ipynb, cell 2", 1),
        Piece("def f(x):\n    return x.nothing\n", "01.ipynb, cell 7", 12),
    )
    ran = forked.run(Job("f", pieces, (Call("call", {"x": 1}),)))
    assert ran.outcomes[0].raised.trace == (("01.ipynb, cell 7", 13, "return x.nothing"),)


def test_a_syntax_error_says_where(run):
    ran = run("x = 1\ndef f(:\n    pass\n")
    assert ran.end == "error" and ran.raised.type == "SyntaxError"
    assert ran.raised.trace == (("answers.py", 2, "def f(:"),)
    assert "line 2" in ran.detail


def test_a_missing_name_and_a_name_that_is_no_function(run):
    assert run("def g(): pass").detail == "nothing is called f once the code has run"
    assert run("f = 3").detail == "what is called f is not a function but an int"
    assert run("f = 3").end == "error"


def test_a_stub_raises_not_implemented(run):
    ran = run("def f(): raise NotImplementedError")
    assert ran.end == "finished" and ran.outcomes[0].raised.type == "NotImplementedError"


def test_a_changed_input_is_named(run):
    source = "def f(a, b):\n    b += 1\n    return b"
    ran = run(source, (np.ones(3), np.ones(3)), (np.ones(2), 5))
    assert [o.modified for o in ran.outcomes] == [("x1",), ()]


def test_calls_do_not_see_each_others_inputs(run):
    x = np.zeros(3)
    ran = run("def f(x):\n    x += 1\n    return x", (x,), (x,))
    assert [o.arrays["out"][0] for o in ran.outcomes] == [1.0, 1.0] and x[0] == 0


def test_sys_exit_in_the_function_costs_that_call_alone(run):
    ran = run("import sys\ndef f(x):\n    if x: sys.exit()\n    return x", (1,), (0,))
    assert ran.end == "finished"
    assert ran.outcomes[0].raised.type == "SystemExit" and ran.outcomes[1].kinds == {"out": "number"}


def test_sys_exit_outside_the_function_is_an_error_in_words(run):
    ran = run("def f(): return 1\nexit()")
    assert ran.end == "error" and ran.raised.type == "SystemExit" and "line 2 ended the program" in ran.detail


@pytest.mark.parametrize("how", ["KeyboardInterrupt", "type('Own', (BaseException,), {})", "GeneratorExit"])
def test_exceptions_outside_exception_are_caught(run, how):
    ran = run(f"E = {how}\ndef f(): raise E('now')")
    assert ran.end in ("finished", "error")
    raised = ran.raised or ran.outcomes[0].raised
    assert raised.message == "now" and "BaseException" in raised.bases


def test_recursion_is_an_exception_with_a_short_trace(run):
    ran = run("def f(): return f()")
    assert ran.outcomes[0].raised.type == "RecursionError" and len(ran.outcomes[0].raised.trace) < 30


def test_the_course_stands_in_for_itself(run):
    source = """
    import matplotlib.pyplot as plt
    from figures import ConvolutionStepper, show_images
    from autograder import check, hint, mine, predict, solution
    def g(x): return x + 1
    g = check(g)
    hint("g"); solution("g"); predict("?", {}, "a")
    fig, ax = plt.subplots()
    ax.imshow([[1]]); show_images(1)
    def f(x): return mine("g")(x)
    """
    ran = run(source, (1,))
    assert ran.end == "finished" and ran.outcomes[0].arrays["out"] == 2, ran
    ran = run("from autograder import mine\ndef f(): return mine('pool')")
    assert ran.outcomes[0].raised.message == "pool is not in this submission"


def test_printing_is_kept_and_counted(run):
    ran = run(
        "import sys\ndef f():\n    print('hällo', '\\x1b[31m', '\\udc80')\n"
        "    print('e', file=sys.stderr)\n    return 1"
    )
    assert ran.printed == "hällo [31m \\udc80\ne\n" and ran.printed_bytes > 0


def test_fifty_megabytes_of_printing_change_nothing(run):
    source = "def f(x):\n    for _ in range(50): print('x' * (1 << 20))\n    return x"
    ran = run(source, (7,), seconds=20.0)
    assert ran.end == "finished" and ran.outcomes[0].arrays["out"] == 7
    assert len(ran.printed) == 64 << 10 and ran.printed_bytes == 50 * ((1 << 20) + 1)


def test_large_arrays_cross(run):
    x = np.arange(4_000_000, dtype=np.float64)
    ran = run("def f(x): return x[::-1]", (x,), seconds=20.0)
    assert ran.end == "finished" and np.array_equal(ran.outcomes[0].arrays["out"], x[::-1])


def test_a_result_too_large_to_send_is_refused(run):
    ran = run("import numpy as np\ndef f(): return np.broadcast_to(np.float64(1), (1 << 20, 1 << 10))")
    assert ran.end == "finished" and ran.outcomes[0].raised.type == "OutputTooLarge"
    assert not ran.outcomes[0].arrays


def test_future_imports_reach_the_pieces_after_them(forked):
    pieces = (
        Piece("from __future__ import annotations\n", "a.py", 1),
        Piece("def f(x: NoSuchName): return x\n", "a.py", 2),
    )
    assert forked.run(Job("f", pieces, (Call("call", {"x": 1}),))).end == "finished"


def test_libraries_load_lazily_without_offence(run):
    source = """
    import numpy as np
    import numpy.testing, numpy.ctypeslib, numpy.polynomial, numpy.ma
    import decimal, statistics, fractions, json, csv, logging, unittest, asyncio
    import concurrent.futures, multiprocessing
    import socket, subprocess, ctypes, uuid, platform, tempfile, shutil, urllib.request
    def f(x):
        np.testing.assert_allclose(x, x)
        np.fft.fft2(x); np.linalg.svd(x); np.random.default_rng(0).normal(size=3)
        np.lib.stride_tricks.sliding_window_view(x, (2, 2))
        np.ctypeslib.as_array(x.ctypes.data_as(ctypes.POINTER(ctypes.c_double)), (3, 3))
        np.einsum("ij,jk->ik", x, x, optimize=True)
        return repr(x)
    """
    ran = run(source, (np.eye(3),))
    assert ran.end == "finished" and ran.outcomes[0].raised is None, ran


@pytest.mark.parametrize("module", ["scipy.signal", "scipy.ndimage", "scipy.special", "sklearn.datasets"])
def test_scipy_and_sklearn_load_when_they_are_installed(forked, module):
    pytest.importorskip(module.partition(".")[0])
    ran = forked.run(Job("f", (Piece(f"import {module}\ndef f(): return 1", "a.py", 1),), (Call("call", {}),)))
    assert ran.end == "finished", ran


def test_threads_inside_numpy_and_outside_work(run):
    source = """
    import threading
    from concurrent.futures import ThreadPoolExecutor
    def f(x):
        with ThreadPoolExecutor(4) as pool:
            return sum(pool.map(lambda i: (x @ x).sum(), range(4)))
    """
    ran = run(source, (np.ones((64, 64)),))
    assert ran.end == "finished" and ran.outcomes[0].raised is None, ran


@pytest.mark.parametrize("package", ["torch", "numba"])
def test_a_package_that_the_exercise_does_not_load_is_not_there(run, package):
    ran = run(f"import {package}\ndef f(): return 1")
    assert ran.end == "error" and f"{package} is not there" in ran.detail
    ran = run(f"try:\n    import {package}\nexcept ImportError:\n    pass\ndef f(): return 1")
    assert ran.end == "finished" and ran.outcomes[0].arrays["out"] == 1

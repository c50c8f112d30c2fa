"""One learner's files, marked in real workers: what stands in for what, and that nothing leaks."""

import sys
import textwrap

import pytest

from autograder import course
from autograder.marking import Marker
from autograder.worker.client import Worker

CORRELATE = """
def correlate2d(image, kernel, stride=1, padding=0):
    kh, kw = kernel.shape
    oh = output_size(image.shape[0], kh, stride, padding)
    ow = output_size(image.shape[1], kw, stride=stride, padding=padding)
    image = pad2d(image, padding)
    out = np.zeros((oh, ow), dtype=image.dtype)
    for i in range(oh):
        for j in range(ow):
            out[i, j] = filter_response(image[i*stride:i*stride+kh, j*stride:j*stride+kw], kernel)
    return out
"""
STUBS = """
import numpy as np
def filter_response(patch, kernel): raise NotImplementedError
def output_size(size, kernel_size, stride=1, padding=0): raise NotImplementedError
def pad2d(x, padding): return x
"""


@pytest.fixture(scope="module")
def worker():
    with Worker() as worker:
        yield worker


@pytest.fixture
def mark(tmp_path, worker):
    def run(name, *sources, files=None):
        paths = [tmp_path / f for f in files or [f"part{i}.py" for i in range(len(sources))]]
        for path, source in zip(paths, sources, strict=True):
            path.write_text(source, encoding="utf-8")
        return Marker(paths, 5, worker).verdict(name)

    return run


def test_a_right_function_passes_on_earlier_ones_that_are_wrong_or_missing(mark):
    verdict = mark("correlate2d", STUBS + CORRELATE)
    assert verdict.status == "passed", verdict.message
    assert verdict.stand_ins == ("filter_response", "output_size", "pad2d")


def test_a_spawned_worker_answers_for_stand_ins_too(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(STUBS + CORRELATE, encoding="utf-8")
    with Worker(how="spawn") as worker:
        assert Marker([path], 5, worker).verdict("correlate2d").status == "passed"


def test_a_wrong_function_fails_even_on_stand_ins_and_is_named(mark):
    verdict = mark("correlate2d", STUBS + CORRELATE.replace("kernel)\n", "kernel[::-1, ::-1])\n"))
    assert (verdict.status, verdict.mistake and verdict.mistake.id) == ("failed", "flipped-kernel")


def test_errors_of_a_stand_in_reach_the_learners_code_as_the_reference_raises_them(mark):
    source = STUBS + CORRELATE
    guarded = "\ncorr = correlate2d\ndef correlate2d(image, kernel, stride=1, padding=0):\n"
    guarded += "    try:\n        output_size(1, 9)\n        return None\n    except ValueError:\n"
    guarded += "        return corr(image, kernel, stride, padding)\n"
    assert mark("correlate2d", source + guarded).status == "passed"


def test_mine_takes_the_function_from_another_file_when_it_passes(mark):
    first = "import numpy as np\nLOG = []\ndef pad2d(x, padding):\n    LOG.append(1)\n"
    first += "    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)\n"
    second = "from autograder import mine\npad2d = mine('pad2d')\nLOG = None\n"
    second += "def convolve2d(image, kernel):\n    assert pad2d.__globals__['LOG'] is not LOG\n"
    second += "    image = pad2d(image, 0)\n    kh, kw = kernel.shape\n    import numpy as np\n"
    second += "    w = np.lib.stride_tricks.sliding_window_view(image, (kh, kw))\n"
    second += "    return (w * kernel[::-1, ::-1]).sum(axis=(2, 3))\n"
    verdict = mark("convolve2d", first, second)
    assert (verdict.status, verdict.stand_ins) == ("passed", ()), verdict.message


def test_mine_falls_back_to_the_course_where_nobody_defines_it(mark):
    source = "from autograder import mine\nimport numpy as np\npad2d = mine('pad2d')\n"
    source += "def convolve2d(image, kernel):\n    image = pad2d(image, padding=0)\n"
    source += "    w = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)\n"
    source += "    return (w * kernel[::-1, ::-1]).sum(axis=(2, 3))\n"
    verdict = mark("convolve2d", source)
    assert (verdict.status, verdict.stand_ins) == ("passed", ("pad2d",)), verdict.message


TRICKS = {
    "asks for itself": """
        from autograder import mine
        def conv2d(*a): return mine('conv2d')(*a)
    """,
    "is what mine gives": """
        from autograder import mine
        conv2d = mine('conv2d')
    """,
    "asks for a later exercise": """
        from autograder import mine
        def conv2d(*a): return mine('grouped_conv2d')(*a)
    """,
    "asks the package": """
        import autograder
        conv2d = lambda *a: autograder.mine('conv2d')(*a)
    """,
    "is what check gives": """
        from autograder import check
        conv2d = check('conv2d')
    """,
    "imports the reference": """
        def conv2d(*a):
            from solutions.convolution import conv2d as c
            return c(*a)
    """,
    "imports the reference by name": """
        def conv2d(*a):
            import importlib
            return importlib.import_module('solutions.convolution').conv2d(*a)
    """,
    "imports the exercise": """
        def conv2d(*a):
            import autograder.exercises.convolution as e
            return e.conv2d.reference(*a)
    """,
    "looks for the reference in memory": """
        def conv2d(*a):
            import gc
            found = [o for o in gc.get_objects() if 'solutions' in str(getattr(o, '__module__', ''))]
            return found[0](*a)
    """,
    "looks for the expected values on the stack": """
        def conv2d(x, *a):
            import sys
            frame = sys._getframe()
            while frame:
                for value in frame.f_locals.values():
                    if hasattr(value, 'expected'): return value.expected
                frame = frame.f_back
            return x
    """,
    "returns what equals everything": """
        class Yes:
            def __eq__(self, other): return True
            def __getattr__(self, name): return self
        def conv2d(*a): return Yes()
    """,
    "mends the comparison": """
        import numpy as np
        np.allclose = np.array_equal = lambda *a, **k: True
        def conv2d(*a): return np.zeros((1, 1, 1, 2))
    """,
}


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_makes_a_wrong_function_pass(mark, trick):
    verdict = mark("conv2d", textwrap.dedent(TRICKS[trick]))
    assert verdict.status != "passed" and verdict.points == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the descriptor is known on Linux alone")
@pytest.mark.parametrize("frame", [
    {"type": "outcome", "arrays": [], "kinds": {"out": "array"}, "modified": [], "raised": None, "seconds": 0.0},
    {"type": "ask", "name": "filter_response", "args": [], "kwargs": {}},
])  # fmt: skip
def test_a_forged_frame_costs_its_own_exercise_alone(mark, frame):
    source = f"""
import json, os, struct
head = json.dumps({frame!r}).encode()
def filter_response(patch, kernel):
    os.write(4, struct.pack("<4sIQ", b"CBH1", len(head), 0) + head)
    return (patch * kernel).sum()
"""
    assert mark("filter_response", source).status == "crashed"


def test_a_stand_in_serves_only_what_is_earlier_in_the_course(mark):
    # A reference that comes later would be the answer itself: grouped_conv2d with one group is conv2d.
    source = "from autograder import mine\ndef conv2d(*a): return mine('grouped_conv2d')(*a)\n"
    verdict = mark("conv2d", source)
    assert verdict.status == "error" and "LookupError" in verdict.message and verdict.stand_ins == ()


def test_what_is_asked_of_a_stand_in_is_bounded(mark):
    source = "from autograder import mine\nimport numpy as np\ndef conv2d(*a):\n"
    source += "    return mine('pad2d')(np.zeros((90, 90)), 1)\n"
    verdict = mark("conv2d", source)
    assert verdict.status == "error" and "at most" in verdict.message
    empty = "from autograder import mine\nimport numpy as np\ndef conv2d(*a):\n"
    empty += "    return mine('pad2d')(np.zeros((90, 90, 0)), 1)\n"
    assert "at most" in mark("conv2d", empty).message
    number = "from autograder import mine\nimport numpy as np\ndef conv2d(*a):\n"
    number += "    return mine('pad2d')(np.zeros((2, 2)), np.array(4000))\n"
    assert "at most" in mark("conv2d", number).message


def test_an_unreadable_file_costs_only_what_it_seems_to_define(tmp_path, worker):
    (tmp_path / "broken.ipynb").write_text('{"cells": [{"source": "def pad2d(x, padding): ...')
    (tmp_path / "good.py").write_text("def filter_response(patch, kernel): return (patch * kernel).sum()\n")
    marker = Marker([tmp_path / "broken.ipynb", tmp_path / "good.py"], 1, worker)
    assert marker.verdict("pad2d").status == "error"
    assert marker.verdict("filter_response").status == "passed"


def test_a_name_asked_of_a_file_that_cannot_be_read_is_told_why(tmp_path, worker):
    path = tmp_path / "a.py"
    path.write_bytes("def filter_response(patch, kernel): return 0\n".encode("utf-16"))
    assert "not a text file in UTF-8" in Marker([path], 1, worker).verdict("filter_response").message


def test_a_chapters_notebook_is_about_that_chapter_alone(tmp_path, worker, right_answers):
    for name in ("02_convolution.py", "mine.py"):
        (tmp_path / name).write_text(right_answers, encoding="utf-8")
    chapters = {n: c.name for n, c in course.exercise_chapters().items()}
    alone = [n for n, chapter in chapters.items() if chapter == "02_convolution"]
    assert Marker([tmp_path / "02_convolution.py"], 1, worker).asked_for() == alone
    assert Marker([tmp_path / "mine.py"], 1, worker).asked_for() == list(chapters)


def test_the_last_file_that_defines_a_name_counts(mark):
    wrong = "def filter_response(patch, kernel): return 0.0\n"
    right = "def filter_response(patch, kernel): return (patch * kernel).sum()\n"
    assert mark("filter_response", wrong, right).status == "passed"
    assert mark("filter_response", right, wrong).status == "failed"


def test_a_helper_that_only_bears_the_name_of_an_exercise_is_kept_where_it_is_right(mark):
    source = """
import numpy as np
def filter_response(patch, weight, bias): return (patch * weight).sum() + bias
def conv2d_single(image, weight, bias=0.0):
    _, kh, kw = weight.shape
    rows, columns = image.shape[1] - kh + 1, image.shape[2] - kw + 1
    places = [[image[:, i : i + kh, j : j + kw] for j in range(columns)] for i in range(rows)]
    return np.array([[filter_response(p, weight, bias) for p in row] for row in places], image.dtype)
"""
    assert mark("filter_response", source).status == "error"
    verdict = mark("conv2d_single", source)
    assert (verdict.status, verdict.stand_ins) == ("passed", ()), verdict.message


@pytest.mark.parametrize("other", ["00_before.py", "02_convolution.py", "my own.py"])
def test_a_chapters_own_file_counts_wherever_else_a_helper_bears_the_name(mark, other):
    right = "import numpy as np\ndef pad2d(x, padding):\n"
    right += "    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)\n"
    helper = "import numpy as np\ndef pad2d(x, padding):\n    return np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])\n"
    assert mark("pad2d", right, helper, files=["01_filters.py", other]).status == "passed"
    assert mark("pad2d", helper, right, files=["01_filters.py", other]).status in ("failed", "error")


def test_every_exercise_of_the_course_passes_with_its_reference(tmp_path, worker, right_answers):
    path = tmp_path / "answers.py"
    path.write_text(right_answers, encoding="utf-8")
    marker = Marker([path], 2, worker)
    assert {name: marker.verdict(name).status for name in course.exercise_chapters()} == dict.fromkeys(
        course.exercise_chapters(), "passed"
    )


def test_a_loop_outside_the_function_is_not_blamed_on_a_case(mark, monkeypatch):
    from dataclasses import replace

    from autograder import exercises

    quick = replace(exercises.find("filter_response"), seconds=0.5)
    monkeypatch.setattr("autograder.exercises.find", lambda name: quick)
    right = "def filter_response(patch, kernel): return (patch * kernel).sum()\n"
    outside = mark(
        "filter_response",
        f"def forever():\n    while True: pass\nK = forever()\n{right}K\n".replace("sum()", "sum() + K"),
    )
    assert outside.status == "timeout" and "The case" not in outside.message
    inside = mark("filter_response", "def filter_response(patch, kernel):\n    while True: pass\n")
    assert inside.status == "timeout" and "The case: 2×2" in inside.message


def test_annotations_from_the_future_hold_for_the_whole_file(mark):
    source = "from __future__ import annotations\n"
    source += "def filter_response(patch: Unknown, kernel): return (patch * kernel).sum()\n"
    assert mark("filter_response", source).status == "passed"


def test_a_right_function_may_use_torch_where_it_is_installed(mark):
    pytest.importorskip("torch")
    source = """
        import torch
        import torch.nn.functional as F
        def conv2d_single(image, weight, bias=0.0):
            x, w = torch.from_numpy(image.copy())[None], torch.from_numpy(weight.copy())[None]
            return F.conv2d(x, w)[0, 0].numpy() + bias
    """
    verdict = mark("conv2d_single", textwrap.dedent(source))
    assert verdict.status == "passed", verdict.message


def test_an_exception_that_only_bears_the_name_is_not_the_one_asked_for(mark):
    source = """
        class ValueError(Exception): pass
        def output_size(size, kernel_size, stride=1, padding=0):
            if min(size, kernel_size, stride) < 1 or padding < 0 or kernel_size > size + 2 * padding:
                raise ValueError("no")
            return (size + 2 * padding - kernel_size) // stride + 1
    """
    verdict = mark("output_size", textwrap.dedent(source))
    assert verdict.points == 0 and "a class of your own" in verdict.message
    derived = source.replace("ValueError(Exception)", "Impossible(ValueError)").replace(
        "raise ValueError", "raise Impossible"
    )
    assert mark("output_size", textwrap.dedent(derived)).status == "passed"

"""For each exercise: the learner's own statements, with the course's version wherever an earlier answer is wrong."""

import json

import pytest

from autograder.notebook import read
from autograder.sources import gather, owner

FILTERS = """
import numpy as np
def filter_response(patch, kernel): return (patch * kernel).sum()
filter_response = check(filter_response)
def output_size(size, kernel_size, stride=1, padding=0): return 1
def pad2d(x, padding): return helper(x)
def helper(x): return x
def correlate2d(image, kernel, stride=1, padding=0): return pad2d(image, padding) + output_size(1, 1)
"""
CONVOLUTION = """
from autograder import mine
pad2d = mine("pad2d")
correlate2d = mine("correlate2d")
def conv2d(x, weight, bias=None, stride=1, padding=0): return correlate2d(pad2d(x, padding), weight)
"""


@pytest.fixture
def files(tmp_path):
    def make(*codes):
        found = []
        for number, code in enumerate(codes):
            path = tmp_path / f"{number}.ipynb"
            path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": code}]}))
            found.append(read(path))
        return found

    return make


def everything(name):
    return True


def nothing(name):
    return False


def sources(code):
    return " ".join(p.source for p in code.pieces)


def test_what_nobody_defines_has_no_code(files):
    assert gather(files(FILTERS), "conv2d", everything) is None
    assert gather([], "conv2d", everything) is None
    assert gather(files("conv2d = check(conv2d)"), "conv2d", everything) is None


def test_the_last_file_that_defines_a_name_owns_it(files):
    first, second = files("def pad2d(x, p): return 1", "def pad2d(x, p): return 2")
    assert owner([first, second], "pad2d") is second
    assert owner([second, first], "pad2d") is first
    assert owner([first, second], "conv2d") is None


def test_earlier_answers_that_pass_are_used(files):
    code = gather(files(FILTERS), "correlate2d", everything)
    assert not code.stand_ins and not code.borrowed
    for name in ("pad2d", "helper", "output_size", "correlate2d"):
        assert f"def {name}(" in sources(code)
    assert "filter_response" not in sources(code) and "numpy" not in sources(code)


def test_the_course_stands_in_for_earlier_answers_that_fail(files):
    code = gather(files(FILTERS), "correlate2d", nothing)
    assert code.stand_ins == {"pad2d", "output_size"}
    assert sources(code).startswith("def correlate2d") and "helper" not in sources(code)
    code = gather(files(FILTERS), "correlate2d", lambda name: name == "pad2d")
    assert code.stand_ins == {"output_size"} and "def helper" in sources(code)


def test_later_answers_are_never_asked_about(files):
    asked = []
    code = gather(
        files("def pad2d(x, p): return conv2d(x)\ndef conv2d(x): return x"), "pad2d", lambda n: asked.append(n)
    )
    assert asked == [] and not code.stand_ins and "def conv2d" in sources(code)


def test_borrowed_answers_come_with_their_own_statements(files):
    code = gather(files(FILTERS, CONVOLUTION), "conv2d", everything)
    assert not code.stand_ins and code.borrowed.keys() == {"pad2d", "correlate2d"}
    assert [p.source for p in code.borrowed["pad2d"]] == [
        "def pad2d(x, padding): return helper(x)",
        "def helper(x): return x",
    ]


def test_the_course_stands_in_for_what_cannot_be_borrowed(files):
    assert gather(files(FILTERS, CONVOLUTION), "conv2d", nothing).stand_ins == {"pad2d", "correlate2d"}
    assert gather(files(CONVOLUTION), "conv2d", everything).stand_ins == {"pad2d", "correlate2d"}


def test_what_stands_in_behind_a_borrowed_answer_is_known(files):
    code = gather(files(FILTERS, CONVOLUTION), "conv2d", lambda name: name != "output_size")
    assert code.stand_ins == {"output_size"} and "correlate2d" in code.borrowed


def test_a_helper_that_is_no_exercise_is_the_learners_own(files):
    code = gather(files("def relu(x): return x\ndef pad2d(x, p): return relu(x)"), "pad2d", nothing)
    assert not code.stand_ins and "def relu" in sources(code)

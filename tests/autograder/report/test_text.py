"""A verdict as text fits its width, lines its numbers up, and lets nothing of the learner's act on the terminal."""

import numpy as np
import pytest

from autograder import course, exercises, grade
from autograder.compare import Difference
from autograder.exercise import Case
from autograder.report import text
from autograder.verdict import STATUSES, Failure, Verdict
from autograder.worker.apply import apply
from autograder.worker.job import Outcome, Ran

NAMES = list(course.exercise_chapters())
NOTHING = Outcome({}, {}, (), None, 0.0)


def judge(name, implementation, seed=3, **ran):
    def run(calls):
        return Ran("finished", tuple(apply(implementation, c) for c in calls), **ran)

    return grade.grade(exercises.find(name), run, seed)


def mistake(name, known):
    return next(m.wrong for m in exercises.find(name).mistakes if m.id == known)


def written(verdict, repeat="Again: autograder check x --seed 3", hint=None):
    return "\n".join(text.lines(verdict, repeat, hint))


def failing(inputs, difference):
    failure = Failure(Case("a case", inputs), NOTHING, NOTHING, difference)
    return Verdict("f", "01_x", "failed", 3, difference.text, 1, failure=failure, total=5)


@pytest.mark.parametrize(("name", "known"), [(n, m.id) for n in NAMES for m in exercises.find(n).mistakes])
def test_every_mistake_is_told_within_the_width(name, known):
    verdict = judge(name, mistake(name, known))
    lines = written(verdict).split("\n")
    assert all(len(line) <= text.WIDTH and line == line.rstrip() for line in lines)
    assert lines[0] == f"✗ {name}: not yet right (0 of {verdict.max_points} point{'s' * (verdict.max_points > 1)})" or (
        verdict.status == "error" and "stopped with an error" in lines[0]
    )
    joined = " ".join(" ".join(lines).split())
    assert verdict.mistake.says in joined and verdict.failure.case.label in joined


def test_expected_got_and_difference_stand_side_by_side():
    verdict = judge("correlate2d", mistake("correlate2d", "flipped-kernel"))
    lines = written(verdict).split("\n")
    row = next(line for line in lines if line.startswith("    expected"))
    assert row.split() == ["expected", "got", "difference"]
    below = lines[lines.index(row) + 1].split()
    assert len(below) == 9
    for expected, got, difference in zip(below[:3], below[3:6], below[6:], strict=True):
        assert int(got) - int(expected) == int(difference)


def test_the_decimal_points_of_a_column_stand_below_each_other():
    verdict = judge("conv2d", mistake("conv2d", "bias-forgotten"))
    lines = written(verdict).split("\n")
    first = next(n for n, line in enumerate(lines) if line.startswith("    expected"))
    points = [[i for i, c in enumerate(line) if c == "."] for line in lines[first + 1 : first + 3]]
    assert points[0] == points[1] and points[0]


def test_wrong_values_among_right_ones_bear_a_star():
    expected = np.arange(6.0).reshape(2, 3)
    got = expected + [[0, 0, 0], [0, 7, 0]]
    says = written(failing({"x": expected}, Difference("values", "One.", expected, got, expected != got)))
    assert "got (wrong: *)" in says and says.count("*") == 2 and "11*" in says


def test_a_number_is_shown_as_a_call_and_three_numbers():
    says = written(judge("output_size", mistake("output_size", "ceiling")))
    assert "    output_size(size=8, kernel_size=3, stride=2, padding=0)\n" in says
    assert "    expected    got    difference\n    3           4      +1\n" in says


def test_an_impossible_input_reads_well():
    says = written(judge("output_size", mistake("output_size", "never-refuses")))
    assert "These inputs are impossible: ValueError must be raised, but it returned 0." in says
    assert "output_size(size=4, kernel_size=5, stride=1, padding=0)" in says and "expected" not in says


def test_other_shapes_are_shown_with_their_shapes():
    says = written(judge("correlate2d", mistake("correlate2d", "stride-ignored")))
    assert "expected, shape (2, 3)" in says and "got, shape (3, 5)" in says and "difference" not in says


def test_a_pass_and_a_stub_are_short():
    def stub(*_):
        raise NotImplementedError

    passed = written(judge("conv2d", exercises.find("conv2d").reference))
    assert passed.startswith("✓ conv2d: passed (4 of 4 points)\n  All ") and passed.count("\n") == 1
    assert written(judge("conv2d", stub)).startswith("○ conv2d: not started (0 of 4 points)\n")


def test_how_to_repeat_and_how_to_get_a_hint_come_last():
    verdict = judge("conv2d", lambda *_: None)
    assert written(verdict, "Again: x", "Hint: y").endswith("\n  Again: x   Hint: y")


def test_stand_ins_are_named():
    verdict = Verdict("f", "01_x", "failed", 1, "Wrong.", 1, stand_ins=("pad2d",))
    assert "For pad2d the course's own version stood in: yours does not pass." in written(verdict)


def test_what_was_printed_is_shown_cut():
    verdict = judge("conv2d", lambda *_: None, printed="\n".join(["y" * 300] * 50))
    lines = written(verdict).split("\n")
    assert all(len(line) <= text.WIDTH for line in lines) and sum("yyy" in line for line in lines) == 10
    assert "printed" not in written(judge("conv2d", exercises.find("conv2d").reference, printed="hello"))


EVIL = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \r over \u202eesrever \x00 \ud800"


def test_nothing_of_the_learners_acts_on_the_terminal():
    def evil(*_):
        print(EVIL)
        raise type(f"Evil{EVIL}", (ValueError,), {})(EVIL)

    verdict = judge("conv2d", evil, printed=EVIL)
    more = Verdict("f", "01_x", "crashed", 1, EVIL, 1, printed=EVIL, stand_ins=(EVIL,))
    for says in (written(verdict), written(more, EVIL, EVIL)):
        assert "red" in says
        assert all(c.isprintable() or c == "\n" for c in says.replace("\t", "")), ascii(says)
        says.encode()


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_can_be_told(status):
    assert written(Verdict("f", "01_x", status, 1, "Words.", 1)).split("\n")[1] == "  Words."


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([[1.0, -2.0]], ["1", "-2"]),
        ([[1e5, 2e6]], ["100000", "2000000"]),
        ([[0.5, 0.0]], ["0.5000", "0"]),
        ([[1234.5, 1e-9]], ["1234.5", "1e-09"]),
        ([[1e-3, 12.0]], ["0.001", "12.00"]),
        ([[1e-9, 2.5e-9]], ["1.000e-09", "2.500e-09"]),
        ([[1e12, np.nan]], ["1.000e+12", "nan"]),
        ([[np.inf, -np.inf]], ["inf", "-inf"]),
        (np.array([[True, False]]), ["True", "False"]),
        (np.array([[2**62, -1]]), [str(2**62), "-1"]),
        (np.array([[1 + 2j, 0]]), ["1+2j", "0"]),
        (np.zeros((0, 3)), []),
    ],
)
def test_numbers_are_written_to_be_compared(value, says):
    value = np.asarray(value)
    row = written(failing({"x": value}, Difference("raised", "It raised."))).split("\n")[4:5]
    assert " ".join(row).split() == says


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(np.float64).max, reason="has no such numbers")
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["filter_response", "pad2d"])
def test_numbers_beyond_double_precision_can_be_shown(name):
    reference = exercises.find(name).reference
    verdict = judge(name, lambda *inputs: reference(*inputs).astype(np.longdouble) * 0 + np.longdouble("1e4000"))
    assert verdict.status == "failed" and written(verdict)


def test_large_arrays_and_many_planes_are_cut_and_say_so():
    x = np.ones((5, 4, 40, 40))
    says = written(failing({"x": x}, Difference("raised", "It raised.")))
    assert "first 14 rows and columns" in says and "[1, 1] and 14 more like it" in says
    assert all(len(line) <= text.WIDTH for line in says.split("\n"))


@pytest.mark.parametrize("shape", [(), (0,), (3,), (0, 2), (2, 0, 2), (1, 1, 1, 1, 1)])
def test_arrays_of_any_shape_can_be_shown(shape):
    expected, got = np.zeros(shape), np.ones(shape)
    assert written(failing({"x": expected}, Difference("values", "Wrong.", expected, got, expected != got)))
    assert written(failing({"x": expected}, Difference("shape", "Wrong.", expected, np.ones((2, 2)))))

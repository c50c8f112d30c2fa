"""An implementation and an exercise make a verdict: which status, which message, how many points."""

from dataclasses import replace

import numpy as np
import pytest

from autograder import exercises, grade
from autograder.verdict import STATUSES
from autograder.worker.apply import apply
from autograder.worker.job import Raised, Ran

CONV = exercises.find("conv2d")
SIZE = exercises.find("output_size")


def judge(exercise, implementation, seed=1, **ran):
    def run(calls):
        return replace(Ran("finished", tuple(apply(implementation, c) for c in calls)), **ran)

    return grade.grade(exercise, run, seed)


def ended(exercise, end, done=0, **ran):
    """A run that ended early, after some right outcomes."""

    def run(calls):
        return Ran(end, tuple(apply(exercise.reference, c) for c in calls[:done]), **ran)

    return grade.grade(exercise, run, 1)


def test_a_pass_says_how_many_cases():
    verdict = judge(CONV, CONV.reference, seed=42)
    assert (verdict.status, verdict.points, verdict.max_points) == ("passed", CONV.points, CONV.points)
    assert verdict.message == f"All {verdict.total} cases pass." and verdict.passed == verdict.total
    assert (verdict.name, verdict.chapter, verdict.seed) == ("conv2d", "02_convolution", 42)
    assert verdict.mistake is None and verdict.failure is None


def test_a_failure_shows_the_smallest_failing_case():
    def only_strided_is_wrong(x, weight, bias=None, stride=1, padding=0):
        return CONV.reference(x, weight, bias, stride, padding) * x.dtype.type(2 if stride > 1 else 1)

    verdict = judge(CONV, only_strided_is_wrong)
    assert (verdict.status, verdict.points) == ("failed", 0)
    strided = [c for c in grade.cases(CONV, 1) if c.inputs.get("stride", 1) > 1]
    assert verdict.failure.case.label == strided[0].label
    assert verdict.passed == verdict.total - len(strided)
    assert verdict.message == verdict.failure.difference.text


def test_an_exception_is_an_error_with_its_words():
    verdict = judge(CONV, lambda *_: [][1])
    assert verdict.status == "error" and "It raised IndexError: list index out of range" in verdict.message
    assert judge(CONV, lambda: None).status == "error"


def test_a_memory_error_has_a_status_of_its_own():
    def greedy(*_):
        raise MemoryError("Unable to allocate 4 GiB")

    def greedy_array(*_):
        np.ones(1 << 50)

    for implementation in (greedy, greedy_array):
        verdict = judge(CONV, implementation)
        assert verdict.status == "memory" and "allocate" in verdict.message


def test_an_impossible_input_that_is_not_refused_fails():
    never = next(m for m in SIZE.mistakes if m.id == "never-refuses")
    verdict = judge(SIZE, lambda n, k, s=1, p=0: max((n + 2 * p - k) // max(s, 1) + 1, 1))
    assert verdict.status == "failed" and "ValueError must be raised, but it returned 1." in verdict.message
    assert judge(SIZE, never.wrong).status in ("failed", "error")


def test_not_implemented_is_not_started_and_only_from_the_first_case():
    def stub(*_):
        raise NotImplementedError

    def half(n, k, s=1, p=0):
        if s > 1:
            raise NotImplementedError
        return SIZE.reference(n, k, s, p)

    assert judge(SIZE, stub).status == "not_started"
    assert judge(SIZE, half).status == "error"
    raised = Raised("NotImplementedError", ("NotImplementedError",), "", ())
    assert ended(SIZE, "error", detail="the code raised", raised=raised).status == "not_started"


@pytest.mark.parametrize("end", ["timeout", "crashed", "memory", "forbidden", "error"])
def test_a_run_that_did_not_finish_keeps_its_reason_and_never_passes(end):
    for done in (0, 3, len(grade.cases(CONV, 1))):
        verdict = ended(CONV, end, done, detail="so it went")
        assert verdict.status == end and verdict.points == 0
        assert verdict.message.startswith("So it went.") and verdict.passed == done
        assert ("The case: " in verdict.message) == (done < verdict.total)
    # Before the definitions had run there was no case yet.
    assert "The case: " not in ended(CONV, end, detail="so it went", defined=False).message


def test_an_early_end_names_the_case_it_happened_at():
    verdict = ended(CONV, "timeout", 2, detail="It took longer than 10 s.")
    label = grade.cases(CONV, 1)[2].label
    assert verdict.message == f"It took longer than 10 s. The case: {label}."


def test_a_run_that_calls_itself_finished_but_is_not_never_passes():
    for done in (0, 3):
        verdict = ended(CONV, "finished", done)
        assert verdict.status == "crashed" and verdict.points == 0
        assert verdict.message == f"Only {done} of {verdict.total} cases came back."


def test_a_fault_of_the_machine_is_nobodys_verdict():
    with pytest.raises(grade.MachineFault, match="no more processes"):
        ended(CONV, "machine", detail="no more processes")


def test_every_status_is_a_documented_one():
    for end in ("timeout", "crashed", "memory", "forbidden", "error"):
        assert ended(CONV, end).status in STATUSES


def test_much_printing_is_said():
    verdict = judge(CONV, CONV.reference, printed="y" * 65536, printed_bytes=50_000_000)
    assert verdict.status == "passed"
    assert verdict.message.endswith("It printed 50,000,000 bytes, of which the first 65,536 were kept.")
    assert "printed" not in judge(CONV, CONV.reference, printed="hello", printed_bytes=5).message


def test_seeds_are_short_and_differ():
    seeds = {grade.new_seed() for _ in range(20)}
    assert len(seeds) > 1 and all(0 <= s < 1_000_000 for s in seeds)


def test_the_inputs_of_one_exercise_do_not_depend_on_another():
    alone = grade.cases(CONV, 7)
    grade.cases(SIZE, 7)
    again = grade.cases(CONV, 7)
    for a, b in zip(alone, again, strict=True):
        assert a.label == b.label and a.inputs.keys() == b.inputs.keys()
        assert all(
            np.array_equal(x, y) for x, y in zip(a.inputs.values(), b.inputs.values(), strict=True) if x is not None
        )


def test_judging_leaves_the_cases_as_they_were():
    made = grade.cases(CONV, 3)
    before = [[np.array(v) for v in c.inputs.values() if v is not None] for c in made]
    judge(CONV, lambda x, *_: x.__imul__(0) if x.flags.writeable else x, seed=3)
    after = [[np.array(v) for v in c.inputs.values() if v is not None] for c in made]
    assert all(np.array_equal(a, b) for x, y in zip(before, after, strict=True) for a, b in zip(x, y, strict=True))

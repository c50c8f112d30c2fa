"""An exercise and an implementation -> a Verdict: the one engine behind notebook, command line and folder."""

import zlib
from collections.abc import Callable, Sequence

import numpy as np

from autograder import course
from autograder.compare import compare, tolerance
from autograder.diagnose import diagnose
from autograder.exercise import Case, Exercise
from autograder.verdict import Failure, Verdict
from autograder.worker.apply import apply
from autograder.worker.job import Call, Outcome, Ran


class MachineFault(RuntimeError):
    """The learner's code could not be run, and it is not the learner's fault."""


def new_seed() -> int:
    """A seed short enough to type."""
    return int(np.random.SeedSequence().generate_state(1)[0]) % 1_000_000


def cases(exercise: Exercise, seed: int) -> tuple[Case, ...]:
    """The exercise's cases for one seed, smallest first, the same whichever other exercises are graded beside it."""
    made = exercise.cases(np.random.default_rng([seed, zlib.crc32(exercise.name.encode())]))
    return tuple(sorted(made, key=lambda case: sum(np.size(v) for v in case.inputs.values() if np.ndim(v))))


def grade(exercise: Exercise, run: Callable[[tuple[Call, ...]], Ran], seed: int) -> Verdict:
    """Judge one implementation.

    ``run`` applies the learner's implementation to all calls, wherever that happens; expected values, comparison
    and verdict stay here. Raises MachineFault where it could not be run for no fault of the learner's.
    """
    tried = cases(exercise, seed)
    calls = tuple(Call(case.driver, case.inputs) for case in tried)
    ran = run(calls)
    if ran.end == "machine":
        raise MachineFault(ran.detail)
    status, message, mistake, failure, passed = _judge(exercise, tried, calls, ran)
    return Verdict(
        name=exercise.name,
        chapter=course.exercise_chapters()[exercise.name].name,
        status=status,
        max_points=exercise.points,
        message=message + _printed_words(ran),
        seed=seed,
        mistake=mistake,
        failure=failure,
        passed=passed,
        total=len(tried),
        seconds=ran.seconds,
        printed=ran.printed,
    )


def absent(exercise: Exercise, status: str, message: str, seed: int) -> Verdict:
    """A verdict on what could not be run at all: nothing there, or nothing that can be read."""
    chapter = course.exercise_chapters()[exercise.name].name
    return Verdict(exercise.name, chapter, status, exercise.points, message, seed)


def _judge(exercise: Exercise, tried: Sequence[Case], calls: Sequence[Call], ran: Ran):
    if ran.outcomes and _not_started(ran.outcomes[0]):
        return "not_started", "Not started: it still raises NotImplementedError.", None, None, 0
    if ran.end == "error" and ran.raised and ran.raised.type == "NotImplementedError":
        return "not_started", "Not started: it still raises NotImplementedError.", None, None, 0
    judged = list(zip(tried, calls, ran.outcomes, strict=False))
    expected = [apply(exercise.reference, call) for _, call, _ in judged]
    atols = [_atol(exercise, case, outcome) for case, outcome in zip(tried, expected, strict=False)]
    failures = []
    for (case, _, got), right, atol in zip(judged, expected, atols, strict=True):
        difference = compare(right, got, atol, exercise.result)
        if difference:
            failures.append(Failure(case, right, got, difference))
    passed = len(judged) - len(failures)
    if ran.end != "finished":
        at = f" The case: {tried[len(judged)].label}." if ran.defined and len(judged) < len(tried) else ""
        # What the code made of a case says nothing where it was stopped for what it tried.
        shown = failures[0] if failures and ran.end != "forbidden" else None
        return ran.end, _sentence(ran.detail) + at, None, shown, passed
    if not failures and len(judged) == len(tried):
        return "passed", f"All {len(tried)} cases pass.", None, None, passed
    if not failures:  # nothing is called passed that did not run
        return "crashed", f"Only {len(judged)} of {len(tried)} cases came back.", None, None, passed
    first = failures[0]
    mistake = diagnose(exercise, [call for _, call, _ in judged], [got for _, _, got in judged], atols)
    message = first.difference.text
    return _failed_status(first), message, mistake, first, passed


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def _not_started(outcome: Outcome) -> bool:
    return outcome.raised is not None and outcome.raised.type == "NotImplementedError"


def _failed_status(failure: Failure) -> str:
    raised = failure.got.raised
    if failure.difference.kind != "raised" or raised is None:
        return "failed"
    return "memory" if "MemoryError" in raised.bases else "error"


def _atol(exercise: Exercise, case: Case, expected: Outcome) -> float:
    if expected.raised or "out" not in expected.arrays:
        return 0.0
    array = expected.arrays["out"]
    if array.dtype.kind != "f":
        return 0.0
    size = exercise.size(case.inputs)
    return tolerance(array, case.inputs, case.terms, float(size.max(initial=0.0)))


def _printed_words(ran: Ran) -> str:
    kept = len(ran.printed.encode(errors="replace"))
    if ran.printed_bytes <= kept + 1024:
        return ""
    return f" It printed {ran.printed_bytes:,} bytes, of which the first {kept:,} were kept."

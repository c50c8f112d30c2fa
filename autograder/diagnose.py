"""Which known mistake a wrong implementation makes."""

from collections.abc import Sequence

from autograder.compare import same
from autograder.exercise import Exercise, Mistake
from autograder.worker.apply import apply
from autograder.worker.job import Call, Outcome


def diagnose(
    exercise: Exercise, calls: Sequence[Call], outcomes: Sequence[Outcome], atols: Sequence[float]
) -> Mistake | None:
    """The first known mistake whose outcome is the learner's on every case, those that passed included.

    A mistake that agrees on the failures alone but would have failed elsewhere too is another mistake.
    """
    for mistake in exercise.mistakes:
        if all(
            same(apply(mistake.wrong, call), outcome, atol)
            for call, outcome, atol in zip(calls, outcomes, atols, strict=True)
        ):
            return mistake
    return None

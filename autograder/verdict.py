"""What the grader has to say about one exercise: plain data, from which every report is made."""

from dataclasses import dataclass

from autograder.compare import Difference
from autograder.exercise import Case, Mistake
from autograder.worker.job import Outcome

STATUSES = ("passed", "failed", "error", "timeout", "memory", "crashed", "forbidden", "not_started", "missing")


@dataclass(frozen=True)
class Failure:
    """The first case, and so the smallest, that came out wrong."""

    case: Case
    expected: Outcome
    got: Outcome
    difference: Difference


@dataclass(frozen=True)
class Verdict:
    """One exercise, judged. ``passed`` and ``total`` count cases; ``seconds`` is the learner's code's own time."""

    name: str
    chapter: str
    status: str
    max_points: int
    message: str
    seed: int
    mistake: Mistake | None = None
    failure: Failure | None = None
    passed: int = 0
    total: int = 0
    seconds: float = 0.0
    printed: str = ""
    stand_ins: tuple[str, ...] = ()  # earlier exercises for which the course's own version stood in

    @property
    def mistake_id(self) -> str | None:
        return self.mistake.id if self.mistake else None

    @property
    def points(self) -> int:
        return self.max_points if self.status == "passed" else 0

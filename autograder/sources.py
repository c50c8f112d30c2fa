"""What has to run for one exercise: the learner's own statements, and where the course's version stands in.

One bad exercise costs only its own points. So a function is judged on earlier functions that are right: the learner's
where they pass, the course's where they do not; in the notebook `f = check(f)` and `mine("f")` do the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from autograder import course
from autograder.notebook import Submission
from autograder.worker.job import Piece


@dataclass(frozen=True)
class Code:
    """Statements to run, the names for which the course's version stands in, and what other files lend.

    ``borrowed`` maps an exercise to the statements behind it, to be run in a namespace of their own.
    """

    pieces: tuple[Piece, ...]
    stand_ins: frozenset[str] = frozenset()
    borrowed: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)


def owner(submissions: Sequence[Submission], name: str) -> Submission | None:
    """The file that defines a name. Where several do, the notebook of its own chapter, else the last."""
    defining = [s for s in submissions if name in s.defined]
    chapter = course.exercise_chapters().get(name)
    own = [s for s in defining if chapter and s.path.stem == chapter.name]
    return next(reversed(own or defining), None)


def gather(submissions: Sequence[Submission], name: str, passes: Callable[[str], bool]) -> Code | None:
    """The code behind `name`, or None where nobody defines it. `passes` tells whether an earlier exercise is right."""
    own = owner(submissions, name)
    if own is None:
        return None
    order = list(course.exercise_chapters())
    earlier = set(order[: order.index(name)]) if name in order else set(order)
    wrong: set[str] = set()
    while True:
        part = own.slice(name, wrong)
        failing = {p for p in part.uses & earlier if not passes(p)}
        if failing <= wrong:
            break
        wrong |= failing
    stand_ins = set(wrong)
    borrowed: dict[str, tuple[Piece, ...]] = {}
    for asked in sorted(part.borrows & earlier):
        code = gather(submissions, asked, passes) if owner(submissions, asked) and passes(asked) else None
        if code is None:
            stand_ins.add(asked)
        else:
            stand_ins |= code.stand_ins
            borrowed |= {**code.borrowed, asked: code.pieces}
    return Code(part.pieces, frozenset(stand_ins), borrowed)

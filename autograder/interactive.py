"""What a notebook uses: check, hint, solution, mine, predict.

A check here runs in the learner's own kernel, so that it takes a blink. It is feedback; the mark comes from
``autograder check``, which runs the same cases in a confined process.
"""

import functools
import os
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from autograder import course, exercises, grade, kernel, stub
from autograder.exercise import Exercise
from autograder.notebook import Submission, Unreadable, read
from autograder.report import card, text
from autograder.show import show
from autograder.sources import gather, owner
from autograder.verdict import Verdict
from autograder.workbook import locate, notebooks
from autograder.worker.execute import execute

_latest: dict[str, Callable[..., Any]] = {}  # the learner's last version of each function that was checked
_hints_given: dict[str, int] = {}


def check(implementation: Callable[..., Any], name: str | None = None, seed: int | None = None) -> Callable[..., Any]:
    """Check one function or class and show a card.

    ``name`` is needed only where the function goes by another name than the exercise; ``seed`` repeats the inputs of
    an earlier check. Returns the implementation if it passes, else the reference, so that the rest of the notebook
    runs on right numbers either way. Raises LookupError for a name that no exercise has.
    """
    exercise = exercises.find(name or _exercise_name(implementation))
    if implementation is exercise.reference:
        # The cell was run twice: the name already stands for what the first check handed back.
        implementation = _latest.get(exercise.name, implementation)
    if implementation is exercise.reference:
        verdict = _nothing_to_check(exercise)
    else:
        _latest[exercise.name] = implementation
        verdict = _grade(exercise, implementation, _seed(seed))
    _record(verdict)
    _show(verdict, exercise)
    return implementation if verdict.status == "passed" else exercise.reference


def hint(exercise: str | Callable[..., Any], again: str = "`hint({0!r})`", whole: str = "`solution({0!r})`") -> None:
    """Show the next hint for an exercise, given by name or by the function itself, below those given before.

    ``again`` and ``whole`` say how to get the next one and the reference, where that is not in a notebook.
    """
    found = exercises.find(exercise if isinstance(exercise, str) else _exercise_name(exercise))
    given = min(_count_hint(found.name), len(found.hints))
    shown = found.hints[:given]
    left = len(found.hints) - given
    more = f"{left} more: {again}" if left else f"That was the last; {whole} shows the reference."
    more = more.format(found.name)
    lines = [f"Hint {i} for {found.name}: {h}" for i, h in enumerate(shown, start=1)]
    show(card.note(lines, more), "\n".join([*lines, more]).replace("`", ""))


def solution(exercise: str | Callable[..., Any]) -> None:
    """Show the reference implementation of an exercise."""
    found = exercises.find(exercise if isinstance(exercise, str) else _exercise_name(exercise))
    source = stub.reference_source(found.reference)
    show("", source, markdown=f"```python\n{source}\n```")


def mine(name: str) -> Callable[..., Any]:
    """Your own function from your workbook if it passes, else the reference; a line says which.

    Raises LookupError for a name that no exercise has.
    """
    exercise = exercises.find(name)
    implementation, why = _own(exercise)
    line = f"{name}: yours, from the workbook" if implementation else f"{name}: the course's version ({why})"
    show(f"<p style='margin:.2em 0'>{escape(line)}</p>", line)
    return implementation or exercise.reference


def predict(question: str, options: Mapping[str, str], answer: str) -> None:
    """Ask for a prediction before a cell is run; each option unfolds what there is to say about it.

    ``options`` maps each choice to the reply, ``answer`` is the right choice.
    """
    if answer not in options:
        raise ValueError(f"predict: the answer {answer!r} is not one of the options {list(options)}")
    text = "\n".join([f"Predict: {question}", *(f"  - {option}" for option in options)])
    show(card.prediction(question, options, answer), text)


def _exercise_name(implementation: Any) -> str:
    """The exercise that an object is meant for: the name by which the notebook knows it, or its own."""
    known = course.exercise_chapters()
    own = getattr(implementation, "__name__", None)
    names = [n for n in kernel.names_of(implementation, depth=2) if n in known]
    if names and own not in names:
        return names[0]
    if own is None or own == "<lambda>":
        raise LookupError('check: which exercise is this? Give its name: check(f, "conv2d")')
    return own


def _seed(seed: int | None) -> int:
    if seed is not None:
        return seed
    fixed = os.environ.get("AUTOGRADER_SEED", "")
    return int(fixed) if fixed.isdigit() else grade.new_seed()


def _grade(exercise: Exercise, implementation: Callable[..., Any], seed: int) -> Verdict:
    return grade.grade(exercise, lambda calls: kernel.run(implementation, calls, exercise.seconds), seed)


def _nothing_to_check(exercise: Exercise) -> Verdict:
    message = "This is the course's own version. Run the cell that defines yours, then this one."
    return grade.absent(exercise, "not_started", message, seed=0)


def _show(verdict: Verdict, exercise: Exercise) -> None:
    name, note, hints = exercise.name, "", exercise.hints
    if verdict.status == "passed":
        hints = ()
    elif verdict.status == "not_started":
        note, hints = f"Until then `{name}` is the course's version, so that the cells below work.", ()
    else:
        note = (
            f"The same inputs again: `check({name}, seed={verdict.seed})`. Until it passes, the cells below use the "
            "course's version."
        )
    plain = "\n".join(text.lines(verdict, note.replace("`", "")))
    show(card.card(verdict, note, hints), plain)


def _record(verdict: Verdict) -> None:
    folder = locate()
    if folder is not None:
        from autograder.progress import Progress

        Progress(folder).record(
            verdict.name, verdict.status, verdict.mistake_id, verdict.points, verdict.seed, "kernel"
        )


def _count_hint(name: str) -> int:
    folder = locate()
    if folder is not None:
        from autograder.progress import Progress

        return Progress(folder).hint_given(name)
    _hints_given[name] = _hints_given.get(name, 0) + 1
    return _hints_given[name]


def _own(exercise: Exercise) -> tuple[Callable[..., Any] | None, str]:
    """The learner's function from the workbook, if it passes; else why not, in two or three words."""
    folder = locate()
    if folder is None:
        return None, "no workbook here"
    submissions = _submissions(tuple((p, p.stat().st_mtime_ns) for p in notebooks(folder)))
    if owner(submissions, exercise.name) is None:
        return None, "yours is not in the workbook"
    implementation, status = _judged(submissions, exercise.name)
    return (implementation, "") if status == "passed" else (None, f"yours: {text.view.WORDS[status]}")


@functools.lru_cache(maxsize=1)
def _submissions(files: tuple[tuple[Path, int], ...]) -> tuple[Submission, ...]:
    found = []
    for path, _ in files:
        try:
            found.append(read(path))
        except Unreadable:
            continue  # `autograder check` says so; here the course's version stands in
    return tuple(found)


@functools.lru_cache(maxsize=256)
def _judged(submissions: tuple[Submission, ...], name: str) -> tuple[Callable[..., Any] | None, str]:
    exercise = exercises.find(name)
    code = gather(submissions, name, lambda earlier: _judged(submissions, earlier)[1] == "passed")
    if code is None:
        return None, "missing"
    namespace: dict[str, Any] = {n: exercises.find(n).reference for n in code.stand_ins}
    namespace |= {"__name__": "workbook", "check": lambda f, *_: f}
    try:
        execute(code.pieces, namespace)
        implementation = namespace[name]
    except Exception:
        return None, "error"
    verdict = _grade(exercise, implementation, _seed(None))
    return implementation, verdict.status

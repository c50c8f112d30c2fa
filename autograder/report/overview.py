"""Many exercises at a glance: the list, the status, the total."""

from collections.abc import Iterator, Sequence

from autograder import course, exercises
from autograder.progress import Again, Progress
from autograder.report.view import SIGNS
from autograder.verdict import Verdict


def total(verdicts: Sequence[Verdict]) -> str:
    passed = sum(v.status == "passed" for v in verdicts)
    points, most = sum(v.points for v in verdicts), sum(v.max_points for v in verdicts)
    seed = f"   seed {verdicts[0].seed}" if verdicts else ""
    return f"{passed} of {len(verdicts)} passed, {points} of {most} points{seed}"


def catalogue() -> dict:
    """Every exercise, as plain data."""
    found = [exercises.find(name) for name in course.exercise_chapters()]
    return {
        "version": 1,
        "exercises": [
            {
                "name": e.name,
                "chapter": course.exercise_chapters()[e.name].name,
                "signature": e.signature,
                "level": e.kind,
                "points": e.points,
                "minutes": e.minutes,
                "summary": e.summary,
            }
            for e in found
        ],
    }


def listing() -> Iterator[str]:
    chapter = None
    for e in catalogue()["exercises"]:
        if e["chapter"] != chapter:
            chapter = e["chapter"]
            yield chapter
        yield f"  {e['signature']}"
        yield f"      {e['level']}, {e['points']} point{'s' if e['points'] > 1 else ''}, about {e['minutes']} minutes"


def status(progress: Progress) -> Iterator[str]:
    """Chapter by chapter, then what next and what to look at again."""
    tried = progress.summary()
    points, most = 0.0, 0
    nxt = None
    for chapter in course.chapters():
        found = [exercises.find(name) for name in chapter.exercises]
        if not found:
            continue
        marked = {e.name: tried[e.name].points_best if e.name in tried else 0 for e in found}
        got, full = sum(marked.values()), sum(e.points for e in found)
        points, most = points + got, most + full
        yield f"{chapter.name}: {chapter.title}   {got:g} of {full} points"
        for e in found:
            last = tried.get(e.name)
            if not (last and last.passed_ever):
                nxt = nxt or e
            yield f"  {_mark(last)} {e.name:<22} {e.kind:<10} {_words(last)}"
    yield f"{points:g} of {most} points"
    if nxt:
        yield f"Next: {nxt.name} in {course.exercise_chapters()[nxt.name].name}, about {nxt.minutes} minutes"
    again = [a for a in progress.look_again() if a.name in course.exercise_chapters()]
    if again:
        yield "Worth another look: " + ", ".join(f"{a.name} ({_why(a)})" for a in again)


def _mark(last) -> str:
    if last is None:
        return "○"
    return "✓" if last.passed_ever else SIGNS.get(last.status_last, "✗")


def _words(last) -> str:
    if last is None or (last.status_last in SIGNS and not last.passed_ever):
        return "not started"
    tries = f"{last.tries} {'try' if last.tries == 1 else 'tries'}"
    if not last.passed_ever:
        return f"not yet, {tries}"
    if not last.points_best:
        return f"passes in the notebook, {tries}; `autograder check {last.name}` marks it"
    return f"passed, {tries}"


def _why(again: Again) -> str:
    if again.why == "failed":
        return "not passed since it failed"
    return f"passed {again.days} day{'s' if again.days != 1 else ''} ago"

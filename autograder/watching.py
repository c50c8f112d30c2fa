"""Which exercises changed, at each save of a notebook in the workbook."""

from collections.abc import Iterator
from pathlib import Path

from watchfiles import watch

from autograder import asked, course, grade
from autograder.notebook import Unreadable, read


def changes(folder: Path) -> Iterator[tuple[tuple[Path, ...], int, tuple[str, ...]]]:
    """After each save that changed an exercise: the workbook's files, a fresh seed and the exercises' names."""
    known = {path: _fingerprints(path) for path in asked.notebooks(folder)}
    for _ in watch(folder, watch_filter=lambda _, path: path.endswith(".ipynb"), recursive=False, raise_interrupt=True):
        files = asked.notebooks(folder)
        fresh = {path: _fingerprints(path) for path in files}
        names = [
            name
            for name in course.exercise_chapters()
            if any(name in now and now[name] != known.get(path, {}).get(name) for path, now in fresh.items())
        ]
        known = fresh
        if names:
            yield tuple(files), grade.new_seed(), tuple(names)


def _fingerprints(path: Path) -> dict[str, int]:
    """Exercise -> a number that changes with the code behind it."""
    try:
        submission = read(path)
    except Unreadable:
        return {}
    found = {}
    for name in course.exercise_chapters():
        if name in submission.defined:
            found[name] = hash(tuple(p.source for p in submission.slice(name).pieces))
        elif submission.broken_at(name):
            found[name] = hash(submission.broken_at(name))
    return found

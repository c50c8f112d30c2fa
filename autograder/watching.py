"""Which exercises changed, at each save of a notebook in the workbook."""

from collections.abc import Iterator
from pathlib import Path

from watchfiles import watch

from autograder import course
from autograder.asked import Asked
from autograder.notebook import Unreadable, read
from autograder.workbook import notebooks


def changes(folder: Path) -> Iterator[Asked]:
    """After each save that changed exercises: the request to check these."""
    known = {path: _fingerprints(path) for path in notebooks(folder)}
    for _ in watch(folder, watch_filter=lambda _, path: path.endswith(".ipynb"), recursive=False, raise_interrupt=True):
        files = notebooks(folder)
        fresh = {path: _fingerprints(path) for path in files}
        names = [
            name
            for name in course.exercise_chapters()
            if any(name in now and now[name] != known.get(path, {}).get(name) for path, now in fresh.items())
        ]
        known = fresh
        if names:
            yield Asked(tuple(files), tuple(names), folder)


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

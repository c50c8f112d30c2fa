"""The exercises, one module a chapter; found by name without importing the others."""

import difflib
import importlib
from collections.abc import Iterable

from autograder import course
from autograder.exercise import Exercise


class UnknownExercise(LookupError):
    """A name that no exercise has; the message names the nearest."""


def find(name: str) -> Exercise:
    """The exercise of this name; imports its chapter's module alone."""
    chapter = course.exercise_chapters().get(name)
    if chapter is None:
        raise UnknownExercise(f"no exercise is called {name!r}{nearest(name)}")
    return getattr(importlib.import_module(f"autograder.exercises.{chapter.topic}"), name)


def nearest(name: str) -> str:
    """The end of a sentence about an unknown name."""
    close = closest(name, course.exercise_chapters())
    return f"; did you mean {close!r}?" if close else "; see: autograder list"


def closest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)

"""A learner's files -> verdicts that count: every function runs in the confined worker."""

import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder import course, exercises, grade
from autograder.exercise import Exercise
from autograder.notebook import Submission, Unreadable, mentioned, read
from autograder.sources import Code, gather
from autograder.verdict import Verdict
from autograder.worker.client import Worker
from autograder.worker.job import Call, Job, Ran
from autograder.worker.standin import EARLY


class Marker:
    """Marks the exercises of one learner. Files that cannot be read cost only the exercises that they mention."""

    def __init__(self, files: Sequence[Path], seed: int, worker: Worker) -> None:
        self.seed = seed
        self.unreadable: dict[Path, str] = {}
        self._worker = worker
        self._verdicts: dict[str, Verdict] = {}
        self._lost: dict[str, str] = {}
        submissions = []
        for path in files:
            try:
                submissions.append(read(path))
            except Unreadable as error:
                self.unreadable[path] = str(error)
                self._lost |= dict.fromkeys(_named_by(path), str(error))
        self.submissions: tuple[Submission, ...] = tuple(submissions)

    def asked_for(self) -> list[str]:
        """The exercises that the files are about.

        A chapter's notebook is about that chapter, whatever helpers it defines. Another file that defines one exercise
        is about that one; one that defines several, or bears a chapter's topic, is about those whole chapters, so that
        what was left out is called missing.
        """
        named: set[str] = set(self._lost)
        for submission in self.submissions:
            chapters = course.exercise_chapters()
            own = {n for n, c in chapters.items() if submission.path.stem == c.name}
            if own:
                named |= own
                continue
            touched = [n for n in chapters if n in submission.defined or submission.broken_at(n)]
            whole = {chapters[n].name for n in touched} if len(touched) > 1 else set()
            whole |= {c.name for c in course.chapters() if submission.path.stem == c.topic}
            named |= {*touched, *(n for n, c in chapters.items() if c.name in whole)}
        return [name for name in course.exercise_chapters() if name in named]

    def verdict(self, name: str) -> Verdict:
        """Judge one exercise, once."""
        if name not in self._verdicts:
            self._verdicts[name] = self._judge(exercises.find(name))
        return self._verdicts[name]

    def _judge(self, exercise: Exercise) -> Verdict:
        name = exercise.name
        broken = next(filter(None, (s.broken_at(name) for s in reversed(self.submissions))), None)
        code = gather(self.submissions, name, lambda earlier: self.verdict(earlier).status == "passed")
        if code is None:
            if broken or name in self._lost:
                return grade.absent(exercise, "error", broken or self._lost[name], self.seed)
            return grade.absent(exercise, "missing", self._missing_words(name), self.seed)
        verdict = self._run(exercise, code)
        if code.stand_ins and verdict.status != "passed":
            # A helper may bear an exercise's name and yet be another function: right where it is, on its own.
            alone = gather(self.submissions, name, lambda _: True)
            if alone is not None and alone != code:
                again = self._run(exercise, alone)
                verdict = again if again.status == "passed" else verdict
        if broken and verdict.status != "passed":
            verdict = replace(verdict, message=f"{verdict.message} (A definition of it cannot be read: {broken})")
        return verdict

    def _run(self, exercise: Exercise, code: Code) -> Verdict:
        answers = _references(code.stand_ins)

        def run(calls: tuple[Call, ...]) -> Ran:
            job = Job(
                name=exercise.name,
                pieces=code.pieces,
                calls=calls,
                stand_ins=tuple(sorted(code.stand_ins)),
                borrowed=code.borrowed,
                packages=tuple(dict.fromkeys((*exercise.packages, *_early(code)))),
                seconds=exercise.seconds,
                memory=exercise.memory,
            )
            return self._worker.run(job, answers)

        return replace(grade.grade(exercise, run, self.seed), stand_ins=tuple(sorted(code.stand_ins)))

    def _missing_words(self, name: str) -> str:
        if not self.submissions:
            return "; ".join(self.unreadable.values()) or f"No definition of {name}: there is no file to look in."
        files = ", ".join(s.path.name for s in self.submissions)
        defined = sorted({n for s in self.submissions for n in s.defined} - set(course.exercise_chapters()))
        close = exercises.closest(name, defined)
        return f"No definition of {name} in {files}" + (f"; is {close} meant to be it?" if close else ".")


def _named_by(path: Path) -> set[str]:
    """Exercises that an unreadable file was about, by its name and by what its text mentions."""
    chapters = course.exercise_chapters()
    by_name = {n for n, c in chapters.items() if path.stem in (c.name, c.topic)}
    return by_name | (mentioned(path) & set(chapters))


def _early(code: Code) -> Iterator[str]:
    """Packages that the code imports and that can be loaded only before it runs."""
    sources = "\n".join(p.source for pieces in (code.pieces, *code.borrowed.values()) for p in pieces)
    for name in EARLY:
        if re.search(rf"^\s*(?:import|from)\s+{name}\b", sources, re.MULTILINE) and importlib.util.find_spec(name):
            yield name


def _references(names: frozenset[str]) -> Mapping[str, Any]:
    return {name: exercises.find(name).reference for name in names}

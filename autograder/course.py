"""Where the course's files are, and which chapters it has."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
SOLUTIONS = ROOT / "solutions"
EXERCISES = Path(__file__).resolve().parent / "exercises"


@dataclass(frozen=True)
class Chapter:
    """One chapter: ``chapters/NN_topic.md``, ``solutions/topic.py``, ``autograder/exercises/topic.py``."""

    number: int
    topic: str
    exercises: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.number:02d}_{self.topic}"

    @property
    def source(self) -> Path:
        return CHAPTERS / f"{self.name}.md"

    @property
    def title(self) -> str:
        """The first heading of the chapter, without its mark."""
        for line in self.source.read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):
                return line[2:].strip()
        raise ValueError(f"{self.source}: no title; the first heading must start with '# '")


@cache
def chapters() -> tuple[Chapter, ...]:
    """All chapters in reading order; a chapter is there when its text is."""
    found = []
    for path in sorted(CHAPTERS.glob("[0-9][0-9]_*.md")):
        number, topic = path.stem.split("_", 1)
        found.append(Chapter(int(number), topic, _declared(topic)))
    return tuple(found)


@cache
def exercise_chapters() -> dict[str, Chapter]:
    """Exercise name -> its chapter, in the order of the course."""
    return {name: chapter for chapter in chapters() for name in chapter.exercises}


def _declared(topic: str) -> tuple[str, ...]:
    # Read as text: importing every exercise would import torch to find the name of one NumPy function.
    path = EXERCISES / f"{topic}.py"
    if not path.exists():
        return ()
    return tuple(re.findall(r"^(\w+) = Exercise\(", path.read_text(encoding="utf-8"), flags=re.MULTILINE))

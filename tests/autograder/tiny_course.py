"""A course of one small chapter in a folder of its own, for tests that change chapters."""

from pathlib import Path

from autograder import course
from autograder.stub import stub
from solutions import convolution

HEAD = "---\njupytext:\n  text_representation:\n    format_name: myst\n---\n"
NAMES = ("conv2d_parameters", "conv2d_macs")


def exercise(name: str, task: str = "Count.") -> str:
    return (
        f"```{{graded}} {name}\n{task}\n```\n\n```{{code-cell}} ipython3\n"
        f"{stub(getattr(convolution, name))}```\n\n```{{code-cell}} ipython3\n{name} = check({name})\n```\n\n"
    )


def text(*parts: str) -> str:
    return HEAD + "# Tiny\n\n" + "\n".join(parts)


DEFAULT = text("Intro.\n", *map(exercise, NAMES), "## The end\n\nBye.\n")


class TinyCourse:
    """Its chapter is 02_convolution with two of the real exercises."""

    def __init__(self, folder: Path, monkeypatch):
        self.folder = folder / "chapters"
        (self.folder / "images").mkdir(parents=True)
        self.chapter = course.Chapter(2, "convolution", NAMES)
        monkeypatch.setattr(course, "CHAPTERS", self.folder)
        monkeypatch.setattr(course, "chapters", lambda: (self.chapter,))
        monkeypatch.setattr(course, "exercise_chapters", lambda: dict.fromkeys(NAMES, self.chapter))
        self.write(DEFAULT)

    def write(self, content: str) -> None:
        self.chapter.source.write_bytes(content.encode("utf-8"))

"""The words on a command line -> the files and exercises that are meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder import course, exercises
from autograder.workbook import locate, notebooks


class CannotAsk(ValueError):
    """A request that cannot be carried out: one line that says what, where and what to do."""


@dataclass(frozen=True)
class Asked:
    """``names`` is empty where the files decide. ``workbook`` is the folder whose progress this counts for, if any."""

    files: tuple[Path, ...]
    names: tuple[str, ...]
    workbook: Path | None


def resolve(words: Sequence[str]) -> Asked:
    """Sort the words into files, exercises and chapters; without files, the workbook's are meant."""
    files: list[Path] = []
    names: list[str] = []
    for word in words:
        if _looks_like_a_path(word):
            files += _files(Path(word))
        else:
            names += named(word)
    if files:
        return Asked(tuple(files), tuple(dict.fromkeys(names)), None)
    folder = workbook()
    if not notebooks(folder):
        raise CannotAsk(f"the workbook {folder} has no notebooks; `autograder start {folder}` writes them")
    return Asked(tuple(notebooks(folder)), tuple(dict.fromkeys(names)) or _all(), folder)


def named(word: str) -> tuple[str, ...]:
    """The exercise of this name, or the exercises of this chapter: 02_convolution, convolution, 2 or 02."""
    if word in course.exercise_chapters():
        return (word,)
    for chapter in course.chapters():
        if word in (chapter.name, chapter.topic) or (word.isdecimal() and int(word) == chapter.number):
            return chapter.exercises
    known = [*course.exercise_chapters(), *(n for c in course.chapters() for n in (c.name, c.topic))]
    close = exercises.closest(word, known)
    mend = f"did you mean {close!r}?" if close else "see: autograder list"
    raise CannotAsk(f"{word!r} is no exercise, chapter or file; {mend}")


def workbook() -> Path:
    folder = locate()
    if folder is None:
        raise CannotAsk("there is no workbook here; `autograder start` writes one, or name a notebook or .py file")
    if folder.exists() and not folder.is_dir():
        raise CannotAsk(f"the workbook {folder} is a file, not a folder; set AUTOGRADER_WORKBOOK to another one")
    if not folder.is_dir():
        raise CannotAsk(f"the workbook {folder} does not exist; `autograder start {folder}` writes it")
    return folder


def _all() -> tuple[str, ...]:
    return tuple(course.exercise_chapters())


def _looks_like_a_path(word: str) -> bool:
    if not word:
        return False  # Path("") is the current folder
    return word.endswith((".ipynb", ".py")) or "/" in word or "\\" in word or Path(word).is_file() or _is_folder(word)


def _is_folder(word: str) -> bool:
    return (
        Path(word).is_dir()
        and word not in course.exercise_chapters()
        and not any(word in (c.name, c.topic) for c in course.chapters())
    )


def _files(path: Path) -> Iterable[Path]:
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.suffix in (".ipynb", ".py") and p.is_file())
        if not found:
            raise CannotAsk(f"{path}: no notebook or .py file in this folder")
        return found
    if not path.exists():
        beside = (p.name for p in path.parent.glob("*") if p.exists()) if path.parent.is_dir() else ()
        close = exercises.closest(path.name, beside)
        raise CannotAsk(f"{path}: no such file" + (f"; did you mean {path.parent / close}?" if close else ""))
    if path.suffix not in (".ipynb", ".py"):
        raise CannotAsk(f"{path}: neither a notebook (.ipynb) nor a Python file (.py)")
    return [path]

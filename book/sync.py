"""Stubs in the chapters, written from the references: ``python -m book.sync [--check]``."""

import argparse
import importlib
import inspect
import re
import sys
from collections.abc import Callable

from autograder import course
from autograder.convert import myst
from autograder.stub import stub
from autograder.workbook import files


def references(topic: str) -> dict[str, Callable]:
    """Every public function and class that ``solutions/topic.py`` itself defines."""
    if not (course.SOLUTIONS / f"{topic}.py").exists():
        return {}
    module = importlib.import_module(f"solutions.{topic}")
    own = {name: value for name, value in vars(module).items() if not name.startswith("_") and callable(value)}
    return {name: value for name, value in own.items() if getattr(value, "__module__", "") == module.__name__}


def synced(text: str, exercises: tuple[str, ...], known: dict[str, Callable]) -> tuple[str, list[tuple[int, str]]]:
    """The chapter with every stub as its reference gives it, and (line, name) of those that had drifted.

    Nothing but the lines of a drifted stub changes; its line ending is the file's first one.
    """
    lines = text.split("\n")
    ending = "\r" if lines[0].endswith("\r") else ""
    drifted: list[tuple[int, str]] = []
    for cell in reversed(myst.code_cells(text)):
        name = cell.stub_of()
        if name not in exercises or name not in known:
            continue
        wanted = stub(known[name]).splitlines()
        if cell.source.splitlines() != wanted:
            lines[cell.first : cell.last] = [line + ending for line in wanted]
            drifted.insert(0, (cell.first + 1, name))
    return "\n".join(lines), drifted


def problems(text: str, chapter: course.Chapter, known: dict[str, Callable]) -> list[tuple[int | None, str]]:
    """(line or None, what is wrong) for each part of an exercise that the chapter lacks or has too much."""
    cells = myst.code_cells(text)
    boxes = {found.argument: line + 1 for line, _, found in myst.walk(text) if found.name == "graded"}
    stubs = {cell.stub_of(): cell.first + 1 for cell in cells if cell.stub_of()}
    checked = {name: cell.first + 1 for cell in cells for name in cell.checks()}
    found: list[tuple[int | None, str]] = []
    no_exercise = f"is no exercise in autograder/exercises/{chapter.topic}.py"
    for name in chapter.exercises:
        if name not in known:
            found.append((None, f"exercise {name} has no reference in solutions/{chapter.topic}.py"))
        for what, there in (("{graded} box", boxes), ("stub cell", stubs), ("check cell", checked)):
            if name not in there:
                found.append((None, f"exercise {name} has no {what}"))
        order = [there[name] for there in (boxes, stubs, checked) if name in there]
        if order != sorted(order):
            found.append((order[0], f"exercise {name}: the order must be {{graded}} box, stub, check"))
    for what, there in (("{graded} box", boxes), ("check cell", checked)):
        for name, line in there.items():
            if name not in chapter.exercises:
                found.append((line, f"{what} of {name}, which {no_exercise}"))
    for cell in cells:
        defined = cell.stub_of()
        if defined and defined not in chapter.exercises and "raise NotImplementedError" in cell.source:
            found.append((cell.first + 1, f"stub of {defined}, which {no_exercise}"))
    return found


def undeclared() -> list[str]:
    """Exercise modules whose chapter has no text."""
    topics = {chapter.topic for chapter in course.chapters()}
    modules = {path.stem: path.read_text(encoding="utf-8") for path in sorted(course.EXERCISES.glob("*.py"))}
    return [
        f"autograder/exercises/{topic}.py: no chapters/NN_{topic}.md"
        for topic, source in modules.items()
        if topic not in topics and re.search(r"^\w+ = Exercise\(", source, flags=re.MULTILINE)
    ]


def sync(check: bool = False) -> list[str]:
    """Rewrites the stubs of all chapters (with ``check`` only looks); says in a line what is wrong."""
    said = undeclared()
    for chapter in course.chapters():
        label = f"{course.CHAPTERS.name}/{chapter.source.name}"
        known = references(chapter.topic)
        try:
            text = chapter.source.read_bytes().decode("utf-8")
            new, drifted = synced(text, chapter.exercises, known)
            wrong = problems(new, chapter, known)
        except myst.MystError as error:
            said.append(f"{label}:{error.line + 1}: {error}")
            continue
        if check:
            said += [f"{label}:{at}: the stub of {name} has drifted; run: make sync" for at, name in drifted]
        elif new != text:
            files.write(chapter.source, new.encode("utf-8"))
            for line, name in drifted:
                print(f"{label}:{line}: stub of {name} rewritten")
        said += [f"{label}:{line}: {what}" if line else f"{label}: {what}" for line, what in wrong]
    return said


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m book.sync", description=inspect.getdoc(sync))
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a stub has drifted")
    said = sync(parser.parse_args(arguments).check)
    for line in said:
        print(line, file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())

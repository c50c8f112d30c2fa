"""Back to the stub, and back again: only the cells of these exercises change, and what they held is kept."""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder import course
from autograder.workbook import HOUSE, WorkbookError, backups, explained, files, ipynb, merge
from autograder.workbook.merge import Cell

Change = Callable[[list[Cell], str], list[Cell]]  # (cells, exercise) -> cells


@dataclass(frozen=True)
class Result:
    """What was done. ``backup`` is None where nothing had to be changed.

    ``elsewhere`` holds (exercise, number of a cell) of other cells that define the exercise too: they were left
    as they are, and the last definition counts.
    """

    notebook: str
    exercises: tuple[str, ...]
    backup: Path | None
    elsewhere: tuple[tuple[str, int], ...] = ()


def reset(folder: Path, name: str) -> Result:
    """Puts back the stub of an exercise, or all stubs of a chapter, and clears the outputs of their cells."""
    chapter, names = _meant(name)
    given = _given(folder, chapter)

    def change(cells: list[Cell], exercise: str) -> list[Cell]:
        stub = _find(given, "stub", exercise)
        if stub is None:
            raise WorkbookError(f"{chapter.name} has no stub of {exercise}; run: autograder start")
        place = _find(cells, "stub", exercise)
        cells = _insert(cells, given, stub) if place is None else _replaced(cells, place, given[stub])
        check = _find(cells, "check", exercise)
        return cells if check is None else _replaced(cells, check, _cleared(cells[check]))

    return _changed(folder, f"{chapter.name}.ipynb", names, "reset", change)


def restore(folder: Path, name: str | None = None) -> Result:
    """Brings back what the last reset (of this exercise or chapter) replaced.

    A restore counts as one in turn, so that a second one undoes the first. What would change nothing is passed
    over: a command that was killed can have left such a backup.
    """
    result = None
    for kept, names in _candidates(folder, name):
        done = _brought_back(folder, kept, names)
        if done.backup is not None:
            return done
        result = result or done
    if result is None:
        of = f" of {name}" if name is not None else ""
        raise WorkbookError(f"nothing to restore: no reset{of} was made in {folder}")
    return result


def _brought_back(folder: Path, kept: backups.Backup, names: tuple[str, ...]) -> Result:
    try:
        old = ipynb.parse(kept.content)["cells"]
    except (OSError, ipynb.Unreadable) as error:
        raise WorkbookError(f"{kept.folder / kept.notebook} cannot be read: {error}") from None

    def change(cells: list[Cell], exercise: str) -> list[Cell]:
        for kind in ("stub", "check"):
            was, place = _find(old, kind, exercise), _find(cells, kind, exercise)
            if was is not None:
                answer = old[was]
                cells = _insert(cells, old, was) if place is None else _replaced(cells, place, answer)
            elif place is not None and kind == "stub" and "NotImplementedError" in merge.source(cells[place]):
                cells = cells[:place] + cells[place + 1 :]  # the learner had removed it
        return cells

    if not (folder / kept.notebook).exists():
        with explained(folder / kept.notebook, "another folder"):
            files.write(folder / kept.notebook, kept.content)
        return Result(kept.notebook, names, kept.folder)
    return _changed(folder, kept.notebook, names, "restore", change)


def _meant(name: str) -> tuple[course.Chapter, tuple[str, ...]]:
    """The chapter and the exercises that a name stands for."""
    exercises = course.exercise_chapters()
    if name in exercises:
        return exercises[name], (name,)
    for chapter in course.chapters():
        short = (chapter.topic, str(chapter.number), f"{chapter.number:02d}")
        if name.removesuffix(".ipynb") == chapter.name or name in short:
            return chapter, chapter.exercises
    known = [*exercises, *(chapter.name for chapter in course.chapters())]
    close = difflib.get_close_matches(name, known, n=1)
    advice = f"did you mean {close[0]!r}?" if close else "see: autograder list"
    raise WorkbookError(f"no exercise or chapter is called {name!r}; {advice}")


def _candidates(folder: Path, name: str | None) -> Iterator[tuple[backups.Backup, tuple[str, ...]]]:
    """What resets and restores (of this name) kept, newest first, and the exercises to bring back from it."""
    chapter, names = _meant(name) if name is not None else (None, ())
    for kept in backups.newest_first(folder):
        if kept.action in ("reset", "restore"):
            if chapter is None:
                yield kept, kept.exercises
                continue
            both = tuple(each for each in names if each in kept.exercises)
            if both and kept.notebook == f"{chapter.name}.ipynb":
                yield kept, both


def _changed(folder: Path, notebook: str, names: tuple[str, ...], action: str, change: Change) -> Result:
    """Applies a change to the learner's notebook and keeps the one it replaces."""
    path = folder / notebook
    for _ in range(5):
        with explained(path, "another folder"):
            try:
                found = ipynb.read(path)
            except ipynb.Unreadable as error:
                raise WorkbookError(f"{path} cannot be read: {error}; repair or rename it") from None
            if found is None:
                raise WorkbookError(f"{path} is not there; run: autograder start")
            ours, old = found
            cells = ours["cells"]
            for name in names:
                cells = change(cells, name)
            elsewhere = tuple(
                (name, number)
                for name in names
                for number, cell in enumerate(cells, 1)
                if name in merge.defines(cell) and number - 1 != _find(cells, "stub", name)
            )
            if merge.alike(cells, ours["cells"]):
                return Result(notebook, names, None, elsewhere)
            # A stub that was run and is reset once more must not hide the answer that the first reset kept.
            same = [merge.source(cell) for cell in cells] == [merge.source(cell) for cell in ours["cells"]]
            kept = backups.save(folder, "outputs" if same else action, notebook, old, names)
            try:
                files.write(path, ipynb.dump(ours | {"cells": merge.unique_ids(cells)}), expected=old)
            except (files.Changed, FileNotFoundError):
                continue  # an editor saved it meanwhile: look again
            return Result(notebook, names, kept.folder, elsewhere)
    raise WorkbookError(f"{path} keeps changing; close it in the editor and run this again")


def _given(folder: Path, chapter: course.Chapter) -> list[Cell]:
    """The chapter's cells as the learner was last given them, else as the course has them now."""
    try:
        found = ipynb.read(folder / HOUSE / "base" / f"{chapter.name}.ipynb")
    except (OSError, ipynb.Unreadable):
        found = None
    cells = found[0]["cells"] if found else []
    if all(_find(cells, "stub", name) is not None for name in chapter.exercises):
        return cells
    from autograder import convert

    try:
        return ipynb.parse(convert.to_text(convert.learner_notebook(chapter)).encode("utf-8"))["cells"]
    except convert.ConversionError as error:
        raise WorkbookError(f"chapter {chapter.name} cannot become a notebook: {error}") from None


def _find(cells: list[Cell], kind: str, name: str) -> int | None:
    """The stub or check cell of an exercise: by its id, else (older editors drop ids) by what it says."""
    for place, cell in enumerate(cells):
        if cell.get("id") == f"{kind}-{name}" and cell.get("cell_type") == "code":
            return place
    for place, cell in enumerate(cells):
        checks = cell.get("cell_type") == "code" and f"{name} = check({name}" in merge.source(cell)
        if checks if kind == "check" else name in merge.defines(cell):
            return place
    return None


def _insert(cells: list[Cell], like: list[Cell], place: int) -> list[Cell]:
    """With ``like[place]`` behind the nearest of the cells before it that is there; else at the end."""
    there = merge.paired(like[:place], cells, alike=False)
    at = there[max(there)] + 1 if there else len(cells)
    return [*cells[:at], _cleared(like[place]), *cells[at:]]


def _replaced(cells: list[Cell], place: int, new: Cell) -> list[Cell]:
    ours = cells[place]
    new = new | ({"id": ours["id"]} if "id" in ours else {})
    return [*cells[:place], new, *cells[place + 1 :]]


def _cleared(cell: Cell) -> Cell:
    return cell | {"outputs": [], "execution_count": None} if cell.get("cell_type") == "code" else cell

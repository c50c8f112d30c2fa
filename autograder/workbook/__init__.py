"""The learner's notebooks: made, brought up to date, found. Nothing of theirs is ever overwritten.

``<workbook>/NN_topic.ipynb`` belongs to the learner. ``<workbook>/.autograder/`` is ours: ``base/`` holds
each notebook as it was last given (what the learner changed is told from that), ``backups/`` every notebook as it
was before we changed it, ``progress.sqlite`` what was tried and solved.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder import course

HOUSE = ".autograder"
VARIABLE = "AUTOGRADER_WORKBOOK"
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class WorkbookError(Exception):
    """Something stands in the way: what, where and what to do, in one line."""


def locate() -> Path | None:
    """The workbook that is meant: ``AUTOGRADER_WORKBOOK`` ("" is none), else the nearest one upwards.

    A folder is a workbook if it holds ``.autograder/``. Each folder from here upwards is looked at, and its
    child ``workbook/``; then the course's own ``workbook/``.
    """
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named).expanduser() if named else None
    try:
        here = Path.cwd()
    except OSError:  # the folder was removed under our feet
        here = course.ROOT
    nearby = [place for folder in (here, *here.parents) for place in (folder, folder / "workbook")]
    return next(filter(is_workbook, [*nearby, course.ROOT / "workbook"]), None)


def default() -> Path:
    """Where a new workbook goes: into the checkout of the course, or, where it was installed without one, here."""
    return (course.ROOT if (course.ROOT / "pyproject.toml").is_file() else Path.cwd()) / "workbook"


def is_workbook(folder: Path) -> bool:
    try:
        return (folder / HOUSE).is_dir()
    except OSError:  # a folder that may not be looked into
        return False


def notebooks(folder: Path) -> list[Path]:
    """The notebooks of a workbook, by name: the chapters' and whatever the learner added."""
    return sorted(path for path in folder.glob("*.ipynb") if path.is_file())


def check_writable(folder: Path) -> None:
    """Makes the workbook's folders, and raises WorkbookError if notebooks cannot be written there."""
    from autograder.workbook import files

    folder = Path(folder)
    with explained(folder, "autograder start DIR"):
        if folder.is_symlink() and not folder.exists():
            raise WorkbookError(f"{folder} is a link to {os.readlink(folder)}, which is not there; remove the link")
        for path in (folder, folder / HOUSE):
            if path.exists() and not path.is_dir():
                raise WorkbookError(f"{path} is a file, not a folder; choose another one: autograder start DIR")
        (folder / HOUSE / "base").mkdir(parents=True, exist_ok=True)
        for place in (folder, folder / HOUSE, folder / HOUSE / "base"):
            files.probe(place)


def start(folder: Path) -> list[tuple[str, str]]:
    """Writes or brings up to date the notebook of every chapter.

    Returns (file name, "new" | "updated" | "unchanged" | "unreadable: why") for each; an unreadable notebook
    is left as it is. Raises WorkbookError if the folder cannot be written.
    """
    from autograder import convert  # a second, most of it nbformat's
    from autograder.workbook import files

    folder = Path(folder)
    check_writable(folder)
    files.sweep(folder)
    done = []
    for chapter in course.chapters():
        try:
            given = convert.to_text(convert.learner_notebook(chapter)).encode("utf-8")
        except convert.ConversionError as error:
            raise WorkbookError(f"chapter {chapter.name} cannot become a notebook: {error}") from None
        name = f"{chapter.name}.ipynb"
        with explained(folder / name, "autograder start DIR"):
            done.append((name, _update(folder, name, given)))
    return done


def _update(folder: Path, name: str, given: bytes) -> str:
    from autograder.workbook import backups, files, ipynb, merge

    path, base_path = folder / name, folder / HOUSE / "base" / name
    for _ in range(5):
        try:
            found = ipynb.read(path)
        except ipynb.Unreadable as error:
            return f"unreadable: {error}; rename it and run autograder start again for a fresh one"
        if found is None:
            files.write(path, given)
            state = "new"
        else:
            ours, old = found
            theirs = ipynb.parse(given)
            cells = merge.merge(_base_cells(base_path), ours["cells"], theirs["cells"])
            if merge.alike(cells, ours["cells"]):
                state = "unchanged"
            else:
                backups.save(folder, "start", name, old)
                about = ours.get("metadata", {}) | {"cnn_by_hand": theirs["metadata"]["cnn_by_hand"]}
                try:
                    files.write(path, ipynb.dump(ours | {"cells": cells, "metadata": about}), expected=old)
                except (files.Changed, FileNotFoundError):
                    continue  # an editor saved it meanwhile: look again
                state = "updated"
        # The notebook first: killed in between, the next start finds cells that are there already.
        if not base_path.exists() or base_path.read_bytes() != given:
            files.write(base_path, given)
        return state
    raise WorkbookError(f"{path} keeps changing; close it in the editor and run autograder start again")


def _base_cells(path: Path) -> list[dict]:
    from autograder.workbook import ipynb

    try:
        found = ipynb.read(path)
    except ipynb.Unreadable:
        return []  # then every cell counts as the learner's
    return found[0]["cells"] if found else []


def reset(folder: Path, name: str):
    """Back to the stub; see ``autograder.workbook.resetting``."""
    from autograder.workbook import resetting

    with explained(Path(folder), "another folder"):
        return resetting.reset(Path(folder), name)


def restore(folder: Path, name: str | None = None):
    """What the last reset replaced; see ``autograder.workbook.resetting``."""
    from autograder.workbook import resetting

    with explained(Path(folder), "another folder"):
        return resetting.restore(Path(folder), name)


@contextmanager
def explained(path: Path, instead: str) -> Iterator[None]:
    """An OSError as a WorkbookError: what, where, what to do."""
    try:
        yield
    except OSError as error:
        own = str(error.filename or "").endswith(".autograder-tmp")  # a temporary file says nothing to anybody
        where = path if own or not error.filename else error.filename
        if error.errno in _FULL:
            said = f"no space left for {where}: free some and run it again; the old file is as it was"
        elif error.errno in _FORBIDDEN:
            said = f"{where} cannot be written ({error.strerror}): make it writable, or use {instead}"
        else:
            said = f"{where}: {error.strerror or error}; use {instead}"
        raise WorkbookError(said) from None

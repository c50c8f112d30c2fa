"""Files that are either the old one or the new one, whatever happens in between."""

import os
import secrets
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path

LEFTOVER = ".autograder-tmp"


class Changed(Exception):
    """Somebody else wrote the file between our reading it and our replacing it."""


def write(path: Path, content: bytes, expected: bytes | None = None) -> None:
    """Replaces or makes a file in one step; a link is followed, so that it stays a link.

    Raises
    ------
    OSError
        As the system says; the old file is then as it was.
    Changed
        If ``expected`` is given and the file holds something else by now.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(3)}{LEFTOVER}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        if expected is not None and target.read_bytes() != expected:
            raise Changed(str(path))
        _replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _replace(source: Path, target: Path) -> None:
    # On Windows a file that an editor or a virus scanner has open for a moment cannot be replaced.
    for wait in (0.02, 0.1, 0.5):
        try:
            return os.replace(source, target)
        except PermissionError:
            if sys.platform != "win32":
                raise
            time.sleep(wait)
    os.replace(source, target)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    with suppress(OSError):  # some network folders refuse; the file itself is safe by then
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep(folder: Path, older_than: float = 3600.0) -> None:
    """Removes temporary files that a killed process left behind, if older than so many seconds."""
    for path in folder.glob(f".*{LEFTOVER}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > older_than:
                path.unlink()


def probe(folder: Path) -> None:
    """Raises the OSError that writing into the folder would."""
    path = folder / f".probe-{os.getpid()}-{secrets.token_hex(3)}{LEFTOVER}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    path.unlink()

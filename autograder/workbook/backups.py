"""What a notebook was before we changed it: ``.autograder/backups/<UTC timestamp>-<n>/``."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.workbook import HOUSE, files

_ABOUT = "backup.json"


@dataclass(frozen=True)
class Backup:
    """One notebook as it was, and why it was kept: "start", "reset", "restore" or "outputs"."""

    folder: Path
    action: str
    notebook: str
    exercises: tuple[str, ...]

    @property
    def content(self) -> bytes:
        return (self.folder / self.notebook).read_bytes()


def save(workbook: Path, action: str, notebook: str, content: bytes, exercises: tuple[str, ...] = ()) -> Backup:
    """Keeps the bytes of a notebook; what is kept is complete once its ``backup.json`` is there."""
    home = workbook / HOUSE / "backups"
    home.mkdir(parents=True, exist_ok=True)
    # The number runs on, so that the order holds when the clock is set back.
    number = max((_number(path) for path in home.iterdir()), default=0)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    while True:
        number += 1
        folder = home / f"{stamp}-{number}"
        try:
            folder.mkdir()
            break
        except FileExistsError:
            continue
    files.write(folder / notebook, content)
    about = {"action": action, "notebook": notebook, "exercises": list(exercises)}
    files.write(folder / _ABOUT, json.dumps(about, indent=1).encode("utf-8"))
    return Backup(folder, action, notebook, exercises)


def newest_first(workbook: Path) -> Iterator[Backup]:
    """All complete backups."""
    home = workbook / HOUSE / "backups"
    folders = [path for path in home.iterdir() if _number(path)] if home.is_dir() else []
    for folder in sorted(folders, key=lambda path: (_number(path), path.name), reverse=True):
        try:
            about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
            found = Backup(folder, about["action"], about["notebook"], tuple(about["exercises"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # killed while it was written: the notebook itself was not yet touched then
        yield found


def _number(path: Path) -> int:
    match = re.fullmatch(r"\d{8}T\d{6}Z-(\d+)", path.name)
    return int(match.group(1)) if match else 0

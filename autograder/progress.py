"""What was tried and solved, in SQLite: ``<workbook>/.autograder/progress.sqlite``.

Progress is a convenience: whatever goes wrong with it is said once, in a line, and no check fails for it. The
journal is SQLite's default one (a rollback journal, fully synchronised): unlike WAL it also works on network
folders, and a process killed at any moment leaves a database that the next one repairs by itself.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SCHEMA = 1
SPACING = (1, 3, 7, 21)  # days until a first, second, third and any later pass is worth another try
_WAIT = 5.0  # seconds for another process to finish its write
_TABLES = """
CREATE TABLE attempts (
    at TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, mistake TEXT, points REAL NOT NULL,
    seed TEXT, source TEXT NOT NULL CHECK (source IN ('kernel', 'worker'))
);
CREATE INDEX attempts_by_name ON attempts (name, at);
CREATE TABLE hints (at TEXT NOT NULL, name TEXT NOT NULL);
"""
_said: set[str] = set()


@dataclass(frozen=True)
class Summary:
    """One exercise so far. Points count only where the worker measured them; times are UTC."""

    status_last: str | None
    passed_ever: bool
    points_best: float
    tries: int
    last_at: datetime | None
    hints: int


@dataclass(frozen=True)
class Again:
    """An exercise worth another look: "failed" and not passed since, or passed so many ``days`` ago."""

    name: str
    why: str
    days: int


class Progress:
    """The record of one workbook. Each call opens the database for itself, so threads and forks are fine."""

    def __init__(self, folder: Path, say: Callable[[str], None] | None = None):
        self.path = Path(folder) / ".autograder" / "progress.sqlite"
        self._say = say or (lambda line: print(line, file=sys.stderr))

    def record(self, name: str, status: str, mistake: str | None, points: float, seed: int | None, source: str) -> None:
        """One verdict; ``source`` is "kernel" (feedback in the notebook) or "worker" (which gives points)."""
        if source not in ("kernel", "worker"):
            raise ValueError(f"source must be 'kernel' or 'worker', not {source!r}")
        row = (_now(), name, status, mistake, float(points), None if seed is None else str(seed), source)
        insert = "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._do(lambda db: db.execute(insert, row), None, write=True)

    def hint_given(self, name: str) -> int:
        """Counts one more hint and returns how many were given so far, this one included."""

        def add(db: sqlite3.Connection) -> int:
            db.execute("INSERT INTO hints VALUES (?, ?)", (_now(), name))
            return db.execute("SELECT COUNT(*) FROM hints WHERE name = ?", (name,)).fetchone()[0]

        return self._do(add, 1, write=True)

    def summary(self) -> dict[str, Summary]:
        """Every exercise that was tried or for which a hint was given."""

        def read(db: sqlite3.Connection) -> dict[str, Summary]:
            hints = dict(db.execute("SELECT name, COUNT(*) FROM hints GROUP BY name"))
            found = {name: Summary(None, False, 0.0, 0, None, count) for name, count in hints.items()}
            for name, status, passed, best, tries, at in db.execute(
                # With MAX(rowid) alone, SQLite takes the bare columns from that very row: the last attempt.
                "SELECT name, status, passed, best, tries, at FROM attempts JOIN ("
                " SELECT MAX(rowid) AS last, MAX(status = 'passed') AS passed, COUNT(*) AS tries,"
                " MAX(CASE source WHEN 'worker' THEN points ELSE 0 END) AS best FROM attempts GROUP BY name"
                ") ON attempts.rowid = last"
            ):
                found[name] = Summary(status, bool(passed), best, tries, _time(at), hints.get(name, 0))
            return found

        return self._do(read, {}, write=False)

    def look_again(self, now: datetime | None = None) -> list[Again]:
        """What to look at again: first what failed and did not pass since, then passes that are due.

        A pass is due again after a day; passed then, after 3 days, after 7, after 21. Oldest first.
        """
        now = now or datetime.now(UTC)
        query = "SELECT name, COUNT(DISTINCT date(at)) FROM attempts WHERE status = 'passed' GROUP BY name"
        passes = self._do(lambda db: dict(db.execute(query)), {}, write=False)
        failed, due = [], []
        for name, said in self.summary().items():
            if said.last_at is None or said.status_last in ("not_started", "missing") and not said.passed_ever:
                continue
            days = max(0, (now - said.last_at) // timedelta(days=1))
            if said.status_last != "passed":
                failed.append(Again(name, "failed", days))
            elif days >= SPACING[min(passes.get(name, 1), len(SPACING)) - 1]:
                due.append(Again(name, "passed", days))
        return [*sorted(failed, key=_oldest), *sorted(due, key=_oldest)]

    def _do(self, work: Callable[[sqlite3.Connection], Any], otherwise: Any, write: bool) -> Any:
        """Runs the work in one transaction; where that cannot be, says so once and gives ``otherwise``."""
        for attempt in (1, 2):
            if not write and not self.path.exists():
                return otherwise
            seen = _identity(self.path)
            try:
                with self._open(write) as db:
                    return work(db)
            except (sqlite3.Error, OSError) as error:
                if attempt == 1 and self._is_broken(error):
                    self._move_aside(seen, error)
                    continue
                self._once(f"progress is not kept: {self.path}: {error}")
                return otherwise
        return otherwise

    @contextmanager
    def _open(self, write: bool) -> Iterator[sqlite3.Connection]:
        if write:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)) as db:
            # The write lock is taken at once: two writers then wait for each other and never give up.
            db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _TABLES.split(";")[:-1]:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA}")
            elif version > SCHEMA:
                raise sqlite3.NotSupportedError(f"written by a newer version of the course (schema {version})")
            yield db
            db.execute("COMMIT")

    def _is_broken(self, error: Exception) -> bool:
        """Whether the file itself is at fault, and not the folder, the disk or another process."""
        if isinstance(error, sqlite3.NotSupportedError):
            return False
        if not isinstance(error, sqlite3.OperationalError):
            return isinstance(error, sqlite3.DatabaseError)
        if "no such" in str(error) or "has no column" in str(error) or "already exists" in str(error):
            return True  # a database, but not ours
        try:
            with open(self.path, "rb+"):
                return False
        except (PermissionError, IsADirectoryError):
            return True
        except OSError:
            return False

    def _move_aside(self, seen: tuple[int, int] | None, error: Exception) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = self.path.with_name(f"{self.path.name}.broken-{stamp}")
        if seen is None or _identity(self.path) != seen or aside.exists():
            return  # another process has put a new one there
        try:
            self.path.rename(aside)
            journal = self.path.with_name(f"{self.path.name}-journal")
            if journal.exists():
                journal.rename(aside.with_name(f"{aside.name}-journal"))
        except OSError:
            return  # the second attempt then says what is wrong
        self._once(f"progress starts anew: {self.path.name} could not be read ({error}); it is now {aside}")

    def _once(self, line: str) -> None:
        if line not in _said:
            _said.add(line)
            self._say(line)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _oldest(again: Again) -> tuple[int, str]:
    return -again.days, again.name

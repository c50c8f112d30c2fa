"""What goes into the worker and what comes back: plain data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Piece:
    """One or a few top-level statements of the learner's file, in order."""

    source: str
    filename: str  # the label that messages use: "01_filters.ipynb, cell 7" or "answers.py"
    first_line: int  # line of the source's first line in that cell or file, from 1


@dataclass(frozen=True)
class Call:
    """One case as the worker sees it: what to apply and to what, no expected values."""

    driver: str  # a module of autograder.worker.drivers
    inputs: Mapping[str, Any]  # ndarray, int, float, bool, None, str or a tuple of these, in argument order


@dataclass(frozen=True)
class Job:
    """The learner's code, the name to take from it and the calls to make."""

    name: str
    pieces: tuple[Piece, ...]
    calls: tuple[Call, ...]
    packages: tuple[str, ...] = ("numpy",)  # what is loaded before the learner's code runs
    seconds: float = 10.0  # wall time for the whole job
    memory: int = 1 << 30  # bytes beyond what the process had before the learner's code ran
    stand_ins: tuple[str, ...] = ()  # names whose definition is the parent's: calls of them are asked of it
    borrowed: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)  # mine("name") -> the code behind it


@dataclass(frozen=True)
class Raised:
    """An exception of the learner's code, as text."""

    type: str
    bases: tuple[str, ...]  # names along the method resolution order; "other X" where X is not Python's own
    message: str
    trace: tuple[tuple[str, int, str], ...]  # (filename, line, source line), the learner's frames, outermost first


@dataclass(frozen=True)
class Outcome:
    """What applying an implementation to one call gave."""

    arrays: Mapping[str, np.ndarray]  # the numeric outputs; 0-d for numbers
    kinds: Mapping[str, str]  # every output: "array", "number", "bool", "array of object", else its type's name
    modified: tuple[str, ...]  # inputs whose bytes changed during the call
    raised: Raised | None
    seconds: float


@dataclass(frozen=True)
class Ran:
    """How a job ended.

    `end` is "finished", "error" (the pieces failed, or the name is missing or not callable), "timeout", "memory",
    "crashed", "forbidden" or "machine" (our fault, not the learner's).
    """

    end: str
    outcomes: tuple[Outcome, ...]  # the calls that were completed, in order
    detail: str = ""  # one sentence for the learner unless finished
    raised: Raised | None = None  # for "error", and for "memory" when Python could still say where
    printed: str = ""  # the first 64 KiB of stdout and stderr, cleaned
    printed_bytes: int = 0  # all that was printed, kept or not
    seconds: float = 0.0
    defined: bool = True  # whether the code around the function had run, so that what went wrong is a case's

"""The parent's handle on the learner's side: `Worker.run(job) -> Ran`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .forked import Forked
from .job import Job, Ran
from .spawning import Spawning

HOWS = ("fork", "spawn")


class CannotWork(ValueError):
    """A way of running workers that is not known, or not on this system; one line that says so."""


class Worker:
    """Runs jobs, one at a time, each in a confined process of its own.

    On Linux a warm zygote forks it (about a millisecond), elsewhere it is started afresh; the variable
    AUTOGRADER_WORKER (fork or spawn) overrides, and `how` overrides that. `hide`: further folders that the learner's
    code must not reach, such as other people's submissions. Usable from several threads; they take turns.
    """

    def __init__(self, packages: Sequence[str] = ("numpy",), how: str | None = None, hide: Sequence[str] = ()) -> None:
        how = how or os.environ.get("AUTOGRADER_WORKER") or ("fork" if sys.platform.startswith("linux") else "spawn")
        if how not in HOWS:
            raise CannotWork(f"AUTOGRADER_WORKER is one of {', '.join(HOWS)}, not {how!r}")
        if how == "fork" and not sys.platform.startswith("linux"):
            raise CannotWork("forking a worker is safe on Linux only; leave AUTOGRADER_WORKER unset")
        self.how = how
        self.layers: list[tuple[str, bool, str]] = []  # as the last job's process reported them
        self._packages = tuple(packages)
        self._hide = tuple(map(os.fspath, hide))
        self._lock = threading.Lock()
        self._backends: dict[tuple[str, ...], Forked | Spawning] = {}

    def start(self) -> None:
        """Begin to start what jobs need, without waiting for it."""
        with self._lock:
            self._backend(self._packages).start()

    def run(self, job: Job, answers: Mapping[str, Callable[..., Any]] | None = None) -> Ran:
        """Run one job to its end. What goes wrong on our side is a Ran that says "machine", never an exception.

        `answers` holds the functions behind the job's `stand_ins`; they are called here, with the learner's arguments.
        Raises TypeError for an input that cannot be sent, ValueError for an unknown driver: mistakes of an exercise.
        """
        with self._lock:
            ran, layers = self._backend(job.packages).run(job, answers or {})
        self.layers = layers or self.layers
        return ran

    def close(self) -> None:
        """End every process that this worker started."""
        with self._lock:
            while self._backends:
                self._backends.popitem()[1].close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _backend(self, packages: Sequence[str]) -> Forked | Spawning:
        key = tuple(sorted(set(packages)))
        if key not in self._backends:
            make = Forked if self.how == "fork" else Spawning
            self._backends[key] = make(key, self._hide)
        return self._backends[key]

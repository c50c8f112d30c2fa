"""The layers that confine the learner's process, each in its own file. Each says why when missing."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Sequence
from typing import Any

from . import audit, landlock, limits, privileges, seccomp

_RULESET = 200
_DESCRIPTORS = 1 << 16

Layer = tuple[str, bool, str]  # name, active, what it does or why it is not active


def libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def layers() -> list[Layer]:
    """What this machine offers, in words, for `autograder doctor`. Changes nothing."""
    machine = platform.machine()
    return [
        ("process", True, "the learner's code runs in a process of its own"),
        ("limits", *limits.available()),
        ("privileges", *privileges.available()),
        ("landlock", *landlock.available(libc())),
        ("seccomp", *seccomp.available(machine)),
        ("audit", *audit.available()),
    ]


class Kernel:
    """The kernel's layers: prepared once, before any learner's code is there, applied in each child."""

    def __init__(self, readable: Sequence[str], hidden: Sequence[str]) -> None:
        self.guard = audit.Guard(hidden)
        self._libc: Any
        self._libc = libc()
        self._machine = platform.machine()
        self._why = {name: why for name, active, why in layers() if not active}
        self.ruleset: Any = None
        if "landlock" not in self._why:
            try:
                made = landlock.ruleset(self._libc, readable, hidden)
                self.ruleset = os.dup2(made, _RULESET, inheritable=False)  # out of the way of a child's own
                os.close(made)
            except OSError as error:
                self._why["landlock"] = f"the kernel refused: {error}"
        # Assembled now, as it takes longer than a fork; the process id is filled in later.
        self.measure()
        self._cores = os.cpu_count() or 1
        self._filter: Any = None if "seccomp" in self._why else seccomp.Template(self._machine)

    def die_with_parent(self) -> None:
        if self._libc is not None:
            privileges.die_with_parent(self._libc)

    def adopt_orphans(self) -> None:
        """What a child leaves behind comes to this process, which can then end it."""
        if self._libc is not None:
            privileges.adopt_orphans(self._libc)

    def close_all(self, first: int) -> None:
        """Close every descriptor from `first` on but the ruleset, which `apply` closes."""
        if self.ruleset is None:
            os.closerange(first, _DESCRIPTORS)
        else:
            os.closerange(first, self.ruleset)
            os.closerange(self.ruleset + 1, _DESCRIPTORS)

    def measure(self) -> None:
        """Take what is mapped now as what the process has before the learner's code runs."""
        self._mapped = limits.mapped()

    def apply(self, seconds: float, memory: int) -> list[Layer]:
        """Confine this process for good; `memory` is beyond what was measured. Returns the layers."""
        done = []
        for name, step in (
            ("limits", lambda: limits.apply(seconds * self._cores, self._mapped + memory)),
            ("privileges", lambda: privileges.apply(self._libc, self._machine)),
            ("landlock", lambda: landlock.restrict(self._libc, self.ruleset)),
            ("seccomp", lambda: seccomp.restrict(self._libc, self._machine, self._filter.fill(os.getpid()))),
        ):
            why = self._why.get(name, "")
            if not why:
                try:
                    step()
                except (OSError, ValueError) as error:
                    why = f"the kernel refused: {error}"
            done.append((name, not why, why))
        if self.ruleset is not None:
            os.close(self.ruleset)
        return done

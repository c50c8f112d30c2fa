"""Runs an implementation in this very process: the learner's own kernel. Feedback, not a mark."""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from autograder.worker.apply import apply
from autograder.worker.job import Call, Outcome, Ran
from autograder.worker.text import clean

_KEPT = 64 << 10


class _TimeUp(KeyboardInterrupt):
    """As if the learner had interrupted: the one exception that apply() hands on."""


class _Printout(io.TextIOBase):
    """Keeps the beginning of what is written to it and counts the rest."""

    def __init__(self) -> None:
        self.text, self.count = "", 0

    def write(self, text: str) -> int:
        self.count += len(text.encode(errors="replace"))
        if len(self.text) < _KEPT:
            self.text += text[: _KEPT - len(self.text)]
        return len(text)

    @property
    def kept(self) -> str:
        """The beginning, without what would act on a terminal, at most 64 KiB long."""
        return clean(self.text, _KEPT).encode()[:_KEPT].decode(errors="ignore")


def run(implementation: Callable[..., Any], calls: tuple[Call, ...], seconds: float) -> Ran:
    """Apply an implementation to all calls; a call that takes too long ends the run where the system allows it."""
    outcomes: list[Outcome] = []
    printout = _Printout()
    end, detail = "finished", ""
    with contextlib.redirect_stdout(printout), contextlib.redirect_stderr(printout):
        try:
            with _limit(seconds):
                for call in calls:
                    outcomes.append(apply(implementation, call))
        except _TimeUp:
            end, detail = "timeout", f"It took longer than {seconds:g} s. Is there a loop that never ends?"
    seconds_used = sum(o.seconds for o in outcomes)
    return Ran(end, tuple(outcomes), detail, None, printout.kept, printout.count, seconds_used)


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Interrupts the main thread after some time. Windows has no such timer: there the learner interrupts."""
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def up(signum: int, frame: FrameType | None) -> None:
        raise _TimeUp

    before = signal.signal(signal.SIGALRM, up)
    # Again each second, for code that catches the first one.
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # also when time is up just here
        signal.signal(signal.SIGALRM, before if before is not None else signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def names_of(value: object, depth: int) -> list[str]:
    """The global names by which the caller, `depth` frames up, knows an object."""
    frame = sys._getframe(depth + 1)
    return [name for name, known in list(frame.f_globals.items()) if known is value]

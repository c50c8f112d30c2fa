"""What arrives from one learner's process, and how it ended. Nothing that it says is believed blindly."""

from __future__ import annotations

import codecs
import dataclasses
import math
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from .apply import apply
from .job import Call, Job, Outcome, Raised, Ran
from .protocol import (
    Frame,
    ProtocolError,
    Reader,
    layers_of,
    pack_outcome,
    raised_from_json,
    text_of,
    unpack_ask,
    unpack_outcome,
)
from .text import clean

PRINTED = 64 << 10  # bytes kept
_ENDS = ("finished", "error", "memory")
_EXTRA_FRAMES = 64  # beyond the outcomes: ready, begun, defined, tried, end
_ASKS = 100_000  # frames of a job that has stand-ins
_WAITING = 16  # threads that may ask at once
_ASKED_SIZE, _ASKED_NUMBER = 4096, 16
_TOTAL = 2 << 30  # bytes of one job's frames


class Intake:
    """Collects frames and printout; `ran` sums them up."""

    def __init__(self, job: Job, answers: Mapping[str, Callable[..., Any]] | None = None) -> None:
        self._job = job
        self._answers = {name: (answers or {})[name] for name in job.stand_ins}
        self._asked: list[tuple[str, list[Any], dict[str, Any]]] = []
        self._reader = Reader()
        self._bytes = self._frames = 0
        self._printed = bytearray()
        self._printed_bytes = 0
        self._outcomes: list[Outcome] = []
        self._tried: list[str] = []
        self._end: tuple[str, str, Raised | None] | None = None
        self._garbled = ""
        self._begin = self._last = time.monotonic()
        self._defined = False
        self.ready = self.begun = False
        self.failed = ""
        self.layers: list[tuple[str, bool, str]] = []

    def restart_clock(self) -> None:
        self._begin = self._last = time.monotonic()

    def printout(self, data: bytes) -> None:
        self._printed_bytes += len(data)
        if len(self._printed) < PRINTED:
            self._printed += data[: PRINTED - len(self._printed)]

    def frames(self, data: bytes) -> None:
        """Bytes of the frame channel; after the first that cannot be read, all is ignored."""
        if self._garbled or self._end:
            return
        self._bytes += len(data)
        try:
            if self._bytes > _TOTAL:
                raise ProtocolError("too much")
            for frame in self._reader.feed(data):
                self._frames += 1
                if self._frames > len(self._job.calls) + (_ASKS if self._answers else _EXTRA_FRAMES):
                    raise ProtocolError("too many frames")
                self._take(frame)
                if self._end:
                    break
        except ProtocolError as error:
            self._garbled = str(error)

    def _take(self, frame: Frame) -> None:
        head, kind = frame.head, frame.head["type"]
        if kind == "outcome" and self._defined and len(self._outcomes) < len(self._job.calls):
            self._outcomes.append(self._timed(unpack_outcome(frame)))
        elif kind == "ask" and self.begun and self._answers:
            if len(self._asked) >= _WAITING:
                raise ProtocolError("too many questions at once")
            self._asked.append(unpack_ask(frame))
        elif kind == "tried":
            self._tried.append(text_of(head, "what", 300))
        elif kind == "end":
            end = text_of(head, "end")
            if end not in _ENDS or (end == "finished" and len(self._outcomes) < len(self._job.calls)):
                raise ProtocolError("an end before its time")
            self._end = (end, text_of(head, "detail", 3000), raised_from_json(head.get("raised")))
        elif kind == "defined" and self.begun and not self._defined:
            self._defined = True
            self._last = time.monotonic()
        elif kind == "begun" and not self.begun:
            self.layers = layers_of(head)
            self.begun = True
        elif kind == "ready" and not self.ready:
            self.ready = True
        elif kind == "failed" and not self.ready:
            self.failed = text_of(head, "detail")
        else:
            raise ProtocolError(f"an unexpected frame ({clean(kind, 40)})")

    def replies(self) -> list[bytes | memoryview]:
        """Answers to what was asked since the last time, as the chunks to write."""
        chunks: list[bytes | memoryview] = []
        while self._asked:
            chunks += pack_outcome(self._reply(*self._asked.pop(0)))
        return chunks

    def _reply(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Outcome:
        values = [*args, *kwargs.values()]
        arrays = [value for value in values if isinstance(value, np.ndarray)]
        numbers = [value for value in values if isinstance(value, int | np.integer)]
        numbers += [array.item() for array in arrays if not array.ndim and array.dtype.kind in "iu"]
        if name not in self._answers:
            return _refusal("it is not lent to this exercise")
        # The answer is worked out in this process, so whoever asks must not be able to keep it busy. An axis of
        # length 0 makes an array empty, but not what is computed from its other axes.
        size = sum(math.prod(max(n, 1) for n in a.shape) for a in arrays)
        if time.monotonic() - self._begin > self._job.seconds:
            return _refusal("the time is up")
        if size > _ASKED_SIZE or (arrays and any(abs(int(n)) > _ASKED_NUMBER for n in numbers)):
            return _refusal(f"it takes at most {_ASKED_SIZE:,} values, and numbers up to {_ASKED_NUMBER}")
        function = partial(self._answers[name], **kwargs)
        return apply(function, Call("call", {str(i): value for i, value in enumerate(args)}), frozenset())

    def _timed(self, outcome: Outcome) -> Outcome:
        """The learner's process reports its own times; a claim far below what passed here is replaced by that."""
        now = time.monotonic()
        passed, self._last = now - self._last, now
        honest = (passed - 0.05) / 2 <= outcome.seconds <= passed
        return outcome if honest else dataclasses.replace(outcome, seconds=passed)

    def ran(self, status: int, timeout: bool = False, memory: bool = False) -> Ran:
        """The sum: `status` is the exit status, negative for a signal; `timeout` and `memory`: the parent ended it."""
        end, detail, raised = self._verdict(status, timeout, memory)
        text = codecs.decode(bytes(self._printed), "utf-8", "replace")
        return Ran(
            end, tuple(self._outcomes), clean(detail, 3000), raised, clean(text, PRINTED), self._printed_bytes,
            time.monotonic() - self._begin,
            self._defined,
        )  # fmt: skip

    def _verdict(self, status: int, timeout: bool, memory: bool) -> tuple[str, str, Raised | None]:
        done = f"after {len(self._outcomes)} of {len(self._job.calls)} cases"
        if not self.begun:
            said = self._printed.decode("utf-8", "replace").strip().rpartition("\n")[2]
            why = self.failed or said or _status(status)
            return "machine", f"the worker could not begin: {why}", None
        if self._tried:
            tried = f"your code tried something that is not allowed while it is graded: {self._tried[0]}"
            return "forbidden", tried, None
        if self._end and self._end[0] == "finished":
            return "finished", "", None
        if self._end:
            return self._end
        if memory:
            return "memory", f"it used more than the {self._job.memory / 2**20:.0f} MiB that it may use", None
        if timeout:
            where = f"case {len(self._outcomes) + 1}" if self._defined else "the code around the function"
            return "timeout", f"{where} was still running after {self._job.seconds:g} s", None
        if self._garbled:
            return "crashed", f"the process sent something unreadable {done} ({self._garbled})", None
        return "crashed", f"{_status(status)} {done}", None


def _refusal(why: str) -> Outcome:
    return Outcome({}, {}, (), Raised("RuntimeError", ("RuntimeError",), why, ()), 0.0)


def _status(status: int) -> str:
    if status >= 0:
        return f"the process ended itself with status {status} (os._exit)"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    words = {
        "SIGSEGV": "the process crashed with a segmentation fault",
        "SIGABRT": "the process crashed (abort)",
        "SIGBUS": "the process crashed with a bus error",
        "SIGFPE": "the process crashed with an arithmetic fault",
        "SIGILL": "the process crashed with an illegal instruction",
        "SIGKILL": "the process was killed, by itself or by the system for want of memory",
        "SIGXCPU": "the process used up its processor time",
    }
    return words.get(name, "the process ended") + f" ({name})"

"""The learner's process: reads one job, confines itself, runs the code, sends one frame for each outcome.

The same for a forked and a spawned child. What is sent: "begun" (with the layers), "defined" once the pieces have run,
an "outcome" for each call, at any time a "tried" for what the audit hook refused and counts, and last an "end".
"""

from __future__ import annotations

import builtins
import io
import linecache
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from . import standin
from .apply import apply
from .confine import Kernel, audit
from .drivers import load
from .execute import execute
from .job import Job, Piece, Raised
from .lending import Asker, Lent, stand_in
from .protocol import Reader, pack, pack_outcome, raised_to_json, unpack_job
from .trace import describe

_JOB_HEAD, _JOB_BODY = 1 << 28, 1 << 34
_SMALL = 1 << 16  # bytes worth copying to be written, and to wake the parent, once
_TRIED = 8  # attempts reported


class Channel:
    """Frames out, whole: a report from another thread, or from inside a send, waits for the frame to end."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()
        self._late: list[bytes] = []
        self._tried = 0

    def send(self, chunks: Sequence[bytes | memoryview]) -> None:
        if sum(map(len, chunks)) < _SMALL:
            chunks = [b"".join(chunks)]
        with self._lock:
            for chunk in chunks:
                _write(self._fd, chunk)
            while self._late:
                _write(self._fd, self._late.pop(0))

    def tried(self, what: str) -> None:
        self._tried += 1
        if self._tried > _TRIED:
            return
        frame = b"".join(pack({"type": "tried", "what": what[:300]}))
        if self._lock.acquire(blocking=False):
            try:
                _write(self._fd, frame)
            finally:
                self._lock.release()
        else:
            self._late.append(frame)


def _write(fd: int, data: bytes | memoryview, write: Callable[[int, Any], int] = os.write) -> None:
    view = memoryview(data)
    while view:
        view = view[write(fd, view[: 1 << 20]) :]


def read_job(fd: int) -> Job | None:
    """The job that the parent sends on `fd`; None when the parent went away."""
    reader = Reader(_JOB_HEAD, _JOB_BODY)
    while data := os.read(fd, 1 << 20):
        for frame in reader.feed(data):
            return unpack_job(frame)
    return None


class Stage:
    """What the learner's code will find around it, built before the fork: everything new costs more after it.

    File descriptors 0 and 1 must be what they will be (empty, a pipe) in kind, though not in fact.
    """

    def __init__(self) -> None:
        self.main = ModuleType("__main__")
        self.main.__dict__["__builtins__"] = builtins
        self.lent = Lent({}, {})
        self.course = standin.course(self.main.__dict__, lambda name: self.lent[name])
        self.refresh()
        self.input = io.TextIOWrapper(open(0, "rb", closefd=False), encoding="utf-8")
        printout = open(1, "wb", closefd=False)
        self.printout = io.TextIOWrapper(printout, "utf-8", errors="backslashreplace", line_buffering=True)

    def refresh(self) -> None:
        """Note which of the grader's modules are loaded by now."""
        self.forget = standin.grader_modules()

    def enter(self) -> None:
        sys.stdin = sys.__stdin__ = self.input  # type: ignore[misc]
        sys.stdout = sys.__stdout__ = self.printout  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self.printout  # type: ignore[misc]
        for name in self.forget:
            sys.modules.pop(name, None)
        sys.modules["autograder"] = self.course
        sys.modules["__main__"] = self.main


def run(job: Job, answers: int, out: int, kernel: Kernel, stage: Stage) -> None:
    """Confine this process and run the job; returns when all was sent.

    File descriptors 1 and 2 are the printout; on `answers` the parent answers for the stand-ins.
    """
    channel = Channel(out)
    asker = Asker(channel.send, answers)
    stand_ins = {name: stand_in(name, asker) for name in job.stand_ins}
    for call in job.calls:
        load(call.driver)
    labels = _sources(job)
    layers = kernel.apply(job.seconds, job.memory)
    channel.send(pack({"type": "begun", "layers": layers}))
    stage.enter()
    refuse = audit.install(kernel.guard, channel.tried)
    sys.meta_path.insert(0, standin.Gate(refuse, job.packages))
    stage.lent = Lent(stand_ins, {n: partial(_define, n, p, stand_ins) for n, p in job.borrowed.items()})
    stage.main.__dict__.update(stand_ins)
    try:
        _go(job, stage.main, labels, channel, stage.printout)
    except MemoryError:  # too little was left even to say so in full
        channel.send(pack({"type": "end", "end": "memory", "detail": _memory(job, None), "raised": None}))


def _go(job: Job, main: ModuleType, labels: frozenset[str], channel: Channel, printout: io.TextIOWrapper) -> None:
    def end(how: str, detail: str = "", raised: Raised | None = None) -> None:
        _flush(printout)
        channel.send(pack({"type": "end", "end": how, "detail": detail, "raised": raised_to_json(raised)}))

    try:
        execute(job.pieces, main.__dict__)
    except BaseException as error:
        raised = describe(error, labels)
        if "MemoryError" in raised.bases:
            return end("memory", _memory(job, raised), raised)
        return end("error", _failed(raised, job.pieces[-1].filename), raised)
    implementation = main.__dict__.get(job.name)
    if implementation is None:
        return end("error", f"nothing is called {job.name} once the code has run")
    if not callable(implementation):
        return end("error", f"what is called {job.name} is not a function but {_a(type(implementation).__name__)}")
    channel.send(pack({"type": "defined"}))
    for call in job.calls:
        try:
            outcome = apply(implementation, call, labels)
        except KeyboardInterrupt as error:
            raised = describe(error, labels)
            return end("error", f"it raised {raised.type}", raised)
        _flush(printout)
        if outcome.raised is not None and "MemoryError" in outcome.raised.bases:
            return end("memory", _memory(job, outcome.raised), outcome.raised)
        channel.send(pack_outcome(outcome))
    end("finished")


def _define(name: str, pieces: Sequence[Piece], stand_ins: Mapping[str, Any]) -> Any:
    """A function of the learner's from another file, in a namespace of its own."""
    namespace = {"__name__": "workbook", "__builtins__": builtins, **stand_ins}
    execute(pieces, namespace)
    return namespace[name]


def _sources(job: Job) -> frozenset[str]:
    """Make the learner's lines known to tracebacks; returns the names under which they go."""
    lines: dict[str, list[str]] = {}
    for piece in (*job.pieces, *(piece for pieces in job.borrowed.values() for piece in pieces)):
        known = lines.setdefault(piece.filename, [])
        new = piece.source.splitlines(keepends=True)
        last = piece.first_line - 1 + len(new)
        known += ["\n"] * (last - len(known))
        known[piece.first_line - 1 : last] = new
    for filename, text in lines.items():
        linecache.cache[filename] = (sum(map(len, text)), None, text, filename)
    return frozenset(lines)


def _failed(raised: Raised, filename: str) -> str:
    line = f", line {raised.trace[-1][1]}" if raised.trace else ""
    where = raised.trace[-1][0] if raised.trace else filename
    if raised.type == "SystemExit":
        return f"the code in {where}{line} ended the program (sys.exit, exit or quit)"
    return f"the code in {where}{line} raised {raised.type}: {raised.message}"


def _memory(job: Job, raised: Raised | None) -> str:
    said = f": {raised.message}" if raised and raised.message else ""
    return f"it asked for more than the {job.memory / 2**20:.0f} MiB that it may use{said}"


def _a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _flush(printout: io.TextIOWrapper) -> None:
    try:
        printout.flush()
    except Exception:
        pass  # the learner closed it; what is lost is their own printout

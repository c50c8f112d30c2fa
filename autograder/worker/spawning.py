"""The parent's end of spawned workers: a fresh process for each job, over its three standard pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from . import paths
from .drivers import load
from .intake import Intake
from .job import Job, Ran
from .protocol import pack_job

START = 120.0  # seconds that a worker may take to load its packages
_LOOK = 0.05  # seconds between looks at a running job's clock and memory
_LAST_WORDS = 2.0  # seconds to read what an ended process had written

Layers = list[tuple[str, bool, str]]
Answers = Mapping[str, Callable[..., Any]]


class Spawning:
    """Starts a process a job; `start` keeps one ready."""

    def __init__(self, packages: Sequence[str], hide: Sequence[str]) -> None:
        self._packages, self._hide = packages, hide
        self._spare: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._spare is None:
            self._spare = self._spawn()

    def run(self, job: Job, answers: Answers) -> tuple[Ran, Layers]:
        for call in job.calls:
            load(call.driver)
        chunks = pack_job(job)
        intake = Intake(job, answers)
        try:
            self.start()
        except OSError as error:
            return Ran("machine", (), f"the worker could not be started: {error}"), []
        process, self._spare = self._spare, None
        assert process is not None
        try:
            timeout, memory = _attend(process, job, chunks, intake)
        finally:
            _end(process)
        ran = intake.ran(process.returncode, timeout, memory)
        return ran, [*intake.layers, _memory_layer()] if intake.layers else []

    def close(self) -> None:
        process, self._spare = self._spare, None
        if process is not None:
            _end(process)

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            paths.command("spawn", paths.config(self._packages, self._hide)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=paths.environment(),
            cwd=os.path.abspath(os.sep) if os.name == "posix" else tempfile.gettempdir(),
            start_new_session=True,
        )


def _attend(
    process: subprocess.Popen[bytes], job: Job, chunks: list[bytes | memoryview], intake: Intake
) -> tuple[bool, bool]:
    """Feed the job, take in the answers, keep the limits; whether time or memory ended it."""
    assert process.stdin and process.stdout and process.stderr
    stdin = process.stdin
    feeder = threading.Thread(target=_feed, args=(stdin, chunks), daemon=True)

    def frames(data: bytes) -> None:
        intake.frames(data)
        if replies := intake.replies():
            _feed(stdin, replies)

    readers = [
        threading.Thread(target=_drain, args=(process.stdout, frames), daemon=True),
        threading.Thread(target=_drain, args=(process.stderr, intake.printout), daemon=True),
    ]
    for thread in (feeder, *readers):
        thread.start()
    used, base = _memory_of(process.pid), 0
    started = time.monotonic()
    deadline = None
    timeout = memory = False
    while process.poll() is None:
        now = time.monotonic()
        if deadline is None and intake.begun:
            deadline = now + job.seconds
            intake.restart_clock()
            base = used()
        if deadline is None:
            if now - started > START:
                break
        elif now > deadline:
            timeout = True
            break
        elif base and used() > base + job.memory:
            memory = True
            break
        # The frames end with the process; if its code closed them, look at the process again soon.
        readers[0].join(_LOOK if intake.begun else 0.005)
        if not readers[0].is_alive():
            try:
                process.wait(_LOOK)
            except subprocess.TimeoutExpired:
                continue
    _kill(process)
    until = time.monotonic() + _LAST_WORDS
    for thread in readers:
        thread.join(max(0.0, until - time.monotonic()))
    return timeout, memory


def _feed(pipe: IO[bytes], chunks: list[bytes | memoryview]) -> None:
    try:
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                view = view[pipe.write(view) :]
    except OSError:
        pass  # it ended before it had read its job
    # Not closed here: its closing tells the worker that the parent is gone.


def _drain(pipe: IO[bytes], sink: Callable[[bytes], None]) -> None:
    try:
        while data := pipe.read(1 << 20):
            sink(data)
    except (OSError, ValueError):
        pass


def _kill(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)  # whatever it started, too
        except (ProcessLookupError, PermissionError):
            pass
    process.kill()
    process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                pass


def _memory_of(pid: int) -> Callable[[], int]:
    """How much memory the process uses, in bytes; 0 where that cannot be said, or where the kernel keeps the limit."""
    if sys.platform.startswith("linux"):
        return lambda: 0
    try:
        import psutil

        process = psutil.Process(pid)
    except Exception:
        return lambda: 0

    def used() -> int:
        try:
            return process.memory_info().rss
        except psutil.Error:
            return 0

    return used


def _memory_layer() -> tuple[str, bool, str]:
    if sys.platform.startswith("linux"):
        return "memory", True, "kept by the kernel"
    try:
        import psutil  # noqa: F401
    except ImportError:
        return "memory", False, "psutil is not installed, so memory is not watched"
    return "memory", True, "watched from outside"

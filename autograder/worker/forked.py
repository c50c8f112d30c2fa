"""The parent's end of the zygote (Linux): start it, hand it jobs, take in what comes back."""

from __future__ import annotations

import fcntl
import json
import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from . import paths
from .drivers import load
from .intake import Intake
from .job import Job, Ran
from .protocol import pack_job

START = 120.0  # seconds that a zygote may take to load its packages
GRACE = 15.0  # beyond a job's own limit, which the zygote keeps
_CHUNK = 1 << 20
_PIPE = 1 << 20  # a pipe this large lets most jobs write without waiting
_F_SETPIPE_SZ = 1031

Layers = list[tuple[str, bool, str]]
Answers = Mapping[str, Callable[..., Any]]


class _Broken(Exception):
    """The zygote failed us; the text says how."""


class Forked:
    """One zygote and its jobs."""

    def __init__(self, packages: Sequence[str], hide: Sequence[str]) -> None:
        self._packages, self._hide = packages, hide
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._errors: IO[bytes] | None = None
        self._ready = False

    def start(self) -> None:
        if self._process is not None:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        config = paths.config(self._packages, self._hide) | {"control": theirs.fileno()}
        self._errors = tempfile.TemporaryFile()
        self._control = ours
        try:
            self._process = subprocess.Popen(
                paths.command("fork", config),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=paths.environment(),
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is ours to handle
            )
        finally:
            theirs.close()

    def run(self, job: Job, answers: Answers) -> tuple[Ran, Layers]:
        for call in job.calls:
            load(call.driver)
        chunks = pack_job(job)
        intake = Intake(job, answers)
        try:
            self._begin()
            intake.restart_clock()
            ran = self._exchange(job, chunks, intake)
        except (_Broken, OSError) as error:
            self.close()
            return Ran("machine", (), f"the worker failed: {error}"), []
        except BaseException:  # Ctrl-C above all
            self.close()
            raise
        return ran, intake.layers

    def close(self) -> None:
        """End the zygote; it ends its child."""
        process, control, errors = self._process, self._control, self._errors
        self._process = self._control = self._errors = None
        self._ready = False
        if control is not None:
            control.close()
        if process is not None:
            try:
                process.wait(2.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
        if errors is not None:
            errors.close()

    def _begin(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        self.start()
        if not self._ready:
            answer = self._answer(START)
            if "ready" not in answer:
                raise _Broken(answer.get("failed", "no answer"))
            self._ready = True

    def _answer(self, seconds: float | None) -> dict[str, object]:
        assert self._control is not None and self._errors is not None
        self._control.settimeout(seconds)
        try:
            data = self._control.recv(1 << 16)
        except TimeoutError:
            raise _Broken(f"no answer after {seconds:g} s") from None
        if not data:
            self._errors.seek(0)
            said = self._errors.read(1 << 16).decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise _Broken(f"its process ended: {said or 'it said nothing'}")
        return json.loads(data)

    def _exchange(self, job: Job, chunks: list[bytes | memoryview], intake: Intake) -> Ran:
        assert self._control is not None
        pipes = [os.pipe() for _ in range(3)]
        (job_read, job_write), (out_read, out_write), (print_read, print_write) = pipes
        open_fds = {fd for pipe in pipes for fd in pipe}

        def close(*fds: int) -> None:
            for fd in fds:
                open_fds.discard(fd)
                os.close(fd)

        try:
            for fd in (job_write, out_read, print_read):
                os.set_blocking(fd, False)
                try:
                    fcntl.fcntl(fd, _F_SETPIPE_SZ, _PIPE)
                except OSError:
                    pass  # past the user's share of pipe memory: slower, no more
            size = sum(map(len, chunks))
            request = {"drivers": sorted({call.driver for call in job.calls}), "seconds": job.seconds}
            socket.send_fds(self._control, [json.dumps(request).encode()], [job_read, out_write, print_write])
            close(job_read, out_write, print_write)

            control = self._control.fileno()
            sinks = {out_read: intake.frames, print_read: intake.printout}
            left = [memoryview(chunk) for chunk in chunks] if size > _CHUNK else [memoryview(b"".join(chunks))]
            poll = select.poll()
            for fd in (control, out_read, print_read):
                poll.register(fd, select.POLLIN)
            poll.register(job_write, select.POLLOUT)
            deadline = time.monotonic() + job.seconds + GRACE
            while True:
                events = dict(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
                if not events:
                    raise _Broken("the job's time is up and its keeper did not end it")
                if job_write in events and _push(job_write, left):
                    poll.unregister(job_write)
                    if not job.stand_ins:
                        close(job_write)
                for fd in events.keys() & sinks.keys():
                    data = _pull(fd)
                    if data:
                        sinks[fd](data)
                    elif data is not None:  # closed: by its end, or by the learner's code
                        poll.unregister(fd)
                        del sinks[fd]
                if replies := intake.replies():
                    left += map(memoryview, replies)
                    poll.register(job_write, select.POLLOUT)
                if control in events:
                    break
            answer = self._answer(GRACE)
            for fd, sink in sinks.items():  # what it had written before it ended
                while data := _pull(fd):
                    sink(data)
        finally:
            for fd in open_fds:
                os.close(fd)
        if "failed" in answer:
            raise _Broken(str(answer["failed"]))
        return intake.ran(int(answer["status"]), bool(answer["timeout"]))  # type: ignore[call-overload]


def _push(fd: int, left: list[memoryview]) -> bool:
    """Write what fits; whether all is written, or nobody reads any more."""
    while left:
        try:
            written = os.write(fd, left[0][:_CHUNK])
        except BlockingIOError:
            return False
        except BrokenPipeError:
            return True
        left[0] = left[0][written:]
        if not left[0]:
            left.pop(0)
    return True


def _pull(fd: int) -> bytes | None:
    """What there is to read: empty at the end, None when there is nothing yet."""
    try:
        return os.read(fd, _CHUNK)
    except BlockingIOError:
        return None

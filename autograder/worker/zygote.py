"""The fork server (Linux): one warm Python that forks a child for each job, ends it in time and says how it ended.

It talks to the parent over one sequenced-packet socket. A request is `{"drivers", "seconds"}` with three descriptors:
the job to read, the frames to write, the printout. The answer is `{"status", "timeout"}` or `{"failed"}`. The job
itself never enters this process, so that nothing of one learner is there when the next is forked.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
import time
from typing import Any

from . import child, warm
from .confine import Kernel
from .drivers import load

_JOB, _OUT = 3, 4  # descriptors in the child, which has no control socket


def serve(config: dict[str, Any]) -> None:
    """Fork children until the parent goes away."""
    control = socket.socket(fileno=config["control"])
    parent = _pidfd(os.getppid())
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        warm.load(config["packages"])
        load("call")
        kernel = Kernel(config["readable"], config["hidden"])
        kernel.adopt_orphans()
        stage = _stage()
        warm.freeze()
    except Exception as error:
        control.send(json.dumps({"failed": f"{type(error).__name__}: {error}"[:2000]}).encode())
        return
    control.send(b'{"ready": true}')
    while True:
        _wait([control.fileno(), parent])
        request, fds, *_ = socket.recv_fds(control, 1 << 16, 3)
        if not request:
            return
        answer = _job(control, parent, json.loads(request), fds, kernel, stage)
        if answer is None:
            return
        control.send(json.dumps(answer).encode())


def _stage() -> child.Stage:
    """The stage, with a pipe in the place of the printout while it is built."""
    read, write = os.pipe()
    null = os.dup(1)
    os.dup2(write, 1)
    stage = child.Stage()
    os.dup2(null, 1)
    for fd in (read, write, null):
        os.close(fd)
    return stage


def _job(
    control: socket.socket,
    parent: int,
    request: dict[str, Any],
    fds: list[int],
    kernel: Kernel,
    stage: child.Stage,
) -> dict[str, Any] | None:
    """Fork, wait, reap. None when the parent went away meanwhile."""
    try:
        for driver in request["drivers"]:
            load(driver)
        stage.refresh()
        kernel.measure()
        pid = os.fork()
    except Exception as error:
        for fd in fds:
            os.close(fd)
        return {"failed": f"{type(error).__name__}: {error}"[:2000]}
    if pid == 0:
        status = 70
        try:
            _child(fds, kernel, stage)
            status = 0
        except BaseException as error:  # before the learner's code ran, our fault: the parent shows it
            os.write(2, repr(error).encode("utf-8", "replace"))
        finally:
            os._exit(status)
    for fd in fds:
        os.close(fd)
    deadline = time.monotonic() + request["seconds"]
    ended, gone, status = False, False, 0
    pidfd = _pidfd(pid)
    try:
        while not ended and not gone and (left := deadline - time.monotonic()) > 0:
            # Without pidfd the child's end wakes nobody: look every few milliseconds.
            ready = _wait([pidfd, control.fileno(), parent], left if pidfd >= 0 else min(left, 0.005))
            ended, status = _reaped(pid)
            gone = control.fileno() in ready or parent in ready  # the parent sends nothing during a job
    finally:
        if pidfd >= 0:
            os.close(pidfd)
    timeout = not ended
    if not ended:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    _sweep()
    return None if gone else {"status": os.waitstatus_to_exitcode(status), "timeout": timeout}


def _child(fds: list[int], kernel: Kernel, stage: child.Stage) -> None:
    kernel.die_with_parent()
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    job, out, printout = (fcntl.fcntl(fd, fcntl.F_DUPFD, 64) for fd in fds)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (printout, 1), (printout, 2), (job, _JOB), (out, _OUT)):
        os.dup2(source, target)
    kernel.close_all(_OUT + 1)
    todo = child.read_job(_JOB)
    if todo is not None:
        child.run(todo, _JOB, _OUT, kernel, stage)


def _reaped(pid: int) -> tuple[bool, int]:
    found, status = os.waitpid(pid, os.WNOHANG)
    return found == pid, status


def _sweep() -> None:
    """End what the child left behind. With seccomp there is nothing; without it, orphans come to this process."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        try:
            with open("/proc/thread-self/children") as f:
                pids = [int(pid) for pid in f.read().split()]
        except OSError:
            return
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


def _wait(fds: list[int], seconds: float | None = None) -> set[int]:
    poll = select.poll()
    for fd in fds:
        if fd >= 0:
            poll.register(fd, select.POLLIN)
    return {fd for fd, _ in poll.poll(None if seconds is None else seconds * 1000)}

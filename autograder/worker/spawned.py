"""A worker for one job, started afresh (macOS, Windows, and wherever forking is unsafe).

Standard input carries the job, standard output the frames, standard error the printout. It says "ready" once everything
is loaded, so that loading does not count against the job's time.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from . import child, warm
from .confine import Kernel
from .drivers import load
from .protocol import pack


def serve(config: dict[str, Any]) -> None:
    """Do one job and return."""
    if sys.platform == "win32":
        import msvcrt

        for fd in (0, 1):
            msvcrt.setmode(fd, os.O_BINARY)
    job, out = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    channel = child.Channel(out)
    try:
        kernel = Kernel(config["readable"], config["hidden"])
        kernel.die_with_parent()
        warm.load(config["packages"])
        load("call")
        kernel.measure()
    except Exception as error:
        channel.send(pack({"type": "failed", "detail": f"{type(error).__name__}: {error}"[:500]}))
        return
    channel.send(pack({"type": "ready"}))
    todo = child.read_job(job)
    if todo is None:
        return
    # On Linux the kernel ends this process with the parent. Elsewhere somebody has to notice that its end of the pipe
    # has closed: whoever waits for an answer, or else a thread that waits for nothing.
    if not sys.platform.startswith("linux") and not todo.stand_ins:
        threading.Thread(target=_end_with_parent, args=(job,), daemon=True).start()
    child.run(todo, job, out, kernel, child.Stage())


def _end_with_parent(job: int) -> None:
    while os.read(job, 1 << 12):  # the parent sends nothing more: this waits until its end of the pipe closes
        pass
    os._exit(71)

"""Functions that the job's code uses without defining them: the learner's own from other files, and stand-ins.

A stand-in is asked across the process boundary: the arguments go to the parent, the result comes back, and no line of
the course's code is ever in this process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .job import Outcome
from .protocol import Reader, pack_ask, unpack_outcome

Send = Callable[[Sequence[bytes | memoryview]], None]


class Asker:
    """Sends questions out and reads the answers; one at a time."""

    def __init__(self, send: Send, fd: int, read: Callable[[int, int], bytes] = os.read) -> None:
        self._send, self._fd, self._read = send, fd, read
        self._reader = Reader()
        self._lock = threading.Lock()

    def ask(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Outcome:
        chunks = pack_ask(name, args, kwargs)
        with self._lock:
            self._send(chunks)
            while data := self._read(self._fd, 1 << 20):
                for frame in self._reader.feed(data):
                    return unpack_outcome(frame)
        raise EOFError("the grader has gone")


def stand_in(name: str, asker: Asker) -> Callable[..., Any]:
    """The course's version of a function, from afar."""

    def function(*args: Any, **kwargs: Any) -> Any:
        try:
            outcome = asker.ask(name, args, kwargs)
        except TypeError as error:
            raise TypeError(f"{name} (the course's, in place of yours): {error}") from None
        if outcome.raised is not None:
            kind = ValueError if outcome.raised.type == "ValueError" else RuntimeError
            raise kind(f"{name} (the course's, in place of yours): {outcome.raised.message}")
        value = outcome.arrays["out"]
        return value if outcome.kinds["out"] == "array" else value[()].item()

    function.__name__ = function.__qualname__ = name
    return function


class Lent(dict[str, Callable[..., Any]]):
    """Name -> function. What the learner wrote in another file is run at the first request for it."""

    def __init__(self, stand_ins: Mapping[str, Callable[..., Any]], define: Mapping[str, Callable[[], Any]]) -> None:
        super().__init__(stand_ins)
        self._define = dict(define)

    def __missing__(self, name: str) -> Callable[..., Any]:
        if name not in self._define:
            raise LookupError(f"{name} is not in this submission")
        self[name] = self._define[name]()
        return self[name]

"""An exception -> text: its class, message and the learner's own frames."""

from __future__ import annotations

import builtins
import functools
import linecache
import os
import sys
import sysconfig
from collections.abc import Collection
from types import TracebackType

from .job import Raised
from .text import clean

# By identity, and noted before any learner's code: a class of theirs that is called ValueError is not ValueError.
_PYTHONS = frozenset(id(c) for c in vars(builtins).values() if isinstance(c, type))
_FIRST, _LAST = 6, 18  # frames kept from each end of a long trace (runaway recursion)


def describe(error: BaseException, labels: Collection[str] | None = None) -> Raised:
    """`error` as a Raised, with the frames whose filename is one of `labels`.

    With `labels` None (in the learner's own kernel) the frames outside Python, its packages and the grader.
    Runs none of the learner's code but the exception's `__str__`.
    """
    classes = type.__dict__["__mro__"].__get__(type(error))[:20]
    bases = tuple(
        clean(class_name(c), 70) if id(c) in _PYTHONS else f"other {clean(class_name(c), 70)}" for c in classes
    )
    try:
        message = clean(str(error))
    except BaseException:
        message = "(its message could not be read)"
    trace = _frames(error.__traceback__, labels)
    if isinstance(error, SyntaxError):
        trace += _syntax(error, labels)
    return Raised(clean(class_name(classes[0]), 80), bases, message, trace)


def class_name(cls: type) -> str:
    """The class's own name, whatever its metaclass claims."""
    return type.__dict__["__name__"].__get__(cls)


def _frames(tb: TracebackType | None, labels: Collection[str] | None) -> tuple[tuple[str, int, str], ...]:
    kept = []
    while tb is not None:
        filename = tb.tb_frame.f_code.co_filename
        if _learners(filename, labels) and tb.tb_lineno is not None:
            kept.append((filename, tb.tb_lineno))
        tb = tb.tb_next
    if len(kept) > _FIRST + _LAST:
        kept = kept[:_FIRST] + kept[-_LAST:]
    return tuple((clean(f, 200), line, clean(linecache.getline(f, line).strip(), 200)) for f, line in kept)


def _syntax(error: SyntaxError, labels: Collection[str] | None) -> tuple[tuple[str, int, str], ...]:
    filename, line = error.filename, error.lineno
    if type(filename) is not str or type(line) is not int or not _learners(filename, labels):
        return ()
    text = linecache.getline(filename, line) or (error.text if type(error.text) is str else "")
    return ((clean(filename, 200), line, clean(text.strip(), 200)),)


def _learners(filename: str, labels: Collection[str] | None) -> bool:
    if labels is not None:
        return filename in labels
    if filename.startswith("<"):
        return filename.startswith(("<ipython", "<stdin", "<string"))
    return not os.path.abspath(filename).startswith(_packages())


@functools.cache
def _packages() -> tuple[str, ...]:
    grader = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    where = {grader, os.path.join(os.path.dirname(grader), "solutions")}
    where |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    where |= {path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")}
    return tuple(os.path.abspath(path) + os.sep for path in where if path)

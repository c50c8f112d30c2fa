"""Run a learner's statements, in the worker and in the learner's own kernel."""

from __future__ import annotations
import __future__ as future

from collections.abc import Sequence
from typing import Any

from .job import Piece

_FUTURE = 0
for _name in future.all_feature_names:
    _FUTURE |= getattr(future, _name).compiler_flag


def execute(pieces: Sequence[Piece], namespace: dict[str, Any]) -> None:
    """Run the pieces in order; `from __future__` in one holds for those after it, as in the learner's file."""
    flags = 0
    for piece in pieces:
        # Leading newlines put the piece on its own lines, in tracebacks and syntax errors alike.
        source = "\n" * (piece.first_line - 1) + piece.source
        code = compile(source, piece.filename, "exec", flags, dont_inherit=True)
        flags |= code.co_flags & _FUTURE
        exec(code, namespace)

"""Jobs for the tests of the worker."""

import sys
import textwrap

from autograder.worker.job import Call, Job, Piece

LINUX = sys.platform.startswith("linux")


def job(source: str, *inputs: tuple, name: str = "f", seconds: float = 5.0, **others) -> Job:
    calls = tuple(Call("call", {f"x{i}": value for i, value in enumerate(values)}) for values in inputs or [()])
    return Job(name, (Piece(textwrap.dedent(source), "answers.py", 1),), calls, seconds=seconds, **others)

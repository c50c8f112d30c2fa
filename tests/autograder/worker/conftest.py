"""Real workers, one of each kind for the whole session."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator

import pytest

from autograder.worker.client import Worker
from autograder.worker.job import Call, Job, Piece, Ran

LINUX = sys.platform.startswith("linux")


@pytest.fixture(scope="session")
def forked() -> Iterator[Worker]:
    if not LINUX:
        pytest.skip("forked workers are for Linux")
    with Worker(how="fork") as worker:
        yield worker


@pytest.fixture(scope="session")
def spawned() -> Iterator[Worker]:
    with Worker(how="spawn") as worker:
        yield worker


@pytest.fixture(scope="session", params=["fork", "spawn"])
def worker(request: pytest.FixtureRequest) -> Worker:
    return request.getfixturevalue({"fork": "forked", "spawn": "spawned"}[request.param])


@pytest.fixture(scope="session")
def run(worker: Worker) -> Callable[..., Ran]:
    """run(source, *inputs): the function f of the source, called once with each tuple of inputs."""
    return lambda source, *inputs, **limits: worker.run(job(source, *inputs, **limits))


def job(source: str, *inputs: tuple, name: str = "f", seconds: float = 5.0, **others) -> Job:
    calls = tuple(Call("call", {f"x{i}": value for i, value in enumerate(values)}) for values in inputs or [()])
    return Job(name, (Piece(textwrap.dedent(source), "answers.py", 1),), calls, seconds=seconds, **others)

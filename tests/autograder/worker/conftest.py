"""Real workers, one of each kind for the whole session."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from jobs import LINUX, job

from autograder.worker.client import Worker
from autograder.worker.job import Ran


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

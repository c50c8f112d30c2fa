"""The words that exercises are written in."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVELS = {1: "warm-up", 2: "core", 3: "challenge"}


@dataclass(frozen=True)
class Case:
    """One set of inputs, before anybody's code has seen them.

    ``inputs`` are in argument order; an implementation gets copies that lie in memory as they do. ``terms`` is the
    length of the longest sum behind one output value: rounding errors grow with it.
    """

    label: str
    inputs: Mapping[str, Any]
    terms: int = 1
    driver: str = "call"


@dataclass(frozen=True)
class Mistake:
    """A wrong implementation that learners really write, and what a good tutor would say about it."""

    id: str
    wrong: Callable[..., Any]
    says: str


@dataclass(frozen=True)
class Exercise:
    """One graded function.

    ``result`` is what the function returns: "array", "float" or "int". ``magnitude`` takes the same arguments and
    returns the size of the sums inside, on which the tolerance is based; left out, it is the reference applied to
    the absolute values of the array arguments, which is right wherever the reference only adds and multiplies.
    """

    reference: Callable[..., Any]
    level: int
    points: int
    minutes: int
    cases: Callable[[np.random.Generator], Iterable[Case]]
    hints: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    result: str = "array"
    magnitude: Callable[..., Any] | None = None
    packages: tuple[str, ...] = ("numpy",)
    seconds: float = 10.0
    memory: int = 1 << 30

    @property
    def name(self) -> str:
        return self.reference.__name__

    @property
    def topic(self) -> str:
        return self.reference.__module__.rpartition(".")[2]

    @property
    def signature(self) -> str:
        return f"{self.name}{inspect.signature(self.reference)}"

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.reference) or "").partition("\n")[0]

    @property
    def kind(self) -> str:
        return LEVELS[self.level]

    def size(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Elementwise size of the sums behind the result; see the class."""
        if self.magnitude is not None:
            return np.asarray(self.magnitude(*inputs.values()))
        values = (np.abs(v) if isinstance(v, np.ndarray) else v for v in inputs.values())
        return np.abs(np.asarray(self.reference(*values)))

"""What the learner's code finds in place of the course: names that do nothing, and a gate in front of the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# The notebooks import these for their figures. Nobody looks at a figure here, and loading Matplotlib takes longer
# than the whole job, so they do nothing unless the job asked for the real package.
SHOWING = ("matplotlib", "figures", "IPython", "ipywidgets")
COURSE = ("solutions", "autograder")
# These load C libraries by ctypes, which is refused once the learner's code runs: they come before it, or not at all.
EARLY = ("torch", "numba", "jax", "tensorflow", "cupy")


class Nothing:
    """Stands for anything that shows something: can be called, asked and iterated, and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> Nothing:
        return self

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Nothing:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iter__(self) -> Any:
        return iter((self, self))  # fig, ax = plt.subplots()

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *exception: Any) -> None:
        pass


class _Showing(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()


class Gate:
    """First of the import finders: the course's modules are refused, the showing ones replaced.

    Also their loader.
    """

    def __init__(self, refuse: Callable[[str], None], real: Sequence[str]) -> None:
        self._refuse = refuse
        loaded = {name.partition(".")[0] for name in real}
        self._shown, self._absent = frozenset(SHOWING) - loaded, frozenset(EARLY) - loaded

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        top = name.partition(".")[0]
        if top in COURSE:
            self._refuse(f"importing {name}")
        if top in self._absent:
            raise ModuleNotFoundError(f"{top} is not there while this exercise is graded", name=name)
        if top in self._shown:
            return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Showing(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def course(defined: Mapping[str, Any], lent: Callable[[str], Any]) -> ModuleType:
    """The module `autograder` as the learner's code sees it.

    `defined` are the globals of that code; `lent` gives what `mine` is asked for, or raises LookupError.
    """
    module = ModuleType("autograder", "Stands in for the autograder while your code is graded.")

    def check(implementation: Any, *args: Any, **kwargs: Any) -> Any:
        return implementation

    def mine(name: str) -> Any:
        try:
            return lent(name)
        except LookupError:
            if defined.get(name) is None:
                raise
            return defined[name]

    def hint(*args: Any, **kwargs: Any) -> None:
        return None

    def solution(*args: Any, **kwargs: Any) -> None:
        return None

    def predict(*args: Any, **kwargs: Any) -> None:
        return None

    for function in (check, mine, hint, solution, predict):
        function.__module__ = "autograder"
        setattr(module, function.__name__, function)
    module.__path__ = []  # a package, so that importing a submodule reaches the gate
    return module


def grader_modules() -> list[str]:
    """The modules of the course that this process has loaded, to be forgotten before the learner's code runs."""
    return [name for name in sys.modules if name.partition(".")[0] in COURSE]

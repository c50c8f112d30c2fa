"""Grades the exercises of the course, in a notebook and on the command line.

What a notebook imports: `check`, `hint`, `solution`, `mine`, `predict`. Importing the package loads nothing else.
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["check", "hint", "mine", "predict", "solution"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'autograder' has no attribute {name!r}; it offers {', '.join(__all__)}")
    from autograder import interactive

    return getattr(interactive, name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

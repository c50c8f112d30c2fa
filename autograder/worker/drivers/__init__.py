"""Drivers: each module here has `run(implementation, inputs) -> dict` and names the outputs of one way to
apply code.

`call` calls a function. A driver knows no exercise and no reference; the same one runs the learner's code
and ours.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any


@functools.cache
def load(name: str) -> Callable[[Callable[..., Any], Mapping[str, Any]], dict[str, Any]]:
    """The `run` of the driver module `name`; ValueError when there is none."""
    if not (isinstance(name, str) and name.isidentifier() and not name.startswith("_")):
        raise ValueError(f"a driver's name is a module's name, not {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise ValueError(f"there is no driver {name!r} in autograder/worker/drivers") from None
    return module.run

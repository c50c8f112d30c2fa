"""Call a function: the inputs are its positional arguments, in order; its result is the output `out`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def run(implementation: Callable[..., Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"out": implementation(*inputs.values())}

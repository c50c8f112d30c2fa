"""Random inputs from which the cases of the chapters are made."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def normal(rng: np.random.Generator, *shape: int, dtype=np.float64, scale: float = 1.0) -> np.ndarray:
    """Independent normal numbers of both signs."""
    return (scale * rng.standard_normal(shape)).astype(dtype)


def small_integers(rng: np.random.Generator, *shape: int, low: int = -4, high: int = 5) -> np.ndarray:
    """Whole numbers as float64, different in every entry where there are enough: a case that can be read by eye."""
    count = int(np.prod(shape))
    pool = np.arange(low, high)
    values = rng.permutation(pool)[:count] if count <= pool.size else rng.integers(low, high, count)
    return values.reshape(shape).astype(np.float64)


def laid_out(inputs: Mapping[str, Any], layout: str) -> dict[str, Any]:
    """The same inputs with their arrays laid out otherwise in memory.

    "contiguous" is NumPy's usual order; "strided" takes every second element of a larger array, whose axes are in
    reverse order for every other input, so that no two lie alike; "read-only" cannot be written to.
    """
    arrays = [name for name, value in inputs.items() if isinstance(value, np.ndarray)]
    place = _LAYOUTS[layout]
    return {name: place(v, arrays.index(name)) if name in arrays else v for name, v in inputs.items()}


def _contiguous(array: np.ndarray, index: int) -> np.ndarray:
    return array


def _strided(array: np.ndarray, index: int) -> np.ndarray:
    turn = np.transpose if index % 2 == 0 else np.asarray
    wide = turn(np.zeros([2 * n for n in turn(array).shape], array.dtype))
    view = wide[(slice(None, None, 2),) * array.ndim]
    view[...] = array
    return view


def _read_only(array: np.ndarray, index: int) -> np.ndarray:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


_LAYOUTS = {"contiguous": _contiguous, "strided": _strided, "read-only": _read_only}

"""Load what jobs will need, before any learner's code is there, and make later imports work when confined."""

from __future__ import annotations

import builtins
import gc
import importlib
import linecache  # noqa: F401  (used by traces in the child)
import site
import sys
from collections.abc import Sequence

# Standard modules that a learner's file is likely to import, and what NumPy otherwise loads at first use.
_COMMON = ("collections.abc", "ctypes", "dataclasses", "functools", "itertools", "math", "random", "time",
           "typing", "typing_extensions", "warnings", "traceback", "inspect", "abc", "enum", "copy",
           "operator", "statistics")  # fmt: skip
_OF_NUMPY = ("numpy.fft", "numpy.linalg", "numpy.random", "numpy.lib.stride_tricks", "numpy.typing")


def load(packages: Sequence[str]) -> None:
    """Raises ImportError when a package of the job is missing."""
    for name in packages:
        importlib.import_module(name)
    for name in _COMMON + _OF_NUMPY:
        try:
            importlib.import_module(name)
        except ImportError:
            pass
    # What `site` would have added: exit and quit, which learners' files do call.
    site.setquit()
    site.sethelper()
    builtins.credits = builtins.license = builtins.copyright = ""  # type: ignore[attr-defined,assignment]
    _list_folders()


def freeze() -> None:
    """Keep what is here out of the child's collections, which would copy every page they touch."""
    gc.collect()
    gc.freeze()


def _list_folders() -> None:
    """Let the import finders list their folders now: with the course inside one, they cannot later."""
    for entry in sys.path:
        finder = sys.path_importer_cache.get(entry)
        for hook in sys.path_hooks if finder is None else ():
            try:
                finder = sys.path_importer_cache[entry] = hook(entry)
                break
            except ImportError:
                continue
        if finder is not None:
            finder.find_spec("a_name_that_no_module_has")

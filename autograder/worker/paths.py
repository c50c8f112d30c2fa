"""What the learner's process may import and read, and what must stay out of its reach."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from typing import Any

PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # autograder/
ROOT = os.path.dirname(PACKAGE)  # the checkout, or site-packages
_COURSE = (
    "autograder",
    "solutions",
    "chapters",
    "workbook",
    "tests",
    "benchmarks",
    "figures",
    "book",
    ".git",
)

# Where Linux keeps what a library may load or read later: shared objects, time zones, the number of
# processors.
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime",
           "/usr/share/zoneinfo", "/dev/urandom", "/dev/random", "/dev/zero",
           "/sys/devices/system/cpu")  # fmt: skip

# A learner's process sees no other variable: a grader's environment may hold tokens.
_KEPT = {"PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
           "DYLD_FALLBACK_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "TMPDIR",
           "NUMBER_OF_PROCESSORS"}  # fmt: skip
_KEPT_PREFIXES = ("LC_", "OPENBLAS_", "MKL_", "OMP_", "KMP_", "NUMBA_", "CUDA_")
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def environment() -> dict[str, str]:
    """The worker's environment: one thread for numerical libraries, nothing private."""
    kept = {k: v for k, v in os.environ.items() if k.upper() in _KEPT or k.upper().startswith(_KEPT_PREFIXES)}
    return kept | dict.fromkeys(_THREADS, "1") | {"PYTHONIOENCODING": "utf-8"}


def command(how: str, config: Mapping[str, Any]) -> list[str]:
    """How a worker's Python is started; `how` is "fork" for the fork server, "spawn" for a single job."""
    boot = os.path.join(PACKAGE, "worker", "boot.py")
    return [sys.executable, "-I", "-S", boot, how, json.dumps(config)]


def config(packages: Sequence[str], hide: Sequence[str] = ()) -> dict[str, Any]:
    """What the worker's Python is told at its start."""
    path = import_path(packages)
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    readable = {os.path.join(prefix, lib) for prefix in prefixes for lib in ("lib", "lib64", "Lib", "DLLs")}
    readable |= {*_SYSTEM, *path, *(os.path.realpath(entry) for entry in path)}
    hidden = [os.path.join(ROOT, name) for name in _COURSE] + [os.path.abspath(os.fspath(p)) for p in hide]
    return {
        "package": PACKAGE,
        "packages": list(packages),
        "path": path,
        "prefix": sys.prefix,
        "exec_prefix": sys.exec_prefix,
        "readable": sorted(readable),
        "hidden": [path for path in hidden if os.path.exists(path)],
    }


def import_path(packages: Sequence[str]) -> list[str]:
    """The parent's import path without the course: Python itself, site-packages, and wherever `packages` lie.

    A checkout's root never stays on it; site-packages does, though a wheel puts the course there.
    """
    stdlib = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    wanted = {os.path.realpath(place) for name in packages if (place := _place(name))}
    kept = []
    for entry in sys.path:
        real = os.path.realpath(entry or os.curdir)
        base = os.path.basename(real)
        of_python = any(real == lib or os.path.dirname(real) == lib for lib in stdlib) or base.endswith(".zip")
        if base in ("site-packages", "dist-packages") or of_python or (real in wanted and real != ROOT):
            kept.append(os.path.abspath(entry or os.curdir))
    return list(dict.fromkeys(kept))


def _place(package: str) -> str | None:
    """The folder from which `package` is imported, without importing it."""
    top = package.partition(".")[0]
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.origin:
        return None
    return os.path.dirname(os.path.dirname(spec.origin) if spec.submodule_search_locations else spec.origin)

"""Resource limits: memory, processor time, no file contents, no core files, few descriptors."""

from __future__ import annotations

import sys

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


def available() -> tuple[bool, str]:
    if resource is None:
        return False, "this system has no resource limits; memory is watched from outside with psutil"
    if not sys.platform.startswith("linux"):
        return True, "processor time and files; memory is watched from outside with psutil"
    return True, "memory, processor time, files"


def mapped() -> int:
    """Bytes of address space that this process has; 0 where nobody says."""
    try:
        with open("/proc/self/statm", "rb") as f:
            return int(f.read().split()[0]) * resource.getpagesize()
    except (OSError, AttributeError):
        return 0


def apply(seconds: float, space: int) -> None:
    """Limit this process: `space` bytes of address space in all (Linux), `seconds` of processor time."""
    if resource is None:
        return
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_FSIZE, 0)
    _set(resource.RLIMIT_NOFILE, 128)
    # Only a backstop for a process that lost its keeper: the wall limit ends a job long before.
    _set(resource.RLIMIT_CPU, int(seconds) + 10)
    if sys.platform.startswith("linux"):
        _set(resource.RLIMIT_AS, space)


def _set(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))

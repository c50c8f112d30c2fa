"""Linux: no new privileges, no capabilities (a grader may run as root), death with the keeper."""

from __future__ import annotations

import ctypes
import signal
import sys

_PDEATHSIG, _SUBREAPER, _NO_NEW_PRIVS = 1, 36, 38
_CAPSET = {"x86_64": 126, "aarch64": 91}
_VERSION_3 = 0x20080522
_HEADER, _NONE = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()


def available() -> tuple[bool, str]:
    if not sys.platform.startswith("linux"):
        return False, "only Linux has no_new_privs"
    return True, "no new privileges, no capabilities"


def die_with_parent(libc: ctypes.CDLL) -> None:
    libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans(libc: ctypes.CDLL) -> None:
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)


def apply(libc: ctypes.CDLL, machine: str) -> None:
    """Raises OSError when the kernel refuses."""
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    if machine in _CAPSET:
        if libc.syscall(_CAPSET[machine], _HEADER, _NONE):
            raise OSError(ctypes.get_errno(), "capset")

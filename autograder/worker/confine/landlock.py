"""Landlock (Linux 5.13+): read below what Python needs, write nowhere, no TCP, no signals to others.

The ruleset is built once and applied in each child. `grants` walks around whatever must stay hidden. Kernel
documentation: Documentation/userspace-api/landlock.rst.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable, Iterator

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every architecture

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}  # by ABI; from 5 on:
_RIGHTS_5 = (1 << 16) - 1
_NET = 0b11  # bind and connect over TCP, ABI 4
_SCOPED = 0b11  # abstract sockets and signals, ABI 6


def abi(libc: ctypes.CDLL) -> int:
    """The kernel's Landlock version; 0 where there is none."""
    return max(0, libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1))


def available(libc: ctypes.CDLL | None) -> tuple[bool, str]:
    if libc is None or not sys.platform.startswith("linux"):
        return False, "only Linux has Landlock"
    version = abi(libc)
    if not version:
        return False, "this kernel has no Landlock, or it is not enabled"
    lacks = "".join(
        f"; ABI {version} cannot close {what}"
        for needed, what in ((3, "truncation"), (4, "TCP"), (6, "signals to others"))
        if version < needed
    )
    return True, f"Landlock ABI {version}{lacks}"


def grants(readable: Iterable[str], hidden: Iterable[str]) -> Iterator[str]:
    """The paths to allow so that everything below `readable` can be read but nothing below `hidden`.

    A directory that holds a hidden one is granted child by child; it cannot then be listed itself.
    """
    closed = [os.path.realpath(path) for path in hidden]
    waiting = [os.path.realpath(path) for path in readable]
    while waiting:
        path = waiting.pop()
        if any(_inside(path, shut) for shut in closed):
            continue
        if not any(_inside(shut, path) for shut in closed):
            yield path
        elif os.path.isdir(path):
            try:
                # A link could lead back in: only what really lies here is granted with its directory.
                waiting += [entry.path for entry in os.scandir(path) if not entry.is_symlink()]
            except OSError:
                continue


def _inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)


def ruleset(libc: ctypes.CDLL, readable: Iterable[str], hidden: Iterable[str]) -> int:
    """The descriptor of a ruleset for `restrict`; OSError when the kernel refuses."""
    version = abi(libc)
    if not version:
        raise OSError("this kernel has no Landlock")
    rights = _RIGHTS.get(version, _RIGHTS_5)
    fields = [rights]
    if version >= 4:
        fields.append(_NET)
    if version >= 6:
        fields.append(_SCOPED)
    attributes = (ctypes.c_uint64 * len(fields))(*fields)
    made = libc.syscall(_CREATE, attributes, ctypes.c_size_t(ctypes.sizeof(attributes)), 0)
    if made < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    for path in grants(readable, hidden):
        _allow(libc, made, path, _READ_FILE | _READ_DIR | _EXECUTE)
    _allow(libc, made, os.devnull, _READ_FILE | _WRITE_FILE)
    return made


def _allow(libc: ctypes.CDLL, made: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not there, so nothing to allow
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= ~_READ_DIR
        rule = rights.to_bytes(8, sys.byteorder) + fd.to_bytes(4, sys.byteorder)  # packed, 12 bytes
        if libc.syscall(_ADD, made, 1, ctypes.c_char_p(rule), 0):
            raise OSError(ctypes.get_errno(), "landlock_add_rule", path)
    finally:
        os.close(fd)


def restrict(libc: ctypes.CDLL, made: int) -> None:
    """Confine this thread and what it starts, for good. Needs no_new_privs."""
    if libc.syscall(_RESTRICT, made, 0):
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")

"""seccomp (Linux): system calls that reach beyond the process are refused with EPERM.

A deny list, because NumPy, PyTorch and their threads use a wide and changing set of harmless calls; what the
list does not know, because it is newer, gets ENOSYS. Written as classic BPF by hand: no library is needed
for it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

# name: (x86_64, aarch64), as in the kernel's unistd headers; None where the architecture has no such call
_DENIED = {
    # the network and other processes' queues
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "accept": (43, 202),
    "accept4": (288, 242), "bind": (49, 200), "listen": (50, 201), "sendto": (44, 206),
    "sendmsg": (46, 211), "sendmmsg": (307, 269), "recvfrom": (45, 207), "recvmsg": (47, 212),
    "recvmmsg": (299, 243), "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    # new programs and processes (clone and clone3 are below)
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "setpriority": (141, 140), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274), "ioprio_set": (251, 30),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "setpgid": (109, 154), "setsid": (112, 157),
    # the limits set here, identity, privileges
    "setrlimit": (160, 164), "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145),
    "setregid": (114, 143), "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159),
    "setfsuid": (122, 151), "setfsgid": (123, 152), "capset": (126, 91), "personality": (135, 92),
    # files: Landlock refuses most of these too, but not modes, owners, times and attributes
    "creat": (85, None), "truncate": (76, 45), "rename": (82, None), "renameat": (264, 38),
    "renameat2": (316, 276), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None),
    "link": (86, None), "linkat": (265, 37), "unlink": (87, None), "unlinkat": (263, 35),
    "symlink": (88, None), "symlinkat": (266, 36), "mknod": (133, None), "mknodat": (259, 33),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "fanotify_init": (300, 262), "copy_file_range": (326, 285), "sync": (162, 81), "syncfs": (306, 267),
    # the system
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "bpf": (321, 280), "perf_event_open": (298, 241), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "io_setup": (206, 0), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89),
    "syslog": (103, 116), "quotactl": (179, 60), "quotactl_fd": (443, 443), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None),
    "modify_ldt": (154, None), "uselib": (134, None), "vhangup": (153, 58), "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
}  # fmt: skip
_ABSENT = {
    "clone3": (435, 435),
    "openat2": (437, 437),
}  # ENOSYS: callers fall back on the older call, checked below
_SECCOMP = (317, 277)
_CLONE, _KILL, _TKILL, _TGKILL = (56, 220), (62, 129), (200, 130), (234, 131)
_PRLIMIT, _PRCTL, _OPEN, _OPENAT = (302, 261), (157, 167), (2, None), (257, 56)
_NEWEST, _NEWER = 450, (453, 454, 455, 456, 462)  # shadow stacks, futexes and mseal are harmless

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _JUMP, _EQUAL, _AT_LEAST, _ANY, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH = 0, 4
_ALLOW = 0x7FFF0000
_EPERM, _ENOSYS = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
_CLONE_THREAD = 0x10000
_CREATING = os.O_CREAT | os.O_TRUNC
_PRCTL_HARMLESS = (15, 16, 0x53564D41)  # a thread's name, an anonymous mapping's name

Instruction = tuple[int, int, int, int]  # operation, jump if true, jump if false, operand
_PASS, _REFUSE, _UNKNOWN = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM), (_RETURN, 0, 0, _ENOSYS)


def available(machine: str) -> tuple[bool, str]:
    if not sys.platform.startswith("linux"):
        return False, "only Linux has seccomp"
    if machine not in _ARCHITECTURES:
        return False, f"no system call table for {machine}"
    try:
        with open("/proc/self/status") as f:
            if "\nSeccomp:" not in f.read():
                return False, "this kernel has no seccomp"
    except OSError:
        pass
    return True, "system calls that reach beyond the process"


def _argument(index: int) -> int:
    return 16 + 8 * index  # low half, on a little-endian machine


def program(machine: str, pid: int) -> bytes:
    """The filter for the process `pid`."""
    column, architecture = _ARCHITECTURES[machine]
    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _EPERM),  # 32-bit calls by way of int 0x80
        (_LOAD, 0, 0, _NR),
        *_search(_ranges(_rules(column, pid))),
    ]
    return b"".join(
        op.to_bytes(2, "little") + bytes((yes, no)) + value.to_bytes(4, "little") for op, yes, no, value in code
    )


def _rules(column: int, pid: int) -> dict[int, list[Instruction]]:
    """Call number -> what to do about it; calls not named are allowed up to _NEWEST."""

    def only(index: int, *values: int) -> list[Instruction]:
        """Allow when the argument is one of `values`."""
        tests = [(_EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
        return [(_LOAD, 0, 0, _argument(index)), *tests, _REFUSE, _PASS]

    def without(index: int, bits: int) -> list[Instruction]:
        return [(_LOAD, 0, 0, _argument(index)), (_ANY, 0, 1, bits), _REFUSE, _PASS]

    special = {
        _CLONE: [(_LOAD, 0, 0, _argument(0)), (_ANY, 1, 0, _CLONE_THREAD), _REFUSE, _PASS],
        _KILL: only(0, pid),
        _TKILL: only(0, pid),
        _TGKILL: only(0, pid),
        # of this process, and to read: no new limit (both halves of the pointer are 0)
        _PRLIMIT: [
            (_LOAD, 0, 0, _argument(2)), (_EQUAL, 0, 5, 0), (_LOAD, 0, 0, _argument(2) + 4),
            (_EQUAL, 0, 3, 0),
            (_LOAD, 0, 0, _argument(0)), (_EQUAL, 2, 0, 0), (_EQUAL, 1, 0, pid), _REFUSE, _PASS,
        ],
        _PRCTL: only(0, *_PRCTL_HARMLESS),
        _OPEN: without(1, _CREATING),
        _OPENAT: without(2, _CREATING),
    }  # fmt: skip
    plain = [(call, [_REFUSE]) for call in _DENIED.values()] + [(call, [_UNKNOWN]) for call in _ABSENT.values()]
    return {number: body for call, body in [*special.items(), *plain] if (number := call[column]) is not None}


def _ranges(rules: dict[int, list[Instruction]]) -> list[tuple[int, list[Instruction]]]:
    """All call numbers as (first number, what to do), in order, neighbours with the same answer together."""
    found: list[tuple[int, list[Instruction]]] = []
    for number in range(max(_NEWEST, *_NEWER) + 2):  # x32 calls are above, too
        known = number <= _NEWEST or number in _NEWER
        body = rules.get(number, [_PASS] if known else [_UNKNOWN])
        if not found or found[-1][1] != body:
            found.append((number, body))
    return found


def _search(ranges: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    """A binary search: the kernel walks the filter for every call number when it is installed."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    low, high = _search(ranges[:middle]), _search(ranges[middle:])
    return [(_AT_LEAST, 0, 1, ranges[middle][0]), (_JUMP, 0, 0, len(low)), *low, *high]


class Template:
    """The filter for any process: assembled once, the process id filled in per child."""

    _PID = 0x7BADF00D  # larger than any process id

    def __init__(self, machine: str) -> None:
        self._code = program(machine, self._PID)

    def fill(self, pid: int) -> bytes:
        return self._code.replace(self._PID.to_bytes(4, "little"), pid.to_bytes(4, "little"))


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def restrict(libc: ctypes.CDLL, machine: str, code: bytes) -> None:
    """Install the filter on every thread. Needs no_new_privs; OSError when the kernel refuses."""
    prog = _Program(len(code) // 8, code)
    mode_filter, all_threads = 1, 1  # a package loaded before may have started threads
    if libc.syscall(_SECCOMP[_ARCHITECTURES[machine][0]], mode_filter, all_threads, ctypes.byref(prog)):
        raise OSError(ctypes.get_errno(), "seccomp")

"""An audit hook: the portable layer. It refuses in words, and an attempt that matters is reported at once.

Python cannot remove a hook once it is set, but code in the same process can reach around it; on Linux
Landlock and seccomp stand behind it. What is refused everywhere: files below the hidden folders, writing,
other processes, the network, foreign libraries. What is reported, and so decides the verdict even when the
learner's code swallows the exception: hidden folders, other processes, the network.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

_PROCESS = {
    "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
    "pty.spawn", "os.startfile", "os.startfile/2", "os.killpg", "_winapi.CreateProcess",
    "_winapi.OpenProcess", "_winapi.TerminateProcess", "_posixsubprocess.fork_exec",
}  # fmt: skip
_NETWORK = {
    "socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg",
    "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo",
    "socket.getservbyname", "urllib.Request", "ftplib.connect", "http.client.connect", "imaplib.open",
    "nntplib.connect", "poplib.connect", "smtplib.connect", "telnetlib.Telnet.open", "webbrowser.open",
}  # fmt: skip
_WRITING = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
    "os.chown", "os.chflags", "os.utime", "os.setxattr", "os.removexattr", "os.lockf", "shutil.copyfile",
    "shutil.move", "shutil.rmtree", "shutil.copytree", "shutil.make_archive", "shutil.unpack_archive",
    "tempfile.mkstemp", "tempfile.mkdtemp", "sqlite3.connect", "winreg.SetValue", "winreg.CreateKey",
    "winreg.DeleteKey",
}  # fmt: skip
_LIBRARY = {
    "ctypes.dlopen",
    "ctypes.dlsym",
    "ctypes.dlsym/handle",
    "ctypes.call_function",
    "sqlite3.load_extension",
}
_LISTING = {"os.listdir", "os.scandir", "os.chdir", "glob.glob"}
_LIMITS = {"resource.setrlimit", "resource.prlimit"}
_WATCHED = frozenset({"open", "os.kill", *_PROCESS, *_NETWORK, *_WRITING, *_LIBRARY, *_LISTING, *_LIMITS})
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def available() -> tuple[bool, str]:
    return True, "the reference, other processes, the network and writing are refused in words"


class Guard:
    """The hook, prepared before there is a learner: finding real paths takes longer than a fork."""

    def __init__(self, hidden: Iterable[str]) -> None:
        fold = _fold()
        # Tracebacks and warnings read the source of the frames below the learner's: refused, but no offence.
        self.quiet = fold(os.path.realpath(os.path.dirname(os.path.dirname(__file__)))) + os.sep
        self.shut = tuple(fold(os.path.realpath(path)) for path in hidden)
        # The folder that holds them is not listed either, unless imports need it (a wheel puts us into
        # site-packages).
        self.above = frozenset(map(os.path.dirname, self.shut)) - {fold(os.path.realpath(path)) for path in sys.path}
        self.harmless = frozenset(map(fold, (os.devnull, os.path.realpath(os.devnull), "nul")))


def _fold() -> Callable[[str], str]:
    return str.casefold if sys.platform in ("win32", "darwin") else str


def install(guard: Guard, report: Callable[[str], None]) -> Callable[[str], None]:
    """Set the hook, for good. `report` is called with what was tried.

    Returns `refuse(what)`, which reports and raises, for the import gate.
    """
    shut, above, harmless, quiet, fold = guard.shut, guard.above, guard.harmless, guard.quiet, _fold()
    own = str(os.getpid())
    inside: set[int] = set()  # threads that are in the hook: what it does itself is not watched
    # Bound here: the learner's code may replace what these modules hold.
    realpath, basename, decode, thread = os.path.realpath, os.path.basename, os.fsdecode, threading.get_ident
    sep, inner = os.sep, tuple(path + os.sep for path in shut)

    def refuse(what: str) -> None:
        report(what)
        raise PermissionError(f"{what} is not allowed while your code is graded")

    def place(path: Any) -> str | None:
        if isinstance(path, int) or path is None:
            return None
        return fold(realpath(decode(path)))

    def look(path: Any, doing: str) -> str | None:
        where = place(path)
        if where is None:
            return None
        if where.startswith(quiet):
            raise PermissionError("the grader's own files cannot be read while your code is graded")
        if where in shut or where.startswith(inner):
            refuse(f"{doing} the course's own files ({basename(where)})")
        if where.startswith("/proc/"):
            process = where.split(sep)[2]
            if process.isdecimal() and process != own:
                refuse(f"{doing} another process (/proc/{process})")
        return where

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in watched or (me := thread()) in inside:
            return
        inside.add(me)
        try:
            if event == "open":
                path, mode, flags = args
                where = look(path, "opening")
                if where is None or where in harmless:
                    return
                if (isinstance(flags, int) and flags & changes) or (isinstance(mode, str) and set(mode) & set("wax+")):
                    raise PermissionError(f"writing files ({basename(where)}) is not allowed while your code is graded")
                if where in above:
                    raise PermissionError("opening this folder is not allowed while your code is graded")
            elif event in listing:
                path = args[0] if args else None
                where = look("." if path is None else path, "listing")
                if where in above and event != "os.chdir":
                    raise PermissionError("listing this folder is not allowed while your code is graded")
            elif event == "os.kill":
                if args[0] != int(own):
                    refuse("sending a signal to another process")
            elif event in process:
                refuse(f"starting or ending another process ({event})")
            elif event in network:
                refuse(f"using the network ({event})")
            elif event in library:
                raise PermissionError("calling C libraries through ctypes is not allowed while your code is graded")
            elif event in limits:
                raise PermissionError("changing the limits is not allowed while your code is graded")
            else:
                raise PermissionError(f"changing files ({event}) is not allowed while your code is graded")
        finally:
            inside.discard(me)

    watched, changes, listing, process = _WATCHED, _CHANGES, _LISTING, _PROCESS
    network, library, limits = _NETWORK, _LIBRARY, _LIMITS
    sys.addaudithook(hook)
    return refuse

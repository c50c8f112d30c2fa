"""The course's tasks, on any system: python make.py learn | test | book | solutions | sync | grade.

Needs Python 3.11 or newer and nothing else: each task makes `.venv` and installs what it needs, once. `make learn`
and the like call this file.
"""

from __future__ import annotations  # an older Python must get as far as the line that says so

import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
BOOK = ROOT / "_build" / "html" / "index.html"
# What must not depend on the learner's own folder or on chance.
QUIET = {"AUTOGRADER_SEED": "0", "AUTOGRADER_WORKBOOK": ""}


def learn() -> None:
    """Set up, write the notebooks to workbook/, build the book, open both."""
    install("learn")
    run(PYTHON, "-m", "autograder", "start")
    run(PYTHON, "-m", "book.build")
    lab()


def test() -> None:
    """Everything that must hold."""
    install("test")
    run(PYTHON, "-m", "ruff", "check", ".")
    run(PYTHON, "-m", "ruff", "format", "--check", ".")
    run(PYTHON, "-m", "mypy")
    run(PYTHON, "-m", "book.sync", "--check")
    run(PYTHON, "-m", "book.solutions", "--check")
    run(PYTHON, "-m", "book.build")
    notebooks = ROOT / "_build" / "learner"
    shutil.rmtree(notebooks, ignore_errors=True)
    run(PYTHON, "-m", "autograder", "start", notebooks)
    run(PYTHON, "-m", "pytest", "--nbval", "solutions", extra=QUIET)
    run(PYTHON, "-m", "pytest", "--nbval-lax", notebooks, extra=QUIET)
    run(PYTHON, "-m", "pytest", "tests", extra={"BOOK_SITE": str(BOOK.parent)})


def book() -> None:
    """The book, in _build/html."""
    install("learn")
    run(PYTHON, "-m", "book.build")


def solutions() -> None:
    """The chapters filled in and executed: solutions/NN_topic.ipynb."""
    install("test")
    run(PYTHON, "-m", "book.solutions")


def sync() -> None:
    """The stubs in the chapters, rewritten from the references."""
    install("learn")
    run(PYTHON, "-m", "book.sync")


def grade() -> None:
    """Grade the workbook."""
    install("learn")
    run(PYTHON, "-m", "autograder", "check")


def install(extra: str) -> None:
    """`.venv` with the course and one of its extras, at the versions of constraints.txt."""
    wanted = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")))
    stamp = VENV / f"installed-{extra}"
    if stamp.exists() and stamp.read_text() == wanted.hexdigest():
        return
    if not PYTHON.exists():
        print(f"Making {VENV}", flush=True)
        # A new process, so that a missing venv module is this line and no traceback.
        if subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode:
            stop("no virtual environment: on Debian and Ubuntu, install the package python3-venv and run this again")
    print(f"Installing the course and its tools ({extra}); the first time this takes some minutes", flush=True)
    run(PYTHON, "-m", "pip", "install", "--quiet", "-c", "constraints.txt", "-e", f".[{extra}]")
    stamp.write_text(wanted.hexdigest())


def lab() -> None:
    """JupyterLab on the workbook; the same server hands out the book, so that one address is enough from afar."""
    port, token = free_port(), secrets.token_hex(16)
    server = f"http://localhost:{port}"
    notebook = f"{server}/lab/tree/{first_notebook()}?token={token}"
    pages = f"{server}/static/index.html"
    print(f"\nNotebooks  {notebook}\nBook       {pages}\nFrom disk  {BOOK.as_uri()}")
    print("Ctrl-C twice ends the server.\n", flush=True)
    if browser_here():
        threading.Thread(target=open_when_up, args=(server, (pages, notebook)), daemon=True).start()
    command = [PYTHON, "-m", "jupyterlab", "--no-browser", f"--ServerApp.root_dir={ROOT / 'workbook'}"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.extra_static_paths={BOOK.parent}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    run(*command, extra={"JUPYTER_TOKEN": token})


def first_notebook() -> str:
    return min(path.name for path in (ROOT / "workbook").glob("*.ipynb"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def browser_here() -> bool:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def open_when_up(server: str, addresses: tuple[str, ...]) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{server}/api", timeout=1).close()
        except OSError:
            time.sleep(0.5)
            continue
        for address in addresses:
            webbrowser.open(address)
        return


def run(*command: object, extra: dict[str, str] | None = None) -> None:
    """One command from the top folder; what fails ends the task with its exit status."""
    words = [str(word) for word in command]
    print("$", " ".join([Path(words[0]).name, *words[1:]]), flush=True)
    try:
        status = subprocess.run(words, cwd=ROOT, env={**os.environ, **(extra or {})}).returncode
    except KeyboardInterrupt:
        status = 130
    if status:
        sys.exit(status)


def stop(line: str) -> None:
    print(f"make.py: {line}", file=sys.stderr)
    sys.exit(2)


TASKS = {task.__name__: task for task in (learn, test, book, solutions, sync, grade)}

if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036
        stop(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    if len(sys.argv) != 2 or sys.argv[1] not in TASKS:
        stop("say which: " + ", ".join(f"python make.py {name}" for name in TASKS))
    TASKS[sys.argv[1]]()

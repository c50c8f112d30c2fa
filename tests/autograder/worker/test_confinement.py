"""What must not work, and what is said about it. Every test runs a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from jobs import LINUX, job

from autograder.worker import paths
from autograder.worker.client import Worker

ROOT = Path(paths.ROOT)
linux = pytest.mark.skipif(not LINUX, reason="needs the Linux layers")


# --- ends ---


def test_an_endless_loop_ends_in_time_and_names_the_case(run):
    ran = run("def f(x):\n    while x: pass\n    return 1", (0,), (1,), seconds=0.5)
    assert ran.end == "timeout" and len(ran.outcomes) == 1
    assert ran.detail == "case 2 was still running after 0.5 s"


def test_an_endless_loop_around_the_function(run):
    ran = run("def f(): pass\nwhile True: pass", seconds=0.5)
    assert ran.end == "timeout" and ran.detail.startswith("the code around the function")


def test_os_exit_is_no_pass(run):
    ran = run("import os\ndef f(x):\n    if x: os._exit(0)\n    return x", (0,), (1,), (0,))
    assert ran.end == "crashed" and len(ran.outcomes) == 1
    assert ran.detail == "the process ended itself with status 0 (os._exit) after 1 of 3 cases"


@pytest.mark.parametrize(
    "how", ["os.abort()", "os.kill(os.getpid(), signal.SIGSEGV)", "signal.raise_signal(signal.SIGKILL)"]
)
@linux
def test_a_crash_says_which(run, how):
    ran = run(f"import os, signal\ndef f(): {how}")
    assert ran.end == "crashed" and "SIG" in ran.detail


def test_an_alarm_ends_only_the_job(forked):
    ran = forked.run(job("import signal, time\ndef f():\n    signal.alarm(1)\n    time.sleep(3)"))
    assert ran.end == "crashed" and "SIGALRM" in ran.detail


def test_ignored_signals_do_not_keep_a_job_alive(forked):
    source = """
    import signal
    for s in set(signal.valid_signals()) - {9, 19}:
        try: signal.signal(s, signal.SIG_IGN)
        except (OSError, ValueError): pass
    def f():
        while True: pass
    """
    assert forked.run(job(source, seconds=0.5)).end == "timeout"


@linux
@pytest.mark.parametrize("where", ["f = lambda: np.ones(1 << 29)", "x = np.ones(1 << 29)"])
def test_four_gigabytes_are_too_many(run, where):
    ran = run(f"import numpy as np\n{where}")
    assert ran.end == "memory" and "1024 MiB" in ran.detail and not ran.outcomes
    assert "MemoryError" in ran.raised.bases


@linux
def test_memory_taken_bit_by_bit_is_limited_too(run):
    ran = run("def f():\n    x = []\n    while True: x.append(bytearray(1 << 24))", memory=1 << 28)
    assert ran.end == "memory"


@linux
def test_deep_recursion_beyond_the_limit_costs_the_job_alone(run):
    source = "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()"
    ran = run(source, memory=1 << 27, seconds=20.0)
    assert ran.end in ("memory", "crashed") or ran.outcomes[0].raised, ran
    assert run("def f(): return 1").end == "finished"


def test_nothing_after_the_last_case_counts(run):
    source = """
    import atexit, threading, time, os
    atexit.register(lambda: time.sleep(60))
    def later():
        while True:
            print("noise"); time.sleep(0.001)
    def f():
        threading.Thread(target=later).start()
        return 1
    """
    ran = run(source)
    assert ran.end == "finished" and ran.outcomes[0].arrays["out"] == 1


def test_two_jobs_do_not_see_each_other(run):
    source = """
    import sys, os, builtins
    import numpy as np
    def f():
        seen = getattr(np, "mark", 0) + getattr(builtins, "mark", 0)
        seen += ("MARK" in os.environ) + ("mark" in sys.modules)
        np.mark = builtins.mark = 1; os.environ["MARK"] = "1"; sys.modules["mark"] = np
        return seen
    """
    assert [run(source).outcomes[0].arrays["out"] for _ in range(2)] == [0, 0]


# --- the reference ---

READING = {
    "import": "import solutions.filters",
    "from": "from solutions import filters",
    "importlib": "import importlib; importlib.import_module('solutions.filters')",
    "exercises": "import autograder.exercises",
    "grade": "from autograder.grade import grade",
    "the worker": "import autograder.worker.apply",
    "path": f"open({str(ROOT / 'solutions' / 'filters.py')!r}).read()",
    "bytes path": f"open({os.fsencode(ROOT / 'solutions' / 'filters.py')!r}).read()",
    "os.open": f"import os; os.open({str(ROOT / 'solutions' / 'filters.py')!r}, os.O_RDONLY)",
    "listing": f"import os; os.listdir({str(ROOT / 'solutions')!r})",
    "relative": f"import os; os.chdir({str(ROOT)!r}); open('solutions/filters.py')",
    "source loader": "import importlib.util as u; u.spec_from_file_location('s', "
    f"{str(ROOT / 'solutions' / '__init__.py')!r}).loader.load_module()",
}  # fmt: skip
OTHERS = {
    "subprocess": "import subprocess; subprocess.run(['true'])",
    "system": "import os; os.system('true')",
    "fork": "import os; os.fork()",
    "socket": "import socket; socket.socket()",
    "connect": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "name": "import socket; socket.getaddrinfo('localhost', 80)",
    "url": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
    "parent": "import os; os.kill(os.getppid(), 9)",
    "memory": "import os; open(f'/proc/{os.getppid()}/mem', 'rb')",
    "pool": "import multiprocessing; multiprocessing.get_context('fork').Process(target=print).start()",
}


@pytest.fixture(scope="module", autouse=True)
def _solutions_exist():
    """The checkout may be built up to this point only; the paths must be there to be refused."""
    assert (ROOT / "autograder").is_dir()


@pytest.mark.parametrize("how", READING.values(), ids=READING)
def test_the_reference_is_out_of_reach_and_the_attempt_is_told(forked, how):
    ran = forked.run(job(f"def f():\n    {how}\n"))
    assert ran.end == "forbidden" and not ran.outcomes[0].arrays, ran
    assert ran.outcomes[0].raised.type in ("PermissionError",)


@pytest.mark.parametrize("how", OTHERS.values(), ids=OTHERS)
@linux
def test_other_processes_and_the_network_are_out_of_reach(forked, how):
    ran = forked.run(job(f"def f():\n    {how}\n"))
    assert ran.end == "forbidden", ran


def test_spawned_workers_refuse_the_same(spawned):
    for how in (
        "import solutions.filters",
        "import subprocess; subprocess.run(['true'])",
        "import socket; socket.socket()",
    ):
        assert spawned.run(job(f"def f():\n    {how}\n")).end == "forbidden"


@pytest.mark.parametrize("how", ["except PermissionError", "except BaseException"])
def test_swallowing_the_refusal_does_not_help(run, how):
    source = f"def f():\n    try:\n        import solutions.filters\n    {how}: pass\n    return 1"
    ran = run(source)
    assert ran.end == "forbidden" and "importing solutions" in ran.detail


def test_looking_at_the_stack_is_no_offence(run):
    source = """
    import inspect, traceback, warnings, logging
    def f():
        inspect.stack(); traceback.print_stack(); warnings.warn("careful", stacklevel=3)
        try: 1 / 0
        except ZeroDivisionError: logging.exception("caught")
        return 1
    """
    ran = run(source)
    assert ran.end == "finished" and ran.outcomes[0].raised is None and "ZeroDivisionError" in ran.printed, ran


def test_importing_the_reference_at_the_top_is_told_too(run):
    ran = run("from solutions.filters import *\ndef f(): return 1")
    assert ran.end == "forbidden" and ran.outcomes == ()


def test_no_module_of_the_course_is_in_memory(run):
    source = """
    import gc, sys, types
    def f():
        seen = [o.__name__ for o in gc.get_objects() if isinstance(o, types.ModuleType)] + list(sys.modules)
        kinds = (type, types.FunctionType)
        seen += [getattr(o, "__module__", "") for o in gc.get_objects() if isinstance(o, kinds)]
        bad = ("solutions", *("autograder." + n for n in ("exercises", "grade", "compare", "diagnose")))
        assert not [name for name in seen if str(name).startswith(bad)]
        assert not [path for path in sys.path if "main" == path.rpartition("/")[2]]
    """
    ran = run(source)
    assert ran.end == "finished" and ran.outcomes[0].raised is None, ran


def test_the_environment_holds_nothing_private(monkeypatch):
    monkeypatch.setenv("A_TOKEN", "secret")
    monkeypatch.setenv("AUTOGRADER_SEED", "0")
    with Worker() as worker:
        ran = worker.run(
            job("import os\ndef f(): return int('A_TOKEN' in os.environ or 'AUTOGRADER_SEED' in os.environ)")
        )
    assert ran.outcomes[0].arrays["out"] == 0


@linux
@pytest.mark.parametrize("how", [
    f"open({str(ROOT / 'README.md')!r})", f"os.listdir({str(ROOT)!r})",
    "os.listdir('/home')", "os.listdir('/proc')",
    "open('/etc/passwd')", "os.listdir(os.path.expanduser('~'))", "open('/proc/self/maps')",
    "open('/proc/self/environ')", "open('/dev/shm/x', 'w')", "open('/tmp/x', 'w')", "open('x', 'a')",
    "os.mkdir('/tmp/y')", "os.remove(np.__file__)", "os.chmod(np.__file__, 0)", "os.utime(np.__file__)",
    "os.open('/tmp/z', os.O_CREAT | os.O_WRONLY)",
    "np.save('/tmp/w.npy', np.ones(3))", "os.symlink('/', '/tmp/v')",
    "tempfile.mkdtemp()", "tempfile.TemporaryFile()", "os.rename(np.__file__, '/tmp/u')",
    "ctypes.CDLL(None)", "ctypes.pythonapi.Py_IncRef", "os.memfd_create('m')",
    "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "resource.prlimit(0, resource.RLIMIT_AS, (-1, -1))",
])  # fmt: skip
def test_files_and_limits_are_refused(forked, how):
    ran = forked.run(job(f"import os, tempfile, ctypes, resource\nimport numpy as np\ndef f(): {how}"))
    raised = ran.outcomes[0].raised
    assert raised is not None and ("OSError" in raised.bases), ran
    assert not Path("/tmp/x").exists() and not Path("/tmp/y").exists()


@linux
def test_the_kernel_refuses_what_the_hook_does_not_see(forked):
    """With the hook blinded, as a determined learner would, Landlock and seccomp still hold."""
    source = f"""
    import os, gc, types, _socket, _posixsubprocess, signal
    def f():
        for o in gc.get_objects():
            if isinstance(o, types.FunctionType) and o.__name__ == "hook":
                for name, cell in zip(o.__code__.co_freevars, o.__closure__):
                    if name == "watched":
                        cell.cell_contents = frozenset()
        done = []
        for name, attempt in {{
            "read": lambda: open({str(ROOT / "autograder" / "worker" / "job.py")!r}).read(),
            "list": lambda: os.listdir({str(ROOT)!r}),
            "mem": lambda: open(f"/proc/{{os.getppid()}}/mem", "rb"),
            "write": lambda: open("/tmp/seen-by-kernel", "w"),
            "chmod": lambda: os.chmod({str(ROOT)!r}, 0o755),
            "socket": lambda: _socket.socket(),
            "fork": lambda: os.fork(),
            "kill": lambda: os.kill(os.getppid(), 0),
            "group": lambda: os.killpg(os.getpgid(os.getppid()), 0),
            "exec": lambda: os.execv("/bin/true", ["true"]),
            "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {{}}),
            "pidfd": lambda: os.pidfd_open(os.getppid()),
            "memfd": lambda: os.memfd_create("m"),
        }}.items():
            try:
                attempt()
                done.append(name)
            except OSError:
                pass
        raise ValueError(" ".join(done))
    """
    ran = forked.run(job(source))
    assert ran.outcomes[0].raised.message == "", ran
    assert ran.end == "finished", "the hook was not blinded, so this test shows nothing"


@linux
def test_a_fork_bomb_has_no_effect(forked):
    source = "import os\ndef f():\n    for _ in range(1000):\n        try: os.fork()\n        except OSError: pass"
    before = len(psutil.pids())
    assert forked.run(job(source)).end == "forbidden"
    assert len(psutil.pids()) < before + 50


# --- the channel ---


def test_closing_every_descriptor_is_the_learners_own_loss(run):
    ran = run("import os\ndef f():\n    os.closerange(0, 4096)\n    return 1")
    assert ran.end == "crashed" and not ran.outcomes
    assert run("def f(): return 1").end == "finished"


@pytest.mark.parametrize("data", [b"garbage", b"CBH1" + b"\xff" * 12, b"CBH1\x02\0\0\0" + b"\0" * 8 + b"{}"])
def test_garbage_on_every_descriptor_is_a_crash(run, data):
    source = f"""
    import os
    def f():
        for fd in range(3, 300):
            try: os.write(fd, {data!r})
            except OSError: pass
        return 1
    """
    ran = run(source)
    assert ran.end == "crashed" and "unreadable" in ran.detail


def test_forged_frames_give_no_more_outcomes_than_calls(run):
    source = """
    import os, json, struct
    head = json.dumps({"type": "outcome", "arrays": [], "kinds": {"out": "array"}, "modified": [],
                       "raised": None,
                       "seconds": 0.0}).encode()
    frame = struct.pack("<4sIQ", b"CBH1", len(head), 0) + head
    def f():
        for fd in range(3, 300):
            for _ in range(5):
                try: os.write(fd, frame)
                except OSError: pass
        return 1
    """
    ran = run(source, (), ())
    assert ran.end == "crashed" and len(ran.outcomes) <= 2


def test_a_forged_end_is_no_pass(run):
    source = """
    import os, json, struct
    head = json.dumps({"type": "end", "end": "finished", "detail": "", "raised": None}).encode()
    def f():
        for fd in range(3, 300):
            try: os.write(fd, struct.pack("<4sIQ", b"CBH1", len(head), 0) + head)
            except OSError: pass
        os._exit(0)
    """
    ran = run(source)
    assert ran.end == "crashed" and not ran.outcomes


def test_no_socket_to_the_zygote_is_left(forked):
    source = """
    import os, stat
    def f():
        modes = []
        for fd in range(1024):
            try: modes.append(os.fstat(fd).st_mode)
            except OSError: pass
        assert not any(stat.S_ISSOCK(mode) for mode in modes)
        return len(modes)
    """
    ran = forked.run(job(source))
    assert ran.outcomes[0].raised is None and ran.outcomes[0].arrays["out"] <= 5


@pytest.mark.parametrize("patch", [
    "np.allclose = np.array_equal = lambda *a, **k: True", "np.load = np.save = None", "np.ndarray = list",
    "import json; json.dumps = lambda *a, **k: '{}'", "import os; os.write = lambda fd, data: len(data)",
    "import time; time.perf_counter = lambda: 0.0", "import builtins; builtins.isinstance = lambda *a: True",
    "import sys; sys.modules.clear()", "np.set_printoptions(formatter={'all': lambda x: '0'})",
    "import gc\nfor o in gc.get_objects():\n    if getattr(o, '__name__', '') == 'apply':\n"
    "        try: o.__code__ = (lambda *a: None).__code__\n        except Exception: pass",
])  # fmt: skip
def test_patching_what_is_in_the_process_changes_no_verdict_elsewhere(forked, patch):
    import numpy as np

    forked.run(job(f"import numpy as np\n{patch}\ndef f(x): return x * 0", (np.ones(2),)))
    ran = forked.run(job("def f(x): return x + 1", (np.ones(2),)))
    assert ran.end == "finished" and ran.outcomes[0].arrays["out"].tolist() == [2, 2]
    assert np.array_equal([1], [2]) is False


def test_objects_that_lie_are_named_and_never_asked(run):
    source = """
    import numpy as np
    class Meta(type):
        __name__ = property(lambda self: "ndarray")
        def __eq__(self, other): return True
        def __hash__(self): return 0
        def __instancecheck__(self, other): return True
    class Liar(metaclass=Meta):
        __class__ = property(lambda self: np.ndarray)
        def __eq__(self, other): return True
        def __array__(self, *a, **k): raise SystemExit("asked")
        def __getattr__(self, name): raise SystemExit("asked")
        dtype = np.dtype("f8"); shape = (2,)
    class Sub(np.ndarray):
        def __array_finalize__(self, other): pass
        def __eq__(self, other): return True
    class Number(float): pass
    def f(x): return [Liar(), np.zeros(2).view(Sub), Number(1)][x]
    """
    ran = run(source, (0,), (1,), (2,))
    assert [o.kinds["out"] for o in ran.outcomes] == ["Liar", "Sub", "Number"]
    assert not any(o.arrays or o.raised for o in ran.outcomes)


def test_an_exception_that_misbehaves_is_still_text(run):
    source = """
    class E(Exception):
        def __str__(self): raise SystemExit
    def f(x): raise (E() if x else ValueError("\\x1b]0;title\\x07" + "a" * 10**6 + "\\ud800"))
    """
    ran = run(source, (0,), (1,))
    assert ran.end == "finished"
    assert "\x1b" not in ran.outcomes[0].raised.message and len(ran.outcomes[0].raised.message) <= 2000
    assert ran.outcomes[1].raised.message == "(its message could not be read)"


# --- the machine ---


def test_a_package_that_is_not_there_is_our_fault(worker):
    ran = worker.run(job("def f(): return 1", packages=("no_such_package_here",)))
    assert ran.end == "machine" and "no_such_package_here" in ran.detail


def test_a_python_that_does_not_start_is_our_fault(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    for how in ("fork", "spawn") if LINUX else ():
        with Worker(how=how) as worker:
            assert worker.run(job("def f(): return 1")).end == "machine"


@linux
def test_a_zygote_that_was_killed_is_replaced(forked):
    forked.run(job("def f(): return 1"))
    backend = next(iter(forked._backends.values()))
    os.kill(backend._process.pid, signal.SIGKILL)
    time.sleep(0.05)
    assert forked.run(job("def f(): return 1")).end == "finished"


def test_mistakes_of_an_exercise_raise(worker):
    from autograder.worker.job import Call, Job

    with pytest.raises(ValueError, match="no driver 'nothing'"):
        worker.run(Job("f", (), (Call("nothing", {}),)))
    with pytest.raises(TypeError, match="type set"):
        worker.run(Job("f", (), (Call("call", {"x": {1}}),)))
    with pytest.raises(ValueError, match="fork, spawn"):
        Worker(how="thread")


def _children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


@pytest.mark.parametrize("how", ["fork", "spawn"])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
@linux
def test_no_process_outlives_the_parent(how, sent):
    script = textwrap.dedent(f"""
        from autograder.worker.client import Worker
        from autograder.worker.job import Call, Job, Piece
        with Worker(how={how!r}) as worker:
            worker.run(Job("f", (Piece("def f(): return 1", "a.py", 1),), (Call("call", {{}}),)))
            print("ready", flush=True)
            endless = Piece("def f():\\n    while True: pass", "a.py", 1)
            worker.run(Job("f", (endless,), (Call("call", {{}}),), seconds=60.0))
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    assert parent.stdout.readline() == b"ready\n"
    time.sleep(0.3)
    family = _children(parent.pid)
    assert family
    parent.send_signal(sent)
    parent.wait(10)
    parent.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


@linux
def test_a_closed_worker_leaves_no_process():
    worker = Worker(how="fork")
    worker.run(job("def f(): return 1"))
    family = _children(os.getpid())
    ours = [p for p in family if p.pid == worker._backends[("numpy",)]._process.pid]
    worker.close()
    assert psutil.wait_procs(ours, timeout=5)[1] == [] and ours


@linux
def test_descriptors_do_not_pile_up(forked):
    forked.run(job("def f(): return 1"))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        forked.run(job("import os\ndef f(): os._exit(3)"))
    assert len(os.listdir("/proc/self/fd")) == before


@linux
def test_every_layer_is_active_here_or_says_why(forked):
    forked.run(job("def f(): return 1"))
    assert [name for name, _, _ in forked.layers] == ["limits", "privileges", "landlock", "seccomp"]
    assert all(active or why for _, active, why in forked.layers)

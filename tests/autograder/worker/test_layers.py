"""The layers one by one: what they grant, and that each says why it is not there."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from autograder.worker import confine, paths
from autograder.worker.confine import landlock, seccomp

LINUX = sys.platform.startswith("linux")


def test_every_layer_has_its_words():
    layers = confine.layers()
    assert [name for name, _, _ in layers] == [
        "process",
        "limits",
        "privileges",
        "landlock",
        "seccomp",
        "audit",
    ]
    assert all(why for _, _, why in layers)


def test_a_kernel_without_a_layer_says_so(monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda libc: 0)
    monkeypatch.setattr(seccomp, "available", lambda machine: (False, "no table for it"))
    missing = {name: why for name, active, why in confine.layers() if not active}
    assert missing["seccomp"] == "no table for it" and missing["landlock"]


def test_an_older_landlock_says_what_it_cannot_close(monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda libc: 2)
    monkeypatch.setattr(landlock.sys, "platform", "linux")
    active, why = landlock.available(ctypes.CDLL(None) if LINUX else object())
    assert active and "TCP" in why and "truncation" in why


def test_a_folder_with_something_hidden_is_granted_child_by_child(tmp_path: Path):
    for name in ("numpy", "solutions", "deep/numpy", "deep/solutions"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "six.py").touch()
    (tmp_path / "link").symlink_to(tmp_path / "solutions")
    hidden = [str(tmp_path / "solutions"), str(tmp_path / "deep" / "solutions")]
    granted = set(landlock.grants([str(tmp_path)], hidden))
    assert granted == {str(tmp_path / name) for name in ("numpy", "six.py", "deep/numpy")}


def test_a_hidden_folder_above_a_readable_one_hides_it(tmp_path: Path):
    (tmp_path / "course" / ".venv").mkdir(parents=True)
    assert list(landlock.grants([str(tmp_path / "course" / ".venv")], [str(tmp_path / "course")])) == []


def test_what_is_not_hidden_is_granted_whole(tmp_path: Path):
    assert list(landlock.grants([str(tmp_path)], [str(tmp_path.parent / (tmp_path.name + "x"))])) == [str(tmp_path)]


def decide(machine: str, pid: int, nr: int, args: tuple[int, ...] = (), architecture: int | None = None) -> int:
    """Run the filter as the kernel would; its answer."""
    words = {0: nr, 4: seccomp._ARCHITECTURES[machine][1] if architecture is None else architecture}
    for i, value in enumerate((*args, *[0] * (6 - len(args)))):
        words[16 + 8 * i], words[20 + 8 * i] = value & 0xFFFFFFFF, value >> 32
    code, at, a = seccomp.program(machine, pid), 0, 0
    while True:
        op, yes, no = int.from_bytes(code[8 * at : 8 * at + 2], "little"), code[8 * at + 2], code[8 * at + 3]
        k = int.from_bytes(code[8 * at + 4 : 8 * at + 8], "little")
        at += 1
        if op == seccomp._LOAD:
            a = words[k]
        elif op == seccomp._JUMP:
            at += k
        elif op == seccomp._RETURN:
            return k
        else:
            holds = {seccomp._EQUAL: a == k, seccomp._AT_LEAST: a >= k, seccomp._ANY: bool(a & k)}[op]
            at += yes if holds else no


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_decides_every_call_as_the_table_says(machine):
    column = seccomp._ARCHITECTURES[machine][0]
    denied = {numbers[column] for numbers in seccomp._DENIED.values()} - {None}
    absent = {numbers[column] for numbers in seccomp._ABSENT.values()}
    special = {n[column] for n in (seccomp._CLONE, seccomp._KILL, seccomp._TKILL, seccomp._TGKILL,
                                   seccomp._PRLIMIT,
                                   seccomp._PRCTL, seccomp._OPEN, seccomp._OPENAT)}  # fmt: skip
    for nr in {*range(480), 0x40000000, 0x40000029, 0xFFFFFFFF} - special:
        known = nr <= seccomp._NEWEST or nr in seccomp._NEWER
        wanted = seccomp._ALLOW if known and nr not in absent else seccomp._ENOSYS
        assert decide(machine, 77, nr) == (seccomp._EPERM if nr in denied else wanted), nr


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_looks_at_arguments(machine):
    column = seccomp._ARCHITECTURES[machine][0]

    def allowed(call, *args):
        return decide(machine, 77, call[column], args) == seccomp._ALLOW

    assert allowed(seccomp._KILL, 77, 11) and not allowed(seccomp._KILL, 1, 9)
    assert not allowed(seccomp._KILL, 0, 9) and not allowed(seccomp._KILL, 0xFFFFFFFF, 9)
    assert allowed(seccomp._TGKILL, 77, 78, 6) and not allowed(seccomp._TGKILL, 78, 78, 6)
    assert allowed(seccomp._CLONE, 0x3D0F00) and not allowed(seccomp._CLONE, 0x1200011)
    assert allowed(seccomp._PRLIMIT, 0, 9, 0) and allowed(seccomp._PRLIMIT, 77, 9, 0)
    assert not allowed(seccomp._PRLIMIT, 78, 9, 0)
    assert not allowed(seccomp._PRLIMIT, 0, 9, 0x7FFF00000000) and not allowed(seccomp._PRLIMIT, 0, 9, 8)
    assert allowed(seccomp._OPENAT, 0, 0, 0) and not allowed(seccomp._OPENAT, 0, 0, 0o100)
    assert allowed(seccomp._PRCTL, 15) and not allowed(seccomp._PRCTL, 1)
    assert decide(machine, 77, 0, architecture=0x40000003) == seccomp._EPERM


def test_the_course_is_never_on_the_workers_path():
    kept = paths.import_path(("numpy",))
    assert paths.ROOT not in kept or Path(paths.ROOT).name == "site-packages"
    assert any((Path(entry) / "numpy").is_dir() for entry in kept)


def test_the_environment_keeps_nothing_private(monkeypatch):
    for name in ("A_TOKEN", "AUTOGRADER_SEED", "PYTHONPATH", "HOME"):
        monkeypatch.setenv(name, "x")
    assert not {"A_TOKEN", "AUTOGRADER_SEED", "PYTHONPATH", "HOME"} & paths.environment().keys()
    assert paths.environment()["OMP_NUM_THREADS"] == "1"

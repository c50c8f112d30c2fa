import multiprocessing
import os
import random
import signal
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest

from autograder import progress
from autograder.progress import Again, Progress


@pytest.fixture
def said(monkeypatch):
    monkeypatch.setattr(progress, "_said", set())
    return []


@pytest.fixture
def kept(tmp_path, said):
    return Progress(tmp_path, said.append)


def days_ago(monkeypatch, days):
    at = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    monkeypatch.setattr(progress, "_now", lambda: at)


def test_nothing_tried_is_an_empty_summary_and_makes_no_file(kept, said):
    assert kept.summary() == {} and kept.look_again() == [] and not kept.path.exists() and not said


def test_a_summary_tells_last_status_best_points_tries_and_hints(kept, said):
    kept.record("conv2d", "failed", "flipped-kernel", 0, 7, "worker")
    kept.record("conv2d", "passed", None, 4, 7, "kernel")
    kept.record("conv2d", "passed", None, 3, 2**80, "worker")
    kept.record("conv2d", "error", None, 0, None, "kernel")
    assert [kept.hint_given("conv2d"), kept.hint_given("conv2d"), kept.hint_given("pad2d")] == [1, 2, 1]
    done = kept.summary()
    assert (done["conv2d"].status_last, done["conv2d"].passed_ever) == ("error", True)
    assert done["conv2d"].points_best == 3, "points count only where the worker measured them"
    assert (done["conv2d"].tries, done["conv2d"].hints) == (4, 2)
    assert datetime.now(UTC) - done["conv2d"].last_at < timedelta(minutes=1)
    assert done["pad2d"] == progress.Summary(None, False, 0.0, 0, None, 1)
    assert not said


def test_a_source_that_is_neither_is_refused(kept):
    with pytest.raises(ValueError, match="'kernel' or 'worker'"):
        kept.record("f", "passed", None, 1, 0, "cloud")


def test_the_schema_has_its_version(kept):
    kept.hint_given("f")
    with sqlite3.connect(kept.path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (progress.SCHEMA,)


def test_failed_and_not_passed_since_comes_first_and_passes_come_due(kept, monkeypatch):
    for name, days, status in [
        ("old_failure", 9, "failed"),
        ("mended", 9, "failed"),
        ("mended", 0.1, "passed"),
        ("due", 2, "passed"),
        ("fresh", 0.5, "passed"),
        ("never", 5, "not_started"),
        ("recent_failure", 1, "error"),
    ]:
        days_ago(monkeypatch, days)
        kept.record(name, status, None, 0, 0, "worker")
    assert kept.look_again() == [
        Again("old_failure", "failed", 9),
        Again("recent_failure", "failed", 1),
        Again("due", "passed", 2),
    ]


def test_each_pass_on_another_day_doubles_up_the_wait(kept, monkeypatch):
    now = datetime.now(UTC)
    for passes, wait in enumerate((1, 3, 7, 21, 21)):
        days_ago(monkeypatch, 200 - 30 * passes)
        kept.record("f", "passed", None, 1, 0, "kernel")
        kept.record("f", "passed", None, 1, 0, "kernel")  # twice on one day counts once
        last = kept.summary()["f"].last_at
        assert kept.look_again(last + timedelta(days=wait)) == [Again("f", "passed", wait)]
        assert kept.look_again(last + timedelta(days=wait, seconds=-1)) == []
    assert now


@pytest.mark.parametrize(
    "content", [b"not a database at all, but longer than a header" * 9, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_corrupt_database_is_moved_aside_and_said_in_a_line(kept, said, content):
    kept.path.parent.mkdir()
    kept.path.write_bytes(content)
    assert kept.summary() == {}
    kept.record("f", "passed", None, 1, 0, "worker")
    assert kept.summary()["f"].passed_ever
    [aside] = kept.path.parent.glob("progress.sqlite.broken-*")
    assert aside.read_bytes() == content
    assert len(said) == 1 and "\n" not in said[0] and aside.name in said[0]


def test_a_page_damaged_in_the_middle_costs_no_check(kept, said):
    for turn in range(300):
        kept.hint_given(f"f{turn}" * 20)
    data = bytearray(kept.path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    kept.path.write_bytes(data)
    kept.record("f", "passed", None, 1, 0, "worker")
    kept.summary()
    kept.record("f", "passed", None, 1, 0, "worker")
    assert kept.summary()["f"].passed_ever and len(said) == 1


def test_another_programs_database_is_moved_aside(kept, said):
    kept.path.parent.mkdir()
    with sqlite3.connect(kept.path) as db:
        db.execute("CREATE TABLE attempts (x)")
    db.close()
    kept.record("f", "passed", None, 1, 0, "worker")
    assert kept.summary()["f"].passed_ever and "starts anew" in said[0]


def test_a_newer_schema_is_left_alone(kept, said):
    kept.hint_given("f")
    with sqlite3.connect(kept.path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = kept.path.read_bytes()
    kept.record("f", "passed", None, 1, 0, "worker")
    assert kept.summary() == {} and kept.path.read_bytes() == before
    assert len(said) == 1 and "schema 99" in said[0]


def test_where_nothing_can_be_written_it_is_said_once(tmp_path, said):
    (tmp_path / "file").write_text("x")
    kept = Progress(tmp_path / "file", said.append)
    for _ in range(3):
        kept.record("f", "passed", None, 1, 0, "worker")
        assert kept.hint_given("f") == 1
    assert len(said) == 1 and said[0].startswith("progress is not kept: ")


def test_a_folder_in_the_databases_place_is_moved_aside(kept, said):
    kept.path.mkdir(parents=True)
    kept.record("f", "passed", None, 1, 0, "worker")
    assert kept.summary()["f"].tries == 1 and len(said) == 1


def test_a_locked_database_costs_no_check(kept, said, monkeypatch):
    kept.hint_given("f")
    monkeypatch.setattr(progress, "_WAIT", 0.05)
    other = sqlite3.connect(kept.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    kept.record("f", "passed", None, 1, 0, "worker")
    other.execute("COMMIT")
    other.close()
    assert "locked" in said[0]
    assert kept.hint_given("f") == 2


def _many(folder, count):
    kept = Progress(folder, lambda line: os._exit(3))
    for _ in range(count):
        kept.record("f", "passed", None, 1, 0, "worker")


def test_writers_at_the_same_time_wait_for_each_other(tmp_path):
    start = multiprocessing.get_context("spawn").Process
    writers = [start(target=_many, args=(tmp_path, 40)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert Progress(tmp_path).summary()["f"].tries == 120


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_kill_9_at_any_moment_keeps_what_was_recorded(kept, said):
    chance, before = random.Random(0), 0
    for _ in range(20):
        child = os.fork()
        if child == 0:
            try:
                _many(kept.path.parent.parent, 10**6)
            finally:
                os._exit(1)
        time.sleep(chance.uniform(0.005, 0.04))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        tries = kept.summary()["f"].tries if kept.summary() else 0
        assert tries >= before
        before = tries
    assert before > 0 and not said

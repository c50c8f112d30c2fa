"""The command line, driven as a person would: real processes, real files."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from autograder import course

pytestmark = pytest.mark.timeout(180)

RIGHT = """def conv2d(x, weight, bias=None, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    out = np.einsum("nchwuv,fcuv->nfhw", windows, weight)
    return out if bias is None else out + bias[:, None, None]
"""
FLIPPED = RIGHT.replace("windows, weight)", "windows, weight[:, :, ::-1, ::-1])")


def statuses(result) -> dict[str, str]:
    return {e["name"]: e["status"] for e in json.loads(result.stdout)["exercises"]}


def one_line_and_no_traceback(result) -> bool:
    return result.returncode == 2 and result.stdout == "" and len(result.stderr.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def fresh_workbook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fresh") / "workbook"
    subprocess.run([sys.executable, "-m", "autograder", "start", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture
def workbook(fresh_workbook, tmp_path):
    import shutil

    return shutil.copytree(fresh_workbook, tmp_path / "workbook")


def answer(workbook, name, code):
    """Types code into the stub cell of an exercise, as an editor would save it."""
    path = workbook / f"{course.exercise_chapters()[name].name}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    (cell,) = [c for c in notebook["cells"] if c["id"] == f"stub-{name}"]
    cell["source"] = code
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


# --- the loop: not started, a named mistake, passed ---


def test_the_loop_goes_from_not_started_over_a_named_mistake_to_passed(command, workbook):
    home = {"AUTOGRADER_WORKBOOK": str(workbook)}
    first = command("check", "conv2d", **home)
    assert (first.returncode, "not started" in first.stdout) == (1, True)
    answer(workbook, "conv2d", FLIPPED)
    second = command("check", "conv2d", **home)
    assert second.returncode == 1
    assert "turned by 180 degrees" in " ".join(second.stdout.split())
    assert all(word in second.stdout for word in ("expected", "got", "difference", "--seed"))
    answer(workbook, "conv2d", RIGHT)
    third = command("check", "conv2d", **home)
    assert (third.returncode, "✓ conv2d: passed (4 of 4 points)" in third.stdout) == (0, True)
    status = command("status", **home)
    assert "✓ conv2d" in status.stdout and "passed, 3 tries" in status.stdout and "4 of 23 points" in status.stdout


def test_an_untouched_workbook_is_all_not_started(command, workbook):
    result = command("check", "--json", AUTOGRADER_WORKBOOK=str(workbook))
    assert result.returncode == 1
    assert set(statuses(result).values()) == {"not_started"}
    assert list(statuses(result)) == list(course.exercise_chapters())


def test_the_workbook_is_found_from_inside_it_and_from_beside_it(fresh_workbook, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "AUTOGRADER_WORKBOOK"}
    for place in (fresh_workbook, fresh_workbook.parent):
        result = subprocess.run(
            [sys.executable, "-m", "autograder", "status"], cwd=place, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0 and "0 of 23 points" in result.stdout


def test_a_chapter_can_be_asked_for_by_name_topic_and_number(command, answers):
    path = answers()
    for word in ("01_filters", "filters", "1", "01"):
        result = command("check", path, word, "--json")
        assert result.returncode == 0
        assert list(statuses(result)) == list(course.chapters()[0].exercises)


# --- what may be asked, and how it is said when it may not ---


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "conv2"], "did you mean 'conv2d'"),
        (["check", "13_nothing"], "no exercise, chapter or file"),
        (["check", "nowhere.py"], "no such file"),
        (["check", "some/where.ipynb"], "no such file"),
        (["check"], "autograder start"),
        (["status"], "autograder start"),
        (["reset", "conv2d"], "autograder start"),
        (["hint", "conv"], "did you mean 'conv2d'"),
        (["solution", "pad"], "did you mean 'pad2d'"),
        (["chek"], "check"),
        (["check", "--sed", "3"], "--seed"),
        (["check", "--seed", "-1"], "seed"),
        (["hint"], "NAME"),
        (["check", ""], "no exercise, chapter or file"),
        (["check", "a" * 5000], "too long"),
        (["check", "a" * 5000 + ".py"], "too long"),
    ],
)
def test_a_wrong_question_is_one_line_and_exit_status_2(command, words, said):
    result = command(*words)
    assert one_line_and_no_traceback(result), result.stderr
    assert said.lower() in result.stderr.lower()


def test_a_file_of_another_kind_is_refused_by_name(command, tmp_path):
    (tmp_path / "answers.txt").write_text("x = 1")
    result = command("check", "./answers.txt")
    assert one_line_and_no_traceback(result) and "answers.txt" in result.stderr


def test_a_file_that_nearly_defines_an_exercise_is_told_so(command, tmp_path):
    (tmp_path / "answers.py").write_text("def con2d(x): return x")
    result = command("check", "answers.py")
    assert one_line_and_no_traceback(result) and "is con2d meant to be conv2d?" in result.stderr


def test_a_workbook_where_a_file_is_cannot_be_started(command, tmp_path):
    (tmp_path / "taken").write_text("")
    assert one_line_and_no_traceback(command("start", "taken"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_one_line(command, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    assert one_line_and_no_traceback(command("start", "locked/workbook"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has named pipes")
def test_a_pipe_is_not_waited_for(command, tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    assert "not a file" in command("check", "pipe.py").stdout


def test_a_link_that_leads_nowhere_is_not_what_was_meant(command, tmp_path):
    (tmp_path / "answers.py").symlink_to("nowhere")
    result = command("check", "answers.py")
    assert one_line_and_no_traceback(result) and "did you mean" not in result.stderr


def test_settings_that_cannot_be_are_one_line(command, tmp_path):
    (tmp_path / "answers.py").write_text("def filter_response(patch, kernel): return (patch * kernel).sum()")
    assert one_line_and_no_traceback(command("check", "answers.py", AUTOGRADER_WORKER="bogus"))
    result = command("status", AUTOGRADER_WORKBOOK="answers.py")
    assert one_line_and_no_traceback(result) and "is a file" in result.stderr


def test_a_terminal_without_the_signs_is_shown_question_marks(command, tmp_path):
    (tmp_path / "answers.py").write_text("def filter_response(patch, kernel): return (patch * kernel).sum()")
    result = command("check", "answers.py", PYTHONIOENCODING="ascii")
    assert result.returncode == 0 and "? filter_response: passed" in result.stdout


def test_ctrl_c_during_the_first_imports_is_one_line(command, tmp_path):
    # A module that interrupts, in the place of the first that the command line needs.
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    result = command("status", PYTHONPATH=str(tmp_path))
    assert result.returncode == 130 and "Interrupted" in result.stderr and "Traceback" not in result.stderr


def test_without_a_command_the_help_is_shown(command):
    result = command()
    assert result.returncode == 0 and "Commands" in result.stdout


# --- the JSON ---


def test_the_json_is_the_documented_object(command, answers):
    result = command("check", answers(FLIPPED), "--json", "--seed", "7")
    report = json.loads(result.stdout)
    assert list(report) == ["version", "seed", "points", "max_points", "exercises"]
    assert (report["version"], report["seed"], report["max_points"]) == (1, 7, 23)
    fields = ["name", "chapter", "status", "points", "max_points", "mistake", "message", "case", "seconds"]
    assert all(list(exercise) == fields for exercise in report["exercises"])
    by_name = {e["name"]: e for e in report["exercises"]}
    assert by_name["conv2d"]["mistake"] == "flipped-kernel"
    assert by_name["conv2d"]["case"] and by_name["conv2d"]["points"] == 0
    assert report["points"] == sum(e["points"] for e in report["exercises"]) == 19


def test_a_seed_repeats_the_inputs_to_the_bit(command, answers):
    path = answers(FLIPPED)
    texts = [command("check", path, "conv2d", "--seed", "11").stdout for _ in range(2)]
    assert texts[0] == texts[1]
    assert texts[0] != command("check", path, "conv2d", "--seed", "12").stdout


# --- submissions ---


def test_right_answers_all_pass(command, answers):
    result = command("check", answers())
    assert result.returncode == 0 and "11 of 11 passed, 23 of 23 points" in result.stdout


def test_a_file_with_one_exercise_is_asked_for_that_one(command, tmp_path):
    (tmp_path / "mine.py").write_text("import numpy as np\n" + RIGHT)
    result = command("check", "mine.py", "--json")
    assert result.returncode == 0 and statuses(result) == {"conv2d": "passed"}


def test_what_is_left_out_of_a_chapter_is_missing(command, tmp_path, right_answers):
    text = right_answers.replace("def pad2d(", "def padded2d(").replace("pad2d(image", "padded2d(image")
    (tmp_path / "answers.py").write_text(text)
    result = command("check", "answers.py", "--json")
    found = statuses(result)
    assert found["pad2d"] == "missing" and found["correlate2d"] == "passed"
    assert "padded2d" in next(e["message"] for e in json.loads(result.stdout)["exercises"] if e["name"] == "pad2d")


LIAR = """class Liar:
    shape, dtype = (1,), float
    def __eq__(self, other): return True
    def __array__(self, dtype=None, copy=None): return np.zeros(3)
    def __getattr__(self, name): return self
"""
BAD = {
    "infinite loop": ("while True: pass", "timeout", "10 s"),
    "os._exit": ("import os; os._exit(0)", "crashed", "ended itself with status 0"),
    "sys.exit": ("import sys; sys.exit()", "error", "SystemExit"),
    "4 GB": ("np.ones(4 << 30, dtype=np.uint8)", "memory", ""),
    "crash": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed", "segmentation fault"),
    "list": ("return right(*arguments).tolist()", "failed", "a list"),
    "scalar": ("return float(right(*arguments).sum())", "failed", "a single number"),
    "subclass": ("return right(*arguments).view(type('Own', (np.ndarray,), {}))", "failed", "type Own"),
    "liar": ("return Liar()", "failed", "type Liar"),
    "None": ("right(*arguments)", "failed", "None"),
    "NaN": ("out = right(*arguments); out.flat[-1] = np.nan; return out", "failed", "NaN"),
    "wrong dtype": ("return right(*arguments).astype(np.float16)", "failed", "float16"),
    "broadcastable": ("return right(*arguments)[None]", "failed", "shape"),
    "changes its input": ("out = right(*arguments); arguments[0][...] = 0; return out", "failed", "in place"),
    "raises": ("return arguments[99]", "error", "IndexError"),
    "reads the reference": ("from solutions.convolution import conv2d; return conv2d(*arguments)", "forbidden", ""),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_function_costs_its_own_exercise_alone(command, answers, name):
    body, status, said = BAD[name]
    path = answers(f"{LIAR}\nright = conv2d\ndef conv2d(*arguments):\n    {body}\n")
    result = command("check", path, "--json")
    found = statuses(result)
    assert found.pop("conv2d") == status, result.stdout
    message = next(e["message"] for e in json.loads(result.stdout)["exercises"] if e["name"] == "conv2d")
    assert said in message and "Traceback" not in message
    assert set(found.values()) == {"passed"}, found
    assert result.returncode == 1 and result.stderr == ""


def test_fifty_megabytes_of_printout_do_not_stand_in_the_way(command, answers):
    path = answers("right = conv2d\ndef conv2d(*a):\n    print('x' * 5_000_000)\n    return right(*a)\n")
    result = command("check", path, "--json")
    assert set(statuses(result).values()) == {"passed"}
    message = next(e["message"] for e in json.loads(result.stdout)["exercises"] if e["name"] == "conv2d")
    assert "printed" in message and len(result.stdout) < 20_000


def test_a_syntax_error_is_named_by_line_and_costs_its_own_exercise_alone(command, tmp_path, right_answers):
    broken = right_answers.replace("def conv2d_macs(in_channels,", "def conv2d_macs((in_channels,")
    (tmp_path / "answers.py").write_text(broken)
    result = command("check", "answers.py", "--json")
    found = statuses(result)
    assert found.pop("conv2d_macs") == "error" and set(found.values()) == {"passed"}
    line = 1 + broken[: broken.index("def conv2d_macs((")].count("\n")
    assert f"answers.py, line {line}:" in result.stdout


def test_a_notebook_that_is_not_json_costs_its_own_chapter_alone(command, answers, tmp_path):
    (tmp_path / "02_convolution.ipynb").write_text('{"cells": [')
    text = answers().read_text()
    first = text[: text.index('"""Chapter 2')]
    (tmp_path / "filters.py").write_text(first)
    result = command("check", "02_convolution.ipynb", "filters.py", "--json")
    found = statuses(result)
    assert {found[n] for n in course.chapters()[0].exercises} == {"passed"}
    assert {found[n] for n in course.chapters()[1].exercises} == {"error"}
    assert "not valid JSON" in result.stdout


def test_an_unknown_notebook_that_is_not_json_gets_one_record(command, tmp_path):
    (tmp_path / "homework.ipynb").write_text("{")
    result = command("check", "homework.ipynb", "--json")
    assert result.returncode == 1 and statuses(result) == {"homework.ipynb": "error"}


# --- nothing is lost ---


def test_reset_puts_the_stub_back_and_restore_the_answer(command, workbook):
    home = {"AUTOGRADER_WORKBOOK": str(workbook)}
    path = answer(workbook, "conv2d", RIGHT)
    assert command("reset", "conv2d", **home).returncode == 0
    assert "einsum" not in path.read_text()
    assert command("restore", **home).returncode == 0
    assert command("check", "conv2d", **home).returncode == 0


def test_start_again_keeps_every_answer(command, workbook):
    path = answer(workbook, "conv2d", RIGHT)
    assert command("start", workbook).returncode == 0
    assert "einsum" in path.read_text()


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_a_check_cut_short_loses_neither_answer_nor_progress(command, workbook, kill):
    home = {"AUTOGRADER_WORKBOOK": str(workbook)}
    answer(workbook, "conv2d", RIGHT)
    assert command("check", "conv2d", **home).returncode == 0
    path = answer(workbook, "pad2d", "def pad2d(x, padding):\n    while True: pass\n")
    before = path.read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", "check", "pad2d"],
        env={**os.environ, **home},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    time.sleep(2)
    process.send_signal(kill)
    _, said = process.communicate(timeout=20)
    assert "Traceback" not in said
    assert path.read_bytes() == before
    assert "✓ conv2d" in command("status", **home).stdout


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_watch_checks_what_was_saved_and_nothing_else(workbook):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "autograder", "watch"],
        env={**os.environ, "AUTOGRADER_WORKBOOK": str(workbook)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert "Watching" in process.stdout.readline()
        time.sleep(1.5)  # the watcher itself starts after the line
        answer(workbook, "conv2d", FLIPPED)
        assert "✗ conv2d" in process.stdout.readline()
        while "of 1 passed" not in (line := process.stdout.readline()):
            assert line
        answer(workbook, "conv2d", RIGHT)
        assert "✓ conv2d: passed" in process.stdout.readline()
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert "Traceback" not in said and process.returncode == 130


# --- the other commands ---


def test_hints_come_one_at_a_time(command, workbook):
    home = {"AUTOGRADER_WORKBOOK": str(workbook)}
    counts = [command("hint", "conv2d", **home).stdout.count("Hint ") for _ in range(4)]
    assert counts == [1, 2, 3, 3]


def test_the_solution_is_the_reference_without_its_marks(command):
    result = command("solution", "correlate2d")
    assert result.stdout.startswith("def correlate2d(") and "SOLUTION" not in result.stdout


def test_the_list_names_every_exercise_with_its_signature(command):
    entries = json.loads(command("list", "--json").stdout)["exercises"]
    assert [e["name"] for e in entries] == list(course.exercise_chapters())
    assert "conv2d(x, weight, bias=None, stride=1, padding=0)" in command("list").stdout


def test_the_doctor_says_what_is_there(command):
    result = command("doctor")
    assert result.returncode == 0
    assert all(word in result.stdout for word in ("Python", "numpy", "GPU", "Worker", "audit"))


# --- what is loaded ---


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import autograder", ("numpy", "torch", "typer", "matplotlib", "nbformat")),
        ("from autograder import check", ("torch", "matplotlib", "nbformat", "jupytext", "typer")),
        ("import autograder.cli", ("torch", "matplotlib", "nbformat", "jupytext", "IPython", "sklearn")),
        ("import autograder.worker.zygote", ("solutions", "autograder.exercises", "autograder.grade")),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code, absent):
    check = f"import sys; {code}; print([m for m in {absent!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True).stdout.strip() == "[]"


def test_a_workbook_without_notebooks_points_to_start(command, tmp_path):
    (tmp_path / "workbook" / ".autograder").mkdir(parents=True)
    result = command("check", AUTOGRADER_WORKBOOK=str(tmp_path / "workbook"))
    assert one_line_and_no_traceback(result) and "autograder start" in result.stderr

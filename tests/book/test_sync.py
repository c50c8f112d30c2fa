import pytest
from tiny_course import DEFAULT, NAMES, TinyCourse, exercise, text

from autograder import course
from book import sync


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    made = TinyCourse(tmp_path, monkeypatch)
    (tmp_path / "exercises").mkdir()
    monkeypatch.setattr(course, "EXERCISES", tmp_path / "exercises")
    return made


def test_the_stubs_and_parts_of_every_chapter_are_in_step():
    assert sync.sync(check=True) == []


def test_what_is_in_step_is_not_touched(tiny):
    before = tiny.chapter.source.stat().st_mtime_ns
    assert sync.main([]) == 0 == sync.main(["--check"])
    assert tiny.chapter.source.stat().st_mtime_ns == before


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_drifted_stub_is_rewritten_and_nothing_else_changes_by_a_byte(tiny, end):
    wanted = DEFAULT.replace("Intro.", "Intro.  \t\u2028 \x0c odd").replace("\n", end)
    tiny.write(wanted.replace("conv2d_macs(in_channels, ", "conv2d_macs(channels, ").replace("is not\n", "is\n"))
    assert sync.main(["--check"]) == 1
    assert sync.main([]) == 0
    assert tiny.chapter.source.read_bytes() == wanted.encode()


def test_check_names_file_line_and_stub_and_writes_nothing(tiny, capsys):
    drifted = DEFAULT.replace("def conv2d_parameters(in_channels", "def conv2d_parameters(channels")
    tiny.write(drifted)
    assert sync.main(["--check"]) == 1
    line = drifted.splitlines().index("def conv2d_parameters(channels, out_channels, kernel_size, bias=True):") + 1
    said = capsys.readouterr().err
    assert said == f"chapters/02_convolution.md:{line}: the stub of conv2d_parameters has drifted; run: make sync\n"
    assert tiny.chapter.source.read_text(encoding="utf-8") == drifted


def test_options_of_the_stub_cell_stay(tiny):
    cell = "```{code-cell} ipython3\ndef conv2d_macs(old):"
    tiny.write(
        DEFAULT.replace("```{code-cell} ipython3\ndef conv2d_macs(", cell.replace("\ndef", "\n:tags: [a]\n\ndef")[:-5])
    )
    tiny.write(tiny.chapter.source.read_text().replace("conv2d_macs(in_channels, ", "conv2d_macs(n, "))
    sync.main([])
    assert "```{code-cell} ipython3\n:tags: [a]\n\ndef conv2d_macs(in_channels, " in tiny.chapter.source.read_text()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (exercise(NAMES[0]), ["exercise conv2d_macs has no {graded} box", "no stub cell", "no check cell"]),
        (DEFAULT.replace("conv2d_macs = check(conv2d_macs)", "check(conv2d_macs)"), ["conv2d_macs has no check cell"]),
        (
            DEFAULT.replace("def conv2d_macs(", "def other("),
            ["conv2d_macs has no stub cell", "stub of other, which is no exercise"],
        ),
        (DEFAULT.replace("{graded} conv2d_macs", "{note}"), ["conv2d_macs has no {graded} box"]),
        (
            DEFAULT + exercise("conv2d_single"),
            ["{graded} box of conv2d_single, which is no exercise", "stub of conv2d_single"],
        ),
        (
            DEFAULT.replace("conv2d_macs = check(conv2d_macs)", "pass").replace(
                "Intro.", "```{code-cell}\nconv2d_macs = check(conv2d_macs)\n```"
            ),
            ["conv2d_macs: the order must be"],
        ),
    ],
)
def test_a_part_that_is_missing_or_too_much_is_named(tiny, body, says):
    tiny.write(body if body.startswith("---") else text(body))
    said = sync.sync(check=True)
    for each in says:
        assert any(each in line for line in said), (each, said)
    assert all(line.startswith("chapters/02_convolution.md") for line in said)


def test_an_exercise_without_a_reference_is_named(tiny):
    tiny.chapter = course.Chapter(2, "convolution", (*NAMES, "conv3d"))
    assert any("exercise conv3d has no reference in solutions/convolution.py" in line for line in sync.sync(check=True))


def test_exercises_without_a_chapter_are_named(tiny):
    (course.EXERCISES / "pooling.py").write_text("max_pool2d = Exercise(\n)\n")
    assert sync.sync(check=True) == ["autograder/exercises/pooling.py: no chapters/NN_pooling.md"]


def test_a_chapter_that_cannot_be_read_is_one_line(tiny):
    tiny.write(DEFAULT + "```{note}\n")
    [said] = sync.sync(check=True)
    assert said.startswith("chapters/02_convolution.md:") and "never closed" in said

import nbformat
import pytest
from tiny_course import DEFAULT, TinyCourse, text

from autograder import course
from book import solutions

DRAW = """
```{code-cell} ipython3
import os
import sys

print(os.environ["AUTOGRADER_SEED"], repr(os.environ["AUTOGRADER_WORKBOOK"]), os.path.basename(os.getcwd()))
print("err", file=sys.stderr)
print("more")
```

```{code-cell} ipython3
from IPython.display import display
display({"image/png": "AAAA", "text/plain": "a figure"}, raw=True)
```
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    made = TinyCourse(tmp_path, monkeypatch)
    monkeypatch.setattr(course, "SOLUTIONS", tmp_path / "solutions")
    course.SOLUTIONS.mkdir()
    check = "```{code-cell} ipython3\ncheck = lambda f: f\n```\n"
    made.write(DEFAULT.replace("Intro.", "Intro.\n\n" + check) + DRAW)
    return made


@pytest.mark.parametrize("chapter", course.chapters(), ids=lambda chapter: chapter.name)
def test_the_stored_notebooks_are_what_the_chapters_give(chapter):
    assert solutions.stale(chapter) is None


def test_a_build_stores_outputs_and_a_second_one_changes_nothing(tiny, capsys):
    assert solutions.main([]) == 0
    path = course.SOLUTIONS / "02_convolution.ipynb"
    first = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert outputs[0].text == "0 '' chapters\nmore\n" or outputs[0].text.startswith("0 '' chapters\n")
    assert not any("execution" in cell.metadata for cell in notebook.cells)
    assert "NotImplementedError" not in first.decode()
    assert "version" not in notebook.metadata.language_info
    assert solutions.main(["convolution"]) == 0 == solutions.main(["--check", "2"])
    assert path.read_bytes() == first
    assert "02_convolution.ipynb: unchanged" in capsys.readouterr().out


def test_other_bytes_of_the_same_picture_do_not_rewrite_the_file(tiny):
    solutions.main([])
    path = course.SOLUTIONS / "02_convolution.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace('"AAAA"', '"BBBB"'), encoding="utf-8")
    assert solutions.build(tiny.chapter) == "unchanged"
    path.write_text(path.read_text(encoding="utf-8").replace("more", "less"), encoding="utf-8")
    assert solutions.build(tiny.chapter) == "updated"


def test_a_cell_that_raises_is_named_with_its_error_and_nothing_is_stored(tiny, capsys):
    tiny.write(text("```{code-cell} ipython3\n1\n```\n\n```{code-cell} ipython3\n1 / 0\n```\n"))
    assert solutions.main([]) == 1
    said = capsys.readouterr().out
    assert said.startswith("02_convolution.ipynb, cell 3 (code-") and said.endswith(
        "ZeroDivisionError: division by zero\n"
    )
    assert not list(course.SOLUTIONS.iterdir())


def test_check_names_the_first_cell_that_is_stale(tiny, capsys):
    assert solutions.main(["--check"]) == 1
    assert "is not there or cannot be read" in capsys.readouterr().out
    solutions.main([])
    tiny.write(tiny.chapter.source.read_text(encoding="utf-8").replace("Bye.", "Ciao."))
    assert solutions.main(["--check"]) == 1
    assert "is not as the chapter gives it; run: make solutions" in capsys.readouterr().out


def test_an_unknown_chapter_is_exit_2(tiny, capsys):
    assert solutions.main(["filtres"]) == 2
    assert "no chapter is called 'filtres'; there are: 02_convolution" in capsys.readouterr().out

"""The course knows its chapters, and every exercise its chapter."""

import subprocess
import sys

import pytest

from autograder import course, exercises


def test_chapters_come_in_order_and_have_what_belongs_to_them():
    numbers = [chapter.number for chapter in course.chapters()]
    assert numbers == sorted(set(numbers)) and numbers
    for chapter in course.chapters():
        assert chapter.name == chapter.source.stem and chapter.source.is_file()
        assert chapter.title and not chapter.title.startswith("#")
        if chapter.exercises:
            assert (course.SOLUTIONS / f"{chapter.topic}.py").is_file()


def test_no_file_of_exercises_or_solutions_strays():
    topics = {chapter.topic for chapter in course.chapters()}
    assert {p.stem for p in course.EXERCISES.glob("*.py")} - {"__init__", "inputs"} <= topics
    assert {p.stem for p in course.SOLUTIONS.glob("*.py")} - {"__init__"} <= topics


def test_names_are_declared_once_and_in_the_order_of_the_course():
    declared = [name for chapter in course.chapters() for name in chapter.exercises]
    assert len(set(declared)) == len(declared)
    assert list(course.exercise_chapters()) == declared


def test_what_is_read_as_text_is_what_python_finds():
    for name, chapter in course.exercise_chapters().items():
        exercise = exercises.find(name)
        assert exercise.name == name and exercise.topic == chapter.topic
    for chapter in course.chapters():
        if chapter.exercises:
            module = __import__(f"autograder.exercises.{chapter.topic}", fromlist=["*"])
            found = [n for n, v in vars(module).items() if type(v) is type(exercise)]
            assert found == list(chapter.exercises)


def test_a_chapter_without_a_title_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "CHAPTERS", tmp_path)
    (tmp_path / "07_x.md").write_text("no title\n")
    with pytest.raises(ValueError, match="07_x.md: no title"):
        _ = course.Chapter(7, "x", ()).title


def test_the_names_are_known_without_importing_a_chapter():
    code = (
        "import sys; from autograder import course; assert course.exercise_chapters();"
        "assert not {m for m in sys.modules if m.startswith(('solutions', 'autograder.exercises', 'torch'))}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

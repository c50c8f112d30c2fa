import ast

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from autograder import course
from book import publish


def test_every_chapter_is_published_under_its_name_with_what_binder_needs(tmp_path):
    written = publish.write(tmp_path / "out")
    assert [path.stem for path in written] == [chapter.name for chapter in course.chapters()]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {path.name for path in written} | {"README.md", "requirements.txt", "runtime.txt"}


def test_the_first_cell_fetches_the_course_and_is_python_to_a_notebook(tmp_path):
    for path in publish.write(tmp_path):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        first = notebook.cells[0]
        ast.parse(TransformerManager().transform_cell(first.source))
        requirement = (tmp_path / "requirements.txt").read_text().strip()
        assert f'"{requirement}"' in first.source


def test_the_first_cell_does_nothing_where_the_course_is_installed(tmp_path):
    (path, *_) = publish.write(tmp_path)
    source = TransformerManager().transform_cell(nbformat.read(path, as_version=4).cells[0].source)
    exec(source, {"get_ipython": lambda: (_ for _ in ()).throw(AssertionError("it would install something"))})


def test_publishing_twice_gives_the_same_bytes(tmp_path):
    one, two = publish.write(tmp_path / "1"), publish.write(tmp_path / "2")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]

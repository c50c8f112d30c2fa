"""The branch that the Colab and Binder buttons lead to: ``python -m book.publish DIR`` writes what stands on it.

The learner's notebooks, each with a first cell that fetches the course where it is missing, and what Binder needs.
"""

import argparse
import sys
from pathlib import Path

import nbformat
import yaml

from autograder import convert, course

PYTHON = "python-3.12"

_FETCH = """\
# In Colab this cell fetches the course, which takes a minute. Where the course is installed, it does nothing.
import importlib.util
import sys

if importlib.util.find_spec("autograder") is None:
    own_versions = "--no-deps" if "google.colab" in sys.modules else ""  # Colab brings NumPy and the rest
    %pip install --quiet anywidget
    %pip install --quiet {{own_versions}} "{requirement}"
if "google.colab" in sys.modules:
    from google.colab import output

    output.enable_custom_widget_manager()  # for the interactive figures"""

_README = """\
# Notebooks of [{title}]({repository})

Made from the chapters, anew at each publication: changes made here are lost. Your answers belong in a copy of your own:
in Colab, choose "Save a copy in Drive" first. On your machine, `make learn` in the [course]({repository}) keeps them.
"""


def write(folder: Path) -> list[Path]:
    """Write everything that the branch holds; returns the notebooks."""
    config = yaml.safe_load((course.ROOT / "_config.yml").read_text(encoding="utf-8"))
    repository = config["repository"]["url"]
    requirement = f"cnn-by-hand @ git+{repository}@{config['repository']['branch']}"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chapter in course.chapters():
        notebook = convert.learner_notebook(chapter)
        notebook.cells.insert(
            0, nbformat.v4.new_code_cell(_FETCH.format(requirement=requirement), id="fetch-the-course")
        )
        nbformat.validate(notebook)
        written.append(folder / f"{chapter.name}.ipynb")
        nbformat.write(notebook, written[-1])
    (folder / "requirements.txt").write_text(f"{requirement}\n", encoding="utf-8")
    (folder / "runtime.txt").write_text(f"{PYTHON}\n", encoding="utf-8")
    (folder / "README.md").write_text(_README.format(title=config["title"], repository=repository), encoding="utf-8")
    return written


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m book.publish", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", metavar="DIR", type=Path, help="where to write")
    asked = parser.parse_args(arguments)
    try:
        for path in write(asked.folder):
            print(path)
    except (OSError, convert.ConversionError) as error:
        print(f"book: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

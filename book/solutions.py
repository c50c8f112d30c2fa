"""The filled-in notebooks, ``solutions/NN_topic.ipynb``: ``python -m book.solutions [--check] [CHAPTER ...]``.

Each is the chapter with its references in place of the stubs, executed, with its outputs. Whether a stored one is
still right is told from its sources alone; nbval, which runs it again, tells whether its outputs are.

A file is rewritten only if something other than an image's bytes differs: another build of Matplotlib, FreeType or
zlib gives other bytes for the same picture, and a repository should not carry those.
"""

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from autograder import convert, course
from autograder.workbook import files

_ENVIRONMENT = {"AUTOGRADER_SEED": "0", "AUTOGRADER_WORKBOOK": ""}
_SECONDS = 120  # for one cell
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class BuildError(Exception):
    """A chapter whose filled-in notebook cannot be built: file, cell and error, in one line."""


def path_of(chapter: course.Chapter) -> Path:
    return course.SOLUTIONS / f"{chapter.name}.ipynb"


def executed(chapter: course.Chapter) -> NotebookNode:
    """The filled-in notebook with its outputs; a BuildError names the cell that raised."""
    notebook = convert.solution_notebook(chapter)
    environment = os.environ | _ENVIRONMENT | {"PYTHONPATH": _python_path()}
    client = NotebookClient(
        notebook,
        timeout=_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(course.CHAPTERS)}},
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--IPKernelApp.log_level=40"],  # else each kernel warns that TCP is not encrypted
    )
    label = path_of(chapter).name
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        what = _ANSI.sub("", f"{error.ename}: {error.evalue}").strip()
        raise BuildError(f"{label}, {_place(notebook)}: {what}") from None
    except CellTimeoutError:
        raise BuildError(f"{label}, {_place(notebook)}: took more than {_SECONDS} seconds") from None
    except DeadKernelError:
        raise BuildError(f"{label}, {_place(notebook)}: the kernel died") from None
    return _settled(notebook)


def _python_path() -> str:
    """The course first, so that its checkout is what the kernel imports."""
    return os.pathsep.join(filter(None, [str(course.ROOT), os.environ.get("PYTHONPATH")]))


def _place(notebook: NotebookNode) -> str:
    """The cell that was run last: "cell 12 (check-conv2d)"."""
    cells = list(enumerate(notebook.cells, 1))
    failed = [(n, cell) for n, cell in cells if any(out.output_type == "error" for out in cell.get("outputs", []))]
    ran = [(n, cell) for n, cell in cells if cell.get("execution_count") is not None or cell.get("outputs")]
    number, cell = (failed or ran or [(1, notebook.cells[0])])[-1]
    return f"cell {number} ({cell.id})"


def _settled(notebook: NotebookNode) -> NotebookNode:
    """Without what differs from run to run: the kernel's version, times, the places where a stream was cut."""
    notebook.metadata = convert.learner_metadata(notebook.metadata["cnn_by_hand"])
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        outputs: list[NotebookNode] = []
        for out in cell.outputs:
            if "text/html" in out.get("data", {}):  # a figure's live form: its id is random, its state not stored
                out.data.pop("application/vnd.jupyter.widget-view+json", None)
            before = outputs[-1] if outputs else None
            if before and out.output_type == "stream" == before.output_type and out.name == before.name:
                before.text += out.text
            else:
                outputs.append(out)
        cell.outputs = outputs
    return notebook


def stale(chapter: course.Chapter) -> str | None:
    """What is wrong with the stored notebook, told without executing anything; None if nothing is."""
    path = path_of(chapter)
    stored = _stored(path)
    if stored is None:
        return f"{path.name} is not there or cannot be read; run: make solutions"
    wanted = convert.solution_notebook(chapter)
    for number, (have, want) in enumerate(zip(stored.cells, wanted.cells, strict=False), 1):
        if _written(have) != _written(want):
            return f"{path.name}: cell {number} ({want.id}) is not as the chapter gives it; run: make solutions"
    if len(stored.cells) != len(wanted.cells):
        more = "more" if len(stored.cells) > len(wanted.cells) else "fewer"
        return f"{path.name} has {more} cells than the chapter gives; run: make solutions"
    return None


def _stored(path: Path) -> NotebookNode | None:
    try:
        return nbformat.read(path, as_version=nbformat.NO_CONVERT)
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return None


def _written(cell: NotebookNode) -> tuple[Any, ...]:
    return cell.cell_type, cell.get("id"), cell.source, cell.get("attachments"), cell.metadata


def build(chapter: course.Chapter) -> str:
    """Builds and stores one notebook: "new", "updated" or "unchanged"."""
    path, new = path_of(chapter), executed(chapter)
    old = _stored(path)
    if old is not None and _without_images(old) == _without_images(new):
        return "unchanged"
    files.write(path, convert.to_text(new).encode("utf-8"))
    return "new" if old is None else "updated"


def _without_images(value: Any) -> Any:
    """The notebook without the bytes of the raster images that its cells drew; attachments stay."""
    if isinstance(value, dict):
        drawn = "data" in value and "output_type" in value
        inside = {key: inner for key, inner in value.items() if key != "data"} if drawn else value
        plain = {key: _without_images(inner) for key, inner in inside.items()}
        if drawn:
            raster = ("image/png", "image/jpeg")
            plain["data"] = {kind: None if kind in raster else data for kind, data in value["data"].items()}
        return plain
    return [_without_images(inner) for inner in value] if isinstance(value, list) else value


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m book.solutions", description="Builds the filled-in notebooks.")
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="01_filters, filters or 1; all if none")
    parser.add_argument("--check", action="store_true", help="execute nothing; exit 1 if a stored one is stale")
    given = parser.parse_args(arguments)
    known = {key: each for each in course.chapters() for key in (each.name, each.topic, str(each.number))}
    unknown = [name for name in given.chapters if name not in known]
    if unknown:
        print(f"no chapter is called {unknown[0]!r}; there are: {', '.join(c.name for c in course.chapters())}")
        return 2
    wrong = 0
    for chapter in [known[name] for name in given.chapters] or course.chapters():
        try:
            said = stale(chapter) if given.check else f"{path_of(chapter).name}: {build(chapter)}"
            wrong += bool(given.check and said)
        except (BuildError, convert.ConversionError) as error:
            said, wrong = str(error), wrong + 1
        if said:
            print(said, flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

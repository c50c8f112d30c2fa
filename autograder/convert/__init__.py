"""A chapter as a notebook: plain Markdown and ``<details>``, right in JupyterLab, VS Code and Colab.

What a chapter may use is in ``SUPPORTED``; every other directive, role or option is refused by name and line.

=========================  ================================================================================
in the chapter             in the notebook
=========================  ================================================================================
``{code-cell}``            a code cell; the tags ``hide-input`` and ``remove-input`` fold its source away
``{graded} NAME``          "### Exercise: NAME", level, minutes and points, the task, the hints folded
``{figure}``               the image (kept inside the notebook), its ``:alt:`` text, the caption
``{math}``, ``$``, ``$$``  a formula; its label is left out
``{note}``, ``{tip}``,     a quotation with a bold title; folded with ``:class: dropdown``
``{warning}``,
``{admonition} Title``
``{dropdown} Title``       ``<details>``
``{term}``                 its text
``{cite:t}``, ``{cite:p}`` "Dumoulin and Visin (2016)", "(Dumoulin and Visin, 2016)", and a list at the end
``{doc}``                  a link to the other chapter's notebook; the title of a page that is none
``{numref}``               "the figure ..." with the first words of its caption
``(label)=``, ``% ...``    nothing
=========================  ================================================================================

Inside a code fence or inline code all of this is literal text. Each heading begins a Markdown cell of its
own, so that JupyterLab can fold sections. Cell ids are ``exercise-NAME``, ``stub-NAME``, ``check-NAME``, else
a short hash of the content; the same chapter always gives the same bytes.
"""

import functools
import hashlib
import tomllib
from importlib import metadata

import nbformat
from jupytext.myst import myst_to_notebook
from nbformat import NotebookNode

from autograder import course, exercises
from autograder.convert import myst
from autograder.convert.blocks import CELL, convert
from autograder.convert.page import SUPPORTED, ConversionError, Page, open_page
from autograder.stub import reference_source

__all__ = ["SUPPORTED", "ConversionError", "learner_notebook", "solution_notebook", "to_text"]

_HIDDEN = {"hide-input", "remove-input"}
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}


def learner_notebook(chapter: course.Chapter) -> NotebookNode:
    """The chapter as the learner gets it: stubs to fill in, nothing executed.

    Raises
    ------
    ConversionError
        For what a notebook cannot show, naming file and line.
    """
    page, text = open_page(chapter.source, chapter.exercises)
    source = myst_to_notebook(text, add_source_map=True)
    cells = []
    for cell, line in zip(source.cells, source.metadata["source_map"], strict=True):
        if cell.cell_type == "markdown":
            cells += _markdown_cells(cell.source, _first_line(text, line), page)
        elif cell.cell_type == "code":
            cells.append(_code_cell(cell, chapter.exercises))
        else:
            raise page.refuse(line - 1, "directive", "raw-cell")
    if cited := page.citations.listed():
        heading = [] if _ends_with_references(cells) else ["## References", ""]
        cells.append(_cell("markdown", "\n".join([*heading, *cited]), "references"))
    notebook = nbformat.v4.new_notebook(cells=_with_ids(cells))
    notebook.metadata = learner_metadata({"chapter": chapter.name, "version": version()})
    notebook.nbformat_minor = 5
    return notebook


def solution_notebook(chapter: course.Chapter) -> NotebookNode:
    """The same with every stub filled in from its reference; not executed."""
    notebook = learner_notebook(chapter)
    for cell in notebook.cells:
        kind, _, name = cell.id.partition("-")
        if kind == "stub" and name in chapter.exercises:
            cell.source = reference_source(exercises.find(name).reference).rstrip("\n")
    return notebook


def learner_metadata(about: dict[str, str]) -> NotebookNode:
    """A notebook's metadata; a kernel that ran it would add its own version."""
    return nbformat.from_dict({**_METADATA, "cnn_by_hand": dict(about)})


def to_text(notebook: NotebookNode) -> str:
    """The bytes of the .ipynb file, as text: sorted keys, one line end at the end."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


@functools.cache
def version() -> str:
    """The course's version: of the checkout if this is one, else of the installed package."""
    project = course.ROOT / "pyproject.toml"
    if project.exists():
        found = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if "version" in found:
            return found["version"]
    try:
        return metadata.version("cnn-by-hand")
    except metadata.PackageNotFoundError:
        return "0"


def _first_line(text: str, line: int) -> int:
    """Where a Markdown cell's source begins: jupytext counts the blank lines before it in."""
    lines = text.split("\n")
    while line < len(lines) and not lines[line]:
        line += 1
    return line


def _markdown_cells(source: str, line: int, page: Page) -> list[NotebookNode]:
    parts: list[tuple[str, list[str]]] = [("", [])]
    for text in convert(source.split("\n"), line, page, top=True):
        if text.startswith(CELL):
            parts.append((text.removeprefix(CELL), []))
        else:
            parts[-1][1].append(text)
    cells = []
    for name, lines in parts:
        if content := "\n".join(lines).strip("\n"):
            cell = _cell("markdown", content, name)
            shown = {key: data for key, data in page.attachments.items() if f"(attachment:{key})" in content}
            if shown:
                cell["attachments"] = nbformat.from_dict(shown)
            cells.append(cell)
    return cells


def _code_cell(cell: NotebookNode, names: tuple[str, ...]) -> NotebookNode:
    parsed = myst.CodeCell(cell.source, 0, 0)
    checked = [name for name in names if name in parsed.checks()]
    wanted = f"check-{checked[0]}" if checked else ""
    if parsed.stub_of() in names:
        wanted = f"stub-{parsed.stub_of()}"
    new = _cell("code", cell.source, wanted)
    new.metadata = nbformat.from_dict(dict(cell.metadata))
    if _HIDDEN & set(cell.metadata.get("tags", [])):
        new.metadata["jupyter"] = nbformat.from_dict({"source_hidden": True})
    return new


def _cell(kind: str, source: str, wanted: str) -> NotebookNode:
    make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
    short = hashlib.sha256(source.encode("utf-8")).hexdigest()[:8]
    return make(source=source, id=wanted or f"{kind}-{short}")


def _with_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells with every id once: a second one of the same content gets a number."""
    taken: set[str] = set()
    for cell in cells:
        number, wanted = 1, cell.id
        while cell.id in taken:
            number += 1
            cell["id"] = f"{wanted}-{number}"
        taken.add(cell.id)
    return cells


def _ends_with_references(cells: list[NotebookNode]) -> bool:
    headings = [cell.source.partition("\n")[0] for cell in cells if cell.source.startswith("#")]
    return bool(headings) and headings[-1].lstrip("# ").casefold() == "references"

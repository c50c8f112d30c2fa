"""Notebooks as plain JSON: nbformat's import alone takes a second, and reading needs none of it."""

import json
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]


class Unreadable(ValueError):
    """Not a notebook that can be read; the message says why, in a few words."""


def parse(content: bytes) -> Notebook:
    """A notebook of nbformat 4, whatever editor wrote it.

    Raises
    ------
    Unreadable
        For anything else.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 at byte {error.start}") from None
    try:
        notebook = json.loads(text)
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except ValueError as error:
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("<<<<<<<"):
                raise Unreadable(f"git's conflict marks in line {number}") from None
        at = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(("empty" if not text.strip() else "not JSON") + at) from None
    if not isinstance(notebook, dict) or notebook.get("nbformat", 4) != 4:
        raise Unreadable("not a notebook of nbformat 4; save it again in JupyterLab")
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(_is_cell(cell) for cell in cells):
        raise Unreadable("not a notebook: it has no list of cells")
    return notebook


def _is_cell(cell: Any) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        return False
    text = cell.get("source", "")
    return isinstance(text, str) or isinstance(text, list) and all(isinstance(part, str) for part in text)


def dump(notebook: Notebook) -> bytes:
    """The file's bytes, as JupyterLab would write them: sources as lists of lines, sorted keys."""
    cells = []
    for cell in notebook["cells"]:
        text = cell.get("source", "")
        text = "".join(text) if isinstance(text, list) else text
        cell = cell | {"source": text.splitlines(keepends=True), "metadata": cell.get("metadata", {})}
        if cell["cell_type"] == "code":
            cell = {"outputs": [], "execution_count": None} | cell
        cells.append(cell)
    whole = {"metadata": {}, "nbformat": 4} | notebook | {"cells": cells}
    whole["nbformat_minor"] = max(5, notebook.get("nbformat_minor", 5))
    try:
        return (json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8")
    except UnicodeEncodeError:  # half a character, as JSON's escapes allow
        return (json.dumps(whole, indent=1, sort_keys=True) + "\n").encode("ascii")


def read(path: Path) -> tuple[Notebook, bytes] | None:
    """The notebook and its bytes; None where there is no such file. Raises Unreadable and OSError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return parse(content), content

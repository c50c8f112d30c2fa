"""From a reference to what the learner is given, and to what `solution` shows.

In a reference, comment lines ``# BEGIN SOLUTION`` and ``# END SOLUTION`` (any number of ``#``) mark the part
that the learner writes; the rest of the body stays in the stub as a scaffold. Without marks all of it goes.
"""

import ast
import inspect
import io
import re
import textwrap
import tokenize
from collections.abc import Callable

_MARK = re.compile(r"#+\s*(BEGIN|END)\s+SOLUTION\b")
_ROLE = re.compile(r":(?:py:)?(?:func|class|meth|mod|attr|obj|data|exc|const|ref|doc|term):`([^`]+)`")
_WITH_TARGET = re.compile(r"(?P<text>.+?)\s*<[^<>]+>", re.DOTALL)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Span = tuple[int, int, list[str]]  # rows from, to (exclusive), and what stands there instead


def stub(function: Callable | type) -> str:
    """What the learner starts from: signature, docstring, scaffold, and ``raise NotImplementedError``.

    Raises
    ------
    ValueError
        For marks that do not pair up, naming file and line, and for a class with no method to write.
    """
    lines, where = _source(function)
    blocks = _blocks(lines, where)
    spans = [_todo(lines, begin, end) for begin, end in blocks] if blocks else _bodies(lines, where)
    for start, stop, instead in reversed(spans):
        lines[start:stop] = instead
    return "\n".join(lines).rstrip() + "\n"


def reference_source(function: Callable | type) -> str:
    """The reference as it is, without the lines that mark the learner's part.

    Raises
    ------
    ValueError
        For marks that do not pair up, naming file and line.
    """
    lines, where = _source(function)
    marks = {row for block in _blocks(lines, where) for row in block}
    return "\n".join(line for row, line in enumerate(lines) if row not in marks).rstrip() + "\n"


def _source(function: Callable | type) -> tuple[list[str], Callable[[int], str]]:
    """Lines of the definition with readable docstrings, and row -> "file.py:12" for messages."""
    function = inspect.unwrap(getattr(function, "py_func", function))  # py_func: a kernel compiled by numba
    lines, first = inspect.getsourcelines(function)
    lines = textwrap.dedent("".join(lines)).splitlines()
    path = inspect.getsourcefile(function) or "?"
    parts = path.replace("\\", "/").split("/")
    for node in ast.walk(ast.parse("\n".join(lines))):
        if (text := _docstring(node)) is not None:
            for row in range(text.lineno - 1, _last(text)):
                # A role may be broken over two lines; the docstring's line count must not change.
                lines[row] = _ROLE.sub(_plain, lines[row])
    return lines, lambda row: f"{'/'.join(parts[-2:])}:{max(first, 1) + row}"


def _plain(role: re.Match) -> str:
    """A Sphinx role as one reads it: :func:`~solutions.filters.pad2d` is `pad2d`."""
    body = role.group(1)
    titled = _WITH_TARGET.fullmatch(body)
    if titled:
        return f"`{titled.group('text')}`"
    return f"`{body.lstrip('~!').rpartition('.')[2]}`"


def _docstring(node: ast.AST) -> ast.stmt | None:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and ast.get_docstring(node, clean=False) is not None:
        return node.body[0]
    return None


def _last(node: ast.stmt) -> int:
    """The number of its last line, from 1."""
    assert node.end_lineno is not None, "parsed from a text"
    return node.end_lineno


def _blocks(lines: list[str], where: Callable[[int], str]) -> list[tuple[int, int]]:
    """(row of BEGIN, row of END) of each block, in order."""
    blocks, begin = [], None
    for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
        alone = token.type == tokenize.COMMENT and token.line.lstrip().startswith("#")
        mark = _MARK.match(token.string) if alone else None
        if mark is None:
            continue
        row = token.start[0] - 1
        if mark.group(1) == "BEGIN":
            if begin is not None:
                raise ValueError(f"{where(row)}: BEGIN SOLUTION inside a block that began at {where(begin)}")
            begin = row
        elif begin is None:
            raise ValueError(f"{where(row)}: END SOLUTION without a BEGIN SOLUTION before it")
        else:
            blocks.append((begin, row))
            begin = None
    if begin is not None:
        raise ValueError(f"{where(begin)}: BEGIN SOLUTION without an END SOLUTION after it")
    return blocks


def _todo(lines: list[str], begin: int, end: int) -> _Span:
    indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())]
    return begin, end + 1, [f"{indent}# Your code here.", f"{indent}raise NotImplementedError"]


def _bodies(lines: list[str], where: Callable[[int], str]) -> list[_Span]:
    """The body of the function, or of each method of the class."""
    top = ast.parse("\n".join(lines)).body[0]
    if isinstance(top, _FUNCTIONS):
        return [_body(lines, top)]
    assert isinstance(top, ast.ClassDef), "the source of a function or a class"
    methods = [node for node in top.body if isinstance(node, _FUNCTIONS)]
    if not methods:
        raise ValueError(
            f"{where(0)}: class {top.name} has no method to write; mark the learner's part with "
            "# BEGIN SOLUTION and # END SOLUTION"
        )
    return [_body(lines, method) for method in methods]


def _body(lines: list[str], node: ast.FunctionDef | ast.AsyncFunctionDef) -> _Span:
    todo = [" " * (node.col_offset + 4) + "raise NotImplementedError"]
    row, column = _colon(lines, node)
    text = _docstring(node)
    if text is not None and text.lineno - 1 > row:
        return _last(text), _last(node), todo
    return row, _last(node), [lines[row][: column + 1], *todo]


def _colon(lines: list[str], node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[int, int]:
    """Row and column of the colon that ends the signature."""
    depth = 0
    text = "\n".join(lines[node.lineno - 1 :]) + "\n"
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and depth == 0:
                return node.lineno - 1 + token.start[0] - 1, token.start[1]
    raise AssertionError("a function that parses has a colon")

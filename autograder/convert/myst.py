"""The part of MyST Markdown that the course's tools read: blocks, directives, code cells, their lines."""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin


class MystError(ValueError):
    """A directive that cannot be read; ``line`` counts from 0 in the text that was given."""

    def __init__(self, line: int, message: str):
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Directive:
    """One directive; ``body_line`` is the line of the first body line, counted as its token's lines are."""

    name: str
    argument: str
    options: dict[str, Any]
    body: tuple[str, ...]
    body_line: int


@dataclass(frozen=True)
class CodeCell:
    """One code cell of a chapter; ``lines[first:last]`` of the file are its source. Lines count from 0."""

    source: str
    first: int
    last: int

    @functools.cached_property
    def statements(self) -> list[ast.stmt]:
        """Its statements; none where it is not Python (a magic, a shell line)."""
        try:
            return ast.parse(self.source).body
        except SyntaxError:
            return []

    def stub_of(self) -> str | None:
        """The name it defines, if its first statement is a function or a class."""
        first = self.statements[0] if self.statements else None
        return first.name if isinstance(first, ast.FunctionDef | ast.ClassDef) else None

    def checks(self) -> set[str]:
        """The names it hands to check and takes back: ``conv2d = check(conv2d)``."""
        found = set()
        for node in self.statements:
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Call(func=ast.Name(id="check"), args=[ast.Name(id=given), *_]),
                ) if name == given:
                    found.add(name)
        return found


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).use(colon_fence_plugin)
    parser.use(dollarmath_plugin, allow_labels=True).use(myst_block_plugin)
    return parser.disable("inline", True)


def blocks(text: str) -> list[Token]:
    """The block tokens of a text; ``token.map`` holds its lines, from 0."""
    return _parser().parse(text)


def lines_of(token: Token) -> tuple[int, int]:
    """The token's first line and the line after its last."""
    assert token.map is not None, "every block of a text has its lines"
    return token.map[0], token.map[1]


def directive_name(token: Token) -> str | None:
    """The name of the directive that a fence is, or None for other fences and other blocks."""
    if token.type not in ("fence", "colon_fence"):
        return None
    match = re.match(r"\{([^{}]+)\}", token.info.strip())
    if match:
        return match.group(1).strip()
    if token.type == "colon_fence":
        raise MystError(lines_of(token)[0], "a ::: block needs a directive's name, as in :::{note}")
    return None


def directive(token: Token) -> Directive:
    """A fence taken apart into name, argument, options and body."""
    name = directive_name(token) or ""
    first, after = lines_of(token)
    argument = token.info.strip().partition("}")[2].strip()
    lines = token.content.splitlines()
    if after - first != len(lines) + 2:
        raise MystError(first, f"directive {{{name}}} is never closed")
    written, taken = [], 0
    if lines and re.fullmatch(r"---+\s*", lines[0]):
        end = next((i for i, line in enumerate(lines[1:], 1) if re.fullmatch(r"---+\s*", line)), None)
        if end is None:
            raise MystError(first + 1, f"options of {{{name}}}: the --- block is never closed")
        written, taken = lines[1:end], end + 1
    else:
        while taken < len(lines) and re.match(r"\s*:[\w-]+:", lines[taken]):
            written.append(lines[taken].lstrip()[1:])
            taken += 1
    options = _options(name, written, first + 1)
    while taken < len(lines) and not lines[taken].strip():
        taken += 1
    return Directive(name, argument, options, tuple(lines[taken:]), first + 1 + taken)


def _options(name: str | None, written: list[str], line: int) -> dict[str, Any]:
    try:
        options = yaml.safe_load("\n".join(written)) or {}
    except yaml.YAMLError as error:
        at = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not YAML"
        raise MystError(line + (at.line if at else 0), f"options of {{{name}}}: {problem}") from None
    if not isinstance(options, dict):
        raise MystError(line, f"options of {{{name}}} must be key: value lines")
    return options


def walk(text: str, line: int = 0, depth: int = 0) -> Iterator[tuple[int, int, Directive]]:
    """Every directive with its line, counted from 0, and how many others it stands in."""
    for token in blocks(text):
        name = directive_name(token)
        if name is not None:
            found = directive(token)
            yield line + lines_of(token)[0], depth, found
            if name not in ("code-cell", "math"):
                yield from walk("\n".join(found.body), line + found.body_line, depth + 1)


def code_cells(text: str) -> list[CodeCell]:
    """The code cells in order; the text's lines are those of ``text.split("\n")``."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    found = []
    for token in blocks(text):
        if token.level == 0 and directive_name(token) == "code-cell":
            last = lines_of(token)[1] - 1
            first = directive(token).body_line
            found.append(CodeCell("\n".join(lines[first:last]), first, last))
    return found

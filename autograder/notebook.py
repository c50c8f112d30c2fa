"""A learner's .ipynb or .py in -> their definitions out, by name.

Nothing is run here. Each name is traced back to the statements that it needs: plots, downloads and slow experiments
elsewhere in the notebook cost nothing, and a broken cell costs only what is defined in it. A notebook is read as
JSON, without nbformat, whose import alone takes a second.
"""

import builtins
import json
import re
import stat
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from autograder.statements import Statement, parse
from autograder.worker.job import Piece

MAX_BYTES = 64 << 20  # of a file: a notebook holds its pictures
MAX_CODE = 256 << 10  # of its code: ten times as much may take a hundred times as long to read
# Cell magics that run the cell's code; the code below any other belongs to another language or process.
_RUNNING_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%python3")
_TIMED = re.compile(r"^(\s*)%time\s+(?=[^\s-])")  # this line magic runs the code behind it
# A line that closes or opens a docstring is none, though it may look like one: """What is a patch?
_LINE_MAGIC = re.compile(r"^(\s*)(?!.*(?:\"\"\"|'''))(?:%{1,2}[A-Za-z].*|[!?].*|.*[^\s?]\?{1,2}\s*)$")
_STARTS = re.compile(r"^(?:@|(?:async\s+)?def\s|class\s|import\s|from\s|\w+\s*=[^=])")
_SEEMS_TO_DEFINE = re.compile(r"\bdef\s+(\w+)\s*\(|\bclass\s+(\w+)\s*[(:]")
_DEFINES = re.compile(r"^(?:(?:async\s+)?def|class)\s+(\w+)|^(\w+)\s*=[^=]", re.MULTILINE)

# What `import *` never replaces, as it may replace sum and any other built-in function.
_IN_MODULES = frozenset(n for n in (*dir(builtins), "__file__", "__builtins__") if n.startswith("__"))


class Unreadable(ValueError):
    """A file in which no code can be found at all; the message is one line for its owner."""


@dataclass(frozen=True)
class Broken:
    """Code that is not Python, and the names that it seems to define."""

    names: frozenset[str]
    message: str


@dataclass(frozen=True)
class Slice:
    """The statements behind one name, in order, and what they use from elsewhere."""

    pieces: tuple[Piece, ...]
    uses: frozenset[str]  # names defined by statements of the slice
    borrows: frozenset[str]  # names asked for with mine("...")


@dataclass(frozen=True)
class Submission:
    """One file of a learner's."""

    path: Path
    statements: tuple[Statement, ...]
    broken: tuple[Broken, ...] = field(default=())

    @cached_property
    def defined(self) -> frozenset[str]:
        return frozenset(name for s in self.statements if s.own for name in s.binds)

    def broken_at(self, name: str) -> str | None:
        """Why `name` cannot be read, if its definition stands in code that is not Python."""
        return next((b.message for b in self.broken if name in b.names), None)

    def slice(self, name: str, without: Iterable[str] = ()) -> Slice:
        """All that `name` needs, leaving out the definitions of the names in `without`."""
        left_out, end = frozenset(without), len(self.statements)
        chosen = {i for i, s in enumerate(self.statements) if s.piece.source.startswith("from __future__ ")}
        queue = [(name, end)]  # a name, and the statement before which it is looked up
        seen = set(queue)
        while queue:
            wanted, before = queue.pop()
            for index in self._behind(wanted, before):
                statement = self.statements[index]
                if statement.binds & left_out:
                    continue
                chosen.add(index)
                # In K = K + 1 the earlier K is among the statements behind K already.
                needs = {(n, index) for n in statement.reads - {wanted}} | {(n, before) for n in statement.later}
                new = {need for need in needs if need[0] not in left_out} - seen
                seen |= new
                queue += new
        if {n for n, _ in seen} - self._bound - left_out - _IN_MODULES:
            chosen |= {i for i, s in enumerate(self.statements) if s.piece.source.endswith(" import *")}
        picked = [self.statements[i] for i in sorted(chosen)]
        return Slice(
            tuple(s.piece for s in picked),
            frozenset().union(*(s.binds for s in picked if s.own)),
            frozenset().union(*(s.borrows for s in picked)),
        )

    def _behind(self, name: str, before: int) -> list[int]:
        """Statements that make up `name` at one point: its last full definition, and whatever changes it after that."""
        indices = [i for i in self._about.get(name, ()) if i < before]
        starts = [n for n, i in enumerate(indices) if name in self.statements[i].binds and self.statements[i].fresh]
        return indices[starts[-1] :] if starts else indices

    @cached_property
    def _about(self) -> dict[str, list[int]]:
        """Name -> the statements that bind or change it."""
        found: dict[str, list[int]] = {}
        rebinds = {n: s.rebinds for s in self.statements for n in s.binds}
        registers = {n: s.registers for s in self.statements for n in s.binds}
        writers = {n for s in self.statements if s.writes for n in s.binds}
        for index, s in enumerate(self.statements):
            # `f = mine("f")` stands for f only where this file does not define it.
            binds = s.binds if s.own else s.binds - self.defined if s.borrows else frozenset()
            changes = {n for function, _ in s.calls for n in rebinds.get(function, ())}
            changes |= {n for function in s.decorators for n in registers.get(function, ())}
            changes |= {argument for function, argument in s.calls if function in writers}
            # A call such as plt.plot() or np.set_printoptions() changes no name that an answer is made of.
            for name in binds | ((s.changes | changes) - self._imported):
                found.setdefault(name, []).append(index)
        return found

    @cached_property
    def _bound(self) -> frozenset[str]:
        return frozenset(n for s in self.statements for n in s.binds)

    @cached_property
    def _imported(self) -> frozenset[str]:
        return frozenset(n for s in self.statements if s.piece.source.startswith(("import ", "from ")) for n in s.binds)


def read(path: Path) -> Submission:
    """Read a notebook or a Python file. Raises Unreadable, naming the file, where there is nothing to be read."""
    if path.suffix not in (".ipynb", ".py"):
        raise Unreadable(f"{path}: neither a notebook (.ipynb) nor a Python file (.py)")
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable(f"{path}: not a file")
        if about.st_size > MAX_BYTES:
            raise Unreadable(f"{path}: larger than {MAX_BYTES >> 20} MiB; clear the outputs and save it again")
        text = _text(path)
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: not a text file in UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read: {error.strerror}") from None
    statements: list[Statement] = []
    broken: list[Broken] = []
    cells = list(_cells(path, text)) if path.suffix == ".ipynb" else [(path.name, text)]
    if sum(len(source) for _, source in cells) > MAX_CODE:
        raise Unreadable(f"{path}: more than {MAX_CODE >> 10} KiB of code; data belongs in a file of its own")
    for label, source in cells:
        for part in _parts(label, source):
            if isinstance(part, Statement):
                statements.append(part)
            else:
                broken.append(part)
    return Submission(path, tuple(statements), tuple(broken))


def _text(path: Path) -> str:
    """The text, in UTF-8, or in whatever else the first lines of a Python file say (# coding: latin-1)."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        try:
            with tokenize.open(path) as file:
                return file.read()
        except (SyntaxError, UnicodeDecodeError):
            raise error from None


def mentioned(path: Path) -> frozenset[str]:
    """Names that the raw text of an unreadable file seems to define: to know whose exercise it costs."""
    try:
        if not path.is_file():  # a pipe would keep us waiting
            return frozenset()
        with path.open("rb") as file:
            text = file.read(MAX_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return frozenset()
    return frozenset(name for match in _SEEMS_TO_DEFINE.findall(text) for name in match if name)


def _cells(path: Path, text: str) -> Iterator[tuple[str, str]]:
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        if "<<<<<<<" in text and ">>>>>>>" in text:
            raise Unreadable(f"{path}: not a notebook: a merge left its conflict marks (<<<<<<<) in it") from None
        why = "its text is not valid JSON" if text.strip() else "it is empty"
        raise Unreadable(f"{path}: not a notebook: {why}") from None
    if isinstance(notebook, dict) and "worksheets" in notebook:
        raise Unreadable(f"{path}: a notebook in an old format; open it in Jupyter and save it again")
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise Unreadable(f"{path}: not a notebook: it has no list of cells (nbformat 4)")
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        if isinstance(source, str):
            yield f"{path.name}, cell {number}", source.replace("\r\n", "\n").replace("\r", "\n")


def _parts(label: str, source: str) -> Iterator[Statement | Broken]:
    if source.lstrip().startswith("%%"):
        if not source.lstrip().startswith(_RUNNING_MAGICS):
            return
        source = re.sub(r"^(\s*)%%.*", r"\1", source)
    whole = parse(label, source)
    if whole is None:
        lines = (_TIMED.sub(r"\1", line) for line in source.split("\n"))
        source = "\n".join(_LINE_MAGIC.sub(r"\1pass", line) for line in lines)
        whole = parse(label, source)
    if whole is not None:
        yield from whole
        return
    for first_line, chunk in _chunks(source):
        part = parse(label, chunk, first_line)
        if part is not None:
            yield from part
        else:
            yield Broken(
                frozenset(name for match in _DEFINES.findall(chunk) for name in match if name),
                _syntax_words(label, chunk, first_line),
            )


def _syntax_words(label: str, chunk: str, first_line: int) -> str:
    try:
        compile(chunk, label, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = (error.lineno or 1) + first_line
        shown = f": {error.text.strip()}" if error.text and error.text.strip() else ""
        return f"{label}, line {line}: {error.msg}{shown}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"{label}: not readable as Python ({type(error).__name__})"
    return f"{label}: not readable as Python"


def _chunks(source: str) -> Iterator[tuple[int, str]]:
    """Cut where something new seems to start in the first column.

    Decorators stay with what they decorate, and what a merge left between its conflict marks stays together.
    """
    lines = source.split("\n")
    cuts = [0]
    decorated, merging = lines[0].startswith("@"), lines[0].startswith("<<<<<<<")
    for number, line in enumerate(lines[1:], start=1):
        if merging:
            merging = not lines[number - 1].startswith(">>>>>>>")
            if merging:
                continue
            cuts.append(number)
        elif line.startswith("<<<<<<<"):
            merging = True
            cuts.append(number)
        elif _STARTS.match(line):
            if not decorated:
                cuts.append(number)
            decorated = line.startswith("@")
    for start, stop in zip(cuts, [*cuts[1:], len(lines)], strict=True):
        yield start, "\n".join(lines[start:stop])

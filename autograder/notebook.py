"""A learner's .ipynb or .py in -> their definitions out, by name.

Nothing is run here. Each name is traced back to the statements that it needs: plots, downloads and slow experiments
elsewhere in the notebook cost nothing, and a broken cell costs only what is defined in it. A notebook is read as
JSON, without nbformat, whose import alone takes a second.
"""

import ast
import builtins
import json
import re
import stat
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from autograder.worker.job import Piece

MAX_BYTES = 64 << 20
# Cell magics that run the cell's code; the code below any other belongs to another language or process.
_RUNNING_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%python3")
_TIMED = re.compile(r"^(\s*)%time\s+(?=[^\s-])")  # this line magic runs the code behind it
_LINE_MAGIC = re.compile(r"^(\s*)(?:%{1,2}[A-Za-z].*|[!?].*|.*[^\s?]\?{1,2}\s*)$")
_STARTS = re.compile(r"^(?:@|(?:async\s+)?def\s|class\s|import\s|from\s|\w+\s*=[^=])")
_SEEMS_TO_DEFINE = re.compile(r"\bdef\s+(\w+)\s*\(|\bclass\s+(\w+)\s*[(:]")
_DEFINES = re.compile(r"^(?:(?:async\s+)?def|class)\s+(\w+)|^(\w+)\s*=[^=]", re.MULTILINE)

_COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINITIONS = _FUNCTIONS | ast.ClassDef
_BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__builtins__"}


class Unreadable(ValueError):
    """A file in which no code can be found at all; the message is one line for its owner."""


@dataclass(frozen=True)
class Statement:
    """One top-level statement: the names that it binds (or changes), and the global names that it reads."""

    piece: Piece
    binds: frozenset[str]
    reads: frozenset[str]  # global names that it looks up when it runs
    later: frozenset[str]  # global names that its functions look up when they are called
    changes: frozenset[str]  # names that it changes without binding them: x[0] = 1, x.append(1)
    calls: frozenset[tuple[str, str]]  # function and argument of a call that stands alone: fill(table)
    rebinds: frozenset[str]  # names that the function which it defines declares global
    writes: bool  # whether that function seems to change an argument in place
    borrows: frozenset[str]  # mine("conv2d")
    fresh: bool  # whether what it binds owes nothing to what the name stood for before
    own: bool  # False for `f = check(f)` and `f = mine("f")`, which define nothing of the learner's


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
        if {n for n, _ in seen} - self._bound - left_out - _BUILTINS:
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
        writers = {n for s in self.statements if s.writes for n in s.binds}
        for index, s in enumerate(self.statements):
            # `f = mine("f")` stands for f only where this file does not define it.
            binds = s.binds if s.own else s.binds - self.defined if s.borrows else frozenset()
            changes = {n for function, _ in s.calls for n in rebinds.get(function, ())}
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
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: not a text file in UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read: {error.strerror}") from None
    statements: list[Statement] = []
    broken: list[Broken] = []
    for label, source in _cells(path, text) if path.suffix == ".ipynb" else [(path.name, text)]:
        for part in _parse(label, source):
            if isinstance(part, Statement):
                statements.append(part)
            else:
                broken.append(part)
    return Submission(path, tuple(statements), tuple(broken))


def mentioned(path: Path) -> frozenset[str]:
    """Names that the raw text of an unreadable file seems to define: to know whose exercise it costs."""
    try:
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


def _parse(label: str, source: str) -> Iterator[Statement | Broken]:
    if source.lstrip().startswith("%%"):
        if not source.lstrip().startswith(_RUNNING_MAGICS):
            return
        source = re.sub(r"^(\s*)%%.*", r"\1", source)
    whole = _statements(label, source)
    if whole is None:
        lines = (_TIMED.sub(r"\1", line) for line in source.split("\n"))
        source = "\n".join(_LINE_MAGIC.sub(r"\1pass", line) for line in lines)
        whole = _statements(label, source)
    if whole is not None:
        yield from whole
        return
    for first_line, chunk in _chunks(source):
        part = _statements(label, chunk, first_line)
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


def _statements(label: str, source: str, offset: int = 0) -> list[Statement] | None:
    """The top-level statements of a piece of code, or None where it is not Python."""
    try:
        tree = ast.parse(source)
        symtable.symtable(source, "<learner>", "exec")
        return list(_parts(label, source.split("\n"), tree, offset))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parts(label: str, lines: list[str], tree: ast.Module, offset: int) -> Iterator[Statement]:
    for node in tree.body:
        if isinstance(node, ast.If) and any(getattr(n, "id", None) == "__name__" for n in ast.walk(node.test)):
            continue  # `if __name__ == "__main__":` is for running the file, not for importing it
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        for part in _split_import(node) or [_text(lines, node, first)]:
            yield _statement(node, part, Piece(part, label, first + offset))


def _text(lines: list[str], node: ast.stmt, first: int) -> str:
    """The statement alone, even where it shares its line with others; columns count bytes."""
    part = lines[first - 1 : node.end_lineno]
    part[-1] = part[-1].encode()[: node.end_col_offset].decode()
    if first == node.lineno:
        part[0] = part[0].encode()[node.col_offset :].decode()
    return "\n".join(part)


def _split_import(node: ast.stmt) -> list[str] | None:
    """One import for each name, so that a figure library that only the plots need is not loaded for a check."""
    if isinstance(node, ast.Import):
        return [ast.unparse(ast.Import([alias])) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [ast.unparse(ast.ImportFrom(node.module, [alias], node.level)) for alias in node.names]
    return None


def _statement(node: ast.stmt, text: str, piece: Piece) -> Statement:
    table = symtable.symtable(text, "<learner>", "exec")
    binds = frozenset(s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported())
    reads = frozenset(s.get_name() for s in table.get_symbols() if s.is_referenced())
    reads |= frozenset(n for n, deferred in _globals(table, False) if not deferred)
    later = frozenset(n for n, deferred in _globals(table, False) if deferred)
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
    borrows = frozenset(
        c.args[0].value
        for c in calls
        if _called(c) == "mine" and c.args and isinstance(c.args[0], ast.Constant) and isinstance(c.args[0].value, str)
    )
    return Statement(
        piece=piece,
        binds=binds,
        reads=reads,
        later=later,
        changes=frozenset(_changed(node)),
        calls=frozenset(_lone_call(node)),
        rebinds=frozenset(n for g in ast.walk(node) if isinstance(g, ast.Global) for n in g.names),
        writes=isinstance(node, _FUNCTIONS) and not _arguments(node).isdisjoint(_changed_in(node.body)),
        borrows=borrows,
        fresh=isinstance(node, _DEFINITIONS | ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Assign | ast.AnnAssign) and not binds & (reads | later)),
        own=not _handed_on(node),
    )


def _handed_on(node: ast.stmt) -> bool:
    """Whether a statement only hands a name on: `f = check(f)`, `f = mine("f")`, or several at once."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    values = node.value.elts if isinstance(node.value, ast.Tuple | ast.List) else [node.value]
    targets = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return bool(values) and all(isinstance(v, ast.Call) and _hands_on(v, targets) for v in values)


def _hands_on(call: ast.Call, targets: set[str]) -> bool:
    if _called(call) == "check":  # but `conv2d = check(my_version, "conv2d")` defines conv2d
        return bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id in targets
    return _called(call) == "mine"


def _called(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr if isinstance(function.value, ast.Name) and function.value.id == "autograder" else None
    return function.id if isinstance(function, ast.Name) else None


def _lone_call(node: ast.stmt) -> Iterator[tuple[str, str]]:
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
        yield call.func.id, ""
        for argument in (*call.args, *(k.value for k in call.keywords)):
            for name in _root(argument):
                yield call.func.id, name


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}


def _globals(table: symtable.SymbolTable, deferred: bool) -> Iterator[tuple[str, bool]]:
    """Global names of the inner scopes, and whether they are looked up only when a function is called."""
    for child in table.get_children():
        at_once = child.get_type() == "class" or child.get_name() in _COMPREHENSIONS
        inner = deferred or not at_once
        for symbol in child.get_symbols():
            # In a class, `z = z` reads the global z.
            if symbol.is_global() or (child.get_type() == "class" and symbol.is_referenced()):
                yield symbol.get_name(), inner
        yield from _globals(child, inner)


def _changed(node: ast.stmt) -> Iterator[str]:
    """Names whose objects a statement changes at the top level, as far as can be seen without running it."""
    if not isinstance(node, _DEFINITIONS):
        yield from _changed_in([node])


def _changed_in(body: Iterable[ast.stmt]) -> Iterator[str]:
    for inner in (n for statement in body for n in ast.walk(statement)):
        if isinstance(inner, ast.Subscript | ast.Attribute) and isinstance(inner.ctx, ast.Store | ast.Del):
            yield from _root(inner)
        elif isinstance(inner, ast.AugAssign) and isinstance(inner.target, ast.Name):
            yield inner.target.id
        elif (
            isinstance(inner, ast.Expr)
            and isinstance(inner.value, ast.Call)
            and isinstance(inner.value.func, ast.Attribute)
        ):
            yield from _root(inner.value.func)


def _root(node: ast.expr) -> Iterator[str]:
    """The name at the root of `table["a"].append`, or of `table.setdefault("a", []).append`."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Attribute):
                return
            node = node.func
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id

"""One piece of Python source -> its top-level statements, and which names each binds, reads and changes."""

import ast
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.worker.job import Piece

_COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINITIONS = _FUNCTIONS | ast.ClassDef
# Functions and methods of Python and NumPy that change their first argument.
_CHANGERS = frozenset("setattr delattr exec fill_diagonal copyto put place putmask put_along_axis at shuffle".split())


@dataclass(frozen=True)
class Statement:
    """One top-level statement: the names that it binds (or changes), and the global names that it reads."""

    piece: Piece
    binds: frozenset[str]
    reads: frozenset[str]  # global names that it looks up when it runs
    later: frozenset[str]  # global names that its functions look up when they are called
    changes: frozenset[str]  # names that it changes without binding them: x[0] = 1, x.append(1)
    calls: frozenset[tuple[str, str]]  # function and argument of a call that stands alone: fill(table)
    decorators: frozenset[str]
    rebinds: frozenset[str]  # names that the function which it defines declares global, or changes and returns nothing
    registers: frozenset[str]  # global names whose objects that function seems to change
    writes: bool  # whether that function seems to change an argument in place
    borrows: frozenset[str]  # mine("conv2d")
    fresh: bool  # whether what it binds owes nothing to what the name stood for before
    own: bool  # False for `f = check(f)` and `f = mine("f")`, which define nothing of the learner's


def parse(label: str, source: str, offset: int = 0) -> list[Statement] | None:
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
    decorators = frozenset(n for d in getattr(node, "decorator_list", []) for n in _root(getattr(d, "func", d)))
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
    borrows = frozenset(
        c.args[0].value
        for c in calls
        if _called(c) == "mine" and c.args and isinstance(c.args[0], ast.Constant) and isinstance(c.args[0].value, str)
    )
    declared = frozenset(n for g in ast.walk(node) if isinstance(g, ast.Global) for n in g.names)
    registers = later.intersection(_changed_in(node.body)) if isinstance(node, _FUNCTIONS) else frozenset()
    # What returns something is called for that: a cache that it keeps does not make each call of it part of an answer.
    returns = any(isinstance(n, ast.Return) and n.value for n in ast.walk(node))
    return Statement(
        piece=piece,
        binds=binds,
        reads=reads,
        later=later,
        # `@area.register` changes area; `@register` may change what the function register changes.
        changes=frozenset(_changed(node)) | decorators,
        calls=frozenset(_lone_call(node)),
        decorators=decorators,
        rebinds=declared if returns else declared | registers,
        registers=registers,
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
        elif isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
            yield from _changed_by(inner.value)


def _changed_by(call: ast.Call) -> Iterator[str]:
    """Of `table.append(1)` and of `np.fill_diagonal(table, 1)`: table."""
    if isinstance(call.func, ast.Attribute):
        yield from _root(call.func)
    if getattr(call.func, "attr", getattr(call.func, "id", None)) in _CHANGERS:
        for argument in call.args[: 2 if getattr(call.func, "id", None) == "exec" else 1]:
            yield from _root(argument)
    for keyword in call.keywords:
        if keyword.arg == "out":
            yield from _root(keyword.value)


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

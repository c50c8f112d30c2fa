"""Three-way merge of notebooks, cell by cell: what we gave, what the learner made of it, what we give now.

Notebooks are plain JSON here. No text of the learner's is ever dropped: a cell vanishes only if it is as
we gave it and the update has no such cell.
"""

import difflib
import re
from collections.abc import Callable
from typing import Any

Cell = dict[str, Any]
_DEFINES = re.compile(r"^(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)

_ALIKE = 0.5  # from here up two cells at the same place count as one cell, edited


def source(cell: Cell) -> str:
    text = cell.get("source", "")
    return "".join(text) if isinstance(text, list) else text


def same(one: Cell, other: Cell) -> bool:
    """Whether two cells say the same; editors change ids, metadata and blanks at the ends of lines."""
    return one.get("cell_type") == other.get("cell_type") and _essence(one) == _essence(other)


def _essence(cell: Cell) -> list[str]:
    lines = [line.rstrip() for line in source(cell).replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def defines(cell: Cell) -> list[str]:
    """Functions and classes that stand at the top level of a code cell."""
    return _DEFINES.findall(source(cell)) if cell.get("cell_type") == "code" else []


def paired(old: list[Cell], new: list[Cell], alike: bool = True) -> dict[int, int]:
    """Which cell of ``new`` is which of ``old``: by id, then by content, then by what it defines.

    With ``alike`` also by likeness, between the same neighbours.
    """
    pairs: dict[int, int] = {}

    def match(key: Callable[[Cell], Any]) -> None:
        places: dict[Any, list[int]] = {}
        for j, cell in enumerate(new):
            if j not in pairs.values():
                places.setdefault(key(cell), []).append(j)
        wanted: dict[Any, list[int]] = {}
        for i, cell in enumerate(old):
            if i not in pairs:
                wanted.setdefault(key(cell), []).append(i)
        for value, rows in wanted.items():
            if value is not None:
                pairs.update(zip(rows, places.get(value, []), strict=False))

    match(lambda cell: (cell.get("cell_type"), cell["id"]) if cell.get("id") else None)
    match(lambda cell: (cell.get("cell_type"), *_essence(cell)))
    match(lambda cell: defines(cell)[-1] if defines(cell) else None)
    if alike:
        _match_alike(old, new, pairs)
    return pairs


def _match_alike(old: list[Cell], new: list[Cell], pairs: dict[int, int]) -> None:
    """Adds the pairs of similar cells that stand between the same neighbours."""
    taken = set(pairs.values())
    for i, cell in enumerate(old):
        if i in pairs:
            continue
        before = max((pairs[k] for k in range(i) if k in pairs), default=-1)
        after = min((pairs[k] for k in range(i + 1, len(old)) if k in pairs), default=len(new))
        best, likeness = None, _ALIKE
        for j in range(before + 1, after):
            if j not in taken and new[j].get("cell_type") == cell.get("cell_type"):
                ratio = difflib.SequenceMatcher(None, source(cell), source(new[j]), autojunk=False).ratio()
                if ratio > likeness:
                    best, likeness = j, ratio
        if best is not None:
            pairs[i] = best
            taken.add(best)


def merge(base: list[Cell], ours: list[Cell], theirs: list[Cell]) -> list[Cell]:
    """The learner's cells brought up to date.

    ``base`` is what the last update gave (empty where that is not known: then every cell counts as touched),
    ``ours`` what the learner has, ``theirs`` what the update gives.
    """
    to_ours, to_theirs = paired(base, ours), paired(base, theirs)
    given = {j: i for i, j in to_theirs.items()}  # theirs -> base
    had = {j: i for i, j in to_ours.items()}  # ours -> base
    # What is in no base may still be in both: after a kill between two files, or without a base at all.
    free_ours = [j for j in range(len(ours)) if j not in had or had[j] not in to_theirs]
    free_theirs = [j for j in range(len(theirs)) if j not in given]
    met = paired([ours[j] for j in free_ours], [theirs[j] for j in free_theirs], alike=not base)
    partner = {j: to_theirs[i] for j, i in had.items() if i in to_theirs}  # ours -> theirs
    partner |= {free_ours[a]: free_theirs[b] for a, b in met.items()}

    kept: dict[int, list[Cell]] = {}
    for j, cell in enumerate(ours):
        before = base[had[j]] if j in had else None
        if j in partner:
            kept[j] = _both(before, cell, theirs[partner[j]], ours)
        elif before is not None and same(before, cell):
            kept[j] = []  # as we gave it, and gone now
        else:
            kept[j] = [cell]
    # A cell that the learner removed stays away, unless the update changed it. A stub also stays away where
    # the learner defines its name elsewhere: the last definition counts, and it must not become the stub.
    written = {name for cell in ours for name in defines(cell)}
    gone = {
        j
        for j, cell in enumerate(theirs)
        if (j in given and given[j] not in to_ours and same(base[given[j]], cell)) or _stub_name(cell) in written
    }
    order = [had[j] for j in sorted(had)] if base else [partner[j] for j in sorted(partner)]
    return unique_ids(_ordered(kept, partner, theirs, gone, moved=order != sorted(order)))


def _both(before: Cell | None, ours: Cell, theirs: Cell, all_ours: list[Cell]) -> list[Cell]:
    """A cell that is on both sides."""
    if same(ours, theirs):
        return [_refreshed(before, ours, theirs)]
    if before is None:
        return [ours]
    if same(before, theirs):
        return [_with_id(ours, theirs)]
    if same(before, ours):
        return [theirs]
    offered = _offer(theirs)
    if offered is None or any(same(offered, cell) for cell in all_ours):
        return [ours]
    return [_with_id(ours, theirs), offered]


def _with_id(ours: Cell, theirs: Cell) -> Cell:
    return ours if ours.get("id") == theirs.get("id") else ours | {"id": theirs.get("id")}


def _refreshed(before: Cell | None, ours: Cell, theirs: Cell) -> Cell:
    """The learner's cell with its outputs, where the text is the same: images and tags follow the update."""
    cell = _with_id(ours, theirs)
    if before is not None and before.get("metadata") != theirs.get("metadata"):
        was, now = before.get("metadata", {}), theirs.get("metadata", {})
        kept = {key: value for key, value in ours.get("metadata", {}).items() if key not in was}
        cell = cell | {"metadata": kept | now}
    if cell.get("attachments") != theirs.get("attachments") and "attachments" in theirs:
        cell = cell | {"attachments": theirs["attachments"]}
    return cell


def _offer(stub: Cell) -> Cell | None:
    """The new text of a stub as a Markdown cell; None for cells that are no stub."""
    name = _stub_name(stub)
    if name is None:
        return None
    text = (
        f"**An update changed the stub of `{name}`.** Your cell above was left as it is. This is the new "
        f"stub; take over what you need, then delete this cell.\n\n```python\n{source(stub).rstrip()}\n```"
    )
    return {"cell_type": "markdown", "id": f"offer-{name}", "metadata": {}, "source": text}


def _stub_name(cell: Cell) -> str | None:
    kind, _, name = str(cell.get("id", "")).partition("-")
    return name if kind == "stub" else None


def _ordered(
    kept: dict[int, list[Cell]], partner: dict[int, int], theirs: list[Cell], gone: set[int], moved: bool
) -> list[Cell]:
    """All cells in the update's order, or in the learner's where they moved cells about."""
    arriving = [j for j in range(len(theirs)) if j not in partner.values() and j not in gone]
    out: list[Cell] = []
    if not moved:
        behind: dict[int, list[Cell]] = {}
        anchor = -1
        for j in sorted(kept):  # the learner's own cells stay behind the cell they stood behind
            anchor = partner.get(j, anchor)
            behind.setdefault(anchor, []).extend(kept[j])
        out += behind.get(-1, [])
        for j, cell in enumerate(theirs):
            out += [cell] if j in arriving else []
            out += behind.get(j, [])
        return out
    after: dict[int, list[Cell]] = {}
    for j in arriving:
        place = next((k for k in range(j - 1, -1, -1) if k in partner.values()), -1)
        after.setdefault(place, []).append(theirs[j])
    out += after.get(-1, [])
    for j in sorted(kept):
        out += kept[j] + after.get(partner.get(j, -2), [])
    return out


def unique_ids(cells: list[Cell]) -> list[Cell]:
    """Every cell with an id of its own, as nbformat 4.5 asks; the first of two keeps it."""
    taken: set[str] = set()
    out = []
    for number, cell in enumerate(cells):
        wanted = str(cell.get("id") or f"cell-{number}")
        new, count = wanted, 1
        while new in taken:
            count += 1
            new = f"{wanted[:58]}-{count}"
        taken.add(new)
        out.append(cell if cell.get("id") == new else cell | {"id": new})
    return out


def alike(one: list[Cell], other: list[Cell]) -> bool:
    """Whether nothing but ids differs."""
    return [_without_id(cell) for cell in one] == [_without_id(cell) for cell in other]


def _without_id(cell: Cell) -> Cell:
    return {key: value for key, value in cell.items() if key != "id"} | {"source": source(cell)}

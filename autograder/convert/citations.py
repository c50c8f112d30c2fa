"""Citations of a notebook: "Dumoulin and Visin (2016)", and the list of what was cited."""

import functools
import re
from pathlib import Path

from pybtex.database import Entry, parse_file
from pybtex.exceptions import PybtexError
from pybtex.plugin import find_plugin
from pybtex.richtext import Text


class Citations:
    """The entries of one BibTeX file, and those cited so far in the order of their first citation."""

    def __init__(self, path: Path):
        self._path = path
        self._cited: dict[str, None] = {}

    @functools.cached_property
    def _entries(self) -> dict[str, Entry]:
        if not self._path.exists():
            return {}
        try:
            return dict(parse_file(str(self._path), encoding="utf-8").entries)
        except PybtexError as error:
            raise ValueError(f"{self._path.name}: {error}") from None

    def known(self) -> list[str]:
        return list(self._entries)

    def cite(self, key: str, textual: bool) -> str:
        """One work as it stands in a sentence; a KeyError for a key that the file does not have."""
        entry = self._entries[key]
        self._cited[key] = None
        year = entry.fields.get("year", "no year")
        said = f"{_authors(entry)} ({year})" if textual else f"{_authors(entry)}, {year}"
        address = _address(entry)
        return f"[{said}]({address})" if address else said

    def listed(self) -> list[str]:
        """One Markdown list item for each work cited, by author and year as readers look for them."""
        style = find_plugin("pybtex.style.formatting", "unsrt")()
        backend = find_plugin("pybtex.backends", "markdown")()
        cited = sorted(
            (self._entries[key] for key in self._cited),
            key=lambda entry: (_authors(entry).casefold(), entry.fields.get("year", ""), entry.key),
        )
        return [f"- {_plain(entry.text.render(backend))}" for entry in style.format_entries(cited)]


def _plain(item: str) -> str:
    """On one line, without the backslashes that mean nothing: to some front ends a \\( begins a formula."""
    return re.sub(r"\\([.()\-])", r"\1", " ".join(item.split()))


def _authors(entry: Entry) -> str:
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [str(Text.from_latex(" ".join([*person.prelast_names, *person.last_names]))) for person in people]
    if not names:
        return str(Text.from_latex(entry.fields.get("title", entry.key)))
    if len(names) > 2:
        return f"{names[0]} et al."
    return " and ".join(names)


def _address(entry: Entry) -> str | None:
    if doi := entry.fields.get("doi"):
        return f"https://doi.org/{doi.removeprefix('https://doi.org/')}"
    return entry.fields.get("url")

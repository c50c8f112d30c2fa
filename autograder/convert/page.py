"""What the parts of the converter know about the chapter they work on, and how they refuse."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.convert import myst
from autograder.convert.citations import Citations

ADMONITIONS = {"note": "Note", "tip": "Tip", "warning": "Warning"}

# What a chapter may use. Directive -> its options; CONTRIBUTING cites this.
SUPPORTED: dict[str, dict[str, tuple[str, ...]]] = {
    "directives": {
        "code-cell": ("tags", "mystnb", "name"),
        "graded": (),
        "figure": ("alt", "name", "width", "height", "scale", "align", "class", "figclass"),
        "math": ("label", "nowrap"),
        **{name: ("class", "name") for name in (*ADMONITIONS, "admonition")},
        "dropdown": ("open", "name", "color", "icon", "animate"),
    },
    "roles": {"term": (), "cite:p": (), "cite:t": (), "doc": (), "numref": ()},
}


class ConversionError(ValueError):
    """A chapter that cannot become a notebook: "chapters/01_filters.md:123: ...", in one line."""


@dataclass
class Page:
    """One chapter on its way to a notebook. Lines count from 0 in its file."""

    source: Path
    exercises: tuple[str, ...]
    citations: Citations
    figures: dict[str, tuple[int, str]]  # name -> (line, caption)
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.source.parent

    def error(self, line: int, message: str) -> ConversionError:
        return ConversionError(f"{self.folder.name}/{self.source.name}:{line + 1}: {message}")

    def refuse(self, line: int, kind: str, name: str) -> ConversionError:
        use = ", ".join(f"{{{known}}}" for known in sorted(SUPPORTED[f"{kind}s"]))
        return self.error(line, f"{kind} {{{name}}} is not supported in notebooks; use one of {use}")

    @staticmethod
    def nearest(name: str, known: Iterable[str]) -> str:
        close = difflib.get_close_matches(name, list(known), n=1)
        return f"; did you mean {close[0]!r}?" if close else ""


def open_page(source: Path, exercises: tuple[str, ...]) -> tuple[Page, str]:
    """The chapter's text, and what the converter needs to know of it before it begins."""
    page = Page(source, exercises, Citations(source.parent / "references.bib"), {})
    try:
        text = source.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise ConversionError(f"{source}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConversionError(f"{source}: not UTF-8 at byte {error.start}") from None
    try:
        for line, depth, found in myst.walk(text):
            if found.name == "code-cell" and depth:
                raise page.error(line, "a {code-cell} must stand at the top level, not inside another block")
            if found.name == "figure" and found.options.get("name"):
                page.figures[str(found.options["name"])] = (line, " ".join(" ".join(found.body).split()))
    except myst.MystError as error:
        raise page.error(error.line, str(error)) from None
    return page, text

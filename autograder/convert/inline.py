"""Inside a line of a chapter: roles, links and images, as plain Markdown."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from autograder.convert.page import Page

_ROLE = re.compile(r"\{(?P<name>[A-Za-z][\w:.+-]*)\}(?P<ticks>`+)")
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]`]|`[^`]*`)*)\]\((?P<target>[^()\s]+)(?P<title>\s+\"[^\"]*\")?\)")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]")
_MATH = re.compile(r"\$\$.+?\$\$|\$(?!\s)(?:\\.|[^$\\])+?(?<!\s)\$", re.DOTALL)
_TITLED = re.compile(r"(?P<text>.+?)\s*<(?P<target>[^<>]+)>", re.DOTALL)
_IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


def inline(text: str, line: int, page: Page) -> str:
    """The text with its roles, links and images converted; code and formulas stay as they are."""
    out, at = [], 0

    def here() -> int:
        return line + text.count("\n", 0, at)

    while at < len(text):
        char = text[at]
        if char == "\\":
            end = at + 2
            out.append(text[at:end])
        elif char == "`":
            end = _code_end(text, at)
            out.append(text[at:end])
        elif char == "$" and (match := _MATH.match(text, at)):
            end = match.end()
            # On one line: in a quotation a formula's second line would begin with the quotation's mark.
            out.append(re.sub(r"\n[\s>]*", " ", match.group()))
        elif char == "{" and (match := _ROLE.match(text, at)):
            end = _code_end(text, match.start("ticks"))
            ticks = len(match.group("ticks"))
            if end == match.end():
                raise page.error(here(), f"role {{{match.group('name')}}}: the backtick is never closed")
            content = " ".join(text[match.end() : end - ticks].split())
            out.append(_role(match.group("name"), content, here(), page, "".join(out)))
        elif char == "[" and (match := _FOOTNOTE.match(text, at)):
            raise page.error(here(), f"footnote {match.group()}: notebooks have none; put it in the text")
        elif char in "![" and (match := _LINK.match(text, at)):
            end = match.end()
            out.append(_image(match, here(), page) if match.group("image") else _link(match, here(), page))
        else:
            end = at + 1
            out.append(char)
        at = end
    return "".join(out)


def _code_end(text: str, start: int) -> int:
    """Where the code span that opens at ``start`` ends; where it never does, the end of its backticks."""
    ticks = text[start : start + len(text[start:]) - len(text[start:].lstrip("`"))]
    close = re.compile(f"(?<!`){ticks}(?!`)").search(text, start + len(ticks))
    return close.end() if close else start + len(ticks)


def _role(name: str, content: str, line: int, page: Page, before: str) -> str:
    known: dict[str, Callable[[], str]] = {
        "term": lambda: _parts(content)[0],
        "cite:t": lambda: _cite(content, line, page, textual=True),
        "cite:p": lambda: f"({_cite(content, line, page, textual=False)})",
        "doc": lambda: _document(content, line, page),
        "numref": lambda: _figure(content, line, page, before),
    }
    if name not in known:
        raise page.refuse(line, "role", name)
    return known[name]()


def _parts(content: str) -> tuple[str, str]:
    """("text", "target") of ``text <target>``; both the same where there is one only."""
    titled = _TITLED.fullmatch(content)
    return (titled.group("text"), titled.group("target")) if titled else (content, content)


def _cite(content: str, line: int, page: Page, textual: bool) -> str:
    said = []
    for key in (part.strip() for part in content.split(",")):
        try:
            said.append(page.citations.cite(key, textual))
        except KeyError:
            nearest = page.nearest(key, page.citations.known())
            raise page.error(line, f"chapters/references.bib has no entry {key!r}{nearest}") from None
        except ValueError as error:
            raise page.error(line, str(error)) from None
    if textual and len(said) > 1:
        return ", ".join(said[:-1]) + " and " + said[-1]
    return "; ".join(said)


def _document(content: str, line: int, page: Page) -> str:
    text, target = _parts(content)
    target = target.removesuffix(".md").removeprefix("./").removeprefix("/chapters/").lstrip("/")
    path = page.folder / f"{target}.md"
    if not path.exists():
        nearest = page.nearest(target, [found.stem for found in page.folder.glob("*.md")])
        raise page.error(line, f"there is no page {target!r}{nearest}")
    shown = text if _TITLED.fullmatch(content) else _heading(path)
    return f"[{shown}]({target}.ipynb)" if is_notebook(path) else shown


def is_notebook(page: Path) -> bool:
    return re.match(r"\d\d_", page.name) is not None


def _heading(path: Path) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            return line[2:].strip()
    return path.stem


def _figure(content: str, line: int, page: Page, before: str) -> str:
    target = _parts(content)[1]
    if target not in page.figures:
        raise page.error(line, f"no figure has :name: {target}{page.nearest(target, list(page.figures))}")
    stands, caption = page.figures[target]
    article = "the" if re.search(r"[\w,;:(–—\-]\s*$", before) else "The"
    short = re.split(r"[.:;(]\s|[.:;]$", caption)[0].strip()
    if short and len(short) <= 70 and not set(short) & set("`{}$[]"):
        return f"{article} figure “{short}”"
    return f"{article} figure {'above' if stands < line else 'below'}"


def _link(match: re.Match, line: int, page: Page) -> str:
    target, title = match.group("target"), match.group("title") or ""
    text = inline(match.group("text"), line, page)
    if re.match(r"(?:https?|mailto):", target):
        return f"[{text}]({target}{title})"
    if target.startswith("#"):
        return text  # a place on the page: notebooks have no labels
    path = page.folder / unquote(target.partition("#")[0])
    if not text or not path.exists() or path.suffix != ".md":
        raise page.error(line, f"link to {target}: give an address, or link a page with {{doc}}")
    return f"[{text}]({path.stem}.ipynb)" if is_notebook(path) else text


def _image(match: re.Match, line: int, page: Page) -> str:
    if match.group("target").startswith(("http://", "https://")):
        raise page.error(line, "an image must be a file in chapters/images: it shows without a network")
    if not match.group("text").strip():
        raise page.error(line, "an image needs a text for those who do not see it: ![text](images/x.png)")
    return attach(match.group("text"), match.group("target"), line, page)


def attach(alt: str, source: str, line: int, page: Page) -> str:
    """An image of the notebook's own: Markdown that shows it, its bytes kept for the cell."""
    path = page.folder / unquote(source)
    if path.suffix.lower() not in _IMAGES:
        raise page.error(line, f"image {source}: notebooks show {', '.join(sorted(_IMAGES))}")
    if not path.is_file():
        raise page.error(line, f"there is no image {source} in {page.folder.name}/")
    name = re.sub(r"[^\w.-]", "-", path.relative_to(page.folder).as_posix().removeprefix("images/"))
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    page.attachments[name] = {_IMAGES[path.suffix.lower()]: data}
    alt = re.sub(r"([\[\]])", r"\\\1", " ".join(alt.split()))
    return f"![{alt}](attachment:{name})"

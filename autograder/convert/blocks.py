"""Blocks of a chapter: directives, labels and comments, as plain Markdown and ``<details>``."""

import html
import re
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder import exercises
from autograder.convert import myst
from autograder.convert.inline import attach, inline
from autograder.convert.page import ADMONITIONS, SUPPORTED, Page

CELL = "\0cell "  # a line of its own: here a new Markdown cell begins; its id follows


def convert(lines: list[str], line: int, page: Page, top: bool = False) -> list[str]:
    """Lines of plain Markdown; ``line`` is where the first one stands in the chapter.

    At the ``top`` level a line that starts with ``CELL`` stands before each heading and each exercise: these
    become cells of their own.
    """
    edits: list[tuple[int, int, list[str], bool]] = []
    try:
        tokens = myst.blocks("\n".join(lines))
    except myst.MystError as error:
        raise page.error(line + error.line, str(error)) from None
    for token in tokens:
        if token.map is None:
            continue
        start, stop = token.map
        new = _edit(token, lines[start:stop], line, page, top)
        if new is not None:
            edits.append((start, stop, new, token.type.endswith("fence")))
        elif token.type == "heading_open" and token.level == 0 and top:
            edits.append((start, start, [CELL], False))
    out, done = [], 0
    for start, stop, new, is_block in edits:
        if start < done:  # the cells of a table row, which is converted whole
            continue
        out += lines[done:start]
        if not new:  # what vanishes takes the blank line after it along
            if stop < len(lines) and not lines[stop].strip() and (not out or not out[-1].strip()):
                stop += 1
        if is_block:  # else the lines next to it would become part of it
            blank = re.sub(r"[^\s>].*", "", lines[start]).rstrip()
            before = [blank] if out and out[-1].strip(" >") and re.match(r"[\s>]*[`~:]", lines[start]) else []
            after = [blank] if stop < len(lines) and lines[stop].strip(" >") else []
            new = [*before, *new, *after]
        out += new
        done = max(done, stop)
    return out + lines[done:]


def _edit(token: Token, old: list[str], line: int, page: Page, top: bool) -> list[str] | None:
    """What stands for a token's lines; None where they stay."""
    at = line + myst.lines_of(token)[0]
    match token.type:
        case "fence" | "colon_fence":
            return _fence(token, old, line, page, top)
        case "inline":
            if unread := re.match(r"\s*`{3,}\{(?P<name>[^{}`]+)\}.*`", old[0]):
                name = unread.group("name")
                raise page.error(at, f"the title of {{{name}}} holds a backtick: fence it with :::{{{name}}}")
            return inline("\n".join(old), at, page).split("\n")
        case "tr_open":
            return [inline(row, at + i, page) for i, row in enumerate(old)]
        case "math_block_label":
            return [re.sub(r"\$\$\s*\([^()]*\)\s*$", "$$", row) for row in old]
        case "myst_target" | "myst_line_comment":
            return []
    return None


def _fence(token: Token, old: list[str], line: int, page: Page, top: bool) -> list[str] | None:
    at = line + myst.lines_of(token)[0]
    try:
        name = myst.directive_name(token)
        if name is None:
            return None
        found = myst.directive(token)
    except myst.MystError as error:
        raise page.error(line + error.line, str(error)) from None
    if name == "code-cell":
        raise page.error(at, "a {code-cell} must stand at the top level, in backticks, not in another block")
    if name not in _DIRECTIVES:
        raise page.refuse(at, "directive", name)
    allowed = SUPPORTED["directives"][name]
    for option in found.options:
        if option not in allowed:
            use = ", ".join(f":{known}:" for known in allowed) or "none"
            raise page.error(at, f"option :{option}: of {{{name}}} is not supported in notebooks; use {use}")
    new = _DIRECTIVES[name](found, at, line, page)
    if name == "graded" and top:
        return [f"{CELL}exercise-{found.argument}", *new, CELL]
    if name == "graded":
        raise page.error(at, "a {graded} box must stand at the top level, not inside another block")
    # In a list or a quotation the block keeps the marks that its first line began with.
    before = old[0][: old[0].index(token.markup)]
    after = re.sub(r"[^\s>]", " ", before)
    return [((after if i else before) + text).rstrip() for i, text in enumerate(new)]


def _body(found: myst.Directive, line: int, page: Page) -> list[str]:
    return convert(list(found.body), line + found.body_line, page)


def _admonition(found: myst.Directive, at: int, line: int, page: Page) -> list[str]:
    body = list(found.body)
    if found.name == "admonition":
        title = inline(found.argument, at, page)
        if not title:
            raise page.error(at, "directive {admonition} needs a title after its name")
    else:
        title = ADMONITIONS[found.name]
        if found.argument:  # text on the first line belongs to the body
            body = [found.argument, *body]
    if "dropdown" in str(found.options.get("class", "")).split():
        return _details(title, _body(found, line, page))
    said = convert(body, line + found.body_line - (len(body) - len(found.body)), page)
    return [f"> **{title}**", ">", *(f"> {text}".rstrip() for text in _formulas_on_one_line(_trimmed(said)))]


def _dropdown(found: myst.Directive, at: int, line: int, page: Page) -> list[str]:
    if not found.argument:
        raise page.error(at, "directive {dropdown} needs a title after its name")
    return _details(inline(found.argument, at, page), _body(found, line, page), "open" in found.options)


def _details(title: str, body: list[str], unfolded: bool = False) -> list[str]:
    # Blank lines around the body: without them no front end reads it as Markdown.
    opening = "<details open>" if unfolded else "<details>"
    return [opening, f"<summary>{_html(title)}</summary>", "", *_trimmed(body), "", "</details>"]


def _figure(found: myst.Directive, at: int, line: int, page: Page) -> list[str]:
    alt = str(found.options.get("alt") or "").strip()
    if not alt:
        raise page.error(at, f"figure {found.argument} needs :alt: for those who do not see it")
    caption = _trimmed(_body(found, line, page))
    return [attach(alt, found.argument, at, page), *(["", *caption] if caption else [])]


def _math(found: myst.Directive, at: int, line: int, page: Page) -> list[str]:
    formula = [*([found.argument] if found.argument else []), *_trimmed(list(found.body))]
    return ["$$", *(text for text in formula if text.strip()), "$$"]


def _graded(found: myst.Directive, at: int, line: int, page: Page) -> list[str]:
    name = found.argument
    if name not in page.exercises:
        nearest = page.nearest(name, page.exercises)
        raise page.error(at, f"no exercise of this chapter is called {name!r}{nearest}")
    exercise = exercises.find(name)
    points = "1 point" if exercise.points == 1 else f"{exercise.points} points"
    out = [f"### Exercise: {name}", "", f"{exercise.kind} · about {exercise.minutes} minutes · {points}", ""]
    out += [*_trimmed(_body(found, line, page)), ""]
    for number, hint in enumerate(exercise.hints, 1):
        out += [*_details(f"Hint {number}", hint.strip().splitlines()), ""]
    return [*out, f'`solution("{name}")` shows the reference; `hint("{name}")` gives the next hint.']


_DIRECTIVES: dict[str, Callable[[myst.Directive, int, int, Page], list[str]]] = {
    "graded": _graded,
    "figure": _figure,
    "math": _math,
    "dropdown": _dropdown,
    "admonition": _admonition,
    **dict.fromkeys(ADMONITIONS, _admonition),
}


def _trimmed(lines: list[str]) -> list[str]:
    """Without the blank lines at both ends."""
    kept = [i for i, text in enumerate(lines) if text.strip()]
    return lines[kept[0] : kept[-1] + 1] if kept else []


def _formulas_on_one_line(lines: list[str]) -> list[str]:
    """For a quotation: JupyterLab takes the > at the start of a formula's second line for a part of the formula."""
    out: list[str] = []
    fence = ""
    formula: list[str] = []
    for text in lines:
        bare = text.strip(" >")
        if formula:
            formula.append(bare)
            if bare.endswith("$$"):
                out.append(" ".join(formula))
                formula = []
            continue
        if marks := re.match(r"`{3,}|~{3,}", bare):
            if not fence:
                fence = marks.group()
            elif bare.startswith(fence) and not bare.strip(fence[0]):
                fence = ""
        if not fence and bare.startswith("$$") and (bare == "$$" or not bare.endswith("$$")):
            formula = [text]
        else:
            out.append(text)
    return out + formula


def _html(title: str) -> str:
    """A title as HTML: no front end reads Markdown inside a ``<summary>``. Formulas stay for MathJax."""
    parser = MarkdownIt("commonmark").use(dollarmath_plugin)

    def formula(self, tokens, i, options, env):
        return f"${html.escape(tokens[i].content)}$"

    parser.add_render_rule("math_inline", formula)
    return parser.renderInline(title)

"""What happens to each page: local scripts only, buttons that lead to the learner's notebooks, texts for images."""

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from autograder import convert, course
from book.assets import FIGURE_HOST

# sphinx-thebe adds itself to every page, with a script from afar; a static page has no use for the state of widgets.
UNWANTED_SCRIPTS = re.compile(r"sphinx-thebe\.js|THEBE_JS_URL|widget-state\+json")
LONGEST_ALT = 300
# What other extensions write, as an accessibility checker wants it.
CORRECTIONS = (
    (' aria-label="Toggle hidden content"', ""),  # the name of what folds must hold the words that are seen on it
    (' role="doc-biblioentry"', ""),  # a role that is no more, in a list whose entries it kept from being any
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
)
DOWNLOADS = {
    "download-notebook-button": "Notebook to work in (.ipynb)",
    "download-source-button": "Source of this page (.md)",
    "download-pdf-button": "Print or save as PDF",
}

logger = logging.getLogger(__name__)


def clean_doctree(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """After all others: what sphinx-thebe left is taken out, images get their texts."""
    for raw in list(doctree.findall(nodes.raw)):
        text = raw.astext()
        if "text/x-thebe-config" in text or "kernelName =" in text:
            raw.parent.remove(raw)
    for image in doctree.findall(nodes.image):
        if not image.get("alt"):
            cell = _enclosing_cell(image)
            if cell is not None:
                image["alt"] = _text_for(cell)


def _enclosing_cell(node: nodes.Node) -> nodes.Node | None:
    while node is not None and not (isinstance(node, nodes.container) and "cell" in node.get("classes", ())):
        node = node.parent
    return node


def _text_for(cell: nodes.Node) -> str:
    """The titles that the cell gives to its images; else the paragraph before it, which leads to the figure."""
    for block in cell.findall(nodes.literal_block):
        titles = _titles(block.astext())
        if titles:
            return f"Figure: {'; '.join(titles)}"
    siblings = cell.parent.children
    before = siblings[siblings.index(cell) - 1] if siblings.index(cell) else None
    if isinstance(before, nodes.paragraph):
        text = " ".join(before.astext().split())
        if len(text) <= LONGEST_ALT:
            return f"Figure. {text}"
    return "Figure drawn by the code cell above; the text around it says what it shows."


def _titles(source: str) -> list[str]:
    """The strings in ``titles=[...]`` or ``titles="..."`` of a cell's code, numbers that it computes left out."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # an output, or code with a notebook's own commands
        return []
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "titles"]
    parts = [part for value in values for part in (value.elts if isinstance(value, ast.List) else [value])]
    return [" ".join(text.split()) for text in map(_literal, parts) if text.strip()]


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def dress_page(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None):
    """Runs after the themes' own handlers; see the module."""
    # In place: Sphinx goes on adding to this very list.
    context["script_files"][:] = [
        script
        for script in context["script_files"]
        if not UNWANTED_SCRIPTS.search(f"{script} {getattr(script, 'attributes', '')}")
    ]
    if doctree is not None and any("figure-host" in raw.astext() for raw in doctree.findall(nodes.raw)):
        app.add_js_file(FIGURE_HOST, defer="defer")
    for wrong, right in CORRECTIONS:
        context["body"] = context.get("body", "").replace(wrong, right)
    for button in _buttons(context, "download-buttons"):
        button["text"] = DOWNLOADS.get(button["label"], button["text"])
    if "kernelspec" in app.env.metadata.get(pagename, {}):
        _offer_notebook(app, pagename, context)
        _point_launchers(app, pagename, context)


def _offer_notebook(app: Sphinx, pagename: str, context: dict[str, Any]) -> None:
    """The download button offers the notebook to work in; the theme put the executed page there."""
    chapters = {f"chapters/{chapter.name}": chapter for chapter in course.chapters()}
    if pagename in chapters:
        target = Path(app.outdir, "_sources", f"{pagename}.ipynb")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            nbformat.write(convert.learner_notebook(chapters[pagename]), target)
        except convert.ConversionError as error:
            logger.warning("%s", error, location=pagename, type="notebook")


def _point_launchers(app: Sphinx, pagename: str, context: dict[str, Any]) -> None:
    """The theme's launch buttons point to the page's source; ours to the notebook on the branch of notebooks."""
    options = app.config.html_theme_options
    launch, repository = options["launch_buttons"], options["repository_url"].rstrip("/").removesuffix(".git")
    where = "/".join(repository.split("/")[-2:])
    branch, file = app.config.notebooks_branch, f"{pagename.rpartition('/')[2]}.ipynb"
    urls = {
        "Binder": f"{launch.get('binderhub_url', '')}/v2/gh/{where}/{branch}?urlpath=lab/tree/{file}",
        "Colab": f"{launch.get('colab_url', '')}/github/{where}/blob/{branch}/{file}",
    }
    for button in _buttons(context, "launch-buttons"):
        button["url"] = urls.get(button["text"], button.get("url"))


def _buttons(context: dict[str, Any], label: str) -> list[dict[str, Any]]:
    groups = (group for group in context.get("header_buttons", ()) if group.get("label") == label)
    return [button for group in groups for button in group["buttons"]]

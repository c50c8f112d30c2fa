"""The book's Sphinx extension; ``_config.yml`` registers it."""

import os
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

from autograder import course
from book import assets, pages
from book.graded import Graded
from book.vendor import VendorError

IMPORTED_BY_CHAPTERS = ("autograder", "figures", "solutions")


def prepare(app: Sphinx) -> None:
    # Chapters run in kernels that inherit these: the same numbers each time, and nobody's workbook.
    os.environ.update(AUTOGRADER_SEED="0", AUTOGRADER_WORKBOOK="")
    # Its first import on a machine writes to stderr that it looks for fonts: not in a chapter's output.
    import matplotlib.font_manager  # noqa: F401

    if app.builder.format == "html":
        app.config.html_static_path.append(str(assets.STATIC))
        try:
            assets.copy(Path(app.outdir))
        except VendorError as error:
            raise ExtensionError(str(error)) from error
        assets.write_start(Path(app.outdir), app.config.html_title, f"{app.config.root_doc}.html")


def outdated(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Chapters that were run before the code that they import changed: no cache of outputs sees that."""
    newest = max(
        path.stat().st_mtime
        for folder in IMPORTED_BY_CHAPTERS
        for path in (course.ROOT / folder).rglob("*")
        if path.suffix in (".py", ".js")
    )
    return [
        name
        for name, read in env.all_docs.items()
        # Sphinx keeps the time of reading in microseconds.
        if "kernelspec" in env.metadata.get(name, {}) and read / 1e6 < newest
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("notebooks_branch", "notebooks", "html")
    app.add_directive("graded", Graded)
    app.config.templates_path.insert(0, str(assets.TEMPLATES))
    app.add_css_file("book.css", priority=900)
    app.add_js_file("page.js", defer="defer", priority=900)
    app.connect("builder-inited", prepare)
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-resolved", pages.clean_doctree, priority=900)
    app.connect("html-page-context", pages.dress_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

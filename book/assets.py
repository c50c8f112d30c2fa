"""Browser assets put where the pages look for them."""

import html
import shutil
from pathlib import Path

from book import vendor
from figures import bundle

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
TEMPLATES = HERE / "templates"
FIGURE_HOST = "../_figures/host.js"  # as seen from _static/, where Sphinx expects every script

_START = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={page}">
</head>
<body><main><h1>{title}</h1><p><a href="{page}">To the first page</a></p></main></body>
</html>
"""


def copy(site: Path) -> None:
    """MathJax to ``_vendor/``, the figures as classic scripts, and the script that hosts them, to ``_figures/``.

    Neither is below ``_static/``: Jupyter Book would put each script there on every page.
    """
    _replace(vendor.ensure(vendor.MATHJAX), site / "_vendor" / "mathjax")
    shutil.rmtree(site / "_figures", ignore_errors=True)
    bundle.write(site / "_figures")
    shutil.copyfile(HERE / "host.js", site / "_figures" / "host.js")


def write_start(site: Path, title: str, page: str) -> None:
    """``index.html``, which leads to the first page."""
    site.mkdir(parents=True, exist_ok=True)
    (site / "index.html").write_text(_START.format(title=html.escape(title), page=page), encoding="utf-8")


def _replace(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)

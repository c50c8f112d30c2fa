"""What an author is told when a page is wrong: a small book of its own, built as `make book` builds the real one."""

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from browsing import missing

from book import vendor

ROOT = Path(__file__).resolve().parents[2]
HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A filter
"""
TOC = "format: jb-book\nroot: chapters/index\nchapters:\n  - file: chapters/01_filters\n"


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    try:
        vendor.ensure(vendor.MATHJAX)
    except vendor.VendorError as error:
        missing(str(error))
    top = tmp_path_factory.mktemp("copy")
    unwanted = shutil.ignore_patterns("__pycache__", "*.ipynb")
    for name in ("autograder", "book", "figures", "solutions"):
        shutil.copytree(ROOT / name, top / name, ignore=unwanted)
    shutil.copytree(vendor.CACHE, top / vendor.CACHE.relative_to(ROOT))
    (top / "chapters").mkdir()
    shutil.copy(ROOT / "_config.yml", top)
    shutil.copy(ROOT / "chapters" / "references.bib", top / "chapters")
    (top / "_toc.yml").write_text(TOC, encoding="utf-8")
    (top / "chapters" / "index.md").write_text("# Start\n\nSee {doc}`01_filters`.\n", encoding="utf-8")
    return top


def build(top: Path, chapter: str) -> tuple[int, str, str]:
    page = top / "chapters" / "01_filters.md"
    if not page.exists() or page.read_text(encoding="utf-8") != HEAD + chapter:
        page.write_text(HEAD + chapter, encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AUTOGRADER_", "PYTHON"))}
    done = subprocess.run([sys.executable, "-m", "book.build"], cwd=top, env=clean, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


FAILING = """
```{graded} corelate2d
Write it.
```

See {doc}`nowhere`.

```{code-cell} ipython3
x = 1
```

```{code-cell} ipython3
x = 1
y = x / 0
```
"""
RIGHT = """
```{graded} correlate2d
Write the loops.
```

```{code-cell} ipython3
import os
from figures import show_images
print(os.environ["AUTOGRADER_SEED"], repr(os.environ["AUTOGRADER_WORKBOOK"]))
```

One black pixel.

```{code-cell} ipython3
show_images([[0]])
```

```{code-cell} ipython3
:tags: [hide-input]
show_images([[0]], [[1]], titles=["dark", f"light: {1}"])
```

```{code-cell} ipython3
:mystnb: {"image": {"alt": "A pixel of its own"}}
show_images([[0]])
```
"""


def test_a_wrong_page_fails_with_file_and_line_again_and_again_until_it_is_mended(copy):
    for attempt in ("the first time", "and the second, when the page has not changed"):
        status, _, said = build(copy, FAILING)
        closing = said[said.rindex("book: ") :].replace("\\", "/")
        assert status == 1, attempt
        lines = (HEAD + FAILING).splitlines()
        graded, cell = lines.index("```{graded} corelate2d") + 1, lines.index("y = x / 0")
        assert re.search(rf"chapters/01_filters\.md:{graded}: WARNING: .*corelate2d.*correlate2d", closing), attempt
        assert re.search(r"chapters/01_filters\.md:\d+: WARNING: unknown document: .*nowhere", closing), attempt
        assert f"chapters/01_filters.md:{cell}: a cell failed: x = 1 ... ZeroDivisionError" in closing, attempt
    status, said, _ = build(copy, RIGHT)
    assert status == 0 and said.rstrip().endswith("index.html")
    page = (copy / "_build" / "html" / "chapters" / "01_filters.html").read_text(encoding="utf-8")
    assert "0 ''" in html.unescape(page)  # a fixed seed, and nobody's workbook
    assert 'alt="Figure. One black pixel."' in page
    assert 'alt="Figure: dark; light: …"' in page
    assert 'alt="A pixel of its own"' in page


def test_a_page_is_run_again_when_the_code_that_it_imports_changes(copy):
    assert build(copy, RIGHT)[0] == 0
    assert "Executing notebook" not in "".join(build(copy, RIGHT)[1:])
    figures = copy / "figures" / "plots.py"
    figures.write_text(figures.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert "Executing notebook" in "".join(build(copy, RIGHT)[1:])


def test_a_page_that_has_left_the_contents_leaves_the_site(copy):
    stray = copy / "_build" / "html" / "chapters" / "old.html"
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text("old", encoding="utf-8")
    assert build(copy, RIGHT)[0] == 0
    assert not stray.exists()

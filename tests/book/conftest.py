"""The built book, served on this machine, and a browser to look at it with."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browsing import Open, Visit, missing

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built book: BOOK_SITE names it, else it is brought up to date here."""
    if named := os.environ.get("BOOK_SITE"):
        return Path(named).resolve()
    done = subprocess.run([sys.executable, "-m", "book.build"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"the book does not build:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def pages(site: Path) -> list[str]:
    """Every page, relative to the site, but the one that only leads to the first."""
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return [name for name in found if name != "index.html" and not name.startswith("_")]


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        missing("no Chromium found: install the package chromium")
    with sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: object, address: str) -> Iterator[Open]:
    """``visit(name)`` opens a page of the site with every request beyond it refused; nothing may go wrong on it."""
    visits: list[Visit] = []
    with ExitStack() as stack:

        def open_page(where: str, width: int = 1280, scheme: str = "light", base: str = address) -> Visit:
            context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            stack.callback(context.close)
            page = context.new_page()
            seen = Visit(page)
            visits.append(seen)
            say = seen.complaints.append

            def route(asked) -> None:
                local = asked.request.url.startswith((base, "data:", "blob:"))
                if not local:
                    say(f"asks for {asked.request.url}")
                asked.continue_() if local else asked.abort()

            page.route("**/*", route)
            page.on("requestfailed", lambda request: say(f"request failed: {request.url}"))
            page.on("response", lambda got: say(f"status {got.status}: {got.url}") if got.status >= 400 else None)
            page.on("pageerror", lambda error: say(f"page error: {error}"))
            page.on("console", lambda said: say(f"console: {said.text}") if said.type in ("error", "warning") else None)
            page.goto(base + where)
            seen.settle()
            return seen

        yield open_page
        for seen in visits:
            assert not seen.complaints, seen.page.url

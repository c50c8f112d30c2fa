"""What the tests in the browser share, beside their fixtures."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest


def missing(reason: str) -> None:
    """Skip, but not in CI, where the tests in the browser must run."""
    if os.environ.get("CI"):
        pytest.fail(f"CI is set, so this must run: {reason}", pytrace=False)
    pytest.skip(reason)


@dataclass
class Visit:
    """One open page, and everything that went wrong on it."""

    page: object
    complaints: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until formulas are set and figures are alive."""
        self.page.wait_for_load_state("load")
        self.page.evaluate("window.MathJax && MathJax.startup ? MathJax.startup.promise.then(() => null) : null")
        for number in range(self.page.locator(".figure-host").count()):
            self.page.locator(".figure-host").nth(number).and_(self.page.locator("[data-live]")).wait_for()
        self.page.evaluate("document.fonts.ready.then(() => null)")


Open = Callable[..., Visit]

"""The site as a reader's browser shows it, with no network."""

import re
from pathlib import Path

import pytest
from browsing import Open, missing

from book import vendor

pytestmark = pytest.mark.browser
STEPPER = "chapters/01_filters.html"


@pytest.fixture(scope="session")
def axe() -> str:
    try:
        return (vendor.ensure(vendor.AXE) / "axe.min.js").read_text(encoding="utf-8")
    except vendor.VendorError as error:
        missing(str(error))
        raise


def test_every_page_opens_without_any_complaint(visit: Open, pages):
    for name in pages:
        visit(name)


def test_formulas_are_set_wherever_there_are_any(visit: Open, pages, site):
    with_formulas = [name for name in pages if re.search(r'class="math ', (site / name).read_text(encoding="utf-8"))]
    assert with_formulas
    for name in with_formulas:
        page = visit(name).page
        formulas = page.locator(".math").count()
        assert formulas and page.locator(".math mjx-container").count() >= formulas
        assert page.locator("mjx-merror").count() == 0
        assert page.evaluate("[...document.fonts].some(f => f.family.includes('MJXTEX') && f.status == 'loaded')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_any_page(visit: Open, pages, axe, scheme, width):
    found = []
    for name in [*pages, "search.html?q=padding"]:
        page = visit(name, width=width, scheme=scheme).page
        # What is folded is read too.
        page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true; })")
        page.wait_for_timeout(300)
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        for violation in result["violations"]:
            places = [f"{node['target']}: {node['html'][:120]}" for node in violation["nodes"][:3]]
            found.append(f"{name}: {violation['id']}: {violation['help']}: {places}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", [360, 320])
def test_nothing_scrolls_sideways_on_a_telephone(visit: Open, pages, width):
    for name in pages:
        page = visit(name, width=width).page
        page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true; })")
        wide = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} pixels too wide"


def test_the_stepper_follows_the_mouse(visit: Open):
    page = visit(STEPPER).page
    figure = page.locator(".figure-host").first
    assert_steps(figure)
    outputs = figure.locator("[role=gridcell]")
    outputs.nth(2).hover()
    assert written(figure) == number(outputs.nth(2).inner_text())
    assert outputs.nth(2).get_attribute("aria-selected") == "true"


def test_the_stepper_follows_the_keyboard(visit: Open):
    page = visit(STEPPER).page
    figure = page.locator(".figure-host").first
    outputs = figure.locator("[role=gridcell]")
    outputs.nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('data-at')") == "1"
    assert written(figure) == number(outputs.nth(1).inner_text())
    page.keyboard.press("Control+End")
    assert written(figure) == number(outputs.last.inner_text())


def test_an_edited_kernel_changes_the_output(visit: Open):
    page = visit(STEPPER).page
    figure = page.locator(".figure-host").first
    before = written(figure)
    weights = figure.get_by_label(re.compile(r"Kernel row \d+, column \d+"))
    for number_ in range(weights.count()):
        weights.nth(number_).fill("0")
        weights.nth(number_).press("Enter")
    assert before != 0 or weights.count()
    assert written(figure) == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_light_and_dark_can_be_chosen_and_stay(visit: Open, width):
    page = visit("chapters/index.html", width=width).page
    switch = page.locator(".theme-switch-button:visible").first
    themes = set()
    for _ in range(3):
        switch.click()
        themes.add(page.evaluate("document.documentElement.dataset.theme"))
    assert themes == {"light", "dark"}
    while page.evaluate("document.documentElement.dataset.mode") != "dark":
        switch.click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_search_finds_a_word(visit: Open):
    page = visit("search.html?q=padding").page
    page.locator("ul.search li a").first.wait_for()
    found = page.locator("ul.search li a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert any("01_filters" in link for link in found)


def test_search_is_reached_from_a_page_by_keyboard(visit: Open):
    page = visit(STEPPER).page
    page.keyboard.press("Control+k")
    page.keyboard.type("stride")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=stride*")
    page.locator("ul.search li a").first.wait_for()


def test_the_first_tab_stop_skips_to_the_text(visit: Open):
    page = visit(STEPPER).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to main content"


def test_a_fold_opens_by_keyboard(visit: Open):
    page = visit(STEPPER).page
    fold = page.locator("details.graded-fold").first
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.evaluate("fold => fold.open")


class TestFromDisk:
    """A reader double-clicks the page: no server, and modules are refused there."""

    @pytest.fixture
    def base(self, site: Path) -> str:
        return site.as_uri() + "/"

    def test_every_page_opens_without_any_complaint(self, visit: Open, pages, base):
        for name in pages:
            visit(name, base=base)

    def test_the_stepper_and_the_formulas_work(self, visit: Open, base):
        page = visit(STEPPER, base=base).page
        assert_steps(page.locator(".figure-host").first)
        assert page.locator("mjx-container").count()
        assert page.evaluate("[...document.fonts].some(f => f.family.includes('MJXTEX') && f.status == 'loaded')")

    def test_search_finds_a_word(self, visit: Open, base):
        page = visit("search.html?q=padding", base=base).page
        page.locator("ul.search li a").first.wait_for()

    def test_dark_is_followed(self, visit: Open, base):
        page = visit("chapters/index.html", base=base, scheme="dark").page
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def assert_steps(figure) -> None:
    """Step forward, and the arithmetic is that of the next output."""
    outputs = figure.locator("[role=gridcell]")
    assert written(figure) == number(outputs.nth(0).inner_text())
    figure.get_by_role("button", name="Step forward").click()
    assert written(figure) == number(outputs.nth(1).inner_text())
    terms = figure.locator(".cs-term").all_inner_texts()
    products = [number(a) * number(b) for a, b in (re.sub(r"^\s*\+\s", "", term).split("×") for term in terms)]
    assert sum(products) == written(figure)


def written(figure) -> float:
    return number(figure.locator(".cs-total strong").inner_text())


def number(text: str) -> float:
    return float(text.strip().strip("()").replace("\N{MINUS SIGN}", "-"))

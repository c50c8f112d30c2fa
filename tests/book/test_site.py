"""The built site as files: nothing from afar, nothing that leads nowhere."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup

from autograder import course

SOURCES = (("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src"), ("link", "href"))

HEADINGS = "main :is(h1, h2, h3, h4, h5, h6):not(#jb-print-docs-body *, #pst-search-dialog *)"


@pytest.fixture(scope="session")
def soups(site: Path, pages: list[str]) -> dict[str, BeautifulSoup]:
    return {name: BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser") for name in pages}


def test_every_chapter_and_the_pages_to_look_things_up_are_there(pages):
    wanted = [chapter.name for chapter in course.chapters()] + ["index", "glossary", "bibliography"]
    assert {f"chapters/{name}.html" for name in wanted} | {"search.html"} <= set(pages)


def test_the_start_leads_to_the_first_page(site):
    start = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert start.html["lang"] == "en" and start.title.text and start.h1
    assert (site / start.a["href"]).is_file()
    assert start.a["href"] in start.find("meta", attrs={"http-equiv": "refresh"})["content"]


def test_nothing_on_any_page_comes_from_afar(soups):
    for page, soup in soups.items():
        for tag, attribute in SOURCES:
            for element in soup.find_all(tag, attrs={attribute: True}):
                if element.get("rel") != ["canonical"]:
                    assert not re.match(r"(?:[a-z]+:)?//", element[attribute]), f"{page}: {element}"


def test_no_inline_script_names_another_host(soups):
    for page, soup in soups.items():
        for script in soup.find_all("script", src=False):
            assert "://" not in script.text, f"{page}: {script.text[:200]}"


def test_no_stylesheet_comes_or_brings_anything_from_afar(site):
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//|@import\s+['\"](?:https?:)?//", text), sheet


def test_every_internal_link_and_image_resolves(site, soups):
    for page, soup in soups.items():
        for tag, attribute in (*SOURCES, ("a", "href")):
            for element in soup.find_all(tag, attrs={attribute: True}):
                parts = urlsplit(element[attribute])
                if parts.scheme or parts.netloc:
                    continue
                target = (site / page).parent / unquote(parts.path) if parts.path else site / page
                assert target.resolve().is_file(), f"{page} leads to {element[attribute]}, which is not there"
                name = target.resolve().relative_to(site.resolve()).as_posix()
                if parts.fragment and name in soups:
                    there = soups[name].find(id=unquote(parts.fragment))
                    assert there is not None, f"{page}: no {parts.fragment} in {name}"


def test_no_id_stands_twice_on_a_page(soups):
    for page, soup in soups.items():
        ids = [element["id"] for element in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), f"{page}: {sorted(name for name in set(ids) if ids.count(name) > 1)}"


def test_every_image_of_a_page_says_what_it_shows(soups):
    for page, soup in soups.items():
        for image in soup.select("article img"):
            assert len(image.get("alt", "")) > 10, f"{page}: {image}"


def test_headings_go_down_one_level_at_a_time(soups):
    for page, soup in soups.items():
        levels = [int(heading.name[1]) for heading in soup.select(HEADINGS)]
        assert levels[:1] == [1] and levels.count(1) == 1, page
        for above, below in zip(levels, levels[1:], strict=False):
            assert below <= above + 1, f"{page}: h{above} is followed by h{below}"


@pytest.mark.parametrize("chapter", course.chapters(), ids=lambda chapter: chapter.name)
def test_a_chapter_offers_the_notebook_to_work_in(site, soups, chapter):
    link = soups[f"chapters/{chapter.name}.html"].select_one("a.btn-download-notebook-button")
    notebook = nbformat.read(site / "chapters" / link["href"], as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in code)
    for name in chapter.exercises:
        assert any(cell.source.strip() == f"{name} = check({name})" for cell in code), name
        assert any(f"def {name}(" in cell.source and "raise NotImplementedError" in cell.source for cell in code), name


@pytest.mark.parametrize("chapter", course.chapters(), ids=lambda chapter: chapter.name)
def test_the_launch_buttons_open_the_published_notebook(soups, chapter):
    links = {
        link.text.strip(): link["href"] for link in soups[f"chapters/{chapter.name}.html"].select(".dropdown-menu a")
    }
    binder = next(url for text, url in links.items() if "Binder" in text)
    colab = next(url for text, url in links.items() if "Colab" in text)
    where = "cnn-by-hand/cnn-by-hand"
    assert binder.endswith(f"/v2/gh/{where}/notebooks?urlpath=lab/tree/{chapter.name}.ipynb")
    assert colab.endswith(f"/github/{where}/blob/notebooks/{chapter.name}.ipynb")


@pytest.mark.parametrize("chapter", course.chapters(), ids=lambda chapter: chapter.name)
def test_every_exercise_has_its_box_with_hints_and_solution_folded(soups, chapter):
    from autograder import exercises

    soup = soups[f"chapters/{chapter.name}.html"]
    for name in chapter.exercises:
        exercise, box = exercises.find(name), soup.find(id=f"exercise-{name}")
        assert box.select_one("p.admonition-title").text.strip() == f"Exercise: {name}"
        facts = box.select_one("p.graded-facts").text
        assert exercise.kind in facts and f"{exercise.minutes} minutes" in facts and f"{exercise.points} point" in facts
        folds = box.select("details.graded-fold")
        wanted = [f"Hint {number + 1}" for number in range(len(exercise.hints))] + ["Solution"]
        assert [fold.summary.text.strip() for fold in folds] == wanted
        assert not any(fold.has_attr("open") for fold in folds)
        assert f"def {name}(" in folds[-1].text and "SOLUTION" not in folds[-1].text


def test_figures_are_there_for_readers_without_javascript(soups):
    hosts = [host for soup in soups.values() for host in soup.select(".figure-host")]
    assert hosts
    for host in hosts:
        assert host.select("table")


def test_the_state_of_live_widgets_is_not_on_the_pages(soups):
    for page, soup in soups.items():
        assert not soup.select('script[type^="application/vnd.jupyter"]'), page

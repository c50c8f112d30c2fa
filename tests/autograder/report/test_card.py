"""A verdict as HTML: whole, harmless, and without anything from elsewhere."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from autograder import course, exercises, grade
from autograder.compare import Difference
from autograder.exercise import Case
from autograder.report import card
from autograder.verdict import STATUSES, Failure, Verdict
from autograder.worker.apply import apply
from autograder.worker.job import Outcome, Ran

NAMES = list(course.exercise_chapters())
ALLOWED = {"div", "p", "strong", "code", "table", "caption", "tbody", "tr", "td", "details", "summary", "pre"}
EVIL = "<script>alert(1)</script> & \"quoted\" 'single' `<img src=x onerror=alert(1)>` <b"


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, tag
        assert {name for name, _ in attributes} <= {"style", "class", "tabindex"}, attributes
        assert not any("url(" in (value or "") or "expression" in (value or "") for _, value in attributes)
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(html):
    """The text of well-formed, harmless HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open and not re.search(r"https?:|src=['\"]|href=", re.sub(r"&[^;]+;", "", html))
    return reader


def judge(name, implementation, seed=3, **ran):
    def run(calls):
        return Ran("finished", tuple(apply(implementation, c) for c in calls), **ran)

    return grade.grade(exercises.find(name), run, seed)


@pytest.mark.parametrize(("name", "known"), [(n, m.id) for n in NAMES for m in exercises.find(n).mistakes])
def test_the_card_of_every_mistake_is_whole(name, known):
    exercise = exercises.find(name)
    mistake = next(m for m in exercise.mistakes if m.id == known)
    verdict = judge(name, mistake.wrong)
    page = read(card.card(verdict, f"Again: `check({name}, seed=3)`", exercise.hints))
    assert mistake.says.replace("`", "") in page.text.replace("`", "")
    assert verdict.failure.case.label in page.text
    assert page.seen.count("details") == 3 and page.text.index("Hint 1") < page.text.index("Hint 3")


def test_everything_of_the_learners_is_escaped():
    def evil(*_):
        print(EVIL)
        raise type(EVIL, (ValueError,), {})(EVIL)

    verdict = judge("conv2d", evil, printed=EVIL)
    page = read(card.card(verdict, EVIL, (EVIL,)))
    assert "alert(1)" in page.text and page.text.count("<script>") >= 3
    more = Verdict(EVIL, "01_x", "crashed", 1, EVIL, 1, printed=EVIL, stand_ins=(EVIL,))
    assert "<script>" in read(card.card(more)).text
    nowhere = Outcome({}, {}, (), None, 0.0)
    failure = Failure(Case(EVIL, {EVIL: EVIL, "x": np.ones(2)}), nowhere, nowhere, Difference("raised", EVIL))
    assert "<script>" in read(card.card(Verdict("f", "c", "failed", 1, EVIL, 1, failure=failure))).text
    read(card.note([EVIL], EVIL))
    read(card.prediction(EVIL, {EVIL: EVIL}, EVIL))


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_a_card(status):
    html = card.card(Verdict("f", "01_x", status, 2, "Words.", 1))
    assert f"cnnbh-{status}" in html and "Words." in read(html).text


def test_a_pass_is_green_and_short():
    html = card.card(judge("conv2d", exercises.find("conv2d").reference), "", ())
    assert "46,160,67" in html and "<table" not in html and "details" not in html


def test_the_difference_is_a_heat_map_and_the_worst_is_the_reddest():
    expected = np.zeros((2, 2))
    got = np.array([[0.0, 1.0], [-4.0, np.nan]])
    nowhere = Outcome({}, {}, (), None, 0.0)
    difference = Difference("values", "Wrong.", expected, got, expected != got)
    verdict = Verdict("f", "c", "failed", 1, "Wrong.", 1, failure=Failure(Case("a", {}), nowhere, nowhere, difference))
    html = card.card(verdict)
    heat = re.findall(r"rgba\(218,54,51,([\d.]+)\)'>([^<]*)</td>", html.split("difference")[1])
    assert heat == [("0.00", "0"), ("0.14", "+1"), ("0.55", "-4"), ("0.55", "nan")]
    read(html)


def test_backquotes_make_code_and_a_lone_one_does_no_harm():
    assert "<code>a &lt; b</code>" in card.note(["see `a < b`"], "")
    assert "`" in read(card.note(["a lone ` one"], "")).text


def test_a_prediction_marks_only_the_right_option():
    page = read(card.prediction("How many?", {"3": "so it is", "4": "count again"}, "3"))
    assert "Predict: How many?" in page.text and page.seen.count("details") == 2
    assert "Yes. so it is" in page.text and "Not quite. count again" in page.text

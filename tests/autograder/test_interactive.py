"""check, hint, solution, mine, predict, as a notebook's cells use them."""

import functools
import json

import numpy as np
import pytest

import autograder
from autograder import interactive, workbook
from solutions import convolution, filters


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    """No workbook, no memory of earlier checks."""
    monkeypatch.setenv("AUTOGRADER_WORKBOOK", "")
    monkeypatch.delenv("AUTOGRADER_SEED", raising=False)
    monkeypatch.setattr(interactive, "_latest", {})
    monkeypatch.setattr(interactive, "_hints_given", {})


@pytest.fixture
def a_workbook(monkeypatch, tmp_path):
    folder = tmp_path / "workbook"
    workbook.start(folder)
    monkeypatch.setenv("AUTOGRADER_WORKBOOK", str(folder))
    return folder


def write(folder, notebook, cell_id, source):
    path = folder / notebook
    content = json.loads(path.read_text(encoding="utf-8"))
    next(c for c in content["cells"] if c["id"] == cell_id)["source"] = source
    path.write_text(json.dumps(content), encoding="utf-8")


def stub(patch, kernel):
    raise NotImplementedError


def right(patch, kernel):
    return np.vdot(patch, kernel)


def wrong(patch, kernel):
    return (patch * kernel).mean()


def named(function, name="filter_response"):
    copy = functools.wraps(function)(lambda *a: function(*a))
    copy.__name__ = name
    return copy


def test_what_passes_is_handed_back(capsys):
    mine = named(right)
    assert autograder.check(mine) is mine
    assert "✓ filter_response: passed" in capsys.readouterr().out


@pytest.mark.parametrize(("function", "said"), [(stub, "not started"), (wrong, "averaged")])
def test_what_does_not_pass_is_replaced_by_the_reference(capsys, function, said):
    assert autograder.check(named(function)) is filters.filter_response
    assert said in capsys.readouterr().out


def test_running_the_check_cell_again_checks_the_learners_own_again(capsys):
    handed_back = autograder.check(named(wrong))
    capsys.readouterr()
    assert autograder.check(handed_back) is filters.filter_response
    assert "averaged" in capsys.readouterr().out


def test_the_reference_itself_is_not_an_answer(capsys):
    autograder.check(filters.filter_response)
    assert "not started" in capsys.readouterr().out


def test_a_class_a_lambda_and_a_partial_are_checked_by_the_name_they_are_known_by(capsys):
    globals()["output_size"] = lambda size, kernel_size, stride=1, padding=0: filters.output_size(
        size, kernel_size, stride, padding
    )
    try:
        autograder.check(globals()["output_size"])
    finally:
        del globals()["output_size"]
    autograder.check(functools.partial(convolution.conv2d), "conv2d")
    assert capsys.readouterr().out.count("✓") == 2


def test_a_name_that_no_exercise_has_is_one_clear_line():
    with pytest.raises(LookupError, match="did you mean 'filter_response'"):
        autograder.check(named(right, "filter_respons"))
    with pytest.raises(LookupError, match="Give its name"):
        autograder.check(lambda: 0)


def test_a_seed_gives_the_same_card_again(capsys):
    texts = []
    for _ in range(2):
        autograder.check(named(wrong), seed=3)
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] and "seed=3" in texts[0]


def test_a_check_changes_neither_the_learners_output_nor_the_terminal(capsys):
    def loud(patch, kernel):
        print("here I am")
        return (patch * kernel).mean()

    autograder.check(named(loud))
    out = capsys.readouterr().out
    assert out.index("filter_response") < out.index("here I am") and "Your code printed" in out


def test_hints_come_one_at_a_time_and_end(capsys):
    counts = []
    for _ in range(4):
        autograder.hint("conv2d")
        counts.append(capsys.readouterr().out.count("Hint "))
    assert counts == [1, 2, 3, 3]


def test_the_solution_is_shown_by_name_or_by_function(capsys):
    autograder.solution("pad2d")
    autograder.solution(filters.pad2d)
    assert capsys.readouterr().out.count("def pad2d(") == 2


def test_predict_shows_the_question_and_refuses_an_answer_that_is_no_option(capsys):
    autograder.predict("How many?", {"3": "no", "4": "yes"}, answer="4")
    assert "How many?" in capsys.readouterr().out
    with pytest.raises(ValueError, match="is not one of the options"):
        autograder.predict("How many?", {"3": "no"}, answer="4")


def test_mine_without_a_workbook_is_the_reference_and_says_so(capsys):
    assert autograder.mine("pad2d") is filters.pad2d
    assert "the course's version" in capsys.readouterr().out


def test_mine_is_the_learners_own_once_it_passes(capsys, a_workbook):
    assert autograder.mine("pad2d") is filters.pad2d
    own = "def pad2d(x, padding):\n    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)\n"
    write(a_workbook, "01_filters.ipynb", "stub-pad2d", own)
    mine = autograder.mine("pad2d")
    assert mine is not filters.pad2d and mine.__code__.co_filename == "01_filters.ipynb, cell " + str(
        1 + [c["id"] for c in json.loads((a_workbook / "01_filters.ipynb").read_text())["cells"]].index("stub-pad2d")
    )
    assert "yours, from the workbook" in capsys.readouterr().out
    write(a_workbook, "01_filters.ipynb", "stub-pad2d", own.replace("[(padding, padding)] * 2", "[(0, padding)] * 2"))
    assert autograder.mine("pad2d") is filters.pad2d


def test_mine_of_a_function_that_builds_on_unfinished_ones_stands_on_the_reference(a_workbook):
    own = "def convolve2d(image, kernel):\n    return correlate2d(image, kernel[::-1, ::-1])\n"
    write(a_workbook, "01_filters.ipynb", "stub-convolve2d", own)
    mine = autograder.mine("convolve2d")
    assert mine is not filters.convolve2d
    image, kernel = np.arange(12.0).reshape(3, 4), np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(mine(image, kernel), filters.convolve2d(image, kernel))


def test_a_check_in_a_workbook_is_remembered(a_workbook):
    from autograder.progress import Progress

    autograder.check(named(wrong))
    autograder.check(named(right))
    summary = Progress(a_workbook).summary()["filter_response"]
    assert (summary.tries, summary.passed_ever, summary.points_best) == (2, True, 0)  # feedback, not a mark


def test_in_a_notebook_a_card_is_shown_and_the_text_is_not_printed(capsys):
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    shell.kernel = object()  # what a kernel's shell has and a terminal's has not
    shown = []
    shell.display_pub.publish = lambda data, *a, **k: shown.append(data)
    try:
        autograder.check(named(wrong))
    finally:
        type(shell).clear_instance()
    (data,) = shown
    assert "cnnbh-card" in data["text/html"] and "averaged" in data["text/plain"]
    assert capsys.readouterr().out == ""

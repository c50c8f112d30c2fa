import base64
import json
import re

import nbformat
import pytest
from tiny_course import DEFAULT, HEAD, TinyCourse, exercise, text

from autograder import convert, course
from autograder.convert import ConversionError, learner_notebook, solution_notebook, to_text

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BIB = """
@article{one2016, author={Dumoulin, Vincent and Visin, Francesco}, title={A guide}, year=2016,
  journal={J}, doi={10.1/x}}
@book{three1998, author={LeCun, Yann and Bottou, L{\\'e}on and Haffner, P}, title={Docs}, year=1998, publisher={P}}
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    made = TinyCourse(tmp_path, monkeypatch)
    (made.folder / "images" / "x.png").write_bytes(PNG)
    (made.folder / "references.bib").write_text(BIB, encoding="utf-8")
    (made.folder / "01_filters.md").write_text("# A filter\n", encoding="utf-8")
    (made.folder / "glossary.md").write_text("# The glossary\n", encoding="utf-8")
    return made


def converted(tiny, body):
    """The Markdown that a piece of a chapter becomes, without the title's cell."""
    tiny.write(HEAD + "# T\n\n## S\n\n" + body)
    cells = learner_notebook(tiny.chapter).cells
    return "\n\n".join(cell.source for cell in cells if cell.source != "# T").removeprefix("## S\n\n")


def refused(tiny, body):
    tiny.write(HEAD + body)
    with pytest.raises(ConversionError) as error:
        learner_notebook(tiny.chapter)
    assert "\n" not in str(error.value)
    return str(error.value)


# --- the whole -------------------------------------------------------------------------------------------------------


def test_the_notebook_is_valid_deterministic_and_says_what_it_is(tiny):
    notebook = learner_notebook(tiny.chapter)
    nbformat.validate(notebook)
    assert to_text(notebook) == to_text(learner_notebook(tiny.chapter))
    assert notebook.nbformat_minor == 5
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.cnn_by_hand == {"chapter": "02_convolution", "version": convert.version()}
    assert "source_map" not in notebook.metadata and "jupytext" not in notebook.metadata


def test_ids_are_readable_and_unique(tiny):
    ids = [cell.id for cell in learner_notebook(tiny.chapter).cells]
    assert len(set(ids)) == len(ids)
    for name in tiny.chapter.exercises:
        assert [i for i in ids if i.endswith(name)] == [f"exercise-{name}", f"stub-{name}", f"check-{name}"]


def test_cells_of_equal_content_get_ids_of_their_own(tiny):
    tiny.write(text("```{code-cell}\nx\n```\n" * 3))
    ids = [cell.id for cell in learner_notebook(tiny.chapter).cells[1:]]
    assert ids == [ids[0], f"{ids[0]}-2", f"{ids[0]}-3"]


def test_windows_line_ends_give_the_same_notebook(tiny):
    before = to_text(learner_notebook(tiny.chapter))
    tiny.write(DEFAULT.replace("\n", "\r\n"))
    assert to_text(learner_notebook(tiny.chapter)) == before


def test_the_solution_notebook_holds_the_references_and_nothing_else_differs(tiny):
    given, filled = learner_notebook(tiny.chapter), solution_notebook(tiny.chapter)
    for one, other in zip(given.cells, filled.cells, strict=True):
        if one.id.startswith("stub-"):
            assert "NotImplementedError" in one.source and "NotImplementedError" not in other.source
        else:
            assert one == other


@pytest.mark.parametrize("chapter", course.chapters(), ids=lambda chapter: chapter.name)
def test_every_chapter_of_the_course_converts(chapter):
    notebook = learner_notebook(chapter)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"(`{3,}).*?\1|`[^`]*`", "", cell.source, flags=re.DOTALL)
            assert not re.search(r"^\s*:::|\{[a-z:]+\}`", prose, flags=re.MULTILINE), cell.source


@pytest.mark.parametrize("tag", ["hide-input", "remove-input"])
def test_plotting_code_is_folded_and_keeps_its_tags(tiny, tag):
    tiny.write(text(f"```{{code-cell}} ipython3\n:tags: [{tag}]\n\nplot()\n```\n"))
    cell = learner_notebook(tiny.chapter).cells[-1]
    assert cell.source == "plot()"
    assert cell.metadata.tags == [tag]
    assert cell.metadata.jupyter.source_hidden is True


# --- directives ------------------------------------------------------------------------------------------------------


def test_an_exercise_shows_level_minutes_points_task_and_folded_hints(tiny):
    cell = next(c for c in learner_notebook(tiny.chapter).cells if c.id == "exercise-conv2d_macs")
    assert cell.source.startswith("### Exercise: conv2d_macs\n\nwarm-up · about ")
    assert "\n\nCount.\n\n" in cell.source
    assert re.search(r"about \d+ minutes · \d+ points?\n", cell.source)
    for number in (1, 2, 3):
        assert f"<details>\n<summary>Hint {number}</summary>\n\n" in cell.source
    assert cell.source.endswith(
        '`solution("conv2d_macs")` shows the reference; `hint("conv2d_macs")` gives the next hint.'
    )


def test_a_figure_is_kept_in_its_cell_with_alt_text_and_caption(tiny):
    tiny.write(
        text("```{figure} images/x.png\n:alt: A [dot]\n:width: 50%\n\nThe {term}`pixel`.\n```\n\n## B\n\nText\n")
    )
    cells = learner_notebook(tiny.chapter).cells
    assert "![A \\[dot\\]](attachment:x.png)\n\nThe pixel." in cells[0].source
    assert base64.b64decode(cells[0].attachments["x.png"]["image/png"]) == PNG
    assert "attachments" not in cells[1]


def test_an_image_in_the_text_is_kept_too(tiny):
    tiny.write(text("See ![a dot](images/x.png).\n"))
    assert list(learner_notebook(tiny.chapter).cells[0].attachments) == ["x.png"]


@pytest.mark.parametrize("fence", ["```", "~~~", ":::"])
@pytest.mark.parametrize(
    ("opening", "title"),
    [("{note}", "Note"), ("{tip}", "Tip"), ("{warning}", "Warning"), ("{admonition} *Two* words", "*Two* words")],
)
def test_admonitions_become_quotations_with_a_title(tiny, fence, opening, title):
    made = converted(tiny, f"{fence}{opening}\nA {{term}}`b`.\n\nC\n{fence}\n")
    assert made == f"> **{title}**\n>\n> A b.\n>\n> C"


def test_a_dropdown_becomes_details_with_its_title_as_html(tiny):
    made = converted(tiny, ":::{dropdown} Is `a<b` *so*, $x_1 < y_1$?\nYes.\n:::\n")
    summary = "<summary>Is <code>a&lt;b</code> <em>so</em>, $x_1 &lt; y_1$?</summary>"
    assert made == f"<details>\n{summary}\n\nYes.\n\n</details>"


def test_a_folded_note_and_an_open_dropdown(tiny):
    assert converted(tiny, "```{note}\n:class: dropdown\nA\n```\n").startswith("<details>\n<summary>Note")
    assert converted(tiny, "```{dropdown} T\n:open:\nA\n```\n").startswith("<details open>")


def test_directives_nest(tiny):
    made = converted(tiny, "`````{dropdown} T\n````{note}\n```{math}\na\nb\n```\n````\n`````\n")
    assert made == "<details>\n<summary>T</summary>\n\n> **Note**\n>\n> $$ a b $$\n\n</details>"


def test_formulas_lose_their_labels(tiny):
    assert converted(tiny, "```{math}\n:label: eq\nx = 1\n```\n") == "$$\nx = 1\n$$"
    assert converted(tiny, "$$\nx = 1\n$$ (eq)\n") == "$$\nx = 1\n$$"


def test_text_next_to_a_directive_does_not_become_part_of_it(tiny):
    assert converted(tiny, "A\n```{note}\nB\n```\nC\n") == "A\n\n> **Note**\n>\n> B\n\nC"


def test_a_directive_in_a_list_stays_in_the_list(tiny):
    assert (
        converted(tiny, "1. A\n\n   ```{note}\n   B\n   ```\n2. C\n") == "1. A\n\n   > **Note**\n   >\n   > B\n\n2. C"
    )


def test_labels_and_comments_vanish(tiny):
    assert converted(tiny, "(here)=\n\nA\n\n% nobody sees this\n\nB\n") == "A\n\nB"


def test_code_is_literal(tiny):
    body = "```python\nx = '{term}`y`'\n% z\n```\n\nand ``{term}`y` `` and `{tab-set}`\n\n    {nope}`indented`\n"
    assert converted(tiny, body).rstrip() == body.rstrip()
    shown = "````\n```{tab-set}\n```\n````"
    assert converted(tiny, shown + "\n") == shown


# --- roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("A {term}`kernel`.", "A kernel."),
        ("{term}`kernels <kernel>`", "kernels"),
        ("{term}`activation\nmaps <map>`", "activation maps"),
        ("{cite:t}`one2016` say", "[Dumoulin and Visin (2016)](https://doi.org/10.1/x) say"),
        ("so {cite:p}`three1998`.", "so (LeCun et al., 1998)."),
        ("{cite:p}`one2016,three1998`", "([Dumoulin and Visin, 2016](https://doi.org/10.1/x); LeCun et al., 1998)"),
        ("{doc}`01_filters`", "[A filter](01_filters.ipynb)"),
        ("{doc}`before <01_filters>`", "[before](01_filters.ipynb)"),
        ("{doc}`glossary`", "The glossary"),
        ("[a page](01_filters.md)", "[a page](01_filters.ipynb)"),
        ("[a site](https://x.org/a_b)", "[a site](https://x.org/a_b)"),
        ("[here](#there)", "here"),
        ("\\{term}`x` and $`{term}`$", "\\{term}`x` and $`{term}`$"),
        ("| a |\n| --- |\n| {term}`b` |", "| a |\n| --- |\n| b |"),
        ("> a {term}`b`\n> c", "> a b\n> c"),
    ],
)
def test_roles_and_links_become_plain_markdown(tiny, written, read):
    assert converted(tiny, written + "\n").partition("\n\n## References")[0] == read


def test_what_is_cited_is_listed_at_the_end_and_nothing_else(tiny):
    tiny.write(text("{cite:t}`three1998` and {cite:t}`three1998`.\n"))
    cells = learner_notebook(tiny.chapter).cells
    assert cells[-1].id == "references"
    assert cells[-1].source == "## References\n\n- Yann LeCun, Léon Bottou, and P Haffner. *Docs*. P, 1998."
    tiny.write(text("Nothing.\n"))
    assert all(cell.id != "references" for cell in learner_notebook(tiny.chapter).cells)


def test_a_figure_is_named_by_its_caption(tiny):
    figure = "```{figure} images/x.png\n:alt: a\n:name: fig-a\n\n{caption}\n```\n"
    made = converted(
        tiny, "{numref}`fig-a` and {numref}`Fig. %s <fig-a>`.\n\n" + figure.replace("{caption}", "A dot. More.")
    )
    assert made.startswith("The figure “A dot” and the figure “A dot”.")
    assert converted(tiny, "See {numref}`fig-a`.\n\n" + figure.replace("{caption}", "")).startswith(
        "See the figure below."
    )


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("# T\n\n```{tab-set}\n```\n", 8, "directive {tab-set} is not supported in notebooks; use one of {admonition}"),
        ("# T\n\nA\n{kbd}`x`\n", 9, "role {kbd} is not supported in notebooks; use one of {cite:p}"),
        ("# T\n\n````{note}\nA\n\n```{eval-rst}\n```\n````\n", 11, "directive {eval-rst}"),
        ("# T\n\n:::{tip}\n\nA {abbr}`x`\n:::\n", 10, "role {abbr}"),
        ("# T\n\n```{code-cell}\n1\n```\n\n\n\n- a\n\n  {sub}`x`\n", 16, "role {sub}"),
        ("# T\n\n```{graded} conv2d_mac\n```\n", 8, "did you mean 'conv2d_macs'?"),
        ("# T\n\n```{figure} images/x.png\n```\n", 8, "needs :alt:"),
        ("# T\n\n```{figure} images/y.png\n:alt: a\n```\n", 8, "there is no image images/y.png"),
        ("# T\n\n{cite:t}`one2017`\n", 8, "no entry 'one2017'; did you mean 'one2016'?"),
        ("# T\n\n{doc}`01_filter`\n", 8, "there is no page '01_filter'; did you mean '01_filters'?"),
        ("# T\n\n{numref}`fig-b`\n", 8, "no figure has :name: fig-b"),
        ("# T\n\n```{note}\n:collapse: yes\nA\n```\n", 8, "option :collapse: of {note}"),
        ("# T\n\n```{dropdown}\nA\n```\n", 8, "{dropdown} needs a title"),
        ("# T\n\n```{note}\nA\n", 8, "directive {note} is never closed"),
        ("# T\n\n```{code-cell}\n:tags: [a\n1\n```\n", 9, "options of {code-cell}"),
        ("# T\n\n````{note}\n```{code-cell}\n1\n```\n````\n", 9, "{code-cell} must stand at the top level"),
        ("# T\n\n:::{note}\n```{code-cell}\n1\n```\n:::\n", 9, "{code-cell} must stand at the top level"),
        ("# T\n\n```{dropdown} What is `x`?\nA\n```\n", 8, "fence it with :::{dropdown}"),
        ("# T\n\nA[^1].\n\n[^1]: B\n", 8, "footnote [^1]"),
        ("# T\n\n[a](missing.md)\n", 8, "link to missing.md"),
        ("# T\n\n::: note\n:::\n", 8, "a ::: block needs a directive's name"),
    ],
)
def test_what_a_notebook_cannot_show_is_refused_by_line(tiny, body, line, says):
    said = refused(tiny, body)
    assert said.startswith(f"chapters/02_convolution.md:{line}: "), said
    assert says in said


def test_every_supported_directive_and_role_is_known_to_the_converter(tiny):
    from autograder.convert.blocks import _DIRECTIVES

    assert set(convert.SUPPORTED["directives"]) == {*_DIRECTIVES, "code-cell"}
    for role in convert.SUPPORTED["roles"]:
        tiny.write(HEAD + f"# T\n\n{{{role}}}`zzz`\n")
        try:
            learner_notebook(tiny.chapter)
        except ConversionError as error:
            assert "is not supported" not in str(error)


def test_a_broken_bibliography_is_one_line(tiny):
    (tiny.folder / "references.bib").write_text("@article{one2016, title={A", encoding="utf-8")
    assert "references.bib" in refused(tiny, "# T\n\n{cite:t}`one2016`\n")


def test_a_task_may_hold_what_chapters_may(tiny):
    tiny.write(text(exercise("conv2d_macs", "A {term}`MAC`:\n\n$$\nx\n$$\n")))
    cell = next(c for c in learner_notebook(tiny.chapter).cells if c.id == "exercise-conv2d_macs")
    assert "A MAC:\n\n$$\nx\n$$" in cell.source
    assert json.loads(to_text(learner_notebook(tiny.chapter)))

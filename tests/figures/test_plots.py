import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from figures import show_images  # noqa: E402
from figures.plots import draw_images  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    plt.close("all")


def test_it_prints_nothing_returns_nothing_and_leaves_no_figure(capsys, recwarn):
    assert show_images(np.eye(4), np.zeros((4, 6), dtype=bool), titles=["a", "b"]) is None
    assert capsys.readouterr() == ("", "") and not recwarn.list
    assert plt.get_fignums() == []


@pytest.fixture
def published(monkeypatch):
    """What `show_images` hands to a notebook: (figure, metadata) each time."""
    seen = []
    monkeypatch.setattr(plt, "get_backend", lambda: "module://matplotlib_inline.backend_inline")
    monkeypatch.setattr("IPython.display.display", lambda figure, metadata=None: seen.append((figure, metadata)))
    return seen


def test_a_notebook_gets_one_figure_with_its_text_and_none_is_left_for_the_end_of_the_cell(published, capsys):
    assert show_images(np.eye(4), titles="a line", alt="a white diagonal") is None
    ((figure, metadata),) = published
    assert [axis.get_title() for axis in figure.axes] == ["a line"]
    assert metadata == {"image/png": {"alt": "a white diagonal"}}
    assert plt.get_fignums() == [] and capsys.readouterr() == ("", "")


def test_the_titles_are_the_text_where_none_is_given_and_no_titles_make_none(published):
    show_images(np.eye(2), np.eye(3), titles=["an edge\nx: 4,  y: 0", "sky"])
    show_images(np.eye(2))
    texts = [metadata for _, metadata in published]
    assert texts == [{"image/png": {"alt": "an edge x: 4, y: 0; sky"}}, None]


def test_a_kernel_stores_the_text_beside_the_picture():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    source = "from figures import show_images\nshow_images([[0, 1]], titles='dark, light')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT)}}).execute()
    (output,) = notebook.cells[0].outputs
    assert output.data["image/png"] and output.metadata["image/png"]["alt"] == "dark, light"


def test_a_row_is_narrow_enough_for_its_titles_to_be_read_on_a_telephone():
    for count in (1, 2, 3, 6):
        figure = draw_images(*[np.eye(4)] * count, titles=["a title"] * count)
        points = figure.axes[0].title.get_fontsize() / 72 * 358 / figure.get_figwidth()  # in CSS pixels, 390 wide
        assert points >= 8, f"{count} images"


def test_the_page_shows_through():
    assert draw_images(np.eye(3)).get_facecolor()[3] == 0


def test_pixels_are_square():
    figure = draw_images(np.zeros((4, 9)), np.zeros((7, 3)), np.zeros((40, 1)), titles=["a", "b", "c"], columns=2)
    for axis, (height, width) in zip(figure.axes, [(4, 9), (7, 3), (40, 1)], strict=True):
        box = axis.get_window_extent()
        assert box.width / width == pytest.approx(box.height / height)


def test_a_signed_scale_is_symmetric_about_zero():
    picture = draw_images(np.array([[-1.0, 4.0]]), signed=True).axes[0].images[0]
    assert picture.get_clim() == (-4, 4)
    assert np.ptp(picture.cmap(0.5)[:3]) < 0.02


def test_images_have_their_own_scale_or_share_one():
    low, high = np.array([[0.0, 1.0]]), np.array([[5.0, 9.0]])
    assert [a.images[0].get_clim() for a in draw_images(low, high).axes] == [(0, 1), (5, 9)]
    assert [a.images[0].get_clim() for a in draw_images(low, high, shared=True).axes] == [(0, 9), (0, 9)]
    assert draw_images(low, vmin=-1, vmax=3).axes[0].images[0].get_clim() == (-1, 3)


def test_a_constant_image_keeps_its_place_between_black_and_white():
    black, white = (axis.images[0] for axis in draw_images(np.zeros((2, 2)), np.full((2, 2), 7)).axes)
    assert black.norm(0) == 0 and white.norm(7) == 1


def test_values_are_written_with_enough_contrast():
    texts = draw_images([[0, 255], [-3, 0.125]], values=True).axes[0].texts
    assert [text.get_text() for text in texts] == ["0", "255", "−3", "0.125"]
    assert texts[0].get_color() == "w" and texts[1].get_color() == "k"


def test_colour_images_and_missing_numbers_are_drawn():
    figure = draw_images(
        np.zeros((2, 2, 3), np.uint8),
        np.ones((2, 2, 4)),
        np.array([[np.nan, np.inf]]),
        values=False,
        colorbar=True,
    )
    figure.canvas.draw()


@pytest.mark.parametrize(
    "images, options, says",
    [
        ([], {}, "at least one image"),
        (
            [np.zeros((1, 8, 8))],
            {},
            "image 1 has shape (1, 8, 8); show_images takes (H, W) or (H, W, 3): pick one",
        ),
        ([np.eye(2), np.zeros(3)], {}, "image 2 has shape (3,)"),
        ([np.zeros((0, 3))], {}, "image 1 is empty"),
        ([[[1, 2], [3]]], {}, "ragged"),
        ([[["a"]]], {}, "not real numbers"),
        ([np.full((2, 2, 3), 1.5)], {}, "0 to 1 (floating)"),
        ([np.eye(2)], {"titles": ["a", "b"]}, "1 images and 2 titles"),
        ([np.eye(30)], {"values": True}, "at most 24 by 24"),
        ([np.eye(2)], {"signed": True, "vmin": 0}, "leave vmin and vmax out"),
        ([np.eye(2)], {"vmin": 2, "vmax": 1}, "vmin must be the smaller"),
        ([np.eye(2)], {"columns": 0}, "columns is 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(images, options, says):
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        show_images(*images, **options)
    assert "\n" not in str(caught.value)

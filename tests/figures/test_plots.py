import re

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from figures import show_images  # noqa: E402
from figures.plots import draw_images  # noqa: E402


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    plt.close("all")


def test_it_prints_nothing_returns_nothing_and_leaves_no_figure(capsys, recwarn):
    assert show_images(np.eye(4), np.zeros((4, 6), dtype=bool), titles=["a", "b"]) is None
    assert capsys.readouterr() == ("", "") and not recwarn.list
    assert plt.get_fignums() == []


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

"""Rows of images, drawn alike in every chapter and readable on light and on dark pages."""

import math
import warnings
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

# The background is transparent; this grey has the same contrast, 4.3 to 1, to a white page and to a dark one.
GREY = "#7a7a7a"
# Blue below zero, orange above: told apart with every common colour vision, and the colours of the stepper.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#0072b2", "#f7f7f7", "#d55e00"])
MISSING = "#cc79a7"
LARGEST_WITH_VALUES = 24
PAGE = 6.6  # inches: images of a row together; wider, and a telephone shrinks the titles beyond reading


def show_images(
    *images: np.ndarray,
    titles: str | Sequence[str] | None = None,
    cmap: str = "gray",
    columns: int | None = None,
    values: bool = False,
    signed: bool = False,
    shared: bool = False,
    vmin: float | None = None,
    vmax: float | None = None,
    colorbar: bool = False,
    size: float | None = None,
    alt: str | None = None,
) -> None:
    """Show images side by side, with square pixels and no smoothing.

    Parameters
    ----------
    images : arrays (H, W), or (H, W, 3) or (H, W, 4) in colour (0 to 255, or 0 to 1 when floating)
        NaN and infinity are drawn in pink.
    titles : one string for each image
    columns : images in a row; by default all, at most 3
    values : write each number into its cell (images of at most 24 by 24 pixels)
    signed : blue below 0, white at 0, orange above, the scale symmetric about 0
    shared : one scale for all images, so that equal numbers look equal; else each has its own
    vmin, vmax : the numbers drawn darkest and lightest, for every image; not together with ``signed``
    colorbar : draw each image's scale beside it
    size : width of an image in inches; by default what fits the page, at most 2.6
    alt : what the figure shows, for a reader who does not see it; by default its titles. It goes into the
        output's metadata, where nbconvert finds it; a page of the book takes it from the cell's
        ``mystnb: {image: {alt: ...}}``.

    Raises
    ------
    ValueError
        Where something cannot be drawn as asked; nothing is drawn then.
    """
    figure = draw_images(
        *images, titles=titles, cmap=cmap, columns=columns, values=values, signed=signed, shared=shared,
        vmin=vmin, vmax=vmax, colorbar=colorbar, size=size,
    )  # fmt: skip
    _publish(figure, alt or _text_of(titles))
    plt.close(figure)


def _text_of(titles: str | Sequence[str] | None) -> str:
    """The titles as one line, for a reader who does not see the figure; empty where there are none."""
    every = [titles] if isinstance(titles, str) else list(titles or [])
    return "; ".join(" ".join(title.split()) for title in every)


def _publish(figure: Figure, alt: str) -> None:
    if "inline" in plt.get_backend():  # a notebook: plt.show() would leave no room for the text
        from IPython.display import display

        display(figure, metadata={"image/png": {"alt": alt}} if alt else None)
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*non-interactive.*")
        plt.show()


def draw_images(
    *images, titles=None, cmap="gray", columns=None, values=False, signed=False, shared=False,
    vmin=None, vmax=None, colorbar=False, size=None,
) -> Figure:  # fmt: skip
    """The figure that `show_images` shows, with the same arguments."""
    if not images:
        raise ValueError("show_images needs at least one image")
    arrays = [_checked(image, number) for number, image in enumerate(images, start=1)]
    titles = [titles] if isinstance(titles, str) else list(titles or [])
    if titles and len(titles) != len(arrays):
        raise ValueError(f"show_images got {len(arrays)} images and {len(titles)} titles: give each its title")
    if columns is not None and columns < 1:
        raise ValueError(f"columns is {columns}; it must be at least 1")
    if signed and (vmin is not None or vmax is not None):
        raise ValueError("signed=True sets the scale symmetric about 0: leave vmin and vmax out")
    if vmin is not None and vmax is not None and not vmin < vmax:
        raise ValueError(f"vmin is {vmin} and vmax is {vmax}: vmin must be the smaller")
    for number, array in enumerate(arrays, start=1):
        if values and (array.ndim != 2 or max(array.shape) > LARGEST_WITH_VALUES):
            raise ValueError(
                f"values=True writes every number: image {number} has shape {array.shape}, "
                f"it takes (H, W) of at most {LARGEST_WITH_VALUES} by {LARGEST_WITH_VALUES}"
            )

    columns = min(columns or 3, len(arrays))
    size = size or min(2.6, PAGE / columns)
    title, gap, bar = 0.34 if titles else 0.04, 0.12, 0.5 if colorbar else 0.0  # inches, as all lengths here
    rows = [arrays[start : start + columns] for start in range(0, len(arrays), columns)]
    heights = [max(min(size * a.shape[0] / a.shape[1], 2 * size) for a in row) for row in rows]
    width, height = columns * (size + bar + gap), sum(heights) + len(rows) * (title + gap)
    figure = plt.figure(figsize=(width, height), facecolor="none")
    everything = _limits([a for a in arrays if a.ndim == 2], signed) if shared else None
    for index, array in enumerate(arrays):
        row, column = divmod(index, columns)
        cell = min(size / array.shape[1], heights[row] / array.shape[0])
        wide, tall = cell * array.shape[1], cell * array.shape[0]
        left = column * (size + bar + gap) + (size - wide) / 2
        bottom = height - sum(heights[: row + 1]) - (row + 1) * title - row * gap + heights[row] - tall
        axis = figure.add_axes((left / width, bottom / height, wide / width, tall / height))
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(color=GREY, linewidth=0.5)
        low, high = everything or _limits([array], signed)
        low, high = (low if vmin is None else vmin), (high if vmax is None else vmax)
        if not low < high:  # one limit was given, and the image lies wholly beyond it
            low, high = (low, low + 1) if vmax is None else (high - 1, high)
        colours = plt.get_cmap(SIGNED if signed else cmap).with_extremes(bad=MISSING)
        picture = axis.imshow(array, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
        axis.set_aspect("auto")  # the axes have the image's shape already
        if titles:
            axis.set_title(titles[index], color=GREY, fontsize=12)
        if values:
            _write_values(axis, array, picture, cell)
        if colorbar and array.ndim == 2:
            box = ((left + wide + 0.06) / width, bottom / height, 0.08 / width, tall / height)
            beside = figure.add_axes(box)
            figure.colorbar(picture, cax=beside).outline.set_visible(False)
            beside.tick_params(colors=GREY, labelsize=8)
    return figure


def _checked(image: object, number: int) -> np.ndarray:
    try:
        array = np.asarray(image)
    except ValueError:
        raise ValueError(f"image {number} is a ragged list: all rows must have one length") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"image {number} holds {array.dtype}, not real numbers")
    if 0 in array.shape:
        raise ValueError(f"image {number} is empty: its shape is {array.shape}")
    if array.ndim == 2:
        return array.astype(np.float64)
    if array.ndim == 3 and array.shape[2] in (3, 4):
        if array.dtype.kind in "iub":
            array = array.astype(np.float64) / (1 if array.dtype.kind == "b" else 255)
        if not (np.nanmin(array) >= 0 and np.nanmax(array) <= 1):
            raise ValueError(
                f"image {number} is in colour and goes from {np.nanmin(array):g} to {np.nanmax(array):g}: "
                "colour takes 0 to 1 (floating) or 0 to 255 (integers)"
            )
        return array
    advice = "pick one, for example x[0]" if array.ndim > 2 else "reshape it to two axes"
    takes = "show_images takes (H, W) or (H, W, 3)"
    raise ValueError(f"image {number} has shape {array.shape}; {takes}: {advice}")


def _limits(arrays: list[np.ndarray], signed: bool) -> tuple[float, float]:
    """The numbers at the ends of the scale; a constant image keeps its place between black (0) and white."""
    finite = np.concatenate([a[np.isfinite(a)] for a in arrays]) if arrays else np.empty(0)
    if finite.size == 0:
        return (-1.0, 1.0) if signed else (0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if signed:
        largest = max(-low, high) or 1.0
        return -largest, largest
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0)
    return (low, high) if low < high else (0.0, 1.0)


def _write_values(axis, array: np.ndarray, picture, cell: float) -> None:
    texts = [[_short(value) for value in row] for row in array.tolist()]
    longest = max(len(text) for row in texts for text in row)
    points = cell * 72
    fontsize = min(13, 0.5 * points, 1.3 * points / longest)
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            red, green, blue, _ = picture.cmap(picture.norm(array[row, column]))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            ink = "w" if dark else "k"
            axis.text(column, row, text, ha="center", va="center", fontsize=fontsize, color=ink)


def _short(value: float) -> str:
    text = str(int(value)) if math.isfinite(value) and value == int(value) else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")

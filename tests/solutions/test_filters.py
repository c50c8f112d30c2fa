"""Chapter 1's reference code against SciPy, NumPy and PyTorch, on random shapes, layouts, dtypes and magnitudes."""

import numpy as np
import pytest
import torch
from drawing import draw, dtypes, layouts, seeds
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from solutions.filters import convolve2d, correlate2d, filter_response, gradient_magnitude, output_size, pad2d

many = settings(max_examples=200, deadline=None, database=None)
sides = st.integers(1, 9)


def close(got, expected, dtype, size=1.0):
    """Equal in shape and dtype, and in value up to the rounding of short sums of numbers of this size."""
    assert type(got) is np.ndarray and got.shape == expected.shape and got.dtype == dtype
    np.testing.assert_allclose(got, expected, rtol=0, atol=200 * np.finfo(dtype).eps * size)


def scipy_correlate(image, kernel, stride, padding):
    full = signal.correlate2d(np.pad(image.astype(np.float64), padding), kernel.astype(np.float64), mode="valid")
    return full[::stride, ::stride]


# --- filter_response -------------------------------------------------------------------------------------------------


@many
@given(seeds, sides, sides, dtypes, layouts)
def test_a_response_is_the_dot_product(seed, height, width, dtype, layout):
    patch = draw(seed, height, width, dtype=dtype, layout=layout)
    kernel = draw(seed + 1, height, width, dtype=dtype)
    expected = np.vdot(patch.astype(np.float64), kernel.astype(np.float64))
    assert filter_response(patch, kernel) == pytest.approx(expected, abs=200 * float(np.finfo(dtype).eps))


# --- output_size -----------------------------------------------------------------------------------------------------


@many
@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 6), st.integers(0, 6))
def test_output_size_counts_the_places(size, kernel_size, stride, padding):
    places = range(0, size + 2 * padding - kernel_size + 1, stride)
    if places:
        assert output_size(size, kernel_size, stride, padding) == len(places)
    else:
        with pytest.raises(ValueError, match=str(kernel_size)):
            output_size(size, kernel_size, stride, padding)


def test_output_size_of_alexnets_first_layer():
    assert output_size(227, 11, 4) == 55
    assert output_size(224, 11, 4, 2) == 55


@pytest.mark.parametrize(
    "geometry", [(0, 1, 1, 1), (-3, 1, 1, 5), (5, 0, 1, 0), (5, -1, 1, 0), (5, 3, 0, 0), (5, 3, -2, 0), (9, 3, 1, -1)]
)
def test_an_impossible_geometry_is_refused_with_the_number_that_makes_it_so(geometry):
    with pytest.raises(ValueError, match=str(min(geometry))):
        output_size(*geometry)


# --- pad2d -----------------------------------------------------------------------------------------------------------


@many
@given(seeds, st.lists(st.integers(1, 4), max_size=3), sides, sides, st.integers(0, 4), dtypes, layouts)
def test_padding_frames_the_last_two_axes(seed, leading, height, width, padding, dtype, layout):
    x = draw(seed, *leading, height, width, dtype=dtype, layout=layout)
    out = pad2d(x, padding)
    np.testing.assert_array_equal(out, np.pad(x, [(0, 0)] * len(leading) + [(padding, padding)] * 2), strict=True)
    assert not np.shares_memory(out, x)
    assert out.flags.writeable


def test_a_negative_padding_is_refused():
    with pytest.raises(ValueError, match="-1"):
        pad2d(np.zeros((3, 3)), -1)


# --- correlate2d, convolve2d -----------------------------------------------------------------------------------------

geometries = st.tuples(sides, sides, st.integers(1, 7), st.integers(1, 7), st.integers(1, 4), st.integers(0, 3)).filter(
    lambda g: g[2] <= g[0] + 2 * g[5] and g[3] <= g[1] + 2 * g[5]
)


@many
@given(seeds, geometries, dtypes, layouts, st.sampled_from([1e-3, 1.0, 1e4]))
def test_correlation_agrees_with_scipy_and_torch(seed, geometry, dtype, layout, scale):
    height, width, kernel_height, kernel_width, stride, padding = geometry
    image = draw(seed, height, width, dtype=dtype, scale=scale, layout=layout)
    kernel = draw(seed + 1, kernel_height, kernel_width, dtype=dtype, layout=layout)
    out = correlate2d(image, kernel, stride, padding)
    close(out, scipy_correlate(image, kernel, stride, padding), dtype, 10 * scale)
    tensors = (torch.from_numpy(a.astype(np.float64))[None, None] for a in (image, kernel))
    close(out, torch.conv2d(*tensors, stride=stride, padding=padding)[0, 0].numpy(), dtype, 10 * scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_kernel_of_7_in_steps_of_3_with_padding_2(dtype):
    image, kernel = draw(1, 23, 20, dtype=dtype), draw(2, 7, 7, dtype=dtype)
    out = correlate2d(image, kernel, 3, 2)
    assert out.shape == (7, 6)
    close(out, scipy_correlate(image, kernel, 3, 2), dtype, 10)


@many
@given(seeds, sides, sides, st.data(), dtypes, layouts)
def test_convolution_agrees_with_scipy(seed, height, width, data, dtype, layout):
    kernel_height, kernel_width = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    image = draw(seed, height, width, dtype=dtype, layout=layout)
    kernel = draw(seed + 1, kernel_height, kernel_width, dtype=dtype, layout=layout)
    expected = signal.convolve2d(image.astype(np.float64), kernel.astype(np.float64), mode="valid")
    close(convolve2d(image, kernel), expected, dtype, 10)


def test_correlation_and_convolution_agree_on_a_symmetric_kernel_only():
    image, kernel = draw(1, 5, 6), draw(2, 3, 2)
    symmetric = kernel + kernel[::-1, ::-1]
    np.testing.assert_allclose(convolve2d(image, symmetric), correlate2d(image, symmetric))
    assert not np.allclose(convolve2d(image, kernel), correlate2d(image, kernel))


@pytest.mark.parametrize(
    ("image", "kernel", "stride", "padding"),
    [((3, 3), (4, 1), 1, 0), ((3, 3), (1, 4), 1, 0), ((3, 3), (2, 2), 0, 0), ((3, 3), (2, 2), 1, -1)],
)
def test_correlation_refuses_an_impossible_geometry(image, kernel, stride, padding):
    with pytest.raises(ValueError):
        correlate2d(np.ones(image), np.ones(kernel), stride, padding)


def test_convolution_refuses_a_kernel_larger_than_the_image():
    with pytest.raises(ValueError, match="3"):
        convolve2d(np.ones((2, 5)), np.ones((3, 2)))


# --- gradient_magnitude ----------------------------------------------------------------------------------------------


@many
@given(seeds, st.integers(3, 9), st.integers(3, 9), dtypes, layouts, st.sampled_from([1e-3, 1.0, 1e4]))
def test_the_gradient_magnitude_agrees_with_ndimage(seed, height, width, dtype, layout, scale):
    image = draw(seed, height, width, dtype=dtype, scale=scale, layout=layout)
    gx, gy = (ndimage.sobel(image.astype(np.float64), axis)[1:-1, 1:-1] for axis in (1, 0))
    close(gradient_magnitude(image), np.hypot(gx, gy), dtype, 20 * scale)


def test_a_slope_of_one_across_has_magnitude_8():
    image = np.tile(np.arange(5.0), (4, 1))
    np.testing.assert_array_equal(gradient_magnitude(image), np.full((2, 3), 8.0))
    np.testing.assert_array_equal(gradient_magnitude(image.T.copy()), np.full((3, 2), 8.0))

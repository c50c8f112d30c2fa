"""Chapter 2's reference code against PyTorch, on random shapes, layouts, dtypes and magnitudes."""

import numpy as np
import pytest
import torch
from drawing import draw, dtypes, layouts, seeds
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.convolution import conv2d, conv2d_macs, conv2d_parameters, conv2d_single, grouped_conv2d

many = settings(max_examples=150, deadline=None, database=None)
scales = st.sampled_from([1e-3, 1.0, 1e4])


def torch_conv2d(x, weight, bias, stride, padding, groups=1):
    x, weight, bias = (None if a is None else torch.from_numpy(a.astype(np.float64)) for a in (x, weight, bias))
    return torch.nn.functional.conv2d(x, weight, bias, stride, padding, groups=groups).numpy()


def close(got, expected, dtype, size):
    assert type(got) is np.ndarray and got.shape == expected.shape and got.dtype == dtype
    np.testing.assert_allclose(got, expected, rtol=0, atol=500 * np.finfo(dtype).eps * size)


ONE_GROUP = st.just(1)


@st.composite
def layers(draw_from, groups=ONE_GROUP):
    """x, weight, bias, stride, padding, groups of a layer whose kernel fits."""
    dtype, layout, scale, seed = (draw_from(s) for s in (dtypes, layouts, scales, seeds))
    g = draw_from(groups)
    channels, filters = (g * draw_from(st.integers(1, 3)) for _ in range(2))
    batch, stride, padding = (draw_from(st.integers(*r)) for r in ((1, 3), (1, 4), (0, 3)))
    sides = [draw_from(st.integers(1, 7)) for _ in range(2)]
    kernel = [draw_from(st.integers(1, min(7, side + 2 * padding))) for side in sides]
    x = draw(seed, batch, channels, *sides, dtype=dtype, scale=scale, layout=layout)
    weight = draw(seed + 1, filters, channels // g, *kernel, dtype=dtype, layout=layout)
    bias = draw(seed + 2, filters, dtype=dtype, scale=scale) if draw_from(st.booleans()) else None
    return (x, weight, bias, stride, padding, g), dtype, 10 * scale


@many
@given(layers())
def test_conv2d_agrees_with_torch(layer):
    arguments, dtype, size = layer
    close(conv2d(*arguments[:5]), torch_conv2d(*arguments), dtype, size)


@many
@given(layers(groups=st.integers(1, 4)))
def test_grouped_conv2d_agrees_with_torch(layer):
    arguments, dtype, size = layer
    close(grouped_conv2d(*arguments), torch_conv2d(*arguments), dtype, size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_kernel_of_7_in_steps_of_3_with_padding_2(dtype):
    x, weight, bias = draw(1, 2, 3, 20, 17, dtype=dtype), draw(2, 4, 3, 7, 7, dtype=dtype), draw(3, 4, dtype=dtype)
    out = conv2d(x, weight, bias, 3, 2)
    assert out.shape == (2, 4, 6, 5)
    close(out, torch_conv2d(x, weight, bias, 3, 2), dtype, 20)


@many
@given(seeds, st.integers(1, 4), st.integers(1, 8), st.integers(1, 8), st.data(), dtypes, layouts)
def test_conv2d_single_agrees_with_torch(seed, channels, height, width, data, dtype, layout):
    kernel = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    image = draw(seed, channels, height, width, dtype=dtype, layout=layout)
    weight = draw(seed + 1, channels, *kernel, dtype=dtype, layout=layout)
    bias = data.draw(st.floats(-3, 3))
    expected = torch_conv2d(image[None], weight[None], np.array([bias]), 1, 0)[0, 0]
    close(conv2d_single(image, weight, bias), expected, dtype, 10)
    close(conv2d_single(image, weight), expected - bias, dtype, 10)


def test_the_worked_example_of_one_filter():
    image = np.array([[[0.0, 1, 2], [3, 4, 5], [6, 7, 8]]])
    weight = np.array([[[0.0, 1], [2, 3]]])
    np.testing.assert_array_equal(conv2d_single(image, weight), [[19, 25], [37, 43]])  # 0*0 + 1*1 + 3*2 + 4*3 = 19


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [((4, 1), 1, 0), ((1, 4), 1, 0), ((6, 1), 1, 1), ((2, 2), 0, 0), ((2, 2), 1, -1)]
)
def test_an_impossible_geometry_is_refused(kernel, stride, padding):
    x, weight = np.ones((1, 2, 3, 3)), np.ones((2, 2, *kernel))
    with pytest.raises(ValueError):
        conv2d(x, weight, None, stride, padding)
    with pytest.raises(ValueError):
        grouped_conv2d(x, weight[:, :1], None, stride, padding, 2)


@pytest.mark.parametrize(("channels", "filters", "groups"), [(3, 4, 2), (4, 3, 2), (2, 2, 0), (2, 2, -1), (2, 2, 4)])
def test_groups_that_do_not_divide_are_refused(channels, filters, groups):
    with pytest.raises(ValueError, match=str(groups)):
        grouped_conv2d(np.ones((1, channels, 3, 3)), np.ones((filters, 1, 2, 2)), groups=groups)


@settings(max_examples=60, deadline=None, database=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.booleans())
def test_parameters_are_those_of_torchs_layer(channels, filters, kernel_size, bias):
    layer = torch.nn.Conv2d(channels, filters, kernel_size, bias=bias, device="meta")
    assert conv2d_parameters(channels, filters, kernel_size, bias) == sum(p.numel() for p in layer.parameters())


def test_the_bias_is_there_by_default():
    assert conv2d_parameters(3, 96, 11) == 34_944
    assert conv2d_parameters(3, 96, 11, False) == 34_848


@settings(max_examples=60, deadline=None, database=None)
@given(*[st.integers(1, 5)] * 2, st.integers(1, 4), *[st.integers(1, 6)] * 2)
def test_macs_count_the_products_of_a_convolution(channels, filters, kernel_size, height, width):
    x = np.ones((1, channels, height + kernel_size - 1, width + kernel_size - 1))
    weight = np.ones((filters, channels, kernel_size, kernel_size))
    # With ones everywhere each product adds 1 to the sum of the output.
    assert conv2d_macs(channels, filters, kernel_size, height, width) == conv2d(x, weight).sum()

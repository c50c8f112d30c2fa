"""Chapter 2: the convolutional layer. Each mistake is written as a change to the reference."""

from collections.abc import Iterator

import numpy as np

from autograder.exercise import Case, Exercise, Mistake
from autograder.exercises.inputs import laid_out, normal, small_integers
from solutions import convolution as ref
from solutions.filters import output_size, pad2d

# --- conv2d_single ---------------------------------------------------------------------------------------------------


def _conv2d_single_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        "1 channel 2×3, kernel 2×2, no bias",
        {"image": small_integers(rng, 1, 2, 3), "weight": small_integers(rng, 1, 2, 2)},
        terms=4,
    )
    yield Case(
        "2 channels 3×3, kernel 1×1, no bias",
        {"image": normal(rng, 2, 3, 3), "weight": normal(rng, 2, 1, 1)},
        terms=2,
    )
    for channels, image, kernel, dtype, scale, layout, sign in (
        (2, (3, 4), (2, 2), np.float64, 1.0, "contiguous", 1),
        (2, (4, 6), (1, 3), np.float64, 1e4, "read-only", -1),
        (3, (5, 4), (3, 2), np.float32, 1.0, "strided", -1),
        (3, (3, 4), (3, 4), np.float64, 1.0, "strided", 1),
        (4, (6, 5), (3, 3), np.float32, 1e-3, "contiguous", 1),
    ):
        yield Case(
            f"{channels} channels {image[0]}×{image[1]}, kernel {kernel[0]}×{kernel[1]}, with bias",
            laid_out(
                {
                    "image": normal(rng, channels, *image, dtype=dtype, scale=scale),
                    "weight": normal(rng, channels, *kernel, dtype=dtype),
                    "bias": float(sign * scale * rng.uniform(1, 2)),
                },
                layout,
            ),
            terms=channels * kernel[0] * kernel[1] + 1,
        )


def _single_with_bias(factor):
    """The bias counted ``factor(weight)`` times."""
    return lambda image, weight, bias=0.0: ref.conv2d_single(image, weight, bias * factor(weight))


def _by_channel(image, weight):
    return np.stack([ref.conv2d_single(image[c : c + 1], weight[c : c + 1]) for c in range(len(weight))])


conv2d_single = Exercise(
    reference=ref.conv2d_single,
    level=1,
    points=2,
    minutes=10,
    cases=_conv2d_single_cases,
    magnitude=lambda image, weight, bias=0.0: ref.conv2d_single(np.abs(image), np.abs(weight), abs(bias)),
    hints=(
        "The patch has as many channels as the filter: it is a small block, (C, KH, KW).",
        "`image[:, i : i + kernel_height, j : j + kernel_width]` keeps all channels.",
        "Multiply block by block, add up all C * KH * KW products, then add the bias, once.",
    ),
    mistakes=(
        Mistake(
            "channels-not-summed",
            lambda image, weight, bias=0.0: _by_channel(image, weight) + image.dtype.type(bias),
            "You kept one map for each channel. A filter reaches through all channels and adds them up into one map.",
        ),
        Mistake(
            "channels-averaged",
            lambda image, weight, bias=0.0: ref.conv2d_single(image, weight / weight.dtype.type(len(weight)), bias),
            "You averaged over the channels. Their contributions are added.",
        ),
        Mistake(
            "first-channel-only",
            lambda image, weight, bias=0.0: ref.conv2d_single(image[:1], weight[:1], bias),
            "Only the first channel is in your result. The filter has weights for every channel.",
        ),
        Mistake(
            "bias-forgotten",
            lambda image, weight, bias=0.0: ref.conv2d_single(image, weight),
            "The bias is missing.",
        ),
        Mistake(
            "bias-per-weight",
            _single_with_bias(lambda weight: weight.size),
            "The bias is added to each product, C * KH * KW times in all. It is added once, after the sum.",
        ),
        Mistake(
            "bias-per-channel",
            _single_with_bias(len),
            "The bias is added once for each channel. It belongs to the filter and is added once in all.",
        ),
        Mistake(
            "bias-subtracted",
            _single_with_bias(lambda weight: -1),
            "The bias is subtracted. It is added.",
        ),
        Mistake(
            "flipped-kernel",
            lambda image, weight, bias=0.0: ref.conv2d_single(image, weight[:, ::-1, ::-1], bias),
            "Your kernel is turned by 180 degrees: that is true convolution. In networks it is not turned.",
        ),
        Mistake(
            "channels-reversed",
            lambda image, weight, bias=0.0: ref.conv2d_single(image, weight[::-1], bias),
            "The channels of the weight are in reverse order: channel c of the weight belongs to channel c "
            "of the image.",
        ),
        Mistake(
            "output-transposed",
            lambda image, weight, bias=0.0: ref.conv2d_single(image, weight, bias).T.copy(),
            "The output is transposed: the first index counts rows, the second columns.",
        ),
        Mistake(
            "integers",
            lambda image, weight, bias=0.0: ref.conv2d_single(image, weight, bias).astype(np.int64),
            "Your output array holds integers, so each sum is cut off. Make it with dtype=image.dtype.",
        ),
        Mistake(
            "float64",
            lambda image, weight, bias=0.0: ref.conv2d_single(image, weight, bias).astype(np.float64),
            "np.zeros makes float64 unless told otherwise. Give it dtype=image.dtype, so that float32 stays float32.",
        ),
    ),
)


# --- conv2d ----------------------------------------------------------------------------------------------------------


def _layer_case(
    rng,
    batch,
    channels,
    image,
    filters,
    kernel,
    stride=1,
    padding=0,
    *,
    bias=True,
    groups=None,
    dtype=np.float64,
    scale=1.0,
    layout="contiguous",
) -> Case:
    seen = channels // (groups or 1)
    label = (
        f"x {batch}×{channels}×{image[0]}×{image[1]}, weight {filters}×{seen}×{kernel[0]}×{kernel[1]}, "
        f"{'bias' if bias else 'no bias'}, stride {stride}, padding {padding}"
    )
    inputs = {
        "x": normal(rng, batch, channels, *image, dtype=dtype, scale=scale),
        "weight": normal(rng, filters, seen, *kernel, dtype=dtype),
        # As large as a response, or a forgotten bias would drown in the rounding of large inputs.
        "bias": (scale * rng.uniform(1, 2, filters) * rng.choice([-1, 1], filters)).astype(dtype) if bias else None,
        "stride": stride,
        "padding": padding,
    }
    if groups is not None:
        inputs["groups"] = groups
        label += f", {groups} group{'s' if groups > 1 else ''}"
    return Case(label, laid_out(inputs, layout), terms=seen * kernel[0] * kernel[1] + 1)


def _conv2d_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        "x 1×1×2×3, weight 1×1×2×2, the rest left out",
        {
            "x": small_integers(rng, 1, 1, 2, 3, low=0, high=10),
            "weight": small_integers(rng, 1, 1, 2, 2, low=-2, high=3),
        },
        terms=4,
    )
    yield Case(
        "x 1×2×3×3, weight 2×2×2×2, the rest left out",
        {"x": small_integers(rng, 1, 2, 3, 3, low=0, high=10), "weight": small_integers(rng, 2, 2, 2, 2)},
        terms=8,
    )
    yield _layer_case(rng, 2, 1, (3, 4), 2, (2, 3))
    yield _layer_case(rng, 3, 2, (3, 2), 2, (3, 2))
    yield _layer_case(rng, 2, 3, (4, 2), 2, (3, 3), padding=1, layout="read-only")
    yield _layer_case(rng, 1, 3, (5, 6), 2, (2, 3), stride=2, dtype=np.float32)
    yield _layer_case(rng, 2, 2, (5, 6), 3, (3, 2), bias=False, layout="strided")
    yield _layer_case(rng, 2, 4, (5, 3), 3, (1, 1), stride=2, dtype=np.float32)
    yield _layer_case(rng, 2, 2, (6, 5), 3, (2, 4), stride=3, padding=2, dtype=np.float32, scale=1e4, layout="strided")
    yield _layer_case(rng, 1, 2, (9, 11), 3, (7, 7), stride=3, padding=2, bias=False, scale=1e-3)
    image, kernel = rng.integers(4, 8, 2), rng.integers(1, 4, 2)
    channels, filters = rng.permutation([2, 3, 4])[:2]
    yield _layer_case(
        rng, 2, int(channels), tuple(map(int, image)), int(filters), tuple(map(int, kernel)),
        stride=int(rng.integers(1, 4)), padding=int(rng.integers(0, 3)), layout="strided",
    )  # fmt: skip


def _pad_one_side(x, weight, bias=None, stride=1, padding=0):
    return ref.conv2d(np.pad(x, [(0, 0), (0, 0), (padding, 0), (padding, 0)]), weight, bias, stride)


def _crop(x, weight, bias=None, stride=1, padding=0):
    rows, columns = (slice(padding, max(n - padding, padding)) for n in x.shape[2:])
    return ref.conv2d(x[:, :, rows, columns], weight, bias, stride)


def _round_up(x, weight, bias=None, stride=1, padding=0):
    padded = pad2d(x, padding)
    spare = [-(n - k) % stride for n, k in zip(padded.shape[2:], weight.shape[2:], strict=True)]
    return ref.conv2d(np.pad(padded, [(0, 0), (0, 0), (0, spare[0]), (0, spare[1])]), weight, bias, stride)


def _unstrided_places(x, weight, bias=None, stride=1, padding=0):
    rows, columns = ref.conv2d(x, weight, bias, stride, padding).shape[2:]
    return ref.conv2d(x, weight, bias, 1, padding)[:, :, :rows, :columns].copy()


def _one_axis(axis):
    """The stride used along one axis alone."""

    def wrong(x, weight, bias=None, stride=1, padding=0):
        steps = [slice(None)] * 4
        steps[axis] = slice(None, None, stride)
        return ref.conv2d(x, weight, bias, 1, padding)[tuple(steps)].copy()

    return wrong


def _with_bias(change):
    """The bias changed by ``change(bias, weight)`` before it is added."""

    def wrong(x, weight, bias=None, stride=1, padding=0):
        changed = None if bias is None else change(bias, weight).astype(bias.dtype)
        return ref.conv2d(x, weight, changed, stride, padding)

    return wrong


def _with_output(change):
    return lambda x, weight, bias=None, stride=1, padding=0: change(ref.conv2d(x, weight, bias, stride, padding))


def _with_weight(change):
    return lambda x, weight, bias=None, stride=1, padding=0: ref.conv2d(x, change(weight), bias, stride, padding)


def _first_image_only(x, weight, bias=None, stride=1, padding=0):
    out = np.zeros_like(ref.conv2d(x, weight, bias, stride, padding))
    out[0] = ref.conv2d(x[:1], weight, bias, stride, padding)[0]
    return out


def _map_per_channel(x, weight, bias=None, stride=1, padding=0):
    maps = [ref.conv2d(x[:, c : c + 1], weight[:, c : c + 1], bias, stride, padding) for c in range(x.shape[1])]
    return np.stack(maps, axis=2)


def _sizes_swapped(x, weight, bias=None, stride=1, padding=0):
    """Height reckoned from the width and the other way round; windows beyond the edge count as far as they reach."""
    columns = output_size(x.shape[2], weight.shape[2], stride, padding)
    rows = output_size(x.shape[3], weight.shape[3], stride, padding)
    padded = pad2d(x, padding)
    wide = np.pad(padded, [(0, 0), (0, 0), (0, rows * stride), (0, columns * stride)])
    return ref.conv2d(wide, weight, bias, stride)[:, :, :rows, :columns].copy()


_LAYER_MISTAKES = (
    Mistake(
        "flipped-kernel",
        _with_weight(lambda w: w[:, :, ::-1, ::-1]),
        "Your kernel is turned by 180 degrees: that is true convolution. In networks the kernel is not turned.",
    ),
    Mistake(
        "channels-not-summed",
        _map_per_channel,
        "You kept one map for each channel. A filter adds its channels up into one map.",
    ),
    Mistake(
        "channels-averaged",
        lambda x, weight, bias=None, stride=1, padding=0: ref.conv2d(
            x, weight / weight.dtype.type(weight.shape[1]), bias, stride, padding
        ),
        "You averaged over the channels. Their contributions are added.",
    ),
    Mistake(
        "first-channel-only",
        lambda x, weight, bias=None, stride=1, padding=0: ref.conv2d(x[:, :1], weight[:, :1], bias, stride, padding),
        "Only the first channel is in your result. Each filter has weights for every channel.",
    ),
    Mistake(
        "mean",
        _with_weight(lambda w: w / w.dtype.type(w[0].size)),
        "You averaged the products. A response is their sum.",
    ),
    Mistake(
        "stride-ignored",
        lambda x, weight, bias=None, stride=1, padding=0: ref.conv2d(x, weight, bias, 1, padding),
        "The stride is not used: your filters visit every place.",
    ),
    Mistake("stride-down-only", _one_axis(2), "The stride is used going down, but not going across."),
    Mistake("stride-across-only", _one_axis(3), "The stride is used going across, but not going down."),
    Mistake(
        "places-without-stride",
        _unstrided_places,
        "The output has the right size, but the patch for place (i, j) starts at pixel (i, j). It starts at "
        "(i * stride, j * stride).",
    ),
    Mistake(
        "padding-ignored",
        lambda x, weight, bias=None, stride=1, padding=0: ref.conv2d(x, weight, bias, stride),
        "The padding is not used.",
    ),
    Mistake(
        "padding-one-side",
        _pad_one_side,
        "The zeros are at the top and on the left only. Padding goes all the way round.",
    ),
    Mistake("padding-cropped", _crop, "You cut the border off instead of padding it with zeros."),
    Mistake(
        "bias-forgotten",
        lambda x, weight, bias=None, stride=1, padding=0: ref.conv2d(x, weight, None, stride, padding),
        "The bias is missing.",
    ),
    Mistake(
        "bias-per-weight",
        _with_bias(lambda b, w: b * w[0].size),
        "The bias is added to each product, C * KH * KW times in all. It is added once, after the sum.",
    ),
    Mistake(
        "bias-per-channel",
        _with_bias(lambda b, w: b * w.shape[1]),
        "The bias is added once for each channel. It belongs to the filter and is added once in all.",
    ),
    Mistake(
        "bias-of-first-filter",
        _with_bias(lambda b, w: np.full_like(b, b[0])),
        "Every map got the first bias. Filter f has its own, bias[f].",
    ),
    Mistake("bias-subtracted", _with_bias(lambda b, w: -b), "The bias is subtracted. It is added."),
    Mistake(
        "kernel-transposed",
        _with_weight(lambda w: w.transpose(0, 1, 3, 2)),
        "Height and width of the kernels are swapped: row u of a kernel belongs on row u of the patch.",
    ),
    Mistake(
        "output-transposed",
        _with_output(lambda out: out.transpose(0, 1, 3, 2).copy()),
        "Height and width of the output are swapped: the order is (N, F, OH, OW).",
    ),
    Mistake(
        "sizes-swapped",
        _sizes_swapped,
        "Height and width of the output are reckoned from each other's axis: OH comes from H and KH, OW from W and KW.",
    ),
    Mistake(
        "channels-last",
        _with_output(lambda out: out.transpose(0, 2, 3, 1).copy()),
        "The maps are along the last axis. The order is (N, F, OH, OW): channels come second.",
    ),
    Mistake(
        "batch-and-filters-swapped",
        _with_output(lambda out: out.transpose(1, 0, 2, 3).copy()),
        "The first two axes are swapped: images first, then filters, (N, F, OH, OW).",
    ),
    Mistake(
        "first-image-only",
        _first_image_only,
        "Only the first image of the batch is computed; the others stay 0.",
    ),
    Mistake(
        "ceiling",
        _round_up,
        "You rounded the output size up, so the last kernels hang over the edge. Round down.",
    ),
    Mistake(
        "integers",
        _with_output(lambda out: out.astype(np.int64)),
        "Your output array holds integers, so each sum is cut off. Make it with dtype=x.dtype.",
    ),
    Mistake(
        "bytes",
        _with_output(lambda out: out.astype(np.int64).astype(np.uint8)),
        "Your output array holds bytes: everything outside 0 to 255 wraps around. Make it with dtype=x.dtype.",
    ),
    Mistake(
        "float64",
        _with_output(lambda out: out.astype(np.float64)),
        "np.zeros makes float64 unless told otherwise. Give it dtype=x.dtype, so that float32 stays float32.",
    ),
)

conv2d = Exercise(
    reference=ref.conv2d,
    level=2,
    points=4,
    minutes=30,
    cases=_conv2d_cases,
    hints=(
        "Four loops: images, filters, output rows, output columns. Inside, it is conv2d_single with a stride.",
        "The patch `padded[n, :, top : top + KH, left : left + KW]` has the shape of weight[f]; top is i * "
        "stride, left j * stride.",
        "Pad x once before the loops; add bias[f] once to each output, and only if bias is not None.",
    ),
    mistakes=_LAYER_MISTAKES,
)


# --- conv2d_parameters, conv2d_macs ----------------------------------------------------------------------------------


def _parameters_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(in_channels, out_channels, kernel_size, bias) -> Case:
        label = f"{in_channels} channels in, {out_channels} out, kernel {kernel_size}, {'bias' if bias else 'no bias'}"
        names = ("in_channels", "out_channels", "kernel_size", "bias")
        return Case(label, dict(zip(names, (in_channels, out_channels, kernel_size, bias), strict=True)))

    yield Case("2 channels in, 4 out, kernel 3, bias left out", {"in_channels": 2, "out_channels": 4, "kernel_size": 3})
    yield case(2, 5, 3, False)
    yield case(3, 96, 11, True)
    yield case(512, 256, 1, False)
    yield case(511, 4095, 7, False)  # a float32 cannot hold the result
    for _ in range(4):
        in_channels, out_channels = rng.choice(np.arange(2, 300), 2, replace=False)
        yield case(int(in_channels), int(out_channels), int(rng.integers(2, 9)), bool(rng.integers(2)))


def _parameters_with(weights, biases=lambda c, f, k: f):
    return lambda c, f, k, bias=True: weights(c, f, k) + (biases(c, f, k) if bias else 0)


def _weights(c, f, k):
    return f * c * k * k


conv2d_parameters = Exercise(
    reference=ref.conv2d_parameters,
    level=1,
    points=1,
    minutes=5,
    result="int",
    cases=_parameters_cases,
    hints=(
        "The weight has the shape (F, C, KH, KW). How many numbers is that?",
        "Each filter has one bias, whatever its size.",
        "F * C * K * K, plus F if there is a bias.",
    ),
    mistakes=(
        Mistake(
            "kernel-not-squared",
            _parameters_with(lambda c, f, k: f * c * k),
            "The kernel is K × K: the kernel size counts twice.",
        ),
        Mistake(
            "bias-forgotten",
            _parameters_with(_weights, lambda c, f, k: 0),
            "The biases are missing: one for each filter.",
        ),
        Mistake(
            "bias-always",
            lambda c, f, k, bias=True: _weights(c, f, k) + f,
            "You count the biases even when bias is False.",
        ),
        Mistake(
            "one-bias",
            _parameters_with(_weights, lambda c, f, k: 1),
            "You counted one bias for the whole layer. Each filter has its own.",
        ),
        Mistake(
            "bias-per-kernel",
            _parameters_with(_weights, lambda c, f, k: f * c),
            "You counted a bias for each channel of each filter. A filter has one in all.",
        ),
        Mistake(
            "bias-per-kernel-always",
            lambda c, f, k, bias=True: f * c * (k * k + 1),
            "You counted a bias for each channel of each filter, whether there are biases or not. A filter has one in "
            "all, and with bias=False none.",
        ),
        Mistake(
            "bias-per-input-channel",
            _parameters_with(_weights, lambda c, f, k: c),
            "You counted a bias for each channel in. There is one for each filter, so for each channel out.",
        ),
        Mistake(
            "channels-in-forgotten",
            _parameters_with(lambda c, f, k: f * k * k),
            "Each filter reaches through all channels in: it has C × K × K weights.",
        ),
    ),
)


def _macs_cases(rng: np.random.Generator) -> Iterator[Case]:
    names = ("in_channels", "out_channels", "kernel_size", "out_height", "out_width")
    # The last does not fit into 32 bits, as an integer or as a float.
    geometries = [(2, 4, 3, 5, 7), (3, 96, 11, 55, 55), (64, 128, 1, 14, 9), (255, 513, 3, 115, 117)]
    for _ in range(3):
        in_channels, out_channels = rng.choice(np.arange(2, 300), 2, replace=False)
        size = rng.choice(np.arange(10, 100), 2, replace=False)
        geometries.append((int(in_channels), int(out_channels), int(rng.integers(2, 9)), int(size[0]), int(size[1])))
    for geometry in geometries:
        c, f, k, height, width = geometry
        label = f"{c} channels in, {f} out, kernel {k}, output {height}×{width}"
        yield Case(label, dict(zip(names, geometry, strict=True)))


conv2d_macs = Exercise(
    reference=ref.conv2d_macs,
    level=1,
    points=1,
    minutes=5,
    result="int",
    cases=_macs_cases,
    hints=(
        "How many multiplications make one output value? How many output values are there?",
        "One output value takes C × K × K multiply-accumulates.",
        "There are F × OH × OW output values.",
    ),
    mistakes=(
        Mistake(
            "flops",
            lambda c, f, k, h, w: 2 * h * w * _weights(c, f, k),
            "Twice too many: you counted multiplications and additions. One multiply-accumulate is both.",
        ),
        Mistake(
            "channels-in-forgotten",
            lambda c, f, k, h, w: h * w * f * k * k,
            "Each output value sums over all channels in: C × K × K products.",
        ),
        Mistake(
            "channels-out-forgotten",
            lambda c, f, k, h, w: h * w * c * k * k,
            "That is one filter's work. There are F of them.",
        ),
        Mistake(
            "kernel-not-squared",
            lambda c, f, k, h, w: h * w * f * c * k,
            "The kernel is K × K: the kernel size counts twice.",
        ),
        Mistake(
            "one-place",
            lambda c, f, k, h, w: _weights(c, f, k),
            "That is the work for one place. The filters visit OH × OW places.",
        ),
        Mistake(
            "height-squared",
            lambda c, f, k, h, w: h * h * _weights(c, f, k),
            "You used the height twice. The output is OH × OW.",
        ),
        Mistake(
            "bias-counted",
            lambda c, f, k, h, w: h * w * f * (c * k * k + 1),
            "You counted the bias as well. It is an addition without a product, and by custom left out.",
        ),
    ),
)


# --- grouped_conv2d --------------------------------------------------------------------------------------------------


def _grouped_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        "x 1×2×2×3, weight 2×1×2×2, 2 groups (depthwise)",
        {
            "x": small_integers(rng, 1, 2, 2, 3, low=0, high=12),
            "weight": small_integers(rng, 2, 1, 2, 2),
            "bias": None,
            "stride": 1,
            "padding": 0,
            "groups": 2,
        },
        terms=4,
    )
    for channels, filters in ((2, 4), (4, 2)):
        seen = channels // 2
        yield Case(
            f"x 1×{channels}×2×3, weight {filters}×{seen}×2×2, 2 groups",
            {
                "x": small_integers(rng, 1, channels, 2, 3, low=0, high=10),
                "weight": small_integers(rng, filters, seen, 2, 2),
                "bias": None,
                "stride": 1,
                "padding": 0,
                "groups": 2,
            },
            terms=4 * seen,
        )
    yield _layer_case(rng, 1, 3, (4, 5), 2, (3, 2), padding=1, bias=False, dtype=np.float32)
    yield _layer_case(rng, 2, 4, (4, 3), 6, (2, 3), groups=2)
    yield _layer_case(rng, 1, 4, (3, 4), 4, (2, 2), groups=2)
    yield _layer_case(rng, 3, 6, (3, 5), 4, (2, 3), groups=2, stride=2, bias=False)
    yield _layer_case(rng, 2, 6, (5, 6), 9, (3, 2), groups=3, stride=2, padding=1, layout="strided")
    yield _layer_case(
        rng, 2, 4, (5, 4), 4, (3, 3), groups=4, padding=2, dtype=np.float32, scale=1e4, layout="read-only"
    )
    yield _layer_case(rng, 1, 3, (6, 7), 6, (2, 2), groups=3, stride=3, scale=1e-3)


def _regrouped(channels=None, filters=None):
    """Channels or filters dealt out in turn to the groups, instead of in runs."""

    def wrong(x, weight, bias=None, stride=1, padding=0, groups=1):
        c, f = np.arange(x.shape[1]), np.arange(len(weight))
        seen = channels(c, groups) if channels else c
        order = filters(f, groups) if filters else f
        out = ref.grouped_conv2d(
            x[:, seen], weight[order], None if bias is None else bias[order], stride, padding, groups
        )
        back = np.empty_like(out)
        back[:, order] = out
        return back

    return wrong


def _dealt(indices, groups):
    return indices.reshape(-1, groups).T.ravel()


def _both_dealt(x, weight, bias=None, stride=1, padding=0, groups=1):
    maps = [
        ref.conv2d(x[:, g::groups], weight[g::groups], None if bias is None else bias[g::groups], stride, padding)
        for g in range(groups)
    ]
    return np.concatenate(maps, axis=1)


def _first_group(x, weight, bias=None, stride=1, padding=0, groups=1):
    return ref.conv2d(x[:, : weight.shape[1]], weight, bias, stride, padding)


def _groups_added(x, weight, bias=None, stride=1, padding=0, groups=1):
    out = ref.grouped_conv2d(x, weight, bias, stride, padding, groups)
    n, f, height, width = out.shape
    return out.reshape(n, groups, f // groups, height, width).sum(axis=1)


def _groups_in_batch(x, weight, bias=None, stride=1, padding=0, groups=1):
    out = ref.grouped_conv2d(x, weight, bias, stride, padding, groups)
    return np.concatenate(np.split(out, groups, axis=1), axis=0)


def _bias_of_first_group(x, weight, bias=None, stride=1, padding=0, groups=1):
    if bias is not None:
        bias = np.tile(bias[: len(bias) // groups], groups)
    return ref.grouped_conv2d(x, weight, bias, stride, padding, groups)


grouped_conv2d = Exercise(
    reference=ref.grouped_conv2d,
    level=3,
    points=5,
    minutes=35,
    cases=_grouped_cases,
    hints=(
        "Cut the channels of x, the filters and the biases into `groups` equal runs. Each run is a small "
        "layer of its own.",
        "Group g sees channels g * C/groups up to (g + 1) * C/groups, and owns filters g * F/groups up to (g "
        "+ 1) * F/groups.",
        "Call your conv2d once for each group and join the maps with np.concatenate along axis 1.",
    ),
    mistakes=(
        Mistake(
            "first-group-for-all",
            _first_group,
            "Every filter looks at the channels of the first group. Group g has channels of its own.",
        ),
        Mistake(
            "channels-dealt",
            _regrouped(channels=_dealt),
            "You dealt the channels out in turn (0, G, 2G, …). A group is a run of neighbouring channels.",
        ),
        Mistake(
            "filters-dealt",
            _regrouped(filters=_dealt),
            "You dealt the filters out in turn. The first F/groups filters belong to the first group, and so on.",
        ),
        Mistake(
            "both-dealt",
            _both_dealt,
            "`g::groups` deals channels and filters out in turn. A group is a run of neighbours: from g * C/groups up "
            "to (g + 1) * C/groups, and likewise for the filters.",
        ),
        Mistake(
            "groups-added",
            _groups_added,
            "You added the groups up. Their maps are joined along the channel axis.",
        ),
        Mistake(
            "groups-in-batch",
            _groups_in_batch,
            "You joined the groups along the batch axis. Maps belong on axis 1.",
        ),
        Mistake(
            "bias-of-first-group",
            _bias_of_first_group,
            "Every group got the biases of the first. Filter f has bias[f].",
        ),
        Mistake(
            "bias-forgotten",
            lambda x, weight, bias=None, stride=1, padding=0, groups=1: ref.grouped_conv2d(
                x, weight, None, stride, padding, groups
            ),
            "The bias is missing.",
        ),
        Mistake(
            "stride-ignored",
            lambda x, weight, bias=None, stride=1, padding=0, groups=1: ref.grouped_conv2d(
                x, weight, bias, 1, padding, groups
            ),
            "The stride is not used.",
        ),
        Mistake(
            "padding-ignored",
            lambda x, weight, bias=None, stride=1, padding=0, groups=1: ref.grouped_conv2d(
                x, weight, bias, stride, 0, groups
            ),
            "The padding is not used.",
        ),
        Mistake(
            "flipped-kernel",
            lambda x, weight, bias=None, stride=1, padding=0, groups=1: ref.grouped_conv2d(
                x, weight[:, :, ::-1, ::-1], bias, stride, padding, groups
            ),
            "Your kernel is turned by 180 degrees: that is true convolution. In networks the kernel is not turned.",
        ),
    ),
)

"""Chapter 1: filters. Each mistake is written as a change to the reference."""

from collections.abc import Iterator

import numpy as np

from autograder.exercise import Case, Exercise, Mistake
from autograder.exercises.inputs import laid_out, normal, small_integers
from solutions import filters as ref

_PREWITT = np.array([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])  # Prewitt's kernel: no weight 2 in the middle


# --- filter_response -------------------------------------------------------------------------------------------------


def _filter_response_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("2×2, whole numbers", {"patch": small_integers(rng, 2, 2), "kernel": small_integers(rng, 2, 2)}, terms=4)
    for height, width, dtype, scale, layout, sign in (
        (2, 3, np.float64, 1.0, "contiguous", -1),
        (3, 2, np.float32, 1.0, "strided", 1),
        (1, 5, np.float32, 1e4, "contiguous", -1),
        (3, 3, np.float64, 1e-3, "read-only", 1),
        (4, 3, np.float64, 1.0, "strided", -1),
    ):
        patch = normal(rng, height, width, dtype=dtype, scale=scale)
        kernel = normal(rng, height, width, dtype=dtype)
        if sign * ref.filter_response(patch, kernel) < 0:
            kernel = -kernel  # responses of both signs, whatever the seed
        yield Case(
            f"{height}×{width}, {np.dtype(dtype)}, values around {scale:g}",
            laid_out({"patch": patch, "kernel": kernel}, layout),
            terms=height * width,
        )


filter_response = Exercise(
    reference=ref.filter_response,
    level=1,
    points=1,
    minutes=5,
    result="float",
    cases=_filter_response_cases,
    hints=(
        "A dot product: multiply the two arrays entry by entry, then add everything up.",
        "`patch * kernel` multiplies entry by entry; `@` would be the matrix product, which is something else.",
        "`.sum()` of an array adds up all of its entries, whatever its shape.",
    ),
    mistakes=(
        Mistake(
            "matrix-product",
            lambda patch, kernel: (patch @ kernel).sum(),
            "That is the matrix product, `@`. A filter multiplies each pixel by the weight that lies on it: `*`.",
        ),
        Mistake(
            "matrix-product-not-summed",
            lambda patch, kernel: patch @ kernel,
            "That is the matrix product, `@`. A filter multiplies each pixel by the weight that lies on it, `*`, and "
            "adds up the products.",
        ),
        Mistake(
            "mean",
            lambda patch, kernel: (patch * kernel).mean(),
            "You averaged the products. The response is their sum, without dividing by their number.",
        ),
        Mistake(
            "not-summed",
            lambda patch, kernel: patch * kernel,
            "These are the products, one for each pixel. The response is one number: their sum.",
        ),
        Mistake(
            "sums-multiplied",
            lambda patch, kernel: patch.sum() * kernel.sum(),
            "You added up first and multiplied after. Each pixel needs its own weight, so multiply first.",
        ),
        Mistake(
            "flipped-kernel",
            lambda patch, kernel: (patch * kernel[::-1, ::-1]).sum(),
            "Your kernel is turned by 180 degrees. Here each pixel meets the weight at its own place.",
        ),
        Mistake(
            "truncated",
            lambda patch, kernel: int((patch * kernel).sum()),
            "The sum is cut to a whole number. Leave out int().",
        ),
    ),
)


# --- output_size -----------------------------------------------------------------------------------------------------


def _output_size_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(size: int, kernel_size: int, stride: int, padding: int) -> Case:
        label = f"size {size}, kernel {kernel_size}, stride {stride}, padding {padding}"
        return Case(label, {"size": size, "kernel_size": kernel_size, "stride": stride, "padding": padding})

    yield Case("size 5, kernel 3, stride and padding left out", {"size": 5, "kernel_size": 3})
    for geometry in (
        (6, 3, 1, 1),
        (7, 3, 2, 0),
        (8, 3, 2, 0),
        (5, 5, 3, 0),
        (5, 3, 3, 1),
        (3, 5, 1, 1),
        (4, 2, 1, 3),
        (10, 7, 3, 2),
        (4, 1, 5, 0),
        (1, 3, 1, 2),
        (227, 11, 4, 0),
    ):
        yield case(*geometry)
    for _ in range(4):
        padding = int(rng.integers(0, 4))
        kernel_size = int(rng.integers(1, 8))
        yield case(int(rng.integers(kernel_size, 60)), kernel_size, int(rng.integers(1, 6)), padding)
    for impossible in (
        (4, 5, 1, 0),
        (3, 8, 2, 2),
        (5, 3, 0, 0),
        (5, 3, -1, 0),
        (9, 3, 1, -1),
        (9, 3, 1, -2),
        (0, 1, 1, 1),
        (-1, 1, 1, 2),
        (5, 0, 1, 0),
        (5, -1, 1, 0),
    ):
        yield case(*impossible)


def _output_size_unchecked(size, kernel_size, stride=1, padding=0):
    return (size + 2 * padding - kernel_size) // stride + 1


def _output_size_with(formula):
    """A mistake in the formula alone: impossible geometry is still refused."""

    def wrong(size, kernel_size, stride=1, padding=0):
        ref.output_size(size, kernel_size, stride, padding)
        return formula(size, kernel_size, stride, padding)

    return wrong


output_size = Exercise(
    reference=ref.output_size,
    level=1,
    points=1,
    minutes=10,
    result="int",
    cases=_output_size_cases,
    hints=(
        "Draw 7 pixels and a kernel of 3. With stride 2 it starts at 0, 2 and 4. Which start is the last that fits?",
        "The last start is at most (padded size - kernel_size). Divide by the stride, round down, and count "
        "the start at 0 too.",
        "Padding is added at both ends. Check size, kernel, stride and padding first, and raise ValueError "
        "if they cannot be.",
    ),
    mistakes=(
        Mistake(
            "never-refuses",
            _output_size_unchecked,
            "The formula is right, but impossible input gets an answer too. Raise ValueError for a size, kernel or "
            "stride below 1, a negative padding, and a kernel longer than the padded axis.",
        ),
        Mistake(
            "plus-one-forgotten",
            _output_size_with(lambda n, k, s, p: (n + 2 * p - k) // s),
            "You counted the steps between the places, not the places: one is missing. The first, at 0, counts too.",
        ),
        Mistake(
            "true-division",
            _output_size_with(lambda n, k, s, p: (n + 2 * p - k) / s + 1),
            "`/` gives a float, and a fraction of a place. A kernel that does not fit whole is left out: "
            "`//` rounds down.",
        ),
        Mistake(
            "ceiling",
            _output_size_with(lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1),
            "You rounded up. The last kernel would hang over the edge; rounding down leaves the remainder unused.",
        ),
        Mistake(
            "padding-once",
            _output_size_with(lambda n, k, s, p: (n + p - k) // s + 1),
            "Padding is added at both ends of the axis, so it counts twice.",
        ),
        Mistake(
            "padding-ignored",
            _output_size_with(lambda n, k, s, p: (n - k) // s + 1),
            "Your result does not depend on the padding.",
        ),
        Mistake(
            "stride-ignored",
            _output_size_with(lambda n, k, s, p: n + 2 * p - k + 1),
            "Your result does not depend on the stride.",
        ),
        Mistake(
            "one-added-too-early",
            _output_size_with(lambda n, k, s, p: (n + 2 * p - k + 1) // s),
            "The 1 is added before the division. It stands for the first place, so it comes after: (...) // "
            "stride + 1.",
        ),
    ),
)


# --- pad2d -----------------------------------------------------------------------------------------------------------


def _pad2d_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("2×3 image, padding 1", {"x": small_integers(rng, 2, 3), "padding": 1})
    yield Case("2×3 image, padding 0", {"x": small_integers(rng, 2, 3), "padding": 0})
    yield Case("stack of two 2×2 images, padding 1", {"x": small_integers(rng, 2, 2, 2), "padding": 1})
    for shape, padding, dtype, scale, layout in (
        ((3, 4), 2, np.float32, 1.0, "strided"),
        ((5, 3), 2, np.float64, 1.0, "contiguous"),
        ((2, 3, 4), 1, np.float64, 1e4, "read-only"),
        ((2, 3, 4, 5), 2, np.float32, 1e-3, "strided"),
        ((2, 1, 2, 3, 1), 3, np.float64, 1.0, "contiguous"),
    ):
        size = "×".join(map(str, shape))
        inputs = {"x": normal(rng, *shape, dtype=dtype, scale=scale), "padding": padding}
        yield Case(f"{size}, padding {padding}, {np.dtype(dtype)}", laid_out(inputs, layout))


def _around_last_two(x, before, after, **how):
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(before, after)] * 2, **how)


def _cropped(x, padding):
    rows, columns = (slice(padding, max(n - padding, padding)) for n in x.shape[-2:])
    return x[..., rows, columns].copy()


pad2d = Exercise(
    reference=ref.pad2d,
    level=1,
    points=1,
    minutes=10,
    cases=_pad2d_cases,
    # Nothing is computed here, so the values must be the input's own.
    magnitude=lambda x, padding: np.zeros(1),
    hints=(
        "Make an array of zeros of the final shape, then copy x into its middle.",
        "`*leading, height, width = x.shape` works for an image and for any stack of images.",
        "`out[..., padding : padding + height, padding : padding + width] = x`; give np.zeros the dtype of x.",
    ),
    mistakes=(
        Mistake(
            "every-axis",
            lambda x, padding: np.pad(x, padding),
            "You padded every axis. Only the last two are height and width; channels and images in a batch "
            "get no frame.",
        ),
        Mistake(
            "before-only",
            lambda x, padding: _around_last_two(x, padding, 0),
            "The zeros are at the top and on the left only. A frame goes all the way round.",
        ),
        Mistake(
            "after-only",
            lambda x, padding: _around_last_two(x, 0, padding),
            "The zeros are at the bottom and on the right only. A frame goes all the way round.",
        ),
        Mistake(
            "split-between-sides",
            lambda x, padding: _around_last_two(x, padding // 2, padding - padding // 2),
            "You shared the padding out between the two sides. Each side gets all of it.",
        ),
        Mistake(
            "cropped",
            _cropped,
            "You cut pixels off instead of adding zeros.",
        ),
        Mistake(
            "ignored",
            lambda x, padding: x.copy(),
            "The image comes back as it was: the padding is not used.",
        ),
        Mistake(
            "repeated-edge",
            lambda x, padding: _around_last_two(x, padding, padding, mode="edge"),
            "You repeated the border pixels. The frame is made of zeros here.",
        ),
        Mistake(
            "width-only",
            lambda x, padding: np.pad(x, [(0, 0)] * (x.ndim - 1) + [(padding, padding)]),
            "Only the width is padded; the height needs its frame too.",
        ),
        Mistake(
            "float64",
            lambda x, padding: ref.pad2d(x.astype(np.float64), padding),
            "np.zeros makes float64 unless told otherwise. Give it dtype=x.dtype, so that float32 stays float32.",
        ),
        Mistake(
            "integers",
            lambda x, padding: ref.pad2d(x.astype(np.int64), padding),
            "Your array holds integers, so the fractions are cut off. Give it the dtype of x.",
        ),
    ),
)


# --- correlate2d -----------------------------------------------------------------------------------------------------


def _correlate2d_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(image, kernel, stride, padding, dtype=np.float64, scale=1.0, layout="contiguous") -> Case:
        label = f"image {image[0]}×{image[1]}, kernel {kernel[0]}×{kernel[1]}, stride {stride}, padding {padding}"
        inputs = {
            "image": normal(rng, *image, dtype=dtype, scale=scale),
            "kernel": normal(rng, *kernel, dtype=dtype),
            "stride": stride,
            "padding": padding,
        }
        return Case(label, laid_out(inputs, layout), terms=kernel[0] * kernel[1])

    yield Case(
        "image 3×4, kernel 2×2, stride and padding left out",
        {"image": small_integers(rng, 3, 4, low=0, high=10), "kernel": small_integers(rng, 2, 2, low=-2, high=3)},
        terms=4,
    )
    yield case((3, 5), (1, 1), 2, 0)
    yield case((4, 3), (4, 3), 1, 0, dtype=np.float32)
    yield case((4, 5), (3, 2), 1, 0)
    yield case((4, 5), (3, 3), 1, 1, dtype=np.float32)
    yield case((5, 6), (2, 3), 2, 0)
    yield case((6, 5), (2, 3), 3, 2, layout="strided")
    yield case((8, 7), (3, 4), 2, 1, dtype=np.float32, scale=1e4, layout="read-only")
    yield case((9, 11), (7, 7), 3, 2, scale=1e-3)
    kernel = tuple(int(n) for n in rng.integers(1, 5, 2))
    image = tuple(int(n) for n in rng.integers(5, 10, 2))
    yield case(image, kernel, int(rng.integers(1, 4)), int(rng.integers(0, 3)), layout="strided")


def _partial_windows(image, kernel, stride=1, padding=0):
    """Rounds the output size up; what hangs over the edge counts as nothing."""
    padded = ref.pad2d(image, padding)
    spare = [-(n - k) % stride for n, k in zip(padded.shape, kernel.shape, strict=True)]
    return ref.correlate2d(np.pad(padded, [(0, spare[0]), (0, spare[1])]), kernel, stride)


def _one_side(image, kernel, stride=1, padding=0):
    return ref.correlate2d(np.pad(image, [(padding, 0), (padding, 0)]), kernel, stride)


def _places_unstrided(image, kernel, stride=1, padding=0):
    """The output has the right size, but window (i, j) starts at pixel (i, j)."""
    rows, columns = ref.correlate2d(image, kernel, stride, padding).shape
    return ref.correlate2d(image, kernel, 1, padding)[:rows, :columns].copy()


correlate2d = Exercise(
    reference=ref.correlate2d,
    level=2,
    points=3,
    minutes=20,
    cases=_correlate2d_cases,
    hints=(
        "Two loops over the output, i and j. At each place: cut out the patch, ask the filter, store the answer.",
        "The patch for out[i, j] starts at row i * stride and column j * stride of the padded image.",
        "`padded[top : top + kernel_height, left : left + kernel_width]` is the patch; filter_response does the rest.",
    ),
    mistakes=(
        Mistake(
            "flipped-kernel",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(image, kernel[::-1, ::-1], stride, padding),
            "Your kernel is turned by 180 degrees: that is true convolution. Here the kernel lies on the "
            "patch as it is.",
        ),
        Mistake(
            "stride-ignored",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(image, kernel, 1, padding),
            "The stride is not used: your kernel visits every place.",
        ),
        Mistake(
            "stride-down-only",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(image, kernel, 1, padding)[::stride].copy(),
            "The stride is used going down, but not going across.",
        ),
        Mistake(
            "stride-across-only",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(image, kernel, 1, padding)[:, ::stride].copy(),
            "The stride is used going across, but not going down.",
        ),
        Mistake(
            "places-without-stride",
            _places_unstrided,
            "The output has the right size, but the patch for out[i, j] starts at pixel (i, j). It starts at "
            "(i * stride, j * stride).",
        ),
        Mistake(
            "padding-ignored",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(image, kernel, stride),
            "The padding is not used.",
        ),
        Mistake(
            "padding-one-side",
            _one_side,
            "The zeros are at the top and on the left only. Padding goes all the way round.",
        ),
        Mistake(
            "padding-cropped",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(_cropped(image, padding), kernel, stride),
            "You cut the border off instead of padding it with zeros.",
        ),
        Mistake(
            "kernel-transposed",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(image, kernel.T, stride, padding),
            "Height and width of the kernel are swapped: row u of the kernel belongs on row u of the patch.",
        ),
        Mistake(
            "output-transposed",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(image, kernel, stride, padding).T.copy(),
            "The output is transposed: the first index counts rows, the second columns.",
        ),
        Mistake(
            "ceiling",
            _partial_windows,
            "You rounded the output size up, so the last kernels hang over the edge. Round down.",
        ),
        Mistake(
            "mean",
            lambda image, kernel, stride=1, padding=0: (
                ref.correlate2d(image, kernel, stride, padding) / image.dtype.type(kernel.size)
            ),
            "You averaged the products. A response is their sum.",
        ),
        Mistake(
            "integers",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(image, kernel, stride, padding).astype(np.int64),
            "Your output array holds integers, so each response is cut off. Make it with dtype=image.dtype.",
        ),
        Mistake(
            "float64",
            lambda image, kernel, stride=1, padding=0: ref.correlate2d(image, kernel, stride, padding).astype(
                np.float64
            ),
            "np.zeros makes float64 unless told otherwise. Give it dtype=image.dtype, so that float32 stays float32.",
        ),
    ),
)


# --- convolve2d ------------------------------------------------------------------------------------------------------


def _convolve2d_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        "image 3×4, kernel 2×2",
        {"image": small_integers(rng, 3, 4, low=0, high=10), "kernel": small_integers(rng, 2, 2, low=-2, high=3)},
        terms=4,
    )
    for image, kernel, dtype, scale, layout in (
        ((4, 4), (1, 1), np.float64, 1.0, "contiguous"),
        ((4, 3), (4, 3), np.float64, 1.0, "strided"),
        ((5, 3), (3, 1), np.float64, 1.0, "contiguous"),
        ((4, 5), (2, 3), np.float64, 1.0, "contiguous"),
        ((5, 4), (3, 2), np.float32, 1.0, "strided"),
        ((6, 7), (3, 3), np.float64, 1e-3, "read-only"),
        ((7, 6), (1, 4), np.float32, 1e4, "contiguous"),
    ):
        yield Case(
            f"image {image[0]}×{image[1]}, kernel {kernel[0]}×{kernel[1]}",
            laid_out(
                {"image": normal(rng, *image, dtype=dtype, scale=scale), "kernel": normal(rng, *kernel, dtype=dtype)},
                layout,
            ),
            terms=kernel[0] * kernel[1],
        )


def _flipped_in_place(image, kernel):
    kernel[:] = kernel[::-1, ::-1].copy()
    return ref.correlate2d(image, kernel)


convolve2d = Exercise(
    reference=ref.convolve2d,
    level=2,
    points=2,
    minutes=10,
    cases=_convolve2d_cases,
    hints=(
        "Only one thing differs from correlate2d. Which pixel does the first weight of the kernel meet?",
        "True convolution is correlation with the kernel turned by 180 degrees: upside down and left to right.",
        "`kernel[::-1, ::-1]` is the turned kernel, a view: nothing is copied and nothing changed.",
    ),
    mistakes=(
        Mistake(
            "not-flipped",
            ref.correlate2d,
            "This is correlation: the kernel lies on the patch as it is. Convolution turns it by 180 degrees first.",
        ),
        Mistake(
            "upside-down-only",
            lambda image, kernel: ref.correlate2d(image, kernel[::-1]),
            "The kernel is turned upside down, but not left to right. Turning by 180 degrees does both.",
        ),
        Mistake(
            "left-to-right-only",
            lambda image, kernel: ref.correlate2d(image, kernel[:, ::-1]),
            "The kernel is turned left to right, but not upside down. Turning by 180 degrees does both.",
        ),
        Mistake(
            "transposed",
            lambda image, kernel: ref.correlate2d(image, kernel.T),
            "You transposed the kernel, which swaps rows and columns. Turning by 180 degrees reverses both.",
        ),
        Mistake(
            "quarter-turn",
            lambda image, kernel: ref.correlate2d(image, np.rot90(kernel)),
            "You turned the kernel by 90 degrees. np.rot90(kernel, 2) would turn it by 180.",
        ),
        Mistake(
            "output-flipped",
            lambda image, kernel: ref.correlate2d(image, kernel)[::-1, ::-1].copy(),
            "You turned the output. It is the kernel that is turned, before it slides.",
        ),
        Mistake(
            "image-flipped",
            lambda image, kernel: ref.correlate2d(image[::-1, ::-1], kernel),
            "You turned the image instead of the kernel: the right numbers come out, in reverse order.",
        ),
        Mistake(
            "kernel-changed",
            _flipped_in_place,
            "The numbers are right, but the caller's kernel is turned for good. Work on kernel[::-1, ::-1], "
            "not in place.",
        ),
    ),
)


# --- gradient_magnitude ----------------------------------------------------------------------------------------------


def _gradient_magnitude_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("image 3×4, whole numbers", {"image": small_integers(rng, 3, 4, low=0, high=12)}, terms=12)
    half = np.full((4, 5), float(rng.integers(1, 9)))
    half[:, 4] += 1
    yield Case("image 4×5, all alike but for the last column", {"image": half}, terms=12)
    for shape, dtype, scale, layout in (
        ((4, 5), np.float64, 1.0, "contiguous"),
        ((5, 3), np.float32, 1.0, "strided"),
        ((5, 7), np.float64, 1e4, "read-only"),
        ((7, 5), np.float32, 1e-3, "contiguous"),
    ):
        yield Case(
            f"image {shape[0]}×{shape[1]}, {np.dtype(dtype)}, values around {scale:g}",
            laid_out({"image": normal(rng, *shape, dtype=dtype, scale=scale)}, layout),
            terms=12,
        )


def _sobel(image, kernel=((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))):
    kernel = np.array(kernel, dtype=image.dtype)
    return ref.correlate2d(image, kernel), ref.correlate2d(image, kernel.T)


def _root_of_sum(gx, gy):
    with np.errstate(invalid="ignore"):
        return np.sqrt(gx + gy)


def _gradient_with(combine):
    return lambda image: combine(*_sobel(image)).astype(image.dtype)


gradient_magnitude = Exercise(
    reference=ref.gradient_magnitude,
    level=2,
    points=2,
    minutes=15,
    cases=_gradient_magnitude_cases,
    # The sums of both responses, without the cancellation of the negative weights.
    magnitude=lambda image: sum(
        ref.correlate2d(np.abs(image), np.abs(np.asarray(k, dtype=image.dtype)))
        for k in ([[1, 0, 1], [2, 0, 2], [1, 0, 1]], [[1, 2, 1], [0, 0, 0], [1, 2, 1]])
    ),
    hints=(
        "Two kernels, two responses: gx for change across, gy for change down. The second kernel is the "
        "first, transposed.",
        "Pythagoras: the length of the arrow (gx, gy) is the square root of the sum of the two squares.",
        "Give the kernel the dtype of the image, or float32 images turn into float64.",
    ),
    mistakes=(
        Mistake(
            "root-forgotten",
            _gradient_with(lambda gx, gy: gx**2 + gy**2),
            "This is the square of the magnitude: the square root is missing.",
        ),
        Mistake(
            "squares-forgotten",
            _gradient_with(_root_of_sum),
            "The root is there, but the squares are missing: √(gx² + gy²). A sum of gx and gy can be negative, and the "
            "root of that is NaN.",
        ),
        Mistake(
            "absolute-values",
            _gradient_with(lambda gx, gy: np.abs(gx) + np.abs(gy)),
            "You added the absolute values. That is a quick approximation; the length of (gx, gy) is √(gx² + gy²).",
        ),
        Mistake(
            "across-only",
            _gradient_with(lambda gx, gy: np.abs(gx)),
            "Only gx is in your result: edges that run across the image are lost.",
        ),
        Mistake(
            "down-only",
            _gradient_with(lambda gx, gy: np.abs(gy)),
            "Only gy is in your result: edges that run up and down are lost.",
        ),
        Mistake(
            "added-before-squaring",
            _gradient_with(lambda gx, gy: np.abs(gx + gy)),
            "You added gx and gy before squaring, so that opposite signs cancel. Square each first.",
        ),
        Mistake(
            "prewitt",
            lambda image: np.hypot(*_sobel(image, _PREWITT)),
            "Your kernel has the rows (-1, 0, 1) three times: that is Prewitt's. Sobel's middle row is (-2, 0, 2).",
        ),
        Mistake(
            "normalised",
            _gradient_with(lambda gx, gy: np.hypot(gx, gy) / 8),
            "You divided by 8, the sum of the absolute weights. The exercise asks for the responses as they are.",
        ),
        Mistake(
            "averaged",
            _gradient_with(lambda gx, gy: np.sqrt((gx**2 + gy**2) / 2)),
            "You averaged the two squares. The length of (gx, gy) is the root of their sum.",
        ),
        Mistake(
            "padded",
            lambda image: ref.gradient_magnitude(ref.pad2d(image, 1)),
            'You padded the image. Here only full overlaps count ("valid"), so the output is 2 smaller each way.',
        ),
        Mistake(
            "clipped",
            _gradient_with(lambda gx, gy: np.clip(np.hypot(gx, gy), 0, 1)),
            "Your result is clipped at 1. The magnitude has no upper limit.",
        ),
        Mistake(
            "clipped-to-bytes",
            _gradient_with(lambda gx, gy: np.clip(np.hypot(gx, gy), 0, 255)),
            "Your result is clipped at 255. The magnitude has no upper limit.",
        ),
        Mistake(
            "float64",
            lambda image: ref.gradient_magnitude(image.astype(np.float64)),
            "A kernel made without a dtype turns the result into float64. Give it dtype=image.dtype.",
        ),
    ),
)

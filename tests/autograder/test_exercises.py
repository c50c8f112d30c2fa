"""Every exercise of every chapter: right ways pass, wrong ones do not, and each known mistake is called by its name."""

import inspect

import numpy as np
import pytest

from autograder import course, exercises, grade, stub
from autograder.worker.apply import apply
from autograder.worker.job import Ran

NAMES = list(course.exercise_chapters())
MISTAKES = [(name, m.id) for name in NAMES for m in exercises.find(name).mistakes]
MANY, SOME, FEW = 50, 8, 4  # seeds

# The contract: shared with the chapters and fixed by the curriculum.
CURRICULUM = {
    "filters": [
        "filter_response(patch, kernel)",
        "output_size(size, kernel_size, stride=1, padding=0)",
        "pad2d(x, padding)",
        "correlate2d(image, kernel, stride=1, padding=0)",
        "convolve2d(image, kernel)",
        "gradient_magnitude(image)",
    ],
    "convolution": [
        "conv2d_single(image, weight, bias=0.0)",
        "conv2d(x, weight, bias=None, stride=1, padding=0)",
        "conv2d_parameters(in_channels, out_channels, kernel_size, bias=True)",
        "conv2d_macs(in_channels, out_channels, kernel_size, out_height, out_width)",
        "grouped_conv2d(x, weight, bias=None, stride=1, padding=0, groups=1)",
    ],
}
LEVELS = {
    **dict.fromkeys(["filter_response", "output_size", "pad2d", "conv2d_single"], "warm-up"),
    **dict.fromkeys(["conv2d_parameters", "conv2d_macs"], "warm-up"),
    **dict.fromkeys(["correlate2d", "convolve2d", "gradient_magnitude", "conv2d"], "core"),
    "grouped_conv2d": "challenge",
}


def judge(name, implementation, seed):
    exercise = exercises.find(name)
    return grade.grade(
        exercise, lambda calls: Ran("finished", tuple(apply(implementation, call) for call in calls)), seed
    )


def cases(name, seed=0):
    return grade.cases(exercises.find(name), seed)


def arrays(case):
    return [v for v in case.inputs.values() if isinstance(v, np.ndarray)]


# --- what every entry must have --------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", CURRICULUM)
def test_names_signatures_and_order_are_the_curriculums(topic):
    declared = [name for name, chapter in course.exercise_chapters().items() if chapter.topic == topic]
    assert [exercises.find(name).signature for name in declared] == CURRICULUM[topic]
    assert {name: exercises.find(name).kind for name in declared} == {name: LEVELS[name] for name in declared}


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_complete(name):
    exercise = exercises.find(name)
    assert exercise.name == name and exercise.topic == course.exercise_chapters()[name].topic
    assert exercise.points > 0 and exercise.minutes > 0 and exercise.level in (1, 2, 3)
    assert len(exercise.hints) == 3 and len(set(exercise.hints)) == 3
    assert len(exercise.mistakes) >= 5
    ids = [m.id for m in exercise.mistakes]
    assert len(set(ids)) == len(ids)
    assert all(m.id == m.id.lower() and " " not in m.id for m in exercise.mistakes)
    for sentence in (*exercise.hints, *(m.says for m in exercise.mistakes), inspect.getdoc(exercise.reference)):
        assert sentence[0].isupper() or not sentence[0].isalpha() or sentence.startswith("np.")
        assert "\t" not in sentence and "  " not in sentence.replace("\n    ", "") and sentence.count("`") % 2 == 0
    assert all(m.says.endswith(".") for m in exercise.mistakes)
    assert all(sentence.endswith((".", "?", ")")) for sentence in exercise.hints)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cases_run_from_the_smallest_to_the_largest_and_have_names_of_their_own(name, seed):
    made = cases(name, seed)
    sizes = [sum(a.size for a in arrays(case)) for case in made]
    assert sizes == sorted(sizes) and sizes[0] <= 20
    assert len(made) >= 5
    assert len({case.label for case in made}) >= len(made) - 3  # two random geometries may be the same


@pytest.mark.parametrize("name", NAMES)
def test_cases_come_again_from_their_seed_and_differ_from_seed_to_seed(name):
    def contents(seed):
        return [[np.asarray(v).tobytes() for v in c.inputs.values() if v is not None] for c in cases(name, seed)]

    assert contents(3) == contents(3)
    assert contents(3) != contents(4)


@pytest.mark.parametrize("name", [n for n in NAMES if arrays(cases(n)[-1])])
@pytest.mark.parametrize("seed", [0, 1])
def test_arrays_come_in_all_dtypes_layouts_and_magnitudes(name, seed):
    given = [a for case in cases(name, seed) for a in arrays(case)]
    assert {a.dtype for a in given} == {np.dtype(np.float32), np.dtype(np.float64)}
    assert any(not a.flags.c_contiguous and not a.flags.f_contiguous for a in given if a.size > 1)
    assert any(not a.flags.writeable for a in given)
    sizes = [np.abs(a).max() for a in given]
    assert min(sizes) < 0.01 and max(sizes) > 1e3
    assert any((a < 0).any() for a in given)
    assert all(len({a.dtype for a in arrays(case)}) == 1 for case in cases(name, seed))


@pytest.mark.parametrize("name", NAMES)
def test_the_stub_is_not_started(name):
    namespace = {"np": np}
    for helper in NAMES[: NAMES.index(name)]:
        namespace[helper] = exercises.find(helper).reference
    exec(stub.stub(exercises.find(name).reference), namespace)
    verdict = judge(name, namespace[name], 1)
    assert (verdict.status, verdict.points) == ("not_started", 0)


# --- the reference, and the known mistakes ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_passes_and_leaves_its_inputs_alone(name):
    exercise = exercises.find(name)
    for seed in range(MANY):
        verdict = judge(name, exercise.reference, seed)
        assert verdict.status == "passed", verdict.message
        assert verdict.points == exercise.points and verdict.passed == verdict.total == len(cases(name, seed))


@pytest.mark.parametrize(("name", "mistake"), MISTAKES)
def test_a_known_mistake_is_rejected_and_named(name, mistake):
    wrong = next(m for m in exercises.find(name).mistakes if m.id == mistake)
    for seed in range(SOME):
        verdict = judge(name, wrong.wrong, seed)
        assert verdict.status in ("failed", "error") and verdict.points == 0
        assert verdict.mistake is wrong, f"seed {seed}: taken for {verdict.mistake and verdict.mistake.id}"


# --- right ways, in any style ----------------------------------------------------------------------------------------

windows = np.lib.stride_tricks.sliding_window_view


def _seven_loops(x, weight, bias=None, stride=1, padding=0):
    n_images, channels, height, width = x.shape
    n_filters, _, kernel_height, kernel_width = weight.shape
    padded = np.zeros((n_images, channels, height + 2 * padding, width + 2 * padding))
    padded[:, :, padding : padding + height, padding : padding + width] = x
    rows = (height + 2 * padding - kernel_height) // stride + 1
    columns = (width + 2 * padding - kernel_width) // stride + 1
    out = np.zeros((n_images, n_filters, rows, columns), dtype=x.dtype)
    for n in range(n_images):
        for f in range(n_filters):
            for i in range(rows):
                for j in range(columns):
                    total = 0.0
                    for c in range(channels):
                        for u in range(kernel_height):
                            for v in range(kernel_width):
                                total += padded[n, c, i * stride + u, j * stride + v] * weight[f, c, u, v]
                    out[n, f, i, j] = total + (0 if bias is None else bias[f])
    return out


def _bordered(x, padding):
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)


def _patches(x, weight, stride, padding):
    return windows(_bordered(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]


def _with_bias(out, bias):
    return out if bias is None else out + bias[:, None, None]


def _einsum(x, weight, bias=None, stride=1, padding=0):
    return _with_bias(np.einsum("nchwuv,fcuv->nfhw", _patches(x, weight, stride, padding), weight), bias)


def _einsum_optimised(x, weight, bias=None, stride=1, padding=0):
    out = np.einsum("nchwuv,fcuv->nfhw", _patches(x, weight, stride, padding), weight, optimize=True)
    return _with_bias(out, bias)


def _tensordot(x, weight, bias=None, stride=1, padding=0):
    out = np.tensordot(_patches(x, weight, stride, padding), weight, axes=([1, 4, 5], [1, 2, 3]))
    return _with_bias(out.transpose(0, 3, 1, 2), bias)


def _im2col(x, weight, bias=None, stride=1, padding=0):
    patches = _patches(x, weight, stride, padding)
    n, _, rows, columns = patches.shape[:4]
    matrix = patches.transpose(0, 2, 3, 1, 4, 5).reshape(n * rows * columns, -1)
    out = matrix @ weight.reshape(len(weight), -1).T
    if bias is not None:
        out += bias
    return out.reshape(n, rows, columns, -1).transpose(0, 3, 1, 2)


def _kernel_loops(x, weight, bias=None, stride=1, padding=0):
    padded = _bordered(x, padding)
    kernel_height, kernel_width = weight.shape[2:]
    rows, columns = ((n - k) // stride + 1 for n, k in zip(padded.shape[2:], weight.shape[2:], strict=True))
    out = np.zeros((len(x), len(weight), rows, columns), x.dtype)
    for u in range(kernel_height):
        for v in range(kernel_width):
            shifted = padded[:, :, u : u + rows * stride : stride, v : v + columns * stride : stride]
            out += np.einsum("nchw,fc->nfhw", shifted[:, :, :rows, :columns], weight[:, :, u, v])
    return _with_bias(out, bias)


def _double_inside(x, weight, bias=None, stride=1, padding=0):
    bias = None if bias is None else bias.astype(np.float64)
    return _einsum(x.astype(np.float64), weight.astype(np.float64), bias, stride, padding).astype(x.dtype)


def _scipy(x, weight, bias=None, stride=1, padding=0):
    from scipy import signal

    padded = _bordered(x, padding)
    maps = [
        [sum(signal.correlate2d(image, plane, mode="valid") for image, plane in zip(images, kernel, strict=True))]
        for images in padded
        for kernel in weight
    ]
    out = np.array(maps).reshape(len(x), len(weight), *maps[0][0].shape)
    return _with_bias(out[:, :, ::stride, ::stride], bias).astype(x.dtype)


def _fft(x, weight, bias=None, stride=1, padding=0):
    padded = _bordered(x, padding)
    size = padded.shape[2:]
    product = np.einsum("nchw,fchw->nfhw", np.fft.rfft2(padded), np.conj(np.fft.rfft2(weight, size)))
    rows, columns = (n - k + 1 for n, k in zip(size, weight.shape[2:], strict=True))
    out = np.fft.irfft2(product, size)[:, :, :rows:stride, :columns:stride]
    return _with_bias(out, bias).astype(x.dtype)


def _torch(x, weight, bias=None, stride=1, padding=0, groups=1):
    import torch

    x, weight, bias = (None if a is None else torch.from_numpy(np.array(a)) for a in (x, weight, bias))
    return torch.nn.functional.conv2d(x, weight, bias, stride, padding, groups=groups).numpy()


def _fortran_order(x, weight, bias=None, stride=1, padding=0):
    return np.asfortranarray(_einsum(x, weight, bias, stride, padding))


def _big_endian(x, weight, bias=None, stride=1, padding=0):
    # The order of bytes in memory is not part of a result.
    return _einsum(x, weight, bias, stride, padding).astype(x.dtype.newbyteorder(">"))


_buffer = np.zeros(10_000)


def _one_buffer_for_all_calls(x, weight, bias=None, stride=1, padding=0):
    out = _einsum(x, weight, bias, stride, padding)
    view = _buffer.view(x.dtype)[: out.size].reshape(out.shape)
    view[...] = out
    return view


def _grouped_loops(x, weight, bias=None, stride=1, padding=0, groups=1):
    each = len(weight) // groups
    seen = x.shape[1] // groups
    maps = []
    for f in range(len(weight)):
        g = f // each
        part = None if bias is None else bias[f : f + 1]
        maps.append(_einsum(x[:, g * seen : (g + 1) * seen], weight[f : f + 1], part, stride, padding))
    return np.concatenate(maps, axis=1)


def _grouped_block_weight(x, weight, bias=None, stride=1, padding=0, groups=1):
    each, seen = len(weight) // groups, weight.shape[1]
    full = np.zeros((len(weight), x.shape[1], *weight.shape[2:]), weight.dtype)
    for f in range(len(weight)):
        full[f, f // each * seen : (f // each + 1) * seen] = weight[f]
    return _einsum(x, full, bias, stride, padding)


def _grouped_einsum(x, weight, bias=None, stride=1, padding=0, groups=1):
    n, c, *_ = x.shape
    patches = _patches(x, weight, stride, padding)
    patches = patches.reshape(n, groups, c // groups, *patches.shape[2:])
    kernels = weight.reshape(groups, -1, *weight.shape[1:])
    out = np.einsum("ngchwuv,gfcuv->ngfhw", patches, kernels)
    return _with_bias(out.reshape(n, len(weight), *out.shape[3:]), bias)


def _single(layer):
    def conv2d_single(image, weight, bias=0.0):
        return layer(image[None], weight[None], np.array([bias], image.dtype))[0, 0]

    return conv2d_single


def _correlated(layer):
    def correlate2d(image, kernel, stride=1, padding=0):
        return layer(image[None, None], kernel[None, None], None, stride, padding)[0, 0]

    return correlate2d


def _sobel_by_slicing(image):
    a = image
    gx = a[:-2, 2:] + 2 * a[1:-1, 2:] + a[2:, 2:] - a[:-2, :-2] - 2 * a[1:-1, :-2] - a[2:, :-2]
    gy = a[2:, :-2] + 2 * a[2:, 1:-1] + a[2:, 2:] - a[:-2, :-2] - 2 * a[:-2, 1:-1] - a[:-2, 2:]
    return np.hypot(gx, gy)


def _sobel_separable(image):
    def smooth(a, axis):
        a = np.moveaxis(a, axis, 0)
        return np.moveaxis(a[:-2] + 2 * a[1:-1] + a[2:], 0, axis)

    def slope(a, axis):
        a = np.moveaxis(a, axis, 0)
        return np.moveaxis(a[2:] - a[:-2], 0, axis)

    return np.linalg.norm([smooth(slope(image, 1), 0), smooth(slope(image, 0), 1)], axis=0).astype(image.dtype)


def _sobel_ndimage(image):
    from scipy import ndimage

    gx, gy = (ndimage.sobel(image, axis, mode="constant")[1:-1, 1:-1] for axis in (1, 0))
    return np.abs(gx + 1j * gy).astype(image.dtype)


def _pad_by_strips(x, padding):
    tall = np.zeros((*x.shape[:-1], padding), x.dtype)
    x = np.concatenate([tall, x, tall], axis=-1)
    wide = np.zeros((*x.shape[:-2], padding, x.shape[-1]), x.dtype)
    return np.concatenate([wide, x, wide], axis=-2)


def _pad_by_pixels(x, padding):
    out = np.zeros(x.shape[:-2] + tuple(n + 2 * padding for n in x.shape[-2:]), x.dtype)
    for at in np.ndindex(*x.shape):
        out[(*at[:-2], at[-2] + padding, at[-1] + padding)] = x[at]
    return out


def _size_by_counting(size, kernel_size, stride=1, padding=0):
    if min(size, kernel_size, stride) < 1 or padding < 0 or size + 2 * padding < kernel_size:
        raise ValueError("impossible")
    return len(range(0, size + 2 * padding - kernel_size + 1, stride))


def _size_as_a_numpy_scalar(size, kernel_size, stride=1, padding=0):
    return np.int64(_size_by_counting(size, kernel_size, stride, padding))


def _size_by_floor(size, kernel_size, stride=1, padding=0):
    class Impossible(ValueError):
        pass

    if min(size, kernel_size, stride) < 1 or padding < 0 or size + 2 * padding < kernel_size:
        raise Impossible
    return int(np.floor((size + 2 * padding - kernel_size) / stride + 1))


LAYERS = {
    "seven loops": _seven_loops,
    "einsum": _einsum,
    "einsum, optimised": _einsum_optimised,
    "tensordot": _tensordot,
    "im2col": _im2col,
    "loops over the kernel": _kernel_loops,
    "double precision inside": _double_inside,
    "scipy": _scipy,
    "fft": _fft,
    "torch": _torch,
    "Fortran order": _fortran_order,
    "big-endian": _big_endian,
    "one buffer for all calls": _one_buffer_for_all_calls,
}
RIGHT = {
    "filter_response": {
        "tensordot, an array without axes": lambda p, k: np.tensordot(p, k, 2),
        "vdot": lambda p, k: np.vdot(p, k),
        "einsum": lambda p, k: np.einsum("ij,ij->", p, k),
        "np.float32 for float32": lambda p, k: p.dtype.type((p * k).sum()),
        "Python's sum": lambda p, k: sum(a * b for a, b in zip(p.flat, k.flat, strict=True)),
        "a Python float": lambda p, k: float((p.astype(float) * k).sum()),
        "trace of a matrix product": lambda p, k: np.trace(p @ k.T),
        "loops": lambda p, k: sum(float(p[i, j]) * float(k[i, j]) for i, j in np.ndindex(*p.shape)),
    },
    "output_size": {"count": _size_by_counting, "np.int64": _size_as_a_numpy_scalar, "np.floor": _size_by_floor},
    "pad2d": {"np.pad": _bordered, "strips": _pad_by_strips, "pixels": _pad_by_pixels},
    "correlate2d": {
        **{way: _correlated(layer) for way, layer in LAYERS.items()},
        "sliding_window_view": lambda image, kernel, stride=1, padding=0: (
            windows(np.pad(image, padding), kernel.shape)[::stride, ::stride] * kernel
        ).sum((2, 3)),
        "list of rows": lambda image, kernel, stride=1, padding=0: np.array(
            [
                [(patch * kernel).sum() for patch in row]
                for row in windows(np.pad(image, padding), kernel.shape)[::stride, ::stride]
            ]
        ),
    },
    "convolve2d": {
        **{way: (lambda f: lambda i, k: f(i, k[::-1, ::-1]))(_correlated(layer)) for way, layer in LAYERS.items()},
        "rot90": lambda i, k: _correlated(_einsum)(i, np.rot90(k, 2)),
        "image and output turned": lambda i, k: _correlated(_einsum)(i[::-1, ::-1], k)[::-1, ::-1],
        "scipy.signal.convolve2d": lambda i, k: _scipy_convolve2d(i, k),
        "scipy.signal.fftconvolve": lambda i, k: _scipy_fftconvolve(i, k),
    },
    "gradient_magnitude": {
        "slicing and hypot": _sobel_by_slicing,
        "separable, linalg.norm": _sobel_separable,
        "ndimage, complex numbers": _sobel_ndimage,
        "double precision inside": lambda image: _sobel_by_slicing(image.astype(np.float64)).astype(image.dtype),
        "other signs": lambda image: _sobel_by_slicing(-image[::-1])[::-1],
    },
    "conv2d_single": {
        **{way: _single(layer) for way, layer in LAYERS.items()},
        "sliding_window_view": lambda image, weight, bias=0.0: (
            (windows(image, weight.shape)[0] * weight).sum((2, 3, 4)) + image.dtype.type(bias)
        ),
    },
    "conv2d": LAYERS,
    "conv2d_parameters": {
        "a shape's product": lambda c, f, k, bias=True: int(np.prod((f, c, k, k))) + f * bias,
        "np.int64": lambda c, f, k, bias=True: np.int64(f) * (c * k**2 + int(bias)),
        "size of an array": lambda c, f, k, bias=True: np.broadcast_to(0, (f, c, k, k)).size + (f if bias else 0),
    },
    "conv2d_macs": {
        "math.prod": lambda c, f, k, h, w: __import__("math").prod((c, f, k, k, h, w)),
        "np.int64": lambda c, f, k, h, w: np.int64(c) * f * k**2 * h * w,
        "places times weights": lambda c, f, k, h, w: (h * w) * (f * c * k * k),
    },
    "grouped_conv2d": {
        "filter by filter": _grouped_loops,
        "one weight with zeros": _grouped_block_weight,
        "einsum": _grouped_einsum,
        "torch": _torch,
    },
}


def _scipy_convolve2d(image, kernel):
    from scipy import signal

    return signal.convolve2d(image, kernel, mode="valid")


def _scipy_fftconvolve(image, kernel):
    from scipy import signal

    return signal.fftconvolve(image, kernel, mode="valid")


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, ways in RIGHT.items() for way in ways])
def test_a_right_way_passes(name, way):
    for seed in range(MANY):
        verdict = judge(name, RIGHT[name][way], seed)
        assert verdict.status == "passed", f"seed {seed}: {verdict.failure.case.label}: {verdict.message}"


# --- wrong in whatever way ------------------------------------------------------------------------------------------


class _Liar:
    """Equal to everything, an array to whoever asks, with the right shape and dtype."""

    def __init__(self, array):
        self._array, self.shape, self.dtype, self.ndim, self.size = array, array.shape, array.dtype, 2, array.size

    def __eq__(self, other):
        return True

    def __array__(self, dtype=None, copy=None):
        return self._array

    def __sub__(self, other):
        return self._array * 0


class _Subclass(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)


def _touched(change):
    """The right result, changed in place."""

    def spoil(out, inputs):
        out = np.array(out)
        change(out)
        return out if out.ndim else out[()]

    return spoil


def _last_off_by_a_thousandth(out):
    out[(-1,) * out.ndim] += out.dtype.type(1e-3) * np.abs(out).max()


def _set(value):
    def change(out):
        out[(-1,) * out.ndim] = value

    return change


def _input_changed(out, inputs):
    for value in inputs:
        if isinstance(value, np.ndarray) and value.flags.writeable:
            value[(-1,) * value.ndim] += 1
            return out
    return out


WRONG_ARRAYS = {
    "one axis more in front": lambda out, _: out[None],
    "one axis more behind": lambda out, _: out[..., None],
    "flat": lambda out, _: out.ravel(),
    "a list": lambda out, _: out.tolist(),
    "a tuple": lambda out, _: (out,),
    "a number": lambda out, _: out.flat[0],
    "nothing": lambda out, _: None,
    "True": lambda out, _: True,
    "a string": lambda out, _: str(out),
    "a masked array": lambda out, _: np.ma.array(out),
    "a matrix": lambda out, _: np.asmatrix(out.reshape(-1, out.shape[-1])),
    "a subclass that is equal to all": lambda out, _: out.view(_Subclass),
    "an object that is equal to all": lambda out, _: _Liar(out),
    "an array of objects": lambda out, _: out.astype(object),
    "a record array": lambda out, _: out.view(np.dtype([("value", out.dtype)])),
    "double precision": lambda out, _: out.astype(np.float64),
    "single precision": lambda out, _: out.astype(np.float32),
    "half precision, then back": lambda out, _: out.astype(np.float16).astype(out.dtype),
    "extended precision": lambda out, _: out.astype(np.longdouble),
    "complex": lambda out, _: out.astype(complex),
    "whole numbers": lambda out, _: out.astype(np.int64),
    "truth values": lambda out, _: out.astype(bool),
    "zeros": lambda out, _: np.zeros_like(out),
    "never written": lambda out, _: np.full_like(out, 7),
    "transposed": lambda out, _: out.swapaxes(-1, -2),
    "flipped": lambda out, _: out[..., ::-1],
    "sign": lambda out, _: -out,
    "last element off by a thousandth": _touched(_last_off_by_a_thousandth),
    "a thousandth too large": lambda out, _: out * out.dtype.type(1.001),
    "rounded to three places": lambda out, _: out.round(3),
    "NaN in one place": _touched(_set(np.nan)),
    "infinity in one place": _touched(_set(np.inf)),
    "an input changed": _input_changed,
    "never negative": lambda out, _: np.maximum(out, 0),
    "cut to the range of a byte": lambda out, _: np.clip(out, -255, 255),
    "0 to 255": lambda out, _: np.clip(out, 0, 255),
}
NOT_WRONG = {("gradient_magnitude", "never negative")}


def _spoiled(name, spoil):
    reference = exercises.find(name).reference

    def implementation(*inputs):
        return spoil(reference(*inputs), inputs)

    return implementation


def _of_result(result):
    return [name for name in NAMES if exercises.find(name).result == result]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WRONG_ARRAYS)
@pytest.mark.parametrize("name", _of_result("array"))
def test_a_wrong_array_never_passes(name, way):
    if (name, way) in NOT_WRONG:
        pytest.skip("right, as it happens")
    for seed in range(FEW):
        verdict = judge(name, _spoiled(name, WRONG_ARRAYS[way]), seed)
        assert verdict.status in ("failed", "error") and verdict.message


WRONG_NUMBERS = {
    "an array of one": lambda out, _: np.array([out]),
    "a list": lambda out, _: [out],
    "nothing": lambda out, _: None,
    "True": lambda out, _: True,
    "a string": lambda out, _: str(out),
    "complex": lambda out, _: complex(out),
    "an object that is equal to all": lambda out, _: _Liar(np.asarray(out)),
    "one more": lambda out, _: out + 1,
    "zero": lambda out, _: out * 0,
    "NaN": lambda out, _: float("nan"),
    "a thousandth too large": lambda out, _: out * 1.001,
    "sign": lambda out, _: -out,
}


@pytest.mark.parametrize("way", WRONG_NUMBERS)
@pytest.mark.parametrize("name", [*_of_result("float"), *_of_result("int")])
def test_a_wrong_number_never_passes(name, way):
    for seed in range(SOME):
        verdict = judge(name, _spoiled(name, WRONG_NUMBERS[way]), seed)
        assert verdict.status in ("failed", "error") and verdict.message


def _only_when(condition):
    """Zeros where a condition on the arguments holds: code that was never tried there."""

    def wrap(reference, *inputs):
        bound = inspect.signature(reference).bind(*inputs)
        bound.apply_defaults()
        out = reference(*inputs)
        return out * out.dtype.type(0) if condition(**bound.arguments) else out

    return wrap


def _remainder(axis, x, weight, stride, padding):
    return (x.shape[axis] + 2 * padding - weight.shape[axis]) % stride


BLIND = {
    "conv2d": {
        "batches": lambda x, **_: len(x) > 1,
        "channels": lambda x, **_: x.shape[1] > 1,
        "filters": lambda weight, **_: len(weight) > 1,
        "as many channels as filters": lambda x, weight, **_: x.shape[1] == len(weight) > 1,
        "more channels than filters": lambda x, weight, **_: x.shape[1] > len(weight),
        "fewer channels than filters": lambda x, weight, **_: x.shape[1] < len(weight),
        "more images than filters": lambda x, weight, **_: len(x) > len(weight),
        "tall images": lambda x, **_: x.shape[2] > x.shape[3],
        "wide images": lambda x, **_: x.shape[2] < x.shape[3],
        "tall kernels": lambda weight, **_: weight.shape[2] > weight.shape[3],
        "wide kernels": lambda weight, **_: weight.shape[2] < weight.shape[3],
        "kernels of one pixel": lambda weight, **_: weight.shape[2:] == (1, 1),
        "kernels of the size of the image": lambda x, weight, **_: x.shape[2:] == weight.shape[2:],
        "kernels larger than the image": lambda x, weight, **_: weight.shape[3] > x.shape[3],
        "even kernels and padding": lambda weight, padding, **_: padding and weight.shape[2] % 2 == 0,
        "odd kernels and padding": lambda weight, padding, **_: padding and weight.shape[2] % 2,
        "stride": lambda stride, **_: stride > 1,
        "stride above 2": lambda stride, **_: stride > 2,
        "stride beyond the kernel": lambda weight, stride, **_: stride > max(weight.shape[2:]),
        "stride without padding": lambda stride, padding, **_: stride > 1 and not padding,
        "padding without stride": lambda stride, padding, **_: stride == 1 and padding,
        "padding above 1": lambda padding, **_: padding > 1,
        "a remainder down": lambda x, weight, stride, padding, **_: _remainder(2, x, weight, stride, padding),
        "a remainder across": lambda x, weight, stride, padding, **_: _remainder(3, x, weight, stride, padding),
        "no bias and stride": lambda bias, stride, **_: bias is None and stride > 1,
        "no bias and padding": lambda bias, padding, **_: bias is None and padding,
        "no bias and batches": lambda x, bias, **_: bias is None and len(x) > 1,
        "bias and stride": lambda bias, stride, **_: bias is not None and stride > 1,
        "bias and padding": lambda bias, padding, **_: bias is not None and padding,
        "negative inputs": lambda x, **_: (x < 0).any(),
        "arrays that are not contiguous": lambda x, **_: not x.flags.c_contiguous,
    },
    "grouped_conv2d": {
        "one group": lambda groups, **_: groups == 1,
        "more than two groups": lambda groups, **_: groups > 2,
        "depthwise": lambda x, groups, **_: groups == x.shape[1] > 2,
        "groups of several channels": lambda weight, groups, **_: groups > 1 and weight.shape[1] > 1,
        "groups of several filters": lambda weight, groups, **_: groups > 1 and len(weight) > groups,
        "fewer filters than channels": lambda x, weight, groups, **_: groups > 1 and len(weight) < x.shape[1],
        "as many filters as channels": lambda x, weight, groups, **_: 1 < groups < x.shape[1] == len(weight),
        "more than two images": lambda x, **_: len(x) > 2,
        "no bias and batches": lambda x, bias, **_: bias is None and len(x) > 1,
        "stride": lambda stride, **_: stride > 1,
        "padding above 1": lambda padding, **_: padding > 1,
    },
    "correlate2d": {
        "kernels of one pixel": lambda kernel, **_: kernel.shape == (1, 1),
        "kernels of the size of the image": lambda image, kernel, **_: image.shape == kernel.shape,
        "tall kernels": lambda kernel, **_: kernel.shape[0] > kernel.shape[1],
        "wide kernels": lambda kernel, **_: kernel.shape[0] < kernel.shape[1],
        "even kernels and padding": lambda kernel, padding, **_: padding and kernel.shape[0] % 2 == 0,
        "stride above 2": lambda stride, **_: stride > 2,
        "padding above 1": lambda padding, **_: padding > 1,
        "a remainder down": lambda image, kernel, stride, padding: (len(image) + 2 * padding - len(kernel)) % stride,
    },
    "convolve2d": {
        "kernels of one pixel": lambda kernel, **_: kernel.shape == (1, 1),
        "kernels of one row": lambda kernel, **_: kernel.shape[0] == 1,
        "kernels of one column": lambda kernel, **_: kernel.shape[1] == 1 < kernel.shape[0],
        "kernels of the size of the image": lambda image, kernel, **_: image.shape == kernel.shape,
    },
    "conv2d_single": {
        "one channel": lambda weight, **_: len(weight) == 1,
        "more than three channels": lambda weight, **_: len(weight) > 3,
        "square images": lambda image, **_: image.shape[1] == image.shape[2],
        "a negative bias": lambda bias, **_: bias < 0,
        "channels without bias": lambda weight, bias, **_: not bias and len(weight) > 1,
    },
    "pad2d": {
        "stacks": lambda x, **_: x.ndim == 3,
        "batches": lambda x, **_: x.ndim == 4,
        "five axes": lambda x, **_: x.ndim == 5,
        "padding above 2": lambda padding, **_: padding > 2,
        "padding 1": lambda padding, **_: padding == 1,
    },
    "gradient_magnitude": {
        "tall images": lambda image: image.shape[0] > image.shape[1],
        "wide images": lambda image: image.shape[0] < image.shape[1],
        "three columns": lambda image: image.shape[1] == 3,
    },
    "filter_response": {
        "tall patches": lambda patch, **_: patch.shape[0] > patch.shape[1],
        "one row": lambda patch, **_: len(patch) == 1,
        "four rows": lambda patch, **_: len(patch) == 4,
    },
}


@pytest.mark.parametrize(("name", "spot"), [(name, spot) for name, spots in BLIND.items() for spot in spots])
def test_code_that_is_wrong_only_there_never_passes(name, spot):
    reference, wrap = exercises.find(name).reference, _only_when(BLIND[name][spot])
    for seed in range(FEW):
        assert judge(name, lambda *inputs: wrap(reference, *inputs), seed).status == "failed"


@pytest.mark.parametrize("name", ["conv2d_parameters", "conv2d_macs"])
def test_a_count_in_single_precision_never_passes(name):
    reference = exercises.find(name).reference
    for seed in range(FEW):
        assert judge(name, lambda *inputs: int(np.float32(reference(*inputs))), seed).status == "failed"


def _size_with(refuses, formula=lambda n, k, s, p: (n + 2 * p - k) // s + 1):
    def output_size(size, kernel_size, stride=1, padding=0):
        if refuses(size, kernel_size, stride, padding):
            raise ValueError
        return formula(size, kernel_size, stride, padding)

    return output_size


def _impossible(n, k, s, p):
    return n < 1 or k < 1 or s < 1 or p < 0 or k > n + 2 * p


@pytest.mark.parametrize(
    "implementation",
    {
        "size unchecked": _size_with(lambda n, k, s, p: k < 1 or s < 1 or p < 0 or k > n + 2 * p),
        "kernel unchecked": _size_with(lambda n, k, s, p: n < 1 or s < 1 or p < 0 or k > n + 2 * p),
        "stride unchecked": _size_with(lambda n, k, s, p: n < 1 or k < 1 or p < 0 or k > n + 2 * p),
        "padding unchecked": _size_with(lambda n, k, s, p: n < 1 or k < 1 or s < 1 or k > n + 2 * p),
        "fit unchecked": _size_with(lambda n, k, s, p: n < 1 or k < 1 or s < 1 or p < 0),
        "only a size of 0": _size_with(lambda n, k, s, p: n == 0 or k < 1 or s < 1 or p < 0 or k > n + 2 * p),
        "only a kernel of 0": _size_with(lambda n, k, s, p: n < 1 or k == 0 or s < 1 or p < 0 or k > n + 2 * p),
        "only a stride of 0": _size_with(lambda n, k, s, p: n < 1 or k < 1 or s == 0 or p < 0 or k > n + 2 * p),
        "only a padding of -1": _size_with(lambda n, k, s, p: n < 1 or k < 1 or s < 1 or p == -1 or k > n + 2 * p),
        "kernel against the bare size": _size_with(lambda n, k, s, p: _impossible(n, k, s, p) or k > n),
        "kernel against half the padding": _size_with(lambda n, k, s, p: _impossible(n, k, s, p) or k > n + p),
        "an exact fit refused": _size_with(lambda n, k, s, p: _impossible(n, k, s, p) or k == n + 2 * p),
        "a size of 1 refused": _size_with(lambda n, k, s, p: _impossible(n, k, s, p) or n == 1),
        "a padding beyond the size refused": _size_with(lambda n, k, s, p: _impossible(n, k, s, p) or p > n),
        "only a truncated result below 1": _size_with(
            lambda n, k, s, p: n < 1 or k < 1 or s < 1 or p < 0 or int((n + 2 * p - k) / s) + 1 < 1
        ),
        "a remainder refused": _size_with(lambda n, k, s, p: _impossible(n, k, s, p) or (n + 2 * p - k) % s),
        "a padding as wide as the kernel refused": _size_with(lambda n, k, s, p: _impossible(n, k, s, p) or p >= k),
        "a stride beyond the kernel refused": _size_with(lambda n, k, s, p: _impossible(n, k, s, p) or s > k),
        "only a result below 1": _size_with(lambda n, k, s, p: s < 1 or p < 0 or (n + 2 * p - k) // s + 1 < 1),
        "padding divided by itself": _size_with(_impossible, lambda n, k, s, p: (n - k) // s + 1 + 2 * p // s),
        "rounded": _size_with(_impossible, lambda n, k, s, p: round((n + 2 * p - k) / s) + 1),
        "a float": _size_with(_impossible, lambda n, k, s, p: float((n + 2 * p - k) // s + 1)),
        "arguments swapped": lambda n, k, p=0, s=1: exercises.find("output_size").reference(n, k, s, p),
        "no defaults": lambda n, k, s, p: exercises.find("output_size").reference(n, k, s, p),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_wrong_output_size_never_passes(implementation):
    for seed in range(SOME):
        verdict = judge("output_size", implementation[1], seed)
        assert verdict.status in ("failed", "error") and verdict.failure


def test_a_small_number_under_the_root_shows_on_a_flat_image():
    def with_epsilon(image):
        gx2_and_gy2 = exercises.find("gradient_magnitude").reference(image) ** 2
        return np.sqrt(gx2_and_gy2 + image.dtype.type(1e-12))

    assert all(judge("gradient_magnitude", with_epsilon, seed).status == "failed" for seed in range(SOME))


def test_an_unknown_mistake_is_not_given_a_name():
    def odd(x, weight, bias=None, stride=1, padding=0):
        return exercises.find("conv2d").reference(x, weight, bias, stride, padding) + np.float32(0.25)

    for seed in range(SOME):
        verdict = judge("conv2d", odd, seed)
        assert verdict.status == "failed" and verdict.mistake is None


def test_a_mistake_made_only_sometimes_is_not_given_its_name():
    flipped = next(m.wrong for m in exercises.find("correlate2d").mistakes if m.id == "flipped-kernel")

    def sometimes(image, kernel, stride=1, padding=0):
        return (flipped if stride == 1 else exercises.find("correlate2d").reference)(image, kernel, stride, padding)

    verdict = judge("correlate2d", sometimes, 5)
    assert verdict.status == "failed" and verdict.mistake is None


@pytest.mark.parametrize("name", ["output_siz", "conv", "", "filters", "Conv2d"])
def test_an_unknown_name_is_refused_with_the_nearest(name):
    with pytest.raises(exercises.UnknownExercise, match="did you mean|see: autograder list"):
        exercises.find(name)


def test_the_nearest_name_is_offered():
    with pytest.raises(exercises.UnknownExercise, match="no exercise is called 'conv2'; did you mean 'conv2d'"):
        exercises.find("conv2")

"""Two outcomes are equal when they should be, and every sentence about a difference is true."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.compare import compare, compare_values, same, tolerance
from autograder.worker.apply import apply
from autograder.worker.job import Call, Outcome, Raised

many = settings(max_examples=200, deadline=None, database=None)
numeric = st.one_of(
    hnp.integer_dtypes(endianness="="),
    hnp.unsigned_integer_dtypes(endianness="="),
    hnp.floating_dtypes(endianness="="),
    hnp.complex_number_dtypes(endianness="="),
    hnp.boolean_dtypes(),
)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
anything = numeric.flatmap(lambda dtype: hnp.arrays(dtype, shapes))
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def outcome(value, modified=()):
    """What applying a function that returns `value` gives."""
    got = apply(lambda: value, Call("call", {}))
    return Outcome(got.arrays, got.kinds, tuple(modified), got.raised, 0.0)


def raised(error, trace=()):
    bases = tuple(c.__name__ for c in type(error).__mro__)
    return Outcome({}, {}, (), Raised(bases[0], bases, str(error), trace), 0.0)


def text_of(expected, got, atol=1e-9):
    difference = compare_values(np.asarray(expected), np.asarray(got), atol)
    return difference and difference.text


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


# --- equality and tolerance ------------------------------------------------------------------------------------------


@many
@given(anything, st.sampled_from([0.0, 1e-6]), st.sampled_from(["array", "float", "int"]))
def test_an_array_equals_its_copy(array, atol, result):
    assume(result == "array" or not array.ndim and array.dtype.kind in ("iu" if result == "int" else "iuf"))
    assert compare(outcome(array), outcome(array.copy()), atol, result) is None
    assert same(outcome(array), outcome(array.copy()), atol)


@settings(max_examples=500, deadline=None, database=None)
@given(anything, anything, st.sampled_from([0.0, 1e-6, 1e300]), st.sampled_from(["array", "float", "int"]))
def test_no_pair_of_arrays_warns_or_raises(expected, got, atol, result):
    assume(result == "array" or not expected.ndim)  # such is the contract of an exercise
    difference = compare(outcome(expected), outcome(got), atol, result)
    same(outcome(expected), outcome(got), atol)
    if difference is None and result == "array":
        assert expected.shape == got.shape and expected.dtype == got.dtype
    if difference is not None:
        assert difference.text.endswith((".", ")")) and "\n" not in difference.text


@settings(max_examples=500, deadline=None, database=None)
@given(
    numeric.flatmap(lambda d: shapes.flatmap(lambda s: st.tuples(*[hnp.arrays(d, s)] * 2))), st.sampled_from([0, 1e-6])
)
def test_no_pair_of_one_shape_and_dtype_warns_or_raises(pair, atol):
    difference = compare_values(*pair, atol)
    exact = np.array_equal(*pair, equal_nan=True)
    assert (difference is None) == exact or atol
    assert difference is None or difference.text.endswith(".")


@many
@given(seeds, st.integers(1, 400), st.sampled_from([np.float32, np.float64]), st.sampled_from([1e-3, 1.0, 1e4]))
def test_sums_in_any_order_pass_and_ten_times_the_tolerance_fails(seed, terms, dtype, scale):
    rng = np.random.default_rng(seed)
    a, b = (scale * rng.standard_normal(terms)).astype(dtype), rng.standard_normal(terms).astype(dtype)
    products = a * b
    expected = np.array([products.sum()] * 3)
    atol = tolerance(expected, {"a": a, "b": b}, terms, float(np.abs(products).sum()))
    running = dtype(0)
    for product in products[::-1]:  # one after the other: the least exact order
        running += product
    exact = np.dot(a.astype(np.float64), b.astype(np.float64)).astype(dtype)
    shuffled = rng.permutation(products).sum()
    for got in (running, exact, shuffled, a @ b):
        assert compare_values(expected, np.full(3, got, dtype), atol) is None
    assert atol < 1e-3 * np.abs(products).sum()
    assert compare_values(expected, (expected + 10 * atol).astype(dtype), atol) is not None


def test_the_tolerance_follows_the_least_exact_input_and_is_nothing_for_whole_numbers():
    single, double = np.ones(2, np.float32), np.ones(2)
    assert tolerance(double, {"a": single, "n": 3}, 4, 1.0) == tolerance(single, {"a": single}, 4, 1.0)
    assert tolerance(double, {"a": double}, 4, 1.0) < 1e-13
    assert tolerance(np.array(5), {"n": 3}, 1, 1.0) == 0


def test_whole_numbers_that_a_float_cannot_tell_apart_differ():
    assert text_of(2**53 + 1, 2**53, 0.0) == "It gave 9007199254740992; 9007199254740993 is right."
    assert compare_values(np.array(2**64 - 1, np.uint64), np.array(-1), 0.0) is not None


def test_negative_zero_is_zero():
    assert text_of([0.0, 1.0], [-0.0, 1.0], 0.0) is None


def test_nothing_is_equal_by_broadcasting():
    expected = outcome(np.ones((2, 3)))
    for shape in ((1, 2, 3), (1, 3), (2, 1), (3,), (), (1,), (6,), (3, 2), (2, 3, 1)):
        assert compare(expected, outcome(np.ones(shape)), 1.0).kind in ("shape", "type")


# --- type, dtype, raised, modified -----------------------------------------------------------------------------------


class Liar:
    __array_priority__ = 1e9

    def __eq__(self, other):
        return True

    def __array__(self, dtype=None, copy=None):
        return np.ones(3)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "It returned None; it must return a NumPy array. Is there a return at the end?"),
        ([1.0, 1.0, 1.0], "It returned a list; it must return a NumPy array: np.array(...) makes one."),
        ((1.0, 1.0, 1.0), "It returned a tuple; it must return a NumPy array: np.array(...) makes one."),
        (1.0, "It returned a single number; it must return a NumPy array."),
        (np.float64(1), "It returned a single number; it must return a NumPy array."),
        (np.ma.ones(3), "It returned an object of type MaskedArray; "),
        (np.asmatrix(np.ones(3)), "It returned an object of type matrix; "),
        (Liar(), "It returned an object of type Liar; "),
        (np.array([1.0, 1.0, 1.0], dtype=object), "It returned an object of type array of object; "),
        ("1 1 1", "It returned an object of type str; "),
        (np.ones(3, np.float32), "The dtype is float32, but must be float64, the dtype of the input."),
        (np.ones(3, int), "The dtype is int64, but must be float64, the dtype of the input."),
        (np.ones(3, bool), "The dtype is bool, but must be float64, the dtype of the input."),
        (np.ones(3, complex), "The dtype is complex128, but must be float64, the dtype of the input."),
        (np.array(1.0), "The shape is (), but must be (3,): 0 axes instead of 1."),
    ],
)
def test_only_a_plain_array_of_the_right_dtype_is_an_array(value, says):
    assert compare(outcome(np.ones(3)), outcome(value), 1e-9).text.startswith(says)


def test_the_order_of_bytes_in_memory_is_not_part_of_a_result():
    assert compare(outcome(np.ones(3)), outcome(np.ones(3, ">f8")), 1e-9) is None


@pytest.mark.parametrize("value", [7.0, 7, np.float32(7), np.int8(7), np.array(7.0), np.longdouble(7)])
def test_any_number_is_a_number(value):
    assert compare(outcome(np.float64(7)), outcome(value), 1e-9, "float") is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (np.array([7.0]), "an array of shape (1,)"),
        ([7.0], "a list"),
        (True, "True"),
        (np.bool_(False), "False"),
        (7 + 0j, "a complex number"),
        ("7", "a str"),
        (None, "None"),
        (Liar(), "an object of type Liar"),
    ],
)
def test_what_is_no_number_is_named(value, says):
    for result, must in (("float", "a number"), ("int", "a whole number")):
        text = compare(outcome(np.float64(7) if result == "float" else 7), outcome(value), 1e-9, result).text
        assert text.startswith(f"It returned {says}; it must return {must}.")


@pytest.mark.parametrize("value", [7, np.int64(7), np.uint8(7), np.array(7)])
def test_any_whole_number_is_an_int(value):
    assert compare(outcome(7), outcome(value), 0.0, "int") is None


def test_a_float_is_no_int_and_a_wrong_number_is_shown():
    assert compare(outcome(7), outcome(7.0), 0.0, "int").text.startswith("It returned 7, a float; ")
    assert compare(outcome(7), outcome(8), 0.0, "int").text == "It gave 8; 7 is right."
    assert compare(outcome(7), outcome(10**30), 0.0, "int").kind == "type"
    assert compare(outcome(7.0), outcome(float("nan")), 0.0, "float").text == "It gave NaN."


def test_an_exception_is_told_with_the_place():
    error = raised(IndexError("index 3 is out of bounds"), (("a.py", 3, "f(x)"), ("a.py", 7, "out[i] = 0")))
    difference = compare(outcome(np.ones(3)), error, 0.0)
    assert difference.kind == "raised"
    assert difference.text == "It raised IndexError: index 3 is out of bounds (a.py, line 7: out[i] = 0)."
    assert compare(outcome(np.ones(3)), raised(KeyError()), 0.0).text == "It raised KeyError."


def test_impossible_inputs_must_raise_what_the_reference_raises():
    class Mine(ValueError):
        pass

    refused = raised(ValueError("no"))
    assert compare(refused, raised(ValueError("other words")), 0.0) is None
    assert compare(refused, raised(Mine()), 0.0) is None
    assert compare(refused, outcome(3), 0.0).text.endswith("must be raised, but it returned 3.")
    assert "a result came back" in compare(refused, outcome(np.ones(3)), 0.0).text
    assert "not TypeError: what" in compare(refused, raised(TypeError("what")), 0.0).text


def test_right_numbers_do_not_excuse_a_changed_input():
    difference = compare(outcome(np.ones(3)), outcome(np.ones(3), modified=["x"]), 0.0)
    assert difference.kind == "modified" and "changed its input x in place" in difference.text
    both = compare(outcome(np.ones(3)), outcome(np.ones(3), modified=["x", "weight"]), 0.0)
    assert "changed its inputs weight and x in place" in both.text
    assert compare(outcome(np.ones(3), modified=["x"]), outcome(np.ones(3)), 0.0).kind == "modified"


def test_nan_and_infinity_are_said_by_name():
    got = np.ones((2, 3))
    got[0, 1] = np.nan
    assert text_of(np.ones((2, 3)), got) == "Of 6 values, 1 is NaN; the first at [0, 1]."
    got[1] = np.inf, -np.inf, -np.inf
    says = "Of 6 values, 1 is NaN, 1 is +infinity and 2 are -infinity; the first at [0, 1]."
    assert text_of(np.ones((2, 3)), got) == says
    assert text_of(got, np.ones((2, 3))) == "Some values are finite that should be infinite or NaN."
    assert text_of(got, got) is None
    assert "differ" in text_of(got, np.where(got == np.inf, -np.inf, got))


# --- a sentence about shape ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("got", "says"),
    [
        (np.arange(12.0).reshape(3, 4).T, "these are the right numbers, transposed."),
        (np.ones((4, 3)), "height and width are swapped."),
        (np.arange(12.0).reshape(1, 3, 4), "the right numbers, with axes of length 1 too many or too few."),
        (np.ones((1, 3, 4)), "3 axes instead of 2."),
        (np.ones((4, 4)), "off by one along the height."),
        (np.ones((2, 5)), "off by one along the height and the width."),
        (np.ones((3, 6)), "wrong along the width."),
        (np.ones(12), "1 axes instead of 2."),
    ],
)
def test_a_wrong_shape_is_described(got, says):
    text = compare(outcome(np.arange(12.0).reshape(3, 4)), outcome(got), 1e-9).text
    assert text == f"The shape is {got.shape}, but must be (3, 4): {says}"


def test_batch_and_channels_are_called_so():
    text = compare(outcome(np.ones((2, 3, 4, 5))), outcome(np.ones((1, 4, 4, 5))), 0.0).text
    assert text.endswith("off by one along the batch and the channels.")


# --- a sentence about values -----------------------------------------------------------------------------------------

PATTERNS = {
    "transposed": (lambda a: np.swapaxes(a, -1, -2), "The right values, transposed: height and width are swapped."),
    "flipped left to right": (lambda a: a[..., ::-1], "The right values, flipped left to right."),
    "flipped top to bottom": (lambda a: a[..., ::-1, :], "The right values, flipped top to bottom."),
    "flipped both ways": (lambda a: a[..., ::-1, ::-1], "The right values, flipped in both directions."),
    "shifted down": (lambda a: np.roll(a, 1, -2), "The right values, shifted down by one pixel."),
    "shifted up": (lambda a: np.roll(a, -1, -2), "The right values, shifted up by one pixel."),
    "shifted right": (lambda a: np.roll(a, 1, -1), "The right values, shifted right by one pixel."),
    "shifted left": (lambda a: np.roll(a, -1, -1), "The right values, shifted left by one pixel."),
    "sign": (lambda a: -a, "Every value has the wrong sign."),
    "scaled": (lambda a: a / 9, "Every value is 0.111111 times the right one."),
    "doubled": (lambda a: 2 * a, "Every value is 2 times the right one."),
    "offset": (lambda a: a + 0.5, "Every value is off by the same amount, +0.5."),
    "zero": (lambda a: 0 * a, "Every value is 0."),
    "constant": (lambda a: 0 * a + 3, "Every value is 3."),
}


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("shape", [(4, 4), (3, 4, 4), (2, 3, 5, 5)])
@settings(max_examples=20, deadline=None, database=None)
@given(seed=seeds)
def test_a_pattern_is_named(name, shape, seed):
    change, says = PATTERNS[name]
    expected = normal(seed, *shape)
    assert text_of(expected, change(expected)).startswith(says)


def _is_true(sentence, expected, got, atol):
    """Whether a sentence about a pattern holds, worked out anew."""
    wrong = ~(np.abs(got - expected) <= atol)
    if sentence == "The right values, in reverse order.":
        return np.allclose(got[::-1], expected, rtol=0, atol=atol)
    for _, (change, says) in PATTERNS.items():
        if sentence == says and not says.startswith("Every value is") and "shifted" not in says:
            return np.allclose(change(expected), got, rtol=0, atol=atol)
    if m := re.fullmatch(r"The right values, shifted (\w+) by one pixel\.", sentence):
        axis, step = {"down": (-2, 1), "up": (-2, -1), "right": (-1, 1), "left": (-1, -1)}[m[1]]
        inner = np.s_[1:] if step == 1 else np.s_[:-1]
        moved, got = (np.moveaxis(a, axis, 0)[inner] for a in (np.roll(expected, step, axis), got))
        return np.allclose(moved, got, rtol=0, atol=atol)
    if m := re.fullmatch(r"Every value is (\S+)\.", sentence):
        return np.allclose(got, float(m[1]), rtol=1e-5)
    if m := re.fullmatch(r"Every value is (\S+) times the right one\.", sentence):
        return np.allclose(got, float(m[1]) * expected, rtol=1e-5, atol=1e-5 * np.abs(got).max())
    if m := re.fullmatch(r"Every value is off by the same amount, (\S+)\.", sentence):
        return np.allclose(got - expected, float(m[1]), rtol=1e-5, atol=1e-5 * np.abs(got).max())
    if m := re.fullmatch(r"Only (image|channel)s? ([\d, and]+) \(of 0 to \d+\) (?:is|are) wrong\.", sentence):
        axis = 0 if m[1] == "image" else 1
        hit = wrong.any(axis=tuple(a for a in range(4) if a != axis))
        return set(np.flatnonzero(hit)) == set(map(int, re.findall(r"\d+", m[2])))
    plane = wrong.reshape(-1, *wrong.shape[-2:]).any(axis=0)
    if plane[1:-1, 1:-1].any():
        return False
    if sentence == "The inside is right; only the border is wrong.":
        return True
    if sentence == "The inside is right; only corners are wrong.":
        return plane[:: len(plane) - 1, :: plane.shape[1] - 1].sum() == plane.sum()
    m = re.fullmatch(r"The inside is right; only the ([\w ,]+) borders? (?:is|are) wrong\.", sentence)
    for word in re.findall("top|bottom|left|right", m[1]):
        edge = {"top": np.s_[0], "bottom": np.s_[-1], "left": np.s_[:, 0], "right": np.s_[:, -1]}[word]
        assert plane[edge].any()
        plane[edge] = False
    return not plane.any()


small_values = st.sampled_from([-1.0, 0.0, 1.0, 2.0])  # few values, so that patterns come about by chance


@settings(max_examples=1000, deadline=None, database=None)
@given(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4), st.data())
def test_every_sentence_about_values_is_true(shape, data):
    expected = data.draw(hnp.arrays(np.float64, shape, elements=small_values))
    got = expected.copy()
    for _ in range(data.draw(st.integers(1, 3))):
        at = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
        got[at] = data.draw(small_values)
    if data.draw(st.booleans()) and len(shape) > 1:
        got = np.ascontiguousarray(data.draw(st.sampled_from([c for c, _ in PATTERNS.values()]))(got))
    assume(got.shape == expected.shape)
    text = text_of(expected, got)
    if text is None:
        assert np.array_equal(expected, got)
        return
    counted = re.search(r"(\d+) of (\d+) values differ; the first at \[.*\]: \S+ expected, \S+ found\.$", text)
    assert int(counted[1]) == (expected != got).sum() and int(counted[2]) == got.size
    sentence = text[: counted.start()].strip()
    assert not sentence or _is_true(sentence, expected, got, 1e-9), text


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (np.s_[..., 0, :], "The inside is right; only the top border is wrong."),
        (np.s_[..., -1, 1:3], "The inside is right; only the bottom border is wrong."),
        (np.s_[..., :, 0], "The inside is right; only the left border is wrong."),
        (np.s_[..., ::3, :], "The inside is right; only the top and bottom borders are wrong."),
        (np.s_[..., ::3, ::3], "The inside is right; only corners are wrong."),
    ],
)
def test_a_wrong_border_is_named(at, says):
    expected = normal(1, 3, 4, 4)
    got = expected.copy()
    got[at] += normal(2, *got[at].shape) ** 2 + 1
    assert text_of(expected, got).startswith(says)


def test_a_border_wrong_all_round_is_called_the_border():
    expected = normal(1, 5, 6)
    got = expected * 3
    got[1:-1, 1:-1] = expected[1:-1, 1:-1]
    assert text_of(expected, got).startswith("The inside is right; only the border is wrong.")


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (np.s_[1], "Only image 1 (of 0 to 2) is wrong."),
        (np.s_[:2], "Only images 0 and 1 (of 0 to 2) are wrong."),
        (np.s_[:, 3], "Only channel 3 (of 0 to 3) is wrong."),
        (np.s_[:, :3], "Only channels 0, 1 and 2 (of 0 to 3) are wrong."),
    ],
)
def test_a_wrong_image_or_channel_is_named(at, says):
    expected = normal(1, 3, 4, 3, 3)
    got = expected.copy()
    got[at] **= 2
    assert text_of(expected, got).startswith(says)


def test_where_nothing_can_be_seen_only_place_and_size_are_said():
    expected = np.arange(12.0).reshape(3, 4)
    got = expected.copy()
    got[1, 1] = 50
    assert text_of(expected, got) == "1 of 12 values differ; the first at [1, 1]: 5 expected, 50 found."
    assert text_of([1.0, 2.0], [2.0, 1.0]).startswith("2 of 2 values differ")


# --- telling two outcomes apart, to name a mistake -------------------------------------------------------------------


def test_outcomes_are_the_same_only_when_nothing_tells_them_apart():
    a = outcome(np.ones(3))
    assert same(a, outcome(np.ones(3) + 1e-12), 1e-9)
    assert not same(a, outcome(np.ones(3) + 1e-6), 1e-9)
    assert not same(a, outcome(np.ones(3, np.float32)), 1e-9)
    assert not same(a, outcome(np.ones((1, 3))), 1e-9)
    assert not same(a, outcome([1.0, 1.0, 1.0]), 1e-9)
    assert not same(a, outcome(np.ones(3), modified=["x"]), 1e-9)
    assert not same(a, raised(ValueError()), 1e-9)
    assert same(raised(ValueError("a")), raised(ValueError("b")), 0.0)
    assert not same(raised(IndexError()), raised(ValueError()), 0.0)


def test_a_number_is_the_same_in_whichever_box_it_comes():
    assert same(outcome(2.5), outcome(np.float32(2.5)), 0.0)
    assert same(outcome(2.5), outcome(np.array(2.5)), 0.0)
    assert not same(outcome(2.0), outcome(2), 0.0)

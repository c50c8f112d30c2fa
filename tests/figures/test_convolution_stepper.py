import html
import json
import re

import numpy as np
import pytest
from scipy.signal import correlate2d
from traitlets import TraitError

from figures import ConvolutionStepper


def test_the_output_is_scipys():
    rng = np.random.default_rng(3)
    for stride, padding, shape in [(1, 0, (3, 3)), (2, 1, (3, 2)), (3, 2, (1, 7)), (7, 6, (7, 1))]:
        image, kernel = rng.normal(size=(7, 9)), rng.normal(size=shape)
        stepper = ConvolutionStepper(image, kernel, stride=stride, padding=padding)
        expected = correlate2d(np.pad(image, padding), kernel, mode="valid")[::stride, ::stride]
        assert stepper.output_shape == expected.shape
        np.testing.assert_allclose(stepper.output, expected, atol=1e-12)
        stepper.flip = True
        expected = correlate2d(np.pad(image, padding), kernel[::-1, ::-1], mode="valid")[::stride, ::stride]
        np.testing.assert_allclose(stepper.output, expected, atol=1e-12)


def test_whole_numbers_stay_whole():
    stepper = ConvolutionStepper(np.arange(9.0).reshape(3, 3), np.arange(4, dtype=np.uint8).reshape(2, 2))
    assert stepper.kernel == [[0, 1], [2, 3]] and "3.0" not in stepper.static_html()
    assert stepper.output.dtype == np.int64
    np.testing.assert_array_equal(stepper.output, [[19, 25], [37, 43]])


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"image": [[1, 2], [3]]}, "image needs two axes"),
        ({"image": np.zeros((2, 3, 3))}, "image needs two axes"),
        ({"image": []}, "image needs two axes"),
        ({"image": np.zeros((17, 3))}, "image is 17×3; this figure shows at most 16×16"),
        ({"image": [[np.nan]]}, "image takes finite numbers"),
        ({"kernel": [["1"]]}, "kernel takes finite numbers"),
        ({"kernel": np.ones((3, 8))}, "kernel is 3×8; this figure shows at most 7×7"),
        ({"kernel": np.ones((3, 3)), "image": np.ones((2, 9))}, "a 3×3 kernel does not fit into the 2×9"),
        ({"stride": 0}, "stride is 0; it must be from 1 to 7"),
        ({"padding": -1}, "padding is -1; it must be from 0 to 6"),
        ({"position": 16}, "position is 16; the outputs are counted from 0 to 15"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments, says):
    with pytest.raises(TraitError, match=re.escape(says)) as caught:
        ConvolutionStepper(**arguments)
    assert "\n" not in str(caught.value)


def test_what_was_valid_stays_after_a_refusal():
    stepper = ConvolutionStepper()
    before = stepper.state()
    with pytest.raises(TraitError):
        stepper.kernel = np.ones((7, 7))
    assert stepper.state() == before


def test_settings_that_fit_only_together_are_set_together():
    stepper = ConvolutionStepper(np.ones((3, 3)), np.ones((3, 3)))
    stepper.set_state({"kernel": np.ones((5, 5)).tolist(), "padding": 1})  # as the page sends them
    np.testing.assert_array_equal(stepper.output, [[9]])


def test_the_position_stays_inside_a_smaller_output():
    stepper = ConvolutionStepper(position=15)
    stepper.stride = 2
    assert stepper.position == 3


def test_the_page_form_is_the_same_for_the_same_state():
    first, second = ConvolutionStepper(padding=1), ConvolutionStepper(padding=1)
    data, other = first._repr_mimebundle_()[0], second._repr_mimebundle_()[0]
    widget = "application/vnd.jupyter.widget-view+json"
    assert data.pop(widget)["model_id"] != other.pop(widget)["model_id"]
    assert data == other and "0x" not in data["text/plain"]


def test_the_page_form_carries_the_state_and_a_table():
    stepper = ConvolutionStepper([[1, 2], [3, 4]], [[1, -1]], title='A "quoted" <title> & more')
    text = stepper.static_html()
    assert text.count("<table>") == 3 and "<td>-1</td>" in text
    assert "<title>" not in text
    state = json.loads(html.unescape(re.search(r'data-state="([^"]*)"', text)[1]))
    assert state == stepper.state()
    assert state["title"] == 'A "quoted" <title> & more'
    assert state.keys() == {"image", "kernel", "stride", "padding", "flip", "position", "title"}
    assert 'data-module="convolution_stepper"' in text

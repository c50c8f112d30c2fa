"""The convolution stepper: a kernel slides over an image, the arithmetic of each output written out."""

import html
import math

import numpy as np
import traitlets

from figures.base import InteractiveFigure, table

LARGEST_IMAGE = 16
LARGEST_KERNEL = 7
LARGEST_STRIDE = 7
LARGEST_PADDING = 6

SEVEN: list[list[float]] = [
    [0, 0, 0, 0, 0, 0],
    [0, 7, 9, 9, 8, 0],
    [0, 0, 0, 3, 9, 0],
    [0, 0, 0, 8, 5, 0],
    [0, 0, 4, 9, 0, 0],
    [0, 0, 6, 6, 0, 0],
]
SOBEL_X: list[list[float]] = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


class Matrix(traitlets.TraitType):
    """A nested list of finite numbers, rows of one length, from anything that NumPy reads as two axes."""

    def __init__(self, default: list[list[float]], largest: int) -> None:
        super().__init__(default_value=default)
        self.largest = largest

    def validate(self, owner: object, value: object) -> list[list[float]]:
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.empty(0)
        what = self.name
        if array.ndim != 2 or array.size == 0:
            raise traitlets.TraitError(f"{what} needs two axes, (rows, columns), with all rows of one length")
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise traitlets.TraitError(f"{what} takes finite numbers, and nothing else")
        if max(array.shape) > self.largest:
            rows, columns = array.shape
            limit = f"{self.largest}×{self.largest}"
            raise traitlets.TraitError(f"{what} is {rows}×{columns}; this figure shows at most {limit}")
        # A whole number stays one, so that 3 is not shown as 3.0, whichever dtype it came in.
        return [[int(v) if v == int(v) else v for v in row] for row in array.tolist()]


class ConvolutionStepper(InteractiveFigure):
    """An image, a kernel and the output they give, to step through.

    Parameters
    ----------
    image : (H, W) numbers, at most 16 by 16; by default a small 7
    kernel : (KH, KW) numbers, at most 7 by 7; by default Sobel x
    stride, padding : pixels
    flip : turn the kernel by 180 degrees first: true convolution
    position : which output is shown first, counted along the rows from 0

    Each is also an attribute: it can be set, and in a live notebook it follows what the reader edits.

    Raises
    ------
    traitlets.TraitError
        For a value the figure cannot show; the one before it stays.
    """

    image = Matrix(SEVEN, LARGEST_IMAGE).tag(sync=True)
    kernel = Matrix(SOBEL_X, LARGEST_KERNEL).tag(sync=True)
    stride = traitlets.Int(1).tag(sync=True)
    padding = traitlets.Int(0).tag(sync=True)
    flip = traitlets.Bool(False).tag(sync=True)
    position = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        image: object = None,
        kernel: object = None,
        stride: int = 1,
        padding: int = 0,
        title: str = "A kernel slides over an image",
        flip: bool = False,
        position: int = 0,
    ) -> None:
        super().__init__(
            image=SEVEN if image is None else image, kernel=SOBEL_X if kernel is None else kernel,
            stride=stride, padding=padding, title=title, flip=flip, position=position,
        )  # fmt: skip

    @property
    def output_shape(self) -> tuple[int, int]:
        return tuple(
            (size + 2 * self.padding - reach) // self.stride + 1
            for size, reach in zip(np.shape(self.image), np.shape(self.kernel), strict=True)
        )

    @property
    def output(self) -> np.ndarray:
        """The whole output (OH, OW) for the numbers shown now; integers when all of them are."""
        kernel = np.array(self.kernel)
        padded = np.pad(np.array(self.image), self.padding)
        patches = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
        used = kernel[::-1, ::-1] if self.flip else kernel
        return np.einsum("ijkl,kl->ij", patches[:: self.stride, :: self.stride], used)

    @traitlets.validate("image", "kernel", "stride", "padding", "position")
    def _possible(self, proposal: dict) -> object:
        now = {name: getattr(self, name) for name in ("image", "kernel", "stride", "padding", "position")}
        now[proposal["trait"].name] = proposal["value"]
        if not 1 <= now["stride"] <= LARGEST_STRIDE:
            raise traitlets.TraitError(f"stride is {now['stride']}; it must be from 1 to {LARGEST_STRIDE}")
        if not 0 <= now["padding"] <= LARGEST_PADDING:
            raise traitlets.TraitError(f"padding is {now['padding']}; it must be from 0 to {LARGEST_PADDING}")
        (height, width), (kh, kw), more = np.shape(now["image"]), np.shape(now["kernel"]), 2 * now["padding"]
        if kh > height + more or kw > width + more:
            raise traitlets.TraitError(
                f"a {kh}×{kw} kernel does not fit into the {height + more}×{width + more} padded image"
            )
        if proposal["trait"].name == "position":
            count = math.prod(self.output_shape)
            if not 0 <= now["position"] < count:
                raise traitlets.TraitError(
                    f"position is {now['position']}; the outputs are counted from 0 to {count - 1}"
                )
        return proposal["value"]

    @traitlets.observe("image", "kernel", "stride", "padding")
    def _stay_inside(self, change: dict) -> None:
        self.position = min(self.position, math.prod(self.output_shape) - 1)

    def description(self) -> str:
        turned = ", turned by 180 degrees before use" if self.flip else ""
        tables = {"image": self.image, f"kernel{turned}": self.kernel, "output": self.output.tolist()}
        return "\n".join(
            [
                f"<p>{html.escape(self.title)}: stride {self.stride}, padding {self.padding}. "
                "With JavaScript this figure moves and can be edited.</p>",
                *(table(numbers, caption) for caption, numbers in tables.items()),
            ]
        )

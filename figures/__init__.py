"""Figures of the course: rows of images, and figures that a reader can play with.

Nothing is imported until it is used: matplotlib for `show_images`, anywidget for the interactive figures.
"""

from importlib import import_module

_HOME = {"show_images": "plots", "ConvolutionStepper": "convolution_stepper"}
__all__ = ["ConvolutionStepper", "show_images"]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""What this machine has: the report of `autograder doctor`."""

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator

from autograder import course, workbook
from autograder.worker import confine
from autograder.worker.client import Worker
from autograder.worker.job import Job, Piece

_PACKAGES = ("numpy", "torch", "scikit-learn", "matplotlib", "jupyterlab", "jupyter-book", "anywidget")


def report() -> Iterator[str]:
    yield f"Python     {platform.python_version()} ({sys.executable})"
    yield f"System     {platform.platform()}, {os.cpu_count()} cores"
    for name in _PACKAGES:
        yield f"{name:<10} {_version(name)}"
    yield f"GPU        {_gpu()}"
    yield f"Course     {course.ROOT}: {len(course.chapters())} chapters, {len(course.exercise_chapters())} exercises"
    yield f"Workbook   {_workbook()}"
    yield f"Photos     {_photos()}"
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    yield f"Browser    {browser or 'no Chromium found; only the browser tests need it'}"
    yield "Worker"
    yield from (f"  {line}" for line in _layers())


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _gpu() -> str:
    if _version("torch") == "not installed":
        return "unknown: torch is not installed"
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name(0)}, CUDA {torch.version.cuda}"
    return "none that PyTorch can use; nothing in the course needs one"


def _workbook() -> str:
    folder = workbook.locate()
    if folder is None:
        return "none; `autograder start` writes one"
    return f"{folder}{'' if os.access(folder, os.W_OK) else ': cannot be written to; progress is not kept'}"


def _photos() -> str:
    try:
        from sklearn.datasets import load_sample_image

        return f"china.jpg {load_sample_image('china.jpg').shape}, from scikit-learn"
    except (ImportError, OSError) as error:
        return f"cannot be read: {error}"


def _layers() -> Iterator[str]:
    with Worker() as worker:
        ran = worker.run(Job(name="f", pieces=(Piece("def f(): pass", "doctor", 1),), calls=()))
        if ran.end != "finished":
            yield f"does not run: {ran.detail}"
            return
        yield f"{worker.how}ed, on {sys.platform}"
        at_work = {name: (active, why) for name, active, why in worker.layers}
    for name, offered, why in confine.layers():
        active, reason = at_work.get(name, (offered, ""))
        yield f"{'on ' if active else 'off'} {name:<11} {reason or why}"

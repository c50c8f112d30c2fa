import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from solutions import convolution, filters


@pytest.fixture
def command(tmp_path):
    """Runs the command line as a person would, in an empty folder, without a workbook unless one is named."""

    def run(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "autograder", *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "AUTOGRADER_WORKBOOK": "", "AUTOGRADER_SEED": "", **variables},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )

    return run


@pytest.fixture(scope="session")
def right_answers() -> str:
    """A .py file with every exercise of chapters 1 and 2, right."""
    text = inspect.getsource(filters) + inspect.getsource(convolution)
    return text.replace("from solutions.filters import output_size, pad2d\n", "")


@pytest.fixture
def answers(tmp_path, right_answers):
    """Writes answers.py: all right, then what is given, which counts as the later definition."""

    def write(extra: str = "", name: str = "answers.py") -> Path:
        path = tmp_path / name
        path.write_text(f"{right_answers}\n\n{extra}\n", encoding="utf-8")
        return path

    return write

"""How long a learner waits for the grader: python -m benchmarks.grader

Medians of several runs, each beside its yardstick: an empty Python that imports NumPy.
"""

import contextlib
import inspect
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # they slow NumPy down where they are set
    os.environ.pop(variable, None)

import numpy as np  # noqa: E402

from solutions import convolution, filters  # noqa: E402

RUNS = 15


def conv2d(x, weight, bias=None, stride=1, padding=0):
    """The slowest way that is right: seven loops in Python."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    n, c, h, w = x.shape
    f, _, kh, kw = weight.shape
    out = np.zeros((n, f, (h - kh) // stride + 1, (w - kw) // stride + 1), dtype=x.dtype)
    for b in range(n):
        for k in range(f):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    total = 0.0 if bias is None else bias[k]
                    for d in range(c):
                        for u in range(kh):
                            for v in range(kw):
                                total += x[b, d, i * stride + u, j * stride + v] * weight[k, d, u, v]
                    out[b, k, i, j] = total
    return out


def wall(*command: str) -> float:
    """Milliseconds of a whole process."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1e3


def python(code: str) -> float:
    return wall(sys.executable, "-c", code)


def import_beyond_numpy() -> tuple[float, float]:
    """Milliseconds that `import autograder` adds to `import numpy`, and the latter."""
    pairs = [(python("import numpy"), python("import numpy, autograder")) for _ in range(RUNS)]
    return statistics.median(b - a for a, b in pairs), statistics.median(a for a, _ in pairs)


def warm_check() -> float:
    """Milliseconds of check(conv2d) in a running session, output included."""
    from autograder import check

    times = []
    for _ in range(RUNS):
        with contextlib.redirect_stdout(io.StringIO()):
            begin = time.perf_counter()
            check(conv2d)
            times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times[1:])


def check_file() -> float:
    """Milliseconds of `autograder check answers.py` with every exercise of chapters 1 and 2."""
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.py"
        text = inspect.getsource(filters) + inspect.getsource(convolution)
        answers.write_text(text.replace("from solutions.filters import output_size, pad2d\n", ""))
        return statistics.median(wall(sys.executable, "-m", "autograder", "check", str(answers)) for _ in range(RUNS))


def main() -> None:
    os.environ["AUTOGRADER_WORKBOOK"] = ""
    added, numpy = import_beyond_numpy()
    rows = [
        ("import autograder, beyond NumPy", added, 30),
        ("check(conv2d), seven loops, warm", warm_check(), 50),
        ("autograder check answers.py, chapters 1 and 2", check_file(), 1000),
    ]
    print(f"yardstick: python -c 'import numpy' takes {numpy:.0f} ms")
    for what, taken, bar in rows:
        print(f"{what:<48} {taken:7.1f} ms   {taken / numpy:5.2f} of the yardstick   bar {bar} ms")


if __name__ == "__main__":
    main()

"""What the tests of the references draw their inputs from."""

import numpy as np
from hypothesis import strategies as st

seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from([np.float32, np.float64])
layouts = st.sampled_from(["C", "F", "strided"])


def draw(seed, *shape, dtype=np.float64, scale=1.0, layout="C"):
    """Normal numbers in C order, in Fortran order, or as every second element of a larger buffer; read-only."""
    values = (scale * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)
    if layout == "F":
        values = np.asfortranarray(values)
    elif layout == "strided":
        values = np.repeat(values, 2, axis=-1)[..., ::2]
    values.flags.writeable = False  # nothing that is tested here may write to its inputs
    return values

"""Strictness for all tests: JAX in 64 bits, no silent rank promotion, NaN as an error in the pinned JAX, no windows."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from compiled_once import compiled_once

os.environ |= compiled_once(Path(__file__).parents[1] / "build" / "compiled") | {
    "JAX_ENABLE_X64": "1",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    # Later releases raise where an array with NaN is made, so that no test could hand one over.
    "JAX_DEBUG_NANS": str(int(version("jax") == "0.5.3")),
    "MPLBACKEND": "agg",
}

import numpy as np
import pytest

EPS = float(np.finfo(float).eps)


@pytest.fixture
def rng():
    """A generator with a fixed seed, fresh for each test."""
    return np.random.default_rng(20210304)

"""Strictness for all tests: JAX in 64 bits, no silent rank promotion, NaN as an error, no windows."""

import os
from pathlib import Path

# First of all: whatever imports the package imports JAX, because shapes are checked, and JAX reads these once.
os.environ |= {
    "JAX_ENABLE_X64": "1",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    "JAX_DEBUG_NANS": "1",
    "MPLBACKEND": "agg",
}

import jax
import numpy as np
import pytest

from shiftmath.pages import compiled_once

KEPT = compiled_once(Path(__file__).parents[1] / "build" / "compiled")
os.environ |= KEPT
for name, value in KEPT.items():
    if name.startswith("JAX_"):
        jax.config.update(name.lower(), int(value) if value.isdigit() else value)

EPS = float(np.finfo(float).eps)


@pytest.fixture
def rng():
    """A generator with a fixed seed, fresh for each test."""
    return np.random.default_rng(20210304)

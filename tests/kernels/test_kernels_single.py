"""Derivatives on JAX in single precision at large images: those in double precision, and numbers."""

import jax
import jax.numpy as jnp
import kernel_cases as cases
import numpy as np
import pytest

from shiftmath.kernels import Convolutional, FullyConnected

EPS32 = float(np.finfo(np.float32).eps)
SMOOTH = [
    (FullyConnected(2, "gelu"), (5,)),
    (Convolutional(2, activation="gelu", bias_std=0.3, spatial_axes=1), (4, 1)),
    (Convolutional(1, activation="gelu", dense_layers=1, spatial_axes=1), (4, 1)),
    (FullyConnected(2, "erf", bias_std=0.3), (5,)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "shape"), SMOOTH, ids=cases.name)
def test_derivatives_at_large_images_of_one_direction_are_numbers(kernel, shape):
    x, other = cases.gaussian(3, 2, shape)
    slopes = jax.jit(jax.vmap(jax.grad(lambda x, z: kernel(x[None], z[None])[0, 0])))
    X, Z = 1e10 * np.stack([x] * 4), 1e10 * np.stack([x, -x, 2 * x, other])
    few, exact = (slopes(jnp.asarray(X, dtype), jnp.asarray(Z, dtype)) for dtype in ("f4", "f8"))
    # Some tens of roundings a layer, and of the images, which are rounded once.
    assert (abs(few - exact).reshape(4, -1).max(1) <= 128 * EPS32 * abs(exact).reshape(4, -1).max(1)).all()

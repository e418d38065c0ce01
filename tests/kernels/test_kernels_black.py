"""Gradients at a black image, and against one: it has no size, so rounding is that of the other image."""

import jax
import jax.numpy as jnp
import kernel_cases as cases
import numpy as np
import pytest
from conftest import EPS

from shiftmath.kernels import Convolutional, FullyConnected

EPS32 = float(np.finfo(np.float32).eps)
# A layer of these has some tens of roundings, a readout a sum of as many pixels; there are three layers.
ROUNDINGS = 128
SMOOTH = [
    (Convolutional(2, 2, "average", "zero", "erf", dense_layers=1, spatial_axes=1), (4,)),
    (Convolutional(2, 3, 2, "zero", "gelu", spatial_axes=1), (4,)),
    (FullyConnected(2, "gelu"), (4,)),
]
COMPILED = [
    *SMOOTH,
    (Convolutional(2, dense_layers=1), (4, 3)),
    (Convolutional(2, readout="flatten", padding="zero", activation="leaky_relu"), (4, 3)),
    (Convolutional(2, readout=2, activation="abs", dense_layers=1, spatial_axes=1), (4,)),
    (Convolutional(2, activation="identity"), (4, 3)),
    (FullyConnected(2), (4,)),
]


def differentiated(kernel):
    return jax.jit(jax.grad(lambda x, z: kernel(x[None], z[None])[0, 0]))


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "shape"), SMOOTH, ids=cases.name)
def test_on_jax_tiny_and_black_images_have_the_roundings_of_the_tiny_one(kernel, shape):
    slope, (x,) = differentiated(kernel), cases.gaussian(0, 1, shape)
    for size, dtype, eps in ((2.0**-17, "f4", EPS32), (2.0**-17, "f8", EPS), (2.0**-290, "f8", EPS)):
        z = jnp.asarray(size * x, dtype)
        # It is 0, as E[f f] and its derivative by a variance are where the other is; for z it is linear in z.
        assert abs(slope(z, 0 * z)).max() <= ROUNDINGS * eps * abs(z).max()
        # The kernel of images of size s is linear to s^2, 2^-80 here.
        linear = slope(0 * z, jnp.asarray(2.0**-40 * x, dtype)) / 2.0**-40
        few = (ROUNDINGS * eps + 16 * size**2) * abs(linear).max()
        assert abs(slope(0 * z, z) / size - linear).max() <= few
        assert abs(linear).max() > 1e-2


@pytest.mark.parametrize(("kernel", "shape"), COMPILED, ids=cases.name)
@pytest.mark.parametrize("size", [2.0**-40, 2.0**-330])
def test_a_black_point_has_gradients_linear_in_the_samples(kernel, shape, size):
    (z,) = cases.gaussian(0, 1, shape)
    black = 0 * z[None]
    value, gradient = kernel.weighted_gradient(black, size * z[None], [1.0])
    _, expected = kernel.weighted_gradient(black, 2.0**-60 * z[None], [1.0])
    assert not value.any()
    assert abs(gradient - expected * (size / 2.0**-60)).max() <= ROUNDINGS * EPS * abs(gradient).max()
    assert (abs(gradient).max() > 1e-4 * size) == (kernel.activation != "abs")  # has no linear part


@pytest.mark.parametrize(("kernel", "shape"), COMPILED, ids=cases.name)
def test_a_black_sample_adds_nothing(kernel, shape):
    x, z = cases.gaussian(1, 2, shape)
    for size in (1.0, 2.0**-20, 2.0**-660):
        alone = kernel.weighted_gradient(size * x[None], size * z[None], [1.0])
        both = kernel.weighted_gradient(size * x[None], np.stack([0 * z, size * z]), [1e10, 1.0])
        assert all(np.array_equal(a, b) for a, b in zip(alone, both, strict=True))
    assert not any(part.any() for part in kernel.weighted_gradient(x[None], 0 * z[None], [1.0]))

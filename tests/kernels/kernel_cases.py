"""Configurations and images that several tests of the kernels share."""

import numpy as np
import pytest

from shiftmath.kernels import Convolutional, FullyConnected

ACTIVATIONS = ("relu", "leaky_relu", "abs", "identity", "erf", "gelu")

VECTOR_KERNELS = [
    FullyConnected(depth, activation, bias_std=bias, weight_std=1.3, negative_slope=0.3)
    for activation in ACTIVATIONS
    for depth, bias in ((1, 0.0), (3, 0.4))
]

IMAGE_KERNELS = [
    (Convolutional(1), (4, 5, 1)),
    (Convolutional(2), (7, 9, 2)),
    (Convolutional(3), (3, 3, 1)),
    (Convolutional(2, readout="flatten"), (4, 6, 3)),
    (Convolutional(3, readout="flatten", bias_std=0.5), (5, 4, 1)),
    (Convolutional(2, readout=2), (4, 6, 1)),
    (Convolutional(2, readout=(1, 3), bias_std=0.2), (4, 6, 1)),
    (Convolutional(2, readout=(6,), spatial_axes=1), (12, 1)),
    (Convolutional(2, padding="zero"), (4, 3, 2)),
    (Convolutional(3, padding="zero", readout="flatten", bias_std=0.3), (5, 4, 1)),
    (Convolutional(2, padding="zero", readout=2, filter_size=(2, 5)), (4, 6, 1)),
    (Convolutional(2, padding="zero", filter_size=7), (4, 5, 1)),
    (Convolutional(2, filter_size=(4, 6)), (4, 6, 1)),
    (Convolutional(2, filter_size=(2, 5), readout="flatten"), (4, 6, 1)),
    (Convolutional(2, filter_size=(1, 4)), (1, 7, 1)),
    (Convolutional(3, filter_size=1), (2, 3, 3)),
    (Convolutional(1, filter_size=1), (1, 1, 4)),
    (Convolutional(2, spatial_axes=1), (5, 2)),
    (Convolutional(2, filter_size=(4,), padding="zero", bias_std=0.3, spatial_axes=1), (6, 1)),
    (Convolutional(2, dense_layers=2), (4, 5, 1)),
    (Convolutional(1, dense_layers=1, readout="flatten", bias_std=0.4), (4, 5, 1)),
    (Convolutional(1, dense_layers=1, readout=2, padding="zero"), (4, 4, 1)),
    (Convolutional(2, activation="leaky_relu", negative_slope=0.3), (4, 5, 1)),
    (Convolutional(2, activation="leaky_relu", negative_slope=-0.2, padding="zero"), (4, 5, 1)),
    (Convolutional(2, activation="abs", dense_layers=1), (4, 5, 1)),
    (Convolutional(3, activation="identity", readout=2, spatial_axes=1), (6, 1)),
    (Convolutional(2, activation="erf", padding="zero"), (4, 5, 1)),
    (Convolutional(2, activation="erf", readout="flatten", dense_layers=1, bias_std=0.3), (4, 5, 1)),
    (Convolutional(2, activation="gelu", dense_layers=1), (4, 5, 1)),
    (Convolutional(2, activation="gelu", padding="zero", weight_std=1.1, bias_std=0.2, spatial_axes=1), (6, 1)),
]

VECTORS = [(kernel, (6,)) for kernel in VECTOR_KERNELS]
# What XLA compiles takes seconds each: those of which each differs from the others in what the engine computes. A test
# says that no value of a parameter is missing.
ON_JAX = [IMAGE_KERNELS[i] for i in (1, 4, 6, 9, 10, 14, 16, 17, 19, 21, 23, 24, 25, 26, 27, 28, 29)]
ON_JAX += [VECTORS[0], *VECTORS[1::2]]


def with_latest(configurations, few):
    """The configurations, a few of them for the newest JAX too."""
    return [pytest.param(*c, marks=[pytest.mark.latest] * (c in few)) for c in configurations]


def gaussian(seed, n, shape):
    """n standard normal arrays of this shape."""
    return np.random.default_rng(seed).normal(size=(n, *shape))


def hard_images(shape):
    """Images whose pairs touch every corner of the kernels.

    Equal, shifted, antipodal, collinear, orthogonal, empty, nearly equal.
    """
    x, z = gaussian(7, 2, shape)
    first = (0,) * (len(shape) - 1)
    dot, other = np.zeros(shape), np.zeros(shape)
    dot[first], other[first] = 2.0, -1.3
    white, black = np.full(shape, 0.3), np.full(shape, 0.3)
    white[first], black[first] = 1.0, -0.4
    two = dot.copy()
    two[(-1,) * (len(shape) - 1)] = -3.0
    constants = np.full(shape, 0.7), np.full(shape, -1.9)
    whole = np.random.default_rng(3).integers(0, 3, shape).astype(float)
    return np.stack(
        [x, z, np.roll(x, 1, 0), -x, 1.7 * x, x + 1e-7 * z, 0 * x, dot, other, two, white, black, *constants, whole]
    )


def scale_of(gram_x, gram_z):
    """sqrt(K(x, x) K(z, z)), the size against which an error of K(x, z) is relative; 1 where it is 0."""
    scale = np.sqrt(np.outer(gram_x, gram_z))
    return np.where(scale > 0, scale, 1)


def name(value):
    """The name of a test's parameter: of a function its own, which says nothing of where it lies in memory."""
    return getattr(value, "__qualname__", None) or repr(value)

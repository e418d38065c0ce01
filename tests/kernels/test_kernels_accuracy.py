"""Against the definition in 50 digits, on images whose pairs touch rho = 1, -1 and 0, empty and constant images."""

import fifty_digits
import kernel_cases as cases
import numpy as np
import pytest
import reference

from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.kernels.dual import homogeneous_weights

pytestmark = pytest.mark.slow

KERNELS = [
    (Convolutional(2), (3, 3, 1)),
    (Convolutional(1, spatial_axes=1), (5, 1)),
    (Convolutional(4, spatial_axes=1), (5, 1)),
    (Convolutional(2, readout="flatten"), (3, 3, 1)),
    (Convolutional(3, readout="flatten", padding="zero", spatial_axes=1), (5, 1)),
    (Convolutional(3, bias_std=0.3, padding="zero", filter_size=2, spatial_axes=1), (5, 1)),
    (Convolutional(3, readout="flatten", dense_layers=2, spatial_axes=1), (5, 1)),
    (Convolutional(2, readout=2, dense_layers=1, spatial_axes=1), (6, 1)),
    (Convolutional(2, activation="abs", filter_size=5, spatial_axes=1), (5, 1)),
    (Convolutional(3, activation="leaky_relu", negative_slope=0.3, spatial_axes=1), (5, 1)),
    (Convolutional(2, activation="erf", spatial_axes=1), (5, 1)),
    (Convolutional(2, activation="gelu", spatial_axes=1), (5, 1)),
    (FullyConnected(1), (4,)),
    (FullyConnected(4), (4,)),
    (FullyConnected(3, "leaky_relu", bias_std=0.2), (4,)),
    (FullyConnected(2, "gelu"), (4,)),
]
SCALED, NEAR = 4, 5
EPS = np.finfo(float).eps
# Where two directions agree to delta < 16 eps but the sizes differ, or after pooling, 1 - rho is taken as 0; so
# kappa0 = 1 - sqrt(2 delta) / pi loses this, over pi, and the slope of an activation b / a times as much, a layer.
COLLINEAR = np.sqrt(2 * 16 * EPS)


def images(shape):
    """The hard images, exact in float32 so that both precisions see the same ones.

    The scaled one stays a float64 multiple.
    """
    X = cases.hard_images(shape) if len(shape) > 1 else cases.hard_images((*shape, 1))[..., 0]
    single = X.astype(np.float32).astype(float)
    single[SCALED] = 2 * single[0]
    return single


def errors(kernel, shape, X):
    """Errors relative to sqrt(K(x, x) K(z, z)) of the NTK, by both paths of the compiled engine, and of the NNGP."""
    alone = np.concatenate([kernel(x[None], X) for x in X])
    ntk, nngp = fifty_digits.of_all(fifty_digits.values, kernel, images(shape))
    for values, exact in ((kernel(X), ntk), (alone, ntk), (kernel.nngp(X), nngp)):
        yield np.abs(values - exact) / cases.scale_of(np.diag(exact), np.diag(exact))


@pytest.mark.parametrize(("kernel", "shape"), KERNELS, ids=repr)
def test_float64_is_exact_to_twelve_digits(kernel, shape):
    pooled_then_dense = isinstance(kernel, Convolutional) and kernel.dense_layers and kernel.readout != "flatten"
    for error in errors(kernel, shape, images(shape)):
        near = error[NEAR].copy()
        error[NEAR], error[:, NEAR] = 0, 0
        assert error.max() <= 1e-12
        assert near[[0, NEAR]].max() <= (COLLINEAR if pooled_then_dense else 1e-12)
        assert near.max() <= COLLINEAR


@pytest.mark.parametrize(("kernel", "shape"), KERNELS, ids=repr)
def test_float32_is_exact_to_six_digits(kernel, shape):
    for error in errors(kernel, shape, images(shape).astype(np.float32)):
        assert error.max() <= 1e-6


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "abs", "identity"])
@pytest.mark.parametrize(
    ("readout", "dense_layers", "brightness"), [("average", 1, 1.0), (2, 3, 1.0), ("flatten", 0, 1.7)]
)
def test_near_the_diagonal_a_kink_costs_at_most_the_root_of_a_rounding_in_each_layer(
    activation, readout, dense_layers, brightness
):
    kernel = Convolutional(2, 2, readout, activation=activation, dense_layers=dense_layers, spatial_axes=1)
    x, step = cases.gaussian(0, 2, (4, 1))
    X = np.stack([sign * brightness * (x + delta * step) for delta in 10.0 ** -np.arange(1, 11) for sign in (1, -1)])
    pairs = [[float(v) for v in (reference.pair(kernel, x, z)[0], reference.pair(kernel, z, z)[0])] for z in X]
    exact, own = np.array(pairs).T
    error = np.abs(kernel(x[None], X)[0] - exact) / np.sqrt(float(reference.pair(kernel, x, x)[0]) * own)
    a, b = homogeneous_weights(activation)
    layers = dense_layers or kernel.depth  # those where 1 - rho is a difference
    assert error.max() <= layers * b / a * COLLINEAR / np.pi + 1e-12


@pytest.mark.parametrize("activation", ["relu", "abs"])
@pytest.mark.parametrize("readout", ["average", "flatten"])
def test_pixels_of_one_direction_and_other_size_have_correlation_one(activation, readout):
    kernel = Convolutional(3, readout=readout, activation=activation)
    X = cases.gaussian(0, 4, (8, 8, 1))
    for factor in (1.7, 0.3, 1e3):
        assert np.abs(kernel(X, factor * X) / kernel(X, X) / factor - 1).max() <= 64 * EPS


def test_the_kernel_of_an_image_and_its_shift_is_the_kernel_of_the_image():
    X = cases.gaussian(0, 2, (8, 8, 3))
    shifted = np.roll(X, (3, 5), (1, 2))
    for depth in (1, 2, 5):
        kernel = Convolutional(depth)
        # Every addend is the same; the sum of d^2 = 4096 of them may take another order.
        assert np.abs(kernel(X, shifted) / kernel(X, X) - 1).max() <= 64 * EPS

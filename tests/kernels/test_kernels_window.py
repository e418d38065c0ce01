"""The average over shifts within a window: local average pooling between "flatten" and "average"."""

import jax.numpy as jnp
import kernel_cases as cases
import numpy as np
import pytest
from sklearn.base import clone
from test_kernels_oracle import GENERIC, with_library

from shiftmath.groups import circular_shifts, flips
from shiftmath.interpolant import Interpolant
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage, WindowAverage, oracle

EPS = float(np.finfo(float).eps)
FLAT = Convolutional(2, readout="flatten")
X, Z = cases.gaussian(1, 3, (4, 5, 2)), cases.gaussian(2, 2, (4, 5, 2))


def moving_average(x, window):
    """The mean over the window of shifts (window, window) of images (n, height, width)."""
    moves = [(a, b) for a in range(window) for b in range(window)]
    return sum(np.roll(x, move, (1, 2)) for move in moves) / window**2


def test_it_is_the_mean_over_all_pairs_of_places_of_the_window():
    places = [(a, b) for a in range(3) for b in range(2)]
    left, right = ([np.roll(A, place, (1, 2)) for place in places] for A in (X, Z))
    expected = np.mean([FLAT(a, b) for a in left for b in right], axis=0)
    found = WindowAverage(FLAT, (3, 2))
    assert np.abs(found(X, Z) - expected).max() <= 64 * EPS * np.abs(expected).max()
    assert np.abs(found.diag(X) - np.diag(found(X))).max() <= 64 * EPS * np.abs(expected).max()


def test_its_ends_are_flatten_and_average():
    assert np.array_equal(WindowAverage(FLAT, 1)(X, Z), FLAT(X, Z))
    average = Convolutional(2)(X, Z)
    assert np.abs(WindowAverage(FLAT, (4, 5))(X, Z) - average).max() <= 64 * EPS * np.abs(average).max()


def test_the_linear_kernel_is_the_inner_product_of_moving_averages():
    images, linear = cases.gaussian(3, 4, (6, 6)), Convolutional(1, 1, "flatten", activation="identity")
    pooled = moving_average(images, 3).reshape(4, -1)
    scale = linear(images)[0, 0] / np.sum(images[0] ** 2)
    assert np.allclose(WindowAverage(linear, 3)(images), scale * pooled @ pooled.T, rtol=0, atol=64 * EPS)


@pytest.mark.parametrize("window", [1, 2, 3, 4])
def test_two_dots_of_a_linear_network_are_three_m_over_two_m_squared_plus_one_from_the_boundary(window):
    # The normal is the dot twice averaged: |Ax|^2 / |AAx|, with |a|^2 = 1 / m and |a * a|^2 = (2 m^2 + 1) / (3 m^3) on
    # each axis while the window twice over does not meet itself.
    dot = np.eye(1, 64).reshape(1, 8, 8)
    kernel = WindowAverage(Convolutional(1, 1, "flatten", activation="identity"), window)
    f = Interpolant(kernel, np.concatenate([dot, -dot]), [1, -1])
    distance = abs(f(dot[0])) / np.linalg.norm(f.gradient(dot[0]))
    assert distance == pytest.approx(3 * window / (2 * window**2 + 1), rel=64 * EPS)
    twice = moving_average(moving_average(dot, window), window)
    # Averaged back, not on, the largest value is at the dot.
    assert distance == pytest.approx(twice.max() / np.linalg.norm(twice), rel=64 * EPS)


@with_library
def test_it_is_the_overlapping_pool_of_neural_tangents(monkeypatch):
    pool = oracle.stax_library().AvgPool((3, 3), strides=(1, 1), padding="CIRCULAR")
    flat, stax = Convolutional(readout="flatten"), oracle.stax_library()
    monkeypatch.setattr(oracle, "readout_layers", lambda *_: [pool, stax.Flatten()])
    expected = oracle.gram(flat, X, Z)
    assert np.abs(WindowAverage(flat, 3)(X, Z) - expected).max() <= GENERIC * np.abs(expected).max()


@pytest.mark.latest
def test_both_engines_agree_on_values_and_gradients():
    kernel = WindowAverage(FLAT, 2)
    values = kernel(jnp.asarray(X), jnp.asarray(Z))
    assert np.abs(values - kernel(X, Z)).max() <= 1e-13 * np.abs(values).max()
    f, h, direction = Interpolant(kernel, Z, [1.0, -1.0]), 1e-5, cases.gaussian(5, 1, (4, 5, 2))[0]
    slope = (f(X[0] + h * direction) - f(X[0] - h * direction)) / (2 * h)
    # h^2 of third derivatives of order 100 at most here, and rounding eps f / h.
    assert abs(np.vdot(f.gradient(X[0]), direction) - slope) <= 100 * h**2 + 1e-10 * np.abs(f.coefficients).sum()


def test_flips_come_on_top():
    images = X[..., 0]
    both = GroupAverage(WindowAverage(Convolutional(readout="flatten"), 2), flips())
    assert np.abs(both(images, images[:, ::-1]) - both(images)).max() <= 64 * EPS * np.abs(both(images)).max()


def test_vectors_have_windows_too():
    rows = cases.gaussian(4, 3, (5,))
    whole = GroupAverage(FullyConnected(2), circular_shifts())(rows)
    assert np.abs(WindowAverage(FullyConnected(2), 5)(rows) - whole).max() <= 64 * EPS * np.abs(whole).max()
    assert np.abs(WindowAverage(FullyConnected(2), 2)(rows) - whole).max() > 1e-3 * np.abs(whole).max()


@pytest.mark.parametrize(("window", "axes"), [(2, None), (2, 0), (2, (0, 1)), ((2, 3), None), ((2, 3), (0, 1))])
def test_scikit_learn_clones_it(window, axes):
    kernel = WindowAverage(FLAT, window, axes)
    assert clone(kernel) == kernel


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: WindowAverage(3, 2), TypeError, "kernel: got 3, takes a callable"),
        (lambda: WindowAverage(FLAT, 0), ValueError, "window: got 0, takes a whole number of at least 1"),
        (lambda: WindowAverage(FLAT, 2, "x"), TypeError, "axes: got 'x', takes"),
        (lambda: WindowAverage(FLAT, 2, (0, 0)), ValueError, r"axes: got \(0, 0\), takes different axes"),
        (
            lambda: WindowAverage(FLAT, 5)(X),
            ValueError,
            r"window: got 5 for signals of shape \(4, 5, 2\), takes at most",
        ),
        (lambda: WindowAverage(FLAT, (2, 2, 2))(X), ValueError, r"window: got \(2, 2, 2\) for signals with 2"),
        (lambda: WindowAverage(FLAT, 2, 3)(X), ValueError, "axes: got 3, takes different axes"),
        (lambda: WindowAverage(Convolutional(padding="zero"), 2)(X), ValueError, "circular padding has that"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

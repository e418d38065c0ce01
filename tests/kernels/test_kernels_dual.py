"""Dual activations against Gaussian quadrature and against 50 digits; the polynomial against its bound; docstrings."""

import doctest
import importlib
import math

import kernel_cases as cases
import mpmath as mp
import numpy as np
import pytest
import reference
from scipy.special import erf, ndtr

from shiftmath.kernels import Convolutional, FullyConnected, angle_polynomials, dual

FUNCTIONS = {
    "relu": (lambda u: np.maximum(u, 0), lambda u: (u > 0) * 1.0),
    "leaky_relu": (lambda u: np.where(u > 0, u, 0.3 * u), lambda u: np.where(u > 0, 1, 0.3)),
    "abs": (np.abs, np.sign),
    "identity": (lambda u: u, np.ones_like),
    "erf": (erf, lambda u: 2 / math.sqrt(math.pi) * np.exp(-u * u)),
    "gelu": (lambda u: u * ndtr(u), lambda u: ndtr(u) + u * np.exp(-u * u / 2) / math.sqrt(2 * math.pi)),
}


@pytest.mark.parametrize("activation", cases.ACTIVATIONS)
@pytest.mark.parametrize(("p", "q", "k"), [(1.0, 1.0, 0.3), (2.0, 0.5, -0.8), (0.3, 0.4, 0.0)])
def test_dual_maps_are_gaussian_expectations(activation, p, q, k):
    draws, n = np.random.default_rng(0).normal(size=(2, 10**6)), 10**6
    u = math.sqrt(p) * draws[0]
    v = k / math.sqrt(p) * draws[0] + math.sqrt(q - k * k / p) * draws[1]
    for f, value in zip(FUNCTIONS[activation], dual.dual(activation, p, q, k, 0.3), strict=False):
        sample = f(u) * f(v)
        # Five standard errors.
        assert abs(sample.mean() - value) <= 5 * sample.std() / math.sqrt(n) + 1e-15


@pytest.mark.parametrize("activation", cases.ACTIVATIONS)
def test_dual_maps_equal_fifty_digits(activation):
    kernel = FullyConnected(activation=activation, negative_slope=0.3)
    for p, q, k in [(1.0, 1.0, 0.3), (2.0, 0.5, -0.8), (0.3, 0.4, 0.0), (3.0, 2.0, 2.0)]:
        exact = reference.dual(kernel)(mp.mpf(p), mp.mpf(q), mp.mpf(k))
        for value, wanted in zip(dual.dual(activation, p, q, k, 0.3), exact, strict=False):
            assert abs(value - wanted) <= 32 * np.finfo(float).eps * max(p, q, 1)


@pytest.mark.parametrize("activation", cases.ACTIVATIONS)
def test_variance_is_the_dual_on_the_diagonal(activation):
    q = np.array([0.0, 0.5, 3.0])
    assert np.allclose(dual.variance(activation, q), dual.dual(activation, q, q, q)[0], rtol=1e-14, atol=0)


def test_kappa1_is_the_integral_of_kappa0():
    rho, h = np.linspace(-0.9, 0.9, 7), 1e-5
    slope = (dual.kappa1(rho + h) - dual.kappa1(rho - h)) / (2 * h)
    # Central difference: h^2 / 6 times the third derivative, at most 1 / (pi 0.19^1.5) = 3.9 here, and rounding eps /
    # h.
    assert np.abs(slope - dual.kappa0(rho)).max() <= 4 * h**2 / 6 + 4e-16 / h


def test_unknown_activation_is_named():
    with pytest.raises(ValueError, match="activation: got 'tanh', takes one of 'relu'"):
        dual.dual("tanh", 1.0, 1.0, 0.5)


@pytest.mark.parametrize("name", ["FLOAT64", "FLOAT32"])
def test_angle_polynomial_stays_within_its_bound(name):
    table, bound = getattr(angle_polynomials, name), getattr(angle_polynomials, name + "_ERROR")
    width = 1 - mp.sqrt(mp.mpf(1) / 2)
    for k in range(201):
        v = width * k / 200
        exact = mp.acos(1 - v) / mp.sin(mp.acos(1 - v)) if v else mp.mpf(1)
        # The bound is that of exact coefficients; each is then rounded to float64, 2^-53 relative, and they sum to
        # below 1.2.
        assert abs(sum(mp.mpf(c) * v**i for i, c in enumerate(reversed(table))) - exact) <= bound + 1.2 * 2**-53


@pytest.mark.parametrize("name", ["dual", "plan", "fully_connected", "convolutional"])
def test_docstrings_compute_what_they_show(name):
    result = doctest.testmod(importlib.import_module(f"shiftmath.kernels.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_layer_weights_end_without_the_factor_of_a_next_layer():
    rows = Convolutional(3, weight_std=3.0).plan((5, 5)).convolution_weights
    assert np.allclose(rows[:2, :2], 0.25)
    assert np.allclose(rows[2, 2:4], -0.25)
    assert not rows[2, :2].any()

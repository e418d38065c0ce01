"""Two opposite samples: the closed form of their interpolant, and how much of a function is not linear."""

import numpy as np
import pytest

from shiftmath.interpolant import Interpolant, linear_misfit, opposite_pair
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.kernels.dual import kappa

EPS = np.finfo(float).eps


@pytest.mark.parametrize(
    ("kernel", "shape"),
    [(FullyConnected(2, "gelu", 0.3), (5,)), (Convolutional(2, activation="erf", spatial_axes=1), (6,))],
    ids=repr,
)
def test_the_pair_has_the_closed_form_of_a_symmetric_kernel(kernel, shape):
    rng = np.random.default_rng(0)
    x, Z = rng.standard_normal(shape), rng.standard_normal((20, *shape))
    to, away = kernel(Z, np.stack([x, -x])).T
    same, opposite = kernel(x[None], np.stack([x, -x]))[0]
    expected = (to - away) / (same - opposite)
    condition = same / (same - opposite)
    assert np.abs(opposite_pair(kernel, x)(Z) - expected).max() <= 64 * EPS * condition * (1 + np.abs(expected).max())


def test_one_hidden_layer_gives_a_linear_function_and_two_do_not():
    rng = np.random.default_rng(1)
    x, Z = rng.standard_normal(4), rng.standard_normal((50, 4))
    assert linear_misfit(opposite_pair(FullyConnected(), x), Z) <= 64 * EPS
    assert linear_misfit(opposite_pair(FullyConnected(2), x), Z) > 0.01
    assert linear_misfit(Interpolant(FullyConnected(), np.stack([x, -2 * x[::-1]]), [1, -1]), Z) > 0.01


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_the_misfit_is_the_sine_of_the_angle_to_the_linear_functions(scale):
    rng = np.random.default_rng(2)
    Z = np.linalg.qr(rng.standard_normal((30, 3)))[0]
    linear = Z @ rng.standard_normal(3)
    other = rng.standard_normal(30)
    other -= Z @ (Z.T @ other)
    other *= np.linalg.norm(linear) / np.linalg.norm(other)
    for angle in (0.1, 1.0, 1.5):
        values = scale * (np.cos(angle) * linear + np.sin(angle) * other)
        assert linear_misfit(lambda _, v=values: v, scale * Z) == pytest.approx(np.sin(angle), rel=64 * EPS)


def test_what_has_no_misfit_is_refused():
    with pytest.raises(ValueError, match="Z: got 2 samples of 2 entries, takes more samples than entries"):
        linear_misfit(lambda Z: Z[:, 0], np.eye(2))
    with pytest.raises(ValueError, match=r"f: got values of shape \(3,\), takes one for each of 3 samples, not all 0"):
        linear_misfit(lambda Z: 0 * Z[:, 0], np.ones((3, 2)))


def test_kappa_is_the_kernel_of_one_hidden_layer():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((40, 7)) * 10.0 ** rng.integers(-3, 4, (40, 1))
    X = np.concatenate([X, -X[:2], 2 * X[:2]])
    lengths = np.linalg.norm(X, axis=1)
    cosines = X @ X.T / np.outer(lengths, lengths)
    error = np.abs(7 * FullyConnected()(X) / np.outer(lengths, lengths) - kappa(cosines))
    # A cosine errs by 8 eps: 7 products and a division. The angle, in which kappa has slope at most 2, then errs by
    # 8 eps / sin, and near its ends by no more than sqrt(2 * 8 eps).
    sine = np.sqrt(np.maximum(1 - cosines**2, 0))
    assert (error <= 64 * EPS + 2 * np.minimum(8 * EPS / np.maximum(sine, EPS), np.sqrt(16 * EPS))).all()

"""Networks of finite width: their kernels, their symmetry and how gradient descent moves them."""

import jax
import numpy as np
import pytest

from shiftmath.groups import circular_shifts
from shiftmath.interpolant import Interpolant
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.ledger import fitted_slope
from shiftmath.networks import convolutional, empirical_ntk, fully_connected, layer_kernels, outputs, train

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(20210304)

CASES = [
    (lambda key, width: fully_connected(key, 6, width), FullyConnected(), (6,)),
    (lambda key, width: convolutional(key, 2, width, 2), Convolutional(filter_size=2), (5, 2)),
    (lambda key, width: convolutional(key, 1, width, (3, 2)), Convolutional(filter_size=(3, 2)), (4, 3, 1)),
]


@pytest.mark.parametrize(("build", "kernel", "shape"), CASES, ids=["dense", "line", "grid"])
def test_the_mean_tangent_kernel_is_the_closed_form_at_any_width(build, kernel, shape, rng):
    X, Z = rng.standard_normal((2, 3, *shape))
    found = np.array([empirical_ntk(*build(key, 50)[::-1], X, Z) for key in jax.random.split(KEY, 300)])
    standard_error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    # Nine entries, 300 seeds: five standard errors are exceeded by chance once in 10^5.
    assert (abs(found.mean(axis=0) - kernel(X, Z)) <= 5 * standard_error).all()
    assert (standard_error < 0.05 * abs(kernel(X, Z)).max()).all()


@pytest.mark.parametrize(("build", "kernel", "shape"), CASES, ids=["dense", "line", "grid"])
def test_the_last_layers_term_is_the_nngp_kernel(build, kernel, shape, rng):
    X, Z = rng.standard_normal((2, 3, *shape))
    found = np.array([layer_kernels(*build(key, 50)[::-1], X, Z)[-1] for key in jax.random.split(KEY, 300)])
    assert (abs(found.mean(axis=0) - kernel.nngp(X, Z)) <= 5 * found.std(axis=0, ddof=1) / np.sqrt(300)).all()


def test_a_deep_networks_kernel_approaches_the_closed_form_like_width_to_minus_one_half(rng):
    X, Z = rng.standard_normal((2, 3, 6))
    limit, widths = FullyConnected(depth=3)(X, Z), [32, 64, 128, 256]
    errors = [
        [np.sum((empirical_ntk(*fully_connected(key, 6, n, 3)[::-1], X, Z) - limit) ** 2) for n in widths]
        for key in jax.random.split(KEY, 40)
    ]
    # The mean square of 40 seeds errs by about 20 %, its root by 10 %; the slope of four such by 0.065.
    assert abs(fitted_slope(widths, np.sqrt(np.mean(errors, axis=0))) + 0.5) <= 4 * 0.065


@pytest.mark.parametrize("shape", [(1,), (5,), (8,), (3, 4)])
def test_the_pooled_network_is_invariant_under_every_shift(shape, rng):
    x = rng.standard_normal((*shape, 2))
    network = convolutional(KEY, 2, 64, (min(3, shape[0]),) + (2,) * (len(shape) - 1))
    orbit = circular_shifts(axes=tuple(range(len(shape)))).orbit(x)
    values = outputs(*network[::-1], orbit)
    # Only the order of the sum over pixels changes.
    assert np.ptp(values) <= 8 * EPS * orbit[0].size * np.abs(x).max()


def test_an_unpooled_order_of_taps_is_not_invariant_under_a_flip(rng):
    x = rng.standard_normal((7, 1))
    values = outputs(*convolutional(KEY, 1, 64, 3)[::-1], np.stack([x, x[::-1]]))
    assert np.ptp(values) > 1e-3


def test_the_tangent_kernel_is_the_squared_gradient_by_finite_differences(rng):
    X = rng.standard_normal((2, 4))
    parameters, apply = fully_connected(KEY, 4, 3)
    flat, shapes = np.concatenate([np.ravel(w) for w in parameters]), [w.shape for w in parameters]

    def f(w):
        parts = np.split(w, np.cumsum([np.prod(s) for s in shapes])[:-1])
        return outputs(apply, tuple(p.reshape(s) for p, s in zip(parts, shapes, strict=True)), X)

    h = 1e-6
    jacobian = np.array([(f(flat + h * e) - f(flat - h * e)) / (2 * h) for e in np.eye(flat.size)])
    assert np.allclose(empirical_ntk(apply, parameters, X, X), jacobian.T @ jacobian, rtol=0, atol=1e-8)


def test_one_step_moves_the_outputs_by_the_tangent_kernel_to_second_order(rng):
    X, Z, y = rng.standard_normal((3, 5)), rng.standard_normal((4, 5)), np.array([1.0, -1.0, 1.0])
    parameters, apply = fully_connected(KEY, 5, 40)
    kernel, start, rates = (
        empirical_ntk(apply, parameters, Z, X),
        outputs(apply, parameters, Z),
        2.0 ** -np.arange(8, 13),
    )
    moved = [outputs(apply, train(apply, parameters, X, y, rate, 1), Z) - start for rate in rates]
    gap = [np.linalg.norm(m - rate * kernel @ y) for m, rate in zip(moved, rates, strict=True)]
    # Below the first kink of a ReLU the remainder is a polynomial of degree two in the rate.
    assert abs(fitted_slope(rates, gap) - 2) <= 0.05


def test_a_wide_network_trains_to_the_interpolant_of_its_own_kernel(rng):
    X, Z, y = rng.standard_normal((3, 5)), rng.standard_normal((4, 5)), np.array([1.0, -1.0, 1.0])
    gaps = []
    for width in (2**8, 2**12):
        parameters, apply = fully_connected(KEY, 5, width)
        own = Interpolant(lambda X, Z=None, p=parameters, a=apply: empirical_ntk(a, p, X, X if Z is None else Z), X, y)
        eigenvalues = np.linalg.eigvalsh(own.gram)
        steps = int(np.ceil(np.log(1e-6) / np.log1p(-eigenvalues[0] / eigenvalues[-1])))
        trained = train(apply, parameters, X, y, 1 / eigenvalues[-1], steps)
        assert np.allclose(outputs(apply, trained, X) - outputs(apply, parameters, X), y, rtol=0, atol=1e-4)
        gaps.append(np.abs(outputs(apply, trained, Z) - outputs(apply, parameters, Z) - own(Z)).max())
    # 16 times the width: at least 4 times closer, the rate of the kernel itself.
    assert gaps[1] <= gaps[0] / 4


def test_no_steps_change_nothing():
    parameters, apply = fully_connected(KEY, 3, 4)
    kept = train(apply, parameters, np.eye(3), np.ones(3), 0.1, 0)
    assert all(np.array_equal(a, b) for a, b in zip(parameters, kept, strict=True))

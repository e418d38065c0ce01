"""Tangent kernels of finite networks against the closed forms, and how gradient descent moves a network."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath import networks
from shiftmath.interpolant import Interpolant
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.networks.arrays import output_shape
from shiftmath.networks.layers import Dense, Network, logits
from shiftmath.networks.tangent import empirical_ntk, layer_kernels, train, train_to_rest
from shiftmath.pages import fitted_slope

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(20210304)

ntk = {"classes": None, "bias": False, "initialisation": "ntk", "dtype": float}
dense = partial(networks.fully_connected, **ntk)
pooled = partial(networks.convolutional, channel_axis=True, **ntk)

CASES = {
    "dense": (partial(dense, shape=6), FullyConnected(), (6,)),
    "with biases": (partial(dense, shape=6, bias=True), FullyConnected(bias_std=1.0), (6,)),
    "line": (partial(pooled, shape=(5, 2), filter_size=2), Convolutional(filter_size=2, spatial_axes=1), (5, 2)),
    "grid": (partial(pooled, shape=(4, 3, 1), filter_size=(3, 2)), Convolutional(filter_size=(3, 2)), (4, 3, 1)),
    "zero padding": (
        partial(pooled, shape=(4, 3, 1), filter_size=(2, 3), padding="zero"),
        Convolutional(filter_size=(2, 3), padding="zero"),
        (4, 3, 1),
    ),
    "flatten": (
        partial(pooled, shape=(5, 2), filter_size=3, readout="flatten", bias=True),
        Convolutional(readout="flatten", bias_std=1.0, spatial_axes=1),
        (5, 2),
    ),
}


@pytest.mark.parametrize(("build", "kernel", "shape"), CASES.values(), ids=CASES)
def test_the_mean_kernel_is_the_closed_form_at_any_width_and_its_last_layers_term_the_nngp(build, kernel, shape, rng):
    X, Z = rng.standard_normal((2, 3, *shape))
    terms = np.array([layer_kernels(build(key, width=50), X, Z) for key in jax.random.split(KEY, 64)])
    for found, limit in ((terms.sum(axis=1), kernel(X, Z)), (terms[:, -1], kernel.nngp(X, Z))):
        standard_error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
        # Nine entries, 64 seeds: five standard errors are exceeded by chance once in 10^4.
        assert (abs(found.mean(axis=0) - limit) <= 5 * standard_error).all()
        assert (standard_error < 0.1 * abs(limit).max()).all()


def test_a_deep_networks_kernel_approaches_the_closed_form_like_width_to_minus_one_half(rng):
    X, Z = rng.standard_normal((2, 3, 6))
    limit, widths = FullyConnected(depth=3)(X, Z), [32, 64, 128, 256]
    errors = [
        [np.sum((empirical_ntk(dense(key, 6, width=n, depth=3), X, Z) - limit) ** 2) for n in widths]
        for key in jax.random.split(KEY, 40)
    ]
    # The mean square of 40 seeds errs by about 20 %, its root by 10 %; the slope of four such by 0.065.
    assert abs(fitted_slope(widths, np.sqrt(np.mean(errors, axis=0))) + 0.5) <= 4 * 0.065


def test_the_tangent_kernel_is_the_squared_gradient_by_finite_differences(rng):
    X = rng.standard_normal((2, 4))
    network = dense(KEY, 4, width=3)
    leaves, structure = jax.tree.flatten(network)
    flat = np.concatenate([np.ravel(w) for w in leaves])

    def f(w):
        parts = np.split(w, np.cumsum([leaf.size for leaf in leaves])[:-1])
        arrays = [jnp.array(p.reshape(leaf.shape)) for p, leaf in zip(parts, leaves, strict=True)]
        return logits(jax.tree.unflatten(structure, arrays), X)

    h = 1e-6
    jacobian = np.array([(f(flat + h * e) - f(flat - h * e)) / (2 * h) for e in np.eye(flat.size)])
    assert np.allclose(empirical_ntk(network, X, X), jacobian.T @ jacobian, rtol=0, atol=1e-8)


@pytest.mark.latest
def test_the_layers_terms_add_up_to_the_tangent_kernel(rng):
    X, Z = rng.standard_normal((2, 3, 4))
    network = dense(KEY, 4, width=20, depth=2, bias=True)
    terms = layer_kernels(network, X, Z)
    assert terms.shape == (3, 3, 3)
    assert np.allclose(terms.sum(axis=0), empirical_ntk(network, X, Z), rtol=64 * EPS, atol=64 * EPS)


@pytest.mark.latest
def test_one_step_moves_the_outputs_by_the_tangent_kernel_to_second_order(rng):
    X, Z, y = rng.standard_normal((3, 5)), rng.standard_normal((4, 5)), np.array([1.0, -1.0, 1.0])
    network = dense(KEY, 5, width=40)
    kernel, start, rates = empirical_ntk(network, Z, X), logits(network, Z), 2.0 ** -np.arange(8, 13)
    moved = [logits(train(network, X, y, rate, 1), Z) - start for rate in rates]
    gap = [np.linalg.norm(m - rate * kernel @ y) for m, rate in zip(moved, rates, strict=True)]
    # Below the first kink of a ReLU the remainder is a polynomial of degree two in the rate.
    assert abs(fitted_slope(rates, gap) - 2) <= 0.05


def test_a_wide_network_trains_to_the_interpolant_of_its_own_kernel(rng):
    X, Z, y = rng.standard_normal((3, 5)), rng.standard_normal((4, 5)), np.array([1.0, -1.0, 1.0])
    gaps = []
    for width in (2**8, 2**12):
        network = dense(KEY, 5, width=width)
        own = Interpolant(lambda X, Z=None, f=network: empirical_ntk(f, X, X if Z is None else Z), X, y)
        trained = train_to_rest(network, X, y, 1e-6)
        assert np.allclose(logits(trained, X) - logits(network, X), y, rtol=0, atol=1e-4)
        gaps.append(np.abs(logits(trained, Z) - logits(network, Z) - own(Z)).max())
    # 16 times the width: at least 4 times closer, the rate of the kernel itself.
    assert gaps[1] <= gaps[0] / 4


def test_at_rest_every_error_has_shrunk_to_its_share():
    X, y = np.diag([1.0, 2.0, 4.0]), np.array([3.0, -4.0, 5.0])
    linear = Network((Dense(jnp.zeros(3)),))
    for error in (1e-2, 1e-9):
        off = np.abs(logits(train_to_rest(linear, X, y, error), X) - y) / np.abs(y)
        # The slowest of three errors shrinks by 1 - 1/16 in each of the least number of steps that suffices.
        assert error * (1 - 1 / 16) * (1 - 1e-6) <= off.max() <= error * (1 + 1e-6)
    assert logits(train_to_rest(linear, np.eye(3), y), np.eye(3)).tolist() == y.tolist()


def test_targets_out_of_reach_are_refused():
    with pytest.raises(
        ValueError, match=r"X: got a tangent kernel with eigenvalues .*, takes one that is not singular"
    ):
        train_to_rest(dense(KEY, 2), [[1.0, 0.0], [1.0, 0.0]], [1.0, -1.0])


def test_no_steps_change_nothing():
    network = dense(KEY, 3, width=4)
    kept = jax.tree.leaves(train(network, np.eye(3), np.ones(3), 0.1, 0))
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(network), kept, strict=True))


def test_a_network_of_several_outputs_has_no_single_kernel():
    with pytest.raises(ValueError, match=r"network: got outputs of shape \(2,\), takes a network of one output"):
        empirical_ntk(networks.fully_connected(KEY, 3, 2), np.eye(3), np.eye(3))


def test_a_descent_that_diverges_names_the_step_and_a_rate_is_a_finite_number():
    network, X = Network((Dense(jnp.zeros(1)),)), [[1e3]]
    # The error is multiplied by 1 - 1e6 at each step: its square passes 1.8e308 after 308 / 12 of them.
    with jax.debug_nans(False), pytest.raises(FloatingPointError, match="loss: got inf at step 26, takes a smaller"):
        train(network, X, [1.0], 1.0, 300)
    for rate in (float("nan"), float("inf"), -1.0):
        with pytest.raises(ValueError, match=f"rate: got {rate}, takes a non-negative finite number"):
            train(network, X, [1.0], rate, 300)


def test_networks_that_differ_in_their_weights_alone_are_traced_once(rng):
    traced = []

    def counted(x):
        traced.append(x)
        return x

    X, times = rng.standard_normal((3, 4)), []
    for weight in rng.standard_normal((3, 4)):
        gram = empirical_ntk(Network((counted, Dense(jnp.asarray(weight)))), X, X)
        np.testing.assert_allclose(gram, X @ X.T, atol=64 * EPS * (X * X).sum())
        times.append(len(traced))
    assert times[0] == times[1] == times[2]


class Listed(eqx.Module):
    """A network with a list, and with what has no hash."""

    layers: list
    mark: object

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return jnp.sum(x)


def test_modules_may_hold_lists_and_what_has_no_hash(rng):
    X = rng.standard_normal((2, 4))
    slope = 1 - np.tanh(X) ** 2
    gram = empirical_ntk(Listed([Dense(jnp.eye(4)), jnp.tanh], [1]), X, X)
    np.testing.assert_allclose(gram, (slope @ slope.T) * (X @ X.T), atol=64 * EPS * np.sum(X * X))
    assert output_shape(Listed([Dense(jnp.eye(4))], {1}), jnp.asarray(X)) == ()

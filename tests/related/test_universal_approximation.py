"""Narrow circular networks: equivariant, exact where they are put together by hand, and what training gives them."""

from fractions import Fraction
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shiftmath import dot_on_gray
from shiftmath.groups import assert_equivariant, assert_invariant
from shiftmath.networks import fit_many, logits
from shiftmath.related import largest_plus_smallest, narrow, squared_differences

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(15)


def arrays(network):
    """Filters, biases and matrices of the layers, lift and read-out, as NumPy arrays."""
    _, lift, stack, out, _ = network.layers
    conv, V = stack.steps.convolution, stack.steps.mixing
    found = (conv.weight, conv.bias, V, lift.weight, lift.bias, out.weight, out.bias)
    return [None if a is None else np.asarray(a) for a in found]


def by_rolls(network, x):
    """The values of a circular network on a signal of one axis, from sums of shifted signals."""
    weight, bias, mixing, *ends = arrays(network)
    lift, offset, out, last = (e.reshape(-1) for e in ends)
    z = x[:, None] * lift + offset
    for layer in range(len(weight)):
        h = sum(np.roll(z, -k, axis=0) @ w for k, w in enumerate(weight[layer]))
        h = np.maximum(h + bias[layer], 0)
        z = h if mixing is None else z + h @ mixing[layer]
    return z @ out + last


@pytest.mark.latest
@pytest.mark.parametrize("residual", [False, True])
def test_the_values_are_the_formula(rng, residual):
    network = narrow(KEY, 5, channels=2, depth=3, residual=residual, dtype=float)
    x = rng.uniform(-1, 1, 5)
    # Sums of 4 terms in each of 3 layers, none of which expands by more than a few.
    assert logits(network, x[None])[0] == pytest.approx(by_rolls(network, x), abs=100 * EPS)


def called(network):
    """The network as a function of one signal, compiled once."""
    return lambda x: logits(network, x[None])[0]


@pytest.mark.parametrize(("shape", "residual"), [((6,), False), ((2, 3), True)])
def test_circular_networks_are_equivariant_and_their_mean_invariant(rng, shape, residual):
    x = rng.uniform(-1, 1, shape)
    make = partial(narrow, KEY, shape, channels=2, depth=4, residual=residual, dtype=float)
    assert_equivariant(called(make()), x, tolerance=100 * EPS)
    assert_invariant(called(make(invariant=True)), x, tolerance=100 * EPS)
    with pytest.raises(AssertionError, match="fails by"):
        assert_equivariant(called(make(padding="zero")), x, tolerance=1e-3)


def test_a_filter_of_one_tap_sees_nothing_along_its_axis(rng):
    network = narrow(KEY, (3, 4), channels=3, filter_size=(1, 2), depth=4, dtype=float)
    X = rng.uniform(-1, 1, (2, 3, 4))
    X[1, 1] = X[0, 1]
    value, other = logits(network, X)
    assert np.array_equal(value[1], other[1])
    assert not np.array_equal(value, other)


def test_a_plain_network_begins_near_the_identity(rng):
    x = rng.uniform(-1, 1, 6)
    network = narrow(KEY, 6, channels=2, depth=400, residual=False, dtype=float)
    exact = eqx.tree_at(lambda n: n.layers[2].steps.convolution.weight, network, replace_fn=lambda w: jnp.round(w))
    _, _, _, lift, *_ = arrays(network)
    assert logits(exact, x[None])[0] == pytest.approx(x * lift.mean(), abs=10 * EPS)


@pytest.mark.parametrize("shape", [(2,), (5,), (3, 4), (1, 3)])
def test_the_largest_and_the_smallest_are_found_whatever_the_signal(rng, shape):
    network = largest_plus_smallest(shape)
    X = rng.uniform(-1, 1, (20, *shape))
    rows = X.reshape(20, -1)
    # Each of at most n - 1 layers rounds twice, and the mean over n positions as often.
    rounding = 4 * np.prod(shape) * EPS
    assert logits(network, X) == pytest.approx(rows.max(axis=1) + rows.min(axis=1), abs=rounding)
    assert_invariant(called(network), X[0], tolerance=rounding)


def test_it_takes_the_reach_of_its_layers():
    network = largest_plus_smallest(4)
    short = eqx.tree_at(lambda n: n.layers[2].steps, network, replace_fn=lambda s: jax.tree.map(lambda a: a[:-1], s))
    x = np.array([0.0, 0.0, 0.0, 1.0])
    assert logits(network, x[None])[0] == 1
    assert logits(short, x[None])[0] == 0.75


@pytest.mark.parametrize("d", [2, 5])
def test_a_dot_is_as_far_from_its_boundary_at_any_size(d):
    network, (white, _) = largest_plus_smallest((d, d)), dot_on_gray((d, d))
    boundary = white.copy()
    boundary[tuple(np.argwhere(white == 1)[0])] = 0.5
    boundary[tuple(np.argwhere(white == 0)[0])] = -0.5
    assert np.array_equal(logits(network, [white, -white, boundary]), [1, -1, 0])


def interpolated(u, levels):
    """u - sum of iterated tents over powers of 4, in fractions."""
    total, t = u, u
    for s in range(1, levels + 1):
        t = 2 * min(t, 1 - t)
        total -= t / 4**s
    return total


@pytest.mark.parametrize("levels", [1, 4, 7])
def test_squares_are_off_by_a_quarter_of_that_of_one_level_less(levels):
    u = [Fraction(k, 2 ** (levels + 1)) for k in range(2 ** (levels + 1) + 1)]
    X = np.array([[float(v), -float(v)] for v in u])
    values = logits(squared_differences(levels), X)
    # All numbers are multiples of 2^-(2 levels + 1) below 4: none is rounded.
    assert [Fraction(v) for v in values[:, 0].tolist()] == [interpolated(v, levels) for v in u]
    assert np.array_equal(values[:, 0], values[:, 1])
    assert max(interpolated(v, levels) - v**2 for v in u) == Fraction(1, 4 ** (levels + 1))


def test_squares_are_of_differences_to_the_next_position(rng):
    x = rng.uniform(-1, 1, 7)
    off = logits(squared_differences(12), x[None])[0] - ((x - np.roll(x, -1)) / 2) ** 2
    assert np.all((off >= -100 * EPS) & (off <= 4.0**-13 + 100 * EPS))


def test_training_lowers_the_error_of_every_start(rng):
    X = rng.uniform(-1, 1, (64, 2)).astype(np.float32)
    build, keys = partial(narrow, shape=2, channels=2, depth=3), jax.random.split(KEY, 3)
    target = X * X.sum(axis=1, keepdims=True)
    _, losses = fit_many(build, keys, X, target, optax.adam(1e-2), 100, loss="squared")
    assert np.all(losses[:, -1] < losses[:, 0] / 2)


def test_sizes_that_are_none_are_named():
    with pytest.raises(ValueError, match=r"^filter_size: got 3 for signals of shape"):
        narrow(KEY, 2, filter_size=3)
    with pytest.raises(ValueError, match=r"^shape: got 1, takes one of at least two positions"):
        largest_plus_smallest(1)

"""What narrower networks cannot do: floors in closed form, and networks that stay above them."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.related import monotone_distance, narrow, order_floor, product_grid, unseen_variance

EPS = float(np.finfo(float).eps)


def own_square(x):
    return x * x.sum()


def right_and_below(x):
    return x * (np.roll(x, -1, axis=1) + np.roll(x, -1, axis=0))


def whole_numbers(key, shape, **options):
    """A network whose parameters are small whole numbers: on whole numbers it does not round."""
    network = narrow(key, shape, dtype=float, **options)
    leaves, tree = jax.tree.flatten(network)
    keys = jax.random.split(key, len(leaves))
    drawn = [jnp.round(1.2 * jax.random.normal(k, leaf.shape, float)) for k, leaf in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(tree, drawn)


def test_the_grid_integrates_polynomials():
    X, probability = product_grid((2, 1), nodes=3)
    assert probability.sum() == pytest.approx(1, abs=4 * EPS)
    for powers in itertools.product(range(6), repeat=2):
        moment = probability @ np.prod(X.reshape(-1, 2) ** np.array(powers), axis=1)
        assert moment == pytest.approx(np.prod([(1 - p % 2) / (p + 1) for p in powers]), abs=10 * EPS)


def test_what_one_tap_leaves_is_what_it_does_not_see():
    # E x_0^2 E x_1^2; of a product with another position all of it; nothing of a function of the own position.
    assert unseen_variance(own_square, 2) == pytest.approx(1 / 9, abs=10 * EPS)
    assert unseen_variance(lambda x: x * np.roll(x, -2), 6, nodes=3) == pytest.approx(1 / 9, abs=10 * EPS)
    assert unseen_variance(np.exp, 3, nodes=3) == pytest.approx(0, abs=10 * EPS)


@pytest.mark.parametrize(("seen", "floor"), [((), 2 / 9), (0, 1 / 9), (1, 1 / 9), ((0, 1), 0), (None, 0)])
def test_in_two_dimensions_both_axes_have_to_be_seen(seen, floor):
    assert unseen_variance(right_and_below, (3, 3), seen, nodes=2) == pytest.approx(floor, abs=100 * EPS)


def test_it_is_the_least_error_of_a_function_of_the_own_position():
    X, probability = product_grid(2, nodes=5)
    phi, nodes = np.exp(X[:, 0] - X[:, 1] * X[:, 0]), np.unique(X[:, 0])
    features = X[:, :1] == nodes  # any function of x_0
    weights = np.sqrt(probability)[:, None]
    _, residual, *_ = np.linalg.lstsq(weights * features, weights[:, 0] * phi, rcond=None)
    found = unseen_variance(lambda x: np.exp(x - np.roll(x, -1) * x), 2, nodes=5)
    assert found == pytest.approx(residual[0], abs=100 * EPS)


def test_the_wrong_order_costs_a_forty_fifth():
    assert order_floor(own_square) == pytest.approx(1 / 45, abs=10 * EPS)
    assert order_floor(np.exp) == order_floor(np.negative) == 0


def test_the_floor_of_order_is_attained_where_only_the_difference_is_wrong():
    X, probability = product_grid(2, nodes=6)
    phi = np.stack([own_square(x) for x in X])
    right = (phi @ [1, -1]) * (X @ [1, -1]) >= 0
    best = np.where(right[:, None], phi, phi.mean(axis=1, keepdims=True))
    assert probability @ np.mean((best - phi) ** 2, axis=1) == pytest.approx(order_floor(own_square, 6), abs=10 * EPS)


def values_of_many(X, shape, **options):
    """(networks, signals, *shape): those of 60 networks of three layers."""
    keys = jax.random.split(jax.random.key(15), 60)
    make = partial(whole_numbers, shape=shape, depth=3, **options)
    return np.asarray(jax.jit(jax.vmap(lambda key: jax.vmap(make(key))(X)))(keys))


def test_one_plain_channel_keeps_order_and_a_second_or_a_residual_does_not(rng):
    X = rng.integers(-9, 10, (200, 2)).astype(float)

    def signs(**options):
        moved = np.sign((values_of_many(X, 2, **options) @ [1, -1]) * (X @ [1, -1]))
        return [len({*row.tolist()} - {0.0}) for row in moved]

    assert set(signs(residual=False)) == {0, 1}
    assert 2 in signs(residual=True)
    assert 2 in signs(residual=False, channels=2)


def test_one_plain_channel_is_monotone_on_constant_signals_of_any_size():
    X = np.arange(-20.0, 21.0)[:, None] * np.ones(5)
    values = values_of_many(X, 5, filter_size=3, residual=False)[:, :, 0]
    assert max(map(monotone_distance, values)) == 0
    assert np.ptp(values, axis=1).max() > 0
    assert max(map(monotone_distance, values_of_many(X, 5, filter_size=3)[:, :, 0])) > 0


def test_the_monotone_distance_is_that_of_the_nearest_sequence(rng):
    for _ in range(20):
        g = rng.integers(-4, 5, rng.integers(1, 9)).astype(float)
        distance, (up, down) = monotone_distance(g), (np.maximum.accumulate(g), np.minimum.accumulate(g))
        near = up - np.max(up - g) / 2, down + np.max(g - down) / 2
        assert distance == min(np.max(np.abs(a - g)) for a in near)
        i, j = np.triu_indices(len(g))
        assert distance == min(np.max(g[i] - g[j]), np.max(g[j] - g[i])) / 2


def test_targets_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"^target: got values of shape \(\), takes those of the signal"):
        unseen_variance(np.sum, 2)

"""Whole networks: exactly invariant with one choice of a component, before and after training, and not otherwise."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shiftmath.groups import circular_shifts, consistency
from shiftmath.networks import convolutional, fit, logits, residual
from shiftmath.networks.downsampling import (
    APS,
    FractionalShifts,
    WindowShifts,
    downsampler,
    equivariance,
)

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(20211012)
EXACT = ["aps", "aps-linf", "aps-blur", "lps"]
COMMON = {"shape": (16,), "classes": 3, "dtype": float}
NET = partial(convolutional, KEY, **COMMON, width=4, depth=3)
DEEP = partial(residual, KEY, **COMMON, widths=(3, 4))
SHIFTS = circular_shifts()
# Logits near 1 after three layers of at most 36 products each.
ROUNDING = 1e-9


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(20211012)
    return rng.standard_normal((12, 16)), np.arange(12) % 3


@pytest.fixture
def error(data):
    """The largest change of a logit over all shifts of a few images."""
    return lambda network, moves=SHIFTS: equivariance(network, *data, moves).error.max()


def net(rule, **options):
    return NET(stride=(2, 2, 1), downsample=rule, **options)


@pytest.mark.latest
@pytest.mark.parametrize("rule", EXACT)
def test_one_choice_of_a_component_is_exact(rule, error):
    assert error(net(rule)) <= ROUNDING


@pytest.mark.parametrize("rule", ["aps", "lps"])
def test_and_it_stays_exact_in_training(rule, data, error):
    start = net(rule)
    end, _ = fit(start, *data, optax.adam(0.02), 15)
    assert error(end) <= ROUNDING
    assert not np.allclose(logits(start, data[0]), logits(end, data[0]), atol=1e-2)


@pytest.mark.parametrize("rule", ["stride", "blur", "lps-softmax", "aps-per-channel", "tips"])
def test_what_is_not_exact_shows_in_the_logits(rule, error):
    assert error(net(rule)) > 1e-5


@pytest.mark.parametrize("rule", ["aps", "lps"])
def test_on_images_too(rule):
    images = np.random.default_rng(0).standard_normal((2, 8, 8))
    network = convolutional(KEY, (8, 8), 3, 4, depth=2, stride=2, downsample=rule, dtype=float)
    assert equivariance(network, images, [0, 1]).error.max() <= ROUNDING


def test_zero_padding_breaks_it(error):
    assert error(net("aps", padding="zero")) > 1e-3


def test_an_uneven_length_breaks_it(error):

    def build(key, channels, axes, dtype, stride, uneven):
        return downsampler("aps", key, channels, axes, stride=stride, uneven="wrap", dtype=dtype)

    X, y = np.random.default_rng(0).standard_normal((3, 14)), np.arange(3)
    odd = convolutional(KEY, 14, 3, 4, depth=3, stride=(2, 2, 1), downsample=build, dtype=float)
    assert equivariance(odd, X, y).error.max() > 1e-3  # 14, 7, 4
    even = convolutional(KEY, 14, 3, 4, depth=2, stride=(2, 1), downsample=build, dtype=float)
    assert equivariance(even, X, y).error.max() <= ROUNDING  # 14, 7


def test_multiples_of_the_total_stride_are_exact_for_all_but_tips(error):
    multiples = circular_shifts(stride=4)
    assert max(error(net(rule), multiples) for rule in ("stride", "max", "average", "blur")) <= ROUNDING
    assert error(net("tips-circular"), multiples) > 1e-6


def test_stride_by_name_is_a_convolution_with_a_stride(data):
    named, plain = net("stride"), net(None)
    assert np.abs(logits(named, data[0]) - logits(plain, data[0])).max() <= 64 * EPS


@pytest.mark.latest
@pytest.mark.parametrize("rule", ["aps", "lps"])
def test_residual_blocks_share_one_choice(rule, error):
    assert error(DEEP(downsample=rule, stride=2)) <= ROUNDING


def test_a_choice_of_its_own_on_the_shortcut_breaks_it(error):
    network = DEEP(downsample="aps", stride=2)
    block = next(i for i, layer in enumerate(network.layers) if hasattr(layer, "apart"))
    apart = eqx.tree_at(lambda n: n.layers[block].apart, network, APS(), is_leaf=lambda leaf: leaf is None)
    assert error(apart) > 1e-3
    assert error(DEEP(downsample="tips", stride=2)) > 1e-6  # it has one


def test_a_residual_network_with_aps_learns_with_its_batch_norms(data, error):
    start = DEEP(downsample="aps", stride=2)
    end, losses = fit(start, *data, optax.adam(0.02), 15)
    assert losses[-1] < losses[0]
    assert error(end) <= ROUNDING
    moved = [a for a, b in zip(jax.tree.leaves(end), jax.tree.leaves(start), strict=True) if not np.array_equal(a, b)]
    assert len(moved) > 10  # weights, gains and statistics of every layer


def test_the_counts_are_those_of_consistency(data):
    network = net("stride")
    found = equivariance(network, *data)

    def classes(Z):
        return logits(network, Z).argmax(axis=1)

    assert np.abs(found.consistency - consistency(classes, data[0])).max() <= 4 * EPS
    copies = np.stack([np.roll(data[0], s, axis=1) for s in range(16)])
    right = np.array([classes(copy) == data[1] for copy in copies])
    assert np.abs(found.fidelity - right.mean(axis=0) ** 2).max() <= 4 * EPS
    assert found.accuracy == right[0].mean()
    assert found.worst_accuracy == right.all(axis=0).mean()


def test_fidelity_is_no_product_of_accuracy_and_consistency():
    def bright(x):
        return jnp.stack([x[0] - 0.5, 0.5 - x[0]])

    found = equivariance(bright, [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0, 0, 1])
    assert found.consistency.tolist() == [0.5, 0.5, 1]
    assert found.fidelity.tolist() == [0.25, 0.25, 0]
    assert abs(found.accuracy * found.consistency.mean() - found.fidelity.mean()) > 0.05


@pytest.mark.latest
def test_the_layer_where_exactness_is_lost_is_seen(data):
    flat = partial(convolutional, KEY, **COMMON, width=4, depth=2, stride=2)
    good = equivariance(flat(downsample="aps"), *data, layers=True).layers
    bad = equivariance(flat(downsample="stride"), *data, layers=True).layers
    names = [type(layer).__name__ for layer in flat(downsample="aps").layers]
    assert good.shape == (len(names), 12)
    assert good.max() <= 1e-12
    first = names.index("APS")
    assert bad[:first].max() <= 1e-12
    assert bad[first:].max(axis=1).min() > 1e-3


def test_windows_with_a_margin_of_zeros_are_circular_and_without_one_they_are_not(rng):
    inside = np.zeros((6, 6))
    inside[1:5, 1:5] = rng.standard_normal((4, 4))
    assert np.array_equal(WindowShifts(1).orbit(inside), WindowShifts(1, "zero").orbit(inside))
    assert not np.array_equal(WindowShifts(2).orbit(inside), WindowShifts(2, "zero").orbit(inside))
    whole = {x.tobytes() for x in WindowShifts(3).orbit(inside)}
    assert whole == {x.tobytes() for x in circular_shifts().orbit(inside)}
    assert np.array_equal(WindowShifts(1, axes=0).orbit(inside)[1], np.roll(inside, -1, 0))


def between(d, parts):
    """The rows (parts * d, d, d) that move a line of d samples by multiples of 1 / parts, without highest frequency."""
    k = np.arange(1, (d + 1) // 2)
    t = np.arange(d)[:, None] - np.arange(d) - (np.arange(parts * d) / parts)[:, None, None]
    return (1 + 2 * np.cos(2 * np.pi * k * t[..., None] / d).sum(-1)) / d


@pytest.mark.parametrize("shape", [(5,), (6,), (4, 3)])
def test_shifts_by_fractions_move_the_trigonometric_interpolant(shape, rng):
    x = rng.standard_normal(shape)
    for axis, d in enumerate(shape):  # the highest frequency of an even length goes
        x = np.moveaxis(np.tensordot(between(d, 1)[0], x, (1, axis)), 0, axis)
    lines = [between(d, 2) for d in shape]
    copies = FractionalShifts(2).orbit(x).reshape(*[2 * d for d in shape], *shape)
    for step in np.ndindex(*copies.shape[: len(shape)]):
        moved = x
        for axis, s in enumerate(step):
            moved = np.moveaxis(np.tensordot(lines[axis][s], moved, (1, axis)), 0, axis)
        assert np.abs(copies[step] - moved).max() <= 64 * EPS * np.abs(x).max()


def test_aps_is_not_exact_between_the_samples(error):
    assert error(net("aps"), FractionalShifts(2)) > 1e-3


def test_what_is_no_set_of_shifts_is_named(data):
    network = net("stride")
    with pytest.raises(TypeError, match="moves: got 3, takes None, a group or a set of shifts"):
        equivariance(network, *data, 3)
    with pytest.raises(ValueError, match="y: got 3, takes labels from 0 to 2"):
        equivariance(network, data[0][:3], [0, 1, 3])
    with pytest.raises(ValueError, match=r"f: got values float64 of shape \(\), takes floating-point logits"):
        equivariance(lambda x: x.sum(), *data)
    with pytest.raises(ValueError, match="downsample: got 'fast', takes None, one of 'stride'"):
        net("fast")

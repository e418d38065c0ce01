"""Layers that learn by another derivative than their own, and the loss of TIPS."""

import itertools
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shiftmath.networks import convolutional, fit_many, logits, member
from shiftmath.networks.downsampling import LPS, TIPS, TIPSLoss, held, lie_derivative
from shiftmath.networks.losses import batch_loss

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(20211012)
NET = partial(convolutional, shape=(8,), classes=3, width=4, depth=2, stride=2, hidden_norm=True, dtype=float)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(20211012)
    return rng.standard_normal((6, 8)), np.arange(6) % 3


def central(f, X, V, step):
    """The directional derivatives of f at X along V, by differences of the fourth order."""
    at = {k: logits(f, X + k * step * V) for k in (-2, -1, 1, 2)}
    return (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * step)


def along(f, X, V):
    return np.asarray(jax.vmap(lambda x, v: jax.jvp(f, (x,), (v,))[1])(jnp.asarray(X), jnp.asarray(V)))


def test_a_held_choice_has_the_values_bit_for_bit_and_their_own_derivative(data):
    network = NET(KEY, downsample="lps")
    fixed, V = held(network), np.random.default_rng(0).standard_normal(data[0].shape)
    assert np.array_equal(logits(fixed, data[0]), logits(network, data[0]))
    # The network is linear within a ReLU's pieces, so the difference has the rounding of values near 1 over the step.
    step = 2.0**-20
    expected, rounding = central(fixed, data[0], V, step), 64 * EPS / step
    assert np.abs(along(fixed, data[0], V) - expected).max() <= rounding
    assert np.abs(along(network, data[0], V) - expected).max() > 1000 * rounding  # that of a softmax mixture


def test_the_lie_derivative_of_a_held_network_is_that_of_its_values(data):
    network = held(NET(KEY, downsample="lps"))
    frequency = 2j * np.pi * np.fft.rfftfreq(8)
    frequency[-1] = 0
    velocity = np.fft.irfft(-frequency * np.fft.rfft(data[0]), 8)
    step = 2.0**-20
    expected = central(network, data[0], velocity, step)
    assert np.abs(lie_derivative(network, data[0])[:, 0] - expected).max() <= 64 * EPS / step


def test_only_the_choices_of_lps_are_held_alone_and_in_stacks(data):
    keys = jax.random.split(KEY, 2)
    stack, _ = fit_many(partial(NET, downsample="lps"), keys, *data, optax.sgd(0.1), 1)
    one = member(held(stack), 1)
    assert [layer.selection for layer in one.layers if isinstance(layer, LPS)] == ["held"]
    assert np.array_equal(logits(one, data[0]), logits(member(stack, 1), data[0]))
    assert held(LPS.of(KEY, 1, 1, float, selection="softmax")).selection == "softmax"
    other = NET(KEY, downsample="aps")
    assert eqx.tree_equal(held(other), other)


def by_hand(network, X, y, alpha, reach, undo):
    """The loss of TIPS for a network without norms, image by image and shift by shift."""
    first, psi_layer = network.layers[:3], network.layers[3]
    R, U = [], []
    for x in X:
        h = jnp.asarray(x)
        for layer in first:
            h = layer(h)
        tau, psi, h = (np.asarray(a) for a in (psi_layer.choice(h), psi_layer.features(h), h))
        R.append(np.mean(1 - np.linalg.norm(tau, axis=0)))
        U.append(np.mean([(psi - np.roll(h, a, 0)) ** 2 for a in range(-reach, reach + 1)]))
    z = logits(network, X)
    task = np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y])
    return (1 - alpha) * task + np.mean(R) + undo * alpha * np.mean(U)


def test_the_loss_of_tips_is_that_of_its_definition(data):
    network = convolutional(KEY, (8,), 3, 4, depth=2, stride=2, downsample="tips", dtype=float)
    assert isinstance(network.layers[3], TIPS)
    for loss, alpha in ((TIPSLoss(), 0.35), (TIPSLoss(0.2, 1), 0.2), (TIPSLoss(undo=False), 0.35)):
        expected = by_hand(network, *data, alpha, loss.reach, loss.undo)
        found, _ = loss(network, jnp.asarray(data[0]), jnp.asarray(data[1]))
        assert abs(found - expected) <= 64 * EPS * abs(expected)


@pytest.mark.latest
def test_networks_learn_by_the_loss_of_tips_with_their_batch_norms(data):
    build, keys = partial(NET, downsample="tips"), jax.random.split(KEY, 2)
    stack, losses = fit_many(build, keys, *data, optax.adam(0.01), 20, loss=TIPSLoss(), every=8)
    assert losses.shape == (2, 20)
    assert (losses[:, -1] < losses[:, 0]).all()
    ends = [member(member(stack, k), 1) for k in range(3)]  # after 8, 16 and 20 steps
    norms = [next(layer for layer in net.layers if hasattr(layer, "variance")) for net in (build(keys[1]), *ends)]
    assert all(np.ptp([a.mean, b.mean], axis=0).max() > 1e-6 for a, b in itertools.pairwise(norms))
    # What a loss without the pair does, which keeps the statistics.
    plain = batch_loss(build(KEY), *map(jnp.asarray, data), lambda f, X, y: f(X[0]).sum())[1]
    assert eqx.tree_equal(plain, build(KEY))


def test_the_networks_on_the_way_are_those_of_shorter_trainings(data):
    build, keys = partial(NET, downsample="stride"), jax.random.split(KEY, 2)
    way, losses = fit_many(build, keys, *data, optax.adam(0.01), 6, batch_size=1, every=4)
    for k, steps in enumerate((4, 6)):  # of one epoch, whose order does not depend on the steps
        stack, its = fit_many(build, keys, *data, optax.adam(0.01), steps, batch_size=1)
        assert eqx.tree_equal(member(way, k), stack)
        assert np.array_equal(its, losses[:, :steps])


def test_what_is_no_loss_of_tips_is_named(data):
    with pytest.raises(ValueError, match=r"alpha: got 1\.0, takes"):
        TIPSLoss(1.0)
    with pytest.raises(ValueError, match="network: got no TIPS among its layers, takes one with it"):
        TIPSLoss()(NET(KEY, downsample="aps"), *map(jnp.asarray, data))
    with pytest.raises(ValueError, match="every: got 9, takes a whole number from 1 to 7"):
        fit_many(partial(NET, downsample="stride"), KEY[None], *data, optax.adam(0.01), 7, every=9)

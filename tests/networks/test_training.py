"""Training: against steps written out, seed by seed, batch by batch."""

import itertools
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shiftmath.networks import convolutional, fully_connected, logits, staircase
from shiftmath.networks.layers import Dense, Network
from shiftmath.networks.training import fit, fit_many, member

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(20210304)
build = partial(fully_connected, shape=3, classes=2, width=6, dtype=float)


def two_classes(rng, n=12):
    y = np.arange(n) % 2
    return rng.standard_normal((n, 3)) + 2 * y[:, None], y


def carried(train, network, X, steps):
    """How far rounding may move the logits and losses of a training: as far as a start changed by 1e-8 does, scaled to
    EPS for each term of the sums of a step, over 12 signals at most, 6 units and 3 inputs."""

    def nudge(w):
        return w * (1 + 1e-8 * np.random.default_rng(0).choice([-1.0, 1.0], w.shape))

    (one, losses), (other, others) = train(network), train(jax.tree.map(nudge, network))
    moved = max(np.abs(logits(one, X) - logits(other, X)).max(), np.abs(losses - others).max())
    return moved / 1e-8 * (12 + 6 + 3) * steps * EPS


def softmax_regression(W, b, X, y, rates):
    """Gradient descent on the cross-entropy of logits X W + b, with the gradient by hand, and its losses."""
    losses = []
    for rate in rates:
        z = X @ W + b
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        losses.append(-np.log(p[np.arange(len(y)), y]).mean())
        g = (p - np.eye(p.shape[1])[y]) / len(y)
        W, b = W - rate * X.T @ g, b - rate * g.sum(axis=0)
    return W, b, losses


@pytest.mark.latest
def test_gradient_descent_on_the_cross_entropy_is_the_iteration_by_hand(rng):
    X, y = rng.standard_normal((7, 3)), rng.integers(0, 4, 7)
    W, b = rng.standard_normal((3, 4)), rng.standard_normal(4)
    # More steps than one compiled loop has, and a last loop that is not full.
    rates = [0.5] * 100 + [0.1] * 40
    optimiser = optax.sgd(staircase([0.5, 0.1], [100]))
    network, losses = fit(Network((Dense(jnp.array(W), jnp.array(b)),)), X, y, optimiser, 140)
    W, b, expected = softmax_regression(W, b, X, y, rates)
    # Each of 140 steps rounds by a few eps and none expands.
    assert np.allclose(losses, expected, rtol=0, atol=140 * 16 * EPS)
    assert np.allclose(network.layers[0].weight, W, rtol=0, atol=140 * 16 * EPS)
    assert np.allclose(network.layers[0].bias, b, rtol=0, atol=140 * 16 * EPS)


@pytest.mark.latest
def test_gradient_descent_on_the_squared_loss_is_the_iteration_by_hand(rng):
    X, y, w = rng.standard_normal((5, 3)), rng.standard_normal(5), rng.standard_normal(3)
    network, losses = fit(Network((Dense(jnp.array(w)),)), X, y, optax.sgd(0.1), 30, loss="squared")
    for found in losses:
        assert found == pytest.approx(0.5 * np.mean((X @ w - y) ** 2), rel=30 * 16 * EPS)
        w = w - 0.1 * X.T @ (X @ w - y) / 5
    assert np.allclose(network.layers[0].weight, w, rtol=0, atol=30 * 16 * EPS)


def cosine_sgd(rate, steps, momentum=0.9, decay=5e-4):
    """SGD whose rate falls to 0 along half a cosine."""
    return optax.chain(
        optax.add_decayed_weights(decay), optax.sgd(optax.cosine_decay_schedule(rate, steps), momentum=momentum)
    )


def test_cosine_descent_with_momentum_and_decay_is_the_iteration_by_hand(rng):
    X, y, w = rng.standard_normal((5, 3)), rng.standard_normal(5), rng.standard_normal(3)
    found, _ = fit(Network((Dense(jnp.array(w)),)), X, y, cosine_sgd(0.1, 20, 0.9, 0.01), 20, loss="squared")
    v = np.zeros(3)
    for t in range(20):
        v = 0.9 * v + X.T @ (X @ w - y) / 5 + 0.01 * w
        w = w - 0.1 * (1 + np.cos(np.pi * t / 20)) / 2 * v
    # optax computes the cosine in float32.
    assert np.allclose(found.layers[0].weight, w, rtol=0, atol=20 * 16 * np.finfo(np.float32).eps)


def test_a_batch_as_large_as_the_data_is_the_full_batch(rng):
    X, y = two_classes(rng)
    train = partial(fit, X=X, y=y, optimiser=optax.adam(0.01), steps=50)
    full, _ = train(build(KEY))
    shuffled, _ = train(build(KEY), batch_size=12, key=KEY)
    # Only the order of the sums differs.
    assert np.allclose(logits(full, X), logits(shuffled, X), rtol=0, atol=carried(train, build(KEY), X, 50))


def test_each_epoch_sees_every_signal_once_in_a_new_order():
    # The gradient of the loss of signal i alone moves target i alone: after one epoch each is at rate / 3.
    X, y = np.eye(12), np.ones(12)
    network = Network((Dense(jnp.zeros(12)),))
    descent = optax.sgd(1.0)
    ends = [
        fit(network, X, y, descent, steps, batch_size=3, key=KEY, loss="squared")[0].layers[0].weight
        for steps in (*range(1, 9), *range(100, 105))
    ]
    first = [frozenset(np.flatnonzero(b - a)) for a, b in zip([np.zeros(12), *ends[:3]], ends[:4], strict=True)]
    second = [frozenset(np.flatnonzero(b - a)) for a, b in itertools.pairwise(ends[3:8])]
    assert sorted(map(len, first)) == sorted(map(len, second)) == [3] * 4
    assert frozenset.union(*first) == frozenset.union(*second) == frozenset(range(12))
    assert first != second
    # Steps 100 to 103 are epoch 26, and lie in a second compiled loop.
    later = [frozenset(np.flatnonzero(b - a)) for a, b in itertools.pairwise(ends[8:])]
    assert sorted(map(len, later)) == [3] * 4
    assert frozenset.union(*later) == frozenset(range(12))
    assert later not in (first, second)


@pytest.mark.latest
@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("norm", [False, True])
def test_many_seeds_at_once_are_the_seeds_one_by_one(batch_size, norm, rng):
    X, y = two_classes(rng)
    maker, keys = partial(build, input_norm=norm, hidden_norm=norm), jax.random.split(KEY, 3)
    # Not Adam: a bias before a batch norm has gradient 0 up to rounding, which Adam blows up to steps of its rate.
    descent = optax.sgd(0.1)
    networks, losses = fit_many(maker, keys, X, y, descent, 30, batch_size=batch_size)
    assert losses.shape == (3, 30)
    for i, key in enumerate(keys):
        train = partial(fit, X=X, y=y, optimiser=descent, steps=30, batch_size=batch_size, key=key)
        (alone, its), bound = train(maker(key)), carried(train, maker(key), X, 30)
        assert np.allclose(losses[i], its, rtol=0, atol=bound)
        assert np.allclose(logits(member(networks, i), X), logits(alone, X), rtol=0, atol=bound)
    assert np.ptp(losses[:, -1]) > 1e-6


def test_each_seed_may_have_its_own_data(rng):
    data = [two_classes(rng) for _ in range(2)]
    keys, (X, y) = jax.random.split(KEY, 2), map(np.array, zip(*data, strict=True))
    descent = optax.sgd(0.1)
    networks, losses = fit_many(build, keys, X, y, descent, 20, per_seed=True, batch_size=4)
    for i, key in enumerate(keys):
        train = partial(fit, X=X[i], y=y[i], optimiser=descent, steps=20, batch_size=4, key=key)
        (alone, its), bound = train(build(key)), carried(train, build(key), X[i], 20)
        assert np.allclose(losses[i], its, rtol=0, atol=bound)
        assert np.allclose(logits(member(networks, i), X[i]), logits(alone, X[i]), rtol=0, atol=bound)


def test_batch_norm_trains_on_the_batch_and_answers_with_the_data(rng):
    X, y = two_classes(rng, 40)
    X = 100 + 50 * X
    network, _ = fit(build(KEY, input_norm=True), X, y, optax.sgd(0.0), 400)
    # 0.9 ** 400 is 5e-19; the mean of 40 numbers up to 300, squares up to 9e4, over a variance of 2500.
    assert np.allclose(network.layers[0].mean, X.mean(axis=0), rtol=0, atol=40 * 300 * EPS)
    assert np.allclose(network.layers[0].variance, X.var(axis=0, ddof=1), rtol=40 * 36 * EPS)
    plain, _ = fit(build(KEY), X, y, cosine_sgd(0.1, 200), 200)
    normed, losses = fit(build(KEY, input_norm=True), X, y, cosine_sgd(0.1, 200), 200)
    assert (logits(normed, X).argmax(axis=1) == y).mean() > (logits(plain, X).argmax(axis=1) == y).mean()
    assert losses[-1] < 0.3


def test_the_trained_network_of_a_pooled_class_stays_invariant(rng):
    X, y = rng.standard_normal((6, 5, 5)), np.arange(6) % 2
    network, losses = fit(convolutional(KEY, (5, 5), 2, filter_size=5, dtype=float), X, y, optax.adam(0.01), 100)
    shifted = logits(network, np.roll(X, (2, 1), (1, 2)))
    # A logit is a sum over 25 pixels and 100 channels in another order.
    assert np.abs(shifted - logits(network, X)).max() <= 2500 * EPS * max(1, np.abs(shifted).max())
    assert losses[-1] < losses[0]


def test_training_keeps_the_dtype_and_leaves_the_start_alone(rng):
    X, y = two_classes(rng)
    for dtype in (jnp.float32, jnp.float64):
        start = build(KEY, dtype=dtype)
        before = jax.tree.map(np.array, start)
        end, losses = fit(start, X, y, optax.adam(0.1), 5)
        assert {w.dtype for w in jax.tree.leaves(end)} == {losses.dtype} == {np.dtype(dtype)}
        assert eqx.tree_equal(jax.tree.map(np.array, start), before)


@pytest.mark.latest
def test_a_loss_that_is_not_finite_names_the_step(rng):
    X, y = rng.standard_normal((4, 3)), np.ones(4)
    network = Network((Dense(jnp.ones(3)),))
    with jax.debug_nans(False), pytest.raises(FloatingPointError, match=r"loss: got inf at step 4, takes a smaller"):
        # The largest eigenvalue is about 1e40, so the loss before step t is about 1e40 times 1e80 to the power t.
        fit(network, 1e20 * X, y, optax.sgd(1.0), 300, loss="squared")


def test_the_bar_is_silent_where_there_is_no_terminal(capsys, rng):
    fit(build(KEY), *two_classes(rng), optax.sgd(0.1), 3, progress=True)
    assert capsys.readouterr() == ("", "")


X, Y = np.zeros((4, 3)), np.array([0, 1, 0, 1])
sgd = optax.sgd(0.1)
BAD = [
    (lambda: fit(build(KEY), X, Y[:3], sgd, 1), ValueError, r"y: got shape \(3,\), takes one label for each of the 4"),
    (
        lambda: fit(build(KEY), X, Y[:, None], sgd, 1),
        ValueError,
        r"y: got shape \(4, 1\), takes labels from 0 to 1",
    ),
    (lambda: fit(build(KEY), X, Y - 0.5, sgd, 1), ValueError, "y: got -0.5, takes labels from 0 to 1"),
    (lambda: fit(build(KEY), X, Y + 1, sgd, 1), ValueError, "y: got 2, takes labels from 0 to 1"),
    (lambda: fit(build(KEY), X, -Y, sgd, 1), ValueError, "y: got -1, takes labels from 0 to 1"),
    (
        lambda: fit(build(KEY), X, Y, sgd, 10**15, batch_size=2, key=KEY),
        ValueError,
        "steps: got 1000000000000000, the order of the signals would take 16000000000000000 bytes, takes what fits",
    ),
    (
        lambda: fit(fully_connected(KEY, 3, 2), 1e39 + X, Y, sgd, 1),
        ValueError,
        "X: got numbers whose size overflows in float32, takes",
    ),
    (
        lambda: fit(build(KEY, classes=None), X, 1e200 + Y, sgd, 1, loss="squared"),
        ValueError,
        "y: got numbers whose sum of squares overflows, takes smaller",
    ),
    (lambda: fit(build(KEY), X, Y, sgd, 1, batch_size=2), ValueError, "key: got None, takes a key with batch_size"),
    (
        lambda: fit(build(KEY), X, Y, sgd, 1, batch_size=5, key=KEY),
        ValueError,
        "batch_size: got 5, takes a whole number from 1 to 4",
    ),
    (
        lambda: fit(build(KEY), X, Y, sgd, 1, loss="hinge"),
        ValueError,
        "loss: got 'hinge', takes one of 'cross-entropy', 'squared'",
    ),
    (lambda: fit(build(KEY), X, Y, sgd, 1, loss="squared"), ValueError, r"y: got shape \(4,\), takes targets of shape"),
    (lambda: fit(build(KEY, classes=None), X, Y, sgd, 1), ValueError, r"network: got outputs of shape \(\), takes"),
    (lambda: fit(build(KEY), X, Y, sgd, 0), ValueError, "steps: got 0, takes a whole number of at least 1"),
    (lambda: staircase([1.0], [3]), ValueError, r"boundaries: got \(3,\) for 1 rates, takes one less, increasing"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

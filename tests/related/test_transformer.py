"""The transformer is its formula, sees what it should, and is trained as if alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shiftmath.related import geometric_frequencies, sentences, sinusoids, states_of, teach, translate, translator
from shiftmath.related.teaching import _loss

EPS = float(np.finfo(np.float32).eps)
E = sinusoids(range(5), geometric_frequencies(4))
X = sentences(6, 5, seed=1)
Y = translate(X)


def networks(linear=False):
    """With the encodings and without, of one shape."""
    return [translator(jax.random.key(3), e, linear=linear, layers=1) for e in (E, 0 * E)]


def normal(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def softmax(z):
    z = np.exp(z - z.max(-1, keepdims=True))
    return z / z.sum(-1, keepdims=True)


def attended(a, x, m, seen):
    """What attention adds, head by head, in float64."""
    heads = zip(*(np.asarray(w[0], float) for w in (a.query, a.key, a.value, a.out)), strict=True)
    scale = np.sqrt(a.query.shape[-1])
    return sum(softmax(np.where(seen, x @ q @ (m @ k).T / scale, -1e9)) @ m @ v @ o for q, k, v, o in heads)


def layer(one, x, memory=None):
    y, n = normal(x), len(x)
    x = x + attended(one.own, y, y, np.ones((n, n), bool) if memory is None else np.tri(n, dtype=bool))
    if memory is not None:
        x = x + attended(one.across, normal(x), memory, np.ones((n, n), bool))
    w, b, v = (np.asarray(p[0], float) for p in (one.first, one.bias, one.second))
    return x + np.maximum(normal(x) @ w + b, 0) @ v


@pytest.mark.latest
def test_states_and_words_are_those_of_the_formula():
    f = networks()[0]
    found = states_of(networks(), X, Y)
    words, begin = np.asarray(f.words, float), f.words.shape[1] - 1
    for s in range(len(X)):
        encoded = [words[0, X[s]] + E]
        encoded.append(layer(f.encoder, encoded[0]))
        decoded = [words[1, [begin, *Y[s, :-1]]] + E]
        decoded.append(layer(f.decoder, decoded[0], normal(encoded[1])))
        for ours, theirs in ((found.encoder[0, :, s], encoded), (found.decoder[0, :, s], decoded)):
            # A state is the end of some hundred roundings in float32.
            assert np.abs(ours - np.array(theirs)).max() <= 300 * EPS * np.abs(theirs).max()
        assert np.array_equal(found.words[0, s], (normal(decoded[1]) @ np.asarray(f.read, float)).argmax(-1))


def test_without_encodings_the_encoder_commutes_with_shifts_and_with_them_not():
    shifted = states_of(networks(), np.roll(X, 2, axis=1), Y).encoder
    turned = np.roll(states_of(networks(), X, Y).encoder, 2, axis=3)
    assert np.abs(shifted - turned)[1].max() <= 100 * EPS * np.abs(turned).max()
    assert np.abs(shifted - turned)[0].max() > 0.1


def test_the_decoder_sees_the_words_before_alone():
    other = Y.copy()
    other[:, 3] = (other[:, 3] + 1) % 12
    one, two = (states_of(networks(), X, y).decoder for y in (Y, other))
    assert np.array_equal(one[..., :4, :], two[..., :4, :])
    assert np.abs(one - two)[:, :, :, 4].min(axis=-1).max() > 1e-3


@pytest.mark.latest
def test_training_is_adam_with_this_rate_and_this_clipping():
    x, y, steps = X[[0] * 6], Y[[0] * 6], 12  # of one sentence: every batch is the same
    trained, losses = teach(networks(linear=True), x, y, steps, batch_size=2, rate=0.1)
    rates = [0.1 * min(10 * (i + 1) / steps, (1 + np.cos(np.pi * i / steps)) / 2) for i in range(steps)]
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(lambda i: jnp.asarray(rates, jnp.float32)[i]))
    w = networks(linear=True)[0]
    memory = jax.jit(rule.init)(w)

    @jax.jit
    def step(w, memory):
        value, gradient = jax.value_and_grad(_loss)(w, jnp.array(x[:1]), jnp.array(y[:1]))
        updates, memory = rule.update(gradient, memory)
        return value, optax.apply_updates(w, updates), memory

    for i in range(steps):
        value, w, memory = step(w, memory)
        assert losses[0, i] == pytest.approx(float(value), rel=1e-3)  # Adam divides rounding by small gradients
    by_hand = -np.log(softmax(np.asarray(networks(linear=True)[1](jnp.array(x[0]), jnp.array(y[0])), float)))
    assert losses[1, 0] == pytest.approx(by_hand[np.arange(5), y[0]].mean(), rel=100 * EPS)
    moved, start = (np.abs(np.asarray(w.mix - other.mix)).max() for other in (trained[0], networks(True)[0]))
    assert moved < 1e-3 < start


def test_a_network_is_trained_as_if_alone_and_encodings_stay():
    start = networks()
    (one, two), losses = teach(start, X, Y, 3, batch_size=2)
    (again, _), others = teach([start[0], translator(jax.random.key(4), E, layers=1)], X, Y, 3, batch_size=2)
    assert np.array_equal(losses[0], others[0])
    assert not np.array_equal(losses[1], others[1])
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(again), strict=True))
    for after, before in zip((one, two), start, strict=True):
        assert np.array_equal(after.encodings, before.encodings)
        assert np.array_equal(after.mix, np.tile(np.eye(4, dtype=np.float32), (2, 1, 1)))
        assert not np.array_equal(after.words, before.words)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: translator(jax.random.key(0), E, heads=3), ValueError, "^heads: got 3, takes a whole number that"),
        (lambda: translator(jax.random.key(0), E[0]), ValueError, r"^encodings: got shape \(4,\), takes an array"),
        (lambda: states_of([], X, Y), TypeError, "^networks: got .*, takes a non-empty list of translators"),
        (lambda: states_of(networks(), X[:, :4], Y[:, :4]), ValueError, "^sources and targets: got shapes"),
        (
            lambda: states_of([*networks(), translator(jax.random.key(0), E, layers=2)], X, Y),
            ValueError,
            "^networks: got translators of different shapes",
        ),
        (lambda: teach(networks(), X, Y, 5, rate=1.0), ValueError, "^rate: got 1.0, takes a positive finite number"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

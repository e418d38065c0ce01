"""Layers of finite networks: correlation and padding against loops, batch norm against its formula."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.networks import correlation, fully_connected
from shiftmath.networks.layers import BatchNorm, Convolution, Dense, Network, on_batch

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(20210304)


def by_loops(x, W, start, count, stride):
    """y_t = sum_a W_a^T x_{s + P t + a}, one product at a time."""
    y = np.zeros((*count, W.shape[-1]))
    for t in np.ndindex(*count):
        for a in np.ndindex(*W.shape[:-2]):
            index = zip(start, stride, t, a, x.shape, strict=False)
            y[t] += x[tuple((s + p * i + j) % d for s, p, i, j, d in index)] @ W[a]
    return y


CORRELATIONS = [
    ((1,), (1,), (0,), (1,), (1,)),
    ((7,), (3,), (-1,), (7,), (1,)),
    ((8,), (8,), (-3,), (8,), (1,)),
    ((8,), (4,), (-1,), (4,), (2,)),
    ((9,), (9,), (-9,), (19,), (1,)),
    ((4, 5), (3, 2), (-1, 0), (4, 5), (1, 1)),
    ((5, 5), (5, 5), (-2, -2), (5, 5), (1, 1)),
    ((6, 4), (6, 4), (-3, -3), (7, 7), (1, 1)),
    ((6, 5), (4, 5), (-1, -2), (3, 3), (2, 2)),
    ((3, 4, 2), (3, 1, 2), (-1, 0, 0), (3, 4, 2), (1, 1, 1)),
]


@pytest.mark.parametrize("route", [correlation.directly, correlation.through_fft, correlation.correlate])
@pytest.mark.parametrize(("spatial", "taps", "start", "count", "stride"), CORRELATIONS)
def test_every_route_of_the_correlation_is_the_sum_over_taps(route, spatial, taps, start, count, stride, rng):
    x, W = rng.standard_normal((*spatial, 3)), rng.standard_normal((*taps, 3, 2))
    # A sum of n terms of size |x| |W| errs by less than n eps of it, an FFT by less than that for log2(n) >= 1.
    bound = 8 * EPS * math.prod(spatial) * 3 * np.abs(x).max() * np.abs(W).max()
    found = jax.jit(lambda x, W: route(x, W, start, count, stride))(x, W)
    assert found.shape == (*count, 2)
    assert np.abs(found - by_loops(x, W, start, count, stride)).max() <= bound


@pytest.mark.latest
@pytest.mark.parametrize(("spatial", "taps", "start", "count", "stride"), CORRELATIONS)
def test_the_routes_have_the_same_gradients(spatial, taps, start, count, stride, rng):
    x, W = jnp.array(rng.standard_normal((*spatial, 3))), jnp.array(rng.standard_normal((*taps, 3, 2)))
    weights = jnp.array(rng.standard_normal((*count, 2)))
    routes = correlation.directly, correlation.through_fft
    gradients = [
        jax.jit(jax.grad(lambda x, W, f=f: jnp.sum(weights * f(x, W, start, count, stride)), (0, 1)))(x, W)
        for f in routes
    ]
    for direct, fft in zip(*gradients, strict=True):
        bound = 8 * EPS * math.prod(count) * 3 * np.abs(weights).max() * max(np.abs(x).max(), np.abs(W).max())
        assert np.abs(direct - fft).max() <= bound


def test_the_fft_is_taken_for_large_filters_only():
    assert not correlation.fft_is_cheaper((32, 32), (3, 3, 1, 16))
    assert not correlation.fft_is_cheaper((32, 32), (3, 3, 64, 64))
    assert correlation.fft_is_cheaper((29, 29), (29, 29, 1, 100))
    assert not correlation.fft_is_cheaper((5,), (6, 100, 100))


@pytest.mark.parametrize("q", [1, 2, 3, 6, 7])
def test_circular_padding_has_the_offsets_of_the_kernels(q, rng):
    x, W = rng.standard_normal((7, 1)), rng.standard_normal((q, 1, 1))
    found = Convolution(jnp.array(W))(jnp.array(x))[:, 0]
    offsets = range(-((q - 1) // 2), q // 2 + 1)
    expected = sum(W[i, 0, 0] * np.roll(x[:, 0], -a) for i, a in enumerate(offsets))
    assert np.abs(found - expected).max() <= 8 * EPS * 7 * np.abs(x).max() * np.abs(W).max()


@pytest.mark.parametrize("q", [1, 2, 3, 6, 7])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_zero_padding_is_correlation_on_the_line(q, stride, rng):
    x, W = rng.standard_normal((7, 1)), rng.standard_normal((q, 1, 1))
    found = Convolution(jnp.array(W), padding="zero", stride=stride)(jnp.array(x))[:, 0]
    full = np.correlate(np.pad(x[:, 0], (q, q)), W[:, 0, 0], mode="valid")
    assert np.abs(found - full[q - (q - 1) // 2 :][:7:stride]).max() <= 8 * EPS * q * np.abs(x).max() * np.abs(W).max()


def test_batch_norm_uses_the_batch_in_training_and_running_statistics_after(rng):
    X = jnp.array(3 + 2 * rng.standard_normal((50, 4, 5, 3)))
    for features in ((3,), (4, 5, 3)):
        norm = BatchNorm.of(features, float)
        axes = (0, 1, 2) if features == (3,) else (0,)
        Y, moved = on_batch(norm, X)
        expected = (X - np.mean(X, axes, keepdims=True)) / np.sqrt(np.var(X, axes, keepdims=True) + 1e-5)
        assert np.allclose(Y, expected, rtol=0, atol=64 * EPS * 50)
        assert np.allclose(moved.mean, 0.1 * np.mean(X, axes), rtol=64 * EPS)
        assert np.allclose(moved.variance, 0.9 + 0.1 * np.var(X, axes, ddof=1), rtol=64 * EPS)
        step = jax.jit(lambda norm: norm.on_batch(X)[1])
        for _ in range(400):
            moved = step(moved)
        # 0.9^400 is 5e-19: only rounding is left.
        after = (X[0] - np.mean(X, axes, keepdims=True)[0]) / np.sqrt(np.var(X, axes, keepdims=True, ddof=1)[0] + 1e-5)
        assert np.allclose(moved(X[0]), after, rtol=0, atol=64 * EPS * 50)


def test_running_statistics_have_no_gradient(rng):
    network = fully_connected(KEY, 3, None, input_norm=True, dtype=float)
    gradient = jax.grad(lambda f: f(jnp.ones(3)))(network).layers[0]
    assert not gradient.mean.any()
    assert not gradient.variance.any()
    assert gradient.gain.any()


def test_plain_functions_and_modules_are_layers_alike(rng):
    network = Network((jnp.sin, Dense(jnp.ones((3, 2))), eqx.nn.Linear(2, 1, key=KEY, dtype=float)))
    assert on_batch(network, jnp.array(rng.standard_normal((5, 3))))[0].shape == (5, 1)
    assert len(jax.tree.leaves(network)) == 3

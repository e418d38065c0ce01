"""Networks of finite width: their symmetry, their formula, their starts."""

import itertools
import math
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.groups import circular_shifts, shift
from shiftmath.networks import convolutional, fully_connected, logits, residual
from shiftmath.networks.layers import on_batch

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(20210304)
line, grid = partial(convolutional, channel_axis=True, dtype=float), partial(convolutional, dtype=float)


def orbit(x, axes):
    return circular_shifts(axes=axes).orbit(x)


def invariance(network, x, channel_axis=False):
    """The largest change of a logit over all circular shifts, in units of its rounding."""
    values = logits(network, orbit(x, tuple(range(x.ndim - channel_axis))))
    # A logit is a sum over pixels and channels in another order for each shift; the FFT adds log2(d) roundings.
    return np.ptp(values, axis=0).max() / (8 * EPS * x.size * np.abs(x).max())


INVARIANT = [
    (partial(line, width=16, filter_size=2), (5, 2)),
    (partial(line, width=16, filter_size=(3, 2), depth=2, hidden_norm=True), (4, 3, 1)),
    (partial(grid, width=100, filter_size=9), (9, 9)),
    (partial(grid, width=100, filter_size=8, input_norm=True), (8, 8)),
    (partial(grid, width=100, filter_size=(1, 5), depth=2), (1, 5)),
    (partial(grid, width=16, filter_size=1), (1,)),
    (partial(residual, widths=(4, 8), filter_size=3, dtype=float), (5, 6)),
    (partial(residual, widths=(4, 8), filter_size=2, blocks=2, input_norm=True, dtype=float), (7,)),
]


@pytest.mark.parametrize(("build", "shape"), INVARIANT)
def test_circular_padding_and_average_are_exactly_invariant(build, shape, rng):
    network = build(KEY, shape, 3)
    # Statistics as after training.
    network = on_batch(network, jnp.array(rng.standard_normal((4, *shape))))[1]
    assert invariance(network, rng.standard_normal(shape), build.keywords.get("channel_axis", False)) <= 1


BROKEN = [
    partial(fully_connected, dtype=float),
    partial(grid, padding="zero"),
    partial(grid, readout="flatten"),
    partial(grid, stride=2),
    partial(grid, filter_size=6, padding=2),
    partial(residual, padding="zero", dtype=float),
    partial(residual, stride=2, dtype=float),
]


@pytest.mark.parametrize("build", BROKEN)
def test_other_networks_are_not_invariant(build, rng):
    assert invariance(build(KEY, (6, 6), 3), rng.standard_normal((6, 6))) > 1e6


@pytest.mark.parametrize(
    ("build", "P"),
    [
        (partial(grid, stride=2), 2),
        (partial(grid, stride=4, filter_size=12), 4),
        (partial(grid, stride=3, depth=2), 3),
        (partial(residual, widths=(4, 4, 4), stride=2, dtype=float), 4),
    ],
)
def test_a_stride_keeps_the_shifts_by_its_multiples_alone(build, P, rng):
    x, network = rng.standard_normal((12, 12)), build(KEY, (12, 12), 3)
    bound = 8 * EPS * x.size * np.abs(x).max()
    start = logits(network, x[None])
    for s in itertools.product(range(5), range(5)):
        moved = np.abs(logits(network, shift(x, s)[None]) - start).max()
        assert moved <= bound if s[0] % P == s[1] % P == 0 else moved > 1e6 * bound


def test_padding_by_p_has_2p_plus_1_positions_and_p_0_is_fully_connected(rng):
    x = rng.standard_normal((6, 6))
    network = grid(KEY, (6, 6), 4, filter_size=6, padding=0)
    W, b, V, c = map(np.asarray, jax.tree.leaves(network))
    dense = np.maximum(np.tensordot(x, W[:, :, 0], 2) + b, 0) @ V + c
    assert np.allclose(network(x), dense, rtol=0, atol=64 * EPS)
    for p in (1, 2, 3):
        hidden = grid(KEY, (6, 6), 4, filter_size=6, padding=p).layers[1](jnp.array(x[..., None]))
        assert hidden.shape == (2 * p + 1, 2 * p + 1, 100)


def test_padding_by_almost_half_of_the_signal_is_exactly_invariant_and_by_half_is_not(rng):
    x = rng.standard_normal(7)
    assert invariance(grid(KEY, 7, 3, filter_size=7, padding=3), x) <= 1
    assert invariance(grid(KEY, 7, 3, filter_size=7, padding=4), x) > 1e6


@pytest.mark.parametrize(
    ("build", "shape", "fan_in"),
    [(fully_connected, (6, 4), 24), (partial(convolutional, filter_size=3, channel_axis=True), (5, 5, 2), 18)],
)
def test_the_starts_have_their_distributions(build, shape, fan_in):
    W, b, V, c = jax.tree.leaves(build(KEY, shape, 10, width=2000, dtype=float))
    for array, n in ((W, fan_in), (b, fan_in), (V, 2000), (c, 2000)):
        assert np.abs(array).max() <= 1 / math.sqrt(n)
    # Mean square n^-1 / 3 with a standard deviation of n^-1 2 / sqrt(45) for each; five standard errors.
    for array, n in ((W, fan_in), (b, fan_in), (V, 2000)):
        assert abs(np.mean(np.square(array)) * n - 1 / 3) <= 5 * 2 / math.sqrt(45 * array.size)
    W, b, V = jax.tree.leaves(build(KEY, shape, 10, width=2000, initialisation="ntk", dtype=float))
    for array in (W, b, V):
        assert abs(np.mean(np.square(array)) - 1) <= 5 * math.sqrt(2 / array.size)
        assert abs(np.mean(array)) <= 5 / math.sqrt(array.size)


@pytest.mark.latest
def test_the_logits_are_the_formula(rng):
    x = rng.standard_normal((3, 2))
    network = fully_connected(KEY, (3, 2), 4, width=5, depth=2, initialisation="ntk", dtype=float)
    W, b, U, c, V = map(np.asarray, jax.tree.leaves(network))
    h = np.maximum(math.sqrt(2 / 6) * x.ravel() @ W + b, 0)
    h = np.maximum(math.sqrt(2 / 5) * h @ U + c, 0)
    assert np.allclose(network(x), math.sqrt(1 / 5) * h @ V, rtol=0, atol=64 * EPS)
    assert np.allclose(logits(network, x[None], batch_size=1)[0], network(x), rtol=0, atol=64 * EPS)


@pytest.mark.parametrize("build", [fully_connected, convolutional, residual])
def test_networks_keep_their_dtype(build):
    for dtype in (jnp.float32, jnp.float64):
        network = build(KEY, (4, 4), 2, dtype=dtype)
        assert {w.dtype for w in jax.tree.leaves(network)} == {np.dtype(dtype)}
        assert logits(network, np.ones((3, 4, 4))).dtype == dtype
        assert network(jnp.ones((4, 4), dtype)).dtype == dtype


@pytest.mark.latest
def test_float64_does_not_depend_on_the_settings_of_jax(rng):
    enable = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    X, both = rng.standard_normal((3, 8, 8)), []
    for x64 in (True, False):
        with enable(x64):
            both.append(logits(convolutional(jax.random.key(1), (8, 8), 2, filter_size=8, dtype=float), X))
    assert both[0].dtype == both[1].dtype == float
    assert np.array_equal(*both)


BAD = [
    (lambda: fully_connected(KEY, (), 2), ValueError, r"shape: got \(\), takes"),
    (lambda: fully_connected(KEY, 3, 0), ValueError, "classes: got 0, takes a whole number of at least 1"),
    (lambda: fully_connected(KEY, 3, 2, width=2.5), TypeError, r"width: got 2\.5, takes"),
    (lambda: fully_connected(KEY, 3, 2, depth=0), ValueError, "depth: got 0, takes"),
    (
        lambda: fully_connected(KEY, 3, 2, initialisation="he"),
        ValueError,
        "initialisation: got 'he', takes one of 'torch', 'ntk'",
    ),
    (lambda: convolutional(KEY, 3, 2, filter_size=4), ValueError, r"filter_size: got 4 for signals of shape \(3,\)"),
    (lambda: convolutional(KEY, (3, 3), 2, filter_size=(3,)), ValueError, r"filter_size: got \(3,\) for signals"),
    (lambda: convolutional(KEY, 3, 2, padding="same"), ValueError, "padding: got 'same', takes circular, zero or"),
    (lambda: convolutional(KEY, 3, 2, padding=-1), ValueError, "padding: got -1, takes"),
    (lambda: convolutional(KEY, 3, 2, stride=0), ValueError, "stride: got 0, takes a whole number of at least 1"),
    (
        lambda: convolutional(KEY, 3, 2, readout="max"),
        ValueError,
        "readout: got 'max', takes one of 'average', 'flatten'",
    ),
    (lambda: convolutional(KEY, 3, 2, channel_axis=True), ValueError, r"shape: got 3, takes \(\*spatial, channels\)"),
    (lambda: residual(KEY, 3, 2, padding=1), TypeError, "padding: got 1, takes one of 'circular', 'zero'"),
    (lambda: logits(jnp.sin, np.ones((1, 2))), ValueError, r"network: got parameters of dtypes \[\], takes"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fully_connected(KEY, 3, 2, depth=10**15), r"shape, width and depth: got \(\(3,\), 100, 10"),
        (lambda: fully_connected(KEY, 3, 10**15), r"shape, width and classes: got \(100, 10"),
        (lambda: convolutional(KEY, (4, 4), 2, depth=10**13), r"shape, width and depth: got \(\(4, 4\), 100, 10"),
        (lambda: convolutional(KEY, (4, 4), 2, padding=10**9), r"shape, width and padding: got \(\(4, 4\), 100, 10"),
        (lambda: residual(KEY, 4, 2, widths=10**9), r"shape, widths and blocks: got \(4, \(1000000000,\), 1\)"),
    ],
)
def test_a_network_that_memory_cannot_hold_is_refused_before_the_work(call, message):
    with pytest.raises(ValueError, match=message + ".* a network of this size would take .* bytes, takes what fits"):
        call()


def test_numpy_numbers_and_strings_are_those_of_python():
    options = {"stride": np.uint8(2), "padding": np.str_("zero"), "filter_size": np.int64(3), "bias": np.bool_(False)}
    plain = {"stride": 2, "padding": "zero", "filter_size": 3, "bias": False}
    assert eqx.tree_equal(convolutional(KEY, (5, 4), 2, 3, **options), convolutional(KEY, (5, 4), 2, 3, **plain))

"""Downsampling of one signal: the shift rule bit for bit, and what the mixtures reduce to."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.networks.downsampling import (
    APS,
    LPS,
    TIPS,
    Fixed,
    aps,
    average_pool,
    blur,
    blur_pool,
    chosen,
    components,
    dense_max,
    downsampler,
    max_blur_pool,
    max_pool,
    maximum_sampling_bias,
    mixture,
    norms,
    one_hot_penalty,
    phases,
    subsample,
    undo_loss,
    winner,
)

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(20211012)
MAPS = [((6,), 2), ((9,), 3), ((4, 6), 2), ((6, 3), 3), ((4, 4, 4), 2)]


def rolled(x, shift):
    return np.roll(x, shift, tuple(range(x.ndim - 1)))


def shifts_of(x):
    return itertools.product(*map(range, x.shape[:-1]))


@pytest.mark.parametrize(("spatial", "stride"), MAPS)
def test_a_shift_permutes_the_components_and_moves_some_by_one_more(spatial, stride, rng):
    x, order = rng.standard_normal((*spatial, 2)), phases(stride, len(spatial))
    before = components(x, stride)
    for a in shifts_of(x):
        after = components(rolled(x, a), stride)
        for k, i in enumerate(order):
            source = tuple((p - s) % stride for p, s in zip(i, a, strict=True))
            q = [-((p - s) // stride) for p, s in zip(i, a, strict=True)]
            assert np.array_equal(after[k], rolled(before[order.index(source)], q))


def by_rule(x, a, stride, **options):
    """T_floor((i + a) / s) APS(x), with i the winner for x."""
    index = int(winner(blur(x, options.get("taps", 1)), stride, options.get("norm", "l2")))
    phase = phases(stride, x.ndim - 1)[index]
    return rolled(aps(x, stride, **options), [(i + s) // stride for i, s in zip(phase, a, strict=True)])


@pytest.mark.parametrize(("spatial", "stride"), MAPS)
@pytest.mark.parametrize("options", [{"norm": "l1"}, {}, {"norm": "linf"}, {"taps": 3}])
def test_aps_of_a_shifted_signal_is_aps_shifted_bit_for_bit(spatial, stride, options, rng):
    x = rng.standard_normal((*spatial, 3))
    for a in shifts_of(x):
        assert np.array_equal(aps(rolled(x, a), stride, **options), by_rule(x, a, stride, **options))


@pytest.mark.latest
@pytest.mark.parametrize("name", ["aps", "lps"])
def test_the_layers_obey_the_rule_in_jax_too(name, rng):
    down, x = downsampler(name, KEY, 3, dtype=float), rng.standard_normal((4, 6, 3))
    copies = np.stack([rolled(x, a) for a in shifts_of(x)])
    found = np.asarray(jax.jit(jax.vmap(down))(jnp.array(copies)))
    choice = np.asarray(down.choice(jnp.array(x)))
    phase = phases(2, 2)[int(choice if choice.ndim == 0 else choice.argmax())]
    for a, y in zip(shifts_of(x), found, strict=True):
        assert np.array_equal(y, rolled(found[0], [(i + s) // 2 for i, s in zip(phase, a, strict=True)]))


def smallest_mismatch(x, a, **options):
    """Over all shifts of the output, the largest difference of the two sides."""
    left, right = aps(rolled(x, a), **options), aps(x, **options)
    return min(np.abs(left - rolled(right, s)).max() for s in shifts_of(right))


def test_a_tie_of_different_components_breaks_aps_and_of_equal_ones_does_not():
    x = np.zeros((4, 1))
    x[:, 0] = [1, 2, 2, 1]  # components (1, 2) and (2, 1) in a line: equal up to a shift
    assert smallest_mismatch(x, [1]) == 0
    x = np.array([3.0, 5, 4, 0, 0, 0, 0, 0])[:, None]  # (3, 4, 0, 0) and (5, 0, 0, 0): one l2 norm, other contents
    assert norms(x)[0] == norms(x)[1]
    assert smallest_mismatch(x, [1]) == 3
    assert smallest_mismatch(x, [1], norm="l1") == 0
    assert winner(x) == winner(rolled(x, [1])) == 0  # the first of the winners


def test_selection_for_each_channel_is_that_of_each_channel_alone(rng):
    x = rng.standard_normal((4, 4, 3))
    alone = np.concatenate([aps(x[..., c : c + 1]) for c in range(3)], axis=-1)
    assert np.array_equal(aps(x, per_channel=True), alone)
    assert not np.array_equal(aps(x), alone)
    assert np.array_equal(APS(per_channel=True)(jnp.array(x)), alone)


def test_a_length_that_the_stride_does_not_divide_is_refused_or_wrapped(rng):
    x = rng.standard_normal((5, 1))
    with pytest.raises(ValueError, match=r"stride: got 2 for a signal of lengths \(5,\), takes one that divides them"):
        aps(x)
    assert np.array_equal(components(x, uneven="wrap")[1, :, 0], [x[1, 0], x[3, 0], x[0, 0]])
    assert smallest_mismatch(x, [2], uneven="wrap") > 1e-3
    with pytest.raises(ValueError, match=r"stride: got 6, takes at most the lengths of the signal, \(5,\)"):
        subsample(x, 6)


def by_windows(x, stride, reduce):
    """reduce(window) for each window of each channel, one at a time."""
    y = np.zeros((*[d // stride for d in x.shape[:-1]], x.shape[-1]))
    for n in np.ndindex(*y.shape[:-1]):
        window = x[tuple(slice(stride * m, stride * m + stride) for m in n)]
        y[n] = [reduce(window[..., c]) for c in range(x.shape[-1])]
    return y


@pytest.mark.parametrize(("spatial", "stride"), MAPS)
def test_pools_are_those_of_their_windows(spatial, stride, rng):
    x = rng.standard_normal((*spatial, 2))
    assert np.array_equal(max_pool(x, stride), by_windows(x, stride, np.max))
    assert np.array_equal(subsample(x, stride), by_windows(x, stride, lambda w: w.flat[0]))
    assert np.abs(average_pool(x, stride) - by_windows(x, stride, np.mean)).max() <= 8 * EPS * np.abs(x).max()
    assert np.array_equal(subsample(dense_max(x, stride), stride), max_pool(x, stride))


@pytest.mark.parametrize("taps", range(1, 8))
def test_a_blur_is_a_power_of_the_mean_of_two_neighbours(taps, rng):
    x = rng.standard_normal((8, 6, 2))
    expected = x
    for axis in (0, 1):
        for step in range(taps - 1):  # one half of the steps looks ahead, the other back
            expected = (expected + np.roll(expected, 1 if step % 2 else -1, axis)) / 2
    assert np.abs(blur(x, taps) - expected).max() <= 8 * taps * EPS * np.abs(x).max()
    assert np.array_equal(blur_pool(x, 2, taps), blur(x, taps)[::2, ::2])
    assert np.array_equal(max_blur_pool(x, 2, taps), blur(dense_max(x), taps)[::2, ::2])


def test_one_pool_and_the_average_behind_it_prove_nothing(rng):
    x = rng.standard_normal((8, 8, 2))
    copies = [rolled(x, a) for a in shifts_of(x)]

    def spread(pool):
        return np.ptp([pool(c).mean((0, 1)) for c in copies], axis=0).max()

    for exact in (average_pool, blur_pool, max_blur_pool, aps, partial(aps, per_channel=True)):
        assert spread(exact) <= 64 * EPS
    assert min(spread(pool) for pool in (subsample, max_pool)) > 0.01
    assert spread(lambda c: np.maximum(blur_pool(c), 0)) > 0.01  # with a ReLU behind it


@pytest.mark.parametrize("phase", range(4))
def test_mixtures_end_in_the_average_pool_and_in_one_component(phase, rng):
    x = rng.standard_normal((4, 6, 3))
    assert np.array_equal(mixture(x, np.eye(4)[phase]), chosen(x, phase))
    assert np.array_equal(chosen(x, phase), x[phase // 2 :: 2, phase % 2 :: 2])
    assert np.abs(mixture(x, [0.25] * 4) - average_pool(x)).max() <= 4 * EPS * np.abs(x).max()


def tips_with(weight, **options):
    return TIPS(jnp.array(np.random.default_rng(1).standard_normal((3, 3, 2))), jnp.full(2, weight), **options)


def test_tips_ends_in_the_average_pool_and_in_stride(rng):
    x = jnp.array(rng.standard_normal((6, 4, 2)))
    even, sharp = tips_with(0.0), tips_with(1e6)
    assert np.abs(even(x) - average_pool(x)).max() <= 4 * EPS * np.abs(x).max()
    tau = np.asarray(sharp.choice(x))
    assert np.array_equal(np.sort(tau, axis=0), [[0, 0]] * 3 + [[1, 1]])
    assert np.array_equal(sharp(x), chosen(x, tau.argmax(axis=0)))


def test_the_weights_of_tips_lie_on_the_simplex(rng):
    tau = np.asarray(tips_with(1.0).choice(jnp.array(rng.standard_normal((6, 4, 2)))))
    lengths = np.linalg.norm(tau, axis=0)
    assert np.abs(tau.sum(axis=0) - 1).max() <= 4 * EPS
    assert (lengths >= 0.5 - EPS).all()
    assert (lengths <= 1).all()


def tips_by_loops(layer, x):
    """The weights of the module's docstring, position by position, for stride 2 on two axes."""
    H, W, C = x.shape
    padded, psi = np.pad(x, ((1, 1), (1, 1), (0, 0))), np.zeros(x.shape)
    for h, w in np.ndindex(H, W):
        psi[h, w] = np.maximum((layer.kernel * padded[h : h + 3, w : w + 3]).sum((0, 1)), 0)
    q = np.array([[psi[h : h + H // 2, w : w + W // 2].mean((0, 1)) for h in (0, H // 2)] for w in (0, W // 2)])
    z = np.exp(np.asarray(layer.weight) * q.reshape(4, C))
    return psi, z / z.sum(axis=0)


def test_tips_is_that_of_its_definition(rng):
    layer, x = tips_with(3.0), rng.standard_normal((6, 4, 2))
    psi, tau = tips_by_loops(layer, x)
    assert np.abs(layer.features(jnp.array(x)) - psi).max() <= 64 * EPS * np.abs(psi).max()
    assert np.abs(layer.choice(jnp.array(x)) - tau).max() <= 64 * EPS
    expected = sum(t * c for t, c in zip(tau, components(x), strict=True))
    assert np.abs(layer(jnp.array(x)) - expected).max() <= 64 * EPS * np.abs(x).max()


def test_the_weights_of_tips_follow_the_quadrants_not_the_phases(rng):
    layer, x = tips_with(3.0, padding="circular"), rng.standard_normal((8, 8, 2))
    tau = np.asarray(layer.choice(jnp.array(x))).reshape(2, 2, 2)
    half = np.asarray(layer.choice(jnp.array(rolled(x, (4, 0))))).reshape(2, 2, 2)
    assert np.abs(half - tau[:, ::-1]).max() <= 16 * EPS  # blocks above and below are the phases side by side
    one = np.asarray(layer.choice(jnp.array(rolled(x, (1, 0))))).reshape(2, 2, 2)
    assert np.abs(one - tau[::-1]).max() > 1e-3  # as an equivariant mixture would have it


def test_the_largest_score_has_the_gradient_of_the_softmax(rng):
    hard, x = LPS.of(KEY, 2, 2, float), jnp.array(rng.standard_normal((4, 4, 2)))
    soft = LPS(hard.first, hard.second, selection="softmax")
    weights = jnp.array(rng.standard_normal(4))

    def through(layer):
        return jax.grad(lambda v: layer.choice(x + v) @ weights)(0.0)

    assert sorted(hard.choice(x).tolist()) == [0, 0, 0, 1]
    assert hard.choice(x).argmax() == soft.choice(x).argmax() == hard.scores(x).argmax()
    assert abs(through(hard) - through(soft)) <= 64 * EPS
    assert abs(through(soft)) > 1e-6


def test_the_score_stands_for_two_convolutions_and_a_mean(rng):
    layer, x = LPS.of(KEY, 2, 2, float), jnp.array(rng.standard_normal((4, 4, 2)))
    W = rng.standard_normal((3, 3, 2, 5))
    second = LPS(layer.first, jnp.array(W.sum((0, 1)).mean(-1)))
    for part, score in zip(components(x), second.scores(x), strict=True):
        h = np.asarray(jax.nn.relu(layer.first(part)))
        taps = itertools.product(range(3), repeat=2)
        y = sum(np.roll(h, (1 - a, 1 - b), (0, 1)) @ W[a, b] for a, b in taps)
        assert abs(y.mean() - score) <= 64 * EPS * np.abs(W).sum()


def test_the_penalty_is_least_for_one_component_and_most_for_the_average():
    for form, least, most in (("released", 0.0, 0.5), ("scaled", -3.0, -1.5)):
        assert float(one_hot_penalty(np.eye(4)[:, :3], form)) == least
        assert float(one_hot_penalty(np.full((4, 3), 0.25), form)) == most
        assert least < float(one_hot_penalty([0.7, 0.1, 0.1, 0.1], form)) < most


@pytest.mark.parametrize("border", ["circular", "zero"])
def test_the_undo_loss_is_the_mean_over_all_shifts(border, rng):
    psi, x = rng.standard_normal((2, 6, 5, 2))
    padded = np.pad(x, ((2, 2), (2, 2), (0, 0)), mode="wrap" if border == "circular" else "constant")
    each = [np.mean((psi - padded[a : a + 6, b : b + 5]) ** 2) for a, b in itertools.product(range(5), repeat=2)]
    assert abs(undo_loss(psi, x, 2, border) - np.mean(each)) <= 64 * EPS * np.max(each)
    gradient = jax.grad(lambda z, frozen: undo_loss(psi, z, 2, border, frozen).sum())
    assert np.abs(gradient(jnp.array(x), True)).max() == 0
    assert np.abs(gradient(jnp.array(x), False)).max() > 0


def test_maximum_sampling_bias_is_1_for_max_and_a_share_for_what_selects(rng):
    X = rng.random((3, 6, 4, 2))
    windows = np.stack([components(x) for x in X])  # (n, phases, h, w, channels)
    largest = windows.argmax(axis=1)
    assert np.array_equal(maximum_sampling_bias(Fixed(rule="max"), X), np.ones(3))
    assert np.abs(maximum_sampling_bias(Fixed(rule="average"), X) - 0.25).max() <= EPS
    for down in (Fixed(), APS()):
        index = [0 if down.choice(jnp.array(x)) is None else int(down.choice(jnp.array(x))) for x in X]
        shares = [(m == k).mean() for m, k in zip(largest, index, strict=True)]
        assert np.abs(maximum_sampling_bias(down, X) - shares).max() <= 4 * EPS
    tips = tips_with(3.0)
    taken = [
        np.take_along_axis(np.asarray(tips.choice(jnp.array(x))), m.reshape(-1, 2), 0).mean()
        for x, m in zip(X, largest, strict=True)
    ]
    assert np.abs(maximum_sampling_bias(tips, X) - taken).max() <= 16 * EPS


@pytest.mark.latest
def test_numpy_and_jax_agree_and_keep_their_kind(rng):
    x = rng.standard_normal((4, 6, 2))
    for f in (components, subsample, max_pool, average_pool, blur, blur_pool, dense_max, max_blur_pool, aps, norms):
        host, device = f(x), f(jnp.array(x))
        assert isinstance(host, np.ndarray)
        assert isinstance(device, jax.Array)
        assert np.abs(host - device).max() <= 16 * EPS * np.abs(host).max()


@pytest.mark.parametrize("name", ["APS", "fast", 3, APS])
def test_what_is_no_downsampler_is_named(name):
    error = ValueError if isinstance(name, str) else TypeError
    with pytest.raises(error, match=r"name: got .*, takes one of 'stride', 'max'"):
        downsampler(name, KEY, 3)

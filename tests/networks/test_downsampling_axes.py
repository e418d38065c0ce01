"""Downsampling against loops over samples, on one, two and three axes, by every name; and its derivatives."""

import itertools
import math
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.networks import convolutional, residual
from shiftmath.networks import downsampling as down

EPS = float(np.finfo(float).eps)
KEY = jax.random.key(20211012)
MAPS = [((6,), 2), ((6, 3), 3), ((2, 4, 2), 2)]


def loops(x, s):
    """{phase: component}, sample by sample."""
    small = [d // s for d in x.shape[:-1]]
    found = {}
    for phase in itertools.product(range(s), repeat=len(small)):
        found[phase] = np.zeros((*small, x.shape[-1]))
        for n in np.ndindex(*small):
            found[phase][n] = x[tuple(s * m + i for m, i in zip(n, phase, strict=True))]
    return found


def blurred(x, taps):
    """The binomial mean around each sample, from the docstring's sum over all axes at once."""
    y, start = np.zeros_like(x), (taps - 1) // 2
    for n in np.ndindex(*x.shape[:-1]):
        for a in itertools.product(range(taps), repeat=len(n)):
            at = tuple((m + b - start) % d for m, b, d in zip(n, a, x.shape, strict=False))
            y[n] += math.prod(math.comb(taps - 1, b) / 2 ** (taps - 1) for b in a) * x[at]
    return y


@pytest.mark.parametrize(("spatial", "s"), MAPS)
def test_components_norms_and_pools_are_those_of_loops(spatial, s, rng):
    x = rng.standard_normal((*spatial, 2))
    parts = list(loops(x, s).values())
    assert np.array_equal(down.components(x, s), parts)
    powers = {"l1": sum, "l2": lambda v: math.sqrt(sum(t * t for t in v)), "linf": max}
    for name, power in powers.items():
        expected = np.array([power([abs(t) for t in part.flat]) for part in parts])
        assert np.abs(down.norms(x, s, name) - expected).max() <= x.size * EPS * expected.max()
        assert np.array_equal(down.aps(x, s, name), parts[int(np.argmax(expected))])
    assert np.array_equal(down.max_pool(x, s), np.max(parts, axis=0))
    assert np.abs(down.average_pool(x, s) - np.mean(parts, axis=0)).max() <= len(parts) * EPS * np.abs(x).max()


@pytest.mark.parametrize("taps", [2, 3, 4])
@pytest.mark.parametrize(("spatial", "s"), MAPS)
def test_blurs_and_aps_behind_them_are_those_of_loops(spatial, s, taps, rng):
    x = rng.standard_normal((*spatial, 2))
    y, close = blurred(x, taps), 4 * taps ** len(spatial) * EPS * np.abs(x).max()
    assert np.abs(down.blur(x, taps) - y).max() <= close
    parts = list(loops(y, s).values())
    assert np.abs(down.blur_pool(x, s, taps) - parts[0]).max() <= close
    best = max(parts, key=np.linalg.norm)
    assert np.abs(down.aps(x, s, taps=taps) - best).max() <= close


def tips_by_loops(kernel, weight, x, s):
    """The weights of TIPS, sample by sample: block (i, j, ...) of psi gives that of phase (..., j, i)."""
    axes, tau = x.ndim - 1, {}
    for block in itertools.product(range(s), repeat=axes):
        total = np.zeros(x.shape[-1])
        for n in itertools.product(
            *[range(b * d // s, (b + 1) * d // s) for b, d in zip(block, x.shape, strict=False)]
        ):
            psi = np.zeros(x.shape[-1])
            for tap in itertools.product(range(3), repeat=axes):
                at = tuple(m + t - 1 for m, t in zip(n, tap, strict=True))
                if all(0 <= m < d for m, d in zip(at, x.shape, strict=False)):
                    psi += kernel[tap] * x[at]
            total += np.maximum(psi, 0)
        tau[block[::-1]] = np.exp(weight * total * s**axes / math.prod(x.shape[:-1]))
    return {phase: t / sum(tau.values()) for phase, t in tau.items()}


@pytest.mark.parametrize(("spatial", "s"), MAPS)
def test_tips_is_that_of_loops_on_any_number_of_axes(spatial, s, rng):
    layer, x = down.TIPS.of(KEY, 2, len(spatial), float, stride=s), rng.standard_normal((*spatial, 2))
    layer = eqx.tree_at(lambda t: t.weight, layer, 20 * layer.weight)
    tau, parts = tips_by_loops(np.asarray(layer.kernel), np.asarray(layer.weight), x, s), loops(x, s)
    expected = sum(tau[phase] * part for phase, part in parts.items())
    assert np.abs(layer(jnp.array(x)) - expected).max() <= 640 * EPS * np.abs(x).max()
    assert np.ptp(list(tau.values()), axis=0).max() > 0.1  # weights that are told apart


@pytest.mark.parametrize("name", ["max", "blur", "tips"])
@pytest.mark.parametrize(("spatial", "s"), MAPS[1:])
def test_maximum_sampling_bias_is_the_diagonal_of_the_jacobian_at_the_largest(name, spatial, s, rng):
    layer, x = down.downsampler(name, KEY, 2, len(spatial), stride=s, dtype=float), rng.random((*spatial, 2))
    choice = layer.choice(jnp.array(x))
    jacobian = np.asarray(jax.jacobian(lambda z: layer.apply(z, choice))(jnp.array(x)))
    weights = []
    for n in np.ndindex(*[d // s for d in spatial], 2):
        window = list(itertools.product(*[range(s * m, s * m + s) for m in n[:-1]]))
        best = max(window, key=lambda at, c=n[-1]: x[(*at, c)])
        weights.append(jacobian[(*n, *best, n[-1])])
    assert abs(down.maximum_sampling_bias(layer, x[None])[0] - np.mean(weights)) <= 64 * EPS


EXACT = ("aps", "aps-l1", "aps-linf", "aps-blur", "lps")
FLAT = partial(convolutional, shape=(4, 4, 4), width=4, filter_size=1)
DEEP = partial(residual, shape=(8,), widths=(4, 4))  # with two channels all scores of LPS may be 0


@pytest.mark.parametrize("build", [FLAT, DEEP])
def test_networks_take_every_name_on_one_and_three_axes(build, rng):
    x = rng.standard_normal(build.keywords["shape"])
    moved = jnp.array(np.roll(x, [1] * x.ndim, range(x.ndim)))
    for name in down.NAMES:
        network = build(KEY, classes=3, stride=2, downsample=name, dtype=float)
        base = network(jnp.array(x))
        assert base.shape == (3,)
        assert name not in EXACT or np.abs(network(moved) - base).max() <= 1e-12


def wave(x):
    """A smooth function of a signal, two values."""
    return jnp.stack([jnp.sin(x).ravel()[0] * x.sum(), (x**2).ravel()[:3].prod()])


@pytest.mark.latest
@pytest.mark.parametrize("shape", [(7,), (6,), (3, 4)])
def test_the_lie_derivative_is_the_limit_of_shifts_between_the_samples(shape, rng):
    x, parts = rng.standard_normal(shape), 512
    found = down.lie_derivative(wave, x[None])[0]
    for axis in range(len(shape)):
        copies = down.FractionalShifts(parts, axes=axis).orbit(x)
        steps = [(wave(copies[k]) - wave(copies[-k])) * parts / (2 * k) for k in (1, 2)]
        # Central differences err by c h^2 + O(h^4), so two of them tell c h^2.
        assert np.abs((4 * steps[0] - steps[1]) / 3 - found[axis]).max() <= 1e-6
        assert np.abs(found[axis]).max() > 0.01


def test_scores_of_lps_tie_where_its_relu_is_dead_and_then_the_first_component_stays(rng):
    dead = down.LPS.of(KEY, 2, 1, float)
    dead = eqx.tree_at(lambda layer: layer.first.bias, dead, jnp.full(2, -100.0))
    x = rng.standard_normal((4, 2))
    assert dead.scores(jnp.array(x)).tolist() == [0, 0]
    assert np.array_equal(dead(jnp.array(x)), x[::2])
    assert np.array_equal(dead(jnp.array(np.roll(x, 1, 0))), np.roll(x, 1, 0)[::2])  # other samples


def test_the_lie_derivative_vanishes_where_no_shift_matters_and_not_for_aps(rng):
    X = rng.standard_normal((2, 4, 6))
    network = convolutional(KEY, (4, 6), 3, 2, stride=2, downsample="aps", dtype=float)
    assert np.abs(down.lie_derivative(lambda x: x.mean() ** 2, X)).max() <= 64 * EPS
    found = down.lie_derivative(network, X)
    assert found.shape == (2, 2, 3)
    assert np.abs(found).max() > 1e-3
    assert np.array_equal(down.lie_derivative(wave, X, axes=1)[:, 0], down.lie_derivative(wave, X)[:, 1])
    with pytest.raises(ValueError, match="f: got values bool, takes a function with floating-point values"):
        down.lie_derivative(lambda x: x > 0, X)
    with jax.debug_nans(False), pytest.raises(ValueError, match="f: got a derivative of NaN or infinity"):
        down.lie_derivative(lambda x: jnp.sqrt(x[0] - x[0]), X)

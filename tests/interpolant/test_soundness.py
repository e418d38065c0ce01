"""Certificates are sound: in 50 digits, at the largest radius, where they are tight, and term by term."""

import math

import mpmath as mp
import numpy as np
import pytest

from shiftmath.groups import circular_shifts
from shiftmath.interpolant import Interpolant, certified_radius
from shiftmath.interpolant.certified_patches import patch_functions
from shiftmath.interpolant.directions import angles, largest
from shiftmath.interpolant.even_part import even, least_of_even
from shiftmath.interpolant.patch_bounds import Patch
from shiftmath.interpolant.patch_curvature import blunt_gradients, by_curvature, by_size, by_slope, even_turns, local
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.kernels.dual import homogeneous_weights

EPS = float(np.finfo(float).eps)
DIGITS = 50
DENSE = [
    FullyConnected(),
    FullyConnected(depth=3),
    FullyConnected(activation="abs"),
    FullyConnected(activation="leaky_relu", negative_slope=-0.5, depth=2),
    FullyConnected(bias_std=0.7, weight_std=1.3),
]
CONVOLUTIONS = [
    Convolutional(spatial_axes=1),
    Convolutional(readout="flatten", activation="abs", spatial_axes=1),
    Convolutional(readout=2, filter_size=2, spatial_axes=1),
    Convolutional(padding="zero", bias_std=0.4, weight_std=1.2, spatial_axes=1),
    Convolutional(filter_size=4, activation="leaky_relu", negative_slope=-0.4, spatial_axes=1),
]
NETWORKS = [*DENSE, GroupAverage(FullyConnected(depth=2), circular_shifts(axes=0)), *CONVOLUTIONS]
CHANNELS = 4  # so that few lines lie near a patch, where the gradient jumps
SHAPE = (4, CHANNELS)


def interpolant(network, samples, rng):
    return Interpolant(network, rng.standard_normal((samples, *SHAPE)), np.resize([1.0, -1.0], samples))


def certified(f, x, level=0.0):
    return certified_radius(f.kernel, f.X, f.coefficients, x, level)


def directions(f, x, rng, count):
    """Unit steps from x: down and up the gradient first, then random."""
    steps = np.concatenate([f.gradient(x)[None] * [[[-1.0]], [[1.0]]], rng.standard_normal((count, *x.shape))])
    return steps / np.linalg.norm(steps.reshape(len(steps), -1), axis=1)[:, None, None]


# The kernels in 50 digits, from their docstrings: E[f f] and E[f' f'] of a homogeneous activation.


def dual(kernel, p, q, k):
    a, b = homogeneous_weights(kernel.activation, kernel.negative_slope)
    scale = mp.sqrt(p * q)
    rho = max(-1, min(1, k / scale)) if scale else mp.mpf(0)
    angle = mp.pi - mp.acos(rho)
    kappa1 = (mp.sqrt(1 - rho**2) + rho * angle) / mp.pi
    return (a - b) * k + b * scale * kappa1, (a - b) + b * angle / mp.pi


def dense(kernel, x, z):
    w, b = mp.mpf(kernel.weight_std) ** 2, mp.mpf(kernel.bias_std) ** 2
    p, q, k = (w * mp.fdot(u, v) / len(x) + b for u, v in ((x, x), (z, z), (x, z)))
    theta = k
    for layer in range(kernel.depth):
        w, b = (w, b) if layer < kernel.depth - 1 else (mp.mpf(1), mp.mpf(0))
        covariance, slope = dual(kernel, p, q, k)
        p, q = (w * dual(kernel, v, v, v)[0] + b for v in (p, q))
        k = w * covariance + b
        theta = k + w * theta * slope
    return theta


def windows(kernel, x):
    """The pixels that the filter sees at each place of the signal x (length, channels)."""
    length, q = len(x), kernel.filter_size
    for i in range(length):
        places = [i + a for a in range(-((q - 1) // 2), q // 2 + 1)]
        if kernel.padding == "circular":
            yield [v for p in places for v in x[p % length]]
        else:
            yield [v for p in places for v in (x[p] if 0 <= p < length else [mp.mpf(0)] * CHANNELS)]


def convolutional(kernel, x, z):
    w, b = mp.mpf(kernel.weight_std) ** 2, mp.mpf(kernel.bias_std) ** 2
    block = {"average": len(x), "flatten": 1}.get(kernel.readout, kernel.readout)
    U, V = list(windows(kernel, x)), list(windows(kernel, z))
    total = mp.mpf(0)
    for i, u in enumerate(U):
        for j, v in enumerate(V):
            if i // block == j // block:
                p, q, k = (w * mp.fdot(s, t) / len(u) + b for s, t in ((u, u), (v, v), (u, v)))
                covariance, slope = dual(kernel, p, q, k)
                total += covariance + k * slope
    return total / (len(x) * block)


def exact(x):
    return [[mp.mpf(v) for v in row] for row in np.asarray(x).tolist()]


def flat(x):
    return [v for row in x for v in row]


def value(f, z):
    """f(z) in 50 digits, z and the numbers of f taken as exact."""
    kernel, X = f.kernel, [exact(x) for x in f.X]
    if isinstance(kernel, GroupAverage):
        shifts = [[x[s:] + x[:s] for s in range(len(x))] for x in X]
        each = [mp.fsum(dense(kernel.kernel, flat(z), flat(t)) for t in turns) / len(turns) for turns in shifts]
    elif isinstance(kernel, FullyConnected):
        each = [dense(kernel, flat(z), flat(x)) for x in X]
    else:
        each = [convolutional(kernel, z, x) for x in X]
    return mp.fdot(map(mp.mpf, f.coefficients.tolist()), each)


def moved(x, r, direction):
    """x + r direction / |direction| in 50 digits."""
    x, direction = exact(x), exact(direction)
    length = mp.sqrt(mp.fsum(v * v for row in direction for v in row))
    return [[p + mp.mpf(r) * q / length for p, q in zip(*rows, strict=True)] for rows in zip(x, direction, strict=True)]


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_the_reference_is_the_kernel(network, rng):
    f, z = interpolant(network, 3, rng), rng.standard_normal(SHAPE)
    with mp.workdps(DIGITS):
        # 64 eps of the moduli of the terms, as the certificate takes off.
        moduli = np.abs(network(z[None], f.X)[0] * f.coefficients).sum()
        assert abs(float(value(f, exact(z))) - f(z)) <= 64 * EPS * moduli


@pytest.mark.parametrize("level", [0.0, 0.3])
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_in_50_digits_no_point_at_the_radius_is_across(network, level, rng):
    f = interpolant(network, 3, rng)
    x = rng.standard_normal(SHAPE)
    r = certified(f, x, level)
    assert r > 0
    with mp.workdps(DIGITS):
        side = value(f, exact(x)) - level
        for direction in directions(f, x, rng, 2):
            assert (value(f, moved(x, r, direction)) - level) * side >= 0


@pytest.mark.parametrize("network", [n for n in CONVOLUTIONS if not n.bias_std and n.activation != "abs"][:1], ids=repr)
def test_in_50_digits_a_tight_radius_does_not_cross_the_hyperplane(network, rng):
    x = rng.standard_normal(SHAPE) + 0.2
    f = Interpolant(network, np.stack([x, -x]), [1.0, -1.0])
    for z in rng.standard_normal((2, *SHAPE)):
        r, down = certified(f, z), -np.sign(f(z)) * f.gradient(z)
        with mp.workdps(DIGITS):
            side = value(f, exact(z))
            assert value(f, moved(z, r, down)) * side >= 0
            assert value(f, moved(z, r * (1 + 1e-9), down)) * side < 0


@pytest.mark.parametrize("level", [0.0, -0.2])
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_none_of_thousands_of_directions_crosses_within_the_radius(network, level, rng):
    f = interpolant(network, 3, rng)
    for x in rng.standard_normal((2, *SHAPE)):
        steps = certified(f, x, level) * directions(f, x, rng, 2000)
        for share in (1.0, 0.7):
            # Where the value is not 0 to rounding.
            values = (f(x + share * steps) - level) * np.sign(f(x) - level)
            assert values.min() > -1e-13


def on_the_boundary(f, level, rng):
    """A point just across f = level on the way between two others, the unit normal towards the first, and f's slope."""
    values = np.zeros(2)
    while values[0] * values[1] >= 0:
        ends = rng.standard_normal((2, *SHAPE))
        values = f(ends) - level
    for _ in range(9):  # 64 parts each time, to rounding
        line = ends[0] + np.linspace(0, 1, 65)[:, None, None] * (ends[1] - ends[0])
        first = max(1, int(((f(line) - level) * values[0] <= 0).argmax()))
        ends = line[[first - 1, first]]
    normal = f.gradient(ends[1])
    steep = np.linalg.norm(normal)
    return ends[1], np.sign(values[0]) * normal / steep, steep


@pytest.mark.parametrize("level", [0.0, 0.3])
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_near_the_boundary_it_is_tight_so_that_a_fault_of_a_tenth_would_show(network, level, rng):
    f = interpolant(network, 3, rng)
    for _ in range(3):
        point, normal, steep = on_the_boundary(f, level, rng)
        x = point + 1e-5 * normal
        moduli = np.abs(network(x[None], f.X)[0] * f.coefficients).sum()
        # The other side begins at `point`, known to rounding of f over its slope.
        assert certified(f, x, level) <= 1e-5 + 64 * EPS * moduli / steep
        # With a level the cone bounds length and direction one after the other: at most the root of 2 is lost.
        share = 1 if not level or isinstance(network, Convolutional) else math.sqrt(0.5)
        assert certified(f, x, level) >= 0.9 * share * 1e-5


def some_patch(v, count, rng):
    u = rng.standard_normal((count, len(v)))
    u /= np.linalg.norm(u, axis=1)[:, None]
    weights = rng.standard_normal(count)
    return Patch(v, rng.standard_normal(len(v)), u, weights, *least_of_even(u, weights))


def at(part, points):
    """h at each point."""
    lengths = np.linalg.norm(points, axis=1)
    each = [angles(part.u, p / n) if n else np.zeros(len(part.u)) for p, n in zip(points, lengths, strict=True)]
    return points @ part.linear + lengths * (even(np.array(each)) @ part.weights)


def in_ball(R, d, rng):
    """Steps of all lengths up to R."""
    steps = rng.standard_normal((4000, d))
    return R * np.linspace(0, 1, 4000)[:, None] * steps / np.linalg.norm(steps, axis=1)[:, None]


@pytest.mark.parametrize("kind", [by_curvature, lambda part, R: by_size(part), lambda part, R: by_slope(part)])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.55])
@pytest.mark.parametrize("count", [1, 3, 40])
def test_no_point_near_a_patch_lies_below_its_bound(kind, share, count, rng):
    for _ in range(10):
        v = 2 * rng.standard_normal(3)
        part = some_patch(v, count, rng)
        R = share * part.length
        own, k = kind(part, R), in_ball(R, 3, rng)
        size = np.linalg.norm(k, axis=1)
        bound = part.value + k @ own.gradient + np.einsum("ni,ij,nj->n", k, own.H, k) / 2
        bound -= own.tau * size**2 + own.nu * size + own.lost
        assert (at(part, v + k) - bound).min() >= -1e-13 * abs(part.weights).sum()


def test_without_near_lines_only_the_third_order_is_lost(rng):
    v = np.array([0.0, 0.0, 2.0])
    u = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, -0.4], [0.6, 0.6, 0.5]])
    u /= np.linalg.norm(u, axis=1)[:, None]
    part = Patch(v, np.zeros(3), u, np.array([1.0, -2.0, 0.5]), math.inf, math.inf)
    lost = []
    for R in (1e-2, 1e-3):
        own, k = local(part, R), in_ball(R, 3, rng)
        assert own.nu == own.lost == 0
        exact = part.value + k @ own.gradient + np.einsum("ni,ij,nj->n", k, own.H, k) / 2
        lost.append(np.abs(at(part, v + k) - exact).max())
        assert lost[-1] <= own.tau * R**2
    # The error of a second derivative falls with the cube, but for the rounding of h.
    assert lost[1] <= lost[0] / 900 + 1e-15


@pytest.mark.parametrize("count", [1, 5, 60])
def test_the_even_part_is_nowhere_larger_than_its_bound(count, rng):
    part = some_patch(rng.standard_normal(4), count, rng)
    around = np.concatenate([in_ball(1.0, 4, rng)[1:], part.u])
    around /= np.linalg.norm(around, axis=1)[:, None]
    values = at(part, around) - around @ part.linear
    assert values.max() <= part.most <= abs(part.weights).sum()
    assert -values.min() <= part.least <= abs(part.weights).sum()
    if count == 1:
        assert max(part.least, part.most) == pytest.approx(abs(part.weights[0]), rel=1e-3)


@pytest.mark.parametrize("near", [0.02, 0.12, 0.3, 1.0, 1.5])
@pytest.mark.parametrize("share", [0.5, 0.95, 1.05, 1.5, 3.0])
def test_in_the_plane_gradients_turn_no_more_than_their_bound_also_through_the_line(near, share):
    u, delta = np.array([[1.0, 0.0]]), near * share
    own = blunt_gradients(u, np.array([np.cos(near), np.sin(near)]))[0]
    turned = near + np.linspace(-delta, delta, 4002)
    # |w| e(theta) has the gradient e w + e' w', w' the unit vector along which theta grows.
    theta = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
    w, along = (np.stack([np.cos(turned + a), np.sin(turned + a)], 1) for a in (0, np.pi / 2))
    e = (np.sin(theta) + (np.pi - 2 * theta) * np.cos(theta)) / np.pi
    slope = (-np.cos(theta) - (np.pi - 2 * theta) * np.sin(theta)) / np.pi * np.sign(np.sin(turned))
    gradients = e[:, None] * w + slope[:, None] * along
    found = np.linalg.norm(gradients - own, axis=1).max()
    # Either gradient is a sum of terms of size 1.
    assert found <= even_turns(np.array([near]), delta)[0] + 16 * EPS
    if share > 1:
        # On the line the gradient jumps by 2 / pi, so that one side is half as far from any vector, but for the grid.
        assert found >= 0.99 / np.pi


@pytest.mark.parametrize("scale", [1.0, 2.0**30, 2.0**-30])
@pytest.mark.parametrize("network", [Convolutional(spatial_axes=1), FullyConnected()], ids=repr)
def test_on_the_boundary_nothing_is_certified_at_any_scale(network, scale, rng):
    # Whole numbers whose sum, and whose product with x, is exactly 0: f(z) is 0, and its computed value rounding.
    x = np.ones(SHAPE)
    f = Interpolant(network, np.stack([x, -x]), [1.0, -1.0])
    for _ in range(40):
        z = rng.integers(-(10**6), 10**6, SHAPE).astype(float)
        z[-1] -= z.sum(axis=0)
        assert certified(f, scale * z) == 0


@pytest.mark.parametrize("scale", [2.0**30, 2.0**-30])
@pytest.mark.parametrize("network", [n for n in NETWORKS if not getattr(n, "bias_std", 0)], ids=repr)
def test_without_bias_it_scales_with_the_point(network, scale, rng):
    f, x = interpolant(network, 3, rng), rng.standard_normal(SHAPE)
    # Bisections of intervals of another scale: 2^-40 of a bound at most 1e3 times as large.
    assert certified(f, scale * x) == pytest.approx(scale * certified(f, x), rel=1e-8)


def test_the_largest_radius_found_has_passed():
    for edge in (0.3, 0.7, 1e-9, 1.0):
        found = largest(lambda r, edge=edge: r < edge, 1.0)
        assert found < edge
        assert found == pytest.approx(edge, abs=2.0**-40)
    assert largest(lambda r: False, 1.0) == 0


@pytest.mark.parametrize("network", CONVOLUTIONS, ids=repr)
def test_the_gradients_of_the_patches_add_up_to_that_of_f(network, rng):
    from shiftmath.interpolant.certified_patches import patch_entries

    f, x = interpolant(network, 3, rng), rng.standard_normal(SHAPE)
    plan = network.plan(SHAPE[:1])
    parts, _ = patch_functions(plan, f.X[:, None], f.coefficients, x[None])
    entries = patch_entries(plan, CHANNELS)
    gradients = np.stack([part.gradient[: entries.shape[1]] for part in parts])
    total = np.bincount(entries.reshape(-1), gradients.reshape(-1), x.size + 1)[:-1]
    # No line lies near a patch here, so that the direction away from none is left out.
    assert all((abs(np.sin(angles(p.u, p.v / p.length))) > 0.1).all() for p in parts)
    assert np.abs(total.reshape(SHAPE) - f.gradient(x)).max() <= 1e-12 * np.abs(total).max()

"""The second derivative of fully connected certificates: each bound against dense samples, and what it gains."""

import math

import numpy as np
import pytest

from shiftmath.datasets import digits
from shiftmath.interpolant import Interpolant
from shiftmath.interpolant.angular import angular, even_and_odd, third, third_of_one_layer
from shiftmath.interpolant.certified import certified_radius
from shiftmath.interpolant.certified_cone import Lines
from shiftmath.interpolant.certified_curvature import Curved, Quadratic, frobenius
from shiftmath.interpolant.directions import SLACK, angles, lines
from shiftmath.kernels import FullyConnected

EPS = float(np.finfo(float).eps)
NETWORKS = [
    FullyConnected(),
    FullyConnected(depth=3),
    FullyConnected(activation="abs", depth=2),
    FullyConnected(activation="leaky_relu", negative_slope=-0.5, depth=2, weight_std=1.2),
    FullyConnected(activation="identity", depth=2),
]


def random_lines(network, count, d, rng, v):
    u, along, against = lines(rng.standard_normal((count, d)), rng.standard_normal(count))
    flip = np.where(u @ v < 0, -1.0, 1.0)
    return Lines(network, d, flip[:, None] * u, angles(flip[:, None] * u, v), along + against, flip * (along - against))


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def value(own, points):
    """f at each point, from the angular function alone."""
    lengths = np.linalg.norm(points, axis=1)
    rho = np.clip(points @ own.u.T / lengths[:, None], -1, 1)
    e, o = even_and_odd(own.kernel, np.arccos(rho), own.size)
    return lengths * (e[0] @ own.even + o[0] @ own.odd)


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_derivatives_are_those_of_differences_and_grow_with_the_cosine(network):
    rho, h = np.linspace(-0.7, 0.7, 37), 1e-5
    jet, above, below = (angular(network, np.arccos(r), 4) for r in (rho, rho + h, rho - h))
    # Differences err by h^2 / 6 times the derivative two orders on, of powers of 1 - rho^2 = .51 at most 81 / .51^2
    # times as large, and by eps / h.
    assert np.abs((above - below)[:3] / (2 * h) - jet[1:]).max() <= (1e-10 * 312 / 6 + 1e-9) * np.abs(jet).max()
    # Rounding is that of the jet itself, also where a part vanishes; 1 - rho^2 = .02 loses two digits, three times.
    rounding = 1e6 * EPS * np.abs(angular(network, np.arccos([0.99]), 4))
    for part in even_and_odd(network, np.arccos(np.linspace(0, 0.99, 200)), 4):
        assert (np.diff(part, axis=1) >= -rounding).all()
        assert (part >= -rounding).all()


@pytest.mark.parametrize("network", NETWORKS[:4], ids=repr)
def test_curvature_changes_no_faster_than_its_bound(network):
    low, high = 0.4, 0.7
    for parity, (at_low, part) in enumerate(
        zip(
            even_and_odd(network, np.array([low]), 4), even_and_odd(network, np.linspace(low, high, 50), 4), strict=True
        )
    ):
        theta = np.linspace(low, high, 50)
        along = np.linspace(-1, 1, 101)[:, None] * np.sin(theta)
        speed = np.abs(part[3] * along**3 - 3 * np.cos(theta) * part[2] * along)
        # The odd part of one layer is linear; its third derivative is the rounding of numbers up to 100.
        assert speed.max() <= third(at_low, np.array([low]), np.array([high]))[0] * (1 + 1e-12) + 1e4 * EPS, parity


def test_of_one_layer_the_bound_is_the_largest_change_and_falls_with_the_angle():
    theta = np.linspace(0.02, np.pi / 2, 400)
    even = even_and_odd(FullyConnected(), theta, 1)[0]  # the factor sigma_w^2 b / D is 1
    along = np.linspace(0, 1, 20001)[:, None] * np.sin(theta)
    speed = np.abs(even[3] * along**3 - 3 * np.cos(theta) * even[2] * along).max(axis=0)
    # The grid misses a maximum by the square of half a step, relative to a peak of width 1.
    assert np.allclose(third_of_one_layer(theta), speed, rtol=1e-7, atol=1e-12)
    assert (np.diff(third_of_one_layer(theta)) < 0).all()


@pytest.mark.parametrize("delta", [1e-3, 0.2, 0.9, math.pi / 2])
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_planes_lie_below_their_functions_and_touch(network, delta, rng):
    theta = np.linspace(0, np.pi / 2, 9)
    for even, odd in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
        own = Lines(network, 4, np.eye(9), theta, np.full(9, even), np.full(9, odd))
        slopes, _, rounding = own.tangents_and_chords(delta)
        each = np.array([own.where(np.arange(9) == i).tangents_and_chords(delta)[1][0] for i in range(9)])
        turned = np.clip(theta[:, None] + np.linspace(-delta, delta, 401), 0, np.pi)
        e, o = even_and_odd(network, turned, 4)
        above = even * e[0] + odd * o[0] - slopes[:, None] * np.cos(turned) - each[:, None]
        assert above.min() >= -rounding
        flat = even * e[0] + odd * o[0] - own.flat(delta)[:, None]
        assert flat.min() >= -SLACK * own.moduli
        if delta < 0.5:
            # Tangents touch at max(theta, delta), which the grid of 401 misses by delta / 400.
            assert above.min(axis=1).max() <= 1e-3 * delta + rounding


@pytest.mark.parametrize("shape", [(3, 5), (5, 3)])
def test_the_frobenius_norm_is_that_of_the_matrix(shape, rng):
    V, w = rng.standard_normal(shape), rng.standard_normal(shape[0])
    exact = np.linalg.norm((V.T * w) @ V)
    assert exact <= frobenius(V, w) <= exact * (1 + 2e-6)


@pytest.mark.parametrize("R", [0.1, 1.0, 10.0])
def test_no_point_of_the_disc_falls_further_than_the_dual_bound(R, rng):
    turn = np.linspace(0, 2 * np.pi, 721)
    disc = np.linspace(0, R, 101)[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
    for _ in range(20):
        V, w, G, tau = (
            rng.standard_normal((4, 2)),
            rng.standard_normal(4),
            rng.standard_normal(2),
            rng.standard_normal(),
        )
        H = tau * np.eye(2) + (V.T * w) @ V
        q = Quadratic(G, lambda y, H=H: H @ y, abs(tau) + frobenius(V, w))
        lowest = -(disc @ G + np.einsum("...i,ij,...j", disc, H, disc) / 2).min()
        assert lowest <= q.fall(G, R)
        # Where the quadratic part is small the bound is the fall itself, up to mu - ||H|| against |G| / R.
        assert q.fall(G, R) <= R * np.linalg.norm(G) + q.norm * R**2
    assert q.fall(0 * G, R) >= -np.linalg.eigvalsh(H)[0] * R**2 / 2


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_no_point_of_the_disc_lies_below_the_least_value(network, rng):
    turn, share = np.linspace(0, 2 * np.pi, 181), np.array([0.25, 0.5, 0.75, 1.0])
    circle = np.stack([np.cos(turn), np.sin(turn)], -1)
    compared, tight = 0, 0
    for _ in range(60):
        v = unit(rng.standard_normal(3))
        own = random_lines(network, 5, 3, rng, v)
        own = own.signed(np.sign(value(own, v[None])[0]))
        curved = Curved.of(own, v, value(own, v[None])[0])
        if curved is None:
            continue
        basis = np.linalg.svd(v[None])[2][1:]
        for delta in curved.reach * np.array([0.05, 0.5, 1.0]):
            disc = v + math.tan(delta) * (share[:, None, None] * (circle @ basis)).reshape(-1, 3)
            lowest, found = value(own, disc).min(), curved.least(delta)
            assert found <= lowest + 64 * EPS * own.moduli
            compared, tight = compared + 1, tight + (delta < 0.1 * curved.reach and found > lowest - 0.1 * abs(lowest))
    assert compared > 60
    assert tight > 10


def test_of_real_digits_it_certifies_more_than_half_of_the_way_to_the_tangent_plane():
    data = digits()
    zero, one = (data.of_class(label)[:60].reshape(60, -1) for label in (0, 1))
    f = Interpolant(FullyConnected(), np.concatenate([zero[:40], one[:40]]), np.repeat([1.0, -1.0], 40))
    for x in np.concatenate([zero[40:43], one[40:43]]):
        radius, h = certified_radius(f.kernel, f.X, f.coefficients, x), 1e-5
        steps = h * np.eye(64)
        # f is smooth off its samples: differences err by h^2 and eps / h, both below 1e-9.
        gradient = (f(x + steps) - f(x - steps)) / (2 * h)
        slope = np.linalg.norm(gradient)
        assert radius >= 0.5 * abs(f(x)) / slope
        along = x - np.sign(f(x)) * gradient / slope * np.linspace(0, 2 * abs(f(x)) / slope, 400)[:, None]
        crossing = (f(along) * f(x) <= 0).argmax()
        assert 0 < radius <= np.linalg.norm(along[crossing] - x)

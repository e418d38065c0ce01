"""Certified radii: never beyond the boundary, equal to its distance where that is known, near it in the plane."""

from dataclasses import replace

import numpy as np
import pytest

from shiftmath.groups import circular_shifts, flips
from shiftmath.interpolant import Interpolant
from shiftmath.interpolant.angular import angular
from shiftmath.interpolant.certified import certified_radius
from shiftmath.interpolant.certified_patches import patch_functions
from shiftmath.interpolant.directions import angles, lines
from shiftmath.interpolant.even_part import STEEPEST, even_gradients
from shiftmath.interpolant.patch_curvature import blunt_gradients, even_turns
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage

EPS = float(np.finfo(float).eps)
DENSE = [
    FullyConnected(),
    FullyConnected(depth=3),
    FullyConnected(activation="abs"),
    FullyConnected(activation="leaky_relu", negative_slope=0.3, depth=2),
    FullyConnected(bias_std=0.7, weight_std=1.3),
]
CONVOLUTIONS = [
    Convolutional(),
    Convolutional(readout="flatten"),
    Convolutional(readout=2, filter_size=2, activation="abs"),
    Convolutional(padding="zero", bias_std=0.4, weight_std=1.2),
    Convolutional(filter_size=4, activation="leaky_relu", negative_slope=0.2),
]
NETWORKS = [*DENSE, GroupAverage(FullyConnected(depth=2), circular_shifts(axes=0)), *CONVOLUTIONS]


def on_signals(network):
    """The same network for signals of one axis."""
    return replace(network, spatial_axes=1) if isinstance(network, Convolutional) else network


def interpolant(network, shape, samples, rng):
    return Interpolant(network, rng.standard_normal((samples, *shape)), np.resize([1.0, -1.0], samples))


def certified(f, x):
    return certified_radius(f.kernel, f.X, f.coefficients, x)


@pytest.mark.slow
@pytest.mark.parametrize(("network", "samples"), [(n, 7) for n in NETWORKS] + [(n, 2) for n in NETWORKS[::5]], ids=repr)
def test_no_crossing_that_a_search_finds_is_nearer(network, samples, rng):
    network = on_signals(network)
    f = interpolant(network, (4, 2), samples, rng)
    for x in (f.X[0], rng.standard_normal((4, 2))):
        found = f.distance(x, closed_form=False, restarts=2)
        assert 0 < found.lower <= found.upper


@pytest.mark.parametrize("network", DENSE, ids=repr)
def test_in_the_plane_it_is_near_the_distance_of_a_scan_of_all_directions(network, rng):
    f = interpolant(network, (2,), 3, rng)
    x = rng.standard_normal(2)
    # A cone is nearest to x at the foot on a ray; with bias the boundary is none, and a grid finds it to 1 percent.
    if network.bias_std:
        grid = np.linspace(-3, 3, 801)
        points = x + np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    else:
        turn = np.linspace(-np.pi / 2, np.pi / 2, 20001)
        foot = np.linalg.norm(x) * np.cos(turn)
        points = foot[:, None] * np.stack(
            [np.cos(turn + np.angle(complex(*x))), np.sin(turn + np.angle(complex(*x)))], -1
        )
    across = f(points) * f(x[None])[0] < 0
    assert across.any()
    distance = np.linalg.norm(points[across] - x, axis=1).min()
    assert 0.5 * distance <= certified(f, x) <= distance


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_two_opposite_samples_are_certified_as_far_as_the_boundary_is(depth, activation, rng):
    x = rng.standard_normal(6)
    f = Interpolant(FullyConnected(depth, activation), np.stack([x, -x]), [1, -1])
    # POINTS = 513 angles leave out at most (pi / 512) / 2 of slope 4: cos(delta) > 0.02, sin(delta) > 1 - 2e-4.
    assert 1 - 2e-4 <= certified(f, x) / np.linalg.norm(x) <= 1


@pytest.mark.parametrize(
    "network",
    [Convolutional(), Convolutional(readout="flatten"), Convolutional(filter_size=2, activation="leaky_relu")],
    ids=repr,
)
def test_two_opposite_images_are_certified_to_the_hyperplane(network, rng):
    x = rng.standard_normal((4, 5, 2)) + 0.2
    f = Interpolant(network, np.stack([x, -x]), [1, -1])
    z = rng.standard_normal((4, 5, 2))
    for point in (x, z):
        # The slack is 64 eps of the moduli, which are at most 1e3 times f at these points; 40 halvings leave 1e-12.
        assert certified(f, point) == pytest.approx(f.distance(point).upper, rel=1e-10)
        assert certified(f, point) <= f.distance(point).upper


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_it_scales_with_the_data_and_not_with_the_labels(network, rng):
    if getattr(network, "bias_std", 0):
        pytest.skip("a bias has a scale of its own")
    network = on_signals(network)
    f = interpolant(network, (4, 2), 4, rng)
    x = rng.standard_normal((4, 2))
    # Bisections of intervals of another scale: 2^-40 of a bound at most 1e3 times as large.
    scaled = certified_radius(network, 3 * f.X, -5 * f.coefficients, 3 * x)
    assert scaled == pytest.approx(3 * certified(f, x), rel=1e-8)


@pytest.mark.parametrize("network", DENSE, ids=repr)
def test_the_angular_function_is_the_kernel(network, rng):
    X, z = rng.standard_normal((5, 4)), rng.standard_normal(4)
    bias = network.bias_std * 2 / network.weight_std
    X1, z1 = np.c_[X, np.full(5, bias)], np.r_[z, bias]
    lengths = np.linalg.norm(X1, axis=1)
    kappa = angular(network, angles(X1 / lengths[:, None], z1 / np.linalg.norm(z1)), 4)[0]
    assert np.allclose(np.linalg.norm(z1) * lengths * kappa, network(z[None], X)[0], rtol=0, atol=256 * EPS)


def even(u, v):
    """|v| e(theta) for each unit vector u."""
    theta = angles(u, v / np.linalg.norm(v))
    return np.linalg.norm(v) * (np.sin(theta) + (np.pi - 2 * theta) * np.cos(theta)) / np.pi


def test_even_gradients_are_those_of_finite_differences(rng):
    v = rng.standard_normal(4)
    v /= np.linalg.norm(v)
    u = lines(rng.standard_normal((20, 4)), np.ones(20))[0]
    u = u[np.abs(u @ v) < 0.99]
    h = 1e-5
    steps = h * np.eye(4)
    differences = np.stack([(even(u, v + s) - even(u, v - s)) / (2 * h) for s in steps], axis=1)
    # Central differences err by h^2 times a third derivative, at most 1e2 so far from the kinks, and by eps / h.
    assert np.abs(even_gradients(u, v) - differences).max() <= 1e-8


@pytest.mark.parametrize("delta", [0.01, 0.1, 0.5, 2.0])
@pytest.mark.parametrize("near", [0.02, 0.15, 1.0])
def test_even_gradients_turn_no_more_than_their_bound(delta, near, rng):
    u = rng.standard_normal((1, 3))
    u /= np.linalg.norm(u)
    for _ in range(20):
        side = np.cross(u[0], rng.standard_normal(3))
        v = np.cos(near) * u[0] + np.sin(near) * side / np.linalg.norm(side)
        side = np.cross(v, rng.standard_normal((200, 3)))
        side /= np.linalg.norm(side, axis=1)[:, None]
        turn = delta * np.repeat([[0.3], [1.0]], 100, axis=0)
        bound = even_turns(angles(u, v), delta)[0]
        for w in np.cos(turn) * v + np.sin(turn) * side:
            theta = angles(u, w)[0]
            # The gradient of |w| e itself, also where `blunt_gradients` leaves its jump out.
            n = (w - np.cos(theta) * u[0]) / np.sin(theta)
            gradient = ((np.sin(2 * theta) + np.pi - 2 * theta) * u[0] - np.cos(2 * theta) * n) / np.pi
            assert np.linalg.norm(gradient) <= STEEPEST * (1 + 1e-12)
            assert np.linalg.norm(gradient - blunt_gradients(u, v)[0]) <= bound + 1e-12


@pytest.mark.parametrize("network", CONVOLUTIONS, ids=repr)
def test_the_functions_of_the_patches_add_up_to_f(network, rng):
    f = interpolant(network, (4, 6, 2), 4, rng)
    x = rng.standard_normal((4, 6, 2))
    parts, steep = patch_functions(network.plan((4, 6)), f.X, f.coefficients, x)
    # 64 eps of the moduli of all terms, as the certificate takes off.
    assert abs(sum(p.value for p in parts) - f(x[None])[0]) <= 64 * EPS * steep * max(p.length for p in parts)


def test_black_borders_and_samples_of_zeros_are_certified_too(rng):
    X = np.zeros((3, 5, 5, 1))
    X[:2, 2, 2:4, 0] = rng.standard_normal((2, 2))
    f = Interpolant(Convolutional(bias_std=0.1), X, [1.0, -1.0, 1.0])
    assert 0 < certified(f, X[0]) <= f.distance(X[0], restarts=2).upper
    g = Interpolant(Convolutional(readout="flatten"), X[:2], [1.0, -1.0])
    assert 0 < certified(g, X[0]) <= g.distance(X[0], restarts=2).upper


@pytest.mark.parametrize(
    "network",
    [
        FullyConnected(activation="erf"),
        FullyConnected(depth=2, bias_std=0.1),
        Convolutional(depth=2),
        Convolutional(dense_layers=1),
        Convolutional(activation="gelu"),
        GroupAverage(Convolutional(), flips(axes=0)),
    ],
    ids=repr,
)
def test_nothing_is_certified_where_nothing_is_proved(network, rng):
    x = rng.standard_normal((4, 1))
    assert certified_radius(network, x[None], np.ones(1), x) == 0


def test_an_image_of_one_pixel_has_a_certificate_too():
    x = np.ones((1, 1, 1))
    f = Interpolant(Convolutional(filter_size=1), np.stack([x, -x]), [1, -1])
    assert certified_radius(f.kernel, f.X, f.coefficients, x) == pytest.approx(1, rel=1e-6)


def test_nothing_is_certified_where_squares_lose_digits_and_what_is_not_finite_is_named():
    x = np.array([0.3, -0.4, 0.1])
    for size in (1e-162, 1e-150, 1e150):
        assert certified_radius(FullyConnected(), np.stack([x, -x]) * size, [1.0, -1.0], x * size) == 0
    good = {"X": np.stack([x, -x]), "coefficients": np.array([1.0, -1.0]), "x": x}
    for name, value in good.items():
        bad = value.copy()
        bad.flat[-1] = np.nan
        for kernel in (FullyConnected(), Convolutional(filter_size=1, spatial_axes=1)):
            with pytest.raises(ValueError, match=f"^{name}: got nan at"):
                certified_radius(kernel, **good | {name: bad})


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
@pytest.mark.parametrize("exponent", [-900, -540, 500, 900])
def test_coefficients_and_level_times_a_power_of_two_have_the_same_radius(network, exponent, rng):
    X, alpha, x = rng.standard_normal((3, 4)), rng.standard_normal(3), rng.standard_normal(4)
    given = on_signals(network), X, alpha, x, 0.1
    expected = certified_radius(*given)
    assert expected > 0
    assert certified_radius(*given[:2], np.ldexp(alpha, exponent), x, np.ldexp(0.1, exponent)) == expected


def test_of_tiny_coefficients_the_radius_is_the_distance_of_a_plane():
    kernel = Convolutional(filter_size=1, readout="flatten", activation="identity", spatial_axes=1)
    for X, alpha in ((1.0, 1e-170), (1e-130, 1e-40), (1e130, 1e-300)):
        found = certified_radius(kernel, X * np.eye(2), alpha * np.array([1.0, -1.0]), np.array([2.0, 1.0]))
        assert found == pytest.approx(np.sqrt(0.5), rel=1e-9)
        assert found <= np.sqrt(0.5)


def test_what_is_zero_or_a_level_beyond_all_numbers_has_no_radius():
    kernel, x = Convolutional(filter_size=1, spatial_axes=1), np.array([2.0, 1.0])
    assert certified_radius(kernel, np.zeros((2, 2)), np.ones(2), x, 1.0) == 0
    assert certified_radius(kernel, np.ones((2, 2)), np.zeros(2), x, 1.0) == 0
    assert certified_radius(kernel, np.eye(2), np.full(2, 1e-300), x, 1e300) == 0

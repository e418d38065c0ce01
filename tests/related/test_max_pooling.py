"""Max pooling of a Gabor-like filter: its definition, three inequalities, and the largest cosine of a pool."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from shiftmath.dft import shift_phases
from shiftmath.related import bandwidth_error, cmod, filtered, gabor_spectrum, peak_moments, phase_error, rmax

PHASES = 2 * np.pi * np.arange(16) / 16
# Bad and good ones, and one on each axis, for m = 2.
FREQUENCIES = [(np.pi / 2, np.pi / 2), (np.pi / 3, np.pi / 9), (np.pi / 2, 0.0), (-0.9, 2.0)]


def peak(H, omega, reach):
    """The largest cosine, by its definition."""
    steps = range(-reach, reach + 1)
    return np.max([np.cos(H + omega[0] * a + omega[1] * b) for a, b in itertools.product(steps, steps)], axis=0)


def phased(x, W):
    """The map for each phase of the filter."""
    return np.exp(-1j * PHASES)[:, None, None] * filtered(x, W)


def norm(U):
    """Over positions, of each phase."""
    return np.sqrt((U**2).sum((-2, -1)))


def test_the_filter_is_zero_outside_its_square_and_one_at_its_frequency():
    W = gabor_spectrum((32, 48), (np.pi / 2, -np.pi / 4), np.pi / 4)
    xi = np.meshgrid(2 * np.pi * np.fft.fftfreq(32), 2 * np.pi * np.fft.fftfreq(48), indexing="ij")
    away = np.maximum(np.abs(xi[0] - np.pi / 2), np.abs(xi[1] + np.pi / 4))
    assert np.array_equal(W != 0, away < np.pi / 8 - 1e-9)
    assert W[8, -6] == 1
    assert W[9, -6] == pytest.approx(np.cos(np.pi / 4) ** 2)  # a quarter of the side away from the middle


def test_the_square_goes_on_over_the_edge_of_the_spectrum():
    W = gabor_spectrum((16, 16), (np.pi, np.pi), np.pi)
    assert W[8, 8] == 1
    assert np.allclose(W[7], W[9])
    assert np.allclose(W, gabor_spectrum((16, 16), (-np.pi, 3 * np.pi), np.pi), rtol=0, atol=1e-14)


def test_the_map_is_the_correlation_with_the_conjugate_filter(rng):
    x, what = rng.standard_normal((5, 6)), rng.standard_normal((5, 6)) + 1j * rng.standard_normal((5, 6))
    W = np.fft.ifft2(what)
    k = list(itertools.product(range(5), range(6)))
    y = [[sum(x[(a + i) % 5, (b + j) % 6] * np.conj(W[i, j]) for i, j in k) for b in range(6)] for a in range(5)]
    assert np.allclose(filtered(x, what), y)


@pytest.mark.parametrize(("stride", "reach"), [(1, 0), (1, 1), (2, 1), (3, 0), (1, 2)])
def test_both_features_are_their_definition(stride, reach, rng):
    y = rng.standard_normal((2, 12, 24)) + 1j * rng.standard_normal((2, 12, 24))
    p = range(-reach, reach + 1)
    for n in itertools.product(range(12 // (2 * stride)), range(24 // (2 * stride))):
        a, b = (2 * stride * i for i in n)
        pool = [y[:, (a + stride * s) % 12, (b + stride * t) % 24].real for s, t in itertools.product(p, p)]
        assert np.array_equal(rmax(y, stride, reach)[:, *n], np.max(pool, axis=0))
        assert np.array_equal(cmod(y, stride)[:, *n], np.abs(y[:, a, b]))


@pytest.mark.parametrize(("omega", "reach"), [((0, 0), 1), ((np.pi, np.pi), 1), ((0.7, -2.3), 1), ((0.4, 1.1), 2)])
def test_moments_of_the_largest_cosine_are_those_of_quadrature(omega, reach):
    mean, square = peak_moments(omega, reach)
    for value, power in ((mean, 1), (square, 2)):
        H = np.linspace(0, 2 * np.pi, 200001)[:-1]
        # The rule's error at a kink is at most an eighth of the step squared times the jump of the slope.
        assert value == pytest.approx((peak(H, omega, reach) ** power).mean(), abs=1e-8)
    integral, _ = quad(lambda h: (1 - peak(h, omega, reach)) ** 2, 0, 2 * np.pi, limit=400)
    assert phase_error(omega, reach) ** 2 == pytest.approx(integral / (2 * np.pi), abs=1e-7)


def test_named_frequencies_have_the_named_errors():
    assert phase_error((0, 0)) ** 2 == pytest.approx(1.5)
    for omega in [(np.pi, np.pi), (np.pi, 0), (0, np.pi)]:
        assert phase_error(omega) ** 2 == pytest.approx(1.5 - 4 / np.pi)
    even = 1.5 + 9 / (4 * np.pi) * (np.sin(2 * np.pi / 9) - 8 * np.sin(np.pi / 9))
    assert phase_error((2 * np.pi / 3, 2 * np.pi / 9)) ** 2 == pytest.approx(even, abs=1e-14)
    omega = np.random.default_rng(0).uniform(-np.pi, np.pi, (2000, 2))
    assert even <= (phase_error(omega) ** 2).min() + 1e-14
    assert np.allclose(phase_error(omega), phase_error(omega + 2 * np.pi * np.array([3, -2])), atol=1e-7)


@pytest.mark.parametrize("reach", [0, 1, 2, 5])
def test_the_bandwidth_error_is_that_of_all_steps_of_the_pool(reach):
    steps = np.array(list(itertools.product(range(-reach, reach + 1), repeat=2)))
    assert bandwidth_error(0.3, reach) == pytest.approx(0.15 * np.sqrt((np.abs(steps).sum(1) ** 2).sum()))


@pytest.mark.parametrize("theta", FREQUENCIES)
@pytest.mark.parametrize(("kappa", "u"), [(np.pi / 2, (1, 0)), (np.pi / 4, (2, -1)), (np.pi / 4, (0.5, 0.25))])
def test_the_three_inequalities_hold_on_an_image(theta, kappa, u, rng):
    x, m = rng.standard_normal((48, 48)), 2
    W = gabor_spectrum(x.shape, theta, kappa)
    y, moved = phased(x, W), phased(x, W * np.conj(shift_phases(x.shape, u)))
    beta, alpha, size = bandwidth_error(m * kappa), kappa / 2 * np.abs(u).sum(), norm(cmod(y, m))
    own = norm(np.abs(y[:, ::4, ::4]) * (1 - peak(np.angle(y[:, ::4, ::4]), m * np.array(theta), 1)))
    P, of_moved = (norm(rmax(z, m) - cmod(z, m)) for z in (y, moved))
    rounding = 1e-12 * size
    assert (norm(cmod(moved, m) - cmod(y, m)) <= alpha * size + rounding).all()
    assert (np.abs(P - own) <= beta * size + rounding).all()
    assert (norm(rmax(moved, m) - rmax(y, m)) <= P + of_moved + alpha * size + rounding).all()


def test_a_shifted_image_has_the_shifted_map(rng):
    x, W = rng.standard_normal((24, 24)), gabor_spectrum((24, 24), (1.2, 0.4), 1.0)
    moved = filtered(x, W * np.conj(shift_phases(x.shape, (3, -2))))
    assert np.allclose(filtered(np.roll(x, (3, -2), (0, 1)), W), moved)


@pytest.mark.parametrize("theta", [(np.pi / 3, np.pi / 9), (np.pi / 2, np.pi / 2), (np.pi / 6, -np.pi / 2)])
def test_a_plane_wave_has_the_phase_error_over_all_phases_of_the_filter(theta):
    n, m, phases = np.arange(36), 2, 2 * np.pi * np.arange(720) / 720
    x = np.cos(theta[0] * n[:, None] + theta[1] * n)
    y = np.exp(-1j * phases)[:, None, None] * filtered(x, gabor_spectrum((36, 36), theta, np.pi / 10))
    squares = (norm(rmax(y, m) - cmod(y, m)) / norm(cmod(y, m))) ** 2
    # 9 kinks, the slopes of (1 - cos)^2 beside each at most 2.6, the step of the rule 2 pi / 720
    assert squares.mean() == pytest.approx(phase_error(m * np.array(theta)) ** 2, abs=(2 * np.pi / 720) ** 2 / 8 * 9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gabor_spectrum((8,), (1, 1), 1.0), r"^shape: got \(8,\), takes \(h, w\)"),
        (lambda: gabor_spectrum((8, 8), (1, 1, 1), 1.0), r"^frequency: got shape \(3,\), takes two numbers"),
        (lambda: gabor_spectrum((8, 8), (0.4, 0.4), 0.5), "^bandwidth: got 0.5, takes a wider one"),
        (lambda: gabor_spectrum((8, 8), (1, 1), 7.0), "^bandwidth: got 7.0, takes at most 2 pi"),
        (lambda: filtered(np.ones((4, 4)), np.ones((4, 5))), r"^spectrum: got shape \(4, 5\), takes that of the im"),
        (lambda: cmod(np.ones((6, 8)), 2), r"^stride: got 2 for maps of shape \(6, 8\), takes one whose double"),
        (lambda: rmax(np.ones((8, 8)), 2, 2), "^reach: got 2, takes one with pools of at most 4 positions"),
        (lambda: peak_moments(np.ones(3)), r"^frequency: got shape \(3,\), takes an array \(\*batch, 2\)"),
        (lambda: phase_error((1e7, 0)), "^frequency: got .*, takes angles of at most 1e"),
        (lambda: bandwidth_error(1.0, 101), "^reach: got 101, takes a whole number from 0 to 100"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

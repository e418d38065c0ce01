"""Encodings of position: what a shift does to them, which others there are, and what a dot has to do with them."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from shiftmath import dft, groups
from shiftmath.related import geometric_frequencies, rotation, sinusoids

EPS = float(np.finfo(float).eps)
FREQUENCIES = geometric_frequencies(12)


@pytest.mark.parametrize("k", [1, -3, 0.37, 1000])
def test_a_shift_turns_the_encoding_of_every_position_by_the_same_matrix(k, rng):
    p = np.r_[np.arange(20), rng.uniform(-50, 50, 20)]
    turned = sinusoids(p, FREQUENCIES) @ rotation(FREQUENCIES, k).T
    # An angle is rounded to half of its last digit, and so is the sum p + k.
    assert np.abs(turned - sinusoids(p + k, FREQUENCIES)).max() <= 4 * EPS * (np.abs(p).max() + abs(k))


def test_rotations_are_a_representation_of_the_shifts():
    one, two = rotation(FREQUENCIES, 3.5), rotation(FREQUENCIES, -7.25)
    assert np.abs(one @ two - rotation(FREQUENCIES, -3.75)).max() <= 16 * EPS
    assert np.abs(one.T - rotation(FREQUENCIES, -3.5)).max() == 0
    assert np.array_equal(rotation(FREQUENCIES, 0), np.eye(12))


def test_inner_products_depend_on_the_distance_alone():
    E = sinusoids(range(30), FREQUENCIES)
    expected = np.cos(np.multiply.outer(np.subtract.outer(np.arange(30), np.arange(30)), FREQUENCIES)).sum(axis=-1)
    assert np.abs(E @ E.T - expected).max() <= 64 * EPS * len(FREQUENCIES)


def test_an_encoding_that_any_rotation_shifts_is_made_of_sinusoids(rng):
    R = ortho_group.rvs(8, random_state=rng)  # 4 planes, or 3 and the numbers 1 and -1
    orbit = [rng.standard_normal(8)]
    for _ in range(63):
        orbit.append(R @ orbit[-1])
    angles = np.unique(np.round(np.abs(np.angle(np.linalg.eigvals(R))), 10))
    E = sinusoids(range(64), angles)
    left = np.array(orbit) - E @ np.linalg.lstsq(E, np.array(orbit))[0]
    assert np.abs(left).max() < 1e-7  # the angles are rounded to 1e-10, times 64
    other = sinusoids(range(64), angles + 0.05)
    assert np.abs(np.array(orbit) - other @ np.linalg.lstsq(other, np.array(orbit))[0]).max() > 0.1


@pytest.mark.parametrize("n", [5, 8])
def test_on_a_circle_the_encoding_is_the_spectrum_of_the_dot_at_that_place(n):
    w = 2 * np.pi * np.arange(n) / n
    dot = np.eye(n)[0]
    for p in range(n):
        planes = sinusoids([p], w).reshape(n, 2)
        spectrum = np.sqrt(n) * dft.dft(groups.shift(dot, p))
        assert np.abs(planes[:, 1] - 1j * planes[:, 0] - spectrum).max() <= 8 * n * EPS
    turns = rotation(w, 1).reshape(n, 2, n, 2)[np.arange(n), :, np.arange(n)]
    assert np.abs(turns[:, 0, 0] - 1j * turns[:, 0, 1] - dft.shift_phases(n, 1)).max() <= 8 * n * EPS
    assert np.abs(rotation(w, n) - np.eye(2 * n)).max() <= 16 * n * EPS


def test_frequencies_fall_geometrically_from_one():
    w = geometric_frequencies(8, base=16.0)
    assert np.allclose(w, [1, 1 / 2, 1 / 4, 1 / 8], rtol=4 * EPS, atol=0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: geometric_frequencies(5), ValueError, "^d: got 5, takes an even number"),
        (lambda: geometric_frequencies(4, 0.5), ValueError, "^base: got 0.5, takes a finite number of at least 1"),
        (lambda: sinusoids([1e10], [1e10]), ValueError, "^positions and frequencies: got .*at most 2.53"),
        (lambda: rotation([1.0], 1e17), ValueError, "^frequencies and shift: got .*at most 2.53"),
        (lambda: rotation([[1.0]], 1), ValueError, r"^frequencies: got shape \(1, 1\), takes a non-empty list"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

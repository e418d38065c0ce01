"""Gaps and distances in fractions: they are what the package computes, and what is not a gap is refused."""

from fractions import Fraction

import numpy as np
import pytest

from shiftmath import invariant_margin, max_margin
from shiftmath.pages.exact import fractions, squared_distance, squared_gap


def shifts(x):
    return np.stack([np.roll(x, s) for s in range(len(x))])


def test_the_squared_gap_is_that_of_max_margin():
    rng = np.random.default_rng(0)
    for d in (1, 2, 5, 9):
        x, y = rng.standard_normal((2, d)) + np.array([[2], [-2]])
        every = range(d)
        exact = squared_gap(fractions(shifts(x)), fractions(shifts(y)), every, every)
        assert exact == (sum(map(Fraction, x)) - sum(map(Fraction, y))) ** 2 / d
        # The gap is a sum of 2 d products, each rounded once.
        for gap in (max_margin(shifts(x), shifts(y)).gap, invariant_margin(x[None], y[None]).gap):
            assert abs(gap**2 / float(exact) - 1) <= 8 * d * np.finfo(float).eps


def test_points_that_are_not_nearest_are_refused():
    dots = fractions(np.eye(3))
    black = [[-v for v in row] for row in dots]
    assert squared_gap(dots, black, range(3), range(3)) == Fraction(4, 3)
    with pytest.raises(ValueError, match="p_of and q_of: got points of the hulls that are not nearest"):
        squared_gap(dots, black, [0, 1], [0, 1])
    assert squared_gap(dots, dots, range(3), range(3)) == 0


def test_the_squared_distance_is_that_to_the_foot_of_the_perpendicular():
    (x,), (n,) = fractions([[3, 1, 4]]), fractions([[1, -5, 9]])
    t = sum(s * v for s, v in zip(x, n, strict=True)) / sum(v * v for v in n)
    foot = [s - t * v for s, v in zip(x, n, strict=True)]
    assert sum(s * v for s, v in zip(foot, n, strict=True)) == 0
    assert squared_distance(x, n) == sum((s - f) ** 2 for s, f in zip(x, foot, strict=True))

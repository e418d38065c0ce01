"""Onto the boundary along a step: where brentq finds it, on its far side, and in how many evaluations."""

import numpy as np
import pytest
from scipy.optimize import brentq

from shiftmath.interpolant.bracket import onto_boundary

EPS = float(np.finfo(float).eps)
SHARES = {
    "smooth": lambda t: np.cos(3 * t) - t**3,
    "a line": lambda t: 0.3 - t,
    "a kink": lambda t: np.where(t < 0.7, 1 - t, 0.3 - 40 * (t - 0.7)),
    "a jump": lambda t: np.where(t < 1 / 3, 1.0, -1e-9),
    "flat near the root": lambda t: (0.6 - t) ** 9,
    "steep": lambda t: 1e-8 - t,
}


def counted(g, seen):
    def gap(steps):
        seen.append(len(steps))
        return g(np.linalg.norm(steps, axis=1))

    return gap


@pytest.mark.parametrize("name", SHARES)
def test_the_end_is_across_and_no_further_than_its_share_from_the_crossing(name):
    g, seen = SHARES[name], []
    (end,) = onto_boundary(counted(g, seen), np.array([[0.6, 0.8]]))
    share = np.linalg.norm(end)
    assert end == pytest.approx(share * np.array([0.6, 0.8]), rel=4 * EPS)
    assert g(share) <= 0
    # Powers below 1e-16^9 are positive still; the norm of the step rounds.
    root = brentq(g, 0, 1, xtol=1e-16, rtol=4 * EPS) if name != "flat near the root" else 0.6
    assert abs(share - root) <= 2.0**-50 + 8 * EPS
    # At both ends, and one more than a bisection takes.
    assert len(seen) <= 53


@pytest.mark.parametrize(("name", "most"), [("smooth", 16), ("a line", 16), ("steep", 16)])
def test_a_smooth_crossing_takes_a_third_of_the_evaluations_of_a_bisection(name, most):
    seen = []
    onto_boundary(counted(SHARES[name], seen), np.array([[0.6, 0.8]]))
    assert len(seen) <= most


def test_steps_are_shortened_each_as_if_alone():
    steps = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])

    def gap(steps):
        return 1 - steps[:, 0] ** 3 - steps[:, 1]

    together = onto_boundary(gap, steps)
    alone = np.concatenate([onto_boundary(gap, s[None]) for s in steps])
    # Both lie within their brackets, which the slowest of a batch makes narrower.
    assert together == pytest.approx(alone, rel=0, abs=5 * 2.0**-50)
    assert onto_boundary(gap, np.zeros((0, 2))).shape == (0, 2)


def test_not_a_number_is_not_across():
    def gap(steps):
        return np.where(steps[:, 0] < 0.5, np.nan, -1.0)

    (end,) = onto_boundary(gap, np.array([[1.0]]))
    assert 0.5 <= end[0] <= 0.5 + 2.0**-50


@pytest.mark.parametrize("halvings", [5, 20])
def test_fewer_halvings_leave_a_wider_share(halvings):
    (end,) = onto_boundary(lambda s: 0.3 - s[:, 0], np.array([[1.0]]), halvings)
    assert 0.3 <= end[0] <= 0.3 + 2.0**-halvings

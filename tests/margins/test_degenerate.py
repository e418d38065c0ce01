"""Small degenerate sets: a certified answer or `NotSeparable` each time, checked in exact fractions."""

from fractions import Fraction

import degenerate
import exact
import numpy as np
import pytest

from shiftmath import invariant_margin, max_margin
from shiftmath.groups import circular_shifts

CASES = 5005  # tools/fuzz_margins.py checks as many more as one likes


@pytest.mark.parametrize("family", range(len(degenerate.FAMILIES)), ids=[f.__name__ for f in degenerate.FAMILIES])
def test_every_degenerate_set_is_answered_and_the_answer_is_exact_to_rounding(family):
    answers = [degenerate.check(*degenerate.case(0, i)[1:]) for i in range(family, CASES, len(degenerate.FAMILIES))]
    assert set(answers) <= {"certified", "not separable"}


@pytest.mark.parametrize(
    ("A", "B", "square"),
    [
        ([[3]], [[-1]], 16),
        ([[0, 0], [4, 0]], [[1, 2], [1, 3]], 4),
        ([[1, 0], [0, 1]], [[0, 0]], Fraction(1, 2)),
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 0, 0]], Fraction(1, 3)),
        ([[0, 0], [2, 2]], [[2, 0], [0, 2]], 0),
        ([[0.5, 0.25]], [[0.25, 0.25]], Fraction(1, 16)),
    ],
)
def test_exact_distances_of_known_hulls(A, B, square):
    assert exact.squared_distance(exact.rational(np.array(A)), exact.rational(np.array(B))) == square


def test_exact_distance_of_two_segments_is_that_of_an_end_unless_they_cross(rng):
    for _ in range(100):
        A, B = rng.integers(-3, 4, (2, 2, 2)).tolist()
        ends = [to_segment(a, *B) for a in A] + [to_segment(b, *A) for b in B]
        assert exact.squared_distance(A, B) == (0 if cross(*A, *B) else min(ends))


def to_segment(x, a, b):
    """The squared distance of x to the segment from a to b, in fractions."""
    way, off = [v - u for u, v in zip(a, b, strict=True)], [v - u for u, v in zip(a, x, strict=True)]
    square = sum(w * w for w in way)
    t = min(max(Fraction(sum(u * w for u, w in zip(off, way, strict=True)), square), 0), 1) if square else 0
    return sum((u - t * w) ** 2 for u, w in zip(off, way, strict=True))


def cross(a, b, c, d):
    """Whether two segments in the plane cross in their insides."""

    def side(p, q, r):
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def test_ties_beside_a_small_gap_do_not_stop_the_search():
    positives = np.array([[0.01, 1, 1.1], [0.01, -1.1, 1.1], [0.01, -0.1, -0.8]])
    negatives = np.array([[-0.01, 0.5, -0.1], [-0.01, -0.8, 0.4]])
    assert max_margin(positives, negatives).gap == pytest.approx(0.02, rel=1e-12)
    assert degenerate.check(positives, negatives) == "certified"


@pytest.mark.parametrize("seed", range(300))
def test_a_binary_feature_beside_features_of_large_spread_is_the_gap(seed):
    A, B = 100 * np.random.default_rng(seed).normal(size=(2, 100, 4))
    A[:, 3], B[:, 3] = 1, 0
    separator = max_margin(A, B)
    assert separator.gap == pytest.approx(1, rel=1e-12)
    assert np.abs(separator.normal - [0, 0, 0, 1]).max() <= 1e-12
    assert separator.certificate.duality_gap <= 1e-11


@pytest.mark.parametrize("seed", range(300))
def test_a_channel_that_shifts_leave_in_place_is_the_gap(seed):
    A, B = np.random.default_rng(seed).integers(0, 256, (2, 60, 4, 3))
    A[..., 1], B[..., 1] = 101, 100
    separator = invariant_margin(A, B, circular_shifts(axes=0))
    explicit = max_margin(*(np.concatenate([circular_shifts(axes=0).orbit(x) for x in X]) for X in (A, B)))
    assert separator.gap == pytest.approx(2, rel=1e-12)  # 4 pixels, each 1 apart
    assert explicit.gap == pytest.approx(2, rel=1e-12)


@pytest.mark.parametrize("ratio", [1, 1e3, 1e5])
@pytest.mark.parametrize("d", [4, 6, 10, 30])
def test_ties_of_weight_zero_leave_the_certificate_as_it_is(ratio, d, rng):
    """All points lie on the edges of a slab of width 1; the nearest ones between the first two of each class."""
    for _ in range(20):
        A, B = ratio * rng.standard_normal((2, 40, d))
        A[:, 1], B[:, 1] = abs(A[:, 1]), -abs(B[:, 1])
        A[:2, 1] = B[:2, 1] = 0
        A[1, 2:], B[1, 2:] = -A[0, 2:], -B[0, 2:] / 2
        A[:, 0], B[:, 0] = 1, 0
        turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
        c = max_margin(A @ turn, B @ turn).certificate
        # Turning moves a point by d eps |x| at most, and with it the distance; `degenerate.check` has the rest.
        tolerance = (2 * d + 26) * degenerate.EPS * 2 * max(np.linalg.norm(X, axis=1).max() for X in (A, B))
        assert abs(c.lower - 1) <= tolerance
        assert abs(c.upper - 1) <= tolerance


def test_not_certified_comes_only_where_rounding_forbids_an_answer(rng):
    """Gaps down to 2^-40 of the spread: `check` holds each refusal against the rounding of the data over the gap."""
    answers = []
    for _ in range(300):
        A, B = (X.astype(float) for X in degenerate.slab(rng))
        scale = 2.0 ** -rng.integers(0, 40)
        A[:, 0] *= scale
        B[:, 0] *= scale
        answers.append(degenerate.check(A, B))
    assert {"certified", "not certified"} <= set(answers)

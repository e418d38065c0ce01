"""The nearest points of two hulls, against known answers, exact rational arithmetic, least squares and brute force."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import nnls

from shiftmath.margins.hulls import nearest_points

EPS = float(np.finfo(float).eps)


def planted(n, d, ratio, rng):
    """Two classes exactly 1 apart along a random direction, of norm about `ratio`, with d // 2 nearest points."""
    nearest = d // 4
    flat = rng.standard_normal((n, d))
    flat[:, 0] = 0
    flat *= ratio / np.linalg.norm(flat, axis=1, keepdims=True)
    A, B = flat[: n // 2], flat[n // 2 :]
    for points in (A, B):
        points[nearest - 1] = -points[: nearest - 1].sum(axis=0)  # the mean of the nearest points is the foot, 0
    depth = [np.concatenate([np.zeros(nearest), rng.exponential(ratio / 10, len(p) - nearest)]) for p in (A, B)]
    A[:, 0], B[:, 0] = 0.5 + depth[0], -0.5 - depth[1]
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    return A @ turn, B @ turn, turn[0]


def least_squares_distance(A, B, weight=1e4):
    """Non-negative least squares on p - q = 0 with heavy rows that ask the weights to sum to 1."""
    sums = np.repeat(np.eye(2), [len(A), len(B)], axis=1)
    points = np.concatenate([A, -B]).T
    weights = nnls(np.concatenate([points, weight * sums]), np.repeat([0, weight], [len(points), 2]))[0]
    return np.linalg.norm(points @ (weights / (sums @ weights).repeat([len(A), len(B)])))


def exact_squared_bounds(found, A, B):
    """Both bounds, squared, in rational arithmetic on the floating-point weights and normal as they are."""
    as_rows = [[[Fraction(float(v)) for v in row] for row in X] for X in (A, B)]
    normal = [Fraction(float(v)) for v in found.normal]
    depth = [[sum(u * v for u, v in zip(normal, row, strict=True)) for row in rows] for rows in as_rows]
    gap = min(depth[0]) - max(depth[1])
    ends = []
    for weights, rows in zip((found.positive_weights, found.negative_weights), as_rows, strict=True):
        w = [Fraction(float(v)) for v in weights]
        ends.append([sum(c * x for c, x in zip(w, column, strict=True)) / sum(w) for column in zip(*rows, strict=True)])
    upper = sum((p - q) ** 2 for p, q in zip(*ends, strict=True))
    return gap**2 / (sum(v * v for v in normal) or 1), upper  # no normal where the hulls meet


@pytest.mark.parametrize("ratio", [2, 1e3, 1e5])
@pytest.mark.parametrize(("n", "d"), [(40, 8), (200, 50), (60, 60), (30, 100)])
def test_planted_distance_is_found(n, d, ratio, rng):
    A, B, normal = planted(n, min(d, n // 2), ratio, rng)
    found = nearest_points(A, B)
    # Rounding moves a point by eps |x|, and with it the distance by as much, over several hundred operations on each.
    tolerance = 200 * EPS * max(np.abs(A).sum(axis=1).max(), np.abs(B).sum(axis=1).max())
    assert abs(found.lower - 1) <= tolerance
    assert abs(found.upper - 1) <= tolerance
    assert np.linalg.norm(found.normal - normal) <= tolerance
    assert found.kkt_residual <= tolerance


@pytest.mark.slow
def test_planted_distance_at_full_size(rng):
    A, B, normal = planted(2000, 1000, 10, rng)
    found = nearest_points(A, B)
    assert abs(found.lower - 1) <= 1e-10
    assert abs(found.upper - 1) <= 1e-10
    A, B, normal = planted(2000, 1000, 1e5, rng)
    found = nearest_points(A, B)
    assert abs(found.lower - 1) <= 1e-8
    assert abs(found.upper - 1) <= 1e-8
    assert np.linalg.norm(found.normal - normal) <= 1e-8


@pytest.mark.parametrize(("n", "d", "apart"), [(6, 2, 3), (12, 3, 1), (40, 10, 4), (40, 60, 0), (200, 5, 6), (3, 7, 0)])
def test_bounds_enclose_the_distance_in_exact_arithmetic(n, d, apart, rng):
    A, B = rng.standard_normal((2, n, d))
    A[:, 0] += apart
    found = nearest_points(A, B)
    lower, upper = exact_squared_bounds(found, A, B)
    if found.lower > 0:
        assert lower <= upper
        assert float(upper - lower) <= 200 * EPS * d * float(upper)
        assert found.lower == pytest.approx(float(lower) ** 0.5, rel=100 * EPS)
    assert found.upper == pytest.approx(float(upper) ** 0.5, rel=100 * EPS, abs=100 * EPS)


@pytest.mark.parametrize(("n", "d", "apart"), [(5, 1, 2), (10, 3, 4), (30, 30, 0), (60, 20, 3), (20, 50, 0)])
def test_distance_is_that_of_least_squares(n, d, apart, rng):
    A, B = rng.standard_normal((2, n, d))
    A[:, 0] += apart
    found = nearest_points(A, B)
    expected = least_squares_distance(A, B) if found.lower > 0 else 0.0
    # The heavy rows leave the sums of weights off by (distance / weight)^2.
    assert found.upper == pytest.approx(expected, rel=1e-7, abs=1e-12)


def brute_force_distance_in_the_plane(A, B):
    """Separated hulls in the plane are nearest at a corner of one and an edge, or corner, of the other."""

    def to_segment(x, a, b):
        t = np.clip((x - a) @ (b - a) / max((b - a) @ (b - a), 1e-300), 0, 1)
        return np.linalg.norm(x - a - t * (b - a))

    corners = [(x, a, b) for P, Q in ((A, B), (B, A)) for x in P for a, b in combinations(Q, 2)]
    return min(to_segment(*corner) for corner in corners)


def test_distance_in_the_plane_is_that_of_brute_force(rng):
    for _ in range(50):
        A, B = rng.standard_normal((2, 5, 2))
        A[:, 0] += 4
        found = nearest_points(A, B)
        if found.lower > 0:
            assert found.upper == pytest.approx(brute_force_distance_in_the_plane(A, B), rel=1e-13)


def test_distance_does_not_depend_on_place_order_or_scale(rng):
    A, B = rng.standard_normal((2, 30, 6))
    A[:, 0] += 5
    distance = nearest_points(A, B).lower
    tolerance = 1e3 * EPS
    assert nearest_points(A + 7, B + 7).lower == pytest.approx(distance, rel=tolerance)
    assert nearest_points(B, A).lower == pytest.approx(distance, rel=tolerance)
    assert nearest_points(A[::-1].copy(), B).lower == pytest.approx(distance, rel=tolerance)
    for scale in (2.0**-900, 2.0**900):
        assert nearest_points(A * scale, B * scale).lower == distance * scale


@pytest.mark.parametrize(("n", "d"), [(4, 1), (10, 2), (60, 5), (200, 60), (300, 3)])
def test_meeting_hulls_give_weights_of_one_point(n, d, rng):
    A, B = rng.standard_normal((2, n, d))
    found = nearest_points(A, B)
    p, q = found.positive_weights @ A, found.negative_weights @ B
    assert found.lower <= found.zero
    assert found.upper <= found.zero
    assert np.linalg.norm(p - q) <= 2 * found.zero
    assert min(found.positive_weights.min(), found.negative_weights.min()) >= 0


@pytest.mark.parametrize(
    ("A", "B", "distance"),
    [
        ([[3.0]], [[-1.0]], 4.0),
        ([[1.0], [2.0]], [[4.0], [9.0]], 2.0),
        ([[1.0], [4.0]], [[2.0]], 0.0),
        ([[1.0], [4.0]], [[4.0], [5.0]], 0.0),
        ([[5.0]], [[5.0]], 0.0),
        ([[0.0, 0.0], [0.0, 0.0]], [[3.0, 4.0], [3.0, 4.0]], 5.0),
        ([[0.0, 1.0], [0.0, -1.0]], [[1.0, 5.0], [1.0, -5.0]], 1.0),
        ([[0.0, 0.0], [2.0, 0.0]], [[1.0, 0.0], [1.0, 3.0]], 0.0),
        ([[0.0, 0.0]], [[0.0, 0.0]], 0.0),
    ],
)
def test_degenerate_hulls(A, B, distance):
    found = nearest_points(np.array(A), np.array(B))
    assert found.upper == pytest.approx(distance, abs=8 * EPS)
    assert max(found.lower, 0.0) == pytest.approx(distance, abs=8 * EPS)
    assert found.positive_weights.sum() == pytest.approx(1)


def test_points_repeated_many_times_change_nothing(rng):
    A, B = rng.integers(0, 3, (2, 300, 8)).astype(float)
    A[:, 0] += 3
    found = nearest_points(A, B)
    assert found.lower == pytest.approx(1, rel=1e-13)
    assert found.upper == pytest.approx(1, rel=1e-13)


def test_result_is_the_same_each_time_and_the_data_are_left_alone(rng):
    A, B = rng.standard_normal((2, 50, 10)) + np.array([2.0, 0.0])[:, None, None]
    A.flags.writeable = B.flags.writeable = False
    first, second = nearest_points(A, B), nearest_points(A, B)
    assert np.array_equal(first.normal, second.normal)
    assert np.array_equal(first.positive_weights, second.positive_weights)

"""Reduced hulls: against a quadratic program, what the weights may be, and the cases that have another name."""

import numpy as np
import pytest
from scipy.optimize import minimize

from shiftmath import NotSeparable, dc, invariant_margin, max_margin
from shiftmath.groups import circular_shifts, flips
from shiftmath.margins.reduced import lowest

EPS = float(np.finfo(float).eps)


def by_quadratic_program(A, B, share):
    """|p - q| over the reduced hulls, by sequential quadratic programming on the weights."""
    n, m = len(A), len(B)
    Z = np.concatenate([A, -B])
    sides = np.repeat(np.eye(2), [n, m], axis=1)
    caps = [(0, min(1, 1 / (share * k))) for k in (n, m) for _ in range(k)]
    sums = {"type": "eq", "fun": lambda w: sides @ w - 1, "jac": lambda w: sides}
    start = np.repeat([1 / n, 1 / m], [n, m])
    found = minimize(
        lambda w: (w @ Z) @ (w @ Z),
        start,
        jac=lambda w: 2 * Z @ (w @ Z),
        bounds=caps,
        constraints=[sums],
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 500},
    )
    return np.sqrt(found.fun)


@pytest.mark.parametrize(
    ("n", "m", "d", "share"), [(8, 5, 2, 0.37), (12, 20, 3, 0.5), (30, 10, 5, 0.6), (9, 9, 1, 0.77)]
)
def test_the_soft_gap_is_that_of_a_quadratic_program(n, m, d, share):
    rng = np.random.default_rng(1)
    A, B = rng.standard_normal((n, d)) + 0.8, rng.standard_normal((m, d)) - 0.1
    with pytest.raises(NotSeparable):
        max_margin(A, B)
    separator = max_margin(A, B, share=share)
    # The program stops where the square changes by less than 1e-15.
    assert separator.gap == pytest.approx(by_quadratic_program(A, B, share), abs=1e-7)
    certificate = separator.certificate
    assert certificate.duality_gap <= 1e-12
    for weights, k in ((certificate.positive_weights, n), (certificate.negative_weights, m)):
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1, abs=k * EPS)
        assert weights.max() <= (1 + 4 * EPS) / (share * k)


@pytest.mark.parametrize("share", [0.55, 1.0])
def test_no_normal_has_a_larger_soft_gap_and_the_best_one_has_it(share, rng):
    A, B = rng.standard_normal((11, 3)) + 1, rng.standard_normal((7, 3))
    separator = max_margin(A, B, share=share)

    def soft_gap(normal):
        return mean_of_lowest(A @ normal, share) + mean_of_lowest(-B @ normal, share)

    normals = separator.normal + rng.standard_normal((2000, 3)) * rng.choice([1e-3, 1.0], (2000, 1))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    tolerance = 64 * EPS * abs(np.concatenate([A, B])).max()
    assert max(map(soft_gap, normals)) <= separator.gap + tolerance
    assert soft_gap(separator.normal) == pytest.approx(separator.gap, abs=tolerance)


def mean_of_lowest(x, share):
    """The integral of the quantile function up to the share, over the share."""
    ends = np.minimum(np.arange(1, len(x) + 1) / len(x), max(share, 1 / len(x)))
    return np.diff(ends, prepend=0) @ np.sort(x) / ends[-1]


def test_lowest_is_the_mean_of_the_share_that_lies_lowest(rng):
    x = rng.standard_normal(9)
    for share in (0.0, 0.05, 1 / 9, 0.2, 2 / 9, 0.9, 1.0):
        assert lowest(x, share) @ x == pytest.approx(mean_of_lowest(x, share), abs=8 * EPS)


def test_a_share_of_one_sample_is_the_hard_margin_and_that_of_all_the_distance_of_the_means(rng):
    A, B = rng.standard_normal((10, 4)) + 3, rng.standard_normal((10, 4)) - 3
    hard = max_margin(A, B)
    assert max_margin(A, B, share=0.1).gap == pytest.approx(hard.gap, rel=1e-13)
    means = np.linalg.norm(A.mean(axis=0) - B.mean(axis=0))
    assert max_margin(A, B, share=1).gap == pytest.approx(means, rel=1e-14)


def test_gaps_grow_with_the_share_and_an_invariant_one_is_at_most_any(rng):
    A, B = rng.standard_normal((2, 12, 2, 2))
    A += 0.4
    shares = (0.75, 0.8, 0.9, 1.0)
    invariant = [invariant_margin(A, B, share=s).gap for s in shares]
    plain = [max_margin(A, B, share=s).gap for s in shares]
    assert np.all(np.diff(invariant) > 0)
    assert np.all(np.diff(plain) > 0)
    assert np.all(np.less_equal(invariant, plain))


def test_the_invariant_soft_gap_is_that_between_means_of_dc_components(rng):
    A, B = rng.standard_normal((2, 12, 2, 3))
    A += 0.5
    for share in (0.65, 1.0):
        a, b = (np.array([dc(x) for x in X]) for X in (A, B))
        expected = mean_of_lowest(a, share) + mean_of_lowest(-b, share)
        assert invariant_margin(A, B, share=share).gap == pytest.approx(expected, rel=1e-13)
        assert invariant_margin(A, B, circular_shifts(), share=share).gap == pytest.approx(expected, rel=1e-13)


def test_the_invariant_soft_gap_of_a_group_is_that_of_all_images(rng):
    A, B = rng.standard_normal((2, 9, 2, 3))
    A += 0.6
    orbits = [np.concatenate([flips().orbit(x) for x in X]) for X in (A, B)]
    for share in (0.5, 0.9):
        found = invariant_margin(A, B, flips(), share=share)
        assert found.gap == pytest.approx(max_margin(*orbits, share=share).gap, rel=1e-12)


def test_reduced_hulls_that_meet_are_said_to():
    A, B = np.array([[0.0], [4.0]]), np.array([[1.0], [3.0]])
    with pytest.raises(NotSeparable, match="the reduced hulls of the two classes share a point"):
        max_margin(A, B, share=0.75)
    with pytest.raises(
        NotSeparable, match=r"reduced intervals of DC components \[1.33333, 2.66667\] and \[1.66667"
    ) as e:
        invariant_margin(A, B, share=0.75)
    assert e.value.overlap == pytest.approx((5 / 3, 7 / 3))
    assert e.value.positive_weights.max() <= 1 / 1.5 + EPS


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_the_soft_gap_scales_with_the_data(scale, rng):
    A, B = rng.standard_normal((2, 10, 3))
    one, other = (max_margin(s * (A + 1), s * B, share=0.7).gap for s in (1.0, scale))
    assert other == pytest.approx(scale * one, rel=1e-12)

"""The active set: v stays orthogonal to the edge, dependent points stay out, weights stay finite."""

import numpy as np
import pytest

from shiftmath.margins.active_set import ActiveSet

EPS = float(np.finfo(float).eps)


def active_set(A, B):
    """Of signed points, the first of each class active."""
    Z = np.concatenate([A, -np.asarray(B)]).astype(float)
    label = np.repeat([0, 1], [len(A), len(B)])
    return ActiveSet(Z, label, (0, len(A)), float(np.linalg.norm(Z, axis=1).max()))


@pytest.mark.parametrize("gap", [1.0, 1e-3, 1e-6, 1e-9])
def test_v_is_orthogonal_to_the_edge_however_short_it_becomes(gap, rng):
    A, B = rng.standard_normal((2, 4, 6))
    A[:, 0], B[:, 0] = gap, 0
    active = active_set(A, B)
    for i in (1, 2, 3, 5, 6):
        assert active.add(i)
    E = active.Z[active.others] - active.Z[[active.base[active.label[i]] for i in active.others]]
    # Each sum of 6 products errs by 6 eps times the moduli, and Q R is E to rounding.
    assert np.abs(E @ active.v).max() <= 32 * EPS * np.linalg.norm(active.v) * np.linalg.norm(E, axis=1).max()
    assert active.length == pytest.approx(gap, rel=1e-6)


@pytest.mark.parametrize(
    "A",
    [
        [[1, 0, 0], [1, 1, 0], [1, 2, 0]],
        [[1, 0.1, 0.3], [1, 0.2, 0.5], [1, 0.5, 1.1]],
        [[1, 0.1, 0.3], [1, 0.2, 0.5], [1, 0.1, 0.3]],
    ],
)
def test_a_point_that_depends_on_the_others_is_refused_and_changes_nothing(A):
    active = active_set(np.array(A), np.zeros((1, 3)))
    assert active.add(1)
    v, weight = active.v, dict(active.weight)
    assert not active.add(2)
    assert np.array_equal(active.v, v)
    assert active.weight == weight


def test_no_more_points_than_dimensions_are_independent(rng):
    A, B = rng.standard_normal((2, 5, 3))
    active = active_set(A, B)
    assert [active.add(i) for i in (1, 2, 3, 4)] == [True, True, True, False]


def test_points_that_have_come_to_depend_on_each_other_leave_finite_weights():
    active = active_set(np.array([[1.0, 0, 0], [1.0, 1, 0], [1.0, 2, 0]]), np.zeros((1, 3)))
    active.weight |= {1: 0.0, 2: 0.0}
    active.refactor()
    assert np.isfinite(list(active.affine_weights().values())).all()
    active.descend(strict=True)
    assert min(active.weight.values()) >= 0
    assert sum(w for i, w in active.weight.items() if active.label[i] == 0) == pytest.approx(1)


def test_the_error_of_a_weight_is_what_rounding_of_v_moves_it_by(rng):
    """A point h from the others: its weight moves by rounding / h, that of the base of its class by as much."""
    for h in (1.0, 1e-3, 1e-6):
        active = active_set(np.array([[1.0, 0, 0], [1.0, h, 0]]), np.zeros((1, 3)))
        active.add(1)
        error = active.rounding / h
        for i in (0, 1):
            assert active.is_negative(i, -1.01 * error)
            assert not active.is_negative(i, -0.99 * error)

"""Powers of two scale the answers and change nothing else, from subnormal data to the largest."""

import math

import numpy as np
import pytest

from shiftmath import NotSeparable, invariant_margin, max_margin
from shiftmath.groups import Group, circular_shifts, flips
from shiftmath.groups.fixed_subspace import coordinates, projection

GROUPS = [None, circular_shifts(axes=0), circular_shifts(stride=2), flips(), Group(())]
MARGINS = [max_margin, *(lambda A, B, group=group: invariant_margin(A, B, group) for group in GROUPS)]
EXPONENTS = [-1074, -1050, -600, -500, 0, 500, 600, 1000, 1015]


def whole_classes(rng, apart=40):
    """Whole numbers below 128: exact at every scale."""
    A, B = rng.integers(-30, 31, (2, 6, 4, 2))
    return (A + apart).astype(float), B.astype(float)


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("e", EXPONENTS)
def test_powers_of_two_scale_the_gap_and_change_nothing_else(margin, e, rng):
    A, B = whole_classes(rng)
    plain, scaled = margin(A, B), margin(np.ldexp(A, e), np.ldexp(B, e))
    assert np.array_equal(scaled.normal, plain.normal)
    for name in ("duality_gap", "kkt_residual"):
        assert getattr(scaled.certificate, name) == getattr(plain.certificate, name)
    for name in ("positive_weights", "negative_weights"):
        assert np.array_equal(getattr(scaled.certificate, name), getattr(plain.certificate, name))
    assert scaled.gap == math.ldexp(plain.gap, e)
    assert scaled.offset == math.ldexp(plain.offset, e)
    assert (scaled.certificate.lower, scaled.certificate.upper) == (
        math.ldexp(plain.certificate.lower, e),
        math.ldexp(plain.certificate.upper, e),
    )


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("e", EXPONENTS)
def test_powers_of_two_scale_the_witness_too(margin, e, rng):
    A, B = whole_classes(rng, apart=0)
    with pytest.raises(NotSeparable) as plain:
        margin(A, B)
    with pytest.raises(NotSeparable) as scaled:
        margin(np.ldexp(A, e), np.ldexp(B, e))
    assert np.array_equal(scaled.value.positive_weights, plain.value.positive_weights)
    assert np.array_equal(scaled.value.witness, np.ldexp(plain.value.witness, e))
    if plain.value.overlap is not None:
        assert scaled.value.overlap == tuple(math.ldexp(v, e) for v in plain.value.overlap)


@pytest.mark.parametrize("e", [e for e in EXPONENTS if e > -1000])  # the offset keeps its digits
def test_powers_of_two_scale_decisions(e, rng):
    A, B = whole_classes(rng)
    plain, scaled = max_margin(A, B), max_margin(np.ldexp(A, e), np.ldexp(B, e))
    assert np.array_equal(scaled.decision(np.ldexp(A, e)), np.ldexp(plain.decision(A), e))
    assert scaled.decision(np.ldexp(B[0], e)) == np.ldexp(plain.decision(B[0]), e)


@pytest.mark.parametrize("group", [circular_shifts(), circular_shifts(axes=0), flips()])
@pytest.mark.parametrize("e", EXPONENTS)
def test_powers_of_two_scale_coordinates_and_means(group, e, rng):
    X = rng.integers(-30, 31, (5, 4, 2)).astype(float)
    orbits = group.sample_orbits((4, 2))
    for f in (coordinates, projection):
        assert np.array_equal(f("X", np.ldexp(X, e), orbits), np.ldexp(f("X", X, orbits), e))


def test_huge_data_have_a_margin_under_shifts():
    A, B = [[3e155, 1e155]], [[-1e155, 0.0]]
    assert invariant_margin(A, B).gap == pytest.approx(5e155 / math.sqrt(2), rel=1e-15)
    assert invariant_margin(np.array(A) * 1e150, np.array(B) * 1e150).gap == pytest.approx(5e305 / math.sqrt(2))
    assert invariant_margin([[1e308, 1e308]], [[0.0, 0.0]]).gap == pytest.approx(1e308 * math.sqrt(2), rel=1e-15)


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1e-155, 1e155, 1e300])
def test_a_gap_of_any_size_is_found(size):
    A, B = np.array([[3.0, 3.0], [4.0, 3.0]]) * size, np.array([[0.0, 3.0], [0.0, 0.0]]) * size
    assert max_margin(A, B).gap == pytest.approx(3 * size, rel=1e-15)
    assert max_margin(A, B).decision(A).tolist() == pytest.approx([1.5 * size, 2.5 * size], rel=1e-15, abs=5e-324)


def test_what_float64_cannot_hold_is_named():
    both = "positives and negatives: got numbers whose"
    with pytest.raises(ValueError, match=f"{both} gap overflows, takes smaller ones"):
        max_margin([[1.7e308]], [[-1.7e308]])
    with pytest.raises(ValueError, match=f"{both} offset overflows, takes smaller ones"):
        max_margin([[1.7e308, 1.7e308]], [[1.6e308, 1.6e308]])
    with pytest.raises(ValueError, match=f"{both} gap underflows, takes larger ones"):
        max_margin(5e-324 * np.eye(9), [[0.0] * 9])
    with pytest.raises(ValueError, match="x: got numbers whose sum overflows, takes smaller ones"):
        max_margin([[1.0, 1.0]], [[0.0, 0.0]]).decision([1.7e308, 1.7e308])


@pytest.mark.parametrize("large", [1e308, np.finfo(float).max])
def test_means_do_not_overflow(large):
    assert circular_shifts().orbit_mean([large] * 5).tolist() == [large] * 5
    assert circular_shifts().orbit_mean([large, -large] * 3).tolist() == [0.0] * 6
    with pytest.raises(NotSeparable) as caught:
        max_margin([[large, 0.0], [large, large]], [[large, large / 2]])
    assert caught.value.witness.tolist() == [large, large / 2]


def test_a_line_is_exact_wherever_the_gap_is():
    assert max_margin([[0.0], [1e17]], [[-1.0]]).gap == 1
    assert max_margin([[1e17 + 16]], [[1e17]]).gap == 16


def test_signals_far_larger_than_their_sums_are_not_separable():
    with pytest.raises(NotSeparable):
        invariant_margin([[1e308, -1e308, 1e292]], [[0.0, 0.0, 0.0]])


def test_a_constant_feature_of_any_size_changes_nothing(rng):
    A, B = rng.integers(-9, 10, (2, 8, 3)).astype(float)
    A[:, 0], B[:, 0] = 1, 0
    for constant in (1e3, 1e100, 1e200, 1e300):
        separator = max_margin(*(np.c_[X, np.full(8, constant)] for X in (A, B)))
        assert separator.gap == pytest.approx(1, rel=1e-14)
        assert separator.normal == pytest.approx([1, 0, 0, 0], abs=1e-14)

"""Groups of permutations: sizes, orbits, means, and the checks of invariance."""

import pickle
from fractions import Fraction

import numpy as np
import pytest

from shiftmath import dc, groups
from shiftmath.groups import (
    Group,
    assert_equivariant,
    assert_invariant,
    circular_shifts,
    flips,
    quarter_turns,
    shift,
)
from shiftmath.groups.fixed_subspace import coordinates, lift

EPS = float(np.finfo(float).eps)

GROUPS = [
    (circular_shifts(), (1,), 1, 1),
    (circular_shifts(), (7,), 7, 1),
    (circular_shifts(), (8,), 8, 1),
    (circular_shifts(), (3, 4), 12, 1),
    (circular_shifts(), (2, 3, 2), 12, 1),
    (circular_shifts(axes=1), (3, 4), 4, 3),
    (circular_shifts(axes=(0, 1)), (2, 3, 4), 6, 4),
    (circular_shifts(stride=2), (6,), 3, 2),
    (circular_shifts(stride=2), (5,), 5, 1),
    (circular_shifts(stride=2), (4, 6), 6, 4),
    (flips(), (4,), 2, 2),
    (flips(), (3, 4), 4, 4),
    (flips(axes=-1), (3, 4), 2, 6),
    (quarter_turns(), (3, 3), 4, 3),
    (quarter_turns() * flips(axes=0), (4, 4), 8, 3),
    (circular_shifts() * quarter_turns(), (3, 3), 36, 1),
    (circular_shifts(stride=2) * flips(), (4,), 4, 1),
    (Group(()), (2, 2), 1, 4),
]


@pytest.mark.parametrize(("group", "shape", "order", "parts"), GROUPS)
def test_order_and_number_of_sample_orbits(group, shape, order, parts):
    assert group.order(shape) == order
    assert sorted(set(group.sample_orbits(shape).ravel())) == list(range(parts))


@pytest.mark.parametrize(("group", "shape", "order", "parts"), GROUPS)
def test_elements_are_a_group_of_permutations(group, shape, order, parts):
    elements = {tuple(p) for p in group.elements(shape).tolist()}
    d = int(np.prod(shape))
    assert len(elements) == order
    assert tuple(range(d)) in elements
    assert all(sorted(p) == list(range(d)) for p in elements)
    assert all(tuple(p[i] for i in q) in elements for p in elements for q in elements)


@pytest.mark.parametrize(("group", "shape", "order", "parts"), GROUPS)
def test_orbit_mean_is_the_mean_of_the_explicit_orbit(group, shape, order, parts, rng):
    x = rng.standard_normal(shape)
    assert np.abs(group.orbit(x).mean(axis=0) - group.orbit_mean(x)).max() <= 16 * EPS * np.linalg.norm(x)


@pytest.mark.parametrize(("group", "shape", "order", "parts"), GROUPS)
def test_orbit_mean_is_exact_for_small_integers(group, shape, order, parts, rng):
    x = rng.integers(-9, 9, shape)
    sums = group.elements(shape).shape[0], x.ravel()[group.elements(shape)].sum(axis=0)
    expected = [float(Fraction(int(s), sums[0])) for s in sums[1]]
    assert np.allclose(group.orbit_mean(x).ravel(), expected, rtol=4 * EPS, atol=4 * EPS)


@pytest.mark.parametrize(("group", "shape", "order", "parts"), GROUPS)
def test_fixed_coordinates_are_orthonormal_coordinates_of_the_mean(group, shape, order, parts, rng):
    X = rng.standard_normal((3, *shape))
    orbits = group.sample_orbits(shape)
    z = coordinates("X", X, orbits)
    means = np.array([group.orbit_mean(x) for x in X])
    assert z.shape == (3, parts)
    assert np.allclose(z @ z.T, np.tensordot(means, means, (range(1, X.ndim), range(1, X.ndim))), rtol=0, atol=1e-13)
    assert np.allclose([lift(c, orbits) for c in z], means, rtol=0, atol=1e-14)


def test_shifts_have_the_dc_as_their_only_coordinate(rng):
    X = rng.standard_normal((5, 3, 4))
    orbits = circular_shifts().sample_orbits((3, 4))
    assert np.allclose(coordinates("X", X, orbits)[:, 0], dc(X, axes=(1, 2)), rtol=0, atol=16 * EPS)


@pytest.mark.parametrize("n", [1, 7, 3000])
def test_fixed_coordinates_do_not_depend_on_blocks_or_dtype(n, rng):
    X = rng.integers(0, 255, (n, 30, 20)).astype(np.uint8)
    orbits = flips().sample_orbits((30, 20))
    one_by_one = np.stack([coordinates("X", x[None].astype(float), orbits)[0] for x in X])
    assert np.array_equal(coordinates("X", X, orbits), one_by_one)


def test_shift_moves_the_sample_at_i_to_i_plus_s():
    dot = np.eye(7)[2]
    assert np.argmax(shift(dot, 3)) == 5
    assert np.argmax(shift(dot, -3)) == 6
    assert np.unravel_index(np.argmax(shift(np.pad([[1.0]], ((0, 2), (0, 3))), (1, 2))), (3, 4)) == (1, 2)


def test_orbit_lists_the_shifts_in_order(rng):
    x = rng.standard_normal(9)
    assert np.array_equal(circular_shifts().orbit(x), [shift(x, s) for s in range(9)])


def test_groups_are_values():
    group = quarter_turns() * flips(axes=0)
    assert group == quarter_turns() * flips(axes=0)
    assert group != quarter_turns()
    assert pickle.loads(pickle.dumps(group)) == group
    assert len({group, quarter_turns() * flips(axes=0)}) == 1


def test_assert_invariant_passes_and_fails_printing_both_sides(rng):
    x = rng.standard_normal((3, 4))
    assert_invariant(dc, x)
    assert_invariant(np.sum, rng.standard_normal((3, 3)), quarter_turns())
    with pytest.raises(AssertionError, match=r"f\(Tx\) = f\(x\) fails by .* for T = .*: left .*, right"):
        assert_invariant(lambda y: y[0, 0], x)


def test_assert_invariant_is_strict_about_one_element(rng):
    x = rng.standard_normal(8)
    assert_invariant(lambda y: y[::2].sum(), x, circular_shifts(stride=2))
    with pytest.raises(AssertionError):
        assert_invariant(lambda y: y[::2].sum(), x, circular_shifts())


def test_assert_equivariant_passes_and_fails(rng):
    x = rng.standard_normal(6)
    assert_equivariant(np.cumsum, x, Group(()))
    assert_equivariant(lambda y: np.convolve(np.tile(y, 3), [1, 2, 3], "same")[6:12], x)
    with pytest.raises(AssertionError, match=r"f\(Tx\) = T f\(x\) fails"):
        assert_equivariant(lambda y: np.convolve(y, [1, 2, 3], "same"), x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: circular_shifts(stride=0), ValueError, "stride: got 0, takes a whole number of at least 1"),
        (lambda: circular_shifts(stride=1.5), TypeError, "stride: got 1.5, takes"),
        (lambda: circular_shifts(axes="rows"), TypeError, "axes: got 'rows', takes None, an axis or"),
        (
            lambda: circular_shifts(axes=2).order((3, 4)),
            ValueError,
            r"axes: got \(2,\), takes axes of a signal that has 2",
        ),
        (lambda: quarter_turns().order((3, 4)), ValueError, r"quarter turns: got a signal of shape \(3, 4\), take two"),
        (lambda: quarter_turns(axes=(0,)), ValueError, r"axes: got \(0,\), takes two axes"),
        (lambda: quarter_turns(axes=(1, -1)).order((3, 3)), ValueError, "quarter turns: got a signal"),
        (lambda: circular_shifts().order(0), ValueError, "shape: got 0, takes a positive integer"),
        (lambda: circular_shifts().order("three"), TypeError, "shape: got 'three', takes a positive integer"),
        (lambda: circular_shifts().order(2.0), TypeError, "shape: got 2.0, takes a positive integer"),
        (lambda: shift([1.0, 2.0], 0.5), TypeError, "s: got 0.5, takes whole numbers"),
        (lambda: circular_shifts().orbit(2.0), ValueError, r"x: got shape \(\), takes"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_group_too_large_to_list_is_refused_but_its_orbits_are_not(monkeypatch):
    monkeypatch.setattr(groups, "MOST_ENTRIES", 1000)
    with pytest.raises(ValueError, match=r"shape: got \(6, 6\), takes one on which the group has fewer elements"):
        circular_shifts().elements((6, 6))
    assert circular_shifts().sample_orbits((60, 60)).max() == 0


def test_product_with_something_else_is_refused():
    with pytest.raises(TypeError):
        circular_shifts() * 2

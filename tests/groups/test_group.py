"""Groups of permutations: sizes, orbits, means, and the checks of invariance."""

import pickle
from fractions import Fraction

import numpy as np
import pytest

from shiftmath import dc
from shiftmath.groups import (
    Group,
    circular_shifts,
    flips,
    quarter_turns,
    shift,
)
from shiftmath.groups import group as group_module
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


@pytest.mark.parametrize("s", [-3, 10**30 + 3, -(2**63), (2, -1), (10**30, 5), np.array([2, 9]), range(4, 6)])
def test_a_shift_of_any_size_is_that_of_its_remainder(s, rng):
    x = rng.standard_normal((5, 4))
    steps = [int(i) for i in ([s, s] if np.ndim(s) == 0 else s)]
    assert np.array_equal(shift(x, s), np.roll(x, (steps[0] % 5, steps[1] % 4), (0, 1)))


def test_a_stride_of_any_size_is_that_of_its_remainder():
    assert np.array_equal(
        circular_shifts(stride=2**62 + 2).sample_orbits(8), circular_shifts(stride=2).sample_orbits(8)
    )


PLANE = "axes: got .*, takes two axes"
DIFFERENT = r"axes: got .*, takes different axes"
KINDS = r"axes: got .*, takes None, an axis or a sequence of axes"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: circular_shifts(stride=0), ValueError, "stride: got 0, takes a whole number of at least 1"),
        (lambda: circular_shifts(stride=1.5), TypeError, "stride: got 1.5, takes"),
        (lambda: circular_shifts(axes="rows"), TypeError, KINDS),
        (lambda: circular_shifts(axes=True), TypeError, KINDS),
        (lambda: flips(axes=(0, False)), TypeError, KINDS),
        (lambda: flips(axes={0}), TypeError, KINDS),
        (lambda: quarter_turns(axes=(0.0, 1.0)), TypeError, KINDS),
        (lambda: circular_shifts(axes=(0, 0)), ValueError, DIFFERENT),
        (lambda: flips(axes=()), ValueError, DIFFERENT),
        (lambda: quarter_turns(axes=(1, 1)), ValueError, DIFFERENT),
        (
            lambda: circular_shifts(axes=2).order((3, 4)),
            ValueError,
            r"axes: got \(2,\), takes different axes of a signal",
        ),
        (
            lambda: flips(axes=-3).orbit(np.ones((3, 4))),
            ValueError,
            DIFFERENT + " of a signal that has 2, from -2 to 1",
        ),
        (lambda: flips(axes=(0, -2)).orbit(np.ones((3, 4))), ValueError, DIFFERENT),
        (lambda: quarter_turns(axes=(1, -1)).order((3, 3)), ValueError, DIFFERENT),
        (lambda: quarter_turns(axes=(0,)), ValueError, PLANE),
        (lambda: quarter_turns(axes=None), ValueError, PLANE),
        (lambda: quarter_turns(axes=(0, 1, 2)), ValueError, PLANE),
        (
            lambda: quarter_turns().order((3, 4)),
            ValueError,
            r"axes: got \(0, 1\) of a signal of shape \(3, 4\), takes two",
        ),
        (lambda: circular_shifts().order(0), ValueError, "shape: got 0, takes a positive integer"),
        (lambda: circular_shifts().order("three"), TypeError, "shape: got 'three', takes a positive integer"),
        (lambda: circular_shifts().order(2.0), TypeError, "shape: got 2.0, takes a positive integer"),
        (lambda: circular_shifts().order((2, True)), TypeError, r"shape: got \(2, True\), takes a positive integer"),
        (
            lambda: shift([1.0, 2.0], 0.5),
            TypeError,
            "s: got 0.5, takes one whole number, or one for each of the 1 axes",
        ),
        (lambda: shift([1.0, 2.0], (1, 2, 3)), ValueError, r"s: got \(1, 2, 3\), takes one whole number, or one for"),
        (lambda: shift(np.ones((2, 2)), (1,)), ValueError, r"s: got \(1,\), takes one whole number"),
        (lambda: shift([1.0, 2.0], True), TypeError, "s: got True, takes one whole number"),
        (lambda: shift([1.0, 2.0], [[1]]), TypeError, r"s: got \[\[1\]\], takes one whole number"),
        (lambda: shift([1.0, np.nan], 1), ValueError, r"x: got nan at \(1,\), takes finite numbers"),
        (lambda: circular_shifts().orbit([1.0, np.inf]), ValueError, r"x: got inf at \(1,\), takes finite numbers"),
        (lambda: circular_shifts().orbit(2.0), ValueError, r"x: got shape \(\), takes"),
        (
            lambda: circular_shifts().orbit(np.ma.array([1.0, 2.0], mask=[0, 1])),
            TypeError,
            "x: got a masked array, takes",
        ),
        (lambda: Group([np.roll]), TypeError, "moves: got .*, takes a tuple of functions of a grid of positions"),
        (lambda: Group((1,)), TypeError, r"moves: got \(1,\), takes a tuple"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()


@pytest.mark.parametrize("shape", [(10**6, 10**6), 10**30, (2,) * 60])
@pytest.mark.parametrize("method", ["order", "elements", "generators", "sample_orbits"])
def test_a_shape_whose_permutations_exceed_the_memory_is_refused_before_the_work(method, shape):
    with pytest.raises(ValueError, match=r"^shape: got .*, its permutations would take \d+ bytes, takes what fits"):
        getattr(circular_shifts() * flips(), method)(shape)


def test_a_group_too_large_to_list_is_refused_but_its_orbits_are_not(monkeypatch):
    monkeypatch.setattr(group_module, "MOST_ENTRIES", 1000)
    with pytest.raises(ValueError, match=r"shape: got \(6, 6\), takes one on which the group has fewer elements"):
        circular_shifts().elements((6, 6))
    assert circular_shifts().sample_orbits((60, 60)).max() == 0


def test_product_with_something_else_is_refused():
    with pytest.raises(TypeError):
        circular_shifts() * 2

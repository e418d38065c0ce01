"""Labels, levels and points of any size: what moves no boundary changes no distance."""

import numpy as np
import pytest

from shiftmath.interpolant import Indistinguishable, Interpolant
from shiftmath.kernels import FullyConnected

SCALES = [-1040, -560, 520, 1000]  # squares of 2^520 overflow, those of 2^-560 are 0
X = np.random.default_rng(20210304).normal(size=(6, 3))
Y = np.array([1.0, -1, 1, -1, 1, -1])


def same(a, b):
    return a.lower == b.lower and a.upper == b.upper and np.array_equal(a.point, b.point)


@pytest.mark.parametrize("e", SCALES)
@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_the_interpolant_is_linear_in_the_size_of_its_labels(e, ridge):
    one, many = (Interpolant(FullyConnected(depth=2), X, y, ridge=ridge) for y in (Y, np.stack([Y, 3 * Y[::-1]], 1)))
    for f in (one, many):
        scaled = Interpolant(f.kernel, X, np.ldexp(f.y, e), ridge=ridge)
        # Numbers below 2^-1022 have fewer digits: 2^-1074 is the last.
        np.testing.assert_allclose(scaled.coefficients, np.ldexp(f.coefficients, e), rtol=1e-15, atol=2.0**-1073)
        np.testing.assert_allclose(scaled.norm, np.ldexp(f.norm, e), rtol=1e-15, atol=2.0**-1073)


@pytest.mark.parametrize("e", SCALES[1:])
@pytest.mark.parametrize("level", [0.0, 0.25])
def test_the_distance_depends_on_no_common_size_of_labels_and_level(e, level):
    f, x = Interpolant(FullyConnected(), X, Y), X[0] + 0.1
    scaled = Interpolant(f.kernel, X, np.ldexp(Y, e))
    assert same(scaled.distance(x, level=np.ldexp(level, e)), f.distance(x, level=level))


@pytest.mark.parametrize("e", SCALES[1:])
def test_the_distance_of_several_outputs_depends_on_no_common_size(e):
    several = np.stack([Y, np.roll(Y, 1), -Y], axis=1) * [1, 2, 3]
    f, x = Interpolant(FullyConnected(), X, several), X[0] + 0.1
    assert same(Interpolant(f.kernel, X, np.ldexp(several, e)).distance(x), f.distance(x))


@pytest.mark.parametrize("e", SCALES)
def test_labels_that_conflict_are_refused_at_any_size(e):
    twice = np.repeat(X[:3], 2, axis=0)
    with pytest.raises(Indistinguishable, match="cannot tell samples 0 and 1") as caught:
        Interpolant(FullyConnected(), twice, np.ldexp(Y, e))
    assert caught.value.pairs == [(0, 1), (2, 3), (4, 5)]


@pytest.mark.parametrize("level", [1e30, 1e300, -1e300])
def test_a_level_that_no_step_reaches_is_bounded_below_and_not_found(level):
    f = Interpolant(FullyConnected(), X, Y)
    found = f.distance(X[0], level=level)
    assert found.upper == np.inf
    assert found.point is None
    # f(t x) = t f(x) for t > 0, so the level is taken at |level| times a sample of its sign.
    assert 0 < found.lower <= abs(level) * np.linalg.norm(X[int(level < 0)]) + np.linalg.norm(X[0])


@pytest.mark.parametrize("size", [1e134, 1e155, 1e300])
def test_a_point_too_far_for_a_search_is_refused_by_name(size):
    f = Interpolant(FullyConnected(), X, Y)
    with pytest.raises(ValueError, match=r"x: got numbers up to 1e\+\d+, takes at most 3e\+133 for a search"):
        f.distance([0, 0, size])
    pair = Interpolant(FullyConnected(), [[3.0, 4.0], [-3.0, -4.0]], [1, -1])
    assert pair.distance([0.6 * size, 0.8 * size]).upper == pytest.approx(size, rel=1e-15)


@pytest.mark.parametrize("Z", [3.0, np.zeros(2), np.zeros((2, 2)), np.zeros((1, 2, 3)), np.zeros((0, 3)), []])
def test_values_of_other_signals_than_samples_are_refused_by_name(Z):
    with pytest.raises(ValueError, match=r"Z: got shape \(.*\), takes one point of shape \(3,\) or a batch of them"):
        Interpolant(FullyConnected(), X, Y)(Z)

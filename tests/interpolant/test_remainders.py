"""Losses of patches and the budget of a step: against dense steps, in the worst places, and by brute force."""

import math

import numpy as np
import pytest

from shiftmath.datasets import digits
from shiftmath.interpolant import Interpolant, certified_radius, remainders
from shiftmath.interpolant.budget import Budget, on_image
from shiftmath.interpolant.even_part import STEEPEST, even, least_of_even
from shiftmath.interpolant.patch_bounds import Losses, Patch
from shiftmath.interpolant.remainders import Tangent
from shiftmath.kernels import Convolutional

EPS = float(np.finfo(float).eps)


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def sums(u, weights, Z):
    """The sum of w E at each point, by the formula in the half-plane: no angle and no normalisation of points."""
    x = Z @ u.T
    across = np.linalg.norm(Z[:, None] - x[..., None] * u, axis=-1)
    return ((across + 2 * x * np.arctan2(x, across)) / np.pi) @ weights


def steps(size, d, rng, count=4000):
    """Steps of all lengths up to a size, in all directions of d axes."""
    return size * np.linspace(0, 1, count)[:, None] * unit(rng.standard_normal((count, d)))


def tangent(theta, weights, rng, d=3, kink=0.0):
    """At a random unit vector, with lines at angles theta from it on either side."""
    v, side = unit(rng.standard_normal(d)), rng.standard_normal((len(theta), d))
    side = unit(side - (side @ v)[:, None] * v)
    u = np.cos(theta)[:, None] * v + np.sin(theta)[:, None] * side
    return Tangent.at(v, np.where(rng.random(len(u)) < 0.5, -1.0, 1.0)[:, None] * u, weights, kink)


def excess(own, k, square, delta):
    """How far the sum lies above its bound within delta, at least."""
    length = np.linalg.norm(k, axis=1)
    above = sums(own.u, own.weights, own.v + k) - sums(own.u, own.weights, own.v[None]) - k @ own.gradient
    return (above + own.lost() + own.kinks(np.array([delta]))[0] * length + square * length**2).min()


def choose(monkeypatch, signed):
    """Which terms are taken with their signs: those that a rule says, none, or all that are far enough."""
    if signed == "none":
        monkeypatch.setattr(remainders, "FARTHER", math.inf)
    if signed == "all":
        monkeypatch.setattr(remainders, "TURNED", 1e9)


@pytest.mark.parametrize("delta", [0.02, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("theta", [0.0, 1e-5, 0.01, 0.1, 0.4, 0.8, 1.2, np.pi / 2])
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("signed", ["chosen", "none", "all"])
def test_no_step_from_a_patch_with_one_line_falls_below_its_bounds(signed, sign, theta, delta, rng, monkeypatch):
    choose(monkeypatch, signed)
    for d in (2, 3, 5):
        for kink in (0.0, 0.3):
            own = tangent(np.array([theta]), np.array([sign]), rng, d, kink)
            for bound in (own.near, own.anywhere):
                square = float(bound(np.array([delta]))[0])
                assert excess(own, steps(delta, d, rng, 1000), square, delta) >= -64 * EPS


@pytest.mark.parametrize("delta", [0.05, 0.3, 0.7, 0.94])
@pytest.mark.parametrize("count", [2, 12, 60])
@pytest.mark.parametrize("signed", ["chosen", "none", "all"])
def test_no_step_from_a_patch_with_many_lines_falls_below_the_sum_of_forms(signed, count, delta, rng, monkeypatch):
    choose(monkeypatch, signed)
    for d in (2, 3, 6):
        theta = np.abs(rng.standard_normal(count)) * rng.choice([0.1, 0.5, 1.0], count) % (np.pi / 2)
        own = tangent(theta, rng.standard_normal(count), rng, d, 0.1 * delta)
        for bound in (own.near, own.anywhere):
            square = float(bound(np.array([delta]))[0])
            assert excess(own, steps(delta, d, rng), square, delta) >= -64 * EPS * own.parts.size.sum()


@pytest.mark.parametrize("delta", [1.0, 1.3, 4.0])
@pytest.mark.parametrize("sign", [1.0, -1.0, 0.0])
def test_steps_beyond_the_origin_have_a_bound_too(sign, delta, rng):
    for theta in ([0.05], [0.5], [1.4], [0.3, 0.9, 1.5]):
        weights = rng.standard_normal(len(theta))
        own = tangent(np.array(theta), np.abs(weights) * sign if sign else weights, rng)
        square = float(own.anywhere(np.array([delta]))[0])
        back = np.concatenate([steps(delta, 3, rng), -np.linspace(0, delta, 99)[:, None] * own.v])
        assert excess(own, back, square, delta) >= -64 * EPS * own.parts.size.sum()


@pytest.mark.parametrize("theta", [0.2, 0.6])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_of_one_line_no_square_below_the_bound_would_do(sign, theta, rng):
    own, delta = tangent(np.array([theta]), np.array([sign]), rng), 1e-3
    k = delta * unit(rng.standard_normal((20000, 3)))
    above = sums(own.u, own.weights, own.v + k) - sums(own.u, own.weights, own.v[None]) - k @ own.gradient
    for bound in (own.near, own.anywhere):
        # Of 20000 directions one lies within .02 of any; third orders and rounding are 1e-3 and 1e-9 of the square.
        assert -above.min() / delta**2 >= 0.98 * float(bound(np.array([delta]))[0])


def test_of_many_lines_the_forms_are_the_second_derivative(rng):
    own, delta = tangent(rng.uniform(0.4, 1.5, 30), rng.standard_normal(30), rng), 1e-4
    k = delta * unit(rng.standard_normal((20000, 3)))
    both = sums(own.u, own.weights, own.v + k) + sums(own.u, own.weights, own.v - k)
    second = (both - 2 * sums(own.u, own.weights, own.v[None])) / 2 / delta**2
    # Third orders are at most 30 lines times 1e-4 times third derivatives of 10; rounding is 1e-15 over 1e-8.
    assert max(0.0, -second.min()) == pytest.approx(float(own.near(np.array([delta]))[0]), rel=0.02, abs=0.03)


def random_patch(v, count, rng, positive=False):
    u = rng.standard_normal((count, len(v)))
    u, weights = unit(abs(u) if positive else u), rng.standard_normal(count)
    return Patch(v, rng.standard_normal(len(v)), u, weights, *least_of_even(u, weights))


@pytest.mark.parametrize("count", [0, 1, 5, 40])
@pytest.mark.parametrize("length", [0.0, 0.05, 0.5, 3.0])
def test_no_step_from_a_patch_falls_below_its_losses_up_to_any_radius(length, count, rng):
    R = np.array([0.03, 0.1, 0.3, 0.6, 1.0])
    for trial in range(6):
        part = random_patch(length * unit(abs(rng.standard_normal(3))), count, rng, trial % 2 == 0)
        k = steps(1.0, 3, rng)
        size = np.linalg.norm(k, axis=1)
        fallen = sums(part.u, part.weights, part.v + k) - sums(part.u, part.weights, part.v[None]) + k @ part.linear
        for own in part.losses(R):
            at = np.searchsorted(R, size * (1 - 1e-12))
            loss = own.lost[at] + own.kinks[at] * size + own.square[at] * size**2
            assert (fallen - k @ own.slope + loss).min() >= -64 * EPS * max(1.0, abs(part.weights).sum())


def test_far_from_the_origin_nothing_is_lost_but_the_even_part_and_its_size(rng):
    part = random_patch(0.01 * unit(rng.standard_normal(3)), 5, rng)
    level = part.losses(np.array([10.0]))[0]
    assert np.array_equal(level.slope, part.linear)
    assert level.kinks[0] in (part.least, part.steepest)
    assert part.steepest == pytest.approx(STEEPEST * abs(part.weights).sum())
    assert part.by_size == (part.even + part.least * part.length, part.least)


@pytest.mark.parametrize("d", [1, 2, 4, 40])
def test_the_even_part_of_both_signs_keeps_within_its_two_bounds(d, rng):
    for count in (1, 3, 30):
        u, weights = unit(abs(rng.standard_normal((count, d)))), rng.standard_normal(count)
        Z = unit(np.concatenate([rng.standard_normal((3000, d)), u, abs(rng.standard_normal((500, d)))]))
        values, (least, most) = sums(u, weights, Z), least_of_even(u, weights)
        assert -values.min() <= least + 1e-12
        assert values.max() <= most + 1e-12
        assert least_of_even(u, -weights) == pytest.approx((most, least))


def test_where_only_low_powers_remain_the_bounds_are_the_ends_of_the_spectrum():
    # Weights of both signs on many lines in the plane: the powers above the fourth cancel up to 1e-3.
    turn = np.pi * np.arange(64) / 64
    u, weights = np.stack([np.cos(turn), np.sin(turn)], 1), np.cos(2 * turn) / 64
    around = np.stack([np.cos(np.linspace(0, np.pi, 999)), np.sin(np.linspace(0, np.pi, 999))], 1)
    values, (least, most) = sums(u, weights, around), least_of_even(u, weights)
    assert -values.min() <= least <= -values.min() + 0.15 * abs(weights).sum()
    assert values.max() <= most <= values.max() + 0.15 * abs(weights).sum()


def two_patches(rng, shared=1):
    """A budget of random losses of two patches of three entries that share some."""
    R, entries = np.array([0.2, 0.5, 1.0]), np.array([[0, 1, 2], [3 - shared, 4 - shared, 5 - shared]])
    losses = [
        [Losses(rng.standard_normal(3), *np.sort(rng.random((3, 3)) * [[0.1], [0.5], [1.0]], axis=1))] for _ in range(2)
    ]
    return losses, R, entries, Budget.of(losses, R, 1.0, entries, 6 - shared)


def test_no_step_of_the_image_falls_further_than_any_prices_say(rng):
    for trial in range(6):
        losses, R, entries, budget = two_patches(rng, shared=trial % 3)
        for r in (0.15, 0.4, 1.0):
            y = steps(r, budget.G.size, rng)
            y[::2] = -unit(budget.G + 0.3 * rng.standard_normal(y[::2].shape)) * np.linalg.norm(y[::2], axis=1)[:, None]
            size = np.linalg.norm(y[:, entries], axis=2)
            at = np.searchsorted(R, size * (1 - 1e-12))
            lost = sum(
                own.lost[a] + own.kinks[a] * t + own.square[a] * t**2
                for (own,), a, t in zip(losses, at.T, size.T, strict=True)
            )
            worst = (lost - y @ budget.G).max()
            for prices in (*rng.random((4, 2)) * 3, budget.better(budget.first(r), r)):
                assert worst <= budget.fall(prices, r) * (1 + 1e-12)


def test_of_one_patch_with_one_square_the_budget_is_the_fall_itself():
    G, c, entries = np.array([3.0, 4.0]), 0.7, np.array([[0, 1]])
    own = [[Losses(G, np.zeros(1), np.zeros(1), np.array([c]))]]
    budget = Budget.of(own, np.ones(1), 1.0, entries, 2)
    assert budget.fall(np.array([c]), 0.5) == pytest.approx(5 * 0.5 + c * 0.25, rel=1e-9)
    # The largest r with 5 r + c r^2 below a margin.
    root = (-5 + math.sqrt(25 + 4 * c * 2.0)) / (2 * c)
    found = budget.radius(2.0, 0.0, 0.0)
    assert 0.99 * root <= found <= root
    assert budget.radius(2.0, 1.0, 0.0) < found


def test_patches_that_cannot_all_move_share_the_radius():
    # Four patches without a pixel in common, each with a loss |k|: together at most 2 r, which equal prices find.
    entries = np.arange(4)[:, None]
    own = [[Losses(np.zeros(1), np.zeros(1), np.ones(1), np.zeros(1))] for _ in range(4)]
    budget = Budget.of(own, np.ones(1), 1.0, entries, 4)
    prices = budget.better(budget.first(0.5), 0.5)
    assert 2 * 0.5 <= budget.fall(prices, 0.5) <= 2 * 0.5 * 1.03


def test_the_form_counts_each_pixel_as_often_as_it_is_seen():
    entries = np.array([[0, 1], [1, 2]])
    assert on_image(np.array([1.0, 10.0]), entries, 3).tolist() == [1, 11, 10]
    # Padding is the entry after the last.
    assert on_image(np.ones((2, 2)), np.array([[0, 3], [1, 3]]), 3).tolist() == [1, 1, 0]


def descended(f, x, radius, start, rounds=20):
    """The least value of f, times its sign at x, that steps down within the radius of x find."""
    sign, point, least = np.sign(f(x)), x + start, math.inf
    for turn in range(rounds):
        down = -sign * f.gradient(point)
        point = point + radius * 0.5 / (1 + turn / 5) * down / np.linalg.norm(down)
        point = x + (point - x) * min(1.0, radius / np.linalg.norm(point - x))
        least = min(least, sign * f(point))
    return least


@pytest.mark.parametrize("readout", ["flatten", 2, "average"])
def test_of_real_digits_convolutions_are_certified_far_and_no_descent_crosses(readout, rng):
    data = digits()
    zero, one = (data.of_class(label)[:42].reshape(42, 8, 8) for label in (0, 1))
    f = Interpolant(Convolutional(readout=readout), np.concatenate([zero[:10], one[:10]]), np.repeat([1.0, -1.0], 10))
    for x in (zero[40], one[40]):
        radius = certified_radius(f.kernel, f.X, f.coefficients, x)
        assert radius >= {"flatten": 0.6, 2: 0.45, "average": 0.25}[readout] * abs(f(x)) / np.linalg.norm(f.gradient(x))
        for start in (0 * x, *radius * unit(rng.standard_normal((2, 64))).reshape(2, 8, 8)):
            assert descended(f, x, radius, start) > 0


def test_the_reference_of_this_page_is_the_even_part(rng):
    u, Z = unit(rng.standard_normal((5, 4))), unit(rng.standard_normal((30, 4)))
    for line in u:
        theta = np.arccos(np.clip(Z @ line, -1, 1))
        assert np.abs(sums(line[None], np.ones(1), Z) - even(theta)).max() <= 1e-12


@pytest.mark.parametrize("theta", [5e-5, 0.1])
def test_a_step_onto_a_line_of_negative_weight_falls_by_no_more_than_is_lost(theta, rng):
    # The direction away from the line is left out of the gradient at the first angle, and not at the second.
    own, delta = tangent(np.array([theta]), np.array([-1.0]), rng), 0.2
    k = np.cos(theta) * own.u - own.v
    for bound in (own.near, own.anywhere):
        square = float(bound(np.array([delta]))[0])
        assert excess(own, k, square, delta) >= -64 * EPS
    part, size = Patch(own.v, np.zeros(3), own.u, own.weights, 1.0, 1.0), float(np.linalg.norm(k))
    fallen = sums(own.u, own.weights, own.v + k) - sums(own.u, own.weights, own.v[None])
    for loss in part.losses(np.array([2 * size, delta])):
        assert fallen - k @ loss.slope + np.dot(loss.at(0), size ** np.arange(3)) >= -64 * EPS


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_function_with_the_other_sign_has_the_bounds_of_its_own(sign, rng):
    u, weights = unit(rng.standard_normal((5, 3))), abs(rng.standard_normal(5))
    part = Patch(0.05 * unit(rng.standard_normal(3)), np.zeros(3), u, weights, *least_of_even(u, weights)).signed(sign)
    values = sums(u, part.weights, unit(rng.standard_normal((3000, 3))))
    assert -values.min() <= part.least + 1e-12
    assert values.max() <= part.most + 1e-12
    assert part.value == pytest.approx(sums(u, part.weights, part.v[None])[0], rel=1e-12)

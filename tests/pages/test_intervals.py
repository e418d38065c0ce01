"""Intervals: what they say of themselves is true, by drawing many times from known distributions."""

import numpy as np
import pytest

from shiftmath.pages import intervals
from shiftmath.pages.intervals import fitted_slope

DRAWS = 4000
SIGMAS = 4.5  # of a binomial or a standard deviation over so many draws


def is_covered(held, level):
    """Whether the share of intervals that hold the truth is the level, to the noise of the draws."""
    return abs(np.mean(held) - level) <= SIGMAS * np.sqrt(level * (1 - level) / len(held))


def test_the_standard_error_is_the_scatter_of_means():
    samples = 3 + 2 * np.random.default_rng(0).standard_normal((5, DRAWS))
    value, error = intervals.mean(samples)
    # s^2 has mean sigma^2 and standard deviation sigma^2 sqrt(2 / (k - 1)).
    assert abs(np.mean(error**2) * 5 / 4 - 1) <= SIGMAS * np.sqrt(2 / 4 / DRAWS)
    assert abs(np.std(value) / (2 / np.sqrt(5)) - 1) <= SIGMAS / np.sqrt(2 * DRAWS)
    assert intervals.mean([1.0, 3.0]).distance(4.0) == 2


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_a_paired_ratio_holds_the_truth_as_often_as_it_says(level):
    rng, held = np.random.default_rng(1), []
    for _ in range(1000):
        common = np.exp(3 * rng.standard_normal(4))  # what pairs share cancels
        a, b = common * np.exp(0.2 * rng.standard_normal((2, 4)))
        found = intervals.paired_ratio(1.7 * a, b, level)
        held.append(found.low <= 1.7 <= found.high)
        assert found.low < found.value < found.high < 20
    assert is_covered(held, level)


@pytest.mark.parametrize("root", [1, 2])
def test_the_error_of_a_slope_is_its_scatter(root):
    rng, x, k = np.random.default_rng(2), np.array([1.0, 2.0, 4.0, 16.0]), 100
    noise = rng.standard_normal((1000, len(x), k))
    samples = (x[:, None] ** -0.5) * (np.abs(noise) if root == 1 else noise)
    found = [intervals.slope(x, s, root) for s in samples]
    values, errors = np.array(found).T
    assert abs(values.mean() + 0.5) <= SIGMAS * values.std() / np.sqrt(1000)
    # The scatter is known to 1 / sqrt(2000); the error of a log mean has a relative bias and noise of order 1 / k.
    assert abs(np.sqrt(np.mean(errors**2)) / values.std() - 1) <= SIGMAS / np.sqrt(2000) + 2 / k
    exact = intervals.slope(x, np.outer(x**-0.5, [1.0, 1.0]))
    assert exact.value == pytest.approx(-0.5, abs=1e-14)
    assert exact.error == 0


def test_a_bootstrap_interval_holds_the_truth_about_as_often_as_it_says():
    rng, held = np.random.default_rng(3), []
    for draw in range(400):
        items = rng.standard_normal(60)
        tables = [items + c for c in (1.0, 0.0)]
        low, high = intervals.bootstrap(lambda a: a.mean(), tables[:1], draws=200, seed=draw)[1:]
        held.append(low <= 1 <= high)
    # A percentile interval of 60 items is short by a few percent of its level, and 200 draws blur its ends.
    assert 0.95 - 0.03 - SIGMAS * np.sqrt(0.05 * 0.95 / 400) <= np.mean(held) <= 1


def test_a_bootstrap_draws_the_items_of_all_tables_together_and_seeds_for_themselves():
    items = np.random.default_rng(4).standard_normal(50)
    a = np.stack([items] * 3)
    assert intervals.bootstrap(lambda s, t: (s - t).mean(), a + 1, a, draws=50) == pytest.approx((1, 1, 1))
    seeds = np.array([[0.0] * 50, [1.0] * 50])
    assert intervals.bootstrap(np.mean, seeds, draws=400) == (0.5, 0, 1)
    assert intervals.bootstrap(np.nanmean, np.where(seeds > 0, np.nan, seeds), draws=1).value == 0
    assert intervals.bootstrap(np.mean, seeds[:, ::2], seed=1) == intervals.bootstrap(np.mean, seeds[:, ::2], seed=1)


def test_what_is_no_repetition_is_refused():
    with pytest.raises(ValueError, match=r"samples: got shape \(1,\), takes at least two repetitions"):
        intervals.mean([1.0])
    with pytest.raises(ValueError, match=r"a and b: got shapes \(2,\) and \(3,\), takes one number of each"):
        intervals.paired_ratio([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"b: got .*, takes positive numbers"):
        intervals.paired_ratio([1.0, 2.0], [1.0, -2.0])
    with pytest.raises(ValueError, match=r"level: got 1\.0, takes a positive finite number below 1"):
        intervals.paired_ratio([1.0, 2.0], [1.0, 2.0], level=1.0)
    with pytest.raises(ValueError, match=r"samples: got .*, takes rows of at least two repetitions, not all of them 0"):
        intervals.slope([1, 2, 3], [[1.0, 1.0], [0.0, 0.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match=r"tables: got shapes \[\(2,\)\], takes tables \(seeds, items\)"):
        intervals.bootstrap(np.mean, [1.0, 2.0])


def test_fitted_slope_is_exact_on_powers():
    x = np.array([1.0, 3.0, 9.0, 81.0])
    for power in (-0.5, 0.0, 2.0):
        assert fitted_slope(x, 7 * x**power) == pytest.approx(power, abs=1e-13)


@pytest.mark.parametrize(
    ("xs", "ys"),
    [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [1, 0, 1]), ([1, 2, 3], [1, -1, 1]), ([1, 2, 3], [1, 2])],
)
def test_a_slope_takes_three_positive_points(xs, ys):
    with pytest.raises(ValueError, match=r"xs and ys: got .* takes as many ys as xs, all above 0"):
        fitted_slope(xs, ys)

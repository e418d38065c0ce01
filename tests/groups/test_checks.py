"""Consistency: the share of pairs of images of one signal that a classifier calls the same."""

import numpy as np
import pytest

from shiftmath.groups import circular_shifts, consistency, flips


def first_of(classes):
    """A classifier that looks at one sample only."""
    return lambda X: np.digitize(X.reshape(len(X), -1)[:, 0], np.linspace(-1, 1, classes - 1))


def test_it_is_the_share_of_agreeing_pairs_by_brute_force(rng):
    X, predict = rng.standard_normal((3, 3, 4)), first_of(4)
    for x, value in zip(X, consistency(predict, X), strict=True):
        labels = [predict(np.roll(x, (i, j), (0, 1))[None])[0] for i in range(3) for j in range(4)]
        assert value == pytest.approx(np.mean([a == b for a in labels for b in labels]), abs=1e-15)


def test_two_random_shifts_agree_that_often(rng):
    x, predict, trials = rng.standard_normal(7), first_of(3), 20_000
    share = consistency(predict, x[None])[0]
    pairs = [[np.roll(x, s) for s in row] for row in rng.integers(7, size=(2, trials))]
    agree = np.mean(predict(np.array(pairs[0])) == predict(np.array(pairs[1])))
    assert 0 < share < 1
    assert abs(agree - share) < 5 * np.sqrt(share * (1 - share) / trials)


def test_an_invariant_classifier_has_1_and_the_orbit_matters(rng):
    X = rng.standard_normal((4, 5, 5, 2))
    assert np.all(consistency(lambda X: X.sum(axis=(1, 2, 3)).round(6), X) == 1)
    by_channel = consistency(lambda X: X[..., 0].sum(axis=(1, 2)) > 0, X, circular_shifts(axes=(0, 1)))
    assert np.all(by_channel == 1)
    assert np.any(consistency(lambda X: X[:, 0, 0, 0] > 0, X, flips(axes=(0, 1))) < 1)


def test_it_lies_between_one_over_the_classes_and_one(rng):
    for classes in (2, 3, 5):
        values = consistency(first_of(classes), rng.standard_normal((20, 30)))
        assert np.all((values >= 1 / classes - 1e-15) & (values <= 1))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"predict: got shape \(4, 2\) for 4 signals, takes one label for each"):
        consistency(lambda X: X[:, :2], np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"X: got nan at \(0, 1\), takes finite numbers"):
        consistency(lambda X: X[:, 0], [[0, np.nan]])

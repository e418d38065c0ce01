"""The dot on gray, orthogonal vectors and frequencies, and the embedded digits."""

import numpy as np
import pytest

from shiftmath import dot_on_gray, orthogonal_frequencies, orthogonal_vectors
from shiftmath.datasets import digits
from shiftmath.dft import power_spectrum

EPS = float(np.finfo(float).eps)


@pytest.mark.parametrize("shape", [1, 2, 7, (3, 3), (4, 6), (2, 3, 5)])
def test_dots_are_antipodal_around_gray(shape):
    white, black = dot_on_gray(shape, gray=0.25, contrast=0.5)
    middle = tuple(n // 2 for n in np.atleast_1d(shape))
    assert np.array_equal(white + black, np.full(white.shape, 0.5))
    assert white[middle] == 0.75
    assert np.count_nonzero(white - black) == 1
    assert white.dtype == float


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"shape": 0}, ValueError, "shape: got 0, takes a positive integer or a non-empty sequence"),
        ({"shape": ()}, ValueError, r"shape: got \(\), takes"),
        ({"shape": (3, -1)}, ValueError, r"shape: got \(3, -1\), takes"),
        ({"shape": 2.5}, TypeError, "shape: got 2.5, takes"),
        ({"shape": "ab"}, TypeError, "shape: got 'ab', takes"),
        ({"shape": 3, "contrast": 0}, ValueError, "contrast: got 0, takes a finite number other than 0"),
        ({"shape": 3, "contrast": float("nan")}, ValueError, "contrast: got nan, takes"),
        ({"shape": 3, "contrast": "1"}, TypeError, "contrast: got '1', takes"),
        ({"shape": 3, "gray": float("inf")}, ValueError, "gray: got inf, takes a finite number"),
        ({"shape": 3, "gray": None}, TypeError, "gray: got None, takes"),
    ],
)
def test_bad_input_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        dot_on_gray(**arguments)


@pytest.mark.parametrize(("d", "n"), [(2, 1), (7, 3), (64, 8), (500, 50)])
def test_vectors_are_orthonormal_and_those_of_their_seed(d, n):
    positives, negatives = orthogonal_vectors(d, n, seed=3)
    rows = np.concatenate([positives, negatives])
    assert positives.shape == negatives.shape == (n, d)
    assert np.abs(rows @ rows.T - np.eye(2 * n)).max() <= 8 * np.sqrt(d) * EPS
    assert np.array_equal(rows, np.concatenate(orthogonal_vectors(d, n, seed=3)))
    assert not np.array_equal(rows, np.concatenate(orthogonal_vectors(d, n, seed=4)))


def test_vectors_are_uniform_on_the_sphere():
    first = np.array([orthogonal_vectors(4, 2, seed)[0][0] for seed in range(2000)])
    # Without the signs of R the first entry would be negative for every seed. On the sphere E x_i = 0, E x_i^2 = 1/4
    # and E x_i^4 = 3 / (4 * 6), so x_i^2 has variance 1/16; four standard errors.
    assert np.abs(first.mean(axis=0)).max() <= 4 * 0.5 / np.sqrt(2000)
    assert np.abs((first**2).mean(axis=0) - 0.25).max() <= 4 * 0.25 / np.sqrt(2000)


@pytest.mark.parametrize(("d", "n"), [(5, 2), (9, 4), (64, 8), (4000, 50)])
def test_frequencies_are_orthonormal_and_their_classes_odd_and_even(d, n):
    odd, even = orthogonal_frequencies(d, n)
    rows = np.concatenate([odd, even])
    assert odd.shape == even.shape == (n, d)
    assert np.abs(rows @ rows.T - np.eye(2 * n)).max() <= 8 * np.sqrt(d) * EPS
    for samples, first in ((odd, 1), (even, 2)):
        loudest = power_spectrum(samples, axes=1)[:, : d // 2 + 1].argmax(axis=1)
        assert loudest.tolist() == np.repeat(np.arange(first, n + 1, 2), 2).tolist()
    assert np.abs(rows.sum(axis=1)).max() <= 8 * np.sqrt(d) * EPS


def test_frequencies_come_as_cosine_and_sine():
    odd, even = orthogonal_frequencies(4000, 4)
    i = np.arange(4000)
    expected = [f(2 * np.pi * m * i / 4000) / np.sqrt(2000) for m in (1, 3) for f in (np.cos, np.sin)]
    assert np.abs(odd - expected).max() <= 64 * EPS
    assert even[0][0] == odd[0][0]
    assert even[1][0] == 0


def test_with_the_end_point_frequencies_are_not_orthogonal():
    angles = 2 * np.pi * np.linspace(0, 1, 64)
    assert abs(np.cos(angles) @ np.cos(2 * angles)) / 32 > 0.01


@pytest.mark.parametrize(
    ("construction", "arguments", "error", "message"),
    [
        (orthogonal_vectors, (8, 5), ValueError, "n: got 5 with d = 8, takes at most d / 2"),
        (orthogonal_vectors, (8, 0), ValueError, "n: got 0, takes a whole number of at least 1"),
        (orthogonal_vectors, (8.0, 2), TypeError, "d: got 8.0, takes a whole number of at least 1"),
        (orthogonal_frequencies, (8, 3), ValueError, "n: got 3, takes an even number"),
        (orthogonal_frequencies, (8, 4), ValueError, "n: got 4 with d = 8, takes less than d / 2"),
        (orthogonal_frequencies, (64, True), TypeError, "n: got True, takes a whole number of at least 1"),
    ],
)
def test_bad_counts_are_named(construction, arguments, error, message):
    with pytest.raises(error, match=message):
        construction(*arguments)


def test_digits_are_whole_sixteenths():
    data = digits()
    assert data.images.shape == (1797, 8, 8)
    assert data.images.min() == 0
    assert data.images.max() == 1
    assert np.array_equal(data.images * 16, np.rint(data.images * 16))
    assert sum(len(data.of_class(label)) for label in range(10)) == 1797


@pytest.mark.parametrize(
    ("label", "error"),
    [
        (10, ValueError),
        (-1, ValueError),
        (10**30, ValueError),
        ("three", TypeError),
        (True, TypeError),
        ([1], TypeError),
    ],
)
def test_a_class_that_is_not_there_is_named(label, error):
    with pytest.raises(error, match=r"^label: got .*, takes one of \[0, 1, 2, 3, 4, 5, 6, 7, 8, 9\]"):
        digits().of_class(label)


@pytest.mark.parametrize("seed", [-1, 1.5, "x", None, True])
def test_a_seed_is_a_whole_number(seed):
    for call in (lambda: orthogonal_vectors(8, 2, seed), lambda: digits().take(5, seed)):
        with pytest.raises((TypeError, ValueError), match=r"^seed: got .*, takes a whole number of at least 0"):
            call()


@pytest.mark.parametrize(
    ("gray", "contrast"), [(1e30, 1.0), (1.0, 2.0**-53), (-1.0, 2.0**-53), (-1e308, -1e308), (1e308, 1e308)]
)
def test_dots_that_cannot_be_told_from_gray_are_refused(gray, contrast):
    with pytest.raises(
        ValueError, match=r"^gray: got .* with contrast = .*, takes a level from which float64 can tell"
    ):
        dot_on_gray(3, gray=gray, contrast=contrast)
    white, black = dot_on_gray(3, gray=1e15, contrast=0.25)
    assert white[1] - black[1] == 0.5


@pytest.mark.parametrize(
    "call",
    [
        lambda: dot_on_gray((10**6, 10**6)),
        lambda: dot_on_gray(10**30),
        lambda: orthogonal_vectors(10**7, 10**6),
        lambda: orthogonal_frequencies(10**7, 10**6),
    ],
)
def test_constructions_that_exceed_the_memory_are_refused_before_the_work(call):
    with pytest.raises(ValueError, match=r"^\w+: got .*, the \w+ would take \d+ bytes, takes what fits the"):
        call()

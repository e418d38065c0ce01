"""The dot on gray, and the embedded digits."""

import numpy as np
import pytest

from shiftmath import dot_on_gray
from shiftmath.datasets import digits


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


def test_digits_are_whole_sixteenths():
    data = digits()
    assert data.images.shape == (1797, 8, 8)
    assert data.images.min() == 0
    assert data.images.max() == 1
    assert np.array_equal(data.images * 16, np.rint(data.images * 16))
    assert sum(len(data.of_class(label)) for label in range(10)) == 1797


@pytest.mark.parametrize("label", [10, -1, "three"])
def test_a_class_that_is_not_there_is_named(label):
    with pytest.raises(ValueError, match=r"label: got .*, takes one of"):
        digits().of_class(label)

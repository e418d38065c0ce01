"""The file of matrices in 50 digits is that of the definition: an entry of each is computed again."""

import json

import fifty_digits
import pytest

WANTED = list(fifty_digits.wanted())


def test_the_file_has_what_is_read_and_nothing_else():
    assert [*json.loads(fifty_digits.TARGET.read_text())] == [fifty_digits.name(*case) for case in WANTED]


@pytest.mark.parametrize("number", range(len(WANTED)))
def test_an_entry_of_each_matrix_is_that_of_the_definition(number):
    entry, kernel, X = WANTED[number]
    i, j = 5 * number % len(X), number % 3  # other ones for other kernels
    assert fifty_digits.of_all(entry, kernel, X)[:, i, j].tolist() == entry(kernel, X[i], X[j])


def test_a_number_that_changes_in_an_image_changes_the_name():
    entry, kernel, X = WANTED[0]
    assert fifty_digits.name(entry, kernel, X) != fifty_digits.name(entry, kernel, X * (1 + 2.0**-50))

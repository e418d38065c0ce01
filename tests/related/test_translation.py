"""A language whose law no shift changes, and what its translation exchanges."""

from itertools import product

import numpy as np
import pytest

from shiftmath.related import class_probabilities, sentences, translate
from shiftmath.related.translation import TRANSITIONS


def test_transitions_are_probabilities():
    assert np.array_equal(TRANSITIONS.sum(axis=1), np.ones(4))


def test_sentences_have_the_law_of_a_chain_on_a_circle():
    n, length = 20_000, 3
    classes = sentences(n, length, words=2, seed=3) // 2
    law = {c: np.prod(TRANSITIONS[list(c), [*c[1:], c[0]]]) for c in product(range(4), repeat=length)}
    total = sum(law.values())
    for c, weight in law.items():
        share, expected = np.mean((classes == c).all(axis=1)), weight / total
        assert abs(share - expected) <= 5 * np.sqrt(expected / n)  # 64 shares, 5 standard errors
    marginals = [sum(w for c, w in law.items() if c[p] == k) / total for p in range(length) for k in range(4)]
    assert np.allclose(marginals, np.tile(class_probabilities(length), length), atol=1e-15)


def test_the_translation_commutes_with_circular_shifts():
    x = sentences(50, 7, seed=1)
    for k in range(7):
        assert np.array_equal(translate(np.roll(x, k, axis=1)), np.roll(translate(x), k, axis=1))


def test_every_adjective_before_a_noun_comes_behind_it_and_nothing_else_moves():
    x = sentences(200, 9, words=3, seed=2)
    for source, target in zip(x, translate(x), strict=True):
        expected = list(source)
        for p in range(9):
            if source[p] // 3 == 1 and source[(p + 1) % 9] // 3 == 2:
                expected[p], expected[(p + 1) % 9] = source[(p + 1) % 9], source[p]
        assert expected == target.tolist()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: sentences(3, 1), ValueError, "^length: got 1, takes a whole number from 2 to 10000"),
        (lambda: translate([[0, 12]]), ValueError, r"^sources: got array.* takes sentences \(n, length\) of whole"),
        (lambda: translate([0, 1]), ValueError, r"^sources: got shape \(2,\), takes sentences"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

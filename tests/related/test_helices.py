"""What of states is position, what of it is a helix, and where neither can be."""

import numpy as np
import pytest

from shiftmath.related import distil, geometric_frequencies, helix, sinusoids

EPS = float(np.finfo(float).eps)


def test_parts_add_up_and_shares_are_a_decomposition_of_the_variance(rng):
    H = rng.standard_normal((7, 5, 3)) + 2
    component, fraction, rest = distil(H)
    assert np.abs(component + rest - H).max() <= 8 * EPS
    assert np.abs(component.mean(axis=0)).max() <= 8 * EPS
    within = np.mean(np.sum((rest - rest.mean(axis=(0, 1))) ** 2, axis=-1))
    assert fraction == pytest.approx(1 - within / H.var(axis=(0, 1)).sum(), abs=16 * EPS)


def test_states_closed_under_shifts_have_no_positional_component(rng):
    one = rng.standard_normal((4, 6, 3))
    closed = np.concatenate([np.roll(one, k, axis=1) for k in range(6)])
    assert distil(closed).fraction <= 100 * EPS**2
    assert distil(one).fraction > 0.01


def test_what_is_added_at_each_position_is_found_again(rng):
    one = rng.standard_normal((4, 6, 4))
    closed = np.concatenate([np.roll(one, k, axis=1) for k in range(6)])
    E = sinusoids(range(6), [1.0, 0.3])
    component, fraction, _ = distil(closed + E)
    assert np.abs(component - (E - E.mean(axis=0))).max() <= 32 * EPS
    positions = np.sum(E.var(axis=0))
    assert fraction == pytest.approx(positions / (positions + one.var(axis=(0, 1)).sum()), abs=64 * EPS)


def test_a_circular_or_elliptic_helix_has_the_score_one_at_its_frequency(rng):
    p, w = np.arange(16), np.linspace(2 * np.pi / 16, np.pi * 15 / 16, 512)[100]
    E = np.stack([np.cos(w * p), np.sin(w * p), 0.2 * p], axis=1)
    for m in (E, E @ rng.standard_normal((3, 5)) + 7):
        found = helix(m)
        assert found.score == pytest.approx(1, abs=1e-12)
        assert found.frequency == w
    between = np.stack([np.cos(0.9 * p), np.sin(0.9 * p), 0.2 * p], axis=1)
    assert 1 - 1e-3 < helix(between).score < 1
    assert abs(helix(between).frequency - 0.9) < w / 200


def test_the_encoding_is_a_helix_only_in_its_own_order(rng):
    E = sinusoids(range(12), geometric_frequencies(16))
    scores = [helix(E[rng.permutation(12)]).score for _ in range(100)]
    assert helix(E).score > 0.95 > max(scores)


def test_the_curve_keeps_the_lengths_of_three_dimensions(rng):
    m = rng.standard_normal((9, 3))
    curve = helix(m).curve
    m = m - m.mean(axis=0)
    assert np.abs(curve @ curve.T - m @ m.T).max() <= 100 * EPS


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: distil(np.zeros((2, 3))), ValueError, r"^states: got shape \(2, 3\), takes an array \(sentences"),
        (lambda: distil(np.ones((2, 3, 4))), ValueError, "(?s)^states: got array.* takes .* not constant"),
        (lambda: helix(np.zeros((5, 3))), ValueError, r"^component: got shape \(5, 3\), takes an array .* 6 positions"),
        (lambda: helix(np.ones((6, 3))), ValueError, "(?s)^component: got array.* not constant"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

"""Outputs that integrate, leak and fire route as windows do."""

from dataclasses import replace

import numpy as np
import pytest

from shiftmath.related import Neuron, firing, neuron_for, phase_router


@pytest.mark.parametrize("n", [2, 3, 5])
def test_outputs_that_fire_are_the_shifted_inputs_for_each_shift(n, rng):
    patterns = np.concatenate([rng.random((6, n)) < 0.5, np.eye(n, dtype=bool), [np.ones(n, bool), np.zeros(n, bool)]])
    for s in range(n):
        assert np.array_equal(firing(phase_router(n), s, patterns, neuron_for(n)), np.roll(patterns, s, axis=1))


def test_the_potential_after_one_spike_without_inhibition_is_the_closed_form():
    from shiftmath.related.spiking import _run

    leak, decay, steps = 20.0, 0.02, 4000
    peak, _ = _run(Neuron(leak, 0.0, decay), np.zeros(1), np.eye(1, steps)[0][:, None])
    slow, fast = sorted((leak, 1 / decay))
    at = np.log(fast / slow) / (fast - slow)
    exact = (np.exp(-slow * at) - np.exp(-fast * at)) / (decay * (fast - slow))
    # The current is held for a step, and spikes of earlier periods have left exp(-20).
    assert peak[0] == pytest.approx(exact, rel=2 * fast / steps)


@pytest.mark.parametrize("broken", [{"inhibition": 0.0}, {"threshold": 0.0}, {"threshold": np.inf}, {"delay": np.pi}])
def test_without_one_of_its_parts_it_is_no_shift(broken):
    one = np.eye(8, dtype=bool)[:1]
    wrong = firing(phase_router(8), 2, one, replace(neuron_for(8), **broken))
    assert not np.array_equal(wrong, np.roll(one, 2, axis=1))


def test_wires_that_are_cut_carry_nothing():
    whole, everything = phase_router(8), np.ones((1, 8), bool)
    for kind in ("to_line", "from_line"):
        wires = getattr(whole, kind).copy()
        wires[3] = 0
        fired = firing(replace(whole, **{kind: wires}), 0, everything, neuron_for(8))
        assert np.array_equal(np.flatnonzero(~fired[0]), [3])


@pytest.mark.parametrize("shape", [(8,), (2, 7), (1, 2, 8)])
def test_bad_patterns_are_named(shape):
    with pytest.raises(ValueError, match=r"^active: got shape .*, takes an array \(patterns, 8\) of truth values"):
        firing(phase_router(8), 0, np.zeros(shape, bool), neuron_for(8))


@pytest.mark.parametrize(
    ("name", "value"),
    [("leak", 0.0), ("decay", 0.0), ("decay", -1.0), ("inhibition", -1.0), ("delay", np.inf), ("threshold", np.nan)],
)
def test_a_neuron_whose_potential_would_be_no_number_is_refused(name, value):
    with pytest.raises(ValueError, match=f"^{name}: got {value}, takes a"):
        replace(Neuron(1.0, 1.0, 0.1), **{name: value})


def test_patterns_are_finite():
    with pytest.raises(ValueError, match=r"^active: got nan at \(0, 1\)"):
        firing(phase_router(2), 0, np.array([[1, np.nan]]), neuron_for(2))

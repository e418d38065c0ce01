"""Outputs that integrate, leak and fire route as windows do."""

from dataclasses import replace

import numpy as np
import pytest

from shiftmath.related import Neuron, firing, neuron_for, phase_router, slot_peaks


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


@pytest.mark.parametrize("inhibition", [None, 50.0])
def test_the_threshold_is_the_geometric_mean_of_the_peaks_in_its_own_slot_and_in_the_next(inhibition):
    neuron = neuron_for(5, inhibition)
    own, *others = slot_peaks(5, neuron)
    assert own > max(others)
    assert neuron.threshold**2 == pytest.approx(own * max(others), rel=1e-12)
    later = replace(neuron, delay=neuron.delay + 2 * np.pi / 5)  # by one slot
    assert np.allclose(slot_peaks(5, later), np.roll([own, *others], 1), rtol=1e-12, atol=0)


def test_without_inhibition_all_slots_have_one_peak_and_with_more_of_it_they_are_further_apart():
    rooms = []
    for inhibition in (0.0, 100.0, 1000.0):
        own, *others = slot_peaks(5, neuron_for(5, inhibition))
        rooms.append(own / max(others))
    assert rooms[0] == pytest.approx(1, abs=1e-12)
    assert rooms[0] < rooms[1] < rooms[2]


def test_the_room_between_slots_stays_where_the_inhibition_grows_like_the_cube_of_their_number():
    rooms = [np.divide(*np.sort(slot_peaks(n, neuron_for(n)))[:-3:-1]) for n in (4, 8, 16)]
    missing = np.diff(rooms)  # falls like N^-2, so by a factor of 4, less the next order
    assert missing[0] / missing[1] == pytest.approx(4, rel=(np.pi / 4) ** 2 / 4)


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


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"decay": 1 / 300}, "a decay of .* from a step of the simulation on, 0.00391 for 4 slots"),
        ({"leak": 0.5}, "a leak of 0.5 and .* three periods"),
        ({"decay": 100.0}, ".* a decay of 100, .* three periods"),
    ],
)
def test_neurons_that_the_simulation_does_not_resolve_are_refused(changed, words):
    with pytest.raises(ValueError, match=f"^neuron: got {words}"):
        slot_peaks(4, replace(Neuron(32.0, 0.0, 1 / 32), **changed))

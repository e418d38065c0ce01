"""Routing by phase: which shift it is, what the wires are for, how often noise lets a spike miss its slot."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.integrate import dblquad, solve_ivp
from scipy.special import erf, i0

from shiftmath.pages.intervals import fitted_slope
from shiftmath.related import gate_router, phase_router, realignment_time, slot_probability, switching, transfer

WIRES = ("to_inputs", "to_outputs", "to_line", "from_line", "to_pacemaker")


def edited(**changes):
    return transfer(replace(phase_router(3), **changes), 0)


def shifted(n, s):
    return np.roll(np.eye(n), s, axis=0)


def own_slots(shares, s):
    """The share of each input's spikes that its own output hears, mean of each replica."""
    i = np.arange(shares.shape[-1])
    return shares[:, (i + s) % len(i), i].mean(axis=1)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_each_routing_unit_is_a_circular_shift_with_noise_and_mismatch(n):
    for s in range(n):
        shares = transfer(phase_router(n), s, noise=0.05, mismatch=0.04, seed=s)
        assert np.array_equal(shares[0], shifted(n, s))
        assert np.array_equal(gate_router(n).transfer(s), shifted(n, s))


@pytest.mark.parametrize("kind", WIRES)
def test_every_wire_that_is_counted_is_one_that_is_used(kind):
    whole, n = phase_router(6), 6
    for unit in range(n):
        wires = getattr(whole, kind).copy()
        wires[unit] = 0
        cut = replace(whole, **{kind: wires})
        assert cut.connections == whole.connections - 1
        # A pacemaker without its routing unit keeps what it began with, at random.
        heard = [transfer(cut, unit, replicas=8, settle=12, periods=4), shifted(n, unit)]
        assert not np.array_equal(*np.broadcast_arrays(*heard))


def test_arrays_of_one_kind_are_edited_without_the_others():
    for edit in fields(phase_router(4)):
        router = phase_router(4)
        getattr(router, edit.name)[1] = 7
        changed = [f.name for f in fields(router) if 7 in getattr(router, f.name)]
        assert changed == [edit.name]


def test_the_wires_grow_like_n_and_like_its_square():
    sizes = np.array([4, 8, 16, 32, 64])
    assert [phase_router(n).connections for n in sizes] == (5 * sizes).tolist()
    assert [gate_router(n).connections for n in sizes] == (2 * sizes**2).tolist()
    assert len(fields(phase_router(4))) == len(WIRES) + 3


@pytest.mark.parametrize(("n", "kappa"), [(2, 0.5), (5, 3.0), (8, 40.0)])
def test_the_probability_of_the_own_slot_is_that_of_two_von_mises_phases(n, kappa):
    def density(a, b):
        return np.exp(kappa * (np.cos(a) + np.cos(b))) / (2 * np.pi * i0(kappa)) ** 2

    integral, _ = dblquad(density, -np.pi, np.pi, lambda b: b - np.pi / n, lambda b: b + np.pi / n, epsabs=1e-10)
    assert slot_probability(n, coupling=kappa / 2, noise=1.0) == pytest.approx(integral, abs=1e-8)


def test_little_noise_makes_it_an_error_function_and_much_a_guess():
    widths = np.array([0.02, 0.04, 0.08])  # sigma_phi; the slots shrink with it
    slots = [50, 25]
    for n in slots:
        off = [slot_probability(n, 0.5 / w**2, 1.0) - erf(np.pi / (2 * n * w)) for w in widths[:2]]
        assert max(np.abs(off)) < max(widths[:2]) ** 2
    ratio = [slot_probability(n, 0.5 * (n / 1.5) ** 2, 1.0) - erf(np.pi / 3) for n in (8, 16, 32, 64)]
    assert fitted_slope([8, 16, 32, 64], np.abs(ratio)) == pytest.approx(-2, abs=0.05)
    assert slot_probability(7, 1e-8, 1.0) == pytest.approx(1 / 7, abs=1e-7)


@pytest.mark.parametrize(("n", "coupling", "noise"), [(8, 1.5, 0.3), (4, 1.0, 1.0)])
def test_a_simulation_hits_the_own_slot_that_often(n, coupling, noise):
    hits = own_slots(transfer(phase_router(n), 1, coupling=coupling, noise=noise, replicas=300, periods=10), 1)
    error = hits.std(ddof=1) / np.sqrt(len(hits))
    assert abs(hits.mean() - slot_probability(n, coupling, noise)) < 4 * error
    assert error < 0.01


@pytest.mark.parametrize("moved", [1, 3, 6])
def test_realignment_takes_the_time_that_its_equation_takes(moved):
    n, rate = 8, 1.3
    begin = 2 * np.pi * min(moved, n - moved) / n

    def within(_, distance):
        return distance[0] - np.pi / n

    within.terminal = True
    path = solve_ivp(lambda _, d: -rate * np.sin(d), (0, 50), [begin], events=within, rtol=1e-10, atol=1e-12)
    assert realignment_time(n, moved, rate) == pytest.approx(path.t_events[0][0], abs=1e-7)
    assert realignment_time(8, 4, rate) == np.inf


def heard_by_two_equations(n, before, after, rate, periods):
    """Whether output j hears input i in each period after a switch, and how far each spike is from a window's edge.

    Without noise all outputs lag alike, by chi, behind a pacemaker at phi. Inputs send half a slot into theirs.
    """
    lags = -2 * np.pi * np.array([before, after]) / n
    sent = 1 - (np.arange(n) + 0.5) / n
    t = (np.arange(periods)[:, None] + sent).ravel()
    moving = solve_ivp(
        lambda _, s: rate * np.sin([lags[1] - s[0], s[0] - s[1]]),
        (0, periods),
        [lags[0], lags[0]],
        t_eval=np.sort(t),
        rtol=1e-10,
    )
    chi = np.interp(t, moving.t, moving.y[1]).reshape(periods, 1, n)
    apart = chi + 2 * np.pi * (np.arange(n)[:, None] - np.arange(n)) / n
    distance = np.abs(np.mod(apart + np.pi, 2 * np.pi) - np.pi) - np.pi / n
    return distance < 0, np.abs(distance)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 4), (6, 3)])
def test_a_switch_passes_through_the_shifts_between(before, after):
    n, rate, middle = 8, 1.5, np.pi / 8
    router = replace(phase_router(n), input_lags=phase_router(n).input_lags + middle)
    router = replace(router, output_lags=phase_router(n).output_lags + middle)
    rates = {"coupling": rate, "pacemaker_coupling": rate}
    heard = switching(router, before, after, **rates, settle=20, periods=8)[0]
    expected, from_edge = heard_by_two_equations(n, before, after, rate, 8)
    clear = from_edge > rate / 32  # the simulation compares phases up to a step later
    assert clear.mean() > 0.9
    assert np.array_equal(heard[clear], expected[clear])
    assert not np.array_equal(heard[0], shifted(n, after))
    assert np.array_equal(heard[-1], shifted(n, after))


@pytest.mark.parametrize(
    "change",
    [{"coupling": 0.0}, {"pacemaker_coupling": 0.0}, {"window": 4.0}],
    ids=["no locking", "no routing", "wide window"],
)
def test_without_one_of_its_conditions_it_is_no_shift(change):
    shares = transfer(phase_router(8), 3, replicas=4, **change)
    assert np.abs(shares - shifted(8, 3)).max() > 0.5


def test_half_a_slot_off_a_spike_falls_between_two_outputs():
    whole = phase_router(8)
    off = replace(whole, routing_lags=whole.routing_lags + np.pi / 8)
    hits = own_slots(transfer(off, 2, noise=0.05, replicas=40), 2)
    assert abs(hits.mean() - 0.5) < 4 * hits.std(ddof=1) / np.sqrt(40)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: phase_router(1), ValueError, "^n: got 1, takes a whole number of at least 2"),
        (lambda: transfer(phase_router(4), 4), ValueError, "^shift: got 4, takes a whole number from 0 to 3"),
        (lambda: transfer(phase_router(4), 0, noise=-1.0), ValueError, "^noise: got -1.0, takes a non-negative"),
        (lambda: transfer(phase_router(4), 0, window=4.5), ValueError, "^window: got 4.5, takes a number from 0 to 4"),
        (lambda: edited(to_line=[1, 0, 1]), TypeError, "^router.to_line: got list, takes a NumPy array"),
        (lambda: edited(input_lags=np.array([0, np.nan, 1])), ValueError, r"^router.input_lags: got nan at \(1,\)"),
        (lambda: edited(to_line=np.ones(2)), ValueError, "^router: got arrays of shapes .*, takes one length"),
        (lambda: edited(to_line=np.array(1.0)), ValueError, "^router: got arrays of shapes .*, takes one length"),
        (lambda: slot_probability(8, 1.0, 1e-9), ValueError, "^noise: got 1e-09 with coupling = 1.0, takes at least"),
        (lambda: realignment_time(8, 8, 1.0), ValueError, "^moved: got 8, takes a whole number from 1 to 7"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

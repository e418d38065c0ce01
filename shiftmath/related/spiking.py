r"""Routing by phase with outputs that integrate, leak and fire.

An output has no window built in. Its potential obeys

$$
\dot V_j = -\left(g + G\,\frac{1 - \cos(2\pi t + \psi_j - \delta)}2\right) V_j + I(t),
$$

with a leak g, an inhibition that oscillates with the unit's phase and shunts (it divides and does not subtract), and
the current I of the line: each spike adds a charge of 1 that decays in the time tau. It fires, once in half a period,
where V reaches a threshold. Near its trough the inhibition is $G(\pi/N)^2$ one slot away, so G grows like $g N^2$. With
$g = 8N$, $G = 8N^3$ and time $t = \tau/N$ in slots, for many slots and k slots away,

$$
\frac{dV_k}{d\tau} = -8\left(1 + \pi^2(\tau + k - \delta)^2\right)V_k + I(\tau),
$$

$\delta$ in slots: the peaks of V come to a limit. With a fixed G the parabola is $\pi^2 G/N^3$, and they become one.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from shiftmath._shared.arguments import as_array, as_count, as_number, require_finite
from shiftmath.related.wires import TURN, PhaseRouter, require_router

__all__ = ["Neuron", "firing", "neuron_for", "slot_peaks"]

STEPS = 64  # for each slot
DELAYS = 64  # tried, over one slot
FORGOTTEN = 3  # exp(-3) of a charge is left after a period, 1e-4 after the three that are simulated


@dataclass(frozen=True)
class Neuron:
    """Leak g and inhibition G for each period, the decay of a spike tau in periods, delay delta, threshold of V.

    Raises:
        ValueError, TypeError: a leak or decay that is not above 0, an inhibition below 0; what is no finite number, but
            for the threshold: one that is infinite is never reached.
    """

    leak: float
    inhibition: float
    decay: float
    delay: float = 0.0
    threshold: float = np.inf

    def __post_init__(self) -> None:
        for name in ("leak", "decay"):
            as_number(name, getattr(self, name), positive=True)
        as_number("inhibition", self.inhibition, least=0)
        as_number("delay", self.delay)
        if not (isinstance(self.threshold, float) and self.threshold == np.inf):
            as_number("threshold", self.threshold)


def neuron_for(n: int, inhibition: float | None = None) -> Neuron:
    """A neuron for n slots, from what one spike does to it, in its own slot and in the others.

    The delay is the one, of 64 in a slot, at which the peaks in its own slot and in the next largest are furthest apart
    in ratio; the threshold is their geometric mean.

    Args:
        n: slots, from 2 on.
        inhibition: G, at least 0; 8 n^3 where it is None.

    Raises:
        ValueError, TypeError: n is no whole number from 2 on; another inhibition.

    >>> neuron_for(4).leak, neuron_for(4).inhibition
    (32.0, 512.0)
    """
    n = as_count("n", n, least=2)
    G = 8.0 * n * n * n if inhibition is None else as_number("inhibition", inhibition, least=0)
    bare = Neuron(leak=8.0 * n, inhibition=G, decay=1 / (8 * n))
    delays = TURN / n * (np.arange(DELAYS) / DELAYS - 0.5)
    peaks = _slot_peaks(n, bare, delays)
    own, other = peaks[:, 0], peaks[:, 1:].max(axis=1)
    best = np.argmax(own / other)
    return replace(bare, delay=float(delays[best]), threshold=float(np.sqrt(own[best] * other[best])))


def slot_peaks(n: int, neuron: Neuron) -> Float[np.ndarray, " N"]:
    """The largest potential in a period with one spike, of a neuron that never fires, 0 to n - 1 slots away from it.

    Raises:
        ValueError, TypeError: n is no whole number from 2 on; neuron is no Neuron, or one for whose decay the 64 steps
            of a slot are too long or three periods too short.

    >>> own, after, opposite, before = slot_peaks(4, neuron_for(4))
    >>> bool(own > max(after, before) > opposite)
    True
    """
    n = as_count("n", n, least=2)
    _require_resolved(n, neuron)
    return _slot_peaks(n, replace(neuron, threshold=np.inf), np.array([neuron.delay]))[0]


def _require_resolved(n: int, neuron: Neuron) -> None:
    """An error unless the simulation has steps short enough for the current and enough periods to forget the first."""
    if not isinstance(neuron, Neuron):
        raise TypeError(f"neuron: got {type(neuron).__name__}, takes a Neuron")
    if neuron.decay < 1 / (STEPS * n):
        least = f"from a step of the simulation on, {1 / (STEPS * n):.3g} for {n} slots"
        raise ValueError(f"neuron: got a decay of {neuron.decay:g} periods, takes one {least}")
    if min(neuron.leak, 1 / neuron.decay) < FORGOTTEN:
        got = f"a leak of {neuron.leak:g} and a decay of {neuron.decay:g}"
        raise ValueError(
            f"neuron: got {got}, takes a leak from {FORGOTTEN} and a decay up to {1 / FORGOTTEN:g} on: three periods "
            "are simulated"
        )


def _slot_peaks(n: int, neuron: Neuron, delays: np.ndarray) -> np.ndarray:
    """The largest potentials for each delay, (delays, n)."""
    return _run(neuron, TURN * np.arange(n) / n - delays[:, None], np.eye(1, n * STEPS)[0][:, None, None])[0]


def firing(
    router: PhaseRouter, shift: int, active: Bool[np.ndarray, "patterns N"], neuron: Neuron
) -> Bool[np.ndarray, "patterns N"]:
    """Which outputs fire in a period, with all phases locked, for each pattern of active inputs.

    Args:
        router: the wires and lags; wires of 0 carry nothing.
        shift: the routing unit that is active, from 0 to N - 1.
        active: for each pattern and each input whether it sends a spike in each period.
        neuron: what the outputs are.

    Raises:
        ValueError, TypeError: another shape; a shift out of range; a neuron as for `slot_peaks`.

    >>> from shiftmath.related import phase_router
    >>> firing(phase_router(4), 1, np.array([[True, False, False, True]]), neuron_for(4))
    array([[ True,  True, False, False]])
    """
    n = require_router("router", router)
    _require_resolved(n, neuron)
    shift = as_count("shift", shift, least=0, most=n - 1)
    active = as_array("active", active, "an array (patterns, N) of truth values", to_numpy=True)
    require_finite("active", active)
    if active.ndim != 2 or not len(active) or active.shape[1] != n:
        raise ValueError(f"active: got shape {active.shape}, takes an array (patterns, {n}) of truth values")
    arrivals = np.mod(-np.rint(router.input_lags * n * STEPS / TURN).astype(int), n * STEPS)
    kicks = np.zeros((n * STEPS, len(active), 1))
    np.add.at(kicks, arrivals, (router.to_line[:, None] * (active != 0).T)[..., None])
    psi = router.output_lags - router.routing_lags[shift] - neuron.delay
    return _run(neuron, np.tile(psi, (len(active), 1)), kicks, router.from_line)[1]


def _run(
    neuron: Neuron, psi: np.ndarray, kicks: np.ndarray, weight: float | np.ndarray = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """The largest potential of each neuron in the third period, and whether it fired in it, both like psi.

    The charges `kicks` (steps, ...) repeat in each period. Each step is the solution with its rate and current fixed.
    """
    h, current = 1 / len(kicks), np.zeros(kicks.shape[1:])
    V, rests, peak = np.zeros((3, *psi.shape))
    fired = np.zeros(psi.shape, bool)
    for k in range(3 * len(kicks)):
        current = current * np.exp(-h / neuron.decay) + kicks[k % len(kicks)] / neuron.decay
        rate = neuron.leak + neuron.inhibition * (1 - np.cos(TURN * k * h + psi)) / 2
        V = V * np.exp(-rate * h) + weight * current * -np.expm1(-rate * h) / rate
        fires, rests = (neuron.threshold <= V) & (rests <= 0), np.maximum(rests - h, 0)
        V, rests = np.where(fires, 0.0, V), np.where(fires, 0.5, rests)
        if k >= 2 * len(kicks):
            peak, fired = np.maximum(peak, V), fired | fires
    return peak, fired

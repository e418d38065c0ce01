r"""Routing by phase: the lag between two oscillations chooses a circular shift.

Time is counted in periods of a background oscillation. Beside it every unit has a phase of its own. Those of the input
tier follow a pacemaker, each with its own lag, and so do those of the output tier with another pacemaker:

$$
d\theta_i = (\Delta_i + K \sin(\Phi_{in} + 2\pi i/N - \theta_i))\,dt + \sigma\,dW_i, \qquad
d\psi_j = (\Delta'_j + K \sin(\Phi_{out} + 2\pi j/N - \psi_j))\,dt + \sigma\,dW'_j.
$$

One routing unit s is active and sets the lag of the second pacemaker, $d\Phi_{out}/dt = K_p \sin(\Phi_{in} - 2\pi s/N -
\Phi_{out})$. An input puts a spike on one line, which all share, whenever its whole phase $2\pi t + \theta_i$ is a
multiple of $2\pi$. An output hears what is on the line while its own is within a half width of such a multiple. Locked,
unit j hears what unit $i = j - s$ sends. Idea: Sridharan, Percival, Arthur and Boahen (2007); the equations are ours.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ive

from shiftmath._shared.arguments import as_count, as_number
from shiftmath._shared.memory import require_memory
from shiftmath.related.wires import TURN, PhaseRouter, require_router

__all__ = ["realignment_time", "slot_probability", "transfer"]

FINEST = 1 / 20  # of 1 / K, the longest step: Heun's method then has the variance of a locked phase to 1e-3
LEAST_STEPS = 32  # in a period
FASTEST = 1e4  # coupling: 200,000 steps in a period


def slot_probability(n: int, coupling: float, noise: float) -> float:
    r"""The probability that a spike falls into its own slot, of units that are locked and have noise but no mismatch.

    A locked phase has the stationary density $\propto \exp(\kappa\cos\varphi)$, $\kappa = 2K/\sigma^2$, of von Mises;
    the difference of two has the Fourier coefficients $(I_m(\kappa)/I_0(\kappa))^2$, and so

    $$
    P = \frac1N + \frac2\pi\sum_{m\ge1}\left(\frac{I_m(\kappa)}{I_0(\kappa)}\right)^2\frac{\sin(m\pi/N)}m .
    $$

    For little noise this is $\mathrm{erf}(\pi/(2N\sigma_\varphi))$ with $\sigma_\varphi = \sigma/\sqrt{2K}$.

    Args:
        n: the number of slots N.
        coupling: K, in radians for each period, above 0.
        noise: sigma, in radians for the root of a period, above 0, at least 1e-3 of the root of K.

    Raises:
        ValueError, TypeError: what is not as said above.

    >>> round(slot_probability(8, coupling=1.5, noise=0.05), 6), round(slot_probability(8, 1.5, noise=1e3), 6)
    (1.0, 0.125)
    """
    n = as_count("n", n, least=2)
    coupling, noise = as_number("coupling", coupling, positive=True), as_number("noise", noise, positive=True)
    kappa = 2 * (coupling / noise) / noise
    if not kappa <= 2e6:
        raise ValueError(f"noise: got {noise} with coupling = {coupling}, takes at least 1e-3 of the root of coupling")
    # I_m / I_0 falls like exp(-m^2 / 2 kappa): 10 widths and 60 more leave less than rounding.
    m = np.arange(1, int(10 * math.sqrt(kappa)) + 60)
    series = (ive(m, kappa) / ive(0, kappa)) ** 2 * np.sin(m * np.pi / n) / m
    return float(1 / n + 2 / np.pi * np.sum(series))


def realignment_time(n: int, moved: int, pacemaker_coupling: float) -> float:
    r"""Periods until the second pacemaker is within half a slot of its new lag, which is `moved` slots away.

    The distance obeys $\dot\delta = -K_p\sin\delta$, so $\tan(\delta/2)$ falls like $e^{-K_p t}$ and the time is
    $\ln(\tan(\pi m/N) / \tan(\pi/2N))/K_p$. Half a turn away it does not move: infinity.

    Args:
        n: the number of slots N.
        moved: m, from 1 to n - 1 slots in either direction.
        pacemaker_coupling: K_p, in radians for each period, above 0.

    Raises:
        ValueError, TypeError: what is not as said above.

    >>> realignment_time(8, 1, 1.0), realignment_time(8, 4, 1.0)
    (0.733..., inf)
    """
    n = as_count("n", n, least=2)
    moved = as_count("moved", moved, most=n - 1)
    rate = as_number("pacemaker_coupling", pacemaker_coupling, positive=True)
    if 2 * moved == n:
        return math.inf
    return math.log(math.tan(np.pi * min(moved, n - moved) / n) / math.tan(np.pi / (2 * n))) / rate


@dataclass(frozen=True)
class _Noise:
    """What drives the units apart: random drifts Delta, standard deviation, and sigma of the noise."""

    mismatch: float
    noise: float


def transfer(
    router: PhaseRouter,
    shift: int,
    *,
    coupling: float = 1.5,
    pacemaker_coupling: float = 1.5,
    noise: float = 0.0,
    mismatch: float = 0.0,
    window: float = 1.0,
    periods: int = 12,
    settle: int = 12,
    replicas: int = 1,
    seed: int = 0,
) -> Float[np.ndarray, "replicas N N"]:
    r"""The share of the spikes of input i that output j hears, in a simulation of all phases, as entry (j, i).

    Phases begin at random; Heun's method, with all slopes from the same state. An exact router has the permutation
    matrix of the shift. Spikes are net crossings, so that under noise that turns phases back single entries may leave
    [0, 1]; their mean over many periods does not.

    Args:
        router: the wires; one that is 0 carries nothing.
        shift: s, the routing unit that is active, from 0 to N - 1.
        coupling: K, in radians for each period, from 0 to below 1e4.
        pacemaker_coupling: K_p, the same for the second pacemaker.
        noise: sigma, in radians for the root of a period, from 0 on.
        mismatch: the standard deviation of the drifts Delta, in radians for each period, from 0 on.
        window: the width of what an output hears, in slots of 1 / N of a period, from 0 to N.
        periods: for how many the spikes are counted, after `settle` periods.
        replicas: how many simulations, with drifts and noise of their own.
        seed: of the phases at first, the drifts and the noise.

    Raises:
        ValueError, TypeError: what is not as said above; more than the memory.

    >>> from shiftmath.related import phase_router
    >>> transfer(phase_router(4), 1)[0] @ [1, 2, 3, 4]
    array([4., 1., 2., 3.])
    """
    n = require_router("router", router)
    shift, replicas = as_count("shift", shift, least=0, most=n - 1), as_count("replicas", replicas)
    periods, settle = as_count("periods", periods), as_count("settle", settle, least=0)
    rates = {"coupling": coupling, "pacemaker_coupling": pacemaker_coupling}
    rates = [as_number(name, rate, least=0, below=FASTEST) for name, rate in rates.items()]
    apart = _Noise(as_number("mismatch", mismatch, least=0), as_number("noise", noise, least=0))
    half = _window(window, n) * np.pi / n
    require_memory("replicas", replicas, 8 * replicas * n * (n + 20), "the shares")
    steps = max(LEAST_STEPS, math.ceil(max(rates) / FINEST))
    rng = np.random.default_rng(as_count("seed", seed, least=0))
    heard, sent = np.zeros((replicas, n, n)), np.zeros((replicas, n))
    for k, (old, new) in enumerate(_phases(router, shift, rates, apart, replicas, steps, settle + periods, rng)):
        if k >= settle * steps:
            _listen(router, half, TURN * np.array([k, k + 1]) / steps, old, new, heard, sent)
    return heard / np.maximum(sent, 1)[:, None]


def _window(window: float, n: int) -> float:
    """A width from 0 to n slots."""
    if (width := as_number("window", window, least=0)) > n:
        raise ValueError(f"window: got {width:g}, takes a number from 0 to {n}, the slots of a period")
    return width


def _slopes(router: PhaseRouter, shift: int, rates: list[float], state: np.ndarray) -> np.ndarray:
    """Of the phases (replicas, 2 N + 1): inputs, outputs and the second pacemaker; the first one is at 0."""
    n = len(router.to_line)
    theta, psi, pacemaker = state[:, :n], state[:, n:-1], state[:, -1:]
    routing = router.to_pacemaker[shift] * np.sin(-router.routing_lags[shift] - pacemaker)
    inputs = router.to_inputs * np.sin(router.input_lags - theta)
    outputs = router.to_outputs * np.sin(pacemaker + router.output_lags - psi)
    return np.concatenate([rates[0] * inputs, rates[0] * outputs, rates[1] * routing], axis=1)


def _phases(
    router: PhaseRouter,
    shift: int,
    rates: list[float],
    apart: _Noise,
    replicas: int,
    steps: int,
    periods: int,
    rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of successive states, (replicas, 2 N + 1)."""
    n, h = len(router.to_line), 1 / steps
    units = np.r_[np.ones(2 * n), 0.0]  # the pacemaker has neither drift nor noise
    drift = apart.mismatch * units * rng.standard_normal((replicas, 2 * n + 1))
    state = rng.uniform(-np.pi, np.pi, (replicas, 2 * n + 1))
    for _ in range(periods * steps):
        kick = h * drift + math.sqrt(h) * apart.noise * units * rng.standard_normal(state.shape)
        slopes = _slopes(router, shift, rates, state)
        ahead = _slopes(router, shift, rates, state + h * slopes + kick)
        new = state + h * (slopes + ahead) / 2 + kick
        yield state, new
        state = new


def _listen(
    router: PhaseRouter,
    half: float,
    clock: np.ndarray,
    old: np.ndarray,
    new: np.ndarray,
    heard: np.ndarray,
    sent: np.ndarray,
) -> None:
    """Count the spikes between two states: for each input, and at each output whose window they meet.

    Output and input are compared at the end of the step, when both are as far beyond the spike but for what moves them
    apart: phases interpolated to the spike would have too little noise. A phase that noise carries back over its spike
    takes one away, or else strong noise would count a spike several times.
    """
    n = len(router.to_line)
    begin, end = clock[0] + old[:, :n], clock[1] + new[:, :n]
    crossed = (np.floor(end / TURN) - np.floor(begin / TURN)) * (router.to_line != 0)
    replica, i = np.nonzero(crossed)
    count = crossed[replica, i]
    apart = clock[1] + new[replica, n:-1] - end[replica, i][:, None]
    inside = np.abs(np.mod(apart + np.pi, TURN) - np.pi) < half
    np.add.at(sent, (replica, i), count)
    np.add.at(heard, (replica[:, None], np.arange(n), i[:, None]), count[:, None] * inside * router.from_line)

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
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from shiftmath._shared.arguments import as_count, as_number
from shiftmath._shared.memory import require_memory
from shiftmath.related.wires import TURN, PhaseRouter, require_router

__all__ = ["switching", "transfer"]

FINEST = 1 / 20  # of 1 / K, the longest step: Heun's method then has the variance of a locked phase to 1e-3
LEAST_STEPS = 32  # in a period
FASTEST = 1e4  # coupling: 200,000 steps in a period


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
    shift = as_count("shift", shift, least=0, most=n - 1)
    periods, settle = as_count("periods", periods), as_count("settle", settle, least=0)
    simulation = _simulation(router, coupling, pacemaker_coupling, noise, mismatch, window, replicas, seed)
    return simulation.shares([shift] * (settle + periods), settle, bins=1)[:, 0]


def switching(
    router: PhaseRouter,
    before: int,
    after: int,
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
) -> Float[np.ndarray, "replicas periods N N"]:
    r"""The shares of `transfer` in each period after a switch, of a router that had `settle` periods for another shift.

    Args:
        router: the wires; one that is 0 carries nothing.
        before: the routing unit that is active at first, from 0 to N - 1.
        after: the one that is active in the periods that are counted.
        coupling, pacemaker_coupling, noise, mismatch, window: as for `transfer`.
        periods, settle, replicas, seed: as for `transfer`.

    Raises:
        ValueError, TypeError: what is not as said above; more than the memory.

    >>> from shiftmath.related import phase_router
    >>> heard = switching(phase_router(4), 0, 1, periods=6)[0]
    >>> [int(h @ [1, 2, 3, 4] @ [1, 10, 100, 1000]) for h in heard[[0, -1]]]
    [4321, 3214]
    """
    n = require_router("router", router)
    before, after = (as_count(k, v, least=0, most=n - 1) for k, v in (("before", before), ("after", after)))
    periods, settle = as_count("periods", periods), as_count("settle", settle, least=0)
    require_memory("periods", periods, 8 * periods * n * n, "the shares")
    simulation = _simulation(router, coupling, pacemaker_coupling, noise, mismatch, window, replicas, seed)
    return simulation.shares([before] * settle + [after] * periods, settle, bins=periods)


def _simulation(
    router: PhaseRouter,
    coupling: float,
    pacemaker_coupling: float,
    noise: float,
    mismatch: float,
    window: float,
    replicas: int,
    seed: int,
) -> "_Simulation":
    """A simulation with arguments that are checked."""
    n, replicas = len(router.to_line), as_count("replicas", replicas)
    rates = {"coupling": coupling, "pacemaker_coupling": pacemaker_coupling}
    K, to_pacemaker = (as_number(name, rate, least=0, below=FASTEST) for name, rate in rates.items())
    if (width := as_number("window", window, least=0)) > n:
        raise ValueError(f"window: got {width:g}, takes a number from 0 to {n}, the slots of a period")
    require_memory("replicas", replicas, 8 * replicas * n * (n + 20), "the shares")
    random = np.random.default_rng(as_count("seed", seed, least=0))
    apart = as_number("mismatch", mismatch, least=0), as_number("noise", noise, least=0)
    return _Simulation(router, K, to_pacemaker, *apart, width * np.pi / n, replicas, random)


@dataclass(frozen=True, eq=False)
class _Simulation:
    """Routers side by side; a state (replicas, 2 N + 1) has the phases of inputs, outputs and the second pacemaker."""

    router: PhaseRouter
    coupling: float
    pacemaker_coupling: float
    mismatch: float
    noise: float
    half: float
    replicas: int
    random: np.random.Generator

    @property
    def steps(self) -> int:
        """How many there are in a period."""
        return max(LEAST_STEPS, math.ceil(max(self.coupling, self.pacemaker_coupling) / FINEST))

    def shares(self, shifts: list[int], settle: int, bins: int) -> np.ndarray:
        """What is heard of what was sent, with one active routing unit a period, after `settle` periods, in bins."""
        n, h = len(self.router.to_line), 1 / self.steps
        units = np.r_[np.ones(2 * n), 0.0]  # the pacemaker has neither drift nor noise
        drift = self.mismatch * units * self.random.standard_normal((self.replicas, 2 * n + 1))
        state = self.random.uniform(-np.pi, np.pi, (self.replicas, 2 * n + 1))
        heard, sent = np.zeros((bins, self.replicas, n, n)), np.zeros((bins, self.replicas, n))
        for k in range(len(shifts) * self.steps):
            period = k // self.steps
            kick = h * drift + math.sqrt(h) * self.noise * units * self.random.standard_normal(state.shape)
            new = self._moved(state, shifts[period], kick)
            if period >= settle:
                bin_ = (period - settle) * bins // (len(shifts) - settle)
                self._listen(TURN * h * np.array([k, k + 1]), state, new, heard[bin_], sent[bin_])
            state = new
        return (heard / np.maximum(sent, 1)[:, :, None]).swapaxes(0, 1)

    def _moved(self, state: np.ndarray, shift: int, kick: np.ndarray) -> np.ndarray:
        """The state after one step of Heun's method, in which a kick is added."""
        h, slopes = 1 / self.steps, self._slopes(shift, state)
        return state + h * (slopes + self._slopes(shift, state + h * slopes + kick)) / 2 + kick

    def _slopes(self, shift: int, state: np.ndarray) -> np.ndarray:
        """Of the phases, like the state; the first pacemaker is at 0."""
        router, n = self.router, len(self.router.to_line)
        theta, psi, pacemaker = state[:, :n], state[:, n:-1], state[:, -1:]
        routing = router.to_pacemaker[shift] * np.sin(-router.routing_lags[shift] - pacemaker)
        inputs = router.to_inputs * np.sin(router.input_lags - theta)
        outputs = router.to_outputs * np.sin(pacemaker + router.output_lags - psi)
        return np.concatenate(
            [self.coupling * inputs, self.coupling * outputs, self.pacemaker_coupling * routing], axis=1
        )

    def _listen(self, clock: np.ndarray, old: np.ndarray, new: np.ndarray, heard: np.ndarray, sent: np.ndarray) -> None:
        """Count the spikes between two states: for each input, and at each output whose window they meet.

        Output and input are compared at the end of the step, when both are as far beyond the spike but for what moves
        them apart: phases interpolated to the spike would have too little noise. A phase that noise carries back over
        its spike takes one away, or else strong noise would count a spike several times.
        """
        n = len(self.router.to_line)
        begin, end = clock[0] + old[:, :n], clock[1] + new[:, :n]
        crossed = (np.floor(end / TURN) - np.floor(begin / TURN)) * (self.router.to_line != 0)
        replica, i = np.nonzero(crossed)
        count = crossed[replica, i]
        apart = clock[1] + new[replica, n:-1] - end[replica, i][:, None]
        inside = np.abs(np.mod(apart + np.pi, TURN) - np.pi) < self.half
        np.add.at(sent, (replica, i), count)
        np.add.at(heard, (replica[:, None], np.arange(n), i[:, None]), count[:, None] * inside * self.router.from_line)

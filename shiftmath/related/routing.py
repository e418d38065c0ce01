r"""The laws of routing by phase: how often a spike falls into its own slot, and how long a switch takes.

What is routed and how is in `simulation`, whose letters these are. Nothing here knows it.
"""

import math

import numpy as np
from scipy.special import ive

from shiftmath._shared.arguments import as_count, as_number

__all__ = ["realignment_time", "slot_probability"]


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

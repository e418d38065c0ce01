r"""How far max pooling is from a complex modulus: what the phases of a pool cost, and what the bandwidth of the filter.

The map of a narrow filter turns by the phase $\omega\cdot p$ from the middle of a pool to its position p, so that the
largest real part is the modulus times $M(H) = \max_p\cos(H + \omega\cdot p)$, H the phase in the middle; a filter of
some bandwidth does not turn quite evenly.

Source: Leterme, Polisano, Perrier and Alahari (2022). The constants below are derived here, and may not be theirs.
"""

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_count, as_number, require_finite
from shiftmath._shared.memory import require_memory
from shiftmath._shared.values import show

__all__ = ["as_frequency", "bandwidth_error", "peak_moments", "phase_error"]

TURN = 2 * np.pi
MOST_REACH = 100  # 40,401 phases
MOST_FREQUENCY = 1e6  # beyond it the phases of a pool lose more than 1e-8 of a turn


def peak_moments(frequency: ArrayLike, reach: int = 1) -> tuple[Any, Any]:
    r"""Mean and mean square of $M(H) = \max_{\|p\|_\infty\le q} \cos(H + \omega\cdot p)$ over a uniform phase H.

    With the gaps $\delta_i$ between neighbours among the phases $\omega\cdot p$ on the circle, which sum to $2\pi$,

    $$
    E M = \frac1\pi\sum_i \sin\frac{\delta_i}2, \qquad E M^2 = \frac12 + \frac1{4\pi}\sum_i\sin\delta_i .
    $$

    Args:
        frequency: $\omega = m\theta$, that of the filter for each step of the pool; (*batch, 2), at most 1e6.
        reach: q, from 0 to 100.

    Returns:
        Two numbers, or arrays (*batch).

    Raises:
        ValueError, TypeError: what is not as said above.

    >>> mean, square = peak_moments((0, 0))
    >>> round(mean, 12), square
    (0.0, 0.5)
    """
    omega = as_frequency("frequency", frequency)
    q = as_count("reach", reach, least=0, most=MOST_REACH)
    require_memory("reach", q, 4 * 8 * omega.size * (2 * q + 1) ** 2, "the phases")
    steps = np.arange(-q, q + 1)
    grid = omega[..., 0, None, None] * steps[:, None] + omega[..., 1, None, None] * steps
    phases = np.sort(np.mod(grid.reshape(*omega.shape[:-1], -1), TURN), axis=-1)
    gaps = np.diff(phases, append=phases[..., :1] + TURN, axis=-1)
    mean, square = np.sin(gaps / 2).sum(-1) / np.pi, 0.5 + np.sin(gaps).sum(-1) / (2 * TURN)
    return (float(mean), float(square)) if omega.ndim == 1 else (mean, square)


def phase_error(frequency: ArrayLike, reach: int = 1) -> Any:
    r"""$\gamma_q(\omega)$, the root of $E(1 - M)^2$: how far the largest cosine of a pool is from 1.

    By `peak_moments`, $\gamma_q^2 = \frac32 + \frac1{4\pi}\sum_i(\sin\delta_i - 8\sin\frac{\delta_i}2)$, to about 1e-15
    in $\gamma_q^2$. It is largest, $\sqrt{3/2}$, where all phases are one, and least where they are equally far apart.

    Args, returns and errors as for `peak_moments`.

    >>> round(phase_error((np.pi, np.pi)) ** 2, 6)  # 3/2 - 4/pi
    0.22676
    """
    mean, square = peak_moments(frequency, reach)
    root = np.sqrt(np.maximum(1 - 2 * mean + square, 0.0))
    return root if np.ndim(root) else float(root)


def bandwidth_error(bandwidth: float, reach: int = 1) -> float:
    r"""$\beta_q(\kappa) = \frac\kappa2 \sqrt{\sum_{\|p\|_\infty\le q}\|p\|_1^2}$: how far y is from turning evenly.

    A map whose spectrum is in a square of side $\kappa$ around 0 moves by at most $\frac\kappa2\|p\|_1$ of its norm
    when it is shifted by p. For a pool at the stride m the bandwidth is m times that of the filter.

    Args:
        bandwidth: from 0 on.
        reach: q, from 0 on.

    Raises:
        ValueError, TypeError: what is not as said above; a bound that overflows.

    >>> bandwidth_error(0.5, 1) / 0.5  # the root of 5
    2.236...
    """
    kappa, q = as_number("bandwidth", bandwidth, least=0), as_count("reach", reach, least=0, most=MOST_REACH)
    squares = sum((abs(a) + abs(b)) ** 2 for a, b in itertools.product(range(-q, q + 1), repeat=2))
    bound = kappa / 2 * math.sqrt(squares)
    if not math.isfinite(bound):
        raise ValueError(f"bandwidth: got {show(bandwidth)}, takes a smaller one: the bound overflows")
    return bound


def as_frequency(name: str, frequency: ArrayLike, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Frequencies (*batch, 2) in radians, at most 1e6."""
    takes = "two numbers, one for each axis" if shape else "an array (*batch, 2) of real numbers"
    omega = as_array(name, frequency, takes, to_numpy=True)
    if (omega.shape[-1:] != (2,)) if shape is None else omega.shape != shape:
        raise ValueError(f"{name}: got shape {omega.shape}, takes {takes}")
    require_finite(name, omega)
    omega = omega.astype(float)
    if np.abs(omega).max(initial=0) > MOST_FREQUENCY:
        raise ValueError(f"{name}: got {show(frequency)}, takes angles of at most {MOST_FREQUENCY:g}")
    return omega

r"""Where a function changes its sign along a step, by bisection that looks where a chord would cross.

Of a step s from x to where $g(s) \le 0 < g(0)$ the shares t with $g(ts) > 0$ and with $g(ts) \le 0$ are kept in a
bracket that shrinks from both ends, as fast as the secant method on smooth g and no slower than one bisection more than
needed on any (ITP: interpolate, truncate, project).

Source: Oliveira and Takahashi (2020), *An Enhancement of the Bisection Method Average Performance Preserving Minmax
Optimality*, with kappa_1 = 0.2, kappa_2 = 2 and n_0 = 1.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

__all__ = ["Gap", "onto_boundary", "per_step"]

Steps = Float[np.ndarray, "m *spatial"]
Numbers = Float[np.ndarray, "m"]
Gap = Callable[[Steps], Numbers]


def onto_boundary(gap: Gap, steps: Steps, halvings: int = 50) -> Steps:
    """Steps across the boundary, shortened onto it to a share of 2^-halvings of their length; they stay across.

    gap: of steps, positive on the side of x, 0 or less across; NaN counts as the side of x.
    """
    if not len(steps):
        return steps
    low, high = np.zeros(len(steps)), np.ones(len(steps))
    at_low, at_high = gap(0 * steps), gap(steps)
    for left in range(halvings + 1, 0, -1):
        if (high - low).max() <= 2.0**-halvings:
            break
        t = _between(low, high, at_low, at_high, 2.0 ** (left - halvings - 1), 2.0 ** -(halvings + 1))
        value = gap(per_step(t, steps) * steps)
        across = value <= 0
        low, at_low = np.where(across, low, t), np.where(across, at_low, value)
        high, at_high = np.where(across, t, high), np.where(across, value, at_high)
    return per_step(high, steps) * steps


def _between(low: Numbers, high: Numbers, at_low: Numbers, at_high: Numbers, most: float, least: float) -> Numbers:
    """A share inside of each bracket, such that what remains is no wider than `most` whichever side it is on.

    It is the end of the chord, moved towards the middle by `least` or more: so the bracket closes from both ends.
    """
    middle, width = (low + high) / 2, high - low
    with np.errstate(all="ignore"):
        chord = np.clip(low + width * (at_low / (at_low - at_high)), low, high)
    chord = np.where(np.isfinite(chord), chord, middle)
    inwards = np.minimum(np.maximum(0.2 * width**2, least), np.abs(middle - chord))
    reach = np.maximum(most - width / 2, 0)
    return np.clip(chord + np.copysign(inwards, middle - chord), middle - reach, middle + reach)


def per_step(numbers: Numbers, steps: Steps) -> np.ndarray:
    """One number for each step, in a shape that multiplies them."""
    return numbers.reshape((-1,) + (1,) * (steps.ndim - 1))

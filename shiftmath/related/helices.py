r"""What the states of a network know of position, and how nearly that is a helix.

Of states $h_s(p)$, a vector for each sentence s and position p, the positional component is the mean over sentences,

$$
m(p) = \frac1n\sum_s h_s(p) - \bar h, \qquad
f = \frac{\frac1L\sum_p |m(p)|^2}{\frac1{nL}\sum_{s,p} |h_s(p) - \bar h|^2},
$$

$\bar h$ the mean of all. f is the share of the variance that position explains, and $h_s(p) - m(p)$ is the rest. These
are working definitions of our own for what Lu and Guo, The Double Helix inside the NLP Transformer (2023), distil.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_signal, require_finite
from shiftmath._shared.memory import require_memory
from shiftmath._shared.scaling import exponent, times_powers_of_two
from shiftmath._shared.values import show

__all__ = ["Distilled", "Helix", "distil", "helix"]

GRID = 512  # frequencies tried
STATES = "an array (sentences, positions, d) that is not constant"
CURVE = "an array (positions, d) of at least 6 positions and 3 dimensions that is not constant"


class Distilled(NamedTuple):
    """The positional component m (L, d), its share f of the variance, and what is left of the states (n, L, d)."""

    component: Float[np.ndarray, "L d"]
    fraction: float
    rest: Float[np.ndarray, "n L d"]


class Helix(NamedTuple):
    """The score $R^2$ of the best helix, its frequency, and the curve in its three principal coordinates (L, 3)."""

    score: float
    frequency: float
    curve: Float[np.ndarray, "L 3"]


def distil(states: ArrayLike) -> Distilled:
    """The positional component of states, its share of the variance and the rest.

    For n sentences that know nothing of position the share is not 0 but about 1/n, unless they are closed under shifts.

    Args:
        states: (sentences, positions, d).

    Raises:
        ValueError, TypeError: what is not as said above, or constant.

    >>> m, f, rest = distil([[[1.0], [2.0]], [[3.0], [6.0]]])
    >>> m.ravel(), round(f, 4), rest.ravel()
    (array([-1.,  1.]), 0.2857, array([2., 1., 4., 5.]))
    """
    h, e = _scaled("states", states, 3, STATES)
    centred = h - h.mean(axis=(0, 1))
    component = centred.mean(axis=0)
    if not (whole := np.sum(np.mean(centred**2, axis=(0, 1)))) > 0:
        raise ValueError(f"states: got {show(states)}, takes {STATES}")
    share = float(np.sum(component**2) / len(component) / whole)
    return Distilled(times_powers_of_two(component, e), share, times_powers_of_two(h - component, e))


def helix(component: ArrayLike) -> Helix:
    r"""How nearly a curve over positions is a helix, in its three principal coordinates $c(p)$.

    They are fitted by $a + bp + u\cos\omega p + v\sin\omega p$, vectors of three, and the score is the share of
    $\sum_p|c(p)|^2$ that the fit explains, at the best of 512 frequencies from $2\pi/L$, one whole turn over all
    positions, to $\pi(1 - 1/L)$. At frequencies between two of them a perfect helix loses $10^{-3}$ at most. A few
    random points have a score well above 0: compare with the same points in other orders.

    Args:
        component: (positions, d), at least (6, 3).

    Raises:
        ValueError, TypeError: what is not as said above, or constant.

    >>> from shiftmath.related import sinusoids
    >>> m = sinusoids(range(24), [0.5, 0.02])
    >>> in_another_order = m[np.random.default_rng(0).permutation(24)]
    >>> round(helix(m).score, 3), round(helix(m).frequency, 2), round(helix(in_another_order).score, 2)
    (1.0, 0.5, 0.31)
    """
    m, e = _scaled("component", component, 2, CURVE)
    if m.shape[0] < 6 or m.shape[1] < 3:
        raise ValueError(f"component: got shape {m.shape}, takes {CURVE}")
    u, s, _ = np.linalg.svd(m - m.mean(axis=0), full_matrices=False)
    curve = u[:, :3] * s[:3]
    if not (whole := np.sum(curve**2)) > 0:
        raise ValueError(f"component: got {show(component)}, takes {CURVE}")
    n = len(m)
    require_memory("component", component, 8 * 12 * GRID * n, "the helices that are tried")
    frequencies, bases = _bases(n)
    explained = np.sum((bases.swapaxes(1, 2) @ curve) ** 2, axis=(1, 2)) / whole
    best = int(np.argmax(explained))
    return Helix(float(explained[best]), float(frequencies[best]), times_powers_of_two(curve, e))


@lru_cache(maxsize=1)
def _bases(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The frequencies, and orthonormal bases (frequencies, n, 4) of what 1, p, cos and sin of each of them span."""
    frequencies = np.linspace(2 * np.pi / n, np.pi * (1 - 1 / n), GRID)
    p = np.arange(n) - (n - 1) / 2
    angles = np.multiply.outer(frequencies, p)
    lines = np.broadcast_to([np.ones(n), p], (GRID, 2, n))
    columns = np.concatenate([lines, np.cos(angles)[:, None], np.sin(angles)[:, None]], axis=1)
    return frequencies, np.linalg.qr(columns.swapaxes(1, 2))[0]


def _scaled(name: str, x: ArrayLike, ndim: int, takes: str) -> tuple[np.ndarray, np.ndarray]:
    """x / 2^e as float64 of so many axes, and e, such that its largest entries are near 1: no square overflows."""
    x = as_signal(name, x, to_numpy=True).astype(float)
    if x.ndim != ndim:
        raise ValueError(f"{name}: got shape {x.shape}, takes {takes}")
    require_finite(name, x)
    e = np.asarray(exponent(x))
    return times_powers_of_two(x, -e), e

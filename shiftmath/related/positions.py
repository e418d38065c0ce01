r"""Encodings of position that a shift turns: sinusoids, which are the characters of the shifts.

Each frequency $\omega$ has a plane of its own, in which the encoding of the position $p$ is at the angle $\omega p$:

$$
E(p) = (\sin\omega_1 p, \cos\omega_1 p, \dots, \sin\omega_m p, \cos\omega_m p), \qquad E(p + k) = R(k)\,E(p) .
$$

The matrix $R(k)$ turns the plane of $\omega_i$ by $\omega_i k$, whatever p is. Read as a complex number, a plane is the
character $p \mapsto e^{\mathrm i\omega p}$ of the integers; with $\omega = 2\pi j/N$ it is one of the circle of N
positions, and the plane is one frequency of `shiftmath.dft`. The encodings are those of Vaswani et al., Attention Is
All You Need (2017).
"""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_count, as_number, as_numbers
from shiftmath._shared.memory import require_memory
from shiftmath._shared.values import show

__all__ = ["geometric_frequencies", "rotation", "sinusoids"]

LARGEST = 2.0**53  # angles up to here: a larger one has no digits left below a turn


def geometric_frequencies(d: int, base: float = 10_000.0) -> Float[np.ndarray, "d/2"]:
    r"""The frequencies $\omega_i = \mathrm{base}^{-2i/d}$, $i = 0, \dots, d/2 - 1$, of an encoding in d dimensions.

    Args:
        d: an even number.
        base: from 1 on; 10,000 in Vaswani et al. (2017).

    Raises:
        ValueError, TypeError: what is not as said above.

    >>> geometric_frequencies(4)
    array([1.  , 0.01])
    """
    if (d := as_count("d", d, least=2)) % 2:
        raise ValueError(f"d: got {d}, takes an even number")
    base = as_number("base", base, least=1)
    require_memory("d", d, 16 * d, "the frequencies")
    return base ** (-2 * np.arange(d // 2) / d)


def sinusoids(positions: ArrayLike, frequencies: ArrayLike) -> Float[np.ndarray, "positions 2*m"]:
    r"""The encodings $E(p) = (\sin\omega_1 p, \cos\omega_1 p, \dots)$, one row for each position.

    Its inner products depend on the distance alone: $\langle E(p), E(q)\rangle = \sum_i\cos\omega_i(p - q)$.

    Args:
        positions: a list of numbers p, whole or not.
        frequencies: a list of numbers, in radians for each position.

    Raises:
        ValueError, TypeError: what is not as said above; angles beyond 2^53.

    >>> sinusoids([0, 1], [np.pi / 2])
    array([[0.000000e+00, 1.000000e+00],
           [1.000000e+00, 6.123234e-17]])
    """
    p, w = as_numbers("positions", positions), as_numbers("frequencies", frequencies)
    _require_angles("positions and frequencies", (positions, frequencies), np.abs(p).max(), np.abs(w).max())
    require_memory("positions", positions, 40 * len(p) * len(w), "the encodings")
    angles = np.multiply.outer(p, w)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(p), -1)


def rotation(frequencies: ArrayLike, shift: float) -> Float[np.ndarray, "2*m 2*m"]:
    r"""The matrix R(k) with $E(p + k) = R(k)\,E(p)$ for every p: blocks $(\cos\omega k, \sin\omega k; -\sin, \cos)$.

    It is orthogonal, and $R(k)R(l) = R(k + l)$: a representation of the shifts.

    Args:
        frequencies: a list of numbers, in radians for each position.
        shift: k, a number.

    Raises:
        ValueError, TypeError: what is not as said above; angles beyond 2^53.

    >>> rotation([np.pi / 2], 1) @ sinusoids([3], [np.pi / 2])[0] - sinusoids([4], [np.pi / 2])[0]
    array([0., 0.])
    """
    w, k = as_numbers("frequencies", frequencies), as_number("shift", shift)
    _require_angles("frequencies and shift", (frequencies, shift), np.abs(w).max(), abs(k))
    require_memory("frequencies", frequencies, 80 * len(w) ** 2, "the matrix")
    turns = np.zeros((len(w), 2, len(w), 2))
    i, cos, sin = np.arange(len(w)), np.cos(w * k), np.sin(w * k)
    turns[i, 0, i, 0], turns[i, 0, i, 1] = cos, sin
    turns[i, 1, i, 0], turns[i, 1, i, 1] = -sin, cos
    return turns.reshape(2 * len(w), -1)


def _require_angles(name: str, got: object, a: float, b: float) -> None:
    """A ValueError unless the product of the largest of two kinds of numbers is an angle with a meaning."""
    if not math.prod((float(a), float(b))) <= LARGEST:
        raise ValueError(f"{name}: got {show(got)}, takes numbers whose products, angles, are at most 2^53")

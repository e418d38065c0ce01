r"""The even part of a function of one patch, over lines through 0: $\sum_s w_s E_s(v)$, $E_s(v) = |v|\, e(\theta_s)$.

theta is the angle of v with the line's unit vector u, and $\pi e(\theta) = \sin\theta + (\pi - 2\theta)\cos\theta$, so

$$\pi e = \sum_m c_m \rho^{2m} = 1 + \tfrac32 \rho^2 + \tfrac5{24} \rho^4 + \dots, \qquad \rho = \cos\theta,$$

with non-negative coefficients.
"""

import math

import numpy as np
from jaxtyping import Bool, Float

from shiftmath.interpolant.directions import angles

__all__ = ["NEAREST", "STEEPEST", "even", "even_gradients", "least_of_even"]

STEEPEST = math.sqrt(1 + 1 / math.pi**2)  # of |v| e(theta), at theta = 0: its gradient is (e, e') = (1, -1 / pi) there
NEAREST = 1e-4  # the angle with a line below which the direction away from it is not computed
MOST_LINES = 4096  # of which all pairs are compared
MOST_PRODUCTS = 500  # of two entries of a patch, up to which fourth powers are summed
FIRST, SECOND, THIRD = 1.0, 1.5, 5 / 24  # c_0, c_1, c_2

Numbers = Float[np.ndarray, "n"]
Vectors = Float[np.ndarray, "n d"]


def even(theta: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """e(theta) of the module."""
    return (np.sin(theta) + (np.pi - 2 * theta) * np.cos(theta)) / np.pi


def even_gradients(u: Vectors, v: Float[np.ndarray, "d"], left_out: Bool[np.ndarray, "n"] | None = None) -> Vectors:
    r"""The gradients at the unit vector v of $E(v) = |v| e(\theta)$ for unit vectors u.

    $\pi \nabla E = (\sin 2\theta + \pi - 2\theta)\, u - \cos 2\theta\, n$, where n is the unit vector orthogonal to u
    in the plane of u and v. It jumps at $\theta = 0$ and $\pi$; nearer than `NEAREST` it is left out, or where told.
    """
    theta = angles(u, v)
    left_out = np.minimum(theta, np.pi - theta) < NEAREST if left_out is None else left_out
    n = v - np.cos(theta)[:, None] * u
    n *= (~left_out / np.maximum(np.linalg.norm(n, axis=1), np.finfo(float).tiny))[:, None]
    return ((np.sin(2 * theta) + np.pi - 2 * theta)[:, None] * u - np.cos(2 * theta)[:, None] * n) / np.pi


def least_of_even(u: Vectors, weights: Numbers) -> tuple[float, float]:
    r"""Bounds on $\mp \sum_s w_s e(\theta_s)$ over all directions, in which weights of both signs cancel.

    The first powers of $\rho$ are a form in the products $v_i v_j$, $|v| = 1$: with the matrices
    $A = c_0 \sum_s w_s + c_1 \sum_s w_s u_s u_s^\top$ they are
    $\langle v \otimes v, (A \otimes 1 + c_2 \sum_s w_s (u_s u_s^\top)^{\otimes 2})\, v \otimes v\rangle$, between the
    ends of that matrix's spectrum on symmetric tensors. The rest $\bar e$ is a kernel, in whose space
    $\sum_s w_s \bar e(\cdot, u_s)$ has the norm $(w^\top \bar E w)^{1/2}$ and values of at most $\bar e(1)^{1/2}$
    times that.

    >>> least, most = least_of_even(np.array([[0.6, 0.8]]), np.array([2.0]))
    >>> round(most, 3)
    2.0
    """
    terms, d = float(abs(weights).sum()), u.shape[1]
    above, below = float(weights[weights > 0].sum()), float(-weights[weights < 0].sum())
    ends = (max(0.0, below - above / np.pi), max(0.0, above - below / np.pi))  # for 1/pi <= e <= 1
    if not terms or len(u) > MOST_LINES:
        return ends
    fourth = d * (d + 1) // 2 <= MOST_PRODUCTS
    first = np.linalg.eigvalsh(_fourth_powers(u, weights) if fourth else _squares(u, weights)) / np.pi
    rho = np.clip(u @ u.T, -1, 1)
    powers = (FIRST, SECOND, THIRD) if fourth else (FIRST, SECOND)
    kept = sum(c * rho ** (2 * m) for m, c in enumerate(powers)) / np.pi
    rest = float(weights @ (even(np.arccos(rho)) - kept) @ weights)
    # An arccos near 0 errs by up to 2e-8, and e falls there by a third of the angle.
    norm = math.sqrt((1 - sum(powers) / np.pi) * (max(0.0, rest) + 1e-8 * terms**2))
    found = (max(0.0, end + norm) + 1e-9 * terms for end in (-float(first[0]), float(first[-1])))
    return min(ends[0], next(found)), min(ends[1], next(found))


def _squares(u: Vectors, weights: Numbers) -> Float[np.ndarray, "d d"]:
    return FIRST * weights.sum() * np.eye(u.shape[1]) + SECOND * (u.T * weights) @ u


def _fourth_powers(u: Vectors, weights: Numbers) -> Float[np.ndarray, "D D"]:
    """The form of `least_of_even` in an orthonormal basis of symmetric tensors."""
    d = u.shape[1]
    i, j = np.triu_indices(d)
    basis = np.zeros((len(i), d, d))
    basis[np.arange(len(i)), i, j] += np.where(i == j, 0.5, math.sqrt(0.5))
    basis += basis.transpose(0, 2, 1)
    products = u[:, i] * u[:, j] * np.where(i == j, 1.0, math.sqrt(2))
    lower = np.einsum("aij,bij->ab", basis @ _squares(u, weights), basis, optimize=True)
    return lower + THIRD * (products.T * weights) @ products

"""Compiled walk of the rows of a Gram matrix through dense layers.

Without pixels the state of `_numba.maps` can be the angle itself: m = 2 (x y - K) instead of the deficit, and at first
s = 2 (x y + K). A bias adds to both without a difference of large numbers: if the features have deviations F, G and the
biases are b, c (in the units of the two samples), so that x^2 = F^2 + b^2 and y^2 = G^2 + c^2, then

    x y - F G - b c = (F c - G b)^2 / (x y + F G + b c),
    x y - F G = (F^2 c^2 + G^2 b^2 + b^2 c^2) / (x y + F G).

So m keeps its relative accuracy for samples of any sizes.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.maps import relu_angle
from shiftmath.kernels._numba.smooth import smooth_dual
from shiftmath.kernels.plan import ERF

Entries = Float[np.ndarray, "m"]
Gram = Float[np.ndarray, "n m"]


class Samples(NamedTuple):
    """What the layers need of each sample, in its units: arrays (samples, layers), or (layers, samples) for columns."""

    deviation: Float[np.ndarray, "..."]  # x, before the activation
    inverse: Float[np.ndarray, "..."]  # 1 / (2 x), or u of `_numba.smooth`
    alpha: Float[np.ndarray, "..."]  # a of `_numba.smooth`
    feature: Float[np.ndarray, "..."]  # F, of the features that the layer takes, times weight_std
    excess: Float[np.ndarray, "..."]  # F^2 without its part linear in p, see `_numba.smooth`
    bias: Float[np.ndarray, "..."]  # b
    step: Float[np.ndarray, "..."]  # from what `smooth_row` leaves to the unit of the next layer


@compiled(disjoint=True)
def add_bias(F: float, b: float, x: float, G: Entries, c: Entries, y: Entries, m: Entries, s: Entries) -> None:
    """Adds the bias to m and s."""
    for k in range(m.size):
        across, both, product = F * c[k] - G[k] * b, b * c[k], F * G[k]
        m[k] += 2 * across * across / (x * y[k] + product + both)
        s[k] += 2 * (both + ((F * c[k]) ** 2 + (G[k] * b) ** 2 + both * both) / (x * y[k] + product))


@compiled
def smooth_row(kind, last, m, s, t, u, a, v, b, w, M, T):  # type: ignore[no-untyped-def]
    """M = -2 w E[f f] in the last layer, before it without the part linear in x y, and T = 2 Theta w E[f' f'].

    For gelu E[f f] = x y / 2 - (m / 4 - excess), see `_numba.smooth`; for erf no part is linear.
    """
    half = 0.0 if kind == ERF else 0.5
    for k in range(M.size):
        k2, nngp, slope = smooth_dual(kind, m[k], s[k], u, a, v[k], b[k])
        M[k] = w * ((-half * k2 if last else half * m[k]) - 2 * nngp)
        T[k] = (k2 + t[k]) * w * slope


@compiled(disjoint=True)
def from_excess(F: float, f: float, G: Entries, g: Entries, step: Entries, m: Entries, t: Entries) -> None:
    """m = 2 (F G - K), and t, from what `smooth_row` leaves, with f and g the excesses of F^2 and G^2.

    F^2 - f and G^2 - g are multiples of the variances p, q before: F G - sqrt((F^2 - f)(G^2 - g)) is added.
    """
    for k in range(m.size):
        p, q, product = max(F * F - f, 0.0), max(G[k] * G[k] - g[k], 0.0), F * G[k]
        whole = product + math.sqrt(p * q)
        more = (p * g[k] + q * f + f * g[k]) / whole if whole > 0 else 0.0
        m[k] = max(step[k] * m[k] + 2 * more, 0.0)
        t[k] *= step[k]


@compiled(disjoint=True)
def opposite_angle(m: Entries, x: float, y: Entries, s: Entries) -> None:
    """s = 2 (x y + K) = 4 x y - m."""
    for k in range(m.size):
        s[k] = max(4 * x * y[k] - m[k], 0.0)


@compiled
def dense_rows(
    rows: tuple[int, int],
    M: Gram,
    S: Gram,
    T: Gram,
    x: Samples,
    z: Samples,
    kind: int,
    biased: bool,
    weights: Float[np.ndarray, "layers 7"],
) -> None:
    """All layers on these rows of M and T, in place; S is scratch after the first layer."""
    m, t, step = np.empty(M.shape[1]), np.empty(M.shape[1]), np.empty(M.shape[1])
    for i in range(rows[0], rows[1]):
        for l in range(weights.shape[0]):
            X, IX, F, b = x.deviation[i, l], x.inverse[i, l], x.feature[i, l], x.bias[i, l]
            if kind and l:
                step[:] = x.step[i, l - 1] * z.step[l - 1]
                from_excess(F, x.excess[i, l], z.feature[l], z.excess[l], step, M[i], T[i])
            if biased:
                add_bias(F, b, X, z.feature[l], z.bias[l], z.deviation[l], M[i], S[i])
            m[:], t[:] = M[i], T[i]
            if l:
                opposite_angle(m, X, z.deviation[l], S[i])
            if kind:
                last, a = l + 1 == weights.shape[0], x.alpha[i, l]
                smooth_row(kind, last, m, S[i], t, IX, a, z.inverse[l], z.alpha[l], weights[l, 4], M[i], T[i])
            else:
                relu_angle(m, S[i], t, X, IX, z.deviation[l], z.inverse[l], weights[l], M[i], T[i])

"""Compiled pointwise maps of the smooth activations, in the state of `_numba.maps`.

Their duals have no singularity at rho = 1; the determinant is still formed without cancellation, from
p q - K^2 = m (2 x y - m) with m = x y - K. fx and fy are the variances after the activation, times the weight a of the
layer.
"""

import math

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.compile import compiled

ERF, GELU = 1, 2

Entries = Float[np.ndarray, "k"]


@compiled
def erf_dual(p: float, q: float, k: float, g: float) -> tuple[float, float]:
    """E[f f'] and E[f' f'] of erf, with g = p q - k^2.

    (2 / pi) arcsin(2 k / sqrt((1 + 2 p)(1 + 2 q))) (Williams 1997).
    """
    root = math.sqrt(1 + 2 * (p + q) + 4 * g)
    return 2 / math.pi * math.atan2(2 * k, root), 4 / math.pi / root


@compiled
def gelu_dual(p: float, q: float, k: float, g: float) -> tuple[float, float]:
    """E[f f'] and E[f' f'] of gelu, with g = p q - k^2, by Gaussian integration by parts (Tsuchida et al. 2021)."""
    det = 1 + p + q + g
    root = math.sqrt(det)
    both = 0.25 + math.atan2(k, root) / (2 * math.pi)
    density = 1 / (2 * math.pi * root)
    scale = (1 + p) * (1 + q)
    nngp = density * (p * q * det + k * k) / scale + k * both
    return nngp, both + k * density * ((2 + p + q) / scale + 1 / det)


@compiled
def smooth_map(
    kind: int,
    d_in: Entries,
    t_in: Entries,
    x: Entries,
    fx: Entries,
    y: Entries,
    fy: Entries,
    weights: Float[np.ndarray, "7"],
    D: Entries,
    T: Entries,
) -> None:
    """D = keep (fx + fy) - 2 a E[f f'] and T = 2 Theta a E[f' f'], with keep = l_d and a = l of the weights."""
    keep, a = weights[0], weights[4]
    for k in range(D.size):
        p, q, gap = float(x[k]) ** 2, float(y[k]) ** 2, float(x[k]) - float(y[k])
        m = max(0.5 * (d_in[k] - gap * gap), 0.0)
        covariance = x[k] * y[k] - m
        g = m * max(2.0 * x[k] * y[k] - m, 0.0)
        nngp, slope = erf_dual(p, q, covariance, g) if kind == ERF else gelu_dual(p, q, covariance, g)
        D[k] = keep * (fx[k] + fy[k]) - 2 * a * nngp
        T[k] = (2 * covariance + t_in[k]) * a * slope

"""Compiled pointwise maps: what one activation does to the covariances of two images, entry by entry.

All maps share one state. For two pre-activations with variances p = x^2 and q = y^2 and covariance K they take
    d = p + q - 2 K      the deficit, zero exactly where the pre-activations agree;
    t = 2 (Theta - K)    the rest of the tangent kernel, twice;
    x, y, ix, iy         the standard deviations and 1 / (2 x), 1 / (2 y), or 0 where the deviation is 0;
and write, with the weights (l_d, e_d, l_k, e_k, l, e, 4 e / pi) of the layer from `plan`,
    D   the next deficit, or in the last layer minus twice the covariance;
    T   twice the next tangent kernel.
The deficit is carried instead of K because 1 - rho = (d - (x - y)^2) / (2 x y) keeps its relative accuracy as rho -> 1,
where kappa0 has a square-root singularity; it stays linear under the filter.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels.angle_polynomials import FLOAT32, FLOAT64

SINGLE = tuple(np.float32(value) for value in FLOAT32)


def angle_polynomial(v):
    """P(v), see `angle_polynomials`, in the precision of v; this body is what runs where numba does not compile."""
    first, *rest = SINGLE if isinstance(v, np.float32) else FLOAT64
    p = first
    for coefficient in rest:
        p = p * v + coefficient
    return p


@overload(angle_polynomial)
def _angle_polynomial(v):
    table = SINGLE if v == types.float32 else FLOAT64
    first, rest = table[0], table[1:]

    def horner(v):
        p = first
        for coefficient in rest:
            p = p * v + coefficient
        return p

    return horner


@compiled(disjoint=True)
def relu_fused(d0, d1, d2, t0, t1, t2, x, ix, y, iy, weights, tolerance, D, T):
    """The map of relu_positive on d = d0 + d1 + d2 and t = t0 + t1 + t2, the last sum of a filter with three taps."""
    a_d, a_k, a, b = weights[0] + weights[1], weights[2] + weights[3], weights[4] + weights[5], weights[6]
    zero, one = D.dtype.type(0), D.dtype.type(1)
    for k in range(D.size):
        d = d0[k] + d1[k] + d2[k]
        t = t0[k] + t1[k] + t2[k]
        gap = x[k] - y[k]
        m = d - gap * gap
        m = m if m > tolerance * abs(gap) * (x[k] + y[k]) else zero
        h = m * (ix[k] * iy[k])
        c = math.sqrt(one - h)
        p = angle_polynomial(one - c)
        s = (x[k] + x[k]) * y[k]
        k2 = s - m
        r = b * math.sqrt(h)
        D[k] = a_d * d + a_k * k2 + r * (k2 * p - s * c)
        T[k] = (k2 + t) * (a - r * p)


@compiled(disjoint=True)
def relu_positive(d_in, t_in, x, ix, y, iy, weights, tolerance, D, T):
    """Map of a homogeneous activation where K >= 0.

    With sin(theta/2)^2 = h = m ix iy, m = 2 (x y - K), r = (4/pi) e sqrt(h), c = sqrt(1 - h),

        D = (l_d + e_d) d + (l_k + e_k) 2K + r (2K P - 2 x y c),    T = 2 Theta (l + e - r P).

    m below the rounding error of its two terms is zero: pixels of different size but exactly one direction have
    rho = 1.
    """
    a_d, a_k, a, b = weights[0] + weights[1], weights[2] + weights[3], weights[4] + weights[5], weights[6]
    zero, one = D.dtype.type(0), D.dtype.type(1)
    for k in range(D.size):
        gap = x[k] - y[k]
        m = d_in[k] - gap * gap
        m = m if m > tolerance * abs(gap) * (x[k] + y[k]) else zero
        h = m * (ix[k] * iy[k])
        c = math.sqrt(one - h)
        p = angle_polynomial(one - c)
        s = (x[k] + x[k]) * y[k]
        k2 = s - m
        r = b * math.sqrt(h)
        D[k] = a_d * d_in[k] + a_k * k2 + r * (k2 * p - s * c)
        T[k] = (k2 + t_in[k]) * (a - r * p)


@compiled(disjoint=True)
def relu_signed(d_in, s_in, t_in, x, ix, y, iy, weights, tolerance, D, T):
    """As relu_positive for K of either sign; s_in = p + q + 2 K is the deficit of x and -y, exact where they cancel.

    The linear part of the activation sees K, the even part |K|:

        D = l_d d + e_d min(d, s) + l_k 2K + e_k |2K| + r (|2K| P - 2 x y c),    T = 2 Theta (l + sign(K) (e - r P)).
    """
    l_d, e_d, l_k, e_k, l, e, b = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5], weights[6]
    zero, one = D.dtype.type(0), D.dtype.type(1)
    for k in range(D.size):
        gap = x[k] - y[k]
        negative = s_in[k] < d_in[k]
        least = s_in[k] if negative else d_in[k]
        m = least - gap * gap
        m = m if m > tolerance * abs(gap) * (x[k] + y[k]) else zero
        h = m * (ix[k] * iy[k])
        c = math.sqrt(one - h)
        p = angle_polynomial(one - c)
        s = (x[k] + x[k]) * y[k]
        size = s - m
        k2 = -size if negative else size
        r = b * math.sqrt(h)
        slope = e - r * p
        D[k] = l_d * d_in[k] + e_d * least + (l_k * k2 + e_k * size) + r * (size * p - s * c)
        T[k] = (k2 + t_in[k]) * (l + (-slope if negative else slope))


@compiled(disjoint=True)
def opposite_deficit(d, x, y, out):
    """p + q + 2 K = 2 (p + q) - d."""
    two = out.dtype.type(2)
    for k in range(out.size):
        out[k] = two * (x[k] * x[k] + y[k] * y[k]) - d[k]

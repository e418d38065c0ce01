"""Compiled pointwise maps: what one activation does to the covariances of two images, entry by entry.

All maps share one state, in float64. For two pre-activations with variances p = x^2 and q = y^2 and covariance K, in
the units of the two images (see `units`), they take
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

from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels.angle_polynomials import FLOAT64

C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0 = FLOAT64


@compiled
def angle_polynomial(v: float) -> float:
    """P(v), see `angle_polynomials`, by Estrin's scheme: fewer operations wait for one another than in Horner's."""
    v2 = v * v
    v4 = v2 * v2
    low = ((C1 * v + C0) + (C3 * v + C2) * v2) + ((C5 * v + C4) + (C7 * v + C6) * v2) * v4
    return low + ((C9 * v + C8) + (C11 * v + C10) * v2) * (v4 * v4)


@compiled(disjoint=True)
def relu_fused(d0, d1, d2, t0, t1, t2, x, ix, y, iy, weights, tolerance, D, T):
    """The map of relu_positive on d = d0 + d1 + d2 and t = t0 + t1 + t2, the last sum of a filter with three taps."""
    a_d, a_k, a, b = weights[0] + weights[1], weights[2] + weights[3], weights[4] + weights[5], weights[6]
    for k in range(D.size):
        d = d0[k] + d1[k] + d2[k]
        t = t0[k] + t1[k] + t2[k]
        gap = x[k] - y[k]
        m = d - gap * gap
        m = m if m > tolerance * abs(gap) * (x[k] + y[k]) else 0.0
        h = m * (ix[k] * iy[k])
        c = math.sqrt(1.0 - h)
        p = angle_polynomial(1.0 - c)
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
    for k in range(D.size):
        gap = x[k] - y[k]
        m = d_in[k] - gap * gap
        m = m if m > tolerance * abs(gap) * (x[k] + y[k]) else 0.0
        h = m * (ix[k] * iy[k])
        c = math.sqrt(1.0 - h)
        p = angle_polynomial(1.0 - c)
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
    for k in range(D.size):
        gap = x[k] - y[k]
        negative = s_in[k] < d_in[k]
        least = s_in[k] if negative else d_in[k]
        m = least - gap * gap
        m = m if m > tolerance * abs(gap) * (x[k] + y[k]) else 0.0
        h = m * (ix[k] * iy[k])
        c = math.sqrt(1.0 - h)
        p = angle_polynomial(1.0 - c)
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
    for k in range(out.size):
        out[k] = 2.0 * (x[k] * x[k] + y[k] * y[k]) - d[k]


@compiled(disjoint=True)
def relu_angle(m, s_in, t_in, x, ix, y, iy, weights, M, T):
    """relu_signed for one pre-activation x and many y, on m = 2 (x y - K) and s_in = 2 (x y + K) instead of deficits.

    M is the next m, or in the last layer minus twice the covariance: relu_signed without the part (x - y)^2 of d, which
    the activation carries over as (l_d + e_d) (x - y)^2.
    """
    l_d, e_d, l_k, e_k, l, e, b = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5], weights[6]
    for k in range(M.size):
        negative = s_in[k] < m[k]
        least = s_in[k] if negative else m[k]
        h = least * (ix * iy[k])
        c = math.sqrt(1.0 - h)
        p = angle_polynomial(1.0 - c)
        s = (x + x) * y[k]
        size = s - least
        k2 = -size if negative else size
        r = b * math.sqrt(h)
        slope = e - r * p
        M[k] = l_d * m[k] + e_d * least + (l_k * k2 + e_k * size) + r * (size * p - s * c)
        T[k] = (k2 + t_in[k]) * (l + (-slope if negative else slope))

r"""Compiled pointwise maps of `_numba.maps`, and back: from derivatives by what a map leaves to those by what it takes.

With the angle theta of two pre-activations (or, where K < 0, of one and minus the other), scale = 2 x y and
m = 2 (x y - |K|) = scale (1 - cos theta), what a map adds to its linear part is

    J = (b / 2) scale (theta cos theta - sin theta),    dJ = -(b / 2) (theta dm - (theta - sin theta) dscale),

b = 4 e / pi, and the factor of the tangent kernel has d theta = (dm - 2 h dscale) / (scale sin theta) with
h = sin^2(theta / 2). Only that one is singular where theta = 0. Its products with dm are not: m is a square. So
derivatives are taken by d and x at a gap x - y that is given with all its digits, and no two large ones cancel.

Where theta = 0 the tangent kernel has a cone, whose derivative is taken as 0; where x y = 0 an activation acts as its
linear part. Both are the symmetric subgradients.
"""

import math

from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels.angle_polynomials import FLOAT64

FIRST, REST = FLOAT64[0], FLOAT64[1:-1]  # of Q: P = 1 + v Q


@compiled
def angle_terms(m, inverse, b):
    """With h, r, P and c of `relu_signed`: r, P, J / scale, r (P - c), and the derivative of r P by m.

    inverse is 1 / (4 x y), or 0. With v = 1 - c = h / (1 + c) and P = 1 + v Q the differences are

        (1 - 2 h) P - c = v (1 + Q - 2 (1 + c) P),    P - c = v (1 + Q),

    whose relative error is small where they are.
    """
    h = m * inverse
    q, c = math.sqrt(h), math.sqrt(1.0 - h)
    v = h / (1.0 + c)
    Q = FIRST
    for coefficient in REST:
        Q = Q * v + coefficient
    p, r, rate = 1.0 + v * Q, b * q, 0.5 * b * inverse / (q * c)
    return r, p, r * v * (1.0 + Q - 2.0 * (1.0 + c) * p), r * v * (1.0 + Q), rate if h > 0 else 0.0


@compiled
def put(v, factor, out):
    """out = factor v."""
    for k in range(out.size):
        out[k] = factor * v[k]


@compiled
def clear(out):
    """out = 0."""
    for k in range(out.size):
        out[k] = 0.0


@compiled(disjoint=True)
def gaps(x, rest_x, y, rest_y, out):
    """x - y from deviations in two parts."""
    for k in range(out.size):
        out[k] = (x[k] - y[k]) + (rest_x[k] - rest_y[k])


@compiled(disjoint=True)
def activate(d, s, t, gap, x, ix, y, iy, weights, tolerance, D, T):
    """relu_signed of `_numba.maps` with a gap that is exact where it is small; s = d says that K >= 0."""
    l_d, e_d, l_k, e_k, l, e, b = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5], weights[6]
    for k in range(D.size):
        negative = s[k] < d[k]
        least = s[k] if negative else d[k]
        m = least - gap[k] * gap[k]
        m = m if m > tolerance * least else 0.0
        r, p, more, _, _ = angle_terms(m, ix[k] * iy[k], b)
        scale = 2.0 * x[k] * y[k]
        size = scale - m
        sign = -1.0 if negative else 1.0
        k2, slope = sign * size, sign * (e - r * p)
        D[k] = l_d * d[k] + e_d * least + (l_k * k2 + e_k * size) + scale * more
        T[k] = (k2 + t[k]) * (l + slope)


@compiled(disjoint=True)
def activate_back(d, s, t, gap, x, ix, y, iy, weights, tolerance, by_D, by_T, by_d, by_s, by_t, by_x):
    """Derivatives by d, s, t, and by x at fixed d, s added to by_x, from those by D and T of `activate`."""
    l_d, e_d, l_k, e_k, l, e, b = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5], weights[6]
    for k in range(d.size):
        negative = s[k] < d[k]
        least = s[k] if negative else d[k]
        m = least - gap[k] * gap[k]
        m = m if m > tolerance * least else 0.0
        inverse = ix[k] * iy[k]
        live = 1.0 if inverse > 0 else 0.0
        r, p, _, by_scale, rate = angle_terms(m, inverse, b)
        sign = -1.0 if negative else 1.0
        slope = sign * live * (e - r * p)
        k2 = sign * (2.0 * x[k] * y[k] - m)
        by_slope = -sign * rate * by_T[k] * (k2 + t[k])
        by_m = by_slope - live * by_D[k] * r * p
        by_scale = by_D[k] * by_scale - 2.0 * m * inverse * by_slope
        by_k2 = by_T[k] * (l + slope) + by_D[k] * (l_k + sign * live * e_k)
        by_least = by_m + live * by_D[k] * e_d - sign * by_k2
        by_d[k] = by_D[k] * l_d + (0.0 if negative else by_least)
        by_s[k] = by_least if negative else 0.0
        by_t[k] = by_T[k] * (l + slope)
        zero = (1.0 - live) * by_D[k] * e_d
        by_x[k] += 2.0 * (x[k] * (sign * by_k2 + zero) - gap[k] * by_m + y[k] * by_scale)


@compiled(disjoint=True)
def outside_back(x, in_x, y, in_y, weights, by_D, by_T, by_x):
    """Back through `outside` of `_numba.slices`: D = (l_d + e_d) (x^2 + y^2), T = 0 where a pixel is outside."""
    for k in range(by_D.size):
        if in_x[k] * in_y[k] == 0:
            by_x[k] += 2.0 * x[k] * (weights[0] + weights[1]) * by_D[k]
            by_D[k], by_T[k] = 0.0, 0.0


@compiled(disjoint=True)
def opposite_back(x, by_s, by_d, by_x):
    """Back through s = 2 (x^2 + y^2) - d."""
    for k in range(by_d.size):
        by_d[k] -= by_s[k]
        by_x[k] += 4.0 * x[k] * by_s[k]


@compiled(disjoint=True)
def activate_angle(m, s, t, x, ix, y, iy, weights, M, T):
    """relu_angle of `_numba.maps`."""
    l_d, e_d, l_k, e_k, l, e, b = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5], weights[6]
    for k in range(M.size):
        negative = s[k] < m[k]
        least = s[k] if negative else m[k]
        r, p, more, _, _ = angle_terms(least, ix * iy[k], b)
        scale = 2.0 * x * y[k]
        size = scale - least
        sign = -1.0 if negative else 1.0
        k2, slope = sign * size, sign * (e - r * p)
        M[k] = l_d * m[k] + e_d * least + (l_k * k2 + e_k * size) + scale * more
        T[k] = (k2 + t[k]) * (l + slope)


@compiled(disjoint=True)
def activate_angle_back(m, s, t, x, ix, y, iy, weights, by_M, by_T, by_m, by_s, by_t):
    """Derivatives by m, s, t from those by M and T of `activate_angle`; returns that by x at fixed m, s."""
    l_d, e_d, l_k, e_k, l, e, b = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5], weights[6]
    by_x = 0.0
    for k in range(m.size):
        negative = s[k] < m[k]
        least = s[k] if negative else m[k]
        inverse = ix * iy[k]
        live = 1.0 if inverse > 0 else 0.0
        r, p, _, by_scale, rate = angle_terms(least, inverse, b)
        sign = -1.0 if negative else 1.0
        slope = sign * live * (e - r * p)
        k2 = sign * (2.0 * x * y[k] - least)
        by_slope = -sign * rate * by_T[k] * (k2 + t[k])
        by_k2 = by_T[k] * (l + slope) + by_M[k] * (l_k + sign * live * e_k)
        by_least = by_slope + by_M[k] * live * (e_d - r * p) - sign * by_k2
        by_scale = by_M[k] * by_scale - 2.0 * least * inverse * by_slope + sign * by_k2
        half = (1.0 - live) * 0.5 * by_k2  # then 2 K = (s - m) / 2
        by_m[k] = by_M[k] * l_d + (0.0 if negative else live * by_least) - half
        by_s[k] = (live * by_least if negative else 0.0) + half
        by_t[k] = by_T[k] * (l + slope)
        by_x += 2.0 * y[k] * by_scale
    return by_x

r"""Compiled pointwise maps of the smooth activations, in the state of `_numba.maps`.

Their duals have no singularity at rho = 1, but see the size of a pre-activation: they take it as 1 + c p, with c = 2
for erf and 1 for gelu. For a pixel in the unit s = 2^e these are

    u = s / \sqrt{1 + c p},    a = 1 / \sqrt{1 + c p},

which are not larger than 1 where the variance p is large. With v, b those of the other pixel, r = c k u v the sine of
an angle, R = \sqrt{1 - r^2} its cosine and g = p q - k^2, the integrals of `dual` are

    erf:   E[f f] = (2/\pi) \arcsin r,    E[f' f'] s_x s_y = (4/\pi) u v / R;
    gelu:  E[f f] / (s_x s_y) = k/2 + w,    w = (u v (g + k^2 (a^2 + b^2)) / R - k \arccos r) / 2\pi,
           E[f' f'] = 1/2 + (r (a^2 + b^2 + (a b / R)^2) / R - \arccos r) / 2\pi.

With m = 2 (x y - k) and s = 2 (x y + k) both exact where they are small, g = m s / 4 and R are formed without
cancellation. The excess w of gelu over k/2 is of the order of \sqrt{x y}: rounding of a difference of excesses is below
what the next layer can see. So where gelu is nearly relu it has the accuracy of relu.
"""

import math

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.maps import angle_polynomial
from shiftmath.kernels.plan import ERF, ROUNDINGS

EPS = float(np.finfo(float).eps)
LEAST = 1e-280  # a square of R above which no square that it is made of underflows

Entries = Float[np.ndarray, "k"]


@compiled
def square_of_cosine(c: float, g: float, u: float, a: float, v: float, b: float) -> float:
    """R^2 = a^2 + b^2 - a^2 b^2 + c^2 g u^2 v^2."""
    return a * a + b * b * (1 - a * a) + (c * u * v) ** 2 * g


@compiled
def cosine(c: float, g: float, u: float, a: float, v: float, b: float) -> float:
    """R, also where its square underflows: where p overflows a^2 does."""
    square = square_of_cosine(c, g, u, a, v, b)
    if square > LEAST:
        return math.sqrt(square)
    return math.hypot(math.hypot(a, b), c * u * v * math.sqrt(g))


@compiled
def arc(sine: float, cosine: float) -> float:
    """The angle from 0 to pi / 2 with this sine and this cosine, by `angle_polynomials`, at most pi / 4, or the rest.

    atan2 would be a call for each entry, which keeps a loop from vector instructions.
    """
    small, large = (sine, cosine) if sine <= cosine else (cosine, sine)
    half = math.sqrt(0.5 + 0.5 * large)  # of half the angle the cosine; small / (2 half) is its sine
    angle = small / half * angle_polynomial(1.0 - half)
    return angle if sine <= cosine else 0.5 * math.pi - angle


@compiled
def erf_dual(k: float, R: float, uv: float) -> tuple[float, float]:
    """E[f f] and E[f' f']."""
    r = 2 * k * uv
    angle = arc(abs(r), R)
    return 2 / math.pi * (angle if r >= 0 else -angle), 4 / math.pi * uv / R


@compiled
def gelu_dual(k: float, g: float, R: float, uv: float, a: float, b: float) -> tuple[float, float]:
    """The excess w of E[f f], and E[f' f']."""
    r, inverse, sizes = k * uv, 1 / R, a * a + b * b
    angle, ab = arc(R, abs(r)), a * inverse * b
    angle = angle if r >= 0 else math.pi - angle
    excess = uv * (g + k * k * sizes) * inverse - k * angle
    return excess / (2 * math.pi), 0.5 + (r * inverse * (sizes + ab * ab) - angle) / (2 * math.pi)


@compiled
def smooth_dual(kind: int, m: float, s: float, u: float, a: float, v: float, b: float) -> tuple[float, float, float]:
    """2 k, then E[f f] of erf or the excess w of gelu, and E[f' f']; m and s are not negative."""
    k, g = 0.25 * (s - m), 0.25 * m * s
    if kind == ERF:
        return 2 * k, *erf_dual(k, cosine(2.0, g, u, a, v, b), u * v)
    return 2 * k, *gelu_dual(k, g, cosine(1.0, g, u, a, v, b), u * v, a, b)


@compiled(disjoint=True)
def angle_entries(d: Entries, x: Entries, y: Entries, tolerance: float, m: Entries, s: Entries) -> None:
    """m = 2 (x y - K), 0 below its rounding, and s = 2 (x y + K) from the deficit, neither negative."""
    for k in range(m.size):
        gap, most = x[k] - y[k], 4 * (x[k] * y[k])
        angle = d[k] - gap * gap
        m[k] = min(angle, most) if angle > tolerance * abs(gap) * (x[k] + y[k]) else 0.0
        s[k] = most - m[k]


@compiled(disjoint=True)
def lost(c, m, s, x, u, y, v, weights, out):  # type: ignore[no-untyped-def]
    """out = 1 where rounding of d would change R, else 0."""
    for k in range(m.size):
        p, q, w = x[k], y[k], c * u[k] * v[k]
        square = square_of_cosine(c, 0.25 * m[k] * s[k], u[k], u[k] * weights[1], v[k], v[k] * weights[2])
        enough = (w * w * (p * p + q * q) * p * q <= 16 * square) & (square > LEAST)
        out[k] = 0.0 if enough else 1.0


@compiled
def refine_angles(kind, x, z, X, U, Z, V, shape, bias, weights, few, m, s):  # type: ignore[no-untyped-def]
    """m, s = |x_a y -+ z_a x|^2 / (x y) over taps a, channels and the bias, where d - (x - y)^2 has too few digits.

    That is where rounding of d would change R: where two large patches of one direction, or two opposite ones, differ
    in size. few is overwritten.
    """
    H, W, qy, qx = shape
    B = m.size // (H * W)
    lost(2.0 if kind == ERF else 1.0, m, s, X, U, Z, V, weights, few)
    for k in range(m.size):
        p, q = X[k], Z[k]
        if few[k] == 0 or p * q == 0:
            continue
        pixel, most, same, opposite = k // B, 4 * (p * q), 0.0, 0.0
        for i in range(qy):
            row = (pixel // W + i - (qy - 1) // 2) % H * W
            for j in range(qx):
                at = (row + (pixel % W + j - (qx - 1) // 2) % W) * B + k % B
                for channel in range(x.shape[0]):
                    same += (x[channel, at] * q - z[channel, at] * p) ** 2
                    opposite += (x[channel, at] * q + z[channel, at] * p) ** 2
        # Of patches of one direction rounding leaves eps^2, which is seen where they are as large as 1 / eps.
        least = ROUNDINGS * (EPS * (p * q)) ** 2
        same = (same if same > least else 0.0) + (bias[0] * q - bias[1] * p) ** 2
        opposite = (opposite if opposite > least else 0.0) + (bias[0] * q + bias[1] * p) ** 2
        m[k], s[k] = min(same / (p * q), most), min(opposite / (p * q), most)


@compiled(disjoint=True)
def erf_map(d, m, s, t, f, u, g, v, weights, D, T):  # type: ignore[no-untyped-def]
    """`smooth_map`, but for how many entries it returns, those in which R^2 underflows."""
    keep, w, few = weights[0], weights[4], 0
    for k in range(D.size):
        area, uv = 0.25 * m[k] * s[k], u[k] * v[k]
        square = square_of_cosine(2.0, area, u[k], u[k] * weights[1], v[k], v[k] * weights[2])
        few += 0 if square > LEAST else 1
        nngp, slope = erf_dual(0.25 * (s[k] - m[k]), math.sqrt(square), uv)
        D[k] = keep * (f[k] + g[k]) - 2 * w * nngp
        T[k] = (0.5 * (s[k] - m[k]) + t[k]) * w * slope
    return few


@compiled(disjoint=True)
def gelu_map(d, m, s, t, f, u, g, v, weights, D, T):  # type: ignore[no-untyped-def]
    """`smooth_map`, but for how many entries it returns, those in which R^2 underflows."""
    keep, w, few = weights[0], weights[4], 0
    for k in range(D.size):
        area, uv, a, b = 0.25 * m[k] * s[k], u[k] * v[k], u[k] * weights[1], v[k] * weights[2]
        square = square_of_cosine(1.0, area, u[k], a, v[k], b)
        few += 0 if square > LEAST else 1
        k2 = 0.5 * (s[k] - m[k])
        nngp, slope = gelu_dual(0.5 * k2, area, math.sqrt(square), uv, a, b)
        D[k] = 0.5 * w * (keep * d[k] - (1 - keep) * k2) + (keep * (f[k] + g[k]) - 2 * w * nngp)
        T[k] = (k2 + t[k]) * w * slope
    return few


@compiled
def smooth_map(
    kind: int,
    d: Entries,
    m: Entries,
    s: Entries,
    t: Entries,
    f: Entries,
    u: Entries,
    g: Entries,
    v: Entries,
    weights: Float[np.ndarray, "7"],
    D: Entries,
    T: Entries,
) -> None:
    """D = p' + q' - 2 E[f f], or -2 E[f f] in the last layer, and T = 2 Theta E[f' f'], all times w.

    f, g are what p', q' exceed p / 2, q / 2 by for gelu, p' and q' for erf, in the next unit, times w; the weights are
    keep (0 in the last layer, else 1) = l_d, w = l, and 1 / s_x, 1 / s_y in place of e_d, l_k.
    """
    if kind == ERF:
        few = erf_map(d, m, s, t, f, u, g, v, weights, D, T)
    else:
        few = gelu_map(d, m, s, t, f, u, g, v, weights, D, T)
    if few == 0:
        return
    keep, w = weights[0], weights[4]
    half = 0.0 if kind == ERF else 0.5 * w
    for k in range(D.size):
        k2, nngp, slope = smooth_dual(kind, m[k], s[k], u[k], u[k] * weights[1], v[k], v[k] * weights[2])
        D[k] = half * (d[k] if keep else -k2) + (keep * (f[k] + g[k]) - 2 * w * nngp)
        T[k] = (k2 + t[k]) * w * slope

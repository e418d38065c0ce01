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
from shiftmath.kernels.plan import ERF, ROUNDINGS

EPS = float(np.finfo(float).eps)

Entries = Float[np.ndarray, "k"]


@compiled
def cosine(c: float, g: float, u: float, a: float, v: float, b: float) -> float:
    """R = sqrt(a^2 + b^2 - a^2 b^2 + c^2 g u^2 v^2)."""
    square = a * a + b * b * (1 - a * a) + (c * u * v) ** 2 * g
    if square > 1e-280:
        return math.sqrt(square)
    # Where p overflows a^2 underflows.
    return math.hypot(math.hypot(a, b), c * u * v * math.sqrt(g))


@compiled
def smooth_dual(kind: int, m: float, s: float, u: float, a: float, v: float, b: float) -> tuple[float, float, float]:
    """2 k, then E[f f] of erf or the excess w of gelu, and E[f' f']; m and s are not negative."""
    k, g, c = 0.25 * (s - m), 0.25 * m * s, 2.0 if kind == ERF else 1.0
    R, r = cosine(c, g, u, a, v, b), c * k * (u * v)
    if kind == ERF:
        return 2 * k, 2 / math.pi * math.atan2(r, R), 4 / math.pi * (u * v) / R
    angle, sizes, ab = math.atan2(R, r), a * a + b * b, a / R * b
    excess = u * v * (g + k * k * sizes) / R - k * angle
    return 2 * k, excess / (2 * math.pi), 0.5 + (r / R * (sizes + ab * ab) - angle) / (2 * math.pi)


@compiled(disjoint=True)
def angle_entries(d: Entries, x: Entries, y: Entries, tolerance: float, m: Entries, s: Entries) -> None:
    """m = 2 (x y - K), 0 below its rounding, and s = 2 (x y + K) from the deficit, neither negative."""
    for k in range(m.size):
        gap, most = x[k] - y[k], 4 * (x[k] * y[k])
        angle = d[k] - gap * gap
        m[k] = min(angle, most) if angle > tolerance * abs(gap) * (x[k] + y[k]) else 0.0
        s[k] = most - m[k]


@compiled
def refine_angles(kind, x, z, X, FX, Z, FZ, shape, bias, weights, m, s):  # type: ignore[no-untyped-def]
    """m, s = |x_a y -+ z_a x|^2 / (x y) over taps a, channels and the bias, where d - (x - y)^2 has too few digits.

    That is where rounding of d would change R: where two large patches of one direction, or two opposite ones, differ
    in size.
    """
    H, W, qy, qx = shape
    c, n = 2.0 if kind == ERF else 1.0, H * W
    for k in range(m.size):
        p, q, u, v = X[k], Z[k], FX[1, k], FZ[1, k]
        R = cosine(c, 0.25 * m[k] * s[k], u, u * weights[1], v, v * weights[2])
        if (c * u * v) ** 2 * (p * p + q * q) * p * q <= 16 * R * R:
            continue
        first, most, same, opposite = k // n * n, 4 * (p * q), 0.0, 0.0
        for i in range(qy):
            row = first + ((k - first) // W + i - (qy - 1) // 2) % H * W
            for j in range(qx):
                at = row + ((k - first) % W + j - (qx - 1) // 2) % W
                for channel in range(x.shape[0]):
                    same += (x[channel, at] * q - z[channel, at] * p) ** 2
                    opposite += (x[channel, at] * q + z[channel, at] * p) ** 2
        # Of patches of one direction rounding leaves eps^2, which is seen where they are as large as 1 / eps.
        least = ROUNDINGS * (EPS * (p * q)) ** 2
        same = (same if same > least else 0.0) + (bias[0] * q - bias[1] * p) ** 2
        opposite = (opposite if opposite > least else 0.0) + (bias[0] * q + bias[1] * p) ** 2
        m[k], s[k] = min(same / (p * q), most), min(opposite / (p * q), most)


@compiled
def smooth_map(
    kind: int,
    d: Entries,
    m: Entries,
    s: Entries,
    t: Entries,
    fx: Float[np.ndarray, "2 k"],
    fy: Float[np.ndarray, "2 k"],
    weights: Float[np.ndarray, "7"],
    D: Entries,
    T: Entries,
) -> None:
    """D = p' + q' - 2 E[f f], or -2 E[f f] in the last layer, and T = 2 Theta E[f' f'], all times w.

    fx, fy are rows (what p' exceeds p/2 by for gelu, p' for erf; in the next unit, times w) and u; the weights are keep
    (0 in the last layer, else 1) = l_d, w = l, and 1 / s_x, 1 / s_y in place of e_d, l_k.
    """
    keep, w = weights[0], weights[4]
    half = 0.0 if kind == ERF else 0.5 * w
    for k in range(D.size):
        u, v = fx[1, k], fy[1, k]
        k2, nngp, slope = smooth_dual(kind, m[k], s[k], u, u * weights[1], v, v * weights[2])
        linear = d[k] if keep else -k2
        D[k] = half * linear + (keep * (fx[0, k] + fy[0, k]) - 2 * w * nngp)
        T[k] = (k2 + t[k]) * w * slope

r"""Compiled gradients of $f(x) = \sum_j w_j k(x, z_j)$ for fully connected kernels with a homogeneous activation.

With c = weight_std^2 / d, features F = \sqrt c |x|, G = \sqrt c |z| and K = c <x, z>, the state m = 2 (F G - K) has the
derivative 2 c (G / F x - z), which matrix products sum over the samples. Where x and z have nearly one direction that
is a small difference of large vectors, and its factor is large. There z = \lambda x + \delta with \delta normal to x,

    m = 2 F G (1 - \cos\theta),  \sin\theta = \sqrt c |\delta| / G,    dm = 2 c (m / (2 F^2) x - \delta) dx,

and \delta is what is left of z - x after two projections, so that nothing large cancels. s = 2 (F G + K) is m of -z.
"""

import math

import numpy as np
from jaxtyping import Float, Int

from shiftmath.kernels._numba.back_rows import dense_back
from shiftmath.kernels._numba.blocks import binary_exponents, ranges, scaled, scaled_weights
from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.dense import CANCELLATION, ROUNDING
from shiftmath.kernels._numba.threads import run_tasks
from shiftmath.kernels.plan import Plan
from shiftmath.kernels.units import TOGETHER, layer_exponents

ENTRIES = 2**20  # of the matrices that are held at once

Rows = Float[np.ndarray, "n d"]
Samples = Float[np.ndarray, "m d"]
PerX = Float[np.ndarray, "n"]
PerZ = Float[np.ndarray, "m"]
Gram = Float[np.ndarray, "n m"]


@compiled
def normal_part(
    x: Float[np.ndarray, "d"], z: Float[np.ndarray, "d"], sign: float, out: Float[np.ndarray, "d"]
) -> float:
    """out = the part of sign z that is normal to x, 0 within rounding; its square."""
    square, along, length = 0.0, 0.0, 0.0
    for k in range(x.size):
        out[k] = sign * z[k] - x[k]
        square += x[k] * x[k]
        along += out[k] * x[k]
        length += out[k] * out[k]
    left = 0.0
    for k in range(x.size):
        out[k] -= along / square * x[k]
        left += out[k] * x[k]
    result = 0.0
    for k in range(x.size):
        out[k] -= left / square * x[k]
        result += out[k] * out[k]
    if result <= ROUNDING * ROUNDING * length:
        for k in range(x.size):
            out[k] = 0.0
        return 0.0
    return result


@compiled
def refine_rows(rows, X, Z, c, F, G, M, S, gap):  # type: ignore[no-untyped-def]
    """M and S below a fraction of F G from the parts of z normal to x, and F - G where x and z are near."""
    out = np.empty(X.shape[1])
    for i in range(rows[0], rows[1]):
        for j in range(M.shape[1]):
            small = CANCELLATION * F[i] * G[j]
            for sign, A in ((1.0, M), (-1.0, S)):
                if A[i, j] < small:
                    sine = math.sqrt(c * normal_part(X[i], Z[j], sign, out)) / G[j]
                    square = min(sine * sine, 1.0)
                    A[i, j] = 2 * F[i] * G[j] * square / (1 + math.sqrt(1 - square))
            if M[i, j] < small:
                total = 0.0
                for k in range(X.shape[1]):
                    total += (X[i, k] - Z[j, k]) * (X[i, k] + Z[j, k])
                gap[i, j] = c * total / (F[i] + G[j])


@compiled
def add_near(rows, X, Z, c, F, G, near_M, near_S, M, S, by_M, by_S, out):  # type: ignore[no-untyped-def]
    """Adds to out what the derivatives by M and S below a fraction of F G give, and makes these 0."""
    normal = np.empty(X.shape[1])
    for i in range(rows[0], rows[1]):
        for j in range(M.shape[1]):
            for sign, near, A, by in ((1.0, near_M, M, by_M), (-1.0, near_S, S, by_S)):
                if near[i, j]:
                    normal_part(X[i], Z[j], sign, normal)
                    factor, along = 2 * c * by[i, j], A[i, j] / F[i] / (2 * F[i])
                    for k in range(X.shape[1]):
                        out[i, k] += factor * (along * X[i, k] - normal[k])
                    by[i, j] = 0


def units(plan: Plan, X: Rows) -> Int[np.ndarray, "n"]:
    """The exponent of the unit of each row, one for all layers."""
    e = binary_exponents(X)
    if plan.homogeneous:
        return e
    squares = (scaled(X, -e) ** 2).mean(1)
    return layer_exponents(plan, np, np.ldexp, plan.weight_std**2 * squares, e, plan.dense_layers)[:, 0]


def of_a_group(plan: Plan, X: Rows, Z: Samples, b: PerX, b_z: PerZ, weights: PerZ) -> tuple[PerX, Rows]:
    """Values and gradients at rows of one unit, all in their units."""
    c, n = plan.weight_std**2 / X.shape[1], len(X)
    F, G = (np.sqrt(c * (A**2).sum(1)) for A in (X, Z))
    K, product, gap = c * (X @ Z.T), F[:, None] * G, F[:, None] - G
    M, S = np.maximum(2 * (product - K), 0), np.maximum(2 * (product + K), 0)
    near = tuple(CANCELLATION * product > A for A in (M, S))
    parts = [(p.start, p.stop) for p in ranges(n, max(1, 2**18 // Z.size))]
    run_tasks(refine_rows, [(p, X, Z, c, F, G, M, S, gap) for p in parts])
    by_M, by_S, T = M.copy(), S.copy(), np.zeros_like(M)
    values, by_square = dense_back(plan, by_M, by_S, T, gap, (F, b), (G, b_z), weights)
    out = 2 * c * by_square[:, None] * X
    run_tasks(add_near, [(p, X, Z, c, F, G, *near, M, S, by_M, by_S, out) for p in parts])
    ratios = np.divide(G, F[:, None], out=np.zeros_like(M), where=F[:, None] > 0)
    out += 2 * c * (((by_M + by_S) * ratios).sum(1)[:, None] * X - (by_M - by_S) @ Z)
    return values @ weights, out


def fully_connected_gradient(plan: Plan, X: Rows, Z: Samples, weights: PerZ) -> tuple[PerX, Rows]:
    """Values and gradients of f at points X (n, d) for samples Z (m, d), in float64."""
    X, Z = X.astype(float, copy=False), Z.astype(float, copy=False)
    ex, ez = units(plan, X), units(plan, Z)
    values, gradients = np.empty(len(X)), np.empty(X.shape)
    for u in np.unique(ex).tolist():
        own = np.where(abs(ez - u) <= TOGETHER, u, ez)
        (few, top), samples, b = scaled_weights(weights, own), scaled(Z, -own), np.ldexp(plan.bias_std, -own)
        members = np.flatnonzero(ex == u)
        for part in ranges(len(members), max(1, ENTRIES // len(Z))):
            some = members[part]
            bias = np.full(len(some), np.ldexp(plan.bias_std, -u))
            f, g = of_a_group(plan, np.ldexp(X[some], -u), samples, bias, b, few)
            values[some], gradients[some] = np.ldexp(f, u + top), np.ldexp(g, top)
    return values, gradients

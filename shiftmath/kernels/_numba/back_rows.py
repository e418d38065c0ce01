"""Compiled walk of the rows of a Gram matrix through dense layers and back, in the state of `_numba.rows`.

The bias adds B = 2 (x y - F G - b c) to m, for features of deviations F, G and x^2 = F^2 + b^2, y^2 = G^2 + c^2; with
F c - G b = (F - G) c + G (c - b), and F - G given with all its digits,

    B = 2 (F c - G b)^2 / (x y + F G + b c),    dB/dF = 2 (F c - G b) (F c + G b) / (x (y F + x G)).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.back_maps import activate_angle, activate_angle_back, clear, put
from shiftmath.kernels._numba.blocks import ranges
from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.dense import half_inverse
from shiftmath.kernels._numba.rows import opposite_angle
from shiftmath.kernels._numba.threads import run_tasks
from shiftmath.kernels.dual import variance
from shiftmath.kernels.plan import Plan

ENTRIES = 2**14  # of one layer that a task walks at once

Entries = Float[np.ndarray, "m"]
Gram = Float[np.ndarray, "n m"]
PerX = Float[np.ndarray, "n"]
PerZ = Float[np.ndarray, "m"]


class Side(NamedTuple):
    """Samples before each activation, arrays (layers, samples); b is one number a sample."""

    deviation: Float[np.ndarray, "layers n"]
    inverse: Float[np.ndarray, "layers n"]
    feature: Float[np.ndarray, "layers n"]
    bias: PerX


def side(plan: Plan, F: PerX, b: PerX) -> Side:
    """Samples whose features have deviations F, times weight_std, and whose biases are b, in their units."""
    X, features = [], [F]
    gain = plan.weight_std**2 * variance(plan.activation, 1.0, plan.negative_slope)
    for _ in range(plan.dense_layers):
        X.append(np.hypot(features[-1], b))
        features.append(np.sqrt(gain) * X[-1])
    deviations = np.stack(X)
    return Side(deviations, half_inverse(deviations), np.stack(features[:-1]), np.ascontiguousarray(b))


@compiled(disjoint=True)
def with_bias(F, b, x, G, c, y, gap, m, s):
    """`add_bias` of `_numba.rows` with the gap F - G, which becomes x - y."""
    for k in range(m.size):
        across, both, product = gap[k] * c[k] + G[k] * (c[k] - b), b * c[k], F * G[k]
        m[k] += 2 * across * across / (x * y[k] + product + both)
        s[k] += 2 * (both + ((F * c[k]) ** 2 + (G[k] * b) ** 2 + both * both) / (x * y[k] + product))
        gap[k] = (gap[k] * (F + G[k]) + (b - c[k]) * (b + c[k])) / (x + y[k])


@compiled(disjoint=True)
def with_bias_back(F, b, x, G, c, y, gap, by_B):
    """The derivative by F of what the bias adds to m and s, from those by m and s in sum; gap is x - y."""
    total = 0.0
    for k in range(by_B.size):
        features = (gap[k] * (x + y[k]) - (b - c[k]) * (b + c[k])) / (F + G[k]) if F + G[k] > 0 else 0.0
        across, along = features * c[k] + G[k] * (c[k] - b), F * c[k] + G[k] * b
        total += 2 * by_B[k] * across * along / (x * (y[k] * F + x * G[k])) if F > 0 else 0.0
    return total


@compiled(disjoint=True)
def opposite_angle_back(y, by_s, by_m):
    """Back through s = 4 x y - m; returns the derivative by x."""
    total = 0.0
    for k in range(by_m.size):
        by_m[k] -= by_s[k]
        total += 4.0 * y[k] * by_s[k]
    return total


@compiled
def row_forward(i, x, z, weights, step, state, work, M, S, T, gap):
    """All layers of one row. Keeps m, s, t and the gap before each activation; leaves M and T of the last in work."""
    m_next, t_next = work[0], work[1]
    put(M, 1.0, m_next)
    put(T, 1.0, t_next)
    put(gap, 1.0, work[2])
    for l in range(weights.shape[0]):
        X, Y, m, s, t, g = x.deviation[l, i], z.deviation[l], state[l, 0], state[l, 1], state[l, 2], state[l, 3]
        put(m_next, 1.0, m)
        put(t_next, 1.0, t)
        put(S, 1.0, s)
        put(work[2], 1.0, g)
        if x.bias[i] or z.bias[0]:
            with_bias(x.feature[l, i], x.bias[i], X, z.feature[l], z.bias, Y, g, m, s)
        if l:
            opposite_angle(m, X, Y, s)
        activate_angle(m, s, t, X, x.inverse[l, i], Y, z.inverse[l], weights[l], m_next, t_next)
        put(g, step, work[2])


@compiled
def row_backward(i, x, z, weights, state, work, by_x, by_F, M, S, T):
    """From derivatives by M and T of the last layer, in work, to those by M, S, T of the first, which replace them."""
    by_M, by_T, by_m, by_s, by_t = work[0], work[1], work[3], work[4], work[5]
    for back in range(weights.shape[0]):
        l = weights.shape[0] - 1 - back
        X, Y = x.deviation[l, i], z.deviation[l]
        by_x[i, l] = activate_angle_back(state[l, 0], state[l, 1], state[l, 2], X, x.inverse[l, i], Y, z.inverse[l],
                                     weights[l], by_M, by_T, by_m, by_s, by_t)  # fmt: skip
        if l:
            by_x[i, l] += opposite_angle_back(Y, by_s, by_m)
            clear(by_s)
        if x.bias[i] or z.bias[0]:
            for k in range(by_m.size):
                work[2][k] = by_m[k] + by_s[k]
            by_F[i, l] = with_bias_back(x.feature[l, i], x.bias[i], X, z.feature[l], z.bias, Y, state[l, 3], work[2])
        put(by_m, 1.0, by_M)
        put(by_t, 1.0, by_T)
    put(by_m, 1.0, M)
    put(by_s, 1.0, S)
    put(by_t, 1.0, T)


@compiled
def rows_back(rows, M, S, T, gap, x, z, weights, step, seeds, values, by_x, by_F):
    """All layers on these rows of M, S and T, and back: K + Theta into values, and derivatives of seeds . values."""
    m = M.shape[1]
    state, work = np.empty((weights.shape[0], 4, m)), np.empty((6, m))
    for i in range(rows[0], rows[1]):
        row_forward(i, x, z, weights, step, state, work, M[i], S[i], T[i], gap[i])
        for k in range(m):
            values[i, k] = 0.5 * (work[1, k] - work[0, k])
        put(seeds, -0.5, work[0])
        put(seeds, 0.5, work[1])
        row_backward(i, x, z, weights, state, work, by_x, by_F, M[i], S[i], T[i])


def dense_back(
    plan: Plan, M: Gram, S: Gram, T: Gram, gap: Gram, x: tuple[PerX, PerX], z: tuple[PerZ, PerZ], seeds: PerZ
) -> tuple[Gram, PerX]:
    """K + Theta of the last dense layer, and derivatives of its product with the seeds, (n,), by F^2.

    M, S, T are the state before the first bias, in whose place come the derivatives by it; gap is F - G; x and z are
    (features F, bias) and (G, bias) of both sides, in their units.
    """
    X, Z, n = side(plan, *x), side(plan, *z), len(M)
    gain = plan.weight_std**2 * variance(plan.activation, 1.0, plan.negative_slope)
    values, by_x, by_F = np.empty(M.shape), np.zeros((n, plan.dense_layers)), np.zeros((n, plan.dense_layers))
    fixed = (M, S, T, gap, X, Z, plan.dense_weights, np.sqrt(gain), seeds, values, by_x, by_F)
    run_tasks(rows_back, [((p.start, p.stop), *fixed) for p in ranges(n, max(1, ENTRIES // M.shape[1]))])
    by_square = np.zeros(n)
    for l in reversed(range(plan.dense_layers)):
        by_square = by_square + by_x[:, l] * X.inverse[l]
        by_square = (gain if l else 1.0) * (by_square + by_F[:, l] * half_inverse(X.feature[l]))
    return values, by_square

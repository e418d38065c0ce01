"""The compiled CPU engine for dense layers: fully connected networks, and the dense layers after a readout.

Always in float64. The state is that of `_numba.rows`: one row of a Gram matrix is one slice. A pair of inputs of a
fully connected network is |u - v|^2 and |u + v|^2 of their directions; those come from a matrix product, except that
small ones are summed directly, where the product cancels.
"""

import math
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from shiftmath.kernels._numba.blocks import binary_exponents, blockwise, ranges, scaled
from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.rows import Samples, dense_rows
from shiftmath.kernels._numba.threads import STEP, run_tasks
from shiftmath.kernels.dual import SMOOTHNESS, smooth_variance, variance
from shiftmath.kernels.plan import ERF, ROUNDINGS, Plan
from shiftmath.kernels.units import layer_exponents, lift

BLOCK = 512
ROUNDING = ROUNDINGS * np.finfo(float).eps
CANCELLATION = 2.0**-6

Rows = Float[np.ndarray, "n d"]
PerX = Float[np.ndarray, "n"]
PerZ = Float[np.ndarray, "m"]
Gram = Float[np.ndarray, "n m"]


@compiled
def refine(X: Rows, Z: Float[np.ndarray, "m d"], q: PerX, r: PerZ, D: Gram, S: Gram, fraction: float) -> None:
    """Replaces the entries of D = |x - z|^2 and S = |x + z|^2 below this fraction of |x|^2 + |z|^2 by direct sums."""
    for i in range(D.shape[0]):
        for j in range(D.shape[1]):
            small = fraction * (q[i] + r[j])
            if D[i, j] < small:
                D[i, j] = ((X[i] - Z[j]) ** 2).sum()
            if S[i, j] < small:
                S[i, j] = ((X[i] + Z[j]) ** 2).sum()


@compiled
def refine_near(
    X: Rows, Z: Float[np.ndarray, "m d"], ex: Int[np.ndarray, "n"], ez: Int[np.ndarray, "m"], D: Gram
) -> None:
    """Where rows differ little and mostly not in size, D = (|x - z|^2 - (|x| - |z|)^2) / (|x| |z|) with all its digits.

    The unit rows are rounded, so their difference is known to eps only. The rows are X 2^ex and Z 2^ez.
    """
    for i in range(D.shape[0]):
        for j in range(D.shape[1]):
            if D[i, j] < CANCELLATION and abs(ez[j] - ex[i]) <= 1:
                x, z = X[i], Z[j] * 2.0 ** (ez[j] - ex[i])
                a, b, square = math.sqrt((x**2).sum()), math.sqrt((z**2).sum()), ((x - z) ** 2).sum()
                gap = ((x - z) * (x + z)).sum() / (a + b)
                if 2 * gap * gap < square:
                    D[i, j] = (square - gap * gap) / (a * b)


def samples(plan: Plan, v: PerX, e: Int[np.ndarray, "n"]) -> tuple[Samples, Int[np.ndarray, "n layers"]]:
    """Samples whose features have the variance v 4^e, times weight_std^2, before the first bias.

    Also the exponents of their units in each layer and after the last.
    """
    units = np.repeat(e[:, None], plan.dense_layers + 1, 1)
    if not plan.homogeneous:
        units = layer_exponents(plan, np, np.ldexp, v, e, plan.dense_layers)
    table, w = np.empty((len(Samples._fields), len(v), plan.dense_layers)), plan.weight_std**2
    q = excess = np.ldexp(v, 2 * (e - units[:, 0]))
    for layer, (unit, following) in enumerate(zip(units.T[:-1], units.T[1:], strict=True)):
        bias = np.ldexp(plan.bias_std, -unit)
        p, step = q + bias**2, np.ldexp(1.0, -following if plan.smooth == ERF else 0 * unit)
        table[:6, :, layer] = np.sqrt(p), *inverses(plan, p, unit), np.sqrt(q), excess, bias
        q, excess = (w * a * step**2 for a in after(plan, p, unit))
        table[6, :, layer] = step
    return Samples(*table), units


def inverses(plan: Plan, p: Any, unit: Any) -> tuple[Any, Any]:
    """1 / (2 sqrt(p)) and 0 for a homogeneous activation, u and a of `_numba.smooth` for a smooth one."""
    if not plan.smooth:
        x = np.sqrt(p)
        return half_inverse(x), 0 * x
    one = np.ldexp(1.0, -unit)
    u = 1 / np.sqrt(one**2 + SMOOTHNESS[plan.activation] * p)
    return u, one * u


def after(plan: Plan, p: Any, unit: Any) -> tuple[Any, Any]:
    """The variance after an activation with variance p before it, and what it exceeds p / 2 by for gelu, 0 for erf.

    For erf in absolute units.
    """
    if not plan.smooth:
        q = variance(plan.activation, p, plan.negative_slope)
        return q, q
    u, a = inverses(plan, p, unit)
    f = smooth_variance(np, plan.activation, SMOOTHNESS[plan.activation] * p * u**2, a)
    return (f, f) if plan.smooth == ERF else (p / 2 + p * f, p * f)


def half_inverse(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """1 / (2 x), and 0 where x is 0 or so small that this overflows."""
    return np.divide(0.5, x, out=np.zeros_like(x), where=x > 0.5 / np.finfo(float).max)


def hidden_layers(plan: Plan, M: Gram, S: Gram, T: Gram, x: Samples, z: Samples) -> tuple[Gram, Gram]:
    """K and T = Theta - K of the last dense layer after the hidden ones, from the state before the first bias.

    In the units after the last layer; in the memory of M and T.
    """
    columns = Samples(*(np.ascontiguousarray(a.T) for a in z))
    fixed = (M, S, T, x, columns, plan.smooth, plan.bias_std > 0, plan.dense_weights)
    entries = min(2**16, STEP // plan.dense_layers)
    run_tasks(dense_rows, [((p.start, p.stop), *fixed) for p in ranges(len(M), max(1, entries // M.shape[1]))])
    last = x.step[:, -1:] * z.step[:, -1] / 2 if plan.smooth else 0.5
    return np.multiply(M, -last, out=M), np.multiply(T, last, out=T)


def angles(D: Gram, K: Gram, x: PerX, z: PerZ) -> tuple[Gram, Gram]:
    """2 (x z - K) and 2 (x z + K), both between 0 and 4 x z, of samples with deviations x, z.

    From the deficit D = x^2 + z^2 - 2 K where that has more digits: where x and z are of like size. What is below the
    rounding of its terms is 0: samples of different size but one direction have correlation 1.
    """
    gap, product = x[:, None] - z, x[:, None] * z
    m = D - gap**2
    m = np.where(m > ROUNDING * np.abs(gap) * (x[:, None] + z), m, 0)
    m = np.where(gap**2 <= product, m, 2 * (product - K))
    return np.clip(m, 0, 4 * product), np.clip(2 * (product + K), 0, 4 * product)


def dense_block(
    plan: Plan, D: Gram, K: Gram, T: Gram, qx: PerX, qz: PerZ, ex: Any = 0, ez: Any = 0
) -> tuple[Gram, Gram]:
    """K and T = Theta - K of the last dense layer, from D, K, T and the variances qx, qz after the readout.

    These are in units 2^ex, 2^ez; the result is not.
    """
    w = plan.weight_std**2
    ex, ez = np.zeros(len(qx), int) + ex, np.zeros(len(qz), int) + ez
    (x, unit_x), (z, unit_z) = samples(plan, w * qx, ex), samples(plan, w * qz, ez)
    M, S = angles(D, K, np.sqrt(qx), np.sqrt(qz))
    step = (ex - unit_x[:, 0])[:, None] + (ez - unit_z[:, 0])
    M, S, T = (w * np.ldexp(a, step) for a in (M, S, 2 * T))
    K, T = hidden_layers(plan, M, S, T, x, z)
    back = unit_x[:, -1:] + unit_z[:, -1]
    with np.errstate(over="ignore"):
        return np.ldexp(K, back), np.ldexp(T, back)


def directions(plan: Plan, X: Rows) -> tuple[Rows, Rows, PerX, PerX, Int[np.ndarray, "n"]]:
    """Rows 2^-e X, their directions u and the squares of the norms of these, norms and e.

    weight_std / sqrt(d) X = u norm 2^e; the squares are 1 to rounding, or 0.
    """
    exponents = binary_exponents(X)
    X = scaled(X.astype(float, copy=False), -exponents)
    first = X * (plan.weight_std / np.sqrt(X.shape[1]))
    norms = np.sqrt((first**2).sum(1))
    u = first / np.where(norms > 0, norms, 1)[:, None]
    return X, u, (u**2).sum(1), norms, exponents


def fully_connected(plan: Plan, X: Rows, Z: Float[np.ndarray, "m d"] | None, get: str, show: bool = False) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of rows X (n, d) against Z, or against themselves if Z is None."""
    Y = X if Z is None else Z

    def block(rows: slice, columns: slice, diagonal: bool) -> Gram:
        left = directions(plan, X[rows])
        (x, u, q, nx, ex), (z, v, r, nz, ez) = left, left if diagonal else directions(plan, Y[columns])
        G = 2 * (u @ v.T)
        D, S = q[:, None] + r - G, q[:, None] + r + G
        # One entry is two operations where a layer has some fifty.
        parts = ranges(len(x), max(1, 16 * STEP // z.size))
        run_tasks(refine, [(u[p], v, q[p], r, D[p], S[p], CANCELLATION) for p in parts])
        if plan.homogeneous:
            K, T = hidden_layers(plan, D, S, np.zeros_like(D), samples(plan, q, ex)[0], samples(plan, r, ez)[0])
            values, back = (K if get == "nngp" else K + T) * (nx[:, None] * nz), ex[:, None] + ez
        else:
            run_tasks(refine_near, [(x[p], z, ex[p], ez, D[p]) for p in parts])
            lx, lz = lift(plan, np, ex, float), lift(plan, np, ez, float)
            (a, unit_x), (b, unit_z) = samples(plan, nx**2, ex + lx), samples(plan, nz**2, ez + lz)
            product = a.feature[:, 0, None] * b.feature[:, 0]
            K, T = hidden_layers(plan, D * product, S * product, np.zeros_like(D), a, b)
            values = K if get == "nngp" else K + T
            back = (unit_x[:, -1] - lx)[:, None] + (unit_z[:, -1] - lz)
        with np.errstate(over="ignore"):
            return np.ldexp(values, back).astype(X.dtype, copy=False)

    return blockwise(block, len(X), len(Y), BLOCK, Z is None, X.dtype, show)

"""The compiled CPU engine for dense layers: fully connected networks, and the dense layers after a readout.

Always in float64. The state is that of `_numba.maps` without pixels: one row of a Gram matrix is one slice. A pair of
inputs of a fully connected network is |x - z|^2 and |x + z|^2; those come from a matrix product, except that small ones
are summed directly, where the product cancels.
"""

import numpy as np
from jaxtyping import Float, Int

from shiftmath.kernels._numba.blocks import binary_exponents, blockwise, ranges, scaled
from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.maps import opposite_deficit, relu_signed
from shiftmath.kernels._numba.smooth import smooth_map
from shiftmath.kernels._numba.threads import STEP, run_tasks
from shiftmath.kernels.dual import variance
from shiftmath.kernels.plan import ROUNDINGS, Plan

BLOCK = 512
TOLERANCE = ROUNDINGS * np.finfo(float).eps
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
def dense_rows(
    rows: tuple[int, int],
    D: Gram,
    S: Gram,
    T: Gram,
    x: Float[np.ndarray, "n layers"],
    ix: Float[np.ndarray, "n layers"],
    z: Float[np.ndarray, "layers m"],
    iz: Float[np.ndarray, "layers m"],
    kind: int,
    weights: Float[np.ndarray, "layers 7"],
    tolerance: float,
) -> None:
    """All layers on these rows of D and T, in place; S is scratch after the first layer."""
    m = D.shape[1]
    a, ia, d, t = np.empty(m), np.empty(m), np.empty(m), np.empty(m)
    for i in range(rows[0], rows[1]):
        for l in range(weights.shape[0]):
            a[:], ia[:], d[:], t[:] = x[i, l], ix[i, l], D[i], T[i]
            if kind:
                smooth_map(kind, d, t, a, ia, z[l], iz[l], weights[l], D[i], T[i])
            else:
                if l:
                    opposite_deficit(d, a, z[l], S[i])
                relu_signed(d, S[i], t, a, ia, z[l], iz[l], weights[l], tolerance, D[i], T[i])


def deviations(plan: Plan, q: PerX) -> tuple[Float[np.ndarray, "n layers"], Float[np.ndarray, "n layers"]]:
    """Deviations before each of the activations, and 1 / (2 x), or variances after smooth ones."""
    before, after = [], []
    for _ in range(plan.dense_layers):
        before.append(np.sqrt(q))
        after.append(variance(plan.activation, q, plan.negative_slope) * plan.weight_std**2)
        q = after[-1] + plan.bias_std**2
    x = np.stack(before, 1)
    # The last variance is followed by a weight of 1; it serves D only, which the last layer does not return.
    return x, np.stack(after, 1) if plan.smooth else np.where(x > 0, 0.5 / np.where(x > 0, x, 1), 0)


def hidden_layers(plan: Plan, D: Gram, S: Gram, T: Gram, q: PerX, r: PerZ) -> tuple[Gram, Gram]:
    """K and T = Theta - K of the last dense layer after the hidden ones, from the state before the first."""
    (x, ix), (z, iz) = deviations(plan, q), deviations(plan, r)
    z, iz = np.ascontiguousarray(z.T), np.ascontiguousarray(iz.T)
    fixed = (D, S, T, x, ix, z, iz, plan.smooth, plan.dense_weights, TOLERANCE)
    entries = min(2**16, STEP // plan.dense_layers)
    run_tasks(dense_rows, [((p.start, p.stop), *fixed) for p in ranges(len(D), max(1, entries // D.shape[1]))])
    return -D / 2, T / 2


def dense_block(plan: Plan, D: Gram, K: Gram, T: Gram, qx: PerX, qz: PerZ) -> tuple[Gram, Gram]:
    """K and T = Theta - K of the last dense layer, from D, K, T and the variances qx, qz after the readout."""
    w, b = plan.weight_std**2, plan.bias_std**2
    S = w * (qx[:, None] + qz + 2 * K) + 4 * b
    return hidden_layers(plan, w * D, S, 2 * w * T, w * qx + b, w * qz + b)


def normalised(plan: Plan, X: Rows) -> tuple[Rows, PerX, Int[np.ndarray, "n"]]:
    """Rows scaled as the first layer does, norms 1 and exponents 0.

    If the kernel is homogeneous: unit rows, and norms and exponents with row = unit row * norm * 2^exponent.
    """
    X, exponents = X.astype(float), np.zeros(len(X), int)
    if not plan.homogeneous:
        return X * (plan.weight_std / np.sqrt(X.shape[1])), np.ones(len(X)), exponents
    exponents = binary_exponents(X)
    X = scaled(X, -exponents) * (plan.weight_std / np.sqrt(X.shape[1]))
    norms = np.sqrt((X**2).sum(1))
    return X / np.where(norms > 0, norms, 1)[:, None], norms, exponents


def fully_connected(plan: Plan, X: Rows, Z: Float[np.ndarray, "m d"] | None, get: str, show: bool = False) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of rows X (n, d) against Z, or against themselves if Z is None."""
    Y, bias = X if Z is None else Z, plan.bias_std**2

    def block(rows: slice, columns: slice, diagonal: bool) -> Gram:
        (x, nx, ex), (z, nz, ez) = normalised(plan, X[rows]), normalised(plan, Y[columns])
        q, r, G = (x**2).sum(1), (z**2).sum(1), 2 * (x @ z.T)
        D, S = q[:, None] + r - G, q[:, None] + r + G
        # One entry is two operations where a layer has some fifty.
        parts = ranges(len(x), max(1, 16 * STEP // z.size))
        run_tasks(refine, [(x[p], z, q[p], r, D[p], S[p], CANCELLATION) for p in parts])
        K, T = hidden_layers(plan, D, S + 4 * bias, np.zeros_like(D), q + bias, r + bias)
        return np.ldexp((K if get == "nngp" else K + T) * nx[:, None] * nz, ex[:, None] + ez)

    return blockwise(block, len(X), len(Y), BLOCK, Z is None, X.dtype, show)

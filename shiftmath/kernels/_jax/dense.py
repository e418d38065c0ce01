"""The JAX engine for dense layers: fully connected networks, and the dense layers after a readout.

The state is that of `_numba.maps`.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shiftmath.kernels._jax.maps import activation_map, opposite_deficit
from shiftmath.kernels.dual import root, variance
from shiftmath.kernels.plan import Plan

Gram = Float[Array, "n m"]
PerX = Float[Array, "n"]
PerZ = Float[Array, "m"]


def hidden_layers(plan: Plan, d: Gram, s: Gram | None, t: Gram, q: PerX, r: PerZ) -> tuple[Gram, Gram]:
    """K and T = Theta - K of the last dense layer after the hidden ones, from the state before the first."""
    for weights in plan.dense_weights:
        x, y = root(jnp, q)[:, None], root(jnp, r)[None, :]
        fq, fr = (plan.weight_std**2 * variance(plan.activation, v, plan.negative_slope) for v in (q, r))
        # Python floats leave the dtype of the arrays as it is, NumPy's float64 does not.
        d, t = activation_map(plan, d, s, t, x, fq[:, None], y, fr[None, :], weights.tolist())
        q, r = fq + plan.bias_std**2, fr + plan.bias_std**2
        s = opposite_deficit(plan, d, root(jnp, q)[:, None], root(jnp, r)[None, :])
    return -d / 2, t / 2


def dense_block(plan: Plan, D: Gram, K: Gram, T: Gram, qx: PerX, qz: PerZ) -> tuple[Gram, Gram]:
    """K and T = Theta - K of the last dense layer, from D, K, T and the variances qx, qz after the readout."""
    w, b = plan.weight_std**2, plan.bias_std**2
    S = w * (qx[:, None] + qz[None, :] + 2 * K) + 4 * b
    return hidden_layers(plan, w * D, S, 2 * w * T, w * qx + b, w * qz + b)


def squares(X: Float[Array, "n d"], Z: Float[Array, "m d"]) -> tuple[Gram, Gram]:
    """|x - z|^2 and |x + z|^2, each (n, m), by direct sums."""
    row = jax.checkpoint(lambda x: (((x[None] - Z) ** 2).sum(1), ((x[None] + Z) ** 2).sum(1)))
    return jax.lax.map(row, X, batch_size=max(1, 2**16 // Z.size))


@partial(jax.jit, static_argnums=(0, 3))
def fully_connected(plan: Plan, X: Float[Array, "n d"], Z: Float[Array, "m d"] | None, get: str) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of rows X (n, d) against Z, or against themselves if Z is None."""
    bias, scale = plan.bias_std**2, plan.weight_std / X.shape[1] ** 0.5
    X = X * scale
    Z = X if Z is None else Z * scale
    nx, nz = (root(jnp, (A**2).sum(1)) if plan.homogeneous else jnp.ones(len(A), A.dtype) for A in (X, Z))
    x, z = (A / jnp.where(norm > 0, norm, 1)[:, None] for A, norm in ((X, nx), (Z, nz)))
    (D, S), q, r = squares(x, z), (x**2).sum(1), (z**2).sum(1)
    K, T = hidden_layers(plan, D, S + 4 * bias, jnp.zeros_like(D), q + bias, r + bias)
    return (K if get == "nngp" else K + T) * nx[:, None] * nz[None, :]

"""The pointwise maps of `_numba.maps` for JAX arrays: the same state, the same formulas, differentiable.

Square roots and quotients have derivative 0 where their argument is 0: there the tangent kernel has a kink (kappa0 at
rho = 1) and 0 is its symmetric subgradient.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from shiftmath.kernels.angle_polynomials import FLOAT32, FLOAT64
from shiftmath.kernels.dual import erf_dual, gelu_dual, root
from shiftmath.kernels.plan import ERF, ROUNDINGS, Plan

Pairs = Float[Array, "..."]
# One row of layer_weights, an array or Python floats.
Weights = Float[Array, "7"] | Sequence[float]


def angle_polynomial(v: Pairs) -> Pairs:
    """P(v), see `angle_polynomials`, in the precision of v."""
    first, *rest = FLOAT32 if v.dtype == jnp.float32 else FLOAT64
    p = jnp.full_like(v, first)
    for coefficient in rest:
        p = p * v + coefficient
    return p


def rounded(m: Pairs, x: Pairs, y: Pairs) -> Pairs:
    """m, or 0 where it is below the rounding error of the difference it was formed by."""
    return jnp.where(m > ROUNDINGS * jnp.finfo(m.dtype).eps * jnp.abs(x - y) * (x + y), m, 0)


def homogeneous_map(d: Pairs, s: Pairs | None, t: Pairs, x: Pairs, y: Pairs, weights: Weights) -> tuple[Pairs, Pairs]:
    """relu_signed of `_numba.maps`; s = None stands for K >= 0."""
    l_d, e_d, l_k, e_k, l, e, b = weights
    negative = jnp.zeros(d.shape, bool) if s is None else s < d
    least = d if s is None else jnp.minimum(d, s)
    m = rounded(least - (x - y) ** 2, x, y)
    scale = 2 * x * y
    h = jnp.where(scale > 0, m / jnp.where(scale > 0, 2 * scale, 1), 0)
    c, r, size = jnp.sqrt(1 - h), b * root(jnp, h), scale - m
    p = angle_polynomial(1 - c)
    k2, slope = jnp.where(negative, -size, size), jnp.where(negative, r * p - e, e - r * p)
    return l_d * d + e_d * least + l_k * k2 + e_k * size + r * (size * p - scale * c), (k2 + t) * (l + slope)


def smooth_map(
    dual: Callable[..., Any], d: Pairs, t: Pairs, x: Pairs, fx: Pairs, y: Pairs, fy: Pairs, weights: Weights
) -> tuple[Pairs, Pairs]:
    """smooth_map of `_numba.smooth` for a dual map of the activation."""
    m = jnp.maximum(d - (x - y) ** 2, 0) / 2
    k = x * y - m
    nngp, slope = dual(x * x, y * y, k, m * jnp.maximum(2 * x * y - m, 0))
    return weights[0] * (fx + fy) - 2 * weights[4] * nngp, (2 * k + t) * weights[4] * slope


def activation_map(
    plan: Plan,
    d: Pairs,
    s: Pairs | None,
    t: Pairs,
    x: Pairs,
    fx: Pairs,
    y: Pairs,
    fy: Pairs,
    weights: Weights,
) -> tuple[Pairs, Pairs]:
    """The map of the plan's activation: next (D, T).

    fx, fy are the variances after a smooth activation times the layer's weight.
    """
    if plan.smooth:
        return smooth_map(erf_dual if plan.smooth == ERF else gelu_dual, d, t, x, fx, y, fy, weights)
    return homogeneous_map(d, s, t, x, y, weights)


def opposite_deficit(plan: Plan, d: Pairs, x: Pairs, y: Pairs) -> Pairs | None:
    """p + q + 2 K = 2 (p + q) - d for a later layer, or None if K >= 0 there."""
    return None if plan.stays_positive else 2 * (x * x + y * y) - d

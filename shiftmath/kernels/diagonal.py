r"""The values k(x, x): the recursion of one signal alone, without the engines where pixels are not pooled.

At correlation 1 an activation maps the variance q to V(q) = E[f(u)^2] and the tangent kernel t to t S(q), with
S(q) = E[f'(u)^2], u ~ N(0, q): a q and a for the homogeneous activations, a as in `dual.homogeneous_weights`.
"""

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.blocks import ranges
from shiftmath.kernels.arrays import is_jax
from shiftmath.kernels.dual import homogeneous_weights, variance
from shiftmath.kernels.plan import ERF, Plan

__all__ = ["convolutional", "fully_connected"]

ENTRIES = 2**20  # of the images that NumPy takes at once

Pixels = Float[Any, "n *pixels"]  # of either library
PerX = Float[Any, "n"]


def activated(plan: Plan, q: Pixels) -> tuple[Pixels, Any]:
    """V(q) and S(q)."""
    if plan.smooth:
        return variance(plan.activation, q), _smooth_slope(plan, q)
    a, _ = homogeneous_weights(plan.activation, plan.negative_slope)
    return a * q, a


def _smooth_slope(plan: Plan, q: Pixels) -> Any:
    r"""S(q): the factor of the tangent kernel in `dual.dual` at p = q = k.

    $4 / (\pi \sqrt{1 + 4q})$ for erf; for gelu, with $R = \sqrt{1 + 2q}$,
    $1/4 + (\mathrm{arctan}(q / R) + 2q / ((1 + q) R) + q / R^3) / 2\pi$.
    """
    xp = q.__array_namespace__()
    if plan.smooth == ERF:
        return 4 / (math.pi * xp.sqrt(1 + 4 * q))
    R = xp.sqrt(1 + 2 * q)
    return 0.25 + (xp.arctan2(q, R) + 2 * q / ((1 + q) * R) + q / R / R**2) / (2 * math.pi)


def dense_layers(plan: Plan, k: PerX, t: PerX) -> PerX:
    r"""$\Theta$ of the last dense layer, from K' and $\Theta'$ after the readout."""
    for _ in range(plan.dense_layers):
        q = plan.weight_std**2 * k + plan.bias_std**2
        k, slope = activated(plan, q)
        t = (plan.weight_std**2 * t + q) * slope
    return k + t


def fully_connected(plan: Plan, X: Float[Any, "n d"]) -> PerX:
    """k(x, x) for rows of one library, in their dtype.

    >>> from shiftmath.kernels import FullyConnected
    >>> FullyConnected(depth=1).diag([[3.0, 4.0], [0.0, 0.0]])  # |x|^2 2 / d
    array([25.,  0.])
    """
    x = X if is_jax(X) else X.astype(float, copy=False)
    k = x.__array_namespace__().einsum("nd,nd->n", x, x) / X.shape[1]
    return dense_layers(plan, k, 0 * k).astype(X.dtype)


def convolutional(plan: Plan, images: Float[Any, "n C H W"]) -> PerX:
    """k(x, x) for images of one library, in their dtype: at cost d without pooling, d b with blocks of b pixels."""
    if is_jax(images):
        import jax

        from shiftmath.kernels._jax import convolutional as jax_engine

        if plan.block == (1, 1):
            return _flattened(plan, images)
        return jax.lax.map(lambda x: jax_engine.convolutional(plan, x[None], None, "ntk")[0, 0], images)
    from shiftmath.kernels._numba import convolutional as numba_engine

    if plan.block == (1, 1):
        parts = ranges(len(images), max(1, ENTRIES // math.prod(plan.torus)))
        return np.concatenate([_flattened(plan, images[part]) for part in parts])
    return np.array([numba_engine.convolutional(plan, x[None], None, "ntk")[0, 0] for x in images])


def _flattened(plan: Plan, images: Float[Any, "n C H W"]) -> PerX:
    xp = images.__array_namespace__()
    pads = [(0, 0), *((0, more - length) for more, length in zip(plan.torus, plan.size, strict=True))]
    k = xp.pad(((images if is_jax(images) else images.astype(float)) ** 2).mean(1), pads)  # NumPy: in float64
    inside = xp.pad(xp.ones_like(k[:, : plan.size[0], : plan.size[1]]), pads)
    t = 0 * k
    for _ in range(plan.depth):
        q = (plan.weight_std**2 * _filtered(plan, k) + plan.bias_std**2) * inside
        k, slope = activated(plan, q)
        t = (plan.weight_std**2 * _filtered(plan, t) + q) * slope * inside
        k = k * inside
    k, t = (v.sum((1, 2)) / plan.pooled_terms for v in (k, t))
    return dense_layers(plan, k, t).astype(images.dtype)


def _filtered(plan: Plan, v: Float[Any, "n H W"]) -> Any:
    """The mean over the taps of a filter, circular on the torus of the plan."""
    xp = v.__array_namespace__()
    for axis, taps in zip((-2, -1), plan.taps, strict=True):
        v = sum(xp.roll(v, (taps - 1) // 2 - a, axis) for a in range(taps))
    return v / plan.fan

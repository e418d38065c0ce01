"""The walk of slices through all layers, as in `_numba.slices`, for the JAX engine: many slices on the last axis.

A scan over the layers, so that XLA does not compile a map for each.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float

from shiftmath.kernels._jax.boxes import box, together
from shiftmath.kernels._jax.images import Prepared, first_angles, layer_fields
from shiftmath.kernels._jax.maps import (
    angles,
    covariance_and_area,
    gentle,
    homogeneous_deficit,
    opposite_deficit,
    smooth_dual,
)
from shiftmath.kernels.plan import ERF, Plan

# D + i T.
State = Complex[Array, "H W pairs"]


def smooth(
    plan: Plan, d: Any, m: Any, s: Any, t: Any, x: Prepared, z: Prepared, weights: Float[Array, "7 1 1 _"]
) -> State:
    """smooth_map of `_numba.smooth`: x and z have the fields of one layer, (H, W, pairs), or (H, W, 1) for all."""
    p, q = x.variances, z.variances
    zero = (x.deviations == 0) | (z.deviations == 0)
    k, g = covariance_and_area(m, s, zero, gentle(x.a, z.a), p, q, (p + q - d) / 2)
    k2, nngp, slope = smooth_dual(plan.smooth, k, g, (x.u, x.a, z.u, z.a))
    keep, w = weights[0], weights[4]
    linear = 0 if plan.smooth == ERF else w / 2 * (keep * d - (1 - keep) * k2)
    return together(linear + keep * (x.excess + z.excess) - 2 * w * nngp, (k2 + t) * (w * slope))


def homogeneous(d: Any, s: Any, t: Any, x: Prepared, z: Prepared, weights: Float[Array, "7 1 1 _"]) -> State:
    """relu_signed and relu_positive of `_numba.maps`."""
    return together(*homogeneous_deficit(d, s, t, (x.deviations, x.u, z.deviations, z.u), weights))


def first_layer(
    plan: Plan, x: Prepared, z: Prepared, bias: Float[Array, "4 1 1 _"], weights: Float[Array, "7 1 1 _"]
) -> State:
    """State after the first layer for pixels x and shifted pixels z, (C, H, W, .)."""
    both = box(together(*(((x.pixels + sign * z.pixels) ** 2).sum(0) for sign in (-1, 1))), plan.taps)
    d, s, fields = both.real + bias[0], both.imag + bias[1], (layer_fields(x, 0), layer_fields(z, 0))
    if plan.smooth:
        return smooth(plan, d, *first_angles(plan, x, z, bias), jnp.zeros_like(d), *fields, weights)
    return homogeneous(d, s, jnp.zeros_like(d), *fields, weights)


def closed(
    plan: Plan, inside: Bool[Array, "H W _"], state: State, x: Prepared, z: Prepared, weights: Float[Array, "7 1 1 _"]
) -> State:
    """K = Theta = 0 after a layer where one pixel lies outside its image, see `outside` of `_numba.slices`."""
    if plan.smooth:
        half = 0 if plan.smooth == ERF else weights[4] / 2
        d = half * (x.variances + z.variances) + weights[0] * (x.excess + z.excess)
    else:
        d = (weights[0] + weights[1]) * (x.deviations**2 + z.deviations**2)
    return together(jnp.where(inside, state.real, d), jnp.where(inside, state.imag, 0))


def later_layer(plan: Plan, inside: Any, state: State, layer: tuple[Any, ...]) -> tuple[State, None]:
    """The step of the scan: clears pairs outside under zero padding, then convolution and activation."""
    px, pz, before, x, z, bias, weights = layer
    if inside is not None:
        state = closed(plan, inside, state, px, pz, before)
    both, p, q = box(state, plan.taps), x.deviations, z.deviations
    d, t = both.real + bias[0], both.imag
    if plan.smooth:
        return smooth(plan, d, *angles(d, p, q, gentle(x.a, z.a)), t, x, z, weights), None
    return homogeneous(d, opposite_deficit(plan, d, p, q), t, x, z, weights), None


def walk(plan: Plan, weights: Any, biases: Any, x: Prepared, z: Prepared) -> State:
    """All layers on slices, one for each place of the last axis; x and z: arrays (., H, W, pairs) or (., H, W, 1)."""
    state = first_layer(plan, x, z, biases[0], weights[0])
    earlier, later = slice(None, -1), slice(1, None)
    inside = None if x.inside is None else (x.inside & z.inside)[0]
    x, z = (v._replace(pixels=None, inside=None) for v in (x, z))
    arrays = (
        layer_fields(x, earlier),
        layer_fields(z, earlier),
        weights[earlier],
        layer_fields(x, later),
        layer_fields(z, later),
    )
    return jax.lax.scan(partial(later_layer, plan, inside), state, (*arrays, biases[later], weights[later]))[0]

"""The JAX engine for dense layers: fully connected networks, and the dense layers after a readout.

The state is that of `_numba.rows`: angles, not deficits.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from shiftmath._shared.batches import in_batches
from shiftmath.kernels._jax.maps import (
    bias_in,
    binary_exponents,
    covariance_and_area,
    gentle,
    homogeneous_map,
    ldexp,
    or_0,
    smaller,
    smooth_dual,
    with_derivatives,
)
from shiftmath.kernels.dual import SMOOTHNESS, root, smooth_variance, variance
from shiftmath.kernels.plan import ERF, Plan
from shiftmath.kernels.units import layer_exponents, lift

Gram = Float[Array, "n m"]
PerX = Float[Array, "n"]
PerZ = Float[Array, "m"]
Column = Any  # per row of X as (n, 1), or per row of Z as (1, m)


class State(NamedTuple):
    """Of each pair m = 2 (x z - K), s = 2 (x z + K), K, which smooth activations take, and T = 2 Theta."""

    m: Gram
    s: Gram
    k: Gram
    t: Gram


class Layer(NamedTuple):
    """What one dense layer needs of the samples, see `_numba.rows.Samples`."""

    deviation: Column
    variance: Column
    feature: Column
    excess: Column
    bias: Column
    u: Column
    a: Column
    step: Column


def inverses(plan: Plan, p: Float[Array, "..."], unit: Int[Array, "..."]) -> tuple[Any, Any]:
    """u and a of `_numba.smooth` for pre-activations of variance p."""
    one = ldexp(jnp.ones_like(p), -unit)
    u = 1 / jnp.sqrt(one**2 + SMOOTHNESS[plan.activation] * p)
    return u, one * u


def after(plan: Plan, p: Float[Array, "..."], unit: Int[Array, "..."]) -> tuple[Any, Any]:
    """The variance after an activation, and what it exceeds p / 2 by for gelu, 0 for erf, as in `_numba.dense`."""
    if not plan.smooth:
        q = variance(plan.activation, p, plan.negative_slope)
        return q, q
    u, a = inverses(plan, p, unit)
    f = smooth_variance(jnp, plan.activation, SMOOTHNESS[plan.activation] * p * u**2, a)
    return (f, f) if plan.smooth == ERF else (p / 2 + p * f, p * f)


def layers_of(plan: Plan, v: PerX, e: Int[Array, "n"], axis: int) -> tuple[list[Layer], Int[Array, "n layers"]]:
    """The layers of samples whose features have the variance v 4^e, times weight_std^2, before the first bias.

    Arrays have the samples on this axis of two. Also the exponents of their units in each layer and after the last.
    """
    units = jnp.repeat(e[:, None], plan.dense_layers + 1, 1)
    if not plan.homogeneous:
        units = layer_exponents(plan, jnp, ldexp, jax.lax.stop_gradient(v), e, plan.dense_layers)
    layers, w = [], plan.weight_std**2
    q = excess = ldexp(v, 2 * (e - units[:, 0]))
    for unit, following in zip(units.T[:-1], units.T[1:], strict=True):
        bias = bias_in(plan, unit, v.dtype)
        p, step = q + bias**2, ldexp(jnp.ones_like(v), -following if plan.smooth == ERF else 0 * unit)
        u, a = inverses(plan, p, unit) if plan.smooth else (p, p)
        layer = root(jnp, p), p, root(jnp, q), excess, bias, u, a, step
        layers.append(Layer(*(jnp.expand_dims(value, 1 - axis) for value in layer)))
        q, excess = (w * value * step**2 for value in after(plan, p, unit))
    return layers, units


def with_bias(m: Gram, s: Gram, x: Layer, z: Layer) -> tuple[Gram, Gram]:
    """m = 2 (x z - K) and s = 2 (x z + K) with the bias, see `_numba.rows`."""
    F, b, G, c = x.feature, x.bias, z.feature, z.bias
    product, size, both = F * G, x.deviation * z.deviation, b * c
    m = m + 2 * (F * c - G * b) ** 2 / (size + product + both)
    return m, s + 2 * (both + ((F * c) ** 2 + (G * b) ** 2 + both**2) / (size + product))


def from_excess(plan: Plan, m: Gram, x: Layer, z: Layer, before: tuple[Layer, Layer]) -> Gram:
    """m = 2 (F G - K) after a smooth activation, from m without the excesses of F^2 and G^2, see `_numba.rows`."""
    F, f, G, g = x.feature, x.excess, z.feature, z.excess
    more = F * G
    if plan.smooth != ERF:
        half = plan.weight_std**2 / 2
        p, q = half * before[0].deviation ** 2, half * before[1].deviation ** 2
        whole = more + half * before[0].deviation * before[1].deviation
        more = jnp.where(whole > 0, (p * g + q * f + f * g) / jnp.where(whole > 0, whole, 1), 0)
    m += 2 * more
    return or_0(m > 0, m, gentle(x.a, z.a))


def smooth(plan: Plan, last: bool, state: State, x: Layer, z: Layer, weight: float) -> State:
    """smooth_row of `_numba.rows`."""
    m, s, k, t = state
    k, zero = k + x.bias * z.bias, (x.feature == 0) | (z.feature == 0)
    m = jnp.where(zero, with_derivatives(m, 2 * (x.deviation * z.deviation - k)), m)
    p, q = x.variance, z.variance
    k, g = covariance_and_area(m, s, zero, gentle(x.a, z.a), p, q, k)
    k2, nngp, slope = smooth_dual(plan.smooth, k, g, (x.u, x.a, z.u, z.a))
    half, w = 0.0 if plan.smooth == ERF else 0.5, weight * x.step * z.step
    left = -half * k2 if last else half * m
    return State(w * (left - 2 * nngp), s, w * (half * k2 / 2 + nngp), (k2 + t) * (w * slope))


def homogeneous(state: State, x: Layer, z: Layer, weights: list[float]) -> State:
    """relu_angle of `_numba.maps`."""
    m, s, k, t = state
    least, size = smaller(m, s), x.deviation * z.deviation
    h = jnp.where(size > 0, least / jnp.where(size > 0, 4 * size, 1), 0)
    m, t = homogeneous_map(m, least, least, h, s < m, t, size, weights)
    return State(m, s, k, t)


def hidden_layers(plan: Plan, state: State, x: list[Layer], z: list[Layer]) -> tuple[Gram, Gram]:
    """K and T = Theta - K of the last dense layer after the hidden ones, in the units after the last layer.

    From the state before the first bias.
    """
    for l, weights in enumerate(plan.dense_weights):
        m, s, k, t = state
        if plan.smooth and l:
            m = from_excess(plan, m, x[l], z[l], (x[l - 1], z[l - 1]))
        if plan.bias_std:
            m, s = with_bias(m, s, x[l], z[l])
        if l:
            s = 4 * x[l].deviation * z[l].deviation - m
            s = or_0(s > 0, s, gentle(x[l].a, z[l].a) if plan.smooth else False)
        # Python floats leave the dtype of the arrays as it is, NumPy's float64 does not.
        numbers = weights.tolist()
        if plan.smooth:
            state = smooth(plan, l + 1 == plan.dense_layers, State(m, s, k, t), x[l], z[l], numbers[4])
        else:
            state = homogeneous(State(m, s, k, t), x[l], z[l], numbers)
    return -state.m / 2, state.t / 2


def dense_block(
    plan: Plan, state: State, qx: PerX, qz: PerZ, ex: Int[Array, "n"], ez: Int[Array, "m"]
) -> tuple[Gram, Gram]:
    """K and T = Theta - K of the last dense layer, from the state and the variances qx, qz after the readout.

    These are in units 2^ex, 2^ez; the result is not.
    """
    w = plan.weight_std**2
    (x, unit_x), (z, unit_z) = layers_of(plan, w * qx, ex, 0), layers_of(plan, w * qz, ez, 1)
    step = (ex - unit_x[:, 0])[:, None] + (ez - unit_z[:, 0])[None, :]
    K, T = hidden_layers(plan, State(*(w * ldexp(a, step) for a in state)), x, z)
    return in_numbers(K, unit_x[:, -1], unit_z[:, -1]), in_numbers(T, unit_x[:, -1], unit_z[:, -1])


def in_numbers(values: Gram, ex: Int[Array, "n"], ez: Int[Array, "m"]) -> Gram:
    """values 2^(ex + ez), one after the other: the sum may be beyond what a number has."""
    return ldexp(ldexp(values, ex[:, None]), ez[None, :])


def squares(X: Float[Array, "n d"], Z: Float[Array, "m d"]) -> tuple[Gram, Gram]:
    """|x - z|^2 and |x + z|^2, each (n, m), by direct sums."""
    row = jax.checkpoint(lambda x: (((x[None] - Z) ** 2).sum(1), ((x[None] + Z) ** 2).sum(1)))
    return in_batches(row, X, max(1, 2**16 // Z.size))


class Rows(NamedTuple):
    """Rows with row weight_std / sqrt(d) = part 2^exponent = unit row * norm * 2^exponent."""

    parts: Float[Array, "n d"]
    units: Float[Array, "n d"]
    norms: PerX
    exponents: Int[Array, "n"]


def directions(plan: Plan, X: Float[Array, "n d"]) -> Rows:
    """The rows X as `Rows`."""
    exponents = binary_exponents(X)
    X = ldexp(X, -exponents[:, None]) * (plan.weight_std / X.shape[1] ** 0.5)
    norms = root(jnp, (X**2).sum(1))
    return Rows(X, X / jnp.where(norms > 0, norms, 1)[:, None], norms, exponents)


@partial(jax.jit, static_argnums=(0, 3))
def fully_connected(plan: Plan, X: Float[Array, "n d"], Z: Float[Array, "m d"] | None, get: str) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of rows X (n, d) against Z, or against themselves if Z is None."""
    x, z = (directions(plan, A) for A in (X, X if Z is None else Z))
    (D, S), ex, ez = squares(x.units, z.units), x.exponents, z.exponents
    if plan.homogeneous:
        (a, _), (b, _) = layers_of(plan, (x.units**2).sum(1), ex, 0), layers_of(plan, (z.units**2).sum(1), ez, 1)
        K, T = (v * (x.norms[:, None] * z.norms[None, :]) for v in hidden_layers(plan, State(D, S, D, 0 * D), a, b))
        return in_numbers(K if get == "nngp" else K + T, ex, ez)
    lx, lz = (lift(plan, jnp, e, X.dtype) for e in (ex, ez))
    (a, ux), (b, uz) = (
        layers_of(plan, (v.parts**2).sum(1), v.exponents + l, i) for i, v, l in ((0, x, lx), (1, z, lz))
    )
    product = jnp.matmul(x.parts, z.parts.T, precision="highest")
    product = in_numbers(product, ex + lx - ux[:, 0], ez + lz - uz[:, 0])
    size = a[0].feature * b[0].feature
    K, T = hidden_layers(plan, State(D * size, S * size, product, 0 * D), a, b)
    return in_numbers(K if get == "nngp" else K + T, ux[:, -1] - lx, uz[:, -1] - lz)

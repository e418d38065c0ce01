"""The pointwise maps of `_numba` for JAX arrays: the same states, the same formulas, differentiable.

Square roots and quotients have derivative 0 where their argument is 0: there the tangent kernel has a kink (kappa0 at
rho = 1) and 0 is its symmetric subgradient. Units are powers of two and have derivative 0 too. erf and gelu have no
kink: what is rounded to 0 keeps its derivatives, and where a deviation is 0 they are those of variances.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from shiftmath.kernels.angle_polynomials import FLOAT32, FLOAT64
from shiftmath.kernels.dual import root
from shiftmath.kernels.plan import ERF, ROUNDINGS, Plan

Pairs = Float[Array, "..."]
# One row of layer_weights, an array or Python floats.
Weights = Float[Array, "7 *pairs"] | Sequence[float]


def ldexp(v: Pairs, e: Any) -> Pairs:
    """v 2^e, exactly, for exponents of normal numbers; e beyond these is taken as the nearest. v and e broadcast."""
    info = jnp.finfo(v.dtype)
    whole = jnp.int64 if v.dtype == jnp.float64 else jnp.int32
    biased = jnp.clip(jnp.asarray(e), info.minexp, info.maxexp - 1).astype(whole) + (1 - info.minexp)
    return v * jax.lax.bitcast_convert_type(biased << info.nmant, v.dtype)


def smaller(v: Pairs, w: Pairs) -> Pairs:
    """The smaller of v and w.

    The derivative of jnp.minimum and jnp.maximum asks whether the result equals v: XLA computes v twice, rounds it in
    two ways, and then drops the derivative.
    """
    return jnp.where(w < v, w, v)


def positive(v: Pairs) -> Pairs:
    """v, and 0 where it is negative."""
    return jnp.where(v > 0, v, 0)


def bias_in(plan: Plan, unit: Int[Array, "..."], dtype: Any) -> Float[Array, "..."]:
    """The bias in units 2^unit, of which none is below its own.

    Its exponent is taken together with theirs: XLA makes (b 2^e)^2 of constants b to b^2 (2^e)^2, which overflows.
    """
    mantissa, exponent = math.frexp(plan.bias_std)
    return ldexp(jnp.full(unit.shape, mantissa, dtype), exponent - unit) if mantissa else jnp.zeros(unit.shape, dtype)


def binary_exponents(X: Float[Array, "n *signal"]) -> Int[Array, "n"]:
    """For each X[i] the e with 2^e <= largest modulus < 2^(e + 1); -1 where X[i] = 0."""
    largest = jax.lax.stop_gradient(jnp.abs(X).reshape(len(X), -1).max(1))
    return jnp.frexp(largest)[1] - 1


def angle_polynomial(v: Pairs) -> Pairs:
    """P(v), see `angle_polynomials`, in the precision of v."""
    first, *rest = FLOAT32 if v.dtype == jnp.float32 else FLOAT64
    p = jnp.full_like(v, first)
    for coefficient in rest:
        p = p * v + coefficient
    return p


def with_derivatives(value: Pairs, of: Pairs) -> Pairs:
    """The value, with the derivatives of another number."""
    return jax.lax.stop_gradient(value) + (of - jax.lax.stop_gradient(of))


def gentle(a: Pairs, b: Pairs) -> Bool[Array, "..."]:
    """Whether a smooth activation bends little enough, a and b of `_numba.smooth`.

    Derivatives of what is rounded to 0 are rounding themselves, which larger pre-activations multiply by their size.
    """
    return a * b > jnp.finfo(a.dtype).eps ** 0.5


def or_0(seen: Bool[Array, "..."], v: Pairs, keep: Bool[Array, "..."] | bool) -> Pairs:
    """v where it is seen, else 0: there with the derivatives of v if these are kept, else with derivative 0."""
    if keep is False:
        return jnp.where(seen, v, 0)
    return jnp.where(seen, v, jnp.where(keep, with_derivatives(jnp.zeros_like(v), v), 0))


def at_most(v: Pairs, most: Pairs, keep: Bool[Array, "..."] | bool) -> Pairs:
    """The smaller of both, with the derivatives of v if these are kept."""
    if keep is False:
        return smaller(v, most)
    return jnp.where(keep, v - jax.lax.stop_gradient(positive(v - most)), smaller(v, most))


def arc(sine: Pairs, cosine: Pairs) -> Pairs:
    """`arc` of `_numba.smooth`, much faster than XLA's arctan2."""
    swap = sine > cosine
    small, large = jnp.where(swap, cosine, sine), jnp.where(swap, sine, cosine)
    half = jnp.sqrt((1 + large) / 2)
    angle = small / half * angle_polynomial(1 - half)
    return jnp.where(swap, math.pi / 2 - angle, angle)


@jax.custom_jvp
def arcsine(r: Pairs, R: Pairs) -> Pairs:
    """arcsin r from r and R = sqrt(1 - r^2)."""
    angle = arc(jnp.abs(r), R)
    return jnp.where(r < 0, -angle, angle)


@jax.custom_jvp
def arccosine(r: Pairs, R: Pairs) -> Pairs:
    """arccos r from r and R = sqrt(1 - r^2)."""
    angle = arc(R, jnp.abs(r))
    return jnp.where(r < 0, math.pi - angle, angle)


@arcsine.defjvp
def _(at: tuple[Pairs, Pairs], by: tuple[Pairs, Pairs]) -> tuple[Pairs, Pairs]:
    return arcsine(*at), at[1] * by[0] - at[0] * by[1]


@arccosine.defjvp
def _(at: tuple[Pairs, Pairs], by: tuple[Pairs, Pairs]) -> tuple[Pairs, Pairs]:
    return arccosine(*at), at[0] * by[1] - at[1] * by[0]


@jax.custom_jvp
def quotient(x: Pairs, y: Pairs) -> Pairs:
    """x / y, whose derivatives have no 1 / y^2: that is beyond what a number has where x / y^2 is not."""
    return x / y


@quotient.defjvp
def _(at: tuple[Pairs, Pairs], by: tuple[Pairs, Pairs]) -> tuple[Pairs, Pairs]:
    value = quotient(*at)
    return value, by[0] / at[1] - value * (by[1] / at[1])


def rounded(m: Pairs, x: Pairs, y: Pairs, keep: Bool[Array, "..."] | bool = False) -> Pairs:
    """m, or 0 where it is below the rounding error of the difference it was formed by, see `or_0`."""
    return or_0(m > ROUNDINGS * jnp.finfo(m.dtype).eps * jnp.abs(x - y) * (x + y), m, keep)


def homogeneous_map(
    d: Pairs, least: Pairs, m: Pairs, h: Pairs, negative: Bool[Array, "..."], t: Pairs, size: Pairs, weights: Weights
) -> tuple[Pairs, Pairs]:
    """Next (D, T) by relu_signed of `_numba.maps`, with m = 2 (x y - |K|), h = m / (4 x y) and size = x y."""
    l_d, e_d, l_k, e_k, l, e, b = weights
    scale = 2 * size
    c, r, size = jnp.sqrt(1 - h), b * root(jnp, h), scale - m
    p = angle_polynomial(1 - c)
    k2, slope = jnp.where(negative, -size, size), jnp.where(negative, r * p - e, e - r * p)
    return l_d * d + e_d * least + l_k * k2 + e_k * size + r * (size * p - scale * c), (k2 + t) * (l + slope)


def homogeneous_deficit(
    d: Pairs, s: Pairs | None, t: Pairs, sides: tuple[Pairs, Pairs, Pairs, Pairs], weights: Weights
) -> tuple[Pairs, Pairs]:
    """homogeneous_map from the deficits d = p + q - 2 K and s = p + q + 2 K; s = None stands for K >= 0.

    The sides are x, 1 / (2 x), y, 1 / (2 y).
    """
    x, ix, y, iy = sides
    negative = jnp.zeros(d.shape, bool) if s is None else s < d
    least = d if s is None else smaller(d, s)
    m = rounded(least - (x - y) ** 2, x, y)
    # One after the other: the product of both may be beyond what a number has.
    return homogeneous_map(d, least, m, m * ix * iy, negative, t, x * y, weights)


def half_inverse(x: Pairs) -> Pairs:
    """1 / (2 x), and 0 where x = 0."""
    return jnp.where(x > 0, 0.5 / jnp.where(x > 0, x, 1), 0)


def cosine(c: int, g: Pairs, uv: Pairs, a: Pairs, b: Pairs) -> Pairs:
    """R = sqrt(a^2 + b^2 - a^2 b^2 + c^2 g u^2 v^2), as in `_numba.smooth`."""
    info, w, rest = jnp.finfo(a.dtype), c * uv, 1 - a**2
    enough = a**2 + b**2 * rest + w * g * w > info.tiny / info.eps**2
    # A power of two where squares or their sum may underflow.
    scale = jax.lax.stop_gradient(jnp.where(enough, 1.0, 2.0 ** (-info.minexp // 2)).astype(a.dtype))
    a, b, w = a * scale, b * scale, w * scale
    return jnp.sqrt(a**2 + b**2 * rest + w * g * w) / scale


def covariance_and_area(
    m: Pairs, s: Pairs, zero: Bool[Array, "..."], keep: Bool[Array, "..."], p: Pairs, q: Pairs, covariance: Pairs
) -> tuple[Pairs, Pairs]:
    """k and p q - k^2 from m = 2 (x y - k) and s = 2 (x y + k), with derivatives of what is rounded to 0 kept or not.

    Where x or y is 0, m and s have a kink: there the derivatives are those of the variances and of the covariance,
    which is k but for rounding.
    """
    k, g = (s - m) / 4, m * s / 4
    # Derivatives by g may overflow there, and times 0 would be no number.
    g = jnp.where(((m == 0) | (s == 0)) & ~keep, jax.lax.stop_gradient(g), g)
    return (
        jnp.where(zero, with_derivatives(k, covariance), k),
        jnp.where(zero, with_derivatives(g, p * q - covariance**2), g),
    )


def smooth_dual(kind: int, k: Pairs, g: Pairs, sides: tuple[Pairs, ...]) -> tuple[Pairs, Pairs, Pairs]:
    """smooth_dual of `_numba.smooth` from k and g = p q - k^2: 2 k, then E[f f] or the excess of gelu, and E[f' f'].

    The sides are u, a, v, b.
    """
    u, a, v, b = sides
    c, uv = 2 if kind == ERF else 1, u * v
    R, r = cosine(c, g, uv, a, b), c * k * uv
    if kind == ERF:
        return 2 * k, 2 / math.pi * arcsine(r, R), 4 / math.pi * quotient(uv, R)
    angle, A, B = arccosine(r, R), quotient(a, R), quotient(b, R)
    sizes = A * a + B * b
    excess = uv * (quotient(g, R) + k * k * sizes) - k * angle
    return 2 * k, excess / (2 * math.pi), 0.5 + (r * (sizes + A * A * B * b) - angle) / (2 * math.pi)


def angles(d: Pairs, x: Pairs, y: Pairs, keep: Bool[Array, "..."]) -> tuple[Pairs, Pairs]:
    """m = 2 (x y - K), 0 below its rounding, and s = 2 (x y + K) of smooth activations, neither negative."""
    most = 4 * x * y
    m = at_most(rounded(d - (x - y) ** 2, x, y, keep), most, keep)
    return m, most - m


def opposite_deficit(plan: Plan, d: Pairs, x: Pairs, y: Pairs) -> Pairs | None:
    """p + q + 2 K = 2 (p + q) - d for a later layer, or None if K >= 0 there."""
    return None if plan.stays_positive else 2 * (x * x + y * y) - d

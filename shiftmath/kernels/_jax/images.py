"""The images of the JAX engine: prepared in units of their own, and brought to those of a pair."""

import functools
import operator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from shiftmath.kernels._jax.dense import after, inverses
from shiftmath.kernels._jax.maps import bias_in, binary_exponents, ldexp, smaller
from shiftmath.kernels.dual import root
from shiftmath.kernels.plan import ERF, ROUNDINGS, Plan
from shiftmath.kernels.units import layer_exponents, of_a_pair

Images = Float[Array, "n C H W"]
# Exponents before each activation and after the last.
Units = Int[Array, "n units"]


class Prepared(NamedTuple):
    """What the walk needs of images, in their units: of all (n, ., H, W), of one (., H, W), shifted (., shifts, H, W).

    Excess, u and a are those of `_numba.smooth`, the excess as `smooth_map` takes it; None for other activations.
    """

    pixels: Any
    deviations: Float[Array, "..."]
    excess: Any
    u: Any
    a: Any


def layer_fields(x: Prepared, part: Any) -> Prepared:
    """The fields of one layer, or of several."""
    fields: Any = [None if v is None else v[part] for v in x[1:]]
    return Prepared(x.pixels, *fields)


def shifted(x: Prepared, sy: UInt32[Array, "shifts"], sx: UInt32[Array, "shifts"]) -> Prepared:
    """(., H, W) to (., shifts, H, W): out[:, s, i] = in[:, i + s] on the torus."""
    H, W = x.pixels.shape[1:]
    rows, columns = (jnp.arange(H)[None] + sy[:, None]) % H, (jnp.arange(W)[None] + sx[:, None]) % W
    index = (rows[:, :, None] * W + columns[:, None, :]).astype(jnp.uint32)  # none counts from the end
    return jax.tree.map(lambda v: v.reshape(len(v), -1)[:, index], x)


def box(v: Float[Array, "*batch H W"], q: tuple[int, int]) -> Float[Array, "*batch H W"]:
    """Circular box sum over the last two axes, the window of `_numba.boxes`, by doubling."""
    for axis, taps in zip((-2, -1), q, strict=True):
        window, length, move, parts = v, 1, (taps - 1) // 2, []
        while length <= taps:
            if taps & length:
                parts.append(_rolled(window, move, axis))
                move -= length
            if 2 * length <= taps:
                window = window + _rolled(window, -length, axis)
            length *= 2
        v = functools.reduce(operator.add, parts)
    return v


def _rolled(v: Float[Array, "*batch H W"], shift: int, axis: int) -> Float[Array, "*batch H W"]:
    """Nothing is moved by 0, or by a whole turn: that would be compiled."""
    return jnp.roll(v, shift, axis) if shift % v.shape[axis] else v


def first_angles(
    plan: Plan, x: Prepared, z: Prepared, bias: Float[Array, "4"]
) -> tuple[Float[Array, "shifts H W"], Float[Array, "shifts H W"]]:
    """m = 2 (x z - K) and s = 2 (x z + K) before the first activation, as `refine_angles` of `_numba.smooth`.

    Sums over taps, channels and the bias of |x_a z -+ z_a x|^2 / (x z), of which none cancels.
    """
    p, q = x.deviations[:1], z.deviations[:1]  # (1, ., H, W)
    low = [(taps - 1) // 2 for taps in plan.taps]
    offsets = np.stack(np.meshgrid(*(np.arange(t) - a for t, a in zip(plan.taps, low, strict=True))), -1).reshape(-1, 2)

    def tap(sums: Any, offset: Int[Array, "2"]) -> tuple[Any, None]:
        u, v = (jnp.roll(a.pixels, -offset, (-2, -1)) for a in (x, z))
        return tuple(old + (w**2).sum(0) for old, w in zip(sums, (u * q - v * p, u * q + v * p), strict=True)), None

    size = (p * q)[0]
    sums = jax.lax.scan(tap, (jnp.zeros_like(size),) * 2, jnp.asarray(offsets))[0]
    biases = (((bias[2] * q + sign * bias[3] * p) ** 2)[0] for sign in (-1, 1))
    # Of patches of one direction rounding leaves eps^2, which is seen where they are as large as 1 / eps.
    sums = (jnp.where(v > ROUNDINGS * (jnp.finfo(v.dtype).eps * size) ** 2, v, 0) for v in sums)
    m, s = ((v + b) / jnp.where(size > 0, size, 1) for v, b in zip(sums, biases, strict=True))
    return smaller(m, 4 * size), smaller(s, 4 * size)


def exponents(plan: Plan, images: Images) -> Units:
    """The exponents of the units of each image in each layer and after the last, see `units`."""
    e = binary_exponents(images)
    if plan.homogeneous:
        return jnp.repeat(e[:, None], plan.depth + 1, 1)
    squares = jax.lax.stop_gradient((ldexp(images, -e[:, None, None, None]) ** 2).mean((1, 2, 3)))
    return layer_exponents(plan, jnp, ldexp, plan.weight_std**2 * squares, e, plan.depth)


def prepare(plan: Plan, images: Images, units: Units) -> Prepared:
    """The images (n, C, H, W) in their units."""
    units = units[:, :, None, None]
    images, inside = ldexp(images, -units[:, :1]), jnp.ones((1, 1, 1), images.dtype)
    if plan.padding == "zero":
        pads = [(0, t - h) for h, t in zip(plan.size, plan.torus, strict=True)]
        inside = jnp.pad(jnp.ones(plan.size, images.dtype), pads)[None]
        images = jnp.pad(images, [(0, 0), (0, 0), *pads])
    pixels = images * float(plan.weight_std / np.sqrt(plan.fan * images.shape[1]))
    q, w, columns = (pixels**2).sum(1), plan.weight_std**2 / plan.fan, []
    for layer in range(plan.depth):
        unit, following = units[:, layer], units[:, layer + 1]
        bias = bias_in(plan, unit, q.dtype)
        p = (box(q, plan.taps) + bias**2) * inside
        q, excess = (ldexp(w * v, -2 * following if plan.smooth == ERF else 0) for v in after(plan, p, unit))
        columns.append((root(jnp, p), excess, *inverses(plan, p, unit)) if plan.smooth else (root(jnp, p),))
    stacked = [jnp.stack(column, 1) for column in zip(*columns, strict=True)]
    return Prepared(pixels, *(stacked if plan.smooth else (*stacked, None, None, None)))


def rescaled(x: Prepared, own: Int[Array, "layers"], unit: Int[Array, "layers"]) -> Prepared:
    """One image in these units instead of its own."""
    step = (own - unit)[:, None, None]
    before, following = step[:-1], step[1:]
    pixels, deviations = ldexp(x.pixels, step[:1]), ldexp(x.deviations, before)
    if x.excess is None:
        return Prepared(pixels, deviations, None, None, None)
    return Prepared(pixels, deviations, ldexp(x.excess, 2 * following), ldexp(x.u, -before), x.a)


def in_pair_units(
    plan: Plan,
    weights: Float[Array, "layers 7"],
    x: Prepared,
    z: Prepared,
    ex: Int[Array, "units"],
    ez: Int[Array, "units"],
) -> tuple[Prepared, Prepared, Float[Array, "layers 7"], Float[Array, "layers 4"]]:
    """Two images in the units of the pair, the weights there, and the biases: for d, for p + q + 2 K, of x, of z."""
    if plan.homogeneous:
        return x, z, weights, jnp.zeros((plan.depth, 4), weights.dtype)
    ux, uz = of_a_pair(jnp, ex, ez)
    b, c = (bias_in(plan, u[:-1], weights.dtype) for u in (ux, uz))
    if plan.smooth == ERF:
        weights = weights.at[:, 4].set(ldexp(ldexp(weights[:, 4], -ux[1:]), -uz[1:]))
    return rescaled(x, ex, ux), rescaled(z, ez, uz), weights, jnp.stack([(b - c) ** 2, (b + c) ** 2, b, c], 1)

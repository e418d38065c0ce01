"""The images of the JAX engine: prepared in units of their own, and brought to those of a pair."""

import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from shiftmath.kernels._jax.boxes import box
from shiftmath.kernels._jax.dense import after, inverses
from shiftmath.kernels._jax.maps import at_most, bias_in, binary_exponents, gentle, half_inverse, ldexp, or_0
from shiftmath.kernels.dual import root
from shiftmath.kernels.plan import ERF, ROUNDINGS, Plan
from shiftmath.kernels.units import layer_exponents, of_a_pair

Images = Float[Array, "n C H W"]
# Exponents before each activation and after the last.
Units = Int[Array, "n units"]


class Prepared(NamedTuple):
    """What the walk needs of images, in units: of some (., H, W, n), or shifted (., H, W, shifts * n).

    Inside is None if all pixels are. Excess, u and a are those of `_numba.smooth`, the excess as `smooth_map` takes it.
    For other activations u is 1 / (2 deviation), and variances, excess and a are None.
    """

    pixels: Any
    inside: Any
    deviations: Float[Array, "..."]
    variances: Any
    excess: Any
    u: Any
    a: Any


def layer_fields(x: Prepared, part: Any) -> Prepared:
    """The fields of one layer, or of several."""
    fields: Any = [None if v is None else v[part] for v in x[2:]]
    return Prepared(x.pixels, x.inside, *fields)


def doubled(x: Prepared) -> Prepared:
    """(., H, W, n) to (., 2 H, 2 W, n), in which every shift is a window."""
    return jax.tree.map(lambda v: jnp.tile(v, (1, 2, 2, 1)), x)


def window(x: Prepared, size: tuple[int, int], sy: UInt32[Array, "shifts"], sx: UInt32[Array, "shifts"]) -> Prepared:
    """Of doubled images: out[:, i, s n + j] = in[:, i + s, j] on the torus, for each shift s and image j."""

    def cut(v: Any, y: Any, x: Any) -> Any:
        none = jnp.zeros_like(y)
        return jax.lax.dynamic_slice(v, (none, y, x, none), (len(v), *size, v.shape[-1]))

    if len(sy) == 1:
        return jax.tree.map(lambda v: cut(v, sy[0], sx[0]), x)
    every = jax.vmap(cut, (None, 0, 0), -2)
    return jax.tree.map(lambda v: every(v, sy, sx).reshape(len(v), *size, -1), x)


def repeated(v: Any, count: int) -> Any:
    """(..., n) to (..., count * n), or as it is where it stands for all."""
    return v if v.shape[-1] == 1 else jnp.tile(v, count)


def first_angles(
    plan: Plan, x: Prepared, z: Prepared, bias: Float[Array, "4 1 1 _"]
) -> tuple[Float[Array, "H W pairs"], Float[Array, "H W pairs"]]:
    """m = 2 (x z - K) and s = 2 (x z + K) before the first activation, as `refine_angles` of `_numba.smooth`.

    Sums over taps, channels and the bias of |x_a z -+ z_a x|^2 / (x z), of which none cancels.
    """
    p, q = x.deviations[:1], z.deviations[:1]  # (1, H, W, .)
    low = [(taps - 1) // 2 for taps in plan.taps]
    offsets = np.stack(np.meshgrid(*(np.arange(t) - a for t, a in zip(plan.taps, low, strict=True))), -1).reshape(-1, 2)

    def tap(sums: Any, offset: Int[Array, "2"]) -> tuple[Any, None]:
        u, v = (jnp.roll(a.pixels, -offset, (-3, -2)) for a in (x, z))
        return tuple(old + (w**2).sum(0) for old, w in zip(sums, (u * q - v * p, u * q + v * p), strict=True)), None

    size = (p * q)[0]
    sums = jax.lax.scan(tap, (jnp.zeros_like(size),) * 2, jnp.asarray(offsets))[0]
    biases = ((bias[2] * q[0] + sign * bias[3] * p[0]) ** 2 for sign in (-1, 1))
    # Of patches of one direction rounding leaves eps^2, which is seen where they are as large as 1 / eps.
    keep = gentle(x.a[0], z.a[0])
    sums = (or_0(v > ROUNDINGS * (jnp.finfo(v.dtype).eps * size) ** 2, v, keep) for v in sums)
    m, s = ((v + b) / jnp.where(size > 0, size, 1) for v, b in zip(sums, biases, strict=True))
    return at_most(m, 4 * size, keep), at_most(s, 4 * size, keep)


def exponents(plan: Plan, images: Images) -> Units:
    """The exponents of the units of each image in each layer and after the last, see `units`."""
    e = binary_exponents(images)
    if plan.homogeneous:
        return jnp.repeat(e[:, None], plan.depth + 1, 1)
    squares = jax.lax.stop_gradient((ldexp(images, -e[:, None, None, None]) ** 2).mean((1, 2, 3)))
    return layer_exponents(plan, jnp, ldexp, plan.weight_std**2 * squares, e, plan.depth)


def prepare(plan: Plan, images: Images, units: Units) -> Prepared:
    """The images (n, C, H, W) in their units."""
    images, units = jnp.moveaxis(images, 0, -1), units.T[:, None, None]
    images, inside = ldexp(images, -units[:1]), jnp.ones((1, 1, 1), images.dtype)
    if plan.padding == "zero":
        pads = [(0, t - h) for h, t in zip(plan.size, plan.torus, strict=True)]
        inside = jnp.pad(jnp.ones(plan.size, images.dtype), pads)[:, :, None]
        images = jnp.pad(images, [(0, 0), *pads, (0, 0)])
    pixels = images * float(plan.weight_std / np.sqrt(plan.fan * len(images)))
    q, w, columns = (pixels**2).sum(0), plan.weight_std**2 / plan.fan, []
    for unit, following in itertools.pairwise(units):
        p = (box(q, plan.taps) + bias_in(plan, unit, q.dtype) ** 2) * inside
        q, excess = (ldexp(w * v, -2 * following if plan.smooth == ERF else 0) for v in after(plan, p, unit))
        x = root(jnp, p)
        columns.append((x, p, excess, *inverses(plan, p, unit)) if plan.smooth else (x, half_inverse(x)))
    first, *more = (jnp.stack(column) for column in zip(*columns, strict=True))
    within = None if plan.padding == "circular" else jnp.broadcast_to(inside > 0, (1, *q.shape))
    return Prepared(pixels, within, first, *(more if plan.smooth else (None, None, *more, None)))


def rescaled(x: Prepared, own: Int[Array, "_ units"], unit: Int[Array, "_ units"]) -> Prepared:
    """Images in these units instead of their own."""
    step = (own - unit).T[:, None, None]
    before, following = step[:-1], step[1:]
    pixels, deviations, u = ldexp(x.pixels, step[:1]), ldexp(x.deviations, before), ldexp(x.u, -before)
    if x.a is not None:
        x = x._replace(variances=ldexp(x.variances, 2 * before), excess=ldexp(x.excess, 2 * following))
    return x._replace(pixels=pixels, deviations=deviations, u=u)


def in_pair_units(
    plan: Plan,
    weights: Float[Array, "layers 7"],
    x: Prepared,
    z: Prepared,
    ex: Int[Array, "_ units"],
    ez: Int[Array, "_ units"],
) -> tuple[Prepared, Prepared, Float[Array, "layers 7 1 1 _"], Float[Array, "layers 4 1 1 _"]]:
    """Images in the units of each pair, the weights there, and the biases: for d, for p + q + 2 K, of x, of z.

    The last axis, the first of the exponents, has one entry where it is the same for all pairs.
    """
    weights = weights[:, :, None, None, None]
    if plan.homogeneous:
        return x, z, weights, jnp.zeros((plan.depth, 4, 1, 1, 1), weights.dtype)
    ux, uz = of_a_pair(jnp, ex, ez)
    b, c = (bias_in(plan, u[:, :-1].T[:, None, None], weights.dtype) for u in (ux, uz))
    if plan.smooth == ERF:
        w = ldexp(ldexp(weights[:, 4], -ux.T[1:, None, None]), -uz.T[1:, None, None])
        weights = jnp.broadcast_to(weights, (*weights.shape[:2], *w.shape[1:])).at[:, 4].set(w)
    return rescaled(x, ex, ux), rescaled(z, ez, uz), weights, jnp.stack([(b - c) ** 2, (b + c) ** 2, b, c], 1)

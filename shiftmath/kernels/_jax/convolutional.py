"""The JAX engine for convolutional kernels: JAX arrays and tracers in and out; jit, vmap and grad, on CPU and GPU.

The slices of `_numba.slices`, of an image and a block of others under several shifts at a time. Reverse-mode
derivatives compute each block again instead of storing its slices. In the precision of the input: 1 - rho of patches of
nearly one direction and different brightness is lost to rounding where it is below 16 eps, 2e-6 in float32.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int, UInt32

from shiftmath._shared.batches import in_batches
from shiftmath.kernels._jax.boxes import apart
from shiftmath.kernels._jax.dense import State, dense_block, in_numbers, inverses
from shiftmath.kernels._jax.images import (
    Images,
    Prepared,
    doubled,
    exponents,
    in_pair_units,
    prepare,
    repeated,
    window,
)
from shiftmath.kernels._jax.maps import at_most, binary_exponents, gentle, ldexp, or_0, rounded
from shiftmath.kernels._jax.slices import walk
from shiftmath.kernels.dual import root, variance
from shiftmath.kernels.plan import ROUNDINGS, Plan
from shiftmath.kernels.units import lift, of_a_pair

ENTRIES = {"cpu": 2**12}  # at twice as many, processor time was up to twice as much
ENTRIES_ELSEWHERE = 2**23

Gram = Float[Array, "n m"]
# Of D + i T.
Sums = Complex[Array, "width"]
Masks = tuple[Bool[Array, "H H"], Bool[Array, "W W"]] | None
# With their units, (n, units).
Side = tuple[Prepared, Any]
# Of each of several arguments, whose numbers of images differ.
Argument = Float[Array, "_ C H W"]
Lifts = Int[Array, "_"]
UnitsOfIt = Int[Array, "_ units"]


def chunks(shifts: Int[np.ndarray, "shifts 3"], most: int) -> UInt32[np.ndarray, "groups count 3"]:
    """Shifts (S, 2) and their weights 1 in groups of one size, at most so large, the last filled up with weight 0."""
    groups = -(-len(shifts) // most)
    count = -(-len(shifts) // groups)
    padded = np.zeros((groups * count, 3), np.uint32)  # indices that do not count from the end, which XLA would ask
    padded[: len(shifts), :2], padded[: len(shifts), 2] = shifts[:, :2], 1
    return padded.reshape(groups, count, 3)


def group_sums(
    plan: Plan, masks: Masks, network: tuple[Any, Any], x: Prepared, z: Prepared, group: UInt32[Array, "count 3"]
) -> Sums:
    """Sums of D and T over the pooled pairs of pixels, for one group of shifts of doubled images z."""
    (sy, sx, weight), count = group.T, len(group)
    x, weights, biases = jax.tree.map(lambda v: repeated(v, count), (x, *network))
    state = walk(plan, weights, biases, x, window(z, plan.torus, sy, sx) if len(plan.shifts) > 1 else z)
    state = state.reshape(*plan.torus, count, -1)
    if masks is not None:
        rows, columns = masks[0][sy] * weight[:, None], masks[1][sx]
        state = state * (rows.T[:, None] * columns.T[None]).astype(state.real.dtype)[..., None]
    # In two steps, whose rounding is that of shorter sums; at once XLA would add them up one after the other.
    return apart(state.sum(1)).sum((0, 1))


def part(images: Side, first: UInt32[Array, ""], count: int) -> Side:
    """So many images from this one on."""
    cut = partial(jax.lax.dynamic_slice_in_dim, start_index=first, slice_size=count)
    return jax.tree.map(partial(cut, axis=-1), images[0]), cut(images[1], axis=0)


def block_sums(
    plan: Plan,
    masks: Masks,
    weights: Float[Array, "layers 7"],
    groups: UInt32[Array, "groups count 3"],
    X: Side,
    Z: Side,
    width: int,
    task: tuple[UInt32[Array, ""], ...],
) -> Sums:
    """Sums of D and T over the pooled pairs of pixels of X[i] and each of a block of Z, in the units of each pair.

    The task is (i, the block's first image), and whether the block meets itself instead of X[i].
    """
    i, first, *itself = task
    (x, ex), (z, ez) = part(X, i, 1), part(Z, first, width)
    if itself:
        x, ex = jax.tree.map(lambda v, w: jnp.where(itself[0] > 0, w, v), (x, ex), (z, ez))
    x, z, weights, biases = in_pair_units(plan, weights, x, z, ex, ez)
    one = partial(group_sums, plan, masks, (weights, biases), x, doubled(z) if len(plan.shifts) > 1 else z)
    if len(groups) == 1:
        return one(groups[0])
    return jax.lax.map(jax.checkpoint(one), groups).sum(0)


def filled(side: Side, width: int) -> Side:
    """The images with copies of the last, so that they are blocks of this width."""
    n = len(side[1])
    index = np.minimum(np.arange(-(-n // width) * width), n - 1)
    return side if len(index) == n else (jax.tree.map(lambda v: v[..., index], side[0]), side[1][index])


def batches(plan: Plan, m: int, symmetric: bool) -> tuple[int, UInt32[np.ndarray, "groups count 3"], int]:
    """How many of m images are a block, the groups of shifts, and how many tasks are walked at once.

    Of a symmetric matrix the blocks are small enough to leave out most of what is below its diagonal.
    """
    entries = ENTRIES.get(jax.default_backend(), ENTRIES_ELSEWHERE)
    most = max(1, entries // math.prod(plan.torus))
    width = -(-m // -(-m // min(most, -(-m // 4) if symmetric else m)))
    groups = chunks(plan.shifts, max(1, most // width))
    return width, groups, max(1, most // (width * groups.shape[1]))


def sums(plan: Plan, X: Side, Z: Side, symmetric: bool, itself: bool) -> tuple[Gram, Gram, Any, Any]:
    """Means of D and T (n, m) over the pooled pairs of pixels, in the units of each pair.

    Asked for, also those of D of each image of X and of Z with itself: the network is compiled once.
    """
    n, m = len(X[1]), len(Z[1])
    width, groups, many = batches(plan, m, symmetric)
    whole = all(mask.all() for mask in plan.masks) and bool(groups[..., 2].all())
    masks, Z = None if whole else (jnp.asarray(plan.masks[0]), jnp.asarray(plan.masks[1])), filled(Z, width)
    I, B = np.indices((n, len(Z[1]) // width)).reshape(2, -1)
    if symmetric:
        I, B = (v[(B + 1) * width > I] for v in (I, B))
    tasks = [I, B * width]
    if itself:
        Z = jax.tree.map(lambda z, x: jnp.concatenate([z, x], z.ndim - 1 if z.ndim == 4 else 0), Z, filled(X, width))
        own = np.arange(0, len(Z[1]), width)
        tasks = [np.r_[I, 0 * own], np.r_[B * width, own], np.r_[0 * I, 1 + 0 * own]]
    weights = jnp.asarray(plan.convolution_weights, X[0].pixels.dtype)
    one = jax.checkpoint(partial(block_sums, plan, masks, weights, jnp.asarray(groups), X, Z, width))
    values = in_batches(one, tuple(jnp.asarray(v, jnp.uint32) for v in tasks), many) / float(plan.pooled_terms)
    full = jnp.zeros((n, -(-m // width), width), values.dtype).at[I, B].set(values[: len(I)]).reshape(n, -1)[:, :m]
    if symmetric:
        full = jnp.where(np.tri(n, dtype=bool).T, full, full.T)
    own = values[len(I) :].real.ravel()
    return full.real, full.imag, own[-(-n // width) * -width :][:n], own[:m]


def sums_and_variances(plan: Plan, X: Side, Z: Side, symmetric: bool) -> tuple[Gram, Gram, Any, Any]:
    """`sums`; for dense layers K(x, x) after the readout of all images of X and Z, in their last unit, not below 0."""
    if not plan.dense_layers:
        return sums(plan, X, Z, symmetric, False)
    D, T, own_x, own_z = sums(plan, X, Z, symmetric, not (symmetric or plan.carries_deficit))
    if plan.carries_deficit:
        q = (A[0].deviations[-1, : plan.size[0], : plan.size[1]] ** 2 for A in (X, Z))
        qx, qz = (variance(plan.activation, v, plan.negative_slope).mean((0, 1)) for v in q)
        return D, T, qx, qz
    if symmetric:
        own_x = own_z = jnp.diagonal(D)
    own_x, own_z = (or_0(v < 0, -v / 2, plan.smooth > 0) for v in (own_x, own_z))
    return D, T, own_x, own_z


def pooled_angles(
    plan: Plan, D: Gram, qx: Float[Array, "n m"], qz: Float[Array, "n m"], ux: Any, uz: Any
) -> tuple[Gram, Gram, Gram]:
    """2 (x z - K), 2 (x z + K) and K after the readout, as `angles` of `_numba.dense`, in units 2^ux, 2^uz of pairs."""
    eps, x, z, both = jnp.finfo(D.dtype).eps, root(jnp, qx), root(jnp, qz), qx + qz
    K, keep = -D / 2, False
    if plan.smooth:
        keep = gentle(*(inverses(plan, plan.weight_std**2 * q, u)[1] for q, u in ((qx, ux), (qz, uz))))
    if plan.carries_deficit:
        K = (both - D) / 2
    else:
        D = or_0(both + D > ROUNDINGS * eps * both, both + D, keep)
    near = (x - z) ** 2 <= x * z
    m = jnp.where(near, rounded(D - (x - z) ** 2, x, z, keep), 2 * (x * z - K))
    m, s = (at_most(or_0(v > 0, v, keep), 4 * x * z, keep) for v in (m, 2 * (x * z + K)))
    return m, s, K


def with_dense_layers(
    plan: Plan, variances: Sequence[Any], units: Sequence[Any], D: Gram, T: Gram, ux: Any, uz: Any
) -> tuple[Gram, Gram]:
    """K and T of the last layer, from D and T after the readout in units 2^ux, 2^uz (n, m) of the pairs.

    And from the variances there of both sides, in units of the images.
    """
    (qx, qz), (ex, ez) = variances, units
    sx, sz = ux - ex[:, None], uz - ez[None, :]
    angles = pooled_angles(plan, D, ldexp(qx[:, None], -2 * sx), ldexp(qz[None, :], -2 * sz), ux, uz)
    state = [ldexp(ldexp(v, sx), sz) for v in (*angles, 2 * T)]
    return dense_block(plan, State(*state), qx, qz, ex, ez)


def sides(plan: Plan, arguments: Sequence[Argument]) -> tuple[list[Any], list[Lifts]]:
    """The images of each argument prepared, with their units; and by what they were lifted, see `units`."""
    lifts = [lift(plan, jnp, binary_exponents(images), images.dtype) for images in arguments]
    lifted = [ldexp(images, l[:, None, None, None]) for images, l in zip(arguments, lifts, strict=True)]
    units = [exponents(plan, images) for images in lifted]
    if plan.smooth and plan.bias_std == 0:
        units = of_the_others(lifted, lifts, units)
    return [(prepare(plan, *one), one[1]) for one in zip(lifted, units, strict=True)], lifts


def of_the_others(images: Sequence[Argument], lifts: Sequence[Lifts], units: Sequence[UnitsOfIt]) -> list[UnitsOfIt]:
    """Units, of black images the least of all: rounding of derivatives in a unit of 1 would be large beside the others.

    Where derivatives in that unit may underflow, for tiny images, it stays 1.
    """
    black, info = [~A.any((1, 2, 3)) for A in images], jnp.finfo(images[0].dtype)
    least = jnp.concatenate([jnp.where(b[:, None], 0, u) for b, u in zip(black, units, strict=True)]).min(0)
    underflows = jnp.concatenate(lifts).max() > -2 * info.minexp // 5
    return [jnp.where(b[:, None] & ~underflows, least, u) for b, u in zip(black, units, strict=True)]


@partial(jax.jit, static_argnums=(0, 3))
def convolutional(plan: Plan, X: Images, Z: Float[Array, "m C H W"] | None, get: str) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of images X (n, C, H, W) against Z, or against themselves if Z is None."""
    if Z is not None and len(Z) < len(X):
        return convolutional(plan, Z, X, get).T
    both, lifts = sides(plan, [X] if Z is None else [X, Z])
    x, z, lx, lz = both[0], both[-1], lifts[0], lifts[-1]
    D, T, *variances = sums_and_variances(plan, x, z, Z is None)
    ux, uz = jnp.broadcast_arrays(x[1][:, None, -1], z[1][None, :, -1])
    if not plan.homogeneous:
        ux, uz = of_a_pair(jnp, ux, uz)
    if plan.dense_layers:
        K, T = with_dense_layers(plan, variances, (x[1][:, -1], z[1][:, -1]), D, T / 2, ux, uz)
    else:
        K, T = (ldexp(ldexp(v / 2, ux), uz) for v in (-D, T))
    return in_numbers(K if get == "nngp" else K + T, -lx, -lz)

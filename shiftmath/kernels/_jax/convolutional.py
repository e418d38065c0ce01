"""The JAX engine for convolutional kernels: JAX arrays and tracers in and out; jit, vmap and grad, on CPU and GPU.

The slices of `_numba.slices`, several shifts of one pair of images at a time; a scan over the layers, so that XLA does
not compute a map once for every tap of the filter that reads it. Reverse-mode derivatives compute each pair again
instead of storing its slices.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from shiftmath.kernels._jax.dense import dense_block
from shiftmath.kernels._jax.maps import activation_map, opposite_deficit
from shiftmath.kernels.dual import root, variance
from shiftmath.kernels.plan import ROUNDINGS, Plan

ENTRIES = {"cpu": 2**16}
ENTRIES_ELSEWHERE = 2**23

Gram = Float[Array, "n m"]
Images = Float[Array, "n C H W"]
# Pixels, deviations before and weighted variances after each activation: of all images (n, ., H, W), of one (., H, W).
Triple = tuple[Float[Array, "..."], ...]
State = tuple[Float[Array, "shifts H W"], Float[Array, "shifts H W"]]
Masks = tuple[Bool[Array, "length length"], ...]
# Of D and of T.
Sums = tuple[Float[Array, "*pairs"], ...]


def box(v: Float[Array, "*batch H W"], q: tuple[int, int]) -> Float[Array, "*batch H W"]:
    """Circular box sum over the last two axes, the window of `_numba.boxes`, by doubling."""
    for axis, taps in zip((-2, -1), q, strict=True):
        window, length, offset, out = v, 1, 0, 0
        while length <= taps:
            if taps & length:
                out, offset = out + jnp.roll(window, -offset, axis), offset + length
            if 2 * length <= taps:
                window = window + jnp.roll(window, -length, axis)
            length *= 2
        v = jnp.roll(out, (taps - 1) // 2, axis)
    return v


def units(plan: Plan, images: Images) -> Float[Array, "n"]:
    """A power of two of each image's size, by which a homogeneous kernel divides it; else 1.

    So pixels of two images are comparable.
    """
    if not plan.homogeneous:
        return jnp.ones(len(images), images.dtype)
    largest = jax.lax.stop_gradient(jnp.abs(images).max((1, 2, 3)))
    return jnp.exp2(jnp.floor(jnp.log2(jnp.where(largest > 0, largest, 1))))


def prepare(plan: Plan, images: Images) -> Triple:
    """Scaled pixels (n, C, H, W), deviations before and weighted variances after each activation (n, L, H, W)."""
    inside: Any = 1
    if plan.padding == "zero":
        pads = [(0, t - h) for h, t in zip(plan.size, plan.torus, strict=True)]
        inside = jnp.pad(jnp.ones(plan.size, images.dtype), pads)[None]
        images = jnp.pad(images, [(0, 0), (0, 0), *pads])
    pixels = images * float(plan.weight_std / np.sqrt(plan.fan * images.shape[1]))
    q, deviations, after = (pixels**2).sum(1), [], []
    for _ in range(plan.depth):
        q = (box(q, plan.taps) + plan.bias_std**2) * inside
        deviations.append(root(jnp, q))
        q = variance(plan.activation, q, plan.negative_slope) * (plan.weight_std**2 / plan.fan)
        after.append(q)
    return pixels, jnp.stack(deviations, 1), jnp.stack(after, 1)


def first_layer(plan: Plan, x: Triple, z: Triple, weights: Float[Array, "7"]) -> State:
    """State after the first layer for pixels x[0] (C, 1, H, W) and shifted pixels z[0] (C, shifts, H, W)."""
    d, s = box(((x[0] - z[0]) ** 2).sum(0), plan.taps), box(((x[0] + z[0]) ** 2).sum(0), plan.taps)
    s = s + 4 * plan.bias_std**2
    return activation_map(plan, d, s, jnp.zeros_like(d), x[1][0], x[2][0], z[1][0], z[2][0], weights)


def later_layer(plan: Plan, state: State, layer: tuple[Array, ...]) -> tuple[State, None]:
    """The step of the scan: clears pairs outside under zero padding, then convolution and activation."""
    (d, t), (px, pfx, pz, pfz, before, x, fx, z, fz, weights) = state, layer
    if plan.padding == "zero":
        inside = px * pz > 0
        closed = pfx + pfz if plan.smooth else px**2 + pz**2
        d, t = jnp.where(inside, d, (before[0] + before[1]) * closed), jnp.where(inside, t, 0)
    d, t = box(d, plan.taps), box(t, plan.taps)
    return activation_map(plan, d, opposite_deficit(plan, d, x, z), t, x, fx, z, fz, weights), None


def walk(plan: Plan, weights: Float[Array, "layers 7"], x: Triple, z: Triple) -> State:
    """All layers on the slices of one pair; x: arrays (., 1, H, W), z: (., shifts, H, W)."""
    state = first_layer(plan, x, z, weights[0])
    earlier, later = slice(None, -1), slice(1, None)
    arrays = (x[1][earlier], x[2][earlier], z[1][earlier], z[2][earlier], weights[earlier])
    arrays += (x[1][later], x[2][later], z[1][later], z[2][later], weights[later])
    return jax.lax.scan(partial(later_layer, plan), state, arrays)[0]


def shifted(arrays: Triple, sy: Int[Array, "shifts"], sx: Int[Array, "shifts"]) -> Triple:
    """(., H, W) to (., shifts, H, W): out[:, s, i] = in[:, i + s] on the torus."""
    H, W = arrays[0].shape[1:]
    rows, columns = (jnp.arange(H)[None] + sy[:, None]) % H, (jnp.arange(W)[None] + sx[:, None]) % W
    index = rows[:, :, None] * W + columns[:, None, :]
    return tuple(a.reshape(len(a), -1)[:, index] for a in arrays)


def chunks(shifts: Int[np.ndarray, "shifts 3"], count: int) -> Int[np.ndarray, "groups count 3"]:
    """Shifts (S, 2) and their weights 1 in groups of count, the last filled up with weight 0."""
    groups = -(-len(shifts) // count)
    padded = np.zeros((groups * count, 3), np.int32)
    padded[: len(shifts), :2], padded[: len(shifts), 2] = shifts[:, :2], 1
    return padded.reshape(groups, count, 3)


def group_sums(
    plan: Plan,
    masks: Masks,
    weights: Float[Array, "layers 7"],
    x: Triple,
    z: Triple,
    group: Int[Array, "count 3"],
) -> Sums:
    """Sums of D and T over the pooled pairs of pixels of one pair of images and one group of shifts."""
    sy, sx, weight = group.T
    D, T = walk(plan, weights, tuple(a[:, None] for a in x), shifted(z, sy, sx))
    rows, columns = (masks[0][sy] * weight[:, None]).astype(D.dtype), masks[1][sx].astype(D.dtype)
    return tuple(jnp.einsum("shw,sh,sw->", v, rows, columns) for v in (D, T))


def pair_sums(
    plan: Plan,
    masks: Masks,
    weights: Float[Array, "layers 7"],
    groups: Int[Array, "groups count 3"],
    X: Triple,
    Z: Triple,
    pair: tuple[Int[Array, ""], ...],
) -> Sums:
    """Sums of D and T over the pooled pairs of pixels of the images X[i], Z[j], pair = (i, j)."""
    x, z = (tuple(a[index] for a in A) for A, index in zip((X, Z), pair, strict=True))
    one = partial(group_sums, plan, masks, weights, x, z)
    if len(groups) == 1:
        return one(groups[0])
    return tuple(v.sum() for v in jax.lax.map(jax.checkpoint(one), groups))


def sums(plan: Plan, X: Triple, Z: Triple, pairs: Sequence[Int[np.ndarray, "p"]]) -> Sums:
    """Means of D and T over the pooled pairs of pixels for these pairs (2, p) of images."""
    weights = jnp.asarray(plan.convolution_weights, X[0].dtype)
    shifts, pixels = plan.shifts, int(np.prod(plan.torus))
    entries = ENTRIES.get(jax.default_backend(), ENTRIES_ELSEWHERE)
    groups = chunks(shifts, min(len(shifts), max(1, entries // pixels)))
    constants = tuple(map(jnp.asarray, plan.masks)), weights, jnp.asarray(groups)
    one = jax.checkpoint(partial(pair_sums, plan, *constants, X, Z))
    results = jax.lax.map(one, tuple(map(jnp.asarray, pairs)), batch_size=max(1, entries // (pixels * groups.shape[1])))
    return tuple(v / float(plan.pooled_terms) for v in results)


def readout_variances(plan: Plan, prepared: Triple) -> Float[Array, "n"]:
    """Mean over the image of the variance after the last activation, without the weight of a following layer."""
    q = prepared[1][:, -1, : plan.size[0], : plan.size[1]] ** 2
    return variance(plan.activation, q, plan.negative_slope).mean((1, 2))


def pooled(plan: Plan, x: Triple, z: Triple, D: Gram) -> tuple[Gram, Gram, Float[Array, "n"], Float[Array, "m"]]:
    """Deficit, covariance and variances after the readout, for dense layers, from the matrix D of pooled means."""
    if plan.carries_deficit:
        qx, qz = (readout_variances(plan, a) for a in (x, z))
        return D, (qx[:, None] + qz[None, :] - D) / 2, qx, qz
    qx, qz = (-sums(plan, a, a, (np.arange(len(a[0])),) * 2)[0] / 2 for a in (x, z))
    both = qx[:, None] + qz[None, :]
    return jnp.where(both + D > ROUNDINGS * jnp.finfo(D.dtype).eps * both, both + D, 0), -D / 2, qx, qz


def matrix(
    values: Float[Array, "p"], I: Int[np.ndarray, "p"], J: Int[np.ndarray, "p"], n: int, m: int, symmetric: bool
) -> Gram:
    """The (n, m) matrix with these values at (I, J), and at (J, I) if it is symmetric."""
    full = jnp.zeros((n, m), values.dtype).at[I, J].set(values)
    return full.at[J, I].set(values) if symmetric else full


@partial(jax.jit, static_argnums=(0, 3))
def convolutional(plan: Plan, X: Images, Z: Images | None, get: str) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of images X (n, C, H, W) against Z, or against themselves if Z is None."""
    n, m = len(X), len(X if Z is None else Z)
    ux, uz = units(plan, X), units(plan, X if Z is None else Z)
    x = prepare(plan, X / ux[:, None, None, None])
    z = x if Z is None else prepare(plan, Z / uz[:, None, None, None])
    I, J = np.triu_indices(n) if Z is None else np.indices((n, m)).reshape(2, -1)
    D, T = (matrix(v, I, J, n, m, Z is None) for v in sums(plan, x, z, (I, J)))
    K, T = -D / 2, T / 2
    if plan.dense_layers:
        D, K, qx, qz = pooled(plan, x, z, D)
        K, T = dense_block(plan, D, K, T, qx, qz)
    return (K if get == "nngp" else K + T) * ux[:, None] * uz[None, :]

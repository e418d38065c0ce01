"""The JAX engine for convolutional kernels: JAX arrays and tracers in and out; jit, vmap and grad, on CPU and GPU.

The slices of `_numba.slices`, several shifts of one pair of images at a time; a scan over the layers, so that XLA does
not compute a map once for every tap of the filter that reads it. Reverse-mode derivatives compute each pair again
instead of storing its slices. In the precision of the input: 1 - rho of patches of nearly one direction and different
brightness is lost to rounding where it is below 16 eps, 2e-6 in float32.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt32

from shiftmath._shared.batches import in_batches
from shiftmath.kernels._jax.dense import dense_block, in_numbers
from shiftmath.kernels._jax.images import (
    Images,
    Prepared,
    Units,
    box,
    exponents,
    first_angles,
    in_pair_units,
    layer_fields,
    prepare,
    shifted,
)
from shiftmath.kernels._jax.maps import (
    angles,
    binary_exponents,
    homogeneous_deficit,
    ldexp,
    opposite_deficit,
    positive,
    rounded,
    smaller,
    smooth_dual,
)
from shiftmath.kernels.dual import root, variance
from shiftmath.kernels.plan import ERF, ROUNDINGS, Plan
from shiftmath.kernels.units import lift, of_a_pair

ENTRIES = {"cpu": 2**16}
ENTRIES_ELSEWHERE = 2**23

Gram = Float[Array, "n m"]
UnitsOfZ = Int[Array, "m units"]
State = tuple[Float[Array, "shifts H W"], Float[Array, "shifts H W"]]
Masks = tuple[Bool[Array, "H H"], Bool[Array, "W W"]]
# Of D and of T.
Sums = tuple[Float[Array, "*pairs"], ...]


def smooth(plan: Plan, d: Any, m: Any, s: Any, t: Any, x: Prepared, z: Prepared, weights: Float[Array, "7"]) -> State:
    """smooth_map of `_numba.smooth`: x and z have the fields of one layer, (1, H, W) and (shifts, H, W)."""
    k2, nngp, slope = smooth_dual(plan.smooth, m, s, x.u, x.a, z.u, z.a)
    keep, w = weights[0], weights[4]
    linear = 0 if plan.smooth == ERF else w / 2 * (keep * d - (1 - keep) * k2)
    return linear + keep * (x.excess + z.excess) - 2 * w * nngp, (k2 + t) * w * slope


def first_layer(plan: Plan, x: Prepared, z: Prepared, bias: Float[Array, "4"], weights: Float[Array, "7"]) -> State:
    """State after the first layer for pixels x (C, 1, H, W) and shifted pixels z (C, shifts, H, W)."""
    d, s = (box((v**2).sum(0), plan.taps) for v in (x.pixels - z.pixels, x.pixels + z.pixels))
    d, s = d + bias[0], s + bias[1]
    if plan.smooth:
        angles = first_angles(plan, x, z, bias)
        return smooth(plan, d, *angles, jnp.zeros_like(d), layer_fields(x, 0), layer_fields(z, 0), weights)
    return homogeneous_deficit(d, s, jnp.zeros_like(d), x.deviations[0], z.deviations[0], weights)


def closed(plan: Plan, state: State, x: Prepared, z: Prepared, weights: Float[Array, "7"]) -> State:
    """K = Theta = 0 after a layer where one pixel lies outside its image, see `outside` of `_numba.slices`."""
    inside, squares = x.deviations * z.deviations > 0, x.deviations**2 + z.deviations**2
    if plan.smooth:
        d = (0 if plan.smooth == ERF else weights[4] / 2) * squares + weights[0] * (x.excess + z.excess)
    else:
        d = (weights[0] + weights[1]) * squares
    return jnp.where(inside, state[0], d), jnp.where(inside, state[1], 0)


def later_layer(plan: Plan, state: State, layer: tuple[Any, ...]) -> tuple[State, None]:
    """The step of the scan: clears pairs outside under zero padding, then convolution and activation."""
    px, pz, before, x, z, bias, weights = layer
    if plan.padding == "zero":
        state = closed(plan, state, px, pz, before)
    d, t, p, q = box(state[0], plan.taps) + bias[0], box(state[1], plan.taps), x.deviations, z.deviations
    if plan.smooth:
        return smooth(plan, d, *angles(d, p, q), t, x, z, weights), None
    return homogeneous_deficit(d, opposite_deficit(plan, d, p, q), t, p, q, weights), None


def walk(plan: Plan, weights: Any, biases: Any, x: Prepared, z: Prepared) -> State:
    """All layers on the slices of one pair; x: arrays (., 1, H, W), z: (., shifts, H, W)."""
    state = first_layer(plan, x, z, biases[0], weights[0])
    earlier, later = slice(None, -1), slice(1, None)
    x, z = x._replace(pixels=None), z._replace(pixels=None)
    arrays = (
        layer_fields(x, earlier),
        layer_fields(z, earlier),
        weights[earlier],
        layer_fields(x, later),
        layer_fields(z, later),
    )
    return jax.lax.scan(partial(later_layer, plan), state, (*arrays, biases[later], weights[later]))[0]


def chunks(shifts: Int[np.ndarray, "shifts 3"], count: int) -> UInt32[np.ndarray, "groups count 3"]:
    """Shifts (S, 2) and their weights 1 in groups of count, the last filled up with weight 0."""
    groups = -(-len(shifts) // count)
    padded = np.zeros((groups * count, 3), np.uint32)  # indices that do not count from the end, which XLA would ask
    padded[: len(shifts), :2], padded[: len(shifts), 2] = shifts[:, :2], 1
    return padded.reshape(groups, count, 3)


def group_sums(
    plan: Plan, masks: Masks, network: tuple[Any, Any], x: Prepared, z: Prepared, group: UInt32[Array, "count 3"]
) -> Sums:
    """Sums of D and T over the pooled pairs of pixels of one pair of images and one group of shifts."""
    sy, sx, weight = group.T
    D, T = walk(plan, *network, jax.tree.map(lambda v: v[:, None], x), shifted(z, sy, sx))
    rows, columns = (masks[0][sy] * weight[:, None]).astype(D.dtype), masks[1][sx].astype(D.dtype)
    return tuple(jnp.einsum("shw,sh,sw->", v, rows, columns) for v in (D, T))


def pair_sums(
    plan: Plan,
    masks: Masks,
    weights: Float[Array, "layers 7"],
    groups: UInt32[Array, "groups count 3"],
    X: tuple[Prepared, Units],
    Z: tuple[Prepared, UnitsOfZ],
    pair: tuple[UInt32[Array, ""], ...],
) -> Sums:
    """Sums of D and T over the pooled pairs of pixels of the images X[i], Z[j], pair = (i, j), in the pair's units."""
    (x, ex), (z, ez) = (jax.tree.map(lambda v, i=i: v[i], A) for A, i in zip((X, Z), pair, strict=True))
    x, z, scaled_weights, biases = in_pair_units(plan, weights, x, z, ex, ez)
    one = partial(group_sums, plan, masks, (scaled_weights, biases), x, z)
    if len(groups) == 1:
        return one(groups[0])
    return tuple(v.sum() for v in jax.lax.map(jax.checkpoint(one), groups))


def sums(
    plan: Plan, X: tuple[Prepared, Units], Z: tuple[Prepared, UnitsOfZ], pairs: Sequence[Int[np.ndarray, "p"]]
) -> Sums:
    """Means of D and T over the pooled pairs of pixels for these pairs (2, p) of images, in the units of each pair."""
    weights = jnp.asarray(plan.convolution_weights, X[0].pixels.dtype)
    shifts, pixels = plan.shifts, int(np.prod(plan.torus))
    entries = ENTRIES.get(jax.default_backend(), ENTRIES_ELSEWHERE)
    groups = chunks(shifts, min(len(shifts), max(1, entries // pixels)))
    rows, columns = map(jnp.asarray, plan.masks)
    one = jax.checkpoint(partial(pair_sums, plan, (rows, columns), weights, jnp.asarray(groups), X, Z))
    indices = tuple(jnp.asarray(side, jnp.uint32) for side in pairs)
    results = in_batches(one, indices, max(1, entries // (pixels * groups.shape[1])))
    return tuple(v / float(plan.pooled_terms) for v in results)


def sums_and_variances(
    plan: Plan, X: tuple[Prepared, Units], Z: tuple[Prepared, UnitsOfZ], pairs: Sequence[Int[np.ndarray, "p"]]
) -> tuple[Sums, Float[Array, "n"], Float[Array, "m"]]:
    """`sums` of these pairs; K(x, x) after the readout of each image of X and of Z, in its last unit, not below 0."""
    if plan.carries_deficit:
        q = (A[0].deviations[:, -1, : plan.size[0], : plan.size[1]] ** 2 for A in (X, Z))
        qx, qz = (variance(plan.activation, v, plan.negative_slope).mean((1, 2)) for v in q)
        return sums(plan, X, Z, pairs), qx, qz
    # The pairs of an image with itself among the others: the network is compiled once.
    n, m, p = len(X[1]), len(Z[1]), len(pairs[0])
    both, own = jax.tree.map(lambda *v: jnp.concatenate(v), X, Z), np.arange(n + m)
    D, T = sums(plan, both, both, (np.r_[pairs[0], own], np.r_[n + pairs[1], own]))
    variances = positive(-D[p:] / 2)
    return (D[:p], T[:p]), variances[:n], variances[n:]


def pooled_angles(plan: Plan, D: Gram, qx: Float[Array, "n m"], qz: Float[Array, "n m"]) -> tuple[Gram, Gram]:
    """2 (x z - K) and 2 (x z + K) after the readout, as `angles` of `_numba.dense`, in the units of each pair."""
    eps, x, z, both = jnp.finfo(D.dtype).eps, root(jnp, qx), root(jnp, qz), qx + qz
    K = -D / 2
    if plan.carries_deficit:
        K = (both - D) / 2
    else:
        D = jnp.where(both + D > ROUNDINGS * eps * both, both + D, 0)
    near = (x - z) ** 2 <= x * z
    m = jnp.where(near, rounded(D - (x - z) ** 2, x, z), 2 * (x * z - K))
    m, s = (smaller(positive(v), 4 * x * z) for v in (m, 2 * (x * z + K)))
    return m, s


def with_dense_layers(
    plan: Plan, variances: Sequence[Any], units: Sequence[Any], D: Gram, T: Gram, ux: Any, uz: Any
) -> tuple[Gram, Gram]:
    """K and T of the last layer, from D and T after the readout in units 2^ux, 2^uz (n, m) of the pairs.

    And from the variances there of both sides, in units of the images.
    """
    (qx, qz), (ex, ez) = variances, units
    sx, sz = ux - ex[:, None], uz - ez[None, :]
    M, S = pooled_angles(plan, D, ldexp(qx[:, None], -2 * sx), ldexp(qz[None, :], -2 * sz))
    M, S, T = (ldexp(ldexp(v, sx), sz) for v in (M, S, T))
    return dense_block(plan, M, S, T, qx, qz, ex, ez)


def matrix(
    values: Float[Array, "p"], I: Int[np.ndarray, "p"], J: Int[np.ndarray, "p"], n: int, m: int, symmetric: bool
) -> Gram:
    """The (n, m) matrix with these values at (I, J), and at (J, I) if it is symmetric."""
    full = jnp.zeros((n, m), values.dtype).at[I, J].set(values)
    return full.at[J, I].set(values) if symmetric else full


def side(plan: Plan, images: Images) -> tuple[tuple[Prepared, Units], Int[Array, "n"]]:
    """Images prepared, with their units; and by what they were lifted, see `units`."""
    lifts = lift(plan, jnp, binary_exponents(images), images.dtype)
    images = ldexp(images, lifts[:, None, None, None])
    units = exponents(plan, images)
    return (prepare(plan, images, units), units), lifts


@partial(jax.jit, static_argnums=(0, 3))
def convolutional(plan: Plan, X: Images, Z: Float[Array, "m C H W"] | None, get: str) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of images X (n, C, H, W) against Z, or against themselves if Z is None."""
    (x, lx) = left = side(plan, X)
    z, lz = left if Z is None else side(plan, Z)
    n, m = len(lx), len(lz)
    I, J = np.triu_indices(n) if Z is None else np.indices((n, m)).reshape(2, -1)
    values, *variances = sums_and_variances(plan, x, z, (I, J)) if plan.dense_layers else (sums(plan, x, z, (I, J)),)
    D, T = (matrix(v, I, J, n, m, Z is None) for v in values)
    ux, uz = jnp.broadcast_arrays(x[1][:, None, -1], z[1][None, :, -1])
    if not plan.homogeneous:
        ux, uz = of_a_pair(jnp, ux, uz)
    if plan.dense_layers:
        K, T = with_dense_layers(plan, variances, (x[1][:, -1], z[1][:, -1]), D, T / 2, ux, uz)
    else:
        K, T = (ldexp(ldexp(v / 2, ux), uz) for v in (-D, T))
    return in_numbers(K if get == "nngp" else K + T, -lx, -lz)

"""The compiled CPU engine for convolutional kernels: NumPy arrays in, NumPy arrays out.

Threads share the columns of a block of the Gram matrix (and the shifts, when there are few columns). The shifts are
summed in groups, then the groups one after another: an entry has the same bits with any number of threads and, but for
dense layers after a readout without pooling, in a matrix of any size.
"""

from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from shiftmath.kernels._numba.blocks import binary_exponents, blockwise, ranges, scaled
from shiftmath.kernels._numba.boxes import box_of_each
from shiftmath.kernels._numba.dense import after, dense_block, half_inverse, inverses
from shiftmath.kernels._numba.lanes import interleaved
from shiftmath.kernels._numba.slices import shift_sums
from shiftmath.kernels._numba.threads import STEP, run_tasks
from shiftmath.kernels.dual import variance
from shiftmath.kernels.plan import ERF, ROUNDINGS, Plan
from shiftmath.kernels.units import TOGETHER, layer_exponents, lift, of_a_pair

BLOCK_BYTES = 2**22
TASK_ENTRIES = 2**17
BATCH_PIXELS = 2**10
GROUPS = 16  # of shifts, summed apart

Images = Float[np.ndarray, "n C H W"]
Triple = tuple[Float[np.ndarray, "_ N"], ...]
Gram = Float[np.ndarray, "n m"]
PerX = Float[np.ndarray, "n"]
PerZ = Float[np.ndarray, "m"]
# Exponents before each activation and after the last.
Units = Int[np.ndarray, "n layers"]
Unit = Int[np.ndarray, "layers"]


def box(v: Float[np.ndarray, "*batch H W"], taps: tuple[int, int]) -> Any:
    """Circular box sum over the last two axes, the window of `_numba.boxes`."""
    out = np.empty(v.shape)
    box_of_each(v.reshape(-1), (*v.shape[-2:], *taps), out.reshape(-1))
    return out


def prepare(plan: Plan, images: Images, units: Units) -> Triple:
    """The triples (pixels, deviations, third) of `_numba.slices` for images (n, C, H, W) in these units."""
    images, inside = scaled(images.astype(float, copy=False), -units[:, 0]), np.array(1.0)
    if plan.padding == "zero":
        pads = [(0, t - h) for h, t in zip(plan.size, plan.torus, strict=True)]
        inside = np.pad(np.ones(plan.size), pads)
        images = np.pad(images, [(0, 0), (0, 0), *pads])
    pixels = np.multiply(images.swapaxes(0, 1), plan.weight_std / np.sqrt(plan.fan * images.shape[1]), order="C")
    q = (pixels**2).sum(0)
    x, third = (np.empty((rows * plan.depth, *q.shape)) for rows in (1, 2 if plan.smooth else 1))
    for l, (unit, following) in enumerate(zip(units.T[:-1, :, None, None], units.T[1:, :, None, None], strict=True)):
        p = (box(q, plan.taps) + np.ldexp(plan.bias_std, -unit) ** 2) * inside
        w = plan.weight_std**2 / plan.fan * (np.ldexp(1.0, -2 * following) if plan.smooth == ERF else 1)
        np.sqrt(p, out=x[l])
        q, excess = after(plan, p, unit)
        q = q * w
        if plan.smooth:
            third[2 * l], third[2 * l + 1] = excess * w, inverses(plan, p, unit)[0]
    return tuple(a.reshape(len(a), -1) for a in (pixels, x, third if plan.smooth else half_inverse(x)))


def exponents(plan: Plan, images: Images, e: Int[np.ndarray, "n"]) -> Units:
    """The exponents of the units of each image, of size 2^e, in each layer and after the last, see `units`."""
    if plan.homogeneous:
        return np.repeat(e[:, None], plan.depth + 1, 1)
    squares = (scaled(images.astype(float, copy=False), -e) ** 2).mean((1, 2, 3))
    return layer_exponents(plan, np, np.ldexp, plan.weight_std**2 * squares, e, plan.depth)


def share(count: int, work: int, most: int) -> int:
    """How many of count things one task takes.

    There are at most so many tasks, and none has less than TASK_ENTRIES of the work.
    """
    return -(-count // max(1, min(most, count, work // TASK_ENTRIES)))


class Walk:
    """The walk of a plan's slices: what `shift_sums` is given, but for the images and their units."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.flags = (plan.smooth, not plan.stays_positive, plan.padding == "zero")

    def network(self, ux: Unit, uz: Unit) -> tuple:
        """`network` of `_numba.slices` for images in these units."""
        plan, x, z = self.plan, np.ldexp(1.0, -ux), np.ldexp(1.0, -uz)
        b, c = np.ldexp(plan.bias_std, -ux), np.ldexp(plan.bias_std, -uz)
        biases = np.stack([(b - c) ** 2, (b + c) ** 2, b, c], 1)
        weights = plan.convolution_weights.copy()
        if plan.smooth:
            weights[:, 1], weights[:, 2] = x[:-1], z[:-1]
        if plan.smooth == ERF:
            weights[:, 4] *= x[1:] * z[1:]
        return self.flags, (*plan.torus, *plan.taps), biases, weights, ROUNDINGS * np.finfo(float).eps

    def sums(self, X: Triple, Z: Triple, ux: Unit, uz: Unit, symmetric: bool) -> Float[np.ndarray, "2 n m"]:
        """Means of D and T over the pooled pairs of pixels for all pairs of prepared images, (2, n, m)."""
        pixels, shifts = int(np.prod(self.plan.torus)), self.plan.shifts
        n, m = X[0].shape[1] // pixels, Z[0].shape[1] // pixels
        work = n * len(shifts) * pixels * self.plan.depth
        parts = ranges(len(shifts), -(-len(shifts) // GROUPS))
        columns = [(part.start, part.stop) for part in ranges(m, share(m, m * work, 64))]
        batch = max(1, min(n, BATCH_PIXELS // pixels))
        out, network = np.zeros((len(parts), m, 2, n)), self.network(ux, uz)
        X = tuple(interleaved(part, pixels, batch) for part in X)
        groups = [(shifts[part], sums) for part, sums in zip(parts, out, strict=True)]
        bundles = [groups[some] for some in ranges(len(groups), share(len(groups), m * work, 64 // m))]
        run_tasks(self.steps, [(X, Z, part, symmetric, batch, some, network) for part in columns for some in bundles])
        return reduce(np.add, out).transpose(1, 2, 0) / self.plan.pooled_terms

    def steps(
        self, X: Triple, Z: Triple, columns: Any, symmetric: bool, batch: int, groups: list[tuple], network: Any
    ) -> Iterator[None]:
        """`shift_sums` of each group of shifts into its own sums, a few shifts after others."""
        work = X[0].shape[1] * (columns[1] - columns[0]) * self.plan.depth
        for shifts, out in groups:
            for part in ranges(len(shifts), max(1, STEP // work)):
                shift_sums(X, Z, columns, symmetric, batch, shifts[part], self.plan.masks, network, out)
                yield


def pooled(plan: Plan, D: Gram, qx: PerX, qz: PerZ) -> tuple[Gram, Gram]:
    """Deficit and covariance after the readout, from the means D of `Walk.sums` and the variances qx, qz there.

    A pooled deficit is a difference of covariances: it is known to rounding of qx + qz only, and less is 0.
    """
    both = qx[:, None] + qz
    if plan.carries_deficit:
        return D, (both - D) / 2
    return np.where(ROUNDINGS * np.finfo(float).eps * both < both + D, both + D, 0), -D / 2


def pooled_variances(walk: Walk, images: Images, units: Units, size: int) -> PerX:
    """K(x, x) after the readout for each image, in its unit after the last layer.

    Not below 0, where a mean over pairs of pixels that cancel is left by rounding.
    """
    plan = walk.plan
    if plan.carries_deficit:
        batches = (prepare(plan, images[rows], units[rows]) for rows in ranges(len(images), size))
        values = [variance(plan.activation, X[1][-1] ** 2, plan.negative_slope) for X in batches]
        inside = np.multiply.outer(*(mask[0] for mask in plan.masks)).ravel()
        return np.concatenate([v.reshape(-1, inside.size)[:, inside].mean(1) for v in values])
    triples = ((prepare(plan, images[i : i + 1], units[i : i + 1]), u) for i, u in enumerate(units))
    return np.array([max(-walk.sums(X, X, u, u, True)[0, 0, 0] / 2, 0) for X, u in triples])


def pieces(x: Units, z: Units) -> Iterator[tuple[Any, Any, Unit, Unit]]:
    """Rows and columns of a block with the units of their pairs: the whole block where its images are of like size.

    One unit for all gives each pair the bits that it has with another common one.
    """
    both = np.concatenate([x, z])
    if (np.ptp(both, axis=0) <= TOGETHER).all():
        yield slice(None), slice(None), both.max(0), both.max(0)
        return
    for u in np.unique(x, axis=0):
        for v in np.unique(z, axis=0):
            yield (x == u).all(1), (z == v).all(1), *of_a_pair(np, u, v)


class Side:
    """The images of one argument with their own units, and their variances after the readout if dense layers follow."""

    def __init__(self, walk: Walk, images: Images, size: int) -> None:
        e = binary_exponents(images)
        self.walk, self.lift = walk, lift(walk.plan, np, e, float)
        self.images = scaled(images.astype(float), self.lift) if self.lift.any() else images
        self.units = exponents(walk.plan, self.images, e + self.lift)
        self.variances = pooled_variances(walk, self.images, self.units, size) if walk.plan.dense_layers else None

    def part(self, rows: Any, unit: Unit | None) -> tuple[Triple, Units, Any]:
        """Some images prepared, their units, and their variances: in their own units or in this one."""
        own = self.units[rows]
        units = own if unit is None else np.broadcast_to(unit, own.shape)
        q = None if self.variances is None else np.ldexp(self.variances[rows], 2 * (own - units)[:, -1])
        return prepare(self.walk.plan, self.images[rows], units), units, q


def piece(walk: Walk, x: tuple, z: tuple, symmetric: bool, get: str) -> Gram:
    """The Gram matrix of two parts of the sides."""
    (X, ux, qx), (Z, uz, qz) = x, z
    D, T = walk.sums(X, Z, ux[0], uz[0], symmetric)
    K, T, ex, ez = -D / 2, T / 2, ux[:, -1], uz[:, -1]
    if walk.plan.dense_layers:
        K, T = dense_block(walk.plan, *pooled(walk.plan, D, qx, qz), T, qx, qz, ex, ez)
        return K if get == "nngp" else K + T
    return np.ldexp(K if get == "nngp" else K + T, ex[:, None] + ez)


def convolutional(plan: Plan, X: Images, Z: Images | None, get: str, show: bool = False) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of images X (n, C, H, W) against Z, or against themselves if Z is None.

    Always in float64: float32 cannot hold 1 - rho of patches of nearly one direction and different brightness.
    """
    walk, image = Walk(plan), int(np.prod(plan.torus)) * (X.shape[1] + 2 * plan.depth) * 8
    size = int(np.clip(BLOCK_BYTES // image, 4, 128))
    left = Side(walk, X, size)
    right = left if Z is None else Side(walk, Z, size)

    def entries(rows: slice, columns: slice, diagonal: bool) -> Gram:
        if plan.homogeneous:
            x = left.part(rows, None)
            return piece(walk, x, x if diagonal else right.part(columns, None), diagonal, get)
        result = np.empty((rows.stop - rows.start, columns.stop - columns.start))
        for I, J, ux, uz in pieces(left.units[rows], right.units[columns]):
            whole = diagonal and np.array_equal(I, J)
            x = left.part(np.arange(rows.start, rows.stop)[I], ux)
            z = x if whole else right.part(np.arange(columns.start, columns.stop)[J], uz)
            result[np.ix_(np.arange(len(result))[I], np.arange(result.shape[1])[J])] = piece(walk, x, z, whole, get)
        return result

    def lowered(rows: slice, columns: slice, diagonal: bool) -> Gram:
        with np.errstate(over="ignore"):
            values, lifts = entries(rows, columns, diagonal), left.lift[rows, None] + right.lift[columns]
            return (np.ldexp(values, -lifts) if lifts.any() else values).astype(X.dtype, copy=False)

    return blockwise(lowered, len(X), len(right.images), size, Z is None, X.dtype, show)

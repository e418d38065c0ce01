"""The compiled CPU engine for convolutional kernels: NumPy arrays in, NumPy arrays out.

Threads share the columns of a block of the Gram matrix (and the shifts, when there are few columns). The split depends
on the shapes alone, so a result does not depend on the number of threads.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.blocks import binary_exponents, blockwise, ranges, scaled
from shiftmath.kernels._numba.dense import dense_block
from shiftmath.kernels._numba.slices import shift_sums
from shiftmath.kernels._numba.threads import STEP, run_tasks
from shiftmath.kernels.dual import variance
from shiftmath.kernels.plan import ROUNDINGS, Plan

BLOCK_BYTES = 2**22
TASK_ENTRIES = 2**17
BATCH_PIXELS = 2**10

Images = Float[np.ndarray, "n C H W"]
Triple = tuple[Float[np.ndarray, "_ N"], ...]
Gram = Float[np.ndarray, "n m"]


def box(v: Float[np.ndarray, "*batch H W"], taps: tuple[int, int]) -> Any:
    """Circular box sum over the last two axes, the window of `_numba.boxes`."""
    for axis, q in zip((-2, -1), taps, strict=False):
        low = (q - 1) // 2
        v = sum(np.roll(v, low - a, axis) for a in range(q)) if q > 1 else v
    return v


def inverse(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """1 / (2 x), and 0 where x is 0 or so small that this overflows."""
    with np.errstate(divide="ignore", over="ignore"):
        half = 1 / (2 * x)
    return np.where(np.isfinite(half), half, 0).astype(x.dtype)


def prepare(plan: Plan, images: Images) -> Triple:
    """The triples (pixels, deviations, inverses or variances) of `_numba.slices` for images (n, C, H, W)."""
    inside: Any = 1
    if plan.padding == "zero":
        pads = [(0, t - h) for h, t in zip(plan.size, plan.torus, strict=True)]
        inside = np.pad(np.ones(plan.size, images.dtype), pads)
        images = np.pad(images, [(0, 0), (0, 0), *pads])
    pixels = images * images.dtype.type(plan.weight_std / np.sqrt(plan.fan * images.shape[1]))
    q, deviations, after = (pixels**2).sum(1), [], []
    for _ in range(plan.depth):
        q = (box(q, plan.taps) + images.dtype.type(plan.bias_std**2)) * inside
        deviations.append(np.sqrt(q))
        q = (variance(plan.activation, q, plan.negative_slope) * (plan.weight_std**2 / plan.fan)).astype(q.dtype)
        after.append(q)
    third = np.stack(after, 1) if plan.smooth else inverse(np.stack(deviations, 1))
    triple = pixels, np.stack(deviations, 1), third
    return tuple(np.ascontiguousarray(np.moveaxis(a, 1, 0)).reshape(a.shape[1], -1) for a in triple)


def share(count: int, work: int, most: int) -> int:
    """How many of count things one task takes.

    There are at most so many tasks, and none has less than TASK_ENTRIES of the work.
    """
    return -(-count // max(1, min(most, count, work // TASK_ENTRIES)))


class Walk:
    """The walk of a plan's slices in one precision: what `shift_sums` is given, but for the images."""

    def __init__(self, plan: Plan, dtype: np.dtype) -> None:
        self.plan, self.dtype = plan, dtype
        masked = not all(mask[mask.any(1)].all() for mask in plan.masks)
        flags = (plan.smooth, not plan.stays_positive, plan.padding == "zero", masked)
        bias, tolerance = dtype.type(plan.bias_std**2), dtype.type(ROUNDINGS * np.finfo(dtype).eps)
        weights = plan.convolution_weights.astype(dtype)
        self.numbers = (flags, (*plan.torus, *plan.taps), bias, weights, tolerance)

    def prepare(self, images: Images) -> Triple:
        """The triples of `_numba.slices`, each image divided by a power of two if the kernel is homogeneous.

        The difference of a large and a small pixel would keep little of the small one.
        """
        if self.plan.homogeneous:
            images = scaled(images, -binary_exponents(images))
        return prepare(self.plan, images.astype(self.dtype, copy=False))

    def sums(self, X: Triple, Z: Triple, symmetric: bool) -> Float[np.ndarray, "2 n m"]:
        """Means of D and T over the pooled pairs of pixels for all pairs of prepared images: (2, n, m) in float64."""
        pixels, shifts = int(np.prod(self.plan.torus)), self.plan.shifts
        n, m = X[0].shape[1] // pixels, Z[0].shape[1] // pixels
        work = n * len(shifts) * pixels * self.plan.depth
        groups = [shifts[part] for part in ranges(len(shifts), share(len(shifts), m * work, 64 // m))]
        columns = [(part.start, part.stop) for part in ranges(m, share(m, m * work, 64))]
        batch = max(1, min(n, BATCH_PIXELS // pixels))
        out = np.zeros((len(groups), m, 2, n))
        run_tasks(self.steps, [(X, Z, part, symmetric, batch, shifts, out[g])
                               for part in columns for g, shifts in enumerate(groups)])  # fmt: skip
        return out.sum(0).transpose(1, 2, 0) / self.plan.pooled_terms

    def steps(self, X: Triple, Z: Triple, columns: Any, symmetric: bool, batch: int, shifts: Any, out: Any) -> Any:
        """`shift_sums`, a few shifts after others: the same terms in the same order."""
        work = X[0].shape[1] * (columns[1] - columns[0]) * self.plan.depth
        for part in ranges(len(shifts), max(1, STEP // work)):
            shift_sums(X, Z, columns, symmetric, batch, shifts[part], self.plan.masks, *self.numbers, out)
            yield


def pooled(walk: Walk, X: Triple, Z: Triple, symmetric: bool, qx: Any, qz: Any) -> tuple[Any, Gram, Gram]:
    """Deficit, covariance and tangent kernel after the readout, each (n, m).

    qx (n,) and qz (m,) are the variances there, or None; then so is the deficit.
    """
    D, T = walk.sums(X, Z, symmetric)
    if walk.plan.carries_deficit:
        return D, (qx[:, None] + qz - D) / 2, T / 2
    K = -D / 2
    if qx is None:
        return None, K, T / 2
    D = qx[:, None] + qz - 2 * K
    return np.where(ROUNDINGS * np.finfo(walk.dtype).eps * (qx[:, None] + qz) < D, D, 0), K, T / 2


def pooled_variances(walk: Walk, images: Images, size: int) -> Any:
    """K(x, x) after the readout for each image, (n,), or None if no dense layer needs it."""
    plan = walk.plan
    if not plan.dense_layers:
        return None
    if plan.carries_deficit:
        batches = (walk.prepare(images[rows]) for rows in ranges(len(images), size))
        values = [variance(plan.activation, X[1][-1].astype(float) ** 2, plan.negative_slope) for X in batches]
        inside = np.multiply.outer(*(mask[0] for mask in plan.masks)).ravel()
        return np.concatenate([v.reshape(-1, inside.size)[:, inside].mean(1) for v in values])
    triples = (walk.prepare(images[i : i + 1]) for i in range(len(images)))
    return np.array([-walk.sums(X, X, True)[0, 0, 0] / 2 for X in triples])


def convolutional(plan: Plan, X: Images, Z: Images | None, get: str, show: bool = False) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of images X (n, C, H, W) against Z, or against themselves if Z is None."""
    # float32 reaches 1e-6 where covariances are sums of non-negative terms, not in a difference, nor in the deficit
    # after pooling.
    working = np.dtype(X.dtype if plan.stays_positive and not plan.dense_layers else np.float64)
    walk, symmetric, Y = Walk(plan, working), Z is None, X if Z is None else Z
    ex, ez = (binary_exponents(A) if plan.homogeneous else np.zeros(len(A), np.int64) for A in (X, Y))
    image = int(np.prod(plan.torus)) * (X.shape[1] + 2 * plan.depth) * working.itemsize
    size = int(np.clip(BLOCK_BYTES // image, 4, 128))
    qx = pooled_variances(walk, X, size)
    qz = qx if symmetric else pooled_variances(walk, Y, size)

    def entries(rows: slice, columns: slice, diagonal: bool) -> Gram:
        x = walk.prepare(X[rows])
        z = x if diagonal else walk.prepare(Y[columns])
        qs = (None, None) if qx is None else (qx[rows], qz[columns])
        D, K, T = pooled(walk, x, z, diagonal, *qs)
        if plan.dense_layers:
            K, T = dense_block(plan, D, K, T, *qs)
        return np.ldexp(K if get == "nngp" else K + T, ex[rows, None] + ez[columns])

    return blockwise(entries, len(X), len(Y), size, symmetric, X.dtype, show)

"""The compiled CPU engine for convolutional kernels: NumPy arrays in, NumPy arrays out.

Threads share the columns of a block of the Gram matrix (and the shifts, when there are few columns). The split depends
on the shapes alone, so a result does not depend on the number of threads.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath.kernels import plan as layers
from shiftmath.kernels._numba.blocks import binary_exponents, blockwise, ranges, scaled
from shiftmath.kernels._numba.dense import dense_block
from shiftmath.kernels._numba.slices import shift_sums
from shiftmath.kernels._numba.threads import run_tasks
from shiftmath.kernels.convolutional import Convolutional
from shiftmath.kernels.dual import variance

BLOCK_BYTES = 2**22
TASK_ENTRIES = 2**17
BATCH_PIXELS = 2**10
ROUNDINGS = 16

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


def prepare(kernel: Convolutional, taps: tuple[int, int], images: Images) -> Triple:
    """The triples (pixels, deviations, inverses or variances) of `_numba.slices` for images (n, C, H, W)."""
    inside, bias = 1, kernel.bias_std**2
    if kernel.padding == "zero":
        pads = [
            (0, t - h) for h, t in zip(images.shape[2:], layers.torus(images.shape[2:], taps, "zero"), strict=False)
        ]
        inside = np.pad(np.ones(images.shape[2:], images.dtype), pads)
        images = np.pad(images, [(0, 0), (0, 0), *pads])
    fan = taps[0] * taps[1]
    pixels = images * images.dtype.type(kernel.weight_std / np.sqrt(fan * images.shape[1]))
    q, deviations, after = (pixels**2).sum(1), [], []
    for _ in range(kernel.depth):
        q = (box(q, taps) + images.dtype.type(bias)) * inside
        deviations.append(np.sqrt(q))
        q = (variance(kernel.activation, q, kernel.negative_slope) * (kernel.weight_std**2 / fan)).astype(q.dtype)
        after.append(q)
    deviations = np.stack(deviations, 1)
    third = np.stack(after, 1) if kernel.activation in layers.KINDS else inverse(deviations)
    return tuple(
        np.ascontiguousarray(np.moveaxis(a, 1, 0)).reshape(a.shape[1], -1) for a in (pixels, deviations, third)
    )


@lru_cache(maxsize=32)
def plan_for(
    kernel: Convolutional, taps: tuple[int, int], block: tuple[int, int], size: tuple[int, ...], dtype: np.dtype
) -> "Plan":
    """The Plan of these arguments, kept for the next call."""
    return Plan(kernel, taps, block, size, dtype)


class Plan:
    """What the pixels do not decide.

    Torus, shifts, masks and layer weights of a kernel on images of this size and dtype.
    """

    def __init__(
        self,
        kernel: Convolutional,
        taps: tuple[int, int],
        block: tuple[int, int],
        size: tuple[int, ...],
        dtype: np.dtype,
    ) -> None:
        self.kernel, self.taps, self.dtype = kernel, taps, dtype
        self.torus = layers.torus(size, self.taps, kernel.padding)
        self.masks = tuple(layers.pooled_pairs(*axis) for axis in zip(size, self.torus, block, strict=False))
        self.shifts = layers.pooled_shifts(self.masks)
        self.terms = np.prod(size) * np.prod(block)
        # Without pooling the deficit is linear in the readout too; smooth activations do not need its accuracy.
        self.deficit = kernel.dense_layers > 0 and block == (1, 1) and kernel.activation not in layers.KINDS
        last = "deficit" if self.deficit else "covariance"
        self.weights = layers.layer_weights(kernel, kernel.depth, taps[0] * taps[1], last).astype(dtype)
        signed, clamp = not layers.stays_positive(kernel), kernel.padding == "zero"
        masked = not all(mask[mask.any(1)].all() for mask in self.masks)
        self.flags = (layers.KINDS.get(kernel.activation, 0), signed, clamp, masked)

    def prepare(self, images: Images) -> Triple:
        """The triples of `_numba.slices`, each image divided by a power of two if the kernel is homogeneous.

        The difference of a large and a small pixel would keep little of the small one.
        """
        if layers.is_homogeneous(self.kernel):
            images = scaled(images, -binary_exponents(images))
        return prepare(self.kernel, self.taps, images.astype(self.dtype, copy=False))

    @staticmethod
    def share(count: int, work: int, most: int) -> int:
        """How many of count things one task takes.

        There are at most so many tasks, and none has less than TASK_ENTRIES of the work.
        """
        return -(-count // max(1, min(most, count, work // TASK_ENTRIES)))

    def sums(self, X: Triple, Z: Triple, symmetric: bool) -> Float[np.ndarray, "2 n m"]:
        """Means of D and T over the pooled pairs of pixels for all pairs of prepared images: (2, n, m) in float64."""
        pixels = np.prod(self.torus)
        n, m = X[0].shape[1] // pixels, Z[0].shape[1] // pixels
        work = n * len(self.shifts) * pixels * self.kernel.depth
        groups = [
            self.shifts[part] for part in ranges(len(self.shifts), self.share(len(self.shifts), m * work, 64 // m))
        ]
        columns = [(part.start, part.stop) for part in ranges(m, self.share(m, m * work, 64))]
        batch = max(1, min(n, BATCH_PIXELS // pixels))
        out = np.zeros((len(groups), m, 2, n))
        bias, tolerance = (
            self.dtype.type(self.kernel.bias_std**2),
            self.dtype.type(ROUNDINGS * np.finfo(self.dtype).eps),
        )
        fixed = (self.flags, (*self.torus, *self.taps), bias, self.weights, tolerance)
        run_tasks(shift_sums, [(X, Z, part, symmetric, batch, shifts, self.masks, *fixed, out[g])
                               for part in columns for g, shifts in enumerate(groups)])  # fmt: skip
        return out.sum(0).transpose(1, 2, 0) / self.terms


def pooled(plan: Plan, X: Triple, Z: Triple, symmetric: bool, qx: Any, qz: Any) -> tuple[Any, Gram, Gram]:
    """Deficit, covariance and tangent kernel after the readout, each (n, m).

    qx (n,) and qz (m,) are the variances there, or None; then so is the deficit.
    """
    D, T = plan.sums(X, Z, symmetric)
    if plan.deficit:
        return D, (qx[:, None] + qz - D) / 2, T / 2
    K = -D / 2
    if qx is None:
        return None, K, T / 2
    D = qx[:, None] + qz - 2 * K
    return np.where(ROUNDINGS * np.finfo(plan.dtype).eps * (qx[:, None] + qz) < D, D, 0), K, T / 2


def pooled_variances(plan: Plan, images: Images, size: int) -> Any:
    """K(x, x) after the readout for each image, (n,), or None if no dense layer needs it."""
    if not plan.kernel.dense_layers:
        return None
    if plan.deficit:
        batches = (plan.prepare(images[rows]) for rows in ranges(len(images), size))
        values = [
            variance(plan.kernel.activation, X[1][-1].astype(float) ** 2, plan.kernel.negative_slope) for X in batches
        ]
        inside = np.multiply.outer(*(mask[0] for mask in plan.masks)).ravel()
        return np.concatenate([v.reshape(-1, inside.size)[:, inside].mean(1) for v in values])
    triples = (plan.prepare(images[i : i + 1]) for i in range(len(images)))
    return np.array([-plan.sums(X, X, True)[0, 0, 0] / 2 for X in triples])


def convolutional(
    kernel: Convolutional, taps: tuple[int, int], block: tuple[int, int], X: Images, Z: Images | None, get: str
) -> Gram:
    """The Gram matrix, "ntk" or "nngp", of images X (n, C, H, W) against Z, or against themselves if Z is None."""
    # float32 reaches 1e-6 where covariances are sums of non-negative terms, not in a difference, nor in the deficit
    # after pooling.
    working = X.dtype if layers.stays_positive(kernel) and not kernel.dense_layers else np.float64
    plan, symmetric = plan_for(kernel, taps, block, X.shape[2:], np.dtype(working)), Z is None
    Y = X if Z is None else Z
    ex, ez = (binary_exponents(A) if layers.is_homogeneous(kernel) else np.zeros(len(A), np.int64) for A in (X, Y))
    image = np.prod(plan.torus) * (X.shape[1] + 2 * kernel.depth) * plan.dtype.itemsize
    size = int(np.clip(BLOCK_BYTES // image, 4, 128))
    qx = pooled_variances(plan, X, size)
    qz = qx if symmetric else pooled_variances(plan, Y, size)

    def entries(rows: slice, columns: slice, diagonal: bool) -> Gram:
        x = plan.prepare(X[rows])
        z = x if diagonal else plan.prepare(Y[columns])
        qs = (None, None) if qx is None else (qx[rows], qz[columns])
        D, K, T = pooled(plan, x, z, diagonal, *qs)
        if kernel.dense_layers:
            K, T = dense_block(kernel, D, K, T, *qs)
        return np.ldexp(K if get == "nngp" else K + T, ex[rows, None] + ez[columns])

    return blockwise(entries, len(X), len(Y), size, symmetric, X.dtype)

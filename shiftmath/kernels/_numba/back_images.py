r"""Compiled gradients of $f(x) = \sum_j w_j k(x, z_j)$ for convolutional kernels with a homogeneous activation.

Reverse mode: each slice is walked to the end and back at once (`back_slices`), which gives the derivatives by the
pixels of x that are in its differences from z, and by the deviations of x in each layer. The latter are summed over all
slices and samples, and taken back through the layers of x alone, once. Before dense layers a first walk finds where
they are; what these give back (`back_rows`) is what the slices start from.

Threads share the samples and the shifts, and the split depends on the shapes alone. The state of a slice in each layer
is kept until the way back, some slices a thread; what a map needs beside it is computed again. Memory beyond that is
that of some hundred prepared images, and of a gradient for each task.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from shiftmath.kernels._numba.back_readout import through_dense_layers
from shiftmath.kernels._numba.back_slices import slices_back
from shiftmath.kernels._numba.blocks import binary_exponents, ranges, scaled, scaled_weights, seen
from shiftmath.kernels._numba.convolutional import BATCH_PIXELS, exponents, share
from shiftmath.kernels._numba.dense import half_inverse
from shiftmath.kernels._numba.doubled import deviations
from shiftmath.kernels._numba.lanes import interleaved
from shiftmath.kernels._numba.threads import STEP, run_tasks
from shiftmath.kernels.dual import variance
from shiftmath.kernels.plan import ROUNDINGS, Plan
from shiftmath.kernels.units import TOGETHER

POINTS, SAMPLES = 32, 512  # that are walked together
TASKS = 16

Images = Float[np.ndarray, "n C H W"]
Samples = Float[np.ndarray, "m C H W"]
Table = Float[np.ndarray, "rows N"]
Exponents = Int[np.ndarray, "n"]
Gram = Float[np.ndarray, "n m"]
Sums = Float[np.ndarray, "m 2 n"]


def units(plan: Plan, images: Images) -> Exponents:
    """The exponent of the unit of each image, one for all layers."""
    e = binary_exponents(images)
    return e if plan.homogeneous else exponents(plan, images, e)[:, 0]


def table(plan: Plan, images: Images, unit: Exponents) -> Table:
    """Images in these units as `back_slices` has them."""
    n, C, (H, W), L = len(images), images.shape[1], plan.torus, plan.depth
    whole = np.zeros((C + 1 + 3 * L, n, H, W))
    whole[:C, :, : plan.size[0], : plan.size[1]] = scaled(images, -unit).swapaxes(0, 1)
    whole[C, :, : plan.size[0], : plan.size[1]] = 1
    flat, bias = whole.reshape(len(whole), -1), np.repeat(np.ldexp(plan.bias_std, -unit) ** 2, H * W)
    X, rest = flat[C + 1 : C + 1 + L], flat[C + 1 + L : C + 1 + 2 * L]
    deviations(flat[:C], flat[C], bias, (H, W, *plan.taps), variance_factors(plan, C), X, rest)
    flat[C + 1 + 2 * L :] = half_inverse(X)
    return flat


def variance_factors(plan: Plan, channels: int) -> Float[np.ndarray, "layers"]:
    """What the box sums of squares of pixels, and of variances after each activation, are multiplied by."""
    w = plan.weight_std**2 / plan.fan
    return np.r_[w / channels, np.full(plan.depth - 1, w * variance(plan.activation, 1.0, plan.negative_slope))]


def transposed_box(plan: Plan, v: Float[np.ndarray, "*batch H W"]) -> Any:
    """The transpose of the circular box sum over the last two axes."""
    for axis, q in zip((-2, -1), plan.taps, strict=True):
        v = sum(np.roll(v, a - (q - 1) // 2, axis) for a in range(q))
    return v


class Walk:
    """Points x of one unit against samples z, each in a unit of its own: sums over slices, and back."""

    def __init__(self, plan: Plan, X: Images, Z: Samples, unit: int, units: Int[np.ndarray, "m"]) -> None:
        self.plan, self.channels, self.factors = plan, X.shape[1], variance_factors(plan, X.shape[1])
        self.X, self.Z = table(plan, X, np.full(len(X), unit)), table(plan, Z, units)
        self.b, self.c = np.ldexp(plan.bias_std, -unit), np.ldexp(plan.bias_std, -units)
        self.biases = np.stack([(self.b - self.c) ** 2, (self.b + self.c) ** 2], 1)
        flags, shape = (0, not plan.stays_positive, plan.padding == "zero"), (*plan.torus, *plan.taps)
        numbers = (self.factors[0], ROUNDINGS * np.finfo(float).eps)
        self.network = flags, (X.shape[1], plan.depth), shape, numbers, plan.convolution_weights

    def layers(self, images: Table) -> Float[np.ndarray, "n layers H W"]:
        """The deviations of a table."""
        first = self.channels + 1
        return images[first : first + self.plan.depth].reshape(self.plan.depth, -1, *self.plan.torus).swapaxes(0, 1)

    def last_gaps(self, i: int) -> Float[np.ndarray, "m H W"]:
        """The differences of the last deviations of X[i] and of each z."""
        high, low = (self.channels + 1 + (k + 1) * self.plan.depth - 1 for k in (0, 1))
        x, z = (A[[high, low]].reshape(2, -1, *self.plan.torus) for A in (self.X, self.Z))
        return (x[0, i] - z[0]) + (x[1, i] - z[1])

    def sums(
        self, A: Table, B: Float[np.ndarray, "rows M"], biases: Any, seeds: Sums | None, own: bool = False
    ) -> tuple[Any, Any, Any]:
        """Means of D and T over the pooled pairs of pixels, (2, n, m); derivatives of their products with the seeds.

        By the deviations (layers, n pixels) and the pixels (channels, n pixels) of A, as if these were independent.
        """
        plan, shifts, pixels = self.plan, self.plan.shifts, int(np.prod(self.plan.torus))
        n, m = A.shape[1] // pixels, B.shape[1] // pixels
        work = (1 if own else n) * len(shifts) * pixels * plan.depth
        groups = [shifts[part] for part in ranges(len(shifts), share(len(shifts), m * work, TASKS // m))]
        columns = [(part.start, part.stop) for part in ranges(m, share(m, m * work, TASKS))]
        given = np.zeros((m, 2, 0)) if seeds is None else seeds / plan.pooled_terms
        sums, parts = np.zeros((len(groups), m, 2, n)), [(part, g) for part in columns for g in range(len(groups))]
        batch = 1 if own else max(1, min(n, BATCH_PIXELS // pixels))
        A = interleaved(A, pixels, batch)
        by_x, by_pixels = (np.zeros((len(parts), rows, A.shape[1])) for rows in (plan.depth, self.channels))
        run_tasks(self.steps, [(A, B, part, own, batch, groups[g], biases, given, sums[g], by_x[k], by_pixels[k])
                               for k, (part, g) in enumerate(parts)])  # fmt: skip
        by = (interleaved(part.sum(0), pixels, batch, back=True) for part in (by_x, by_pixels))
        return sums.sum(0).transpose(1, 2, 0) / plan.pooled_terms, *by

    def steps(
        self,
        A: Table,
        B: Float[np.ndarray, "rows M"],
        columns: Any,
        own: bool,
        batch: int,
        shifts: Any,
        biases: Any,
        seeds: Sums,
        *out: Any,
    ) -> Iterator[None]:
        """`slices_back`, a few shifts after others."""
        pixels = int(np.prod(self.plan.torus))
        n = 1 if own else A.shape[1] // pixels
        work = 4 * (columns[1] - columns[0]) * n * pixels
        for part in ranges(len(shifts), max(1, STEP // (work * self.plan.depth))):
            slices_back(A, B, columns, own, batch, shifts[part], self.plan.masks, biases, self.network, seeds, *out)
            yield

    def pairs(self, seeds: Sums | None) -> tuple[Any, Any, Any]:
        """`sums` of all x and z."""
        return self.sums(self.X, self.Z, self.biases, seeds)

    def own(self, images: Table, bias: Any, seeds: Sums | None) -> tuple[Any, Any, Any]:
        """`sums` of each image with itself: D on the diagonal, and derivatives by its first argument."""
        count = images.shape[1] // int(np.prod(self.plan.torus))
        biases = np.stack(np.broadcast_arrays(np.zeros(count), (2 * bias) ** 2), 1)
        sums, by_x, by_pixels = self.sums(images, images, biases, seeds, own=True)
        return sums[0].diagonal(), by_x, by_pixels

    def to_pixels(self, by_x: Any, by_pixels: Any) -> Images:
        """Derivatives by the pixels of X: those by the deviations are taken back through the layers of X alone."""
        x = self.layers(self.X).swapaxes(0, 1).reshape(by_x.shape)
        return self.from_variances(by_x * half_inverse(x), np.ones((len(by_x), 1)), by_pixels)

    def from_variances(self, by_p: Any, slopes: Any, by_pixels: Any) -> Images:
        """Derivatives by the pixels of X, from those by variances (layers, N), and what each layer multiplies these by.

        The slopes of the last are not asked.
        """
        plan, inside, carried = self.plan, self.X[self.channels].reshape(-1, *self.plan.torus), np.zeros(1)
        for l in reversed(range(plan.depth)):
            whole = by_p[l] + slopes[l] * carried.ravel()
            carried = self.factors[l] * transposed_box(plan, whole.reshape(inside.shape) * inside)
        by_pixels = by_pixels.reshape(self.channels, -1, *plan.torus)
        pixels = self.X[: self.channels].reshape(by_pixels.shape)
        whole = by_pixels + 2 * pixels * carried
        return whole[:, :, : plan.size[0], : plan.size[1]].swapaxes(0, 1)


def of_a_group(
    plan: Plan, X: Images, Z: Samples, unit: int, units: Int[np.ndarray, "m"], weights: Float[np.ndarray, "m"]
) -> tuple[Float[np.ndarray, "n"], Images]:
    """Values and gradients at points of one unit, in these units."""
    walk = Walk(plan, X, Z, unit, units)
    if plan.dense_layers:
        values, *by = through_dense_layers(walk, weights)
    else:
        half = np.broadcast_to(weights[:, None] / 2, (len(Z), len(X)))
        (D, T), *by = walk.pairs(np.stack([-half, half], 1))
        values = (T - D) / 2
    return values @ weights, walk.to_pixels(*by)


def convolutional_gradient(
    plan: Plan, X: Images, Z: Samples, weights: Float[np.ndarray, "m"]
) -> tuple[Float[np.ndarray, "n"], Images]:
    """Values and gradients of f at points X (n, C, H, W) for samples Z (m, C, H, W), in float64."""
    X, Z = X.astype(float, copy=False), Z.astype(float, copy=False)
    if plan.homogeneous:
        Z, weights = seen(Z, weights)
    values, gradients = np.zeros(len(X)), np.zeros(X.shape)
    if not len(Z):
        return values, gradients
    ex, ez = units(plan, X), units(plan, Z)
    for u in np.unique(ex).tolist():
        own = np.where(abs(ez - u) <= TOGETHER, u, ez)
        few, top = scaled_weights(weights, own)
        members = np.flatnonzero(ex == u)
        for part, z in ((part, z) for part in ranges(len(members), POINTS) for z in ranges(len(Z), SAMPLES)):
            some = members[part]
            f, g = of_a_group(plan, X[some], Z[z], u, own[z], few[z])
            values[some] += np.ldexp(f, u + top)
            gradients[some] += np.ldexp(g, top)
    return values, gradients

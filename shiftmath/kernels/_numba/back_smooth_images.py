"""Compiled gradients as in `back_images`, for convolutional kernels with erf or gelu, see `back_smooth_rows`."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.back_images import POINTS, SAMPLES, Images, Samples, Table, Walk
from shiftmath.kernels._numba.back_smooth_rows import (
    accurate,
    after,
    before,
    dense_back,
    dense_variances,
    in_parts,
    slopes,
)
from shiftmath.kernels.plan import Plan

PerX = Float[np.ndarray, "n"]
PerZ = Float[np.ndarray, "m"]


def filtered(plan: Plan, v: Float[np.ndarray, "n H W"]) -> Float[np.ndarray, "n H W"]:
    """The circular box sum over the last two axes."""
    for axis, q in zip((-2, -1), plan.taps, strict=True):
        v = np.sum([np.roll(v, (q - 1) // 2 - a, axis) for a in range(q)], axis=0)
    return v


def factors(plan: Plan, channels: int) -> Float[np.ndarray, "layers"]:
    """What the box sums of products of pixels, and of covariances after each activation, are multiplied by."""
    w = plan.weight_std**2 / plan.fan
    return np.r_[w / channels, np.full(plan.depth - 1, w)]


def table(plan: Plan, images: Images) -> Table:
    """Images as `back_smooth` has them."""
    n, C, (H, W), L = len(images), images.shape[1], plan.torus, plan.depth
    whole = np.zeros((C + 1 + 2 * L, n, H, W))
    whole[:C, :, : plan.size[0], : plan.size[1]] = images.swapaxes(0, 1)
    whole[C, :, : plan.size[0], : plan.size[1]] = 1
    q = (whole[:C] ** 2).sum(0)
    for l, factor in enumerate(factors(plan, C)):
        p = (factor * filtered(plan, q) + plan.bias_std**2) * whole[C]
        whole[C + 1 + l], whole[C + 1 + L + l] = before(plan, p), p
        q = after(plan, p)
    return whole.reshape(len(whole), -1)


class SmoothWalk(Walk):
    """`Walk` without units: its sums are those of E and of (k + tau) S, its derivatives by x those by variances."""

    def __init__(self, plan: Plan, X: Images, Z: Samples) -> None:
        self.plan, self.channels, self.factors = plan, X.shape[1], factors(plan, X.shape[1])
        self.X, self.Z = table(plan, X), table(plan, Z)
        self.biases = np.full((len(Z), 2), plan.bias_std**2)
        flags, shape = (plan.smooth, False, plan.padding == "zero"), (*plan.torus, *plan.taps)
        numbers = (self.factors[0], np.float64(plan.weight_std**2 / plan.fan))
        self.network = flags, (self.channels, plan.depth), shape, numbers, plan.convolution_weights

    def own(self, images: Table, bias: Any, seeds: Any) -> tuple[Any, Any, Any]:
        """`sums` of E of each image with itself; the biases are those of all."""
        biases = np.full((images.shape[1] // int(np.prod(self.plan.torus)), 2), self.plan.bias_std**2)
        sums, by_x, by_pixels = self.sums(images, images, biases, seeds, own=True)
        return sums[0].diagonal(), by_x, by_pixels

    def to_pixels(self, by_x: Float[np.ndarray, "layers N"], by_pixels: Float[np.ndarray, "C N"]) -> Images:
        """Derivatives by the pixels of X: those by the variances are taken back through the layers of X alone."""
        return self.from_variances(by_x, slopes(self.plan, self.X[-self.plan.depth :]), by_pixels)


def convolutional(plan: Plan, X: Images, Z: Samples, weights: PerZ) -> tuple[PerX, Images] | None:
    """Values and gradients at some points; None where they are not accurate."""
    walk, L = SmoothWalk(plan, X, Z), plan.depth
    if not all(accurate(plan, A.reshape(len(A), -1), *B[-L:]) for A, B in ((X, walk.X), (Z, walk.Z))):
        return None
    if plan.dense_layers:
        return with_dense_layers(walk, weights)
    (E, T), *by = walk.pairs(np.repeat(weights, 2 * len(X)).reshape(-1, 2, len(X)))
    return (E + T) @ weights, walk.to_pixels(*by)


def with_dense_layers(walk: SmoothWalk, weights: PerZ) -> tuple[PerX, Images] | None:
    """`convolutional`, in two walks: the first finds where the dense layers are."""
    plan, (E, T) = walk.plan, walk.pairs(None)[0]
    P, Q = (dense_variances(plan, walk.own(A, 0, None)[0]) for A in (walk.X, walk.Z))
    if not all(accurate(plan, np.zeros((1, 1)), *A[-plan.depth :], *v) for A, v in ((walk.X, P), (walk.Z, Q))):
        return None
    values, by_E, by_T, by_q = dense_back(plan, E, T, P, Q, weights)
    _, by_x, by_pixels = walk.pairs(np.stack([by_E.T, by_T.T], 1))
    seeds, n = np.zeros((len(by_q), 2, len(by_q))), np.arange(len(by_q))
    seeds[n, 0, n] = 2 * by_q  # x is on both sides
    _, more_x, more_pixels = walk.own(walk.X, 0, seeds)
    return values @ weights, walk.to_pixels(by_x + more_x, by_pixels + more_pixels)


def smooth_gradient(
    kernel: Callable[..., Any], plan: Plan, X: Images, Z: Samples, weights: PerZ
) -> tuple[PerX, Images]:
    """Values and gradients of f at points X (n, C, H, W) for samples Z (m, C, H, W); the kernel takes JAX arrays."""
    return in_parts(convolutional, kernel, plan, X, Z, weights, (POINTS, SAMPLES))

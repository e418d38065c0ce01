r"""The dense layers after a readout, and back to what the slices of `back_slices` start from.

After the readout D is the mean deficit without pooling, else -2 K; with q, r the variances K(x, x), K(z, z) there,

    without pooling   m = D - (\sqrt q - \sqrt r)^2,   s = 4 \sqrt{q r} - m;
    else              m = 2 \sqrt{q r} + D,            s = 2 \sqrt{q r} - D.

Without pooling q is a mean of variances and q - r one of differences that are known with all their digits. A pooled q
is itself the mean over pairs of pixels of one image, whose derivative is taken through these slices.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.back_rows import dense_back
from shiftmath.kernels._numba.dense import ROUNDING, half_inverse
from shiftmath.kernels.dual import variance

PerX = Float[np.ndarray, "n"]
PerZ = Float[np.ndarray, "m"]
Gram = Float[np.ndarray, "n m"]


def through_dense_layers(walk: Any, weights: PerZ) -> tuple[Gram, Any, Any]:
    """K + Theta for a `Walk` of `back_images`, (n, m); derivatives of its product with the weights.

    By the deviations and the pixels of X, as `Walk.pairs` returns them.
    """
    plan, (D, T) = walk.plan, walk.pairs(None)[0]
    back = back_without_pooling if plan.carries_deficit else back_from_pooled
    values, by_D, by_T, by_q = back(walk, D, T, weights)
    _, by_x, by_pixels = walk.pairs(np.stack([by_D.T, by_T.T], 1))
    if plan.carries_deficit:
        each = 2 * gain(plan) * by_q / np.prod(plan.size)
        by_x[-1] += (walk.layers(walk.X)[:, -1] * each[:, None, None]).ravel()
        return values, by_x, by_pixels
    n = np.arange(len(by_q))
    seeds = np.zeros((len(n), 2, len(n)))
    seeds[n, 0, n] = -by_q  # q = -D / 2, and x is on both sides
    _, more_x, more_pixels = walk.own(walk.X, walk.b, seeds)
    return values, by_x + more_x, by_pixels + more_pixels


def gain(plan: Any) -> float:
    """The factor of a variance in an activation."""
    return float(variance(plan.activation, 1.0, plan.negative_slope))


def back_without_pooling(walk: Any, D: Gram, T: Gram, weights: PerZ) -> tuple[Gram, Gram, Gram, PerX]:
    """K + Theta, and derivatives by D, T and q."""
    plan, (x, z) = walk.plan, (walk.layers(v)[:, -1] for v in (walk.X, walk.Z))
    count, a = np.prod(plan.size), gain(plan)
    F, G = (np.sqrt(a * (v**2).sum((1, 2)) / count) for v in (x, z))
    squares = np.stack([((one + z) * walk.last_gaps(i)).sum((1, 2)) for i, one in enumerate(x)])
    both = F[:, None] + G
    gap = np.divide(a / count * squares, both, out=np.zeros_like(D), where=both > 0)
    M = np.clip(D - gap**2, 0, 4 * F[:, None] * G)
    M = np.where(M > ROUNDING * D, M, 0)
    values, by_m, by_s, by_T, by_q = dense(walk, M, 4 * F[:, None] * G - M, T, gap, F, G, weights)
    by_F = (4 * G * by_s - 2 * gap * (by_m - by_s)).sum(1)
    return values, by_m - by_s, by_T, by_q + by_F * half_inverse(F)


def back_from_pooled(walk: Any, D: Gram, T: Gram, weights: PerZ) -> tuple[Gram, Gram, Gram, PerX]:
    """K + Theta, and derivatives by D, T and q."""
    q, r = (np.maximum(-walk.own(v, b, None)[0] / 2, 0) for v, b in ((walk.X, walk.b), (walk.Z, walk.c)))
    F, G = np.sqrt(q), np.sqrt(r)
    product, least = F[:, None] * G, ROUNDING * (q[:, None] + r)
    M, S = (np.where(v > least, np.minimum(v, 4 * product), 0) for v in (2 * product + D, 2 * product - D))
    values, by_m, by_s, by_T, by_q = dense(walk, M, S, T, F[:, None] - G, F, G, weights)
    by_F = 2 * ((by_m + by_s) * G).sum(1)
    return values, by_m - by_s, by_T, by_q + by_F * half_inverse(F)


def dense(walk: Any, M: Gram, S: Gram, T: Gram, gap: Gram, F: PerX, G: PerZ, weights: PerZ) -> tuple[Any, ...]:
    """`dense_back` of features after a readout: K + Theta, and derivatives by m, s, T and q."""
    std = walk.plan.weight_std
    M, S, T = (std**2 * v for v in (M, S, T))
    x, z = (std * F, np.full(len(F), walk.b)), (std * G, walk.c)
    values, by_square = dense_back(walk.plan, M, S, T, std * gap, x, z, weights)
    return values, *(std**2 * v for v in (M, S, T, by_square))

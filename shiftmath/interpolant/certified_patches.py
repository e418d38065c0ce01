r"""A certificate for one convolution: functions of patches, $f(z) = \sum_p h_p(z_p)$.

With the weights (a, b) of the activation (`kernels.dual.homogeneous_weights`) and the mean over the N pairs of pixels
that are pooled together,

$$h_p(v) = \frac{\sigma_w^2}{DN} \sum_s \alpha_s \left((2a - b) \langle v, s\rangle + b\,|v||s|\, e(\theta_s)\right),
\qquad \pi e(\theta) = \sin\theta + (\pi - 2\theta) \cos\theta.$$

About $x_p$ each is bounded from below by a tangent and a loss that grows with the distance (`patch_bounds`). No step of
the whole image is long at many patches: `budget` shares its length among them.
"""

import math

import numpy as np
from jaxtyping import Float, Int

from shiftmath.interpolant.budget import Budget, on_image
from shiftmath.interpolant.certified_curvature import Quadratic
from shiftmath.interpolant.directions import SLACK, largest, lines, with_bias
from shiftmath.interpolant.even_part import STEEPEST, least_of_even
from shiftmath.interpolant.patch_bounds import Patch
from shiftmath.interpolant.patch_curvature import Local, local
from shiftmath.kernels.dual import homogeneous_weights
from shiftmath.kernels.plan import Plan

__all__ = ["gradient_at", "patch_entries", "patch_functions", "patch_radius"]

# Shares of the distance to the tangent plane: up to which each patch has bounds, and all together.
RADII = np.concatenate([np.geomspace(0.03, 0.25, 8), np.arange(0.3, 1.01, 0.05)])
CHOSEN = (0.5, 0.15)  # at which slopes are chosen, if not at the radius known by then
SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.15)


def patch_entries(plan: Plan, channels: int) -> Int[np.ndarray, "pixels d"]:
    """For each pixel the entries of an image (height, width, channels) that its filter sees; their count is padding.

    >>> from shiftmath.kernels import Convolutional
    >>> patch_entries(Convolutional(padding="zero", spatial_axes=1).plan((4,)), 1).tolist()
    [[4, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4]]
    """
    shape, size = (*plan.size, channels), math.prod(plan.size) * channels
    around = [*(((q - 1) // 2, q // 2) for q in plan.taps), (0, 0)]
    numbers = np.arange(size).reshape(shape)
    padded = (
        np.pad(numbers, around, mode="wrap")
        if plan.padding == "circular"
        else np.pad(numbers, around, constant_values=size)
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, plan.taps, axis=(0, 1))
    return windows.reshape(math.prod(plan.size), -1)


def pools(plan: Plan) -> Int[np.ndarray, "pixels"]:
    """The number of the pooling block of each pixel.

    >>> from shiftmath.kernels import Convolutional
    >>> pools(Convolutional(readout=2, spatial_axes=1).plan((4,))).tolist()
    [0, 0, 1, 1]
    """
    rows, columns = np.indices(plan.size)
    return (rows // plan.block[0] * columns.size + columns // plan.block[1]).reshape(-1)


def patch_radius(plan: Plan, X: np.ndarray, coefficients: np.ndarray, x: np.ndarray, level: float = 0.0) -> float:
    """The certified radius about the image x (height, width, channels) of f - level with samples X: one convolution."""
    entries = patch_entries(plan, x.shape[-1])
    parts, steep = patch_functions(plan, X, coefficients, x)
    size = math.sqrt(sum(part.length**2 for part in parts))
    value = sum(part.value for part in parts) - level
    parts = [part.signed(float(np.sign(value))) for part in parts]
    margin = abs(value) - SLACK * (steep * size + abs(level))
    if margin <= 0 or not steep:
        return 0.0
    gradient = float(np.linalg.norm(gradient_at(parts, entries, x.size)))
    best = _by_size(parts, entries, x.size, margin, SLACK * steep)
    reach = margin / max(SLACK * steep, gradient)
    best = _shared_out(parts, entries, x.size, margin, SLACK * steep, best, min(reach, size))
    for R in (share * reach for share in SHARES if share * reach > best):
        bound = Together([local(part, R) for part in parts], entries, x.size, SLACK * steep)
        best = max(best, bound.radius(margin, R))
    return best


def _shared_out(
    parts: list[Patch], entries: np.ndarray, size: int, margin: float, slack: float, known: float, upper: float
) -> float:
    """The radius between the given ones by the loss of each patch, as a `Budget` shares the step among them."""
    if known >= upper:
        return known
    R, best = upper * RADII, known
    losses = [part.losses(R) for part in parts]
    for share in CHOSEN:
        budget = Budget.of(losses, R, max(best, share * upper), entries, size)
        best = max(best, budget.radius(margin, slack, best))
    return best


def _by_size(parts: list[Patch], entries: np.ndarray, size: int, margin: float, slack: float) -> float:
    """The radius of the bounds that hold at all distances, about the linear parts."""
    linear = on_image(np.stack([part.linear[: entries.shape[1]] for part in parts]), entries, size)
    bounds = [np.array([part.by_size for part in parts]).T, np.array([(0.0, part.steepest) for part in parts]).T]
    slopes = [float(np.linalg.norm(linear)) + shared(b, entries, size) + slack for _, b in bounds]
    margins = [margin - float(a.sum()) for a, _ in bounds]
    return max(
        own / slope * (1 - SLACK) if own > 0 and slope else 0.0 for own, slope in zip(margins, slopes, strict=True)
    )


def patch_functions(plan: Plan, X: np.ndarray, coefficients: np.ndarray, x: np.ndarray) -> tuple[list[Patch], float]:
    """The patches of x with their functions h, and the sum of the norms of all terms' gradients."""
    entries, pool = patch_entries(plan, x.shape[-1]), pools(plan)
    S, V = (with_bias(plan, np.insert(A.reshape(len(A), -1), x.size, 0, axis=1)[:, entries]) for A in (X, x[None]))
    pooled = [pool == own for own in pool]
    scale = plan.weight_std**2 / entries.shape[1] / np.sum(pooled)
    a, b = homogeneous_weights(plan.activation, plan.negative_slope)
    of_pool, parts, steep = {}, [], 0.0
    for v, number, others in zip(V[0], pool, pooled, strict=True):
        if number not in of_pool:
            weights = scale * np.repeat(coefficients, others.sum())
            sources = S[:, others].reshape(len(weights), -1)
            u, along, against = lines(sources, b * weights)
            terms = (2 * a - b + STEEPEST * b) * float(abs(weights) @ np.linalg.norm(sources, axis=1))
            of_pool[number] = (
                (2 * a - b) * weights @ sources,
                u,
                along + against,
                *least_of_even(u, along + against),
                terms,
            )
        *own, terms = of_pool[number]
        parts.append(Patch(v, *own))
        steep += terms
    return parts, steep


def gradient_at(parts: list[Patch], entries: np.ndarray, size: int) -> Float[np.ndarray, "pixels"]:
    """The gradient of f at the image, of this size; at a kink the symmetric subgradient."""
    return on_image(np.stack([part.gradient[: entries.shape[1]] for part in parts]), entries, size)


def shared(nu: np.ndarray, entries: np.ndarray, size: int) -> float:
    r"""The most of $\sum_p \nu_p |k_p|$ for a step of the image of length 1, $\nu_p \ge 0$.

    No pixel lies in more than q patches: the roots of $q \sum_p \nu_p^2$ and of
    $\sum_p \nu_p \cdot \max_i \sum_{p \ni i} \nu_p$, whichever is less.
    """
    q, most = (float(on_image(values, entries, size).max()) for values in (np.ones(len(nu)), nu))
    return math.sqrt(min(q * float(nu @ nu), float(nu.sum()) * most))


class Together:
    """The bounds of all patches by matrices, as one bound on f."""

    def __init__(self, bounds: list[Local], entries: np.ndarray, size: int, slack: float) -> None:
        d = entries.shape[1]
        self.slack, self.lost = slack, sum(b.lost for b in bounds)
        norms, nu = np.array([b.norm + 2 * b.tau for b in bounds]), np.array([b.nu for b in bounds])
        H, tau = np.stack([b.H[:d, :d] for b in bounds]), on_image(np.array([2 * b.tau for b in bounds]), entries, size)

        def times(y: np.ndarray) -> np.ndarray:
            own = np.append(y, 0.0)[entries]
            return on_image(np.einsum("pij,pj->pi", H, own), entries, size) - tau * y

        gradient = on_image(np.stack([b.gradient[:d] for b in bounds]), entries, size)
        self.quadratic = Quadratic(gradient, times, float(on_image(norms, entries, size).max()))
        self.kinks = shared(nu, entries, size)

    def radius(self, margin: float, R: float) -> float:
        """The largest r up to R at which the bound keeps its sign, of those that a bisection tries."""
        slope = float(np.linalg.norm(self.quadratic.G)) + self.kinks + self.slack
        margin -= self.lost
        if margin <= 0 or not slope:
            return 0.0
        if not self.quadratic.norm:
            return min(R, margin / slope * (1 - SLACK))
        return largest(lambda r: self.quadratic.fall(self.quadratic.G, r) + r * (self.kinks + self.slack) < margin, R)

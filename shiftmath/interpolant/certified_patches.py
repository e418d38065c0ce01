r"""A certificate for one convolution: functions of patches, $f(z) = \sum_p h_p(z_p)$.

With the weights (a, b) of the activation (`kernels.dual.homogeneous_weights`) and the mean over the N pairs of pixels
that are pooled together,

$$h_p(v) = \frac{\sigma_w^2}{DN} \sum_s \alpha_s \left((2a - b) \langle v, s\rangle + b\,|v||s|\, e(\theta_s)\right),
\qquad \pi e(\theta) = \sin\theta + (\pi - 2\theta) \cos\theta.$$

For any gradients $g_p$, and $\Lambda_p$ the largest distance of $\nabla h_p$ from $g_p$ within r of $x_p$,

$$|f(z)| \ge |f(x)| - r\,|g| - \sum_p \Lambda_p |z_p - x_p|
         \ge |f(x)| - r \left(|g| + \sqrt{q \textstyle\sum_p \Lambda_p^2}\right),$$

g the sum of the $g_p$ as an image, because each pixel lies in at most q patches. The certificate is the best of two
choices: $g_p$ the gradient of the linear part, or of all at $x_p$.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from shiftmath.interpolant.directions import SLACK, angles, largest, lines, with_bias
from shiftmath.kernels.dual import homogeneous_weights
from shiftmath.kernels.plan import Plan

__all__ = ["even_gradients", "even_turns", "patch_entries", "patch_functions", "patch_radius"]

STEEPEST = math.sqrt(1 + 1 / math.pi**2)  # of |v| e(theta), at theta = 0: its gradient is (e, e') = (1, -1 / pi) there
TINY = float(np.finfo(float).tiny)
KINK = 0.1  # angle below which the jump of the gradient is within reach; any value is sound

Numbers = Float[np.ndarray, "n"]
Vectors = Float[np.ndarray, "n d"]


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


@dataclass(frozen=True, eq=False)
class Patch:
    """One patch v of the image, and its function h: the linear part's gradient, and the even part over lines u."""

    v: Float[np.ndarray, "d"]
    linear: Float[np.ndarray, "d"]
    u: Float[np.ndarray, "n d"]
    weights: Numbers

    @cached_property
    def length(self) -> float:
        """The length of v."""
        return float(np.linalg.norm(self.v))

    @cached_property
    def theta(self) -> Numbers:
        """The angles of v with the lines; empty for v = 0, which has no direction."""
        return angles(self.u, self.v / self.length) if self.length else np.zeros(0)

    @property
    def value(self) -> float:
        """h(v)."""
        even = (np.sin(self.theta) + (np.pi - 2 * self.theta) * np.cos(self.theta)) / np.pi
        return float(self.linear @ self.v) + (self.length * float(self.weights @ even) if self.length else 0.0)

    def gradient(self, even: bool) -> Float[np.ndarray, "d"]:
        """The gradient of h at v by `even_gradients`; that of the linear part alone at v = 0 and unless `even`."""
        if not (even and self.length):
            return self.linear
        return self.linear + self.weights @ even_gradients(self.u, self.v / self.length)

    def deviation(self, r: float, even: bool) -> float:
        """A bound on the distance of the gradients of h within r of v from `gradient(even)`."""
        if not (even and self.length):
            return STEEPEST * float(abs(self.weights).sum())
        delta = math.asin(r / self.length) if r < self.length else math.pi
        return float(abs(self.weights) @ even_turns(self.theta, delta))


def even_gradients(u: Vectors, v: Float[np.ndarray, "d"]) -> Vectors:
    r"""The gradients at the unit vector v of $E(v) = |v| e(\theta)$ for unit vectors u.

    $\pi \nabla E = (\sin 2\theta + \pi - 2\theta)\, u - \cos 2\theta\, n$, where n is the unit vector orthogonal to u
    in the plane of u and v. It jumps at $\theta = 0$ and $\pi$; at less than `KINK` from there it is left out.
    """
    theta = angles(u, v)
    n = v - np.cos(theta)[:, None] * u
    n *= (np.minimum(theta, np.pi - theta) >= KINK)[:, None] / np.maximum(np.linalg.norm(n, axis=1), TINY)[:, None]
    return ((np.sin(2 * theta) + np.pi - 2 * theta)[:, None] * u - np.cos(2 * theta)[:, None] * n) / np.pi


def even_turns(theta: Numbers, delta: float) -> Numbers:
    r"""Bounds on how far `even_gradients` move when v turns by at most delta.

    Where theta moves with n fixed, by at most $4 \delta \sin\theta' / \pi$ with theta' the angle nearest to a right one
    within delta, the speed of the formula being $4 \sin\theta / \pi$.
    Where n turns, by the chord $2 \sin(\phi/2)$ with $\sin\phi = \sin\delta / \sin\theta$, or at most 2 when the turn
    may pass through u or -u; by 1 where n was left out. The gradients themselves are at most `STEEPEST` long.
    """
    apart = np.minimum(theta, np.pi - theta)
    phi = np.where(apart > delta, np.arcsin(np.minimum(1, math.sin(delta) / np.sin(np.maximum(apart, TINY)))), np.pi)
    chord = np.where(apart < KINK, 1.0, 2 * np.sin(phi / 2))
    speed = 4 * np.sin(np.minimum(apart + delta, np.pi / 2))
    return np.minimum(2 * STEEPEST, (delta * speed + chord) / np.pi)


def patch_radius(plan: Plan, X: np.ndarray, coefficients: np.ndarray, x: np.ndarray, level: float = 0.0) -> float:
    """The certified radius about the image x (height, width, channels) of f - level with samples X: one convolution."""
    entries = patch_entries(plan, x.shape[-1])
    parts, steep = patch_functions(plan, X, coefficients, x)
    size = math.sqrt(sum(part.length**2 for part in parts))
    value = abs(sum(part.value for part in parts) - level) - SLACK * (steep * size + abs(level))
    return max(_radius(parts, entries, x, value, SLACK * steep, even) for even in (False, True))


def patch_functions(plan: Plan, X: np.ndarray, coefficients: np.ndarray, x: np.ndarray) -> tuple[list[Patch], float]:
    """The patches of x with their functions h, and the sum of the norms of all terms' gradients."""
    entries, pool = patch_entries(plan, x.shape[-1]), pools(plan)
    S, V = (with_bias(plan, np.insert(A.reshape(len(A), -1), x.size, 0, axis=1)[:, entries]) for A in (X, x[None]))
    pooled = [pool == own for own in pool]
    scale = plan.weight_std**2 / entries.shape[1] / np.sum(pooled)
    a, b = homogeneous_weights(plan.activation, plan.negative_slope)
    parts, steep = [], 0.0
    for v, others in zip(V[0], pooled, strict=True):
        weights = scale * np.repeat(coefficients, others.sum())
        sources = S[:, others].reshape(len(weights), -1)
        u, along, against = lines(sources, b * weights)
        parts.append(Patch(v, (2 * a - b) * weights @ sources, u, along + against))
        steep += (2 * a - b + STEEPEST * b) * float(abs(weights) @ np.linalg.norm(sources, axis=1))
    return parts, steep


def _radius(parts: list[Patch], entries: np.ndarray, x: np.ndarray, value: float, slack: float, even: bool) -> float:
    """The largest r found with r (|g| + (q sum of the squared deviations)^(1/2)) below the value."""
    gradients = np.stack([part.gradient(even)[:-1] for part in parts])
    g = np.bincount(entries.reshape(-1), gradients.reshape(-1), x.size + 1)[:-1]
    slope, q = float(np.linalg.norm(g)) + slack, int(np.bincount(entries.reshape(-1), minlength=x.size + 1)[:-1].max())

    def holds(r: float) -> bool:
        deviations = math.sqrt(sum(part.deviation(r, even) ** 2 for part in parts))
        return r * (slope + math.sqrt(q) * deviations) < value

    return largest(holds, value / slope) if value > 0 and slope else 0.0

r"""One value of a kernel in ball arithmetic: a midpoint and a radius that are proved to hold the value.

The recursion of `Convolutional` and `FullyConnected` as their docstrings have it, pixel by pixel, from the exact values
of the pixels and of the deviations, in Arb: no code of the engines, and no rewriting against cancellation; digits are
cheap here. A homogeneous activation with the weights (a, b) of `dual.homogeneous_weights` has

    E[f f] = (a - b) k + b \sqrt{pq} \kappa_1(\rho),    E[f' f'] = (a - b) + b \kappa_0(\rho),    \rho = k / \sqrt{pq},

and both are 0 where a variance p or q is, outside of the image under zero padding among others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftmath.kernels.large.extras import extra
from shiftmath.kernels.plan import Plan

__all__ = ["BITS", "Enclosure", "enclosure", "pixel_pairs"]

BITS = 192  # the root near correlation 1 halves those of kappa_0, and 96 are far more than the 53 of a float

NEARLY = 2.0**-21  # the sine below which 1 - |rho| is some hundred eps

Slice = list[tuple[Any, Any]]  # K' and Theta' at the pairs of pixels (i, i + s), for each pixel i of x


@dataclass(frozen=True)
class Enclosure:
    """A ball that holds k(x, z), and the share of its pairs of pixels, in all layers, that are nearly parallel.

    Exactly parallel ones, which a shared pixel in an empty patch makes, do not count: the engines see them as such.
    """

    ball: Any
    nearly_parallel: float


def pixel_pairs(plan: Plan) -> int:
    """The pairs of pixels times layers that one value takes."""
    return sum(1 for _ in _shifts(plan)) * plan.size[0] * plan.size[1] * max(plan.depth, 1)


def enclosure(plan: Plan, x: np.ndarray, z: np.ndarray) -> Enclosure:
    """k(x, z) of images (channels, height, width), or of rows, which have no convolution."""
    flint = extra("flint", "certified")
    bits, flint.ctx.prec = flint.ctx.prec, BITS
    try:
        return _Pair(plan, flint.arb, _balls(flint.arb, x), _balls(flint.arb, z)).value()
    finally:
        flint.ctx.prec = bits


def _balls(arb: Any, x: np.ndarray) -> list[list[Any]]:
    """For each pixel its channels, exactly."""
    return [[arb(v) for v in pixel] for pixel in x.reshape(len(x), -1).T.tolist()]


def _shifts(plan: Plan) -> Iterator[tuple[int, int]]:
    """The shifts by which two pixels of one pooling block differ."""
    ranges = []
    for size, block in zip(plan.size, plan.block, strict=True):
        few = range(-block + 1, block)
        ranges.append(sorted({s % size for s in few}) if plan.padding == "circular" else list(few))
    yield from ((y, x) for y in ranges[0] for x in ranges[1])


class _Pair:
    """Two images, and the numbers of the network as balls."""

    def __init__(self, plan: Plan, arb: Any, x: Any, z: Any) -> None:
        self.plan, self.arb, self.x, self.z = plan, arb, x, z
        slope = {"relu": 0.0, "abs": -1.0, "identity": 1.0}.get(plan.activation, plan.negative_slope)
        self.a, self.b = (1 + arb(slope) ** 2) / 2, (1 - arb(slope)) ** 2 / 2
        self.w, self.bias = arb(plan.weight_std) ** 2, arb(plan.bias_std) ** 2
        self.near, self.seen = 0, 0

    def value(self) -> Enclosure:
        k, theta = self.readout(self.x, self.z)
        p, q = (self.readout(u, u)[0] if self.plan.dense_layers else None for u in (self.x, self.z))
        for _ in range(self.plan.dense_layers):
            p, q, k = (self.w * v + self.bias for v in (p, q, k))
            k, theta = self.activated(p, q, k, k + self.w * theta)
            p, q = self.a * p, self.a * q
        return Enclosure(k + theta, self.near / max(self.seen, 1))

    def readout(self, x: Any, z: Any) -> tuple[Any, Any]:
        """The means of K' and Theta' over the pairs of pixels that are pooled together."""
        if not self.plan.depth:
            pixels = [u[0] for u in x], [v[0] for v in z]
            return self.product(*pixels) / len(x), self.arb(0)
        terms: Slice = []
        p, q = self.variances(x), self.variances(z)
        for s in _shifts(self.plan):
            values = self.walk(x, z, p, q, s)
            terms += [values[i] for i, j in enumerate(self.partners(s)) if j is not None and self.together(i, j)]
        count = self.plan.pooled_terms
        return sum(k for k, _ in terms) / count, sum(t for _, t in terms) / count

    def walk(self, x: Any, z: Any, p: Any, q: Any, s: tuple[int, int]) -> Slice:
        """One slice through all layers."""
        partners, nothing = self.partners(s), (self.arb(0), self.arb(0))
        state = [nothing if j is None else (self.product(x[i], z[j]) / len(x[i]), nothing[1])
                 for i, j in enumerate(partners)]  # fmt: skip
        for p_layer, q_layer in zip(p, q, strict=True):
            k = self.filtered([v[0] for v in state])
            theta = self.filtered([v[1] for v in state])
            state = [nothing if j is None else self.activated(p_layer[i], q_layer[j], k[i], k[i] + theta[i] - self.bias)
                     for i, j in enumerate(partners)]  # fmt: skip
        return state

    def variances(self, x: Any) -> list[list[Any]]:
        """K_l(i, i) of an image with itself before each activation."""
        rows, squares = [], [self.product(u, u) / len(u) for u in x]
        for _ in range(self.plan.depth):
            rows.append(self.filtered(squares))
            squares = [self.a * v for v in rows[-1]]
        return rows

    def activated(self, p: Any, q: Any, k: Any, theta: Any) -> tuple[Any, Any]:
        """E[f f] and theta E[f' f']."""
        if p == 0 or q == 0:
            return self.arb(0), self.arb(0)
        root = (p * q).sqrt()
        rho = k / root
        kappa1, kappa0, sine = self.angular(rho)
        if not sine > NEARLY:
            ends = [self.angular(end) for end in (rho.lower().max(-1), rho.upper().min(1))]
            kappa1, kappa0 = (ends[0][n].union(ends[1][n]) for n in (0, 1))
        self.seen, self.near = self.seen + 1, self.near + bool(0 < sine < NEARLY)
        return (self.a - self.b) * k + self.b * root * kappa1, theta * ((self.a - self.b) + self.b * kappa0)

    def angular(self, rho: Any) -> tuple[Any, Any, Any]:
        """kappa_1, kappa_0 and the sine. A ball near 1 or -1 is better cut into its ends: both functions increase."""
        sine, pi, atan2 = (1 - rho * rho).nonnegative_part().sqrt(), self.arb.pi(), self.arb.atan2
        angle = atan2(sine, rho) if rho > 0 else pi - atan2(sine, -rho) if rho < 0 else rho.acos()
        return sine / pi + rho * (1 - angle / pi), 1 - angle / pi, sine

    def filtered(self, values: list[Any]) -> list[Any]:
        """weight_std^2 times the mean over the filter, plus bias_std^2; what is outside of the image is 0."""
        for axis in (0, 1):
            q = self.plan.taps[axis]
            offsets = [(a, 0) if axis == 0 else (0, a) for a in range(-((q - 1) // 2), q // 2 + 1)]
            moved = [self.partners(o) for o in offsets]
            values = [sum((values[j] for m in moved if (j := m[i]) is not None), self.arb(0))
                      for i in range(len(values))]  # fmt: skip
        return [self.w * v / self.plan.fan + self.bias for v in values]

    def partners(self, s: tuple[int, int]) -> list[int | None]:
        """For each pixel i the pixel i + s, None where that is outside of the image."""
        H, W = self.plan.size
        moved = [(y + s[0], x + s[1]) for y in range(H) for x in range(W)]
        if self.plan.padding == "circular":
            return [y % H * W + x % W for y, x in moved]
        return [y * W + x if 0 <= y < H and 0 <= x < W else None for y, x in moved]

    def together(self, i: int, j: int) -> bool:
        """Whether two pixels lie in one pooling block."""
        W, (a, b) = self.plan.size[1], self.plan.block
        return (i // W // a, i % W // b) == (j // W // a, j % W // b)

    def product(self, u: Any, v: Any) -> Any:
        return sum((s * t for s, t in zip(u, v, strict=True)), self.arb(0))

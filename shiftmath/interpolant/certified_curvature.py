r"""A certificate by the second derivative: the curvature of all samples together, and a bound on how it changes.

For $f(v) = |v| \sum_i g_i(\rho_i)$ as in `certified_cone`, the sign of f in the ball is that on the disc of points
$v + y$ with $y \perp v$, $|y| \le R = \tan\delta$, for a unit vector v. There

$$f(v + y) \ge f(v) + \langle G, y\rangle + \tfrac12 \langle y, H y\rangle
             - \tfrac12 R^2 \|H\|\,(1 - \cos^3\delta) - R^3 B, \qquad
H = \tau + P \Big(\sum_i g_i'' u_i u_i^\top\Big) P, \quad \tau = \sum_i (g_i - \rho_i g_i'),$$

P the projection on $v^\perp$: on the way, at $v + ty$, the second derivative is $|v + ty|^{-3}$ times the curvature of
f on the unit sphere at the angle $\arctan(t\,|y|)$ from v, which has moved by at most the integral of `angular.third`.
Samples of both signs cancel in H, so it is far smaller than the sum of its terms, of which B consists.

Lines near v, where the third derivatives are large, are bounded by planes instead. What remains is least on a disc,
which the duality of trust regions bounds: with $\mu \ge \|H\|$ the function
$q(y) = -\langle G, y\rangle - \tfrac12 \langle y, Hy\rangle + \tfrac12 \mu (R^2 - |y|^2)$ is concave, so that anywhere
$q \le q(y_0) - \langle \nabla q(y_0), y_0\rangle + R\,|\nabla q(y_0)|$ whatever $y_0$.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath.interpolant.angular import even_and_odd, third, third_of_one_layer
from shiftmath.interpolant.directions import SLACK
from shiftmath.kernels.dual import homogeneous_weights

__all__ = ["Curved", "Quadratic", "frobenius"]

FURTHEST = 1.0  # of the angles delta that are tried; any value below pi/2 is sound
NEAR = 1.2  # lines nearer than this times the largest delta are bounded by planes; any value above 1 is sound
FIRST = 0.01  # the angle at which steep lines enter the guess of `reach`; any value is sound
PIECES = 8  # of the way, on which third derivatives are bounded
STEPS = 5  # towards the y_0 that gives the best bound
TINY = float(np.finfo(float).tiny)

Numbers = Float[np.ndarray, "n"]
Vector = Float[np.ndarray, "d"]


def frobenius(V: Float[np.ndarray, "n d"], weights: Numbers) -> float:
    r"""At least the Frobenius norm of $\sum_i w_i v_i v_i^\top$, on the smaller of two matrices.

    >>> round(frobenius(np.eye(2), np.array([3.0, 4.0])), 3)
    5.0
    """
    if V.shape[0] > V.shape[1]:
        return float(np.linalg.norm((V.T * weights) @ V)) * (1 + 1e-6)  # far above rounding, far below any use
    squares = (V @ V.T) ** 2
    rounding = SLACK * float(abs(weights) @ np.diag(squares) ** 0.5) ** 2
    return math.sqrt(max(0.0, float(weights @ squares @ weights)) + rounding) * (1 + 1e-6)


@dataclass(frozen=True, eq=False)
class Quadratic:
    r"""$\langle G, y\rangle + \frac12 \langle y, H y\rangle$, with H as a function y -> H y and a bound on its norm."""

    G: Vector
    times: Callable[[Vector], Vector]
    norm: float

    def fall(self, G: Vector, R: float) -> float:
        """How far this function with another G may fall on the disc of radius R."""
        length = float(np.linalg.norm(G))
        mu, y, best = max(self.norm, length / R), 0 * G, R * length + R**2 / 2 * self.norm
        for _ in range(STEPS):
            up = -G - self.times(y)  # the gradient of q + mu |y|^2 / 2
            slope = up - mu * y
            q = float((up - G) @ y) / 2 + mu * (R**2 - float(y @ y)) / 2
            best = min(best, q - float(slope @ y) + R * float(np.linalg.norm(slope)))
            y = up / max(mu, float(np.linalg.norm(up)) / R, TINY)
        return best


@dataclass(frozen=True, eq=False)
class Curved:
    """Lines about the unit vector v: those near it, and the others with their value and quadratic function."""

    v: Vector
    reach: float
    near: Any
    others: Any
    value: float
    quadratic: Quadratic
    moduli: float

    @classmethod
    def of(cls, own: Any, v: Vector, margin: float) -> "Curved | None":
        """Of the `certified_cone.Lines`; None where no angle is worth trying, for f vanishes or a line holds v only."""
        e, o = even_and_odd(own.kernel, np.maximum(own.theta, FIRST), own.size)
        slope = across((own.even * e[1] + own.odd * o[1]) @ own.u, v)
        if margin <= 0:
            return None
        reach = min(FURTHEST, math.atan2(margin, float(np.linalg.norm(slope))))
        is_near = own.theta < NEAR * reach
        others = own.where(~is_near)
        if not len(others.u):
            return None
        e, o = even_and_odd(own.kernel, others.theta, own.size)
        g = others.even * e + others.odd * o
        rho = np.cos(others.theta)
        V = across(others.u, v)
        tau = float((g[0] - rho * g[1]).sum())
        quadratic = Quadratic(g[1] @ V, lambda y: tau * y + (g[2] * (V @ y)) @ V, abs(tau) + frobenius(V, g[2]))
        return cls(v, reach, own.where(is_near), others, float(g[0].sum()), quadratic, own.moduli)

    def least(self, delta: float) -> float:
        """A lower bound on f at v + y with |y| <= tan(delta)."""
        slopes, rest, rounding = self.near.tangents_and_chords(delta)
        a, m = slopes @ self.near.u, float(rest.sum())
        R, own = math.tan(delta), self.quadratic
        value = self.value + float(a @ self.v) + (m if m > 0 else m / math.cos(delta))
        lost = R**2 / 2 * own.norm * (1 - math.cos(delta) ** 3) + R**3 * self.change(delta)
        return value - own.fall(own.G + across(a, self.v), R) - lost - rounding - SLACK * self.moduli

    def change(self, delta: float) -> float:
        r"""B, the integral of $\frac12 (1 - t)^2$ times a bound of the third derivative at v + ty."""
        t = np.arange(PIECES + 1) / PIECES
        shares, turned = -np.diff((1 - t) ** 3) / 6, np.arctan(t[1:] * math.tan(delta))
        return float(sum(share * self._third(angle) for share, angle in zip(shares, turned, strict=True)))

    def _third(self, delta: float) -> float:
        own = self.others
        low, high = own.theta - delta, own.theta + delta
        if own.kernel.depth == 1:
            b = homogeneous_weights(own.kernel.activation, own.kernel.negative_slope)[1]
            scale = own.kernel.weight_std**2 * b / own.size
            return scale * float(abs(own.even) @ third_of_one_layer(low))
        e, o = even_and_odd(own.kernel, low, own.size)
        return float(abs(own.even) @ third(e, low, high) + abs(own.odd) @ third(o, low, high))


def across(u: Float[np.ndarray, "*n d"], v: Vector) -> Float[np.ndarray, "*n d"]:
    """The parts of vectors that are orthogonal to the unit vector v."""
    return u - (u @ v)[..., None] * v

r"""A certificate for functions of the direction: fully connected networks, whose boundary is a cone.

Let $f(z) = |z| \sum_i g_i(\rho_i)$, one term for each line that holds samples, $\rho_i$ the cosine of the angle of z
and the line's unit vector $u_i$. Where |z - x| < r the direction of z lies within $\delta = \arcsin(r/|x|)$ of that of
x, and $\theta_i$ within $\delta$ of its angle with $u_i$. With planes $g_i(\rho) \ge \lambda_i \rho + m_i$ there

$$f(z)/|z| \ge \langle a, z/|z|\rangle + \sum_i m_i, \qquad a = \sum_i \lambda_i u_i,$$

where the linear part is least at the edge of the cap, $|a| \cos(\angle(a, x) + \delta)$. By `angular`,
$g_i = E_i K_e + O_i K_o$ with functions that are convex where $\rho \ge 0$: what has a positive weight lies above its
tangent, what has a negative one above its chord. All $\lambda_i = 0$ is exact for one line. `certified_curvature`
bounds the same function with its second derivative, for all lines at once.

f lies above a level c where f(z)/|z| > c/|z|, and |z| between |x| - r and |x| + r.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from shiftmath.interpolant.angular import angular, even_and_odd
from shiftmath.interpolant.certified_curvature import Curved
from shiftmath.interpolant.directions import SLACK, angles, largest, lines, with_bias
from shiftmath.kernels import FullyConnected

__all__ = ["Lines", "cone_radius"]

Numbers = Float[np.ndarray, "n"]


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines at angles theta <= pi/2 with a unit vector, and the weights of the even and the odd part on each."""

    kernel: FullyConnected
    size: int
    u: Float[np.ndarray, "n d"]
    theta: Numbers
    even: Numbers
    odd: Numbers

    @property
    def values(self) -> Numbers:
        """g_i at theta."""
        e, o = even_and_odd(self.kernel, self.theta, self.size)
        return self.even * e[0] + self.odd * o[0]

    @property
    def moduli(self) -> float:
        """At least the sum of all |g_i|, and what their rounding is relative to: K is largest at the angle 0."""
        return float(angular(self.kernel, np.zeros(1), self.size)[0, 0] * (abs(self.even) + abs(self.odd)).sum())

    def signed(self, sign: float) -> "Lines":
        """The same lines with weights times sign."""
        return Lines(self.kernel, self.size, self.u, self.theta, sign * self.even, sign * self.odd)

    def where(self, which: Bool[np.ndarray, "n"]) -> "Lines":
        """Some of the lines."""
        parts = (part[which] for part in (self.u, self.theta, self.even, self.odd))
        return Lines(self.kernel, self.size, *parts)

    def tangents_and_chords(self, delta: float) -> tuple[Numbers, Numbers, float]:
        """The slopes lambda and the sum of the m, and the slack of their rounding, within delta of theta."""
        low, high, touch = self.theta + delta, np.maximum(self.theta - delta, 0), np.maximum(self.theta, delta)
        (e_low, o_low), (e_high, o_high), (e, o) = (
            even_and_odd(self.kernel, angle, self.size) for angle in (low, high, touch)
        )
        run = 2 * np.sin((low + high) / 2) * np.sin((low - high) / 2)
        straddles = low > np.pi / 2  # K_o - K_o'(0) rho grows on all of [-1, 1]
        flat = even_and_odd(self.kernel, np.array([np.pi / 2]), self.size)[1][1, 0]
        slopes, least = [], []
        for weight, f_low, f_high, f, odd in ((self.even, e_low, e_high, e, False), (self.odd, o_low, o_high, o, True)):
            slope = weight * np.where(weight > 0, f[1], (f_high[0] - f_low[0]) / run)
            slope = np.where(straddles, weight * flat, slope) if odd else slope
            ends = [weight * g[0] - slope * np.cos(at) for g, at in ((f_low, low), (f_high, high))]
            tangent = (weight > 0) & ~(straddles & odd)
            least.append(np.where(tangent, weight * f[0] - slope * np.cos(touch), np.minimum(*ends)))
            slopes.append(slope)
        rounding = SLACK * (self.moduli + float(abs(slopes[0]).sum() + abs(slopes[1]).sum()))
        return slopes[0] + slopes[1], least[0] + least[1], rounding

    def flat(self, delta: float) -> Numbers:
        """The least g_i within delta of theta, part by part: K_e grows with |rho|, K_o with rho."""
        low, high = self.theta + delta, np.maximum(self.theta - delta, 0)
        middle = np.minimum(low, np.pi / 2)
        even = np.where(self.even > 0, self._at(middle)[0], np.maximum(self._at(low)[0], self._at(high)[0]))
        odd = np.where(self.odd > 0, self._at(low)[1], self._at(high)[1])
        return self.even * even + self.odd * odd

    def _at(self, theta: Numbers) -> tuple[Numbers, Numbers]:
        e, o = even_and_odd(self.kernel, theta, self.size)
        return e[0], o[0]


def cone_radius(
    kernel: FullyConnected, X: np.ndarray, coefficients: np.ndarray, x: np.ndarray, level: float = 0.0
) -> float:
    """The certified radius about x (d,) of f - level with samples X (n, d)."""
    size, X, x = x.size, with_bias(kernel, X), with_bias(kernel, x)
    length, (u, along, against) = float(np.linalg.norm(x)), lines(X, coefficients)
    if not length or not len(u):
        return 0.0
    v = x / length
    flip = np.where(u @ v < 0, -1.0, 1.0)
    u = flip[:, None] * u
    own = Lines(kernel, size, u, angles(u, v), along + against, flip * (along - against))
    value = float(own.values.sum())
    sign = float(np.sign(value - level / length))
    own = own.signed(sign)

    def needed(delta: float) -> float:
        # The level over |z| where that is largest; 1 - sin(delta) = 2 sin^2, without cancellation.
        ends = length * np.array([2 * math.sin((math.pi / 2 - delta) / 2) ** 2, 1 + math.sin(delta)])
        with np.errstate(over="ignore"):  # an infinite one is not reached
            return float(np.max((sign * level + SLACK * abs(level)) / ends))

    curved, far = Curved.of(own, v, sign * (value - level / length)), 0.0
    if curved is not None:
        far = largest(lambda delta: curved.least(delta) > needed(delta), curved.reach, halvings=20)
    return length * math.sin(largest(lambda delta: least(own, v, delta) > needed(delta), math.pi / 2, far))


def least(own: Lines, v: Float[np.ndarray, "d"], delta: float) -> float:
    """A lower bound on the sum of the g_i over the cap about the unit vector v, by planes."""
    flat = float(own.flat(delta).sum()) - SLACK * own.moduli
    slopes, rest, rounding = own.tangents_and_chords(delta)
    a = slopes @ own.u
    length = float(np.linalg.norm(a))
    turned = min(math.pi, float(angles(a[None] / length, v)[0]) + delta) if length else 0.0
    return max(flat, length * math.cos(turned) + float(rest.sum()) - rounding)

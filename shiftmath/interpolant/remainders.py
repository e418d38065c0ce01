r"""How far sums of $w_s E_s$, $E_s = |v|\, e(\theta_s)$, fall below their tangent at a unit vector v.

With $x = \langle u, z\rangle$ and $\varrho = |z - x u|$ each $\pi E(z) = \varrho + 2x \arctan(x/\varrho)$ is a function
of the half-plane, convex and homogeneous there, and falls with $\varrho$ at the rate $\cos 2\theta$. So, with n the
direction in which $\varrho$ grows at v, $\beta = \varrho(z) - \varrho(v) - \langle n, z - v\rangle$,
which is 0 at least and $|z - v|_\perp^2 / (2\varrho(v))$ at most ($|\cdot|_\perp$ is a length across u), and
$0 \le \theta \le \pi/2$,

$$D(z) := \pi\,(E(z) - \langle\nabla E(v), z\rangle) = P - \cos 2\theta\;\beta, \qquad P \ge 0.$$

**Near v across v**: for y orthogonal to v let $\tau$ be its component along $t \perp v$ in the plane of u and v.
P is what the plane's function does from v to v + y + $\beta n$, by its formula
$2X\,(\sin\theta\;\eta\arctan\eta + \cos\theta\,(\eta - \arctan\eta))$, $X = 1 + \beta\sin\theta$,
$X\eta = \chi = \tau + \beta\cos\theta$, where $|\chi| \le |y|$. Hence

$$D \ge -\tfrac{(\cos 2\theta)_+}{2\sin\theta} |y|_\perp^2, \qquad D \ge -2\,(\cos 2\theta)_+ |y|_\perp, \qquad
D \le 2 \sin\theta\;\tau^2 + \tfrac23 \cos\theta\,|y|^3
  + \big(2\,|y|\cos\theta - \tfrac{\cos 2\theta}{2\sin\theta}\big)_+ |y|^2,$$

for positive weights and for negative ones. For either sign: the second derivative at v + ty in the direction y is
$|y|^2 (1 + t^2 |y|^2)^{-3/2}$ times the curvature at the angle $\arctan(t\,|y|)$ from v, whose change
`angular.third_of_one_layer` bounds. So with some $1 - \tfrac14 |y|^2 \le \gamma \le 1$, the same for all lines,

$$\Big|D - \gamma \Big(2\sin\theta\;\tau^2 - \tfrac{\cos 2\theta}{2\sin\theta} (|y|^2 - \tau^2)\Big)\Big|
\le \pi\,|y|^3 \int_0^1 \tfrac12 (1-t)^2\, \mathrm{third}(\theta - \arctan(t\,|y|))\, dt .$$

The quadratic forms are summed with their signs. Steps k in all directions follow, for D is homogeneous: with
$\kappa = \langle k, v\rangle$ it is $(1 + \kappa)\, D(v + k_\perp/(1 + \kappa))$. Within $|k| \le \delta < 1$ the
largest $(1 + \kappa)|y|^2$ is $2 - 2\sqrt{1 - \delta^2}$, the largest $(1 + \kappa)|y|^3$ is at
$\kappa = -(3 - \sqrt{9 - 8\delta^2})/2$, both over $\delta^2$ grow with it, and $|y| \le \delta/\sqrt{1 - \delta^2}$.

**Anywhere**: $D \ge -\tfrac{(\cos 2\theta)_+}{2\sin\theta}|k|_\perp^2$ holds for all k, and
$D \le 2\sin(\min(\pi/2, \theta + \bar s))\,|k|^2$ with $\bar s = (\phi - \sin\phi)/(1 - \cos\phi)$,
$\phi = \arcsin\delta$, and $\pi/2$ for $\delta \ge 1$. For with $z'$ the point of the plane and $\phi'$ its angle with
v

$$P = 4 |z'| \int_0^{\phi'} \sin(\phi' - s) \sin(\theta \pm s)\, ds, \qquad
|z' - v|^2 \ge 2 |z'| (1 - \cos\phi') = 2|z'| \int_0^{\phi'} \sin(\phi' - s)\, ds,$$

where a mean of sines is at most the sine of the mean, and of $|k|^2 = |z' - v|^2 + 2\beta\sin\theta$ the second term is
at least $-\cos 2\theta\,\beta$ over 2.

Where n is left out of a gradient, $-\cos 2\theta\,\beta$ is $-\cos 2\theta\,(\varrho(z) - \varrho(v))$ instead:
$-|k|_\perp$ at least and $\sin\theta$ at most for $\theta \le \pi/4$.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from shiftmath.interpolant.angular import third_of_one_layer
from shiftmath.interpolant.directions import SLACK, angles
from shiftmath.interpolant.even_part import NEAREST, even_gradients

__all__ = ["WIDEST", "Tangent"]

WIDEST = 0.95  # of |v|, up to which second derivatives are summed with their signs; any share below 1 is sound
PIECES = np.array([0.0, 0.12, 0.3, 0.55, 1.0])  # of the way, on which third derivatives are bounded
FARTHER = 1.02  # than the way, in angles: lines whose third derivative is taken; any value above 1 is sound
TURNED = 0.5  # the share of curvature that a choice between bounds of one line counts as lost; any value is sound

Numbers = Float[np.ndarray, "n"]
Which = Bool[np.ndarray, "n"]
Steps = Float[np.ndarray, "steps"]
Table = Any  # a number or a truth for each step and line
Forms = Float[np.ndarray, "steps d d"]


@dataclass(frozen=True, eq=False)
class Tangent:
    """Lines u at angles theta <= pi/2 with the unit vector v, weights, and which have no n in their gradients."""

    v: Float[np.ndarray, "d"]
    u: Float[np.ndarray, "n d"]
    theta: Numbers
    weights: Numbers
    left_out: Which

    @classmethod
    def at(cls, v: Float[np.ndarray, "d"], u: Float[np.ndarray, "n d"], weights: Numbers, kink: float) -> "Tangent":
        """At a unit vector v; n is left out nearer than `NEAREST`, and than kink across a line of positive weight."""
        theta = angles(u, v)
        u, theta = np.where(theta > np.pi / 2, -1.0, 1.0)[:, None] * u, np.minimum(theta, np.pi - theta)
        near = (np.sin(theta) < kink) & (theta < np.pi / 4) & (weights > 0)
        return cls(v, u, theta, weights, near | (theta < NEAREST))

    @cached_property
    def parts(self) -> "Parts":
        """What the bounds at all distances share."""
        return Parts.of(self)

    @property
    def gradient(self) -> Float[np.ndarray, "d"]:
        """The slope of the tangent."""
        return self.weights @ even_gradients(self.u, self.v, self.left_out)

    def lost(self) -> float:
        """What is lost at any distance where n is left out of negative terms."""
        own = self.parts
        return float((own.size * own.s)[self.left_out & ~own.falls].sum()) / np.pi

    def kinks(self, delta: Steps) -> Steps:
        """The slope that is lost within each delta, by positive terms whose lines are too near for a square."""
        slope = np.where(self.left_out, 1.0, 2.0) * np.maximum(0, np.cos(2 * self.theta))
        lost = self._linear(delta) @ (self.weights * slope)
        return (lost + SLACK * float((self.parts.size / self.parts.floor)[~self.left_out].sum())) / np.pi

    def _linear(self, delta: Steps) -> Table:
        return self.parts.falls & (self.left_out | (delta[:, None] > 4 * self.parts.s)) & (len(self.v) > 1)

    def near(self, delta: Steps) -> Steps:
        """The loss over delta^2 within each delta < 1, of forms summed with signs."""
        if len(self.v) == 1:
            return np.zeros(len(delta))
        own, y = self.parts, delta / np.sqrt(1 - delta**2)
        square, cube = 2 - 2 * np.sqrt(1 - delta**2), _cube(delta)
        bent = 2 / 3 * own.rho * cube[:, None] + self._bent(y) * square[:, None]
        third = self._third(y) * cube[:, None]
        turned = TURNED * np.where(own.falls, 2 * own.s, np.maximum(0, own.turn)) * square[:, None]
        signed = third < np.where(own.falls, turned, turned + bent)
        both, positive = self._forms(signed, delta)
        rises = own.size * (~signed & ~own.falls)
        flat = 2 * rises @ (own.s * self.left_out) + self._rounding
        lost = _top(both) + np.minimum(1.0, y**2 / 4) * _top(positive) + flat
        cubic = (own.size * np.where(signed, third, 0)).sum(axis=1) + (rises * bent).sum(axis=1)
        return (lost * square + cubic) / (np.pi * delta**2)

    def anywhere(self, delta: Steps) -> Steps:
        """The loss over the square of a step within each delta, which may be 1 and more."""
        own, phi = self.parts, np.arcsin(np.minimum(1.0, delta))
        mean = np.where(delta < 1, (phi - np.sin(phi)) / (2 * np.sin(phi / 2) ** 2), np.pi / 2)
        rising = 2 * np.sin(np.minimum(np.pi / 2, self.theta + mean[:, None]))
        turn = self.weights * np.maximum(0, own.turn) * (own.falls & ~self._linear(delta))
        form = turn.sum(axis=1)[:, None, None] * np.eye(len(self.v)) - _forms_of(self.u, turn)
        return (_top(form) + rising @ (own.size * ~own.falls) + self._rounding) / np.pi

    def _bent(self, y: Steps) -> Table:
        own = self.parts
        bent = 2 * y[:, None] * own.rho
        return np.where(self.left_out, bent, np.maximum(0, bent - own.turn))

    def _third(self, y: Steps) -> Table:
        third, shares = np.zeros((len(y), len(self.theta))), -np.diff((1 - PIECES) ** 3) / 6
        far = ~self.left_out & (self.theta > FARTHER * np.arctan(y)[:, None])
        for share, piece in zip(shares, PIECES[1:], strict=True):
            turned = np.where(far, self.theta - np.arctan(piece * y)[:, None], np.pi / 2)
            third += np.pi * share * third_of_one_layer(turned)
        return np.where(far, third, np.inf)

    def _forms(self, signed: Table, delta: Steps) -> tuple[Forms, Forms]:
        """The losses |y|^2 as forms across v: of all terms, and of minus those that are taken with their signs."""
        own = self.parts
        flat = np.eye(len(self.v)) - np.outer(self.v, self.v)
        turn, tilt = (self.weights * signed * c for c in (own.turn, 2 * own.s + own.turn))
        with_signs = turn.sum(axis=1)[:, None, None] * flat - _forms_of(own.t, tilt)
        falls = self.weights * np.maximum(0, own.turn) * (own.falls & ~signed & ~self._linear(delta))
        rises = own.size * 2 * own.s * (~own.falls & ~signed & ~self.left_out)
        others = falls.sum(axis=1)[:, None, None] * flat - _forms_of(own.across, falls) + _forms_of(own.t, rises)
        return with_signs + others, -with_signs

    @cached_property
    def _rounding(self) -> float:
        own = self.parts
        return SLACK * float((own.size / own.floor**2)[~self.left_out].sum())


@dataclass(frozen=True, eq=False)
class Parts:
    """Of lines: sine and cosine, the parts across v and their unit vectors, |weights|, which are positive, the turn."""

    s: Numbers
    floor: Numbers
    rho: Numbers
    across: Float[np.ndarray, "n d"]
    t: Float[np.ndarray, "n d"]
    size: Numbers
    falls: Which
    turn: Numbers

    @classmethod
    def of(cls, own: Tangent) -> "Parts":
        """Those of a tangent's lines."""
        s, rho = np.sin(own.theta), np.cos(own.theta)
        floor, across = np.maximum(s, NEAREST / 2), own.u - rho[:, None] * own.v
        turn = np.cos(2 * own.theta) / (2 * floor)
        return cls(s, floor, rho, across, across / floor[:, None], abs(own.weights), own.weights > 0, turn)


def _cube(delta: Steps) -> Steps:
    back = (3 - np.sqrt(9 - 8 * delta**2)) / 2
    return np.maximum(0, delta**2 - back**2) ** 1.5 / (1 - back) ** 2


def _forms_of(V: Float[np.ndarray, "n d"], weights: Table) -> Forms:
    """The sums of weight v v^T, one for each row of weights."""
    return (V.T * weights[:, None]) @ V


def _top(forms: Forms) -> Steps:
    """At least the largest eigenvalue of each, or 0."""
    return np.maximum(0, np.linalg.eigvalsh(forms)[:, -1])

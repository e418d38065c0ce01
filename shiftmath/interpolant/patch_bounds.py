r"""A function of one patch, and lower bounds on it about a point, one for each of many radii.

$h(v) = \langle l, v\rangle + E(v)$ with the even part $E(v) = |v| \sum_s w_s\, e(\theta_s)$ of `even_part`. For a
slope g the loss is $h(v) + \langle l + g, k\rangle - h(v + k)$, and up to |k| = R it is at most $a + b\,|k| + c\,|k|^2$

- for the gradient g of E by the second derivative, which `remainders` bounds;
- by $E(v + k) \ge -m\,|v + k|$, where $E \ge -m$ on the unit sphere: $a = E(v) + m|v|$, $b = m + |g|$;
- by the largest slope S of E, $b = S + |g|$;
- for g = 0 by any bound for another slope g, with |g| more in b.

Each radius takes the one that loses least there.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from shiftmath.interpolant.directions import angles
from shiftmath.interpolant.even_part import STEEPEST, even, even_gradients
from shiftmath.interpolant.remainders import WIDEST, Tangent

__all__ = ["Losses", "Patch"]

KINK = 0.15  # of the largest radius: the kinks of nearer lines count as slopes; any value is sound

Numbers = Float[np.ndarray, "n"]
Radii = Float[np.ndarray, "radii"]


@dataclass(frozen=True, eq=False)
class Losses:
    """A lower bound on h: its slope, and a, b, c of the loss up to each radius."""

    slope: Float[np.ndarray, "d"]
    lost: Radii
    kinks: Radii
    square: Radii

    def at(self, place: int) -> tuple[float, float, float]:
        """a, b and c up to the radius of this number."""
        return float(self.lost[place]), float(self.kinks[place]), float(self.square[place])


@dataclass(frozen=True, eq=False)
class Patch:
    """One patch v of the image, and its function h: the linear part's gradient, and the even part over lines u."""

    v: Float[np.ndarray, "d"]
    linear: Float[np.ndarray, "d"]
    u: Float[np.ndarray, "n d"]
    weights: Numbers
    least: float  # of - E / |v| at most, and of E / |v|, for any v
    most: float

    @cached_property
    def length(self) -> float:
        """The length of v."""
        return float(np.linalg.norm(self.v))

    @cached_property
    def even(self) -> float:
        """The even part at v."""
        if not self.length:
            return 0.0
        return self.length * float(self.weights @ even(angles(self.u, self.v / self.length)))

    @property
    def value(self) -> float:
        """h(v)."""
        return float(self.linear @ self.v) + self.even

    def signed(self, sign: float) -> "Patch":
        """The same with h times sign."""
        least, most = (self.least, self.most) if sign > 0 else (self.most, self.least)
        own = replace(self, linear=sign * self.linear, weights=sign * self.weights, least=least, most=most)
        vars(own)["even"] = sign * self.even
        return own

    @property
    def gradient(self) -> Float[np.ndarray, "d"]:
        """The gradient of h at v, at a kink the symmetric subgradient; that of the linear part at v = 0."""
        if not self.length:
            return self.linear
        return self.linear + self.weights @ even_gradients(self.u, self.v / self.length)

    @property
    def by_size(self) -> tuple[float, float]:
        """a and b of the bound by the modulus of E, for g = 0."""
        return self.even + self.least * self.length, self.least

    @property
    def steepest(self) -> float:
        """S."""
        return STEEPEST * float(abs(self.weights).sum())

    def losses(self, R: Radii) -> list[Losses]:
        """Within increasing R, for g = 0 and for the gradient of E where it has one."""
        none, (a, b) = np.zeros(len(R)), self.by_size
        if not self.length or not len(self.u):
            return [Losses(self.linear, none + a, none + b, none)]
        own = Tangent.at(self.v / self.length, self.u, self.weights, KINK * R[-1] / self.length)
        more = float(np.linalg.norm(own.gradient)) * np.array([0.0, 1.0, 0.0])[:, None]
        curved, level = (
            self._curved(own, R),
            [np.stack([none + c for c in cs]) for cs in ((a, b, 0), (0, self.steepest, 0))],
        )
        return [
            Losses(self.linear, *_least([curved + more, *level], R)),
            Losses(self.linear + own.gradient, *_least([curved, *(bound + more for bound in level)], R)),
        ]

    def _curved(self, own: Tangent, R: Radii) -> Float[np.ndarray, "3 radii"]:
        """By the second derivative, for the slope of the tangent."""
        delta = R / self.length
        square, near = own.anywhere(delta), delta < WIDEST
        if near.any():
            square[near] = np.minimum(square[near], own.near(delta[near]))
        return np.stack([np.full(len(R), own.lost() * self.length), own.kinks(delta), square / self.length])


def _least(bounds: list[Float[np.ndarray, "3 radii"]], R: Radii) -> Float[np.ndarray, "3 radii"]:
    """For each radius the bound that is least there."""
    all_ = np.stack(bounds)
    at = all_[:, 0] + all_[:, 1] * R + all_[:, 2] * R**2
    return np.take_along_axis(all_, at.argmin(axis=0)[None, None], axis=0)[0]

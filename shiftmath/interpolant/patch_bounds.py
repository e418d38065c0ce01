r"""A function of one patch, and lower bounds on it about a point: even parts, their gradients, and how these turn.

$h(v) = \langle l, v\rangle + |v| \sum_s w_s\, e(\theta_s)$, theta the angle of v with a line and
$\pi e(\theta) = \sin\theta + (\pi - 2\theta)\cos\theta$. `Local` bounds it within R of v by its first two derivatives,
with the third bounded, for lines that are not near v; or the whole even part by its largest value over all directions,
where R is not small against |v|.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from shiftmath.interpolant.angular import third_of_one_layer
from shiftmath.interpolant.directions import angles

__all__ = ["STEEPEST", "Local", "Patch", "even", "even_gradients", "even_turns", "most_of_even"]

STEEPEST = math.sqrt(1 + 1 / math.pi**2)  # of |v| e(theta), at theta = 0: its gradient is (e, e') = (1, -1 / pi) there
TINY = float(np.finfo(float).tiny)
RADIAL = 2 / math.sqrt(3)  # the largest 3 sin^2 cos
WIDEST = 0.6  # of the length of a patch, up to which it has a second derivative; any share below 1 is sound
ADDING = 4  # times more is lost by numbers, which add up over patches, than by slopes, which share the radius
MOST_LINES = 4096  # of which all pairs are compared
KINK = 0.1  # angle below which the jump of the gradient is within reach; any value is sound

Numbers = Float[np.ndarray, "n"]
Vectors = Float[np.ndarray, "n d"]


@dataclass(frozen=True, eq=False)
class Patch:
    """One patch v of the image, and its function h: the linear part's gradient, and the even part over lines u."""

    v: Float[np.ndarray, "d"]
    linear: Float[np.ndarray, "d"]
    u: Float[np.ndarray, "n d"]
    weights: Numbers
    most: float = math.inf  # of |the even part| / |v|, for any v

    @cached_property
    def length(self) -> float:
        """The length of v."""
        return float(np.linalg.norm(self.v))

    @cached_property
    def theta(self) -> Numbers:
        """The angles of v with the lines; empty for v = 0, which has no direction."""
        return angles(self.u, self.v / self.length) if self.length else np.zeros(0)

    @cached_property
    def even(self) -> float:
        """The even part at v."""
        return self.length * float(self.weights @ even(self.theta)) if self.length else 0.0

    @property
    def value(self) -> float:
        """h(v)."""
        return float(self.linear @ self.v) + self.even

    def signed(self, sign: float) -> "Patch":
        """The same with h times sign."""
        own = replace(self, linear=sign * self.linear, weights=sign * self.weights)
        vars(own)["theta"] = self.theta  # kept, for it takes as long as the rest
        return own

    def gradient(self, even: bool) -> Float[np.ndarray, "d"]:
        """The gradient of h at v by `even_gradients`; that of the linear part alone at v = 0 and unless `even`."""
        if not (even and self.length):
            return self.linear
        return self.linear + self.weights @ even_gradients(self.u, self.v / self.length)

    def local(self, R: float) -> "Local":
        """A lower bound of h within R of v, of the two kinds the one that loses less at R; either is sound."""
        by_size = self._by_size(R)
        if not WIDEST * self.length > R:
            return by_size
        curved = self._by_curvature(R)
        return min(curved, by_size, key=lambda own: own.tau * R**2 + own.nu * R + ADDING * own.lost)

    def _by_curvature(self, R: float) -> "Local":
        delta, v = math.asin(R / self.length), self.v / self.length
        apart = np.minimum(self.theta, np.pi - self.theta)
        near = apart < max(KINK, 1.2 * delta)
        far, weights = apart[~near], self.weights[~near]
        q, U = np.sin(far) ** 2, self.u[~near] - np.cos(self.theta[~near])[:, None] * v
        flat = float(weights @ ((2 * q - 1) / np.sqrt(q))) / np.pi
        H = flat * (np.eye(len(v)) - np.outer(v, v)) + (U.T * (weights * (1 + 2 * q) / (np.pi * q**1.5))) @ U
        norm, change = float(np.linalg.norm(H, 2)) * (1 + 1e-9), float(abs(weights) @ third_of_one_layer(far - delta))
        third = (RADIAL * (norm + delta * change) + change) / (self.length - R) ** 2
        turns = float(abs(self.weights[near]) @ even_turns(apart[near], delta))
        return Local(self.gradient(True), H / self.length, norm / self.length, R * third / 6, turns)

    def _by_size(self, R: float) -> "Local":
        """By the largest slope of the even part, or, where better up to R, by its largest modulus."""
        nothing, terms = np.zeros((len(self.v), len(self.v))), float(abs(self.weights).sum())
        most, steep = min(self.most, terms), STEEPEST * terms
        lost = self.even + most * self.length
        by_modulus = not self.length or lost + most * R < steep * R < math.inf
        return Local(self.linear, nothing, 0.0, 0.0, *((most, lost) if by_modulus else (steep, 0.0)))


@dataclass(frozen=True, eq=False)
class Local:
    r"""A lower bound of h about v: gradient, second derivative H, its norm, and losses tau |k|^2, nu |k|, `lost`.

    The second derivative of $|v| e(\theta)$ at $v + t k$ is $|v + tk|^{-1} |k|^2 \sin^2\beta\; \psi$, beta the angle of
    $v + tk$ and k, and psi as in `angular.third`. So its third derivative is at most
    $|k|^3 |v + tk|^{-2} (3 \sin^2\beta\, |\cos\beta|\, |\psi| + |\dot\psi|)$, and tau is R/6 of that. Lines that are
    near v within R have no place in H: their gradients turn, by `even_turns`, and nu is the sum of that.
    """

    gradient: Float[np.ndarray, "d"]
    H: Float[np.ndarray, "d d"]
    norm: float
    tau: float
    nu: float
    lost: float = 0.0


def even(theta: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """e(theta) of the module."""
    return (np.sin(theta) + (np.pi - 2 * theta) * np.cos(theta)) / np.pi


def most_of_even(u: Vectors, weights: Numbers) -> float:
    r"""A bound on $|\sum_s w_s e(\theta_s)|$ over all directions, in which weights of both signs cancel.

    $\pi e = 1 + \frac32 \rho^2 + \dots$ with non-negative coefficients. The two terms are a quadratic form, and the
    rest $\bar e$ is a kernel, in whose space $\sum_s w_s \bar e(\cdot, u_s)$ has the norm $(w^\top \bar E w)^{1/2}$
    and values of at most $\bar e(1)^{1/2} = (1 - 5/(2\pi))^{1/2}$ times that.
    """
    terms = float(abs(weights).sum())
    if not terms or len(u) > MOST_LINES:
        return terms
    form = (weights.sum() * np.eye(u.shape[1]) + 1.5 * (u.T * weights) @ u) / np.pi
    rho = np.clip(u @ u.T, -1, 1)
    rest = float(weights @ (even(np.arccos(rho)) - (1 + 1.5 * rho**2) / np.pi) @ weights)
    # An arccos near 0 errs by up to 2e-8, and e falls there by a third of the angle.
    norm = math.sqrt((1 - 2.5 / np.pi) * (max(0.0, rest) + 1e-8 * terms**2))
    return min(terms, float(np.linalg.norm(form, 2)) * (1 + 1e-9) + norm)


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

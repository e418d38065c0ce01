r"""The bound of a patch's function by its second derivative as a matrix, so that matrices of many patches add up.

Within R of a patch v, and for sources on lines that are not near it,

$$h(v + k) \ge h(v) + \langle g, k\rangle + \tfrac12 \langle k, H k\rangle - \tau |k|^2 - \nu |k| - \text{lost}.$$

The second derivative of $|v| e(\theta)$ at $v + t k$ is $|v + tk|^{-1} |k|^2 \sin^2\beta\; \psi$, beta the angle of
$v + tk$ and k, and psi as in `angular.third`. So its third derivative is at most
$|k|^3 |v + tk|^{-2} (3 \sin^2\beta\, |\cos\beta|\, |\psi| + |\dot\psi|)$, and tau is R/6 of that. Lines that are
near v within R have no place in H: their gradients turn, by `even_turns`, and nu is the sum of that.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from shiftmath.interpolant.angular import third_of_one_layer
from shiftmath.interpolant.directions import angles
from shiftmath.interpolant.even_part import STEEPEST, even_gradients
from shiftmath.interpolant.patch_bounds import Patch

__all__ = ["Local", "blunt_gradients", "by_curvature", "by_size", "by_slope", "even_turns", "local"]

TINY = float(np.finfo(float).tiny)
RADIAL = 2 / math.sqrt(3)  # the largest 3 sin^2 cos
WIDEST = 0.6  # of the length of a patch, up to which it has a second derivative; any share below 1 is sound
ADDING = 4  # times more is lost by numbers, which add up over patches, than by slopes, which share the radius
KINK = 0.1  # angle below which the jump of the gradient is within reach; any value is sound

Numbers = Float[np.ndarray, "n"]
Vectors = Float[np.ndarray, "n d"]


@dataclass(frozen=True, eq=False)
class Local:
    """A lower bound of h about v: gradient, second derivative H, its norm, and losses tau |k|^2, nu |k|, `lost`."""

    gradient: Float[np.ndarray, "d"]
    H: Float[np.ndarray, "d d"]
    norm: float
    tau: float
    nu: float
    lost: float = 0.0


def local(part: Patch, R: float) -> Local:
    """A lower bound of h within R of v, of the kinds the one that loses least at R; all are sound."""
    kinds = [by_size(part), by_slope(part)]
    if WIDEST * part.length > R:
        kinds.append(by_curvature(part, R))
    return min(kinds, key=lambda own: own.tau * R**2 + own.nu * R + ADDING * own.lost)


def by_curvature(part: Patch, R: float) -> Local:
    """The bound of the module, R below the length of v."""
    delta, v = math.asin(R / part.length), part.v / part.length
    theta = angles(part.u, v)
    apart = np.minimum(theta, np.pi - theta)
    near = apart < max(KINK, 1.2 * delta)
    far, weights = apart[~near], part.weights[~near]
    q, U = np.sin(far) ** 2, part.u[~near] - np.cos(theta[~near])[:, None] * v
    flat = float(weights @ ((2 * q - 1) / np.sqrt(q))) / np.pi
    H = flat * (np.eye(len(v)) - np.outer(v, v)) + (U.T * (weights * (1 + 2 * q) / (np.pi * q**1.5))) @ U
    norm, change = float(np.linalg.norm(H, 2)) * (1 + 1e-9), float(abs(weights) @ third_of_one_layer(far - delta))
    third = (RADIAL * (norm + delta * change) + change) / (part.length - R) ** 2
    turns = float(abs(part.weights[near]) @ even_turns(apart[near], delta))
    gradient = part.linear + part.weights @ blunt_gradients(part.u, v)
    return Local(gradient, H / part.length, norm / part.length, R * third / 6, turns)


def by_size(part: Patch) -> Local:
    """By the largest modulus of the even part."""
    lost, slope = part.by_size
    return Local(part.linear, np.zeros((len(part.v), len(part.v))), 0.0, 0.0, slope, lost)


def by_slope(part: Patch) -> Local:
    """By the largest slope of the even part."""
    return Local(part.linear, np.zeros((len(part.v), len(part.v))), 0.0, 0.0, part.steepest)


def blunt_gradients(u: Vectors, v: Float[np.ndarray, "d"]) -> Vectors:
    """`even_gradients` that leave their jump out at less than `KINK` from it."""
    theta = angles(u, v)
    return even_gradients(u, v, np.minimum(theta, np.pi - theta) < KINK)


def even_turns(theta: Numbers, delta: float) -> Numbers:
    r"""Bounds on how far `blunt_gradients` move when v turns by at most delta.

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

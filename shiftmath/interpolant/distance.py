"""How far a point is from a decision boundary: in closed form, or certified below and found above."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath._shared.progress import progress as shown
from shiftmath.interpolant.certified import certified_radius
from shiftmath.interpolant.closed_form import boundary_normal
from shiftmath.interpolant.expansion import Expansion, boundaries
from shiftmath.interpolant.search import FURTHEST, NEAREST, nearest_crossing

__all__ = ["Distance", "distances"]

Points = Float[np.ndarray, "m *spatial"]
Signal = Float[np.ndarray, "*spatial"]


@dataclass(frozen=True, eq=False)
class Distance:
    """An interval that encloses the distance of a point to the decision boundary, and where it is crossed.

    Attributes:
        lower, upper: the bounds; equal for a closed form, for a search lower is certified, or 0 where nothing is known.
        point: at distance `upper`, on the boundary or just beyond it; None when none was found and upper is infinite.
        method: "closed form", "search", or "on the boundary" for a point where f = level to rounding.

    For a batch of m points these are arrays (m,), (m, *spatial) with NaN where none was found, and (m,).
    """

    lower: float | Float[np.ndarray, "m"]
    upper: float | Float[np.ndarray, "m"]
    point: Float[np.ndarray, "..."] | None
    method: Any

    @classmethod
    def of_all(cls, each: "Sequence[Distance]", shape: tuple[int, ...]) -> "Distance":
        """The distances of several points of this shape as those of one batch."""
        points = [np.full(shape, np.nan) if d.point is None else d.point for d in each]
        lower, upper = (np.array([getattr(d, name) for d in each]) for name in ("lower", "upper"))
        return cls(lower, upper, np.stack(points), np.array([d.method for d in each]))

    def __repr__(self) -> str:
        if np.ndim(self.lower):
            lower, upper = np.min(self.lower), np.max(self.upper)
            return f"Distance({len(self.method)} points, lower from {lower:.6g}, upper to {upper:.6g})"
        return f"Distance(lower={self.lower:.12g}, upper={self.upper:.12g}, {self.method})"


def distances(f: Any, points: Points, level: float, *, progress: bool, **options: Any) -> list[Distance]:
    """From each point to where the class that an `Interpolant` f gives it changes."""
    return [_of_point(f, x, level, options) for x in shown(points, len(points), "distances", progress)]


def _of_point(f: Any, x: Signal, level: float, options: dict[str, Any]) -> Distance:
    """From x to the nearest of its boundaries.

    The set of points of its class is an intersection, one set for each boundary; so its complement is a union, and as
    far away as the nearest of them.
    """
    each = [_to_boundary(h, x, **options) for h in boundaries(f, x, level)]
    nearest, lower = min(each, key=lambda d: d.upper), min(d.lower for d in each)
    return nearest if lower == nearest.lower else replace(nearest, lower=lower, method="search")


def _to_boundary(h: Expansion, x: Signal, *, closed_form: bool, restarts: int, seed: int) -> Distance:
    """From x to where h = 0: in closed form, or certified below and found above."""
    if not h.coefficients.any():  # h = -level everywhere
        return Distance(np.inf, np.inf, None, "closed form") if h.level else Distance(0.0, 0.0, x, "on the boundary")
    normal = boundary_normal(h.kernel, h.X, h.y) if closed_form and not h.level else None
    if normal is not None:
        signed = float(np.vdot(normal, x))
        return Distance(abs(signed), abs(signed), x - signed * normal, "closed form")
    for name, points in (("X", h.X), ("x", x)):
        if (largest := float(np.abs(points).max())) > FURTHEST:
            raise ValueError(f"{name}: got numbers up to {largest:g}, takes at most {FURTHEST:.1g} for a search")
    if h.vanishes_at(x):
        return Distance(0.0, 0.0, x, "on the boundary")
    if not (largest := max(float(np.abs(points).max()) for points in (h.X, x))) >= NEAREST:
        raise ValueError(f"X and x: got numbers up to {largest:g}, takes some from {NEAREST:.1g} on for a search")
    lower = certified_radius(h.kernel, h.X, h.coefficients, x, h.level)
    step = nearest_crossing(h, x, restarts=restarts, seed=seed)
    if step is None:
        return Distance(lower, np.inf, None, "search")
    return Distance(lower, float(np.linalg.norm(step)), x + step, "search")

"""How far a point is from a decision boundary: an interval, and where it is crossed."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["Distance"]

Signal = Float[np.ndarray, "*spatial"]


@dataclass(frozen=True, eq=False)
class Distance:
    """An interval that encloses the distance of a point to the decision boundary, and where it is crossed.

    Attributes:
        lower, upper: the bounds; equal for a closed form, for a search lower is certified, or 0 where nothing is known.
        point: at distance `upper`, on the boundary or just beyond it; None when none was found and upper is infinite.
        method: "closed form" or "search".
    """

    lower: float
    upper: float
    point: Signal | None
    method: str

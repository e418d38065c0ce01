"""Curves in space that a reader turns.

A rendered page cannot turn a figure without a script, and a site where scripts run should ask no other host for one.
So the page keeps points, beside words for where they are not drawn, and the site brings the script that draws them.
Figures of the page show the same curves from fixed sides.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, require_finite
from shiftmath._shared.scaling import exponent, times_powers_of_two
from shiftmath._shared.values import show

__all__ = ["MIME", "Turning"]

MIME = "application/vnd.shiftmath.turning+json"
POINTS = "points (positions, 3), not all one"


class Turning:
    """Curves by name, each with its points (positions, 3) and its colour: moved into a ball of radius 1, as it is.

    Raises:
        ValueError, TypeError: no curves; points of another shape, not finite, or all in one place.

    >>> Turning({"a step": ([[0, 0, 0], [0, 0, 4]], "#000000")})
    1 curve in space: a step (the site turns them, by dragging or by the arrow keys)
    """

    def __init__(self, curves: Mapping[str, tuple[ArrayLike, str]]) -> None:
        if not isinstance(curves, Mapping) or not curves:
            raise ValueError(f"curves: got {curves!r}, takes names with points and a colour, at least one")
        self.curves: list[dict[str, Any]] = [_curve(str(name), curve) for name, curve in curves.items()]

    def __repr__(self) -> str:
        names = "; ".join(curve["name"] for curve in self.curves)
        count = f"{len(self.curves)} curve{'s' * (len(self.curves) > 1)} in space"
        return f"{count}: {names} (the site turns them, by dragging or by the arrow keys)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Words, and what the site draws."""
        return {"text/plain": repr(self), MIME: {"curves": self.curves}}


def _curve(name: str, curve: Any) -> dict[str, Any]:
    """What the site draws of one curve."""
    if not isinstance(curve, (tuple, list)) or len(curve) != 2 or not isinstance(curve[1], str):
        raise ValueError(f"curves[{name!r}]: got {show(curve)}, takes points and a colour, as '#000000'")
    return {"name": name, "colour": curve[1], "points": _in_a_ball(f"curves[{name!r}]", curve[0])}


def _in_a_ball(name: str, points: ArrayLike) -> list[list[float]]:
    """Points less their middle over the largest length, to three digits: a page is the same after another run."""
    c = as_array(name, points, POINTS, to_numpy=True).astype(float)
    if c.ndim != 2 or c.shape[1] != 3 or not len(c):
        raise ValueError(f"{name}: got shape {c.shape}, takes {POINTS}")
    require_finite(name, c)
    c = times_powers_of_two(c, np.array(-exponent(c)))
    c -= c.mean(axis=0)
    # The mean of equal numbers is off by some eps of them.
    if not (size := np.linalg.norm(c, axis=1).max()) > len(c) * np.finfo(float).eps:
        raise ValueError(f"{name}: got {len(c)} times one point, takes {POINTS}")
    return (np.round(c / size, 3) + 0.0).tolist()

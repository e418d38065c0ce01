"""The house style of the figures: what each colour means, and the few kinds of plot that recur.

Theory is a black line, a measurement a blue dot, a bound an orange dashed line, a broken hypothesis red. Nothing here
computes: every number that is drawn against a theory is also in the page's ledger.
"""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

__all__ = ["BOUND", "BROKEN", "MEASURED", "THEORY", "compare", "intervals", "panels", "signal_image"]

THEORY = "#000000"
MEASURED = "#0072b2"
BOUND = "#e69f00"
BROKEN = "#c1272d"

Curve = tuple[ArrayLike, ArrayLike, str]


def panels(rows: int = 1, columns: int = 1, height: float = 3.0, **options: Any) -> tuple[Figure, Any]:
    """A figure of the house width, 6.4 inches, with one or more axes."""
    plt.style.use("shiftmath.pages.figures")
    return plt.subplots(rows, columns, figsize=(6.4, height), **options)


def compare(ax: Axes, theory: Curve, measured: Curve) -> None:
    """Measured dots over the line of a theory, each given as (x, y, label)."""
    ax.plot(*theory[:2], color=THEORY, label=theory[2], zorder=1)
    ax.plot(*measured[:2], "o", color=MEASURED, label=measured[2], zorder=2)


def intervals(ax: Axes, rows: list[tuple[str, ArrayLike, str]]) -> None:
    """For each row (label, values, colour) the values as ticks on a line of its own and their interval as a bar."""
    for y, (_, values, colour) in enumerate(rows):
        v = np.asarray(values, float)
        ax.plot([v.min(), v.max()], [y, y], color=colour, linewidth=6, alpha=0.3, solid_capstyle="butt")
        ax.plot(v, np.full(v.shape, y), "|", color=colour, markersize=9)
    ax.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)


def signal_image(ax: Axes, image: ArrayLike, limit: float, label: str) -> None:
    """An image on a gray scale from -limit (black) to limit (white), with its name under it."""
    ax.imshow(np.asarray(image), cmap="gray", vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set(xticks=[], yticks=[], xlabel=label)
    for spine in ax.spines.values():
        spine.set_visible(True)

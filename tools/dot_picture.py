"""Draw docs/dot.png: what it takes to fool two infinitely wide networks that have learned a white and a black dot.

    python tools/dot_picture.py

Both are asked for the nearest image that they take for a black dot, on 15 x 15 pixels of gray; then for its distance on
images of growing size. `Interpolant.distance` knows both in closed form.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shiftmath import dot_on_gray
from shiftmath.interpolant import Distance, Interpolant
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.pages.figures import BROKEN, MEASURED, THEORY, panels, signal_image

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "dot.png"
SIDE, SIDES = 15, [3, 5, 9, 15, 21]
Network = FullyConnected | Convolutional
NETWORKS: dict[str, Network] = {"fully connected": FullyConnected(), "convolutional, pooled": Convolutional()}
COLOURS = {"fully connected": MEASURED, "convolutional, pooled": BROKEN}


def from_white(kernel: Network, side: int) -> Distance:
    """How far the white dot is from the boundary of the network that has learned both."""
    white, black = dot_on_gray((side, side))
    return Interpolant(kernel, np.stack([white, black]), np.array([1.0, -1.0])).distance(white)


def draw() -> Figure:
    """The dot, the nearest black dots of both networks, and the distances against the side of the image."""
    figure, axes = panels(1, 4, height=1.9, width_ratios=[1, 1, 1, 1.5])
    white, _ = dot_on_gray((SIDE, SIDE))
    signal_image(axes[0], white, 1.0, "a white dot")
    for ax, (name, kernel) in zip(axes[1:], NETWORKS.items(), strict=False):
        found = [from_white(kernel, side) for side in SIDES]
        nearest = found[SIDES.index(SIDE)]
        signal_image(ax, np.asarray(nearest.point), 1.0, f"{name}:\nblack at {nearest.upper:.4f}")
        axes[3].plot(SIDES, [f.upper for f in found], "o", color=COLOURS[name], markersize=4)
    for ax in axes[:3]:
        ax.xaxis.label.set_fontsize(8)
    laws(axes[3])
    return figure


def laws(ax: Axes) -> None:
    """The two laws as lines, each with its name."""
    ax.plot(SIDES, np.ones(len(SIDES)), color=THEORY, linewidth=1, zorder=1)
    ax.plot(SIDES, 1 / np.array(SIDES), color=THEORY, linewidth=1, zorder=1)
    ax.text(SIDES[0], 0.6, "fully connected: 1", fontsize=8, color=COLOURS["fully connected"])
    ax.text(SIDES[0], 0.03, "pooled: $1/\\sqrt{d}$", fontsize=8, color=COLOURS["convolutional, pooled"])
    ax.set(xscale="log", yscale="log", ylim=(0.02, 2), xlabel="side of the image, $\\sqrt{d}$", ylabel="distance")
    ax.set_xticks(SIDES, [str(side) for side in SIDES])
    ax.set_xticks([], minor=True)


if __name__ == "__main__":
    draw().savefig(PICTURE, dpi=160)

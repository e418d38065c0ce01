"""Draw docs/dot.png: what it takes to fool two infinitely wide networks that have learned a white and a black dot.

    python tools/dot_picture.py

Both are asked for the nearest image that they take for a black dot, on 15 x 15 pixels of gray; then for its distance on
images of growing size. The distances are those of `Interpolant.distance`, certified from below to the digits shown.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from shiftmath import dot_on_gray
from shiftmath.interpolant import Distance, Interpolant
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.pages.figures import BROKEN, MEASURED, THEORY, panels, signal_image

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "dot.png"
SIDE, SIDES = 15, np.array([3, 5, 9, 15, 21])
NETWORKS = {"fully connected": FullyConnected(), "convolutional, pooled": Convolutional()}
COLOURS = {"fully connected": MEASURED, "convolutional, pooled": BROKEN}


def from_white(kernel: FullyConnected | Convolutional, side: int) -> Distance:
    """How far the white dot is from the boundary of the network that has learned both."""
    white, black = dot_on_gray((side, side))
    return Interpolant(kernel, np.stack([white, black]), np.array([1.0, -1.0])).distance(white)


def draw() -> Figure:
    """The dot, the nearest black dots of both networks, and the distances against the side of the image."""
    figure, axes = panels(1, 4, height=2.0, width_ratios=[1, 1, 1, 1.5])
    white, _ = dot_on_gray((SIDE, SIDE))
    signal_image(axes[0], white, 1.0, "a white dot")
    for ax, (name, kernel) in zip(axes[1:], NETWORKS.items(), strict=False):
        found = from_white(kernel, SIDE)
        signal_image(ax, found.point, 1.0, f"{name}:\n{found.upper:.4f} away")
        ax.xaxis.label.set_fontsize(8)
    axes[0].xaxis.label.set_fontsize(8)
    for name, kernel in NETWORKS.items():
        axes[3].loglog(SIDES, [from_white(kernel, k).upper for k in SIDES], "o", color=COLOURS[name], markersize=4)
    axes[3].loglog(SIDES, np.ones(len(SIDES)), color=THEORY, linewidth=1)
    axes[3].loglog(SIDES, 1 / SIDES, color=THEORY, linewidth=1)
    axes[3].text(SIDES[0], 0.62, "fully connected: 1", fontsize=7, color=COLOURS["fully connected"])
    axes[3].text(SIDES[0], 0.025, "pooled: $1/\\sqrt{d}$", fontsize=7, color=COLOURS["convolutional, pooled"])
    axes[3].set(ylim=(0.015, 2), xlabel="side of the image, $\\sqrt{d}$", ylabel="distance")
    return figure


if __name__ == "__main__":
    draw().savefig(PICTURE, dpi=160)

r"""Sets of shifts that are no group: those within a window, with what comes in zero, and those between the samples.

Each has `orbit(x)`, as a `Group` has: all the moved copies of one signal, the signal itself first.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_axes, as_choice, as_count, as_signal, require_finite
from shiftmath._shared.memory import require_memory
from shiftmath.dft import shift_phases

__all__ = ["FractionalShifts", "WindowShifts"]


def _signal(x: ArrayLike, count: int) -> np.ndarray:
    x = as_signal("x", x, to_numpy=True)
    require_finite("x", x)
    require_memory("x", x.shape, 8 * x.size * count, "its moved copies")
    return x


@dataclass(frozen=True)
class WindowShifts:
    """All shifts by at most `reach` samples along the axes (None: all), "circular" or with "zero" entering.

    A standard shift, with zeros, of an image with a margin of `reach` zeros is the circular one.

    >>> WindowShifts(1, "zero").orbit([1.0, 2.0, 3.0]).tolist()
    [[1.0, 2.0, 3.0], [2.0, 3.0, 0.0], [0.0, 1.0, 2.0]]
    """

    reach: int
    border: str = "circular"
    axes: int | Sequence[int] | None = None

    def __post_init__(self) -> None:
        as_count("reach", self.reach, 0, 2**16)
        as_choice("border", self.border, ("circular", "zero"))
        as_axes("axes", self.axes, None)

    def orbit(self, x: ArrayLike) -> Float[np.ndarray, "moves *signal"]:
        """The moved copies of one signal, the signal itself first; errors name x, or the axes that it has not."""
        signal, r = as_signal("x", x, to_numpy=True), self.reach
        axes = as_axes("axes", self.axes, signal.ndim)
        signal = _signal(signal, (2 * r + 1) ** len(axes))
        margin = [(r, r) if a in axes else (0, 0) for a in range(signal.ndim)]
        padded = np.pad(signal, margin, mode="wrap" if self.border == "circular" else "constant")
        steps = [0, *[s for s in range(-r, r + 1) if s]]
        starts = itertools.product(*[[r - s for s in steps] if a in axes else [0] for a in range(signal.ndim)])
        return np.array(
            [padded[tuple(slice(a, a + d) for a, d in zip(start, signal.shape, strict=True))] for start in starts]
        )


@dataclass(frozen=True)
class FractionalShifts:
    """All circular shifts by multiples of 1 / `parts` of a sample along the axes (None: all), by the Fourier transform.

    The copy is the real part: on an even number of samples the highest frequency has no shift by a fraction, and is
    multiplied by the cosine of its phase.

    >>> FractionalShifts(2).orbit([1.0, 0.0, 1.0, 0.0]).round(12).tolist()[:3]
    [[1.0, 0.0, 1.0, 0.0], [0.5, 0.5, 0.5, 0.5], [0.0, 1.0, 0.0, 1.0]]
    """

    parts: int
    axes: int | Sequence[int] | None = None

    def __post_init__(self) -> None:
        as_count("parts", self.parts, 1, 2**16)
        as_axes("axes", self.axes, None)

    def orbit(self, x: ArrayLike) -> Float[np.ndarray, "moves *signal"]:
        """The moved copies of one signal, the signal itself first; errors name x, or the axes that it has not."""
        signal = as_signal("x", x, to_numpy=True)
        axes = sorted(as_axes("axes", self.axes, signal.ndim))
        lengths = [signal.shape[a] for a in axes]
        signal = _signal(signal, math.prod(self.parts * d for d in lengths))
        scale = float(abs(signal).max()) or 1.0  # no sum of the transform overflows
        spectrum = np.fft.fftn(signal.astype(float) / scale, axes=axes)
        shape = [d if a in axes else 1 for a, d in enumerate(signal.shape)]
        steps = itertools.product(*[np.arange(self.parts * d) / self.parts for d in lengths])
        phases = [shift_phases(lengths, step).reshape(shape) for step in steps]
        copies = [np.fft.ifftn(spectrum * phase, axes=axes).real * scale for phase in phases]
        return np.array(copies).astype(signal.dtype)

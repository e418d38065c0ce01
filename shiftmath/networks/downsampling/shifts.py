r"""Sets of shifts that are no group: those within a window, with what comes in zero, and those between the samples.

Each has `orbit(x)`, as a `Group` has: all the moved copies of one signal, the signal itself first.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
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

    The copy is the real part, axis by axis: on an even number of samples the highest frequency has no shift by a
    fraction, and is multiplied by the cosine of its phase.

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
        signal = _signal(signal, math.prod(self.parts * signal.shape[a] for a in axes))
        # A power of two, so that no sum of the transform overflows and whole shifts are exact.
        scale = 2.0 ** (math.frexp(float(abs(signal).max()))[1] - 1)
        copies = signal.astype(float)[None] / scale
        for axis in axes:
            moved = np.stack(list(_moved(copies, axis + 1, self.parts)), axis=1)
            copies = moved.reshape(-1, *signal.shape)
        copies = (copies * scale).astype(signal.dtype)
        copies[0] = signal
        return copies


def _moved(copies: np.ndarray, axis: int, parts: int) -> Iterator[np.ndarray]:
    """Shifted by 0, 1 / parts, 2 / parts, ... along one axis; by whole samples without a transform."""
    length = copies.shape[axis]
    spectrum = np.fft.fft(copies, axis=axis)
    for k in range(parts * length):
        if k % parts == 0:
            yield np.roll(copies, k // parts, axis)
        else:
            phase = shift_phases((length,), (k / parts,)).reshape(-1, *[1] * (copies.ndim - axis - 1))
            yield np.fft.ifft(spectrum * phase, axis=axis).real

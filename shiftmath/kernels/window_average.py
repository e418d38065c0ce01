"""A kernel averaged over shifts within a window: that of local average pooling at every place."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from shiftmath._shared.arguments import as_axes, as_callable
from shiftmath.groups import circular_shifts
from shiftmath.kernels import arrays
from shiftmath.kernels.average import Average, Images
from shiftmath.kernels.plan import per_axis

__all__ = ["WindowAverage"]


@dataclass(frozen=True, repr=False)
class WindowAverage(Average):
    r"""The kernel $k_m(x, z) = \frac{1}{m^2} \sum_{a, b = 0}^{m-1} k(T_a x, T_b z)$ of a kernel k, T_a circular shifts.

    On several axes a and b run over windows of $m_1 \times m_2 \times \cdots$ shifts. For k the flattened convolutional
    kernel with circular padding it is that of a network whose last features are averaged over the window of m pixels
    that begins at each pixel, overlapping and wrapped around, before they are flattened: from "flatten" at m = 1 to
    "average" at m = the length.

    k must be invariant under the joint action of the shifts, as `GroupAverage` has it; then

    $$k_m(x, z) = \sum_s w_s\, k(x, T_s z), \qquad w_s = \#\{(a, b): b - a \equiv s\} / m^2,$$

    which takes at most 2 m - 1 shifts along an axis, at the cost of k each.

    Args:
        kernel: callable (X, Z=None) -> Gram matrix; hashable, if the average is to be.
        window: m, a whole number for all axes or one for each, at most the length of the axis.
        axes: the axes of a signal that are shifted, from 0; None takes the first `spatial_axes` of the kernel, or all.

    Raises:
        ValueError, TypeError: as `GroupAverage`; a window below 1 or longer than the axis.

    Source: Li et al. (2019), *Enhanced Convolutional Neural Tangent Kernels*, section 4.

    >>> from shiftmath.kernels import Convolutional
    >>> x, z = np.random.default_rng(0).standard_normal((2, 1, 5))
    >>> flatten, average = (Convolutional(readout=r, spatial_axes=1) for r in ("flatten", "average"))
    >>> bool(abs(WindowAverage(flatten, 5)(x, z) - average(x, z)).max() < 1e-15)
    True
    >>> bool(WindowAverage(flatten, 1)(x, z) == flatten(x, z))
    True
    """

    kernel: Callable[..., Any]
    window: int | tuple[int, ...]
    axes: int | tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        as_callable("kernel", self.kernel, "a callable (X, Z=None) -> Gram matrix")
        count = len(self.window) if isinstance(self.window, (tuple, list)) else 1
        object.__setattr__(self, "window", arrays.sizes("window", self.window, count))
        axes = as_axes("axes", self.axes, None)
        if not isinstance(self.axes, (int, tuple)):  # `sklearn.base.clone` asks for what it gave
            object.__setattr__(self, "axes", axes)

    def images(self, X: Any, get: str) -> Images:
        """The shifts that two places of a window may be apart, each as often as there are such places."""
        shape = X.shape[1:]
        axes = self._axes(len(shape))
        window = per_axis("window", self.window, len(axes))
        for axis, m in zip(axes, window, strict=True):
            if m > shape[axis]:
                raise ValueError(f"window: got {self.window} for signals of shape {shape}, takes at most their length")
        self._require_joint_invariance(circular_shifts(axes=axes), X, get, "circular padding has that")
        counts = [shift_counts(shape[axis], m) for axis, m in zip(axes, window, strict=True)]
        each = np.stack(np.meshgrid(*map(np.flatnonzero, counts), indexing="ij"), axis=-1).reshape(-1, len(axes))
        pixels = np.arange(math.prod(shape)).reshape(shape)
        elements = np.stack([np.roll(pixels, shift, axes).ravel() for shift in each.tolist()])
        return Images(elements, np.prod([c[s] for c, s in zip(counts, each.T, strict=True)], axis=0))

    def _axes(self, count: int) -> tuple[int, ...]:
        """The axes of signals with so many that are shifted."""
        if self.axes is None:
            return tuple(range(min(count, getattr(self.kernel, "spatial_axes", count))))
        return as_axes("axes", self.axes, count)


def shift_counts(length: int, window: int) -> Int[np.ndarray, "length"]:
    """How many pairs of places a, b of a window have b - a = s modulo the length, for each s.

    >>> shift_counts(5, 2).tolist(), shift_counts(3, 3).tolist()
    ([2, 1, 0, 0, 1], [3, 3, 3])
    """
    a = np.arange(window)
    return np.bincount(((a[None] - a[:, None]) % length).ravel(), minlength=length)

"""Images that are gray but for a few dots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_shape, require_finite

__all__ = ["Dots"]


@dataclass(frozen=True, eq=False)
class Dots:
    """An image that is gray but for a few dots; only these are stored.

    Args:
        shape: lengths of the one or two spatial axes; an integer is a signal of one axis.
        dots: {position: value}; a position is one index an axis, counted from 0 (for one axis also a plain integer), a
            value what the pixel has there (not its difference from gray), one number or one for each channel.
        gray: the value of all other pixels, one number or one for each channel; it decides the number of channels.

    Raises:
        ValueError, TypeError: a position outside the image, values that are not finite or not one a channel.

    >>> Dots((2, 3), {(1, 2): 1.0}, gray=0.5).array()[..., 0]
    array([[0.5, 0.5, 0.5],
           [0.5, 0.5, 1. ]])
    """

    shape: Any
    dots: Mapping[Any, ArrayLike]
    gray: Any = 0.0
    positions: np.ndarray = field(init=False, repr=False)
    values: Float[np.ndarray, "dots channels"] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shape = as_shape("shape", self.shape)
        if len(shape) > 2:
            raise ValueError(f"shape: got {shape}, takes one or two spatial axes")
        if not isinstance(self.dots, Mapping):
            raise TypeError(f"dots: got {self.dots!r}, takes a mapping {{position: value}}")
        gray = _channels("gray", self.gray, None)
        positions = [_position(p, shape) for p in self.dots]
        if len(set(positions)) < len(positions):
            raise ValueError(f"dots: got {list(self.dots)}, takes each position once")
        values = [_channels("dots", v, gray.size) for v in self.dots.values()]
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "gray", gray)
        object.__setattr__(self, "positions", np.array(positions, np.int64).reshape(-1, len(shape)))
        object.__setattr__(self, "values", np.array(values).reshape(-1, gray.size))

    def array(self) -> Float[np.ndarray, "*spatial channels"]:
        """All pixels, (*shape, channels)."""
        return self.window(0, self.shape, slice(None))

    def window(self, start: np.ndarray | int, size: Sequence[int], which: Any) -> Float[np.ndarray, "*size channels"]:
        """An image of this size with the same gray, and of the dots those numbered `which`, counted from `start`."""
        pixels = np.tile(self.gray, (*size, 1))
        pixels[tuple(((self.positions[which] - start) % self.shape).T)] = self.values[which]
        return pixels


def _position(position: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    p = position if isinstance(position, tuple) else (position,)
    if not all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in p):
        raise TypeError(f"dots: got position {position!r}, takes one whole number for each axis of {shape}")
    if len(p) != len(shape) or any(not 0 <= i < length for i, length in zip(p, shape, strict=True)):
        raise ValueError(f"dots: got position {position!r}, takes one index for each axis of {shape}, counted from 0")
    return tuple(map(int, p))


def _channels(name: str, value: ArrayLike, channels: int | None) -> Float[np.ndarray, "channels"]:
    """One number a channel, from these or from one for all."""
    value = np.atleast_1d(as_array(name, value, "one number, or one for each channel", to_numpy=True)).astype(float)
    require_finite(name, value)
    if value.ndim > 1 or value.size == 0 or (channels and value.size not in (1, channels)):
        takes = "one number a channel" if channels is None else f"one number, or one for each of gray's {channels}"
        raise ValueError(f"{name}: got shape {value.shape}, takes {takes}")
    return value if channels is None else np.broadcast_to(value, channels)

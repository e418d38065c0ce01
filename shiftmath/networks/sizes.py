"""Sizes of networks: what fits the signal and the memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import DTypeLike

from shiftmath._shared.arguments import as_bool, as_choice, as_count, as_shape
from shiftmath._shared.memory import require_memory

__all__ = ["as_padding", "as_spatial", "as_taps", "require_fits"]


def as_padding(value: Any) -> str | int:
    """The padding of a convolution, see `layers.Convolution`."""
    names = ("circular", "zero")
    if isinstance(value, str) and value not in names:
        raise ValueError(f"padding: got {value!r}, takes circular, zero or a whole number of at least 0")
    return as_choice("padding", value, names) if isinstance(value, str) else as_count("padding", value, 0)


def as_spatial(shape: int | Sequence[int], channel_axis: bool) -> tuple[tuple[int, ...], int]:
    """The lengths of a signal and the number of its channels."""
    whole = as_shape("shape", shape)
    if not as_bool("channel_axis", channel_axis):
        return whole, 1
    if len(whole) < 2:
        raise ValueError(f"shape: got {shape!r}, takes (*spatial, channels) with channel_axis")
    return whole[:-1], whole[-1]


def as_taps(filter_size: int | Sequence[int], spatial: tuple[int, ...], padding: str | int) -> tuple[int, ...]:
    """One number of taps an axis; a circular filter is at most as long as the signal."""
    taps = as_shape("filter_size", filter_size)
    taps = taps if np.ndim(filter_size) else taps * len(spatial)
    if len(taps) != len(spatial) or (padding != "zero" and any(q > d for q, d in zip(taps, spatial, strict=True))):
        raise ValueError(
            f"filter_size: got {filter_size!r} for signals of shape {spatial}, takes a whole number or one an axis, at "
            "most the signal's length unless it is padded with zeros"
        )
    return taps


def require_fits(names: str, got: Any, count: int, dtype: DTypeLike) -> None:
    """A ValueError unless so many parameters, or samples of a signal, fit the memory."""
    require_memory(names, got, np.dtype(dtype).itemsize * count, "a network of this size")

"""Downsamplers by name, as the architectures take them."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, DTypeLike

from shiftmath._shared.arguments import as_count
from shiftmath._shared.values import show
from shiftmath.networks.downsampling.adaptive import APS
from shiftmath.networks.downsampling.fixed import RULES, Downsampler, Fixed
from shiftmath.networks.downsampling.learned import LPS, TIPS
from shiftmath.networks.sizes import require_fits

__all__ = ["NAMES", "downsampler"]

Build = Callable[..., Downsampler]
ADAPTIVE: dict[str, dict[str, Any]] = {
    "aps": {},
    "aps-l1": {"norm": "l1"},
    "aps-linf": {"norm": "linf"},
    "aps-blur": {"taps": 3},
    "aps-per-channel": {"per_channel": True},
}
LEARNED: dict[str, tuple[Any, dict[str, Any]]] = {
    "lps": (LPS, {}),
    "lps-softmax": (LPS, {"selection": "softmax"}),
    "tips": (TIPS, {}),
    "tips-circular": (TIPS, {"padding": "circular"}),
}
NAMES = (*RULES, *ADAPTIVE, *LEARNED)


def downsampler(
    name: str | Build,
    key: Array,
    channels: int,
    axes: int = 2,
    *,
    stride: int = 2,
    uneven: str = "raise",
    dtype: DTypeLike = jnp.float32,
) -> Downsampler:
    """A layer for signals of so many channels on so many spatial axes.

    Args:
        name: one of `NAMES`; blurs have 3 taps. Or a function of (key, channels, axes, dtype) and the options stride
            and uneven that gives the layer, such as `LPS.of`.
        key: the source of randomness of what is learned.
        channels, axes: of the signals.
        stride, uneven: see `polyphase`.
        dtype: of parameters.

    Raises:
        ValueError, TypeError: no such name, and no function.

    >>> import jax
    >>> downsampler("aps-blur", jax.random.key(0), 8).taps
    3
    """
    options: dict[str, Any] = {"stride": as_count("stride", stride), "uneven": uneven}
    channels, axes = as_count("channels", channels), as_count("axes", axes, most=8)
    require_fits("channels and axes", (channels, axes), 3**axes * channels**2, dtype)
    if isinstance(name, str) and name in RULES:
        return Fixed(rule=str(name), **options)
    if isinstance(name, str) and name in ADAPTIVE:
        return APS(**ADAPTIVE[name], **options)
    if isinstance(name, str) and name in LEARNED:
        kind, more = LEARNED[name]
        return kind.of(key, channels, axes, dtype, **more, **options)
    if not callable(name) or isinstance(name, type):
        takes = f"one of {', '.join(map(repr, NAMES))}, or a function that makes a layer"
        error = ValueError if isinstance(name, str) else TypeError
        raise error(f"name: got {show(name)}, takes {takes}")
    layer = name(key, channels, axes, dtype, **options)
    if not isinstance(layer, Downsampler):
        raise TypeError(f"name: got a function that gives {show(layer)}, takes one that gives a Downsampler")
    return layer

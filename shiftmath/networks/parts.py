"""What the architectures are put together from: convolutions with their norms, blocks, the readout."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, DTypeLike

from shiftmath._shared.arguments import as_bool, as_count, as_counts
from shiftmath._shared.values import show
from shiftmath.networks.downsampling.fixed import Downsampler
from shiftmath.networks.downsampling.learned import TIPS
from shiftmath.networks.downsampling.named import NAMES, Build, downsampler
from shiftmath.networks.downsampling.residual import DownsamplingResidual
from shiftmath.networks.layers import BatchNorm, Convolution, Dense, Network, Residual, parameters
from shiftmath.networks.sizes import require_fits

__all__ = [
    "Downsample",
    "as_downsample",
    "as_strides",
    "average",
    "block",
    "convolution",
    "downsampled",
    "first",
    "norms_of",
    "readout_of",
    "recipe_of",
]

Downsample = str | Build | None


def as_downsample(value: Any) -> Downsample:
    """None, the name of a downsampler, or a function that makes one."""
    takes = f"None, one of {', '.join(map(repr, NAMES))}, or a function that makes a layer"
    if not (value is None or isinstance(value, str) or (callable(value) and not isinstance(value, type))):
        raise TypeError(f"downsample: got {show(value)}, takes {takes}")
    if isinstance(value, str) and value not in NAMES:
        raise ValueError(f"downsample: got {show(value)}, takes {takes}")
    return value


def as_strides(stride: int | Sequence[int], depth: int) -> tuple[int, ...]:
    """One stride for each layer; a whole number is that of the first."""
    if not isinstance(stride, Sequence) and not np.ndim(np.asarray(stride, object)):
        return (as_count("stride", stride), *[1] * (depth - 1))
    strides = as_counts("stride", stride)
    if len(strides) != depth:
        raise ValueError(f"stride: got {show(stride)}, takes a whole number, or one for each of {depth} convolutions")
    return strides


def downsampled(
    rule: Downsample, key: Array, channels: int, axes: int, stride: int, dtype: DTypeLike
) -> list[Downsampler]:
    """The layer that a rule makes, or none. The key is one that has made a convolution: it is folded first."""
    if rule is None or stride == 1:
        return []
    return [downsampler(rule, jax.random.fold_in(key, 2**31 - 1), channels, axes, stride=stride, dtype=dtype)]


def average(x: Array) -> Array:
    """The mean over all positions, (channels,)."""
    return x.mean(range(x.ndim - 1))


def _one_channel(x: Array) -> Array:
    return x[..., None]


def first(channel_axis: bool) -> list[Callable]:
    """The layers before the first convolution."""
    return [] if channel_axis else [_one_channel]


def norms_of(input_norm: bool, hidden_norm: bool) -> tuple[bool, bool]:
    """Whether the input and the hidden layers are normalised."""
    return as_bool("input_norm", input_norm), as_bool("hidden_norm", hidden_norm)


def recipe_of(bias: Any, initialisation: str, dtype: DTypeLike) -> dict[str, Any]:
    """How parameters are made."""
    return {"bias": as_bool("bias", bias), "initialisation": initialisation, "dtype": dtype}


def convolution(
    key: Array,
    taps: tuple[int, ...],
    channels: int,
    width: int,
    padding: str | int,
    stride: int,
    norm: bool,
    recipe: dict[str, Any],
) -> list[Callable]:
    """A convolution and, with `norm`, its batch norm."""
    layer = Convolution(*parameters(key, (*taps, channels), (width,), **recipe), padding, stride)
    return [layer, *[BatchNorm.of((width,), recipe["dtype"])] * norm]


def block(
    key: Array,
    taps: tuple[int, ...],
    channels: int,
    width: int,
    stride: int,
    make: Callable[..., list[Callable]],
    rule: Downsample = None,
) -> Residual | DownsamplingResidual:
    """A residual block; a downsampler by that rule takes the place of a stride."""
    one, two, three = jax.random.split(key, 3)
    points, apart = (1,) * len(taps), rule and stride > 1
    head: list[Any] = [*make(one, taps, channels, width, stride=1 if apart else stride), jax.nn.relu]
    tail = make(two, taps, width, width, stride=1)
    same = stride == 1 and channels == width
    skip = [] if same else make(three, points, channels, width, stride=1 if apart else stride)
    if not apart:
        return Residual(Network((*head, *tail)), Network(tuple(skip)))
    (down,), (other,) = (
        downsampled(rule, k, C, len(taps), stride, head[0].weight.dtype) for k, C in ((one, width), (three, channels))
    )
    own = other if isinstance(down, TIPS) or getattr(down, "per_channel", False) else None
    return DownsamplingResidual(Network(tuple(head)), down, Network(tuple(tail)), Network(tuple(skip)), own)


def readout_of(key: Array, features: int, classes: int | None, recipe: dict[str, Any]) -> Dense:
    """The linear layer at the end."""
    outputs = () if classes is None else (as_count("classes", classes),)
    require_fits("shape, width and classes", (features, classes), features * math.prod(outputs), recipe["dtype"])
    return Dense(*parameters(key, (features,), outputs, last=True, **recipe))

"""The numbers of a network on images of one size: what both engines read, instead of a kernel.

A plan is made once from a kernel and a size, is hashable, and has no images. A fully connected network is a plan
without convolutions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from shiftmath.kernels.dual import HOMOGENEOUS, homogeneous_weights

__all__ = ["ERF", "GELU", "LARGEST", "MOST_LAYERS", "ROUNDINGS", "Plan", "per_axis", "pooled_pairs", "pooled_shifts"]

ERF, GELU = 1, 2
MOST_LAYERS = 10**4  # at more, a pair of 32 x 32 pixels takes more than minutes
LARGEST = 1e150  # of a deviation or slope: their squares are numbers too
ROUNDINGS = 16  # of a difference: what is below so many eps of its terms is 0

Pair = tuple[int, int]
Mask = Bool[np.ndarray, "length length"]


def per_axis(name: str, value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """One whole number for each of so many spatial axes."""
    values = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(values) != axes:
        raise ValueError(
            f"{name}: got {value} for signals with {axes} spatial axes, takes a whole number or one per axis"
        )
    return values


@dataclass(frozen=True)
class Plan:
    r"""A network of `depth` convolutions and `dense_layers` dense ones, each with activation, and a last dense layer.

    Attributes:
        activation: one of `dual.ACTIVATIONS`.
        negative_slope: that of leaky_relu; the other activations ignore it, and here it is 0.
        weight_std, bias_std: deviations of the hidden layers.
        depth: number of convolutions.
        dense_layers: number of hidden dense layers after the readout.
        size: (height, width) of the images in pixels; a signal has one row.
        taps: (q_y, q_x) of the filters.
        block: (b_y, b_x), the pixels that the readout pools.
        padding: "circular" or "zero".
    """

    activation: str
    negative_slope: float
    weight_std: float
    bias_std: float
    depth: int = 0
    dense_layers: int = 0
    size: Pair = (1, 1)
    taps: Pair = (1, 1)
    block: Pair = (1, 1)
    padding: str = "circular"

    def __post_init__(self) -> None:
        if self.activation != "leaky_relu":
            object.__setattr__(self, "negative_slope", 0.0)

    @property
    def smooth(self) -> int:
        """`ERF`, `GELU`, or 0 for the homogeneous activations."""
        return {"erf": ERF, "gelu": GELU}.get(self.activation, 0)

    @property
    def homogeneous(self) -> bool:
        """Whether k(c x, z) = c k(x, z) for c > 0: a homogeneous activation and no bias."""
        return self.activation in HOMOGENEOUS and self.bias_std == 0

    @property
    def stays_positive(self) -> bool:
        """Whether covariances are non-negative after the first activation: b >= a in the weights of `dual`.

        That is E[f f] >= 0 at every covariance, which for f(u) = max(u, 0) + s min(u, 0) means s <= 0.
        """
        if self.smooth:
            return False
        a, b = homogeneous_weights(self.activation, self.negative_slope)
        return a <= b

    @property
    def carries_deficit(self) -> bool:
        """Whether the deficit, and not the covariance, is read out for the dense layers.

        Without pooling it is linear in the readout too; smooth activations do not need its accuracy.
        """
        return self.dense_layers > 0 and self.block == (1, 1) and not self.smooth

    @property
    def fan(self) -> int:
        """The taps of a filter."""
        return self.taps[0] * self.taps[1]

    @property
    def torus(self) -> Pair:
        """The torus on which the padding is circular.

        Zero padding is circular on a torus larger by q // 2, cleared after each layer: as far as a filter reaches
        beyond an image on either side. What it sees there on the one side may be what it sees on the other: zeros.

        >>> Plan("relu", 0.0, 1.0, 0.0, 1, size=(8, 4), taps=(3, 4), padding="zero").torus
        (9, 6)
        """
        if self.padding != "zero":
            return self.size
        height, width = (max(length + q // 2, q) for length, q in zip(self.size, self.taps, strict=True))
        return height, width

    @cached_property
    def masks(self) -> tuple[Bool[np.ndarray, "H H"], Bool[np.ndarray, "W W"]]:
        """`pooled_pairs` along each axis."""
        y, x = (pooled_pairs(*axis) for axis in zip(self.size, self.torus, self.block, strict=True))
        return y, x

    @cached_property
    def shifts(self) -> Int[np.ndarray, "shifts 3"]:
        """`pooled_shifts` of the masks."""
        return pooled_shifts(self.masks)

    @property
    def pooled_terms(self) -> int:
        """The number of pooled pairs of pixels."""
        return math.prod(self.size) * math.prod(self.block)

    @cached_property
    def convolution_weights(self) -> Float[np.ndarray, "layers 7"]:
        """`layer_weights` of the convolutions."""
        return self.layer_weights(self.depth, self.fan, deficit=self.carries_deficit)

    @cached_property
    def dense_weights(self) -> Float[np.ndarray, "layers 7"]:
        """`layer_weights` of the hidden dense layers."""
        return self.layer_weights(self.dense_layers, 1, deficit=False)

    def layer_weights(self, layers: int, fan: int, *, deficit: bool) -> Float[np.ndarray, "layers 7"]:
        """Rows (l_d, e_d, l_k, e_k, l, e, 4 e / pi) of `_numba.maps`, times weight_std^2 / fan of the following layer.

        l and e are the weights of the linear and the even part of the activation (see `dual`: l = a - b / 2,
        e = b / 2); l_d, e_d are l, e and l_k, e_k are 0, except in the last row, which has no factor weight_std^2 / fan
        and makes D minus twice the covariance (l_d = e_d = 0, l_k = -l, e_k = -e), or the deficit as before. Smooth
        activations have l = 1.
        """
        scale = np.append(np.full(layers - 1, self.weight_std**2 / fan), 1.0)
        keep = np.append(np.ones(layers - 1), float(deficit))
        if self.smooth:
            return np.stack([keep, 0 * keep, 0 * keep, 0 * keep, scale, 0 * keep, 0 * keep], axis=1)
        a, b = homogeneous_weights(self.activation, self.negative_slope)
        linear, even = (a - b / 2) * scale, b / 2 * scale
        rows = [linear * keep, even * keep, -linear * (1 - keep), -even * (1 - keep), linear, even, 4 / math.pi * even]
        return np.stack(rows, axis=1)


def pooled_pairs(size: int, length: int, block: int) -> Mask:
    """mask[s, i] on an axis: i and i + s (mod length) are pixels of the image and lie in the same pooling block.

    >>> pooled_pairs(4, 4, 2).astype(int)
    array([[1, 1, 1, 1],
           [1, 0, 1, 0],
           [0, 0, 0, 0],
           [0, 1, 0, 1]])
    """
    i = np.arange(length)
    j = (i[None, :] + i[:, None]) % length
    return (i < size) & (j < size) & (i // block == j // block)


def pooled_shifts(
    masks: tuple[Bool[np.ndarray, "height height"], Bool[np.ndarray, "width width"]],
) -> Int[np.ndarray, "shifts 3"]:
    """Rows (s_y, s_x, weight), sorted by s_x: the shifts that some pooled pair has.

    The weights 0, 1, 2 sum a slice and its mirror -s at once.

    >>> pooled_shifts((np.ones((1, 1), bool), np.ones((3, 3), bool)))
    array([[0, 0, 1],
           [0, 1, 2],
           [0, 2, 0]])
    """
    (Ny, Nx), rows = (len(masks[0]), len(masks[1])), []
    for x in np.flatnonzero(masks[1].any(1)):
        for y in np.flatnonzero(masks[0].any(1)):
            mirror = ((-y) % Ny, (-x) % Nx)
            rows.append((y, x, 1 if mirror == (y, x) else 2 if (y, x) < mirror else 0))
    return np.array(rows, dtype=np.int64)

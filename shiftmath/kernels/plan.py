"""The numbers of a network that both engines use: filter, torus, pooled pixel pairs, layer weights.

Plain NumPy, no images.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

from shiftmath.kernels.dual import HOMOGENEOUS, homogeneous_weights

if TYPE_CHECKING:
    from shiftmath.kernels.convolutional import Convolutional
    from shiftmath.kernels.fully_connected import FullyConnected

KINDS = {"erf": 1, "gelu": 2}

# (y, x), or (x,) for signals.
Spatial = tuple[int, ...]


def per_axis(name: str, value: int | Spatial, spatial: Spatial) -> tuple[int, int]:
    """One whole number per axis (y, x); a signal is an image of one row."""
    values = (value,) * len(spatial) if isinstance(value, int) else value
    if len(values) != len(spatial):
        raise ValueError(
            f"{name}: got {value} for signals with {len(spatial)} spatial axes, takes a whole number or one per axis"
        )
    return (1, values[0]) if len(values) == 1 else (values[0], values[1])


def taps(kernel: "Convolutional", spatial: Spatial) -> tuple[int, int]:
    """Filter taps (q_y, q_x) of the kernel on images of these spatial axes."""
    q = per_axis("filter_size", kernel.filter_size, spatial)
    if kernel.padding == "circular" and any(t > h for t, h in zip(q[-len(spatial) :], spatial, strict=True)):
        raise ValueError(
            f"filter_size: got {kernel.filter_size} for images {spatial}, takes at most these with circular padding"
        )
    return q


def block(kernel: "Convolutional", spatial: Spatial) -> tuple[int, int]:
    """Pooling block (b_y, b_x) of the kernel's readout on images of these spatial axes."""
    if isinstance(kernel.readout, str):
        return per_axis("readout", spatial if kernel.readout == "average" else 1, spatial)
    b = per_axis("readout", kernel.readout, spatial)
    if any(h % t for t, h in zip(b[-len(spatial) :], spatial, strict=True)):
        raise ValueError(f"readout: got {kernel.readout} for images {spatial}, takes a pooling block that divides them")
    return b


def channel_first(images: Any) -> Any:
    """Images (n, H, W, C), or signals (n, W, C) as images of one row, to (n, C, H, W)."""
    images = images[:, None] if images.ndim == 3 else images
    return images.transpose(0, 3, 1, 2)


def torus(size: Sequence[int], q: Sequence[int], padding: str) -> tuple[int, ...]:
    """The torus on which the padding is circular.

    Zero padding is circular on a torus larger by q - 1, cleared after each layer.
    """
    return tuple(h + t - 1 for h, t in zip(size, q, strict=True)) if padding == "zero" else tuple(size)


def pooled_pairs(size: int, length: int, block: int) -> Bool[np.ndarray, "length length"]:
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


def pooled_shifts(masks: Sequence[Bool[np.ndarray, "length length"]]) -> Int[np.ndarray, "shifts 3"]:
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


def stays_positive(kernel: "Convolutional | FullyConnected") -> bool:
    """Whether covariances are non-negative after the first activation.

    b >= a - b <=> negative slope <= 0 (see dual).
    """
    if kernel.activation not in HOMOGENEOUS:
        return False
    a, b = homogeneous_weights(kernel.activation, kernel.negative_slope)
    return a <= b


def layer_weights(
    kernel: "Convolutional | FullyConnected", layers: int, fan: int, last: str = "covariance"
) -> Float[np.ndarray, "layers 7"]:
    """Rows (l_d, e_d, l_k, e_k, l, e, 4 e / pi) of `_numba.maps`, times weight_std^2 / fan of the layer that follows.

    l and e are the weights of the linear and the even part of the activation (see dual: l = a - b / 2, e = b / 2); l_d,
    e_d are l, e and l_k, e_k are 0, except in the last row, which has no factor weight_std^2 / fan and makes D minus
    twice the covariance (l_d = e_d = 0, l_k = -l, e_k = -e), or the deficit as before if last is "deficit". Smooth
    activations have l = 1.
    """
    scale = np.append(np.full(layers - 1, kernel.weight_std**2 / fan), 1.0)
    keep = np.append(np.ones(layers - 1), float(last == "deficit"))
    if kernel.activation in KINDS:
        return np.stack([keep, 0 * keep, 0 * keep, 0 * keep, scale, 0 * keep, 0 * keep], axis=1)
    a, b = homogeneous_weights(kernel.activation, kernel.negative_slope)
    linear, even = (a - b / 2) * scale, b / 2 * scale
    rows = [linear * keep, even * keep, -linear * (1 - keep), -even * (1 - keep), linear, even, 4 / math.pi * even]
    return np.stack(rows, axis=1)


def is_homogeneous(kernel: "Convolutional | FullyConnected") -> bool:
    """Whether kernel(c x, z) = c kernel(x, z) for c > 0: a homogeneous activation and no bias."""
    return kernel.activation in HOMOGENEOUS and kernel.bias_std == 0

"""Infinitely wide convolutional networks, with or without pooling."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shiftmath._shared.arguments import as_choice, as_count, as_number
from shiftmath.kernels import arrays, diagonal
from shiftmath.kernels.dual import ACTIVATIONS
from shiftmath.kernels.kernel import Kernel
from shiftmath.kernels.plan import LARGEST, MOST_LAYERS, Plan, per_axis

__all__ = ["Convolutional"]

IMAGES = {
    1: "signals (n, length) or (n, length, channels)",
    2: "images (n, height, width) or (n, height, width, channels); signals of one axis need spatial_axes=1",
}


@dataclass(frozen=True, repr=False)
class Convolutional(Kernel):
    r"""Neural tangent kernel of an infinitely wide network Conv - f - ... - Conv - f - readout - Dense(1).

    Images x, z are (*spatial, channels). With pixels i of x and j of z, filter offsets
    a = -((q-1)//2), ..., q//2, and K_0(i, j) = <x_i, z_j> / channels, \Theta_0 = 0, for l = 1, ..., depth

        K_l(i, j) = \sigma_w^2 mean_a K'_{l-1}(i+a, j+a) + \sigma_b^2,
        \Theta_l(i, j) = K_l(i, j) + \sigma_w^2 mean_a \Theta'_{l-1}(i+a, j+a),
        K'_0 = K_0,  K'_l(i, j) = E[f(u) f(v)],    \Theta'_0 = 0,  \Theta'_l = \Theta_l E[f'(u) f'(v)],

    (u, v) centred Gaussian with variances K_l(x, x; i, i), K_l(z, z; j, j) and covariance K_l(i, j). The value is the
    mean of K'_depth + \Theta'_depth over pairs of pixels that the readout pools together; nngp is that of K'_depth
    alone. This is the NTK parameterisation and scale of neural-tangents' stax.

    Signals are images (n, *spatial), which have one channel, or (n, *spatial, channels), and rows (n, d) of these if
    the kernel has an input_shape. Time grows as n m d^2 for readout "average" and n m d for "flatten", d the number of
    pixels.

    Args:
        depth: number of convolutions with activation, at least 1.
        filter_size: taps q of the filter, odd or even: a whole number for all axes, or a tuple with one per spatial
            axis.
        readout: "average" (over all pixels), "flatten" (none), or the size of the pooling block, which must divide the
            image: a whole number or one per spatial axis; blocks are averaged, then flattened.
        padding: "circular", or "zero". A circular filter is at most as large as the image. (neural-tangents takes
            larger ones, whose taps meet some pixels twice; that is rarely meant, so it is an error here.)
        activation: f: "relu", "leaky_relu", "abs", "identity", "erf" or "gelu".
        bias_std, weight_std: standard deviations \sigma_b and \sigma_w in the hidden layers; the last dense layer has
            weights of deviation 1 and no bias.
        dense_layers: hidden layers Dense - f between the readout and the last dense layer.
        negative_slope: slope of leaky_relu below 0; the other activations ignore it.
        input_shape: (*spatial) or (*spatial, channels), so that rows (n, d) are accepted as images, as scikit-learn
            passes them.
        spatial_axes: 2 for images, 1 for signals: the shape of an array then says whether it has channels.

    Raises:
        ValueError, TypeError: sizes below 1 or not whole, an unknown readout, padding or activation, a negative
            bias_std, a weight_std that is not positive, numbers that are not finite.

    Source: Arora et al. (2019); Novak et al. (2019) for K.

    With circular padding, readout "average" is the mean over all shifts s of readout "flatten" at (x, T_s z):

    >>> import numpy as np
    >>> x, z = np.random.default_rng(0).normal(size=(2, 1, 5))
    >>> shifted = np.concatenate([np.roll(z, s, axis=1) for s in range(5)])
    >>> average, flatten = (Convolutional(depth=2, readout=r, spatial_axes=1) for r in ("average", "flatten"))
    >>> bool(abs(average(x, z)[0, 0] - flatten(x, shifted).mean()) < 1e-15)
    True
    """

    depth: int = 1
    filter_size: int | tuple[int, ...] = 3
    readout: str | int | tuple[int, ...] = "average"
    padding: str = "circular"
    activation: str = "relu"
    bias_std: float = 0.0
    weight_std: float = math.sqrt(2)
    dense_layers: int = 0
    negative_slope: float = 0.01
    input_shape: tuple[int, ...] | None = None
    spatial_axes: int = 2

    def __post_init__(self) -> None:
        axes = as_count("spatial_axes", self.spatial_axes, 1, 2)
        if isinstance(self.readout, str):
            readout: Any = as_choice("readout", self.readout, ("average", "flatten"))
        else:
            readout = arrays.sizes("readout", self.readout, axes)
        # Numbers are stored as Python's own and lists as tuples: equal kernels compile equally.
        stored = {
            "depth": as_count("depth", self.depth, 1, MOST_LAYERS),
            "filter_size": arrays.sizes("filter_size", self.filter_size, axes),
            "readout": readout,
            "padding": as_choice("padding", self.padding, ("circular", "zero")),
            "activation": as_choice("activation", self.activation, ACTIVATIONS),
            "bias_std": as_number("bias_std", self.bias_std, least=0, below=LARGEST),
            "weight_std": as_number("weight_std", self.weight_std, positive=True, below=LARGEST),
            "dense_layers": as_count("dense_layers", self.dense_layers, 0, MOST_LAYERS),
            "negative_slope": as_number("negative_slope", self.negative_slope, least=-LARGEST, below=LARGEST),
            "input_shape": arrays.image_shape("input_shape", self.input_shape, axes),
            "spatial_axes": axes,
        }
        for name, value in stored.items():
            object.__setattr__(self, name, value)

    def plan(self, spatial: tuple[int, ...]) -> Plan:
        """The numbers of this network on images of these spatial axes.

        Raises:
            ValueError: a filter or a pooling block that does not fit the image.
        """
        return _plan(copy.copy(self), tuple(spatial))  # a key that no set_params changes

    def images(self, name: str, X: Any) -> Any:
        """`X` as images (n, height, width, channels), a signal as an image of one row; an error calls it `name`.

        Takes (n, *spatial) or (n, *spatial, channels), and rows (n, d) if the kernel has an input_shape.
        """
        axes, shape = self.spatial_axes, self.input_shape
        if shape is not None and X.ndim == 2:
            if X.shape[1] != math.prod(shape):
                raise ValueError(
                    f"{name}: got rows of {X.shape[1]} entries, takes {math.prod(shape)} for input_shape {shape}"
                )
            X = X.reshape(len(X), *shape)
        if X.ndim not in (axes + 1, axes + 2):
            raise ValueError(f"{name}: got shape {X.shape}, takes {IMAGES[axes]}")
        X = X if X.ndim == axes + 2 else X[..., None]
        if shape is not None and X.shape[1:] != (*shape, 1)[: axes + 1]:
            raise ValueError(f"{name}: got images of shape {X.shape[1:]}, takes input_shape {shape}")
        return X if axes == 2 else X[:, None]

    @property
    def _takes_rows(self) -> bool:
        return self.input_shape is not None

    def engine_arrays(self, signals: Sequence[Any]) -> list[Any]:
        """Images (n, channels, height, width); a ValueError, which names X or Z, for other shapes."""
        images = [self.images(name, a) for name, a in zip("XZ", signals, strict=False)]
        if images[-1].shape[1:] != images[0].shape[1:]:
            raise ValueError(
                f"X and Z: got images of shapes {images[0].shape[1:]} and {images[1].shape[1:]}, "
                "takes images of one shape"
            )
        plan = self.plan(images[0].shape[3 - self.spatial_axes : 3])
        if plan.smooth and plan.bias_std:
            arrays.measurable(images)
        return [a.transpose(0, 3, 1, 2) for a in images]

    def _entries(self, signals: Sequence[Any], get: str, show: bool) -> Any:
        x, z = signals[0], signals[1] if len(signals) == 2 else None
        plan = self.plan(x.shape[4 - self.spatial_axes :])
        if arrays.is_jax(x):
            from shiftmath.kernels._jax import convolutional as jax_engine

            return jax_engine.convolutional(plan, x, z, get)
        from shiftmath.kernels._numba import convolutional as numba_engine

        return numba_engine.convolutional(plan, x, z, get, show)

    @property
    def has_weighted_gradient(self) -> bool:
        """Whether `weighted_gradient` knows it: for every activation."""
        return True

    def _weighted(self, x: Any, z: Any, weights: Any) -> tuple[Any, Any]:
        plan = self.plan(x.shape[4 - self.spatial_axes :])
        if plan.smooth:
            from shiftmath.kernels._numba.back_smooth_images import smooth_gradient

            values, gradients = smooth_gradient(self._kernel_of_pairs, plan, x, z, weights)
        else:
            from shiftmath.kernels._numba.back_images import convolutional_gradient

            values, gradients = convolutional_gradient(plan, x, z, weights)
        return values, gradients.transpose(0, 2, 3, 1)

    def _diagonal(self, x: Any) -> Any:
        return diagonal.convolutional(self.plan(x.shape[4 - self.spatial_axes :]), x)


@lru_cache(maxsize=256)
def _plan(kernel: Convolutional, spatial: tuple[int, ...]) -> Plan:
    return Plan(
        activation=kernel.activation,
        negative_slope=kernel.negative_slope,
        weight_std=kernel.weight_std,
        bias_std=kernel.bias_std,
        depth=kernel.depth,
        dense_layers=kernel.dense_layers,
        size=_rows_and_columns(spatial),
        taps=_rows_and_columns(_taps(kernel, spatial)),
        block=_rows_and_columns(_block(kernel, spatial)),
        padding=kernel.padding,
    )


def _rows_and_columns(lengths: tuple[int, ...]) -> tuple[int, int]:
    """A signal is an image of one row."""
    return (1, lengths[0]) if len(lengths) == 1 else (lengths[0], lengths[1])


def _taps(kernel: Convolutional, spatial: tuple[int, ...]) -> tuple[int, ...]:
    taps = per_axis("filter_size", kernel.filter_size, len(spatial))
    if kernel.padding == "circular" and any(q > n for q, n in zip(taps, spatial, strict=True)):
        hint = "; signals of one axis need spatial_axes=1" if len(spatial) == 2 and 1 in spatial else ""
        raise ValueError(
            f"filter_size and X: got {kernel.filter_size} and images {spatial}, "
            f"takes filters as large as these at most with circular padding{hint}"
        )
    return taps


def _block(kernel: Convolutional, spatial: tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(kernel.readout, str):
        return spatial if kernel.readout == "average" else (1,) * len(spatial)
    block = per_axis("readout", kernel.readout, len(spatial))
    if any(n % b for b, n in zip(block, spatial, strict=True)):
        raise ValueError(
            f"readout and X: got {kernel.readout} and images {spatial}, takes a pooling block that divides them"
        )
    return block

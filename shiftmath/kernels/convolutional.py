"""Infinitely wide convolutional networks, with or without pooling."""

import math
from dataclasses import dataclass
from typing import Any

from shiftmath._shared.arguments import as_choice, as_count, as_number
from shiftmath.kernels import arrays as arguments
from shiftmath.kernels import plan as layers
from shiftmath.kernels.dual import ACTIVATIONS

__all__ = ["Convolutional"]


@dataclass(frozen=True)
class Convolutional:
    r"""Neural tangent kernel of an infinitely wide network Conv - f - ... - Conv - f - readout - Dense(1).

    Images x, z are (*spatial, channels) with one or two spatial axes. With pixels i of x and j of z, filter offsets
    a = -((q-1)//2), ..., q//2, and K_0(i, j) = <x_i, z_j> / channels, \Theta_0 = 0, for l = 1, ..., depth

        K_l(i, j) = \sigma_w^2 mean_a K'_{l-1}(i+a, j+a) + \sigma_b^2,
        \Theta_l(i, j) = K_l(i, j) + \sigma_w^2 mean_a \Theta'_{l-1}(i+a, j+a),
        K'_0 = K_0,  K'_l(i, j) = E[f(u) f(v)],    \Theta'_0 = 0,  \Theta'_l = \Theta_l E[f'(u) f'(v)],

    (u, v) centred Gaussian with variances K_l(x, x; i, i), K_l(z, z; j, j) and covariance K_l(i, j). The value is the
    mean of K'_depth + \Theta'_depth over pairs of pixels that the readout pools together; nngp is that of K'_depth
    alone. This is the NTK parameterisation and scale of neural-tangents' stax.

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
        input_shape: (*spatial, channels), so that rows (n, d) are accepted as images, as scikit-learn passes them.

    Raises:
        ValueError, TypeError: sizes below 1 or not whole, an unknown readout, padding or activation, a negative
            bias_std, a weight_std that is not positive, numbers that are not finite.

    Source: Arora et al. (2019); Novak et al. (2019) for K.

    With circular padding, readout "average" is the mean over all shifts s of readout "flatten" at (x, T_s z):

    >>> import numpy as np
    >>> x, z = np.random.default_rng(0).normal(size=(2, 1, 5, 1))
    >>> shifted = np.concatenate([np.roll(z, s, axis=1) for s in range(5)])
    >>> average, flatten = Convolutional(depth=2), Convolutional(depth=2, readout="flatten")
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

    def __post_init__(self) -> None:
        as_count("depth", self.depth)
        # Lists are kept as tuples, so that the kernel stays hashable.
        object.__setattr__(self, "filter_size", arguments.per_axis("filter_size", self.filter_size))
        if isinstance(self.readout, str):
            as_choice("readout", self.readout, ("average", "flatten"))
        else:
            object.__setattr__(self, "readout", arguments.per_axis("readout", self.readout))
        as_choice("padding", self.padding, ("circular", "zero"))
        as_choice("activation", self.activation, ACTIVATIONS)
        arguments.deviation("bias_std", self.bias_std)
        arguments.deviation("weight_std", self.weight_std, positive=True)
        as_count("dense_layers", self.dense_layers, 0)
        as_number("negative_slope", self.negative_slope)
        if self.input_shape is not None:
            object.__setattr__(self, "input_shape", arguments.image_shape("input_shape", self.input_shape))

    def __call__(self, X: Any, Z: Any = None) -> Any:
        """Tangent kernel Gram matrix (n, m) of images X (n, *spatial, channels) and Z (m, ...); Z = None means X.

        NumPy arrays go through the compiled CPU engine, JAX arrays and tracers through JAX; both engines have every
        configuration. Float32 and float64 give results of that dtype, float16 float32, integers and booleans float64.
        With Z = None the NumPy result equals its transpose to the last bit. Time grows as n m d^2 for readout "average"
        and n m d for "flatten", d the number of pixels.

        Raises:
            ValueError: empty, ragged or mismatched arrays, a filter or block that does not fit the image, a result
                larger than memory, NaN or infinity. JAX arrays are checked too, but not tracers, whose values are not
                known yet: under `jax.jit`, `jax.grad` or `jax.vmap` NaN gives NaN.
            TypeError: arrays of other dtypes.
        """
        return self._gram(X, Z, "ntk")

    def nngp(self, X: Any, Z: Any = None) -> Any:
        """Covariance of the network's outputs at random initialisation; arguments, result and errors as for a call."""
        return self._gram(X, Z, "nngp")

    def _images(self, name: str, array: Any) -> Any:
        """The images (n, *spatial, channels), also of rows (n, d) if the kernel has an input_shape."""
        shape = self.input_shape
        if shape is not None and array.ndim == 2:
            if array.shape[1] != math.prod(shape):
                raise ValueError(
                    f"{name}: got rows of {array.shape[1]} entries, takes {math.prod(shape)} for input_shape {shape}"
                )
            array = array.reshape(len(array), *shape)
        if array.ndim not in (3, 4):
            raise ValueError(
                f"{name}: got shape {array.shape}, "
                "takes images (n, height, width, channels) or signals (n, length, channels), "
                "or rows (n, d) if the kernel has an input_shape"
            )
        if shape is not None and array.shape[1:] != shape:
            raise ValueError(f"{name}: got images of shape {array.shape[1:]}, takes input_shape {shape}")
        return array

    def _gram(self, X: Any, Z: Any, get: str) -> Any:
        arrays, on_jax = arguments.signals(X, Z)
        arrays = [self._images(name, array) for name, array in zip("XZ", arrays, strict=False)]
        shape = arrays[0].shape[1:]
        if arrays[-1].shape[1:] != shape:
            raise ValueError(
                f"X and Z: got images of shapes {shape} and {arrays[1].shape[1:]}, takes images of one shape"
            )
        taps, block = layers.taps(self, shape[:-1]), layers.block(self, shape[:-1])
        images = [layers.channel_first(a) for a in arrays]
        x, z = images[0], images[1] if Z is not None else None
        if on_jax:
            from shiftmath.kernels._jax import convolutional as jax_engine

            return jax_engine.convolutional(self, taps, block, x, z, get)
        from shiftmath.kernels._numba import convolutional as numba_engine

        arguments.fits_memory(len(x), len(images[-1]), x.itemsize)
        return numba_engine.convolutional(self, taps, block, x, z, get)

"""The independent route: the same architectures in neural-tangents. The only module that imports it.

neural-tangents 0.6.5, its last release, imports on jax up to 0.5.3; elsewhere every function here raises an ImportError
that says so.

Source: Novak et al. (2020), Neural Tangents: fast and easy infinite neural networks in Python.
"""

import sys
import types
import warnings
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_choice
from shiftmath.kernels import arrays
from shiftmath.kernels.convolutional import Convolutional
from shiftmath.kernels.fully_connected import FullyConnected
from shiftmath.kernels.plan import per_axis

__all__ = ["gram", "network"]

EXPERIMENTAL = "neural_tangents.experimental"


def stax_library() -> Any:
    """The module neural_tangents.stax; an ImportError that says what it needs, where it cannot be imported."""
    # The experimental subpackage alone needs TensorFlow (2.5 GB, 11 s to import); nothing here uses it, so an empty
    # module stands in.
    if "neural_tangents" not in sys.modules and EXPERIMENTAL not in sys.modules:
        sys.modules[EXPERIMENTAL] = types.ModuleType(EXPERIMENTAL)
    try:
        # It uses names that jax is retiring.
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            from neural_tangents import stax
    except Exception as error:
        import jax

        sys.modules.pop(EXPERIMENTAL, None)
        raise ImportError(
            "kernels.oracle needs neural-tangents 0.6.5 on jax <= 0.5.3, "
            f"this environment has jax {jax.__version__}: {error}"
        ) from error
    return stax


def activation_layer(stax: Any, kernel: Convolutional | FullyConnected) -> Any:
    """The stax layer of the kernel's activation."""
    layers = {
        "relu": stax.Relu,
        "leaky_relu": lambda: stax.LeakyRelu(kernel.negative_slope),
        "abs": stax.Abs,
        "identity": stax.Identity,
        "erf": stax.Erf,
        "gelu": stax.Gelu,
    }
    return layers[kernel.activation]()


def dense_layers(stax: Any, kernel: Convolutional | FullyConnected, count: int) -> list[Any]:
    """count times Dense - f, then the last Dense."""
    hidden = [stax.Dense(1, W_std=kernel.weight_std, b_std=kernel.bias_std or None), activation_layer(stax, kernel)]
    return hidden * count + [stax.Dense(1, W_std=1.0, b_std=None)]


def readout_layers(stax: Any, kernel: Convolutional) -> list[Any]:
    """Global average pooling, or block pooling (if any) and Flatten."""
    if kernel.readout == "average":
        return [stax.GlobalAvgPool()]
    if isinstance(kernel.readout, str):
        return [stax.Flatten()]
    block = per_axis("readout", kernel.readout, kernel.spatial_axes)
    return [stax.AvgPool(block, strides=block, padding="VALID"), stax.Flatten()]


def network(kernel: Convolutional | FullyConnected) -> Any:
    """The stax network (init_fn, apply_fn, kernel_fn) of a kernel, in the kernel's own scale.

    Args:
        kernel: a FullyConnected or Convolutional kernel.

    Raises:
        TypeError: another kernel.
        ImportError: neural-tangents cannot be imported.
    """
    stax = stax_library()
    if isinstance(kernel, FullyConnected):
        return stax.serial(stax.Flatten(), *dense_layers(stax, kernel, kernel.depth))
    if not isinstance(kernel, Convolutional):
        raise TypeError(f"kernel: got {type(kernel).__name__}, takes FullyConnected or Convolutional")
    padding = {"circular": "CIRCULAR", "zero": "SAME"}[kernel.padding]
    size = per_axis("filter_size", kernel.filter_size, kernel.spatial_axes)
    convolution = stax.Conv(1, size, padding=padding, W_std=kernel.weight_std, b_std=kernel.bias_std or None)
    hidden = [convolution, activation_layer(stax, kernel)] * kernel.depth
    return stax.serial(*hidden, *readout_layers(stax, kernel), *dense_layers(stax, kernel, kernel.dense_layers))


def gram(
    kernel: Convolutional | FullyConnected, X: ArrayLike, Z: ArrayLike | None = None, get: str = "ntk"
) -> Float[np.ndarray, "n m"]:
    """The Gram matrix of the kernel by neural-tangents, in the kernel's own scale and in the dtype of X.

    Args:
        kernel: a FullyConnected or Convolutional kernel.
        X, Z: as the kernel takes them; Z = None means X.
        get: "ntk" or "nngp".

    Raises:
        ValueError, TypeError: another `get`; another kernel; arrays that the kernel refuses.
        ImportError: neural-tangents cannot be imported.
    """
    as_choice("get", get, ("ntk", "nngp"))
    kernel_fn = network(kernel)[2]
    import jax

    z = None if Z is None else arrays.numpy_array("Z", Z)
    signals = kernel.engine_arrays(arrays.signals(arrays.numpy_array("X", X), z)[0])
    if isinstance(kernel, Convolutional):
        signals = [a.transpose(0, 2, 3, 1) for a in signals]
        signals = [a[:, 0] for a in signals] if kernel.spatial_axes == 1 else signals
    with jax.experimental.enable_x64(signals[0].dtype == np.float64):
        return np.asarray(kernel_fn(*signals, get=get))

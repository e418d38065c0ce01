"""The independent route: the same architectures in neural-tangents. The only module that imports it.

neural-tangents 0.6.5, its last release, imports on jax up to 0.5.3; elsewhere every function here raises an ImportError
that says so.
"""

import sys
import types
import warnings

import numpy as np

from shiftmath.kernels.convolutional import Convolutional
from shiftmath.kernels.fully_connected import FullyConnected

EXPERIMENTAL = "neural_tangents.experimental"


def stax_library():
    """The module neural_tangents.stax."""
    # The experimental subpackage alone needs TensorFlow (2.5 GB, 11 s to import); nothing here uses it, so an empty
    # module stands in.
    if "neural_tangents" not in sys.modules and EXPERIMENTAL not in sys.modules:
        sys.modules[EXPERIMENTAL] = types.ModuleType(EXPERIMENTAL)
    try:
        with warnings.catch_warnings(
            action="ignore", category=DeprecationWarning
        ):  # it uses names that jax is retiring
            from neural_tangents import stax
    except Exception as error:
        import jax

        sys.modules.pop(EXPERIMENTAL, None)
        raise ImportError(
            "kernels.oracle needs neural-tangents 0.6.5 on jax <= 0.5.3, "
            f"this environment has jax {jax.__version__}: {error}"
        ) from error
    return stax


def activation_layer(stax, kernel):
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


def dense_layers(stax, kernel, count):
    """count times Dense - f, then the last Dense."""
    hidden = [stax.Dense(1, W_std=kernel.weight_std, b_std=kernel.bias_std or None), activation_layer(stax, kernel)]
    return hidden * count + [stax.Dense(1, W_std=1.0, b_std=None)]


def per_axis(value, axes):
    """A whole number for all axes, or one per axis, as a tuple."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


def readout_layers(stax, kernel, axes):
    """Global average pooling, or block pooling (if any) and Flatten."""
    if kernel.readout == "average":
        return [stax.GlobalAvgPool()]
    if kernel.readout == "flatten":
        return [stax.Flatten()]
    block = per_axis(kernel.readout, axes)
    return [stax.AvgPool(block, strides=block, padding="VALID"), stax.Flatten()]


def network(kernel, axes=2):
    """The stax network (init_fn, apply_fn, kernel_fn) of a kernel; axes is the number of spatial axes of its images."""
    stax = stax_library()
    if isinstance(kernel, FullyConnected):
        return stax.serial(stax.Flatten(), *dense_layers(stax, kernel, kernel.depth))
    if not isinstance(kernel, Convolutional):
        raise TypeError(f"kernel is {type(kernel).__name__}; it takes FullyConnected or Convolutional")
    padding = {"circular": "CIRCULAR", "zero": "SAME"}[kernel.padding]
    size = per_axis(kernel.filter_size, axes)
    convolution = stax.Conv(1, size, padding=padding, W_std=kernel.weight_std, b_std=kernel.bias_std or None)
    hidden = [convolution, activation_layer(stax, kernel)] * kernel.depth
    return stax.serial(*hidden, *readout_layers(stax, kernel, axes), *dense_layers(stax, kernel, kernel.dense_layers))


def gram(kernel, X, Z=None, get="ntk"):
    """The Gram matrix of the kernel by neural-tangents, "ntk" or "nngp", as a NumPy array in the dtype of X."""
    stax_library()
    import jax

    X, Z = np.asarray(X), None if Z is None else np.asarray(Z)
    if isinstance(kernel, Convolutional) and kernel.input_shape is not None:
        X, Z = (None if a is None else a.reshape(len(a), *kernel.input_shape) for a in (X, Z))
    with jax.experimental.enable_x64(X.dtype == np.float64):
        return np.asarray(network(kernel, X.ndim - 2)[2](X, Z, get=get))

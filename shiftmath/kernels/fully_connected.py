"""Infinitely wide fully connected networks."""

import math
from dataclasses import dataclass
from typing import Any

from shiftmath._shared.arguments import as_choice, as_count, as_number
from shiftmath.kernels import arrays
from shiftmath.kernels.dual import ACTIVATIONS
from shiftmath.kernels.plan import MOST_LAYERS, Plan

__all__ = ["FullyConnected"]


@dataclass(frozen=True)
class FullyConnected:
    r"""Neural tangent kernel of an infinitely wide network Dense - f - ... - Dense - f - Dense(1).

    For inputs x, z of dimension d, with K_1 = \sigma_w^2 <x, z> / d + \sigma_b^2, \Theta_1 = K_1, and for
    l = 1, ..., depth

        K_{l+1} = s_l E[f(u) f(v)] + b_l,    \Theta_{l+1} = K_{l+1} + s_l \Theta_l E[f'(u) f'(v)],
        (u, v) ~ N(0, [[K_l(x,x), K_l(x,z)], [K_l(x,z), K_l(z,z)]]),

    where (s_l, b_l) is (weight_std^2, bias_std^2), and (1, 0) after the last hidden layer. The value is
    \Theta_{depth+1}; nngp is K_{depth+1}. This is the NTK parameterisation and scale of neural-tangents' stax. With one
    hidden ReLU layer and no bias it is |x| |z| (2 u (\pi - \theta) + \sin\theta) / (\pi d), u = \cos\theta the cosine
    of the angle of x and z.

    Args:
        depth: number of hidden layers, at least 1.
        activation: f: "relu", "leaky_relu", "abs", "identity", "erf" or "gelu".
        bias_std, weight_std: standard deviations \sigma_b and \sigma_w in the hidden layers; the last layer has weights
            of deviation 1 and no bias.
        negative_slope: slope of leaky_relu below 0; the other activations ignore it.

    Raises:
        ValueError, TypeError: a depth below 1 or not whole, an unknown activation, a negative bias_std, a weight_std
            that is not positive, numbers that are not finite.

    Source: Jacot et al. (2018), Theorem 1, for \Theta; Lee et al. (2018) for K.

    >>> import numpy as np
    >>> kernel = FullyConnected(depth=1)
    >>> np.round(kernel(np.eye(2)) * np.pi * 2, 12)
    array([[6.28318531, 1.        ],
           [1.        , 6.28318531]])
    """

    depth: int = 1
    activation: str = "relu"
    bias_std: float = 0.0
    weight_std: float = math.sqrt(2)
    negative_slope: float = 0.01

    def __post_init__(self) -> None:
        # Numbers are stored as Python's own: equal kernels compile equally.
        stored = {
            "depth": as_count("depth", self.depth, 1, MOST_LAYERS),
            "activation": as_choice("activation", self.activation, ACTIVATIONS),
            "bias_std": as_number("bias_std", self.bias_std, least=0),
            "weight_std": as_number("weight_std", self.weight_std, positive=True),
            "negative_slope": as_number("negative_slope", self.negative_slope),
        }
        for name, value in stored.items():
            object.__setattr__(self, name, value)

    def plan(self) -> Plan:
        """The numbers of this network: dense layers alone."""
        return Plan(self.activation, self.negative_slope, self.weight_std, self.bias_std, dense_layers=self.depth)

    def __call__(self, X: Any, Z: Any = None) -> Any:
        """Tangent kernel Gram matrix (n, m) of the rows of X (n, d) and Z (m, d); Z = None means X.

        Further axes are flattened: (n, height, width, channels) is taken as rows. NumPy arrays go through the compiled
        CPU engine, JAX arrays and tracers through JAX. Float32 and float64 give results of that dtype, float16 float32,
        integers and booleans float64. With Z = None the NumPy result equals its transpose to the last bit.

        Raises:
            ValueError: empty, ragged or mismatched arrays, a result larger than memory, NaN or infinity. JAX arrays are
                checked too, but not tracers, whose values are not known yet: under `jax.jit`, `jax.grad` or `jax.vmap`
                NaN gives NaN.
            TypeError: arrays of other dtypes.
        """
        return self._gram(X, Z, "ntk")

    def nngp(self, X: Any, Z: Any = None) -> Any:
        """Covariance of the network's outputs at random initialisation; arguments, result and errors as for a call."""
        return self._gram(X, Z, "nngp")

    def _gram(self, X: Any, Z: Any, get: str) -> Any:
        signals, on_jax = arrays.signals(X, Z)
        for name, array in zip("XZ", signals, strict=False):
            if array.ndim < 2:
                raise ValueError(
                    f"{name}: got shape {array.shape}, takes rows (n, d), or images (n, *spatial, channels)"
                )
        rows = [a.reshape(len(a), -1) for a in signals]
        x, z = rows[0], rows[1] if Z is not None else None
        if rows[-1].shape[1] != x.shape[1]:
            raise ValueError(
                f"X and Z: got rows of {x.shape[1]} and {rows[1].shape[1]} entries, takes rows of one length"
            )
        if on_jax:
            from shiftmath.kernels._jax import dense as jax_engine

            return jax_engine.fully_connected(self.plan(), x, z, get)
        from shiftmath.kernels._numba import dense as numba_engine

        arrays.fits_memory(len(x), len(rows[-1]), x.itemsize)
        return numba_engine.fully_connected(self.plan(), x, z, get)

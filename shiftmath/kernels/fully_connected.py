"""Infinitely wide fully connected networks."""

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
from shiftmath.kernels.plan import LARGEST, MOST_LAYERS, Plan

__all__ = ["FullyConnected"]


@dataclass(frozen=True, repr=False)
class FullyConnected(Kernel):
    r"""Neural tangent kernel of an infinitely wide network Dense - f - ... - Dense - f - Dense(1).

    For inputs x, z of dimension d, with K_1 = \sigma_w^2 <x, z> / d + \sigma_b^2, \Theta_1 = K_1, and for
    l = 1, ..., depth

        K_{l+1} = s_l E[f(u) f(v)] + b_l,    \Theta_{l+1} = K_{l+1} + s_l \Theta_l E[f'(u) f'(v)],
        (u, v) ~ N(0, [[K_l(x,x), K_l(x,z)], [K_l(x,z), K_l(z,z)]]),

    where (s_l, b_l) is (weight_std^2, bias_std^2), and (1, 0) after the last hidden layer. The value is
    \Theta_{depth+1}; nngp is K_{depth+1}. This is the NTK parameterisation and scale of neural-tangents' stax. With one
    hidden ReLU layer and no bias it is |x| |z| (2 u (\pi - \theta) + \sin\theta) / (\pi d), u = \cos\theta the cosine
    of the angle of x and z.

    Signals are rows (n, d); further axes are flattened: (n, height, width, channels) is taken as rows.

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
            "bias_std": as_number("bias_std", self.bias_std, least=0, below=LARGEST),
            "weight_std": as_number("weight_std", self.weight_std, positive=True, below=LARGEST),
            "negative_slope": as_number("negative_slope", self.negative_slope, least=-LARGEST, below=LARGEST),
        }
        for name, value in stored.items():
            object.__setattr__(self, name, value)

    def plan(self) -> Plan:
        """The numbers of this network: dense layers alone."""
        return _plan(copy.copy(self))  # a key that no set_params changes

    _takes_rows = True

    def engine_arrays(self, signals: Sequence[Any]) -> list[Any]:
        """Rows of one length; a ValueError, which names X or Z, for other shapes."""
        for name, array in zip("XZ", signals, strict=False):
            if array.ndim < 2:
                raise ValueError(
                    f"{name}: got shape {array.shape}, takes rows (n, d), or images (n, *spatial, channels)"
                )
        rows = [a.reshape(len(a), -1) for a in signals]
        if rows[-1].shape[1] != rows[0].shape[1]:
            raise ValueError(
                f"X and Z: got rows of {rows[0].shape[1]} and {rows[1].shape[1]} entries, takes rows of one length"
            )
        if self.plan().smooth and self.bias_std:
            arrays.measurable(rows)
        return rows

    def _entries(self, signals: Sequence[Any], get: str, show: bool) -> Any:
        x, z = signals[0], signals[1] if len(signals) == 2 else None
        if arrays.is_jax(x):
            from shiftmath.kernels._jax import dense as jax_engine

            return jax_engine.fully_connected(self.plan(), x, z, get)
        from shiftmath.kernels._numba import dense as numba_engine

        return numba_engine.fully_connected(self.plan(), x, z, get, show)

    @property
    def has_weighted_gradient(self) -> bool:
        """Whether `weighted_gradient` knows it: for every activation."""
        return True

    def _weighted(self, x: Any, z: Any, weights: Any) -> tuple[Any, Any]:
        if self.plan().smooth:
            from shiftmath.kernels._numba.back_smooth_rows import smooth_gradient

            return smooth_gradient(self._kernel_of_pairs, self.plan(), x, z, weights)
        from shiftmath.kernels._numba.back_dense import fully_connected_gradient

        return fully_connected_gradient(self.plan(), x, z, weights)

    def _diagonal(self, x: Any) -> Any:
        return diagonal.fully_connected(self.plan(), x)


@lru_cache(maxsize=256)
def _plan(kernel: FullyConnected) -> Plan:
    k = kernel
    return Plan(k.activation, k.negative_slope, k.weight_std, k.bias_std, dense_layers=k.depth)

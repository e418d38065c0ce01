"""Infinitely wide fully connected networks."""

import math
from dataclasses import dataclass

from shiftmath.kernels import _arguments as arguments
from shiftmath.kernels.dual import ACTIVATIONS


@dataclass(frozen=True)
class FullyConnected:
    r"""Neural tangent kernel of an infinitely wide network Dense - f - ...

    - Dense - f - Dense(1)  (Jacot et al. 2018; Lee et al. 2018).

    For inputs x, z of dimension d, with K_1 = \sigma_w^2 <x, z> / d + \sigma_b^2, \Theta_1 = K_1, and for l = 1, ...,
    depth

        K_{l+1} = s_l E[f(u) f(v)] + b_l,    \Theta_{l+1} = K_{l+1} + s_l \Theta_l E[f'(u) f'(v)],
        (u, v) ~ N(0, [[K_l(x,x), K_l(x,z)], [K_l(x,z), K_l(z,z)]]),

    where (s_l, b_l) is (weight_std^2, bias_std^2), and (1, 0) after the last hidden layer. The value is
    \Theta_{depth+1}; nngp is K_{depth+1}.
    This is the NTK parameterisation and scale of neural-tangents' stax. With one hidden ReLU layer and no bias it is
    |x| |z| (2 u (\pi - \theta) + \sin\theta) / (\pi d), u = \cos\theta the cosine of the angle of x and z.

    >>> import numpy as np
    >>> kernel = FullyConnected(depth=1)
    >>> np.round(kernel(np.eye(2)) * np.pi * 2, 12)
    array([[6.28318531, 1.        ],
           [1.        , 6.28318531]])

    Parameters
    ----------
    depth : number of hidden layers, at least 1.
    activation : "relu", "leaky_relu", "abs", "identity", "erf" or "gelu".
    bias_std, weight_std : standard deviations in the hidden layers; the last layer has weights of deviation 1 and no
        bias.
    negative_slope : slope of leaky_relu below 0; the other activations ignore it.
    """

    depth: int = 1
    activation: str = "relu"
    bias_std: float = 0.0
    weight_std: float = math.sqrt(2)
    negative_slope: float = 0.01

    def __post_init__(self):
        arguments.whole_number("depth", self.depth, 1)
        arguments.one_of("activation", self.activation, ACTIVATIONS)
        arguments.finite_number("bias_std", self.bias_std)
        arguments.finite_number("weight_std", self.weight_std, positive=True)
        arguments.any_finite("negative_slope", self.negative_slope)

    def __call__(self, X, Z=None):
        """Tangent kernel Gram matrix (n, m) of the rows of X (n, d) and Z (m, d); Z = None means X.

        Further axes are flattened: (n, height, width, channels) is taken as rows. NumPy arrays go through the compiled
        CPU engine, JAX
        arrays and tracers through JAX; the dtype of the result is that of the input. With Z = None the NumPy result
        equals its
        transpose to the last bit. Raises ValueError for empty, ragged, non-finite or mismatched arrays and TypeError
        for other dtypes.
        """
        return self._gram(X, Z, "ntk")

    def nngp(self, X, Z=None):
        """Covariance of the network's outputs at random initialisation; arguments, result and errors as for a call."""
        return self._gram(X, Z, "nngp")

    def _gram(self, X, Z, get):
        arrays, on_jax = arguments.signals(X, Z)
        for name, array in zip("XZ", arrays, strict=False):
            if array.ndim < 2:
                raise ValueError(
                    f"{name} has shape {array.shape}; it takes rows (n, d), or images (n, *spatial, channels)"
                )
        arrays = [a.reshape(len(a), -1) for a in arrays]
        if arrays[0].shape[1] != arrays[-1].shape[1]:
            raise ValueError(
                f"X has rows of dimension {arrays[0].shape[1]}, Z of {arrays[1].shape[1]}; they take the same"
            )
        if on_jax:
            from shiftmath.kernels._jax_dense import fully_connected
        else:
            from shiftmath.kernels._numba_dense import fully_connected

            arguments.fits_memory(len(arrays[0]), len(arrays[-1]), arrays[0].itemsize)
        return fully_connected(self, *arrays, *([None] if len(arrays) == 1 else []), get)

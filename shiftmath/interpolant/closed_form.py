"""The boundaries that are known to be hyperplanes."""

from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath.interpolant.directions import SLACK
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage

__all__ = ["boundary_normal"]

ODD_LINEAR = ("relu", "leaky_relu", "identity", "gelu")  # activations whose odd part is linear

Signal = Float[np.ndarray, "*spatial"]


def boundary_normal(kernel: Any, X: np.ndarray, y: np.ndarray) -> Signal | None:
    r"""The unit normal of an interpolant's boundary where that is known to be a hyperplane through 0, else None.

    Known for two opposite samples x and -x with opposite labels (Ge et al. 2021, Theorem 2, and beyond it):

    - fully connected networks of any depth and bias, but for gelu: x. Averaged over a group of two elements 1 and T:
      the mean of x and Tx. Their kernel is a power series in the inner product with coefficients of one sign, so that
      $k(z, x) - k(z, -x) = \varphi(\langle z, x\rangle)$ with an odd, increasing $\varphi$, and
      $\varphi(s) + \varphi(t) = 0$ just where s + t = 0;
    - without bias, and with an activation whose odd part is linear (all but abs, which has none, and erf): one hidden
      layer, averaged over any group or none: the mean of x over the group; one circular convolution without pooling: x;
      one with global average pooling: per channel the constant image with the sum of x. The convolutions may be
      followed by any number of dense layers, but for gelu.

    gelu is left out where its layers would have to be monotone maps of the covariance, which is not proved.

    >>> boundary_normal(FullyConnected(), np.array([[3.0, 4.0], [-3.0, -4.0]]), np.array([1.0, -1.0])).tolist()
    [0.6, 0.8]
    """
    if len(X) != 2 or not np.array_equal(X[1], -X[0]) or y[1] != -y[0] or y[0] == 0:
        return None
    x, inner = X[0], kernel.kernel if isinstance(kernel, GroupAverage) else kernel
    direction = None
    if isinstance(kernel, FullyConnected) and _is_linear_on_orbits(kernel, 1):
        direction = x
    elif inner is not kernel and isinstance(inner, FullyConnected):
        linear = _is_linear_on_orbits(inner, kernel.group.order(x.shape))
        direction = kernel.group.orbit_mean(x) if linear else None
    elif isinstance(kernel, Convolutional) and _is_linear_after_pooling(kernel):
        means = np.broadcast_to(x.mean(axis=tuple(range(kernel.spatial_axes)), keepdims=True), x.shape)
        direction = x if kernel.readout == "flatten" else means
    # With a ridge even an x whose direction is 0 to rounding may have two labels; then f = 0.
    if direction is None or np.linalg.norm(direction) <= SLACK * np.linalg.norm(x):
        return None
    return direction / np.linalg.norm(direction)


def _is_linear_on_orbits(inner: FullyConnected, order: int) -> bool:
    return (order <= 2 and inner.activation != "gelu") or (inner.depth == 1 and _is_odd_linear(inner))


def _is_linear_after_pooling(kernel: Convolutional) -> bool:
    plain = kernel.depth == 1 and kernel.padding == "circular" and kernel.input_shape is None
    monotone = not kernel.dense_layers or kernel.activation != "gelu"
    return plain and monotone and isinstance(kernel.readout, str) and _is_odd_linear(kernel)


def _is_odd_linear(kernel: FullyConnected | Convolutional) -> bool:
    return kernel.activation in ODD_LINEAR and not kernel.bias_std

r"""Certified lower bounds on the distance to a decision boundary: a radius in which f cannot cross a level.

They hold for $f(z) = \sum_i \alpha_i k(z, x_i)$ and kernels that are, in a vector v that depends affinely on z, sums of

$$h(v) = |v| \sum_s c_s\, \kappa(\theta_s), \qquad \theta_s = \angle(v, s).$$

These are networks of homogeneous activations without bias, whose v is the signal or one of its patches; with one hidden
layer also those with bias, for $\sigma_w^2 \langle v, s\rangle / D + \sigma_b^2$ is the same for vectors with the entry
$\sigma_b \sqrt D / \sigma_w$ appended.
"""

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_number, as_samples, require_finite
from shiftmath._shared.scaling import exponent, times_power_of_two, times_powers_of_two
from shiftmath.interpolant.certified_cone import cone_radius
from shiftmath.interpolant.certified_patches import patch_radius
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.kernels.dual import HOMOGENEOUS

__all__ = ["certified_radius"]

SMALL, LARGE = 1e-140, 1e146  # squares of 16 digits, and sums of 10^15 of them

Signal = Float[np.ndarray, "*signal"]
Coefficients = Float[np.ndarray, "n"]


def certified_radius(kernel: Any, X: ArrayLike, coefficients: ArrayLike, x: ArrayLike, level: float = 0.0) -> float:
    r"""A radius r so that f - level has the sign of f(x) - level wherever |z - x| < r; 0 where no bound is known.

    Known, for homogeneous activations (relu, leaky_relu, abs, identity), for

    - `FullyConnected` of any depth without bias, or of one hidden layer with bias, and its `GroupAverage`;
    - `Convolutional` of one convolution and no dense layers, with any readout, padding and bias.

    Args:
        kernel: a kernel of `shiftmath.kernels`.
        X: samples (n, ...), as the kernel takes them.
        coefficients: the n numbers alpha.
        x: one point, of the shape of a sample.
        level: the value of f on the boundary.

    Raises:
        ValueError, TypeError: shapes that do not fit each other, arrays of other than real numbers.

    The time for a fully connected network is that of samples times pixels times the fewer of the two, once a point:
    .4 s for 1000 samples of 784 pixels. A convolution's grows with the samples and the square of the pixels.

    Where the squares of a sample or of x would lose digits or overflow, 0 is what it certifies.

    The coefficients are taken as exact. From every sum the certificate takes off 64 eps times the moduli of its terms,
    more than the few eps by which kernels, angles and pairwise sums err.

    >>> from shiftmath.kernels import FullyConnected
    >>> x = np.array([3.0, 4.0])
    >>> round(certified_radius(FullyConnected(), np.stack([x, -x]), np.array([1.0, -1.0]), x), 3)
    5.0
    """
    X, level = as_samples("X", X).astype(float), as_number("level", level)
    alpha, x = (np.asarray(as_array(*item)).astype(float) for item in (("coefficients", coefficients), ("x", x)))
    if alpha.shape != (len(X),):
        raise ValueError(f"coefficients: got shape {alpha.shape}, takes one number for each of the {len(X)} samples")
    if x.shape != X.shape[1:]:
        raise ValueError(f"x: got shape {x.shape}, takes one point of shape {X.shape[1:]}")
    for name, array in (("X", X), ("coefficients", alpha), ("x", x)):
        require_finite(name, array)
    return _radius(kernel, X, alpha, x, level) if all(map(_has_squares, (*X, x))) else 0.0


def _has_squares(v: Signal) -> bool:
    """Whether squares of its entries keep their digits, and sums of them are numbers."""
    largest = float(abs(v).max())
    return largest == 0 or SMALL < largest < LARGE


def _radius(
    kernel: Any, X: Float[np.ndarray, "n *signal"], coefficients: Coefficients, x: Signal, level: float
) -> float:
    if isinstance(kernel, GroupAverage) and isinstance(kernel.kernel, FullyConnected):
        elements = kernel.group.elements(x.shape)
        X = X.reshape(len(X), -1)[:, elements].reshape(-1, x.size)
        coefficients = np.repeat(coefficients / len(elements), len(elements))
        return _radius(kernel.kernel, X, coefficients, x.reshape(-1), level)
    if not isinstance(kernel, (FullyConnected, Convolutional)) or kernel.activation not in HOMOGENEOUS:
        return 0.0
    if kernel.depth > 1 and (kernel.bias_std or isinstance(kernel, Convolutional)):
        return 0.0
    coefficients, level = _near_one(kernel, X, coefficients, level)
    if not (np.isfinite(coefficients).all() and np.isfinite(level)):
        return 0.0
    if isinstance(kernel, FullyConnected):
        return cone_radius(kernel, X.reshape(len(X), -1), coefficients, x.reshape(-1), level)
    if kernel.dense_layers:
        return 0.0
    images = kernel.images("X", np.concatenate([X, x[None]]))
    plan = kernel.plan(images.shape[3 - kernel.spatial_axes : 3])
    return patch_radius(plan, images[:-1], coefficients, images[-1], level)


def _near_one(
    kernel: Any, X: Float[np.ndarray, "n *signal"], coefficients: Coefficients, level: float
) -> tuple[Coefficients, float]:
    """Coefficients and level times one power of two, which changes no radius.

    The largest of the moduli of alpha_j sigma_w^(2 L) x_j comes near 1: squares of slopes keep their digits.
    """
    sizes = np.maximum(abs(X.reshape(len(X), -1)).max(axis=1), kernel.bias_std)
    if not (used := (coefficients != 0) & (sizes > 0)).any():
        return coefficients, level
    terms = np.frexp(coefficients[used])[1] + np.frexp(sizes[used])[1]
    e = int(terms.max()) + 2 * kernel.depth * exponent(np.array([kernel.weight_std]))
    with np.errstate(over="ignore"):
        return times_powers_of_two(coefficients, np.array(-e)), times_power_of_two(level, -e)

r"""Two opposite samples, x with label 1 and -x with label -1: the training set of Theorem 2, and what it should give.

Where the kernel's odd part $k(z, x) - k(z, -x)$ is linear in z the interpolant is $\langle z, w\rangle$ for some w, and
its boundary a hyperplane.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_callable, as_samples, as_signal, require_finite
from shiftmath._shared.scaling import exponent
from shiftmath.interpolant.predictor import Interpolant

__all__ = ["linear_misfit", "opposite_pair"]


def opposite_pair(kernel: Any, x: ArrayLike) -> Interpolant:
    r"""The minimum-norm interpolant of x and -x with labels 1 and -1.

    $f(z) = (k(z, x) - k(z, -x)) / (k(x, x) - k(x, -x))$, for a kernel with $k(-z, -x) = k(z, x)$.

    Args:
        kernel: as `Interpolant` takes it.
        x: one sample, as the kernel takes it.

    Raises:
        Indistinguishable: the kernel cannot tell x from -x.

    >>> from shiftmath.kernels import FullyConnected
    >>> f = opposite_pair(FullyConnected(), [3.0, 4.0])
    >>> round(float(f([0.0, 5.0])), 12)  # <z, x> / |x|^2
    0.8
    """
    x = as_signal("x", x, to_numpy=True)
    require_finite("x", x)
    return Interpolant(kernel, np.stack([x, -x]), np.array([1.0, -1.0]))


def linear_misfit(f: Any, Z: ArrayLike) -> float:
    r"""How much of f is not linear: $\min_w \sqrt{\sum_i (f(z_i) - \langle w, z_i\rangle)^2 / \sum_i f(z_i)^2}$.

    It is 0 for a linear f, 1 for one that no linear function is closer to than 0; with random z it takes more of them
    than a sample has entries to say anything.

    Args:
        f: a function of samples (m, ...) with m real values, not all 0.
        Z: samples (m, ...).

    Raises:
        ValueError: m is not above the number of entries of a sample, or f is 0 at all samples.

    >>> Z = np.random.default_rng(0).standard_normal((9, 2))
    >>> linear_misfit(lambda Z: Z @ [3.0, 4.0], Z) < 1e-15
    True
    >>> round(linear_misfit(lambda Z: Z[:, 0] ** 2, [[1.0], [-1.0]]), 9)
    1.0
    """
    values_of = as_callable("f", f, "a function of samples (m, ...)")
    Z = np.asarray(as_samples("Z", Z), float)
    require_finite("Z", Z)
    rows = Z.reshape(len(Z), -1)
    if len(rows) <= rows.shape[1]:
        raise ValueError(f"Z: got {len(rows)} samples of {rows.shape[1]} entries, takes more samples than entries")
    values = np.asarray(values_of(Z), float)
    if values.shape != (len(Z),) or not values.any():
        raise ValueError(f"f: got values of shape {values.shape}, takes one for each of {len(Z)} samples, not all 0")
    rows, values = (x / 2.0 ** exponent(x) for x in (rows, values))
    fit = rows @ np.linalg.lstsq(rows, values, rcond=None)[0]
    return float(np.linalg.norm(values - fit) / np.linalg.norm(values))

"""Directions: samples sorted into lines through 0, accurate angles, and the largest radius that passes a test."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

__all__ = ["SLACK", "angles", "largest", "lines", "with_bias"]

SLACK = 64 * float(np.finfo(float).eps)

Vectors = Float[np.ndarray, "n d"]
Numbers = Float[np.ndarray, "n"]
PerLine = Float[np.ndarray, "lines"]


def with_bias(kernel: Any, V: np.ndarray) -> np.ndarray:
    r"""Vectors (..., D) with $\sigma_b \sqrt D / \sigma_w$ appended, if not 0.

    Their inner products include the first bias.
    """
    if not kernel.bias_std:
        return V
    bias = kernel.bias_std * np.sqrt(V.shape[-1]) / kernel.weight_std
    return np.concatenate([V, np.full((*V.shape[:-1], 1), bias)], axis=-1)


def lines(V: Vectors, weights: Numbers) -> tuple[Float[np.ndarray, "lines d"], PerLine, PerLine]:
    """The lines that hold the vectors, as unit vectors u, and the sums of weight |v| over those along u and along -u.

    >>> u, along, against = lines(np.array([[3.0, 4.0], [-6.0, -8.0], [0.0, 0.0]]), np.array([1.0, 2.0, 5.0]))
    >>> u.tolist(), along.tolist(), against.tolist()
    ([[0.6, 0.8]], [5.0], [20.0])
    """
    lengths = np.linalg.norm(V, axis=1)
    V, weights = V[lengths > 0] / lengths[lengths > 0, None], (weights * lengths)[lengths > 0]
    sign = np.sign(V[np.arange(len(V)), (V != 0).argmax(axis=1)])
    u, line = np.unique(V * sign[:, None], axis=0, return_inverse=True)
    sums = [np.bincount(line.reshape(-1), weights * (sign == s), len(u)).astype(float) for s in (1, -1)]
    return u, sums[0], sums[1]


def angles(U: Vectors, v: Float[np.ndarray, "d"]) -> Numbers:
    """The angles between unit vectors U and the unit vector v, by Kahan's formula, accurate near 0 and pi."""
    return 2 * np.arctan2(np.linalg.norm(U - v, axis=1), np.linalg.norm(U + v, axis=1))


def largest(holds: Callable[[float], bool], upper: float, known: float = 0.0, halvings: int = 40) -> float:
    """A number below `upper` that passes, by bisection; the largest if all smaller ones pass.

    `known` if nothing above it is found; then a first test a little above it saves the others.
    """
    if known and not holds(min(upper, 1.01 * known)):
        return known
    low, high = known, upper
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low

"""Gram matrices block by block: bounded memory beyond the result, and half of the blocks if the matrix is symmetric."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import DTypeLike

from shiftmath._shared.progress import progress


def binary_exponents(X: Float[np.ndarray, "n *signal"]) -> Int[np.ndarray, "n"]:
    """For each X[i] the e with 2^e <= largest modulus < 2^(e + 1), as integers; 0 where X[i] = 0."""
    rows = X.reshape(len(X), -1)
    largest = np.maximum(rows.max(1), -rows.min(1)).astype(float)
    return np.where(largest > 0, np.frexp(largest)[1] - 1, 0)


def scaled(X: Float[np.ndarray, "n *signal"], exponents: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n *signal"]:
    """X[i] 2^e_i, exactly."""
    return np.ldexp(X, exponents.reshape(-1, *(1,) * (X.ndim - 1)))


def scaled_weights(
    weights: Float[np.ndarray, "n"], exponents: Int[np.ndarray, "n"]
) -> tuple[Float[np.ndarray, "n"], int]:
    """weights 2^(e_i - top) and top, with which these are at most about 1."""
    used = np.where(weights != 0, np.frexp(weights)[1] + exponents, np.iinfo(np.int32).min)
    top = int(used.max()) if weights.any() else 0
    return np.ldexp(weights, exponents - top), top


def seen(
    Z: Float[np.ndarray, "m *signal"], weights: Float[np.ndarray, "m"]
) -> tuple[Float[np.ndarray, "few *signal"], Float[np.ndarray, "few"]]:
    """The samples that are not black, with their weights.

    Without bias k(x, 0) = 0, but rounding in the unit of a black image, which has no size, may be large beside others.
    """
    some = np.flatnonzero(Z.reshape(len(Z), -1).any(1))
    return (Z, weights) if len(some) == len(Z) else (Z[some], weights[some])


def ranges(n: int, size: int) -> list[slice]:
    """Consecutive slices of at most this size that cover range(n)."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def blockwise(
    block: Callable[[slice, slice, bool], np.ndarray],
    n: int,
    m: int,
    size: int,
    symmetric: bool,
    dtype: DTypeLike,
    show: bool = False,
) -> Float[np.ndarray, "n m"]:
    """The (n, m) matrix with entries block(rows, columns, on_diagonal) computed in blocks.

    If symmetric, only blocks on and above the diagonal; on the diagonal the block's lower triangle is not read, and the
    result equals its transpose to the last bit. `show` is that of `progress`.
    """
    result = np.empty((n, m), dtype)
    pairs = [(r, c) for r in ranges(n, size) for c in ranges(m, size) if not symmetric or r.start <= c.start]
    for rows, columns in progress(pairs, len(pairs), "Gram matrix", show):
        values = block(rows, columns, symmetric and rows == columns)
        if symmetric and rows == columns:
            values = np.triu(values) + np.triu(values, 1).T
        result[rows, columns] = values
        if symmetric:
            result[columns, rows] = values.T
    return result

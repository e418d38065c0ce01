r"""The signals that a group of permutations fixes, as a space with coordinates.

If the group exchanges the positions within each of $O_1, \dots, O_r$, it fixes the signals that are constant on each: a
subspace of dimension $r$ with the orthonormal basis $\mathbf 1_{O_j}/\sqrt{|O_j|}$. The projection on it is the mean
over the group. All circular shifts exchange all positions: $r = 1$, the basis is $w = \mathbf 1/\sqrt d$ and the
coordinate is `dft.dc`.

The orbits are given as the number $0, \dots, r - 1$ of the orbit of each position.
"""

import numpy as np
from jaxtyping import Float, Int

from shiftmath._shared.arguments import require_finite_result

__all__ = ["coordinates", "lift"]


def coordinates(name: str, X: np.ndarray, orbits: Int[np.ndarray, "*spatial"]) -> Float[np.ndarray, "n r"]:
    r"""Coordinates $z_j = \frac{1}{\sqrt{|O_j|}} \sum_{i\in O_j} x_i$ of the projections on the fixed subspace.

    Args:
        name: what an error calls `X`.
        X: samples (n, *spatial) of any real dtype; sums are taken in float64, in one pass.
        orbits: as `Group.sample_orbits` gives them.
    """
    sizes = np.bincount(orbits.ravel())
    with np.errstate(over="ignore", invalid="ignore"):  # the result is looked at instead
        sums = _sums(X, orbits, sizes)
    return require_finite_result(name, X, sums / np.sqrt(sizes))


def _sums(X: np.ndarray, orbits: Int[np.ndarray, "*spatial"], sizes: Int[np.ndarray, "r"]) -> Float[np.ndarray, "n r"]:
    """The sums of each sample over each orbit of positions."""
    if len(sizes) == 1:
        return X.sum(axis=tuple(range(1, X.ndim)), dtype=float)[:, None]
    order, starts = np.argsort(orbits.ravel(), kind="stable"), np.cumsum(sizes) - sizes
    rows = X.reshape(len(X), -1)
    block = max(1, 2**20 // order.size)  # rows at a time: the permuted copy stays at 8 MB
    blocks = (rows[i : i + block][:, order].astype(float) for i in range(0, len(X), block))
    return np.concatenate([np.add.reduceat(b, starts, axis=1) for b in blocks])


def lift(z: Float[np.ndarray, "r"], orbits: Int[np.ndarray, "*spatial"]) -> Float[np.ndarray, "*spatial"]:
    r"""The signal $\sum_j z_j \mathbf 1_{O_j}/\sqrt{|O_j|}$ of the fixed subspace that has these coordinates."""
    return (z / np.sqrt(np.bincount(orbits.ravel())))[orbits]

r"""The signals that a group of permutations fixes, as a space with coordinates.

If the group exchanges the positions within each of $O_1, \dots, O_r$, it fixes the signals that are constant on each: a
subspace of dimension $r$ with the orthonormal basis $\mathbf 1_{O_j}/\sqrt{|O_j|}$. The projection on it is the mean
over the group. All circular shifts exchange all positions: $r = 1$, the basis is $w = \mathbf 1/\sqrt d$ and the
coordinate is `dft.dc`.

The orbits are given as the number $0, \dots, r - 1$ of the orbit of each position.
"""

import numpy as np
from jaxtyping import Float, Int

from shiftmath._shared.arguments import require_finite, require_finite_result
from shiftmath._shared.scaling import exponent

__all__ = ["coordinates", "lift", "projection", "scaled_coordinates"]

Orbits = Int[np.ndarray, "*spatial"]
Rows = Float[np.ndarray, "n r"]


def coordinates(name: str, X: np.ndarray, orbits: Orbits) -> Rows:
    r"""Coordinates $z_j = \frac{1}{\sqrt{|O_j|}} \sum_{i\in O_j} x_i$ of the projections on the fixed subspace.

    Args:
        name: what an error calls `X`.
        X: samples (n, *spatial) of any real dtype; sums are taken in float64, in one pass.
        orbits: as `Group.sample_orbits` gives them.

    Raises:
        ValueError: an entry of X is not finite, or a coordinate overflows.
    """
    Z, e = scaled_coordinates(name, X, orbits)
    return np.ldexp(Z, e)


def scaled_coordinates(name: str, X: np.ndarray, orbits: Orbits) -> tuple[Rows, int]:
    """Rows Z near 1 and the e for which Z 2^e are the `coordinates`: also of subnormal samples, to full precision."""
    Z, e = _coordinates_near_1(name, X, orbits)
    with np.errstate(over="ignore"):
        require_finite_result(name, X, np.ldexp(np.abs(Z).max(), e))
    return Z, e


def projection(name: str, X: np.ndarray, orbits: Orbits) -> Float[np.ndarray, "n *spatial"]:
    r"""The means over the group, $(Px)_i = \frac{1}{|O|} \sum_{k\in O} x_k$ with the orbit $O$ of position $i$.

    Arguments are those of `coordinates`; no mean overflows.
    """
    Z, e = _coordinates_near_1(name, X, orbits)
    with np.errstate(over="ignore"):
        means = np.ldexp(np.array([lift(z, orbits) for z in Z]), e)
    return np.clip(means, X.min(), X.max())  # rounding may carry them beyond what they are means of


def _coordinates_near_1(name: str, X: np.ndarray, orbits: Orbits) -> tuple[Rows, int]:
    """As `scaled_coordinates`, also where the coordinates themselves overflow."""
    sizes, halvings = np.bincount(orbits.ravel()), 0
    with np.errstate(over="ignore", invalid="ignore"):  # the result is looked at instead
        sums = _sums(X, orbits, sizes)
    if not np.isfinite(sums).all():
        require_finite(name, X)
        halvings = orbits.size.bit_length()  # no sum of d numbers is larger than d of the largest
        sums = _sums(X / 2.0**halvings, orbits, sizes)
    e = exponent(sums)
    return sums / 2.0**e / np.sqrt(sizes), e + halvings


def _sums(X: np.ndarray, orbits: Orbits, sizes: Int[np.ndarray, "r"]) -> Rows:
    """The sums of each sample over each orbit of positions."""
    if len(sizes) == 1:
        return X.sum(axis=tuple(range(1, X.ndim)), dtype=float)[:, None]
    order, starts = np.argsort(orbits.ravel(), kind="stable"), np.cumsum(sizes) - sizes
    rows = X.reshape(len(X), -1)
    block = max(1, 2**20 // order.size)  # rows at a time: the permuted copy stays at 8 MB
    blocks = (rows[i : i + block][:, order].astype(float) for i in range(0, len(X), block))
    return np.concatenate([np.add.reduceat(b, starts, axis=1) for b in blocks])


def lift(z: Float[np.ndarray, "r"], orbits: Orbits) -> Float[np.ndarray, "*spatial"]:
    r"""The signal $\sum_j z_j \mathbf 1_{O_j}/\sqrt{|O_j|}$ of the fixed subspace that has these coordinates."""
    return (z / np.sqrt(np.bincount(orbits.ravel())))[orbits]

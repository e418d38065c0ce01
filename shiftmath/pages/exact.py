"""A page's own numbers in a theorem of proofs/: gaps and distances in fractions, without rounding.

Their squares, because a fraction need not have a root.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["fractions", "squared_distance", "squared_gap"]

Row = list[Fraction]


def fractions(X: "ArrayLike") -> list[Row]:
    """Each sample of (n, *spatial) as a row of fractions: a floating-point number is one, so nothing is lost.

    >>> fractions([[0.5, 2.0]])
    [[Fraction(1, 2), Fraction(2, 1)]]
    """
    X = np.asarray(X)
    return [[Fraction(value) for value in row] for row in X.reshape(len(X), -1).tolist()]


def squared_gap(A: Sequence[Row], B: Sequence[Row], p_of: Iterable[int], q_of: Iterable[int]) -> Fraction:
    r"""|p - q|^2, p the mean of some rows of A and q of some of B, if no points of the hulls are nearer.

    Then some slab of normal w = p - q is as wide, $\langle w, a\rangle \ge \langle w, p\rangle$ for every a in A and
    $\langle w, b\rangle \le \langle w, q\rangle$ for every b in B; theorem `gap_is_hull_distance` of proofs/.

    It is 0 if p = q: then the hulls meet, and there is no slab.

    >>> one, zero = Fraction(1), Fraction(0)
    >>> squared_gap([[one, zero], [zero, one]], [[-one, zero], [zero, -one]], [0, 1], [0, 1])
    Fraction(2, 1)

    Raises:
        ValueError: p and q are not the nearest points.
    """
    p, q = _mean([A[i] for i in p_of]), _mean([B[i] for i in q_of])
    w = [s - t for s, t in zip(p, q, strict=True)]
    if min(_inner(w, a) for a in A) < _inner(w, p) or max(_inner(w, b) for b in B) > _inner(w, q):
        raise ValueError("p_of and q_of: got points of the hulls that are not nearest, takes those of nearest ones")
    return _inner(w, w)


def squared_distance(x: Row, normal: Row) -> Fraction:
    r"""The squared distance of x to the hyperplane of a normal through 0, $\langle x, n\rangle^2 / |n|^2$.

    Theorem `distance_to_hyperplane` of proofs/.

    >>> squared_distance([Fraction(1), Fraction(0)], [Fraction(1), Fraction(1)])
    Fraction(1, 2)
    """
    return _inner(x, normal) ** 2 / _inner(normal, normal)


def _mean(rows: list[Row]) -> Row:
    return [sum(column, Fraction(0)) / len(rows) for column in zip(*rows, strict=True)]


def _inner(x: Row, y: Row) -> Fraction:
    return sum((s * t for s, t in zip(x, y, strict=True)), Fraction(0))

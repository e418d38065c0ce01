"""Positions on a torus in clusters, and the interval that holds a cluster along an axis."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int
from scipy.sparse.csgraph import connected_components


def clusters(
    positions: Int[np.ndarray, "k axes"], shape: Sequence[int], seen: Int[np.ndarray, "axes"]
) -> list[Int[np.ndarray, "members"]]:
    """The numbers of the positions in each cluster; a window of `seen` pixels an axis meets at most one cluster.

    Two positions are in one cluster if steps lead from one to the other that are shorter than `seen` along every axis.

    >>> clusters(np.array([[0], [9], [5]]), (10,), np.array([2]))
    [array([0, 1]), array([2])]
    """
    if not len(positions):
        return []
    apart = np.abs(positions[:, None] - positions)
    labels = connected_components((np.minimum(apart, shape - apart) < seen).all(-1))[1]
    return [np.flatnonzero(labels == c) for c in range(labels.max() + 1)]


def interval(coordinates: Int[np.ndarray, "k"], length: int) -> tuple[int, int]:
    """Start and width of the shortest circular interval that holds the coordinates.

    >>> interval(np.array([0, 9, 1]), 10)
    (9, 3)
    """
    c = np.unique(coordinates)
    gaps = np.diff(c, append=c[0] + length)
    return int(c[(gaps.argmax() + 1) % len(c)]), int(length - gaps.max() + 1)

r"""Reduced hulls: what is left of a hull when no point may have more than a share of the weight.

The reduced hull of n points to a share s is $\{\sum_i \lambda_i x_i : \sum_i \lambda_i = 1,\ 0 \le \lambda_i \le
1/(sn)\}$: the hull for s up to 1/n, and the mean alone for s = 1. Its lowest point along v is the mean of the share of
points that lie lowest, so it is the hull of such means, of which there are too many to list. Wolfe's method for hulls
needs only the lowest one at a time, and an active set of at most d + 2.

Source: Crisp and Burges (2000), Bennett and Bredensteiner (2000): the nearest points of reduced hulls are the
nu-support vector machine.
"""

import numpy as np
from jaxtyping import Float

from shiftmath.margins.active_set import ActiveSet

__all__ = ["lowest", "nearest_means"]

Vector = Float[np.ndarray, "d"]
Points = Float[np.ndarray, "points d"]
Weights = Float[np.ndarray, "points"]


def lowest(depth: Float[np.ndarray, "k"], share: float) -> Float[np.ndarray, "k"]:
    """The weights, at most 1 / (share k) each and 1 together, whose mean of the k numbers is the smallest.

    >>> lowest(np.array([3.0, 1.0, 2.0, 4.0]), 0.375).round(3).tolist()
    [0.0, 0.667, 0.333, 0.0]
    """
    count, weights = share * len(depth), np.zeros(len(depth))
    if count <= 1:
        weights[np.argmin(depth)] = 1.0
        return weights
    whole = min(int(count), len(depth) - 1)
    order = np.argpartition(depth, whole)
    weights[order[:whole]] = 1 / count
    weights[order[whole]] = 1 - whole / count
    return weights


def nearest_means(Z: Points, n: int, share: float, reach: float, zero: float) -> tuple[Weights, Vector]:
    """The weights of the nearest points of the reduced hulls, and their difference v.

    Args:
        Z: signed points, a or -b, centred; the first n are a's.
        n: how many are a's.
        share: of each class.
        reach: the largest |z|.
        zero: a |v| that rounding alone could account for.
    """
    means = _Means(Z, n, share)
    active = ActiveSet(means.points, means.label, means.start(), reach)
    for _ in range(100 + 10 * len(Z)):
        if active.length <= zero or not means.add_below(active):
            break
    if min(active.weight.values()) < 0.0:
        active.descend(strict=True)
    return np.sum([w * means.weights[i] for i, w in active.weight.items()], axis=0), active.v


class _Means:
    """Lowest means as points of an active set: room for as many as it holds, and for one more of each class."""

    def __init__(self, Z: Points, n: int, share: float) -> None:
        room = min(Z.shape[1], len(Z)) + 4
        self.Z, self.share, self.classes = Z, share, (slice(0, n), slice(n, None))
        self.points, self.label = np.zeros((room, Z.shape[1])), np.zeros(room, int)
        self.weights: dict[int, Weights] = {}

    def start(self) -> tuple[int, int]:
        """The lowest mean of each class along the difference of the class means."""
        depth = self.Z @ sum(self.Z[c].mean(axis=0) for c in self.classes)
        for label in (0, 1):
            self.put(label, label, depth)
        return 0, 1

    def put(self, slot: int, label: int, depth: Weights) -> None:
        """The mean of a class that lies lowest, as a point."""
        part, weights = self.classes[label], np.zeros(len(self.Z))
        weights[part] = lowest(depth[part], self.share)
        self.points[slot], self.label[slot], self.weights[slot] = weights @ self.Z, label, weights

    def add_below(self, active: ActiveSet) -> bool:
        """Add the mean of each class that lies lowest, if it lies below v; False when none did."""
        depth, added = self.Z @ active.v, False
        for label in (0, 1):
            slot = next(i for i in range(len(self.points)) if i not in active.weight)
            self.put(slot, label, depth)
            if active.depth(slot) < -active.rounding * active.length and active.add(slot):
                active.descend()
                added = True
        return added

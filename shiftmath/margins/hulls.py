r"""The nearest points of two convex hulls, by an active-set method that is accurate to rounding.

For points $a_i$ and $b_j$ in $\mathbb R^d$, minimise $|p - q|$ over $p = \sum_i \alpha_i a_i$, $q = \sum_j \beta_j b_j$
with weights $\alpha, \beta \ge 0$ that sum to 1 in each class. With signed points $z = a_i$ or $z = -b_j$ this is the
smallest $v = \sum_i \lambda_i z_i$, and $v$ is optimal when no point of either class lies below it:

$$\min_{z \in A} \langle v, z\rangle + \min_{z \in B} \langle v, z\rangle = |v|^2.$$

The left side over $|v|$ is a lower bound of the distance for any $v$, $|p - q|$ an upper bound for any weights:
together they are the certificate.

The method is that of Wolfe (1976, "Finding the nearest point in a polytope") for two hulls instead of one: keep an
affinely independent active set, go to the nearest points of the two affine hulls, stop at the first weight that
vanishes and drop its point, add a point that lies below $v$. The differences $E$ of the active points are kept as a QR
factorisation, and $v$ is what two rounds of orthogonalisation against $E$ leave: its error is a few eps times the
data's size, where that of the normal equations would grow with the square of its ratio to the distance.
"""

import math
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import qr, qr_delete, solve_triangular
from threadpoolctl import threadpool_limits

__all__ = ["NearestPoints", "nearest_points"]

EPS = float(np.finfo(float).eps)
ROUND = 64  # points at most added between two looks at all the data

Vector = Float[np.ndarray, "d"]
Points = Float[np.ndarray, "points d"]
Weights = Float[np.ndarray, "points"]


@dataclass(frozen=True, eq=False)
class NearestPoints:
    """The nearest points p and q, the best normal found and the two bounds of the distance.

    Attributes:
        positive_weights, negative_weights: of p and of q.
        normal: a unit vector; 0 where the hulls meet.
        lower, upper: the gap between the hulls along `normal`, not positive where none was found, and |p - q|.
        kkt_residual: the larger of |(p - q) - lower * normal| and the weighted mean distance of the points of positive
            weight from the edge of the gap, over `lower`.
        zero: an `upper` that rounding alone could account for.
    """

    positive_weights: Float[np.ndarray, "n"]
    negative_weights: Float[np.ndarray, "m"]
    normal: Vector
    lower: float
    upper: float
    kkt_residual: float
    zero: float


class _ActiveSet:
    """Affinely independent points with their weights, and the QR factorisation of their differences.

    Each class has a base point; E has a column z - base for each other active point, and E = Q R. The nearest points of
    the affine hulls differ by v = (1 - Q Q^T) c, where c is the sum of the two base points.
    """

    def __init__(self, Z: Points, label: Int[np.ndarray, "points"], start: tuple[int, int]) -> None:
        self.Z, self.label = Z, label
        most = min(Z.shape[1], len(Z))  # E never has more independent columns; untouched pages cost no memory
        self.Q, self.R = np.empty((Z.shape[1], most), order="F"), np.zeros((most, most), order="F")
        self.base, self.others, self.weight = list(start), list[int](), dict.fromkeys(start, 1.0)
        self.project()

    def orthogonalise(self, x: Vector) -> tuple[Float[np.ndarray, "k"], Vector]:
        """Q^T x and (1 - Q Q^T) x, by two rounds of Gram-Schmidt: twice is enough."""
        Q = self.Q[:, : len(self.others)]
        h = x @ Q
        r = x - Q @ h
        correction = r @ Q
        return h + correction, r - Q @ correction

    def project(self) -> None:
        """Set v, the difference of the nearest points of the affine hulls."""
        self.h, self.v = self.orthogonalise(self.Z[self.base[0]] + self.Z[self.base[1]])

    def depth(self, i: int) -> float:
        """<v, z_i - base>: below zero when point i lies below v."""
        return float(self.v @ (self.Z[i] - self.Z[self.base[self.label[i]]]))

    def add(self, i: int) -> None:
        """Append the column of point i, which lies below v: it has a part along v, so it is independent of E."""
        k = len(self.others)
        h, r = self.orthogonalise(self.Z[i] - self.Z[self.base[self.label[i]]])
        norm = np.linalg.norm(r)
        q = r / norm
        self.R[:k, k], self.R[k, k], self.Q[:, k] = h, norm, q
        self.others.append(i)
        self.weight[i] = 0.0
        self.h, self.v = np.append(self.h, q @ self.v), self.v - q * (q @ self.v)

    def drop(self, i: int) -> None:
        """Remove point i; a base is replaced by the point of its class that has the largest weight."""
        del self.weight[i]
        if i in self.base:
            self.refactor()
            return
        k, column = len(self.others), self.others.index(i)
        Q, R = qr_delete(self.Q[:, :k], self.R[:k, :k], column, which="col", check_finite=False)
        self.Q[:, : k - 1], self.R[: k - 1, : k - 1] = Q[:, : k - 1], R[: k - 1]
        self.others.pop(column)
        self.project()

    def refactor(self) -> None:
        """Factor E afresh, with the point of largest weight as the base of each class."""
        members = [[i for i in self.weight if self.label[i] == c] for c in (0, 1)]
        self.base = [max(m, key=self.weight.__getitem__) for m in members]
        self.others = [i for i in self.weight if i not in self.base]
        if k := len(self.others):
            E = self.Z[self.others] - self.Z[np.take(self.base, self.label[self.others])]
            self.Q[:, :k], self.R[:k, :k] = qr(E.T, mode="economic", check_finite=False)
        self.project()

    def affine_weights(self) -> dict[int, float]:
        """The weights, of any sign, of the nearest points of the affine hulls: E t = -c in the least-squares sense."""
        k = len(self.others)
        t = -solve_triangular(self.R[:k, :k], self.h, check_finite=False) if k else np.zeros(0)
        of_class = self.label[self.others]
        rest = {self.base[c]: 1.0 - float(t[of_class == c].sum()) for c in (0, 1)}
        return dict(zip(self.others, t.tolist(), strict=True)) | rest

    def descend(self) -> None:
        """Go to the nearest points of the affine hulls, dropping each point whose weight vanishes on the way."""
        while True:
            target = self.affine_weights()
            step, first = min(  # smallest step, then smallest index: no cycling between ties
                ((w / (w - target[i]), i) for i, w in self.weight.items() if target[i] <= 0.0 and w > target[i]),
                default=(1.0, None),
            )
            self.weight = {i: max(0.0, w + step * (target[i] - w)) for i, w in self.weight.items()}
            if first is None:
                return
            self.drop(first)


def nearest_points(A: Float[np.ndarray, "n d"], B: Float[np.ndarray, "m d"]) -> NearestPoints:
    """The nearest points of the convex hulls of the rows of A and of B, with two bounds of the distance.

    Time is n d for each of a few dozen looks at the data and k d for each of k active points; memory is
    one copy of the data and at most one more. On a line the hulls are two intervals, and their ends are the answer.

    Args:
        A, B: points (n, d) and (m, d), finite float64.

    >>> found = nearest_points(np.array([[0.0, 3.0], [2.0, 1.0]]), np.array([[-1.0, 0.0], [1.0, -1.0]]))
    >>> round(found.lower**2, 12), round(found.upper**2, 12), found.positive_weights.tolist()
    (5.0, 5.0, [0.0, 1.0])
    """
    scale, Z = _signed_points(A, B)
    reach = float(np.sqrt(np.einsum("ij,ij->i", Z, Z).max()))
    zero = (Z.shape[1] + 10) * EPS * reach
    if Z.shape[1] == 1:
        weights, v = _ends_of_intervals(Z[: len(A), 0], -Z[len(A) :, 0])
        return _bounds(Z, len(A), weights, v, scale, zero)
    # The linear algebra is bound by memory: a second thread gains nothing, and waits long on a busy machine. Setting
    # their number takes a millisecond. Of the tolerance: <v, z> errs by a few eps |v| |z|.
    with threadpool_limits(1, user_api="blas") if Z.size > 50_000 else nullcontext():
        weights, v = _run(Z, len(A), 32 * EPS * reach, zero)
    return _bounds(Z, len(A), weights, v, scale, zero)


def _run(Z: Points, n: int, tolerance: float, zero: float) -> tuple[Weights, Vector]:
    """The active-set method: weights of all points, and v."""
    active = _ActiveSet(Z, np.repeat([0, 1], [n, len(Z) - n]), _start(Z, n))
    for _ in range(100 + 10 * len(Z)):
        size = float(np.linalg.norm(active.v))
        if size <= zero or not _add_points_below(active, tolerance * size, zero):
            break
    active.refactor()
    active.descend()
    weights = np.zeros(len(Z))
    weights[list(active.weight)] = list(active.weight.values())
    return weights, active.v


def _ends_of_intervals(a: Float[np.ndarray, "n"], b: Float[np.ndarray, "m"]) -> tuple[Weights, Float[np.ndarray, "1"]]:
    """On a line: the facing ends of two intervals, or the middle of what they share; weights of all points, and v."""
    low, high = max(a.min(), b.min()), min(a.max(), b.max())
    p, q = (low, high) if a.min() > b.max() else (high, low)
    if low <= high:
        p = q = (low + high) / 2
    return np.concatenate([_weights_on_line(a, p), _weights_on_line(b, q)]), np.array([p - q])


def _weights_on_line(x: Float[np.ndarray, "n"], t: float) -> Float[np.ndarray, "n"]:
    """Weights of the smallest and the largest number that combine to t."""
    first, last = int(np.argmin(x)), int(np.argmax(x))
    span = x[last] - x[first]
    share = (t - x[first]) / span if span else 0.0
    weights = np.zeros(len(x))
    weights[first] = 1.0 - share
    weights[last] += share
    return weights


def _signed_points(A: Float[np.ndarray, "n d"], B: Float[np.ndarray, "m d"]) -> tuple[float, Points]:
    """A power of two, and the points a - centre and centre - b divided by it, so that no square overflows."""
    largest = max(float(np.abs(A).max()), float(np.abs(B).max()))
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest else 1.0
    Z = np.concatenate([A, B]) / scale
    centre = (Z[: len(A)].mean(axis=0) + Z[len(A) :].mean(axis=0)) / 2
    Z -= centre
    Z[len(A) :] *= -1
    return scale, Z


def _start(Z: Points, n: int) -> tuple[int, int]:
    """The point of each class that lies lowest along the difference of the class means."""
    depth = Z @ (Z[:n].mean(axis=0) + Z[n:].mean(axis=0))
    return int(np.argmin(depth[:n])), n + int(np.argmin(depth[n:]))


def _add_points_below(active: _ActiveSet, tolerance: float, zero: float) -> bool:
    """Add the points that lie lowest, one at a time, as long as they lie below v; False when none did."""
    depth = active.Z @ active.v
    depth -= depth[active.base][active.label]
    lowest = np.argpartition(depth, min(ROUND, len(depth) - 1))[:ROUND]
    added = False
    for i in lowest[np.argsort(depth[lowest])].tolist():
        worth = tolerance if not added else max(tolerance, -depth[i] / 2)
        if i not in active.weight and active.depth(i) < -worth:
            active.add(i)
            active.descend()
            added = True
            if np.linalg.norm(active.v) <= zero:
                break
    return added


def _bounds(Z: Points, n: int, weights: Weights, v: Vector, scale: float, zero: float) -> NearestPoints:
    """Both bounds, evaluated from the weights and from v as they are, whatever their errors."""
    weights[:n] /= weights[:n].sum()
    weights[n:] /= weights[n:].sum()
    normal = v / (np.linalg.norm(v) or 1.0)
    depth = Z @ normal
    edge = np.array([depth[:n].min(), depth[n:].min()])
    lower, difference = float(edge.sum()), weights @ Z
    slack = float(weights @ (depth - np.repeat(edge, [n, len(Z) - n])))
    residual = max(float(np.linalg.norm(difference - lower * normal)), slack)
    upper, relative = float(np.linalg.norm(difference)), residual / lower if lower > 0 else math.inf
    return NearestPoints(weights[:n], weights[n:], normal, lower * scale, upper * scale, relative, zero * scale)

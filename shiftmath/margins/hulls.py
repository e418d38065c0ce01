r"""The nearest points of two convex hulls, by an active-set method that is accurate to rounding.

For points $a_i$ and $b_j$ in $\mathbb R^d$, minimise $|p - q|$ over $p = \sum_i \alpha_i a_i$, $q = \sum_j \beta_j b_j$
with weights $\alpha, \beta \ge 0$ that sum to 1 in each class. With signed points $z = a_i$ or $z = -b_j$ this is the
smallest $v = \sum_i \lambda_i z_i$, and $v$ is optimal when no point of either class lies below it:

$$\min_{z \in A} \langle v, z\rangle + \min_{z \in B} \langle v, z\rangle = |v|^2.$$

The left side over $|v|$ is a lower bound of the distance for any $v$, $|p - q|$ an upper bound for any weights:
together they are the certificate.

The method is that of Wolfe (1976, "Finding the nearest point in a polytope") for two hulls instead of one: keep an
affinely independent active set (`active_set`), go to the nearest points of the two affine hulls, stop at the first
weight that turns negative and drop its point, add a point that lies below $v$. The differences $E$ of the active points
are kept as a QR factorisation, and $v$ is what two rounds of orthogonalisation against $E$ leave: its error is a few
eps times the data's size, where that of the normal equations would grow with the square of its ratio to the distance.
"""

import math
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from shiftmath._shared.scaling import exponent, times_power_of_two
from shiftmath.margins.active_set import ROUNDINGS, ActiveSet
from shiftmath.margins.reduced import lowest, nearest_means

__all__ = ["NearestPoints", "nearest_points"]

EPS = float(np.finfo(float).eps)
BATCH = 64  # points at most added between two looks at all the data

Vector = Float[np.ndarray, "d"]
Points = Float[np.ndarray, "points d"]
Weights = Float[np.ndarray, "points"]


@dataclass(frozen=True, eq=False)
class NearestPoints:
    """The nearest points p and q, the best normal found and the two bounds of the distance.

    Lengths are infinite where they overflow, and rounded to the spacing of subnormal numbers where they are as small;
    what has no unit is computed before.

    Attributes:
        positive_weights, negative_weights: of p and of q.
        normal: a unit vector; 0 where the hulls meet.
        middle: <normal, x> in the middle between the hulls.
        lower, upper: the gap between the hulls along `normal`, not positive where none was found, and |p - q|.
        duality_gap: (upper - lower) / upper, infinite where `upper` is 0.
        kkt_residual: the larger of |(p - q) - lower * normal| and the weighted mean distance of the points of positive
            weight from the edge of the gap, over `lower`.
        zero: an `upper` that rounding alone could account for.
        meet: whether `upper` is no more than that.
    """

    positive_weights: Float[np.ndarray, "n"]
    negative_weights: Float[np.ndarray, "m"]
    normal: Vector
    middle: float
    lower: float
    upper: float
    duality_gap: float
    kkt_residual: float
    zero: float
    meet: bool


@dataclass(frozen=True, eq=False)
class _Problem:
    """The points divided by 2^unit, as z = a - centre and z = centre - b; n of them are a's."""

    Z: Points
    n: int
    centre: Vector
    unit: int
    share: float

    @property
    def reach(self) -> float:
        """The largest |z|."""
        return float(np.sqrt(np.einsum("ij,ij->i", self.Z, self.Z).max()))


def nearest_points(
    A: Float[np.ndarray, "n d"], B: Float[np.ndarray, "m d"], unit: int = 0, share: float = 0.0
) -> NearestPoints:
    """The nearest points of the convex hulls of the rows of A and of B, with two bounds of the distance.

    Time is n d for each of a few dozen looks at the data and k d for each of k active points; memory is
    one copy of the data and at most one more. On a line the hulls are two intervals, and their ends are the answer.

    Args:
        A, B: points (n, d) and (m, d), finite float64.
        unit: the points are 2^unit times as large as A and B.
        share: of each class, for `reduced` hulls; 0 for the hulls themselves.

    >>> found = nearest_points(np.array([[0.0, 3.0], [2.0, 1.0]]), np.array([[-1.0, 0.0], [1.0, -1.0]]))
    >>> round(found.lower**2, 12), round(found.upper**2, 12), found.positive_weights.tolist()
    (5.0, 5.0, [0.0, 1.0])
    """
    problem = _problem(A, B, unit, share)
    Z, n, d = problem.Z, problem.n, A.shape[1]
    reach = problem.reach
    zero = (d + 10 + 2 * ROUNDINGS) * EPS * reach  # of a sum of d products, and of v before and after ties are dropped
    if d == 1:
        weights, v = _ends_of_intervals(Z[:n, 0], -Z[n:, 0], share)
        return _bounds(problem, weights, v, zero)
    # The linear algebra is bound by memory: a second thread gains nothing, and waits long on a busy machine. Setting
    # their number takes a millisecond.
    with threadpool_limits(1, user_api="blas") if Z.size > 50_000 else nullcontext():
        if share:
            weights, v = nearest_means(Z, n, share, reach, zero)
        else:
            weights, v = _search(ActiveSet(Z, np.repeat([0, 1], [n, len(Z) - n]), _start(Z, n), reach), zero)
    return _bounds(problem, weights, v, zero)


def _problem(A: Float[np.ndarray, "n d"], B: Float[np.ndarray, "m d"], unit: int, share: float) -> _Problem:
    """Bring the points near 1 and, but on a line, where differences of ends are exact, near the origin."""
    e, n = exponent(A, B), len(A)
    Z = np.concatenate([A, B])
    Z /= 2.0**e
    centre = _centre(Z, n) if Z.shape[1] > 1 or share else np.zeros(1)
    Z -= centre
    Z[n:] *= -1
    spread = exponent(Z)  # small where the data lie close together, far from the origin
    Z /= 2.0**spread
    return _Problem(Z, n, np.ldexp(centre, -spread), unit + e + spread, share)


def _centre(Z: Points, n: int) -> Vector:
    """A point near the middle of the classes. Whole numbers stay whole when it is taken off, constants become 0."""
    middle = (Z[:n].mean(axis=0) + Z[n:].mean(axis=0)) / 2
    return Z[np.argmin(np.einsum("ij,ij->i", Z, Z) - 2 * (Z @ middle))].copy()


def _search(active: ActiveSet, zero: float) -> tuple[Weights, Vector]:
    """The active-set method: weights of all points, and v."""
    _add_and_descend(active, zero)
    members, v = set(active.weight), active.v  # no point was seen below this v; a fresh factorisation moves it again
    active.refactor()
    active.descend()
    if active.weight.keys() != members:
        _add_and_descend(active, zero)
        v = active.v
    if min(active.weight.values()) < 0.0:
        active.descend(strict=True)
    weights = np.zeros(len(active.Z))
    weights[list(active.weight)] = list(active.weight.values())
    return weights, v


def _add_and_descend(active: ActiveSet, zero: float) -> None:
    """Add points as long as some lie below v."""
    for _ in range(100 + 10 * len(active.Z)):
        if active.length <= zero or not _add_points_below(active, zero):
            return


def _ends_of_intervals(
    a: Float[np.ndarray, "n"], b: Float[np.ndarray, "m"], share: float
) -> tuple[Weights, Float[np.ndarray, "1"]]:
    """On a line: the facing ends of two intervals, or the middle of what they share; weights of all points, and v."""
    ends = [[lowest(x, share), lowest(-x, share)] for x in (a, b)]
    (a_low, a_high), (b_low, b_high) = ([w @ x for w in pair] for x, pair in zip((a, b), ends, strict=True))
    low, high = max(a_low, b_low), min(a_high, b_high)
    p, q = (low, high) if a_low > b_high else (high, low)
    if low <= high:
        p = q = (low + high) / 2
    weights = [_weights_on_line(x, t, *pair) for x, t, pair in zip((a, b), (p, q), ends, strict=True)]
    return np.concatenate(weights), np.array([p - q])


def _weights_on_line(
    x: Float[np.ndarray, "k"], t: float, low: Float[np.ndarray, "k"], high: Float[np.ndarray, "k"]
) -> Float[np.ndarray, "k"]:
    """Weights between those of the lowest and of the highest point that combine to t."""
    span = (high - low) @ x
    part = min(max((t - low @ x) / span, 0.0), 1.0) if span else 0.0
    return (1.0 - part) * low + part * high


def _start(Z: Points, n: int) -> tuple[int, int]:
    """The point of each class that lies lowest along the difference of the class means."""
    depth = Z @ (Z[:n].mean(axis=0) + Z[n:].mean(axis=0))
    return int(np.argmin(depth[:n])), n + int(np.argmin(depth[n:]))


def _add_points_below(active: ActiveSet, zero: float) -> bool:
    """Add the points that lie lowest, one at a time, as long as they lie below v; False when none did."""
    depth = active.Z @ active.v
    depth -= depth[active.base][active.label]
    lowest = np.argpartition(depth, min(BATCH, len(depth) - 1))[:BATCH]
    tolerance, added = active.rounding * active.length, False
    for i in lowest[np.argsort(depth[lowest])].tolist():
        worth = tolerance if not added else max(tolerance, -depth[i] / 2)
        if i not in active.weight and active.depth(i) < -worth and active.add(i):
            active.descend()
            added = True
            if active.length <= zero:
                break
    return added


def _bounds(problem: _Problem, weights: Weights, v: Vector, zero: float) -> NearestPoints:
    """Both bounds, evaluated from the weights and from v as they are, whatever their errors."""
    Z, n = problem.Z, problem.n
    weights[:n] /= weights[:n].sum()
    weights[n:] /= weights[n:].sum()
    normal = v / (np.linalg.norm(v) or 1.0)
    depth = Z @ normal
    edge = np.array([lowest(part, problem.share) @ part for part in (depth[:n], depth[n:])])
    lower, difference = float(edge.sum()), weights @ Z
    upper, slack = float(np.linalg.norm(difference)), float(weights @ (depth - np.repeat(edge, [n, len(Z) - n])))
    residual = max(float(np.linalg.norm(difference - lower * normal)), slack)
    middle = float(normal @ problem.centre + (edge[0] - edge[1]) / 2)
    return NearestPoints(
        positive_weights=weights[:n],
        negative_weights=weights[n:],
        normal=normal,
        middle=times_power_of_two(middle, problem.unit),
        lower=times_power_of_two(lower, problem.unit),
        upper=times_power_of_two(upper, problem.unit),
        duality_gap=(upper - lower) / upper if upper else math.inf,
        kkt_residual=residual / lower if lower > 0 else math.inf,
        zero=times_power_of_two(zero, problem.unit),
        meet=upper <= zero,
    )

"""Small degenerate sets, family by family, and what an answer about them must be."""

import math
from fractions import Fraction

import exact
import numpy as np

from shiftmath import NotCertified, NotSeparable, invariant_margin, max_margin
from shiftmath.groups import circular_shifts, flips

EPS = float(np.finfo(float).eps)
SPREADS = (1, 2, 3, 10, 100, 1000)


def sizes(rng, most=7):
    """How many points each class has, and how many coordinates."""
    return *rng.integers(1, most, 2).tolist(), int(rng.integers(1, 6))


def whole_numbers(rng):
    n, m, d = sizes(rng)
    r = rng.choice(SPREADS)
    A, B = rng.integers(-r, r + 1, (n, d)), rng.integers(-r, r + 1, (m, d))
    return A + rng.integers(0, 3 * r + 1) * np.eye(d, dtype=int)[0], B


def slab(rng):
    """All points on the two edges of the slab, or one step behind them."""
    n, m, d = sizes(rng, 10)
    r = rng.choice(SPREADS)
    A, B = rng.integers(-r, r + 1, (n, d)), rng.integers(-r, r + 1, (m, d))
    A[:, 0], B[:, 0] = 1 + rng.integers(0, 2, n), -rng.integers(0, 2, m)
    return A, B


def cube(rng):
    """Corners of a cube, many of them twice."""
    n, m, d = sizes(rng, 12)
    A, B = rng.integers(0, 2, (n, d)), rng.integers(0, 2, (m, d))
    A[:, 0] += rng.integers(0, 3)
    return A, B


def duplicates(rng):
    A, B = whole_numbers(rng)
    return A[rng.integers(0, len(A), 12)], B[rng.integers(0, len(B), 12)]


def collinear(rng):
    """Points on one line in each class, often the same direction."""
    n, m, d = sizes(rng)
    r = rng.choice(SPREADS)
    way = rng.integers(-3, 4, (2, d))
    way[1] = way[rng.integers(0, 2)]
    foot = rng.integers(-r, r + 1, (2, d))
    return tuple(f + rng.integers(-r, r + 1, (k, 1)) * w for f, k, w in zip(foot, (n, m), way, strict=True))


def constant_feature(rng):
    """A feature that is the same for all, far off."""
    A, B = slab(rng)
    return tuple(np.c_[X, np.full(len(X), 10 ** int(rng.integers(0, 5)))] for X in (A, B))


def decimals(rng):
    """One decimal in each coordinate, the gap in hundredths."""
    A, B = (np.round(rng.normal(size=(k, 3)), 1) for k in rng.integers(1, 6, 2))
    A[:, 0], B[:, 0] = 0.01, -0.01
    return A, B


def marker(rng):
    """A 0/1 feature beside features of large spread, as in a table."""
    n, m, d = sizes(rng, 15)
    spread = 10.0 ** rng.integers(0, 5)
    A, B = spread * rng.normal(size=(n, d)), spread * rng.normal(size=(m, d))
    A[:, -1], B[:, -1] = 1, 0
    return A, B


def scales(rng):
    """Features of very different units."""
    A, B = slab(rng)
    units = 10.0 ** -rng.integers(0, 4, A.shape[1])
    return A * units, B * units


def offsets(rng):
    """Far from the origin."""
    A, B = (slab, whole_numbers, collinear)[rng.integers(0, 3)](rng)
    offset = rng.integers(-(10**6), 10**6 + 1, A.shape[1])
    return A + offset, B + offset


def touching(rng):
    """Classes that share a point: a corner, a point of an edge, or an edge."""
    A, B = (slab, whole_numbers, cube)[rng.integers(0, 3)](rng)
    return A, np.concatenate([2 * B, A[rng.integers(0, len(A), 1)] + A[rng.integers(0, len(A), 1)]]) / 2


def channels(rng):
    """Signals of three channels, one of them a marker, under moves of the other axes."""
    shape = (int(rng.integers(2, 5)), 3)
    A, B = (rng.integers(0, 256, (k, *shape)) for k in rng.integers(1, 8, 2))
    A[..., 1], B[..., 1] = 101, 100
    group = circular_shifts(axes=0) * flips(axes=0) if rng.integers(0, 2) else circular_shifts(axes=0)
    return A, B, group


def patches(rng):
    """Small images of few gray levels, under the shifts of one axis or flips."""
    A, B = (rng.integers(0, 3, (k, 2, 3)) for k in rng.integers(1, 8, 2))
    A[:, 0] += rng.integers(0, 3)
    return A, B, (circular_shifts(axes=1), circular_shifts(axes=0), flips(), flips(axes=1), None)[rng.integers(0, 5)]


FAMILIES = (
    whole_numbers, slab, cube, duplicates, collinear, constant_feature, decimals, marker, scales, offsets, touching,
    channels, patches,
)  # fmt: skip


def case(seed, number):
    """Case `number`: its family, the two classes, and the group or "none" for `max_margin`."""
    rng = np.random.default_rng([seed, number])
    family = FAMILIES[number % len(FAMILIES)]
    A, B, *group = family(rng)
    return family.__name__, A, B, *(group or ["none"])


def means(X, group):
    """The projections of samples on the fixed subspace of the group, as fractions, one element after the other."""
    rows = exact.rational(X)
    if group == "none":
        return rows
    moves = (group or circular_shifts()).elements(X.shape[1:]).tolist()
    return [[sum(row[k] for k in column) / len(moves) for column in zip(*moves, strict=True)] for row in rows]


def check(A, B, group="none"):
    """What is answered; an AssertionError where that is wrong.

    "certified"; "not separable" where the hulls share a point in exact arithmetic, "not separable to rounding" where
    they are closer than the tolerance; "not certified" where the tolerance is more than 1e-8 of the distance. The
    tolerance is what the algorithm allows itself: 8 roundings of numbers as large as the data are wide for points that
    lie below v, as many for weights that are negative, and those of sums of products.
    """
    (P, Q), unit = exact.whole(means(A, group), means(B, group))
    square = exact.squared_distance(P, Q)
    rows = np.array([[float(Fraction(v, unit)) for v in row] for row in P + Q])
    width = max(float(np.linalg.norm(rows - row, axis=1).max()) for row in rows)
    tolerance = unit * Fraction((len(P[0]) + 10 + 16) * EPS * width)
    offset = unit * Fraction(16 * EPS * float(np.linalg.norm(rows, axis=1).max()))  # rounding of numbers as they are
    answer = answered(A, B, group)
    if isinstance(answer, NotCertified):
        assert square <= (tolerance * 10**8) ** 2
        return "not certified"
    if isinstance(answer, NotSeparable):
        apart, p = ends(answer, P, Q)
        assert max(square, apart) <= tolerance**2
        assert off_point(p, answer.witness, unit) <= (tolerance + offset) ** 2
        return "not separable to rounding" if square else "not separable"
    gap, (low, high) = unit * Fraction(answer.gap), edges(answer.normal, P, Q)
    assert max(gap - tolerance, 0) ** 2 <= square <= (gap + tolerance) ** 2
    assert ends(answer.certificate, P, Q)[0] <= (gap + tolerance) ** 2
    assert abs(low - high - gap) <= tolerance
    assert abs((low + high) / 2 + unit * Fraction(answer.offset)) <= tolerance + offset
    return "certified"


def answered(A, B, group):
    """The separator, or the error that says why there is none."""
    try:
        return max_margin(A, B) if group == "none" else invariant_margin(A, B, group)
    except (NotSeparable, NotCertified) as error:
        return error


def ends(answer, P, Q):
    """The square of |p - q| for the weights of an answer as they are, over their sums; and p."""
    points = []
    for weights, rows in ((answer.positive_weights, P), (answer.negative_weights, Q)):
        ((w,),), _ = exact.whole([[Fraction(v) for v in weights.tolist()]])
        assert min(w) >= 0
        assert abs(math.fsum(weights) - 1) <= len(w) * EPS
        points.append([Fraction(exact.inner(w, column), sum(w)) for column in zip(*rows, strict=True)])
    return sum((u - v) ** 2 for u, v in zip(*points, strict=True)), points[0]


def off_point(p, witness, unit):
    """The square of the distance of the witness to p."""
    return sum((u - unit * Fraction(v)) ** 2 for u, v in zip(p, witness.ravel().tolist(), strict=True))


def edges(normal, P, Q):
    """Where the facing edges of the classes lie along a normal of length 1 to rounding."""
    ((normal,),), scale = exact.whole([[Fraction(v) for v in normal.ravel().tolist()]])
    length = Fraction(math.sqrt(Fraction(exact.inner(normal, normal), scale**2)))
    assert abs(length - 1) <= 4 * EPS
    low, high = min(exact.inner(normal, p) for p in P), max(exact.inner(normal, q) for q in Q)
    return Fraction(low, scale) / length, Fraction(high, scale) / length

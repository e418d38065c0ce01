"""The nearest points of two hulls in exact rational arithmetic, and the proof that they are.

Points are rows of fractions or of whole numbers. Another route than the package's: all differences a - b as one hull,
Wolfe's method on its Gram matrix, whole numbers throughout. What it finds need not be believed: `squared_distance`
proves it by the conditions of optimality, in whole numbers too.
"""

import math
import operator
from fractions import Fraction


def rational(X):
    """Rows of a floating-point or whole-number array as fractions, which lose nothing."""
    return [[Fraction(v) for v in row] for row in X.reshape(len(X), -1).tolist()]


def whole(*sets):
    """The sets of rows times their common denominator, as whole numbers, and that denominator."""
    common = math.lcm(*(v.denominator for rows in sets for row in rows for v in row))
    return [[[int(v * common) for v in row] for row in rows] for rows in sets], common


def squared_distance(A, B):
    """The squared distance of the hulls of the rows of A and B."""
    (A, B), common = whole(A, B)
    pairs, weights = nearest_pairs(A, B)
    assert min(weights) >= 0
    assert sum(weights) == 1
    v, scale = combination(A, B, pairs, weights)
    # Every pair of points lies as far apart along v as the nearest ones: no other v is shorter.
    assert scale * (min(inner(v, a) for a in A) - max(inner(v, b) for b in B)) == inner(v, v)
    return Fraction(inner(v, v), (scale * common) ** 2)


def inner(x, y):
    return sum(map(operator.mul, x, y))


def combination(A, B, pairs, weights):
    """The combination of the differences a_i - b_j, times a whole number that makes it whole, and that number."""
    ((factors,),), scale = whole([weights])
    rows = [[w * (u - v) for u, v in zip(A[i], B[j], strict=True)] for (i, j), w in zip(pairs, factors, strict=True)]
    return [sum(column) for column in zip(*rows, strict=True)], scale


def nearest_pairs(A, B):
    """Pairs (i, j) with the weights of the shortest combination of the differences a_i - b_j (Wolfe 1976)."""
    pairs, weights = [(0, 0)], [Fraction(1)]
    while True:
        v, scale = combination(A, B, pairs, weights)
        along = [inner(v, a) for a in A], [inner(v, b) for b in B]
        if scale * (min(along[0]) - max(along[1])) >= inner(v, v):
            return pairs, weights
        pairs.append((along[0].index(min(along[0])), along[1].index(max(along[1]))))
        pairs, weights = descended(A, B, pairs, [*weights, Fraction(0)])


def descended(A, B, pairs, weights):
    """Go to the shortest combination of any signs, dropping each pair whose weight vanishes on the way."""
    while True:
        target = shortest_of_any_signs(A, B, pairs)
        steps = [w / (w - t) for w, t in zip(weights, target, strict=True) if t <= 0 and w > t]
        step = min(steps, default=Fraction(1))
        weights = [w + step * (t - w) for w, t in zip(weights, target, strict=True)]
        if not steps:
            return pairs, weights
        keep = [k for k, w in enumerate(weights) if w > 0]
        pairs, weights = [pairs[k] for k in keep], [weights[k] for k in keep]


def shortest_of_any_signs(A, B, pairs):
    """Weights of sum 1 that minimise |sum_k w_k x_k|: w is proportional to (1 1^T + X X^T)^-1 1."""
    X = [[u - v for u, v in zip(A[i], B[j], strict=True)] for i, j in pairs]
    solution = solve_whole([[1 + inner(x, y) for y in X] for x in X])
    return [Fraction(u, sum(solution)) for u in solution]


def solve_whole(M):
    """A multiple of M^-1 1 for a positive definite M of whole numbers, without fractions (Bareiss 1968)."""
    M, n, last = [[*row, 1] for row in M], len(M), 1
    for k in range(n):
        for i in range(n):
            if i != k:
                M[i] = [(M[k][k] * u - M[i][k] * v) // last for u, v in zip(M[i], M[k], strict=True)]
        last = M[k][k]
    return [row[-1] for row in M]

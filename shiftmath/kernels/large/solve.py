r"""Coefficients of a large Gram matrix: $(G + r I) \alpha = y$.

The method of conjugate gradients reads G once a step, a block at a time, and holds a few vectors. Its error in the norm
of $A = G + r I$ falls by $(\sqrt\kappa - 1) / (\sqrt\kappa + 1)$ a step at least, $\kappa$ the condition number of A: a
ridge is what makes it quick (Hestenes and Stiefel 1952).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftmath._shared.arguments import (
    as_array,
    as_bool,
    as_count,
    as_number,
    as_targets,
    require_finite,
    require_finite_result,
)
from shiftmath._shared.progress import progress as bar
from shiftmath._shared.scaling import exponent, exponents, times_powers_of_two
from shiftmath.kernels.large.layout import Layout
from shiftmath.kernels.large.matrix import GramMatrix

__all__ = ["Solution", "residual_of", "solve", "symmetric"]


MOST = 900  # exponent of x, which leaves room for the condition; that of the squares of y is -348 then at least
ALIKE = 1e-5  # of two halves, relative to the geometric mean of their diagonal entries: that of float32 sums


@dataclass(frozen=True)
class Solution:
    r"""Coefficients (n,) or (n, outputs), and how well they solve.

    Attributes:
        coefficients: $\alpha$.
        residual: $\|y - (G + r I) \alpha\| / \|y\|$, computed anew from the coefficients; the largest of the outputs.
        steps: of conjugate gradients, each one product with G; 0 by Cholesky.
    """

    coefficients: np.ndarray
    residual: float
    steps: int


def solve(
    gram: Any, y: Any, *, ridge: float = 0.0, tolerance: float = 1e-10, steps: int = 1000, progress: bool = False
) -> Solution:
    r"""$(G + r I)^{-1} y$ by conjugate gradients, with the diagonal of $G + r I$ as preconditioner.

    Args:
        gram: a symmetric positive definite matrix (n, n): of `kernels.gram`, or an array.
        y: n labels, or (n, outputs).
        ridge: r, a non-negative number in the units of the Gram matrix.
        tolerance: what the residual is to reach.
        steps: how many at most.
        progress: a bar on stderr, if that is a terminal.

    Raises:
        ValueError, TypeError: bad arguments, a diagonal that is not positive, a residual that does not reach the
            tolerance.

    >>> solution = solve(np.diag([1.0, 2.0, 4.0]), [1.0, 1.0, 1.0], ridge=1.0)
    >>> np.round(solution.coefficients, 12), solution.residual < 1e-10
    (array([0.5       , 0.33333333, 0.2       ]), True)
    """
    gram = symmetric(gram)
    y, ridge = as_targets("y", y, len(gram)).astype(float), as_number("ridge", ridge, least=0)
    tolerance, steps = as_number("tolerance", tolerance, positive=True), as_count("steps", steps)
    shown, e = as_bool("progress", progress), exponents(columns := y.reshape(len(y), -1), (0,))
    columns, diagonal = times_powers_of_two(columns, -e), _diagonal(gram) + ridge
    found, taken = _conjugate_gradients(gram, diagonal[:, None], columns, ridge, tolerance, steps, shown)
    residual = residual_of(gram, ridge, found, columns, size := np.array(exponent(diagonal)))
    if not residual <= 2 * tolerance:  # that of the recursion is another by rounding
        raise ValueError(
            f"gram and tolerance: got {tolerance:g}, after {taken} steps the residual is {residual:.2g}, takes a "
            f"larger tolerance, a larger ridge than {ridge:g}, or more steps"
        )
    with np.errstate(over="ignore"):
        found = times_powers_of_two(found, e - size).reshape(y.shape)
    return Solution(require_finite_result("y", y, found, "coefficients overflow"), residual, taken)


def symmetric(gram: Any) -> Any:
    """A symmetric matrix, in blocks or as an array."""
    takes = "a symmetric matrix"
    if isinstance(gram, GramMatrix):
        if not gram.layout.symmetric:
            raise ValueError(f"gram: got {gram!r} of signals X and Z, takes {takes}")
        return gram
    gram = as_array("gram", gram, takes, to_numpy=True)
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1] or not len(gram):
        raise ValueError(f"gram: got shape {gram.shape}, takes {takes}")
    require_finite("gram", gram)
    layout = Layout(len(gram), len(gram), 512, True)  # what is compared is a block, not a second matrix
    gram, size = gram.astype(float, copy=False), np.sqrt(np.abs(np.diag(gram).astype(float)))
    for rows, columns in map(layout.slices, layout.blocks()):
        gap = np.abs(gram[rows, columns] - gram[columns, rows].T)
        if not (gap <= ALIKE * size[rows, None] * size[columns]).all():
            raise ValueError(f"gram: got a matrix that is not its transpose, takes {takes}")
    return gram


def _conjugate_gradients(
    gram: Any, diagonal: np.ndarray, y: np.ndarray, ridge: float, tolerance: float, steps: int, shown: bool
) -> tuple[np.ndarray, int]:
    """The solution of each column, times the power of two of the diagonal, and the steps that were taken."""
    size = np.array(exponent(diagonal))
    y = times_powers_of_two(y, size // 4)  # of y, of x, of y^2 and x y no exponent is beyond 3 / 4 of that of G
    target, taken = tolerance * np.linalg.norm(y, axis=0), 0
    x, r = np.zeros_like(y), y
    p = z = r / diagonal
    rz = (r * z).sum(0)
    for _ in bar(range(steps), steps, "conjugate gradients", shown):
        taken += 1
        q = _product(gram, p, ridge)
        a = _ratio(rz, (p * q).sum(0))
        x, r = x + a * p, r - a * q
        if (np.linalg.norm(r, axis=0) <= target).all():
            break
        z, before = r / diagonal, rz
        rz = (r * z).sum(0)
        p = z + _ratio(rz, before) * p
    return times_powers_of_two(x, size - size // 4), taken


def _product(gram: Any, v: np.ndarray, ridge: float) -> np.ndarray:
    return gram @ v + ridge * v


def _diagonal(gram: Any) -> np.ndarray:
    """The diagonal; a ValueError unless it is positive."""
    blocks = gram.blocks() if isinstance(gram, GramMatrix) else [(slice(None), slice(None), gram)]
    diagonal = np.concatenate([np.diag(values) for rows, columns, values in blocks if rows == columns]).astype(float)
    if not (diagonal > 0).all():
        i = int(np.argmin(diagonal > 0))
        raise ValueError(f"gram: got {diagonal[i]:g} at {(i, i)}, takes a symmetric matrix with a positive diagonal")
    return diagonal


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b, 0 for a column that is solved."""
    return np.where(b != 0, a / np.where(b != 0, b, 1), 0)


def residual_of(gram: Any, ridge: float, x: np.ndarray, y: np.ndarray, size: np.ndarray) -> float:
    """The largest |y - (G + r I) x 2^-size| / |y| of a column, for y near 1; that of y = 0 is 0."""
    step = np.minimum(-size, MOST)
    x, y = times_powers_of_two(x, step), times_powers_of_two(y, step + size)
    left = y - _product(gram, x, ridge)
    return float(_ratio(np.linalg.norm(left, axis=0), np.linalg.norm(y, axis=0)).max())

r"""What a Cholesky factor is for: coefficients, and the determinant."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from shiftmath._shared.arguments import as_targets, require_finite_result
from shiftmath._shared.scaling import exponent, exponents, times_powers_of_two
from shiftmath.kernels.large.matrix import GramMatrix
from shiftmath.kernels.large.solve import Solution, residual_of

__all__ = ["Factor"]


@dataclass(frozen=True, eq=False, repr=False)
class Factor:
    r"""The upper triangular U with $U^\top U = G + r I$: the result of `kernels.large.cholesky`.

    Attributes:
        matrix: G, read a block at a time.
        upper: what holds U: `upper.read((i, j))` is a block of it, on or above the diagonal.
        ridge: r.
        store: the folder of U, or None.
    """

    matrix: GramMatrix
    upper: Any
    ridge: float
    store: Any = None

    def __repr__(self) -> str:
        n, where = len(self.matrix), "in memory" if self.store is None else f"in {str(self.store)!r}"
        return f"Factor({n} x {n}, blocks of {self.matrix.layout.block}, ridge {self.ridge:g}, {where})"

    @cached_property
    def pivots(self) -> np.ndarray:
        """The squares of the diagonal of U (n,). One in the noise of its diagonal entry of G says: nearly singular."""
        count = self.matrix.layout.counts[0]
        return np.concatenate([np.diag(self.upper.read((i, i))) for i in range(count)]) ** 2

    @property
    def logdet(self) -> float:
        r"""$\log \det (G + r I)$.

        >>> from shiftmath.kernels.large import cholesky
        >>> round(cholesky([[4.0, 2.0], [2.0, 5.0]]).logdet, 12)  # log 16
        2.77258872224
        """
        return float(np.log(self.pivots).sum())

    def solve(self, y: Any) -> Solution:
        r"""$(G + r I)^{-1} y$ for n labels, or (n, outputs), by two triangular systems; each reads U once.

        The coefficients solve a system with another G exactly, whose entries differ by some $2 n$ eps of
        $\sqrt{g_{ii} g_{jj}}$ (Higham 2002, Theorem 10.4). What that costs depends on G: `residual` is computed anew.

        Raises:
            ValueError, TypeError: other labels; coefficients that overflow.

        >>> from shiftmath.kernels.large import cholesky
        >>> solution = cholesky(np.diag([1.0, 2.0, 4.0]), ridge=1.0).solve([1.0, 1.0, 1.0])
        >>> np.round(solution.coefficients, 12), solution.residual < 1e-15
        (array([0.5       , 0.33333333, 0.2       ]), True)
        """
        y = as_targets("y", y, len(self.matrix)).astype(float)
        e = exponents(columns := y.reshape(len(y), -1), (0,))
        columns = times_powers_of_two(columns, -e)
        size = np.array(exponent(self.pivots))
        found = self._backward(times_powers_of_two(self._forward(columns.copy()), size))
        with np.errstate(over="ignore", invalid="ignore"):
            residual = residual_of(self.matrix, self.ridge, found, columns, size)
            found = times_powers_of_two(found, e - size).reshape(y.shape)
        return Solution(require_finite_result("y", y, found, "coefficients overflow"), residual, 0)

    def _forward(self, y: np.ndarray) -> np.ndarray:
        """U^T z = y, a row of blocks after another: z_i is ready once all above are taken off."""
        layout = self.matrix.layout
        for i, j in layout.blocks():
            (rows, columns), values = layout.slices((i, j)), self.upper.read((i, j))
            if i == j:
                y[rows] = solve_triangular(values, y[rows], trans="T", check_finite=False)
            else:
                y[columns] -= values.T @ y[rows]
        return y

    def _backward(self, z: np.ndarray) -> np.ndarray:
        """U x = z, the rows from the last on."""
        layout = self.matrix.layout
        for i, j in reversed(layout.blocks()):
            (rows, columns), values = layout.slices((i, j)), self.upper.read((i, j))
            if i == j:
                z[rows] = solve_triangular(values, z[rows], check_finite=False)
            else:
                z[rows] -= values @ z[columns]
        return z

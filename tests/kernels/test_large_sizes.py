"""Coefficients of Gram matrices and labels of any size: those of the same numbers near 1, times a power of two."""

import numpy as np
import pytest
from conftest import EPS

from shiftmath.kernels.large import cholesky, solve

A = np.array([[4.0, 2.0, 1.0], [2.0, 5.0, 3.0], [1.0, 3.0, 6.0]])
Y = np.array([[1.0, 3.0], [2.0, -5.0], [7.0, 1.0]])
LEAST = -1074  # the exponent of the smallest number


def by_cholesky(gram, y):
    return cholesky(gram, ridge=gram[0, 0]).solve(y)


def by_conjugate_gradients(gram, y):
    return solve(gram, y, ridge=gram[0, 0], tolerance=64 * max(EPS, 2.0**LEAST / gram[0, 0]))


@pytest.mark.parametrize("route", [by_cholesky, by_conjugate_gradients])
@pytest.mark.parametrize("size", [LEAST + 4, LEAST + 24, -1030, -1022, -600, 0, 600, 1019])
@pytest.mark.parametrize("labels", [LEAST, -1030, 0, 1019])
def test_what_a_number_can_hold_is_right_and_the_rest_is_an_error(route, size, labels):
    gram, y, shift = np.ldexp(A, size), np.ldexp(Y, labels), labels - size
    exact = np.linalg.solve(A + A[0, 0] * np.eye(3), Y)
    if shift + np.log2(abs(exact).max()) >= 1024:
        with pytest.raises(ValueError, match=r"^y: got numbers whose coefficients overflow, takes smaller ones"):
            route(gram, y)
        return
    solution = route(gram, y)
    # The coefficients are those of another matrix whose entries differ by 3 n + 1 half eps of the diagonal (Higham
    # 2002, Theorem 10.4), or of labels by a residual of 2 * 64 eps; below the normal numbers that is the least number.
    eps = max(EPS, 2.0 ** (LEAST - size - 2))
    inverse = np.linalg.norm(np.linalg.inv(A + A[0, 0] * np.eye(3)))
    worst = 10 * eps / 2 * np.trace(A + A[0, 0] * np.eye(3)) * np.linalg.norm(exact)
    worst = worst if route is by_cholesky else 2 * 64 * eps * np.linalg.norm(Y)
    errors = abs(np.ldexp(solution.coefficients, -shift) - exact).max() if shift > LEAST // 2 else 0.0
    assert errors <= 2 * inverse * worst
    assert solution.residual <= 2 * worst / np.linalg.norm(Y, axis=0).min()
    if shift <= LEAST // 2:
        assert abs(solution.coefficients - np.ldexp(exact, shift)).max() <= max(2.0**LEAST, 2.0**shift * 4 * worst)

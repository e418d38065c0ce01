"""Powers of two that bring data near 1, where no square overflows or is lost: dividing by one rounds nothing."""

import math
from typing import Any

import numpy as np

__all__ = ["exponent", "exponents", "times_power_of_two", "times_powers_of_two"]


def exponent(*arrays: np.ndarray) -> int:
    """The e for which the largest modulus in the arrays lies in [2^e, 2^(e + 1)); 0 where all are 0.

    >>> exponent(np.array([3.0, -5.0])), exponent(np.array([5e-324])), exponent(np.zeros(2))
    (2, -1074, 0)
    """
    largest = max(max(float(x.max()), -float(x.min())) for x in arrays)
    return math.frexp(largest)[1] - 1 if largest else 0


def times_power_of_two(x: float, e: int) -> float:
    """x 2^e, infinite where it overflows."""
    try:
        return math.ldexp(x, e)
    except OverflowError:
        return math.copysign(math.inf, x)


def exponents(x: np.ndarray, axes: tuple[int, ...] | None) -> np.ndarray:
    """The same for each part of `x` along the axes, as an array that broadcasts; x may be complex.

    >>> exponents(np.array([[3.0, 0.0], [0.0, 2e-300j]]), (1,)).tolist()
    [[1], [-996]]
    """
    largest = np.maximum(abs(x.real), abs(x.imag)).max(axis=axes, keepdims=True)
    return np.where(largest > 0, np.frexp(largest)[1] - 1, 0)


def times_powers_of_two(x: Any, e: np.ndarray) -> Any:
    """x 2^e for an array of any library, rounded only where it over- or underflows; in two steps, as 2^-1074 needs.

    >>> times_powers_of_two(np.array([3.0, 3.0]), np.array([-1073, 1022])).tolist()
    [3e-323, 1.348269851146737e+308]
    """
    half, one = e // 2, np.ones((), np.finfo(x.dtype).dtype)
    return x * np.ldexp(one, half) * np.ldexp(one, e - half)

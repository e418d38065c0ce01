"""Powers of two that bring data near 1, where no square overflows or is lost: dividing by one rounds nothing."""

import math

import numpy as np

__all__ = ["exponent", "times_power_of_two"]


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

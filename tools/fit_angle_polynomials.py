"""Writes shiftmath/kernels/angle_polynomials.py: minimax polynomials of the angle, computed with 50 digits.

python tools/fit_angle_polynomials.py
"""

from pathlib import Path

import mpmath

TARGET = Path(__file__).parents[1] / "shiftmath" / "kernels" / "angle_polynomials.py"
HEADER = '''"""The angle between two vectors from its half-angle sine and cosine, by one polynomial.

With r = sin(theta / 2) and c = cos(theta / 2), for 0 <= theta <= pi / 2,

    theta = 2 r P(1 - c),    P(v) = arccos(1 - v) / sqrt(1 - (1 - v)^2),    0 <= v <= 1 - sqrt(1/2).

P is analytic on the whole interval, because the square-root singularity of arccos at theta = 0 is the factor r and the
nearest other one is at v = 2; so few terms suffice. Coefficients, highest degree first, are those of the near-minimax
polynomial (Chebyshev interpolation in 50 digits), written by tools/fit_angle_polynomials.py. The tests recompute the
error bounds.
"""
'''


def angle_over_sine(v):
    """P(v) = arccos(1 - v) / sin(arccos(1 - v)), continued by P(0) = 1."""
    angle = mpmath.acos(1 - v)
    return angle / mpmath.sin(angle) if angle else mpmath.mpf(1)


def coefficients(degree):
    """The Chebyshev interpolant of P of this degree in powers of v, and its largest error on a grid."""
    return mpmath.chebyfit(angle_over_sine, [0, 1 - mpmath.sqrt(mpmath.mpf(1) / 2)], degree + 1, error=True)


def entry(name, degree):
    """Source lines that define the coefficient tuple and its error bound."""
    values, error = coefficients(degree)
    rows = "\n".join(f"    {float(value)!r}," for value in values)
    return f"\n{name} = (\n{rows}\n)\n{name}_ERROR = {mpmath.nstr(1.1 * error, 2)}\n"


if __name__ == "__main__":
    with mpmath.workdps(50):
        TARGET.write_text(HEADER + entry("FLOAT64", 11) + entry("FLOAT32", 5))

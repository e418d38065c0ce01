"""The angle between two vectors from its half-angle sine and cosine, by one polynomial.

With r = sin(theta / 2) and c = cos(theta / 2), for 0 <= theta <= pi / 2,

    theta = 2 r P(1 - c),    P(v) = arccos(1 - v) / sqrt(1 - (1 - v)^2),    0 <= v <= 1 - sqrt(1/2).

P is analytic on the whole interval, because the square-root singularity of arccos at theta = 0 is the factor r and the
nearest other one is at v = 2; so few terms suffice. Coefficients, highest degree first, are those of the near-minimax
polynomial (Chebyshev interpolation in 50 digits), written by tools/fit_angle_polynomials.py. The tests recompute the
error bounds.
"""

FLOAT64 = (
    0.000308394729830587,
    0.00010081938119771236,
    0.0006318583168355037,
    0.0011473508835053567,
    0.0024907288809324097,
    0.00532746069531852,
    0.011544056412961296,
    0.025396823063209596,
    0.057142857214242004,
    0.13333333333220806,
    0.33333333333334025,
    1.0,
)
FLOAT64_ERROR = 9.0e-18

FLOAT32 = (
    0.01773117993668598,
    0.023180125460303246,
    0.057492915537268104,
    0.13330880565955996,
    0.33333395522908044,
    0.9999999974653229,
)
FLOAT32_ERROR = 3.2e-9

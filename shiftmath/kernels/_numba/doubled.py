"""Standard deviations of pre-activations to twice the digits of a number, as sums of two numbers.

Derivatives near the diagonal ask for the difference x - y of two nearly equal deviations with all its digits. Sums are
those of Knuth and products those of Dekker, whose errors are numbers too; errors of the lower parts are of order eps^2.
"""

import math

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.back_maps import clear
from shiftmath.kernels._numba.compile import compiled

SPLIT = 2.0**27 + 1

Numbers = Float[np.ndarray, "N"]


@compiled(exact=True)
def exact_product(a: float, b: float) -> tuple[float, float]:
    """The product and its rounding error."""
    p, s, t = a * b, SPLIT * a, SPLIT * b
    a1, b1 = s - (s - a), t - (t - b)
    a2, b2 = a - a1, b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


@compiled(exact=True, disjoint=True)
def add_to(high: Numbers, low: Numbers, more: Numbers, rest: Numbers) -> None:
    """high + low += more + rest."""
    for k in range(high.size):
        a, b = high[k], more[k]
        total = a + b
        v = total - a
        high[k] = total
        low[k] += rest[k] + ((a - (total - v)) + (b - v))


@compiled(exact=True)
def window(high: Numbers, low: Numbers, length: int, step: int, q: int, H: Numbers, L: Numbers) -> None:
    """H + L = the sum over q taps, `step` apart, circular in blocks of this length."""
    clear(H)
    clear(L)
    for first in range(0, high.size, length):
        last = first + length
        for a in range(q):
            move = (a - (q - 1) // 2) * step % length
            add_to(H[first : last - move], L[first : last - move], high[first + move : last], low[first + move : last])
            if move:
                part = slice(first, first + move)
                add_to(H[last - move : last], L[last - move : last], high[part], low[part])


@compiled(exact=True)
def squares(pixels: Float[np.ndarray, "C N"], high: Numbers, low: Numbers) -> None:
    """The sum of the squares over the channels."""
    clear(high)
    clear(low)
    square, error = np.empty(high.size), np.empty(high.size)
    for c in range(pixels.shape[0]):
        for k in range(high.size):
            square[k], error[k] = exact_product(pixels[c, k], pixels[c, k])
        add_to(high, low, square, error)


@compiled(exact=True)
def roots(high: Numbers, low: Numbers, x: Numbers, rest: Numbers) -> None:
    """x + rest = sqrt(high + low)."""
    for k in range(high.size):
        root = math.sqrt(high[k])
        square, error = exact_product(root, root)
        x[k], rest[k] = root, ((high[k] - square) - error + low[k]) / (2 * root) if root > 0 else 0.0


@compiled(exact=True)
def deviations(
    pixels: Float[np.ndarray, "C N"],
    inside: Numbers,
    bias: Numbers,
    shape: tuple[int, int, int, int],
    factors: Numbers,
    X: Float[np.ndarray, "layers N"],
    rest: Float[np.ndarray, "layers N"],
) -> None:
    """X + rest = the deviations before each activation, from pixels: (factor box(p) + bias) inside, layer by layer.

    bias is the square of the bias at each pixel; shape is that of `_numba.boxes`.
    """
    H, W, qy, qx = shape
    N = inside.size
    high, low, h, l = np.empty(N), np.empty(N), np.empty(N), np.empty(N)
    squares(pixels, high, low)
    for layer in range(factors.size):
        window(high, low, W, 1, qx, h, l)
        window(h, l, H * W, W, qy, high, low)
        for k in range(N):
            p, error = exact_product(high[k], factors[layer])
            total = p + bias[k]
            v = total - p
            error += low[k] * factors[layer] + ((p - (total - v)) + (bias[k] - v))
            high[k], low[k] = total * inside[k], error * inside[k]
        roots(high, low, X[layer], rest[layer])

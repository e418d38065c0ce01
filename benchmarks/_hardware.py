"""The throughput of one core for what the inner loop of the convolutional engine consists of, in float64."""

import math
import time
from collections.abc import Callable

import numpy as np
from numba import njit

SIZE, ROUNDS = 1024, 2000  # 8 kB a vector: in the first cache
ROOTS, OPERATIONS = 2, 40  # of `_numba.maps.relu_fused` for a pair of pixels and a layer, see `bound`


@njit(fastmath={"contract"}, error_model="numpy")
def roots(x, out):
    """A square root an entry."""
    for _ in range(ROUNDS):
        for k in range(x.size):
            out[k] = math.sqrt(x[k])
        x[0] += out[0] * 1e-9


@njit(fastmath={"contract"}, error_model="numpy")
def quotients(x, out):
    """A division an entry."""
    for _ in range(ROUNDS):
        for k in range(x.size):
            out[k] = 1.5 / x[k]
        x[0] += out[0] * 1e-9


@njit(fastmath={"contract"}, error_model="numpy")
def products(x, out):
    """Thirty-two multiply-adds an entry, in four chains that do not wait for each other, and three sums."""
    for _ in range(ROUNDS):
        for k in range(x.size):
            v = x[k]
            a, b, c, d = v + 0.25, v, v, v
            a, b, c, d = a * v + 0.1, b * v + 0.2, c * v + 0.3, d * v + 0.4
            a, b, c, d = a * v + 0.3, b * v + 0.1, c * v + 0.2, d * v + 0.5
            a, b, c, d = a * v + 0.2, b * v + 0.4, c * v + 0.1, d * v + 0.3
            a, b, c, d = a * v + 0.5, b * v + 0.3, c * v + 0.4, d * v + 0.1
            a, b, c, d = a * v + 0.1, b * v + 0.5, c * v + 0.3, d * v + 0.2
            a, b, c, d = a * v + 0.4, b * v + 0.2, c * v + 0.5, d * v + 0.6
            a, b, c, d = a * v + 0.6, b * v + 0.1, c * v + 0.6, d * v + 0.4
            a, b, c, d = a * v + 0.7, b * v + 0.8, c * v + 0.9, d * v + 0.5
            out[k] = (a + b) + (c + d)
        x[0] += out[0] * 1e-9


def rate(loop: Callable, each: int) -> float:
    """Operations a second of processor time: the best of several, since what else runs can only slow it down."""
    x, out, best = np.random.default_rng(0).uniform(0.1, 0.5, SIZE), np.empty(SIZE), math.inf
    loop(x.copy(), out)
    for _ in range(9):
        y, start = x.copy(), time.thread_time()
        loop(y, out)
        best = min(best, time.thread_time() - start)
    return SIZE * ROUNDS * each / best


def throughput() -> dict[str, float]:
    """Operations a second and core."""
    return {"roots": rate(roots, 1), "quotients": rate(quotients, 1), "multiply-adds": rate(products, 36)}


def bound(rates: dict[str, float]) -> float:
    """No more pairs of pixels times layers a second and core.

    A pair of pixels and a layer takes two roots, sqrt(h) and sqrt(1 - h), no division, a polynomial of eleven
    multiply-adds, and 29 more: four sums of each of the two filters, the deficit, its product with the inverses, and
    the two results. Comparisons and the traffic of memory are left out. Roots run beside multiply-adds.
    """
    return 1 / max(ROOTS / rates["roots"], OPERATIONS / rates["multiply-adds"])

"""The kernels of the explorer: pointers in, numbers out, and in between the inner loops of the shipped CPU engine.

An image is k x k numbers with one channel, a network has ReLU, no bias, weight_std sqrt(2) and, if it is convolutional,
circular 3 x 3 filters: the defaults of `shiftmath.kernels`. What stands here only lays out memory; `walk`, box sums and
activations are those that `shiftmath.kernels` runs.
"""

import math

import numpy as np
from numba import carray, cfunc, types

from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.kernels._numba.boxes import box
from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.maps import relu_angle
from shiftmath.kernels._numba.rows import opposite_angle
from shiftmath.kernels._numba.slices import column_sums, roll_rows
from shiftmath.kernels.plan import ROUNDINGS

DEEPEST, TAPS = 4, 3
TOLERANCE = float(ROUNDINGS * np.finfo(float).eps)
VARIANCE = Convolutional().plan((TAPS, TAPS)).weight_std ** 2
FIRST, LATER = math.sqrt(VARIANCE) / math.sqrt(TAPS * TAPS), VARIANCE / (TAPS * TAPS)


def padded(weights: list[np.ndarray]) -> np.ndarray:
    """The layers' weights of networks with 1, 2, ... layers, one table (networks, layers, 7)."""
    return np.stack([np.pad(w, [(0, DEEPEST - len(w)), (0, 0)]) for w in weights])


DEPTHS = range(1, DEEPEST + 1)
CONVOLUTIONAL = padded([Convolutional(depth=L).plan((TAPS, TAPS)).convolution_weights for L in DEPTHS])
DENSE = padded([FullyConnected(depth=L).plan().dense_weights for L in DEPTHS])

numbers, flags, count = types.CPointer(types.float64), types.CPointer(types.boolean), types.int32


@compiled
def prepare(images, table, work, k):  # type: ignore[no-untyped-def]
    """The triple of `_numba.slices`, rows of the table, for images one after the other: these are interleaved."""
    N, depth = images.size, table.shape[0] // 2
    n, B = k * k, N // (k * k)
    q, p, half, taps = work[0][:N], work[1][:N], work[2][:N], N - N + TAPS
    for i in range(N):
        table[0, i] = images[i % B * n + i // B] * FIRST
        q[i] = table[0, i] ** 2
    for l in range(depth):
        box(q, half, p, work[3], (k, k, taps, taps))
        for i in range(N):
            x = math.sqrt(p[i])
            table[1 + l, i], table[1 + depth + l, i] = x, 0.5 / x if x > 0 else 0.0
            q[i] = 0.5 * p[i] * LATER
    return table[:1], table[1 : 1 + depth], table[1 + depth :]


@compiled
def same_block(mask, s, k, block):  # type: ignore[no-untyped-def]
    """Sets mask[i] to whether i and i + s lie in one pooling block, and says whether any do."""
    some = False
    for i in range(k):
        mask[i] = i // block == (i + s) % k // block
        some = some or mask[i]
    return some


@compiled
def norm(v):  # type: ignore[no-untyped-def]
    """|v|, and 1 instead of 0."""
    square = 0.0
    for i in range(v.size):
        square += v[i] ** 2
    return math.sqrt(square) if square > 0 else 1.0


@compiled
def copied(table, depth, out):  # type: ignore[no-untyped-def]
    """The weights of the network with so many layers, at the start of out."""
    for l in range(depth):
        for column in range(7):
            out[l, column] = table[depth - 1, l, column]
    return out[:depth]


@cfunc(types.void(numbers, count, numbers, *(count,) * 3, flags, *(numbers,) * 7), nopython=True, error_model="numpy")
def convolutional(x, n, z, k, depth, block, inside, left, right, rolled, tiled, work, weights, out):  # type: ignore[no-untyped-def]
    """-2 K and 2 Theta, summed over the pooled pairs of pixels of n images x and of z: out (2, n).

    Scratch, with rows = 1 + 2 depth: inside (2, k); left and tiled (rows, n k^2); right (rows, k^2);
    rolled (rows, 2 k^2); work (10, n k^2); weights (2, DEEPEST, 7).
    """
    # Whole numbers of the types that the engine passes on: then its own compiled functions are linked.
    n, k, depth, block = np.int64(n), np.int64(k), np.int64(depth), np.int64(block)
    d, rows, none, taps = k * k, 1 + 2 * depth, n - n, n - n + TAPS
    space, sums, masks = carray(work, (10, n * d)), carray(out, (2, n)), carray(inside, (2, k))
    X = prepare(carray(x, n * d), carray(left, (rows, n * d)), space, k)
    Z = prepare(carray(z, d), carray(right, (rows, d)), space, k)
    whole, copies, tables = (
        carray(rolled, (rows, 2 * d)),
        carray(tiled, (rows, n * d)),
        carray(weights, (2 * DEEPEST, 7)),
    )
    parts = whole[:1], whole[1 : 1 + depth], whole[1 + depth :]
    tiles = copies[:1], copies[1 : 1 + depth], copies[1 + depth :]
    tables[DEEPEST:], sums[:] = 0, 0
    layers, biases = copied(CONVOLUTIONAL, depth, tables), tables[DEEPEST : DEEPEST + depth]
    network = (none, none > 0, none > 0), (k, k, taps, taps), biases, layers, TOLERANCE
    for sx in range(k):
        if not same_block(masks[1], sx, k, block):
            continue
        for part in range(3):
            roll_rows(Z[part], none, sx, k, k, parts[part])
        for sy in range(k):
            if not same_block(masks[0], sy, k, block):
                continue
            column_sums(X, parts, sy * k, tiles, n, n, 1, (masks[0], masks[1]), network, space, sums, none)


@cfunc(types.void(numbers, count, numbers, *(count,) * 2, *(numbers,) * 3), nopython=True, error_model="numpy")
def fully_connected(x, n, z, d, depth, work, weights, out):  # type: ignore[no-untyped-def]
    """-2 K and 2 Theta of the directions of n images x and of z, of d pixels: out (2, n).

    Scratch: work (5, n), weights (DEEPEST, 7).
    """
    images, other, space, sums = carray(x, (n, d)), carray(z, d), carray(work, (5, n)), carray(out, (2, n))
    m, s, t, ones, halves, size = space[0], space[1], space[2], space[3], space[4], norm(other)
    layers = copied(DENSE, depth, carray(weights, (DEEPEST, 7)))
    for i in range(n):
        own, m[i], s[i], t[i], ones[i], halves[i] = norm(images[i]), 0.0, 0.0, 0.0, 1.0, 0.5
        for j in range(d):
            m[i] += (images[i, j] / own - other[j] / size) ** 2
            s[i] += (images[i, j] / own + other[j] / size) ** 2
    for l in range(depth):
        if l:
            m[:], t[:] = sums[0], sums[1]
            opposite_angle(m, 1.0, ones, s)
        relu_angle(m, s, t, 1.0, 0.5, ones, halves, layers[l], sums[0], sums[1])

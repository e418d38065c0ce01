"""Compiled walk of slices through all layers and back: derivatives of sums of slices by the first image.

As `_numba.slices`, with a state of three numbers a pixel and layer that is kept until the way back: the deficit d, t,
and the gap x - y. What a slice needs stays in cache. Images are tables (rows, N), in N one image of n pixels after the
other, or some interleaved: the pixels of each channel, 1 inside the image and 0 outside, then of each layer the
standard deviations before the activation, their lower parts (see `doubled`), and 1 / (2 deviation). Pixels are not
scaled by the weights, which would round differences: `network` has the factor of the first variance.

A network is (0 or a smooth activation, see `back_smooth`, whether K takes both signs, whether to clear pixels outside),
(channels, layers), the shape of `_numba.boxes`, (factor of the first layer, tolerance), and the weights; a bias is what
each layer adds to d and, in the first, to p + q + 2 K.
"""

import numpy as np

from shiftmath.kernels._numba.back_maps import activate, activate_back, clear, gaps, opposite_back, outside_back
from shiftmath.kernels._numba.back_smooth import smooth_backward, smooth_forward
from shiftmath.kernels._numba.boxes import box, box_back, scale_and_add
from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.lanes import add_totals, tile
from shiftmath.kernels._numba.maps import opposite_deficit
from shiftmath.kernels._numba.slices import add_squares, first_squares, roll_rows

WORK = 12  # rows: D, T, half, s, then derivatives by d, s, t, and the last four for `box`


@compiled(disjoint=True)
def clear_outside(x, in_x, y, in_y, weights, D, T):
    """`outside` of `_numba.slices`, where a pixel is outside and not only black."""
    for k in range(D.size):
        if in_x[k] * in_y[k] == 0:
            D[k] = (weights[0] + weights[1]) * (x[k] * x[k] + y[k] * y[k])
            T[k] = 0.0


@compiled
def first_deficits(x, a, z, N, bias, network, state, work):
    """d and s of the first layer from the pixels; t = 0."""
    _, (C, _), shape, (factor, _), _ = network
    D, T, half, extended = work[0][:N], work[1][:N], work[2][:N], work[8:].reshape(-1)
    s, d, t = state[0][:N], state[1][:N], state[2][:N]
    first_squares(x[0][a : a + N], z[0][:N], D, T)
    for channel in range(1, C):
        add_squares(x[channel][a : a + N], z[channel][:N], D, T)
    box(D, half, d, extended, shape)
    box(T, half, s, extended, shape)
    scale_and_add(d, factor, bias[0])
    scale_and_add(s, factor, bias[1])
    clear(t)


@compiled
def forward(x, a, z, N, bias, network, state, work):
    """All layers on N pixels of x from a on; leaves D and T of the last in the first two rows of work."""
    (_, signed, clamp), (C, L), shape, (_, tolerance), weights = network
    D, T, half, extended = work[0][:N], work[1][:N], work[2][:N], work[8:].reshape(-1)
    first_deficits(x, a, z, N, bias, network, state, work)
    for l in range(L):
        d, t, gap = state[1 + 3 * l][:N], state[2 + 3 * l][:N], state[3 + 3 * l][:N]
        X, Y, low, inverse = x[C + 1 + l][a : a + N], z[C + 1 + l][:N], C + 1 + L + l, C + 1 + 2 * L + l
        s = state[0][:N] if l == 0 else d
        if l:
            box(D, half, d, extended, shape)
            box(T, half, t, extended, shape)
            if bias[0]:
                scale_and_add(d, 1.0, bias[0])
            if signed:
                s = work[3][:N]
                opposite_deficit(d, X, Y, s)
        gaps(X, x[low][a : a + N], Y, z[low][:N], gap)
        activate(d, s, t, gap, X, x[inverse][a : a + N], Y, z[inverse][:N], weights[l], tolerance, D, T)
        if clamp and l + 1 < L:
            clear_outside(X, x[C][a : a + N], Y, z[C][:N], weights[l], D, T)


@compiled
def backward(x, a, z, N, network, state, work, by_x):
    """From derivatives by D and T of the last layer, in the first two rows of work, back to those of the first layer.

    Those by the deviations of x are added to by_x (layers, .); leaves those by |x - z|^2 and |x + z|^2 of the pixels,
    without the factor of the first layer, in the first two rows of work.
    """
    (_, signed, clamp), (C, L), shape, (_, tolerance), weights = network
    D, T, half, extended = work[0][:N], work[1][:N], work[2][:N], work[8:].reshape(-1)
    by_d, by_s, by_t = work[4][:N], work[5][:N], work[6][:N]
    for back in range(L):
        l = L - 1 - back
        d, t, gap = state[1 + 3 * l][:N], state[2 + 3 * l][:N], state[3 + 3 * l][:N]
        X, Y, inverse, out = x[C + 1 + l][a : a + N], z[C + 1 + l][:N], C + 1 + 2 * L + l, by_x[l][a : a + N]
        s = state[0][:N] if l == 0 else d
        if signed and l:
            s = work[3][:N]
            opposite_deficit(d, X, Y, s)
        activate_back(d, s, t, gap, X, x[inverse][a : a + N], Y, z[inverse][:N], weights[l], tolerance, D, T,
                      by_d, by_s, by_t, out)  # fmt: skip
        if signed and l:
            opposite_back(X, by_s, by_d, out)
        box_back(by_d, half, D, extended, shape)
        box_back(by_t if l else by_s, half, T, extended, shape)
        if clamp and l:
            X, Y, out = x[C + l][a : a + N], z[C + l][:N], by_x[l - 1][a : a + N]
            outside_back(X, x[C][a : a + N], Y, z[C][:N], weights[l - 1], D, T, out)


@compiled(disjoint=True)
def add_by_pixels(x, z, by_d, by_s, factor, out):
    """out += 2 factor (by_d (x - z) + by_s (x + z))."""
    for k in range(out.size):
        out[k] += 2.0 * factor * (by_d[k] * (x[k] - z[k]) + by_s[k] * (x[k] + z[k]))


@compiled
def seed(values, mask_y, mask_x, out):
    """The derivatives by D or T of the last layer: one number an image at the pixels that count."""
    W, B = mask_x.size, values.size
    for y in range(mask_y.size):
        for x in range(W):
            for i in range(B):
                out[(y * W + x) * B + i] = values[i] if mask_y[y] and mask_x[x] else 0.0


@compiled
def column(X, rolled, start, z, rows, batch, mask, bias, network, seeds, state, work, sums, by_x, by_pixels):
    """Of images X_i, some at a time, and as many copies z of a shifted image: adds to the sums and derivatives."""
    n = mask[0].size * mask[1].size
    for i in range(rows[0], rows[1], batch):
        many = min(batch, rows[1] - i)
        a, N = i * n, many * n
        if i == rows[0] or many < batch:
            tile(rolled, start, many, n, z)
        if network[0][0]:
            smooth_forward(X, a, z, N, bias, network, state, work)
        else:
            forward(X, a, z, N, bias, network, state, work)
        D, T = work[0][:N], work[1][:N]
        add_totals(D, mask[0], mask[1], 1.0, work[2], sums[0, i : i + many])
        add_totals(T, mask[0], mask[1], 1.0, work[2], sums[1, i : i + many])
        if seeds.size:
            seed(seeds[0, i : i + many], mask[0], mask[1], D)
            seed(seeds[1, i : i + many], mask[0], mask[1], T)
            if network[0][0]:
                smooth_backward(X, a, z, N, network, state, work, by_x)
            else:
                backward(X, a, z, N, network, state, work, by_x)
            for c in range(by_pixels.shape[0]):
                add_by_pixels(X[c][a : a + N], z[c][:N], D, T, network[3][0], by_pixels[c][a : a + N])


@compiled
def slices_back(X, Z, columns, own, batch, shifts, masks, biases, network, seeds, sums, by_x, by_pixels):
    """Adds to sums[j, 0, i], sums[j, 1, i] the sums of D and T over these shifts of (X_i, Z_j), for a range of j.

    And, if there are seeds[j, :, i], the derivatives of the sum over i, j of their products with the sums: by the
    deviations and by the pixels of X, as if these were independent. `own` takes i = j alone, of images that are not
    interleaved; the others are as in `shift_sums` of `_numba.slices`.
    """
    H, W, n, R = network[2][0], network[2][1], network[2][0] * network[2][1], X.shape[0]
    state, work = np.empty((1 + 3 * network[1][1], batch * n)), np.empty((WORK, batch * n))
    rolled, tiled = np.empty((R, 2 * n)), np.empty((R, batch * n))
    for j in range(columns[0], columns[1]):
        rows = (j, j + 1) if own else (0, X.shape[1] // n)
        for index in range(shifts.shape[0]):
            sy, sx = shifts[index, 0], shifts[index, 1]
            if index == 0 or sx != shifts[index - 1, 1]:
                roll_rows(Z, j, sx, H, W, rolled)
            mask = (masks[0][sy], masks[1][sx])
            column(X, rolled, sy * W, tiled, rows, batch, mask, biases[j], network, seeds[j], state, work, sums[j],
                   by_x, by_pixels)  # fmt: skip

"""Compiled walk of slices through all layers.

For images x, z and a shift s the slice holds, at each pixel i of a torus, the state (see `_numba.maps`) of the pair
(x_i, z_{i+s}). A circular convolution acts on each slice by itself, as a box sum over i; so a slice stays in cache
through the whole network. Slices of several images x with the same shift of z are walked together if they are small,
interleaved as in `_numba.boxes`.

Images are a triple (pixels, deviations, third) of arrays (C, N), (L, N), (L, N), in N one image of n pixels after the
other, or some interleaved: pixels, scaled so that the box sum of their squares is the first variance; standard
deviations before each activation; and 1 / (2 deviation). For smooth activations the third is (2 L, N), two rows a layer
as `_numba.smooth` has them. All are in the units of the images. The bias adds to the deficits d and p + q + 2 K in the
first layer and to d in later ones: a row (for d, for p + q + 2 K, of x, of z) a layer.
"""

import numpy as np

from shiftmath.kernels._numba.boxes import box, rows3
from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.lanes import add_totals, some_lanes, tile
from shiftmath.kernels._numba.maps import opposite_deficit, relu_fused, relu_positive, relu_signed
from shiftmath.kernels._numba.smooth import angle_entries, refine_angles, smooth_map
from shiftmath.kernels.plan import ERF


@compiled(disjoint=True)
def first_squares(x, z, d, s):
    """d = (x - z)^2, s = (x + z)^2."""
    for k in range(d.size):
        d[k] = (x[k] - z[k]) ** 2
        s[k] = (x[k] + z[k]) ** 2


@compiled(disjoint=True)
def add_squares(x, z, d, s):
    """d += (x - z)^2, s += (x + z)^2."""
    for k in range(d.size):
        d[k] += (x[k] - z[k]) ** 2
        s[k] += (x[k] + z[k]) ** 2


@compiled(disjoint=True)
def outside(x, fx, y, fy, kind, weights, D, T):
    """What zero padding keeps at pairs of which one pixel lies outside its image (deviation 0): K = Theta = 0."""
    # Of p' + q', see `smooth_map`, fx + fy is what comes on top of a multiple of p + q.
    part = weights[0] + weights[1] if kind == 0 else 0.0 if kind == ERF else 0.5 * weights[4]
    for k in range(D.size):
        if x[k] * y[k] == 0:
            D[k] = part * (x[k] * x[k] + y[k] * y[k]) + (weights[0] * (fx[k] + fy[k]) if kind else 0.0)
            T[k] = 0


@compiled
def first_layer(x, z, parts, shape, kind, biases, weights, tolerance, work, D, T):
    """The first convolution and activation, from the pixels."""
    a, b, c, e = parts
    N = b - a
    d, s, half, zeros, extended = work[0][:N], work[1][:N], work[2][:N], work[3][:N], work[4:].reshape(-1)
    first_squares(x[0][0][a:b], z[0][0][c:e], D, T)
    for channel in range(1, x[0].shape[0]):
        add_squares(x[0][channel][a:b], z[0][channel][c:e], D, T)
    box(D, half, d, extended, shape)
    box(T, half, s, extended, shape)
    if biases[0, 0]:
        d += biases[0, 0]
    if biases[0, 1]:
        s += biases[0, 1]
    zeros[:] = 0
    X, Z = x[1][0][a:b], z[1][0][c:e]
    if kind:
        f, u, g, v, m = x[2][0][a:b], x[2][1][a:b], z[2][0][c:e], z[2][1][c:e], half
        angle_entries(d, X, Z, 0.0, m, s)
        refine_angles(kind, x[0][:, a:b], z[0][:, c:e], X, u, Z, v, shape, biases[0, 2:], weights, T, m, s)
        smooth_map(kind, d, m, s, zeros, f, u, g, v, weights, D, T)
    else:
        relu_signed(d, s, zeros, X, x[2][0][a:b], Z, z[2][0][c:e], weights, tolerance, D, T)


@compiled
def fused_layer(x, ix, z, iz, shape, weights, tolerance, hd, ht, D, T):
    """A later layer with a 3 x 3 filter and K >= 0: the last sum of the filter inside the map."""
    n, B = D.size, D.size // (shape[0] * shape[1])
    W = shape[1] * B
    b = n - W
    rows3(D, hd, shape[1], B)
    rows3(T, ht, shape[1], B)
    relu_fused(hd[b:], hd[:W], hd[W : 2 * W], ht[b:], ht[:W], ht[W : 2 * W], x[:W], ix[:W], z[:W], iz[:W],
               weights, tolerance, D[:W], T[:W])  # fmt: skip
    relu_fused(hd[: b - W], hd[W:b], hd[2 * W :], ht[: b - W], ht[W:b], ht[2 * W :], x[W:b], ix[W:b], z[W:b], iz[W:b],
               weights, tolerance, D[W:b], T[W:b])  # fmt: skip
    relu_fused(hd[b - W : b], hd[b:], hd[:W], ht[b - W : b], ht[b:], ht[:W], x[b:n], ix[b:n], z[b:n], iz[b:n],
               weights, tolerance, D[b:], T[b:])  # fmt: skip


@compiled
def later_layer(x, ix, z, iz, shape, signed, weights, tolerance, work, D, T):
    """A later convolution and homogeneous activation."""
    N = D.size
    if not signed and shape[2] == 3 and shape[3] == 3:
        fused_layer(x, ix, z, iz, shape, weights, tolerance, work[0][:N], work[1][:N], D, T)
        return
    d, s, half, t, extended = work[0][:N], work[1][:N], work[2][:N], work[3][:N], work[4:].reshape(-1)
    box(D, half, d, extended, shape)
    box(T, half, t, extended, shape)
    if signed:
        opposite_deficit(d, x, z, s)
        relu_signed(d, s, t, x, ix, z, iz, weights, tolerance, D, T)
    else:
        relu_positive(d, t, x, ix, z, iz, weights, tolerance, D, T)


@compiled
def smooth_layer(x, f, u, z, g, v, shape, kind, weights, tolerance, work, D, T):
    """A later convolution and smooth activation."""
    N = D.size
    d, s, m, t, extended = work[0][:N], work[1][:N], work[2][:N], work[3][:N], work[4:].reshape(-1)
    box(D, m, d, extended, shape)
    box(T, m, t, extended, shape)
    angle_entries(d, x, z, tolerance, m, s)
    smooth_map(kind, d, m, s, t, f, u, g, v, weights, D, T)


@compiled
def walk(x, z, parts, network, work, D, T):
    """All layers on the slices of x[a:b] and z[c:e], parts = (a, b, c, e).

    network is (kind of activation, whether K takes both signs, whether to clear pixels outside), the shape of
    `_numba.boxes`, biases, weights and tolerance. Leaves in D and T what the weights of the last layer ask.
    """
    (kind, signed, clamp), shape, biases, weights, tolerance = network
    a, b, c, e = parts
    rows = 2 if kind else 1
    first_layer(x, z, parts, shape, kind, biases, weights[0], tolerance, work, D, T)
    for l in range(1, weights.shape[0]):
        if clamp:
            X, FX, Z, FZ = x[1][l - 1][a:b], x[2][rows * (l - 1)][a:b], z[1][l - 1][c:e], z[2][rows * (l - 1)][c:e]
            outside(X, FX, Z, FZ, kind, weights[l - 1], D, T)
        if biases[l, 0]:
            D += biases[l, 0] / (shape[2] * shape[3])
        X, Z = x[1][l][a:b], z[1][l][c:e]
        if kind:
            f, u, g, v = x[2][2 * l][a:b], x[2][2 * l + 1][a:b], z[2][2 * l][c:e], z[2][2 * l + 1][c:e]
            smooth_layer(X, f, u, Z, g, v, shape, kind, weights[l], tolerance, work, D, T)
        else:
            later_layer(X, x[2][l][a:b], Z, z[2][l][c:e], shape, signed, weights[l], tolerance, work, D, T)


@compiled
def roll_rows(images, j, sx, H, W, out):
    """out[c, y, x] = image j[c, y mod H, (x + sx) mod W] for 0 <= y < 2 H, flat.

    The window from row sy on is the shift (sy, sx).
    """
    n = H * W
    for c in range(images.shape[0]):
        for y in range(H):
            row, to = j * n + y * W, y * W
            for x in range(W - sx):
                out[c, to + x] = images[c, row + sx + x]
            for x in range(sx):
                out[c, to + W - sx + x] = images[c, row + x]
        out[c, n:] = out[c, :n]


@compiled
def column_sums(X, rolled, start, tiled, count, batch, factor, masks, network, work, out, to):
    """Adds to out[:, to + i] factor times the sums of D and T of X_i and one image z, from `start` on in rolled.

    Of `count` images X, `batch` at a time are interleaved.
    """
    n = masks[0].size * masks[1].size
    for i in range(0, count, batch):
        many = min(batch, count - i)
        if many > 1 and (i == 0 or many < batch):
            for part in range(3):
                tile(rolled[part], start, many, n, tiled[part])
        a, c = i * n, 0 if many > 1 else start
        D, T = work[8][: many * n], work[9][: many * n]
        walk(X, tiled if many > 1 else rolled, (a, a + many * n, c, c + many * n), network, work[:8], D, T)
        add_totals(D, masks[0], masks[1], factor, work[0], out[0, to + i : to + i + many])
        add_totals(T, masks[0], masks[1], factor, work[0], out[1, to + i : to + i + many])


@compiled
def shift_sums(X, Z, columns, symmetric, batch, shifts, masks, network, out):
    """Adds to out[j, 0, i], out[j, 1, i] the sums of D and T over these shifts of (X_i, Z_j), for a range of j.

    Of X, `batch` images at a time are interleaved. shifts has rows (s_y, s_x, weight on the diagonal of a symmetric
    matrix), sorted by s_x; masks[axis][s, i] says which pixels count; network is what `walk` takes.
    """
    shape, C, L, R = network[1], X[0].shape[0], X[1].shape[0], X[2].shape[0]
    H, W, n = shape[0], shape[1], shape[0] * shape[1]
    N, count = batch * n, X[0].shape[1] // n
    work = np.empty((10, N))
    rolled = np.empty((C, 2 * n)), np.empty((L, 2 * n)), np.empty((R, 2 * n))
    tiled = np.empty((C, N)), np.empty((L, N)), np.empty((R, N))
    few = np.empty((C, N)), np.empty((L, N)), np.empty((R, N))
    own = np.empty((C, n)), np.empty((L, n)), np.empty((R, n))
    for j in range(columns[0], columns[1]):
        last = j if symmetric else count
        whole = last // batch * batch
        B, rest = min(batch, count - whole), last - whole
        for part in range(3 if symmetric or rest else 0):
            some_lanes(X[part], whole * n, B, 0, rest, n, few[part])
            if symmetric:
                some_lanes(X[part], whole * n, B, rest, 1, n, own[part])
        for index in range(shifts.shape[0]):
            sy, sx, diagonal = shifts[index]
            if index == 0 or sx != shifts[index - 1, 1]:
                for part in range(3):
                    roll_rows(Z[part], j, sx, H, W, rolled[part])
            mask, at = (masks[0][sy], masks[1][sx]), sy * W
            column_sums(X, rolled, at, tiled, whole, batch, 1, mask, network, work, out[j], 0)
            if rest:
                column_sums(few, rolled, at, tiled, rest, rest, 1, mask, network, work, out[j], whole)
            if symmetric and diagonal:
                column_sums(own, rolled, at, tiled, 1, 1, diagonal, mask, network, work, out[j], j)

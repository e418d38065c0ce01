"""Compiled circular box sums on slices: H x W tori stored row by row, one after the other in one flat array.

out[i] = sum of src[i + a] over a = -(q - 1) // 2, ..., q // 2 on each axis. Only additions of the terms themselves: a
running sum would subtract and lose the relative accuracy of small entries.
"""

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.compile import compiled

Slices = Float[np.ndarray, "N"]


@compiled(disjoint=True)
def add3(a: Slices, b: Slices, c: Slices, out: Slices) -> None:
    """out = a + b + c."""
    for k in range(out.size):
        out[k] = a[k] + b[k] + c[k]


@compiled(disjoint=True)
def rows3(src: Slices, out: Slices, W: int) -> None:
    """Three taps along the rows, W >= 3: one long sum, then the two columns where it crossed an edge."""
    n = src.size
    add3(src[: n - 2], src[1 : n - 1], src[2:], out[1 : n - 1])
    for first in range(0, n, W):
        last = first + W - 1
        out[first] = src[last] + src[first] + src[first + 1]
        out[last] = src[last - 1] + src[last] + src[first]


@compiled(disjoint=True)
def columns3(src: Slices, out: Slices, n: int, W: int) -> None:
    """Three taps along the columns of slices of n = H W pixels, H >= 3.

    One long sum, then the rows where it crossed an edge.
    """
    N = src.size
    add3(src[: N - 2 * W], src[W : N - W], src[2 * W :], out[W : N - W])
    for first in range(0, N, n):
        top, last = src[first : first + 2 * W], src[first + n - 2 * W : first + n]
        add3(last[W:], top[:W], top[W:], out[first : first + W])
        add3(last[:W], last[W:], top[:W], out[first + n - W : first + n])


@compiled(disjoint=True)
def window(extended: Slices, stride: int, q: int, out: Slices) -> None:
    """out[k] = sum over a < q of extended[k + a stride] by doubling: log2(q) passes; extended is overwritten."""
    n, length, offset = out.size, 1, 0
    out[:] = 0
    while length <= q:
        if q & length:
            for k in range(n):
                out[k] += extended[k + offset * stride]
            offset += length
        for k in range(extended.size - length * stride):
            extended[k] += extended[k + length * stride]
        length *= 2


@compiled(disjoint=True)
def rows(src: Slices, out: Slices, extended: Slices, W: int, q: int) -> None:
    """q taps along each row, 1 <= q <= W."""
    low = (q - 1) // 2
    for first in range(0, src.size, W):
        for k in range(W + q - 1):
            extended[k] = src[first + (k - low) % W]
        window(extended[: W + q - 1], 1, q, out[first : first + W])


@compiled(disjoint=True)
def columns(src: Slices, out: Slices, extended: Slices, n: int, W: int, q: int) -> None:
    """q taps along each column of slices of n = H W pixels, 1 <= q <= H."""
    low, H = (q - 1) // 2, n // W
    for first in range(0, src.size, n):
        for y in range(H + q - 1):
            row = first + ((y - low) % H) * W
            extended[y * W : (y + 1) * W] = src[row : row + W]
        window(extended[: (H + q - 1) * W], W, q, out[first : first + n])


@compiled(disjoint=True)
def box(src: Slices, half: Slices, out: Slices, extended: Slices, shape: tuple[int, int, int, int]) -> None:
    """The box sum over both axes of shape (H, W, q_y, q_x); half, and extended for one slice, are scratch."""
    H, W, qy, qx = shape
    if qx == 1:
        half[:] = src
    elif qx == 3:
        rows3(src, half, W)
    else:
        rows(src, half, extended, W, qx)
    if qy == 1:
        out[:] = half
    elif qy == 3:
        columns3(half, out, H * W, W)
    else:
        columns(half, out, extended, H * W, W, qy)


@compiled(disjoint=True)
def scale_and_add(v: Slices, factor: float, summand: float) -> None:
    """v = factor v + summand."""
    for k in range(v.size):
        v[k] = factor * v[k] + summand


@compiled
def move(v: Slices, copy: Slices, length: int, step: int) -> None:
    """v moved by so many entries, circular in blocks of this length."""
    copy[:] = v
    for first in range(0, v.size, length):
        last = first + length
        v[first + step : last] = copy[first : last - step]
        v[first : first + step] = copy[last - step : last]


@compiled
def box_back(v: Slices, half: Slices, out: Slices, extended: Slices, shape: tuple[int, int, int, int]) -> None:
    """The transpose of `box`: the box sum with the window mirrored, which for even taps is moved by one pixel."""
    box(v, half, out, extended, shape)
    if shape[3] % 2 == 0:
        move(out, half, shape[1], 1)
    if shape[2] % 2 == 0:
        move(out, half, shape[0] * shape[1], shape[1])

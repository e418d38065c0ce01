"""Compiled circular box sums on slices: H x W tori of one size, interleaved in one flat array.

Entry (y W + x) B + i is the pixel (y, x) of the slice i of B: a pixel further on an axis is a whole step for all
slices, so that vector instructions meet no edge within a row.

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
def rows3(src: Slices, out: Slices, W: int, B: int) -> None:
    """Three taps along the rows, W >= 3: one long sum, then the two columns where it crossed an edge."""
    n = src.size
    add3(src[: n - 2 * B], src[B : n - B], src[2 * B :], out[B : n - B])
    for first in range(0, n, W * B):
        last = first + (W - 1) * B
        for k in range(B):
            out[first + k] = src[last + k] + src[first + k] + src[first + B + k]
            out[last + k] = src[last - B + k] + src[last + k] + src[first + k]


@compiled(disjoint=True)
def columns3(src: Slices, out: Slices, row: int) -> None:
    """Three taps along the columns, H >= 3, row = W B entries apart: one long sum, then the first and the last row."""
    n = src.size
    add3(src[: n - 2 * row], src[row : n - row], src[2 * row :], out[row : n - row])
    add3(src[n - row :], src[:row], src[row : 2 * row], out[:row])
    add3(src[n - 2 * row : n - row], src[n - row :], src[:row], out[n - row :])


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
def rows(src: Slices, out: Slices, extended: Slices, W: int, B: int, q: int) -> None:
    """q taps along each row, 1 <= q <= W."""
    low = (q - 1) // 2
    for first in range(0, src.size, W * B):
        for x in range(W + q - 1):
            column = first + (x - low) % W * B
            for k in range(B):
                extended[x * B + k] = src[column + k]
        window(extended[: (W + q - 1) * B], B, q, out[first : first + W * B])


@compiled(disjoint=True)
def columns(src: Slices, out: Slices, extended: Slices, H: int, q: int) -> None:
    """q taps along each column, 1 <= q <= H."""
    low, row = (q - 1) // 2, src.size // H
    for y in range(H + q - 1):
        first = (y - low) % H * row
        extended[y * row : (y + 1) * row] = src[first : first + row]
    window(extended[: (H + q - 1) * row], row, q, out)


@compiled(disjoint=True)
def box(src: Slices, half: Slices, out: Slices, extended: Slices, shape: tuple[int, int, int, int]) -> None:
    """The box sum over both axes of shape (H, W, q_y, q_x); half, and extended of twice the size, are scratch."""
    H, W, qy, qx = shape
    B = src.size // (H * W)
    if qx == 1:
        half[:] = src
    elif qx == 3:
        rows3(src, half, W, B)
    else:
        rows(src, half, extended, W, B, qx)
    if qy == 1:
        out[:] = half
    elif qy == 3:
        columns3(half, out, W * B)
    else:
        columns(half, out, extended, H, qy)


@compiled
def box_of_each(images: Slices, shape: tuple[int, int, int, int], out: Slices) -> None:
    """`box` of images one after the other."""
    n = shape[0] * shape[1]
    half, extended = np.empty(n), np.empty(2 * n)
    for first in range(0, images.size, n):
        box(images[first : first + n], half, out[first : first + n], extended, shape)


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
    B = v.size // (shape[0] * shape[1])
    if shape[3] % 2 == 0:
        move(out, half, shape[1] * B, B)
    if shape[2] % 2 == 0:
        move(out, half, v.size, shape[1] * B)

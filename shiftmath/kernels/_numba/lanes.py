"""Images interleaved, some at a time, so that those walked together fill the lanes of vector instructions.

Of a table (rows, N) with n pixels an image, B images at a time are stored pixel after pixel as in `_numba.boxes`; those
that are left over, fewer than B, follow in the same way.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from shiftmath.kernels._numba.compile import compiled

Table = Float[np.ndarray, "rows N"]
Mask = Bool[np.ndarray, "length"]


def interleaved(table: Table, pixels: int, B: int, back: bool = False) -> Table:
    """The table with B images of so many pixels interleaved, instead of one after the other; or back.

    >>> interleaved(np.arange(6.0)[None], 2, 2).tolist()
    [[0.0, 2.0, 1.0, 3.0, 4.0, 5.0]]
    >>> interleaved(interleaved(np.arange(6.0)[None], 2, 2), 2, 2, back=True).tolist()
    [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]]
    """
    count = table.shape[1] // pixels
    groups, rest = divmod(count, B)
    if B == 1 or not count:
        return table
    parts = []
    for part, many, lanes in ((slice(0, groups * B), groups, B), (slice(groups * B, count), 1, rest)):
        axes = (pixels, lanes) if back else (lanes, pixels)
        own = table[:, part.start * pixels : part.stop * pixels].reshape(len(table), many, *axes)
        parts.append(own.swapaxes(2, 3).reshape(len(table), -1))
    return np.concatenate(parts, 1)


@compiled
def some_lanes(table: Table, at: int, B: int, first: int, many: int, pixels: int, out: Any) -> None:
    """Of B interleaved images from entry `at` on, `many` from the first on, interleaved by themselves."""
    for row in range(table.shape[0]):
        for p in range(pixels):
            for i in range(many):
                out[row, p * many + i] = table[row, at + p * B + first + i]


@compiled
def tile(rolled: Table, start: int, B: int, pixels: int, out: Any) -> None:
    """B interleaved copies of the pixels from `start` on."""
    for row in range(rolled.shape[0]):
        for p in range(pixels):
            value = rolled[row, start + p]
            for i in range(B):
                out[row, p * B + i] = value


@compiled(disjoint=True)
def add(v: Float[np.ndarray, "N"], out: Float[np.ndarray, "N"]) -> None:
    """out += v."""
    for k in range(out.size):
        out[k] += v[k]


@compiled
def add_totals(
    v: Float[np.ndarray, "N"], mask_y: Mask, mask_x: Mask, factor: float, line: Float[np.ndarray, "N"], out: Any
) -> None:
    """Adds factor times the sum of each slice over the pixels with mask_y[y] mask_x[x] = 1 to out; line is scratch.

    Row on row, then the columns from left to right: an order that does not depend on the number of slices.
    """
    B = out.size
    row = mask_x.size * B
    line[:row] = 0.0
    for y in range(mask_y.size):
        if mask_y[y]:
            add(v[y * row : (y + 1) * row], line[:row])
    for i in range(B):
        total = 0.0
        for x in range(mask_x.size):
            total += line[x * B + i] if mask_x[x] else 0.0
        out[i] += factor * total

"""A symmetric matrix and its triangular factor in the room of one."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftmath.kernels.large.layout import Block, Layout

__all__ = ["Packed"]


@dataclass(frozen=True, eq=False)
class Packed:
    """An array (n, n) that has A below its diagonal and U on and above it; the diagonal of A stands apart.

    It is read like A, as the `source` of a `GramMatrix`; `read` and `write` take blocks of U on or above the diagonal.

    >>> A = np.array([[4.0, 2.0], [2.0, 5.0]])
    >>> packed = Packed(A, np.diag(A).copy(), Layout(2, 2, 2, True))
    >>> packed.write((0, 0), np.array([[2.0, 1.0], [0.0, 2.0]]))
    >>> A.tolist(), packed[:].tolist()
    ([[2.0, 1.0], [2.0, 2.0]], [[4.0, 2.0], [2.0, 5.0]])
    """

    array: np.ndarray
    diagonal: np.ndarray
    layout: Layout

    @property
    def dtype(self) -> np.dtype:
        """That of both."""
        return self.array.dtype

    def __getitem__(self, key: Any) -> Any:
        keys = (*(key if isinstance(key, tuple) else (key,)), slice(None))[:2]
        i, j = (np.arange(len(self.array))[k] for k in keys)
        first, last = np.minimum.outer(i, j), np.maximum.outer(i, j)
        return np.where(first == last, self.diagonal[first], self.array[last, first])

    def read(self, block: Block) -> np.ndarray:
        """A block of U."""
        values = self.array[self.layout.slices(block)]
        return np.triu(values) if block[0] == block[1] else values

    def write(self, block: Block, values: np.ndarray) -> None:
        """Takes a block of U."""
        place = self.array[self.layout.slices(block)]
        place[...] = values if block[0] != block[1] else np.triu(values) + np.tril(place, -1)

    def put_back(self) -> None:
        """A in the whole array again."""
        for block in self.layout.blocks():
            rows, columns = self.layout.slices(block)
            self.array[rows, columns] = self[rows, columns]

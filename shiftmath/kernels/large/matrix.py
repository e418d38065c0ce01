"""A Gram matrix that may be larger than memory, read like an array."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from shiftmath._shared.memory import require_memory
from shiftmath.kernels.large.audit import Audit
from shiftmath.kernels.large.layout import Layout

__all__ = ["GramMatrix"]


@dataclass(frozen=True, eq=False, repr=False)
class GramMatrix:
    """The result of `kernels.gram`: an array for NumPy and for scikit-learn's kernel="precomputed".

    `G[i]`, `G[a:b, c:d]` read those entries alone, `np.asarray(G)` all; `G @ v` reads each block once.

    Attributes:
        source: the matrix: a Zarr array, or a NumPy array where there is no store.
        layout: how it is cut into blocks.
        store: the folder, or None.
        audit: what the check by ball arithmetic found, or None.
    """

    source: Any
    layout: Layout
    store: Path | None = None
    audit: Audit | None = field(default=None)

    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """The number of signals X, and of signals Z."""
        return self.layout.n, self.layout.m

    @property
    def dtype(self) -> np.dtype:
        """That of the signals, float32 or float64."""
        return np.dtype(self.source.dtype)

    @property
    def nbytes(self) -> int:
        """The size of all entries."""
        return self.layout.n * self.layout.m * self.dtype.itemsize

    def __len__(self) -> int:
        return self.layout.n

    def __repr__(self) -> str:
        where = "in memory" if self.store is None else f"in {str(self.store)!r}"
        return f"GramMatrix({self.layout.n} x {self.layout.m}, {self.dtype}, blocks of {self.layout.block}, {where})"

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        if all(map(_is_plain, keys)):
            return np.asarray(self.source[key])[()]
        return np.asarray(self)[key]  # lists of numbers and masks, as cross-validation asks for; backwards

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        require_memory("gram", self, self.nbytes, "which as one array")
        values = np.asarray(self.source[:], dtype=dtype)
        return values.copy() if copy and self.store is None else values

    def blocks(self) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Rows, columns and entries of one block after another: of a symmetric matrix on and above the diagonal."""
        for block in self.layout.blocks():
            rows, columns = self.layout.slices(block)
            yield rows, columns, np.asarray(self.source[rows, columns])

    def __matmul__(self, v: Any) -> np.ndarray:
        v = np.asarray(v)
        if not v.ndim or len(v) != self.layout.m:
            raise ValueError(f"v: got shape {v.shape}, takes ({self.layout.m}, ...) for {self!r}")
        result = np.zeros((self.layout.n, *v.shape[1:]), np.result_type(self.dtype, v))
        for rows, columns, values in self.blocks():
            result[rows] += values @ v[columns]
            if self.layout.symmetric and rows != columns:
                result[columns] += values.T @ v[rows]
        return result


def _is_plain(key: Any) -> bool:
    """Whether Zarr has it as NumPy does: a whole number, or a slice that goes forwards."""
    if isinstance(key, slice):
        return key.step is None or key.step > 0
    return isinstance(key, (int, np.integer, type(...))) and not isinstance(key, bool)

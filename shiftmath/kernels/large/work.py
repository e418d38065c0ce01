"""What computes a block, here or in another process."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftmath.kernels.large.layout import Block, Layout
from shiftmath.kernels.large.store import Store

__all__ = ["Work"]


@dataclass(frozen=True)
class Work:
    """The kernel, where the blocks of its matrix lie, and the store that takes them, if there is one."""

    kernel: Any
    layout: Layout
    store: Store | None

    def __call__(self, X: np.ndarray, Z: np.ndarray | None, block: Block) -> np.ndarray | None:
        """The block, or None once the store has it."""
        rows, columns = self.layout.slices(block)
        if self.layout.symmetric and block[0] == block[1]:
            values = self.kernel(X[rows])
        else:
            values = self.kernel(X[rows], (X if Z is None else Z)[columns])
        if self.store is None:
            return values
        self.store.write(block, values)
        return None

    def here(self, X: np.ndarray, Z: np.ndarray | None, blocks: list[Block]) -> Iterator[tuple[Block, Any]]:
        """All blocks with their values, one after another, in this process."""
        for block in blocks:
            yield block, self(X, Z, block)

"""A matrix in square blocks: which are computed, and where the others are mirrored from."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Block", "Layout", "Triangle"]

Block = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """An (n, m) matrix in blocks of `block` rows and columns, the last ones smaller; symmetric if so said.

    >>> layout = Layout(5, 5, 2, True)
    >>> layout.blocks()
    [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    >>> layout.count
    6
    >>> layout.slices((1, 2))
    (slice(2, 4, None), slice(4, 5, None))
    """

    n: int
    m: int
    block: int
    symmetric: bool

    @property
    def counts(self) -> tuple[int, int]:
        """The number of rows of blocks, and of columns."""
        return -(-self.n // self.block), -(-self.m // self.block)

    @property
    def count(self) -> int:
        """The number of blocks that are computed."""
        rows, columns = self.counts
        return rows * (rows + 1) // 2 if self.symmetric else rows * columns

    def blocks(self) -> list[Block]:
        """The blocks that are computed, row by row: on and above the diagonal if symmetric."""
        rows, columns = self.counts
        return [(i, j) for i in range(rows) for j in range(i if self.symmetric else 0, columns)]

    def slices(self, block: Block) -> tuple[slice, slice]:
        """Its rows and columns of the matrix."""
        (i, j), b = block, self.block
        return slice(i * b, min((i + 1) * b, self.n)), slice(j * b, min((j + 1) * b, self.m))

    def mirrored(self, block: Block) -> bool:
        """Whether its transpose is another block of the matrix."""
        return self.symmetric and block[0] != block[1]

    def places(self, block: Block) -> Iterator[Block]:
        """The blocks of the matrix that it gives: itself, and its mirror image."""
        yield block
        if self.mirrored(block):
            yield block[1], block[0]


class Triangle(Layout):
    """The blocks on and above the diagonal of a triangular matrix: nothing is mirrored from them.

    >>> list(Triangle(4, 4, 2, True).places((0, 1)))
    [(0, 1)]
    """

    def mirrored(self, block: Block) -> bool:
        """Never."""
        return False

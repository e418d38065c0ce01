"""What a Gram matrix takes, before the work."""

import math
import time
from dataclasses import dataclass

import numpy as np

from shiftmath._shared.arguments import as_count, as_shape
from shiftmath._shared.memory import require_memory
from shiftmath.kernels.kernel import Kernel
from shiftmath.kernels.large.gram import BLOCK, as_kernel
from shiftmath.kernels.large.layout import Layout

__all__ = ["GramPlan", "gram_plan"]

SECONDS = 1.0  # of the calibration


@dataclass(frozen=True, repr=False)
class GramPlan:
    """The plan of a Gram matrix (n, m) in blocks.

    Attributes:
        kernel, shape: what is computed, of signals of this shape.
        layout: the blocks.
        workers: machines as fast as this one.
        seconds_per_pair: measured here, with all cores of this process.
    """

    kernel: Kernel
    shape: tuple[int, ...]
    layout: Layout
    workers: int
    seconds_per_pair: float

    @property
    def pairs(self) -> int:
        """The pairs of signals that are computed."""
        n, m = self.layout.n, self.layout.m
        return n * (n + 1) // 2 if self.layout.symmetric else n * m

    @property
    def nbytes(self) -> int:
        """The size of the store, in float64."""
        rows, columns = self.layout.counts
        return 8 * rows * columns * self.layout.block**2

    @property
    def worker_bytes(self) -> int:
        """What a worker holds: the signals, and two blocks."""
        n, m = self.layout.n, self.layout.m
        signals = 8 * (n if self.layout.symmetric else n + m) * int(np.prod(self.shape))
        return signals + 2 * 8 * min(self.layout.block, n) * min(self.layout.block, m)

    @property
    def hours(self) -> float:
        """The time of the worker that has most to do: whole blocks, one after another."""
        blocks = self.layout.count
        return self.pairs * self.seconds_per_pair * -(-blocks // self.workers) / blocks / 3600

    def __repr__(self) -> str:
        layout, rows = self.layout, [f"Gram matrix of {self.kernel!r}"]
        rows += [f"  signals     {layout.n} x {layout.m} of shape {self.shape}"]
        rows += [f"  pairs       {self.pairs:,}" + (", each once" if layout.symmetric else "")]
        rows += [f"  store       {_bytes(self.nbytes)} in float64, {layout.count:,} blocks of {layout.block}"]
        rows += [f"  a worker    {_bytes(self.worker_bytes)}: the signals and two blocks"]
        rows += [f"  speed       {1 / self.seconds_per_pair:,.0f} pairs a second here, measured for a second"]
        rows += [
            f"  time        {_time(self.hours)} with {self.workers} worker{'s' * (self.workers > 1)} as fast as this"
        ]
        return "\n".join(rows)


def gram_plan(
    kernel: Kernel,
    shape: int | tuple[int, ...],
    n: int,
    m: int | None = None,
    *,
    block: int = BLOCK,
    workers: int = 1,
    seed: int = 0,
) -> GramPlan:
    """What `gram(kernel, X, Z, block=block)` takes of n signals X of this shape, and m signals Z unless that is None.

    The time is that of pairs of random signals, half of whose entries are 0, which are computed here for a second. It
    says what this machine does now: what else runs on it counts. A worker is a machine as fast as this process;
    processes on one machine share its cores, and are one.

    Raises:
        ValueError, TypeError: bad arguments; signals that the kernel does not take.

    >>> from shiftmath.kernels import FullyConnected
    >>> plan = gram_plan(FullyConnected(), 64, 60_000, workers=10)
    >>> plan.pairs, round(plan.nbytes / 1e9, 1)
    (1800030000, 29.2)
    """
    as_kernel("kernel", kernel)
    require_memory("shape", shape, 8 * math.prod(as_shape("shape", shape)), "a signal of which")
    shape, n = as_shape("shape", shape), as_count("n", n)
    layout = Layout(n, n if m is None else as_count("m", m), as_count("block", block), m is None)
    workers, seed = as_count("workers", workers), as_count("seed", seed, 0)
    return GramPlan(kernel, shape, layout, workers, _seconds_per_pair(kernel, shape, layout, seed))


def _seconds_per_pair(kernel: Kernel, shape: tuple[int, ...], layout: Layout, seed: int) -> float:
    """From rectangles of growing size; the first call, which may compile, does not count."""
    rng = np.random.default_rng(seed)
    rows, columns, spent = 1, 1, 0.0
    while True:
        X, Z = (np.maximum(rng.standard_normal((k, *shape)), 0) for k in (rows, columns))
        kernel(X[:1], Z[:1])
        start = time.perf_counter()
        kernel(X, Z)
        spent = time.perf_counter() - start
        if spent > SECONDS / 2 or rows * columns >= layout.block**2:
            return spent / (rows * columns)
        more = min(8.0, max(2.0, 0.75 * SECONDS / max(spent, 1e-6)))
        columns = min(layout.block, int(columns * more))
        rows = min(layout.block, int(rows * more)) if columns == layout.block else rows


def _bytes(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def _time(hours: float) -> str:
    seconds = 3600 * hours
    return f"{seconds:.2g} s" if seconds < 100 else f"{seconds / 60:.2g} min" if hours < 1.5 else f"{hours:.3g} h"

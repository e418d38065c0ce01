"""The Gram matrix of as many signals as the disk holds."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shiftmath._shared.arguments import as_array, as_bool, as_count
from shiftmath._shared.memory import require_memory
from shiftmath._shared.progress import progress as bar
from shiftmath._shared.values import show
from shiftmath.kernels import arrays
from shiftmath.kernels.kernel import Kernel
from shiftmath.kernels.large.audit import audited, require_auditable
from shiftmath.kernels.large.extras import extra
from shiftmath.kernels.large.fingerprint import fingerprint
from shiftmath.kernels.large.layout import Block, Layout
from shiftmath.kernels.large.matrix import GramMatrix
from shiftmath.kernels.large.store import Store, room
from shiftmath.kernels.large.work import Work
from shiftmath.kernels.large.workers import across, as_client, clients

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["BLOCK", "as_folder", "as_kernel", "gram"]

BLOCK = 512  # rows and columns: 2 MB, and a whole number of the tiles in which the engine multiplies rows


def gram(
    kernel: Kernel,
    X: "ArrayLike",
    Z: "ArrayLike | None" = None,
    *,
    store: str | os.PathLike | None,
    block: int = BLOCK,
    client: Any = None,
    progress: bool = True,
    audit: int = 0,
    seed: int = 0,
    verify: bool = False,
) -> GramMatrix:
    """The Gram matrix `kernel(X, Z)` in blocks that are kept as they are finished; without Z each pair once.

    Called again with the same arguments it computes what is missing: after Ctrl-C, a kill, a full disk. The result is
    read like an array and equals the matrix in memory to the last bit: for `Convolutional` with any block, for
    `FullyConnected` with multiples of 512 (in others products of matrices may round otherwise, by an eps), for
    `GroupAverage` to rounding. Without Z it equals its transpose to the last bit, for all.

    Args:
        kernel: one of `shiftmath.kernels`.
        X, Z: signals as the kernel takes them; JAX arrays go through the CPU engine here, as those of NumPy.
        store: a folder, new, empty or begun by the same call; `store/matrix` is a Zarr array. None keeps the matrix in
            memory.
        block: rows and columns of a block, which is computed as a whole and is one chunk of the array.
        client: who computes: None for this process with all its cores; a number of processes, in which it shares them;
            or a `dask.distributed.Client`, whose workers reach the store under the same path. X and Z go to each worker
            once; workers write their own blocks.
        progress: a bar with rate and remaining time on stderr, if that is a terminal.
        audit: so many entries, drawn with `seed`, are compared with enclosures in ball arithmetic: `result.audit`. For
            homogeneous activations and small images, some seconds an entry at most.
        seed: of that sample.
        verify: reads all finished blocks and compares their hashes. Otherwise those are read whose chunks have another
            size or time than when they were finished, and the others are taken as they are.

    Raises:
        ValueError, TypeError: bad arguments, as those of `kernel(X, Z)`; a store of another kernel, data, dtype or
            block; a store that another process writes.
        OSError: no space is left; finished blocks stay.
        ArithmeticError: an entry contradicts the audit.
        ImportError: zarr, dask, distributed or python-flint are needed and not installed.

    >>> from shiftmath.kernels import FullyConnected
    >>> X = np.random.default_rng(0).standard_normal((5, 3))
    >>> G = gram(FullyConnected(), X, store=None, block=2)
    >>> G, bool(np.allclose(G, FullyConnected()(X), rtol=1e-14))
    (GramMatrix(5 x 5, float64, blocks of 2, in memory), True)
    """
    as_kernel("kernel", kernel)
    signals = as_signals(kernel, X, Z)
    block, client = as_count("block", block), as_client(client)
    shown, verify = as_bool("progress", progress), as_bool("verify", verify)
    count, seed = as_count("audit", audit, 0), as_count("seed", seed, 0)
    if count:
        require_auditable(kernel, signals[0][:1])
    layout = Layout(len(signals[0]), len(signals[-1]), block, len(signals) == 1)
    if (root := as_folder(store)) is None:
        matrix = GramMatrix(_in_memory(Work(kernel, layout, None), signals, client, shown), layout)
    else:
        extra("zarr")
        there = Store(root, layout, str(signals[0].dtype))
        matrix = GramMatrix(_in_store(there, Work(kernel, layout, there), signals, client, shown, verify), layout, root)
    return replace(matrix, audit=audited(kernel, signals, matrix, count, seed, shown)) if count else matrix


def as_kernel(name: str, kernel: Any) -> Kernel:
    """A kernel of this package."""
    if not isinstance(kernel, Kernel):
        raise TypeError(f"{name}: got {show(kernel)}, takes a kernel of shiftmath.kernels")
    return kernel


def as_signals(kernel: Kernel, X: Any, Z: Any) -> list[np.ndarray]:
    """[X] or [X, Z] as NumPy arrays that the kernel takes."""
    given = (a if a is None else as_array(n, a, arrays.ARRAYS, to_numpy=True) for n, a in (("X", X), ("Z", Z)))
    signals, _ = arrays.signals(*given)
    for name, array in zip("XZ", signals, strict=False):
        if array.ndim < 2:
            raise ValueError(f"{name}: got shape {array.shape}, takes signals (n, ...)")
    kernel.engine_arrays(signals)
    return signals


def as_folder(store: Any) -> Path | None:
    """A folder, or None."""
    takes = "a folder, or None"
    if store is not None and not isinstance(store, (str, os.PathLike)):
        raise TypeError(f"store: got {show(store)}, takes {takes}")
    if store is not None and (not os.fspath(store) or "\0" in str(store) or Path(store).is_file()):
        raise ValueError(f"store: got {show(store)}, takes {takes}")
    return None if store is None else Path(store).absolute()


def _computed(work: Work, signals: list[np.ndarray], blocks: list[Block], client: Any, shown: bool) -> Iterator[tuple]:
    """Blocks with their values as they are finished, behind a bar."""
    X, Z = signals[0], signals[1] if len(signals) == 2 else None
    with clients(client if blocks else None) as workers:
        values = work.here(X, Z, blocks) if workers is None else across(workers, work, X, Z, blocks)
        yield from bar(values, len(blocks), "blocks of the Gram matrix", shown)


def _in_memory(work: Work, signals: list[np.ndarray], client: Any, shown: bool) -> np.ndarray:
    layout, dtype = work.layout, signals[0].dtype
    require_memory("X and Z", layout, layout.n * layout.m * dtype.itemsize, "whose Gram matrix without a store")
    result = np.empty((layout.n, layout.m), dtype)
    for block, values in _computed(work, signals, layout.blocks(), client, shown):
        for place, part in zip(layout.places(block), (values, values.T), strict=False):
            result[layout.slices(place)] = part
    return result


def _in_store(store: Store, work: Work, signals: list[np.ndarray], client: Any, shown: bool, verify: bool) -> Any:
    blocks = work.layout.blocks()
    with room(store, len(blocks)) as finished, store.writing(fingerprint(work.kernel, work.layout, signals)):
        finished += [b for b in blocks if store.finished(b, verify)]
        there = set(finished)
        for block, _ in _computed(work, signals, [b for b in blocks if b not in there], client, shown):
            finished.append(block)
    return store.array

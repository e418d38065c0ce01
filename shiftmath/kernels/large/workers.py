"""Blocks on many processes or machines, by Dask. The store keeps finished blocks; here lost ones are repeated."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from shiftmath._shared.arguments import as_count
from shiftmath._shared.values import show
from shiftmath.kernels._numba.threads import thread_count
from shiftmath.kernels.large.extras import extra
from shiftmath.kernels.large.layout import Block
from shiftmath.kernels.large.work import Work

__all__ = ["across", "as_client", "clients"]

TAKES = "None, a number of processes or a dask.distributed.Client"


def as_client(client: Any) -> Any:
    """None, a whole number of at least 1, or a client of Dask."""
    if client is None or all(hasattr(client, name) for name in ("scatter", "submit", "scheduler_info")):
        return client
    if isinstance(client, bool) or not isinstance(client, (int, np.integer)):
        raise TypeError(f"client: got {show(client)}, takes {TAKES}")
    return as_count("client", client)


@contextmanager
def clients(client: Any) -> Iterator[Any]:
    """The client, or for a number of processes one of a cluster on this machine, which shares its cores."""
    if not isinstance(client, int):
        yield client
        return
    distributed = extra("distributed")
    with (
        distributed.LocalCluster(
            n_workers=client,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=None,
            silence_logs="CRITICAL",
            env={"NUMBA_NUM_THREADS": str(max(1, thread_count() // client))},
        ) as cluster,
        distributed.Client(cluster) as own,
    ):
        yield own


def across(client: Any, work: Work, X: np.ndarray, Z: np.ndarray | None, blocks: list[Block]) -> Iterator[tuple]:
    """All blocks with their values, in the order in which they are finished.

    Data go to each worker once. Those of a worker that dies are taken from another; where the last copy or too many
    workers died they are sent again, and what is missing is asked for again, as long as each such round finishes one.
    """
    distributed = extra("distributed")
    missing = set(blocks)
    while missing:
        before = len(missing)
        try:
            for block, values in _round(client, work, X, Z, sorted(missing)):
                missing.remove(block)
                yield block, values
        except (distributed.KilledWorker, distributed.CancelledError):
            if len(missing) == before:
                raise


def _round(client: Any, work: Work, X: np.ndarray, Z: np.ndarray | None, blocks: list[Block]) -> Iterator[tuple]:
    data = client.scatter([X] if Z is None else [X, Z], broadcast=True, hash=False)
    futures = {client.submit(work, data[0], *(data[1:] or [None]), b, pure=False): b for b in blocks}
    try:
        for future in extra("distributed").as_completed(list(futures)):
            yield futures[future], future.result()
            future.release()
    finally:
        client.cancel([*futures, *data])

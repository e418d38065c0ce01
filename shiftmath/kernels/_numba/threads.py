"""Running independent compiled tasks on all cores.

The tasks release the interpreter lock and each writes to its own memory.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


def thread_count() -> int:
    """NUMBA_NUM_THREADS if set, else the number of cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(os.environ.get("NUMBA_NUM_THREADS", cores)))


def run_tasks(function: Callable[..., None], tasks: Sequence[tuple]) -> None:
    """function(*task) for each task, on threads if there is more than one of both."""
    threads = min(thread_count(), len(tasks))
    if threads <= 1:
        for task in tasks:
            function(*task)
        return
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(function, *task) for task in tasks]:
            future.result()

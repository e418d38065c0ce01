"""Running independent compiled tasks on all cores, so that Ctrl-C ends them within one compiled call.

The tasks release the interpreter lock and each writes to its own memory. Python answers a signal in the main thread
between two of its instructions, never inside a compiled call: where one call would take long, a task is a generator,
which yields between calls that take a fraction of a second.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

STEP = 2**23  # pixels or entries of one layer that one call takes at most: 25 ms of relu, 0.2 s of gelu on one core


def thread_count() -> int:
    """NUMBA_NUM_THREADS if set, else the number of cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(os.environ.get("NUMBA_NUM_THREADS", cores)))


def run_tasks(function: Callable[..., Iterable[None] | None], tasks: Sequence[tuple]) -> None:
    """function(*task) for each task, on threads if there is more than one of both.

    An exception, such as that of Ctrl-C, ends all: no task and no further step of a generator starts after it.
    """
    stopped: list[bool] = []

    def run(task: tuple) -> None:
        try:
            for _ in () if stopped else function(*task) or ():
                if stopped:
                    return
        except BaseException:
            stopped.append(True)
            raise

    threads = min(thread_count(), len(tasks))
    if threads <= 1:
        for task in tasks:
            run(task)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        pending = {pool.submit(run, task) for task in tasks}
        while pending:  # Windows answers Ctrl-C only between two waits
            done, pending = wait(pending, 0.2, FIRST_EXCEPTION)
            for future in done:
                future.result()
    except BaseException:
        stopped.append(True)
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()

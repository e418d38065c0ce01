"""Long compiled calls that Ctrl-C ends at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

__all__ = ["interruptible"]

T = TypeVar("T")


def interruptible(call: Callable[[], T]) -> T:
    """What `call()` returns or raises. Ctrl-C ends the waiting; what is compiled runs to its end in a thread.

    Python looks at signals between instructions of the main thread only: never inside a compiled call. Settings of JAX
    that hold for one thread, `with jax.default_device(...)` for one, are not those of the other; set them inside.

    >>> interruptible(lambda: 1 + 1)
    2
    """
    if threading.current_thread() is not threading.main_thread():
        return call()
    pool = ThreadPoolExecutor(1)
    try:
        future = pool.submit(copy_context().run, call)
        while wait([future], 0.2).not_done:  # Windows answers Ctrl-C only between two waits
            pass
        return future.result()
    finally:
        pool.shutdown(wait=False)

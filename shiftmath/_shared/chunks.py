"""Long compiled loops, a chunk of their steps at a time: between two chunks the interpreter sees Ctrl-C."""

import time
from collections.abc import Callable
from typing import TypeVar

import jax

from shiftmath._shared.kept_programs import warn_of_kept_programs

__all__ = ["SECONDS", "in_chunks"]

SECONDS = 0.1  # that a chunk is to take

State = TypeVar("State")


def in_chunks(advance: Callable[[State, int, int], State], state: State, steps: int, most: int | None = None) -> State:
    """The state after so many steps: advance(state, first, last) takes those from `first` on, before `last`.

    The first chunk is one step. Each that follows has as many, at most `most`, as take `SECONDS` at the speed of the
    one before it, in which the time of the call counts as work, and of the first call that of compiling it.

    >>> in_chunks(lambda state, first, last: state + list(range(first, last)), [], 5, most=2)
    [0, 1, 2, 3, 4]
    """
    warn_of_kept_programs()
    first, count = 0, 1
    while first < steps:
        last, start = min(first + count, steps), time.perf_counter()
        state = jax.block_until_ready(advance(state, first, last))
        speed = (last - first) / max(time.perf_counter() - start, 1e-9)
        first, count = last, max(1, int(speed * SECONDS))
        count = count if most is None else min(count, most)
    return state

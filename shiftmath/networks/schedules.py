"""Learning rates that change while a network is trained."""

from collections.abc import Sequence

import optax

from shiftmath._shared.arguments import as_counts, as_numbers

__all__ = ["staircase"]


def staircase(rates: Sequence[float], boundaries: Sequence[int]) -> optax.Schedule:
    """A learning rate: rates[0] before step boundaries[0], rates[1] before boundaries[1], ..., then rates[-1].

    >>> rate = staircase([1.0, 0.5, 0.1], [1000, 2000])
    >>> [round(float(rate(t)), 6) for t in (0, 999, 1000, 1999, 2000, 3000)]
    [1.0, 1.0, 0.5, 0.5, 0.1, 0.1]
    """
    numbers, ends = as_numbers("rates", rates).tolist(), as_counts("boundaries", boundaries, 0)
    if len(numbers) != len(ends) + 1 or list(ends) != sorted(set(ends)):
        raise ValueError(f"boundaries: got {ends} for {len(numbers)} rates, takes one less, increasing")
    return optax.join_schedules([optax.constant_schedule(rate) for rate in numbers], ends)

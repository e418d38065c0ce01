r"""The linear part of the price: the largest gap of any separator, and of any that is invariant.

Classes that overlap have no hard margin. How far they do is told by the least share s of each class for which the
reduced hulls are disjoint (`margins.reduced`): then some normal puts the mean of the share of one class that lies
lowest above the mean of the share of the other that lies highest. The gap of the reduced hulls grows with s, and for
s = 1 it is the distance of the means.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from shiftmath.groups import Group, circular_shifts
from shiftmath.groups.group import as_group
from shiftmath.margins import NotCertified, NotSeparable, Separator, invariant_margin, max_margin

__all__ = ["SHARES", "Margin", "group_of", "invariant_at_least_share", "linear_price"]

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # tried where the classes overlap


@dataclass(frozen=True, eq=False)
class Margin:
    """The best separator at the least share that has one.

    Attributes:
        share: 0 for a hard margin, else the least of `SHARES` with a separator; None where even the means coincide.
        separator: at that share, or None.
        obstacle: why there is no hard margin, or None.
    """

    share: float | None
    separator: Separator | None
    obstacle: NotSeparable | NotCertified | None

    def found(self) -> Separator:
        """The separator; an error that says why there is none."""
        if self.separator is None:
            raise self.obstacle or ValueError("no separator")
        return self.separator

    @property
    def hard_gap(self) -> float:
        """The gap of the hard margin; 0 where there is none."""
        return self.separator.gap if self.separator and not self.share else 0.0


def linear_price(positives: np.ndarray, negatives: np.ndarray, group: Group) -> tuple[Margin, Margin, Separator | None]:
    """The margins of all separators and of the invariant ones, and the best of all at the share of the latter."""
    plain_margin = partial(max_margin, positives, negatives)
    plain, invariant = _margin(plain_margin), invariant_at_least_share(positives, negatives, group)
    if invariant.share is None:
        return plain, invariant, None
    same = plain.separator if plain.share == invariant.share else _attempt(plain_margin, invariant.share)[0]
    return plain, invariant, same


def invariant_at_least_share(positives: np.ndarray, negatives: np.ndarray, group: Group) -> Margin:
    """The best invariant separator, hard if there is one."""
    return _margin(partial(invariant_margin, positives, negatives, group))


def group_of(group: Group | None, shape: tuple[int, ...]) -> Group:
    """The group that acts on samples of a shape; None is all circular shifts, which leave channels in place."""
    return circular_shifts(axes=(0, 1)) if group is None and len(shape) == 3 else as_group(group)


Solver = Callable[..., Separator]


def _margin(solve: Solver) -> Margin:
    """The hard margin; where there is none, that at the least share of `SHARES`, by halving: gaps grow with it."""
    separator, obstacle = _attempt(solve, 0.0)
    if separator:
        return Margin(0.0, separator, None)
    low, high = 0, len(SHARES)
    while low < high:
        middle = (low + high) // 2
        found, _ = _attempt(solve, SHARES[middle])
        if found:
            high, separator = middle, found
        else:
            low = middle + 1
    return Margin(SHARES[high] if separator else None, separator, obstacle)


def _attempt(solve: Solver, share: float) -> tuple[Separator | None, NotSeparable | NotCertified | None]:
    """A separator with the bounds that it has; one that no bound proves to separate is none."""
    try:
        return solve(share=share), None
    except NotSeparable as error:
        return None, error
    except NotCertified as error:
        return (error.separator, None) if error.separator.gap > 0 else (None, error)

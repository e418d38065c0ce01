"""Groups that act on signals.

group           `Group` and how to make one: circular shifts, flips, quarter turns and their products
fixed_subspace  the signals that a group fixes, as a space with coordinates
checks          whether a function is invariant or equivariant, and how often a classifier says the same
"""

from shiftmath.groups.checks import assert_equivariant, assert_invariant, consistency
from shiftmath.groups.group import Group, circular_shifts, flips, quarter_turns, shift

__all__ = [
    "Group",
    "assert_equivariant",
    "assert_invariant",
    "circular_shifts",
    "consistency",
    "flips",
    "quarter_turns",
    "shift",
]

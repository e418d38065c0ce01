r"""Finite groups of permutations acting on signals: circular shifts first, flips, quarter turns and their products.

A group $G$ acts on signals of a shape by moving samples: $(Tx)_i = x_{p(i)}$ for a permutation $p$ of the $d$ samples,
read in C order. Every such $T$ is orthogonal. Two sets matter:

- the orbit of a signal, $\{Tx : T \in G\}$;
- the orbits of the samples, $O_1, \dots, O_r$: the classes of positions that $G$ exchanges. The signals that every $T$
  fixes are those constant on each $O_j$ (`fixed_subspace`), and the mean over the orbit of a signal is its projection
  on them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_axes, as_count, as_shape, as_signal, require_finite
from shiftmath._shared.memory import require_memory
from shiftmath._shared.values import show, whole_numbers
from shiftmath.groups.fixed_subspace import projection

__all__ = ["Group", "as_group", "circular_shifts", "flips", "quarter_turns", "shift"]

MOST_ENTRIES = 2**26  # of a table with one row for each element of a group: 512 MiB of int64


def shift(x: "ArrayLike", s: int | Sequence[int]) -> Any:
    r"""The circular shift $(T_s x)_i = x_{i-s}$ over all axes of one signal.

    Args:
        x: one signal of any shape.
        s: whole numbers, one for each axis, or one for all of them.

    Raises:
        ValueError, TypeError: no finite real numbers, shifts that are not whole or not as many as axes.

    >>> shift([1.0, 2.0, 3.0, 4.0], 1)
    array([4., 1., 2., 3.])
    """
    x = as_signal("x", x)
    require_finite("x", x)
    takes = f"one whole number, or one for each of the {x.ndim} axes"
    steps = whole_numbers("s", s, f"{takes}; dft.shift_phases has the shifts between samples")
    if np.ndim(s) and len(steps) != x.ndim:
        raise ValueError(f"s: got {show(s)}, takes {takes}")
    steps = steps if np.ndim(s) else steps * x.ndim
    within = tuple(step % length for step, length in zip(steps, x.shape, strict=True))
    return x.__array_namespace__().roll(x, within, tuple(range(x.ndim)))


# A family of moves: for a grid of positions, one moved grid for each generator of a group.
Moves = Callable[[np.ndarray], list[np.ndarray]]


@dataclass(frozen=True)
class _Shifts:
    axes: tuple[int, ...] | None
    stride: int

    def __repr__(self) -> str:
        return f"circular_shifts({_shown(axes=(self.axes, None), stride=(self.stride, 1))})"

    def __call__(self, positions: np.ndarray) -> list[np.ndarray]:
        return [np.roll(positions, self.stride, a) for a in as_axes("axes", self.axes, positions.ndim)]


@dataclass(frozen=True)
class _Flips:
    axes: tuple[int, ...] | None

    def __repr__(self) -> str:
        return f"flips({_shown(axes=(self.axes, None))})"

    def __call__(self, positions: np.ndarray) -> list[np.ndarray]:
        return [np.flip(positions, a) for a in as_axes("axes", self.axes, positions.ndim)]


@dataclass(frozen=True)
class _QuarterTurns:
    axes: tuple[int, int]

    def __repr__(self) -> str:
        return f"quarter_turns({_shown(axes=(self.axes, (0, 1)))})"

    def __call__(self, positions: np.ndarray) -> list[np.ndarray]:
        a, b = as_axes("axes", self.axes, positions.ndim)
        if positions.shape[a] != positions.shape[b]:
            raise ValueError(
                f"axes: got {self.axes} of a signal of shape {positions.shape}, takes two axes of equal length"
            )
        return [np.rot90(positions, axes=(a, b))]


def _shown(**arguments: tuple[Any, Any]) -> str:
    """Those of the arguments (value, default) that differ from their defaults."""
    return ", ".join(f"{name}={value!r}" for name, (value, default) in arguments.items() if value != default)


@dataclass(frozen=True, repr=False)
class Group:
    """The group that a few families of moves generate, on signals of any shape; `*` joins the families of two groups.

    Frozen: hashable, comparable, picklable; its repr is the product that makes it. Make one with `circular_shifts`,
    `flips` or `quarter_turns`; `Group(())` has the identity alone. Its methods raise a ValueError or TypeError for a
    shape or signal on which it cannot act, or whose permutations exceed the memory.

    >>> dihedral = quarter_turns() * flips(axes=0)
    >>> dihedral.order((5, 5)), (circular_shifts() * dihedral).order((3, 3))
    (8, 72)
    """

    moves: tuple[Moves, ...]

    def __post_init__(self) -> None:
        takes = "a tuple of functions of a grid of positions"
        if not isinstance(self.moves, tuple) or not all(map(callable, self.moves)):
            raise TypeError(f"moves: got {show(self.moves)}, takes {takes}")

    def __repr__(self) -> str:
        own = (_Shifts, _Flips, _QuarterTurns)
        return " * ".join(repr(m) if isinstance(m, own) else f"Group(({m!r},))" for m in self.moves) or "Group(())"

    def __mul__(self, other: "Group") -> "Group":
        """The group generated by both."""
        return Group(self.moves + other.moves) if isinstance(other, Group) else NotImplemented

    def generators(self, shape: int | Sequence[int]) -> Int[np.ndarray, "g d"]:
        """The permutations that generate the group on this shape, one a row: (Tx).ravel() = x.ravel()[row]."""
        shape = as_shape("shape", shape)
        # The positions, a row for each move and their connected parts: measured 56 bytes a position and move, and 20.
        count = sum(len(move(np.zeros((1,) * len(shape), int))) for move in self.moves)
        require_memory("shape", shape, 60 * (1 + count) * math.prod(shape), "its permutations")
        positions = np.arange(math.prod(shape)).reshape(shape)
        rows = [moved.ravel() for move in self.moves for moved in move(positions)]
        return np.array(rows, int).reshape(len(rows), positions.size)

    def elements(self, shape: int | Sequence[int]) -> Int[np.ndarray, "order d"]:
        """All permutations of the group, the identity first: the closure of the generators under composition.

        Raises:
            ValueError: the table would hold more than 2^26 entries.
        """
        generators = self.generators(shape)
        identity = np.arange(generators.shape[1])
        found, frontier = {identity.tobytes(): identity}, [identity]
        while frontier and len(found) * identity.size <= MOST_ENTRIES:
            products = {p.tobytes(): p for element in frontier for p in generators[:, element]}
            frontier = [p for key, p in products.items() if key not in found]
            found.update(products)
        if len(found) * identity.size > MOST_ENTRIES:
            raise ValueError(f"shape: got {shape}, takes one on which the group has fewer elements: see sample_orbits")
        return np.array(list(found.values()))

    def order(self, shape: int | Sequence[int]) -> int:
        """How many elements the group has on signals of this shape."""
        return len(self.elements(shape))

    def orbit(self, x: "ArrayLike") -> Float[np.ndarray, "order *spatial"]:
        """All images Tx of one signal, one for each element of the group, x itself first.

        >>> circular_shifts().orbit([1, 2, 3])
        array([[1., 2., 3.],
               [3., 1., 2.],
               [2., 3., 1.]])
        """
        x = as_signal("x", x, to_numpy=True)
        require_finite("x", x)
        return x.ravel()[self.elements(x.shape)].reshape(-1, *x.shape)

    def sample_orbits(self, shape: int | Sequence[int]) -> Int[np.ndarray, "*shape"]:
        """The number 0, ..., r - 1 of the orbit in which each position lies, without enumerating the group.

        Orbits are the connected parts of the graph that joins each position to its images under the generators.

        >>> circular_shifts(stride=2).sample_orbits(6)
        array([0, 1, 0, 1, 0, 1])
        """
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        generators = self.generators(shape)
        g, d = generators.shape
        edges = (np.ones(g * d), (np.tile(np.arange(d), g), generators.ravel()))
        labels = connected_components(coo_array(edges, shape=(d, d)), directed=False)[1]
        return labels.astype(int).reshape(as_shape("shape", shape))

    def orbit_mean(self, x: "ArrayLike") -> Float[np.ndarray, "*spatial"]:
        r"""The mean of Tx over the group, $(Px)_i = \frac{1}{|O|}\sum_{k \in O} x_k$, $O$ the orbit of position $i$.

        >>> circular_shifts().orbit_mean([1, 2, 3])
        array([2., 2., 2.])
        """
        x = as_signal("x", x, to_numpy=True).astype(float)
        return projection("x", x[None], self.sample_orbits(x.shape))[0]


def circular_shifts(axes: int | Sequence[int] | None = None, stride: int = 1) -> Group:
    """Circular shifts along the axes (None: all of the signal's), by multiples of `stride` samples.

    `circular_shifts()` is the group of the paper; `circular_shifts(axes=0)` moves along the first axis only,
    `circular_shifts(axes=(0, 1))` leaves the channels of an image of shape (height, width, channels) in place.
    On a length that `stride` does not divide, the multiples wrap round to multiples of the greatest common divisor.

    >>> circular_shifts().order((4, 5)), circular_shifts(axes=1).order((4, 5)), circular_shifts(stride=2).order(6)
    (20, 5, 3)
    """
    return Group((_Shifts(as_axes("axes", axes, None), as_count("stride", stride)),))


def flips(axes: int | Sequence[int] | None = None) -> Group:
    """Mirror images along each of the axes (None: all of the signal's).

    >>> flips().order((4, 5)), flips(axes=0).orbit([1, 2, 3]).tolist()
    (4, [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    """
    return Group((_Flips(as_axes("axes", axes, None)),))


def quarter_turns(axes: tuple[int, int] = (0, 1)) -> Group:
    """Rotations by multiples of 90 degrees in the plane of two axes of equal length.

    >>> quarter_turns().order((3, 3))
    4
    """
    plane = as_axes("axes", axes, None)
    if plane is None or len(plane) != 2:
        raise ValueError(f"axes: got {show(axes)}, takes two axes")
    return Group((_QuarterTurns(plane),))


def as_group(group: Group | None) -> Group:
    """The argument `group`, None as all circular shifts; a TypeError if it is anything else."""
    if group is not None and not isinstance(group, Group):
        raise TypeError(f"group: got {show(group)}, takes a shiftmath.groups.Group or None")
    return circular_shifts() if group is None else group

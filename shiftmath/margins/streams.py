"""Classes of samples that need not fit in memory: read once, in batches, of which the fixed coordinates stay.

A class is an array, or a stream: an iterator of batches (m, *spatial), or an array on disk or in blocks (np.memmap, and
what has `chunks`, as the arrays of Dask, Zarr and h5py). The sums of a sample are the same in any batch, and powers of
two round nothing, so that the answer is that of the class in memory, in C order, bit for bit.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from shiftmath._shared.arguments import as_samples
from shiftmath._shared.scaling import times_powers_of_two
from shiftmath.groups import Group
from shiftmath.groups.fixed_subspace import scaled_coordinates

__all__ = ["FixedClass", "fixed_class", "is_stream"]

EPS = float(np.finfo(float).eps)
NUMBERS = 2**22  # of a batch of an array on disk
TAKES = "an iterator of batches of samples (m, *spatial)"

Rows = Float[np.ndarray, "n r"]
PerSample = Float[np.ndarray, "n"]


@dataclass(frozen=True, eq=False)
class FixedClass:
    """What one pass leaves of n samples.

    Attributes:
        shape: of a sample.
        orbits: of its positions under the group.
        rows, unit: the coordinates on the fixed subspace are rows 2^unit.
        samples: the samples where they are in memory, else None; then there are instead
        ends: the least and the largest number of all, and
        errors: the `errors_of_sums`, one for each sample.
    """

    shape: tuple[int, ...]
    orbits: Int[np.ndarray, "*spatial"]
    rows: Rows
    unit: int
    samples: np.ndarray | None = None
    ends: tuple[float, float] = (-math.inf, math.inf)
    errors: PerSample | None = None

    def rounding(self, which: Int[np.ndarray, "k"]) -> float:
        """The largest of the `errors_of_sums` of some samples."""
        if self.errors is not None:
            return float(self.errors[which].max())
        assert self.samples is not None
        return float(errors_of_sums(self.samples[which]).max())

    def clip(self, mean: Float[np.ndarray, "*spatial"]) -> Float[np.ndarray, "*spatial"]:
        """A mean of samples, which rounding may carry beyond what it is a mean of."""
        ends = self.ends if self.samples is None else (self.samples.min(), self.samples.max())
        return np.clip(mean, *ends)


def is_stream(x: Any) -> bool:
    """Whether a class is read in batches.

    >>> is_stream(iter([np.ones((1, 2))])), is_stream(np.ones((1, 2)))
    (True, False)
    """
    return isinstance(x, (Iterator, np.memmap)) or (hasattr(x, "chunks") and hasattr(x, "shape"))


def fixed_class(name: str, x: Any, group: Group | None, like: FixedClass | None = None) -> FixedClass:
    """A class in memory or a stream, which is consumed; the orbits of one like it are not computed again."""
    if not is_stream(x):
        return _of_batch(name, as_samples(name, x), group, like, keep=True)
    parts: list[FixedClass] = []
    for number, batch in enumerate(_batches(name, x)):
        try:
            samples = np.ascontiguousarray(as_samples(name, batch))
            if parts and samples.shape[1:] != parts[0].shape:
                first = f"those of batch 0, of shape {parts[0].shape}"
                raise ValueError(f"{name}: got signals of shape {samples.shape[1:]}, takes signals like {first}")
            parts.append(_of_batch(name, samples, group, parts[0] if parts else like, keep=False))
        except (ValueError, TypeError) as error:
            raise type(error)(str(error).replace(": got ", f": got in batch {number} ", 1)) from error
    if not parts:
        raise ValueError(f"{name}: got no batch, takes {TAKES}, at least one")
    return _joined(parts)


def errors_of_sums(X: np.ndarray) -> PerSample:
    r"""How far rounding may move the coordinates of each sample, as a vector.

    Pairwise summation of d numbers errs by at most about $\log_2 d$ eps times the sum of their moduli (Higham 1993),
    so a vector of coordinates by that times $|x|$; 4 more for the last additions in blocks and the division.
    """
    rows = X.reshape(len(X), -1).astype(float, copy=False)
    # A power of two is taken out of each: no square overflows or is lost.
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    e = np.where(largest > 0, np.frexp(largest)[1] - 1, 0)
    lengths = np.sqrt(np.square(rows * np.ldexp(1.0, -np.maximum(e, -1022))[:, None]).sum(axis=1))
    with np.errstate(over="ignore"):
        return times_powers_of_two((math.log2(rows.shape[1]) + 4) * EPS * lengths, np.maximum(e, -1022))


def _of_batch(name: str, X: np.ndarray, group: Group | None, like: FixedClass | None, keep: bool) -> FixedClass:
    shape = X.shape[1:]
    if like is not None and like.shape == shape:
        orbits = like.orbits
    else:
        orbits = np.zeros(shape, int) if group is None else group.sample_orbits(shape)
    rows, unit = scaled_coordinates(name, X, orbits)
    if keep:
        return FixedClass(shape, orbits, rows, unit, X)
    return FixedClass(shape, orbits, rows, unit, None, (float(X.min()), float(X.max())), errors_of_sums(X))


def _joined(parts: list[FixedClass]) -> FixedClass:
    """The batches as one class, in the unit that it has in memory: that of its largest sum."""
    first, unit = parts[0], max((p.unit for p in parts if p.rows.any()), default=0)
    rows = np.concatenate([np.ldexp(p.rows, p.unit - unit) for p in parts])
    errors = np.concatenate([p.errors for p in parts if p.errors is not None])
    ends = min(p.ends[0] for p in parts), max(p.ends[1] for p in parts)
    return FixedClass(first.shape, first.orbits, rows, unit, None, ends, errors)


def _batches(name: str, x: Any) -> Iterator[Any]:
    """The batches of a stream, in order: of an array the blocks of its first axis, or rows of `NUMBERS` in all."""
    if isinstance(x, Iterator):
        yield from x
        return
    if len(x.shape) < 2 or not math.prod(x.shape):
        as_samples(name, np.empty(x.shape))
    chunks, n = getattr(x, "chunks", None), x.shape[0]
    rows = max(1, NUMBERS // math.prod(x.shape[1:]))
    steps = list(chunks[0]) if chunks and isinstance(chunks[0], tuple) else [chunks[0] if chunks else rows] * n
    start = 0
    for step in steps:
        if start < n and step:
            yield np.asarray(x[start : start + step])
        start += step

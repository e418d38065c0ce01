"""Invariant margins of streams: the answer of the data in memory, bit for bit, in one pass and little memory."""

import tracemalloc
from dataclasses import fields

import numpy as np
import pytest

from shiftmath.groups import circular_shifts, flips
from shiftmath.margins import NotSeparable, invariant_margin

GROUPS = [None, flips(), circular_shifts(axes=0)]


class Blocks:
    """What Dask, Zarr and h5py have in common: a shape, chunks, and slices of the first axis that become arrays."""

    def __init__(self, x, chunks):
        self._x, self.shape, self.chunks, self.read = x, x.shape, chunks, []

    def __getitem__(self, rows):
        self.read.append(rows)
        return self._x[rows]


def streams(x, folder):
    """The same samples as a generator, an array on disk, and in blocks as Dask, Zarr and h5py cut them."""
    on_disk = np.memmap(folder / f"{id(x)}.dat", x.dtype, "w+", shape=x.shape)
    on_disk[:] = x
    step = len(x) // 3
    return {
        "generator": (x[i : i + step] for i in range(0, len(x), step)),
        "memmap": on_disk,
        "dask": Blocks(x, ((2, 0, len(x) - 2), *((n,) for n in x.shape[1:]))),
        "zarr": Blocks(x, (step, *x.shape[1:])),
        "h5py": Blocks(x, None),
    }


def numbers(separator):
    """All that a separator says."""
    own = [separator.normal, separator.offset, separator.gap]
    return own + [getattr(separator.certificate, f.name) for f in fields(separator.certificate)]


def two_classes(shape, dtype, rng):
    # Numbers of many sizes, whose sums round.
    spread = 10.0 ** rng.integers(-3, 3, (11, *shape))
    x = rng.standard_normal((11, *shape)) * spread
    return (x + 3000).astype(dtype), (x[:7] - 3000).astype(dtype)


@pytest.mark.parametrize("group", GROUPS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, ">f8"])
def test_a_stream_has_the_answer_of_the_array_bit_for_bit(group, dtype, rng, tmp_path):
    positives, negatives = two_classes((6, 5), dtype, rng)
    expected = numbers(invariant_margin(positives, negatives, group))
    for kind in ("generator", "memmap", "dask", "zarr", "h5py"):
        a, b = (streams(x, tmp_path)[kind] for x in (positives, negatives))
        found = numbers(invariant_margin(a, b, group))
        assert all(np.array_equal(p, q) for p, q in zip(found, expected, strict=True)), kind


@pytest.mark.parametrize("scale", [2.0**-1060, 2.0**1000])
def test_also_where_sums_need_powers_of_two(scale, rng):
    positives, negatives = (scale * np.ldexp(rng.integers(1, 9, (6, 4, 4)), 3) * sign for sign in (1.0, -1.0))
    expected = numbers(invariant_margin(positives, negatives))
    found = numbers(invariant_margin(iter(np.split(positives, 3)), iter(np.split(negatives, 2))))
    assert all(np.array_equal(p, q) for p, q in zip(found, expected, strict=True))


def test_a_batch_of_zeros_has_no_unit(rng):
    x = 2.0**-500 * rng.random((4, 3, 3))
    positives = np.concatenate([np.zeros((2, 3, 3)), x])
    expected = invariant_margin(positives, -x)
    found = invariant_margin(iter([positives[:2], positives[2:]]), -x)
    assert found.gap == expected.gap > 0


def test_classes_that_overlap_are_refused_with_the_same_witness(rng):
    positives, negatives = rng.standard_normal((6, 4)), rng.standard_normal((9, 4))
    with pytest.raises(NotSeparable) as expected:
        invariant_margin(positives, negatives)
    with pytest.raises(NotSeparable) as found:
        invariant_margin(iter(np.split(positives, 3)), iter(np.split(negatives, 3)))
    assert str(found.value) == str(expected.value)
    assert np.array_equal(found.value.witness, expected.value.witness)
    assert found.value.overlap == expected.value.overlap


def test_each_batch_is_asked_for_once(rng):
    positives, negatives = two_classes((6, 5), float, rng)
    asked = []

    def batches():
        for i in range(0, 11, 4):
            asked.append(i)
            yield positives[i : i + 4]

    blocks = Blocks(negatives, (3, 6, 5))
    assert invariant_margin(batches(), blocks).gap > 0
    assert asked == [0, 4, 8]
    assert [(s.start, min(s.stop, 7)) for s in blocks.read] == [(0, 3), (3, 6), (6, 7)]


def test_memory_is_that_of_a_few_batches():
    batch, count = np.zeros((16, 64, 64)), 40

    def batches(sign):
        return (batch + sign * (i + 1) for i in range(count))

    invariant_margin(iter([batch[:1] + 1]), iter([batch[:1] - 1]))
    tracemalloc.start()
    try:
        assert invariant_margin(batches(1), batches(-1)).gap == 2 * 64
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A batch, the one before it, and copies of it that the rounding of sums makes; all would be 80 batches.
    assert peak <= 6 * batch.nbytes


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: iter([]), r"^positives: got no batch, takes an iterator of batches"),
        (lambda x: iter([x, x * np.nan]), r"^positives: got in batch 1 nan at \(0, 0\), takes finite numbers"),
        (lambda x: iter([x, x[:, :2]]), r"^positives: got in batch 1 signals of shape \(2,\), takes signals like"),
        (lambda x: iter([x, x[0]]), r"^positives: got in batch 1 shape \(4,\), takes an array"),
        (lambda x: iter([x, x[:0]]), r"^positives: got in batch 1 shape \(0, 4\), takes an array"),
        (lambda x: Blocks(x[:0], (2, 4)), r"^positives: got shape \(0, 4\), takes an array"),
        (lambda x: iter([x[:, :2]]), r"^positives and negatives: got signals of shapes \(2,\) and \(4,\)"),
    ],
)
def test_a_bad_batch_is_named(make, message):
    x = np.arange(1.0, 9).reshape(2, 4)
    with pytest.raises(ValueError, match=message):
        invariant_margin(make(x), -x)


def test_a_batch_of_words_is_named():
    x = np.ones((2, 4))
    with pytest.raises(TypeError, match=r"^negatives: got in batch 1 dtype <U1, takes an array of real numbers"):
        invariant_margin(x, iter([-x, [["a"]]]))

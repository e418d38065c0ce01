"""A matrix on disk, a block at a time: no block that is finished is lost, and none that is not is taken for one.

In the folder of a store are `matrix`, a Zarr array of one chunk a block that any reader of Zarr opens; `markers`, a
file for each finished block; `fingerprint.json`, what the matrix is of; and `lock`. A marker has the SHA-256 of its
block and the sizes and times of its chunks. It is written after these have reached the disk, under another name first,
so at any time it is there as a whole or not at all. Two processes that write one block write the same bytes.
"""

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from shiftmath.kernels.large.extras import extra
from shiftmath.kernels.large.fingerprint import differences
from shiftmath.kernels.large.layout import Block, Layout
from shiftmath.kernels.large.lock import locked

__all__ = ["Store", "digest", "room"]

FULL = {errno.ENOSPC, errno.EDQUOT}
OWN = {"fingerprint.json", "lock", "markers", "matrix"}


@dataclass(frozen=True)
class Store:
    """The store of a matrix in this folder; workers get a copy."""

    root: Path
    layout: Layout
    dtype: str

    @contextmanager
    def writing(self, said: dict[str, Any]) -> Iterator[None]:
        """The store for this driver alone: begun, or gone on with if it was begun with the same fingerprint.

        Raises:
            ValueError: a folder with other files, a store of another matrix, or one that is being written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        others = sorted({p.name for p in self.root.iterdir()} - OWN)
        if others:
            raise ValueError(f"store: got {self.root} with {others[0]!r} in it, takes an empty folder or a store")
        with locked(self.root / "lock"):
            self._begin(said)
            yield

    @cached_property
    def array(self) -> Any:
        """The Zarr array."""
        return extra("zarr").open_array(str(self.root / "matrix"), mode="r+")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "array"}

    def write(self, block: Block, values: np.ndarray) -> None:
        """The block, its mirror image, and then its marker."""
        for place, part in zip(self.layout.places(block), (values, values.T), strict=False):
            self.array[self.layout.slices(place)] = part
            with open(self._chunk(place), "rb+") as file:
                os.fsync(file.fileno())
        self._mark(block, digest(values))

    def read(self, block: Block) -> np.ndarray:
        """A block that is finished."""
        return np.asarray(self.array[self.layout.slices(block)])

    def forget(self, blocks: list[Block]) -> None:
        """Takes their markers away."""
        for block in blocks:
            self._marker(block).unlink(missing_ok=True)

    def digests(self) -> list[str]:
        """The SHA-256 of all blocks, from their markers."""
        told = (json.loads(self._marker(block).read_text(encoding="utf-8")) for block in self.layout.blocks())
        return [marker["sha256"] for marker in told]

    def finished(self, block: Block, verify: bool) -> bool:
        """Whether the block is there as it was written.

        A chunk with the size and the time of its marker is taken as it is, others are read and compared by their hash;
        all of them if `verify`.
        """
        try:
            told = json.loads(self._marker(block).read_text(encoding="utf-8"))
            if told["chunks"] == self._stamps(block) and not verify:
                return True
            if any(digest(values) != told["sha256"] for values in self._stored(block)):
                return False
        except (OSError, ValueError, LookupError, TypeError, RuntimeError):  # as many as a damaged file may cause
            return False
        self._mark(block, told["sha256"])
        return True

    def _begin(self, said: dict[str, Any]) -> None:
        there = self.root / "fingerprint.json"
        if there.exists():
            old, new = differences(self._told(there), said)
            if old or new:
                raise ValueError(f"store: got {self.root}, a store of {old}, takes one of {new}")
        if not there.exists() or not (self.root / "matrix" / "zarr.json").exists():
            self._create()
            _replace(there, json.dumps(said, indent=1))
        (self.root / "markers").mkdir(exist_ok=True)
        for left in [*self.root.rglob("*.partial")]:  # of a process that was killed while it wrote
            left.unlink(missing_ok=True)

    def _told(self, there: Path) -> dict[str, Any]:
        """The fingerprint that is there."""
        try:
            told = json.loads(there.read_text(encoding="utf-8"))
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise ValueError(f"store: got {self.root} with a damaged {there.name}, takes an empty folder or a store")
        return told

    def _create(self) -> None:
        layout = self.layout
        extra("zarr").create_array(
            store=str(self.root / "matrix"),
            shape=(layout.n, layout.m),
            chunks=(layout.block, layout.block),
            dtype=self.dtype,
            compressors=None,  # the last digits of a kernel are noise
            fill_value=np.nan,
            overwrite=True,
        )

    def _chunk(self, place: Block) -> Path:
        return self.root / "matrix" / "c" / str(place[0]) / str(place[1])

    def _marker(self, block: Block) -> Path:
        return self.root / "markers" / f"{block[0]}-{block[1]}.json"

    def _mark(self, block: Block, digest: str) -> None:
        _replace(self._marker(block), json.dumps({"sha256": digest, "chunks": self._stamps(block)}))

    def _stamps(self, block: Block) -> list[list[int]]:
        stats = [os.stat(self._chunk(place)) for place in self.layout.places(block)]
        return [[s.st_size, s.st_mtime_ns] for s in stats]

    def _stored(self, block: Block) -> Iterator[np.ndarray]:
        """The block as it is stored, and its mirror image transposed back."""
        for place in self.layout.places(block):
            values = np.asarray(self.array[self.layout.slices(place)])
            yield values if place == block else values.T


@contextmanager
def room(store: Store, count: int) -> Iterator[list[Block]]:
    """The list of finished blocks, for which to tell how many there are of all where no space is left."""
    finished: list[Block] = []
    try:
        yield finished
    except OSError as error:
        there = str(error.filename or "")
        if error.errno not in FULL:
            if not there.startswith(str(store.root)):
                raise
            takes = "takes a store as it was written, that may be written to; without that file the same call goes on"
            raise OSError(error.errno, f"store: got {there}, {error.strerror}, {takes}") from error
        have = f"{len(finished)} of {count} blocks are finished and stay"
        raise OSError(error.errno, f"store: no space left in {store.root}, {have}; the same call goes on") from error


def digest(values: np.ndarray) -> str:
    """The SHA-256 of the entries of a block."""
    return hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()


def _replace(path: Path, text: str) -> None:
    """Writes a file so that it is there as a whole or as it was."""
    with open(part := path.with_name(f"{path.name}.{os.getpid()}.partial"), "w", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    os.replace(part, path)

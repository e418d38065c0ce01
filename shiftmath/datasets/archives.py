"""Tar and zip archives, read in one pass: the files that are wanted, and what else there is."""

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from shiftmath._shared.memory import require_memory

__all__ = ["Members", "Parts", "read_members"]

Parts = tuple[str, ...]
# The parts of its path, whether it is a folder, its size, and what reads it.
Member = tuple[Parts, bool, int, Callable[[], bytes]]


@dataclass
class Members:
    """What an archive holds, each by the parts of its path: files that were wanted, other files, and folders."""

    wanted: dict[Parts, bytes] = field(default_factory=dict)
    others: list[Parts] = field(default_factory=list)
    folders: list[Parts] = field(default_factory=list)


def read_members(path: Path, wanted: Callable[[Parts], bool]) -> Members:
    """The members of a tar or zip archive, with the content of the files that are wanted.

    Raises:
        ValueError: an archive that is broken or encrypted, or what is wanted of it exceeds the memory.
    """
    members, size = Members(), 0
    with path.open("rb") as file:
        kind = "zip" if file.read(2) == b"PK" else "tar"
    each = (_zipped if kind == "zip" else _tarred)(path)
    while (member := _next(each, path, kind)) is not None:
        parts, is_folder, bytes_wanted, read = member
        if is_folder:
            members.folders.append(parts)
        elif wanted(parts):
            size += bytes_wanted
            require_memory("folder", str(path), size, "its files")
            members.wanted[parts] = _call(read, path, kind)
        else:
            members.others.append(parts)
    return members


def _next(each: Iterator[Member], path: Path, kind: str) -> Member | None:
    return _call(lambda: next(each, None), path, kind)


def _call(step: Callable[[], Any], path: Path, kind: str) -> Any:
    """What a step gives; a ValueError that names the archive where it fails, each format in ways of its own."""
    try:
        return step()
    except Exception as error:
        first = f"{error}\n".splitlines()[0].rstrip(":")
        raise ValueError(f"{path}: got a broken archive ({first}), takes a whole {kind} file") from error


def _tarred(path: Path) -> Iterator[Member]:
    # Read as they come: a step back would unpack all before it again.
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() or member.isdir():
                parts = PurePosixPath(member.name).parts
                yield parts, member.isdir(), member.size, lambda m=member: archive.extractfile(m).read()  # type: ignore


def _zipped(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            parts = PurePosixPath(member.filename).parts
            yield parts, member.is_dir(), member.file_size, lambda m=member: archive.read(m)  # type: ignore[misc]

"""One driver on one store: a lock that the system lets go of when its holder ends, however it ends."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock of this file, or a ValueError that says which process holds it.

    The file stays. Who was killed holds no lock, so a file that is left over stops nobody; what stands in it is for the
    message alone.
    """
    with open(path, "a+", encoding="utf-8") as file:
        if not _taken(file):
            file.seek(0)
            raise ValueError(f"store: got {path.parent}, {_holder(file.read())}; takes one that no other call writes")
        file.seek(0)
        file.truncate()
        json.dump({"pid": os.getpid(), "host": socket.gethostname()}, file)
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate()


def _taken(file: IO[str]) -> bool:
    """Whether the lock is ours now; it is let go of when the file is closed."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(2**20)  # beyond what is written: others may read that
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"which process {holder['pid']} on {holder['host']} is writing"
    except ValueError:  # between the lock and the line that says whose it is
        return "which another process is writing"

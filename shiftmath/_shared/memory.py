"""How much fits: a request that cannot is refused before the work, not by the system in the middle of it."""

import contextlib
import math
import os
from pathlib import Path
from typing import Any

from shiftmath._shared.values import show

__all__ = ["memory", "require_memory"]

# What a container may take, in the two versions of Linux's control groups.
CONTAINER = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory() -> float:
    """The bytes that this process can ever have: of the machine, its container or its own limit; inf if unknown."""
    limits = [math.inf]
    with contextlib.suppress(AttributeError, OSError, ValueError):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with contextlib.suppress(ImportError, OSError):
        import resource

        own = resource.getrlimit(resource.RLIMIT_AS)[0]
        limits += [own] * (own != resource.RLIM_INFINITY)
    for file in CONTAINER:
        with contextlib.suppress(OSError, ValueError):  # no such file, or the word max
            limits.append(int(file.read_text()))
    return min(limits)


def require_memory(name: str, got: Any, wanted: int, what: str) -> None:
    """A ValueError unless `what` argument `name` asks for, `wanted` bytes, fits the memory."""
    if wanted > (most := memory()):
        raise ValueError(
            f"{name}: got {show(got)}, {what} would take {wanted} bytes, takes what fits the {most:.0f} of this machine"
        )

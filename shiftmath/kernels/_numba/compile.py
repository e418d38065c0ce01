"""How the CPU engine is compiled: numba with a disk cache, without the interpreter lock, a * b + c contracted."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.cpu import CPUTargetOptions
from numba.core.options import TargetOptions

# Numba has the flag, not the keyword. Without the promise that arrays are disjoint LLVM checks each pair of pointers at
# run time and gives up on vector instructions beyond eight of them.
CPUTargetOptions.noalias = TargetOptions.Mapping("noalias")


def source_stamp() -> str:
    """A digest of all modules that are compiled together, and of what they take from others: constants and options."""
    digest, here = hashlib.sha256(), Path(__file__)
    for path in [here.parents[1] / "angle_polynomials.py", *sorted(here.parent.glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


STAMP = source_stamp()


def compiled(function: Callable | None = None, *, disjoint: bool = False, reassociate: bool = False) -> Any:
    """Decorator: the compiled function.

    disjoint promises that its arrays do not overlap; reassociate lets a sum change its order.
    """
    if function is None:
        return lambda f: compiled(f, disjoint=disjoint, reassociate=reassociate)
    fastmath = {"contract", "reassoc"} if reassociate else {"contract"}
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath, "noalias": disjoint}
    dispatcher = njit(**options)(function)
    dispatcher.enable_caching()
    # Numba looks only at the file of the function itself, so it would keep code with an outdated copy of an inlined
    # callee.
    dispatcher._cache._cache_file._source_stamp = STAMP
    return dispatcher

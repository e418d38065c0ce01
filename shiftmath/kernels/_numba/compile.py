"""How the CPU engine is compiled: numba with a disk cache, without the interpreter lock, a * b + c contracted.

Where no folder for the cache can be written it is compiled anew in each process, after a warning. With
NUMBA_DISABLE_JIT=1, for debuggers and coverage, functions stay plain Python: some hundred times as slow.
"""

import hashlib
import warnings
from collections.abc import Callable
from functools import cache
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
    digest, here = hashlib.sha256(), Path(__file__).parent
    for path in [here.parent / "angle_polynomials.py", here.parent / "plan.py", *sorted(here.glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


STAMP = source_stamp()


@cache
def warn_uncached() -> None:
    """One warning in a process."""
    warnings.warn(
        "shiftmath.kernels: no folder can be written for compiled code, so each process compiles it again, for some 20 "
        "seconds; the variable NUMBA_CACHE_DIR names one",
        RuntimeWarning,
        stacklevel=2,
    )


def compiled(function: Callable | None = None, *, disjoint: bool = False, exact: bool = False) -> Any:
    """Decorator: the compiled function.

    disjoint promises that its arrays do not overlap; exact rounds each operation by itself.
    """
    if function is None:
        return lambda f: compiled(f, disjoint=disjoint, exact=exact)
    fastmath = set() if exact else {"contract"}
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath, "noalias": disjoint}
    dispatcher = njit(**options)(function)
    if not hasattr(dispatcher, "enable_caching"):  # NUMBA_DISABLE_JIT: the function itself
        return dispatcher
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # of numba, if it finds no folder
        warn_uncached()
        return dispatcher
    # Numba looks only at the file of the function itself, so it would keep code with an outdated copy of an inlined
    # callee.
    dispatcher._cache._cache_file._source_stamp = STAMP
    return dispatcher

"""How the CPU engine is compiled: numba with a disk cache, without the interpreter lock, a * b + c contracted."""

import hashlib
from pathlib import Path

from numba import njit
from numba.core.cpu import CPUTargetOptions
from numba.core.options import TargetOptions

# Numba has the flag, not the keyword. Without the promise that arrays are disjoint LLVM checks each pair of pointers at
# run time and
# gives up on vector instructions beyond eight of them.
CPUTargetOptions.noalias = TargetOptions.Mapping("noalias")


def source_stamp():
    """A digest of all modules that are compiled together."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("_*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


STAMP = source_stamp()


def compiled(function=None, *, disjoint=False, reassociate=False):
    """Decorator: the compiled function.

    Disjoint promises that its arrays do not overlap; reassociate lets a sum change its order.
    """
    if function is None:
        return lambda f: compiled(f, disjoint=disjoint, reassociate=reassociate)
    fastmath = {"contract", "reassoc"} if reassociate else {"contract"}
    dispatcher = njit(nogil=True, error_model="numpy", fastmath=fastmath, noalias=disjoint)(function)
    dispatcher.enable_caching()
    # Numba looks only at the file of the function itself, so it would keep code with an outdated copy of an inlined
    # callee.
    dispatcher._cache._cache_file._source_stamp = STAMP
    return dispatcher

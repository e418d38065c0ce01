"""What JAX compiles, kept in a folder for the next test or notebook.

It stands outside the package because it has to be asked before anything imports JAX.
"""

from importlib.metadata import version
from pathlib import Path

__all__ = ["compiled_once"]


def compiled_once(folder: Path) -> dict[str, str]:
    """Environment variables with which JAX keeps what it compiles in a folder, for other processes and later runs.

    For jax 0.5.3 alone. There programs of XLA's newer runtime for CPUs come back from the cache broken (loops return
    zeros), those of the older one do not; later releases have no older one, and refuse what they kept.
    """
    if version("jax") != "0.5.3":
        return {}
    return {
        "XLA_FLAGS": "--xla_cpu_use_thunk_runtime=false",
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_COMPILATION_CACHE_MAX_SIZE": str(2**29),  # with a limit it is locked while it is written
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }

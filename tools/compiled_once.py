"""What JAX compiles, kept in a folder for the next test or notebook.

It stands outside the package because it has to be asked before anything imports JAX.
"""

from importlib.metadata import version
from pathlib import Path

__all__ = ["compiled_once", "forget_oldest"]

MOST_BYTES = 2**29


def compiled_once(folder: Path) -> dict[str, str]:
    """Environment variables with which JAX keeps what it compiles in a folder, for other processes and later runs.

    For jax 0.5.3 alone. There programs of XLA's newer runtime for CPUs come back from the cache broken (loops return
    zeros), those of the older one do not; later releases have no older one, and refuse what they kept.

    Without a limit of JAX's own: to keep to one it reads the folder through, behind a lock, for each program that it
    adds (0.4 s at 7000 programs, half an hour for all of them). `forget_oldest` keeps to one once a run.
    """
    if version("jax") != "0.5.3":
        return {}
    return {
        "XLA_FLAGS": "--xla_cpu_use_thunk_runtime=false",
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }


def forget_oldest(folder: Path, most_bytes: int = MOST_BYTES) -> None:
    """Remove what was written first, until the folder has at most so many bytes."""
    files = sorted(((f.stat(), f) for f in folder.glob("*-cache")), key=lambda pair: -pair[0].st_mtime_ns)
    kept = 0
    for stat, file in files:
        kept += stat.st_size
        if kept > most_bytes:
            file.unlink(missing_ok=True)

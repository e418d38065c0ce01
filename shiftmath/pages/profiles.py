"""The two profiles of the notebooks, quick and full, and the line in which a page says how it was made.

The environment variable `SHIFTMATH_PROFILE` chooses; without it a notebook runs quick.
"""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from shiftmath._shared.arguments import as_text

__all__ = ["choose", "compiled_once", "profile", "provenance"]

PACKAGES = ("shiftmath", "numpy", "scipy", "scikit-learn", "matplotlib", "jax", "equinox", "optax")

T = TypeVar("T")


def profile() -> str:
    """The profile in force: quick or full.

    Raises:
        ValueError: `SHIFTMATH_PROFILE` is set to something else.
    """
    name = os.environ.get("SHIFTMATH_PROFILE", "quick")
    if name not in ("quick", "full"):
        raise ValueError(f"SHIFTMATH_PROFILE: got {name!r}, takes quick or full")
    return name


def choose(*, quick: T, full: T) -> T:
    """The value for the profile in force."""
    return quick if profile() == "quick" else full


def provenance(data: str) -> str:
    """How a page was made: profile, data and versions."""
    versions = ", ".join(f"{p} {version(p)}" for p in PACKAGES)
    data = as_text("data", data, "words")
    return f"profile: {profile()}\ndata: {data}\nPython {platform.python_version()}, {versions}"


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

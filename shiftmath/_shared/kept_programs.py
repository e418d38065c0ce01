"""Compiled programs that JAX keeps in a folder, where they come back broken."""

import os
import warnings
from functools import cache

import jax

__all__ = ["warn_of_kept_programs"]

OLDER_RUNTIME = "--xla_cpu_use_thunk_runtime=false"


def warn_of_kept_programs() -> None:
    """A RuntimeWarning, once, where results cannot be trusted: loops that JAX reads from its cache return zeros.

    So they do in jax 0.5 on a CPU, with a folder for compiled programs and the newer of XLA's two runtimes.
    """
    folder = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    newer = OLDER_RUNTIME not in os.environ.get("XLA_FLAGS", "")
    if folder and newer and jax.__version_info__ < (0, 6) and jax.default_backend() == "cpu":
        _warn(folder)


@cache
def _warn(folder: str) -> None:
    warnings.warn(
        f"jax_compilation_cache_dir: got {folder!r} with jax {jax.__version__}, whose loops return zeros when they are "
        f"read from there; takes None, or the environment variable XLA_FLAGS={OLDER_RUNTIME}",
        RuntimeWarning,
        stacklevel=4,
    )

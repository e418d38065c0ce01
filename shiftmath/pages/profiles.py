"""The two profiles of the notebooks, quick and full, and the line in which a page says how it was made.

The environment variable `SHIFTMATH_PROFILE` chooses; without it a notebook runs quick.
"""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TypeVar

from shiftmath._shared.arguments import as_text

__all__ = ["choose", "profile", "provenance"]

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


def provenance(data: str, *also: str) -> str:
    """How a page was made: profile, data and versions, those of further packages that the page uses among them."""
    versions = ", ".join(f"{p} {_version(as_text('also', p, 'names of packages'))}" for p in (*PACKAGES, *also))
    data = as_text("data", data, "words")
    return f"profile: {profile()}\ndata: {data}\nPython {platform.python_version()}, {versions}"


def _version(package: str) -> str:
    try:
        return version(package)
    except (PackageNotFoundError, ValueError):
        return "not installed"

"""Checks of what a user passes. Every message names the argument, what it got and what it takes."""

import math
import numbers
import os
import sys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_count, require_finite

DTYPES = "float32, float64, float16, integers or booleans"
SIGNALS = "at least one signal with at least one pixel and channel"


def deviation(name: str, value: Any, *, positive: bool = False) -> float:
    """A standard deviation, non-negative or positive, as a finite float."""
    takes = f"a {'positive' if positive else 'non-negative'} finite number"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: got {value!r}, takes {takes}")
    if not math.isfinite(value) or value < 0 or (positive and value == 0):
        raise ValueError(f"{name}: got {value!r}, takes {takes}")
    return float(value)


def per_axis(name: str, value: Any) -> int | tuple[int, ...]:
    """A positive whole number, or a tuple of one or two of them."""
    if not isinstance(value, (tuple, list)):
        return as_count(name, value)
    if len(value) not in (1, 2):
        raise ValueError(f"{name}: got {value!r}, takes a whole number or a tuple of one or two, one per spatial axis")
    return tuple(as_count(name, v) for v in value)


def image_shape(name: str, value: Any) -> tuple[int, ...]:
    """(*spatial, channels) as a tuple of two or three positive whole numbers."""
    takes = "a tuple (length, channels) or (height, width, channels)"
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name}: got {value!r}, takes {takes}")
    if len(value) not in (2, 3):
        raise ValueError(f"{name}: got {value!r}, takes {takes}")
    return tuple(as_count(name, v) for v in value)


def is_jax(*arrays: Any) -> bool:
    """Whether one of the arguments is a JAX array or tracer; without importing JAX, which then has not made any."""
    jax = sys.modules.get("jax")
    return jax is not None and any(isinstance(a, jax.Array) for a in arrays)


def numpy_array(name: str, value: ArrayLike) -> np.ndarray:
    """Finite numbers as a NumPy array: float32 and float64 as they are, float16 in float32, the others in float64."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: got rows of unequal lengths, takes an array of {DTYPES}") from error
    if array.dtype not in (np.float16, np.float32, np.float64) and array.dtype.kind not in "biu":
        raise TypeError(f"{name}: got dtype {array.dtype}, takes {DTYPES}")
    if array.size == 0:
        raise ValueError(f"{name}: got shape {array.shape}, takes {SIGNALS}")
    require_finite(name, array)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def jax_array(name: str, value: Any) -> Any:
    """Finite numbers as a floating JAX array of at least 32 bits; the values of a tracer are not known yet."""
    import jax
    import jax.numpy as jnp

    array = value if isinstance(value, jax.Array) else jnp.asarray(numpy_array(name, value))
    floating = jnp.issubdtype(array.dtype, jnp.floating)
    if not (floating or jnp.issubdtype(array.dtype, jnp.integer) or array.dtype == bool):
        raise TypeError(f"{name}: got dtype {array.dtype}, takes {DTYPES}")
    if array.size == 0:
        raise ValueError(f"{name}: got shape {array.shape}, takes {SIGNALS}")
    if not isinstance(array, jax.core.Tracer):
        # By NumPy: inside a transformation jax.numpy would make a tracer of a constant array.
        require_finite(name, np.asarray(array))
    if not floating:
        return array.astype(float)
    return array.astype(jnp.float32) if array.dtype.itemsize < 4 else array


def signals(X: Any, Z: Any) -> tuple[list[Any], bool]:
    """([X] or [X, Z] as floating arrays of one dtype, whether they are JAX arrays)."""
    given = [("X", X)] if Z is None else [("X", X), ("Z", Z)]
    on_jax = is_jax(X, Z)
    arrays = [(jax_array if on_jax else numpy_array)(*item) for item in given]
    if len({a.dtype for a in arrays}) == 2:
        arrays = [a.astype(np.float64) for a in arrays]
    return arrays, on_jax


def fits_memory(n: int, m: int, itemsize: int) -> None:
    """Raises if an (n, m) result exceeds the memory of this machine."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return
    wanted, memory = n * m * itemsize, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if wanted > memory:
        raise ValueError(
            f"X and Z: got {n} and {m} signals, whose Gram matrix would take {wanted} bytes, takes as many as fit the "
            f"{memory} of this machine; compute it in blocks kernel(X[a:b], Z[c:d]) and store each"
        )

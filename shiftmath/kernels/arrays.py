"""Checks of what a user passes. Every message names the argument, what it got and what it takes."""

import operator
import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_count, require_finite

ARRAYS = "an array of float32, float64, float16, integers or booleans"
SIGNALS = "at least one signal with at least one pixel and channel"


def sizes(name: str, value: Any, axes: int) -> int | tuple[int, ...]:
    """A positive whole number, or a tuple of one for each spatial axis."""
    if not isinstance(value, (tuple, list)):
        return as_count(name, value)
    if len(value) != axes:
        raise ValueError(f"{name}: got {value!r}, takes a whole number or a tuple of {axes}, one per spatial axis")
    return _counts(name, value)


def image_shape(name: str, value: Any, axes: int) -> tuple[int, ...] | None:
    """(*spatial) or (*spatial, channels) as a tuple of positive whole numbers, or None."""
    if value is None:
        return None
    takes = "a tuple " + {1: "(length,) or (length, channels)", 2: "(height, width) or (height, width, channels)"}[axes]
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name}: got {value!r}, takes {takes}")
    if len(value) not in (axes, axes + 1):
        raise ValueError(f"{name}: got {value!r}, takes {takes}")
    return _counts(name, value)


def _counts(name: str, values: tuple | list) -> tuple[int, ...]:
    """Positive whole numbers as Python's own; a tuple of such is returned itself, as `sklearn.base.clone` asks."""
    counts = tuple(as_count(name, v) for v in values)
    return values if type(values) is tuple and all(map(operator.is_, counts, values)) else counts


def is_jax(*arrays: Any) -> bool:
    """Whether one of the arguments is a JAX array or tracer; without importing JAX, which then has not made any."""
    jax = sys.modules.get("jax")
    return jax is not None and any(isinstance(a, jax.Array) for a in arrays)


def is_traced(array: Any) -> bool:
    """Whether `array` is a tracer of JAX, whose values are not known yet."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(array, jax.core.Tracer)


def numpy_array(name: str, value: ArrayLike) -> np.ndarray:
    """Finite numbers as a NumPy array: float32 and float64 as they are, float16 in float32, the others in float64."""
    array = np.asarray(as_array(name, value, ARRAYS))
    if array.size == 0:
        raise ValueError(f"{name}: got shape {array.shape}, takes {SIGNALS}")
    if array.dtype.kind not in "biuf":  # bfloat16 and float8 of a library that NumPy knows
        array = array.astype(np.float32)
    require_finite(name, array)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def jax_array(name: str, value: Any) -> Any:
    """Finite numbers as a floating JAX array of at least 32 bits; the values of a tracer are not known yet."""
    import jax
    import jax.numpy as jnp

    from shiftmath._shared.kept_programs import warn_of_kept_programs

    warn_of_kept_programs()
    array = value if isinstance(value, jax.Array) else jnp.asarray(numpy_array(name, value))
    floating = jnp.issubdtype(array.dtype, jnp.floating)
    if not (floating or jnp.issubdtype(array.dtype, jnp.integer) or array.dtype == bool):
        raise TypeError(f"{name}: got dtype {array.dtype}, takes {ARRAYS}")
    if array.size == 0:
        raise ValueError(f"{name}: got shape {array.shape}, takes {SIGNALS}")
    if not is_traced(array):
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


def measurable(signals: Sequence[Any]) -> None:
    """A ValueError that names X or Z if an entry is so large that the square of a bias is no number beside it.

    The engines of NumPy arrays compute in float64. Smooth activations see the angle between a large entry and the bias.
    """
    for name, array in zip("XZ", signals, strict=False):
        largest = 0.0 if is_traced(array) else float(np.abs(np.asarray(array)).max())
        least = float(np.finfo(array.dtype if is_jax(array) else float).tiny) ** -0.5
        if largest > least:
            takes = f"{least:.2g} at most where the activation is smooth and there is a bias"
            raise ValueError(f"{name}: got entries up to {largest:.3g}, takes {takes}")


def finite_kernel(names: Sequence[str], signals: Sequence[Any], result: Any) -> Any:
    """`result`, of a kernel of these signals; a ValueError that names the larger signals if it is not finite."""
    if is_traced(result):
        return result
    values = np.asarray(result)
    if np.isfinite(values.max()) and np.isfinite(values.min()):  # NaN passes through both; no array of booleans
        return result
    largest = [float(np.abs(np.asarray(a)).max()) for a in signals]
    worst = int(np.argmax(largest))
    raise ValueError(
        f"{names[worst]}: got entries up to {largest[worst]:.3g}, whose kernel is not finite in {values.dtype}, takes "
        "smaller ones, or a kernel of smaller deviations"
    )


def fits_memory(n: int, m: int, itemsize: int, on_jax: bool = False) -> None:
    """Raises if an (n, m) result exceeds the memory of this machine; JAX knows that of other devices."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return
    if on_jax and sys.modules["jax"].default_backend() != "cpu":
        return
    wanted, memory = n * m * itemsize, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if wanted > memory:
        raise ValueError(
            f"X and Z: got {n} and {m} signals, whose Gram matrix would take {wanted} bytes, takes as many as fit the "
            f"{memory} of this machine; compute it in blocks kernel(X[a:b], Z[c:d]) and store each"
        )

"""Checks of what a user passes. Every message names the argument, what it got and what it takes."""

import math
import numbers
import os
import sys

import numpy as np


def whole_number(name, value, least):
    """value as an int of at least least."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} is {value!r}; it takes a whole number of at least {least}")
    if value < least:
        raise ValueError(f"{name} is {value}; it takes a whole number of at least {least}")
    return int(value)


def finite_number(name, value, positive=False):
    """value as a finite float, non-negative or positive."""
    kind = "a positive" if positive else "a non-negative"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {value!r}; it takes {kind} finite number")
    if not math.isfinite(value) or value < 0 or (positive and value == 0):
        raise ValueError(f"{name} is {value}; it takes {kind} finite number")
    return float(value)


def any_finite(name, value):
    """value as a finite float."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {value!r}; it takes a finite number")
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}; it takes a finite number")
    return float(value)


def one_of(name, value, choices):
    """value, if it is one of the choices."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; it takes one of {', '.join(map(repr, choices))}")
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; it takes one of {', '.join(map(repr, choices))}")
    return value


def per_axis(name, value, least=1):
    """A whole number, or a tuple of one or two of them."""
    if not isinstance(value, (tuple, list)):
        return whole_number(name, value, least)
    if len(value) not in (1, 2):
        raise ValueError(
            f"{name} is {value!r}; it takes a whole number or a tuple with one per spatial axis, so one or two"
        )
    return tuple(whole_number(name, v, least) for v in value)


def image_shape(name, value):
    """(*spatial, channels) as a tuple of two or three positive whole numbers."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name} is {value!r}; it takes a tuple (*spatial, channels)")
    if len(value) not in (2, 3):
        raise ValueError(f"{name} is {value!r}; it takes (length, channels) or (height, width, channels)")
    return tuple(whole_number(name, v, 1) for v in value)


def is_jax(*arrays):
    """Whether one of the arguments is a JAX array or tracer; without importing JAX, which then has not made any."""
    jax = sys.modules.get("jax")
    return jax is not None and any(isinstance(a, jax.Array) for a in arrays)


def real_array(name, value):
    """value as a floating NumPy array.

    Float32 and float64 stay, float16 becomes float32, integers and booleans float64.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is ragged ({error}); it takes a rectangular array of numbers") from None
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype.kind in "biu" and array.dtype.kind != "O":
        return array.astype(np.float64)
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name} has dtype {array.dtype}; it takes float32, float64, integers or booleans")
    return array


def finite_array(name, value):
    """value as a floating NumPy array that is neither empty nor has NaN or infinite entries."""
    array = real_array(name, value)
    if array.size == 0:
        raise ValueError(
            f"{name} is empty, shape {array.shape}; it takes at least one signal with at least one pixel and channel"
        )
    bad = array.size - np.count_nonzero(np.isfinite(array))
    if bad:
        raise ValueError(f"{name} has {bad} NaN or infinite entries of {array.size}; it takes finite numbers")
    return array


def jax_array(name, value):
    """value as a floating JAX array; its values are not inspected, they may not be known yet."""
    import jax.numpy as jnp

    array = jnp.asarray(value)
    if array.size == 0:
        raise ValueError(
            f"{name} is empty, shape {array.shape}; it takes at least one signal with at least one pixel and channel"
        )
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise TypeError(f"{name} has dtype {array.dtype}; it takes a real dtype")
    half = array.dtype in (jnp.float16, jnp.bfloat16)
    return (
        array.astype(jnp.float32)
        if half
        else array
        if jnp.issubdtype(array.dtype, jnp.floating)
        else array.astype(float)
    )


def signals(X, Z):
    """([X] or [X, Z] as floating arrays of one dtype, whether they are JAX arrays)."""
    given = [("X", X)] if Z is None else [("X", X), ("Z", Z)]
    on_jax = is_jax(X, Z)
    arrays = [(jax_array if on_jax else finite_array)(*item) for item in given]
    if len({a.dtype for a in arrays}) == 2:
        arrays = [a.astype(np.float64) for a in arrays]
    return arrays, on_jax


def fits_memory(n, m, itemsize):
    """Raises if an (n, m) result exceeds the memory of this machine."""
    wanted = n * m * itemsize
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if wanted > memory:
        raise ValueError(
            f"the ({n}, {m}) Gram matrix would take {wanted} bytes, this machine has {memory}; "
            "compute it in blocks kernel(X[a:b], Z[c:d]) and store each"
        )

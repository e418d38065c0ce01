"""Circular sums over windows, for the JAX engine: the pixels on the axes -3 and -2, many pairs of images on the last.

XLA makes one loop for one array that it writes, and computes anew what two loops need. Hence D and T are the two parts
of one complex array, and there are barriers around what all taps of a filter read: on a CPU XLA would compute a whole
layer once for each of them. Its loops are vectorised over the last axis, unless they write where they read.
"""

import functools
import operator

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, Inexact

Pixels = Inexact[Array, "*batch H W pairs"]
Longer = Inexact[Array, "*batch longer_H longer_W pairs"]


def apart(v: Pixels) -> Pixels:
    """v, computed before what reads it, on a CPU; elsewhere XLA decides."""
    return jax.lax.optimization_barrier(v) if jax.default_backend() == "cpu" else v


def together(a: Float[Array, "..."], b: Float[Array, "..."]) -> Complex[Array, "..."]:
    """The two arrays as one."""
    return jax.lax.complex(*jnp.broadcast_arrays(a, b))


def wrapped(v: Pixels, before: int, after: int, axis: int) -> Longer:
    """v with so many pixels more on an axis, as it is on a circle."""
    n = v.shape[axis]
    head, tail = before % n, after % n
    parts = [jax.lax.slice_in_dim(v, n - head, n, axis=axis)] if head else []
    parts += [v] * (before // n + 1 + after // n)
    parts += [jax.lax.slice_in_dim(v, 0, tail, axis=axis)] if tail else []
    return apart(jnp.concatenate(parts, axis)) if len(parts) > 1 else v


def box(v: Pixels, q: tuple[int, int]) -> Pixels:
    """Circular box sum over the axes of pixels, the window of `_numba.boxes`, by doubling."""
    for axis, taps in ((-2, q[1]), (-3, q[0])):
        low = (taps - 1) // 2
        v = windows(wrapped(v, low, taps - 1 - low, axis), taps, axis)
    return v


def windows(v: Longer, taps: int, axis: int) -> Pixels:
    """The sums of so many neighbours on an axis, for every window within it."""
    axis += v.ndim
    many, length, start, parts = v.shape[axis] - taps + 1, 1, 0, []
    while length <= taps:
        if taps & length:
            parts.append(jax.lax.slice_in_dim(v, start, start + many, axis=axis))
            start += length
        if 2 * length <= taps:
            most = v.shape[axis] - length
            v = operator.add(*(jax.lax.slice_in_dim(v, s, s + most, axis=axis) for s in (0, length)))
        length *= 2
    return functools.reduce(operator.add, parts)

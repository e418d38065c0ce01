r"""The two norms of signals, "l2" and "linf": length, steepest step, projection, and random points of their balls."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

__all__ = [
    "NORMS",
    "apart",
    "furthest",
    "is_extreme",
    "largest_length",
    "length",
    "random_in_ball",
    "reach",
    "rounded_in",
    "steepest",
    "to_ball",
    "unit",
]

NORMS = ("l2", "linf")
Signal = Float[Array, "*signal"]
Scalar = Float[Array, ""]


def length(delta: Signal, norm: str = "l2", extreme: bool = False) -> Scalar:
    r"""$\sqrt{\sum_i \delta_i^2}$ or $\max_i |\delta_i|$; with `extreme` also where squares overflow or underflow.

    >>> float(length(jnp.array([3.0, -4.0]))), float(length(jnp.array([3.0, -4.0]), "linf"))
    (5.0, 4.0)
    >>> round(float(length(jnp.array([3e30, -4e30], jnp.float32), extreme=True)) / 1e30, 6)
    5.0
    """
    if norm == "linf":
        return jnp.abs(delta).max()
    return _scaled_length(delta) if extreme else _root_of_squares(delta)


def apart(p: Signal, x: Signal, norm: str) -> Scalar:
    """length(p - x, norm), where squares overflow or underflow too."""
    if norm == "linf":
        return jnp.abs(p - x).max()
    limits, direct = jnp.finfo(x.dtype), _root_of_squares(p - x)
    safe = (direct > math.sqrt(limits.tiny / limits.eps)) & (direct < jnp.inf)
    # Not p - x twice: XLA would compute it once, and sum its squares in another order.
    return jnp.where(safe, direct, _scaled_length(x - p))


def _root_of_squares(delta: Signal) -> Scalar:
    return jnp.sqrt(jnp.sum(delta * delta))


def _scaled_length(delta: Signal) -> Scalar:
    limits, largest = jnp.finfo(delta.dtype), jnp.abs(delta).max()
    # XLA squares the factor of a constant 0 by itself: were it 1 / tiny, 0 inf.
    size = jnp.where(largest > 0, jnp.clip(largest, limits.tiny, largest_length(delta.dtype)), 1)
    # To divide by a power of two rounds nothing.
    size = jax.lax.reduce_precision(size, limits.nexp, 0)
    return size * _root_of_squares(delta * (1 / size))


def furthest(x: Signal, box: Any, norm: str, extreme: bool) -> Scalar:
    """How far from x the box reaches."""
    low, high = box
    return length(jnp.maximum(x - low, high - x), norm, extreme)


def reach(X: Any) -> Any:
    """No signal of X is longer; what JAX traces as it is."""
    return X if isinstance(X, jax.core.Tracer) else math.sqrt(X[0].size) * float(np.abs(np.asarray(X)).max())


def is_extreme(dtype: Any, *lengths: Any) -> bool:
    """Whether squares of such lengths or of their sums may overflow, or lose digits to underflow.

    What JAX traces counts as ordinary.
    """
    known = [np.asarray(a, float) for a in lengths if not isinstance(a, jax.core.Tracer)]
    limits = jnp.finfo(dtype)
    low, high = math.sqrt(limits.tiny) / float(limits.eps), math.sqrt(limits.max) / 4
    return any(((a > high) | ((a > 0) & (a < low))).any() for a in known)


def largest_length(dtype: Any) -> float:
    """An eighth of the largest number: lengths below it can be added."""
    return float(jnp.finfo(dtype).max) / 8


def unit(g: Signal, otherwise: Signal | float = 0.0) -> Signal:
    """g / |g| in l2, and `otherwise` where g = 0."""
    largest = jnp.abs(g).max()
    scaled = g / jnp.where(largest > 0, largest, 1)
    return jnp.where(largest > 0, scaled / jnp.maximum(_root_of_squares(scaled), 1), otherwise)


def steepest(g: Signal, norm: str) -> Signal:
    r"""The step of length 1 with the largest $\langle g, \delta\rangle$: g / |g| or the signs of g; 0 where g = 0."""
    return jnp.sign(g) if norm == "linf" else unit(g)


def to_ball(delta: Signal, radius: Scalar, norm: str, extreme: bool = False) -> Signal:
    """The point of the ball around 0 that is nearest in l2."""
    if norm == "linf":
        return jnp.clip(delta, -radius, radius)
    return delta * (
        radius / jnp.maximum(jnp.maximum(length(delta, norm, extreme), radius), jnp.finfo(delta.dtype).tiny)
    )


def rounded_in(x: Signal, p: Signal, radius: Scalar, norm: str) -> Signal:
    """The point p, or where rounding put it beyond the radius around x the first of those nearer to x by 1, 2, 4, ...
    eps of the way that is not."""

    def shorter(state: Any) -> Any:
        part, _, _ = state
        nearer = jnp.where(part < 1, p + part * (x - p), x)
        return 2 * part, nearer, apart(nearer, x, norm)

    begin = jnp.asarray(jnp.finfo(p.dtype).eps, p.dtype), p, apart(p, x, norm)
    return jax.lax.while_loop(lambda state: state[2] > radius, shorter, begin)[1]


def random_in_ball(key: Array, x: Signal, norm: str) -> Signal:
    r"""Uniform in the unit ball, of the shape of x: in l2 a uniform direction times $U^{1/d}$."""
    if norm == "linf":
        return jax.random.uniform(key, x.shape, x.dtype, -1, 1)
    towards, how_far = jax.random.split(key)
    direction = unit(jax.random.normal(towards, x.shape, x.dtype))
    return direction * jax.random.uniform(how_far, (), x.dtype) ** (1 / x.size)

r"""The two norms of signals, "l2" and "linf": length, steepest step, projection, and random points of their balls."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["NORMS", "length", "random_in_ball", "steepest", "to_ball", "unit"]

NORMS = ("l2", "linf")
Signal = Float[Array, "*signal"]
Scalar = Float[Array, ""]


def length(delta: Signal, norm: str = "l2") -> Scalar:
    r"""$\sqrt{\sum_i \delta_i^2}$ or $\max_i |\delta_i|$.

    >>> float(length(jnp.array([3.0, -4.0]))), float(length(jnp.array([3.0, -4.0]), "linf"))
    (5.0, 4.0)
    """
    return jnp.abs(delta).max() if norm == "linf" else jnp.sqrt(jnp.sum(delta * delta))


def unit(g: Signal, otherwise: Signal | float = 0.0) -> Signal:
    """g / |g| in l2, and `otherwise` where g = 0."""
    largest = jnp.abs(g).max()
    # Squares of numbers below 1e-19 underflow in float32.
    scaled = g / jnp.where(largest > 0, largest, 1)
    return jnp.where(largest > 0, scaled / jnp.maximum(length(scaled), 1), otherwise)


def steepest(g: Signal, norm: str) -> Signal:
    r"""The step of length 1 with the largest $\langle g, \delta\rangle$: g / |g| or the signs of g; 0 where g = 0."""
    return jnp.sign(g) if norm == "linf" else unit(g)


def to_ball(delta: Signal, radius: Scalar, norm: str) -> Signal:
    """The point of the ball around 0 that is nearest in l2."""
    if norm == "linf":
        return jnp.clip(delta, -radius, radius)
    return delta * (radius / jnp.maximum(jnp.maximum(length(delta), radius), jnp.finfo(delta.dtype).tiny))


def random_in_ball(key: Array, x: Signal, norm: str) -> Signal:
    r"""Uniform in the unit ball, of the shape of x: in l2 a uniform direction times $U^{1/d}$."""
    if norm == "linf":
        return jax.random.uniform(key, x.shape, x.dtype, -1, 1)
    towards, how_far = jax.random.split(key)
    direction = unit(jax.random.normal(towards, x.shape, x.dtype))
    return direction * jax.random.uniform(how_far, (), x.dtype) ** (1 / x.size)

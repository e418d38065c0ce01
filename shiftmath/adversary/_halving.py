"""The way from a sample to a misclassified point, halved until its end is on the boundary, just beyond it."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

__all__ = ["Way", "halvings", "landed", "middle", "narrowed", "whole"]

Signal = Float[Array, "*signal"]


class Way(NamedTuple):
    """Shares of the way: at `low` f is right, or not looked at, at `high` it is misclassified."""

    low: Float[Array, ""]
    high: Float[Array, ""]


def halvings(dtype: Any) -> int:
    """As many as three fifths of the digits of the dtype (31 in float64, 13 in float32).

    With more the point would be classified right again with other roundings of f.
    """
    return int(3 * jnp.finfo(dtype).nmant // 5)


def whole(dtype: Any) -> Way:
    """All of the way."""
    return Way(jnp.zeros((), dtype), jnp.ones((), dtype))


def middle(way: Way, x: Signal, point: Signal) -> Signal:
    """The point halfway between the two shares."""
    return x + (way.low + way.high) / 2 * (point - x)


def narrowed(way: Way, across: Bool[Array, ""]) -> Way:
    """The half at whose ends f differs: the first where the middle is misclassified, else the second."""
    share = (way.low + way.high) / 2
    return Way(jnp.where(across, way.low, share), jnp.where(across, share, way.high))


def landed(way: Way, x: Signal, point: Signal) -> Signal:
    """The misclassified end; where no middle was misclassified, `point` itself."""
    return jnp.where(way.high < 1, x + way.high * (point - x), point)

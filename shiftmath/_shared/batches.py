"""A function of one entry for many of them, some at a time, compiled once."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["in_batches"]


def in_batches(f: Callable[[Any], Any], xs: Any, most: int) -> Any:
    """f of each entry along the first axis of the arrays `xs`, at most so many entries at a time.

    `jax.lax.map(f, xs, batch_size=most)` compiles f a second time for what is left after the last whole batch; jax
    0.5.3 also where nothing is left, or all fits into one. Here batches are of one size, the last one filled up with
    copies of the first entry.

    >>> in_batches(lambda x: x**2, jnp.arange(5), 2).tolist()
    [0, 1, 4, 9, 16]
    """
    n = len(jax.tree.leaves(xs)[0])
    if n <= most:
        return jax.vmap(f)(xs)
    batches = -(-n // most)
    size = -(-n // batches)

    def batched(x: Any) -> Any:
        copies = jnp.broadcast_to(x[:1], (batches * size - n, *x.shape[1:]))
        return jnp.concatenate([x, copies]).reshape(batches, size, *x.shape[1:])

    ys = jax.lax.map(jax.vmap(f), jax.tree.map(batched, xs))
    return jax.tree.map(lambda y: y.reshape(-1, *y.shape[2:])[:n], ys)

r"""What training decreases: the mean loss of a batch.

- "cross-entropy": $-\log \mathrm{softmax}(f(x))_y$ for labels y = 0, ..., classes - 1;
- "squared": $\tfrac12 |f(x) - y|^2$ for targets y of the shape of f(x);
- a function of (network, X, y) that gives a number, for labels y; batch norms keep their statistics. One that gives a
  pair, of the number and the network with its statistics moved as `layers.on_batch` does, moves them.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax
from jaxtyping import Array

from shiftmath._shared.arguments import as_choice
from shiftmath._shared.values import show
from shiftmath.networks.layers import on_batch

__all__ = ["Loss", "as_loss", "batch_loss"]

Loss = str | Callable[[Any, Array, Array], Any]


def as_loss(loss: Any) -> Loss:
    """One of the names, or a function."""
    if callable(loss) and not isinstance(loss, type):
        return loss
    if not isinstance(loss, str):
        raise TypeError(f"loss: got {show(loss)}, takes 'cross-entropy', 'squared', or a function (network, X, y)")
    return as_choice("loss", loss, ("cross-entropy", "squared"))


def batch_loss(network: Any, X: Array, y: Array, loss: Loss) -> tuple[Array, Any]:
    """The loss of a batch X (n, ...), and the network with the statistics of its batch norms moved."""
    if not isinstance(loss, str):
        found = loss(network, X, y)
        return found if isinstance(found, tuple) else (found, network)
    outputs, moved = on_batch(network, X)
    if loss == "squared":
        return 0.5 * jnp.sum((outputs - y) ** 2) / len(X), moved
    return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean(), moved

r"""What TIPS is trained with: cross-entropy, and the means over its layers of the two penalties of `learned`.

$$(1 - \alpha)\,\mathrm{CE} + \mathrm{mean}_l\, R(\tau_l) + \alpha\, \mathrm{mean}_l\, U(\psi_l, x_l),$$

R the `one_hot_penalty`, U the `undo_loss`, as the released code has them, with $\alpha = 0.35$; there the last term is
left out for the first epochs, 192 by default and 100 of 480 in the command of its readme, as is done here with
`undo=False`. A layer's penalties are means over the batch, and over a layer's channels.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from shiftmath._shared.arguments import as_bool, as_count, as_number
from shiftmath.networks.downsampling.learned import TIPS, one_hot_penalty, undo_loss
from shiftmath.networks.layers import Network, on_batch

__all__ = ["TIPSLoss"]


@dataclass(frozen=True)
class TIPSLoss:
    """The loss above of a `Network` with TIPS among its layers, for `fit` and `fit_many`.

    Attributes:
        alpha: the weight of the last term, from 0 to below 1.
        reach: the shifts of the last term, circular, by up to so many positions of each layer's input; x is frozen.
        undo: whether the last term is there.

    >>> TIPSLoss(undo=False)
    TIPSLoss(alpha=0.35, reach=2, undo=False)
    """

    alpha: float = 0.35
    reach: int = 2
    undo: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", as_number("alpha", self.alpha, least=0, below=1))
        object.__setattr__(self, "reach", as_count("reach", self.reach, 0))
        object.__setattr__(self, "undo", as_bool("undo", self.undo))

    def __call__(self, network: Network, X: Array, y: Array) -> tuple[Array, Network]:
        """For a batch X (n, ...) and labels y: the loss, and the network with the statistics of its norms moved."""
        terms, layers = [], []
        for layer in network.layers:
            if isinstance(layer, TIPS):
                terms.append(jax.vmap(lambda x, layer=layer: self._penalties(layer, x))(X).mean())
            X, moved = on_batch(layer, X)
            layers.append(moved)
        if not terms:
            raise ValueError("network: got no TIPS among its layers, takes one with it")
        task = optax.softmax_cross_entropy_with_integer_labels(X, y).mean()
        return (1 - self.alpha) * task + jnp.stack(terms).mean(), Network(tuple(layers))

    def _penalties(self, layer: TIPS, x: Array) -> Any:
        """R and alpha U of one layer, for its input x."""
        value = one_hot_penalty(layer.choice(x))
        return value + self.alpha * undo_loss(layer.features(x), x, self.reach) if self.undo else value

r"""A residual block that downsamples: one choice of the component for both branches.

relu(body(down(h)) + shortcut(down(x))) with h = before(x): the choice is made on h and handed to the shortcut. With a
choice of its own the shortcut may keep another component than the body, and their sum is no more equivariant.
"""

import equinox as eqx
import jax
from jaxtyping import Array

from shiftmath.networks.downsampling.fixed import Downsampler
from shiftmath.networks.layers import Network, on_batch

__all__ = ["DownsamplingResidual"]


class DownsamplingResidual(eqx.Module):
    """The block above. With `apart` the shortcut has that downsampler and its own choice; TIPS is published so."""

    before: Network
    down: Downsampler
    body: Network
    shortcut: Network
    apart: Downsampler | None = None

    def __call__(self, x: Array) -> Array:
        """Of the shape of both branches."""
        h, x = self._both(self.before(x), x)
        return jax.nn.relu(self.body(h) + self.shortcut(x))

    def _both(self, h: Array, x: Array) -> tuple[Array, Array]:
        """The two branches after downsampling."""
        choice = self.down.choice(h)
        return self.down.apply(h, choice), self.down.apply(x, choice) if self.apart is None else self.apart(x)

    def on_batch(self, X: Array) -> tuple[Array, "DownsamplingResidual"]:
        """Y for X (n, ...) as in training, and the block with the statistics of its batch norms moved."""
        H, before = on_batch(self.before, X)
        H, X = jax.vmap(self._both)(H, X)
        Y, body = on_batch(self.body, H)
        Z, shortcut = on_batch(self.shortcut, X)
        return jax.nn.relu(Y + Z), DownsamplingResidual(before, self.down, body, shortcut, self.apart)

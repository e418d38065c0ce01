r"""What an attack is after, what it decreases and what it ascends, for the logits z of one signal and a label.

A scalar output f with labels $\pm 1$ is a pair of logits (0, f): then the margin is $y f$. All three losses grow
towards the boundary:

- "margin", minus the margin: $\max_{k \ne y} z_k - z_y$;
- "log-odds", $s = \log \sum_{k \ne y} e^{z_k} - z_y$;
- "cross-entropy", $-\log \mathrm{softmax}(z)_y = \log(1 + e^s)$.

The cross-entropy is an increasing function of the log-odds, so their gradients have one direction, and an attack that
normalises gradients takes the same steps with both. But the gradient of the cross-entropy carries the factor
$1 - \mathrm{softmax}(z)_y$, which is rounded to 0 where a network is sure of itself: "cross-entropy" is here to show
how such a network looks more robust than it is.

With a target t an attack ascends minus the loss of t.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

__all__ = ["LOSSES", "Goal", "log_odds", "logits", "look", "margin"]

Logits = Float[Array, "classes"]
Label = Int[Array, ""]
Loss = Callable[[Logits, Label], Float[Array, ""]]


def logits(f: Callable[[Any], Any], x: Float[Array, "*signal"]) -> Any:
    """f(x), a scalar as the pair (0, f(x)); a whole number is a label and stays one."""
    z = f(x)
    return z if jnp.ndim(z) or not jnp.issubdtype(z.dtype, jnp.floating) else jnp.stack([jnp.zeros_like(z), z])


def margin(z: Logits, label: Label) -> Float[Array, ""]:
    r"""$z_y - \max_{k \ne y} z_k$: positive where the class is right.

    >>> float(margin(jnp.array([1.0, 5.0, 2.0]), 1))
    3.0
    """
    mine = jnp.arange(len(z)) == label
    return jnp.where(mine, z, 0).sum() - jnp.where(mine, -jnp.inf, z).max()


def log_odds(z: Logits, label: Label) -> Float[Array, ""]:
    r"""$\log \sum_{k \ne y} e^{z_k} - z_y$.

    >>> round(float(log_odds(jnp.log(jnp.array([0.1, 0.6, 0.3])), 1)), 6)  # log of 0.4 / 0.6
    -0.405465
    """
    mine = jnp.arange(len(z)) == label
    return jax.nn.logsumexp(jnp.where(mine, -jnp.inf, z)) - jnp.where(mine, z, 0).sum()


def _cross_entropy(z: Logits, label: Label) -> Float[Array, ""]:
    return -jnp.where(jnp.arange(len(z)) == label, jax.nn.log_softmax(z), 0).sum()


LOSSES: dict[str, Loss] = {
    "margin": lambda z, label: -margin(z, label),
    "log-odds": log_odds,
    "cross-entropy": _cross_entropy,
}


class Goal(eqx.Module):
    """To be misclassified, margin(z, y) <= 0, or with `targeted` to be classified as the label, margin(z, t) > 0.

    >>> z = jnp.array([1.0, 5.0, 5.0])
    >>> [bool(Goal(label, targeted).reached(z)) for label, targeted in ((1, False), (0, True), (1, True))]
    [True, False, False]
    """

    label: Int[Array, "*samples"]
    targeted: bool = eqx.field(static=True, default=False)

    def gap(self, z: Logits) -> Float[Array, ""]:
        """The margin that is to go, minus the margin of the target that is to come."""
        return -margin(z, self.label) if self.targeted else margin(z, self.label)

    def closed(self, gap: Float[Array, ""]) -> Bool[Array, ""]:
        """Whether the goal is reached where the gap is this."""
        return gap < 0 if self.targeted else gap <= 0

    def reached(self, z: Any) -> Bool[Array, ""]:
        """Whether it is for these logits, or for this label."""
        if not jnp.issubdtype(z.dtype, jnp.floating):
            return z == self.label if self.targeted else z != self.label
        return self.closed(self.gap(z))

    def loss(self, name: str, z: Logits) -> Float[Array, ""]:
        """What grows towards the goal."""
        return -LOSSES[name](z, self.label) if self.targeted else LOSSES[name](z, self.label)


def look(
    f: Callable[[Any], Any], loss: str, goal: Goal, p: Float[Array, "*signal"]
) -> tuple[Float[Array, ""], Float[Array, "*signal"], Any]:
    """At a point: the gap, the gradient of the loss, and whether both are finite."""

    def objective(p: Any) -> tuple[Any, Any]:
        z = logits(f, p)
        return goal.loss(loss, z), z

    (_, z), gradient = jax.value_and_grad(objective, has_aux=True)(p)
    return goal.gap(z).astype(p.dtype), gradient, jnp.isfinite(z).all() & jnp.isfinite(gradient).all()

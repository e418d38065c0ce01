r"""One ascent of Auto-PGD: what it remembers, and how the size of its steps falls."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["Climb", "begun", "checked", "seen"]

RISING = 0.75  # the share of steps between two checks that must ascend
# Shares of the steps after which the size of steps is looked at: the first .22, each next span shorter by .03.
CHECKS = (0.22, 0.41, 0.57, 0.70, 0.80, 0.87, 0.93, 0.99)

Signal = Float[Array, "*signal"]
Scalar = Float[Array, ""]


class Climb(NamedTuple):
    """Where the ascent is, and was before; its value; the size of steps; the best point, with value and gradient; of
    the steps since the last check how many ascended; the size and the best value at that check."""

    p: Signal
    before: Signal
    value: Scalar
    eta: Scalar
    best: Signal
    top: Scalar
    slope: Signal
    rises: Scalar
    last_eta: Scalar
    last_top: Scalar


def begun(p: Signal, eta: Scalar) -> Climb:
    """At its first point, with nothing seen."""
    zero = jnp.zeros((), p.dtype)
    return Climb(p, p, -jnp.inf + zero, eta, p, -jnp.inf + zero, jnp.zeros_like(p), zero, eta, -jnp.inf + zero)


def seen(climb: Climb, value: Scalar, gradient: Signal) -> Climb:
    """With the value and the gradient at its point."""
    better = value > climb.top
    return climb._replace(
        value=value,
        best=jnp.where(better, climb.p, climb.best),
        top=jnp.where(better, value, climb.top),
        slope=jnp.where(better, gradient, climb.slope),
        rises=climb.rises + (value > climb.value),
    )


def checked(i: Any, steps: Any, climb: Climb) -> Climb:
    """After step i: at a check perhaps with half of the size, from the best point."""
    checks = jnp.ceil(jnp.asarray(CHECKS) * steps).astype(int)
    before = jnp.max(jnp.where(checks < i, checks, 0))
    few = climb.rises < RISING * (i - before)
    stuck = (climb.eta == climb.last_eta) & (climb.top == climb.last_top)
    halve, check = few | stuck, (checks == i).any()
    eta, p = jnp.where(halve, climb.eta / 2, climb.eta), jnp.where(halve, climb.best, climb.p)
    old = jnp.where(halve, climb.best, climb.before)
    changed = climb._replace(p=p, before=old, eta=eta, last_eta=climb.eta, last_top=climb.top, rises=0 * climb.rises)
    return jax.tree.map(lambda new, old: jnp.where(check, new, old), changed, climb)

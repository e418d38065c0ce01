r"""Minimal adversarial steps from decisions alone: a check that no gradient can mislead."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from shiftmath._shared.arguments import as_count
from shiftmath.adversary._arguments import as_batch, as_box, require_inside
from shiftmath.adversary._losses import logits, margin
from shiftmath.adversary._norms import length, unit
from shiftmath.adversary.attack import Attack, bisect, run

__all__ = ["decision_based"]

GROWTH = 1.1  # of the sizes of the steps, per step

Signal = Float[Array, "*signal"]


def decision_based(
    f: Any,
    X: Any,
    y: Any,
    *,
    starts: Any,
    steps: int = 5000,
    bounds: tuple[float, float] | None = None,
    seed: int = 0,
) -> Attack:
    r"""Short adversarial steps in l2 from the decisions of f alone (boundary attack), along a random walk.

    It begins at the nearest point to which halving the way from a misclassified start leads. Each step turns the point
    p around x, by a random direction orthogonal to p - x, then goes part of the way to x, and is taken if both points
    are misclassified. The turn grows or shrinks until half of the turned points are misclassified, the part until a
    quarter of the steps inwards are. In d dimensions that takes some ten d steps, of two evaluations each.

    No gradient is used, so a network that hides its gradients does not look more robust: where this finds shorter
    steps than `ddn` or `pgd`, those failed.

    Args:
        f, X, y, bounds: as in `ddn`, but f need not be differentiable.
        starts: (m, *signal), tried for every sample, such as the samples of the other classes.
        steps: of the walk.
        seed: of its directions.

    Raises:
        ValueError, TypeError: as `ddn`; starts of other signals than X.

    Source: Brendel et al. (2018), *Decision-Based Adversarial Attacks: Reliable Attacks Against Black-Box Machine
    Learning Models*, section 2, with its own rule for the sizes of the steps.

    >>> attack = decision_based(lambda x: jnp.sign(x[0] - 1), [[3.0, 0.0]], [1], starts=[[0.0, 9.0]], steps=300)
    >>> attack.distances.round(3).tolist()
    [2.0]
    """
    samples, starts = as_batch("X", X), as_batch("starts", starts)
    if starts.shape[1:] != samples.shape[1:]:
        raise ValueError(f"starts: got signals of shape {starts.shape[1:]}, takes those of X, {samples.shape[1:]}")
    require_inside("starts", starts, as_box(bounds))
    count = np.asarray(as_count("steps", steps, 0))
    return run(_walk, f, X, y, bounds=bounds, norm="l2", seed=seed, starts=starts, steps=count)


def _walk(
    f: Any, x: Signal, label: Int[Array, ""], key: Array, *, box: Any, starts: Any, steps: Any
) -> tuple[Any, Any, Any]:
    def across(p: Signal) -> tuple[Any, Any]:
        z = logits(f, p)
        return margin(z, label) <= 0, jnp.isfinite(z).all()

    def step(k: Any, state: Any) -> Any:
        p, found, turn, part, finite = state
        turned = _turned(jax.random.fold_in(key, k), x, p, turn, box)
        inner = turned + part * (x - turned)
        (side, finite_side), (nearer, finite_nearer) = across(turned), across(inner)
        taken = side & nearer
        turn = jnp.minimum(turn * jnp.where(side, GROWTH, 1 / GROWTH), 1)
        # Three times as much up as down: in balance where a quarter succeed.
        part = part * jnp.where(side, jnp.where(nearer, GROWTH**3, 1 / GROWTH), 1)
        finite = finite & finite_side & finite_nearer
        return jnp.where(taken, inner, p), found | taken, turn, jnp.minimum(part, 0.5), finite

    begin, found, finite = _nearest(f, label, x, starts, across)
    size = jnp.full((), 0.1, x.dtype)
    p, found, _, _, finite = jax.lax.fori_loop(0, steps, step, (begin, found, size, size, finite))
    return bisect(f, label, x, p), found, finite


def _turned(key: Array, x: Signal, p: Signal, turn: Any, box: Any) -> Signal:
    """A point as far from x as p is, turned by a random angle of tangent `turn`, in the box."""
    radial = unit(p - x)
    direction = jax.random.normal(key, x.shape, x.dtype)
    sideways = unit(direction - jnp.sum(direction * radial) * radial)
    return jnp.clip(x + length(p - x) * unit(radial + turn * sideways), *box)


def _nearest(f: Any, label: Any, x: Signal, starts: Any, across: Callable[[Signal], Any]) -> tuple[Any, Any, Any]:
    """The nearest to x of the misclassified starts, each first brought onto the boundary."""

    def one(start: Signal) -> tuple[Any, Any, Any]:
        is_across, finite = across(start)
        point = bisect(f, label, x, start)
        return point, jnp.where(is_across, length(point - x), jnp.inf), finite

    points, distances, finite = jax.lax.map(one, starts)
    nearest = jnp.argmin(distances)
    return points[nearest], distances[nearest] < jnp.inf, finite.all()

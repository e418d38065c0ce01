"""What every attack shares: its result, and the loop over samples.

A search is written for one signal, as an equinox module with its options:

    begin(at) -> state                       before the first step
    advance(at, state, first, last) -> state    after the steps first, ..., last - 1
    end(at, state) -> Found

`run` maps it over the samples, some steps at a time, so that an attack can be interrupted; inside a compiled or mapped
function all at once. The numbers do not depend on that.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from shiftmath._shared.arguments import as_count
from shiftmath._shared.chunks import in_chunks
from shiftmath._shared.precision import precision
from shiftmath.adversary._arguments import as_batch, as_box, as_labels, as_target, classes_of, require_inside
from shiftmath.adversary._losses import Goal, logits
from shiftmath.adversary._norms import apart

__all__ = ["Attack", "Found", "Problem", "Task", "as_given", "as_task", "ended", "nearest", "run", "stacked"]

Signal = Float[Array, "*signal"]


class Attack(eqx.Module):
    """The adversarial points that an attack found: a frozen dataclass, and a pytree.

    A signal is misclassified where its label's logit is not the largest alone, or where y f(x) <= 0. With a target a
    point is adversarial where the target's logit is the largest alone.

    Attributes:
        points: (n, *signal), misclassified where `success`; the sample itself where none was found.
        distances: (n,), from the sample to the point in the norm of the attack; inf where none was found.
        success: (n,), whether one was found. A sample that is misclassified to begin with is its own, at distance 0.
        vanished: (n,), whether none was found and the gradient of the loss was 0 at all points looked at. Then the
            attack was blind, and says nothing about robustness: another `loss`, logits in place of probabilities, or
            `decision_based` may see more.
    """

    points: Float[Any, "n *signal"]
    distances: Float[Any, "n"]
    success: Bool[Any, "n"]
    vanished: Bool[Any, "n"]

    def __repr__(self) -> str:
        """One line: how many samples, how many with an adversarial point, the median distance, inf where none is."""
        shape = " x ".join(map(str, self.success.shape))
        if isinstance(self.success, jax.core.Tracer):
            return f"Attack({shape} samples, traced)"
        found, blind = int(np.sum(self.success)), int(np.sum(self.vanished))
        median = float(np.median(self.distances)) if self.success.size else float("nan")
        vanished = f", {blind} with a gradient that vanished" if blind else ""
        return f"Attack({shape} samples, {found} with an adversarial point, median distance {median:.4g}{vanished})"


def stacked(attacks: Sequence[Attack]) -> Attack:
    """Several attacks as one, with a leading axis."""
    library = np if isinstance(attacks[0].points, np.ndarray) else jnp
    return jax.tree.map(lambda *parts: library.stack(parts), *attacks)


def nearest(attacks: Sequence[Attack]) -> Attack:
    """Of several attacks of the same samples the nearest point of each sample; vanished where it did in all."""
    both = stacked(attacks)
    library = np if isinstance(both.points, np.ndarray) else jnp
    # NaN says that f was not finite, and stays.
    which = library.argmin(both.distances, axis=0)
    every = library.arange(len(which))
    picked = jax.tree.map(lambda parts: parts[which, every], both)
    return eqx.tree_at(lambda attack: attack.vanished, picked, both.vanished.all(axis=0))


class Problem(eqx.Module):
    """What a search is told of one sample x: `own` are its own options, `key` its source of randomness."""

    f: Any
    x: Signal
    goal: Goal
    key: Array
    box: Any
    own: Any


class Found(NamedTuple):
    """The point of a search, whether it is adversarial, and of the way to it whether f and its gradient were finite and
    whether a gradient was other than 0. The distance of the point is at most `most`."""

    point: Signal
    success: Bool[Array, ""]
    finite: Bool[Array, ""]
    sloped: Bool[Array, ""]
    most: Any = jnp.inf


class Task(eqx.Module):
    """All samples with what is asked of them; the numbers in `own` are one for each."""

    f: Any
    X: Any
    goals: Goal
    key: Array
    box: Any
    own: Any

    def each(self, action: Callable[..., Any], *states: Any) -> Any:
        """action(problem, *states) for each sample."""

        def one(x: Signal, goal: Goal, number: Int[Array, ""], own: Any, *states: Any) -> Any:
            return action(Problem(self.f, x, goal, jax.random.fold_in(self.key, number), self.box, own), *states)

        return jax.vmap(one)(self.X, self.goals, jnp.arange(len(self.X)), self.own, *states)


def run(search: Any, steps: int, f: Any, X: Any, y: Any, *, decisions: bool = False, **asked: Any) -> Attack:
    """The search of so many steps for each sample of X; NumPy for NumPy, JAX for JAX, in the dtype of X.

    With `decisions` f may give labels in place of logits. The rest is that of `as_task`.
    """
    samples = as_batch("X", X)
    with precision(samples.dtype):
        task = as_task(f, samples, y, classes_of(f, samples, labels_too=decisions), **asked)
        attack = _run(jax.tree.map(lambda option: _as_traced(option, samples.dtype), search), steps, task)
        return as_given(X, attack)


def as_task(f: Any, X: Any, y: Any, classes: int | None, *, target: Any, bounds: Any, seed: int, own: Any = ()) -> Task:
    """The task for samples X, once labels and target are found to be such that f has, and X to lie in the bounds."""
    box = as_box(bounds, X.shape[1:])
    require_inside("X", X, box)
    labels = as_labels("y", y, len(X), classes)
    target = as_target(target, labels, len(X), classes)
    key = jax.random.key(as_count("seed", seed, 0, 2**63 - 1))
    if any(end.ndim for end in box):
        box = tuple(jnp.broadcast_to(jnp.asarray(end, X.dtype), X.shape[1:]) for end in box)
    own = jax.tree.map(lambda option: _as_traced(option, X.dtype), own)
    goals = Goal(labels if target is None else target, target is not None)
    return Task(f, jnp.asarray(X), goals, key, jnp.stack([jnp.asarray(end, X.dtype) for end in box]), own)


def as_given(X: Any, attack: Attack) -> Attack:
    """The attack in the library of X, once it is known that f was finite; what is traced as it is."""
    if isinstance(attack.distances, jax.core.Tracer):
        return attack
    infinite = np.flatnonzero(np.isnan(np.asarray(attack.distances)))
    if len(infinite):
        raise ValueError(
            f"f: got NaN or infinity at sample {infinite[0]} or on the way from it, takes a function with finite "
            "values and gradients"
        )
    return attack if isinstance(X, jax.Array) else jax.tree.map(np.asarray, attack)


def _as_traced(option: Any, dtype: Any) -> Any:
    """Numbers and arrays as JAX arrays: compiled once for all their values."""
    whole = isinstance(option, int) or np.issubdtype(getattr(option, "dtype", float), np.integer)
    return jnp.asarray(option, int if whole else dtype)


def _run(search: Any, steps: int, task: Task) -> Attack:
    begun = _begun(search, task)
    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(begun)):
        return ended(search, task, begun[1:], _advanced(search, task, begun[0], np.array([0, steps])))

    def advance(state: Any, first: int, last: int) -> Any:
        return _advanced(search, task, state, np.array([first, last]))

    return ended(search, task, begun[1:], in_chunks(advance, begun[0], steps))


@eqx.filter_jit
def _begun(search: Any, task: Task) -> Any:
    """Of each sample the state of its search, whether the goal is reached, whether f is finite."""

    def begun(at: Problem) -> Any:
        z = logits(at.f, at.x)
        return search.begin(at), at.goal.reached(z), jnp.isfinite(z).all()

    return task.each(begun)


@eqx.filter_jit
def _advanced(search: Any, task: Task, state: Any, span: Any) -> Any:
    first, last = span[0], span[1]
    return task.each(lambda at, state: search.advance(at, state, first, last), state)


@eqx.filter_jit
def ended(search: Any, task: Task, seen: Any, state: Any) -> Attack:
    """The attack, of searches in these states, and whether goals were reached to begin with and f finite there."""

    def one(at: Problem, seen: Any, state: Any) -> Attack:
        found, (reached, finite) = search.end(at, state), seen
        point = jnp.where(found.success & ~reached, found.point, at.x)
        success = found.success | reached
        distance = jnp.where(success, jnp.minimum(apart(point, at.x, search.norm), found.most), jnp.inf)
        # NaN tells `as_given`, which sees the result alone, that f was not finite.
        distance = jnp.where(found.finite & finite, distance, jnp.nan)
        return Attack(point, distance, success, ~success & ~found.sloped)

    return task.each(one, seen, state)

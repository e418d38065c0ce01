"""The walk along the boundary for a function that JAX cannot trace: the same steps, with f called on whole batches."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from shiftmath._shared.arguments import as_array
from shiftmath._shared.precision import precision
from shiftmath.adversary._arguments import ONE_SIGNAL, as_batch
from shiftmath.adversary._halving import Way, halvings, landed, middle, narrowed, whole
from shiftmath.adversary._walk import Walk, Walker
from shiftmath.adversary.attack import Attack, Problem, Task, as_given, as_task, ended

__all__ = ["run_on_host"]


def run_on_host(search: Walk, f: Any, X: Any, y: Any, **asked: Any) -> Attack:
    """What `attack.run` gives for the walk, for f of NumPy batches (m, *signal) with labels or logits (m, ...)."""
    samples = as_batch("X", X)
    if isinstance(samples, jax.core.Tracer):
        raise TypeError(f"f: got {f!r} inside a compiled function, takes {ONE_SIGNAL} there")
    with precision(samples.dtype):
        task = as_task(None, samples, y, _classes(_outputs(f, np.asarray(samples[:1]))), **asked)
        oracle = _Oracle(f, task)
        (reached,) = oracle(samples)
        search = Walk(jnp.asarray(search.starts, samples.dtype), search.steps, search.extreme)
        state = _walked(search, task, oracle, _brought(search, task, oracle, _begun(search, task)))
        state = state._replace(way=_halved(task, oracle, state.point), finite=jnp.asarray(oracle.finite))
        return as_given(X, ended(search, task, (jnp.asarray(reached), state.finite), state))


def _brought(search: Walk, task: Task, oracle: "_Oracle", state: Walker) -> Walker:
    """At the nearest of the starts."""
    for j, start in enumerate(search.starts):
        points = jnp.broadcast_to(start, task.X.shape)
        (across,) = oracle(points)
        if across.any() or not j:
            way = _halved(task, oracle, points)
            state = _begun_at(search, task, state, way, points, jnp.asarray(across), jnp.asarray(not j))
    return state


def _walked(search: Walk, task: Task, oracle: "_Oracle", state: Walker) -> Walker:
    for k in range(search.steps):
        turned, inner = _asked(search, task, jnp.asarray(k), state)
        state = _taken(search, state, inner, *map(jnp.asarray, oracle(turned, inner)))
    return state


def _halved(task: Task, oracle: "_Oracle", points: Any) -> Way:
    way = jax.tree.map(lambda share: jnp.full(len(task.X), share), whole(task.X.dtype))
    for _ in range(halvings(task.X.dtype)):
        (across,) = oracle(_middle(way, task.X, points))
        way = _narrowed(way, jnp.asarray(across))
    return way


class _Oracle:
    """Decisions of f for the samples of a task, and whether all its answers for a sample were finite."""

    def __init__(self, f: Any, task: Task) -> None:
        self.f, self.labels, self.targeted = f, np.asarray(task.goals.label), task.goals.targeted
        self.finite = np.ones(len(self.labels), bool)

    def __call__(self, *points: Any) -> list[np.ndarray]:
        """For each of the arrays of points (n, *signal), one point for each sample, which of them are misclassified."""
        P = np.concatenate([np.asarray(p) for p in points])
        z, labels = _outputs(self.f, P), np.tile(self.labels, len(points))
        finite = np.isfinite(z).reshape(len(P), -1).all(axis=1)
        self.finite &= finite.reshape(len(points), -1).all(axis=0)
        return np.split(_reached(z, labels, self.targeted), len(points))


def _outputs(f: Any, P: np.ndarray) -> np.ndarray:
    """f(P), labels (m,), numbers (m,) or logits (m, classes)."""
    takes = f"labels ({len(P)},) or logits ({len(P)}, classes) for a batch of {len(P)} signals"
    z = np.asarray(as_array("f", f(P), takes))
    if z.ndim not in (1, 2) or len(z) != len(P) or (z.ndim == 2 and (z.shape[1] < 2 or z.dtype.kind in "biu")):
        raise ValueError(f"f: got {z.dtype} of shape {z.shape}, takes {takes}, unless JAX can trace it")
    return z


def _classes(z: np.ndarray) -> int | None:
    """As `_arguments.classes_of`."""
    return z.shape[1] if z.ndim == 2 else None if z.dtype.kind in "biu" else 0


def _reached(z: np.ndarray, labels: np.ndarray, targeted: bool) -> np.ndarray:
    """`_losses.Goal.reached` for each row of z, in the dtype of z."""
    if z.dtype.kind in "biu":
        return z == labels if targeted else z != labels
    z = np.stack([np.zeros_like(z), z], axis=1) if z.ndim == 1 else z
    mine = np.arange(z.shape[1]) == labels[:, None]
    gap = z[mine] - np.where(mine, -np.inf, z).max(axis=1)
    return gap > 0 if targeted else gap <= 0


_middle, _narrowed = (jax.jit(jax.vmap(half)) for half in (middle, narrowed))


@eqx.filter_jit
def _begun(search: Walk, task: Task) -> Walker:
    return task.each(search.begin)


@eqx.filter_jit
def _begun_at(search: Walk, task: Task, state: Walker, way: Way, points: Any, across: Any, first: Any) -> Walker:
    def begun_at(at: Problem, state: Walker, way: Way, point: Any, across: Any) -> Walker:
        return search.begun_at(at, state, landed(way, at.x, point), across, first)

    return task.each(begun_at, state, way, points, across)


@eqx.filter_jit
def _asked(search: Walk, task: Task, k: Any, state: Walker) -> Any:
    return task.each(lambda at, state: search.asked(at, k, state), state)


@eqx.filter_jit
def _taken(search: Walk, state: Walker, inner: Any, side: Any, nearer: Any) -> Walker:
    return jax.vmap(search.taken)(state, inner, side, nearer)

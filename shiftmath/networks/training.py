r"""Training with optax: one network, or many seeds at once.

Each step moves the parameters down the gradient of the mean loss of a batch, see `losses`.

Batch norms see the statistics of the batch, and keep running ones for afterwards.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float
from numpy.typing import ArrayLike
from tqdm import tqdm

from shiftmath._shared.arguments import as_array, as_bool, as_count
from shiftmath._shared.chunks import in_chunks
from shiftmath._shared.memory import require_memory
from shiftmath._shared.precision import precision
from shiftmath.networks.arrays import (
    as_labels,
    as_outputs,
    as_signals,
    dtype_of,
    output_shape,
    require_finite_parameters,
)
from shiftmath.networks.layers import BatchNorm
from shiftmath.networks.losses import Loss, as_loss, batch_loss

__all__ = ["fit", "fit_many", "member"]

CHUNK = 100  # steps of one compiled loop at most: after each the losses are looked at

Module = TypeVar("Module", bound=Callable)


def fit(
    network: Module,
    X: ArrayLike,
    y: ArrayLike,
    optimiser: optax.GradientTransformation,
    steps: int,
    *,
    key: Array | None = None,
    batch_size: int | None = None,
    loss: Loss = "cross-entropy",
    progress: bool = False,
) -> tuple[Module, Float[np.ndarray, "steps"]]:
    r"""The network after so many steps of the optimiser, and the loss of each step's batch before the step.

    Args:
        network: an equinox module of arrays, callable on one signal; computed in the dtype of its parameters.
        X, y: signals (n, ...) and labels (n,) in 0, ..., classes - 1, or targets of the shape of the outputs.
        optimiser: from optax, for instance optax.adam(1e-3).
        steps: the number of steps.
        key: the source of the batches' order; needed with `batch_size`.
        batch_size: None takes all signals at each step. Otherwise they are shuffled for each epoch, n // batch_size
            batches make one, and what is left over waits for the next.
        loss: "cross-entropy", "squared", or a function of (network, X, y), see `losses`.
        progress: show a bar on stderr, if that is a terminal.

    Raises:
        ValueError: signals that the network does not take; labels that do not fit X or the classes; a batch larger than
            the data or without a key; no steps.
        TypeError: other than arrays of real numbers, or an optimiser that is none.
        FloatingPointError: the loss is not finite, or after the last step the parameters are; names the step.

    >>> from shiftmath.networks import fully_connected, logits
    >>> network, losses = fit(fully_connected(jax.random.key(0), 2, 2), [[0, 1], [0, -1]], [0, 1], optax.sgd(1.0), 100)
    >>> logits(network, [[0, 1], [0, -1]]).argmax(axis=1).tolist(), bool(losses[-1] < 0.01 < losses[0])
    ([0, 1], True)
    """
    steps, loss, progress = _how(steps, loss, progress)
    with precision(dtype_of(network)):
        X, y = _data(network, X, y, loss)
        order = None if batch_size is None else _batches(key, len(X), batch_size, steps)
        return _run(network, X, y, order, optimiser, steps, loss, progress)


def fit_many(
    build: Callable[[Array], Module],
    keys: Array,
    X: ArrayLike,
    y: ArrayLike,
    optimiser: optax.GradientTransformation,
    steps: int,
    *,
    batch_size: int | None = None,
    loss: Loss = "cross-entropy",
    progress: bool = False,
    per_seed: bool = False,
    every: int | None = None,
) -> tuple[Module, Float[np.ndarray, "seeds steps"]]:
    """`fit(build(key), X, y, ..., key=key)` for each key at once: a network whose arrays have a leading axis of seeds.

    Args:
        build: a network of a key; its shapes do not depend on the key.
        keys: (seeds,) keys.
        X, y: the same data for all; with `per_seed` both have a leading axis of seeds.
        optimiser, steps, batch_size, loss, progress: as for `fit`.
        every: None for the networks after the last step. Otherwise those on the way, after each so many steps and after
            the last: arrays with leading axes (moments, seeds).

    >>> from functools import partial
    >>> from shiftmath.networks import fully_connected
    >>> build = partial(fully_connected, shape=2, classes=2)
    >>> keys = jax.random.split(jax.random.key(0), 5)
    >>> networks, losses = fit_many(build, keys, [[0, 1], [0, -1]], [0, 1], optax.sgd(1.0), 100)
    >>> losses.shape, member(networks, 3)(jnp.zeros(2)).shape
    ((5, 100), (2,))
    """
    (steps, loss, progress), per_seed = _how(steps, loss, progress), as_bool("per_seed", per_seed)
    networks = [build(key) for key in keys]
    with precision(dtype_of(networks[0])):
        if per_seed:
            pairs = zip(as_array("X", X), as_array("y", y), strict=True)
            X, y = map(jnp.stack, zip(*[_data(networks[0], *pair, loss) for pair in pairs], strict=True))
        else:
            X, y = _data(networks[0], X, y, loss)
        n, order = X.shape[int(per_seed)], None
        if batch_size is not None:
            order = jnp.stack([_batches(key, n, batch_size, steps) for key in keys])
        axes = (0, *((0, 0) if per_seed else (None, None)), None if order is None else 0)
        stacked = jax.tree.map(lambda *a: jnp.stack(a), *networks)
        return _run(stacked, X, y, order, optimiser, steps, loss, progress, axes, every)


def member(networks: Module, i: int) -> Module:
    """The i-th network of a stack from `fit_many`."""
    return jax.tree.map(lambda a: a[i], networks)


def _how(steps: Any, loss: Any, progress: Any) -> tuple[int, Loss, bool]:
    """Steps, loss and progress, once they are found to be such."""
    return as_count("steps", steps), as_loss(loss), as_bool("progress", progress)


def _data(network: Callable, X: ArrayLike, y: ArrayLike, loss: Loss) -> tuple[Array, Array]:
    """Signals and labels as arrays that fit each other and the network's outputs."""
    X = as_signals("X", network, X)
    outputs = output_shape(network, X)
    if loss == "squared":
        return X, as_outputs("y", y, (len(X), *outputs), X.dtype)
    if len(outputs) != 1:
        raise ValueError(f"network: got outputs of shape {outputs}, takes logits (classes,) for labels")
    return X, as_labels("y", y, len(X), outputs[0])


def _batches(key: Array | None, n: int, batch_size: int, steps: int) -> Array:
    """Rows of the data for each step, (steps, batch_size): a new permutation for each epoch."""
    if key is None:
        raise ValueError("key: got None, takes a key with batch_size")
    batch_size = as_count("batch_size", batch_size, 1, n)
    per_epoch = n // batch_size
    require_memory("steps", steps, 8 * steps * batch_size, "the order of the signals")
    # Folded first, so that a key that has built the network gives other numbers here.
    keys = jax.random.split(jax.random.fold_in(key, 2**31 - 1), -(-steps // per_epoch))
    epochs = jax.vmap(lambda k: jax.random.permutation(k, n)[: per_epoch * batch_size])(keys)
    return epochs.reshape(-1, batch_size)[:steps]


def _run(
    network: Any,
    X: Array,
    y: Array,
    order: Array | None,
    optimiser: optax.GradientTransformation,
    steps: int,
    loss: Loss,
    progress: bool,
    axes: tuple | None = None,
    every: int | None = None,
) -> tuple[Any, np.ndarray]:
    """All steps, at most CHUNK at a time; `axes` are those of seeds in network, X, y and order."""
    each = steps if every is None else as_count("every", every, 1, steps)
    if not isinstance(optimiser, optax.GradientTransformation):
        raise TypeError(f"optimiser: got {optimiser!r}, takes one of optax")
    w, rest = eqx.partition(network, eqx.is_inexact_array)
    start, losses = optimiser.init if axes is None else jax.vmap(optimiser.init), []
    with tqdm(total=steps, disable=None if progress else True) as bar:

        def advance(begun: int, state: Any, first: int, last: int) -> Any:
            span = jnp.array([begun + first, last - first])
            state, found = _chunk(state, rest, X, y, order, span, optimiser, loss, axes)
            losses.append(np.asarray(found)[..., : last - first])
            _require_finite(losses[-1], begun + first)
            bar.update(last - first)
            return state

        states = [(w, start(w))]
        for begun in range(0, steps, each):
            states.append(in_chunks(partial(advance, begun), states[-1], min(each, steps - begun), CHUNK))
    require_finite_parameters(states[-1][0], steps)
    w = states[-1][0] if every is None else jax.tree.map(lambda *a: jnp.stack(a), *[s[0] for s in states[1:]])
    return eqx.combine(w, rest), np.concatenate(losses, axis=-1)


def _require_finite(losses: np.ndarray, first: int) -> None:
    """A FloatingPointError that names the step of the first loss, of those from step `first` on, that is not finite."""
    wrong = ~np.isfinite(losses)
    if wrong.any():
        step = first + int(np.argwhere(wrong)[:, -1].min())
        raise FloatingPointError(f"loss: got {losses[wrong][0]} at step {step}, takes a smaller learning rate")


@eqx.filter_jit
def _chunk(
    state: Any, rest: Any, X: Array, y: Array, order: Array | None, span: Array, optimiser: Any, loss: Loss, axes: Any
) -> tuple[Any, Array]:
    """At most CHUNK steps, of one network or of many."""

    def steps(state: Any, X: Array, y: Array, order: Array | None) -> tuple[Any, Array]:
        def step(i: Array, carry: Any) -> Any:
            rows = slice(None) if order is None else order[span[0] + i]
            (w, memory), values = carry
            state, value = _step(w, memory, rest, X[rows], y[rows], optimiser, loss)
            return state, values.at[i].set(value)

        return jax.lax.fori_loop(0, span[1], step, (state, jnp.zeros(CHUNK, X.dtype)))

    return (steps if axes is None else jax.vmap(steps, axes))(state, X, y, order)


def _step(w: Any, memory: Any, rest: Any, X: Array, y: Array, optimiser: Any, loss: Loss) -> tuple[Any, Array]:
    """Parameters and the optimiser's memory after one step on a batch, and the loss before it."""

    def mean_loss(w: Any) -> tuple[Array, Any]:
        value, moved = batch_loss(eqx.combine(w, rest), X, y, loss)
        return value, eqx.filter(moved, eqx.is_inexact_array)

    (value, moved), gradient = jax.value_and_grad(mean_loss, has_aux=True)(w)
    updates, memory = optimiser.update(gradient, memory, w)
    return (_with_statistics(optax.apply_updates(w, updates), moved), memory), value


def _with_statistics(w: Any, moved: Any) -> Any:
    """The parameters w with the running statistics of `moved`."""

    def pick(a: Any, b: Any) -> Any:
        return BatchNorm(a.gain, a.shift, b.mean, b.variance) if isinstance(a, BatchNorm) else a

    return jax.tree.map(pick, w, moved, is_leaf=lambda a: isinstance(a, BatchNorm))

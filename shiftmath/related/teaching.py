r"""Many translators at once: their training, and their states on given sentences.

Each step moves the parameters of each network down the gradient of the mean cross-entropy of a batch, over all words,

$$
-\frac{1}{|B|L}\sum_{s \in B}\sum_p \log\mathrm{softmax}\,(z_s(p))_{y_s(p)},
$$

by Adam, with a gradient cut off at the norm 1 and a rate that rises over the first tenth of the steps and then falls
like a cosine to 0. Networks are stacked along a leading axis of all their arrays: one compiled program trains them all.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_count, as_number
from shiftmath._shared.chunks import in_chunks
from shiftmath._shared.memory import require_memory
from shiftmath._shared.values import show
from shiftmath.related.transformer import Translator
from shiftmath.related.translation import as_tokens

__all__ = ["States", "states_of", "teach"]

CHUNK = 50  # steps of one compiled loop at most
RULE = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())
_start = jax.jit(jax.vmap(RULE.init))


class States(NamedTuple):
    """Of each network, each layer, the embedding first, and each sentence: the states, and the words it puts out."""

    encoder: Float[np.ndarray, "networks layers+1 n length d"]
    decoder: Float[np.ndarray, "networks layers+1 n length d"]
    words: Int[np.ndarray, "networks n length"]


def teach(
    networks: Sequence[Translator],
    sources: ArrayLike,
    targets: ArrayLike,
    steps: int,
    *,
    batch_size: int = 16,
    rate: float = 0.01,
    seed: int = 0,
) -> tuple[list[Translator], Float[np.ndarray, "networks steps"]]:
    """The networks after so many steps, and the loss of each step's batch before the step.

    Args:
        networks: translators of one shape.
        sources, targets: sentences and their translations, (n, length).
        steps: the number of steps.
        batch_size: sentences of a step, drawn with repetition, for each network its own.
        rate: the largest rate of Adam, below 1.
        seed: of the draws.

    Raises:
        ValueError, TypeError: what is not as said above; more than the memory.
        FloatingPointError: the loss is not finite; names the step.

    >>> from shiftmath.related import sentences, sinusoids, translate, translator
    >>> networks = [translator(jax.random.key(0), sinusoids(range(4), [1.0, 0.1]), layers=1)]
    >>> taught, losses = teach(networks, x := sentences(50, 4), translate(x), 60)
    >>> bool(losses[0, -9:].mean() < losses[0, :9].mean())
    True
    """
    stacked, sources, targets = _stacked(networks, sources, targets)
    steps, batch_size = as_count("steps", steps), as_count("batch_size", batch_size, most=2**16)
    rate = jnp.float32(as_number("rate", rate, positive=True, below=1))
    require_memory("steps", steps, 4 * len(networks) * steps, "the losses")
    key = jax.random.key(as_count("seed", seed, 0, 2**32 - 1))
    keys = jnp.stack([jax.random.fold_in(key, i) for i in range(len(networks))])
    losses: list[np.ndarray] = []

    def advance(state: Any, first: int, last: int) -> Any:
        span = jnp.array([first, last, steps], jnp.int32)
        state, found = _chunk(state, keys, sources, targets, span, rate, batch_size)
        losses.append(np.asarray(found)[:, : last - first])
        if not np.isfinite(losses[-1]).all():
            step = first + int(np.argwhere(~np.isfinite(losses[-1]))[:, 1].min())
            raise FloatingPointError(f"loss: got no finite number at step {step}, takes a smaller rate")
        return state

    stacked, _ = in_chunks(advance, (stacked, _start(stacked)), steps, CHUNK)
    return [jax.tree.map(lambda a, i=i: a[i], stacked) for i in range(len(networks))], np.concatenate(losses, axis=1)


def states_of(networks: Sequence[Translator], sources: ArrayLike, targets: ArrayLike) -> States:
    """The states of networks of one shape, and the likeliest word at each position given the target's before it.

    Args:
        networks: translators of one shape.
        sources, targets: sentences and their translations, (n, length).

    Raises:
        ValueError, TypeError: what is not as said above; more than the memory.

    >>> from shiftmath.related import sentences, translate, translator
    >>> networks = [translator(jax.random.key(seed), np.zeros((5, 4))) for seed in (0, 1)]
    >>> states_of(networks, x := sentences(7, 5), translate(x)).encoder.shape
    (2, 3, 7, 5, 4)
    """
    stacked, sources, targets = _stacked(networks, sources, targets)
    size = sources.size * len(networks) * (2 + len(networks[0].encoder.bias)) * networks[0].encodings.shape[1]
    require_memory("networks", networks, 40 * size, "the states")
    return States(*map(np.asarray, _states(stacked, sources, targets)))


@eqx.filter_jit
def _states(stacked: Any, sources: Array, targets: Array) -> tuple[Array, Array, Array]:
    def of_one(network: Translator) -> tuple[Array, Array, Array]:
        encoded, decoded = jax.vmap(network.states, out_axes=1)(sources, targets)
        return encoded, decoded, jax.vmap(network)(sources, targets).argmax(axis=-1)

    return eqx.filter_vmap(of_one)(stacked)


@eqx.filter_jit
def _chunk(
    state: Any, keys: Array, sources: Array, targets: Array, span: Array, rate: Array, batch_size: int
) -> tuple[Any, Array]:
    """The steps from the first to before the last of `span`, of all networks, and their losses (networks, CHUNK)."""
    first, last, steps = span

    def step(i: Array, carried: Any) -> Any:
        (w, memory), losses = carried
        rows = jax.vmap(lambda k: jax.random.randint(jax.random.fold_in(k, i), (batch_size,), 0, len(sources)))(keys)
        value, gradient = jax.vmap(jax.value_and_grad(_loss))(w, sources[rows], targets[rows])
        updates, memory = jax.vmap(RULE.update)(gradient, memory)
        factor = -rate * jnp.minimum(10 * (i + 1) / steps, (1 + jnp.cos(jnp.pi * i / steps)) / 2).astype(rate.dtype)
        moved = jax.tree.map(lambda a, u: a + u * factor, w, updates)
        return (moved, memory), losses.at[:, i - first].set(value)

    losses = jnp.zeros((len(keys), CHUNK), jnp.float32)
    return jax.lax.fori_loop(first, last, step, (state, losses))


def _loss(network: Translator, sources: Array, targets: Array) -> Array:
    """The mean cross-entropy of a batch."""
    outputs = jax.vmap(network)(sources, targets)
    return optax.softmax_cross_entropy_with_integer_labels(outputs, targets).mean()


def _stacked(networks: Any, sources: ArrayLike, targets: ArrayLike) -> tuple[Translator, Array, Array]:
    """The networks as one, and sentences that fit them."""
    takes = "a non-empty list of translators of one shape"
    if not isinstance(networks, (list, tuple)) or not networks or not all(isinstance(n, Translator) for n in networks):
        raise TypeError(f"networks: got {show(networks)}, takes {takes}")
    if len({str(jax.tree.map(jnp.shape, n)) for n in networks}) > 1:
        raise ValueError(f"networks: got translators of different shapes, takes {takes}")
    words, length = networks[0].read.shape[1], len(networks[0].encodings)
    sources, targets = as_tokens("sources", sources, words), as_tokens("targets", targets, words)
    if sources.shape != targets.shape or sources.shape[1] != length:
        got = f"got shapes {sources.shape} and {targets.shape}"
        raise ValueError(f"sources and targets: {got}, takes as many of both, of {length} words")
    stacked = jax.tree.map(lambda *a: jnp.stack(a), *networks)
    return stacked, jnp.asarray(sources, jnp.int32), jnp.asarray(targets, jnp.int32)

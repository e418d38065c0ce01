r"""How equivariant a function is, counted over all moves of each signal; and how a pool favours the largest sample.

`equivariance` stands here and not beside `groups.consistency`: it opens a network layer by layer, and what a layer may
do under a shift, move by an amount that the content decides, is a matter of downsampling.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import (
    as_array,
    as_bool,
    as_callable,
    as_samples,
    as_signal,
    as_targets,
    require_finite,
)
from shiftmath._shared.precision import precision
from shiftmath._shared.values import show
from shiftmath.groups.group import circular_shifts
from shiftmath.networks.arrays import as_labels, taken
from shiftmath.networks.downsampling.fixed import Downsampler
from shiftmath.networks.downsampling.polyphase import components
from shiftmath.networks.layers import Network

__all__ = ["Equivariance", "equivariance", "maximum_sampling_bias"]


CHUNK = 256  # copies of a signal that are looked at together


class Moves(Protocol):
    """A group, or a set of shifts: what gives all moved copies of a signal, the signal itself first."""

    def orbit(self, x: ArrayLike) -> np.ndarray:
        """(moves, *signal)."""


class Equivariance(NamedTuple):
    """What `equivariance` counts, for n signals.

    Attributes:
        accuracy: the share of signals that are right as they are.
        worst_accuracy: the share that is right after every move.
        consistency: (n,), the probability that the classes after two random moves agree.
        fidelity: (n,), the probability that both are right. Its mean is not accuracy times consistency.
        error: (n,), the largest |f(Tx) - f(x)| over moves and classes.
        layers: (layers, n), how far each layer is from equivariant up to a shift: the largest over moves T of the
            smallest over circular shifts S of |h(Tx) - S h(x)| / |h(x)|. Empty if f is no Network, or if not asked.
    """

    accuracy: float
    worst_accuracy: float
    consistency: Float[np.ndarray, "n"]
    fidelity: Float[np.ndarray, "n"]
    error: Float[np.ndarray, "n"]
    layers: Float[np.ndarray, "layers n"]


def equivariance(
    f: Callable[[Array], Array], X: ArrayLike, y: ArrayLike, moves: Moves | None = None, layers: bool = False
) -> Equivariance:
    """All that `Equivariance` has, counted over every move of every signal, without sampling.

    Args:
        f: a network, or a JAX function, of one signal; its logits (classes,).
        X, y: signals (n, *signal) and labels (n,); computed in the dtype of X.
        moves: None for all circular shifts of all axes, a group such as `circular_shifts(axes=(0, 1))`, `WindowShifts`
            for a window or for zeros at the border, `FractionalShifts`.
        layers: whether to look at each layer of a `Network`; the cost is that of a Fourier transform for each move.

    Raises:
        ValueError, TypeError: signals or labels that are none or that f does not take; moves without an orbit.

    >>> from shiftmath.networks.downsampling import WindowShifts
    >>> first = lambda x: jnp.stack([x[0], 0.5 - x[0] * 0])
    >>> found = equivariance(first, [[1.0, 0.0, 0.0, 0.0]], [0], layers=False)
    >>> found.accuracy, found.worst_accuracy, found.consistency.tolist(), found.fidelity.tolist()
    (1.0, 0.0, [0.625], [0.0625])
    """
    X, looks = as_signal("X", as_samples("X", X)), as_bool("layers", layers)
    require_finite("X", X)
    f, moves = as_callable("f", f, "a function of one signal"), circular_shifts() if moves is None else moves
    if not callable(getattr(moves, "orbit", None)) or isinstance(moves, type):
        raise TypeError(f"moves: got {show(moves)}, takes None, a group or a set of shifts")
    parts = f.layers if looks and isinstance(f, Network) else ()
    with precision(X.dtype):
        with taken("X", X):
            output = jax.eval_shape(f, jnp.asarray(X[0]))
        classes = _classes(output)
        labels = np.asarray(as_labels("y", as_targets("y", y, len(X)), len(X), classes))
        rows = [_counted(f, parts, _orbit(moves, x)) for x in X]
    logits, errors = (np.stack([row[k] for row in rows]) for k in (0, 1))
    if not np.isfinite(logits).all():
        raise ValueError("f: got NaN or infinity, takes a function with finite values")
    right = logits.argmax(axis=-1) == labels[:, None]
    shares = (logits.argmax(axis=-1)[..., None] == np.arange(classes)).mean(axis=1)
    return Equivariance(
        float(right[:, 0].mean()),
        float(right.all(axis=1).mean()),
        (shares**2).sum(axis=1),
        right.mean(axis=1) ** 2,
        abs(logits - logits[:, :1]).max(axis=(1, 2)),
        errors.T.reshape(len(parts), len(X)),
    )


def _classes(output: Any) -> int:
    if getattr(output, "ndim", 0) != 1 or not jnp.issubdtype(output.dtype, jnp.floating):
        got = f"{getattr(output, 'dtype', None)} of shape {getattr(output, 'shape', None)}"
        raise ValueError(f"f: got values {got}, takes floating-point logits (classes,)")
    return int(output.shape[0])


def _orbit(moves: Moves, x: np.ndarray) -> np.ndarray:
    """The copies of a signal in its own dtype."""
    takes = "a group or a set of shifts, whose orbits are (moves, *signal)"
    copies = as_array("moves", moves.orbit(x), takes, to_numpy=True)
    if copies.shape[1:] != x.shape or not len(copies):
        raise ValueError(f"moves: got an orbit of shape {copies.shape}, takes {takes}")
    return copies.astype(x.dtype)


def _counted(f: Callable, parts: tuple[Callable, ...], copies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The logits of all copies (moves, classes), and the error of each layer (layers,); CHUNK copies at a time."""
    size = min(CHUNK, len(copies))
    chunks = np.resize(copies, (-(-len(copies) // size), size, *copies.shape[1:]))  # begins anew at its end
    base = _outputs(f, parts, jnp.asarray(copies[:1])) if parts else []
    logits, errors = [], []
    for chunk in chunks:
        *_, last = outputs = _outputs(f, parts, jnp.asarray(chunk))
        logits.append(np.asarray(last))
        errors.append([float(_worst(H, h[0])) for H, h in zip(outputs, base, strict=False)])
    return np.concatenate(logits)[: len(copies)], np.max(errors, axis=0).astype(copies.dtype)


@eqx.filter_jit
def _outputs(f: Callable, parts: tuple[Callable, ...], copies: Array) -> list[Array]:
    """Of all copies what comes out of each part in turn, or f alone."""
    found = [copies]
    for part in parts or (f,):
        found.append(jax.vmap(part)(found[-1]))
    return found[1:]


@eqx.filter_jit
def _worst(H: Array, base: Array) -> Array:
    """The largest of `_apart` over the copies."""
    return jax.vmap(_apart, (0, None))(H, base).max()


def _apart(h: Array, base: Array) -> Array:
    """The smallest |h - S base| / |base| over circular shifts S of the spatial axes.

    It is where the correlation is largest, which the Fourier transform finds; the difference itself is then taken
    without one.
    """
    axes, scale = tuple(range(base.ndim - 1)), jnp.maximum(jnp.linalg.norm(base.ravel()), jnp.finfo(base.dtype).tiny)
    if not axes:
        return jnp.linalg.norm(h - base) / scale
    # The mean changes no maximum, but would round the differences of correlations away.
    first, second = (jnp.fft.fftn(g - g.mean(axis=axes, keepdims=True), axes=axes) for g in (h, base))
    spectra = first * second.conj()
    correlation = jnp.fft.ifftn(spectra.sum(axis=-1)).real
    best = jnp.unravel_index(correlation.argmax(), correlation.shape)
    return jnp.linalg.norm((h - jnp.roll(base, jnp.stack(best), axes)).ravel()) / scale


def maximum_sampling_bias(down: Downsampler, X: ArrayLike) -> Float[np.ndarray, "n"]:
    r"""The mean weight that a downsampler gives to the largest sample of a window, for each of the signals.

    A window are the samples $x_{s n + i}$ of one channel that stand at position n; windows whose largest sample is not
    the only one are left out. The weight is $\partial y_n / \partial x_{s n + i^*}$ with the choice of the downsampler,
    which component or which weights, held fixed. It is 1 for a max pool and 1 / phases for an average pool, for one
    that selects a component the share of windows whose largest sample is in it. A blur gives weight to samples outside
    the window, too; they are not counted.

    This is a definition of ours: the source of the word (arXiv 2404.07410) was not at hand.

    Args:
        down: a layer on signals (*spatial, channels).
        X: signals (n, *spatial, channels).

    Raises:
        ValueError, TypeError: X holds no finite real numbers, signals of other lengths than the layer takes, or a
            signal of which no window has a single largest sample.

    >>> from shiftmath.networks.downsampling import Fixed
    >>> maximum_sampling_bias(Fixed(rule="max"), [[[1.0], [3.0], [2.0], [0.0]]]).tolist()
    [1.0]
    """
    X = as_signal("X", as_samples("X", X))
    require_finite("X", X)
    if X.ndim < 3:
        raise ValueError(f"X: got shape {X.shape}, takes signals (n, *spatial, channels)")
    if not isinstance(down, Downsampler):
        raise TypeError(f"down: got {show(down)}, takes a downsampler of shiftmath.networks.downsampling")
    with precision(X.dtype), taken("X", X):
        weights, counted = map(np.asarray, _weights(down, jnp.asarray(X)))
    if not counted.any(axis=1).all():
        raise ValueError(f"X: got a signal {show(X[~counted.any(axis=1)][0])}, takes one with a single largest sample")
    return (weights * counted).sum(axis=1) / counted.sum(axis=1)


@eqx.filter_jit
def _weights(down: Downsampler, X: Array) -> tuple[Array, Array]:
    """For all windows of all channels (n, windows) the weight, and whether the largest sample is the only one."""

    def one(x: Array) -> tuple[Array, Array]:
        parts = components(x, down.stride, down.uneven)
        largest = parts == jnp.broadcast_to(parts.max(axis=0), parts.shape)
        y, tangent = jax.linearize(lambda z: down.apply(z, down.choice(x)), x)
        spread = jax.linear_transpose(lambda z: components(z, down.stride, down.uneven), x)

        def weight(n: Array) -> Array:
            at = jnp.zeros(y[..., 0].size, x.dtype).at[n].set(1).reshape(*y.shape[:-1], 1)
            probe = jnp.where(largest, jnp.broadcast_to(at, parts.shape), 0.0)
            return tangent(spread(probe)[0]).reshape(-1, y.shape[-1])[n]

        found = jax.lax.map(weight, jnp.arange(y[..., 0].size))  # one probe of the signal's size at a time
        return found.ravel(), (largest.sum(axis=0) == 1).reshape(found.shape).ravel()

    return jax.lax.map(one, X)

r"""Polyphase components: what a signal keeps of itself on each of the grids of a stride.

For a stride s, component i of a signal x on k spatial axes is $x^{(i)}_n = x_{s n + i}$, with a phase $i \in \{0,
\dots, s - 1\}^k$; the phases are counted row by row, the last axis fastest. A circular shift $(T_a x)_n = x_{n - a}$
permutes the components, and moves some of them by one sample more than others:

$$(T_a x)^{(i)} = T_{-q}\, x^{(i')}, \qquad i' = (i - a) \bmod s, \quad q = \lfloor (i - a) / s \rfloor$$

along each axis. That second half is why choosing one component can be exact and mixing several is not.

Signals are (*spatial, channels), of NumPy or JAX, and a result is of the library of x. A component exists where the
stride divides all lengths; with `uneven="wrap"` the signal goes on periodically until it does, and the rule above holds
no more.
"""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import (
    as_array,
    as_choice,
    as_count,
    as_signal,
    require_finite,
    require_finite_result,
)
from shiftmath._shared.memory import require_memory
from shiftmath._shared.values import is_traced, show

__all__ = ["as_map", "chosen", "components", "mixture", "phases"]

SPLITS = ("raise", "wrap")


def as_map(name: str, x: ArrayLike) -> Any:
    """A signal (*spatial, channels) of finite real numbers; of a tracer the values are not looked at."""
    x = as_signal(name, x)
    if x.ndim < 2:
        raise ValueError(f"{name}: got shape {tuple(x.shape)}, takes a signal (*spatial, channels)")
    require_finite(name, x)
    return x


def in_jax_if_traced(x: Any, other: Any) -> Any:
    """x, as an array of JAX where `other` is a tracer."""
    return jnp.asarray(x) if is_traced(other) else x


def phases(stride: int, axes: int) -> list[tuple[int, ...]]:
    """All phases of a stride on so many axes, in the order of the components.

    >>> phases(2, 2)
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    stride, axes = as_count("stride", stride, most=2**16), as_count("axes", axes, most=16)
    require_memory("stride and axes", (stride, axes), 200 * stride**axes, "its phases")
    return list(itertools.product(range(stride), repeat=axes))


def divided(x: Any, stride: int, uneven: str = "raise") -> Any:
    """The signal whose lengths the stride divides: x itself, or with "wrap" x continued periodically."""
    stride, spatial = as_count("stride", stride), x.shape[:-1]
    as_choice("uneven", uneven, SPLITS)
    if stride > min(spatial):
        raise ValueError(f"stride: got {stride}, takes at most the lengths of the signal, {spatial}")
    missing = [-d % stride for d in spatial]
    if not any(missing):
        return x
    if uneven == "raise":
        takes = 'takes one that divides them, or uneven="wrap"'
        raise ValueError(f"stride: got {stride} for a signal of lengths {spatial}, {takes}")
    return x.__array_namespace__().pad(x, [*((0, m) for m in missing), (0, 0)], mode="wrap")


def split(x: Any, stride: int, uneven: str = "raise") -> list[Any]:
    """The components as a list; checks the stride, not the values."""
    x = divided(x, stride, uneven)
    return [x[tuple(slice(i, None, stride) for i in phase)] for phase in phases(stride, x.ndim - 1)]


def components(x: ArrayLike, stride: int = 2, uneven: str = "raise") -> Any:
    """The polyphase components (phases, *spatial / stride, channels), one for each of `phases`.

    Args:
        x: a signal (*spatial, channels).
        stride: of all spatial axes.
        uneven: "raise", or "wrap" to continue the signal periodically where the stride does not divide a length.

    Raises:
        ValueError: a stride longer than the signal, or one that does not divide its lengths.
        ValueError, TypeError: x holds no finite real numbers.

    >>> components([[1.0], [2.0], [3.0], [4.0]])[:, :, 0].tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    x = as_map("x", x)
    return x.__array_namespace__().stack(split(x, stride, uneven))


def chosen(x: ArrayLike, phase: ArrayLike, stride: int = 2, uneven: str = "raise") -> Any:
    """One component, the one of number `phase`; with a number for each channel (channels,), one for each channel.

    >>> chosen([[1.0], [2.0], [3.0], [4.0]], 1).tolist()
    [[2.0], [4.0]]
    """
    x = in_jax_if_traced(as_map("x", x), phase)
    parts = split(x, stride, uneven)
    index = as_phase(phase, len(parts), x.shape[-1])
    if not index.ndim:
        if isinstance(index, np.ndarray):
            return parts[int(index)]
        return jax.lax.select_n(index, *parts)
    xp = parts[0].__array_namespace__()
    wanted = xp.broadcast_to(index, parts[0].shape)
    return sum(xp.where(wanted == k, part, xp.zeros_like(part)) for k, part in enumerate(parts))


def as_phase(phase: Any, count: int, channels: int) -> Any:
    """A whole number below `count`, or one for each channel, as an array; a tracer is brought into that range."""
    takes = f"a whole number from 0 to {count - 1}, or one for each of {channels} channels"
    index = as_array("phase", phase, takes, to_numpy=not is_traced(phase))
    if index.dtype.kind not in "iu":
        raise TypeError(f"phase: got {show(phase)}, takes {takes}")
    outside = not is_traced(index) and index.size and (index.min() < 0 or index.max() >= count)
    if index.shape not in ((), (channels,)) or outside:
        raise ValueError(f"phase: got {show(phase)}, takes {takes}")
    return jnp.clip(index, 0, count - 1).astype(np.int32) if is_traced(index) else index.astype(np.int32)


def mixture(x: ArrayLike, weights: ArrayLike, stride: int = 2, uneven: str = "raise") -> Any:
    r"""The weighted sum of the components, $y = \sum_i w_i x^{(i)}$.

    With equal weights 1 / phases it is the average pool, with one weight of 1 and zeros one component. Nothing else is
    equivariant in general, whatever the weights do under a shift: the components move by different amounts.

    Args:
        x, stride, uneven: as for `components`.
        weights: (phases,), or (phases, channels) for weights of each channel.

    >>> mixture([[1.0], [2.0], [3.0], [4.0]], [0.5, 0.5]).tolist()
    [[1.5], [3.5]]
    """
    x = in_jax_if_traced(as_map("x", x), weights)
    parts = split(x, stride, uneven)
    xp, each = parts[0].__array_namespace__(), as_weights(weights, len(parts), x.shape[-1], x.dtype)
    return sum(xp.broadcast_to(w, part.shape) * part for w, part in zip(each, parts, strict=True))


def as_weights(weights: Any, count: int, channels: int, dtype: Any) -> Any:
    """Finite weights (phases,) or (phases, channels) in the dtype of the signal."""
    takes = f"weights ({count},) or ({count}, {channels}), of phases and channels"
    weights = as_array("weights", weights, takes)
    if tuple(weights.shape) not in ((count,), (count, channels)):
        raise ValueError(f"weights: got shape {tuple(weights.shape)}, takes {takes}")
    require_finite("weights", weights)
    with np.errstate(over="ignore"):
        return require_finite_result("weights", weights, weights.astype(dtype), f"values do not fit {dtype}")

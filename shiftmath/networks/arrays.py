"""Signals, targets and parameters as arrays: what a network takes and gives, and errors where it does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_targets, require_finite, require_finite_result

__all__ = [
    "as_labels",
    "as_outputs",
    "as_signals",
    "dtype_of",
    "output_shape",
    "require_finite_parameters",
    "taken",
]


def dtype_of(network: Any) -> np.dtype:
    """The dtype of a network's parameters."""
    dtypes = {leaf.dtype for leaf in jax.tree.leaves(eqx.filter(network, eqx.is_inexact_array))}
    if len(dtypes) != 1:
        raise ValueError(f"network: got parameters of dtypes {sorted(map(str, dtypes))}, takes a network of one dtype")
    return np.dtype(dtypes.pop())


def as_signals(name: str, network: Any, X: ArrayLike) -> Array:
    """Signals (n, ...), at least one, finite in the dtype of the network, as an array of it."""
    X = as_array(name, X)
    if not X.ndim or not X.size:
        raise ValueError(f"{name}: got shape {tuple(X.shape)}, takes signals (n, ...), none of them 0")
    return _of_dtype(name, X, dtype_of(network))


def as_outputs(name: str, y: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Finite targets of this shape, whose squared loss is finite too."""
    y = as_array(name, y)
    if y.shape != shape:
        raise ValueError(f"{name}: got shape {tuple(y.shape)}, takes targets of shape {shape}")
    y = _of_dtype(name, y, dtype)
    with np.errstate(over="ignore"):
        require_finite_result(name, y, np.square(y).sum(), "sum of squares overflows")
    return y


def as_labels(name: str, y: ArrayLike, n: int, classes: int) -> Array:
    """One of the classes 0, ..., classes - 1 for each of n signals."""
    y, takes = as_targets(name, y, n), f"labels from 0 to {classes - 1}"
    if y.ndim > 1:
        raise ValueError(f"{name}: got shape {y.shape}, takes {takes}, one for each of the {n} signals")
    wrong = y[~np.isin(y, np.arange(classes))]
    if len(wrong):
        raise ValueError(f"{name}: got {wrong[0]}, takes {takes}")
    return jnp.asarray(y, jnp.int32)


def _of_dtype(name: str, x: Any, dtype: DTypeLike) -> Array:
    """Finite numbers as an array of this dtype, in which they are finite too."""
    require_finite(name, x)
    with np.errstate(over="ignore"):
        return require_finite_result(name, x, jnp.asarray(x, dtype), f"size overflows in {np.dtype(dtype)}")


def output_shape(network: Callable, X: Array, name: str = "X") -> tuple[int, ...]:
    """The shape of the output for one of the signals; modules that differ in their arrays' values are traced once."""
    with taken(name, X):
        signal = jax.ShapeDtypeStruct(X.shape[1:], X.dtype)
        if isinstance(network, eqx.Module):
            arrays, rest = eqx.partition(network, eqx.is_array)
            leaves, structure = jax.tree.flatten(rest)
            rest = tuple(leaves), structure  # lists within a module have no hash
            if _is_hashable(rest):
                return _output.eval_shape(arrays, rest, signal).shape
        return eqx.filter_eval_shape(network, signal).shape


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


@partial(jax.jit, static_argnums=1)
def _output(arrays: Any, rest: Any, x: Array) -> Array:
    leaves, structure = rest
    return eqx.combine(arrays, jax.tree.unflatten(structure, leaves))(x)


@contextmanager
def taken(name: str, X: Array | np.ndarray) -> Iterator[None]:
    """A ValueError if inside a network does not take such signals."""
    try:
        yield
    except (TypeError, ValueError) as error:
        what = f"for which network raises {type(error).__name__}, takes those of the network"
        raise ValueError(f"{name}: got signals of shape {X.shape[1:]}, {what}") from error


def require_finite_parameters(w: Any, steps: int) -> None:
    """A FloatingPointError if parameters are not finite after so many steps."""
    for leaf in map(np.asarray, jax.tree.leaves(w)):
        if not np.isfinite(leaf).all():
            got = leaf[~np.isfinite(leaf)][0]
            raise FloatingPointError(f"parameters: got {got} after step {steps - 1}, takes a smaller learning rate")

"""What bad arguments of an attack get: an error that names them, what they are and what is taken."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from shiftmath._shared.arguments import (
    NUMBERS,
    as_array,
    as_callable,
    as_number,
    as_samples,
    as_targets,
    require_finite,
)
from shiftmath._shared.precision import precision
from shiftmath._shared.values import has_mask
from shiftmath.adversary._norms import largest_length

__all__ = [
    "as_batch",
    "as_box",
    "as_labels",
    "as_lengths",
    "as_target",
    "classes_of",
    "is_traceable",
    "require_inside",
    "rows_of",
]

ONE_SIGNAL = "a JAX function of one signal"
Box = tuple[Any, Any]


def as_batch(name: str, X: Any) -> Any:
    """Samples (n, *signal) of floating point numbers: a JAX array for a JAX array, else one of NumPy."""
    X = as_array(name, X) if isinstance(X, jax.Array) else as_samples(name, X)
    if X.ndim < 2 or not X.size:
        raise ValueError(f"{name}: got shape {X.shape}, takes samples of shape (n, *signal), none of them 0")
    X = X if jnp.issubdtype(X.dtype, jnp.floating) else X.astype(float)
    if not isinstance(X, jax.core.Tracer):
        require_finite(name, np.asarray(X))
    return X


def classes_of(f: Any, X: Any, *, labels_too: bool = False) -> int | None:
    """The number of logits of f for one signal; 0 for a scalar; None for a label, where they are taken too."""
    takes = "a scalar or two or more logits" + ", or a label" * labels_too
    output = _traced(as_callable("f", f, ONE_SIGNAL), X[0])
    shape = getattr(output, "shape", None)
    if shape is None or len(shape) > 1 or shape in ((0,), (1,)):
        got = f"a {type(output).__name__}" if shape is None else f"output of shape {shape}"
        raise ValueError(f"f: got {got} for one signal of shape {X.shape[1:]}, takes {takes}")
    if labels_too and not shape and jnp.issubdtype(output.dtype, jnp.integer):
        return None
    if not jnp.issubdtype(output.dtype, jnp.floating):
        raise TypeError(f"f: got output of dtype {output.dtype}, takes floating point logits")
    return shape[0] if shape else 0


def _traced(f: Any, x: Any) -> Any:
    """What f gives for x, as shapes and dtypes."""
    try:
        return eqx.filter_eval_shape(f, x)
    except Exception as error:
        # Other libraries and compilers meet a tracer with errors of their own, which say so.
        if not isinstance(error, jax.errors.JAXTypeError) and "Tracer" not in str(error):
            raise
        name = getattr(f, "__name__", type(f).__name__)
        raise TypeError(f"f: got {name}, which JAX cannot trace, takes {ONE_SIGNAL}") from error


def is_traceable(f: Any, X: Any) -> bool:
    """Whether JAX can trace f with one signal."""
    try:
        with precision(X.dtype):
            eqx.filter_eval_shape(f, X[0])
    except Exception:
        return False
    return True


def as_labels(name: str, y: Any, n: int, classes: int | None) -> Any:
    """Labels (n,) that a function of so many classes can give, -1 and 1 as 0 and 1."""
    if not isinstance(y, jax.core.Tracer):
        y = as_targets(name, y, n)
    if y.shape != (n,):
        raise ValueError(f"{name}: got shape {y.shape}, takes one label for each of the {n} samples")
    if not isinstance(y, jax.core.Tracer):
        _require_labels(name, y, classes)
    return (jnp.asarray(y) > 0).astype(int) if classes == 0 else jnp.asarray(y).astype(int)


def _require_labels(name: str, y: np.ndarray, classes: int | None) -> None:
    """A ValueError that names the first label that the function cannot give."""
    takes = f"labels from 0 to {classes - 1}" if classes else "labels -1 or 1, for a scalar f"
    takes = "whole numbers, as f gives" if classes is None else takes
    wrong = y[y != np.round(y)] if classes is None else y[~np.isin(y, np.arange(classes) if classes else [-1, 1])]
    if len(wrong):
        raise ValueError(f"{name}: got {wrong[0]}, takes {takes}")


def as_target(target: Any, y: Any, n: int, classes: int | None) -> Any:
    """Labels to be reached, one for all samples or one for each, other than the labels y; None stays."""
    if target is None:
        return None
    if not _has_axes(target):
        as_number("target", _number(target))
        target = np.full(n, target)
    target = as_labels("target", target, n, classes)
    if not isinstance(target, jax.core.Tracer) and not isinstance(y, jax.core.Tracer):
        same = np.flatnonzero(np.asarray(target) == np.asarray(y))
        if len(same):
            raise ValueError(f"target: got the label of sample {same[0]}, takes another class")
    return target


def as_box(bounds: Any, signal: tuple[int, ...]) -> Box:
    """Bounds (low, high), numbers or arrays that broadcast to a signal; None or infinite for none on that side."""
    takes = "a pair (low, high), low < high, each a number, an array that broadcasts to a signal, or None"
    pair = (None, None) if bounds is None else bounds
    if not _has_axes(pair) or len(pair) != 2:
        raise ValueError(f"bounds: got {bounds!r}, takes {takes}")
    ends = zip(pair, (-np.inf, np.inf), strict=True)
    low, high = (_values("bounds", none if end is None else end, takes) for end, none in ends)
    got = repr(bounds) if low.ndim == high.ndim == 0 else f"arrays of shapes {low.shape} and {high.shape}"
    if not _broadcasts((low.shape, high.shape), signal) or not _ordered(low, high):
        raise ValueError(f"bounds: got {got} for signals of shape {signal}, takes {takes}")
    return low, high


def _broadcasts(shapes: tuple[tuple[int, ...], ...], signal: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(*shapes, signal) == signal
    except ValueError:
        return False


def _ordered(low: Any, high: Any) -> bool:
    """Whether low <= high everywhere, and < somewhere: a pixel may be held fast, but not all of them."""
    if isinstance(low, jax.core.Tracer) or isinstance(high, jax.core.Tracer):
        return True
    return bool(np.all(low <= high) and np.any(low < high))


def require_inside(name: str, X: Any, box: Box) -> None:
    """A ValueError if a sample leaves the box."""
    if any(isinstance(a, jax.core.Tracer) for a in (X, *box)):
        return
    X = np.asarray(X)
    low, high = (end.astype(X.dtype) for end in box)
    outside = np.argwhere((low > X) | (high < X))
    if len(outside) and low.ndim == high.ndim == 0:
        takes = f"values inside bounds = {tuple(map(float, box))}"
        raise ValueError(f"{name}: got values from {X.min():.6g} to {X.max():.6g}, takes {takes}")
    if len(outside):
        where = tuple(outside[0].tolist())
        ends = tuple(float(np.broadcast_to(end, X.shape[1:])[where[1:]]) for end in box)
        raise ValueError(f"{name}: got {X[where]:.6g} at {where}, takes values inside bounds, there {ends}")


def as_lengths(name: str, value: Any, n: int, dtype: Any, *, positive: bool = False) -> Any:
    """Lengths (n,), one for each sample, or one number for all of them: from 0 on, or above 0."""
    limits: dict[str, Any] = {"positive": True} if positive else {"least": 0}
    limits["below"] = largest_length(dtype)
    if not _has_axes(value):
        return np.full(n, as_number(name, _number(value), **limits))
    lengths = _values(name, value, NUMBERS)
    if lengths.shape != (n,):
        raise ValueError(f"{name}: got shape {lengths.shape}, takes a number, or one for each of the {n} samples")
    if not isinstance(lengths, jax.core.Tracer):
        lengths = np.array([as_number(name, length, **limits) for length in lengths.tolist()])
    return lengths


def rows_of(name: str, values: Any) -> Any:
    """Lists of numbers (k, 1) or (k, n), at least one; None for what has one axis or none."""
    if not _has_axes(values):
        return None
    rows = _values(name, values, NUMBERS)
    if rows.ndim > 2 or not rows.size:
        raise ValueError(f"{name}: got shape {rows.shape}, takes a number, (n,) or (k, 1) of them, none of them 0")
    return [row[0] if len(row) == 1 else row for row in rows] if rows.ndim == 2 else None


def _values(name: str, x: Any, takes: str) -> Any:
    """As a NumPy array of real numbers; what JAX traces as it is."""
    return x if isinstance(x, jax.core.Tracer) else np.asarray(as_array(name, x, takes))


def _has_axes(value: Any) -> bool:
    """Whether it is a sequence, an array of at least one axis, or what NumPy reads as one."""
    if hasattr(value, "ndim"):
        return value.ndim > 0
    return hasattr(value, "__array__") or (isinstance(value, Sequence) and not isinstance(value, str))


def _number(value: Any) -> Any:
    """The number in an array without axes; one that is masked is none."""
    if has_mask(value):
        return value
    return value.item() if isinstance(value, (np.ndarray, np.generic, jax.Array)) else value

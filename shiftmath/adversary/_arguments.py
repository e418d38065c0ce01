"""What bad arguments of an attack get: an error that names them, what they are and what is taken."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from shiftmath._shared.arguments import as_number, as_samples, require_finite

__all__ = ["Box", "as_batch", "as_box", "as_labels", "as_positive", "require_inside"]

Box = tuple[float, float]
EVERYWHERE: Box = (-np.inf, np.inf)


def as_batch(name: str, X: Any) -> Any:
    """Samples (n, *signal): a JAX array as it is, anything else as a NumPy array of floating point numbers."""
    if not isinstance(X, jax.Array):
        X = as_samples(name, X)
        X = X.astype(float) if X.dtype.kind in "biu" else X
        require_finite(name, X)
    if X.ndim < 2 or not X.size:
        raise ValueError(f"{name}: got shape {X.shape}, takes samples of shape (n, *signal), none of them 0")
    if not jnp.issubdtype(X.dtype, jnp.floating):
        raise TypeError(f"{name}: got dtype {X.dtype}, takes floating point numbers")
    if not isinstance(X, jax.core.Tracer):
        require_finite(name, np.asarray(X))
    return X


def as_labels(f: Any, X: Any, y: Any) -> Any:
    """Labels as numbers of logits, -1 and 1 as 0 and 1, once the output of f and the labels are found to match."""
    classes = _classes(f, X)
    if np.shape(y) != (len(X),):
        raise ValueError(f"y: got shape {np.shape(y)}, takes one label for each of the {len(X)} samples")
    if not isinstance(y, jax.core.Tracer):
        allowed = np.arange(classes) if classes else np.array([-1, 1])
        wrong = np.asarray(y)[~np.isin(y, allowed)]
        if len(wrong):
            takes = f"labels from 0 to {classes - 1}" if classes else "labels -1 or 1, for a scalar f"
            raise ValueError(f"y: got {wrong[0]}, takes {takes}")
    return jnp.asarray(y).astype(int) if classes else (jnp.asarray(y) > 0).astype(int)


def _classes(f: Any, X: Any) -> int:
    """The number of logits of f; 0 for a scalar."""
    output = eqx.filter_eval_shape(f, X[0])
    shape = getattr(output, "shape", None)
    if shape is None or len(shape) > 1 or shape in ((0,), (1,)):
        got = f"a {type(output).__name__}" if shape is None else f"output of shape {shape}"
        raise ValueError(f"f: got {got} for one signal of shape {X.shape[1:]}, takes a scalar or two or more logits")
    if not jnp.issubdtype(output.dtype, jnp.floating):
        raise TypeError(f"f: got output of dtype {output.dtype}, takes floating point logits")
    return shape[0] if shape else 0


def as_box(bounds: Any) -> Box:
    """Bounds (low, high) with low < high; None is everywhere."""
    if bounds is None:
        return EVERYWHERE
    takes = "a pair (low, high) of numbers, low < high, or None"
    if np.shape(bounds) != (2,):
        raise ValueError(f"bounds: got {bounds!r}, takes {takes}")
    low, high = (as_number("bounds", b) for b in bounds)
    if not low < high:
        raise ValueError(f"bounds: got {bounds!r}, takes {takes}")
    return low, high


def require_inside(name: str, X: Any, box: Box) -> None:
    """A ValueError if a sample leaves the box."""
    if box == EVERYWHERE or isinstance(X, jax.core.Tracer):
        return
    low, high = float(X.min()), float(X.max())
    if low < box[0] or high > box[1]:
        raise ValueError(f"{name}: got values from {low:.6g} to {high:.6g}, takes values inside bounds = {box}")


def as_positive(name: str, value: Any, *, zero: bool = False, below: float = np.inf) -> float:
    """A finite number above 0, or from 0 on, and below a bound."""
    number = as_number(name, value)
    if number < 0 or (number == 0 and not zero) or number >= below:
        upper = "" if below == np.inf else f" and below {below:g}"
        raise ValueError(f"{name}: got {value!r}, takes a number {'from 0 on' if zero else 'above 0'}{upper}")
    return number

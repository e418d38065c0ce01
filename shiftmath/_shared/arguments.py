"""What bad input gets: an error that names the argument, what it got and what it takes."""

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "as_axes",
    "as_choice",
    "as_count",
    "as_number",
    "as_samples",
    "as_shape",
    "as_signal",
    "require_finite",
    "require_finite_result",
    "require_same_signals",
]

NUMBERS = "an array of real numbers"


def _as_numbers(name: str, x: Any, takes: str, kinds: str) -> Any:
    """`x` as an array whose dtype is of one of the `kinds`; an array of another library stays one."""
    if not hasattr(x, "__array_namespace__"):
        try:
            x = np.asarray(x)
        except ValueError as error:
            raise ValueError(f"{name}: got rows of unequal lengths, takes {takes}") from error
    kind = np.dtype(x.dtype).kind
    # JAX's bfloat16 and float8 are of kind V.
    if kind not in kinds and not (kind == "V" and "float" in str(x.dtype)):
        raise TypeError(f"{name}: got dtype {x.dtype}, takes {takes}")
    return x


def as_signal(name: str, x: ArrayLike, *, complex_allowed: bool = False) -> Any:
    """One non-empty signal with at least one axis: floating point as it is, integers and booleans as float64."""
    takes = NUMBERS + " with at least one axis and one sample"
    x = _as_numbers(name, x, takes, "biufc" if complex_allowed else "biuf")
    if x.ndim == 0 or x.size == 0:
        raise ValueError(f"{name}: got shape {tuple(x.shape)}, takes {takes}")
    return x.astype(float) if np.dtype(x.dtype).kind in "biu" else x


def as_samples(name: str, x: ArrayLike) -> np.ndarray:
    """Samples of one class, (n, *spatial) with no length 0, as a NumPy array of its own real dtype."""
    takes = NUMBERS + " of shape (samples, *spatial), none of them 0"
    x = np.asarray(_as_numbers(name, x, takes, "biuf"))
    if x.ndim < 2:
        hint = f"; one signal is {name}[None]" if x.ndim == 1 and x.size else ""
        raise ValueError(f"{name}: got shape {x.shape}, takes {takes}{hint}")
    if x.size == 0:
        raise ValueError(f"{name}: got shape {x.shape}, takes {takes}")
    return x


def require_finite(name: str, x: np.ndarray) -> None:
    """A ValueError that names the first entry of `x` that is NaN or infinite."""
    if not np.isfinite(x).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
        raise ValueError(f"{name}: got {x[where]} at {where}, takes finite numbers")


def require_finite_result(name: str, x: Any, result: Any) -> Any:
    """`result`, a sum over `x`; a ValueError if NumPy finds it not finite. It is smaller to look at than `x`."""
    if isinstance(result, (np.ndarray, np.generic)) and not np.isfinite(result).all():
        require_finite(name, np.asarray(x))
        raise ValueError(f"{name}: got numbers whose sum overflows, takes smaller ones")
    return result


def require_same_signals(positives: np.ndarray, negatives: np.ndarray) -> None:
    """A ValueError unless the signals of the two classes have one shape."""
    if positives.shape[1:] != negatives.shape[1:]:
        raise ValueError(
            f"positives and negatives: got signals of shapes {positives.shape[1:]} and {negatives.shape[1:]}, "
            "takes two classes of signals of one shape"
        )


def as_shape(name: str, shape: int | Sequence[int]) -> tuple[int, ...]:
    """A shape as a non-empty tuple of positive integers; an integer is a shape of one axis."""
    takes = "a positive integer or a non-empty sequence of them"
    try:
        lengths = (operator.index(shape),) if not isinstance(shape, Sequence) else tuple(map(operator.index, shape))
    except TypeError as error:
        raise TypeError(f"{name}: got {shape!r}, takes {takes}") from error
    if not lengths or min(lengths) < 1:
        raise ValueError(f"{name}: got {shape!r}, takes {takes}")
    return lengths


def as_axes(name: str, axes: Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Axes of a signal of `ndim` axes, counted from 0 or from the end; None takes all."""
    if axes is None:
        return tuple(range(ndim))
    if any(not -ndim <= a < ndim for a in axes):
        raise ValueError(
            f"{name}: got {tuple(axes)}, takes axes of a signal that has {ndim}, from {-ndim} to {ndim - 1}"
        )
    return tuple(a % ndim for a in axes)


def as_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """One of the choices."""
    message = f"{name}: got {value!r}, takes one of {', '.join(map(repr, choices))}"
    if not isinstance(value, str):
        raise TypeError(message)
    if value not in choices:
        raise ValueError(message)
    return value


def as_count(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least`, as an int."""
    takes = f"a whole number of at least {least}"
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: got {value!r}, takes {takes}")
    if value < least:
        raise ValueError(f"{name}: got {value!r}, takes {takes}")
    return int(value)


def as_number(name: str, value: float, *, nonzero: bool = False) -> float:
    """A finite real number, as a float."""
    takes = "a finite number other than 0" if nonzero else "a finite number"
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name}: got {value!r}, takes {takes}")
    if not math.isfinite(value) or (nonzero and value == 0):
        raise ValueError(f"{name}: got {value!r}, takes {takes}")
    return float(value)

"""What bad input gets: an error that names the argument, what it got and what it takes.

Every message has one form, "name: got ..., takes ...": a TypeError where the type or dtype is wrong, a ValueError where
the value is. Arrays of other byte orders and of long double are converted, masked arrays refused everywhere: no
formula here knows what a missing pixel is.
"""

import math
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.values import has_mask, is_traced, numpy_array, show, whole_numbers

__all__ = [
    "as_array",
    "as_axes",
    "as_bool",
    "as_callable",
    "as_choice",
    "as_count",
    "as_counts",
    "as_number",
    "as_numbers",
    "as_samples",
    "as_shape",
    "as_share",
    "as_signal",
    "as_targets",
    "as_text",
    "require_finite",
    "require_finite_result",
    "require_in_range",
    "require_same_signals",
]

NUMBERS = "an array of real numbers"
INT64 = 2**63 - 1  # the largest whole number of NumPy and JAX


def as_array(name: str, x: Any, takes: str = NUMBERS, *, complex_allowed: bool = False, to_numpy: bool = False) -> Any:
    """`x` as an array of real numbers in the byte order of the machine.

    An array of another library stays one unless it is to go `to_numpy`. In NumPy long double becomes float64, bfloat16
    and float8 become float32; other dtypes stay as they are.
    """
    if has_mask(x):
        raise TypeError(f"{name}: got a masked array, takes {takes}; .filled(value) gives one without a mask")
    if to_numpy or isinstance(x, (np.ndarray, np.generic)) or not hasattr(x, "__array_namespace__"):
        x = numpy_array(name, x, takes)
    kind = getattr(x.dtype, "kind", "O")  # keys of JAX have none
    short = kind == "V" and "float" in x.dtype.name  # bfloat16 and float8
    if kind not in ("biufc" if complex_allowed else "biuf") and not short:
        raise TypeError(f"{name}: got dtype {x.dtype}, takes {takes}")
    if not isinstance(x, np.ndarray):
        return x
    if x.dtype.char in "gG" or short:
        return x.astype(np.float32 if short else float if kind == "f" else complex)
    return x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("="))


def as_signal(name: str, x: ArrayLike, *, complex_allowed: bool = False, to_numpy: bool = False) -> Any:
    """One non-empty signal with at least one axis: floating point as it is, integers and booleans as float64."""
    takes = NUMBERS + " with at least one axis and one sample"
    x = as_array(name, x, takes, complex_allowed=complex_allowed, to_numpy=to_numpy)
    if x.ndim == 0 or x.size == 0:
        raise ValueError(f"{name}: got shape {tuple(x.shape)}, takes {takes}")
    return x.astype(float) if np.dtype(x.dtype).kind in "biu" else x


def as_samples(name: str, x: ArrayLike) -> np.ndarray:
    """Samples of one class, (n, *spatial) with no length 0, as a NumPy array of its own real dtype."""
    takes = NUMBERS + " of shape (samples, *spatial), none of them 0"
    x = as_array(name, x, takes, to_numpy=True)
    if x.ndim < 2:
        hint = f"; one signal is {name}[None]" if x.ndim == 1 and x.size else ""
        raise ValueError(f"{name}: got shape {x.shape}, takes {takes}{hint}")
    if x.size == 0:
        raise ValueError(f"{name}: got shape {x.shape}, takes {takes}")
    return x


def as_targets(name: str, y: ArrayLike, n: int) -> np.ndarray:
    """Finite real labels or targets, one for each of n samples: (n,), or (n, outputs) with at least one output."""
    takes = f"one label for each of the {n} samples"
    y = as_array(name, y, takes, to_numpy=True)
    if y.ndim not in (1, 2) or len(y) != n or not y.size:
        raise ValueError(f"{name}: got shape {y.shape}, takes {takes}")
    require_finite(name, y)
    return y


def require_finite(name: str, x: Any) -> None:
    """A ValueError that names the first entry of `x` that is NaN or infinite; a tracer is not looked at."""
    if is_traced(x) or np.isfinite(x := np.asarray(x)).all():
        return
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
    raise ValueError(f"{name}: got {x[where]} at {where}, takes finite numbers")


def require_finite_result(name: str, x: Any, result: Any, what: str = "sum overflows") -> Any:
    """`result`, made of `x`; a ValueError unless it is finite. It is smaller to look at than `x`."""
    if not is_traced(result) and not np.isfinite(np.asarray(result)).all():
        require_finite(name, x)
        raise ValueError(f"{name}: got numbers whose {what}, takes smaller ones")
    return result


def require_in_range(name: str, what: str, length: float) -> None:
    """A ValueError where a positive length that was computed from `name` is infinite or 0 in float64."""
    if not 0 < length < math.inf:
        how, takes = ("underflows", "larger") if length == 0 else ("overflows", "smaller")
        raise ValueError(f"{name}: got numbers whose {what} {how}, takes {takes} ones")


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
    lengths = whole_numbers(name, shape, takes)
    if not lengths or min(lengths) < 1:
        raise ValueError(f"{name}: got {show(shape)}, takes {takes}")
    return lengths


def as_axes(name: str, axes: int | Sequence[int] | None, ndim: int | None) -> Any:
    """Axes of a signal of `ndim` axes, each once, counted from 0 or from the end; None takes all.

    While the signal is not known, `ndim` is None, and axes stay as they are, None too.
    """
    if axes is None:
        return None if ndim is None else tuple(range(ndim))
    values = whole_numbers(name, axes, "None, an axis or a sequence of axes")
    inside = ndim is None or all(-ndim <= a < ndim for a in values)
    counted = tuple(a % ndim for a in values) if ndim else values
    if not inside or not values or len(set(counted)) < len(values):
        which = "" if ndim is None else f" of a signal that has {ndim}, from {-ndim} to {ndim - 1}"
        raise ValueError(f"{name}: got {show(axes)}, takes different axes{which}")
    return counted


def as_text(name: str, value: Any, takes: str) -> str:
    """A string, described by `takes`."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: got {show(value)}, takes {takes}")
    return value


def as_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """One of the choices."""
    message = f"{name}: got {show(value)}, takes one of {', '.join(map(repr, choices))}"
    if not isinstance(value, str):
        raise TypeError(message)
    if value not in choices:
        raise ValueError(message)
    return str.__str__(value)  # of a NumPy string or an enumeration too


def as_bool(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: got {show(value)}, takes True or False")
    return bool(value)


def as_callable(name: str, value: Any, takes: str) -> Callable[..., Any]:
    """A callable, described by `takes`."""
    if not callable(value):
        raise TypeError(f"{name}: got {show(value)}, takes {takes}")
    return value


def as_count(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """A whole number of at least `least`, and at most `most` or what 64 bits hold, as an int."""
    takes = f"a whole number of at least {least}" if most is None else f"a whole number from {least} to {most}"
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: got {show(value)}, takes {takes}")
    if value < least or value > (INT64 if most is None else most):
        takes += f" and at most {INT64}" if most is None and value > INT64 else ""
        raise ValueError(f"{name}: got {show(value)}, takes {takes}")
    return int(value)


def as_counts(name: str, values: Any, least: int = 1) -> tuple[int, ...]:
    """Whole numbers of at least `least`, as a tuple; one stands for a sequence of one."""
    values = whole_numbers(name, values, f"a sequence of whole numbers of at least {least}")
    return tuple(as_count(name, value, least) for value in values)


def as_number(
    name: str,
    value: Any,
    *,
    nonzero: bool = False,
    least: float | None = None,
    positive: bool = False,
    below: float = math.inf,
) -> float:
    """A finite real number as a float: other than 0, of at least `least`, above 0, or below a bound."""
    takes = (
        "a positive finite number" if positive else "a non-negative finite number" if least == 0 else "a finite number"
    )
    takes += f" of at least {least:g}" if least else ""
    takes += " other than 0" if nonzero else ""
    takes += f" below {below:g}" if below < math.inf else ""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: got {show(value)}, takes {takes}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    too_small = (least is not None and number < least) or (positive and number <= 0) or (nonzero and number == 0)
    if not math.isfinite(number) or too_small or number >= below:
        raise ValueError(f"{name}: got {show(value)}, takes {takes}")
    return number


def as_share(name: str, value: Any) -> float:
    """A number from 0 to 1, as a float."""
    takes = "a number from 0 to 1"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: got {show(value)}, takes {takes}")
    if not 0 <= (share := float(value)) <= 1:
        raise ValueError(f"{name}: got {show(value)}, takes {takes}")
    return share


def as_numbers(name: str, values: Any, **limits: Any) -> np.ndarray:
    """A non-empty list of numbers, each as `as_number` takes it, as an array of float64."""
    takes = "a non-empty list of numbers"
    values = as_array(name, values, takes, to_numpy=True)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"{name}: got shape {values.shape}, takes {takes}")
    return np.array([as_number(name, value, **limits) for value in values.astype(float).tolist()])

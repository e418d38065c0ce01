"""Whether a function is invariant or equivariant, and how often a classifier says the same of two images of a signal.

All are counted over the whole orbit, without sampling.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_callable, as_number, as_samples, as_signal, require_finite
from shiftmath._shared.values import has_mask, numpy_array
from shiftmath.groups.group import Group, as_group

__all__ = ["assert_equivariant", "assert_invariant", "consistency"]

Signal = Float[np.ndarray, "..."]


def consistency(
    predict: Callable[[np.ndarray], Any], X: "ArrayLike", group: Group | None = None
) -> Float[np.ndarray, "n"]:
    r"""The probability, for each signal x, that the classes predicted at Tx and T'x agree, T and T' random.

    $$\sum_c \Big(\frac{|\{T \in G : \mathrm{predict}(Tx) = c\}|}{|G|}\Big)^2$$

    for T and T' independent and uniform on the group G: by counting, without sampling. It is 1 where the prediction is
    invariant, and at least one over the number of classes. The labels play no part. Its mean over a test set is what
    Zhang (2019, *Making Convolutional Networks Shift-Invariant Again*) estimates from one pair of shifts an image.

    Args:
        predict: from signals (m, ...) to m class labels, numbers or strings; it sees the whole orbit of one signal at a
            time, in the dtype of X, integers and booleans as float64.
        X: signals (n, ...).
        group: None for all circular shifts of all axes; `circular_shifts(axes=(0, 1))` leaves channels in place.

    Raises:
        ValueError, TypeError: X holds no finite real numbers; predict gives other than one label a signal; a group that
            is none, cannot act on the signals or has too many elements to be listed.

    >>> consistency(lambda X: X[:, 0] > 0.5, [[1, 0, 0, 0], [1, 1, 1, 1]]).tolist()  # (1/4)^2 + (3/4)^2
    [0.625, 1.0]
    """
    predict = as_callable("predict", predict, "a function from signals (m, ...) to m labels")
    X, group = as_signal("X", as_samples("X", X)), as_group(group)
    require_finite("X", X)
    elements = group.elements(X.shape[1:])
    return np.array([_agreement(_labels(predict, x.ravel()[elements].reshape(-1, *x.shape))) for x in X])


def _agreement(labels: np.ndarray) -> float:
    """The share of pairs of equal labels."""
    counts = np.unique(labels, return_counts=True)[1]
    return float(np.sum((counts / len(labels)) ** 2))


def _labels(predict: Callable[[np.ndarray], Any], images: np.ndarray) -> np.ndarray:
    """The classes that predict gives, one for each image."""
    m, answer = len(images), predict(images)
    takes = f"one label, a number or a string, for each of {m} signals"
    labels = numpy_array("predict", answer, takes)
    if labels.dtype == object and all(isinstance(label, str) for label in labels.flat):
        labels = labels.astype(str)
    if labels.dtype.kind not in "biufUT" or has_mask(answer):
        raise TypeError(f"predict: got labels of dtype {labels.dtype}, takes {takes}")
    if labels.shape != (m,):
        raise ValueError(f"predict: got shape {labels.shape}, takes {takes}")
    if labels.dtype.kind == "f":
        require_finite("predict", labels)
    return labels


def assert_invariant(
    f: Callable[..., Any], x: "ArrayLike", group: Group | None = None, tolerance: float | None = None
) -> None:
    r"""An AssertionError that shows both sides unless f(Tx) = f(x) for every T in the group.

    The difference may reach `tolerance` times |f(x)|, or `tolerance` where |f(x)| is below 1.

    Args:
        f: a function of one signal; its values are numbers or booleans, of one shape.
        x: one signal.
        group: None for all circular shifts of all axes.
        tolerance: None takes three quarters of the digits of x or f(x), whichever has fewer: $\epsilon^{3/4}$, 1.8e-12
            in float64 and 6.4e-6 in float32.

    Raises:
        ValueError, TypeError: x or f(x) holds no finite real numbers; a group that cannot act on x or has too many
            elements to be listed; a tolerance that is negative or no number.

    >>> assert_invariant(np.sum, [1.0, 2.0, 4.0])
    >>> assert_invariant(np.argmax, [1.0, 2.0, 4.0])
    Traceback (most recent call last):
        ...
    AssertionError: f(Tx) = f(x) fails by 2 for Tx = x[[2 0 1]]: left [0.], right [2.]
    """
    _assert_all_equal("f(Tx) = f(x)", f, x, group, tolerance, moves=False)


def assert_equivariant(
    f: Callable[..., Any], x: "ArrayLike", group: Group | None = None, tolerance: float | None = None
) -> None:
    """An AssertionError that shows both sides unless f(Tx) = T f(x) for every T in the group.

    f(x) has the shape of x; arguments and errors are those of `assert_invariant`.

    >>> assert_equivariant(np.square, [1.0, 2.0, 4.0])
    """
    _assert_all_equal("f(Tx) = T f(x)", f, x, group, tolerance, moves=True)


def _assert_all_equal(
    law: str, f: Callable, x: "ArrayLike", group: Group | None, tolerance: float | None, moves: bool
) -> None:
    """An AssertionError unless f(Tx) is f(x), or T f(x) if it `moves`, for every T in the group."""
    as_callable("f", f, "a function of one signal")
    group, x = as_group(group), as_signal("x", x, to_numpy=True)
    require_finite("x", x)
    value, eps = _value(f, x)
    if moves and value.shape != x.shape:
        raise ValueError(
            f"f: got values of shape {value.shape}, takes a function whose values have that of x, {x.shape}"
        )
    tolerance = eps**0.75 if tolerance is None else as_number("tolerance", tolerance, least=0)
    size = max(1.0, float(abs(value).max(initial=0)))  # no square of a number divided by it overflows
    for p in group.elements(x.shape):
        left, right = _value(f, x.ravel()[p].reshape(x.shape))[0], value.ravel()[p].reshape(x.shape) if moves else value
        error = float(np.linalg.norm(np.ravel(left / size - right / size))) if left.shape == right.shape else np.inf
        if not error <= tolerance * max(1.0, float(np.linalg.norm(value.ravel() / size))):
            T, left, right = (
                np.array2string(a.ravel(), threshold=8, edgeitems=2, precision=6) for a in (p, left, right)
            )
            raise AssertionError(f"{law} fails by {error * size:.3g} for Tx = x[{T}]: left {left}, right {right}")


def _value(f: Callable, x: Signal) -> tuple[np.ndarray, float]:
    """f(x) in double precision, and the eps of x or f(x), whichever is larger."""
    takes = "a function whose values are numbers"
    value = as_array("f", f(x), takes, complex_allowed=True, to_numpy=True)
    require_finite("f", value)
    floating = [a.dtype for a in (x, value) if a.dtype.kind in "fc"]
    return value.astype(np.result_type(value, float)), max(float(np.finfo(dtype).eps) for dtype in floating)

"""Whether a function is invariant or equivariant, and how often a classifier says the same of two images of a signal.

All are counted over the whole orbit, without sampling.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_samples, as_signal, require_finite
from shiftmath.groups.group import Group, circular_shifts

__all__ = ["assert_equivariant", "assert_invariant", "consistency"]

Signal = Float[np.ndarray, "..."]


def consistency(
    predict: Callable[[np.ndarray], Any], X: ArrayLike, group: Group | None = None
) -> Float[np.ndarray, "n"]:
    r"""The probability, for each signal x, that the classes predicted at Tx and T'x agree, T and T' random.

    $$\sum_c \Big(\frac{|\{T \in G : \mathrm{predict}(Tx) = c\}|}{|G|}\Big)^2$$

    for T and T' independent and uniform on the group G: by counting, without sampling. It is 1 where the prediction is
    invariant, and at least one over the number of classes. The labels play no part. Its mean over a test set is what
    Zhang (2019, *Making Convolutional Networks Shift-Invariant Again*) estimates from one pair of shifts an image.

    Args:
        predict: from signals (m, ...) to m class labels; it sees the whole orbit of one signal at a time.
        X: signals (n, ...).
        group: None for all circular shifts of all axes; `circular_shifts(axes=(0, 1))` leaves channels in place.

    Raises:
        ValueError, TypeError: X holds no finite real numbers; predict gives other than one label a signal.

    >>> consistency(lambda X: X[:, 0] > 0.5, [[1, 0, 0, 0], [1, 1, 1, 1]]).tolist()  # (1/4)^2 + (3/4)^2
    [0.625, 1.0]
    """
    X = as_samples("X", X)
    require_finite("X", X)
    elements = (group or circular_shifts()).elements(X.shape[1:])
    shares = []
    for x in X:
        labels = np.asarray(predict(x.ravel()[elements].reshape(-1, *x.shape)))
        if labels.shape != (len(elements),):
            raise ValueError(f"predict: got shape {labels.shape} for {len(elements)} signals, takes one label for each")
        counts = np.unique(labels, return_counts=True)[1]
        shares.append(np.sum((counts / len(elements)) ** 2))
    return np.array(shares)


def assert_invariant(
    f: Callable[[Signal], ArrayLike], x: ArrayLike, group: Group | None = None, tolerance: float = 1e-12
) -> None:
    """An AssertionError that prints both sides unless f(Tx) = f(x) for every T in the group.

    The difference may reach `tolerance` times |f(x)|, or `tolerance` where |f(x)| is below 1.


    >>> assert_invariant(np.sum, [1.0, 2.0, 4.0])
    >>> assert_invariant(np.max, [1.0, 2.0, 4.0], flips())
    """
    _assert_all_equal("f(Tx) = f(x)", group, x, lambda T: f(T(x)), lambda T: f(np.asarray(x)), tolerance)


def assert_equivariant(
    f: Callable[[Signal], ArrayLike], x: ArrayLike, group: Group | None = None, tolerance: float = 1e-12
) -> None:
    """An AssertionError that prints both sides unless f(Tx) = T f(x) for every T in the group.

    f(x) has the shape of x; `tolerance` is that of `assert_invariant`.

    >>> assert_equivariant(np.square, [1.0, 2.0, 4.0])
    """
    _assert_all_equal("f(Tx) = T f(x)", group, x, lambda T: f(T(x)), lambda T: T(f(np.asarray(x))), tolerance)


def _assert_all_equal(
    law: str, group: Group | None, x: ArrayLike, left: Callable, right: Callable, tolerance: float
) -> None:
    x = np.asarray(as_signal("x", x))
    for p in (group or circular_shifts()).elements(x.shape):
        a, b = (np.asarray(side(lambda y, p=p: np.asarray(y).ravel()[p].reshape(x.shape))) for side in (left, right))
        error = np.linalg.norm(np.ravel(a - b))
        if not error <= tolerance * max(1.0, float(np.linalg.norm(np.ravel(b)))):
            raise AssertionError(f"{law} fails by {error:.3g} for T = x[{p.tolist()}]: left {a}, right {b}")

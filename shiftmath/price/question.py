"""The question of who has data: what would invariance cost on them."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_bool, as_count, as_samples, require_finite, require_same_signals
from shiftmath._shared.progress import progress as shown
from shiftmath._shared.values import has_mask, numpy_array
from shiftmath.groups import Group
from shiftmath.price.linear import group_of, linear_price
from shiftmath.price.report import Price, Prices
from shiftmath.price.wide import wide_price

__all__ = ["pairwise_price", "price_of_invariance"]


def price_of_invariance(
    positives: "ArrayLike",
    negatives: "ArrayLike",
    group: Group | None = None,
    *,
    wide: int = 4,
    seed: int = 0,
    progress: bool = False,
) -> Price:
    r"""What invariance under a group costs for two classes: the gaps of the best separators, and at infinite width.

    The linear part compares the largest gap of any separator (`max_margin`) with that of any invariant one
    (`invariant_margin`); for all circular shifts the latter is that between DC components. The ratio is between 1,
    where invariance is free, and 0, where nothing invariant separates; of a white and a black dot it is 1 / sqrt(d).
    Classes that overlap have soft gaps instead, at the least share s of each class at which an invariant separator
    exists: the mean of the share that lies lowest stands for the minimum (`max_margin` with a share).

    The part at infinite width takes `wide` samples of each class, and the distances of the first of each to the
    boundaries of three networks that interpolate them: `FullyConnected`, and `Convolutional` with the readouts
    "flatten" and "average", of which the last is invariant; under another group, `FullyConnected` and its mean over the
    group. Distances are certified below and found above. It costs time for large images: most of a minute of the
    processor for 28 x 28.

    Args:
        positives, negatives: samples (n, *spatial) and (m, *spatial), real. The last of three axes of a sample holds
            channels.
        group: a `groups.Group` acting on a sample; None takes all circular shifts, which leave channels in place.
        wide: how many samples of each class for the part at infinite width; 0 leaves it out.
        seed: of the draw of these.
        progress: shows a bar on stderr for the part at infinite width.

    Raises:
        ValueError, TypeError: an empty class, ragged rows, NaN or infinity, strings, classes of different shapes.

    Source: Ge et al. (2021), Theorem 1 and Corollary 1; Theorem 2 and Corollary 2 for the part at infinite width.

    >>> from shiftmath import dot_on_gray
    >>> white, black = dot_on_gray((4, 4))
    >>> price_of_invariance(white[None], black[None])
    What invariance costs: 1 + 1 samples of shape (4, 4); at infinite width 1 + 1 of them, distances of one each
    separator                         what             share  value  ratio to the first
    any                               gap                     2      1
    invariant                         gap                     0.5    0.25
    FullyConnected()                  median distance         1      1
    Convolutional(readout='flatten')  median distance         1      1
    Convolutional()                   median distance         0.25   0.25
    """
    P, N = _samples("positives", positives), _samples("negatives", negatives)
    require_same_signals(P, N)
    wide, seed, show = as_count("wide", wide, 0), as_count("seed", seed, 0), as_bool("progress", progress)
    return _with_wide(_linear(P, N, group), P, N, group, wide, seed, show)


def pairwise_price(
    X: "ArrayLike",
    y: "ArrayLike",
    group: Group | None = None,
    *,
    wide: int = 4,
    wide_pairs: int = 2,
    seed: int = 0,
    progress: bool = False,
) -> Prices:
    """`price_of_invariance` for all pairs of classes.

    The part at infinite width is that of at most `wide_pairs` pairs, whose plain gaps are spread evenly from the
    smallest to the largest. The linear part of all 45 pairs of 10,000 images of 28 x 28 takes less than a minute.

    Args:
        X: samples (n, *spatial).
        y: n labels, numbers or text.
        wide_pairs: how many pairs have a part at infinite width.
        progress: shows bars on stderr.
        group, wide, seed: as for `price_of_invariance`.

    Raises:
        ValueError, TypeError: labels of fewer than two classes, or not one for each sample; else as there.

    >>> X = np.array([[0.0, 1.0], [0.0, 3.0], [6.0, 2.0]])
    >>> pairwise_price(X, ["a", "b", "c"], wide=0)
    What invariance costs: 3 pairs of 3 classes
    classes  gap of any  of invariant ones  ratio   share  ratio at it  at infinite width
    a and b  2           1.414              0.7071  0      0.7071
    a and c  6.083       4.95               0.8137  0      0.8137
    b and c  6.083       3.536              0.5812  0      0.5812
    """
    X = _samples("X", X)
    y, classes = _labels("y", y, len(X))
    wide, wide_pairs = as_count("wide", wide, 0), as_count("wide_pairs", wide_pairs, 0)
    seed, show = as_count("seed", seed, 0), as_bool("progress", progress)
    couples, found = list(combinations(classes, 2)), dict[tuple[Any, Any], Price]()
    for a, b in shown(couples, len(couples), "pairs", show):
        found[a, b] = _linear(X[y == a], X[y == b], group)
    few = _spread(found, wide_pairs if wide else 0)
    for a, b in shown(few, len(few), "pairs at infinite width", show):
        found[a, b] = _with_wide(found[a, b], X[y == a], X[y == b], group, wide, seed, False)
    return Prices(tuple(classes), found)


def _samples(name: str, X: ArrayLike) -> np.ndarray:
    X = as_samples(name, X)
    require_finite(name, X)
    return X


def _labels(name: str, y: ArrayLike, n: int) -> tuple[np.ndarray, list[Any]]:
    """Labels as an array, and the different ones in order."""
    takes = f"one label for each of the {n} samples, whole numbers or text, of at least two classes"
    if has_mask(y):
        raise TypeError(f"{name}: got a masked array, takes {takes}")
    y = numpy_array(name, y, takes)
    if y.dtype == object and all(isinstance(label, str) for label in y.flat):
        y = y.astype(str)
    y = y if y.dtype.kind == "U" else as_array(name, y, takes, to_numpy=True)
    if y.dtype.kind == "f" and not (np.isfinite(y) & (y == np.rint(y))).all():
        raise ValueError(f"{name}: got numbers that are not whole, takes {takes}")
    if y.shape != (n,):
        raise ValueError(f"{name}: got shape {y.shape}, takes {takes}")
    classes = np.unique(y).tolist()
    if len(classes) < 2:
        raise ValueError(f"{name}: got the one class {classes[0]!r}, takes {takes}")
    return y, classes


def _linear(P: np.ndarray, N: np.ndarray, group: Group | None) -> Price:
    acting = group_of(group, P.shape[1:])
    return Price(*linear_price(P, N, acting), (), acting, (len(P), len(N)), P.shape[1:])


def _with_wide(
    price: Price, P: np.ndarray, N: np.ndarray, group: Group | None, wide: int, seed: int, show: bool
) -> Price:
    if not wide:
        return price
    return replace(price, wide=wide_price(P, N, group, per_class=wide, seed=seed, progress=show))


def _spread(prices: dict[tuple[Any, Any], Price], most: int) -> list[tuple[Any, Any]]:
    """At most so many pairs, whose plain gaps are spread evenly."""
    order = sorted(prices, key=lambda pair: prices[pair].plain_gap)
    places = np.linspace(0, len(order) - 1, min(most, len(order))).round().astype(int)
    return [order[i] for i in places]

r"""Hard-margin linear separators with a certificate: of two classes, and of two classes closed under a group.

A linear separator is a unit normal $n$ and an offset $b$ with $\langle n, x\rangle + b > 0$ on one class and $< 0$ on
the other. Two lengths are called margin in the literature; here each has its own name:

- the **gap**, $\min_{+} \langle n, x\rangle - \max_{-} \langle n, x\rangle$: the width of the empty slab, for the best
  normal the distance of the two convex hulls;
- the **robustness**, gap / 2: the distance of the nearest sample to the boundary in the middle of the slab.

A separator is invariant under a group when it puts all images of a sample on the sample's side. The best one is the
best separator of the orbits, and its gap is the hull distance of the samples' projections on the fixed subspace of the
group: averaging over the group maps the hull of the orbits onto the hull of the projections and lies inside it. For all
circular shifts that subspace is the line along $w = \mathbf 1/\sqrt d$, and the gap is that between two intervals of DC
components (Ge et al. 2021, Theorem 1).
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import (
    as_number,
    as_samples,
    as_share,
    require_finite,
    require_in_range,
    require_same_signals,
)
from shiftmath._shared.scaling import exponent, times_power_of_two
from shiftmath.groups import Group
from shiftmath.groups.fixed_subspace import lift
from shiftmath.margins.answers import Certificate, NotCertified, NotSeparable, Separator
from shiftmath.margins.hulls import NearestPoints, nearest_points
from shiftmath.margins.reduced import lowest
from shiftmath.margins.streams import FixedClass, fixed_class

__all__ = ["invariant_margin", "max_margin"]

CHANNELS = (3, 4)  # colours, or colours and opacity, as the last axis of an image

Signal = Float[np.ndarray, "*spatial"]
Weights = Float[np.ndarray, "n"]
Rows = Float[np.ndarray, "n r"]
Intervals = tuple[tuple[float, float], tuple[float, float]]


def max_margin(
    positives: "ArrayLike", negatives: "ArrayLike", *, share: float = 0.0, tolerance: float = 1e-8
) -> Separator:
    r"""The separator with the largest gap $\max_{|n|=1} (\min_i \langle n, a_i\rangle - \max_j \langle n, b_j\rangle)$.

    Args:
        positives, negatives: samples (n, *spatial) and (m, *spatial), real; promoted to float64.
        share: of each class, from 0 to 1, of which the mean stands for the minimum and the maximum. So classes that
            overlap have a gap too, that of their `reduced` hulls; for 1 it is the distance of the means.
        tolerance: the largest relative duality gap that is returned rather than raised.

    Raises:
        NotSeparable: the hulls of the classes, reduced to the share, share a point, to rounding.
        NotCertified: the bounds of the certificate are further apart than `tolerance`.
        ValueError, TypeError: an empty class, ragged rows, NaN or infinity, strings, classes of different shapes.

    Source: Ge et al. (2021), section 3; hard-margin support vector machine, Cortes and Vapnik (1995); with a share, the
    nu-support vector machine, Crisp and Burges (2000).

    >>> white, black = [[0.0, 1.0, 0.0]], [[0.0, -1.0, 0.0]]
    >>> max_margin(white, black).gap
    2.0
    >>> max_margin([[1.0], [5.0]], [[2.0], [0.0]], share=1).gap  # 3 - 1, though 1 lies below 2
    2.0
    """
    share, tolerance = as_share("share", share), as_number("tolerance", tolerance, least=0)
    positives, negatives = _classes(positives, negatives)
    require_finite("positives", positives)
    require_finite("negatives", negatives)
    A, B = (x.reshape(len(x), -1).astype(float, copy=False) for x in (positives, negatives))
    found = nearest_points(A, B, share=share)
    if _share_a_point(found, 0.0, tolerance):
        witness = _combination(found.positive_weights, A).reshape(positives.shape[1:])
        raise NotSeparable(f"the {_reduced(share)}hulls of the two classes share a point", found, witness)
    return _certified(found, found.normal.reshape(positives.shape[1:]), tolerance)


def invariant_margin(
    positives: "ArrayLike | Iterator[ArrayLike]",
    negatives: "ArrayLike | Iterator[ArrayLike]",
    group: Group | None = None,
    *,
    share: float = 0.0,
    tolerance: float = 1e-8,
) -> Separator:
    r"""The separator with the largest gap among those invariant under a group: on the orbits of all samples.

    The orbits are never built. For all circular shifts (the default) the gap is that between the DC intervals,
    $\min_{+} f_{dc} - \max_{-} f_{dc}$ or with the classes swapped, found in one pass over the data; for another group
    it is the hull distance of the samples' coordinates on the fixed subspace.

    Args:
        positives, negatives: samples (n, *spatial) and (m, *spatial), real; sums are taken in float64. Either may be a
            stream, for data that do not fit in memory: an iterator of batches (k, *spatial), read once, or an np.memmap
            or an array with `chunks` (Dask, Zarr, h5py), read in blocks. The answer is that of the whole array, bit for
            bit; what stays in memory is a batch, the coordinates (one number a sample for shifts) and two numbers more.
        group: a `groups.Group` acting on the signals; None takes all circular shifts over all spatial axes.
        share: as for `max_margin`; for all circular shifts the gap is then that between means of DC components.
        tolerance: the largest relative duality gap that is returned rather than raised.

    Raises:
        NotSeparable: no invariant separator exists; for all circular shifts, the DC intervals, reduced to the share,
            overlap or touch.
        NotCertified, ValueError, TypeError: as `max_margin`.

    Source: Ge et al. (2021), Theorem 1.

    >>> white, black = [[0.0, 1.0, 0.0, 0.0]], [[0.0, -1.0, 0.0, 0.0]]
    >>> separator = invariant_margin(white, black)
    >>> separator.gap, separator.normal.tolist()
    (1.0, [0.5, 0.5, 0.5, 0.5])
    """
    share, tolerance = as_share("share", share), as_number("tolerance", tolerance, least=0)
    if group is not None and not isinstance(group, Group):
        raise TypeError(f"group: got {group!r}, takes a shiftmath.groups.Group or None")
    a = fixed_class("positives", positives, group)
    b = fixed_class("negatives", negatives, group, like=a)
    require_same_signals(*(np.broadcast_to(0.0, (1, *own.shape)) for own in (a, b)))
    A, B, unit = _in_one_unit(a, b)
    found = nearest_points(A, B, unit, share)
    if _share_a_point(found, _rounding_of_sums(found, a, b), tolerance):
        with np.errstate(over="ignore"):  # a mean of samples, to rounding
            mean = np.ldexp(lift(_combination(found.positive_weights, A), a.orbits), unit)
        witness, intervals = a.clip(mean), _intervals(A, B, unit, share)
        raise NotSeparable(_reason(intervals, group, a.shape, share), found, witness, _overlap(intervals))
    return _certified(found, lift(found.normal, a.orbits), tolerance)


def _classes(positives: "ArrayLike", negatives: "ArrayLike") -> tuple[np.ndarray, np.ndarray]:
    positives, negatives = as_samples("positives", positives), as_samples("negatives", negatives)
    require_same_signals(positives, negatives)
    return positives, negatives


def _in_one_unit(a: FixedClass, b: FixedClass) -> tuple[Rows, Rows, int]:
    """The coordinates of both classes on the fixed subspace, divided by 2^unit, and that unit."""
    unit = max(a.unit if a.rows.any() else b.unit, b.unit if b.rows.any() else a.unit)
    return np.ldexp(a.rows, a.unit - unit), np.ldexp(b.rows, b.unit - unit), unit


def _share_a_point(found: NearestPoints, rounding: float, tolerance: float) -> bool:
    """Whether rounding, of the algorithm or of the coordinates, accounts for the distance of the hulls."""
    if found.meet and (found.lower <= rounding or found.duality_gap > tolerance):
        return True
    return rounding > 0 and found.upper <= rounding


def _certified(found: NearestPoints, normal: Signal, tolerance: float) -> Separator:
    certificate = Certificate(
        found.lower,
        found.upper,
        found.duality_gap,
        found.kkt_residual,
        found.positive_weights,
        found.negative_weights,
    )
    separator = Separator(normal, -found.middle, found.lower, certificate)
    if not max(certificate.duality_gap, certificate.kkt_residual) <= tolerance:
        raise NotCertified(separator, tolerance)
    require_in_range("positives and negatives", "gap", found.lower)
    require_in_range("positives and negatives", "offset", abs(found.middle) or 1.0)
    return separator


def _rounding_of_sums(found: NearestPoints, a: FixedClass, b: FixedClass) -> float:
    """How far rounding may move the coordinates of the weighted samples."""
    pairs = ((found.positive_weights, a), (found.negative_weights, b))
    return max(own.rounding(np.flatnonzero(weights)) for weights, own in pairs)


def _combination(weights: Weights, X: Rows) -> Float[np.ndarray, "r"]:
    """The mean of the rows with these weights: between the smallest and the largest number of each column."""
    weights, X = weights[weights > 0], X[weights > 0]
    e = exponent(X)
    with np.errstate(over="ignore"):
        return np.clip(np.ldexp(weights @ np.ldexp(X, -e), e), X.min(axis=0), X.max(axis=0))


def _intervals(A: Rows, B: Rows, unit: int, share: float) -> Intervals | None:
    """The intervals of DC components, reduced to the share; None unless the coordinates are single numbers."""
    if A.shape[1] > 1:
        return None
    ends = [[float(lowest(sign * z, share) @ z) for sign in (1, -1)] for z in (A[:, 0], B[:, 0])]
    (a, b), (c, d) = ([times_power_of_two(end, unit) for end in pair] for pair in ends)
    return (a, b), (c, d)


def _overlap(intervals: Intervals | None) -> tuple[float, float] | None:
    """What two intervals share."""
    return (max(a[0] for a in intervals), min(a[1] for a in intervals)) if intervals else None


def _reduced(share: float) -> str:
    return "reduced " if share else ""


def _reason(intervals: Intervals | None, group: Group | None, shape: tuple[int, ...], share: float) -> str:
    if intervals is None:
        which = f"{_reduced(share)}hulls that share a point"
        return f"the projections of the two classes on the fixed subspace of the group have {which}"
    a, b = (f"[{low:.6g}, {high:.6g}]" for low, high in intervals)
    message = f"the {_reduced(share)}intervals of DC components {a} and {b} overlap or touch"
    if group is None and len(shape) == 3 and shape[-1] in CHANNELS:
        message += (
            f"; all circular shifts move the last axis, of length {shape[-1]}, too: "
            "if it holds channels, group=circular_shifts(axes=(0, 1)) leaves them in place"
        )
    return message

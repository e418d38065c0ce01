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

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_samples, require_finite, require_same_signals
from shiftmath.groups import Group
from shiftmath.groups.fixed_subspace import coordinates, lift
from shiftmath.margins.hulls import NearestPoints, nearest_points

__all__ = ["Certificate", "NotCertified", "NotSeparable", "Separator", "invariant_margin", "max_margin"]

EPS = float(np.finfo(float).eps)

Signal = Float[np.ndarray, "*spatial"]
Weights = Float[np.ndarray, "n"]
Rows = Float[np.ndarray, "n r"]


@dataclass(frozen=True, eq=False)
class Certificate:
    r"""Why a gap is the largest: weights whose points p and q are nearly as close to each other as the slab is wide.

    Every separator's gap is at most $|p - q|$ for any p and q in the hulls of the classes, so `lower`, the width of the
    slab, and `upper`, $|p - q|$, enclose the largest gap. For an invariant separator p and q are means over the group
    of the weighted samples.

    Attributes:
        lower, upper: the two bounds.
        duality_gap: (upper - lower) / upper.
        kkt_residual: the larger of $|(p - q) - \text{gap}\, n|$ and the weighted mean distance of the samples of
            positive weight from the edge of the slab, over the gap.
        positive_weights, negative_weights: non-negative, of sum 1, one for each sample.
    """

    lower: float
    upper: float
    duality_gap: float
    kkt_residual: float
    positive_weights: Weights
    negative_weights: Weights


@dataclass(frozen=True, eq=False)
class Separator:
    """A separator with its unit normal, of the signals' shape, its offset, its gap and a certificate.

    `decision(x)`, also for a batch (n, *spatial), is <normal, x> + offset: the signed distance to the boundary,
    positive on the first class.
    """

    normal: Signal
    offset: float
    gap: float
    certificate: Certificate

    @property
    def robustness(self) -> float:
        """The distance of the nearest sample to the boundary, half of the gap."""
        return self.gap / 2

    def decision(self, x: ArrayLike) -> np.ndarray:
        """Signed distances <normal, x> + offset of one signal or a batch of them."""
        x = np.asarray(x, float)
        if x.shape[-self.normal.ndim :] != self.normal.shape:
            raise ValueError(f"x: got shape {x.shape}, takes one signal or a batch, each of shape {self.normal.shape}")
        return np.tensordot(x, self.normal, axes=self.normal.ndim) + self.offset

    def __repr__(self) -> str:
        c = self.certificate
        return f"Separator(gap={self.gap:.12g}, duality_gap={c.duality_gap:.1e}, kkt_residual={c.kkt_residual:.1e})"


class NotSeparable(ValueError):
    """No separator exists: the two hulls share a point.

    Attributes:
        witness: the shared point, as a signal; for an invariant separator it is constant on the orbits of positions.
        positive_weights, negative_weights: how it is a convex combination of each class (then averaged over the group).
        residual: the distance between the two combinations, at the level of rounding.
        overlap: the interval of DC components that the two classes share, where they were compared by DC alone.
    """

    def __init__(
        self, message: str, found: NearestPoints, witness: Signal, overlap: tuple[float, float] | None = None
    ) -> None:
        super().__init__(message)
        self.witness, self.overlap, self.residual = witness, overlap, found.upper
        self.positive_weights, self.negative_weights = found.positive_weights, found.negative_weights


class NotCertified(ArithmeticError):
    """A separator was found, but its certificate misses the tolerance; `separator` has both."""

    def __init__(self, separator: Separator, tolerance: float) -> None:
        c = separator.certificate
        super().__init__(
            f"the largest gap lies between {c.lower:.9g} and {c.upper:.9g} (KKT residual {c.kkt_residual:.2g}), which "
            f"misses tolerance = {tolerance:g}: the data are too large against their gap for float64"
        )
        self.separator = separator


def max_margin(positives: ArrayLike, negatives: ArrayLike, *, tolerance: float = 1e-8) -> Separator:
    r"""The separator with the largest gap $\max_{|n|=1} (\min_i \langle n, a_i\rangle - \max_j \langle n, b_j\rangle)$.

    Args:
        positives, negatives: samples (n, *spatial) and (m, *spatial), real; promoted to float64.
        tolerance: the largest relative duality gap that is returned rather than raised.

    Raises:
        NotSeparable: the hulls of the classes share a point, to rounding.
        NotCertified: the bounds of the certificate are further apart than `tolerance`.
        ValueError, TypeError: an empty class, ragged rows, NaN or infinity, strings, classes of different shapes.

    Source: Ge et al. (2021), section 3; hard-margin support vector machine, Cortes and Vapnik (1995).

    >>> white, black = [[0.0, 1.0, 0.0]], [[0.0, -1.0, 0.0]]
    >>> max_margin(white, black).gap
    2.0
    """
    positives, negatives = _classes(positives, negatives)
    require_finite("positives", positives)
    require_finite("negatives", negatives)
    A, B = (x.reshape(len(x), -1).astype(float, copy=False) for x in (positives, negatives))
    found = nearest_points(A, B)
    if found.lower <= 0 and found.upper <= found.zero:
        witness = (found.positive_weights @ A).reshape(positives.shape[1:])
        raise NotSeparable("the hulls of the two classes share a point", found, witness)
    return _certified(found, found.normal.reshape(positives.shape[1:]), _offset(found, A, B), tolerance)


def invariant_margin(
    positives: ArrayLike, negatives: ArrayLike, group: Group | None = None, *, tolerance: float = 1e-8
) -> Separator:
    r"""The separator with the largest gap among those invariant under a group: on the orbits of all samples.

    The orbits are never built. For all circular shifts (the default) the gap is that between the DC intervals,
    $\min_{+} f_{dc} - \max_{-} f_{dc}$ or with the classes swapped, found in one pass over the data; for another group
    it is the hull distance of the samples' coordinates on the fixed subspace.

    Args:
        positives, negatives: samples (n, *spatial) and (m, *spatial), real; sums are taken in float64.
        group: a `groups.Group` acting on the signals; None takes all circular shifts over all spatial axes.
        tolerance: the largest relative duality gap that is returned rather than raised.

    Raises:
        NotSeparable: no invariant separator exists; for all circular shifts, the DC intervals overlap or touch.
        NotCertified, ValueError, TypeError: as `max_margin`.

    Source: Ge et al. (2021), Theorem 1.

    >>> white, black = [[0.0, 1.0, 0.0, 0.0]], [[0.0, -1.0, 0.0, 0.0]]
    >>> separator = invariant_margin(white, black)
    >>> separator.gap, separator.normal.tolist()
    (1.0, [0.5, 0.5, 0.5, 0.5])
    """
    positives, negatives = _classes(positives, negatives)
    if group is not None and not isinstance(group, Group):
        raise TypeError(f"group: got {group!r}, takes a shiftmath.groups.Group or None")
    orbits = np.zeros(positives.shape[1:], int) if group is None else group.sample_orbits(positives.shape[1:])
    A, B = coordinates("positives", positives, orbits), coordinates("negatives", negatives, orbits)
    found = nearest_points(A, B)
    rounding = _rounding_of_sums(found, positives, negatives)
    if found.lower <= rounding and found.upper <= max(found.zero, rounding):
        witness = lift(found.positive_weights @ A, orbits)
        raise NotSeparable(_reason(A, B), found, witness, _overlap(A, B))
    return _certified(found, lift(found.normal, orbits), _offset(found, A, B), tolerance)


def _classes(positives: ArrayLike, negatives: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    positives, negatives = as_samples("positives", positives), as_samples("negatives", negatives)
    require_same_signals(positives, negatives)
    return positives, negatives


def _offset(found: NearestPoints, A: Rows, B: Rows) -> float:
    """Minus the middle of the gap along the normal."""
    return -float((A @ found.normal).min() + (B @ found.normal).max()) / 2


def _certified(found: NearestPoints, normal: Signal, offset: float, tolerance: float) -> Separator:
    certificate = Certificate(
        found.lower,
        found.upper,
        (found.upper - found.lower) / found.upper,
        found.kkt_residual,
        found.positive_weights,
        found.negative_weights,
    )
    separator = Separator(normal, offset, found.lower, certificate)
    if not max(certificate.duality_gap, certificate.kkt_residual) <= tolerance:
        raise NotCertified(separator, tolerance)
    return separator


def _rounding_of_sums(found: NearestPoints, positives: np.ndarray, negatives: np.ndarray) -> float:
    r"""How far rounding may move the coordinates of the weighted samples.

    Pairwise summation of d numbers errs by at most about $\log_2 d$ eps times the sum of their moduli (Higham 1993),
    so a vector of coordinates by that times $|x|$; 4 more for the last additions in blocks and the division.
    """
    pairs = ((found.positive_weights, positives), (found.negative_weights, negatives))
    largest = max(float(np.linalg.norm(x[i].astype(float))) for w, x in pairs for i in np.flatnonzero(w))
    return (math.log2(positives[0].size) + 4) * EPS * largest


def _overlap(A: Rows, B: Rows) -> tuple[float, float] | None:
    """What two intervals share; None unless the coordinates are single numbers."""
    return (float(max(A.min(), B.min())), float(min(A.max(), B.max()))) if A.shape[1] == 1 else None


def _reason(A: Rows, B: Rows) -> str:
    if A.shape[1] > 1:
        return "the projections of the two classes on the fixed subspace of the group have hulls that share a point"
    a, b = (f"[{z.min():.6g}, {z.max():.6g}]" for z in (A, B))
    return f"the intervals of DC components {a} and {b} overlap or touch"

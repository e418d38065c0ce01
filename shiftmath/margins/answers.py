"""What the margins answer: a separator with its certificate, or the error that says why there is none."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, require_finite, require_finite_result
from shiftmath._shared.errors import Portable
from shiftmath.margins.hulls import NearestPoints

__all__ = ["Certificate", "NotCertified", "NotSeparable", "Separator"]

Signal = Float[np.ndarray, "*spatial"]
Weights = Float[np.ndarray, "n"]


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

    def __repr__(self) -> str:
        return (
            f"Certificate(lower={self.lower:.12g}, upper={self.upper:.12g}, duality_gap={self.duality_gap:.1e}, "
            f"kkt_residual={self.kkt_residual:.1e})"
        )


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

    def decision(self, x: "ArrayLike") -> np.ndarray:
        """Signed distances <normal, x> + offset of one signal or a batch of them."""
        takes = f"one signal or a batch, each of shape {self.normal.shape}, of real numbers"
        x = np.asarray(as_array("x", x, takes))
        if x.shape[-self.normal.ndim :] != self.normal.shape:
            raise ValueError(f"x: got shape {x.shape}, takes {takes}")
        require_finite("x", x)
        distances = self._distances(x.reshape(-1, self.normal.size).astype(float))
        return require_finite_result("x", x, distances.reshape(x.shape[: -self.normal.ndim]))[()]

    def _distances(self, rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n"]:
        """`decision` of each row, of which a power of two is taken out: no product overflows or is lost."""
        largest = np.maximum(np.maximum(rows.max(axis=1), -rows.min(axis=1)), abs(self.offset))
        e = np.frexp(largest)[1] - 1
        rows /= np.ldexp(1.0, e)[:, None]
        with np.errstate(over="ignore"):  # the result is looked at instead
            return np.ldexp(rows @ self.normal.ravel() + np.ldexp(self.offset, -e), e)

    def __repr__(self) -> str:
        c = self.certificate
        return f"Separator(gap={self.gap:.12g}, duality_gap={c.duality_gap:.1e}, kkt_residual={c.kkt_residual:.1e})"


class NotSeparable(Portable, ValueError):
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


class NotCertified(Portable, ArithmeticError):
    """A separator was found, but its certificate misses the tolerance; `separator` has both."""

    def __init__(self, separator: Separator, tolerance: float) -> None:
        c = separator.certificate
        super().__init__(
            f"the largest gap lies between {c.lower:.9g} and {c.upper:.9g} (KKT residual {c.kkt_residual:.2g}), which "
            f"misses tolerance = {tolerance:g}: the data are too large against their gap for float64"
        )
        self.separator = separator

"""One claim of a page: what was predicted, what was measured, and on what evidence it rests."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, require_finite

__all__ = ["EVIDENCE", "HEADINGS", "Claim", "compared", "numbers"]

# From the strongest to the weakest. A number of an earlier run, kept against regressions, is pinned: no prediction.
EVIDENCE = (
    "proved by machine",
    "exact identity",
    "certified enclosure",
    "independent computation",
    "statistics",
    "quoted",
    "pinned",
)
HEADINGS = ("claim", "kind", "evidence", "values", "expected", "measured", "tolerance", "slack", "verdict")
VERDICTS = {
    False: {True: "holds", False: "FALSE"},
    True: {True: "fails, as it must", False: "HOLDS"},
}

Number = float | list[float]


@dataclass(frozen=True)
class Claim:
    """One line of a ledger, at the entry where it holds most narrowly.

    Attributes:
        claim: in words.
        kind: equal, at_most, at_least, slope, between or fails.
        expected, measured: the two numbers compared; the ends of the interval for between.
        error: |measured - expected|; for an inequality how far measured lies beyond its bound, negative within.
        values: how many entries were compared.
        tolerance: what the error may be.
        evidence: one of `EVIDENCE`.
    """

    claim: str
    kind: str
    expected: Number
    measured: Number
    error: float
    values: int
    tolerance: float
    evidence: str

    @property
    def holds(self) -> bool:
        """Whether the error stays within the tolerance; for a control, which must fail, whether it does not."""
        return (self.error > self.tolerance) == (self.kind == "fails")

    @property
    def slack(self) -> float:
        """tolerance - error: what is left before the claim is false; below 0 where it is, and for controls."""
        return self.tolerance - self.error

    @property
    def ratio(self) -> float:
        """error / tolerance; 0 / 0 is 0. For an inequality it is below 0 where there is room."""
        if not self.tolerance:
            return math.copysign(math.inf, self.error) if self.error else 0.0
        return self.error / self.tolerance

    def row(self) -> tuple[str, ...]:
        """The cells of the printed table."""
        expected = _interval(self.expected) if self.kind == "between" else _text(self.expected)
        numbers = (str(self.values), expected, _text(self.measured), f"{self.tolerance:.3g}", f"{self.slack:.2g}")
        verdict = VERDICTS[self.kind == "fails"][self.holds]
        return (self.claim, self.kind.replace("_", " "), self.evidence, *numbers, verdict)


def compared(kind: str, measured: np.ndarray, *bounds: np.ndarray) -> tuple[Number, Number, float, int]:
    """(expected, measured, error, values) at the entry where the claim holds most narrowly.

    `bounds` is what was expected, for between the two ends of the interval, all of one shape.
    """
    if kind == "between":
        low, high = bounds
        error = np.maximum(np.maximum(low - measured, measured - high), low - high)
    elif kind in ("at_most", "at_least"):
        error = measured - bounds[0] if kind == "at_most" else bounds[0] - measured
    else:
        error = abs(measured - bounds[0])
    worst = np.unravel_index(np.argmax(error), error.shape)
    expected = [float(bound[worst]) for bound in bounds] if kind == "between" else _plain(bounds[0][worst])
    return expected, _plain(measured[worst]), float(error[worst]), error.size


def _plain(value: Any) -> Number:
    """A number that JSON can hold: a complex one with an imaginary part as [real, imaginary]."""
    return [float(value.real), float(value.imag)] if np.imag(value) else float(np.real(value))


def _text(value: Number) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "{:.6g}{:+.6g}i".format(*value)


def _interval(ends: Any) -> str:
    return "{:.6g} to {:.6g}".format(*ends)


def numbers(argument: str, x: ArrayLike, complex_allowed: bool = True) -> np.ndarray:
    """A non-empty array of finite numbers, real or complex."""
    takes = (
        "finite numbers, at least one" if complex_allowed else "finite real numbers, at least one, which have an order"
    )
    array = as_array(argument, x, takes, complex_allowed=complex_allowed, to_numpy=True)
    if array.size == 0:
        raise ValueError(f"{argument}: got shape {array.shape}, takes {takes}")
    require_finite(argument, array)
    return array.astype(complex if array.dtype.kind == "c" else float)

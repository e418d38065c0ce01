"""The ledger that ends a notebook: each claim with what was predicted, what was measured, and whether it holds.

A claim that is false raises when the ledger is closed; so does a ledger that could not have failed: one without claims,
or without a negative control. Complex numbers are compared by modulus, arrays by their worst entry.
"""

import html
import json
import math
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Claim", "FalseClaim", "Ledger", "fitted_slope"]

RECORD = "SHIFTMATH_LEDGER"  # the environment variable that names the file to record to
HEADINGS = ("claim", "kind", "expected", "measured", "tolerance", "error / tolerance", "verdict")


class FalseClaim(AssertionError):
    """At least one claim of a closed ledger is false; the message names every one."""


@dataclass(frozen=True)
class Claim:
    """One line of a ledger. A control (kind fails) holds when it failed as it must: by more than its tolerance."""

    claim: str
    kind: str
    expected: float | list[float]
    measured: float | list[float]
    tolerance: float
    error: float

    @property
    def holds(self) -> bool:
        """Whether the error stays within the tolerance; for a control, whether it does not."""
        return (self.error > self.tolerance) == (self.kind == "fails")

    @property
    def ratio(self) -> float:
        """error / tolerance; 0 / 0 is 0."""
        return self.error / self.tolerance if self.tolerance else (math.inf if self.error else 0.0)

    def row(self) -> tuple[str, ...]:
        """The cells of the printed table."""
        verdict = (
            {True: "holds", False: "FALSE"} if self.kind != "fails" else {True: "fails, as it must", False: "HOLDS"}
        )
        numbers = (_text(self.expected), _text(self.measured), _text(self.tolerance), f"{self.ratio:.1g}")
        return (self.claim, self.kind.replace("_", " "), *numbers, verdict[self.holds])


class Ledger:
    """The claims of one notebook, in order.

    >>> ledger = Ledger("two and two")
    >>> ledger.equal("their sum is four", 2 + 2, 4, tolerance=0)
    >>> ledger.fails("their sum is five", 2 + 2, 5, tolerance=0)
    >>> ledger.close()
    two and two
    claim              kind   expected  measured  tolerance  error / tolerance  verdict
    their sum is four  equal  4         4         0          0                  holds
    their sum is five  fails  5         4         0          inf                fails, as it must
    """

    def __init__(self, title: str) -> None:
        self.title, self.claims, self._closed = _words("title", title), list[Claim](), False

    def equal(self, claim: str, measured: ArrayLike, expected: ArrayLike, tolerance: float) -> None:
        """|measured - expected| <= tolerance, at every entry."""
        self._compare(claim, "equal", measured, expected, tolerance)

    def fails(self, claim: str, measured: ArrayLike, expected: ArrayLike, tolerance: float) -> None:
        """A negative control: with a hypothesis dropped, |measured - expected| <= tolerance must be false somewhere."""
        self._compare(claim, "fails", measured, expected, tolerance)

    def at_most(self, claim: str, measured: ArrayLike, bound: ArrayLike, tolerance: float = 0.0) -> None:
        """measured <= bound + tolerance, at every entry."""
        self._compare(claim, "at_most", measured, bound, tolerance)

    def at_least(self, claim: str, measured: ArrayLike, bound: ArrayLike, tolerance: float = 0.0) -> None:
        """measured >= bound - tolerance, at every entry."""
        self._compare(claim, "at_least", measured, bound, tolerance)

    def slope(self, claim: str, xs: ArrayLike, ys: ArrayLike, expected: float, tolerance: float) -> None:
        """The slope of log y against log x, fitted by least squares, is within the tolerance of the expected one."""
        self._compare(claim, "slope", fitted_slope(xs, ys), expected, tolerance)

    def close(self) -> None:
        """Show the table, record it and raise naming every false claim.

        Raises:
            FalseClaim: a claim is false, or a control holds.
            ValueError: no claim, or no negative control.
            RuntimeError: closed before.
        """
        self._require_open()
        kinds = {c.kind for c in self.claims}
        if not kinds - {"fails"} or "fails" not in kinds:
            raise ValueError(
                f"ledger {self.title!r}: takes at least one claim and one negative control, got {sorted(kinds)}"
            )
        self._closed = True
        self._show()
        if path := os.environ.get(RECORD):
            self._record(Path(path))
        if false := [c.claim for c in self.claims if not c.holds]:
            raise FalseClaim(f"ledger {self.title!r}: {len(false)} of {len(self.claims)} false: " + "; ".join(false))

    def _compare(self, claim: str, kind: str, measured: ArrayLike, expected: ArrayLike, tolerance: float) -> None:
        self._require_open()
        if _words("claim", claim) in {c.claim for c in self.claims}:
            raise ValueError(f"claim {claim!r}: got a claim made before, takes new words")
        m, e, t = (
            _numbers(claim, "measured", measured),
            _numbers(claim, "expected", expected),
            _tolerance(claim, tolerance),
        )
        if e.shape not in ((), m.shape):
            raise ValueError(
                f"claim {claim!r}: got shapes {m.shape} measured and {e.shape} expected, takes one shape or a scalar"
            )
        m, e = np.broadcast_arrays(m, e)
        if kind in ("at_most", "at_least"):
            if "c" in m.dtype.kind + e.dtype.kind:
                raise TypeError(f"claim {claim!r}: got complex numbers, which have no order")
            excess = np.maximum(m - e if kind == "at_most" else e - m, 0.0)
        else:
            excess = abs(m - e)
        worst = np.unravel_index(np.argmax(excess), excess.shape)
        self.claims.append(Claim(claim, kind, _plain(e[worst]), _plain(m[worst]), t, float(excess[worst])))

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"ledger {self.title!r} is closed: a new run takes a new ledger")

    def _show(self) -> None:
        if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()) is not None:
            del shell
            sys.modules["IPython"].display.display(self)
        else:
            print(self)

    def _record(self, path: Path) -> None:
        """Write the claims as JSON, whole or not at all."""
        lines = [{"notebook": self.title} | asdict(c) | {"holds": c.holds} for c in self.claims]
        lines = [line | {"error": None if math.isinf(line["error"]) else line["error"]} for line in lines]
        partial = path.with_name(path.name + ".partial")
        partial.write_text(json.dumps(lines, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(partial, path)

    def __repr__(self) -> str:
        rows = [HEADINGS, *(c.row() for c in self.claims)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([self.title, *lines])

    def _repr_html_(self) -> str:
        def line(cells: tuple[str, ...], tag: str) -> str:
            left = '<{0} style="text-align: left">{1}</{0}>'
            return "<tr>" + "".join(left.format(tag, html.escape(cell)) for cell in cells) + "</tr>"

        body = "\n".join(line(c.row(), "td") for c in self.claims)
        return f"<table>\n<caption>{html.escape(self.title)}</caption>\n{line(HEADINGS, 'th')}\n{body}\n</table>"


def fitted_slope(xs: ArrayLike, ys: ArrayLike) -> float:
    """The slope of log y against log x, by least squares over at least three positive points.

    >>> round(fitted_slope([1, 2, 4], [3, 12, 48]), 12)
    2.0
    """
    x, y = _numbers("slope", "xs", xs), _numbers("slope", "ys", ys)
    if x.shape != y.shape or x.ndim != 1 or len(set(x.tolist())) < 3 or min(x.min(), y.min()) <= 0:
        raise ValueError(
            f"slope: got xs {x} and ys {y}, takes as many ys as xs, all above 0, at three or more different xs"
        )
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _words(name: str, text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name}: got {text!r}, takes words")
    return text


def _numbers(claim: str, name: str, x: ArrayLike) -> np.ndarray:
    """A non-empty array of finite numbers."""
    array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"claim {claim!r}: {name} is {x!r}, takes numbers")
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"claim {claim!r}: {name} is {x!r}, takes finite numbers, at least one")
    return array.astype(complex if array.dtype.kind == "c" else float)


def _tolerance(claim: str, tolerance: float) -> float:
    t = _numbers(claim, "tolerance", tolerance)
    if t.ndim or t.dtype.kind == "c" or t < 0:
        raise ValueError(f"claim {claim!r}: tolerance is {tolerance!r}, takes one number of at least 0")
    return float(t)


def _plain(value: Any) -> float | list[float]:
    """A number that JSON can hold: a complex one with an imaginary part as [real, imaginary]."""
    return [float(value.real), float(value.imag)] if np.imag(value) else float(np.real(value))


def _text(value: float | list[float]) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "{:.6g}{:+.6g}i".format(*value)

"""The ledger that ends a notebook: each claim with what was predicted, what was measured, and whether it holds.

A claim that is false raises when the ledger is closed; so does a ledger that could not have failed: one without claims,
without a negative control, or with pinned claims alone. Complex numbers are compared by modulus, arrays at the entry
where the claim holds most narrowly.
"""

import html
import json
import math
import os
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_choice
from shiftmath._shared.values import show
from shiftmath.pages.claims import EVIDENCE, HEADINGS, Claim, compared, numbers
from shiftmath.pages.intervals import fitted_slope

__all__ = ["FalseClaim", "Ledger"]

DEFAULT = "independent computation"

RECORD = "SHIFTMATH_LEDGER"  # the environment variable that names the file to record to


class FalseClaim(AssertionError):
    """At least one claim of a closed ledger is false; the message names every one."""


class Ledger:
    """The claims of one notebook, in order, each with its evidence, one of `claims.EVIDENCE`.

    >>> ledger = Ledger("two and two")
    >>> ledger.equal("their sum is four", 2 + 2, 4, tolerance=0, evidence="exact identity")
    >>> ledger.fails("their sum is five", 2 + 2, 5, tolerance=0)
    >>> ledger.close()
    two and two
    claim              kind   evidence                 values  expected  measured  tolerance  slack  verdict
    their sum is four  equal  exact identity           1       4         4         0          0      holds
    their sum is five  fails  independent computation  1       5         4         0          -1     fails, as it must
    """

    def __init__(self, title: str) -> None:
        self.title, self.claims, self._closed = _words("title", title), list[Claim](), False

    def equal(
        self, claim: str, measured: "ArrayLike", expected: "ArrayLike", tolerance: float, *, evidence: str = DEFAULT
    ) -> None:
        """|measured - expected| <= tolerance, at every entry."""
        self._compare(claim, "equal", measured, tolerance, evidence, expected=expected)

    def fails(
        self, claim: str, measured: "ArrayLike", expected: "ArrayLike", tolerance: float, *, evidence: str = DEFAULT
    ) -> None:
        """A negative control: with a hypothesis dropped, |measured - expected| <= tolerance must be false somewhere."""
        self._compare(claim, "fails", measured, tolerance, evidence, expected=expected)

    def at_most(
        self, claim: str, measured: "ArrayLike", bound: "ArrayLike", tolerance: float = 0.0, *, evidence: str = DEFAULT
    ) -> None:
        """measured <= bound + tolerance, at every entry."""
        self._compare(claim, "at_most", measured, tolerance, evidence, bound=bound)

    def at_least(
        self, claim: str, measured: "ArrayLike", bound: "ArrayLike", tolerance: float = 0.0, *, evidence: str = DEFAULT
    ) -> None:
        """measured >= bound - tolerance, at every entry."""
        self._compare(claim, "at_least", measured, tolerance, evidence, bound=bound)

    def between(
        self,
        claim: str,
        lower: "ArrayLike",
        value: "ArrayLike",
        upper: "ArrayLike",
        tolerance: float = 0.0,
        *,
        evidence: str = DEFAULT,
    ) -> None:
        """lower <= value <= upper and lower <= upper, up to the tolerance, at every entry.

        For a theory between a bound that is certified and one that was found: an empty interval is false too.
        """
        self._compare(claim, "between", value, tolerance, evidence, lower=lower, upper=upper)

    def slope(
        self,
        claim: str,
        xs: "ArrayLike",
        ys: "ArrayLike",
        expected: float,
        tolerance: float,
        *,
        evidence: str = DEFAULT,
    ) -> None:
        """The slope of log y against log x, fitted by least squares, is within the tolerance of the expected one."""
        self._compare(claim, "slope", fitted_slope(xs, ys), tolerance, evidence, expected=expected)

    def close(self) -> None:
        """Show the table, record it and raise naming every false claim.

        Raises:
            FalseClaim: a claim is false, or a control holds.
            ValueError: no claim, no negative control, or pinned claims alone.
            RuntimeError: closed before.
        """
        self._require_open()
        kinds = {c.kind for c in self.claims}
        if not kinds - {"fails"} or "fails" not in kinds:
            raise ValueError(
                f"ledger {self.title!r}: takes at least one claim and one negative control, got {sorted(kinds)}"
            )
        if {c.evidence for c in self.claims if c.kind != "fails"} == {"pinned"}:
            raise ValueError(f"ledger {self.title!r}: got pinned claims alone, takes at least one that predicts")
        self._closed = True
        self._show()
        if path := os.environ.get(RECORD):
            self._record(Path(path))
        if false := [c.claim for c in self.claims if not c.holds]:
            raise FalseClaim(f"ledger {self.title!r}: {len(false)} of {len(self.claims)} false: " + "; ".join(false))

    def _compare(
        self, claim: str, kind: str, measured: "ArrayLike", tolerance: float, evidence: str, **bounds: "ArrayLike"
    ) -> None:
        self._require_open()
        if _words("claim", claim) in {c.claim for c in self.claims}:
            raise ValueError(f"claim {claim!r}: got a claim made before, takes new words")
        as_choice(f"claim {claim!r}: evidence", evidence, EVIDENCE)
        name, ordered = "value" if kind == "between" else "measured", kind in ("at_most", "at_least", "between")
        m, *sides = (
            numbers(f"claim {claim!r}: {side}", x, not ordered) for side, x in ({name: measured} | bounds).items()
        )
        t = _tolerance(f"claim {claim!r}: tolerance", tolerance)
        shapes = [side.shape for side in (m, *sides)]
        shape = max(shapes, key=len) if kind == "between" else m.shape
        if not set(shapes) <= {(), shape}:
            got = " and ".join(f"{s} {side}" for s, side in zip(shapes, (name, *bounds), strict=True))
            raise ValueError(f"claim {claim!r}: got shapes {got}, takes one shape or a scalar")
        self.claims.append(Claim(claim, kind, *compared(kind, *np.broadcast_arrays(m, *sides)), t, evidence))

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
        lines = [
            {"notebook": self.title} | asdict(c) | {"slack": c.slack, "ratio": _finite(c.ratio), "holds": c.holds}
            for c in self.claims
        ]
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


def _words(name: str, text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name}: got {show(text)}, takes words")
    return text


def _tolerance(argument: str, tolerance: float) -> float:
    t = numbers(argument, tolerance)
    if t.ndim or t.dtype.kind == "c" or t < 0:
        raise ValueError(f"{argument}: got {show(tolerance)}, takes one number of at least 0")
    return float(t)


def _finite(value: float) -> float | None:
    """What JSON can hold."""
    return value if math.isfinite(value) else None

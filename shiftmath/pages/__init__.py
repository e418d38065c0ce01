"""What a page is made with.

    ledger      the claims that end a page, checked
    claims      one claim: what was compared, where it is tightest, on what evidence
    exact       gaps and distances in fractions, to set a page's numbers into a theorem of proofs/
    intervals   what was measured, with how far it may be off: means, paired ratios, slopes, bootstrap
    profiles    quick and full, and how a page was made
    turning     curves in space that the site lets a reader turn
    figures     the house style

`figures` brings matplotlib, and is imported when it is first asked for.
"""

from importlib import import_module
from typing import Any

from shiftmath.pages.claims import EVIDENCE, Claim
from shiftmath.pages.intervals import fitted_slope
from shiftmath.pages.ledger import FalseClaim, Ledger
from shiftmath.pages.profiles import choose, profile, provenance

__all__ = [
    "EVIDENCE",
    "Claim",
    "FalseClaim",
    "Ledger",
    "choose",
    "fitted_slope",
    "profile",
    "provenance",
]


def __getattr__(name: str) -> Any:
    if name == "figures":
        return import_module("shiftmath.pages.figures")
    raise AttributeError(f"module 'shiftmath.pages' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "figures"])

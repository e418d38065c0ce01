"""Hard-margin linear separators.

separators  `max_margin`, `invariant_margin`: the best separator with a certificate, or why there is none
hulls       the nearest points of two convex hulls, which both are made of
"""

from shiftmath.margins.separators import (
    Certificate,
    NotCertified,
    NotSeparable,
    Separator,
    invariant_margin,
    max_margin,
)

__all__ = ["Certificate", "NotCertified", "NotSeparable", "Separator", "invariant_margin", "max_margin"]

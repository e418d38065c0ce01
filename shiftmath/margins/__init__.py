"""Hard-margin linear separators.

separators  `max_margin`, `invariant_margin`: the best separator with a certificate, or why there is none
answers     what they return or raise: `Separator`, `Certificate`, `NotSeparable`, `NotCertified`
streams     classes that do not fit in memory, read in batches
hulls       the nearest points of two convex hulls, which both are made of
reduced     hulls in which no sample has more than a share of the weight: what classes that overlap have instead
active_set  the points that hold the nearest points, and their QR factorisation
"""

from shiftmath.margins.answers import Certificate, NotCertified, NotSeparable, Separator
from shiftmath.margins.separators import invariant_margin, max_margin

__all__ = ["Certificate", "NotCertified", "NotSeparable", "Separator", "invariant_margin", "max_margin"]

"""What invariance costs on given data, and the invariant classifiers themselves.

    question    `price_of_invariance` of two classes, `pairwise_price` of all pairs of several
    linear      the linear part: hard margins, and soft ones of classes that overlap
    wide        the part at infinite width: distances to the boundaries of three networks
    report      `Price` and `Prices`, the answers, and how they print
    tables      records as text, as HTML and as a data frame
    picture     arrays as PNG images within HTML
    estimators  `InvariantClassifier`, `InfiniteWidthClassifier` and `ProcessKernel`, scikit-learn's own kind

The estimators, and with them scikit-learn, are imported when they are first asked for.
"""

from importlib import import_module
from typing import Any

from shiftmath.price.question import pairwise_price, price_of_invariance
from shiftmath.price.report import Price, Prices

ESTIMATORS = ("InfiniteWidthClassifier", "InvariantClassifier", "ProcessKernel")

__all__ = [
    "InfiniteWidthClassifier",
    "InvariantClassifier",
    "Price",
    "Prices",
    "ProcessKernel",
    "pairwise_price",
    "price_of_invariance",
]


def __getattr__(name: str) -> Any:
    if name in ESTIMATORS:
        return getattr(import_module("shiftmath.price.estimators"), name)
    raise AttributeError(f"module 'shiftmath.price' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

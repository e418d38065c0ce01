"""What shift invariance costs: margins of invariant classifiers and of infinitely wide networks.

The rooms, in reading order:

    dft          the discrete Fourier transform and its convention; the DC component
    groups       groups of permutations acting on signals, what they fix, whether a function is invariant
    margins      the best linear separators, of two classes and of two classes closed under a group, with certificates
    kernels      kernels of infinitely wide networks, fully connected and convolutional
    interpolant  the predictor of smallest norm, and how far its decision boundary is
    networks     networks of finite width, their training and their tangent kernels
    adversary    attacks on any function
    price        what invariance costs on given data; classifiers in the form of scikit-learn
    related      results of further papers: routing by phase
    datasets     images with labels, and two-class data with a known answer
    pages        what the notebooks are made with: ledger, profiles, figures
    _shared      what every room needs: checks of arguments, precision, memory

A room is imported when it is first asked for: `shiftmath.adversary.ddn` needs no import by hand.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from shiftmath.datasets.constructions import dot_on_gray, orthogonal_frequencies, orthogonal_vectors
from shiftmath.dft import dc
from shiftmath.groups.checks import consistency
from shiftmath.interpolant import Indistinguishable, Interpolant
from shiftmath.margins import NotCertified, NotSeparable, Separator, invariant_margin, max_margin
from shiftmath.pages.ledger import Ledger
from shiftmath.price import pairwise_price, price_of_invariance

ROOMS = (
    "adversary",
    "datasets",
    "dft",
    "groups",
    "interpolant",
    "kernels",
    "margins",
    "networks",
    "pages",
    "price",
    "related",
)

__all__ = [
    "Indistinguishable",
    "Interpolant",
    "Ledger",
    "NotCertified",
    "NotSeparable",
    "Separator",
    "consistency",
    "dc",
    "dot_on_gray",
    "invariant_margin",
    "max_margin",
    "orthogonal_frequencies",
    "orthogonal_vectors",
    "pairwise_price",
    "price_of_invariance",
]


def __getattr__(name: str) -> Any:
    if name in ROOMS:
        return import_module(f"shiftmath.{name}")
    if name == "__version__":
        try:
            return version("shiftmath")
        except PackageNotFoundError as error:
            raise AttributeError("shiftmath has no version: its source is here, but it is not installed") from error
    raise AttributeError(f"module 'shiftmath' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *ROOMS, "__version__"])

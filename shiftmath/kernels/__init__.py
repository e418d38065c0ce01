"""Kernels of infinitely wide networks.

    fully_connected, convolutional, group_average   the kernels, callables (X, Z=None) -> Gram matrix
    window_average      between flattened and pooled: an average over the shifts within a window
    average             what averages of a kernel share
    kernel, parameters  what all kernels share: calls and errors; get_params, set_params, repr
    diagonal            the values k(x, x)
    joint_action        whether k(Tx, Tz) = k(x, z), which averages over a group need
    dual                the Gaussian integrals of an activation, as the textbooks have them
    dots                Gram matrices of images that are gray but for a few dots, at any size
    large               `gram`, `gram_plan`: Gram matrices larger than memory, by many processes, that no fault loses
    oracle              the same kernels by neural-tangents, for comparison
    plan                the numbers of a network that both engines use
    units               powers of two in which images of any size are compared
    arrays              what kernels take: dtypes, libraries, memory
    angle_polynomials   the angle as a polynomial, to rounding
    _numba, _jax        the two engines: the type of the input decides

The modules `dots`, `dual`, `large` and `oracle`, and the functions of `large`, are imported when they are first asked
for.
"""

from importlib import import_module
from typing import Any

from shiftmath.kernels.convolutional import Convolutional
from shiftmath.kernels.fully_connected import FullyConnected
from shiftmath.kernels.group_average import GroupAverage
from shiftmath.kernels.window_average import WindowAverage

MODULES = ("dots", "dual", "large", "oracle")
LARGE = ("gram", "gram_plan")

__all__ = ["Convolutional", "FullyConnected", "GroupAverage", "WindowAverage", "gram", "gram_plan"]


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return import_module(f"shiftmath.kernels.{name}")
    if name in LARGE:
        return getattr(import_module("shiftmath.kernels.large"), name)
    raise AttributeError(f"module 'shiftmath.kernels' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *MODULES])

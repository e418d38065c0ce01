r"""Adaptive polyphase sampling (APS): keep the component with the largest norm.

With the number $i^*$ of the winner, unique, a circular shift by a gives

$$\mathrm{APS}(T_a x) = T_{\lfloor (i^* + a) / s \rfloor}\, \mathrm{APS}(x)$$

along each axis, bit for bit: norms do not change when a component is shifted, so the winner is the component that the
old winner has become. Convolutions with circular padding, pointwise functions and dense circular pools commute with
shifts, so a network of these is equivariant up to a shift that depends on the content, and invariant after the average
over all positions, whatever its weights (Chaman and Dokmanic 2021, *Truly Shift-Invariant Convolutional Neural
Networks*).

It takes one winner for all channels and branches, lengths that the stride divides, circular padding everywhere, and no
tie between components that differ by more than a shift. At a tie the first of them wins. Two norms that agree to the
rounding of their sums can swap as well; `norms` tells how close they are.
"""

from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_bool, as_choice, require_finite_result
from shiftmath.networks.downsampling.fixed import Downsampler, as_taps, blur
from shiftmath.networks.downsampling.polyphase import as_map, chosen, components

__all__ = ["APS", "NORMS", "aps", "norms", "winner"]

NORMS = ("l1", "l2", "linf")


def norms(x: ArrayLike, stride: int = 2, norm: str = "l2", per_channel: bool = False, uneven: str = "raise") -> Any:
    """The norm of each component over all its positions and channels, (phases,); one a channel with `per_channel`.

    Args:
        x: a signal (*spatial, channels).
        stride: of all spatial axes.
        norm: "l1", "l2" or "linf", the largest modulus.
        per_channel: whether the channels are counted apart, (phases, channels).
        uneven: "raise", or "wrap" to continue the signal periodically where the stride does not divide a length.

    Raises:
        ValueError: a stride longer than the signal, or one that does not divide its lengths.
        ValueError, TypeError: x holds no finite real numbers.

    >>> norms([[3.0], [1.0], [4.0], [1.0]]).round(3).tolist()
    [5.0, 1.414]
    """
    parts = components(x, stride, uneven)
    unit, shares = _relative(parts, norm, per_channel)
    with np.errstate(over="ignore"):
        values = (shares.__array_namespace__().broadcast_to(unit, shares.shape) * shares).astype(parts.dtype)
    return require_finite_result("x", x, values, "norms overflow")


def _relative(parts: Any, norm: str, per_channel: bool) -> tuple[Any, Any]:
    """The largest modulus, 1 if that is 0, and the norms of the components in this unit.

    So no square and no sum overflows or is lost; short floats are summed in float32.
    """
    xp, kind = parts.__array_namespace__(), as_choice("norm", norm, NORMS)
    axes = tuple(range(1, parts.ndim - as_bool("per_channel", per_channel)))
    sizes = abs(parts.astype(np.float32) if parts.dtype.itemsize < 4 else parts)
    largest = sizes.max()
    unit = xp.where(largest > 0, largest, xp.ones_like(largest))
    shares = sizes / xp.broadcast_to(unit, sizes.shape)
    if kind == "linf":
        return unit, shares.max(axis=axes)
    if kind == "l1":
        return unit, shares.sum(axis=axes)
    squares = (shares * shares).sum(axis=axes)
    # The root has no derivative at 0; a component of zeros has the subgradient 0.
    return unit, xp.where(squares > 0, xp.sqrt(xp.where(squares > 0, squares, 1)), 0 * squares)


def winner(x: ArrayLike, stride: int = 2, norm: str = "l2", per_channel: bool = False, uneven: str = "raise") -> Any:
    """The number of the component with the largest of `norms`, the first where several are equal.

    >>> int(winner([[0.0], [1.0], [2.0], [1.0]]))
    0
    """
    _, shares = _relative(components(x, stride, uneven), norm, per_channel)
    return shares.__array_namespace__().argmax(shares, axis=0)


def aps(
    x: ArrayLike,
    stride: int = 2,
    norm: str = "l2",
    taps: int = 1,
    per_channel: bool = False,
    uneven: str = "raise",
) -> Any:
    """The component with the largest norm, of x after a blur of so many taps; arguments and errors as for `norms`.

    >>> aps([[0.0], [1.0], [2.0], [1.0]]).tolist(), aps([[1.0], [0.0], [1.0], [2.0]]).tolist()
    ([[0.0], [2.0]], [[0.0], [2.0]])
    """
    x = blur(as_map("x", x), taps)
    return chosen(x, winner(x, stride, norm, per_channel, uneven), stride, uneven)


class APS(Downsampler):
    """`aps` as a layer. Its choice is the number of the winner; `per_channel` breaks it, and serves as a control."""

    norm: str = eqx.field(
        default="l2", kw_only=True, static=True, converter=lambda value: as_choice("norm", value, NORMS)
    )
    taps: int = eqx.field(default=1, kw_only=True, static=True, converter=as_taps)
    per_channel: bool = eqx.field(
        default=False, kw_only=True, static=True, converter=lambda value: as_bool("per_channel", value)
    )

    def choice(self, x: Array) -> Any:
        """The number of the winner among the components of the blurred signal."""
        return winner(blur(x, self.taps), self.stride, self.norm, self.per_channel, self.uneven)

    def apply(self, x: Array, choice: Any) -> Array:
        """That component of the blurred signal."""
        return chosen(blur(x, self.taps), choice, self.stride, self.uneven)

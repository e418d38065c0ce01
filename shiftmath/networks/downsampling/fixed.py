r"""Downsampling that looks at no content: every output is the same function of its own window.

The window of position n are the samples $x_{s n + i}$ with a phase i, so pooling works on the polyphase components: the
largest of them, or their mean. A binomial blur of q taps has the weights $\binom{q - 1}{a} / 2^{q - 1}$ along each
axis, around $a = \lfloor (q - 1) / 2 \rfloor$; all that is circular.

None of these is equivariant under shifts that are no multiples of the stride (Zhang 2019, *Making Convolutional
Networks Shift-Invariant Again*). But a blur of two taps or more is 0 at the highest frequency: blur, stride 2, then the
average over all positions is exactly invariant. A network with one pool and nothing behind it tells methods not apart.
"""

import itertools
import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_choice, as_count
from shiftmath.networks.downsampling.polyphase import SPLITS, as_map, divided, split

__all__ = [
    "Downsampler",
    "Fixed",
    "average_pool",
    "blur",
    "blur_pool",
    "dense_max",
    "max_blur_pool",
    "max_pool",
    "subsample",
]


class Downsampler(eqx.Module):
    """Shortens all spatial axes of a signal (*spatial, channels) by `stride`: it makes a choice, then applies it.

    Two branches of a network that make one choice stay together under shifts: `down(other, down.choice(x))`.
    """

    stride: int = eqx.field(default=2, kw_only=True, static=True, converter=lambda value: as_count("stride", value))
    uneven: str = eqx.field(
        default="raise", kw_only=True, static=True, converter=lambda value: as_choice("uneven", value, SPLITS)
    )

    def choice(self, x: Array) -> Any:
        """What the content of x decides: nothing here."""
        return None

    def apply(self, x: Array, choice: Any) -> Array:
        """The shorter signal, by a choice that was made."""
        raise NotImplementedError

    def __call__(self, x: Array) -> Array:
        """(*spatial / stride, channels)."""
        return self.apply(x, self.choice(x))


def subsample(x: ArrayLike, stride: int = 2, uneven: str = "raise") -> Any:
    """Every stride-th sample, $y_n = x_{s n}$.

    Args:
        x: a signal (*spatial, channels).
        stride: of all spatial axes.
        uneven: "raise", or "wrap" to continue the signal periodically where the stride does not divide a length.

    Raises:
        ValueError: a stride longer than the signal, or one that does not divide its lengths.
        ValueError, TypeError: x holds no finite real numbers.

    >>> subsample([[1.0], [2.0], [3.0], [4.0]]).tolist()
    [[1.0], [3.0]]
    """
    return split(as_map("x", x), stride, uneven)[0]


def max_pool(x: ArrayLike, stride: int = 2, uneven: str = "raise") -> Any:
    """The largest sample of each window; arguments and errors of `subsample`.

    >>> max_pool([[1.0], [2.0], [3.0], [4.0]]).tolist()
    [[2.0], [4.0]]
    """
    parts = split(as_map("x", x), stride, uneven)
    return reduce(parts[0].__array_namespace__().maximum, parts)


def average_pool(x: ArrayLike, stride: int = 2, uneven: str = "raise") -> Any:
    """The mean of each window; arguments and errors of `subsample`.

    >>> average_pool([[1.0], [2.0], [3.0], [4.0]]).tolist()
    [[1.5], [3.5]]
    """
    parts = split(as_map("x", x), stride, uneven)
    return sum(part / len(parts) for part in parts)


def as_taps(taps: Any) -> int:
    """The taps of a blur, from 1 to 7."""
    return as_count("taps", taps, most=7)


def binomial(taps: int) -> np.ndarray:
    """The weights of a blur along one axis; their sum is 1."""
    q = as_taps(taps)
    return np.array([math.comb(q - 1, a) for a in range(q)]) / 2.0 ** (q - 1)


def blur(x: ArrayLike, taps: int = 3) -> Any:
    r"""The circular binomial blur $y_n = \sum_a w_a x_{n + a - \lfloor (q-1)/2 \rfloor}$ along each spatial axis.

    Args:
        x: a signal (*spatial, channels).
        taps: q, from 1 (no blur) to 7.

    >>> blur([[4.0], [0.0], [0.0], [0.0]])[:, 0].tolist()
    [2.0, 1.0, 0.0, 1.0]
    """
    x, weights = as_map("x", x), binomial(taps)
    xp, start = x.__array_namespace__(), (len(weights) - 1) // 2
    for axis in range(x.ndim - 1 if len(weights) > 1 else 0):
        x = sum(float(w) * xp.roll(x, start - a, axis) for a, w in enumerate(weights))
    return x


def blur_pool(x: ArrayLike, stride: int = 2, taps: int = 3, uneven: str = "raise") -> Any:
    """BlurPool: `blur`, then `subsample` (Zhang 2019).

    >>> blur_pool([[4.0], [0.0], [0.0], [0.0]])[:, 0].tolist()
    [2.0, 0.0]
    """
    return subsample(blur(x, taps), stride, uneven)


def dense_max(x: ArrayLike, stride: int = 2) -> Any:
    r"""The largest of $x_n, \dots, x_{n + s - 1}$ along all axes at every n, circularly: max pooling without a stride.

    >>> dense_max([[1.0], [2.0], [3.0], [4.0]])[:, 0].tolist()
    [2.0, 3.0, 4.0, 4.0]
    """
    x = as_map("x", x)
    divided(x, stride, "wrap")
    xp, axes = x.__array_namespace__(), tuple(range(x.ndim - 1))
    offsets = itertools.product(range(stride), repeat=x.ndim - 1)
    return reduce(xp.maximum, (xp.roll(x, tuple(-o for o in offset), axes) for offset in offsets))


def max_blur_pool(x: ArrayLike, stride: int = 2, taps: int = 3, uneven: str = "raise") -> Any:
    """MaxBlurPool: `dense_max`, then `blur_pool` (Zhang 2019).

    >>> max_blur_pool([[4.0], [0.0], [0.0], [0.0]])[:, 0].tolist()
    [3.0, 1.0]
    """
    return blur_pool(dense_max(x, stride), stride, taps, uneven)


RULES: dict[str, Callable[..., Any]] = {
    "stride": lambda x, stride, taps, uneven: subsample(x, stride, uneven),
    "max": lambda x, stride, taps, uneven: max_pool(x, stride, uneven),
    "average": lambda x, stride, taps, uneven: average_pool(x, stride, uneven),
    "blur": blur_pool,
    "max-blur": max_blur_pool,
}


class Fixed(Downsampler):
    """One of these as a layer: rule "stride", "max", "average", "blur" or "max-blur", with `taps` of a blur."""

    rule: str = eqx.field(
        default="stride", kw_only=True, static=True, converter=lambda value: as_choice("rule", value, RULES)
    )
    taps: int = eqx.field(default=3, kw_only=True, static=True, converter=as_taps)

    def apply(self, x: Array, choice: Any = None) -> Array:
        """The shorter signal; there is no choice."""
        return RULES[self.rule](x, self.stride, self.taps, self.uneven)

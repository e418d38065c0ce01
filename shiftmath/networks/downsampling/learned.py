r"""Polyphase sampling with parameters: LPS chooses a component by a learned score, TIPS mixes them by learned weights.

**LPS** (Rojas-Gomez et al. 2022, *Learnable Polyphase Sampling for Shift Invariant and Equivariant Convolutional
Networks*) gives every component one score by one small network, the same for all of them, so that scores are permuted
as components are. With the largest score chosen it is as exact as APS. Trained as a softmax mixture it is not.

**TIPS** (*Translation Invariant Polyphase Sampling*, arXiv 2404.07410), as released: with $\psi(x)$ the ReLU of a
3 x 3 convolution of each channel apart, padded with zeros,

$$q_c = \text{means of } \psi_c \text{ over the } s \times s \text{ blocks of the image}, \quad
\tau_c = \mathrm{softmax}(w_c\, q_c), \quad y_c = \sum_i \tau_{ci}\, x_c^{(i)}.$$

The weights follow the quadrants of the image, not its phases, and the sum moves its components apart: it is exact
neither under all shifts nor under those by multiples of the stride. Mixtures stay soft in training and afterwards.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import (
    as_bool,
    as_choice,
    as_count,
    as_number,
    as_signal,
    require_finite,
    require_finite_result,
)
from shiftmath._shared.values import is_traced, show
from shiftmath.networks.downsampling.fixed import Downsampler, as_taps, blur
from shiftmath.networks.downsampling.polyphase import as_map, components, divided, mixture
from shiftmath.networks.layers import Convolution, parameters

__all__ = ["LPS", "TIPS", "held", "one_hot_penalty", "undo_loss"]

Module = TypeVar("Module")

SELECTIONS, PADDINGS, FORMS = ("argmax", "held", "softmax"), ("zero", "circular"), ("released", "scaled")


class LPS(Downsampler):
    r"""The component with the largest score, $\langle v, \text{mean of } \mathrm{relu}(W * x^{(i)} + b)\rangle$.

    The source has a second convolution, circular, before a mean over all positions and channels. That is a linear map
    of the mean of what comes in: v stands for it.

    With selection "argmax" the gradient is that of the softmax mixture (straight-through), so that a network is exact
    while it learns, too. "held" has the same values and their own derivative, in which the choice is constant: away
    from ties that is the derivative of the function; see `held`. "softmax" mixes, at a `temperature`, and is not exact.
    The source mixes with Gumbel noise at a falling temperature, and takes the largest score afterwards.

    Where the ReLU is 0 everywhere on two components both have the score 0: a tie, at which the first stays and the
    layer is not exact. Few channels make that likely.
    """

    first: Convolution
    second: Array
    taps: int = eqx.field(default=1, kw_only=True, static=True, converter=as_taps)
    selection: str = eqx.field(
        default="argmax", kw_only=True, static=True, converter=lambda value: as_choice("selection", value, SELECTIONS)
    )
    temperature: float = eqx.field(
        default=1.0, kw_only=True, static=True, converter=lambda value: as_number("temperature", value, positive=True)
    )

    @classmethod
    def of(cls, key: Array, channels: int, axes: int, dtype: DTypeLike, **options: Any) -> "LPS":
        """With random weights, for signals of so many channels on so many axes."""
        one, two = jax.random.split(key)
        recipe: dict[str, Any] = {"bias": True, "initialisation": "torch", "dtype": dtype}
        first = Convolution(*parameters(one, (3,) * axes + (channels,), (channels,), **recipe))
        return cls(first, parameters(two, (channels,), (), **recipe)[0], **options)

    def scores(self, x: Array) -> Array:
        """(phases,) of the blurred signal."""
        parts = components(blur(x, self.taps), self.stride, self.uneven)
        return jax.vmap(lambda part: jax.nn.relu(self.first(part)).mean(range(part.ndim - 1)))(parts) @ self.second

    def choice(self, x: Array) -> Array:
        """The weights of the components (phases,): one 1 and zeros, or a softmax."""
        scores = self.scores(x)
        soft = jax.nn.softmax((scores - scores.max()) / self.temperature)
        if self.selection == "softmax":
            return soft
        return _largest(scores, jax.lax.stop_gradient(soft) if self.selection == "held" else soft)

    def apply(self, x: Array, choice: Array) -> Array:
        """The component of weight 1, or the mixture."""
        return mixture(blur(x, self.taps), choice, self.stride, self.uneven)


@jax.custom_jvp
def _largest(scores: Array, soft: Array) -> Array:
    """1 for the first of the largest scores and 0 for the others, with the derivative of the weights `soft`.

    The weights themselves may be equal where the scores are not.
    """
    return jax.nn.one_hot(scores.argmax(), scores.size, dtype=soft.dtype)


@_largest.defjvp
def _straight_through(primals: Any, tangents: Any) -> Any:
    return _largest(*primals), tangents[1]


def held(network: Module) -> Module:
    """The network with each `LPS` of selection "argmax" as "held": the same values, with the derivative that they have.

    For attacks and for `lie_derivative`, after training. Arrays may have leading axes, as those of `fit_many` do.

    >>> layer = LPS.of(jax.random.key(0), 1, 1, float)
    >>> held(layer).selection, held((layer, "aps"))[1]
    ('held', 'aps')
    """

    def hold(part: Any) -> Any:
        one = isinstance(part, LPS) and part.selection == "argmax"
        return dataclasses.replace(part, selection="held") if one else part

    return jax.tree.map(hold, network, is_leaf=lambda part: isinstance(part, LPS))


class TIPS(Downsampler):
    """The mixture of the module's docstring: kernel (*taps, channels) and one weight w a channel.

    On two axes block (i, j) of the image gives the weight of phase (j, i), as in the released code; on more axes the
    order is reversed, too. `padding` is that of the convolution, "zero" as released, or "circular".
    """

    kernel: Array
    weight: Array
    padding: str = eqx.field(
        default="zero", kw_only=True, static=True, converter=lambda value: as_choice("padding", value, PADDINGS)
    )

    @classmethod
    def of(cls, key: Array, channels: int, axes: int, dtype: DTypeLike, **options: Any) -> "TIPS":
        """With random weights, for signals of so many channels on so many axes."""
        one, two = jax.random.split(key)
        bound = 1 / math.sqrt(3**axes)
        kernel = jax.random.uniform(one, (3,) * axes + (channels,), dtype, -bound, bound)
        return cls(kernel, jax.random.uniform(two, (channels,), dtype, -1, 1), **options)

    def features(self, x: Array) -> Array:
        r"""$\psi(x)$, of the shape of x, by shifted products: convolutions in groups are slow on the CPU."""
        mode = {"mode": "wrap"} if self.padding == "circular" else {}
        padded = jnp.pad(x, [*[((q - 1) // 2, q // 2) for q in self.kernel.shape[:-1]], (0, 0)], **mode)
        total = jnp.zeros_like(x)
        for tap in itertools.product(*map(range, self.kernel.shape[:-1])):
            window = padded[tuple(slice(a, a + d) for a, d in zip(tap, x.shape[:-1], strict=True))]
            total += jnp.broadcast_to(self.kernel[tap], x.shape) * window
        return jax.nn.relu(total)

    def choice(self, x: Array) -> Array:
        r"""$\tau$, (phases, channels)."""
        psi, s = self.features(divided(x, self.stride, self.uneven)), self.stride
        axes, channels = psi.ndim - 1, psi.shape[-1]
        blocks = psi.reshape(*itertools.chain(*((s, d // s) for d in psi.shape[:-1])), channels)
        q = blocks.mean(range(1, 2 * axes, 2)).transpose(*reversed(range(axes)), axes).reshape(-1, channels)
        return jax.nn.softmax(jnp.broadcast_to(self.weight, q.shape) * q, axis=0)

    def apply(self, x: Array, choice: Array) -> Array:
        """The mixture of the components."""
        return mixture(x, choice, self.stride, self.uneven)


def one_hot_penalty(weights: ArrayLike, form: str = "released") -> Any:
    r"""TIPS's penalty on the weights of a mixture: the mean over channels of $1 - |\tau_c|$.

    $|\tau_c|$ runs from $1/\sqrt{\text{phases}}$ for equal weights, the average pool, to 1 for a single one, plain
    striding. So the penalty is least, 0, where the mixture keeps one component. "scaled" is
    $(1 - \text{phases})\,|\tau_c|$, the form ascribed to the paper: another scale and constant, the same optimum.

    Args:
        weights: (phases,) or (phases, channels), none negative, of sum 1.
        form: "released" or "scaled".

    >>> float(one_hot_penalty([0.25] * 4)), float(one_hot_penalty([1.0, 0.0, 0.0, 0.0], "scaled"))
    (0.5, -3.0)
    """
    takes = "weights (phases,) or (phases, channels), none negative, of sum 1"
    tau, form = as_signal("weights", weights), as_choice("form", form, FORMS)
    xp = tau.__array_namespace__()
    if not is_traced(tau):
        require_finite("weights", tau)
        plain, eps = np.asarray(tau, float), float(jnp.finfo(tau.dtype).eps)
        if tau.ndim > 2 or plain.min() < 0 or abs(plain.sum(axis=0) - 1).max() > len(tau) * eps:
            raise ValueError(f"weights: got {show(tau)}, takes {takes}")
    length = xp.sqrt((tau * tau).sum(axis=0))
    return (1 - length).mean() if form == "released" else (1 - len(tau)) * length.mean()


def undo_loss(features: ArrayLike, x: ArrayLike, reach: int = 2, border: str = "circular", frozen: bool = True) -> Any:
    r"""TIPS's second penalty, $\mathrm{mean}\,(\psi - T_a x)^2$, averaged over all shifts a in $[-\mathrm{reach},
    \mathrm{reach}]$ along each axis.

    The source draws one shift a batch; this is the expectation. $\psi$ does not know the shift, so what fits best is
    the mean of all shifted copies: a low-pass filter of x.

    Args:
        features: $\psi(x)$, of the shape of x.
        x: the layer's input (*spatial, channels).
        reach: from 0 on.
        border: "circular", or "zero" for zeros where a shift brings in what is outside.
        frozen: whether x is a constant to the gradient; as the source means it, though its code does not do it.

    >>> float(undo_loss([[0.0], [0.0]], [[1.0], [3.0]], reach=0))
    5.0
    """
    psi, x = as_map("features", features), as_map("x", x)
    if psi.shape != x.shape:
        raise ValueError(f"features and x: got shapes {psi.shape} and {x.shape}, takes two signals of one shape")
    if as_bool("frozen", frozen) and not isinstance(x, np.ndarray):
        x = jax.lax.stop_gradient(x)
    count = (2 * as_count("reach", reach, 0, max(x.shape[:-1])) + 1) ** (x.ndim - 1)
    # Each square by itself: expanded, they would cancel where x is far from 0.
    with np.errstate(over="ignore"):
        value = sum(((psi - moved) ** 2).mean() / count for moved in _shifted(x, reach, border))
    return require_finite_result("features and x", psi - x, value, "squares overflow")


def _shifted(x: Any, reach: int, border: str) -> Iterator[Any]:
    """All copies of x that are shifted by at most `reach` along each axis."""
    mode = {"mode": "wrap"} if as_choice("border", border, ("circular", "zero")) == "circular" else {}
    padded = x.__array_namespace__().pad(x, [*[(reach, reach)] * (x.ndim - 1), (0, 0)], **mode)
    for start in itertools.product(range(2 * reach + 1), repeat=x.ndim - 1):
        yield padded[tuple(slice(a, a + d) for a, d in zip(start, x.shape[:-1], strict=True))]

r"""Networks of finite width for the experiments: fully connected, convolutional and residual.

A network is an equinox module: `network(x)` is the logits (classes,) of ONE signal x, its parameters are its arrays.
Everything that maps modules and arrays applies: `jax.vmap(network)`, `jax.grad`, `equinox.tree_at`. Functions of this
package take a network's dtype from its parameters and compute in it, float64 also where JAX is set to float32.

A convolutional or residual network with circular padding and readout "average" is exactly invariant under circular
shifts by multiples of its total stride P, where P divides the lengths of the signal. With zero padding or readout
"flatten" it is not (Ge et al. 2021, section 5.1.3).
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike

from shiftmath._shared.arguments import as_choice, as_count, as_shape
from shiftmath.networks.layers import BatchNorm, Dense, Network, logits, parameters, precision
from shiftmath.networks.parts import (
    Downsample,
    as_downsample,
    as_strides,
    average,
    block,
    convolution,
    downsampled,
    first,
    norms_of,
    readout_of,
    recipe_of,
)
from shiftmath.networks.sizes import as_padding, as_spatial, as_taps, require_fits

__all__ = ["convolutional", "fully_connected", "logits", "residual"]


def fully_connected(
    key: Array,
    shape: int | Sequence[int],
    classes: int | None,
    width: int = 100,
    depth: int = 1,
    *,
    bias: bool = True,
    input_norm: bool = False,
    hidden_norm: bool = False,
    initialisation: str = "torch",
    dtype: DTypeLike = jnp.float32,
) -> Network:
    r"""A network of `depth` hidden ReLU layers: $h_l = \mathrm{relu}(W_l^\top h_{l-1} + b_l)$, $f = V^\top h_L + c$.

    With initialisation "ntk" and without biases the tangent kernel of one output tends to
    `kernels.FullyConnected(depth)` as the width grows, with biases to that with bias_std = 1.

    Args:
        key: the source of randomness.
        shape: the shape of one signal; all its entries are inputs.
        classes: the number of logits; None is one number, of shape ().
        width, depth: units of a hidden layer, number of hidden layers.
        bias: whether layers have one.
        input_norm, hidden_norm: batch normalisation of each entry of the signal, and of each unit before its ReLU.
        initialisation: "torch" or "ntk", see `shiftmath.networks.layers`.
        dtype: of parameters and results; float64 also where JAX is set to float32.

    >>> network = fully_connected(jax.random.key(0), (28, 28), 10, width=100)
    >>> [w.shape for w in jax.tree.leaves(network)], logits(network, np.zeros((4, 28, 28))).shape
    ([(784, 100), (100,), (100, 10), (10,)], (4, 10))
    """
    shape, width, depth = as_shape("shape", shape), as_count("width", width), as_count("depth", depth)
    norms, recipe = norms_of(input_norm, hidden_norm), recipe_of(bias, initialisation, dtype)
    count = (math.prod(shape) + (depth - 1) * width) * width
    require_fits("shape, width and depth", (shape, width, depth), count, dtype)
    with precision(dtype):
        *keys, last = jax.random.split(key, depth + 1)
        layers: list[Callable] = [BatchNorm.of(shape, dtype)] * norms[0]
        for k, n in zip(keys, [math.prod(shape)] + [width] * (depth - 1), strict=True):
            layers.append(Dense(*parameters(k, (n,), (width,), **recipe)))
            layers += [BatchNorm.of((width,), dtype)] * norms[1] + [jax.nn.relu]
        return Network((*layers, readout_of(last, width, classes, recipe)))


def convolutional(
    key: Array,
    shape: int | Sequence[int],
    classes: int | None,
    width: int = 100,
    filter_size: int | Sequence[int] = 3,
    depth: int = 1,
    *,
    padding: str | int = "circular",
    readout: str = "average",
    stride: int | Sequence[int] = 1,
    downsample: Downsample = None,
    channel_axis: bool = False,
    bias: bool = True,
    input_norm: bool = False,
    hidden_norm: bool = False,
    initialisation: str = "torch",
    dtype: DTypeLike = jnp.float32,
) -> Network:
    r"""A network of `depth` convolutions with ReLU, a readout and a linear layer.

    With initialisation "ntk" and without biases the tangent kernel of one output tends to
    `kernels.Convolutional(depth, filter_size, readout, padding)` as the width grows.

    Args:
        key, classes, depth, bias, initialisation, dtype: as for `fully_connected`; depth counts convolutions.
        shape: the shape of one signal, (*spatial), or (*spatial, channels) with `channel_axis`.
        width: channels of each convolution.
        filter_size: taps along each axis, a whole number for the same along all.
        padding: "circular", "zero", or p samples added circularly at each end, see `layers.Convolution`. With filters
            of the signal's size p = 0 is a fully connected network.
        readout: "average" over all positions, or "flatten".
        stride: of the first convolution, or one for each of them.
        downsample: None for a convolution with its stride. Or a name, such as "aps", or a function, see
            `downsampling.downsampler`: the convolution has stride 1, and the ReLU is followed by that layer.
        channel_axis: whether the last axis of a signal is its channels.
        input_norm, hidden_norm: batch normalisation of each channel of the signal, and of each convolution before its
            ReLU.

    >>> network = convolutional(jax.random.key(0), (15, 15), 2, width=100, filter_size=15)
    >>> [w.shape for w in jax.tree.leaves(network)]
    [(15, 15, 1, 100), (100,), (100, 2), (2,)]
    """
    norms, recipe = norms_of(input_norm, hidden_norm), recipe_of(bias, initialisation, dtype)
    (spatial, channels), layers = as_spatial(shape, channel_axis), first(channel_axis)
    width, depth, padding = as_count("width", width), as_count("depth", depth), as_padding(padding)
    taps, readout = as_taps(filter_size, spatial, padding), as_choice("readout", readout, ("average", "flatten"))
    positions = math.prod(d + 2 * (0 if isinstance(padding, str) else padding) for d in spatial)
    require_fits("shape, width and padding", (shape, width, padding), positions * width, dtype)
    count = math.prod(taps) * (channels + (depth - 1) * width) * width
    require_fits("shape, width and depth", (shape, width, depth), count, dtype)
    strides, rule = as_strides(stride, depth), as_downsample(downsample)
    with precision(dtype):
        layers += [BatchNorm.of((channels,), dtype)] * norms[0]
        *keys, last = jax.random.split(key, depth + 1)
        for k, C, s in zip(keys, [channels] + [width] * (depth - 1), strides, strict=True):
            layers += convolution(k, taps, C, width, padding, 1 if rule else s, norms[1], recipe)
            layers += [jax.nn.relu, *downsampled(rule, k, width, len(spatial), s, dtype)]
        layers += [average] if readout == "average" else []
        features = jax.eval_shape(Network(tuple(layers)), jax.ShapeDtypeStruct(as_shape("shape", shape), dtype)).size
        return Network((*layers, readout_of(last, features, classes, recipe)))


def residual(
    key: Array,
    shape: int | Sequence[int],
    classes: int | None,
    widths: Sequence[int] = (16, 32),
    filter_size: int | Sequence[int] = 3,
    blocks: int = 1,
    *,
    padding: str = "circular",
    stride: int = 1,
    downsample: Downsample = None,
    channel_axis: bool = False,
    bias: bool = False,
    input_norm: bool = False,
    hidden_norm: bool = True,
    initialisation: str = "torch",
    dtype: DTypeLike = jnp.float32,
) -> Network:
    r"""A residual network: a convolution, stages of `blocks` blocks relu(body + shortcut), average, linear layer.

    A body is convolution, ReLU, convolution; a shortcut the identity, or a convolution of one tap where the number of
    channels or the stride changes (He et al. 2016). The total stride is stride to the power len(widths) - 1.

    Args:
        key, shape, classes, filter_size, channel_axis, initialisation, dtype: as for `convolutional`.
        bias: whether convolutions have one; the linear layer has.
        input_norm, hidden_norm: as for `convolutional`; each convolution is normalised.
        widths: channels of each stage.
        blocks: their number in a stage.
        padding: "circular" or "zero".
        stride: of the first block of each stage but the first.
        downsample: None for convolutions with a stride. Or a name, such as "aps", or a function: the convolutions have
            stride 1, the first ReLU is followed by that layer, and the shortcut takes the choice that it made there;
            a choice for each channel, as of "tips", is made for itself on the shortcut. See `downsampling.residual`.

    >>> network = residual(jax.random.key(0), (8, 8, 3), 10, channel_axis=True)
    >>> logits(network, np.zeros((4, 8, 8, 3))).shape
    (4, 10)
    """
    norms, recipe = norms_of(input_norm, hidden_norm), recipe_of(bias, initialisation, dtype)
    (spatial, channels), layers = as_spatial(shape, channel_axis), first(channel_axis)
    padding, blocks = as_choice("padding", padding, ("circular", "zero")), as_count("blocks", blocks)
    taps, widths = as_taps(filter_size, spatial, padding), as_shape("widths", widths)
    rule, stride = as_downsample(downsample), as_count("stride", stride)
    make = partial(convolution, padding=padding, norm=norms[1], recipe=recipe)
    count = math.prod(taps) * (channels * widths[0] + 2 * blocks * sum(w * w for w in widths))
    require_fits("shape, widths and blocks", (shape, widths, blocks), count, dtype)
    with precision(dtype):
        layers += [BatchNorm.of((channels,), dtype)] * norms[0]
        stem, last, *keys = jax.random.split(key, 2 + len(widths) * blocks)
        layers += [*make(stem, taps, channels, widths[0], stride=1), jax.nn.relu]
        before = [widths[0], *np.repeat(widths, blocks).tolist()]
        for i, (k, C, K) in enumerate(zip(keys, before, before[1:], strict=False)):
            layers.append(block(k, taps, C, K, stride if i and i % blocks == 0 else 1, make, rule))
        return Network((*layers, average, readout_of(last, widths[-1], classes, recipe | {"bias": True})))

r"""Deep circular networks of one or two channels: as random starts for training, and two that are put together by hand.

A signal x has an axis of positions, or several, all circular. A pointwise affine map lifts it to r channels, layers

$$
z \leftarrow \mathrm{relu}(w * z + b) \quad\text{(plain)}, \qquad
z \leftarrow z + V\,\mathrm{relu}(w * z + b) \quad\text{(residual)}
$$

follow, each with filters w of a few taps, one bias b a channel and, if residual, an r x r matrix V; and a pointwise
affine map reads one number at each position. Such a map is shift-equivariant, with a mean over positions invariant.
Lin, Shen and Li (2022, *On the Universal Approximation Property of Deep Fully Convolutional Neural Networks*) show how
many channels and taps are enough for all equivariant functions, at growing depth.
"""

import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike

from shiftmath._shared.arguments import as_bool, as_choice, as_count, as_shape
from shiftmath.networks import Convolution, Network, precision
from shiftmath.networks.parts import first
from shiftmath.networks.sizes import as_taps, require_fits

__all__ = ["Stack", "Step", "largest_plus_smallest", "narrow", "squared_differences"]

OFFSET = 1.2  # of each channel at first: signals in [-1, 1] begin where the ReLU of a plain layer is the identity


class Step(eqx.Module):
    r"""One layer: $\mathrm{relu}(w * z + b)$, or $z + V\,\mathrm{relu}(w * z + b)$, the matrix V as `mixing`."""

    convolution: Convolution
    mixing: Array | None = None

    def __call__(self, z: Array) -> Array:
        """(*spatial, channels), as z."""
        h = jax.nn.relu(self.convolution(z))
        return h if self.mixing is None else z + h @ self.mixing


class Stack(eqx.Module):
    """Layers of one shape after another, as one whose arrays have a leading axis of layers: one loop to compile."""

    steps: Step

    def __call__(self, z: Array) -> Array:
        """(*spatial, channels), as z."""
        return jax.lax.scan(lambda z, step: (step(z), None), z, self.steps)[0]


def narrow(
    key: Array,
    shape: int | Sequence[int],
    channels: int = 1,
    filter_size: int | Sequence[int] = 2,
    depth: int = 8,
    *,
    residual: bool = True,
    padding: str = "circular",
    invariant: bool = False,
    dtype: DTypeLike = jnp.float32,
) -> Network:
    r"""A network of few channels with random parameters near those of the identity, from which training finds a way.

    A plain layer begins as $w = \delta + \epsilon$, a residual one with small w, b and V. Signals are lifted by
    $x + 1.2$ in each channel, which the read-out takes back.

    Args:
        key: the source of randomness.
        shape: of one signal, all axes of it positions.
        channels: r, the width of every layer.
        filter_size: taps along each axis, a whole number for the same along all.
        depth: the number of layers.
        residual: whether layers are residual.
        padding: "circular", or "zero", which is not equivariant.
        invariant: whether the mean over positions is the result.
        dtype: of parameters and results.

    Raises:
        ValueError, TypeError: what is not as said above; more than the memory.

    >>> network = narrow(jax.random.key(0), 6, channels=2, depth=3)
    >>> network(jnp.zeros(6)).shape, narrow(jax.random.key(0), (3, 3), invariant=True)(jnp.zeros((3, 3))).shape
    ((6,), ())
    """
    spatial, r, depth = as_shape("shape", shape), as_count("channels", channels), as_count("depth", depth)
    padding, residual = as_choice("padding", padding, ("circular", "zero")), as_bool("residual", residual)
    taps, invariant = as_taps(filter_size, spatial, padding), as_bool("invariant", invariant)
    size = depth * r * r * (math.prod(taps) + 1)
    require_fits("channels, filter_size and depth", (channels, filter_size, depth), size, dtype)
    with precision(dtype):
        keys = jax.random.split(key, 5)
        w = jax.random.normal(keys[0], (depth, *taps, r, r), dtype)
        b, V = jnp.zeros((depth, r), dtype), None
        small, offset = 0.5 / math.sqrt(depth), 0.0 if residual else OFFSET
        if residual:
            b = 0.5 * jax.random.normal(keys[1], b.shape, dtype)
            V = small * jax.random.normal(keys[2], (depth, r, r), dtype)
        else:
            w = (small * w).at[(slice(None), *[0] * len(taps))].add(jnp.eye(r, dtype=dtype)[None])
        gain = 1 + 0.25 * jax.random.normal(keys[3], (1, r), dtype)
        lift, read = _pointwise(gain, jnp.full(r, offset, dtype), len(taps)), jnp.full((r, 1), 1 / r, dtype)
        out = _pointwise(read, jnp.full(1, -offset, dtype), len(taps))
        return _network(lift, Step(Convolution(w, b, padding=padding), V), out, invariant)


def largest_plus_smallest(shape: int | Sequence[int], *, dtype: DTypeLike = float) -> Network:
    r"""$f(x) = \max_i x_i + \min_i x_i$ of one signal, exactly, by residual layers of two channels and two taps.

    Each is $z_i \leftarrow z_i + \mathrm{relu}(z_{i+1} - z_i) = \max(z_i, z_{i+1})$ in the first channel and the
    minimum in the second; an axis of n positions takes n - 1 of them, then all positions agree. f changes its sign if x
    does, and by at most $\sqrt2\,|v|$ if x changes by v.

    Raises:
        ValueError, TypeError: a shape that is none, or has one position only; more than the memory.

    >>> float(largest_plus_smallest(4)(jnp.array([1.0, 5.0, -2.0, 0.0])))
    3.0
    """
    spatial = as_shape("shape", shape)
    if set(spatial) == {1}:
        raise ValueError(f"shape: got {shape!r}, takes one of at least two positions")
    taps = tuple(min(2, n) for n in spatial)
    require_fits("shape", shape, math.prod(spatial) + sum(spatial) * 4 * math.prod(taps), dtype)
    with precision(dtype):
        w, channel = np.zeros((len(spatial), *taps, 2, 2)), np.arange(2)
        for axis, own in enumerate(w):
            neighbour = (np.eye(len(spatial), dtype=int)[axis] % np.array(taps)).tolist()
            own[(*[0] * len(taps), channel, channel)] = [-1, 1]
            own[(*neighbour, channel, channel)] += [1, -1]
        layers = np.repeat(np.arange(len(spatial)), np.array(spatial) - 1)
        steps = _steps(w[layers], np.zeros((len(layers), 2)), np.repeat([np.diag([1, -1])], len(layers), 0), dtype)
        ones = jnp.ones(2, dtype)
        out = _pointwise(ones[:, None], jnp.zeros(1, dtype), len(taps))
        return _network(_pointwise(ones[None], 0 * ones, len(taps)), steps, out, invariant=True)


def squared_differences(levels: int, *, dtype: DTypeLike = float) -> Network:
    r"""$\varphi_i = ((x_i - x_{i+1})/2)^2$ for $|x_i| \le 1$, up to $4^{-(m+1)}$, by m + 2 layers of two channels.

    From $u = |x_i - x_{i+1}|/2$ on, in the first channel, each level applies the tent $t(u) = 2u - 4\,\mathrm{relu}(u -
    \frac12)$, and takes the s-th iterate over $4^s$ from the second: $u - \sum_{s \le m} t^s(u)/4^s$ interpolates $u^2$
    at the multiples of $2^{-m}$ (Yarotsky 2017). The largest error is $4^{-(m+1)}$, half way between two of them.

    Args:
        levels: m, from 1 to 500.
        dtype: of parameters and results.

    Raises:
        ValueError, TypeError: levels is no such number.

    >>> float(squared_differences(3)(jnp.array([1.0, 0.5, -1.0]))[1]), 0.75**2
    (0.5625, 0.5625)
    """
    m = as_count("levels", levels, most=500)
    w, b, V = np.zeros((m + 2, 2, 2, 2)), np.zeros((m + 2, 2)), np.zeros((m + 2, 2, 2))
    w[0, 0, 0], w[0, 1, 0], V[0, :, 1] = [1, -1], [-1, 1], 0.5  # the second channel, 0 at first: u
    w[1, 0], V[1, :, 0] = np.eye(2), [-1, 1]  # the first, x + 1 >= 0 at first: u
    w[2:, 0, 0], b[2:, 1] = 1, -0.5  # relu(t) and relu(t - 1/2)
    V[2:, :, 0], V[2:, :, 1] = [1, -4], np.array([-2, 4]) / 4.0 ** np.arange(1, m + 1)[:, None]
    with precision(dtype):
        lift = _pointwise(jnp.array([[1, 0]], dtype), jnp.array([1, 0], dtype), 1)
        out = _pointwise(jnp.array([[0], [1]], dtype), jnp.zeros(1, dtype), 1)
        return _network(lift, _steps(w, b, V, dtype), out, invariant=False)


def _steps(w: Any, b: Any, V: Any, dtype: DTypeLike) -> Step:
    """Residual layers of given parameters, along their first axes."""
    return Step(Convolution(jnp.asarray(w, dtype), jnp.asarray(b, dtype)), jnp.asarray(V, dtype))


def _pointwise(weight: Array, bias: Array, axes: int) -> Convolution:
    """The affine map of the channels at each position: a convolution of one tap."""
    return Convolution(weight.reshape(*[1] * axes, *weight.shape), bias)


def _network(lift: Convolution, steps: Step, out: Convolution, invariant: bool) -> Network:
    return Network((*first(channel_axis=False), lift, Stack(steps), out, _mean if invariant else _values))


def _values(z: Array) -> Array:
    return z[..., 0]


def _mean(z: Array) -> Array:
    return z.mean()

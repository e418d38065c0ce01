r"""The layers of finite networks: each a callable on ONE signal, with its parameters as arrays.

Signals inside a network are (*spatial, channels). Parameters start as one of two recipes, n the fan-in of a layer:

- "torch": weights and biases uniform in $\pm 1 / \sqrt n$, the default of PyTorch's linear and convolutional layers;
- "ntk": weights and biases standard normal, the layer multiplies $\sqrt{2 / n}$ into its weights, the last layer
  $\sqrt{1 / n}$ and it has no bias: the NTK parameterisation (Jacot et al. 2018) in the scale of `shiftmath.kernels`.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_choice, as_count
from shiftmath._shared.batches import in_batches
from shiftmath._shared.kept_programs import warn_of_kept_programs
from shiftmath._shared.precision import precision
from shiftmath.networks.arrays import as_signals, dtype_of, taken
from shiftmath.networks.correlation import correlate
from shiftmath.networks.sizes import as_padding

__all__ = [
    "BatchNorm",
    "Convolution",
    "Dense",
    "Network",
    "Residual",
    "logits",
    "on_batch",
    "parameters",
    "precision",
]


def parameters(
    key: Array,
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    *,
    bias: bool,
    initialisation: str,
    dtype: DTypeLike,
    last: bool = False,
) -> tuple[Array, Array | None, float]:
    """Weight (*inputs, *outputs), bias (*outputs) or None, and the factor of the weight, by one of the two recipes."""
    as_choice("initialisation", initialisation, ("torch", "ntk"))
    fan_in, (one, two) = math.prod(inputs), jax.random.split(key)
    if initialisation == "ntk":
        weight, shift = (jax.random.normal(k, s, dtype) for k, s in ((one, inputs + outputs), (two, outputs)))
        return weight, shift if bias and not last else None, math.sqrt((1 if last else 2) / fan_in)
    bound = 1 / math.sqrt(fan_in)
    weight, shift = (
        jax.random.uniform(k, s, dtype, -bound, bound) for k, s in ((one, inputs + outputs), (two, outputs))
    )
    return weight, shift if bias else None, 1.0


def _plus(y: Array, bias: Array | None) -> Array:
    return y if bias is None else y + jnp.broadcast_to(bias, y.shape)


class Dense(eqx.Module):
    r"""$y = \mathrm{scale}\, W^\top x + b$ of all entries of x; weight (inputs, outputs), or (inputs,) for a number."""

    weight: Array
    bias: Array | None = None
    scale: float = eqx.field(static=True, default=1.0, converter=float)

    def __call__(self, x: Array) -> Array:
        """(outputs,) or () of a signal of any shape."""
        return _plus(self.scale * (x.ravel() @ self.weight), self.bias)


class Convolution(eqx.Module):
    r"""$y_t = \mathrm{scale} \sum_a W_a^\top x_{P t + s + a} + b$ with taps $a = 0, \dots, q - 1$ along each axis.

    Signals are (*spatial, inputs), the weight is (*taps, inputs, outputs), P is the stride along all axes. `padding`
    says what x is beyond its ends and where the filter goes, for d samples along an axis:

    - "circular": indices modulo d, start $s = -\lfloor (q-1)/2 \rfloor$, positions $0 \le P t < d$;
    - "zero": the same with zeros beyond the ends;
    - a whole number p: p samples are added circularly at each end, and the filter goes where it fits: $s = -p$,
      $0 \le P t \le d + 2 p - q$. A filter as long as the signal has 2 p + 1 positions.
    """

    weight: Array
    bias: Array | None = None
    scale: float = eqx.field(static=True, default=1.0, converter=float)
    padding: str | int = eqx.field(static=True, default="circular", converter=as_padding)
    stride: int = eqx.field(static=True, default=1, converter=lambda stride: as_count("stride", stride))

    def __call__(self, x: Array) -> Array:
        """(*positions, outputs)."""
        taps, spatial = self.weight.shape[:-2], x.shape[:-1]
        start, count = [0] * len(taps), list(spatial)
        if self.padding == "zero":
            x = jnp.pad(x, [((q - 1) // 2, q // 2) for q in taps] + [(0, 0)])
        elif self.padding == "circular":
            start = [-((q - 1) // 2) for q in taps]
        else:
            start = [-int(self.padding)] * len(taps)
            count = [d + 2 * int(self.padding) - q + 1 for d, q in zip(spatial, taps, strict=True)]
        count = [-(-n // self.stride) for n in count]
        y = correlate(x, self.weight, start, count, [self.stride] * len(taps))
        return _plus(self.scale * y, self.bias)


class BatchNorm(eqx.Module):
    r"""$y = \gamma (x - m) / \sqrt{v + \epsilon} + \beta$, of signals (..., *features) (Ioffe and Szegedy 2015).

    m and v are running statistics, and constants to a gradient. In training, `on_batch` takes the mean and the
    (biased) variance over the batch and all leading axes instead, and moves m and v by a tenth of the way to that mean
    and to the unbiased variance, as PyTorch does; $\epsilon = 10^{-5}$.
    """

    gain: Array
    shift: Array
    mean: Array
    variance: Array

    @classmethod
    def of(cls, features: tuple[int, ...], dtype: DTypeLike) -> "BatchNorm":
        """With statistics 0 and 1, that is nearly the identity."""
        zeros, ones = jnp.zeros(features, dtype), jnp.ones(features, dtype)
        return cls(ones, zeros, zeros, ones)

    def __call__(self, x: Array) -> Array:
        """Of the shape of x."""
        return self._normalise(x, jax.lax.stop_gradient(self.mean), jax.lax.stop_gradient(self.variance))

    def _normalise(self, x: Array, mean: Array, variance: Array) -> Array:
        factor = self.gain / jnp.sqrt(variance + 1e-5)
        mean, factor, shift = (jnp.broadcast_to(a, x.shape) for a in (mean, factor, self.shift))
        return (x - mean) * factor + shift

    def on_batch(self, X: Array) -> tuple[Array, "BatchNorm"]:
        """Y for X (n, ..., *features), and the layer with its statistics moved."""
        n, mean = X.size / self.gain.size, self._batch_mean(X)
        variance = self._batch_mean(jnp.square(X - jnp.broadcast_to(mean, X.shape)))
        running = 0.9 * self.mean + 0.1 * mean, 0.9 * self.variance + 0.1 * variance * (n / max(n - 1, 1))
        moved = BatchNorm(self.gain, self.shift, *jax.lax.stop_gradient(running))
        return self._normalise(X, mean, variance), moved

    def _batch_mean(self, X: Array) -> Array:
        """The mean of X (n, ..., *features) over all but the features."""
        rows = X.reshape(-1, self.gain.size)
        # As a product: on the CPU XLA's own sum over leading axes takes ten times as long (jax 0.5.3).
        return (jnp.ones((1, len(rows)), X.dtype) @ rows / len(rows)).reshape(self.gain.shape)


class Fixed(eqx.Module):
    """A function without parameters as a layer."""

    function: Callable = eqx.field(static=True)

    def __call__(self, x: Array) -> Array:
        """function(x)."""
        return self.function(x)


def _as_modules(layers: Iterable[Callable]) -> tuple[Callable, ...]:
    return tuple(layer if isinstance(layer, eqx.Module) else Fixed(layer) for layer in layers)


class Network(eqx.Module):
    """Layers one after another: callables on one signal, modules or plain functions. Its leaves are its parameters."""

    layers: tuple[Callable, ...] = eqx.field(converter=_as_modules)

    def __call__(self, x: Array) -> Array:
        """The last layer's output for ONE signal x, the logits (classes,) of a whole network."""
        for layer in self.layers:
            x = layer(x)
        return x


class Residual(eqx.Module):
    """relu(body(x) + shortcut(x)) (He et al. 2016)."""

    body: Network
    shortcut: Network

    def __call__(self, x: Array) -> Array:
        """Of the shape of both branches."""
        return jax.nn.relu(self.body(x) + self.shortcut(x))


def on_batch(layer: Any, X: Array) -> tuple[Array, Any]:
    """Y for a batch X (n, ...) as in training, and the layer with the statistics of its batch norms moved."""
    if hasattr(layer, "on_batch"):
        return layer.on_batch(X)
    if isinstance(layer, Network):
        moved = []
        for part in layer.layers:
            X, part = on_batch(part, X)
            moved.append(part)
        return X, Network(tuple(moved))
    if isinstance(layer, Residual):
        Y, body = on_batch(layer.body, X)
        Z, shortcut = on_batch(layer.shortcut, X)
        return jax.nn.relu(Y + Z), Residual(body, shortcut)
    return jax.vmap(layer)(X), layer


def logits(network: Callable, X: ArrayLike, batch_size: int = 500) -> Float[np.ndarray, "n *classes"]:
    """network(x) for each signal x of X (n, ...), in the network's dtype, `batch_size` of them at once.

    Raises:
        ValueError, TypeError: other than finite real signals that the network takes; a network of several dtypes.
    """
    batch_size = as_count("batch_size", batch_size)
    warn_of_kept_programs()
    with precision(dtype_of(network)):
        signals = as_signals("X", network, X)
        with taken("X", signals):
            return np.asarray(_logits(network, signals, batch_size))


@eqx.filter_jit
def _logits(network: Callable, X: Array, batch_size: int) -> Array:
    return in_batches(network, X, batch_size)

r"""Networks of finite width whose tangent kernels, as the width grows, are the kernels of `shiftmath.kernels`.

All weights start as independent standard normal numbers, and each layer divides by the root of its fan-in: the NTK
parameterisation (Jacot et al. 2018). A network is a pair (parameters, apply), apply(parameters, x) the output for one
signal. Everything is in double precision, numbers come as NumPy arrays. With weights w its tangent kernel is
$\hat\Theta(x, z) = \langle \nabla_w f(x), \nabla_w f(z) \rangle$.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from shiftmath._search import float64

__all__ = ["convolutional", "empirical_ntk", "fully_connected", "layer_kernels", "outputs", "train"]

Parameters = tuple[Float[Array, "..."], ...]
Apply = Callable[[Parameters, Float[Array, "*signal"]], Float[Array, ""]]


def fully_connected(key: Array, d: int, width: int, depth: int = 1) -> tuple[Parameters, Apply]:
    r"""A network of `depth` hidden ReLU layers without biases; its limit is `FullyConnected(depth)`.

    $h_0 = x, \quad h_l = \mathrm{relu}(\sqrt{2 / n_{l-1}}\, W_l^\top h_{l-1}), \quad f(x) = v^\top h_L / \sqrt{n_L}$,
    with $n_0 = d$ and $n_l$ = `width`. The parameters are $(W_1, \dots, W_L, v)$.

    >>> parameters, apply = fully_connected(jax.random.key(0), d=3, width=5, depth=2)
    >>> [w.shape for w in parameters], outputs(apply, parameters, np.zeros((4, 3))).tolist()
    ([(3, 5), (5, 5), (5,)], [0.0, 0.0, 0.0, 0.0])
    """
    return _normal(key, [(d, width)] + [(width, width)] * (depth - 1) + [(width,)]), _fully_connected


def _fully_connected(parameters: Parameters, x: Float[Array, "d"]) -> Float[Array, ""]:
    *hidden, v = parameters
    for W in hidden:
        x = jax.nn.relu(math.sqrt(2 / len(W)) * (x @ W))
    return x @ v / math.sqrt(len(v))


def convolutional(
    key: Array, channels: int, width: int, filter_size: int | Sequence[int] = 3
) -> tuple[Parameters, Apply]:
    r"""One circular convolution, ReLU, global average pooling, dense; its limit is `Convolutional(1, filter_size)`.

    $h(i) = \mathrm{relu}(\sqrt{2 / (q\,C)} \sum_a W_a^\top x_{i+a}), \quad f(x) = v^\top \mathrm{mean}_i\, h(i) /
    \sqrt{\mathrm{width}}$, with offsets $a = -\lfloor (q-1)/2 \rfloor, \dots, \lfloor q/2 \rfloor$ along each axis, $q$
    of them in all, and $C$ channels. Signals are (*spatial, channels); the parameters are $(W, v)$.

    Args:
        key: the source of randomness.
        channels, width: numbers of channels before and after the convolution.
        filter_size: taps along each spatial axis; a whole number for signals with one axis.

    >>> parameters, apply = convolutional(jax.random.key(0), channels=2, width=5, filter_size=(3, 3))
    >>> [w.shape for w in parameters], outputs(apply, parameters, np.zeros((4, 8, 8, 2))).tolist()
    ([(3, 3, 2, 5), (5,)], [0.0, 0.0, 0.0, 0.0])
    """
    taps = (filter_size,) if isinstance(filter_size, int) else tuple(filter_size)
    return _normal(key, [(*taps, channels, width), (width,)]), _convolutional


def _convolutional(parameters: Parameters, x: Float[Array, "*spatial channels"]) -> Float[Array, ""]:
    W, v = parameters
    *taps, channels, width = W.shape
    axes = tuple(range(len(taps)))
    offsets = product(*(range(-((q - 1) // 2), q // 2 + 1) for q in taps))
    patches = jnp.stack([jnp.roll(x, tuple(-a for a in offset), axes) for offset in offsets], axis=-2)
    fan_in = math.prod(taps) * channels
    h = jax.nn.relu(math.sqrt(2 / fan_in) * (patches.reshape(*x.shape[:-1], fan_in) @ W.reshape(fan_in, width)))
    return h.mean(axes) @ v / math.sqrt(width)


def _normal(key: Array, shapes: list[tuple[int, ...]]) -> Parameters:
    """Independent standard normal arrays of these shapes."""
    with float64():
        keys = jax.random.split(key, len(shapes))
        return tuple(jax.random.normal(k, s, float) for k, s in zip(keys, shapes, strict=True))


def outputs(apply: Apply, parameters: Parameters, X: ArrayLike) -> Float[np.ndarray, "n"]:
    """f(x) for each signal x of X (n, ...)."""
    with float64():
        return np.asarray(_outputs(apply, parameters, jnp.asarray(X, float)))


def layer_kernels(apply: Apply, parameters: Parameters, X: ArrayLike, Z: ArrayLike) -> Float[np.ndarray, "layers n m"]:
    r"""Each layer's term of the tangent kernel, $\langle \nabla_{w_l} f(x), \nabla_{w_l} f(z) \rangle$ for all x, z.

    Memory is that of the gradients, (n + m) times the number of weights.
    """
    with float64():
        return np.asarray(_layer_kernels(apply, parameters, jnp.asarray(X, float), jnp.asarray(Z, float)))


def empirical_ntk(apply: Apply, parameters: Parameters, X: ArrayLike, Z: ArrayLike) -> Float[np.ndarray, "n m"]:
    r"""The tangent kernel $\hat\Theta(x, z) = \langle \nabla_w f(x), \nabla_w f(z) \rangle$ for all x, z.

    >>> parameters, apply = fully_connected(jax.random.key(0), d=2, width=1000)
    >>> np.round(empirical_ntk(apply, parameters, np.eye(2), np.eye(2)), 1).tolist()  # the limits are 1 and 1 / 2 pi
    [[1.0, 0.2], [0.2, 1.0]]
    """
    return layer_kernels(apply, parameters, X, Z).sum(axis=0)


def train(apply: Apply, parameters: Parameters, X: ArrayLike, y: ArrayLike, rate: float, steps: int) -> Parameters:
    r"""The parameters after full-batch gradient descent on the squared loss, starting from the zero function.

    $w_{t+1} = w_t - \mathrm{rate}\, \nabla_w \tfrac12 \sum_i (g(w_t, x_i) - y_i)^2, \quad g(w, x) = f(w, x) - f(w_0,
    x)$. Where the kernel stays put this converges for rates below 2 / the largest eigenvalue of its Gram matrix, to
    the kernel's minimum-norm interpolant. The trained function is $g$, so subtract the output at the start.
    """
    with float64():
        return _train(apply, parameters, jnp.asarray(X, float), jnp.asarray(y, float), rate, steps)


@partial(jax.jit, static_argnums=0)
def _outputs(apply: Apply, parameters: Parameters, X: Any) -> Any:
    return jax.vmap(apply, (None, 0))(parameters, X)


@partial(jax.jit, static_argnums=0)
def _layer_kernels(apply: Apply, parameters: Parameters, X: Any, Z: Any) -> Any:
    gradients = jax.vmap(jax.grad(apply), (None, 0))
    pairs = zip(gradients(parameters, X), gradients(parameters, Z), strict=True)
    return jnp.stack([a.reshape(len(X), -1) @ b.reshape(len(Z), -1).T for a, b in pairs])


@partial(jax.jit, static_argnums=0)
def _train(apply: Apply, parameters: Parameters, X: Any, y: Any, rate: Any, steps: Any) -> Any:
    target = _outputs(apply, parameters, X) + y

    def step(_: Any, w: Any) -> Any:
        f, pull_back = jax.vjp(lambda w: _outputs(apply, w, X), w)
        return jax.tree.map(lambda w, g: w - rate * g, w, pull_back(f - target)[0])

    return jax.lax.fori_loop(0, steps, step, parameters)

r"""Tangent kernels of finite networks, and gradient descent from the zero function.

With parameters w the tangent kernel of a network f with one output is
$\hat\Theta(x, z) = \langle \nabla_w f(x), \nabla_w f(z) \rangle$ (Jacot et al. 2018). Networks are those of
`shiftmath.networks` with `classes=None`, or any equinox module that maps one signal to a number; computed in the dtype
of the network, which should be float64 where a limit is compared.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from shiftmath.networks.layers import Network, dtype_of, precision

__all__ = ["empirical_ntk", "layer_kernels", "train"]

Module = TypeVar("Module", bound=Callable)


def layer_kernels(network: Network, X: ArrayLike, Z: ArrayLike) -> Float[np.ndarray, "layers n m"]:
    r"""Each layer's term of the tangent kernel, $\langle \nabla_{w_l} f(x), \nabla_{w_l} f(z) \rangle$ for all x, z.

    Layers without parameters have none. Memory is that of the gradients, (n + m) times the number of parameters.
    """
    a, b = _gradients(network, X), _gradients(network, Z)
    terms = [sum(map(_gram, *map(jax.tree.leaves, pair))) for pair in zip(a.layers, b.layers, strict=True)]
    return np.array([term for term in terms if not isinstance(term, int)])


def empirical_ntk(network: Callable, X: ArrayLike, Z: ArrayLike) -> Float[np.ndarray, "n m"]:
    r"""The tangent kernel $\hat\Theta(x, z) = \langle \nabla_w f(x), \nabla_w f(z) \rangle$ for all x of X and z of Z.

    Args:
        network: of one output, of shape ().
        X, Z: signals (n, ...) and (m, ...).

    Raises:
        ValueError: the network has more than one output, or parameters of several dtypes.

    >>> from shiftmath.networks import fully_connected
    >>> network = fully_connected(jax.random.key(0), 2, None, 1000, bias=False, initialisation="ntk", dtype=float)
    >>> np.round(empirical_ntk(network, np.eye(2), np.eye(2)), 1).tolist()  # the limits are 1 and 1 / 2 pi
    [[1.0, 0.2], [0.2, 1.0]]
    """
    a, b = (jax.tree.leaves(_gradients(network, A)) for A in (X, Z))
    return np.sum([_gram(*pair) for pair in zip(a, b, strict=True)], axis=0)


def train(network: Module, X: ArrayLike, y: ArrayLike, rate: float, steps: int) -> Module:
    r"""The network after full-batch gradient descent on the squared loss, starting from the zero function.

    $w_{t+1} = w_t - \mathrm{rate}\, \nabla_w \tfrac12 \sum_i (g(w_t, x_i) - y_i)^2, \quad g(w, x) = f(w, x) - f(w_0,
    x)$. Where the kernel stays put this converges for rates below 2 / the largest eigenvalue of its Gram matrix, to
    the kernel's minimum-norm interpolant. The trained function is $g$, so subtract the output at the start.
    """
    with precision(dtype_of(network)):
        return _train(network, _signals(network, X), _signals(network, y), jnp.asarray(rate), jnp.asarray(steps))


def _signals(network: Callable, X: ArrayLike) -> Array:
    return jnp.asarray(X, dtype_of(network))


def _gram(a: Any, b: Any) -> np.ndarray:
    return a.reshape(len(a), -1) @ b.reshape(len(b), -1).T


def _gradients(network: Callable, X: ArrayLike) -> Any:
    """The gradient at each signal, as a network of arrays (n, *parameter)."""
    with precision(dtype_of(network)):
        X = _signals(network, X)
        output = jax.eval_shape(network, X[0])
        if output.shape != ():
            raise ValueError(f"network: got outputs of shape {output.shape}, takes a network of one output, shape ()")
        return jax.tree.map(np.asarray, _all_gradients(network, X))


@eqx.filter_jit
def _all_gradients(network: Callable, X: Array) -> Any:
    return jax.vmap(lambda x: eqx.filter_grad(lambda f: f(x))(network))(X)


@eqx.filter_jit
def _train(network: Any, X: Array, y: Array, rate: Any, steps: Any) -> Any:
    w, rest = eqx.partition(network, eqx.is_inexact_array)

    def outputs(w: Any) -> Array:
        return jax.vmap(eqx.combine(w, rest))(X)

    target = outputs(w) + y

    def step(_: Any, w: Any) -> Any:
        f, pull_back = jax.vjp(outputs, w)
        return jax.tree.map(lambda w, g: w - rate * g, w, pull_back(f - target)[0])

    return eqx.combine(jax.lax.fori_loop(0, steps, step, w), rest)

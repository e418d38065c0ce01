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

from shiftmath._shared.arguments import as_count, as_number, require_finite_result
from shiftmath._shared.chunks import in_chunks
from shiftmath._shared.precision import precision
from shiftmath.networks.arrays import as_outputs, as_signals, dtype_of, output_shape, require_finite_parameters
from shiftmath.networks.layers import Network

__all__ = ["empirical_ntk", "layer_kernels", "train", "train_to_rest"]

Module = TypeVar("Module", bound=Callable)


def layer_kernels(network: Network, X: ArrayLike, Z: ArrayLike) -> Float[np.ndarray, "layers n m"]:
    r"""Each layer's term of the tangent kernel, $\langle \nabla_{w_l} f(x), \nabla_{w_l} f(z) \rangle$ for all x, z.

    Layers without parameters have none. Memory is that of the gradients, (n + m) times the number of parameters.
    """
    a, b = _gradients("X", network, X), _gradients("Z", network, Z)
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
    a, b = (jax.tree.leaves(_gradients(name, network, A)) for name, A in (("X", X), ("Z", Z)))
    return np.sum([_gram(*pair) for pair in zip(a, b, strict=True)], axis=0)


def train(network: Module, X: ArrayLike, y: ArrayLike, rate: float, steps: int) -> Module:
    r"""The network after full-batch gradient descent on the squared loss, starting from the zero function.

    $w_{t+1} = w_t - \mathrm{rate}\, \nabla_w \tfrac12 \sum_i (g(w_t, x_i) - y_i)^2, \quad g(w, x) = f(w, x) - f(w_0,
    x)$. Where the kernel stays put this converges for rates below 2 / the largest eigenvalue of its Gram matrix, to
    the kernel's minimum-norm interpolant. The trained function is $g$, so subtract the output at the start.

    Batch norms keep their statistics; with `training.fit` they move.

    Args:
        network: its outputs may have any shape.
        X, y: signals (n, ...) and targets of the shape of the outputs (n, ...).
        rate, steps: from 0 on.

    Raises:
        ValueError, TypeError: signals, targets, rate or steps are anything else.
        FloatingPointError: the loss is not finite, or after the last step the parameters are; names the step.

    >>> from shiftmath.networks import Dense, Network
    >>> end = train(Network((Dense(jnp.zeros(2)),)), [[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0], 0.1, 200)
    >>> np.round(end.layers[0].weight, 6).tolist()
    [3.0, 2.0]
    """
    rate, steps = as_number("rate", rate, least=0), as_count("steps", steps, 0)
    with precision(dtype_of(network)):
        X = as_signals("X", network, X)
        y = as_outputs("y", y, (len(X), *output_shape(network, X)), X.dtype)
        w, rest = eqx.partition(network, eqx.is_inexact_array)
        target, size = _target(w, rest, X, y), jnp.asarray(rate, X.dtype)

        def advance(state: Any, first: int, last: int) -> Any:
            state = _descended(state, rest, X, target, size, np.array([first, last]))
            _require_finite(*state[1:])
            return state

        w = in_chunks(advance, (w, jnp.asarray(-1), jnp.zeros((), X.dtype)), steps)[0]
        require_finite_parameters(w, steps)
        return eqx.combine(w, rest)


def train_to_rest(network: Module, X: ArrayLike, y: ArrayLike, error: float = 1e-9) -> Module:
    r"""The network after `train` at the rate $1/\lambda_1$, for as many steps as shrink every error to a share `error`.

    $\lambda_1$ and $\lambda_n$ are the extreme eigenvalues of the network's own tangent kernel at the start. Where it
    stays put an error shrinks by at most $1 - \lambda_n/\lambda_1$ in a step.

    Args:
        network: of one output.
        X, y: signals (n, ...) and n targets.
        error: between 0 and 1.

    Raises:
        ValueError: the tangent kernel is singular to rounding: some targets are out of reach.
        ValueError, TypeError, FloatingPointError: as `train` has them.

    >>> from shiftmath.networks import Dense, Network
    >>> end = train_to_rest(Network((Dense(jnp.zeros(2)),)), [[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0])
    >>> np.round(end.layers[0].weight, 6).tolist()
    [3.0, 2.0]
    """
    share = as_number("error", error, positive=True, below=1)
    with np.errstate(over="ignore", invalid="ignore"):
        gram = empirical_ntk(network, X, X)
    require_finite_result("X", X, gram, "tangent kernel overflows")
    eigenvalues = np.linalg.eigvalsh(gram)
    if eigenvalues[0] <= len(eigenvalues) * np.finfo(eigenvalues.dtype).eps * eigenvalues[-1]:
        raise ValueError(f"X: got a tangent kernel with eigenvalues {eigenvalues}, takes one that is not singular")
    slowest = eigenvalues[0] / eigenvalues[-1]
    steps = 1 if slowest == 1 else int(np.ceil(np.log(share) / np.log1p(-slowest)))
    return train(network, X, y, 1 / float(eigenvalues[-1]), steps)


def _require_finite(step: Array, loss: Array) -> None:
    if step >= 0:
        raise FloatingPointError(f"loss: got {loss} at step {step}, takes a smaller learning rate")


def _gram(a: Any, b: Any) -> np.ndarray:
    return a.reshape(len(a), -1) @ b.reshape(len(b), -1).T


def _gradients(name: str, network: Callable, X: ArrayLike) -> Any:
    """The gradient at each signal, as a network of arrays (n, *parameter)."""
    with precision(dtype_of(network)):
        X = as_signals(name, network, X)
        shape = output_shape(network, X, name)
        if shape != ():
            raise ValueError(f"network: got outputs of shape {shape}, takes a network of one output, shape ()")
        return jax.tree.map(np.asarray, _all_gradients(network, X))


@eqx.filter_jit
def _all_gradients(network: Callable, X: Array) -> Any:
    return jax.vmap(lambda x: eqx.filter_grad(lambda f: f(x))(network))(X)


def _outputs(w: Any, rest: Any, X: Array) -> Array:
    return jax.vmap(eqx.combine(w, rest))(X)


@eqx.filter_jit
def _target(w: Any, rest: Any, X: Array, y: Array) -> Array:
    """The outputs at the start and the targets for what is added to them."""
    return _outputs(w, rest, X) + y


@eqx.filter_jit
def _descended(state: Any, rest: Any, X: Array, target: Array, rate: Any, span: Any) -> Any:
    """The parameters after the steps of the span; the first step whose loss is not finite, or -1, and that loss."""

    def step(k: Any, state: Any) -> Any:
        w, worst, loss = state
        f, pull_back = jax.vjp(lambda w: _outputs(w, rest, X), w)
        value = jnp.sum((f - target) ** 2) / 2
        first = (worst < 0) & ~jnp.isfinite(value)
        w = jax.tree.map(lambda w, g: w - rate * g, w, pull_back(f - target)[0])
        return w, jnp.where(first, k, worst), jnp.where(first, value, loss)

    return jax.lax.fori_loop(span[0], span[1], step, state)

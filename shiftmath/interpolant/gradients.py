"""Values and gradients of an interpolant: by the compiled engine where the kernel knows its gradient, else by JAX.

JAX compiles once for each kernel and size.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from shiftmath._shared.interrupts import interruptible
from shiftmath._shared.precision import float64

__all__ = ["values_and_gradients"]

Points = Float[np.ndarray, "m *spatial"]
Numbers = Float[np.ndarray, "n"]


def values_and_gradients(
    kernel: Any, Z: Points, X: Float[np.ndarray, "n *spatial"], coefficients: Numbers, fill: int = 8
) -> tuple[Float[np.ndarray, "m"], Points]:
    """f(Z) and its gradient at each point, for f(z) = sum_i coefficients_i kernel(z, X_i), in double precision.

    By `weighted_gradient` of the kernel, if it has that; else by JAX, where batches are filled up to multiples of
    `fill`, so that one compiled size serves many.

    Raises:
        TypeError: a kernel that is not hashable, or does not take JAX arrays.
    """
    if getattr(kernel, "has_weighted_gradient", False):
        return kernel.unchecked_gradient([Z, X], coefficients)
    filled = np.concatenate([Z, np.repeat(Z[:1], -len(Z) % fill, axis=0)])
    device = jax.config.jax_default_device  # type: ignore[attr-defined]
    values, gradients = interruptible(partial(_in_double_precision, device, kernel, filled, X, coefficients))
    return values[: len(Z)], gradients[: len(Z)]


def _in_double_precision(
    device: Any, kernel: Any, Z: Points, X: np.ndarray, coefficients: Numbers
) -> tuple[np.ndarray, np.ndarray]:
    """Values and gradients; what holds for one thread in JAX, precision and device, is set here."""
    takes = "takes a hashable callable of JAX arrays for gradients and distances"
    try:
        hash(kernel)
    except TypeError as error:
        raise TypeError(f"kernel: got {kernel!r}, which is not hashable, {takes}") from error
    try:
        with float64(), jax.default_device(device):
            values, gradients = _compiled(kernel, Z, X, coefficients)
            return np.asarray(values), np.asarray(gradients)
    except jax.errors.JAXTypeError as error:
        raise TypeError(f"kernel: got {kernel!r}, which JAX cannot trace, {takes}") from error


@partial(jax.jit, static_argnums=0)
def _compiled(kernel: Any, Z: Any, X: Any, coefficients: Any) -> tuple[Any, Any]:
    values, pull_back = jax.vjp(lambda Z: kernel(Z, X) @ coefficients, Z)
    return values, pull_back(jnp.ones_like(values))[0]

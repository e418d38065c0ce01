"""The JAX part of the interpolant: values and gradients, compiled once for each kernel and size."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["values_and_gradients"]


@partial(jax.jit, static_argnums=0)
def values_and_gradients(kernel: Any, Z: Any, X: Any, coefficients: Any) -> tuple[Any, Any]:
    """f(Z) and its gradient at each point, for f(z) = sum_i coefficients_i kernel(z, X_i)."""
    values, pull_back = jax.vjp(lambda Z: kernel(Z, X) @ coefficients, Z)
    return values, pull_back(jnp.ones_like(values))[0]

"""The JAX part of the interpolant: values and gradients, compiled once for each kernel and size."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import DTypeLike

__all__ = ["float64", "precision", "values_and_gradients"]


@contextmanager
def float64() -> Iterator[None]:
    """Double precision inside, whatever JAX is set to outside."""
    enable = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    with enable(True):
        yield


def precision(dtype: DTypeLike) -> AbstractContextManager:
    """Where arrays of this dtype can be made, whatever JAX is set to outside."""
    return float64() if jnp.dtype(dtype) == jnp.float64 else nullcontext()


@partial(jax.jit, static_argnums=0)
def values_and_gradients(kernel: Any, Z: Any, X: Any, coefficients: Any) -> tuple[Any, Any]:
    """f(Z) and its gradient at each point, for f(z) = sum_i coefficients_i kernel(z, X_i)."""
    values, pull_back = jax.vjp(lambda Z: kernel(Z, X) @ coefficients, Z)
    return values, pull_back(jnp.ones_like(values))[0]

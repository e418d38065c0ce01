"""Double precision where it is needed, whatever JAX is set to."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import jax
import jax.numpy as jnp
from jaxtyping import DTypeLike

__all__ = ["float64", "precision"]


@contextmanager
def float64() -> Iterator[None]:
    """Double precision inside, whatever JAX is set to outside."""
    enable = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    with enable(True):
        yield


def precision(dtype: DTypeLike) -> AbstractContextManager:
    """Where arrays of this dtype can be made, whatever JAX is set to outside."""
    return float64() if jnp.dtype(dtype) == jnp.float64 else nullcontext()

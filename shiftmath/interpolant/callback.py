"""An interpolant for JAX whose values and gradients come from the compiled CPU engine, by a callback to the host."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shiftmath.interpolant.gradients import values_and_gradients
from shiftmath.kernels.dual import HOMOGENEOUS

__all__ = ["compiled"]


def compiled(f: Any) -> Callable[[Any], Any]:
    """The function of `Interpolant.compiled`, for an interpolant f."""
    _require_compiled_gradients(f.kernel)
    signal, columns = f.X.shape[1:], f.coefficients.reshape(len(f.X), -1).T

    def values(Z: Any) -> tuple[Any, ...]:
        return (f.kernel(Z, f.X) @ columns.T,)

    def gradients(Z: Any) -> tuple[Any, ...]:
        outputs = [values_and_gradients(f.kernel, Z, f.X, column) for column in columns]
        return tuple(np.stack(part, axis=1) for part in zip(*outputs, strict=True))

    def shaped(outputs: Any) -> Any:
        return outputs[..., 0] if f.y.ndim == 1 else outputs

    @jax.custom_jvp
    def value(x: Any) -> Any:
        return shaped(*_on_host(values, x, len(signal), (len(columns),)))

    @value.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        outputs, slopes = _on_host(gradients, primals[0], len(signal), (len(columns),), (len(columns), *signal))
        along = jnp.expand_dims(tangents[0], tangents[0].ndim - len(signal))
        return shaped(outputs), shaped((slopes * along).sum(tuple(range(-len(signal), 0))))

    return lambda x: value(_floating(x))


def _require_compiled_gradients(kernel: Any) -> None:
    network = getattr(kernel, "kernel", kernel)  # of which this may be an average
    if not getattr(kernel, "has_weighted_gradient", False) or network.activation not in HOMOGENEOUS:
        raise TypeError(
            f"kernel: got {kernel!r}, takes one of shiftmath.kernels with an activation of {HOMOGENEOUS}: "
            "the gradients of others may ask JAX, which a callback must not"
        )


def _on_host(
    function: Callable[[np.ndarray], tuple[np.ndarray, ...]], x: Any, axes: int, *shapes: tuple[int, ...]
) -> tuple[Any, ...]:
    """The function of a batch of signals, which have so many axes; it gives arrays of these shapes for each.

    It computes in float64, and its answers have the dtype of x.
    """

    def run(x: Any) -> tuple[np.ndarray, ...]:
        x = np.asarray(x)
        batch = x.shape[: x.ndim - axes]
        results = function(x.reshape(-1, *x.shape[x.ndim - axes :]).astype(float))
        return tuple(r.reshape(*batch, *r.shape[1:]).astype(x.dtype) for r in results)

    batch = x.shape[: x.ndim - axes]
    answers = tuple(jax.ShapeDtypeStruct((*batch, *shape), x.dtype) for shape in shapes)
    return tuple(jax.pure_callback(run, answers, x, vmap_method="broadcast_all"))


def _floating(x: Any) -> Any:
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float)

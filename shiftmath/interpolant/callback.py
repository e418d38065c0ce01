"""An interpolant for JAX whose values and gradients come from the compiled CPU engine, by a callback to the host."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shiftmath.interpolant.gradients import values_and_gradients
from shiftmath.kernels.dual import HOMOGENEOUS

__all__ = ["Compiled"]

Batch = np.ndarray
OnHost = Callable[[Batch], tuple[np.ndarray, ...]]


class Compiled:
    """The function of `Interpolant.compiled`."""

    def __init__(self, f: Any) -> None:
        _require_compiled_gradients(f.kernel)
        self.f, self._differentiable = f, _differentiable(f)

    def __repr__(self) -> str:
        return f"{self.f!r}.compiled"

    def __reduce__(self) -> tuple[Any, ...]:
        return Compiled, (self.f,)

    def __call__(self, x: Any) -> Any:
        """The value at one signal, or at each of a batch."""
        x = jnp.asarray(self.f._checked("x", x))
        return self._differentiable(x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float))


def _require_compiled_gradients(kernel: Any) -> None:
    network = kernel
    while hasattr(network, "kernel"):  # of which this is an average
        network = network.kernel
    if not getattr(kernel, "has_weighted_gradient", False) or network.activation not in HOMOGENEOUS:
        raise TypeError(
            f"kernel: got {kernel!r}, takes one of shiftmath.kernels with an activation of {HOMOGENEOUS}: "
            "the gradients of others may ask JAX, which a callback must not"
        )


def _differentiable(f: Any) -> Callable[[Any], Any]:
    """The function of one signal or a batch in JAX, with its first derivatives."""
    signal, columns = f.X.shape[1:], f.coefficients.reshape(len(f.X), -1).T
    one, c = (f.y.ndim == 1), len(columns)

    def values(Z: Batch) -> tuple[np.ndarray, ...]:
        return (f.kernel(Z, f.X) @ columns.T,)

    def with_gradients(Z: Batch) -> tuple[np.ndarray, ...]:
        outputs = [values_and_gradients(f.kernel, Z, f.X, column) for column in columns]
        return tuple(np.stack(part, axis=1) for part in zip(*outputs, strict=True))

    @jax.custom_jvp
    def value(x: Any) -> Any:
        outputs = _on_host(values, x, len(signal), (c,))[0]
        return outputs[..., 0] if one else outputs

    @value.defjvp
    def _(at: Any, by: Any) -> Any:
        outputs, slopes = _at_most_once(with_gradients, len(signal), (c,), (c, *signal))(at[0])
        along = (slopes * jnp.expand_dims(by[0], by[0].ndim - len(signal))).sum(tuple(range(-len(signal), 0)))
        return (outputs[..., 0], along[..., 0]) if one else (outputs, along)

    return value


def _at_most_once(function: OnHost, axes: int, *shapes: tuple[int, ...]) -> Callable[[Any], Any]:
    """`_on_host`, which says what it lacks where it is differentiated itself."""

    @jax.custom_jvp
    def called(x: Any) -> Any:
        return _on_host(function, x, axes, *shapes)

    @called.defjvp
    def _(at: Any, by: Any) -> Any:
        raise TypeError("compiled: got a second derivative, takes the first; the interpolant itself has both")

    return called


def _on_host(function: OnHost, x: Any, axes: int, *shapes: tuple[int, ...]) -> tuple[Any, ...]:
    """The function of a batch of signals, which have so many axes; it gives arrays of these shapes for each.

    It computes in float64, its answers have the dtype of x, and those at signals that are not finite are nan.
    """

    def run(x: Any) -> tuple[np.ndarray, ...]:
        x = np.asarray(x)
        batch = x.shape[: x.ndim - axes]
        Z = x.reshape(-1, *x.shape[x.ndim - axes :]).astype(float)
        Z[lost := ~np.isfinite(Z).reshape(len(Z), -1).all(axis=1)] = 0
        results = function(Z)
        for result in results:
            result[lost] = np.nan
        return tuple(r.reshape(*batch, *r.shape[1:]).astype(x.dtype) for r in results)

    batch = x.shape[: x.ndim - axes]
    answers = tuple(jax.ShapeDtypeStruct((*batch, *shape), x.dtype) for shape in shapes)
    return tuple(jax.pure_callback(run, answers, x, vmap_method="broadcast_all"))

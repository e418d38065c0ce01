r"""The Lie derivative along shifts: how fast an output changes as its signal begins to move.

$$(L_a f)(x) = \frac{d}{dt} f(T_{t e_a} x) \Big|_{t = 0} = J_f(x)\, D_a x,$$

where $T_{t e_a}$ shifts by t samples along axis a, circularly and by the Fourier transform, as `FractionalShifts` does,
so that $D_a$ multiplies frequency k by $-2 \pi \mathrm{i} k / d$, and the highest one of an even length by 0. It is 0
for a function that no shift changes, between the samples, too; and one that is exact under whole shifts need not be
that. (Gruver et al. 2022, *The Lie Derivative for Measuring Learned Equivariance*, where the norms of such derivatives
are averaged over a sample.)
"""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_axes, as_callable, as_samples, as_signal, require_finite
from shiftmath._shared.precision import precision
from shiftmath.networks.arrays import taken

__all__ = ["lie_derivative"]


def lie_derivative(
    f: Callable[[Array], Array], X: ArrayLike, axes: int | Sequence[int] | None = None
) -> Float[np.ndarray, "n axes *outputs"]:
    r"""$(L_a f)(x)$ for each signal x and each axis a, as one directional derivative: neither steps nor samples.

    It is the derivative that f carries: that of `LPS` with the selection "argmax" is a softmax's, for training, and not
    that of its values, which the network as `held` has.

    Args:
        f: a network, or a JAX function, of one signal; differentiated in the dtype of X.
        X: signals (n, *signal).
        axes: those of a signal along which it moves; None takes all.

    Raises:
        ValueError, TypeError: signals that are none or that f does not take, axes that they have not, or a function
            whose values or derivatives are no finite floating-point numbers.

    >>> first = lambda x: x[0]
    >>> t = 2 * np.pi * np.arange(8) / 8
    >>> bool(abs(lie_derivative(first, [np.sin(t)]) + 2 * np.pi / 8).max() < 1e-15)
    True
    """
    X = as_signal("X", as_samples("X", X))
    require_finite("X", X)
    f, along = as_callable("f", f, "a function of one signal"), as_axes("axes", axes, X.ndim - 1)
    with precision(X.dtype):
        with taken("X", X):
            dtype = getattr(jax.eval_shape(f, jnp.asarray(X[0])), "dtype", None)
        if dtype is None or not jnp.issubdtype(dtype, jnp.floating):
            raise ValueError(f"f: got values {dtype}, takes a function with floating-point values")
        found = np.asarray(_derivatives(f, along, jnp.asarray(X)))
    if not np.isfinite(found).all():
        raise ValueError("f: got a derivative of NaN or infinity, takes a function with finite derivatives")
    return found


@eqx.filter_jit
def _derivatives(f: Callable, axes: tuple[int, ...], X: Array) -> Array:
    def one(x: Array) -> Array:
        return jnp.stack([jax.jvp(f, (x,), (velocity(x, a),))[1] for a in axes])

    return jax.lax.map(one, X)


def velocity(x: Any, axis: int) -> Array:
    """$D_a x$, the derivative of the signal as it begins to move along the axis."""
    d = x.shape[axis]
    k = np.fft.fftfreq(d, 1 / d)
    k[abs(k) == d / 2] = 0
    shape = [-1 if a == axis else 1 for a in range(x.ndim)]
    spectrum = jnp.fft.fft(x, axis=axis)
    factor = jnp.broadcast_to(jnp.asarray(-2j * np.pi * k / d, spectrum.dtype).reshape(shape), x.shape)
    return jnp.fft.ifft(spectrum * factor, axis=axis).real.astype(x.dtype)

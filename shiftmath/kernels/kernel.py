"""What all kernels share: how they are called, what they refuse, what they return."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftmath._shared.arguments import as_bool, as_targets, require_finite_result
from shiftmath.kernels import arrays
from shiftmath.kernels.parameters import Parameters

__all__ = ["Kernel"]


@dataclass(frozen=True, repr=False)
class Kernel(Parameters, ABC):
    """A kernel k as a callable: `kernel(X, Z)` is the Gram matrix of k, `kernel.diag(X)` the values k(x, x).

    Frozen: hashable, comparable, picklable. The signals x that it takes, and k itself, are those of the subclass.

    NumPy arrays go through the compiled CPU engine, JAX arrays and tracers through JAX, which is differentiable (twice
    and more for erf and gelu, which have no kink); sums over samples have a compiled gradient too, `weighted_gradient`.
    float32 and float64 give results of that dtype, float16 and shorter floats float32, integers, booleans and long
    double float64. The CPU engine computes in float64 always, JAX in the dtype.

    Relative to sqrt(k(x, x) k(z, z)) errors are roundings, some hundreds of eps at most, for inputs of very different
    sizes too. A kink of the activation makes more of them where correlations are nearly 1 or -1 and 1 - |rho| is a
    difference, after pooling and of pixels of unequal size: (b / a) sqrt(32 eps) / pi a layer at most, with a, b of
    `dual.homogeneous_weights`; for relu in float64 that is 3e-8. gelu of large pre-activations is nearly relu.

    scikit-learn's `SVC(kernel=k)` takes a kernel as it is; so do `KernelRidge`, `KernelPCA`, `Nystroem` and
    `pairwise_kernels`, pair by pair: faster is kernel="precomputed" with `k(X)`. Its Gaussian processes do not.
    """

    def __call__(self, X: Any, Z: Any = None, *, progress: bool = False) -> Any:
        """The Gram matrix (n, m) of the tangent kernel for signals X (n, ...) and Z (m, ...); Z = None means X.

        With Z = None a NumPy result equals its transpose to the last bit. Two single rows, x (d,) and z (d,), give the
        number k(x, z), where the kernel takes rows.

        Args:
            X, Z: signals, as the subclass says.
            progress: shows a bar on stderr, if that is a terminal; not for JAX, where the whole is one compiled call.

        Raises:
            ValueError: empty, ragged or mismatched arrays, signals that the kernel does not take, a result larger than
                memory, NaN or infinity in X, in Z or by overflow in the result. JAX arrays are checked too, but not
                tracers, whose values are not known yet: under `jax.jit`, `jax.grad` or `jax.vmap` NaN gives NaN.
            TypeError: arrays of other dtypes, masked arrays.
        """
        return self._gram(X, Z, "ntk", as_bool("progress", progress))

    def nngp(self, X: Any, Z: Any = None, *, progress: bool = False) -> Any:
        """Covariance of the network's outputs at random initialisation; arguments, result and errors as for a call."""
        return self._gram(X, Z, "nngp", as_bool("progress", progress))

    def diag(self, X: Any) -> Any:
        """The n values k(x, x) of the tangent kernel, the diagonal of `kernel(X)`, at the cost of n pairs.

        Errors are those of a call.
        """
        signals, _ = arrays.signals(X, None)
        with np.errstate(over="ignore", invalid="ignore"):  # the result is looked at instead
            return arrays.finite_kernel("X", signals, self._diagonal(*self.engine_arrays(signals)))

    @property
    def has_weighted_gradient(self) -> bool:
        """Whether `weighted_gradient` knows this kernel."""
        return False

    def weighted_gradient(self, X: Any, Z: Any, weights: Any) -> tuple[np.ndarray, np.ndarray]:
        r"""Values (n,) and gradients, in the shape of X, of $f(x) = \sum_j w_j k(x, z_j)$ at n points X.

        Z are m samples and w the m weights. Both derivatives of $k(x, z)$ by x are in it: by the covariances of x and
        z, and by the variances of x in every layer. By the compiled engine in float64, in one to three times the time
        of `kernel(X, Z)`, to rounding, near z and -z too. Near a multiple of z, and near z where dense layers follow a
        pooled readout, 1 - |rho| is a difference of larger numbers: a distance r from there, relative to the sizes, the
        direction of the part that jumps is known to eps / r^2 only. Of gelu, which has no kink, errors are roundings
        times 1 + p for the largest variance p of a pre-activation, of erf times the product over the layers of 1 + 2 p;
        where that is above 1e6, and for entries below 1e-100, the gradient is that of the JAX engine.

        Where the tangent kernel has a kink it is the symmetric subgradient: where two patches have one direction or
        opposite ones their angle has derivative 0, where one is 0 an activation is replaced by its linear part, the
        half sum of its slopes. `jax.grad` takes the slope of the positive side there, and 0 at a row of zeros.

        Arrays of other libraries are taken as NumPy's; in transformations of JAX take `jax.grad`.

        Raises:
            ValueError: as for a call, and weights that are not m finite real numbers.
            TypeError: dtypes as for a call; a kernel without `has_weighted_gradient`.

        >>> from shiftmath.kernels import FullyConnected
        >>> f, g = FullyConnected(activation="identity").weighted_gradient([[1.0, 2.0]], [[3.0, 4.0]], [0.5])
        >>> np.round(f, 12), np.round(g, 12)  # of w 2 weight_std^2 <x, z> / d
        (array([11.]), array([[3., 4.]]))
        """
        if not self.has_weighted_gradient:
            raise TypeError(f"kernel: got {self!r}, takes convolutional and fully connected ones, and averages of such")
        signals = [arrays.numpy_array(name, a) for name, a in (("X", X), ("Z", Z))]
        as_one = np.result_type(*signals)
        signals = [a.astype(as_one, copy=False) for a in signals]
        self.engine_arrays(signals)
        weights = as_weights(weights, len(signals[1]))
        values, gradients = self.unchecked_gradient(signals, weights)
        arrays.finite_kernel("XZ", signals, values)
        require_finite_result("weights", weights, gradients, "gradient overflows")
        return values, gradients

    def unchecked_gradient(self, signals: Sequence[np.ndarray], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`weighted_gradient` of floating NumPy arrays [X, Z] of one dtype, whatever their values."""
        x, z = self.engine_arrays(signals)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            values, gradients = self._weighted(x, z, weights.astype(float, copy=False))
            return values.astype(x.dtype, copy=False), gradients.reshape(signals[0].shape).astype(x.dtype, copy=False)

    def _kernel_of_pairs(self, x: Any, z: Any) -> Any:
        """The tangent kernel of engine arrays."""
        return self._entries([x, z], "ntk", False)

    def unchecked(self, signals: Sequence[Any], get: str) -> Any:
        """The Gram matrix, "ntk" or "nngp", of [X] or [X, Z], floating arrays of one library, whatever their values."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._entries(self.engine_arrays(signals), get, False)

    def _gram(self, X: Any, Z: Any, get: str, show: bool) -> Any:
        signals, on_jax = arrays.signals(X, Z)
        pair = self._takes_rows and [a.ndim for a in signals] == [1, 1]
        ready = self.engine_arrays([a[None] for a in signals] if pair else signals)
        arrays.fits_memory(len(ready[0]), len(ready[-1]), ready[0].dtype.itemsize, on_jax)
        with np.errstate(over="ignore", invalid="ignore"):  # the result is looked at instead
            gram = arrays.finite_kernel("XZ", signals, self._entries(ready, get, show))
        return gram[0, 0] if pair else gram

    @property
    @abstractmethod
    def _takes_rows(self) -> bool:
        """Whether an array (d,) is one signal."""

    @abstractmethod
    def engine_arrays(self, signals: Sequence[Any]) -> list[Any]:
        """[X] or [X, Z] in the form that the engines take; a ValueError, which names X or Z, for other shapes."""

    @abstractmethod
    def _entries(self, signals: Sequence[Any], get: str, show: bool) -> Any:
        """The Gram matrix of what `engine_arrays` returns."""

    def _weighted(self, x: np.ndarray, z: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and gradients of what `engine_arrays` returns, in float64, with the axes of the signals in order."""
        raise NotImplementedError

    @abstractmethod
    def _diagonal(self, x: Any) -> Any:
        """The diagonal of the tangent kernel's."""


def as_weights(weights: Any, m: int) -> np.ndarray:
    """One finite real number for each of m samples."""
    array = as_targets("weights", weights, m)
    if array.ndim != 1:
        raise ValueError(f"weights: got shape {array.shape}, takes {m} numbers")
    return array

r"""The minimum-norm kernel predictor.

For samples $x_1, \dots, x_n$ with labels $y_i$ and a kernel $k$ with Gram matrix $G$, the function of smallest norm in
the kernel's Hilbert space that takes the value $y_i$ at $x_i$ is

$$f(z) = \sum_i \alpha_i\, k(z, x_i), \qquad \alpha = G^+ y, \qquad \|f\|^2 = \alpha^\top G \alpha.$$

With the tangent kernel of an infinitely wide network it is the limit of gradient flow on the squared loss from zero
(Jacot et al. 2018). $G^+$ is the pseudo-inverse: samples that the kernel cannot tell apart make $G$ singular, which is
no harm as long as their labels agree. A ridge r takes $\alpha = (G + r I)^{-1} y$ instead, for which
$\sum_i (f(x_i) - y_i)^2 + r \|f\|^2$ is least.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import (
    as_array,
    as_bool,
    as_callable,
    as_count,
    as_number,
    as_samples,
    as_targets,
    require_finite,
    require_finite_result,
)
from shiftmath._shared.scaling import exponents, times_powers_of_two
from shiftmath.interpolant.distance import Distance, distances
from shiftmath.interpolant.indistinguishable import LOST, refusal

__all__ = ["Interpolant"]

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False, repr=False)
class Interpolant:
    """The minimum-norm interpolant of labels y at the samples X.

    Calling it on samples Z (m, ...) gives the m values, on one sample one value; NumPy arrays in, NumPy out, JAX arrays
    and tracers in, JAX arrays out, in their dtype. So it is a function of one signal for `jax.grad`, `jax.vmap` and
    the attacks of `shiftmath.adversary`, hashable by identity.

    Args:
        kernel: callable (X, Z=None) -> Gram matrix; for `gradient` and `distance` one of `shiftmath.kernels`, which
            know their gradients, or else hashable and able to take JAX arrays.
        X: samples (n, ...), as the kernel takes them.
        y: n real labels, or (n, c) for c outputs: values are then (m, c), gradients (m, c, ...), norms (c,). The
            decision boundary of one output is f = 0, for labels -1 and 1; for labels 0 and 1 it is at `level=0.5`.
        ridge: a non-negative number, added to the diagonal of the Gram matrix and in its units, as the alpha of
            scikit-learn's KernelRidge; 0 interpolates.
        precomputed: the Gram matrix of X, where it is at hand, as a result of `kernels.gram`; else the kernel makes it.

    Raises:
        Indistinguishable: no function of the kernel's space takes these labels; a ridge allows any.
        ValueError, TypeError: other than n finite real labels, a Gram matrix that is not finite.

    >>> from shiftmath.kernels import FullyConnected
    >>> x = np.array([[3.0, 4.0]])
    >>> f = Interpolant(FullyConnected(), np.concatenate([x, -x]), [1, -1])
    >>> np.round(f(np.array([[0.0, 5.0], [3.0, 4.0]])), 12), round(f.distance(x[0]).upper, 12)
    (array([0.8, 1. ]), 5.0)
    """

    kernel: Callable[..., Any]
    X: Float[Any, "n *spatial"]
    y: Float[Any, "n *outputs"]
    ridge: float = 0.0
    precomputed: Any = None

    def __post_init__(self) -> None:
        as_callable("kernel", self.kernel, "a callable (X, Z=None) -> Gram matrix")
        X = as_samples("X", self.X)
        require_finite("X", X)
        object.__setattr__(self, "X", X.astype(float))
        object.__setattr__(self, "y", as_targets("y", self.y, len(X)).astype(float))
        object.__setattr__(self, "ridge", as_number("ridge", self.ridge, least=0))
        _ = self.coefficients

    def __repr__(self) -> str:
        n, labels = len(self.X), np.unique(self.y).tolist()
        said = ", ".join(f"{v:g}" for v in labels) if len(labels) < 4 else f"from {labels[0]:g} to {labels[-1]:g}"
        outputs = "" if self.y.ndim == 1 else f", {self.y.shape[1]} outputs"
        ridge = f", ridge={self.ridge:g}" if self.ridge else ""
        return f"Interpolant({self.kernel!r}, {n} samples of shape {self.X.shape[1:]}, labels {said}{outputs}{ridge})"

    def __getstate__(self) -> dict[str, Any]:
        """What is kept of it in a file: all but functions of JAX."""
        return {name: value for name, value in vars(self).items() if name != "compiled"}

    @cached_property
    def gram(self) -> Float[np.ndarray, "n n"]:
        """The Gram matrix of the samples."""
        n, takes = len(self.X), "a callable (X, Z=None) -> Gram matrix"
        if self.precomputed is None:
            gram = np.asarray(as_array("kernel", self.kernel(self.X), takes))
        else:
            gram = np.asarray(as_array("precomputed", self.precomputed, takes := f"a matrix ({n}, {n})", to_numpy=True))
        if gram.shape != (n, n):
            got = "kernel: got a result of" if self.precomputed is None else "precomputed: got"
            raise ValueError(f"{got} shape {gram.shape} for {n} samples, takes {takes}")
        require_finite("X: the Gram matrix", gram)
        return gram

    @cached_property
    def coefficients(self) -> Float[np.ndarray, "n *outputs"]:
        """The coefficients (G + ridge I)^+ y; eigenvalues within rounding of 0 count as 0."""
        _, coefficients, e = self._solution
        with np.errstate(over="ignore"):
            result = times_powers_of_two(coefficients, e)
        return require_finite_result("y", self.y, result, "coefficients overflow")

    @cached_property
    def _solution(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels and coefficients, both divided by powers of two that bring the labels near 1, and those exponents."""
        e = exponents(self.y, (0,))
        y, (eigenvalues, vectors) = times_powers_of_two(self.y, -e), np.linalg.eigh(self.gram)
        # A Gram matrix of n samples errs by a few n eps of its largest eigenvalue; so then do the eigenvalues.
        kept = eigenvalues + self.ridge > 64 * len(self.X) * EPS * eigenvalues[-1]
        lost = y - vectors[:, kept] @ (vectors[:, kept].T @ y)
        if not (np.linalg.norm(lost, axis=0) <= LOST * np.linalg.norm(y, axis=0)).all():
            raise refusal(self.kernel, self.X, y, self.gram, int(kept.sum()))
        return y, vectors[:, kept] @ ((vectors[:, kept].T @ y).T / (eigenvalues[kept] + self.ridge)).T, e

    @property
    def norm(self) -> Any:
        """The norm of f in the kernel's Hilbert space: a number, or an array with one for each of several outputs."""
        y, coefficients, e = self._solution
        fitted = self.gram @ coefficients if self.ridge else y
        norms = times_powers_of_two(np.sqrt(np.maximum(np.vecdot(fitted.T, coefficients.T), 0)), e[0])
        return float(norms) if self.y.ndim == 1 else norms

    def __call__(self, Z: "ArrayLike") -> Any:
        """The values f(Z): of samples Z (m, ...) one for each, of one sample its own."""
        Z = self._checked("Z", Z)
        if not isinstance(Z, np.ndarray):
            return self._values(Z, Z.dtype if Z.dtype in (np.float32, np.float64) else float)
        values = self._values(Z, float)
        require_finite("Z: the values", np.asarray(values))
        return values

    def gradient(self, x: "ArrayLike") -> np.ndarray:
        """The gradient of f at one point, or at each of a batch (m, ...), in the shape of f(x) and then of a sample.

        At a kink of the kernel it is the symmetric subgradient. Inside transformations of JAX take `jax.grad(f)`.
        """
        from shiftmath.interpolant.gradients import values_and_gradients

        points, one = self._points(x)
        columns = self.coefficients.reshape(len(self.X), -1).T
        outputs = [values_and_gradients(self.kernel, points, self.X, column)[1] for column in columns]
        gradients = outputs[0] if self.y.ndim == 1 else np.stack(outputs, axis=1)
        require_finite("x: the gradient", gradients)
        return gradients[0] if one else gradients

    @cached_property
    def compiled(self) -> Callable[[Any], Any]:
        """The same function for JAX, of which values and first derivatives come from the compiled CPU engine.

        Under `jax.grad`, `jax.jvp`, `jax.vmap` and in attacks, by a callback that computes in float64: on the CPU
        pooled kernels take a fifth of the time that JAX takes for their gradients. It has no second derivatives, and
        is nan at signals that are not finite where these are found in a compiled program.

        Raises:
            TypeError: a kernel without compiled gradients, or with a smooth activation, whose gradients may ask JAX.

        >>> import jax
        >>> from shiftmath.kernels import FullyConnected
        >>> f = Interpolant(FullyConnected(), np.array([[3.0, 4.0], [-3.0, -4.0]]), [1, -1])
        >>> np.round(jax.grad(f.compiled)(np.array([0.0, 5.0])), 6).tolist()
        [0.12, 0.16]
        """
        from shiftmath.interpolant.callback import Compiled

        return Compiled(self)

    def distance(
        self,
        x: "ArrayLike",
        *,
        level: float = 0.0,
        closed_form: bool = True,
        restarts: int = 8,
        seed: int = 0,
        progress: bool = False,
    ) -> Distance:
        """The distance of one point, or of each of a batch (m, ...), to the decision boundary f = level.

        Of several outputs the boundary is where the largest changes, and the level is 0.

        A closed form where the boundary is known to be a hyperplane (`boundary_normal`); otherwise the nearest crossing
        that a local search finds from `restarts` random directions and from those of the samples of the other sign.
        Its point is verified to lie across the boundary, so `upper` holds. `lower` is a radius in which f is proved to
        stay on its side, where `certified_radius` knows one, and 0 elsewhere. `closed_form=False` searches in any case.
        A point where f = level to rounding is on the boundary, at distance 0. `progress=True` shows a bar on stderr.
        """
        points, one = self._points(x)
        level = as_number("level", level)
        if level and self.y[0].size > 1:
            raise ValueError(f"level: got {level:g}, takes 0 for several outputs, of which the largest decides")
        found = distances(
            self,
            points,
            level,
            closed_form=as_bool("closed_form", closed_form),
            restarts=as_count("restarts", restarts, 0),
            seed=as_count("seed", seed, 0),
            progress=as_bool("progress", progress),
        )
        return found[0] if one else Distance.of_all(found, points.shape[1:])

    def _values(self, Z: Any, dtype: Any) -> Any:
        X, coefficients = self.X.astype(dtype, copy=False), self.coefficients.astype(dtype, copy=False)
        if Z.shape == X.shape[1:]:
            return (self.kernel(Z[None], X) @ coefficients)[0]
        return self.kernel(Z, X) @ coefficients

    def _points(self, x: "ArrayLike") -> tuple[Float[np.ndarray, "m *spatial"], bool]:
        """One point or a batch as a batch, and whether it was one."""
        x, shape = self._checked("x", x), self.X.shape[1:]
        return np.asarray(x).astype(float).reshape(-1, *shape), x.ndim == len(shape)

    def _checked(self, name: str, x: "ArrayLike") -> Any:
        """One finite point or a batch, as an array; an error calls it `name`."""
        shape = self.X.shape[1:]
        takes = f"one point of shape {shape} or a batch of them"
        x = as_array(name, x, takes)
        if x.ndim - len(shape) not in (0, 1) or x.shape[x.ndim - len(shape) :] != shape or not x.size:
            raise ValueError(f"{name}: got shape {tuple(x.shape)}, takes {takes}")
        require_finite(name, x)
        return x

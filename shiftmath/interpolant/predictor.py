r"""The minimum-norm kernel predictor, and how far a point is from its decision boundary.

For samples $x_1, \dots, x_n$ with labels $y_i$ and a kernel $k$ with Gram matrix $G$, the function of smallest norm in
the kernel's Hilbert space that takes the value $y_i$ at $x_i$ is

$$f(z) = \sum_i \alpha_i\, k(z, x_i), \qquad \alpha = G^+ y, \qquad \|f\|^2 = y^\top G^+ y.$$

With the tangent kernel of an infinitely wide network it is the limit of gradient flow on the squared loss from zero
(Jacot et al. 2018). $G^+$ is the pseudo-inverse: samples that the kernel cannot tell apart make $G$ singular, which is
no harm as long as their labels agree.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_samples, require_finite
from shiftmath.interpolant.certified import certified_radius
from shiftmath.interpolant.closed_form import boundary_normal
from shiftmath.interpolant.distance import Distance
from shiftmath.interpolant.search import nearest_crossing

__all__ = ["Indistinguishable", "Interpolant"]

EPS = float(np.finfo(float).eps)
Signal = Float[np.ndarray, "*spatial"]


class Indistinguishable(ValueError):
    """Samples that the kernel cannot tell apart have different labels; `pairs` lists them by number."""

    def __init__(self, message: str, pairs: list[tuple[int, int]]) -> None:
        super().__init__(message)
        self.pairs = pairs


@dataclass(frozen=True, eq=False)
class Interpolant:
    """The minimum-norm interpolant of labels y at the samples X.

    Calling it on samples Z (m, ...) gives the m values; NumPy arrays in, NumPy out, JAX arrays in, JAX arrays out.

    Args:
        kernel: callable (X, Z=None) -> Gram matrix; for `gradient` and `distance` hashable and able to take JAX arrays,
            as those of `shiftmath.kernels` are.
        X: samples (n, ...), as the kernel takes them.
        y: n real labels.

    Raises:
        Indistinguishable: the kernel cannot tell samples of different labels apart.
        ValueError, TypeError: other than n finite real labels.

    >>> from shiftmath.kernels import FullyConnected
    >>> x = np.array([[3.0, 4.0]])
    >>> f = Interpolant(FullyConnected(), np.concatenate([x, -x]), [1, -1])
    >>> np.round(f(np.array([[0.0, 5.0], [3.0, 4.0]])), 12), round(f.distance(x[0]).upper, 12)
    (array([0.8, 1. ]), 5.0)
    """

    kernel: Callable[..., Any]
    X: np.ndarray
    y: np.ndarray

    def __post_init__(self) -> None:
        X, y = as_samples("X", self.X), np.asarray(self.y)
        if y.dtype.kind not in "biuf":
            raise TypeError(f"y: got dtype {y.dtype}, takes real labels")
        if y.shape != (len(X),):
            raise ValueError(f"y: got shape {y.shape}, takes one label for each of the {len(X)} samples")
        require_finite("X", X)
        require_finite("y", y)
        object.__setattr__(self, "X", X.astype(float))
        object.__setattr__(self, "y", y.astype(float))
        _ = self.coefficients

    @cached_property
    def gram(self) -> Float[np.ndarray, "n n"]:
        """The Gram matrix of the samples."""
        return self.kernel(self.X)

    @cached_property
    def coefficients(self) -> Float[np.ndarray, "n"]:
        """The coefficients G^+ y; eigenvalues within rounding of 0 count as 0."""
        eigenvalues, vectors = np.linalg.eigh(self.gram)
        # A Gram matrix of n samples errs by a few n eps of its largest eigenvalue; so then do the eigenvalues.
        kept = eigenvalues > 64 * len(self.X) * EPS * eigenvalues[-1]
        lost = self.y - vectors[:, kept] @ (vectors[:, kept].T @ self.y)
        if not np.linalg.norm(lost) <= 1e-6 * np.linalg.norm(self.y):
            self._refuse(lost)
        return vectors[:, kept] @ ((vectors[:, kept].T @ self.y) / eigenvalues[kept])

    @property
    def norm(self) -> float:
        """The norm of f in the kernel's Hilbert space."""
        return float(np.sqrt(self.y @ self.coefficients))

    def __call__(self, Z: ArrayLike) -> Any:
        """The values f(Z), one for each of the samples Z (m, ...)."""
        return self.kernel(Z, self.X) @ self.coefficients

    def gradient(self, x: ArrayLike) -> Signal:
        """The gradient of f at one point, of its shape; at a kink of the kernel, its symmetric subgradient."""
        return self._values_and_gradients(self._point(x)[None])[1][0]

    def distance(self, x: ArrayLike, *, closed_form: bool = True, restarts: int = 8, seed: int = 0) -> Distance:
        """The distance of one point to the decision boundary f = 0.

        A closed form where the boundary is known to be a hyperplane (`boundary_normal`); otherwise the nearest crossing
        that a local search finds from `restarts` random directions and from those of the samples of the other sign.
        Its point is verified to lie across the boundary, so `upper` holds. `lower` is a radius in which f is proved to
        keep its sign, where `certificates.certified_radius` knows one, and 0 elsewhere. `closed_form=False` searches in
        any case.
        """
        x = self._point(x)
        normal = boundary_normal(self.kernel, self.X, self.y) if closed_form else None
        if normal is not None:
            signed = float(np.vdot(normal, x))
            return Distance(abs(signed), abs(signed), x - signed * normal, "closed form")
        if not (value := float(self(x[None])[0])):
            return Distance(0.0, 0.0, x, "search")
        others = self.X[np.sign(self.y) != np.sign(value)][: max(1, restarts)] - x
        random = np.random.default_rng(seed).standard_normal((restarts, *x.shape)) / np.sqrt(x.size)
        flat = np.full((1, *x.shape), 1 / np.sqrt(x.size))  # where pooling makes the way short
        # The kernel has kinks at the samples: no start lies exactly on a line between two of them.
        starts = np.concatenate([flat, -flat, random, others + 1e-3 * random[:1]]) * max(1e-3, float(np.abs(x).max()))
        lower = certified_radius(self.kernel, self.X, self.coefficients, x)
        step = nearest_crossing(self, self._values_and_gradients, x, starts)
        if step is None:
            return Distance(lower, np.inf, None, "search")
        return Distance(lower, float(np.linalg.norm(step)), x + step, "search")

    def _values_and_gradients(self, Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from shiftmath._shared.precision import float64
        from shiftmath.interpolant.gradients import values_and_gradients

        # One compiled size serves all: batches are filled up to multiples of 8.
        filled = np.concatenate([Z, np.repeat(Z[:1], -len(Z) % 8, axis=0)])
        with float64():
            values, gradients = values_and_gradients(self.kernel, filled, self.X, self.coefficients)
        return np.asarray(values)[: len(Z)], np.asarray(gradients)[: len(Z)]

    def _point(self, x: ArrayLike) -> np.ndarray:
        x = np.asarray(x, float)
        if x.shape != self.X.shape[1:]:
            raise ValueError(f"x: got shape {x.shape}, takes one point of shape {self.X.shape[1:]}")
        require_finite("x", x)
        return x

    def _refuse(self, lost: np.ndarray) -> None:
        diagonal = np.diag(self.gram)
        apart = diagonal[:, None] + diagonal - 2 * self.gram
        same = apart <= 1e-10 * (diagonal[:, None] + diagonal)
        pairs = [(int(i), int(j)) for i, j in np.argwhere(np.triu(same, 1)) if self.y[i] != self.y[j]]
        what = ", ".join(f"{i} and {j}" for i, j in pairs[:5]) or f"{np.argsort(-abs(lost))[:5].tolist()} together"
        raise Indistinguishable(f"y: {self.kernel} cannot tell samples {what} apart, whose labels conflict", pairs)

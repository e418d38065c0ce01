"""Classifiers and a kernel in the form of scikit-learn.

The classifiers take rows (n, d), as scikit-learn passes them, or arrays of images (n, *spatial).
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.gaussian_process.kernels import Kernel
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from shiftmath._shared.arguments import as_choice, as_shape
from shiftmath.groups import Group
from shiftmath.interpolant import Distance, Interpolant
from shiftmath.kernels import FullyConnected
from shiftmath.price.linear import group_of, invariant_at_least_share

__all__ = ["InfiniteWidthClassifier", "InvariantClassifier", "ProcessKernel"]


class _ByDecision(ClassifierMixin, BaseEstimator):
    """A classifier that decides by the sign of its decision function, or by the largest of several."""

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The class of each sample."""
        values = self.decision_function(X)
        winner = (values > 0).astype(int) if values.ndim == 1 else values.argmax(axis=1)
        return self.classes_[winner]

    def _fitted_to(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Samples in float64, in their shape, and the number of the class of each."""
        images = X if getattr(X, "ndim", 2) > 2 else None
        rows, y = validate_data(self, _rows(X), y, dtype=float)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y: got the one class {self.classes_[0]!r}, takes at least two classes")
        return rows if images is None else rows.reshape(images.shape), codes

    def _samples(self, X: Any, shape: tuple[int, ...]) -> np.ndarray:
        """Samples in float64, of the shape of those that it was fitted to."""
        rows = validate_data(self, _rows(X), dtype=float, reset=False)
        _require_shape("X", X, shape)
        return rows.reshape(len(rows), *shape)


def _require_shape(name: str, X: Any, shape: tuple[int, ...]) -> None:
    """A ValueError for images of another shape than one of several axes; rows may be of any."""
    if getattr(X, "ndim", 2) > 2 and len(shape) > 1 and X.shape[1:] != shape:
        raise ValueError(f"{name}: got images of shape {tuple(X.shape[1:])}, takes rows or images of shape {shape}")


def _rows(X: Any) -> Any:
    """Images as rows; rows as they are."""
    return X.reshape(len(X), -1) if getattr(X, "ndim", 2) > 2 else X


class InvariantClassifier(_ByDecision):
    r"""The invariant separator of largest gap, one class against the rest.

    Each class has the best separator from all other samples among those that no element of the group changes
    (`invariant_margin`); for all circular shifts it compares DC components. Where no invariant separator exists, it is
    that at the least share of each side that has one (`price.linear.SHARES`, `max_margin` with a share): the mean of
    the share that lies lowest stands for the minimum.

    Args:
        group: a `groups.Group` acting on a sample; None takes all circular shifts, which leave in place the channels
            that the last of three axes of a sample holds.
        input_shape: of a sample, for rows (n, d) that are images; None takes rows as signals of one axis.

    Attributes:
        classes_: the labels, in order.
        separators_: one `Separator` for each class, of two classes one for both.
        shares_: the share of each; 0 for a hard margin.

    Raises:
        NotSeparable: in `fit`, where the invariant parts of the means of a class and of the rest coincide.

    >>> X = [[0.0, 3.0], [2.0, 0.0], [-1.0, -1.0], [0.0, -4.0]]
    >>> classifier = InvariantClassifier().fit(X, ["white", "white", "black", "black"])
    >>> classifier.predict([[5.0, -1.0], [-1.0, 5.0]]).tolist(), round(classifier.separators_[0].gap**2, 9)
    (['white', 'white'], 8.0)
    """

    def __init__(self, group: Group | None = None, input_shape: Any = None) -> None:
        self.group = group
        self.input_shape = input_shape

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Find the separators of samples X, rows (n, d) or images (n, *spatial), with n labels y."""
        X, codes = self._fitted_to(X, y)
        if self.input_shape is not None:
            X = X.reshape(len(X), *self._shape(X))
        group = group_of(self.group, X.shape[1:])
        sides = range(len(self.classes_)) if len(self.classes_) > 2 else [1]
        found = [invariant_at_least_share(X[codes == c], X[codes != c], group) for c in sides]
        self.separators_, self.shares_ = [m.found() for m in found], [m.share for m in found]
        return self

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Signed distances to the boundaries: (n,) of two classes, above 0 for the second; else (n, classes)."""
        check_is_fitted(self)
        samples = self._samples(X, self.separators_[0].normal.shape)
        values = [s.decision(samples) for s in self.separators_]
        return values[0] if len(values) == 1 else np.stack(values, axis=1)

    def _shape(self, X: np.ndarray) -> tuple[int, ...]:
        shape = as_shape("input_shape", self.input_shape)
        if np.prod(shape) != X[0].size:
            raise ValueError(f"input_shape: got {shape}, takes one of the {X[0].size} entries of a sample")
        _require_shape("X", X, shape)
        return shape

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # what is left of a sample may be one number
        return tags


class InfiniteWidthClassifier(_ByDecision):
    """An infinitely wide network, trained to the end: the `Interpolant` of labels 1 for a class and -1 for the rest.

    Args:
        kernel: a kernel of `shiftmath.kernels`, one with an input_shape for rows that are images; None takes
            FullyConnected(bias_std=1.0), which can interpolate any labels of different samples.
        ridge: as for `Interpolant`; 0 interpolates.

    Attributes:
        classes_: the labels, in order.
        interpolant_: the predictor, of one output for two classes.

    Raises:
        Indistinguishable: in `fit`, where the kernel cannot tell samples of different labels apart.

    >>> from shiftmath.kernels import FullyConnected
    >>> classifier = InfiniteWidthClassifier(FullyConnected()).fit([[3.0, 4.0], [-3.0, -4.0]], ["white", "black"])
    >>> classifier.predict([[0.0, 1.0]]).tolist(), classifier.distance([[3.0, 4.0]]).lower.round(9).tolist()
    (['white'], [5.0])
    """

    def __init__(self, kernel: Any = None, ridge: float = 0.0) -> None:
        self.kernel = kernel
        self.ridge = ridge

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Interpolate n labels y at samples X, rows (n, d) or images (n, *spatial)."""
        X, codes = self._fitted_to(X, y)
        targets = 2.0 * (codes[:, None] == np.arange(len(self.classes_))) - 1
        targets = targets[:, 1] if len(self.classes_) == 2 else targets
        kernel = FullyConnected(bias_std=1.0) if self.kernel is None else self.kernel
        self.interpolant_ = Interpolant(kernel, X, targets, self.ridge)
        return self

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """The outputs of the network: (n,) of two classes, above 0 for the second; else (n, classes)."""
        Z = self._as_fitted(X)
        return self.interpolant_(Z)

    def distance(self, X: ArrayLike, **options: Any) -> Distance:
        """The distance of each sample to where the class that it is given changes: `Interpolant.distance`."""
        Z = self._as_fitted(X)
        return self.interpolant_.distance(Z, **options)

    def _as_fitted(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return self._samples(X, self.interpolant_.X.shape[1:])


class ProcessKernel(Kernel):
    """A kernel of `shiftmath.kernels` for scikit-learn's Gaussian processes, without hyperparameters that are fitted.

    Args:
        kernel: the kernel; of images it needs an input_shape.
        get: "nngp", the covariance of the network at random initialisation, or "ntk", the tangent kernel.

    >>> from sklearn.gaussian_process import GaussianProcessRegressor
    >>> process = GaussianProcessRegressor(ProcessKernel(FullyConnected())).fit([[3.0, 4.0], [1.0, 0.0]], [1.0, 2.0])
    >>> process.predict([[3.0, 4.0]]).round(6).tolist()
    [1.0]
    """

    def __init__(self, kernel: Any, get: str = "nngp") -> None:
        self.kernel = kernel
        self.get = get

    def __call__(self, X: ArrayLike, Y: ArrayLike | None = None, eval_gradient: bool = False) -> Any:
        """The Gram matrix (n, m), and with `eval_gradient` its derivatives by no hyperparameter, (n, n, 0)."""
        compute = self.kernel.nngp if as_choice("get", self.get, ("nngp", "ntk")) == "nngp" else self.kernel
        gram = compute(np.asarray(X, float), None if Y is None else np.asarray(Y, float))
        return (gram, np.empty((*gram.shape, 0))) if eval_gradient else gram

    def diag(self, X: ArrayLike) -> np.ndarray:
        """The n values k(x, x)."""
        X = np.asarray(X, float)
        if self.get == "ntk":
            return self.kernel.diag(X)
        return np.array([self(x[None])[0, 0] for x in X])

    def is_stationary(self) -> bool:
        """No: it depends on more than the difference of two samples."""
        return False

    def __repr__(self) -> str:
        return f"ProcessKernel({self.kernel!r}, get={self.get!r})"

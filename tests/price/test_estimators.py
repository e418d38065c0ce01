"""The estimators in scikit-learn's own checks, and the kernels in its estimators."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from shiftmath import NotSeparable, invariant_margin, price_of_invariance
from shiftmath.groups import circular_shifts, flips
from shiftmath.interpolant import Indistinguishable, Interpolant
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.price import InfiniteWidthClassifier, InvariantClassifier, ProcessKernel

EPS = float(np.finfo(float).eps)
IMAGES = Convolutional(input_shape=(4, 4))


@pytest.fixture
def images(rng):
    """Rows that are images of 4 x 4, and labels that their means decide."""
    X = rng.random((30, 16))
    y = np.array(["dark", "gray", "light"])[np.arange(30) % 3]
    return X + np.arange(30)[:, None] % 3, y


@parametrize_with_checks([InvariantClassifier(), InfiniteWidthClassifier()])
def test_scikit_learn_finds_no_fault(estimator, check):
    check(estimator)


def test_the_classifier_of_two_classes_is_the_invariant_margin(images):
    X, y = images
    few = y != "gray"
    classifier = InvariantClassifier().fit(X[few], y[few])
    separator = invariant_margin(X[y == "light"], X[y == "dark"])
    assert np.array_equal(classifier.decision_function(X), separator.decision(X))
    assert (classifier.shares_, classifier.score(X[few], y[few])) == ([0.0], 1.0)


def test_each_class_has_the_margin_from_the_rest_and_a_soft_one_where_there_is_none(images):
    X, y = images
    classifier = InvariantClassifier(input_shape=(4, 4)).fit(X, y)
    for c, separator, share in zip(classifier.classes_, classifier.separators_, classifier.shares_, strict=True):
        rest = X[y != c].reshape(-1, 4, 4)
        assert separator.gap == invariant_margin(X[y == c].reshape(-1, 4, 4), rest, share=share).gap
    assert classifier.shares_[0] == classifier.shares_[2] == 0 < classifier.shares_[1]
    assert classifier.decision_function(X).shape == (30, 3)


@pytest.mark.parametrize("group", [None, circular_shifts(axes=1), flips()])
def test_no_element_of_the_group_changes_a_decision(images, group, rng):
    X, y = images[0].reshape(-1, 4, 4), images[1]
    classifier = InvariantClassifier(group).fit(X, y)
    x = rng.random((4, 4))
    orbit = (group or circular_shifts()).orbit(x)
    values = classifier.decision_function(orbit)
    assert np.abs(values - values[0]).max() <= 64 * EPS * abs(X).sum(axis=(1, 2)).max()


def test_no_group_leaves_channels_in_place_as_the_price_does(rng):
    X, y = rng.random((8, 3, 3, 2)) + np.r_[np.ones(4), np.zeros(4)][:, None, None, None], [1] * 4 + [0] * 4
    by_default = InvariantClassifier().fit(X, y).separators_[0]
    assert by_default.gap == InvariantClassifier(circular_shifts(axes=(0, 1))).fit(X, y).separators_[0].gap
    assert by_default.gap == price_of_invariance(X[:4], X[4:], wide=0).invariant_gap
    assert by_default.gap > InvariantClassifier(circular_shifts()).fit(X, y).separators_[0].gap


def test_classes_whose_means_have_one_invariant_part_are_refused():
    with pytest.raises(NotSeparable):
        InvariantClassifier().fit([[1.0, 0.0], [0.0, 1.0]], [0, 1])


@pytest.mark.parametrize("shape", [(3, 3), (10,), "ab"])
def test_a_wrong_shape_is_named(images, shape):
    with pytest.raises((ValueError, TypeError), match="input_shape: got"):
        InvariantClassifier(input_shape=shape).fit(*images)


@pytest.mark.parametrize("estimator", [InvariantClassifier(flips(0)), InfiniteWidthClassifier()])
def test_images_of_another_shape_are_refused_though_they_have_as_many_entries(estimator, rng):
    X, y = rng.random((4, 2, 3)), [0, 0, 1, 1]
    fitted = clone(estimator).fit(X, y)
    with pytest.raises(ValueError, match=r"X: got images of shape \(3, 2\), takes rows or images of shape \(2, 3\)"):
        fitted.predict(X.reshape(4, 3, 2))
    assert np.array_equal(fitted.predict(X.reshape(4, 6)), fitted.predict(X))
    with pytest.raises(ValueError, match=r"X: got images of shape \(2, 3\), takes rows or images of shape \(3, 2\)"):
        InvariantClassifier(input_shape=(3, 2)).fit(X, y)


def test_the_wide_classifier_is_the_interpolant_with_labels_of_1_and_minus_1(images):
    X, y = images
    classifier = InfiniteWidthClassifier(IMAGES).fit(X, y)
    assert classifier.score(X, y) == 1
    for j, c in enumerate(("dark", "gray", "light")):
        f = Interpolant(IMAGES, X, np.where(y == c, 1.0, -1.0))
        # The Gram matrix carries the rounding of the labels on by its condition number at most.
        tolerance = 16 * EPS * np.linalg.cond(f.gram)
        assert np.abs(classifier.decision_function(X + 0.1)[:, j] - f(X + 0.1)).max() <= tolerance
    few = y != "gray"
    two = InfiniteWidthClassifier(IMAGES).fit(X[few], y[few])
    assert two.decision_function(X).shape == (30,)
    assert np.array_equal(two.predict(X) == "light", two.decision_function(X) > 0)


def test_images_may_be_arrays_of_images(images):
    X, y = images
    for one, other in (
        (InfiniteWidthClassifier(Convolutional()), InfiniteWidthClassifier(IMAGES)),
        (InvariantClassifier(flips()), InvariantClassifier(flips(), input_shape=(4, 4))),
    ):
        folded = one.fit(X.reshape(-1, 4, 4), y).decision_function(X.reshape(-1, 4, 4))
        assert np.array_equal(folded, other.fit(X, y).decision_function(X))


def test_distances_are_those_of_the_interpolant():
    x = np.array([[3.0, 4.0]])
    classifier = InfiniteWidthClassifier(FullyConnected()).fit(np.concatenate([x, -x]), [0, 1])
    found = classifier.distance(np.array([[3.0, 4.0], [4.0, -3.0], [0.0, 1.0]]))
    assert found.upper == pytest.approx([5, 0, 0.8], abs=1e-12)
    assert found.lower == pytest.approx(found.upper)


def test_labels_that_no_function_takes_are_refused():
    with pytest.raises(Indistinguishable):
        InfiniteWidthClassifier().fit([[1.0, 2.0], [1.0, 2.0], [3.0, 1.0]], [0, 1, 1])
    assert InfiniteWidthClassifier(ridge=1.0).fit([[1.0, 2.0], [1.0, 2.0], [3.0, 1.0]], [0, 1, 1])


def test_a_search_over_depth_and_readout_by_name_in_a_pipeline(images):
    X, y = images
    wide = make_pipeline(StandardScaler(), InfiniteWidthClassifier(IMAGES))
    prefix = "infinitewidthclassifier__kernel__"
    grid = {f"{prefix}depth": [1, 2], f"{prefix}readout": ["flatten", "average"]}
    search = GridSearchCV(wide, grid, cv=2).fit(X, y)
    assert search.best_params_.keys() == grid.keys()
    assert Convolutional(input_shape=(4, 4)) == IMAGES
    assert cross_val_score(clone(search.best_estimator_), X, y, cv=3).min() > 0.5


@pytest.mark.parametrize("estimator", [InvariantClassifier(flips(), (4, 4)), InfiniteWidthClassifier(IMAGES, 0.5)])
def test_estimators_go_from_one_process_to_another(estimator, images, tmp_path):
    X, y = images
    fitted = clone(estimator).fit(X, y)
    expected = fitted.decision_function(X)
    joblib.dump(fitted, tmp_path / "fitted")
    for other in (pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "fitted")):
        assert np.array_equal(other.decision_function(X), expected)
    assert repr(clone(fitted)) == repr(estimator)


@pytest.mark.parametrize("get", ["nngp", "ntk"])
def test_a_gaussian_process_with_the_thin_kernel_is_ridge_regression_and_the_interpolant(get, images, rng):
    X, z = images[0][:8], rng.standard_normal((5, 16))
    y, noise = rng.standard_normal(8), 0.1
    kernel = FullyConnected(depth=2, bias_std=0.5)
    gram = kernel.nngp if get == "nngp" else kernel
    process = GaussianProcessRegressor(ProcessKernel(kernel, get) + WhiteKernel(noise, "fixed"), alpha=0).fit(X, y)
    ridge = KernelRidge(alpha=noise, kernel="precomputed").fit(gram(X), y)
    tolerance = 64 * EPS * np.linalg.cond(gram(X) + noise * np.eye(8)) * np.abs(y).max()
    assert np.abs(process.predict(z) - ridge.predict(gram(z, X))).max() <= tolerance
    mean, deviation = process.predict(z, return_std=True)
    solved = np.linalg.solve(gram(X) + noise * np.eye(8), gram(X, z))
    variance = np.diag(gram(z)) + noise - np.einsum("ij,ij->j", gram(X, z), solved)
    assert deviation**2 == pytest.approx(variance, abs=tolerance)
    if get == "ntk":
        assert np.abs(mean - Interpolant(kernel, X, y, ridge=noise)(z)).max() <= tolerance


def test_the_thin_kernel_is_one_of_scikit_learns_own():
    kernel = ProcessKernel(FullyConnected())
    assert clone(kernel) == kernel != ProcessKernel(FullyConnected(), "ntk")
    assert kernel.set_params(kernel__depth=2).kernel == FullyConnected(depth=2)
    X = np.random.default_rng(0).random((4, 3))
    gram, gradient = kernel(X, eval_gradient=True)
    assert gradient.shape == (4, 4, 0)
    assert np.array_equal(kernel.diag(X), np.diag(gram))
    with pytest.raises(ValueError, match="get: got 'gram', takes one of"):
        ProcessKernel(FullyConnected(), "gram")(X)


def test_kernels_go_through_support_vectors_in_a_pipeline_and_other_processes(images):
    X, y = images
    model = make_pipeline(StandardScaler(), SVC(kernel=FullyConnected(depth=2)))
    with joblib.parallel_backend("threading"):  # processes would compile the kernel again
        at_once = cross_val_score(model, X, y, cv=3, n_jobs=2)
    assert np.array_equal(cross_val_score(model, X, y, cv=3), at_once)
    fitted = model.fit(X, y)
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))

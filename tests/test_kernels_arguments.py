"""What kernels take, what they refuse and how they say it; what they are as objects."""

import copy
import pickle
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.kernels import Convolutional, FullyConnected, _arguments

IMAGES = np.ones((2, 4, 6, 1))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Convolutional(0), ValueError, "depth is 0"),
        (lambda: Convolutional(1.5), TypeError, "depth is 1.5"),
        (lambda: Convolutional(True), TypeError, "depth is True"),
        (lambda: FullyConnected(-1), ValueError, "depth is -1"),
        (lambda: Convolutional(filter_size=0), ValueError, "filter_size is 0"),
        (lambda: Convolutional(filter_size=(3, 3, 3)), ValueError, r"filter_size is \(3, 3, 3\)"),
        (lambda: Convolutional(filter_size="3"), TypeError, "filter_size is '3'"),
        (lambda: Convolutional(readout="max"), ValueError, "readout is 'max'.*'average', 'flatten'"),
        (lambda: Convolutional(readout=0), ValueError, "readout is 0"),
        (lambda: Convolutional(readout=None), TypeError, "readout is None"),
        (lambda: Convolutional(padding="same"), ValueError, "padding is 'same'.*'circular', 'zero'"),
        (lambda: Convolutional(activation="tanh"), ValueError, "activation is 'tanh'.*'relu'"),
        (lambda: FullyConnected(activation=np.tanh), TypeError, "activation is"),
        (lambda: Convolutional(bias_std=-1), ValueError, "bias_std is -1"),
        (lambda: Convolutional(weight_std=0), ValueError, "weight_std is 0"),
        (lambda: Convolutional(weight_std=float("nan")), ValueError, "weight_std is nan"),
        (lambda: Convolutional(negative_slope=float("inf")), ValueError, "negative_slope is inf"),
        (lambda: Convolutional(dense_layers=-1), ValueError, "dense_layers is -1"),
        (lambda: Convolutional(input_shape=(4,)), ValueError, r"input_shape is \(4,\)"),
        (lambda: Convolutional(input_shape=24), TypeError, "input_shape is 24"),
    ],
)
def test_bad_parameters_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("as_array", [np.asarray, jnp.asarray])
@pytest.mark.parametrize(
    ("kernel", "X", "Z", "words"),
    [
        (Convolutional(filter_size=5), IMAGES, None, r"filter_size is 5, the image \(4, 6\)"),
        (Convolutional(filter_size=(3,)), IMAGES, None, r"filter_size is \(3,\).*2 spatial axes"),
        (Convolutional(readout=4), IMAGES, None, r"readout is 4, the image \(4, 6\).*divides"),
        (Convolutional(), IMAGES[0, 0], None, r"X has shape \(6, 1\)"),
        (Convolutional(), IMAGES[..., None], None, r"X has shape \(2, 4, 6, 1, 1\)"),
        (Convolutional(), IMAGES, IMAGES[:, :3], r"X has images of shape \(4, 6, 1\), Z of \(3, 6, 1\)"),
        (Convolutional(), IMAGES, np.ones((1, 4, 6, 3)), r"Z of \(4, 6, 3\)"),
        (Convolutional(), IMAGES[:0], None, "X is empty"),
        (Convolutional(), IMAGES, IMAGES[:0], "Z is empty"),
        (Convolutional(input_shape=(4, 6, 1)), np.ones((2, 23)), None, "X has rows of 23 entries"),
        (Convolutional(input_shape=(6, 4, 1)), IMAGES, None, r"input_shape is \(6, 4, 1\)"),
        (FullyConnected(), np.ones((2, 3)), np.ones((2, 4)), "X has rows of dimension 3, Z of 4"),
        (FullyConnected(), np.ones(3), None, r"X has shape \(3,\)"),
    ],
)
def test_bad_shapes_are_named(kernel, X, Z, words, as_array):
    with pytest.raises(ValueError, match=words):
        kernel(as_array(X), None if Z is None else as_array(Z))


@pytest.mark.parametrize("kernel", [Convolutional(), FullyConnected()])
def test_bad_values_are_named(kernel):
    broken = IMAGES.copy()
    broken[0, 1, 2, 0] = np.nan
    with pytest.raises(ValueError, match="X has 1 NaN or infinite entries of 48"):
        kernel(broken)
    with pytest.raises(ValueError, match="Z has 48 NaN or infinite"):
        kernel(IMAGES, IMAGES * np.inf)
    with pytest.raises(ValueError, match="X is ragged"):
        kernel([[1.0, 2.0], [3.0]])
    for wrong in (IMAGES + 1j, IMAGES.astype(str), np.array([None])):
        with pytest.raises(TypeError, match="X has dtype"):
            kernel(wrong)


def test_a_result_larger_than_memory_is_refused_with_its_size():
    with pytest.raises(ValueError, match=r"would take 8000000000000000000 bytes.*blocks"):
        _arguments.fits_memory(10**9, 10**9, 8)


def test_zero_padding_takes_a_filter_larger_than_the_image():
    assert np.isfinite(Convolutional(filter_size=9, padding="zero")(IMAGES)).all()


@pytest.mark.parametrize("kernel", [Convolutional(2, (3, 2), readout=(2, 3)), FullyConnected(3, "abs")])
def test_kernels_are_values(kernel):
    for same in (copy.deepcopy(kernel), pickle.loads(pickle.dumps(kernel)), eval(repr(kernel))):
        assert same == kernel
        assert hash(same) == hash(kernel)
    with pytest.raises(AttributeError):
        kernel.depth = 1
    assert kernel != type(kernel)(1)


def test_lists_become_tuples():
    assert Convolutional(filter_size=[3, 3]) == Convolutional(filter_size=(3, 3))


def test_importing_loads_neither_numba_nor_neural_tangents_nor_jax():
    code = "import sys, shiftmath.kernels; sys.exit(any(m in sys.modules for m in ('numba', 'neural_tangents', 'jax')))"
    assert subprocess.run([sys.executable, "-c", code], check=True).returncode == 0


def test_kernels_serve_scikit_learn():
    svm = pytest.importorskip("sklearn.svm")
    X = np.random.default_rng(0).normal(size=(12, 16))
    y = np.sign(X.sum(1))
    model = svm.SVC(kernel=Convolutional(1, input_shape=(4, 4, 1)), C=1e6).fit(X, y)
    assert (model.predict(X) == y).all()

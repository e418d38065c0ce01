"""Laws of the kernels: symmetry, positivity, invariance, antipodal pairs, group averages, blocks."""

import kernel_cases as cases
import numpy as np
import pytest

from shiftmath.kernels import Convolutional, FullyConnected

pytestmark = pytest.mark.slow

EPS = np.finfo(float).eps
SAMPLE = cases.IMAGE_KERNELS[::3] + cases.VECTORS[::3]


@pytest.mark.parametrize(("kernel", "shape"), cases.IMAGE_KERNELS + cases.VECTORS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gram_is_its_transpose_to_the_last_bit_and_keeps_the_dtype(kernel, shape, dtype):
    X = cases.gaussian(0, 7, shape).astype(dtype)
    for gram in (kernel(X), kernel.nngp(X)):
        assert gram.dtype == dtype
        assert np.array_equal(gram, gram.T)


@pytest.mark.parametrize(("kernel", "shape"), SAMPLE, ids=repr)
def test_gram_of_duplicates_shifts_and_opposites_is_positive_semidefinite(kernel, shape):
    X = cases.gaussian(0, 8, shape)
    gram = kernel(np.concatenate([X, X, np.roll(X, 1, 1), -X, 1e-9 + X]))
    spectrum = np.linalg.eigvalsh(gram)
    assert spectrum[0] >= -1e-10 * spectrum[-1]


@pytest.mark.parametrize(("kernel", "shape"), SAMPLE, ids=repr)
def test_gram_without_Z_is_the_gram_of_X_and_X(kernel, shape):
    X = cases.gaussian(0, 9, shape)
    assert np.abs(kernel(X) / kernel(X, X) - 1).max() <= 1e-13


@pytest.mark.parametrize(("n", "readout"), [(130, "flatten"), (130, "average"), (9, "average")])
def test_blocks_of_a_gram_are_its_parts(n, readout):
    kernel, X = Convolutional(2, readout=readout), cases.gaussian(0, n, (4, 4, 1))
    gram = kernel(X)
    assert np.abs(gram[3:5] - kernel(X[3:5], X)).max() <= 32 * EPS * gram.max()
    assert np.abs(gram[-1, -2] - kernel(X[-1:], X[-2:-1])[0, 0]) <= 32 * EPS * gram.max()


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    kernel, X = Convolutional(2), cases.gaussian(0, 5, (12, 12, 1))
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    alone = kernel(X)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    assert np.array_equal(alone, kernel(X))


def test_inputs_stay_as_they_are():
    X = cases.gaussian(0, 3, (4, 4, 1))
    X.setflags(write=False)
    before = X.copy()
    Convolutional(2, padding="zero")(X, X)
    FullyConnected(2)(X)
    assert np.array_equal(X, before)


@pytest.mark.parametrize("shape", [(5, 1), (4, 6, 2), (3, 3, 1), (1, 7, 1)])
def test_average_is_the_mean_over_shifts_of_flatten(shape):
    x, z = cases.gaussian(0, 2, (1, *shape))
    q = tuple(min(3, h) for h in shape[:-1])
    axes = tuple(range(1, len(shape)))
    shifts = np.concatenate([np.roll(z, s, axes) for s in np.ndindex(shape[:-1])])
    for depth in (1, 3):
        average, flatten = (Convolutional(depth, q, readout=r, spatial_axes=len(q)) for r in ("average", "flatten"))
        assert abs(average(x, z)[0, 0] / flatten(x, shifts).mean() - 1) <= 64 * EPS


def test_odd_part_of_two_layer_kernels_is_linear():
    X, Z = cases.gaussian(0, 4, (5, 6, 1)), cases.gaussian(1, 3, (5, 6, 1))
    inner = np.tensordot(X, Z, ((1, 2, 3), (1, 2, 3)))
    # kappa(u) - kappa(-u) = 2 u in |x| |z| kappa(u) / d; for pooled networks d <x, z> becomes (sum x)(sum z).
    odd = {
        FullyConnected(1): 2 * inner / 30,
        Convolutional(1, readout="flatten"): 2 * inner / 30,
        Convolutional(1): 2 * np.outer(X.sum((1, 2, 3)), Z.sum((1, 2, 3))) / 900,
    }
    for kernel, expected in odd.items():
        assert np.abs(kernel(X, Z) - kernel(-X, Z) - expected).max() <= 64 * EPS


def test_antipodal_images_are_orthogonal_after_one_layer():
    X = cases.gaussian(0, 3, (4, 5, 2))
    assert not np.diag(Convolutional(1, readout="flatten")(X, -X)).any()
    assert np.abs(np.diag(FullyConnected(1)(X, -X))).max() == 0


def test_homogeneous_kernels_scale_with_their_arguments():
    X, Z = cases.gaussian(0, 3, (4, 5, 2)), cases.gaussian(1, 3, (4, 5, 2))
    for kernel in (Convolutional(2), FullyConnected(2, "abs"), Convolutional(1, dense_layers=1)):
        for factor in (3.0, 1e-200, 1e150):
            assert np.abs(kernel(factor * X, Z) / factor / kernel(X, Z) - 1).max() <= 1e-12


def test_an_all_zero_image_has_kernel_zero_without_bias():
    X = np.zeros((1, 5, 5, 1))
    Z = np.concatenate([X, cases.gaussian(0, 1, (5, 5, 1))])
    assert not Convolutional(3)(X, Z).any()
    assert not FullyConnected(3)(X, Z).any()


def test_rows_are_images_of_the_input_shape():
    X = cases.gaussian(0, 3, (4, 5, 2))
    assert np.array_equal(Convolutional(2, input_shape=(4, 5, 2))(X.reshape(3, -1)), Convolutional(2)(X))


def test_integers_are_taken_as_float64():
    X = np.random.default_rng(0).integers(0, 16, (4, 8, 8, 1))
    gram = Convolutional(2)(X.astype(np.uint8))
    assert gram.dtype == np.float64
    assert np.array_equal(gram, Convolutional(2)(X.astype(float)))

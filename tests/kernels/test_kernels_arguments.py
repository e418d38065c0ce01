"""What kernels take, what they refuse and how they say it; what they are as objects."""

import subprocess
import sys
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.groups import flips
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage, arrays, dual, oracle

IMAGES = np.ones((2, 4, 6, 1))


WHOLE = "a whole number (of at least|from)"
CASES = [
    (lambda: Convolutional(0), ValueError, f"depth: got 0, takes {WHOLE} 1"),
    (lambda: Convolutional(1.5), TypeError, f"depth: got 1.5, takes {WHOLE} 1"),
    (lambda: Convolutional(True), TypeError, f"depth: got True, takes {WHOLE} 1"),
    (lambda: FullyConnected(-1), ValueError, f"depth: got -1, takes {WHOLE} 1"),
    (lambda: Convolutional(filter_size=0), ValueError, f"filter_size: got 0, takes {WHOLE} 1"),
    (
        lambda: Convolutional(filter_size=(3, 3, 3)),
        ValueError,
        r"filter_size: got \(3, 3, 3\), takes a whole number or",
    ),
    (
        lambda: Convolutional(filter_size=(3,)),
        ValueError,
        r"filter_size: got \(3,\), takes a whole number or a tuple of 2",
    ),
    (lambda: Convolutional(readout=(2, 2), spatial_axes=1), ValueError, r"readout: got \(2, 2\), takes .* tuple of 1"),
    (lambda: Convolutional(spatial_axes=3), ValueError, "spatial_axes: got 3, takes a whole number from 1 to 2"),
    (lambda: Convolutional(10**30), ValueError, "depth: got 10+, takes a whole number from 1 to 10000"),
    (lambda: Convolutional(filter_size="3"), TypeError, f"filter_size: got '3', takes {WHOLE} 1"),
    (lambda: Convolutional(readout="max"), ValueError, "readout: got 'max', takes one of 'average', 'flatten'"),
    (lambda: Convolutional(readout=0), ValueError, f"readout: got 0, takes {WHOLE} 1"),
    (lambda: Convolutional(readout=None), TypeError, f"readout: got None, takes {WHOLE} 1"),
    (lambda: Convolutional(padding="same"), ValueError, "padding: got 'same', takes one of 'circular', 'zero'"),
    (lambda: Convolutional(activation="tanh"), ValueError, "activation: got 'tanh', takes one of 'relu'"),
    (lambda: FullyConnected(activation=np.tanh), TypeError, "activation: got <ufunc 'tanh'>, takes one of 'relu'"),
    (lambda: Convolutional(bias_std=-1), ValueError, "bias_std: got -1, takes a non-negative finite number"),
    (lambda: Convolutional(bias_std="1"), TypeError, "bias_std: got '1', takes a non-negative finite number"),
    (lambda: Convolutional(weight_std=0), ValueError, "weight_std: got 0, takes a positive finite number"),
    (lambda: Convolutional(weight_std=float("nan")), ValueError, "weight_std: got nan, takes a positive finite"),
    (lambda: Convolutional(negative_slope=float("inf")), ValueError, "negative_slope: got inf, takes a finite number"),
    (lambda: FullyConnected(negative_slope=None), TypeError, "negative_slope: got None, takes a finite number"),
    (lambda: FullyConnected(weight_std=1e300), ValueError, "weight_std: got 1e.300, takes a positive .* below 1e.150"),
    (lambda: Convolutional(bias_std=1e200), ValueError, "bias_std: got 1e.200, takes a non-negative .* below 1e.150"),
    (
        lambda: FullyConnected(negative_slope=-1e200),
        ValueError,
        "negative_slope: got -1e.200, takes .* at least -1e.150",
    ),
    (lambda: Convolutional(dense_layers=10**5), ValueError, "dense_layers: got 100000, takes a whole number from 0 to"),
    (lambda: Convolutional(dense_layers=-1), ValueError, f"dense_layers: got -1, takes {WHOLE} 0"),
    (lambda: Convolutional(input_shape=(4,)), ValueError, r"input_shape: got \(4,\), takes a tuple"),
    (lambda: Convolutional(input_shape=24), TypeError, "input_shape: got 24, takes a tuple"),
    (lambda: GroupAverage("relu", flips()), TypeError, "kernel: got 'relu', takes a callable"),
    (lambda: GroupAverage(FullyConnected(), 4), TypeError, r"group: got 4, takes a shiftmath\.groups\.Group"),
    (lambda: dual.variance("tanh", 1.0), ValueError, "activation: got 'tanh', takes one of 'relu'"),
    (lambda: dual.homogeneous_weights("erf"), ValueError, "activation: got 'erf', takes one of 'relu'"),
    (lambda: oracle.gram(FullyConnected(), IMAGES, get="K"), ValueError, "get: got 'K', takes one of 'ntk', 'nngp'"),
]


@pytest.mark.parametrize(("make", "error", "words"), CASES)
def test_bad_parameters_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("as_array", [np.asarray, jnp.asarray])
@pytest.mark.parametrize(
    ("kernel", "X", "Z", "words"),
    [
        (Convolutional(filter_size=5), IMAGES, None, r"filter_size and X: got 5 and images \(4, 6\), takes filters as"),
        (Convolutional(readout=4), IMAGES, None, r"readout and X: got 4 and images \(4, 6\), takes a pooling block"),
        (Convolutional(), IMAGES[0, 0], None, r"X: got shape \(6, 1\), takes images"),
        (Convolutional(), IMAGES[..., None], None, r"X: got shape \(2, 4, 6, 1, 1\), takes images"),
        (Convolutional(), IMAGES, IMAGES[:, :3], r"X and Z: got images of shapes \(4, 6, 1\) and \(3, 6, 1\), takes"),
        (Convolutional(), IMAGES, np.ones((1, 4, 6, 3)), r"and \(4, 6, 3\), takes images of one shape"),
        (Convolutional(), IMAGES[:0], None, r"X: got shape \(0, 4, 6, 1\), takes at least one signal"),
        (Convolutional(), IMAGES, IMAGES[:, :0], r"Z: got shape \(2, 0, 6, 1\), takes at least one signal"),
        (Convolutional(input_shape=(4, 6, 1)), np.ones((2, 23)), None, "X: got rows of 23 entries, takes 24 for"),
        (Convolutional(input_shape=(6, 4, 1)), IMAGES, None, r"X: got images of .*, takes input_shape \(6, 4, 1\)"),
        (FullyConnected(), np.ones((2, 3)), np.ones((2, 4)), "X and Z: got rows of 3 and 4 entries, takes rows of one"),
        (FullyConnected(), np.ones(3), None, r"X: got shape \(3,\), takes rows"),
        (GroupAverage(FullyConnected(), flips()), np.ones(3), None, r"X: got shape \(3,\), takes signals"),
        (GroupAverage(FullyConnected(), flips()), np.ones((1, 3)), np.ones(3), r"Z: got shape \(3,\), takes signals"),
    ],
)
def test_bad_shapes_are_named(kernel, X, Z, words, as_array):
    with pytest.raises(ValueError, match=words):
        kernel(as_array(X), None if Z is None else as_array(Z))


KERNELS = [Convolutional(), FullyConnected(), GroupAverage(FullyConnected(), flips())]
TAKES = "takes an array of float32, float64, float16, integers or booleans"


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("as_array", [np.asarray, jnp.asarray])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_nan_and_infinity_are_named(kernel, as_array, dtype):
    broken = IMAGES.astype(dtype)
    broken[0, 1, 2, 0], broken[1] = np.nan, -np.inf
    good, broken = as_array(IMAGES.astype(dtype)), as_array(broken)
    for call in (kernel, getattr(kernel, "nngp", kernel)):
        with pytest.raises(ValueError, match=r"X: got nan at \(0, 1, 2, 0\), takes finite numbers"):
            call(broken, good)
        with pytest.raises(ValueError, match=r"Z: got -inf at \(0, 0, 0, 0\), takes finite numbers"):
            call(good, broken[1:])


@pytest.mark.parametrize("kernel", KERNELS)
def test_nan_is_named_in_an_array_that_meets_one_of_the_other_library_or_a_tracer(kernel):
    broken = IMAGES * np.nan
    for X, Z in ((IMAGES, jnp.asarray(broken)), (jnp.asarray(IMAGES), broken)):
        with pytest.raises(ValueError, match="Z: got nan at"):
            kernel(X, Z)
    for Z in (broken, jnp.asarray(broken)):
        with pytest.raises(ValueError, match="Z: got nan at"):
            jax.jit(lambda X, Z=Z: kernel(X, Z))(IMAGES)


OVERFLOW = [
    (FullyConnected(), 1e155),
    (FullyConnected(2, bias_std=0.1), 1e155),
    (FullyConnected(activation="gelu"), 1e155),
    (Convolutional(), 1e155),
    (Convolutional(readout="flatten", bias_std=0.1), 1e160),
    (Convolutional(activation="gelu", dense_layers=1), 1e155),
    (GroupAverage(FullyConnected(), flips()), 1e155),
]


@pytest.mark.parametrize("as_array", [np.asarray, jnp.asarray])
@pytest.mark.parametrize(("kernel", "size"), OVERFLOW, ids=repr)
def test_what_overflows_is_named_and_never_returned(kernel, size, as_array):
    small, large = as_array(IMAGES), as_array(size * IMAGES)
    takes = r"got entries up to 1e\+\d+, whose kernel is not finite in float64, takes smaller ones"
    calls = [kernel, kernel.diag]
    # All are ways into one face; each is another program to be compiled, of which those of vectors are short.
    if every := as_array is np.asarray or isinstance(kernel, FullyConnected):
        calls += [kernel.nngp, lambda X: kernel(X, X), lambda X: kernel(X, progress=True)]
    with jax.debug_nans(False):
        for call in calls:
            with pytest.raises(ValueError, match=f"X: {takes}"):
                call(large)
        if every:
            with pytest.raises(ValueError, match=f"Z: {takes}"):
                kernel(small, as_array(np.full_like(IMAGES, 1e308)))
        assert as_array is np.asarray or not np.isfinite(jax.jit(kernel)(large)).all()
    assert np.isfinite(kernel(as_array(1e-300 * IMAGES))).all()


def test_what_overflows_in_float32_is_named():
    for as_array in (np.asarray, jnp.asarray):
        X = as_array(np.full((1, 3), 1e20, np.float32))
        with jax.debug_nans(False), pytest.raises(ValueError, match=r"X: got .* 1e\+20, .* not finite in float32"):
            FullyConnected()(X)


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_masked_arrays_are_refused_everywhere(kernel):
    masked = np.ma.array(IMAGES, mask=IMAGES > 0)
    for call in (kernel, kernel.nngp, kernel.diag):
        with pytest.raises(TypeError, match="X: got a masked array, takes"):
            call(masked)
    with pytest.raises(TypeError, match="Z: got a masked array, takes"):
        kernel(jnp.asarray(IMAGES), masked)


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_other_byte_orders_and_lengths_are_converted(kernel):
    X = np.random.default_rng(0).integers(-8, 8, IMAGES.shape)
    grams = {np.dtype(d): kernel(X.astype(d)) for d in (float, np.float32)}
    for given, dtype in ((">f8", "f8"), (">f4", "f4"), ("g", "f8"), (">i4", "f8"), ("f2", "f4"), (jnp.bfloat16, "f4")):
        for values in (kernel(X.astype(given)), np.asarray(kernel(X.astype(given), jnp.asarray(X.astype(dtype))))):
            assert values.dtype == dtype
            assert np.abs(values - grams[np.dtype(dtype)]).max() <= 1e-6 * np.abs(values).max()


@pytest.mark.latest
@pytest.mark.parametrize("kernel", [Convolutional(filter_size=1, readout="flatten"), FullyConnected()])
def test_nan_in_a_tracer_gives_nan(kernel):
    with jax.debug_nans(False):
        gram = jax.jit(kernel)(np.concatenate([IMAGES[:1] * np.nan, IMAGES[1:]]))
    assert np.isnan(gram).tolist() == [[True, True], [True, False]]


@pytest.mark.latest
@pytest.mark.parametrize("kernel", KERNELS)
def test_other_types_are_named(kernel):
    with pytest.raises(ValueError, match="X: got rows of unequal lengths, takes an array of float32"):
        kernel([[1.0, 2.0], [3.0]])
    for wrong in (IMAGES + 1j, IMAGES.astype(str), np.array([None]), jnp.asarray(IMAGES + 1j)):
        with pytest.raises(TypeError, match=f"X: got dtype {wrong.dtype}, {TAKES}"):
            kernel(wrong)
    with pytest.raises(TypeError, match=f"Z: got dtype <U32, {TAKES}"):
        kernel(jnp.asarray(IMAGES), IMAGES.astype(str))
    with pytest.raises(TypeError, match=rf"X: got dtype key<\w+>, {TAKES}"):
        kernel(jax.random.key(0)[None, None])


@pytest.mark.latest
@pytest.mark.parametrize("as_array", [np.asarray, jnp.asarray])
def test_integers_are_promoted_and_short_floats_come_out_longer(as_array):
    X = as_array(np.array([[1, 0], [3, 4]]))
    for dtype, result in (("int8", "float64"), ("bool", "float64"), ("float16", "float32"), ("float32", "float32")):
        gram = FullyConnected()(X.astype(dtype))
        assert gram.dtype == result
        assert np.allclose(gram, FullyConnected()(np.asarray(X.astype(dtype), float)), rtol=1e-5)
    for dtype in (jnp.bfloat16, jnp.float8_e4m3fn):
        assert FullyConnected()(jnp.asarray(X, dtype)).dtype == "float32"


def test_a_result_larger_than_memory_is_refused_with_its_size():
    with pytest.raises(ValueError, match=r"X and Z: got .* 8000000000000000000 bytes, takes as many as fit .*blocks"):
        arrays.fits_memory(10**9, 10**9, 8)


@pytest.mark.parametrize("as_array", [np.zeros, jnp.zeros])
def test_a_gram_larger_than_memory_is_refused_before_the_work(as_array):
    X = as_array((2 * 10**6, 1))
    for call in (
        FullyConnected(),
        GroupAverage(FullyConnected(), flips()),
        Convolutional(filter_size=1, spatial_axes=1),
    ):
        with pytest.raises(ValueError, match="X and Z: got 2000000 and 2000000 signals, whose Gram matrix would take"):
            call(X)
        with pytest.raises(ValueError, match="X and Z: got 2000000 and 2000000 signals"):
            jax.jit(call)(X)


def test_zero_padding_takes_a_filter_larger_than_the_image():
    assert np.isfinite(Convolutional(filter_size=9, padding="zero")(IMAGES)).all()


NUMBERS = [
    (Convolutional(filter_size=[3, 3]), Convolutional(filter_size=(3, 3))),
    (Convolutional(filter_size=(np.int64(3), np.uint8(2))), Convolutional(filter_size=(3, 2))),
    (Convolutional(np.int8(2), np.int64(4), readout=(np.int32(2), 2)), Convolutional(2, 4, readout=(2, 2))),
    (Convolutional(input_shape=[np.int64(4), 4], spatial_axes=np.uint8(2)), Convolutional(input_shape=(4, 4))),
    (FullyConnected(bias_std=np.float32(0.5), weight_std=2), FullyConnected(bias_std=0.5, weight_std=2.0)),
    (
        FullyConnected(bias_std=Fraction(1, 2), negative_slope=np.float16(0.25)),
        FullyConnected(1, "relu", 0.5, 2**0.5, 0.25),
    ),
    (FullyConnected(activation=np.str_("abs")), FullyConnected(activation="abs")),
    (
        Convolutional(padding=np.str_("zero"), readout=np.str_("flatten")),
        Convolutional(padding="zero", readout="flatten"),
    ),
]


@pytest.mark.parametrize(("given", "meant"), NUMBERS, ids=repr)
def test_numbers_are_stored_as_pythons_own(given, meant):
    assert given == meant
    assert hash(given) == hash(meant)
    assert repr(given) == repr(meant)
    X = np.ones((2, 4, 4), np.float32)
    for as_array in (np.asarray, jnp.asarray):
        assert given(as_array(X)).dtype == np.float32
        assert np.array_equal(given(as_array(X)), meant(as_array(X)))


def test_importing_loads_neither_numba_nor_neural_tangents_nor_jax():
    code = "import sys, shiftmath.kernels; sys.exit(any(m in sys.modules for m in ('numba', 'neural_tangents', 'jax')))"
    assert subprocess.run([sys.executable, "-c", code], check=True).returncode == 0

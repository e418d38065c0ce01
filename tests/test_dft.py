"""The DFT convention: unitary, minus in the exponent, zero frequency first; the DC component is its zero frequency."""

import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from shiftmath import dc, orthogonal_frequencies, orthogonal_vectors
from shiftmath.dft import dft, idft, idft_real, power_spectrum, shift_phases, shifted_span_dimension
from shiftmath.groups import circular_shifts, shift

EPS = float(np.finfo(float).eps)
SHAPES = [1, 2, 5, 7, 12, 31, (1, 1), (3, 4), (5, 5), (2, 3, 4)]


def dft_by_definition(x):
    """The sum of the definition, term by term in 30 digits, for a signal on a line."""
    d = len(x)
    with mpmath.workdps(30):
        return [
            mpmath.fsum(v * mpmath.expjpi(mpmath.mpf(-2 * k * i) / d) for i, v in enumerate(x)) / mpmath.sqrt(d)
            for k in range(d)
        ]


@pytest.mark.parametrize("d", [1, 2, 5, 8, 13])
def test_dft_is_its_definition(d, rng):
    x = rng.standard_normal(d)
    expected = np.array([complex(z) for z in dft_by_definition(x.tolist())])
    assert np.abs(dft(x) - expected).max() <= 8 * EPS * np.linalg.norm(x)


@pytest.mark.parametrize("shape", SHAPES)
def test_dc_is_the_zero_frequency_and_not_the_mean(shape, rng):
    x = rng.standard_normal(shape)
    assert abs(dc(x) - dft(x).flat[0]) <= 8 * EPS * np.linalg.norm(x)
    assert dc(x) == pytest.approx(math.fsum(x.ravel()) / math.sqrt(x.size), rel=8 * EPS, abs=8 * EPS)
    assert dc(np.ones(shape)) == pytest.approx(math.sqrt(x.size), rel=4 * EPS)


def test_dc_over_some_axes_is_that_of_each_signal(rng):
    x = rng.standard_normal((4, 3, 5))
    assert np.allclose(dc(x, axes=(1, 2)), [dc(signal) for signal in x], rtol=0, atol=16 * EPS)
    assert np.allclose(dc(x, axes=-1), x.sum(axis=-1) / np.sqrt(5), rtol=0, atol=16 * EPS)


@pytest.mark.parametrize("shape", SHAPES)
def test_dft_is_unitary_and_idft_its_inverse(shape, rng):
    x = rng.standard_normal(shape)
    assert power_spectrum(x).sum() == pytest.approx(np.square(x).sum(), rel=32 * EPS)
    assert np.abs(idft(dft(x)) - x).max() <= 16 * EPS * np.linalg.norm(x)
    assert np.abs(idft_real(dft(x)) - x).max() <= 16 * EPS * np.linalg.norm(x)


@pytest.mark.parametrize("shape", SHAPES)
def test_dft_diagonalises_every_shift(shape, rng):
    x = rng.standard_normal(shape)
    for s in rng.integers(-9, 9, (4, x.ndim)):
        assert np.abs(dft(shift(x, s)) - shift_phases(x.shape, s) * dft(x)).max() <= 16 * EPS * np.linalg.norm(x)


def test_a_shift_off_by_one_breaks_the_shift_theorem(rng):
    x = rng.standard_normal(9)
    assert np.abs(dft(shift(x, 3)) - shift_phases(9, 2) * dft(x)).max() > 0.1


def test_power_spectrum_is_the_same_for_all_shifts(rng):
    x = rng.standard_normal((3, 4))
    assert np.abs(power_spectrum(shift(x, (1, 2))) - power_spectrum(x)).max() <= 64 * EPS * np.square(x).sum()


@pytest.mark.parametrize("d", [2, 4, 12])
def test_half_shift_of_even_length_is_not_real_and_refused(d, rng):
    spectrum = shift_phases(d, 0.5) * dft(rng.standard_normal(d))
    with pytest.raises(ValueError, match=r"spectrum: got a signal with imaginary part .*, takes a Hermitian spectrum"):
        idft_real(spectrum)


@pytest.mark.parametrize("d", [3, 9])
def test_half_shift_of_odd_length_is_real_and_two_of_them_are_one_shift(d, rng):
    x = rng.standard_normal(d)
    half = idft_real(shift_phases(d, 0.5) * dft(x))
    assert np.abs(idft_real(shift_phases(d, 0.5) * dft(half)) - shift(x, 1)).max() <= 64 * EPS * np.linalg.norm(x)


# From the subnormal numbers to the largest: sums of 12 of them and squares over- or underflow at most of these.
POWERS = [-1073, -1030, -700, 0, 1, 600, 1019]


@pytest.mark.parametrize("power", POWERS[2:])
@pytest.mark.parametrize("transform", [dft, idft])
def test_a_power_of_two_goes_through_a_transform_exactly(transform, power, rng):
    x = rng.uniform(-1, 1, (3, 4))
    small = transform(x)
    large = transform(np.ldexp(x, power))
    assert np.array_equal(np.ldexp(small.real, power), large.real)
    assert np.array_equal(np.ldexp(small.imag, power), large.imag)


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("shape", [5, 12, (3, 4), 512])
def test_the_spectrum_of_a_real_signal_of_any_size_is_accepted(shape, power, rng):
    x = np.ldexp(rng.uniform(-1, 1, shape), power)
    # Half of the smallest number in each part of the spectrum, and once more in the signal, besides the FFT's rounding.
    quantum = 2 * math.sqrt(x.size) * np.finfo(float).smallest_subnormal
    largest = np.abs(x).max()
    assert np.abs(idft_real(dft(x)) / 2 - x / 2).max() <= 16 * EPS * largest * math.sqrt(x.size) + quantum


@pytest.mark.parametrize("d", [2, 3, 12])
def test_half_of_the_smallest_number_in_a_spectrum_is_rounding(d, rng):
    smallest = float(np.finfo(float).smallest_subnormal)
    spectrum = dft(np.ldexp(rng.uniform(-1, 1, d), -1068)) + 1j * smallest
    assert abs(idft(spectrum).imag).max() > 0
    assert idft_real(spectrum).shape == (d,)
    with pytest.raises(ValueError, match="spectrum: got a signal with imaginary part"):
        idft_real(np.ldexp(spectrum.real, 1068) + 1j * np.ldexp(spectrum.imag, 1068))


@pytest.mark.parametrize("power", POWERS[1:])
@pytest.mark.parametrize("spectrum", [[0, 1, 0, 0], [1, 1e-9j, 0, 0], [-1j, 0, 0, 0], [1j, 0, 0, 0]])
def test_an_imaginary_part_of_either_sign_is_refused_at_any_size(spectrum, power):
    spectrum = np.array(spectrum, complex)
    assert abs(np.fft.ifft(spectrum).imag).max() > 0
    with pytest.raises(ValueError, match="spectrum: got a signal with imaginary part"):
        idft_real(np.ldexp(spectrum.real, power) + 1j * np.ldexp(spectrum.imag, power))


def test_each_signal_of_a_batch_is_held_to_its_own_rounding(rng):
    spectra = np.stack([1e9 * dft(rng.standard_normal(4)), [0, 1e-7, 0, 0]])
    with pytest.raises(ValueError, match="spectrum: got a signal with imaginary part 5e-08"):
        idft_real(spectra, axes=1)
    assert idft_real(spectra[:1], axes=1).shape == (1, 4)


def test_float32_has_its_own_rounding(rng):
    x = rng.standard_normal(64).astype(np.float32)
    for power in (-100, 0, 100):
        back = idft_real(dft(np.ldexp(x, power)))
        assert back.dtype == np.float32
        assert np.abs(np.ldexp(back, -power) - x).max() <= 16 * np.finfo(np.float32).eps * np.linalg.norm(x)


@pytest.mark.latest
def test_a_tracer_is_refused_where_values_decide():
    with pytest.raises(ValueError, match="spectrum: got a JAX tracer, takes known numbers"):
        jax.jit(idft_real)(jnp.ones(4))
    assert np.array_equal(idft_real(2 * jnp.eye(4)[0]), np.ones(4))


@pytest.mark.parametrize("size", [1e155, 1e300])
def test_a_power_that_overflows_is_an_error_and_not_infinite(size):
    with pytest.raises(ValueError, match="x: got numbers whose squares overflow, takes smaller ones"):
        power_spectrum([size, 0, 0, 0])
    assert power_spectrum([1e154, 0, 0, 0]) == pytest.approx(np.full(4, 2.5e307), rel=8 * EPS)


@pytest.mark.parametrize("size", [1e-310, 1e-170, 1.0, 1e160, 1e307])
def test_the_span_of_all_shifts_knows_no_scale(size):
    wave = np.cos(np.pi / 2 * np.arange(12))
    assert shifted_span_dimension(size * wave[None]) == 2
    assert shifted_span_dimension(size * np.stack([wave, wave + 1])) == 3


def test_phases_are_the_same_after_whole_rounds():
    # 3 + 8 * 2^40 is exact, and so is what is left after rounds of 8.
    assert np.array_equal(shift_phases(8, 3 + 8 * 2.0**40), shift_phases(8, 3))
    assert np.array_equal(shift_phases((4, 6), (-(2**45), 6 * 2**40 + 1.5)), shift_phases((4, 6), (0, 1.5)))


AXES = [
    ((2, 2, 2), ValueError, r"axes: got \(2, 2, 2\), takes different axes of a signal that has 3, from -3 to 2"),
    ((0, -3), ValueError, r"axes: got \(0, -3\), takes different axes"),
    (3, ValueError, "axes: got 3, takes different axes of a signal that has 3"),
    ((), ValueError, r"axes: got \(\), takes different axes"),
    (True, TypeError, "axes: got True, takes None, an axis or a sequence of axes"),
    ((0, True), TypeError, r"axes: got \(0, True\), takes None, an axis"),
    (1.0, TypeError, "axes: got 1.0, takes None, an axis"),
    ("0", TypeError, "axes: got '0', takes None, an axis"),
    (((0, 1), (2,)), TypeError, "axes: got .*, takes None, an axis"),
    ({0}, TypeError, r"axes: got \{0\}, takes None, an axis"),
    (10**30, ValueError, "axes: got 10+, takes different axes"),
]


@pytest.mark.parametrize(("axes", "error", "message"), AXES)
@pytest.mark.parametrize("function", [dc, dft, idft, idft_real, power_spectrum])
def test_bad_axes_are_named(function, axes, error, message):
    with pytest.raises(error, match=f"^{message}"):
        function(np.ones((2, 3, 4)), axes=axes)


@pytest.mark.parametrize("axes", [np.int64(1), (1,), [1], np.array([1]), np.array(1), -2, range(1, 2)])
def test_an_axis_may_be_written_in_many_ways(axes, rng):
    x = rng.standard_normal((2, 3, 4))
    for function in (dc, dft, idft, power_spectrum):
        assert np.array_equal(function(x, axes=axes), function(x, axes=1))


@pytest.mark.parametrize(
    ("shape", "shift", "error", "message"),
    [
        (4, (1, 2), ValueError, r"shift: got shape \(2,\), takes one number, or one for each of the 1 axes"),
        ((4, 4, 4), (1,), ValueError, r"shift: got shape \(1,\), takes one number"),
        (4, math.nan, ValueError, r"shift: got nan at \(\), takes finite numbers"),
        (4, math.inf, ValueError, r"shift: got inf at \(\), takes finite numbers"),
        (4, "one", TypeError, "shift: got dtype <U3, takes a number, or one for each axis"),
        (4, 1j, TypeError, "shift: got dtype complex128, takes a number"),
        ((10**6, 10**6), 1, ValueError, r"shape: got \(1000000, 1000000\), the phases would take 3.* bytes, takes"),
        (10**30, 1, ValueError, r"shape: got \(10+,\), the phases would take"),
    ],
)
def test_bad_phases_are_named(shape, shift, error, message):
    with pytest.raises(error, match=f"^{message}"):
        shift_phases(shape, shift)


def rank_of_all_shifts(X):
    """By singular values, which know nothing of frequencies."""
    return np.linalg.matrix_rank(np.concatenate([circular_shifts().orbit(x) for x in X]).reshape(-1, X[0].size))


@pytest.mark.parametrize("shape", [1, 2, 5, 12, (3, 4)])
def test_the_shifts_of_random_samples_span_everything(shape, rng):
    X = rng.standard_normal((2, *np.atleast_1d(shape)))
    assert shifted_span_dimension(X) == rank_of_all_shifts(X) == X[0].size


def test_the_span_of_all_shifts_is_that_of_the_frequencies_present(rng):
    for _ in range(20):
        X = rng.standard_normal((3, 15))
        present = rng.random(8) < 0.4
        X = np.fft.irfft(np.fft.rfft(X) * present, 15)
        # The zero frequency is one dimension, each other two.
        assert shifted_span_dimension(X) == rank_of_all_shifts(X) == 2 * present.sum() - present[0]


@pytest.mark.parametrize(("d", "n"), [(9, 2), (64, 8), (31, 10)])
def test_shifts_add_nothing_to_the_span_of_frequencies_and_everything_to_that_of_vectors(d, n):
    frequencies, vectors = (np.concatenate(c) for c in (orthogonal_frequencies(d, n), orthogonal_vectors(d, n)))
    assert shifted_span_dimension(frequencies) == np.linalg.matrix_rank(frequencies) == 2 * n
    assert shifted_span_dimension(vectors) == rank_of_all_shifts(vectors) == d


@pytest.mark.latest
def test_jax_arrays_stay_jax_arrays_and_are_differentiable(rng):
    x = jnp.asarray(rng.standard_normal((3, 4)))
    assert isinstance(dc(x), jax.Array)
    assert np.allclose(jax.grad(dc)(x), 1 / np.sqrt(12), rtol=4 * EPS)
    assert np.allclose(jax.jit(dft)(x), dft(np.asarray(x)), rtol=0, atol=64 * EPS)
    assert np.allclose(jax.vmap(dc)(x), dc(np.asarray(x), axes=1), rtol=0, atol=64 * EPS)


def test_float32_stays_float32():
    assert dc(np.ones(4, np.float32)).dtype == np.float32


def test_integers_are_promoted():
    assert dc(np.array([200, 100], np.uint8)) == pytest.approx(300 / math.sqrt(2))


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([], ValueError, r"x: got shape \(0,\), takes an array of real numbers with at least one axis and one sample"),
        (3.0, ValueError, r"x: got shape \(\), takes"),
        ([[1.0], [1.0, 2.0]], ValueError, "x: got rows of unequal lengths, takes"),
        ("dot", TypeError, "x: got dtype <U3, takes an array of real numbers"),
        ([1.0, float("nan")], ValueError, r"x: got nan at \(1,\), takes finite numbers"),
        ([float("inf"), 1.0], ValueError, r"x: got inf at \(0,\), takes finite numbers"),
        ([1e308, 1e308], ValueError, "x: got numbers whose sum overflows"),
        ([1j], TypeError, "x: got dtype complex128, takes an array of real numbers"),
        (
            np.ma.array([1.0, 2.0], mask=[0, 1]),
            TypeError,
            r"x: got a masked array, takes .*; .filled",
        ),
        ([np.ma.array([1.0, 2.0], mask=[0, 1])], TypeError, "x: got a masked array, takes"),
        (jnp.array([1.0, jnp.inf]), ValueError, r"x: got inf at \(1,\), takes finite numbers"),
    ],
)
def test_bad_signals_are_named(x, error, message):
    with pytest.raises(error, match=message):
        dc(x)

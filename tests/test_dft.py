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
    with pytest.raises(ValueError, match="spectrum is not that of a real signal: the imaginary part reaches"):
        idft_real(spectrum)


@pytest.mark.parametrize("d", [3, 9])
def test_half_shift_of_odd_length_is_real_and_two_of_them_are_one_shift(d, rng):
    x = rng.standard_normal(d)
    half = idft_real(shift_phases(d, 0.5) * dft(x))
    assert np.abs(idft_real(shift_phases(d, 0.5) * dft(half)) - shift(x, 1)).max() <= 64 * EPS * np.linalg.norm(x)


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
    ],
)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_bad_signals_are_named(x, error, message):
    with pytest.raises(error, match=message):
        dc(x)

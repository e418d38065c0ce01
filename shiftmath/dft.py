r"""The discrete Fourier transform: the one place where its convention is stated.

For a signal $x$ of shape $(d_1, \dots, d_r)$ with $d = d_1 \cdots d_r$ samples,

$$\hat x_k = \frac{1}{\sqrt d} \sum_i x_i \, e^{-2\pi \mathrm{i} \sum_a k_a i_a / d_a},$$

so the transform is unitary, frequency 0 comes first and the sign in the exponent is minus. The circular shift
$(T_s x)_i = x_{i-s}$ multiplies $\hat x_k$ by $e^{-2\pi \mathrm{i} \sum_a k_a s_a / d_a}$ (`shift_phases`).

NumPy arrays and sequences give NumPy arrays, JAX arrays give JAX arrays.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Complex
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import (
    as_array,
    as_axes,
    as_samples,
    as_shape,
    as_signal,
    require_finite,
    require_finite_result,
)
from shiftmath._shared.memory import require_memory
from shiftmath._shared.scaling import exponents, times_powers_of_two
from shiftmath._shared.values import is_traced

__all__ = ["dc", "dft", "idft", "idft_real", "power_spectrum", "shift_phases", "shifted_span_dimension"]

Axes = int | Sequence[int] | None


def dc(x: "ArrayLike", axes: Axes = None) -> Any:
    r"""The DC component $f_{dc}(x) = \frac{1}{\sqrt d}\sum_i x_i$, the zero frequency of the orthonormal DFT.

    It is the inner product with the unit vector $\mathbf 1/\sqrt d$, and it is not the mean: mean = dc / sqrt(d).

    Args:
        x: one signal of any shape; with `axes`, an array of which these axes are the signal's.
        axes: the axes of the signal; None takes all.

    Returns:
        A scalar, or an array over the axes that are not the signal's.

    Raises:
        ValueError, TypeError: no finite real numbers, a sum that overflows, axes that `x` has not or twice.

    Source: Ge et al. (2021), section 3.

    >>> float(dc([1.0, 2.0, 3.0, 6.0]))
    6.0
    >>> dc(np.ones((2, 3, 3)), axes=(1, 2))
    array([3., 3.])
    """
    x = as_signal("x", x)
    axes = as_axes("axes", axes, x.ndim)
    if not isinstance(x, np.ndarray):  # JAX may be set to raise an error of its own
        require_finite("x", x)
    with np.errstate(over="ignore", invalid="ignore"):  # the result is looked at instead
        sums = x.sum(axis=axes) / math.sqrt(_count(x, axes))
    return require_finite_result("x", x, sums)


def dft(x: "ArrayLike", axes: Axes = None) -> Any:
    r"""The orthonormal DFT $\hat x_k = \frac{1}{\sqrt d}\sum_i x_i e^{-2\pi\mathrm{i} k\cdot i/d}$ over all axes.

    `axes` names the axes of the signal where the array has others too; errors as for `dc`.

    >>> dft([1.0, 0.0, 0.0, 0.0])
    array([0.5+0.j, 0.5+0.j, 0.5+0.j, 0.5+0.j])
    """
    x = as_signal("x", x)
    return _transformed("x", x, as_axes("axes", axes, x.ndim), "fftn")


def idft(spectrum: "ArrayLike", axes: Axes = None) -> Any:
    r"""The inverse of `dft`, complex: $x_i = \frac{1}{\sqrt d}\sum_k \hat x_k e^{2\pi\mathrm{i} k\cdot i/d}$.

    >>> np.round(idft(dft([1.0, 2.0, 3.0])), 12)
    array([1.+0.j, 2.+0.j, 3.+0.j])
    """
    spectrum = as_signal("spectrum", spectrum, complex_allowed=True)
    return _transformed("spectrum", spectrum, as_axes("axes", axes, spectrum.ndim), "ifftn")


def idft_real(spectrum: "ArrayLike", axes: Axes = None) -> Any:
    r"""The inverse of `dft` for the spectrum of a real signal, as a real array.

    Such a spectrum is Hermitian, $\hat x_{-k} = \overline{\hat x_k}$, and the inverse has no imaginary part beyond
    rounding. One that has is refused, not truncated, whatever its size; with `axes`, each signal is held to its own.

    Raises:
        ValueError: the imaginary part exceeds rounding, or cannot be read because the spectrum is a JAX tracer.
        ValueError, TypeError: as `dc`.

    >>> idft_real([2.0, 0.0, 0.0, 0.0])
    array([1., 1., 1., 1.])
    >>> idft_real([0.0, 1.0, 0.0, 0.0])
    Traceback (most recent call last):
        ...
    ValueError: spectrum: got a signal with imaginary part 0.5, rounding explains 2.7e-15, takes a Hermitian spectrum
    """
    spectrum = as_signal("spectrum", spectrum, complex_allowed=True)
    if is_traced(spectrum):
        raise ValueError("spectrum: got a JAX tracer, takes known numbers; idft(spectrum).real is not checked")
    axes = as_axes("axes", axes, spectrum.ndim)
    x = _transformed("spectrum", spectrum, axes, "ifftn")
    _require_real(np.asarray(x), axes)
    return x.real


def _require_real(x: np.ndarray, axes: tuple[int, ...]) -> None:
    """A ValueError unless each signal is real to the rounding of its transform."""
    y, exponent = _scaled(x, axes)
    # The FFT of d points errs by at most about log2(d) eps |x| in the Euclidean norm; 4 is the safety factor. Numbers
    # near the smallest err by half of it each besides.
    eps, quantum = float(np.finfo(x.dtype).eps), np.ldexp(float(np.finfo(x.dtype).smallest_subnormal), -exponent)
    norms = np.sqrt(np.sum(abs(y) ** 2, axis=axes, keepdims=True))
    d = _count(x, axes)
    rounding = 4 * (eps * (1 + math.log2(d)) * norms + math.sqrt(d) * quantum)
    imaginary = abs(y.imag).max(axis=axes, keepdims=True)
    if not (imaginary <= rounding).all():
        worst = np.unravel_index(np.argmax(imaginary - rounding), imaginary.shape)
        reaches, explains = (float(np.ldexp(v, exponent)[worst]) for v in (imaginary, rounding))
        raise ValueError(
            f"spectrum: got a signal with imaginary part {reaches:.2g}, rounding explains {explains:.2g}, "
            "takes a Hermitian spectrum"
        )


def power_spectrum(x: "ArrayLike", axes: Axes = None) -> Any:
    r"""The power $|\hat x_k|^2$ at each frequency; it sums to $|x|^2$ (Parseval) and no circular shift changes it.

    Errors as for `dc`; the squares may overflow too.

    >>> power_spectrum([3.0, 0.0, 0.0, 0.0]), power_spectrum([0.0, 3.0, 0.0, 0.0])
    (array([2.25, 2.25, 2.25, 2.25]), array([2.25, 2.25, 2.25, 2.25]))
    """
    with np.errstate(over="ignore"):  # the result is looked at instead
        power = abs(dft(x, axes)) ** 2
    return require_finite_result("x", x, power, "squares overflow")


def shift_phases(shape: int | Sequence[int], shift: float | Sequence[float]) -> Complex[np.ndarray, "..."]:
    r"""The eigenvalues $e^{-2\pi\mathrm{i}\sum_a k_a s_a/d_a}$ of the circular shift $T_s$, one for each frequency.

    The Fourier basis diagonalises every circular shift: `dft(T_s x) = shift_phases(x.shape, s) * dft(x)`. A shift that
    is not whole is allowed; on an even number of samples it does not map real signals to real signals.

    Args:
        shape: the shape of the signal.
        shift: samples along each axis.

    >>> np.round(shift_phases(4, 1), 12)
    array([ 1.+0.j,  0.-1.j, -1.+0.j,  0.+1.j])
    """
    shape = as_shape("shape", shape)
    require_memory("shape", shape, 32 * math.prod(shape), "the phases")
    steps = as_array("shift", shift, "a number, or one for each axis")
    if steps.shape not in ((), (len(shape),)):
        raise ValueError(f"shift: got shape {steps.shape}, takes one number, or one for each of the {len(shape)} axes")
    require_finite("shift", steps)
    # Whole rounds are taken off before any product rounds them.
    steps = np.fmod(np.broadcast_to(np.asarray(steps, float), (len(shape),)), shape)
    turns = sum(np.meshgrid(*(np.fft.fftfreq(d) * s for d, s in zip(shape, steps, strict=True)), indexing="ij"))
    return np.exp(-2j * np.pi * (turns - np.rint(turns)))


def shifted_span_dimension(X: "ArrayLike") -> int:
    r"""The dimension of the span of all circular shifts of all samples, $|\{k : \hat x_k \ne 0 \text{ for some } x\}|$.

    The span is closed under shifts, so it is a sum of their common eigenspaces, of which each frequency is one. What is
    within rounding of 0, against the largest of the norms, counts as 0.

    Args:
        X: samples (n, *spatial).

    >>> shifted_span_dimension([[1.0, 0.0, -1.0, 0.0]]), shifted_span_dimension([[1.0, 0.0, 0.0, 0.0]])
    (2, 4)
    """
    X = as_signal("X", as_samples("X", X))
    require_finite("X", X)
    axes = tuple(range(1, X.ndim))
    spectra = abs(_transformed("X", _scaled(X, None)[0], axes, "fftn"))
    rounding = 4 * float(np.finfo(spectra.dtype).eps) * (1 + math.log2(X[0].size))
    norms = np.sqrt(np.sum(spectra**2, axis=axes))
    return int(np.count_nonzero(spectra.max(axis=0) > rounding * norms.max()))


def _count(x: Any, axes: Sequence[int]) -> int:
    """The number of samples along the axes."""
    return math.prod(x.shape[a] for a in axes)


def _transformed(name: str, x: Any, axes: tuple[int, ...], transform: str) -> Any:
    """The orthonormal "fftn" or "ifftn" along the axes, of signals of any size; that of a tracer as it comes."""
    transform = partial(getattr(x.__array_namespace__().fft, transform), axes=axes, norm="ortho")
    if is_traced(x):
        return transform(x)
    require_finite(name, x)
    y, exponent = _scaled(x, axes)
    with np.errstate(over="ignore", invalid="ignore"):  # the result is looked at instead
        return require_finite_result(name, x, times_powers_of_two(transform(y), exponent))


def _scaled(x: Any, axes: tuple[int, ...] | None) -> tuple[Any, np.ndarray]:
    """x / 2^e and e for each signal, such that its largest entries are near 1: no square overflows."""
    x = x if x.dtype.itemsize > 2 else x.astype(np.float32)
    e = exponents(np.asarray(x), axes)
    return times_powers_of_two(x, -e), e

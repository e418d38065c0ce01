r"""The discrete Fourier transform: the one place where its convention is stated.

For a signal $x$ of shape $(d_1, \dots, d_r)$ with $d = d_1 \cdots d_r$ samples,

$$\hat x_k = \frac{1}{\sqrt d} \sum_i x_i \, e^{-2\pi \mathrm{i} \sum_a k_a i_a / d_a},$$

so the transform is unitary, frequency 0 comes first and the sign in the exponent is minus. The circular shift
$(T_s x)_i = x_{i-s}$ multiplies $\hat x_k$ by $e^{-2\pi \mathrm{i} \sum_a k_a s_a / d_a}$ (`shift_phases`).

NumPy arrays and sequences give NumPy arrays, JAX arrays give JAX arrays.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Complex
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_samples, as_shape, as_signal, require_finite_result

__all__ = ["dc", "dft", "idft", "idft_real", "power_spectrum", "shift_phases", "shifted_span_dimension"]

Axes = int | Sequence[int] | None


def _count(x: Any, axes: Axes) -> int:
    """The number of samples along the axes."""
    if axes is None:
        return int(np.prod(x.shape, dtype=int))
    return math.prod(x.shape[a] for a in np.atleast_1d(axes))


def dc(x: ArrayLike, axes: Axes = None) -> Any:
    r"""The DC component $f_{dc}(x) = \frac{1}{\sqrt d}\sum_i x_i$, the zero frequency of the orthonormal DFT.

    It is the inner product with the unit vector $\mathbf 1/\sqrt d$, and it is not the mean: mean = dc / sqrt(d).

    Args:
        x: one signal of any shape; with `axes`, an array of which these axes are the signal's.
        axes: the axes of the signal; None takes all.

    Returns:
        A scalar, or an array over the axes that are not the signal's.

    Source: Ge et al. (2021), section 3.

    >>> float(dc([1.0, 2.0, 3.0, 6.0]))
    6.0
    >>> dc(np.ones((2, 3, 3)), axes=(1, 2))
    array([3., 3.])
    """
    x = as_signal("x", x)
    axes = axes if axes is None or isinstance(axes, int) else tuple(axes)
    return require_finite_result("x", x, x.sum(axis=axes) / math.sqrt(_count(x, axes)))


def dft(x: ArrayLike, axes: Axes = None) -> Any:
    r"""The orthonormal DFT $\hat x_k = \frac{1}{\sqrt d}\sum_i x_i e^{-2\pi\mathrm{i} k\cdot i/d}$ over all axes.

    `axes` names the axes of the signal where the array has others too.

    >>> dft([1.0, 0.0, 0.0, 0.0])
    array([0.5+0.j, 0.5+0.j, 0.5+0.j, 0.5+0.j])
    """
    x = as_signal("x", x)
    transform = x.__array_namespace__().fft.fftn(x, axes=_tuple(axes, x.ndim), norm="ortho")
    return require_finite_result("x", x, transform)


def idft(spectrum: ArrayLike, axes: Axes = None) -> Any:
    r"""The inverse of `dft`, complex: $x_i = \frac{1}{\sqrt d}\sum_k \hat x_k e^{2\pi\mathrm{i} k\cdot i/d}$.

    >>> np.round(idft(dft([1.0, 2.0, 3.0])), 12)
    array([1.+0.j, 2.+0.j, 3.+0.j])
    """
    spectrum = as_signal("spectrum", spectrum, complex_allowed=True)
    return spectrum.__array_namespace__().fft.ifftn(spectrum, axes=_tuple(axes, spectrum.ndim), norm="ortho")


def idft_real(spectrum: ArrayLike, axes: Axes = None) -> Any:
    r"""The inverse of `dft` for the spectrum of a real signal, as a real array.

    Such a spectrum is Hermitian, $\hat x_{-k} = \overline{\hat x_k}$, and the inverse has no imaginary part beyond
    rounding. One that has is refused, not truncated.

    Raises:
        ValueError: the imaginary part exceeds rounding, or cannot be read because the spectrum is a JAX tracer.

    >>> idft_real([2.0, 0.0, 0.0, 0.0])
    array([1., 1., 1., 1.])
    >>> idft_real([0.0, 1.0, 0.0, 0.0])
    Traceback (most recent call last):
        ...
    ValueError: spectrum is not that of a real signal: the imaginary part reaches 0.5, rounding explains 2.7e-15
    """
    x = idft(spectrum, axes)
    # The FFT of n points errs by at most about log2(n) eps |x| in the Euclidean norm; 4 is the safety factor.
    eps = float(np.finfo(x.dtype).eps)
    rounding = 4 * eps * (1 + math.log2(max(x.size, 1))) * float(np.linalg.norm(np.asarray(x)))
    imaginary = float(abs(x.imag).max())
    if not imaginary <= rounding:
        raise ValueError(
            f"spectrum is not that of a real signal: the imaginary part reaches {imaginary:.2g}, "
            f"rounding explains {rounding:.2g}"
        )
    return x.real


def power_spectrum(x: ArrayLike, axes: Axes = None) -> Any:
    r"""The power $|\hat x_k|^2$ at each frequency; it sums to $|x|^2$ (Parseval) and no circular shift changes it.

    >>> power_spectrum([3.0, 0.0, 0.0, 0.0]), power_spectrum([0.0, 3.0, 0.0, 0.0])
    (array([2.25, 2.25, 2.25, 2.25]), array([2.25, 2.25, 2.25, 2.25]))
    """
    return abs(dft(x, axes)) ** 2


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
    shift = np.broadcast_to(np.asarray(shift, float), (len(shape),))
    turns = sum(np.meshgrid(*(np.fft.fftfreq(d) * s for d, s in zip(shape, shift, strict=True)), indexing="ij"))
    # Whole turns are taken off before the product with 2 pi rounds them.
    return np.exp(-2j * np.pi * (turns - np.rint(turns)))


def shifted_span_dimension(X: ArrayLike) -> int:
    r"""The dimension of the span of all circular shifts of all samples, $|\{k : \hat x_k \ne 0 \text{ for some } x\}|$.

    The span is closed under shifts, so it is a sum of their common eigenspaces, of which each frequency is one. What is
    within rounding of 0, against the largest of the norms, counts as 0.

    Args:
        X: samples (n, *spatial).

    >>> shifted_span_dimension([[1.0, 0.0, -1.0, 0.0]]), shifted_span_dimension([[1.0, 0.0, 0.0, 0.0]])
    (2, 4)
    """
    X = as_samples("X", X)
    spectra = abs(dft(X, axes=range(1, X.ndim)))
    size = X[0].size
    rounding = 4 * float(np.finfo(spectra.dtype).eps) * (1 + math.log2(size))
    norms = np.sqrt(np.sum(spectra**2, axis=tuple(range(1, X.ndim))))
    return int(np.count_nonzero(spectra.max(axis=0) > rounding * norms.max()))


def _tuple(axes: Axes, ndim: int) -> tuple[int, ...]:
    return tuple(range(ndim)) if axes is None else tuple(np.atleast_1d(axes).tolist())

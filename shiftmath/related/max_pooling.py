r"""Max pooling of a Gabor-like filter is almost a complex modulus.

A filter W is Gabor-like, with a frequency $\theta$ in $[-\pi, \pi]^2$ and a bandwidth $\kappa$, if its Fourier
transform is 0 outside the open square of side $\kappa$ around $\theta$; so it is complex, but at frequency 0. An image
x gives the map $y_n = \sum_k x_{n+k} \overline{W_k}$, circular, and two networks make features of it, with one stride
2m in the end:

$$
U^{mod}_n = |y_{2mn}|, \qquad U^{max}_n = \max_{\|p\|_\infty \le q} \mathrm{Re}\, y_{m(2n+p)} .
$$

The first convolves with both parts of W at the stride 2m and takes the modulus; the second convolves with the real part
at the stride m and pools over (2q+1) x (2q+1) positions. Near one position y turns like $e^{i\theta\cdot p}$, so that
the second is the first times the largest cosine of the phases $m\theta\cdot p$, each moved by the phase of y.

Source: Leterme, Polisano, Perrier and Alahari (2022). The constants below are derived here, and may not be theirs.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_count, as_number, as_shape, as_signal, require_finite
from shiftmath._shared.memory import require_memory
from shiftmath._shared.values import show
from shiftmath.dft import dft, idft
from shiftmath.related.pool_phases import as_frequency

__all__ = ["cmod", "filtered", "gabor_spectrum", "rmax"]

TURN = 2 * np.pi


def gabor_spectrum(
    shape: int | Sequence[int], frequency: float | Sequence[float], bandwidth: float
) -> Float[np.ndarray, "h w"]:
    r"""The Fourier transform of a Gabor-like filter on images of a shape, $\hat W_k = \sum_n W_n e^{-i\xi_k\cdot n}$.

    It is a raised cosine along each axis, $\prod_a \cos^2(\pi(\xi_a - \theta_a)/\kappa)$ where all
    $|\xi_a - \theta_a| < \kappa/2$, as angles, and exactly 0 elsewhere; frequency 0 comes first.

    Args:
        shape: (h, w) of the images.
        frequency: $\theta$, in radians for each sample, one number for each axis.
        bandwidth: $\kappa$, above 0 and at most $2\pi$.

    Raises:
        ValueError, TypeError: what is not as said above; a square that holds no frequency of the images.

    >>> gabor_spectrum((8, 8), (np.pi / 4, 0), np.pi / 2)[:3, 0].round(12)
    array([0., 1., 0.])
    """
    shape = as_shape("shape", shape)
    if len(shape) != 2:
        raise ValueError(f"shape: got {show(shape)}, takes (h, w)")
    require_memory("shape", shape, 8 * math.prod(shape), "the spectrum")
    theta = as_frequency("frequency", frequency, (2,))
    kappa = as_number("bandwidth", bandwidth, positive=True)
    if kappa > TURN:
        raise ValueError(f"bandwidth: got {show(bandwidth)}, takes at most 2 pi")
    bumps = [_bump(TURN * np.fft.fftfreq(d) - w, kappa) for d, w in zip(shape, theta, strict=True)]
    if not all(bump.any() for bump in bumps):
        raise ValueError(f"bandwidth: got {kappa:g}, takes a wider one: the square holds no frequency of {shape}")
    return np.multiply.outer(*bumps)


def _bump(away: np.ndarray, kappa: float) -> np.ndarray:
    """A raised cosine of the angles from its centre."""
    turns = away / TURN
    away = TURN * (turns - np.rint(turns))
    return np.where(np.abs(away) < kappa / 2, np.cos(np.pi * away / kappa) ** 2, 0.0)


def filtered(x: ArrayLike, spectrum: ArrayLike) -> Complex[np.ndarray, "*batch h w"]:
    r"""The map $y_n = \sum_k x_{n+k} \overline{W_k}$, circular: in the Fourier domain $\hat x\,\overline{\hat W}$.

    Args:
        x: real images (*batch, h, w).
        spectrum: $\hat W$, (h, w), real or complex.

    Raises:
        ValueError, TypeError: no finite numbers; shapes that do not fit; a product that overflows.

    >>> dot = np.array([[16.0, 0, 0, 0]] + [[0.0] * 4] * 3)
    >>> filtered(dot, gabor_spectrum((4, 4), (np.pi / 2, 0), np.pi))[:, 0]  # it turns by a quarter at each step
    array([ 1.+0.j,  0.+1.j, -1.+0.j,  0.-1.j])
    """
    takes = "an array (*batch, h, w) of real numbers"
    x = as_signal("x", x, to_numpy=True)
    if x.ndim < 2:
        raise ValueError(f"x: got shape {x.shape}, takes {takes}")
    spectrum = as_signal("spectrum", spectrum, complex_allowed=True, to_numpy=True)
    if spectrum.shape != x.shape[-2:]:
        raise ValueError(f"spectrum: got shape {spectrum.shape}, takes that of the images, {x.shape[-2:]}")
    require_finite("x", x)
    require_finite("spectrum", spectrum)
    with np.errstate(over="ignore", invalid="ignore"):  # the result is looked at instead
        product = dft(x, axes=(-2, -1)) * np.conj(spectrum)
    if not np.isfinite(product).all():
        raise ValueError("x and spectrum: got numbers whose product overflows, takes smaller ones")
    return idft(product, axes=(-2, -1))


def cmod(y: ArrayLike, stride: int) -> Float[np.ndarray, "*batch h/2m w/2m"]:
    r"""The complex modulus at every 2m-th position, $U^{mod}_n = |y_{2mn}|$.

    Args:
        y: maps (*batch, h, w), complex.
        stride: m; 2m divides h and w.

    Raises:
        ValueError, TypeError: no finite numbers; a stride whose double does not divide the lengths.

    >>> cmod(np.full((4, 4), 3 + 4j), 1)
    array([[5., 5.],
           [5., 5.]])
    """
    y, m = _map(y, stride)
    with np.errstate(over="ignore"):
        size = np.abs(y[..., :: 2 * m, :: 2 * m])
    if not np.isfinite(size).all():
        raise ValueError("y: got numbers whose modulus overflows, takes smaller ones")
    return size


def rmax(y: ArrayLike, stride: int, reach: int = 1) -> Float[np.ndarray, "*batch h/2m w/2m"]:
    r"""Max pooling of the real part, $U^{max}_n = \max_{\|p\|_\infty \le q} \mathrm{Re}\,y_{m(2n+p)}$, circular.

    Args:
        y: maps (*batch, h, w), complex; of the filter $e^{i\varphi}W$ it is $e^{-i\varphi}y$.
        stride: m; 2m divides h and w.
        reach: q, from 0 on; a pool of 2q+1 positions is not longer than the h/m and w/m that there are.

    Raises:
        ValueError, TypeError: no finite numbers; a stride whose double does not divide the lengths; another reach.

    >>> rmax(np.arange(16).reshape(4, 4), 1)
    array([[15., 15.],
           [15., 15.]])
    """
    y, m = _map(y, stride)
    q = as_count("reach", reach, least=0)
    if (longest := min(y.shape[-2:]) // m) < 2 * q + 1:
        raise ValueError(f"reach: got {q}, takes one with pools of at most {longest} positions, the length of the map")
    real = y.real[..., ::m, ::m]
    for axis in (-2, -1):
        pooled = np.maximum.reduce([np.roll(real, -p, axis) for p in range(-q, q + 1)])
        real = pooled.take(np.arange(0, real.shape[axis], 2), axis)
    return real


def _map(y: ArrayLike, stride: int) -> tuple[np.ndarray, int]:
    """A map with both lengths whole multiples of twice the stride, and the stride."""
    y = as_signal("y", y, complex_allowed=True, to_numpy=True)
    m = as_count("stride", stride)
    if y.ndim < 2:
        raise ValueError(f"y: got shape {y.shape}, takes maps (*batch, h, w)")
    if any(d % (2 * m) for d in y.shape[-2:]):
        raise ValueError(f"stride: got {m} for maps of shape {y.shape[-2:]}, takes one whose double divides both")
    require_finite("y", y)
    return y, m

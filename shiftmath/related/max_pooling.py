r"""Max pooling of a Gabor-like filter is almost a complex modulus.

A filter W is Gabor-like, with a frequency $\theta$ in $[-\pi, \pi]^2$ and a bandwidth $\kappa$, if its Fourier
transform is 0 outside the square of side $\kappa$ around $\theta$; so it is complex. An image x gives the map
$y_n = \sum_k x_{n+k} \overline{W_k}$, circular, and two networks make features of it, with one stride 2m in the end:

$$
U^{mod}_n = |y_{2mn}|, \qquad U^{max}_n = \max_{\|p\|_\infty \le q} \mathrm{Re}\, y_{m(2n+p)} .
$$

The first convolves with both parts of W at the stride 2m and takes the modulus; the second convolves with the real part
at the stride m and pools over (2q+1) x (2q+1) positions. Near one position y turns like $e^{i\theta\cdot p}$, so that
the second is the first times the largest cosine of the phases $m\theta\cdot p$, each moved by the phase of y.

Source: Leterme, Polisano, Perrier and Alahari (2022). The constants below are derived here, and may not be theirs.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_count, as_number, as_shape, as_signal, require_finite
from shiftmath._shared.memory import require_memory
from shiftmath._shared.values import show
from shiftmath.dft import dft, idft

__all__ = ["bandwidth_error", "cmod", "filtered", "gabor_spectrum", "peak_moments", "phase_error", "rmax"]

TURN = 2 * np.pi
MOST_REACH = 100  # 40,401 phases
MOST_FREQUENCY = 1e6  # beyond it the phases of a pool lose more than 1e-8 of a turn


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
    theta = _frequency("frequency", frequency, (2,))
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


def peak_moments(frequency: ArrayLike, reach: int = 1) -> tuple[Any, Any]:
    r"""Mean and mean square of $M(H) = \max_{\|p\|_\infty\le q} \cos(H + \omega\cdot p)$ over a uniform phase H.

    With the gaps $\delta_i$ between neighbours among the phases $\omega\cdot p$ on the circle, which sum to $2\pi$,

    $$
    E M = \frac1\pi\sum_i \sin\frac{\delta_i}2, \qquad E M^2 = \frac12 + \frac1{4\pi}\sum_i\sin\delta_i .
    $$

    Args:
        frequency: $\omega = m\theta$, that of the filter for each step of the pool; (*batch, 2), at most 1e6.
        reach: q, from 0 to 100.

    Returns:
        Two numbers, or arrays (*batch).

    Raises:
        ValueError, TypeError: what is not as said above.

    >>> mean, square = peak_moments((0, 0))
    >>> round(mean, 12), square
    (0.0, 0.5)
    """
    omega = _frequency("frequency", frequency)
    q = as_count("reach", reach, least=0, most=MOST_REACH)
    require_memory("reach", q, 4 * 8 * omega.size * (2 * q + 1) ** 2, "the phases")
    steps = np.arange(-q, q + 1)
    grid = omega[..., 0, None, None] * steps[:, None] + omega[..., 1, None, None] * steps
    phases = np.sort(np.mod(grid.reshape(*omega.shape[:-1], -1), TURN), axis=-1)
    gaps = np.diff(phases, append=phases[..., :1] + TURN, axis=-1)
    mean, square = np.sin(gaps / 2).sum(-1) / np.pi, 0.5 + np.sin(gaps).sum(-1) / (2 * TURN)
    return (float(mean), float(square)) if omega.ndim == 1 else (mean, square)


def phase_error(frequency: ArrayLike, reach: int = 1) -> Any:
    r"""$\gamma_q(\omega)$, the root of $E(1 - M)^2$: how far the largest cosine of a pool is from 1.

    By `peak_moments`, $\gamma_q^2 = \frac32 + \frac1{4\pi}\sum_i(\sin\delta_i - 8\sin\frac{\delta_i}2)$, to about 1e-15
    in $\gamma_q^2$. It is largest, $\sqrt{3/2}$, where all phases are one, and least where they are equally far apart.

    Args, returns and errors as for `peak_moments`.

    >>> round(phase_error((np.pi, np.pi)) ** 2, 6)  # 3/2 - 4/pi
    0.22676
    """
    mean, square = peak_moments(frequency, reach)
    root = np.sqrt(np.maximum(1 - 2 * mean + square, 0.0))
    return root if np.ndim(root) else float(root)


def bandwidth_error(bandwidth: float, reach: int = 1) -> float:
    r"""$\beta_q(\kappa) = \frac\kappa2 \sqrt{\sum_{\|p\|_\infty\le q}\|p\|_1^2}$: how far y is from turning evenly.

    A map whose spectrum is in a square of side $\kappa$ around 0 moves by at most $\frac\kappa2\|p\|_1$ of its norm
    when it is shifted by p. For a pool at the stride m the bandwidth is m times that of the filter.

    Args:
        bandwidth: from 0 on.
        reach: q, from 0 on.

    Raises:
        ValueError, TypeError: what is not as said above; a bound that overflows.

    >>> bandwidth_error(0.5, 1) / 0.5  # the root of 5
    2.236...
    """
    kappa, q = as_number("bandwidth", bandwidth, least=0), as_count("reach", reach, least=0, most=MOST_REACH)
    squares = sum((abs(a) + abs(b)) ** 2 for a, b in itertools.product(range(-q, q + 1), repeat=2))
    bound = kappa / 2 * math.sqrt(squares)
    if not math.isfinite(bound):
        raise ValueError(f"bandwidth: got {show(bandwidth)}, takes a smaller one: the bound overflows")
    return bound


def _frequency(name: str, frequency: ArrayLike, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Frequencies (*batch, 2) in radians, at most 1e6."""
    takes = "two numbers, one for each axis" if shape else "an array (*batch, 2) of real numbers"
    omega = as_array(name, frequency, takes, to_numpy=True)
    if (omega.shape[-1:] != (2,)) if shape is None else omega.shape != shape:
        raise ValueError(f"{name}: got shape {omega.shape}, takes {takes}")
    require_finite(name, omega)
    omega = omega.astype(float)
    if np.abs(omega).max(initial=0) > MOST_FREQUENCY:
        raise ValueError(f"{name}: got {show(frequency)}, takes angles of at most {MOST_FREQUENCY:g}")
    return omega

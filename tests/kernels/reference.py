"""Infinite-width kernels in 50 digits, straight from their definition.

The full covariance of all pairs of pixels, layer by layer.
"""

import functools
import itertools
import math

import mpmath as mp
import numpy as np

from shiftmath.kernels import FullyConnected

mp.mp.dps = 50
SLOPES = {"relu": 0.0, "abs": -1.0, "identity": 1.0}


def homogeneous(slope):
    """Dual maps of max(u, 0) + slope min(u, 0), from four quadrant integrals of a Gaussian pair (Cho & Saul 2009)."""
    slope = mp.mpf(slope)

    def dual(p, q, k):
        if p == 0 or q == 0:
            return mp.mpf(0), mp.mpf(0)
        theta = mp.acos(max(-1, min(1, k / mp.sqrt(p * q))))
        same = mp.sqrt(p * q) * (mp.sin(theta) + (mp.pi - theta) * mp.cos(theta)) / (2 * mp.pi)
        opposite = mp.sqrt(p * q) * (mp.sin(theta) - theta * mp.cos(theta)) / (2 * mp.pi)
        agree, differ = (mp.pi - theta) / (2 * mp.pi), theta / (2 * mp.pi)
        return (1 + slope**2) * same - 2 * slope * opposite, (1 + slope**2) * agree + 2 * slope * differ

    return dual


def erf(p, q, k):
    """Dual maps of erf (Williams 1997)."""
    product = (1 + 2 * p) * (1 + 2 * q)
    return 2 / mp.pi * mp.asin(2 * k / mp.sqrt(product)), 4 / mp.pi / mp.sqrt(product - 4 * k**2)


def gelu(p, q, k):
    """Dual maps of gelu: E[f' f'] is the derivative of E[f f'] in k (Price's theorem), taken numerically."""

    def nngp(c):
        det = (1 + p) * (1 + q) - c**2
        angle = mp.mpf(1) / 4 + mp.asin(c / mp.sqrt((1 + p) * (1 + q))) / (2 * mp.pi)
        first = p * (q * (1 + p) - c**2) / (1 + p) + c**2 / (1 + q)
        return c * angle + first / (2 * mp.pi * mp.sqrt(det))

    return nngp(k), mp.diff(nngp, k)


def dual(kernel):
    """The dual map (p, q, k) -> (E[f f], E[f' f']) of the kernel's activation."""
    if kernel.activation in ("erf", "gelu"):
        return {"erf": erf, "gelu": gelu}[kernel.activation]
    return homogeneous(SLOPES.get(kernel.activation, kernel.negative_slope))


def activated(f, kxx, kzz, kxz, txz):
    """One activation on all pairs of pixels: the new (kxx, kzz, kxz, txz)."""
    out = {}, {}, {}, {}
    for (i, j), k in kxz.items():
        out[2][i, j], slope = f(kxx[i, i], kzz[j, j], k)
        out[3][i, j] = txz[i, j] * slope
    for source, target in ((kxx, out[0]), (kzz, out[1])):
        for (i, j), k in source.items():
            target[i, j] = f(source[i, i], source[j, j], k)[0]
    return out


def filtered(k, shape, taps, padding, weight, bias):
    """weight times the mean over the taps, plus bias, of a covariance over pairs of pixels."""
    offsets = list(itertools.product(*(range(-((q - 1) // 2), q // 2 + 1) for q in taps)))

    def move(i, a):
        moved = tuple(u + v for u, v in zip(i, a, strict=False))
        return tuple(u % h for u, h in zip(moved, shape, strict=False)) if padding == "circular" else moved

    return {
        (i, j): weight * sum(k.get((move(i, a), move(j, a)), 0) for a in offsets) / len(offsets) + bias for i, j in k
    }


def exactly(number):
    """A number of a float, or one of more digits as it is."""
    return number if isinstance(number, mp.mpf) else mp.mpf(float(number))


def in_digits_enough(one):
    """`one` with as many digits more as (1 + p)(1 + q) - k^2 loses if p = q = k is the square of the largest entry."""

    @functools.wraps(one)
    def pair(kernel, x, z):
        largest = max(1.0, float(np.abs(x).max()), float(np.abs(z).max()), kernel.bias_std)
        with mp.workdps(50 + 4 * math.ceil(math.log10(largest))):
            return one(kernel, x, z)

    return pair


@in_digits_enough
def pair(kernel, x, z):
    """(ntk, nngp) of a Convolutional kernel for two images (*spatial, channels), in 50 digits."""
    shape, channels = x.shape[:-1], x.shape[-1]
    taps = (kernel.filter_size,) * len(shape) if isinstance(kernel.filter_size, int) else kernel.filter_size
    pixels, w, b = (
        list(itertools.product(*map(range, shape))),
        mp.mpf(kernel.weight_std) ** 2,
        mp.mpf(kernel.bias_std) ** 2,
    )
    inner = lambda u, v: sum(exactly(s) * exactly(t) for s, t in zip(u, v, strict=False)) / channels  # noqa: E731
    kxx, kzz, kxz = ({(i, j): inner(u[i], v[j]) for i in pixels for j in pixels} for u, v in ((x, x), (z, z), (x, z)))
    txz = dict.fromkeys(kxz, mp.mpf(0))
    for _ in range(kernel.depth):
        kxx, kzz, kxz = (filtered(k, shape, taps, kernel.padding, w, b) for k in (kxx, kzz, kxz))
        txz = filtered(txz, shape, taps, kernel.padding, w, 0)
        txz = {key: value + kxz[key] for key, value in txz.items()}
        kxx, kzz, kxz, txz = activated(dual(kernel), kxx, kzz, kxz, txz)
    kxx, kzz, kxz, txz = (readout(kernel, k, shape) for k in (kxx, kzz, kxz, txz))
    return dense(kernel, kernel.dense_layers, kxx, kzz, kxz, txz)


def readout(kernel, k, shape):
    """The mean over pairs of pixels of one pooling block, times the share of such a pair among all blocks."""
    blocks = {"average": shape, "flatten": (1,) * len(shape)}
    block = blocks.get(
        kernel.readout, (kernel.readout,) * len(shape) if isinstance(kernel.readout, int) else kernel.readout
    )
    same = [v for (i, j), v in k.items() if all(u // b == v // b for u, v, b in zip(i, j, block, strict=False))]
    return sum(same) / len(same)


def dense(kernel, count, kxx, kzz, kxz, txz):
    """(ntk, nngp) after count layers Dense - f and the last Dense, from covariances and tangent kernel before them."""
    w, b = mp.mpf(kernel.weight_std) ** 2, mp.mpf(kernel.bias_std) ** 2
    for _ in range(count):
        kxx, kzz, kxz = (w * k + b for k in (kxx, kzz, kxz))
        f = dual(kernel)
        new, slope = f(kxx, kzz, kxz)
        kxz, txz = new, (w * txz + kxz) * slope
        kxx, kzz = f(kxx, kxx, kxx)[0], f(kzz, kzz, kzz)[0]
    return kxz + txz, kxz


@in_digits_enough
def vector_pair(kernel, x, z):
    """(ntk, nngp) of a FullyConnected kernel for two vectors, in 50 digits."""
    inner = lambda u, v: sum(exactly(s) * exactly(t) for s, t in zip(u, v, strict=False)) / len(u)  # noqa: E731
    return dense(kernel, kernel.depth, inner(x, x), inner(z, z), inner(x, z), mp.mpf(0))


def gradient(kernel, x, z):
    """The gradient of the ntk in x, by central differences of step 1e-20: exact to 1e-20 where no kink is within."""
    one, step = vector_pair if isinstance(kernel, FullyConnected) else pair, mp.mpf(10) ** -20
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        sides = []
        for sign in (1, -1):
            moved = np.vectorize(exactly, otypes=[object])(x)
            moved[index] += sign * step
            sides.append(one(kernel, moved, z)[0])
        out[index] = float((sides[0] - sides[1]) / (2 * step))
    return out

"""Two-class data with a known answer: one dot on gray, orthogonal vectors, orthogonal frequencies."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from shiftmath._shared.arguments import as_count, as_number, as_shape
from shiftmath._shared.memory import require_memory

__all__ = ["dot_on_gray", "orthogonal_frequencies", "orthogonal_vectors"]

Classes = tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d"]]


def dot_on_gray(
    shape: int | Sequence[int], gray: float = 0.0, contrast: float = 1.0
) -> tuple[Float[np.ndarray, "*spatial"], Float[np.ndarray, "*spatial"]]:
    r"""One white and one black dot, $g \pm c\,e_m$: gray level $g$, contrast $c$, $e_m$ the middle sample.

    The middle has index `length // 2` along each axis. Source: Ge et al. (2021), Corollary 1 and Figure 1, with
    $g = 0$, $c = 1$: the two are $2c$ apart, their DC components $2c/\sqrt d$.

    Args:
        shape: the lengths of the spatial axes; an integer is a signal of one axis.
        gray: the value of all other samples.
        contrast: how far the dot is from gray; not 0, and so large against gray that rounding leaves the dot there.

    Returns:
        white, black: two float64 arrays of that shape.

    Raises:
        ValueError, TypeError: a length below 1, a contrast of 0 or one that rounding hides, NaN or infinity, something
            that is no number; more than the memory.

    >>> white, black = dot_on_gray(3)
    >>> white, black
    (array([0., 1., 0.]), array([ 0., -1.,  0.]))
    >>> dot_on_gray((1, 2), gray=0.5, contrast=0.25)[1]
    array([[0.5 , 0.25]])
    """
    shape, gray = as_shape("shape", shape), as_number("gray", gray)
    contrast = as_number("contrast", contrast, nonzero=True)
    white, black = gray + contrast, gray - contrast
    if gray in (white, black) or not math.isfinite(white) or not math.isfinite(black):
        raise ValueError(
            f"gray: got {gray} with contrast = {contrast}, takes a level from which float64 can tell the dots"
        )
    require_memory("shape", shape, 2 * 8 * math.prod(shape), "the images")
    middle = tuple(length // 2 for length in shape)
    images = np.full(shape, gray), np.full(shape, gray)
    images[0][middle], images[1][middle] = white, black
    return images


def orthogonal_vectors(d: int, n: int, seed: int = 0) -> Classes:
    r"""Two classes of n rows each of a random orthogonal matrix of size d, uniform in Haar measure.

    With the factors QR of a Gaussian matrix (d, 2n), the columns of $Q\,\mathrm{sign}(\mathrm{diag} R)$: the signs make
    the factorisation unique and its Q uniform (Mezzadri 2007). Source: Ge et al. (2021), section 5.2, with d = 4000.

    Args:
        d: the length of a signal, at least 2n.
        n: the number of samples of each class.
        seed: of the matrix, a whole number from 0 on.

    Returns:
        positives, negatives: arrays (n, d) whose 2n rows are orthonormal.

    Raises:
        ValueError, TypeError: counts that are not positive whole numbers, 2n > d, more than the memory.

    >>> positives, negatives = orthogonal_vectors(d=8, n=2)
    >>> rows = np.concatenate([positives, negatives])
    >>> bool(abs(rows @ rows.T - np.eye(4)).max() < 1e-15)
    True
    """
    d, n = as_count("d", d), as_count("n", n)
    if 2 * n > d:
        raise ValueError(f"n: got {n} with d = {d}, takes at most d / 2, so that 2n vectors can be orthogonal")
    # The Gaussian matrix, a copy in which LAPACK works, Q and the rows.
    require_memory("n", n, 4 * 8 * d * 2 * n, "the matrix")
    Q, R = np.linalg.qr(np.random.default_rng(as_count("seed", seed, 0)).standard_normal((d, 2 * n)))
    rows = (Q * np.where(np.diag(R) < 0, -1.0, 1.0)).T
    return rows[:n], rows[n:]


def orthogonal_frequencies(d: int, n: int) -> Classes:
    r"""Cosine and sine of the frequencies 1, ..., n, of norm 1: odd frequencies against even ones, n samples a class.

    $\sqrt{2/d}\,\cos(2\pi m i/d)$ and $\sqrt{2/d}\,\sin(2\pi m i/d)$ for $i = 0, \dots, d-1$, in the order cos, sin of
    m = 1, 3, ... and of m = 2, 4, .... Each class has n/2 frequencies of two phases. The positions i/d leave out the
    end point 1, which is 0 once more: with it the samples would not be orthogonal. Source: Ge et al. (2021), section
    5.2, with d = 4000.

    Args:
        d: the length of a signal, at least 2n + 1.
        n: the number of samples of each class, even.

    Returns:
        positives, negatives: arrays (n, d) whose 2n rows are orthonormal.

    Raises:
        ValueError, TypeError: counts that are not positive whole numbers, an odd n, frequencies from d/2 on, more than
            the memory.

    >>> odd, even = orthogonal_frequencies(d=8, n=2)
    >>> bool(abs(odd[0] * 2 - [1, 0.5**0.5, 0, -(0.5**0.5), -1, -(0.5**0.5), 0, 0.5**0.5]).max() < 1e-15)
    True
    >>> bool(abs(even[1] * 2 - [0, 1, 0, -1, 0, 1, 0, -1]).max() < 1e-15)
    True
    """
    d, n = as_count("d", d), as_count("n", n)
    if n % 2:
        raise ValueError(f"n: got {n}, takes an even number: two phases of n / 2 frequencies")
    if 2 * n >= d:
        raise ValueError(f"n: got {n} with d = {d}, takes less than d / 2, the highest frequency")
    require_memory("n", n, 6 * 8 * d * n, "the waves")
    m = np.arange(1, n + 1)
    # Whole turns are taken off in integers; the quotient is then exact up to one rounding.
    angles = 2 * np.pi * (np.outer(m, np.arange(d)) % d / d)
    waves = np.sqrt(2 / d) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return waves[m % 2 == 1].reshape(n, d), waves[m % 2 == 0].reshape(n, d)

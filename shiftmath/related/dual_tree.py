r"""Dual-tree complex wavelet packets as filters on the whole image, with q-shift filters that are designed here.

Two trees of orthonormal filters split a signal into $2^J$ bands. In the second tree the filters of the first level are
one sample later, and those of the further levels are the first tree's read backwards, which are half a sample later;
behind a high-pass filter both trees go on with the same ones. A band A of the first tree and B of the second
make the complex packet $A \pm iB$, which has hardly any negative frequencies, so that products of two such packets fill
one square of side $\pi/2^J$ each. At the edge $\pi$ of the spectrum that is not so: a real filter goes on over it.

Source: Kingsbury (2001, 2003) for the trees and the design; Bayram and Selesnick (2008) for the packets.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from shiftmath._shared.arguments import as_count, as_shape
from shiftmath._shared.memory import require_memory
from shiftmath._shared.values import show

__all__ = ["DualTree", "dual_tree", "q_shift_filter"]

MOST_TAPS, MOST_DEPTH = 32, 6
STARTS = 8  # of the search


class DualTree(NamedTuple):
    """Filters of wavelet packets: the middles of their squares (packets, 2), and their Fourier transforms."""

    frequencies: Float[np.ndarray, "packets 2"]
    spectra: Complex[np.ndarray, "packets h w"]


def _orthonormal(angles: Float[np.ndarray, " K"]) -> Float[np.ndarray, " 2K"]:
    """The low-pass filter of the lattice of rotations: orthonormal to its shifts by whole multiples of two."""
    pair = np.zeros((2, 2, len(angles)))  # low and high, even and odd taps
    pair[:, :, 0] = np.eye(2)
    for k, angle in enumerate(angles):
        c, s = math.cos(angle), math.sin(angle)
        delayed = np.roll(pair[1], 1, axis=-1) if k else pair[1]
        pair = np.stack([c * pair[0] + s * delayed, c * delayed - s * pair[0]])
    return pair[0].T.ravel()


def _interlaced(h: Float[np.ndarray, " L"]) -> Float[np.ndarray, " 2L"]:
    """A filter and the same read backwards, in turns: smooth if the second is half a sample later."""
    return np.stack([h, h[::-1]], axis=1).ravel()


def _summing_to(free: Float[np.ndarray, " K-1"]) -> Float[np.ndarray, " K"]:
    """Angles of sum pi / 4: the low-pass filter is 0 at the frequency pi."""
    return np.append(free, np.pi / 4 - free.sum())


@lru_cache(maxsize=8)
def _designed(taps: int) -> tuple[float, ...]:
    from scipy.optimize import minimize

    xi = np.linspace(np.pi / 3, np.pi, 8 * taps)
    n = np.arange(2 * taps) - taps + 0.5
    cosines = np.cos(np.multiply.outer(xi, n))

    def stopped(free: np.ndarray) -> float:
        return float(np.mean((cosines @ _interlaced(_orthonormal(_summing_to(free)))) ** 2))

    starts = np.random.default_rng(0).uniform(-np.pi / 2, np.pi / 2, (STARTS, taps // 2 - 1))
    best = min((minimize(stopped, start) for start in starts), key=lambda found: found.fun)
    h = _orthonormal(_summing_to(best.x))
    early = h if np.arange(taps) @ h**2 < (taps - 1) / 2 else h[::-1]
    return tuple((early / np.sign(early.sum())).tolist())


def q_shift_filter(taps: int = 14) -> Float[np.ndarray, " taps"]:
    r"""An orthonormal low-pass filter h, a quarter of a sample early: read backwards it is half a sample later.

    Of all orthonormal filters with $\sum_n h_n = \sqrt2$ it is the one found whose interlacing with itself read
    backwards, $h_0, h_{L-1}, h_1, h_{L-2}, \dots$, has the least power above $\pi/3$.

    Args:
        taps: an even number from 4 to 32.

    Raises:
        ValueError, TypeError: what is not as said above.

    >>> h = q_shift_filter()
    >>> bool(abs(h @ h - 1) < 1e-12), bool(abs(h[2:] @ h[:-2]) < 1e-12), len(h)
    (True, True, 14)
    """
    taps = as_count("taps", taps, least=4, most=MOST_TAPS)
    if taps % 2:
        raise ValueError(f"taps: got {taps}, takes an even number from 4 to {MOST_TAPS}")
    return np.array(_designed(taps))


def _response(h: Float[np.ndarray, " L"], xi: Float[np.ndarray, " d"]) -> Complex[np.ndarray, " d"]:
    return np.exp(-1j * np.multiply.outer(xi, np.arange(len(h)))) @ h


def _bands(d: int, depth: int, taps: int) -> tuple[Complex[np.ndarray, "bands d"], Complex[np.ndarray, "bands d"]]:
    """The bands of both trees on d frequencies, without an order."""
    xi, early = 2 * np.pi * np.fft.fftfreq(d), q_shift_filter(taps)
    alternating = (-1.0) ** np.arange(taps)
    pairs = [(h, alternating * h[::-1]) for h in (early, early[::-1])]
    nodes = [(_response(f, xi), np.exp(-1j * xi) * _response(f, xi), f is pairs[0][1]) for f in pairs[0]]
    for level in range(1, depth):
        nodes = [
            (A * _response(f, 2**level * xi), B * _response(g, 2**level * xi), same or f is pairs[0][1])
            for A, B, same in nodes
            for f, g in zip(pairs[0], pairs[0] if same else pairs[1], strict=True)
        ]
    return np.array([A for A, _, _ in nodes]), np.array([B for _, B, _ in nodes])


def _packets(d: int, depth: int, taps: int) -> Complex[np.ndarray, "bands d"]:
    """Complex packets of positive frequencies on d of them, from low to high."""
    A, B = _bands(d, depth, taps)
    xi = 2 * np.pi * np.fft.fftfreq(d)
    both = np.stack([A + 1j * B, A - 1j * B]) / 2
    energy = np.abs(both) ** 2
    positive = (energy * (xi > 0)).sum(-1).argmax(0)
    packets, power = both[positive, np.arange(len(A))], energy[positive, np.arange(len(A))] * (xi > 0)
    return packets[np.argsort((power @ xi) / power.sum(-1))]


def dual_tree(shape: int | Sequence[int], depth: int = 2, taps: int = 14) -> DualTree:
    r"""The $2 \cdot 4^J$ complex packets of images of a shape: $\psi_i \otimes \psi_j$ and $\psi_i \otimes \bar\psi_j$.

    Their squares have the side $\pi/2^J$ and middles at odd multiples of half of it; the first frequency is positive.

    Args:
        shape: (h, w), both at least 16.
        depth: J, from 1 to 6.
        taps: of the filters, see `q_shift_filter`.

    Raises:
        ValueError, TypeError: what is not as said above; more than the memory.

    >>> tree = dual_tree((32, 32))
    >>> tree.spectra.shape, (tree.frequencies[:2] / (np.pi / 8)).round(12).tolist()
    ((32, 32, 32), [[1.0, 1.0], [1.0, 3.0]])
    """
    shape = as_shape("shape", shape)
    if len(shape) != 2 or min(shape) < 16:
        raise ValueError(f"shape: got {show(shape)}, takes (h, w), both at least 16")
    depth = as_count("depth", depth, most=MOST_DEPTH)
    bands = 2**depth
    require_memory("shape", shape, 32 * bands**2 * math.prod(shape), "the packets")
    rows, columns = (_packets(d, depth, taps) for d in shape)
    mirrored = np.conj(np.roll(columns[:, ::-1], 1, axis=-1))
    middles = np.pi / bands * (np.arange(bands) + 0.5)
    spectra = [np.einsum("ih,jw->ijhw", rows, c).reshape(-1, *shape) for c in (columns, mirrored)]
    centres = [np.stack(np.meshgrid(middles, s * middles, indexing="ij"), -1).reshape(-1, 2) for s in (1, -1)]
    return DualTree(np.concatenate(centres), np.concatenate(spectra))

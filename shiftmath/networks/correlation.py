r"""Correlation of a periodic signal with a filter, directly or through the FFT, whichever costs less.

$y_t = \sum_a W_a^\top x_{s + P t + a}$ with indices modulo the lengths of x; start s, stride P and taps $a = 0, \dots,
q - 1$ along each axis. What deep learning calls a convolution is this correlation.
"""

import itertools
import math
from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array

__all__ = ["correlate", "directly", "fft_is_cheaper", "through_fft"]

Lengths = Sequence[int]


def correlate(x: Array, W: Array, start: Lengths, count: Lengths, stride: Lengths) -> Array:
    """y (*count, outputs) for x (*spatial, inputs), W (*taps, inputs, outputs) and starts of at most 0."""
    route = through_fft if fft_is_cheaper(x.shape[:-1], W.shape) else directly
    return route(x, W, start, count, stride)


def fft_is_cheaper(spatial: Lengths, shape: Lengths) -> bool:
    """Operations at each sample: q C K directly, else 5 (C + K) log2(d) for the transforms and 10 C K for the product.

    The transforms of the filter are left out, they serve all signals of a batch. The factors 5 and 10 are measured, on
    signals of 16 x 16 and 28 x 28 with C from 1 to 32 and q from 9 to 100.
    """
    *taps, C, K = shape
    if any(q > d for q, d in zip(taps, spatial, strict=True)):
        return False
    return math.prod(taps) * C * K > 5 * (C + K) * math.log2(math.prod(spatial)) + 10 * C * K


def directly(x: Array, W: Array, start: Lengths, count: Lengths, stride: Lengths) -> Array:
    """The sum over taps, as one product of all patches with the filters.

    The gradient of XLA's own convolution in W takes 20 to 40 times as long inside a loop on the CPU (jax 0.5.3).
    """
    *taps, C, K = W.shape
    x = window(x, start, [p * (n - 1) + q for p, n, q in zip(stride, count, taps, strict=True)])
    ends = [p * (n - 1) + 1 for p, n in zip(stride, count, strict=True)]
    offsets = itertools.product(*map(range, taps))
    views = [x[tuple(slice(a, a + n, p) for a, n, p in zip(at, ends, stride, strict=True))] for at in offsets]
    return jnp.concatenate(views, axis=-1) @ W.reshape(math.prod(taps) * C, K)


def through_fft(x: Array, W: Array, start: Lengths, count: Lengths, stride: Lengths) -> Array:
    r"""At all shifts, $\hat y = \hat x\, \overline{\hat W}$; then those that are asked for."""
    spatial, axes = x.shape[:-1], tuple(range(x.ndim - 1))
    spectrum = jnp.fft.rfftn(W, spatial, axes).conj()
    everywhere = jnp.fft.irfftn(jnp.einsum("...c,...ck->...k", jnp.fft.rfftn(x, axes=axes), spectrum), spatial, axes)
    spans = [p * (n - 1) + 1 for p, n in zip(stride, count, strict=True)]
    return window(everywhere, start, spans)[tuple(slice(None, None, p) for p in stride)]


def window(x: Array, start: Lengths, spans: Lengths) -> Array:
    """The samples x_s, ..., x_{s + span - 1} of the periodic signal, s at most 0, along each spatial axis."""
    pads = [(-s, max(0, s + n - d)) for s, n, d in zip(start, spans, x.shape, strict=False)]
    return jnp.pad(x, [*pads, (0, 0)], mode="wrap")[tuple(slice(n) for n in spans)]

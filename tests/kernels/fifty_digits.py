"""Matrices of the definition in 50 digits, rounded once: read from a file, because computing them takes minutes.

python tests/kernels/fifty_digits.py       computes them all and writes the file

Each is a matrix of `values` or of `kinks`; `of_all` gives what the file has for these images, and raises if it has
nothing. tests/kernels/test_fifty_digits.py computes an entry of each again.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import mpmath as mp
import numpy as np
import reference

from shiftmath.kernels import FullyConnected
from shiftmath.kernels.plan import ROUNDINGS
from shiftmath.kernels.units import TOGETHER

TARGET = Path(__file__).with_suffix(".json")
EPS = float(np.finfo(float).eps)


def values(kernel, x, z):
    """The ntk and the nngp of two signals."""
    pair = reference.vector_pair if isinstance(kernel, FullyConnected) else reference.pair
    return [float(v) for v in pair(kernel, x, z)]


def kinks(kernel, x, z):
    r"""What rounding of a pooled covariance may do to kappa0 in the dense layer after the readout, for two images.

    1 - rho there is known to \Delta = 16 eps of the mean variance; 1 - kappa0 is \sqrt{2 (1 - rho)} / \pi.
    """
    before, w, b = replace(kernel, dense_layers=0), mp.mpf(kernel.weight_std) ** 2, mp.mpf(kernel.bias_std) ** 2
    p, q, k = (w * reference.pair(before, *images)[1] + b for images in ((x, x), (z, z), (x, z)))
    root = mp.sqrt(p * q)
    # Images whose sizes are not within 2^TOGETHER are held in units of their own, and of like size in these.
    delta = ROUNDINGS * EPS * min(float((p + q) / (2 * root)), 2**TOGETHER)
    return [min((2 * delta) ** 0.5, delta / (2 * max(float(1 - k / root), 1e-300)) ** 0.5)]


def name(entry, kernel, X):
    """The name of a matrix in the file: another one if a number in X changes."""
    digest = hashlib.sha256(f"{X.dtype} {X.shape}".encode() + X.tobytes()).hexdigest()
    return f"{entry.__name__} of {kernel!r} on {digest[:16]}"


def of_all(entry, kernel, X):
    """The symmetric matrices (numbers of an entry, n, n) of `entry` for all pairs of X."""
    lower = json.loads(TARGET.read_text())[name(entry, kernel, X)]
    full = np.zeros((len(lower), len(X), len(X)))
    I, J = np.tril_indices(len(X))
    full[:, I, J] = full[:, J, I] = lower
    return full


def computed(entry, kernel, X):
    """What the file has of it: the lower triangles."""
    return np.array([entry(kernel, X[i], X[j]) for i, j in zip(*np.tril_indices(len(X)), strict=True)]).T.tolist()


def wanted():
    """(entry, kernel, X) of all that the tests read."""
    import test_kernels_accuracy as accuracy
    import test_kernels_scale as scale

    yield from ((values, kernel, accuracy.images(shape)) for kernel, shape in accuracy.KERNELS)
    for kernel, shape in scale.KERNELS:
        yield values, kernel, scale.images(shape)
        if scale.has_kinks(kernel):
            yield kinks, kernel, scale.images(shape)
    yield from ((values, kernel, scale.images(shape, scale.CLOSER).astype("f4")) for kernel, shape in scale.ON_JAX)


if __name__ == "__main__":
    matrices = {name(*case): computed(*case) for case in wanted()}
    TARGET.write_text(json.dumps(matrices, indent=0).replace(",\n", ",") + "\n")

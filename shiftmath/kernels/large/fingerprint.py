"""What a stored matrix is of: a store that was begun with something else is refused."""

import hashlib
from typing import Any

import numpy as np

from shiftmath.kernels.large.layout import Layout

__all__ = ["differences", "factor_fingerprint", "fingerprint"]

FORMAT = 1  # raised when a store is laid out otherwise, or the engines round otherwise


def fingerprint(kernel: Any, layout: Layout, signals: list[np.ndarray]) -> dict[str, Any]:
    """All that decides the bits of the matrix; the data by a digest.

    >>> from shiftmath.kernels import FullyConnected
    >>> fingerprint(FullyConnected(depth=2), Layout(2, 2, 1, True), [np.eye(2)])["kernel"]
    'FullyConnected(depth=2)'
    """
    return {
        "kernel": repr(kernel),
        "X": _digest(signals[0]),
        "Z": _digest(signals[1]) if len(signals) == 2 else None,
        "dtype": str(signals[0].dtype),
        "block": layout.block,
        "format": FORMAT,
    }


def factor_fingerprint(digests: list[str], layout: Layout, ridge: float) -> dict[str, Any]:
    """All that decides the Cholesky factor of a matrix, whose blocks have these digests."""
    together = hashlib.sha256("".join(digests).encode()).hexdigest()[:32]
    return {
        "factor": "Cholesky",
        "matrix": f"{(layout.n, layout.m)}, sha256 {together}",
        "ridge": ridge,
        "block": layout.block,
        "format": FORMAT,
    }


def _digest(X: np.ndarray) -> str:
    """Shape, and SHA-256 of the entries."""
    return f"{X.shape}, sha256 {hashlib.sha256(np.ascontiguousarray(X).data).hexdigest()[:32]}"


def differences(there: dict[str, Any], here: dict[str, Any]) -> tuple[str, str]:
    """Two fingerprints as words, each with what the other says otherwise.

    >>> differences({"block": 2, "format": 1}, {"block": 3, "format": 1})
    ('block 2', 'block 3')
    """
    names = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    told = [", ".join(f"{name} {side.get(name)}" for name in names) for side in (there, here)]
    return told[0], told[1]

"""Labels that no function of a kernel's space takes, and why."""

from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath._shared.errors import Portable

__all__ = ["LOST", "Indistinguishable", "refusal"]

LOST = 1e-6  # the share of the labels that no function need take: far above rounding, far below any label


class Indistinguishable(Portable, ValueError):
    """Labels that no function of the kernel's space takes.

    Samples that the kernel cannot tell apart have different labels, and `pairs` lists them by number; or `pairs` is
    empty, and the Gram matrix is to rounding of lower rank than the labels ask.
    """

    def __init__(self, message: str, pairs: list[tuple[int, int]]) -> None:
        super().__init__(message)
        self.pairs = pairs


def refusal(
    kernel: Any,
    X: Float[np.ndarray, "n *spatial"],
    y: Float[np.ndarray, "n *outputs"],
    gram: Float[np.ndarray, "n n"],
    rank: int,
) -> ValueError:
    """Why no function takes the labels: tiny samples, samples of one kind, or a matrix of low rank to rounding."""
    if X.any() and not (X**2).any():
        return ValueError(f"X: got numbers up to {abs(X).max():g}, whose squares underflow, takes larger ones")
    diagonal = np.diag(gram)
    apart = diagonal[:, None] + diagonal - 2 * gram
    same = apart <= 1e-10 * (diagonal[:, None] + diagonal)
    differ = LOST * np.linalg.norm(y, axis=0)
    alike = np.argwhere(np.triu(same, 1)).tolist()
    pairs = [(i, j) for i, j in alike if np.any(abs(y[i] - y[j]) > differ)]
    if pairs:
        what = ", ".join(f"{i} and {j}" for i, j in pairs[:5])
        return Indistinguishable(f"y: {kernel} cannot tell samples {what} apart, whose labels conflict", pairs)
    return Indistinguishable(
        f"y: got labels outside the range of the Gram matrix, whose rank is {rank} of {len(diagonal)} to rounding "
        "though no two samples of different labels are alike, takes a ridge, "
        f"ridge={1e-10 * diagonal.mean():.0e} for instance",
        [],
    )

r"""Affinely independent points of two hulls, and the nearest points of the affine hulls that they span.

The points of each class have a base; $E$ has a column $z - \text{base}$ for each other point, $c$ is the sum of the two
bases. The nearest points of the affine hulls differ by $v = (1 - Q Q^T)\, c$ with $E = Q R$, and have the weights $t$
with $E t = -c$ in the least-squares sense.

Three things are decided to rounding, that is to `rounding`, how far it may move a point and with it $v$:

- a point lies below $v$ if it does so by more than rounding times $|v|$;
- a point depends on the others if no more than rounding is left of its column. Ties on the edge of the slab, of which
  any number may exist, mostly do: they change neither $v$ nor the bounds;
- a weight is negative if it is by more than its own error, rounding times $|\partial t / \partial v|$. Points whose
  weight is 0 in exact arithmetic stay in the set, so that $v$ is orthogonal to the edge along them too; `strict`
  drops them for weights that are not negative at all.
"""

import math

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import qr, qr_delete
from scipy.linalg.lapack import dtrtrs

__all__ = ["ActiveSet"]

EPS = float(np.finfo(float).eps)
ROUNDINGS = 8  # of numbers as large as the data: a point's own, and two projections of v and of its column, 2 each

Vector = Float[np.ndarray, "d"]
Points = Float[np.ndarray, "points d"]


class ActiveSet:
    """The active points with their weights, the QR factorisation of their differences, and v.

    Args:
        Z: signed points, a or -b, centred.
        label: the class of each, 0 or 1.
        start: the first point of each class.
        reach: the largest |z|.
    """

    def __init__(self, Z: Points, label: Int[np.ndarray, "points"], start: tuple[int, int], reach: float) -> None:
        self.Z, self.label, self.rounding = Z, label, ROUNDINGS * EPS * reach
        most = min(Z.shape[1], len(Z))  # E never has more independent columns; untouched pages cost no memory
        self.Q, self.R = np.empty((Z.shape[1], most), order="F"), np.zeros((most, most), order="F")
        self.base, self.others, self.weight = list(start), list[int](), dict.fromkeys(start, 1.0)
        self.project()

    def orthogonalise(self, x: Vector) -> tuple[Float[np.ndarray, "k"], Vector]:
        """Q^T x and (1 - Q Q^T) x, by two rounds of Gram-Schmidt: twice is enough."""
        Q = self.Q[:, : len(self.others)]
        h = x @ Q
        r = x - Q @ h
        correction = r @ Q
        return h + correction, r - Q @ correction

    def project(self) -> None:
        """Set v, the difference of the nearest points of the affine hulls."""
        self.h, self.v = self.orthogonalise(self.Z[self.base[0]] + self.Z[self.base[1]])
        self.length = self.orthogonal_at = math.sqrt(self.v @ self.v)

    def depth(self, i: int) -> float:
        """<v, z_i - base>: below zero when point i lies below v."""
        return float(self.v @ (self.Z[i] - self.Z[self.base[self.label[i]]]))

    def add(self, i: int) -> bool:
        """Append the column of point i, unless it depends on the others; whether it was appended."""
        k = len(self.others)
        h, r = self.orthogonalise(self.Z[i] - self.Z[self.base[self.label[i]]])
        norm = math.sqrt(r @ r)
        if norm <= self.rounding or k == self.Q.shape[1]:
            return False
        q = r / norm
        self.R[:k, k], self.R[k, k], self.Q[:, k] = h, norm, q
        self.others.append(i)
        self.weight[i] = 0.0
        self.h, self.v = np.append(self.h, q @ self.v), self.v - q * (q @ self.v)
        self.length = math.sqrt(self.v @ self.v)
        if 2 * self.length < self.orthogonal_at:
            self.orthogonalise_v()
        return True

    def orthogonalise_v(self) -> None:
        """Once more: v is orthogonal to E to rounding of the length that it had before, and is much shorter now."""
        Q = self.Q[:, : len(self.others)]
        correction = self.v @ Q
        self.h, self.v = self.h + correction, self.v - Q @ correction
        self.length = self.orthogonal_at = math.sqrt(self.v @ self.v)

    def drop(self, i: int) -> None:
        """Remove point i; a base is replaced by the point of its class that has the largest weight."""
        del self.weight[i]
        if i in self.base:
            self.refactor()
            return
        k, column = len(self.others), self.others.index(i)
        Q, R = self.Q[:, :k], self.R[:k, :k]
        Q, R = qr_delete(Q, R, column, which="col", overwrite_qr=True, check_finite=False)
        self.Q[:, : k - 1], self.R[: k - 1, : k - 1] = Q[:, : k - 1], R[: k - 1]
        self.others.pop(column)
        self.project()

    def refactor(self) -> None:
        """Factor E afresh, with the point of largest weight as the base of each class."""
        members = [[i for i in self.weight if self.label[i] == c] for c in (0, 1)]
        self.base = [max(m, key=self.weight.__getitem__) for m in members]
        self.others = [i for i in self.weight if i not in self.base]
        if k := len(self.others):
            E = self.Z[self.others] - self.Z[np.take(self.base, self.label[self.others])]
            self.Q[:, :k], R = qr(E.T, mode="economic", check_finite=False)
            # Columns that have come to depend on each other: what is left of one is rounding, but not 0.
            np.fill_diagonal(R, np.copysign(np.maximum(np.abs(R.diagonal()), self.rounding / ROUNDINGS), R.diagonal()))
            self.R[:k, :k] = R
        self.project()

    def solve(self, x: Float[np.ndarray, "k"], transposed: bool = False) -> Float[np.ndarray, "k"]:
        """R^-1 x or R^-T x. LAPACK itself: the checks of `solve_triangular` take longer than most of these."""
        k = len(self.others)
        return dtrtrs(self.R[:k, :k], x, trans=int(transposed))[0] if k else x

    def affine_weights(self) -> dict[int, float]:
        """The weights, of any sign, of the nearest points of the affine hulls: E t = -c in the least-squares sense."""
        t = -self.solve(self.h)
        of_class = self.label[self.others]
        rest = {self.base[c]: 1.0 - float(t[of_class == c].sum()) for c in (0, 1)}
        return dict(zip(self.others, t.tolist(), strict=True)) | rest

    def is_negative(self, i: int, weight: float) -> bool:
        """Whether the weight of point i is below 0 by more than rounding |R^-T g|, where g is its gradient in t."""
        if -weight <= ROUNDINGS * EPS / 2:  # no column is longer than twice the reach
            return False
        others = np.array(self.others)
        g = -(self.label[others] == self.label[i]).astype(float) if i in self.base else (others == i).astype(float)
        gradient = self.solve(g, transposed=True)
        return -weight > self.rounding * math.sqrt(gradient @ gradient)

    def descend(self, strict: bool = False) -> None:
        """Go to the nearest points of the affine hulls, dropping each point whose weight turns negative on the way."""
        while True:
            target = self.affine_weights()
            vanishing = sorted(  # smallest step, then smallest index: no cycling between ties
                (w / (w - target[i]) if w > 0.0 else 0.0, i) for i, w in self.weight.items() if target[i] < 0.0
            )
            negative = ((s, i) for s, i in vanishing if strict or self.is_negative(i, target[i]))
            step, first = next(negative, (1.0, None))
            self.weight = {i: w + step * (target[i] - w) for i, w in self.weight.items()}
            if first is None:
                return
            self.drop(first)

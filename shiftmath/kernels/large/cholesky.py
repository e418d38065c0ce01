r"""The Cholesky factor of a large Gram matrix: $G + r I = U^\top U$, a block at a time.

With blocks $A_{ij}$ of $A = G + r I$ on and above the diagonal,

$$S = A_{ij} - \sum_{k < i} U_{ki}^\top U_{kj}, \qquad U_{ii}^\top U_{ii} = S, \qquad U_{ii}^\top U_{ij} = S$$

row by row: each block is made once, of finished ones alone, so that it can be written and forgotten. At any time there
are four blocks in memory; $n^3 / 3b$ entries are read for $n^3 / 3$ multiplications (Golub and Van Loan 2013, 4.2).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotrf

from shiftmath._shared.arguments import as_bool, as_number
from shiftmath._shared.progress import progress as bar
from shiftmath.kernels.large.extras import extra
from shiftmath.kernels.large.factor import Factor
from shiftmath.kernels.large.fingerprint import factor_fingerprint
from shiftmath.kernels.large.gram import BLOCK, as_folder
from shiftmath.kernels.large.layout import Block, Layout, Triangle
from shiftmath.kernels.large.matrix import GramMatrix
from shiftmath.kernels.large.packed import Packed
from shiftmath.kernels.large.solve import symmetric
from shiftmath.kernels.large.store import Store, digest, room

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["cholesky"]

EPS = float(np.finfo(float).eps)
ROUNDINGS = 256  # of an entry of a kernel, as `kernels.kernel` has them
WORDS = "blocks of the factor"


def cholesky(
    gram: Any,
    *,
    ridge: float = 0.0,
    store: "str | PathLike | None" = None,
    overwrite: bool = False,
    progress: bool = True,
    verify: bool = False,
) -> Factor:
    r"""The factor U of $G + r I = U^\top U$, in float64, for `Factor.solve` and `Factor.logdet`.

    Into a store it is written block by block, with four blocks in memory and the markers of `kernels.gram`. Called
    again it goes on at the first block that is missing or damaged: later ones are made of that one, and are made again.

    Args:
        gram: a symmetric positive definite matrix (n, n): of `kernels.gram`, whose blocks those of U are, or an array.
        ridge: r, a non-negative number in the units of the Gram matrix.
        store: a folder, new, empty or begun by the same call; `store/matrix` is a Zarr array, whose blocks below the
            diagonal are not written. None keeps U in memory: in an array of its own, with a copy of G in the half that
            U leaves free.
        overwrite: of an array in memory without gaps: that array is used up as the room for both, and means nothing
            afterwards; a `GramMatrix` reads on from there. Where there is an error it is put back, its lower half as
            its upper.
        progress: a bar with rate and remaining time on stderr, if that is a terminal.
        verify: reads all finished blocks and compares their hashes, as that of `kernels.gram`.

    Raises:
        ValueError, TypeError: bad arguments; a matrix that is not positive definite to rounding, or of which a block is
            damaged; a store of the factor of another matrix or ridge, or one that another process writes.
        OSError: no space is left; finished blocks stay.
        ImportError: zarr is needed and not installed.

    >>> factor = cholesky([[4.0, 2.0], [2.0, 5.0]])
    >>> factor, factor.upper.read((0, 0)).tolist()
    (Factor(2 x 2, blocks of 512, ridge 0, in memory), [[2.0, 1.0], [0.0, 2.0]])
    """
    gram = symmetric(gram)
    if not isinstance(gram, GramMatrix):
        gram = GramMatrix(gram, Layout(len(gram), len(gram), BLOCK, True))
    ridge, overwrite = as_number("ridge", ridge, least=0), as_bool("overwrite", overwrite)
    shown, verify = as_bool("progress", progress), as_bool("verify", verify)
    if (root := as_folder(store)) is not None:
        extra("zarr")
        upper = Store(root, Triangle(len(gram), len(gram), gram.layout.block, True), "float64")
        _into_store(gram, upper, ridge, shown, verify)
        return Factor(gram, upper, ridge, root)
    packed, own = _packed(gram, overwrite)
    matrix = GramMatrix(packed, gram.layout)
    try:
        for block in bar(gram.layout.blocks(), gram.layout.count, WORDS, shown):
            packed.write(block, _block(matrix, packed, ridge, block))
    except BaseException:
        packed.put_back()
        raise
    if own:  # what reads the array as G would read U
        object.__setattr__(gram, "source", packed)
    return Factor(matrix, packed, ridge)


def _packed(gram: GramMatrix, overwrite: bool) -> tuple[Packed, bool]:
    """The matrix in an array that may be written, its own if that is allowed and possible; and whether it is."""
    if gram.store is not None:
        for block, said in zip(gram.layout.blocks(), _digests(gram), strict=True):
            _read(gram, block, said)
    values = np.asarray(gram, dtype=float)
    shared = isinstance(gram.source, np.ndarray) and np.may_share_memory(values, gram.source)
    own = shared and overwrite and values.flags.writeable and values.flags.forc
    values = values.copy() if shared and not own else values
    # Turned over, so that A is the upper half of what was given, here as in a store.
    return Packed(values.T, np.diag(values).copy(), gram.layout), own


def _into_store(gram: GramMatrix, upper: Store, ridge: float, shown: bool, verify: bool) -> None:
    blocks = upper.layout.blocks()
    told = _digests(gram)
    with room(upper, len(blocks)) as finished, upper.writing(factor_fingerprint(told, gram.layout, ridge)):
        first = next((k for k, b in enumerate(blocks) if not upper.finished(b, verify)), len(blocks))
        upper.forget(missing := blocks[first:])
        finished += blocks[:first]
        for block, said in bar(zip(missing, told[first:], strict=True), len(missing), WORDS, shown):
            upper.write(block, _block(gram, upper, ridge, block, said))
            finished.append(block)


def _digests(gram: GramMatrix) -> list[str]:
    """Of the blocks of the matrix, in its store or in memory."""
    if gram.store is not None:
        try:
            return Store(gram.store, gram.layout, str(gram.dtype)).digests()
        except (OSError, ValueError, KeyError, TypeError) as error:
            again = "`gram` with verify=True computes what is missing"
            raise ValueError(f"gram: got {gram!r} with a damaged marker, takes a finished matrix; {again}") from error
    return [digest(np.asarray(values)) for _, _, values in gram.blocks()]


def _read(gram: GramMatrix, block: Block, said: str | None) -> np.ndarray:
    """A block of G, with the hash that it had when it was finished, if that is told; an error unless it is finite."""
    values = np.asarray(gram.source[gram.layout.slices(block)])
    if not np.isfinite(values).all() or (said is not None and digest(values) != said):
        raise ValueError(
            f"gram: got block {block} of {gram!r} missing, damaged or changed, takes finite numbers as they were "
            "finished; `gram` with verify=True computes it again"
        )
    return values


def _block(gram: GramMatrix, upper: Any, ridge: float, block: Block, said: str | None = None) -> np.ndarray:
    """One block of U, of those above it and of the diagonal one of its row."""
    i, j = block
    schur = _read(gram, block, said).astype(float)
    if i == j:
        schur[np.diag_indices_from(schur)] += ridge
    for k in range(i):
        left = upper.read((k, i))
        schur -= left.T @ (left if i == j else upper.read((k, j)))
    if i != j:
        return solve_triangular(upper.read((i, i)), schur, trans="T", check_finite=False)
    root, failed = dpotrf(schur, clean=True)
    if failed:
        _refuse(gram, ridge, i, failed - 1, float(root[failed - 1, failed - 1]))
    return root


def _refuse(gram: GramMatrix, ridge: float, i: int, at: int, pivot: float) -> None:
    r"""Says which pivot is not positive, and which ridge is enough where rounding alone is to blame.

    Entries of a kernel err by 256 eps of $m = \max g_{ii}$, so eigenvalues by 256 n eps m; the factor of a matrix with
    $\lambda_{min} > n \gamma_{n+1} m$ exists in floating point (Higham 2002, Theorem 10.7): n (n + 257) eps m in all.
    """
    n = len(gram)
    slices = [gram.layout.slices((k, k)) for k in range(gram.layout.counts[0])]
    largest = max(float(np.diag(gram.source[s]).max()) for s in slices) + ridge
    enough = n * (n + ROUNDINGS + 1) * EPS * largest
    advice = f"; a kernel's that is singular to rounding takes a ridge of {enough:.3g} (and a new store)"
    raise ValueError(
        f"gram and ridge: got pivot {pivot:.3g} at {slices[i][0].start + at}, in block {(i, i)}, with ridge {ridge:g}, "
        f"takes a positive definite matrix{advice if largest > 0 else ''}"
    )

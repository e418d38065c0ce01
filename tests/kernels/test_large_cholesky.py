"""The Cholesky factor in blocks: the whole matrix by LAPACK, and the same bits whatever happened to its store."""

import errno
import os
import re
import shutil

import numpy as np
import pytest
from conftest import EPS
from scipy.linalg import cho_factor, cho_solve

from shiftmath.kernels import FullyConnected, gram
from shiftmath.kernels.large import GramMatrix, cholesky, solve
from shiftmath.kernels.large.layout import Layout
from shiftmath.kernels.large.store import Store

pytest.importorskip("zarr")

RNG = np.random.default_rng(0)
N, RIDGE = 23, 0.125
X, Y = RNG.standard_normal((N, 5)), RNG.standard_normal((N, 2))
G = FullyConnected()(X)
A = G + RIDGE * np.eye(N)
# |U^T U - A| <= gamma_{n+1} sqrt(a_ii a_jj) (Higham 2002, Theorem 10.3) with gamma_k = k eps / 2; the product that is
# compared rounds n times more, the ridge and a division twice.
BACKWARD = (2 * N + 4) * EPS / 2 * np.sqrt(np.multiply.outer(np.diag(A), np.diag(A)))
EIGENVALUES = np.linalg.eigvalsh(A)


def blocked(block, values=G):
    return GramMatrix(values.copy(), Layout(len(values), len(values), block, True))


def whole(factor):
    """U as one array."""
    layout, U = factor.matrix.layout, np.zeros((N, N))
    for block in layout.blocks():
        U[layout.slices(block)] = factor.upper.read(block)
    return U


def is_factor(U):
    return bool((np.tril(U, -1) == 0).all() and (abs(U.T @ U - A) <= BACKWARD).all())


@pytest.mark.parametrize(("block", "stored"), [(1, False), (7, False), (23, False), (7, True), (23, True)])
def test_it_is_the_factor_that_lapack_has_of_the_whole_matrix(tmp_path, block, stored):
    factor = cholesky(blocked(block), ridge=RIDGE, store=tmp_path if stored else None)
    U, theirs = whole(factor), np.triu(cho_factor(A)[0])
    assert is_factor(U)
    assert is_factor(theirs)
    # Both are exact for matrices that far apart: coefficients by |A^-1| |dA| |x| (3 n + 1 in place of n + 1, Theorem
    # 10.4), twice, log det by its derivative |tr(A^-1 dA)| <= sqrt(n) |A^-1| |dA|.
    apart = 2 * np.linalg.norm(BACKWARD) / EIGENVALUES[0]
    x = cho_solve((theirs, False), Y)
    assert abs(factor.solve(Y).coefficients - x).max() <= 3 * apart * np.linalg.norm(x)
    assert abs(factor.logdet - 2 * np.log(np.diag(theirs)).sum()) <= np.sqrt(N) * apart


@pytest.mark.parametrize(
    "wrong",
    [
        lambda U: np.where(np.arange(N) < 8, U, -U),  # columns of one block of another sign are no factor
        lambda U: U.T,
        lambda U: np.roll(U, 8, axis=1),
        lambda U: U * (1 + 64 * EPS),
    ],
)
def test_a_factor_that_is_slightly_wrong_is_told(wrong):
    assert not is_factor(wrong(np.triu(cho_factor(A)[0])))


def test_the_residual_is_that_of_the_coefficients():
    factor = cholesky(blocked(7), ridge=RIDGE)
    for y in (Y, 1e300 * Y[:, 0], 0 * Y):
        solution = factor.solve(y)
        norms = np.linalg.norm(y / np.maximum(abs(y).max(), 1e-300), axis=0)
        left = y - A @ solution.coefficients
        said = np.linalg.norm(left / np.maximum(abs(y).max(), 1e-300), axis=0)
        # The products of both residuals round n + 2 times.
        rounding = (N + 2) * EPS * np.linalg.norm(A) / EIGENVALUES[0]
        assert abs(np.max(said / np.maximum(norms, 1e-300)) - solution.residual) <= rounding
        assert solution.residual <= 3 * np.linalg.norm(BACKWARD) / EIGENVALUES[0]
        assert solution.coefficients.shape == y.shape


def test_it_agrees_with_conjugate_gradients():
    there, here = solve(G, Y, ridge=RIDGE, tolerance=1e-13), cholesky(G, ridge=RIDGE).solve(Y)
    far = (there.residual + here.residual) * np.linalg.norm(Y) / EIGENVALUES[0]
    assert np.linalg.norm(there.coefficients - here.coefficients) <= far


def test_an_array_may_be_the_room_and_is_put_back_where_there_is_no_factor():
    room = G.copy()
    factor = cholesky(blocked(7), ridge=RIDGE)
    own = cholesky(room, ridge=RIDGE, overwrite=True)
    assert np.shares_memory(own.upper.array, room)
    assert is_factor(np.tril(room).T)
    assert (np.asarray(own.matrix) == G).all()
    assert (np.asarray(factor.matrix)[[3, 9]] == G[[3, 9]]).all()
    values = G - 2 * EIGENVALUES[0] * np.eye(N)
    matrix = GramMatrix(values, Layout(N, N, 7, True))
    before = values.copy()
    with pytest.raises(ValueError, match=r"^gram and ridge: got pivot"):
        cholesky(matrix, overwrite=True)
    assert (values == before).all()


def test_what_is_given_stays_as_it_is():
    matrix = blocked(7)
    cholesky(matrix, ridge=RIDGE)
    assert (matrix.source == G).all()


@pytest.mark.parametrize("at", [0, 6, 7, 22])
def test_a_pivot_that_is_not_positive_is_named_with_its_block(at):
    values = G.copy()
    values[at, at] -= (np.diag(cho_factor(values)[0])[at] ** 2) * 1.5  # that pivot alone: now -1/2 of what it was
    assert (np.linalg.eigvalsh(values[:at, :at]) > 0).all()
    with pytest.raises(ValueError, match=rf"got pivot -\S+ at {at}, in block \({at // 7}, {at // 7}\), with ridge 0, "):
        cholesky(blocked(7, values))


def test_the_ridge_that_is_named_is_enough_where_rounding_is_to_blame():
    images = np.repeat(RNG.integers(-1, 2, (4, 6)).astype(float), 5, axis=0)
    matrix = gram(FullyConnected(), images, store=None, block=6)
    with pytest.raises(ValueError, match="takes a positive definite matrix") as refused:
        cholesky(matrix)
    ridge = float(re.search(r"takes a ridge of (\S+)", str(refused.value))[1])
    assert np.isfinite(cholesky(matrix, ridge=ridge).logdet)
    assert ridge < 1e-10


def written(monkeypatch):
    """The blocks that are written from now on."""
    blocks, write = [], Store.write
    monkeypatch.setattr(Store, "write", lambda store, b, values: blocks.append(b) or write(store, b, values))
    return blocks


def test_a_factor_that_was_stopped_goes_on_and_a_damaged_block_takes_those_after_it_along(tmp_path, monkeypatch):
    matrix, order = blocked(8), Layout(N, N, 8, True).blocks()
    expected = whole(cholesky(matrix, ridge=RIDGE))
    with monkeypatch.context() as patch:
        mark = Store._mark

        def full(store, block, told):
            if block == order[2]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            mark(store, block, told)

        patch.setattr(Store, "_mark", full)
        with pytest.raises(OSError, match=r"no space left in .*, 2 of 6 blocks are finished and stay; the same call"):
            cholesky(matrix, ridge=RIDGE, store=tmp_path)
    blocks = written(monkeypatch)
    assert (whole(cholesky(matrix, ridge=RIDGE, store=tmp_path)) == expected).all()
    assert blocks == order[2:]
    (tmp_path / "matrix" / "c" / "1" / "1").write_bytes(b"")
    assert (whole(cholesky(matrix, ridge=RIDGE, store=tmp_path)) == expected).all()
    assert blocks == order[2:] + order[3:]


def test_a_bit_that_changes_without_a_trace_is_found_by_verify(tmp_path):
    first = cholesky(blocked(8), ridge=RIDGE, store=tmp_path)
    expected, path = whole(first), tmp_path / "matrix" / "c" / "0" / "1"
    old, there = os.stat(path), bytearray(path.read_bytes())
    there[40] ^= 1
    path.write_bytes(there)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert (whole(cholesky(blocked(8), ridge=RIDGE, store=tmp_path)) != expected).any()
    assert (whole(cholesky(blocked(8), ridge=RIDGE, store=tmp_path, verify=True)) == expected).all()


def test_the_factor_of_another_matrix_or_ridge_is_refused(tmp_path):
    there = gram(FullyConnected(), X, store=tmp_path / "gram", block=8)
    cholesky(there, ridge=RIDGE, store=tmp_path / "factor")
    shutil.move(tmp_path / "factor", tmp_path / "moved")
    cholesky(blocked(8, np.asarray(there)), ridge=RIDGE, store=tmp_path / "moved")  # the same matrix, in memory
    for arguments, words in (
        ({"gram": there, "ridge": 0.5}, "a store of ridge 0.125, takes one of ridge 0.5"),
        ({"gram": blocked(8, 2 * G), "ridge": RIDGE}, r"a store of matrix \(23, 23\), sha256 \w+, takes one of matrix"),
        ({"gram": blocked(7), "ridge": RIDGE}, "block 8, takes one of .*block 7"),
    ):
        with pytest.raises(ValueError, match=f"^store: got .*{words}"):
            cholesky(store=tmp_path / "moved", **arguments)
    with pytest.raises(ValueError, match=r"^store: got .*a store of kernel FullyConnected.*takes one of .*Cholesky"):
        cholesky(there, ridge=RIDGE, store=tmp_path / "gram")
    with pytest.raises(ValueError, match=r"^gram: got .* of signals X and Z, takes a symmetric matrix"):
        cholesky(gram(FullyConnected(), X, X, store=None))


def definite(rng, n):
    A = rng.standard_normal((n, n))
    return A @ A.T + np.eye(n)


def test_an_overwritten_matrix_reads_on_from_what_took_its_room(rng):
    A = definite(rng, 6)
    G = blocked(2, A)
    for ridge in (1.0, 0.5):
        assert cholesky(G, ridge=ridge, overwrite=True).logdet == pytest.approx(
            np.linalg.slogdet(A + ridge * np.eye(6))[1], rel=1e-12
        )
        assert np.array_equal(np.asarray(G), A)


def test_both_routes_take_the_upper_half_and_refuse_halves_that_differ(rng, tmp_path):
    A = definite(rng, 5)
    A[3, 1] *= 1 + 1e-9
    upper = np.triu(A) + np.triu(A, 1).T
    for factor in (cholesky(A), cholesky(A, store=tmp_path / "factor")):
        assert factor.logdet == pytest.approx(np.linalg.slogdet(upper)[1], abs=1e-13)
    for wrong in (1e-10 * np.array([[4.0, 2.0], [-1.0, 5.0]]), 1e-18 * np.triu(A)):
        with pytest.raises(ValueError, match=r"^gram: got a matrix that is not its transpose"):
            cholesky(wrong)


def test_a_block_that_is_missing_or_changed_is_no_block(rng, tmp_path):
    X = rng.standard_normal((6, 3))
    G = gram(FullyConnected(depth=2), X, store=tmp_path / "gram", block=2)
    values = G.source[2:4, 2:4]
    for other in (1.5 * values, np.nan * values):
        G.source[2:4, 2:4] = other
        for store in (None, tmp_path / "factor"):
            with pytest.raises(ValueError, match=r"^gram: got block \(1, 1\) of .* missing, damaged or changed"):
                cholesky(G, store=store, ridge=0.1)
    G.source[2:4, 2:4] = values
    assert cholesky(G, store=tmp_path / "factor", ridge=0.1).logdet == pytest.approx(cholesky(G, ridge=0.1).logdet)
    with pytest.raises(ValueError, match=r"^gram: got block"):
        cholesky(GramMatrix(np.full((2, 2), np.nan), Layout(2, 2, 2, True)))
    with pytest.raises(ValueError, match=r"takes a positive definite matrix$"):
        cholesky([[-1.0]])


def test_a_damaged_marker_of_the_matrix_is_named(rng, tmp_path):
    G = gram(FullyConnected(), rng.standard_normal((4, 3)), store=tmp_path / "gram", block=2)
    (marker,) = (tmp_path / "gram" / "markers").glob("0-1*")
    for text in ("{", "{}"):
        marker.write_text(text)
        with pytest.raises(ValueError, match=r"^gram: got .* with a damaged marker"):
            cholesky(G, ridge=0.1)
    marker.unlink()
    with pytest.raises(ValueError, match=r"^gram: got .* with a damaged marker"):
        cholesky(G, store=tmp_path / "factor", ridge=0.1)

"""Gram matrices in a store: the bits of the matrix in memory, whatever happened to the store before."""

import errno
import os
import shutil
import sys

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

from shiftmath import Interpolant, kernels
from shiftmath.groups import circular_shifts
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.kernels.large import solve
from shiftmath.kernels.large.store import Store
from shiftmath.kernels.large.work import Work

zarr = pytest.importorskip("zarr")

RNG = np.random.default_rng(0)
X, Z = RNG.standard_normal((2, 23, 4, 4))
X[3] *= 1e4  # held in other units than the rest where there is a bias
ROWS = RNG.standard_normal((520, 3))
POOLED = Convolutional(depth=2)


def computed(monkeypatch):
    """The blocks that are computed from now on."""
    blocks, call = [], Work.__call__
    monkeypatch.setattr(Work, "__call__", lambda work, X, Z, b: blocks.append(b) or call(work, X, Z, b))
    return blocks


@pytest.mark.parametrize("block", [1, 7, 16, 23])
@pytest.mark.parametrize("kernel", [POOLED, Convolutional(bias_std=0.3, dense_layers=1), Convolutional(padding="zero")])
def test_any_block_gives_the_bits_of_the_matrix_in_memory(kernel, block):
    gram = np.asarray(kernels.gram(kernel, X, store=None, block=block))
    assert (gram == kernel(X)).all()
    assert (gram == gram.T).all()


@pytest.mark.parametrize("signals", [(X, Z[:5]), (X.astype("f4"), None), ((X > 0), X.astype("f4"))])
def test_a_store_has_the_bits_and_the_dtype_of_the_matrix_in_memory(tmp_path, signals):
    gram, expected = kernels.gram(POOLED, *signals, store=tmp_path, block=8), POOLED(*signals)
    assert (gram.shape, gram.dtype, len(gram)) == (expected.shape, expected.dtype, len(expected))
    assert (np.asarray(gram) == expected).all()


def test_rows_in_whole_tiles_of_the_engine_have_the_same_bits():
    kernel = FullyConnected(depth=2)
    assert (np.asarray(kernels.gram(kernel, ROWS, store=None)) == kernel(ROWS)).all()
    # In other blocks the matrix product of 3 terms rounds otherwise: 4 eps before two layers that do not enlarge it.
    other = np.asarray(kernels.gram(kernel, ROWS[:60], store=None, block=7))
    scale = np.sqrt(np.multiply.outer(kernel.diag(ROWS[:60]), kernel.diag(ROWS[:60])))
    assert (abs(other - kernel(ROWS[:60])) <= 16 * np.finfo(float).eps * scale).all()
    assert (other == other.T).all()


def test_an_average_over_a_group_agrees_to_rounding_and_equals_its_transpose():
    kernel = GroupAverage(Convolutional(readout="flatten"), circular_shifts(axes=(0, 1)))
    gram, expected = np.asarray(kernels.gram(kernel, X[:6], store=None, block=4)), kernel(X[:6])
    assert (gram == gram.T).all()
    assert abs(gram - expected).max() <= 16 * np.finfo(float).eps * expected.max()


def test_a_second_call_computes_what_is_missing_and_nothing_else(tmp_path, monkeypatch):
    kernels.gram(POOLED, X, store=tmp_path, block=8)
    (tmp_path / "markers" / "0-2.json").unlink()
    blocks = computed(monkeypatch)
    gram = kernels.gram(POOLED, X, store=tmp_path, block=8)
    assert blocks == [(0, 2)]
    assert (np.asarray(gram) == POOLED(X)).all()


def damage(path, how):
    old, there = os.stat(path), bytearray(path.read_bytes())
    if how == "a bit":
        there[40] ^= 1
    path.write_bytes(there if how == "a bit" else there[: len(there) // 2])
    if how == "an old time":
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))


@pytest.mark.parametrize("how", ["a bit", "half of it", "an old time"])
@pytest.mark.parametrize(("file", "block"), [("1/1", (1, 1)), ("2/0", (0, 2)), ("2/2", (2, 2))])
def test_a_damaged_chunk_is_found_and_computed_again(tmp_path, monkeypatch, how, file, block):
    kernels.gram(POOLED, X, store=tmp_path, block=8)
    damage(tmp_path / "matrix" / "c" / file, how)
    blocks = computed(monkeypatch)
    gram = kernels.gram(POOLED, X, store=tmp_path, block=8)
    assert blocks == [block]
    assert (np.asarray(gram) == POOLED(X)).all()


def test_a_bit_that_changes_without_a_trace_is_found_by_verify(tmp_path, monkeypatch):
    kernels.gram(POOLED, X, store=tmp_path, block=8)
    path = tmp_path / "matrix" / "c" / "0" / "1"
    old = os.stat(path)
    damage(path, "a bit")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert (np.asarray(kernels.gram(POOLED, X, store=tmp_path, block=8)) != POOLED(X)).any()
    blocks = computed(monkeypatch)
    assert (np.asarray(kernels.gram(POOLED, X, store=tmp_path, block=8, verify=True)) == POOLED(X)).all()
    assert blocks == [(0, 1)]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sha256": 1, "chunks": []}', "null"])
def test_a_marker_of_anything_else_is_no_marker(tmp_path, monkeypatch, text):
    kernels.gram(POOLED, X[:8], store=tmp_path, block=8)
    (tmp_path / "markers" / "0-0.json").write_text(text)
    blocks = computed(monkeypatch)
    kernels.gram(POOLED, X[:8], store=tmp_path, block=8)
    assert blocks == [(0, 0)]


def test_a_store_that_was_copied_is_read_once_and_not_computed(tmp_path, monkeypatch):
    kernels.gram(POOLED, X, store=tmp_path, block=8)
    for path in tmp_path.rglob("matrix/c/*/*"):
        os.utime(path)
    blocks, read = computed(monkeypatch), []
    stored = Store._stored
    monkeypatch.setattr(Store, "_stored", lambda store, block: read.append(block) or stored(store, block))
    for _ in range(2):
        kernels.gram(POOLED, X, store=tmp_path, block=8)
    assert (blocks, len(read)) == ([], 6)


@pytest.mark.parametrize(
    ("kernel", "signals", "block", "words"),
    [
        (Convolutional(depth=3), (X,), 8, r"kernel Convolutional\(depth=2\), takes one of kernel Convolutional"),
        (POOLED, (-X,), 8, r"X \(23, 4, 4\), sha256 .*, takes one of X \(23, 4, 4\), sha256"),
        (POOLED, (X.astype("f4"),), 8, "dtype float64, takes one of .*dtype float32"),
        (POOLED, (X, X), 8, r"Z None, takes one of Z \(23"),
        (POOLED, (X,), 9, "block 8, takes one of block 9"),
    ],
)
def test_a_store_of_another_matrix_is_refused_with_both_fingerprints(tmp_path, kernel, signals, block, words):
    kernels.gram(POOLED, X, store=tmp_path, block=8)
    with pytest.raises(ValueError, match=f"^store: got .*, a store of .*{words}"):
        kernels.gram(kernel, *signals, store=tmp_path, block=block)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_damaged_fingerprint_is_named_and_a_matrix_that_is_gone_computed_again(tmp_path, text):
    kernels.gram(POOLED, X[:5], store=tmp_path, block=3)
    shutil.rmtree(tmp_path / "matrix")
    assert (np.asarray(kernels.gram(POOLED, X[:5], store=tmp_path, block=3)) == POOLED(X[:5])).all()
    (tmp_path / "fingerprint.json").write_text(text)
    with pytest.raises(ValueError, match=r"^store: got .* with a damaged fingerprint.json, takes an empty folder"):
        kernels.gram(POOLED, X[:5], store=tmp_path, block=3)


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match=r"^store: got .* with 'thesis.tex' in it, takes an empty folder or a store"):
        kernels.gram(POOLED, X, store=tmp_path)


@pytest.mark.parametrize(
    ("function", "room", "finished"), [(zarr.storage._local, 0, 0), (zarr.storage._local, 5, 2), (os, 6, 1)]
)
def test_a_full_disk_is_a_clear_error_and_what_is_written_stays(tmp_path, monkeypatch, function, room, finished):
    name = "replace" if function is os else "_put"
    calls, real = [], getattr(function, name)

    def full(*args, **options):
        calls.append(args)
        if len(calls) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(function, name, full)
        with pytest.raises(
            OSError, match=rf"no space left in .*, {finished} of 6 blocks are finished and stay; the same"
        ):
            kernels.gram(POOLED, X, store=tmp_path, block=8)
    there = {p.name for p in (tmp_path / "markers").glob("*.json")}
    blocks = computed(monkeypatch)
    assert (np.asarray(kernels.gram(POOLED, X, store=tmp_path, block=8)) == POOLED(X)).all()
    assert len(there) == finished
    assert {f"{i}-{j}.json" for i, j in blocks}.isdisjoint(there)
    assert not [*tmp_path.rglob("*.partial")]


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [("zarr", "large", {"store": "x"}), ("distributed", "large", {"client": 2}), ("flint", "certified", {"audit": 1})],
)
def test_what_is_not_installed_is_named_with_its_extra(tmp_path, monkeypatch, module, extra, arguments):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'{module} is not installed; pip install "shiftmath\[{extra}\]"'):
        kernels.gram(POOLED, X[:2], **{"store": None} | arguments)


def test_it_is_read_like_an_array(tmp_path):
    gram, expected = kernels.gram(POOLED, X, store=tmp_path, block=8), POOLED(X)
    keys = (3, slice(5, 9), (2, 3), (slice(7, 9), slice(None)), np.ix_([1, 22], [0, 9]), np.arange(23) > 20)
    for key in (*keys, slice(None, None, -1), True, (2, slice(9, None, -2))):
        assert (gram[key] == expected[key]).all()
    assert repr(gram) == f"GramMatrix(23 x 23, float64, blocks of 8, in {str(tmp_path)!r})"
    # Sums of 23 terms, in another order.
    assert abs(gram @ Z[:, 0] - expected @ Z[:, 0]).max() <= 64 * np.finfo(float).eps * abs(expected).sum(1).max() * 4


@pytest.mark.parametrize("v", [np.ones(24), np.ones(3), np.ones((1, 23)), 1.0])
def test_a_product_with_a_vector_of_another_length_is_an_error(v):
    with pytest.raises(ValueError, match=r"v: got shape .*, takes \(23, \.\.\.\) for GramMatrix"):
        kernels.gram(POOLED, X, store=None, block=8) @ v


def test_scikit_learn_and_the_interpolant_take_it(tmp_path):
    y = np.where(np.arange(23) % 3, 1.0, -1.0)
    gram = kernels.gram(POOLED, X, store=tmp_path, block=8)
    machine = SVC(kernel="precomputed")
    assert (machine.fit(gram, y).dual_coef_ == SVC(kernel="precomputed").fit(POOLED(X), y).dual_coef_).all()
    assert len(cross_val_score(machine, gram, y, cv=3)) == 3
    ready, plain = Interpolant(POOLED, X, y, 1.0, precomputed=gram), Interpolant(POOLED, X, y, 1.0)
    assert (ready.coefficients == plain.coefficients).all()


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_the_residual_of_a_solution_is_what_is_said(tmp_path, outputs):
    gram, G = kernels.gram(POOLED, X, store=tmp_path, block=8), POOLED(X)
    y, ridge = RNG.standard_normal((23, *outputs)), float(np.diag(G).min()) / 10
    solution = solve(gram, y, ridge=ridge, tolerance=1e-9)
    left = y - (G + ridge * np.eye(23)) @ solution.coefficients
    residual = (np.linalg.norm(left, axis=0) / np.linalg.norm(y, axis=0)).max()
    # Beside the residual only the rounding of the product is another.
    scale = np.linalg.norm(G) * np.linalg.norm(solution.coefficients) / np.linalg.norm(y, axis=0).min()
    assert solution.coefficients.shape == y.shape
    assert solution.residual <= 1e-9
    assert abs(residual - solution.residual) <= 64 * np.finfo(float).eps * scale


def test_a_residual_that_is_not_reached_is_an_error():
    with pytest.raises(
        ValueError, match=r"^gram and tolerance: got 1e-10, after 2 steps the residual is .*, takes a larger tolerance"
    ):
        solve(POOLED(X), np.ones(23), steps=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"client": True}, "client: got True, takes None, a number of processes or a dask.distributed.Client"),
        ({"client": "scheduler:8786"}, "client: got 'scheduler:8786', takes None, a number of processes or"),
        ({"client": 0}, "client: got 0, takes a whole number of at least 1"),
        ({"store": 3}, "store: got 3, takes a folder, or None"),
        ({"store": ""}, "store: got '', takes a folder, or None"),
        ({"store": __file__}, "store: got .*test_large.py', takes a folder, or None"),
        ({"kernel": np.dot}, "kernel: got .*, takes a kernel of shiftmath.kernels"),
        ({"X": X[0, 0]}, r"X: got shape \(4,\), takes signals"),
    ],
)
def test_a_bad_argument_is_named(arguments, words):
    with pytest.raises((TypeError, ValueError), match=f"^{words}"):
        kernels.gram(**{"kernel": POOLED, "X": X[:2], "store": None} | arguments)


@pytest.mark.parametrize("precomputed", [np.eye(22), np.full((23, 23), np.nan), "a", np.eye(23)[0]])
def test_a_ready_matrix_that_is_none_is_named(precomputed):
    with pytest.raises((TypeError, ValueError), match=r"^(precomputed: got|X: the Gram matrix: got nan at)"):
        Interpolant(POOLED, X, np.ones(23), precomputed=precomputed)


def test_what_is_solved_is_symmetric_with_a_positive_diagonal():
    for bad in (POOLED(X, Z), POOLED(X, X[::-1]), np.diag([1.0, 0.0]), kernels.gram(POOLED, X, X, store=None)):
        with pytest.raises(ValueError, match=r"^gram: got .*, takes a symmetric matrix"):
            solve(bad, np.ones(len(bad)))

"""The contract of all kernels: call, nngp, diag, parameters, printing and hashing; what scikit-learn makes of it."""

import copy
import io
import itertools
import pickle
import subprocess
import sys

import jax
import jax.numpy as jnp
import kernel_cases as cases
import numpy as np
import pytest

from shiftmath.groups import Group, circular_shifts, flips, quarter_turns
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.kernels._numba import convolutional as compiled_engine

EPS = np.finfo(float).eps
SHIFTS = circular_shifts(axes=(0, 1))
AVERAGES = [
    (GroupAverage(FullyConnected(2, bias_std=0.3), SHIFTS * flips(axes=0)), (4, 4)),
    (GroupAverage(Convolutional(readout="flatten"), SHIFTS), (4, 3)),
    (GroupAverage(Convolutional(padding="zero"), SHIFTS, two_sided=True), (3, 4, 1)),
]
CASES = [*cases.VECTORS, *cases.IMAGE_KERNELS, *AVERAGES]
KERNELS = [Convolutional(2, (3, 2), readout=(2, 3), bias_std=0.1), FullyConnected(3, "abs"), AVERAGES[0][0]]
SHAPED = Convolutional(input_shape=(4, 4))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kernel", "shape", "as_array"),
    [(*case, np.asarray) for case in CASES] + [(*case, jnp.asarray) for case in (*cases.ON_JAX[::6], *AVERAGES)],
    ids=cases.name,
)
def test_diag_is_the_diagonal_of_the_gram(kernel, shape, as_array):
    X = as_array(cases.gaussian(0, 3, shape))
    values, expected = kernel.diag(X), np.diag(kernel(X))
    assert type(values) is type(X)
    assert values.dtype == X.dtype
    assert np.abs(values - expected).max() <= 1e-13 * np.abs(expected).max()
    assert np.abs(kernel.diag(X.astype("float32")) - expected).max() <= 1e-6 * np.abs(expected).max()


def test_diag_has_the_cost_of_n_pairs(monkeypatch):
    pairs, gram = [], compiled_engine.convolutional
    monkeypatch.setattr(
        compiled_engine, "convolutional", lambda plan, X, Z, *rest: pairs.append(len(X) ** 2) or gram(plan, X, Z, *rest)
    )
    Convolutional(2).diag(cases.gaussian(0, 7, (5, 5)))
    assert sum(pairs) == 7
    Convolutional(2, readout="flatten").diag(cases.gaussian(0, 7, (5, 5)))
    assert sum(pairs) == 7


def test_diag_of_many_signals_is_that_of_parts():
    X = cases.gaussian(0, 70_000, (4, 4))
    kernel = Convolutional(2, readout="flatten")
    assert np.array_equal(kernel.diag(X)[-3:], kernel.diag(X[-3:]))


@pytest.mark.latest
def test_diag_is_differentiable_and_traces():
    X = cases.gaussian(0, 2, (3, 4))
    for kernel in (FullyConnected(2), Convolutional(2), Convolutional(2, readout="flatten")):
        expected = kernel.diag(X)
        total = jax.jit(jax.grad(lambda X, k=kernel: k.diag(X).sum()))(X)
        # k(c x, c x) = c^2 k(x, x), so that <x, gradient> = 2 k(x, x).
        assert np.allclose((X * total).sum((1, 2)), 2 * expected, rtol=1e-12)
        assert np.abs(jax.jit(kernel.diag)(X) - expected).max() <= 1e-13 * expected.max()


@pytest.mark.parametrize("engine", [np.asarray, jnp.asarray])
def test_an_image_without_a_channel_axis_is_one_channel_and_no_signal_of_many(engine):
    X = cases.gaussian(0, 3, (4, 5))
    kernel, signals = Convolutional(2), Convolutional(2, spatial_axes=1)
    assert np.array_equal(kernel(engine(X)), kernel(engine(X[..., None])))
    assert np.array_equal(signals(engine(X[:, 0])), signals(engine(X[:, 0, :, None])))
    assert np.abs(kernel(X) - signals(X)).max() > 0.01  # five channels, where they are asked for
    with pytest.raises(ValueError, match=r"X: got shape \(3, 4, 5, 1\), takes"):
        signals(engine(X[..., None]))


def test_two_single_rows_give_a_number():
    x, z = cases.gaussian(0, 2, (16,))
    for kernel in (FullyConnected(2), SHAPED, GroupAverage(FullyConnected(), flips()), GroupAverage(SHAPED, SHIFTS)):
        for as_array in (np.asarray, jnp.asarray):
            value = kernel(as_array(x), as_array(z))
            assert value.shape == ()
            assert value == kernel(as_array(x)[None], as_array(z)[None])[0, 0]
    assert FullyConnected()([1.0, 2.0], [3.0, 4.0]) == FullyConnected()([[1.0, 2.0]], [[3.0, 4.0]])[0, 0]


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_kernels_are_values(kernel):
    for same in (copy.deepcopy(kernel), pickle.loads(pickle.dumps(kernel)), eval(repr(kernel))):
        assert same == kernel
        assert hash(same) == hash(kernel)
        assert same is not kernel
    with pytest.raises(AttributeError):
        kernel.depth = 1
    assert kernel != FullyConnected()


def test_a_repr_shows_what_differs_from_the_defaults_and_makes_the_kernel_again():
    shown = {
        Convolutional(): "Convolutional()",
        FullyConnected(2, "abs"): "FullyConnected(depth=2, activation='abs')",
        Convolutional(readout=(2, 3), weight_std=1): "Convolutional(readout=(2, 3), weight_std=1.0)",
        GroupAverage(FullyConnected(), flips()): "GroupAverage(kernel=FullyConnected(), group=flips())",
    }
    assert {k: repr(k) for k in shown} == shown
    for kernel, _ in CASES:
        assert eval(repr(kernel)) == kernel


@pytest.mark.parametrize(
    "group",
    [Group(()), circular_shifts(), circular_shifts(axes=0, stride=2) * flips(axes=(0, -1)), quarter_turns(axes=(1, 2))],
    ids=repr,
)
def test_a_group_prints_as_what_makes_it(group):
    assert eval(repr(group)) == group


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_parameters_are_read_and_set_by_name(kernel):
    params = kernel.get_params(deep=False)
    assert type(kernel)(**params) == kernel
    assert all(getattr(kernel, name) is value for name, value in params.items())
    other = copy.deepcopy(kernel)
    assert other.set_params(**params) is other
    assert other == kernel


def test_setting_parameters_sets_the_hash_and_the_values_too():
    kernel, X = FullyConnected(1), cases.gaussian(0, 3, (5,))
    before = kernel(X), Convolutional(1, filter_size=1)(X[:, None])
    assert kernel.set_params(depth=3, bias_std=np.float32(0.5)) == FullyConnected(3, bias_std=0.5)
    assert hash(kernel) == hash(FullyConnected(3, bias_std=0.5))
    assert np.array_equal(kernel(X), FullyConnected(3, bias_std=0.5)(X))
    assert np.array_equal(FullyConnected(1)(X), before[0])
    average = GroupAverage(Convolutional(), SHIFTS)
    images = cases.gaussian(0, 2, (4, 4))
    average(images)
    average.set_params(kernel__padding="zero")
    assert average.get_params()["kernel__padding"] == "zero"
    with pytest.raises(ValueError, match=r"kernel: got Convolutional\(padding='zero'\), takes one with k\(Tx"):
        average(images)
    fresh = GroupAverage(Convolutional(), SHIFTS)
    assert np.array_equal(average.set_params(kernel__padding="circular")(images), fresh(images))


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ({"two_sided": True, "width": 3}, ValueError, "parameter: got 'width', takes one of 'kernel', 'group', "),
        ({"two_sided": True, "kernel__depth": 0}, ValueError, "depth: got 0, takes a whole number"),
        ({"two_sided": True, "kernel__width": 0}, ValueError, "parameter: got 'width', takes one of 'depth'"),
        ({"two_sided": True, "group__axes": 0}, ValueError, "parameter: got 'group__axes', takes one of 'kernel'"),
        ({"two_sided": True, "group": 3}, TypeError, "group: got 3, takes"),
        ({"two_sided": 1}, TypeError, "two_sided: got 1, takes True or False"),
    ],
)
def test_parameters_that_are_refused_change_nothing(params, error, words):
    kernel = GroupAverage(FullyConnected(), flips())
    with pytest.raises(error, match=words):
        kernel.set_params(**params)
    assert kernel == GroupAverage(FullyConnected(), flips())


def test_parameters_need_no_scikit_learn():
    code = (
        "import sys; from shiftmath.groups import flips; from shiftmath.kernels import FullyConnected, GroupAverage\n"
        "k = GroupAverage(FullyConnected(), flips()).set_params(kernel__depth=2); k.get_params()\n"
        "sys.exit('sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_scikit_learn_clones_and_searches_over_parameters():
    base, svm, search = (pytest.importorskip(f"sklearn.{n}") for n in ("base", "svm", "model_selection"))
    for kernel, _ in CASES:
        assert base.clone(kernel) == kernel
        assert base.clone(kernel) is not kernel
    X = np.random.default_rng(0).normal(size=(30, 16))
    y = np.sign(X[:, 0] * X[:, 1] + 0.3 * X[:, 2])
    for kernel, prefix in ((SHAPED, "kernel__"), (GroupAverage(SHAPED, flips(axes=1)), "kernel__kernel__")):
        grid = {f"{prefix}depth": [1, 2], f"{prefix}readout": ["average", "flatten"]}
        named = search.GridSearchCV(svm.SVC(kernel=kernel), grid).fit(X, y)
        sets = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
        whole = [
            copy.deepcopy(kernel).set_params(**{k.removeprefix("kernel__"): v for k, v in s.items()}) for s in sets
        ]
        listed = search.GridSearchCV(svm.SVC(), {"kernel": whole}).fit(X, y)
        assert np.array_equal(named.cv_results_["mean_test_score"], listed.cv_results_["mean_test_score"])
        assert len(set(named.cv_results_["mean_test_score"])) > 1
        assert named.best_estimator_.kernel == whole[named.best_index_]
        assert kernel == base.clone(kernel)
    assert "Convolutional(input_shape=(4, 4))" in svm.SVC(kernel=SHAPED)._repr_html_()


def test_scikit_learn_calls_kernels_whole_or_pair_by_pair():
    ridge = pytest.importorskip("sklearn.kernel_ridge")
    decomposition, metrics = (pytest.importorskip(f"sklearn.{n}") for n in ("decomposition", "metrics.pairwise"))
    X = np.random.default_rng(0).normal(size=(12, 16))
    for kernel in (FullyConnected(2), SHAPED, GroupAverage(FullyConnected(), flips())):
        gram = kernel(X)
        tolerance = 64 * EPS * gram.max()
        assert np.abs(metrics.pairwise_kernels(X, metric=kernel) - gram).max() <= tolerance
        models = (ridge.KernelRidge(kernel=k).fit(Y, X[:, 0]) for k, Y in ((kernel, X), ("precomputed", gram)))
        pairs, whole = (m.predict(Y) for m, Y in zip(models, (X, gram), strict=True))
        # With the ridge 1 a change of the Gram matrix is carried on by at most its norm.
        assert np.abs(pairs - whole).max() <= 2 * len(X) ** 2 * tolerance * np.abs(X[:, 0]).sum()
        assert decomposition.KernelPCA(2, kernel=kernel).fit_transform(X).shape == (12, 2)


class Terminal(io.StringIO):
    """What a bar is drawn on."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("kernel", "shape"), [(FullyConnected(), (5,)), (Convolutional(), (3, 4)), AVERAGES[1]])
def test_a_bar_counts_the_blocks_and_changes_nothing(kernel, shape, monkeypatch):
    X = cases.gaussian(0, 3, shape)
    for stderr in (Terminal(), io.StringIO()):
        monkeypatch.setattr(sys, "stderr", stderr)
        assert np.array_equal(kernel(X, progress=True), kernel(X))
        assert np.array_equal(kernel.nngp(X, X, progress=True), kernel.nngp(X, X))
        assert ("Gram matrix: 100%" in stderr.getvalue()) == stderr.isatty()
    with pytest.raises(TypeError, match="progress: got 1, takes True or False"):
        kernel(X, progress=1)

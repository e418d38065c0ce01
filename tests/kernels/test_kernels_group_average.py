"""Averages over a group: invariant, symmetric, of kernels that allow it, in bounded memory."""

import jax
import jax.numpy as jnp
import kernel_cases as cases
import numpy as np
import pytest

from shiftmath import Interpolant
from shiftmath.groups import Group, circular_shifts, flips, quarter_turns
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.kernels import average as average_module
from shiftmath.kernels.joint_action import joint_defect

EPS = np.finfo(float).eps
SHIFTS = circular_shifts(axes=(0, 1))
X = cases.gaussian(0, 4, (4, 4))


def bell(X, Z=None, width=1.0, weights=None):
    """A Gaussian kernel, invariant under all permutations where the weights are equal."""
    Z = X if Z is None else Z
    differences = (X[:, None] - Z[None]).reshape(len(X), len(Z), -1)
    weights = np.ones(differences.shape[-1]) if weights is None else weights(differences.shape[-1])
    return np.exp(-((differences * weights[None, None]) ** 2).sum(-1) / width**2)


def uneven(width):
    """A Gaussian kernel whose length scale differs by a hundredth from entry to entry."""
    return lambda X, Z=None: bell(X, Z, width, lambda d: 1 + 0.01 * np.arange(d))


def first_entries(X, Z=None):
    """A kernel in JAX that looks at one entry."""
    Z = X if Z is None else Z
    return jnp.exp(-((X[:, None] - Z[None]) ** 2)[:, :, 0, 0])


INVARIANT = [
    (FullyConnected(3, "gelu", bias_std=0.2), SHIFTS * flips() * quarter_turns()),
    (Convolutional(2, readout="flatten"), SHIFTS * flips(axes=0) * quarter_turns()),
    (Convolutional(2, filter_size=2, dense_layers=1), SHIFTS * flips(axes=(0, 1))),
    (Convolutional(2, filter_size=2, readout=2), flips(axes=(0, 1))),  # moved by two pixels, which is a block
    (Convolutional(readout=2), circular_shifts(axes=(0, 1), stride=2)),
    (Convolutional(padding="zero"), flips(axes=(0, 1)) * quarter_turns()),
    (Convolutional(filter_size=(1, 3), padding="zero", activation="erf"), flips(axes=(0, 1))),
    (bell, SHIFTS * flips()),
]
NOT_INVARIANT = [
    (Convolutional(padding="zero"), SHIFTS),
    (Convolutional(filter_size=2, padding="zero"), flips(axes=0)),
    (Convolutional(filter_size=2, readout=2), flips(axes=0)),
    (Convolutional(filter_size=(1, 3)), quarter_turns()),
    (Convolutional(readout=2), SHIFTS),
    (Convolutional(readout=(1, 2)), quarter_turns()),
    (GroupAverage(Convolutional(filter_size=(1, 3)), SHIFTS), quarter_turns()),
    *((uneven(width), SHIFTS) for width in (1e-3, 0.1, 1.0, 10.0, 100.0)),
    (first_entries, SHIFTS),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kernel", "group", "as_array"),
    [(*case, np.asarray) for case in INVARIANT] + [(*case, jnp.asarray) for case in INVARIANT[::3]],
    ids=cases.name,
)
def test_the_average_is_invariant_and_one_kernel_with_one_argument_or_two(kernel, group, as_array):
    average, signals = GroupAverage(kernel, group), as_array(X)
    gram = average(signals)
    tolerance = 1e-13 * float(abs(gram).max())
    assert abs(average(signals, signals) - gram).max() <= tolerance
    for moved in group.orbit(X[0])[::5]:
        assert abs(average(as_array(moved[None]), signals) - gram[:1]).max() <= tolerance
        assert abs(average(signals, as_array(moved[None])) - gram[:, :1]).max() <= tolerance
    assert abs(average.diag(signals) - gram.diagonal()).max() <= tolerance
    both = GroupAverage(kernel, group, two_sided=True)(signals)
    assert abs(both - gram).max() <= tolerance


@pytest.mark.parametrize(("kernel", "group"), NOT_INVARIANT, ids=cases.name)
@pytest.mark.parametrize("call", ["__call__", "nngp", "diag"])
def test_a_kernel_that_is_not_jointly_invariant_is_refused(kernel, group, call):
    if call == "nngp" and not hasattr(kernel, "nngp"):
        pytest.skip("a function has no nngp")
    words = r"kernel: got .*, takes one with k\(Tx, Tz\) = k\(x, z\) for every T of .* on signals \(4, 4\), .*two_sided"
    average = GroupAverage(kernel, group)
    for _ in range(2):  # what was found is remembered
        with pytest.raises(ValueError, match=words):
            getattr(average, call)(X)


@pytest.mark.latest
@pytest.mark.slow
@pytest.mark.parametrize("kernel", [Convolutional(padding="zero"), first_entries], ids=cases.name)
def test_it_is_refused_inside_a_transformation_too(kernel):
    average = GroupAverage(kernel, SHIFTS)
    for call in (jax.jit(average), lambda signals: jax.vmap(lambda x: average(x[None], signals))(signals), average):
        with pytest.raises(ValueError, match=r"kernel: got .*, takes one with k\(Tx, Tz\) = k\(x, z\)"):
            call(jnp.asarray(X))
    allowed = GroupAverage(FullyConnected(), SHIFTS)
    assert abs(jax.jit(allowed)(jnp.asarray(X)) - allowed(X)).max() <= 1e-14


def test_averaged_over_both_arguments_every_kernel_is_invariant_and_interpolates():
    labels = [1.0, -1.0, 1.0, -1.0]
    for kernel, group in NOT_INVARIANT[:6]:
        average = GroupAverage(kernel, group, two_sided=True)
        gram = average(X)
        for moved in group.orbit(X[0])[::3]:
            assert np.abs(average(moved[None], X) - gram[:1]).max() <= 1e-13 * gram.max()
        assert np.abs(average(X, X) - gram).max() <= 1e-13 * gram.max()
        assert np.abs(average.diag(X) - gram.diagonal()).max() <= 1e-13 * gram.max()
        # The solution errs by eps times the condition number, which is below 1e4 for four generic images.
        assert np.linalg.cond(gram) < 1e4
        assert np.abs(Interpolant(average, X, labels)(X) - labels).max() <= 1e-10


def test_the_two_sided_average_is_the_mean_over_both_orbits():
    kernel = Convolutional(padding="zero")
    orbits = [SHIFTS.orbit(x) for x in X[:2]]
    expected = [[kernel(a, b).mean() for b in orbits] for a in orbits]
    assert np.abs(GroupAverage(kernel, SHIFTS, two_sided=True)(X[:2]) - expected).max() <= 64 * EPS


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("as_array", [np.asarray, jnp.asarray])
def test_blocks_change_nothing_and_bound_what_is_held(two_sided, as_array, monkeypatch):
    held = []

    def kernel(X, Z=None):
        held.append(max(X.size, Z.size, len(X) * len(Z)))
        return X.reshape(len(X), -1) @ Z.reshape(len(Z), -1).T + 1.0

    signals = as_array(cases.gaussian(1, 5, (2, 3)))
    average = GroupAverage(kernel, SHIFTS * flips(), two_sided=two_sided)
    whole = average(signals), average(signals[:3], signals), average.diag(signals)
    assert max(held) > 300
    for most in (300, 100, 20) if as_array is np.asarray else (100,):
        monkeypatch.setattr(average_module, "ENTRIES", most)
        held.clear()
        parts = average(signals), average(signals[:3], signals), average.diag(signals)
        for part, expected in zip(parts, whole, strict=True):
            assert abs(part - expected).max() <= 64 * EPS * abs(expected).max()
        assert max(held) <= most
    assert np.array_equal(parts[0], parts[0].T)


def test_a_kernel_that_cannot_be_hashed_is_tried_and_averaged_too():
    class Own:
        __hash__ = None

        def __call__(self, X, Z=None):
            return bell(X, Z)

    assert np.array_equal(GroupAverage(Own(), SHIFTS)(X), GroupAverage(bell, SHIFTS)(X))


def test_rows_are_images_of_the_kernels_input_shape():
    kernel = Convolutional(readout="flatten", input_shape=(4, 4))
    average = GroupAverage(kernel, SHIFTS)
    assert np.array_equal(average(X.reshape(4, -1)), average(X))


def test_bad_kernels_are_named():
    for kernel, words in (
        (np.dot, r"with a result of shape \(1, 4, 4, 4\)"),
        (lambda X, Z: 1.0, r"of shape \(\), takes"),
    ):
        with pytest.raises(ValueError, match=f"kernel: got .*{words}"):
            GroupAverage(kernel, SHIFTS)(X)
    with pytest.raises(TypeError, match=r"kernel: got <function bell .* takes one with nngp"):
        GroupAverage(bell, SHIFTS).nngp(X)
    with pytest.raises(ValueError, match=r"X and Z: got signals of shapes \(4, 4\) and \(4,\), takes"):
        GroupAverage(bell, SHIFTS)(X, X[0])


def test_the_defect_is_that_of_the_definition():
    def kernel(X, Z):
        return X[:, :1] @ Z[:, :1].T

    defect, explained = joint_defect(kernel, flips(), (2,))
    assert 0.01 < defect < 100
    assert explained < 1e-6
    assert joint_defect(lambda X, Z: X @ Z.T, flips(), (2,))[0] <= 1e-14
    assert joint_defect(lambda X, Z: X @ Z.T, Group(()), (2,))[0] == 0

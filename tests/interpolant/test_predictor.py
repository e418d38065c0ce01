"""The minimum-norm interpolant: its values, gradient and norm, with a ridge, of several outputs, and its refusals."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel

from shiftmath.adversary import ddn, pgd
from shiftmath.groups import circular_shifts, flips
from shiftmath.interpolant import Indistinguishable, Interpolant
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage

EPS = float(np.finfo(float).eps)
NETWORKS = [
    FullyConnected(),
    FullyConnected(depth=2, bias_std=0.3),
    Convolutional(),
    Convolutional(readout="flatten"),
    GroupAverage(FullyConnected(), circular_shifts(axes=(0, 1))),
]


def pair(x):
    return np.stack([x, -x])


@pytest.fixture
def nans_allowed():
    """JAX as users have it, in all threads."""
    jax.config.update("jax_debug_nans", False)
    yield
    jax.config.update("jax_debug_nans", True)


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_it_interpolates_and_its_norm_is_least(network, rng):
    X, y = rng.standard_normal((6, 4, 4, 1)), rng.standard_normal(6)
    f = Interpolant(network, X, y)
    condition = np.linalg.cond(f.gram)
    assert np.abs(f(X) - y).max() <= 64 * EPS * condition * np.abs(y).max()
    assert f.norm**2 == pytest.approx(y @ np.linalg.solve(f.gram, y), rel=64 * EPS * condition)
    # Any other function of the span that takes these values at the samples, among more samples, is longer.
    more = rng.standard_normal((3, 4, 4, 1))
    longer = Interpolant(network, np.concatenate([X, more]), np.concatenate([y, f(more) + 0.1]))
    assert longer.norm > f.norm


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_gradient_is_that_of_finite_differences(network, rng):
    f = Interpolant(network, rng.standard_normal((3, 3, 3, 1)), [1.0, -1.0, 0.5])
    x, direction = rng.standard_normal((2, 3, 3, 1))
    h = 1e-5
    difference = float(f(x[None] + h * direction)[0] - f(x[None] - h * direction)[0]) / (2 * h)
    # The central difference errs by h^2 and by eps / h.
    assert np.vdot(f.gradient(x), direction) == pytest.approx(difference, rel=1e-7, abs=1e-8)


@pytest.mark.latest
def test_gradient_of_a_function_of_jax_is_that_of_the_kernel_it_calls(rng):
    kernel = Convolutional(activation="gelu")
    (X, x), y = np.split(rng.standard_normal((4, 3, 3, 1)), [3]), [1.0, -1.0, 0.5]
    found = Interpolant(lambda X, Z=None: kernel(X, Z), X, y).gradient(x)
    expected = Interpolant(kernel, X, y).gradient(x)
    # Rounding of the coefficients, by the condition of three Gaussian signals, below 100.
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


def test_copies_with_one_label_give_the_minimum_norm_solution(rng):
    x, z = rng.standard_normal((2, 5, 1))
    shifted = np.stack([x, np.roll(x, 2, axis=0), z])
    f = Interpolant(Convolutional(spatial_axes=1), shifted, [1.0, 1.0, -1.0])
    g = Interpolant(Convolutional(spatial_axes=1), shifted[[0, 2]], [1.0, -1.0])
    Z = rng.standard_normal((7, 5, 1))
    assert np.allclose(f(Z), g(Z), rtol=0, atol=1e-10)
    assert f.coefficients[0] == pytest.approx(f.coefficients[1], rel=1e-9)


def test_sine_and_cosine_of_one_frequency_are_one_sample_under_pooling():
    t = 2 * np.pi * np.arange(16) / 16
    X = np.stack([np.sin(t), np.cos(t), np.sin(2 * t), np.cos(2 * t)])[..., None]
    f = Interpolant(Convolutional(filter_size=5, spatial_axes=1), X, [1.0, 1.0, -1.0, -1.0])
    assert np.allclose(f(X), [1, 1, -1, -1], rtol=0, atol=1e-9)


def test_conflicting_labels_are_named():
    x = np.array([[1.0], [-2.0], [1.0]])
    with pytest.raises(Indistinguishable, match="cannot tell samples 0 and 1 apart, whose labels conflict") as caught:
        Interpolant(Convolutional(spatial_axes=1), pair(x), [1, -1])
    assert caught.value.pairs == [(0, 1)]
    y = np.array([[0.5], [0.0], [2.0]])
    X = np.stack([x, y, 3 * x, np.roll(y, 1, axis=0)])
    with pytest.raises(Indistinguishable, match="samples 1 and 3 apart"):
        Interpolant(Convolutional(spatial_axes=1), X, [1, 1, 1, -1])


def test_jax_arrays_go_through_jax(rng):
    f = Interpolant(FullyConnected(), pair(rng.standard_normal(5)), [1, -1])
    Z = rng.standard_normal((3, 5))
    values = f(jnp.asarray(Z))
    assert isinstance(values, jax.Array)
    assert np.allclose(values, f(Z), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (np.ones((2, 3)), [1], ValueError, r"y: got shape \(1,\), takes one label for each of the 2 samples"),
        (np.ones((2, 3)), ["a", "b"], TypeError, "y: got dtype <U1, takes one label for each of the 2 samples"),
        (np.ones((2, 3)), [1, np.nan], ValueError, r"y: got nan at \(1,\)"),
        ([[1.0, np.inf]], [1], ValueError, r"X: got inf at \(0, 1\)"),
        ([], [], ValueError, r"X: got shape \(0,\)"),
        ([1.0, 2.0], [1, 2], ValueError, r"X: got shape \(2,\)"),
    ],
)
def test_bad_input_is_named(X, y, error, message):
    with pytest.raises(error, match=message):
        Interpolant(FullyConnected(), X, y)


def test_bad_points_are_named(rng):
    f = Interpolant(FullyConnected(), pair(rng.standard_normal(5)), [1, -1])
    with pytest.raises(ValueError, match=r"x: got shape \(4,\), takes one point of shape \(5,\) or a batch of them"):
        f.distance(np.ones(4))
    with pytest.raises(ValueError, match=r"x: got nan at \(2,\)"):
        f.gradient([1, 1, np.nan, 1, 1])


# What a careless user passes for a point or a batch.
BAD = {
    "complex": (np.ones(5, complex), TypeError, "got dtype complex128"),
    "strings": (["a"] * 5, TypeError, "got dtype <U1"),
    "objects": (np.ones(5, object), TypeError, "got dtype object"),
    "ragged": ([[1.0, 2.0], [3.0]], ValueError, "got rows of unequal lengths"),
    "dict": ({"a": 1}, TypeError, "got dtype object"),
    "set": ({1.0}, TypeError, "got dtype object"),
    "None": (None, TypeError, "got dtype object"),
    "text": ("zebra", TypeError, "got dtype <U5"),
    "bytes": (b"zebra", TypeError, r"got dtype \|S5"),
    "generator": ((v for v in range(5)), TypeError, "got dtype object"),
    "masked": (np.ma.masked_less(np.arange(5.0), 2), TypeError, "got a masked array"),
    "infinite": (np.full(5, np.inf), ValueError, r"got inf at \(0,\)"),
}


@pytest.mark.parametrize("method", ["gradient", "distance", "__call__"])
@pytest.mark.parametrize("case", BAD)
def test_bad_points_get_one_wording(method, case, rng):
    f = Interpolant(FullyConnected(), pair(rng.standard_normal(5)), [1, -1])
    x, error, message = BAD[case]
    with pytest.raises(error, match=f"^[xZ]: {message}.*, takes "):
        getattr(f, method)(x)


@pytest.mark.parametrize("shape", [(), (0, 5), (2, 2, 5), (6,), (2, 6)])
def test_shapes_of_points_are_named(shape, rng):
    f = Interpolant(FullyConnected(), pair(rng.standard_normal(5)), [1, -1])
    for method in (f.gradient, f.distance):
        with pytest.raises(ValueError, match=r"^x: got shape .*, takes one point of shape \(5,\) or a batch of them"):
            method(np.ones(shape))


def test_mixed_tables_are_refused_and_plain_ones_accepted(rng):
    pandas = pytest.importorskip("pandas")
    f = Interpolant(FullyConnected(), pair(rng.standard_normal(2)), [1, -1])
    with pytest.raises(TypeError, match=r"^x: got dtype object, takes one point"):
        f.distance(pandas.DataFrame({"a": [1.0], "b": ["c"]}))
    table = pandas.DataFrame({"a": [1.0, 3.0], "b": [2.0, 5.0]})
    assert np.array_equal(f.gradient(table), f.gradient(table.to_numpy()))


@pytest.mark.parametrize("dtype", [">f8", ">f4", "<f4", np.float16, np.longdouble, ">i4", np.uint8, bool])
def test_numbers_of_other_kinds_are_converted(dtype, rng):
    x = rng.standard_normal(5)
    f = Interpolant(FullyConnected(depth=2), rng.standard_normal((3, 5)).astype(">f8"), np.array([1, -1, 1], ">i2"))
    point = (2 * x).astype(dtype)
    assert np.array_equal(f.gradient(point), f.gradient(point.astype(float)))
    assert f.distance(point, restarts=1).upper == f.distance(point.astype(float), restarts=1).upper


@pytest.mark.parametrize("masked", ["X", "y"])
def test_masked_samples_and_labels_are_refused(masked, rng):
    X, y = rng.standard_normal((2, 5)), np.array([1.0, -1.0])
    with pytest.raises(TypeError, match=f"^{masked}: got a masked array, takes "):
        Interpolant(FullyConnected(), **{"X": X, "y": y, masked: np.ma.masked_greater(X if masked == "X" else y, 0)})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"kernel": 3}, TypeError, "kernel: got 3, takes a callable"),
        ({"ridge": -1}, ValueError, "ridge: got -1, takes a non-negative finite number"),
        ({"ridge": None}, TypeError, "ridge: got None, takes a non-negative finite number"),
        ({"ridge": np.inf}, ValueError, "ridge: got inf, takes"),
        ({"y": [1j, 0]}, TypeError, "y: got dtype complex128, takes one label"),
        ({"y": [[1], [1, 2]]}, ValueError, "y: got rows of unequal lengths, takes one label"),
        ({"y": np.ones((2, 0))}, ValueError, r"y: got shape \(2, 0\), takes one label"),
        ({"y": np.ones((2, 1, 1))}, ValueError, r"y: got shape \(2, 1, 1\), takes one label"),
        ({"kernel": lambda X, Z=None: np.ones((3, 3))}, ValueError, r"kernel: got a result of shape \(3, 3\) for 2"),
        ({"kernel": lambda X, Z=None: "gram"}, TypeError, "kernel: got dtype <U4, takes"),
    ],
)
def test_bad_arguments_are_named(options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        Interpolant(**{"kernel": FullyConnected(), "X": np.eye(2), "y": [1, -1]} | options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"level": "x"}, TypeError, "level: got 'x', takes a finite number"),
        ({"level": np.nan}, ValueError, "level: got nan, takes a finite number"),
        ({"restarts": -1}, ValueError, "restarts: got -1, takes a whole number of at least 0"),
        ({"seed": 1.5}, TypeError, "seed: got 1.5, takes a whole number"),
        ({"closed_form": "no"}, TypeError, "closed_form: got 'no', takes True or False"),
        ({"progress": 1}, TypeError, "progress: got 1, takes True or False"),
    ],
)
def test_bad_options_of_a_distance_are_named(options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        Interpolant(FullyConnected(), np.eye(2), [1, -1]).distance([1.0, 2.0], **options)


def test_numbers_too_large_or_too_small_are_named_as_such(nans_allowed):
    def overflowing(X, Z=None):
        return X @ (X if Z is None else Z).T * 1e300

    def rooted(X, Z=None):
        return abs(X) ** 0.5 @ (abs(X if Z is None else Z) ** 0.5).T

    with np.errstate(over="ignore", invalid="ignore"):
        with pytest.raises(ValueError, match=r"^X: the Gram matrix: got inf at \(0, 0\), takes finite numbers"):
            Interpolant(overflowing, [[1e5, 0.0], [0.0, 1.0]], [1, -1])
        f = Interpolant(overflowing, [[1.0, 0.0], [0.0, 1.0]], [1, -1])
        with pytest.raises(ValueError, match=r"^Z: the values: got inf at \(0,\), takes finite numbers"):
            f([[1e10, 1.0]])
        with pytest.raises(ValueError, match=r"^x: the gradient: got (nan|inf) at \(0, 0\), takes finite numbers"):
            Interpolant(rooted, np.eye(2), [1, 2]).gradient([0.0, 0.0])
    with pytest.raises(ValueError, match=r"^X: got numbers up to 1e-300, whose squares underflow, takes larger ones"):
        Interpolant(lambda X, Z=None: X @ (X if Z is None else Z).T, 1e-300 * np.eye(2), [1, -1])


@pytest.mark.parametrize("activation", ["gelu", "erf"])
def test_low_numerical_rank_is_told_from_conflicting_labels_and_a_ridge_helps(activation):
    X = np.linspace(-1, 1, 40)[:, None]
    y = np.sin(3 * X[:, 0])
    with pytest.raises(Indistinguishable, match=r"whose rank is \d+ of 40 to rounding.*takes a ridge") as caught:
        Interpolant(FullyConnected(activation=activation, bias_std=0.5), X, y)
    assert caught.value.pairs == []
    assert "conflict" not in str(caught.value)
    ridge = float(str(caught.value).rsplit("ridge=", 1)[1].split()[0])
    f = Interpolant(FullyConnected(activation=activation, bias_std=0.5), X, y, ridge)
    # f(X) = y - ridge c, but for what `lost` allows and the rounding of f(X).
    rounding = 1e-6 * np.linalg.norm(y) + 64 * EPS * (np.abs(f.gram) @ np.abs(f.coefficients)).max()
    assert np.abs(f(X) - y).max() <= ridge * np.abs(f.coefficients).max() + rounding


def test_samples_that_are_all_but_alike_are_not_blamed_if_their_labels_are_too():
    X = np.linspace(-1, 1, 40)[:, None]
    X = np.concatenate([X, X[:3] + 1e-7])
    with pytest.raises(Indistinguishable, match="whose rank is") as caught:
        Interpolant(FullyConnected(activation="erf", bias_std=0.5), X, np.sin(3 * X[:, 0]))
    assert caught.value.pairs == []
    with pytest.raises(Indistinguishable, match=r"cannot tell samples 0 and 40.* apart, whose labels conflict"):
        Interpolant(FullyConnected(activation="erf", bias_std=0.5), X, np.r_[np.sin(3 * X[:-3, 0]), 1, 1, 1])


@pytest.mark.latest
def test_gradients_are_computed_where_jax_is_told_to():
    devices = []

    def kernel(X, Z=None):
        devices.append(jax.config.jax_default_device)
        return X @ (X if Z is None else Z).T

    device = jax.devices()[0]
    with jax.default_device(device):
        Interpolant(kernel, np.eye(2), [1, -1]).gradient(np.ones(2))
    assert devices == [device, device]


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
@pytest.mark.parametrize("ridge", [1e-6, 0.1, 1e6])
def test_a_ridge_is_that_of_scikit_learn_and_its_objective_is_least(network, ridge, rng):
    X, y = rng.standard_normal((6, 4, 4, 1)), rng.standard_normal(6)
    f = Interpolant(network, X, y, ridge=ridge)
    reference = KernelRidge(alpha=ridge, kernel="precomputed").fit(f.gram, y)
    tolerance = 64 * EPS * np.linalg.cond(f.gram + ridge * np.eye(6)) * np.abs(f.coefficients).max()
    assert np.abs(f.coefficients - reference.dual_coef_).max() <= tolerance
    assert np.abs(f(X) - (y - ridge * f.coefficients)).max() <= 64 * EPS * (np.abs(f.gram).sum() * tolerance / EPS + 1)

    def objective(c):
        return np.sum((f.gram @ c - y) ** 2) + ridge * c @ f.gram @ c

    assert f.norm**2 == pytest.approx(f.coefficients @ f.gram @ f.coefficients, rel=1e-12)
    for change in 1e-3 * np.abs(f.coefficients).max() * rng.standard_normal((20, 6)):
        assert objective(f.coefficients + change) > objective(f.coefficients)


def test_no_ridge_is_the_interpolant_and_one_below_rounding_changes_no_refusal(rng):
    X, y = rng.standard_normal((4, 3)), rng.standard_normal(4)
    f = Interpolant(FullyConnected(), X, y)
    assert np.array_equal(f.coefficients, Interpolant(FullyConnected(), X, y, ridge=0).coefficients)
    twice = np.concatenate([X, X])
    for ridge in (0, 1e-30):
        with pytest.raises(Indistinguishable, match="cannot tell samples 0 and 4"):
            Interpolant(FullyConnected(), twice, np.r_[y, -y], ridge=ridge)
    # Labels that conflict are averaged, as far as the ridge lets them.
    g = Interpolant(FullyConnected(), twice, np.r_[y + 1, y - 1], ridge=2e-9)
    assert np.allclose(g(X), Interpolant(FullyConnected(), X, y, ridge=1e-9)(X), rtol=0, atol=1e-6)


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_several_outputs_are_as_many_interpolants(network, ridge, rng):
    X, Y = rng.standard_normal((5, 3, 3, 1)), rng.standard_normal((5, 3))
    f, each = Interpolant(network, X, Y, ridge), [Interpolant(network, X, y, ridge) for y in Y.T]
    Z = rng.standard_normal((4, 3, 3, 1))
    # Sums of 5 terms in another order.
    close = {"rtol": 0, "atol": 64 * EPS * np.linalg.cond(f.gram) * np.abs(Y).max()}
    assert f(Z).shape == (4, 3)
    assert f(Z[0]).shape == (3,)
    assert f.gradient(Z).shape == (4, 3, 3, 3, 1)
    assert f.gradient(Z[0]).shape == (3, 3, 3, 1)
    assert np.allclose(f(Z), np.stack([g(Z) for g in each], axis=1), **close)
    assert np.allclose(f.gradient(Z), np.stack([g.gradient(Z) for g in each], axis=1), **close)
    assert np.allclose(f.norm, [g.norm for g in each], **close)


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_one_point_and_a_batch_agree(network, rng):
    f = Interpolant(network, rng.standard_normal((3, 3, 3, 1)), [1.0, -1.0, 0.5])
    Z = rng.standard_normal((11, 3, 3, 1))
    close = {"rtol": 0, "atol": 64 * EPS * np.linalg.cond(f.gram)}
    assert np.allclose([f(z) for z in Z], f(Z), **close)
    assert np.allclose([f.gradient(z) for z in Z], f.gradient(Z), **close)
    assert np.ndim(f(Z[0])) == 0
    assert f.gradient(Z[0]).shape == Z[0].shape


@pytest.mark.parametrize("network", [FullyConnected(depth=2, bias_std=0.3), Convolutional()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_a_jax_function_of_one_signal(network, dtype, rng):
    f = Interpolant(network, rng.standard_normal((3, 3, 3, 1)), [1.0, -1.0, 0.5])
    Z = rng.standard_normal((2, 3, 3, 1)).astype(dtype)
    for values in (jax.jit(jax.vmap(f))(jnp.asarray(Z)), f(jnp.asarray(Z)), jnp.stack([f(z) for z in jnp.asarray(Z)])):
        assert values.dtype == dtype
        assert np.allclose(values, f(Z.astype(float)), rtol=0, atol=1e3 * np.finfo(dtype).eps)
    assert f(jnp.asarray(Z[0])).shape == ()
    gradients = jax.vmap(jax.grad(f))(jnp.asarray(Z))
    assert np.allclose(gradients, f.gradient(Z), rtol=0, atol=1e3 * np.finfo(dtype).eps)


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [1, 3])
def test_attacks_take_it_as_it_is(outputs, rng):
    X, y = rng.standard_normal((4, 4)), np.array([0, 1, 2, 0])
    labels, targets = (y, np.eye(3)[y]) if outputs == 3 else (1 - 2 * (y % 2), 1 - 2 * (y % 2))
    f = Interpolant(FullyConnected(depth=2), X, targets)
    attack, found = ddn(f, X, labels, steps=100), f.distance(X)
    assert attack.success.all()
    # An attack finds no point within the certified radius, and the search none much farther than the attack.
    assert (found.lower <= attack.distances).all()
    assert (found.upper <= 1.05 * attack.distances).all()
    assert pgd(f, X, labels, radius=1.1 * found.upper.max(), steps=50).success.all()
    assert not pgd(f, X, labels, radius=0.99 * found.lower.min(), steps=50).success.any()


def test_it_is_hashable_and_picklable(rng):
    f = Interpolant(Convolutional(spatial_axes=1), rng.standard_normal((2, 4, 1)), [1, -1])
    g = pickle.loads(pickle.dumps(f))
    assert len({f, g, f}) == 2
    assert np.array_equal(f(f.X), g(f.X))
    assert jax.jit(lambda z, h: h(z), static_argnums=1)(jnp.ones((4, 1)), f).shape == ()


@pytest.mark.latest
def test_kernels_without_jax_are_named_where_jax_is_needed():
    f = Interpolant(rbf_kernel, np.eye(3), [1, -1, 1])
    assert f(np.eye(3)) == pytest.approx([1, -1, 1])
    words = r"^kernel: got <function rbf_kernel.*which JAX cannot trace, takes a hashable callable of JAX arrays"
    for method in (f.gradient, f.distance):
        with pytest.raises(TypeError, match=words):
            method(np.ones(3))


def test_kernels_without_hash_are_named_where_it_is_needed():
    class Kernel(dict):
        def __call__(self, X, Z=None):
            return X @ (X if Z is None else Z).T

    with pytest.raises(TypeError, match=r"^kernel: got \{\}, which is not hashable, takes a hashable callable"):
        Interpolant(Kernel(), np.eye(3), [1, -1, 1]).gradient(np.ones(3))


@pytest.mark.parametrize(
    ("y", "ridge", "words"),
    [
        ([1, -1, 1, 0.5], 0, "labels -1, 0.5, 1)"),
        ([0, 1, 1, 0], 0, "labels 0, 1)"),
        ([0.1, 2, 3, 4], 0.5, "labels from 0.1 to 4, ridge=0.5)"),
        (np.eye(4), 0, "labels 0, 1, 4 outputs)"),
    ],
)
def test_repr_is_one_line_with_the_labels(y, ridge, words, rng):
    text = repr(Interpolant(FullyConnected(), rng.standard_normal((4, 3)), y, ridge))
    assert text.startswith("Interpolant(FullyConnected(")
    assert text.endswith(f"4 samples of shape (3,), {words}")
    assert "\n" not in text


@pytest.mark.parametrize("shape", [(6,), (3, 4)])
def test_group_average_is_invariant_in_both_arguments(shape, rng):
    group = circular_shifts() * flips(axes=0)
    network = GroupAverage(FullyConnected(depth=2), group)
    x, z = rng.standard_normal((2, *shape))
    value = network(x[None], z[None])[0, 0]
    assert np.abs(network(group.orbit(x), z[None]) - value).max() <= 64 * EPS * value
    assert np.abs(network(x[None], group.orbit(z)) - value).max() <= 64 * EPS * value
    gram = network(np.stack([x, z]))
    assert np.array_equal(gram, gram.T)
    brute = np.mean([FullyConnected(depth=2)(x[None], t[None])[0, 0] for t in group.orbit(z)])
    assert value == pytest.approx(brute, rel=64 * EPS)

"""`weighted_gradient`: against JAX, 50 digits and closed forms; the laws of gradients; kinks, sizes and refusals."""

import jax
import jax.numpy as jnp
import kernel_cases as cases
import numpy as np
import pytest
import reference

from shiftmath import Interpolant
from shiftmath.groups import circular_shifts, flips
from shiftmath.interpolant import gradients as by_jax
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.kernels._numba import threads

EPS = float(np.finfo(float).eps)
SHIFTS = circular_shifts(axes=(0, 1))

KERNELS = [
    (Convolutional(2), (4, 5)),
    (Convolutional(2, (2, 3), readout=(2, 1), padding="zero", bias_std=0.3, dense_layers=1), (4, 3)),
    (Convolutional(3, (3, 2), readout="flatten", activation="abs", bias_std=0.4, dense_layers=2), (4, 3, 2)),
    (
        Convolutional(2, 4, "flatten", "zero", "leaky_relu", weight_std=1.1, negative_slope=0.3, spatial_axes=1),
        (6,),
    ),
    (FullyConnected(3, bias_std=0.4), (5,)),
    (FullyConnected(2, "leaky_relu", negative_slope=0.3), (5,)),
]
SMOOTH = [
    (Convolutional(3, (3, 2), "flatten", "zero", "erf"), (4, 3, 2)),
    (Convolutional(2, (2, 3), (2, 1), "zero", "gelu", bias_std=0.3, dense_layers=2), (4, 3)),
    (Convolutional(1, activation="erf", dense_layers=1), (4, 5)),
    (Convolutional(2, activation="gelu", weight_std=1.1), (4, 5)),
    (FullyConnected(3, "erf", bias_std=0.4), (5,)),
    (FullyConnected(2, "gelu"), (5,)),
]
HOMOGENEOUS = [
    (Convolutional(2, dense_layers=1), (4, 5)),
    (Convolutional(2, readout="flatten", padding="zero", activation="leaky_relu"), (4, 3, 2)),
    (FullyConnected(3, "abs"), (5,)),
]
NEAR = [
    (Convolutional(2, readout="flatten", padding="zero", spatial_axes=1), (4, 1)),
    (Convolutional(2, readout="flatten", bias_std=0.3, dense_layers=1, spatial_axes=1), (4, 1)),
    (FullyConnected(3, bias_std=0.3), (5,)),
    (FullyConnected(2, "leaky_relu", negative_slope=0.3), (5,)),
]


def inputs(shape, n=3, m=4):
    """Points, samples and weights."""
    points, samples = cases.gaussian(0, n + m, shape)[:n], cases.gaussian(1, m, shape)
    return points, samples, cases.gaussian(2, m, ())


def size(kernel, X, Z, weights):
    """For each point the sum of |w| sqrt(k(z, z) k(x, x)) / |x|: what the gradients of the terms are made of."""
    norms = np.linalg.norm(X.reshape(len(X), -1), axis=1)
    return np.sqrt(kernel.diag(X)) * (np.abs(weights) @ np.sqrt(kernel.diag(Z))) / norms


def differ(a, b):
    """The largest difference of two gradients at each point."""
    return np.abs(a - b).reshape(len(a), -1).max(1)


def along(gradients, directions):
    """The derivatives in these directions."""
    return (gradients * directions).reshape(len(gradients), -1).sum(1)


@pytest.mark.parametrize(
    ("kernel", "shape"),
    [pytest.param(*case, marks=[pytest.mark.slow] * (i in (1, 2, 4))) for i, case in enumerate(KERNELS)],
    ids=cases.name,
)
def test_gradients_are_those_of_jax(kernel, shape):
    X, Z, weights = inputs(shape)
    values, gradients = kernel.weighted_gradient(X, Z, weights)
    expected, back = jax.vjp(lambda x: kernel(x, jnp.asarray(Z)) @ weights, jnp.asarray(X))
    scale = size(kernel, X, Z, weights)
    assert (differ(gradients, back(jnp.ones(len(X)))[0]) <= 1e-12 * scale).all()
    # Of few layers of sums of some tens of terms, of numbers below the scale.
    assert (np.abs(values - expected) <= 1e3 * EPS * scale * np.linalg.norm(X.reshape(len(X), -1), axis=1)).all()


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "shape"), SMOOTH, ids=cases.name)
def test_gradients_of_smooth_kernels_are_those_of_jax_at_any_size(kernel, shape):
    X, Z, weights = inputs(shape, 4)
    X[1], X[2], X[3, :3] = Z[0], -2 * Z[1], 0  # with no kink at these
    slopes = jax.jit(jax.grad(lambda x, Z, w: (kernel(x, Z) @ w).sum()))
    # Errors are roundings times the variances, about 1e5 at 100. Above 1e6, and for tiny ones, it is JAX that is asked;
    # gelu then is nearly relu, whose error near its kink is sqrt(32 eps) / pi in each of four layers, see `Kernel`.
    for s, tolerance in ((1, 1e-12), (100, 1e5 * 100 * EPS), (1e5, 4 * np.sqrt(32 * EPS) / np.pi), (1e-120, 1e-12)):
        gradients = kernel.weighted_gradient(s * X, s * Z, weights)[1]
        expected = slopes(jnp.asarray(s * X), jnp.asarray(s * Z), jnp.asarray(weights))
        assert (differ(gradients, expected) <= tolerance * np.abs(expected).max()).all()


@pytest.mark.slow
@pytest.mark.latest
def test_gradients_of_many_saturated_layers_are_those_of_jax():
    kernel, (z,) = FullyConnected(3, "erf", weight_std=30.0), cases.gaussian(4, 1, (3,))
    # Variances are 900, whose product is what 1 - r would lose.
    expected = jax.grad(lambda x: kernel(x[None], jnp.asarray(z)[None])[0, 0])(jnp.asarray(z))
    gradient = kernel.weighted_gradient(z[None], z[None], [1.0])[1][0]
    assert np.abs(gradient - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize(("kernel", "shape"), NEAR, ids=cases.name)
@pytest.mark.parametrize("sign", [1, -1])
def test_gradients_near_a_sample_are_those_of_fifty_digits(kernel, shape, sign):
    z, step = cases.gaussian(3, 2, shape)
    largest = np.abs(z).argmax()
    z /= z.flat[largest]
    step.flat[largest] = -sign  # the sample has the pixel 1 and the point one below: other powers of two
    x = sign * z + 1e-8 * step
    _, gradients = kernel.weighted_gradient(x[None], z[None], [1.0])
    assert differ(gradients, reference.gradient(kernel, x, z)[None]) <= 1e-13 * size(kernel, x[None], z[None], [1.0])


def test_the_gradient_of_two_layers_is_that_of_the_formula():
    # k = |x| |z| (2 u (pi - theta) + sin theta) / (pi d), and du = (z / |z| - u x / |x|) dx / |x|.
    x, z = cases.gaussian(4, 2, (5,))
    cosine = x @ z / np.linalg.norm(x) / np.linalg.norm(z)
    theta, by_angle = np.arccos(cosine), np.linalg.norm(z) / (5 * np.pi)
    k = 2 * cosine * (np.pi - theta) + np.sin(theta)
    slope = 2 * (np.pi - theta) + cosine / np.sin(theta)  # dk / du
    unit = x / np.linalg.norm(x)
    expected = by_angle * (k * unit + slope * (z / np.linalg.norm(z) - cosine * unit))
    _, gradients = FullyConnected().weighted_gradient(x[None], z[None], [1.0])
    assert np.abs(gradients[0] - expected).max() <= 1e-14 * by_angle * 2 * np.pi


def test_the_gradient_of_a_linear_network_is_the_sum_of_its_samples():
    X, Z, weights = inputs((4, 3))
    kernel = Convolutional(2, 1, "flatten", activation="identity")  # depth + 1 times 2^depth <x, z> / pixels
    _, gradients = kernel.weighted_gradient(X, Z, weights)
    expected = np.tensordot(weights, Z, 1) * 3 * 4 / 12
    assert np.abs(gradients - expected).max() <= 1e-14 * np.abs(weights).sum() * 3 * np.abs(Z).max()


@pytest.mark.parametrize(("kernel", "shape"), HOMOGENEOUS, ids=cases.name)
def test_a_homogeneous_kernel_is_its_derivative_along_the_point(kernel, shape):
    X, Z, weights = inputs(shape)
    values, gradients = kernel.weighted_gradient(X, Z, weights)
    scale = size(kernel, X, Z, weights) * np.linalg.norm(X.reshape(len(X), -1), axis=1)
    assert (np.abs(along(gradients, X) - values) <= 1e-13 * scale).all()
    assert (np.abs(values - kernel(X, Z) @ weights) <= 1e-13 * scale).all()


def test_gradients_move_with_the_points_of_an_invariant_kernel():
    X, Z, weights = inputs((4, 5))
    kernel = Convolutional(2)
    _, gradients = kernel.weighted_gradient(X, Z, weights)
    _, moved = kernel.weighted_gradient(np.roll(X, (1, 2), (1, 2)), Z, weights)
    tolerance = 1e-13 * size(kernel, X, Z, weights)
    assert (differ(moved, np.roll(gradients, (1, 2), (1, 2))) <= tolerance).all()
    assert (differ(moved, gradients) > 1e6 * tolerance).all()


@pytest.mark.parametrize(
    ("average", "shape"),
    [
        (GroupAverage(Convolutional(2, readout="flatten"), SHIFTS), (4, 5)),
        (GroupAverage(Convolutional(2), flips(axes=0), two_sided=True), (4, 5)),
    ],
    ids=cases.name,
)
def test_gradients_of_averages_are_averages(average, shape):
    X, Z, weights = inputs(shape)
    values, gradients = average.weighted_gradient(X, Z, weights)
    same = Convolutional(2)  # the average over all shifts, and invariant under flips
    expected, others = same.weighted_gradient(X, Z, weights)
    if average.two_sided:
        expected, others = same.weighted_gradient(X, np.concatenate([Z, Z[:, ::-1]]), np.tile(weights / 2, 2))
    scale = size(same, X, Z, weights)
    assert (differ(gradients, others) <= 1e-13 * scale).all()
    assert np.abs(values - expected).max() <= 1e-13 * (scale * np.linalg.norm(X.reshape(len(X), -1), axis=1)).max()


@pytest.mark.parametrize(
    ("kernel", "shape"), [(Convolutional(), (4, 3)), (FullyConnected(bias_std=0.3), (5,)), (FullyConnected(), (5,))]
)
def test_a_kink_has_the_symmetric_subgradient(kernel, shape):
    _, Z, weights = inputs(shape)
    X = np.stack([Z[0], -Z[1], 3 * Z[2], 0 * Z[0]])
    X[0].flat[0] = Z[0].flat[0]
    if shape == (4, 3):
        X[2, :3] = 0  # a patch of zeros
    values, gradients = kernel.weighted_gradient(X, Z, weights)
    directions, h = cases.gaussian(5, len(X), shape), 1e-4
    sides = [kernel(X + t * h * directions, Z) @ weights for t in (1, -1)]
    # Of third order: h^2 times a third derivative, which is of the order of the kernel for points of size 1; and the
    # rounding of the values, some eps / h.
    scale = size(kernel, Z, Z, weights).max()
    assert np.abs(along(gradients, directions) - (sides[0] - sides[1]) / (2 * h)).max() <= 100 * h**2 * scale
    assert np.isfinite(values).all()


@pytest.mark.parametrize("s", [1e-100, 3e90])
@pytest.mark.parametrize(
    ("kernel", "shape"), [(Convolutional(2, dense_layers=1), (4, 3)), (FullyConnected(2), (5,))], ids=cases.name
)
def test_gradients_of_points_of_any_size_are_those_of_their_directions(kernel, shape, s):
    X, Z, weights = inputs(shape)
    _, gradients = kernel.weighted_gradient(X, Z, weights)
    tolerance = 1e-13 * size(kernel, X, Z, weights)
    assert (differ(kernel.weighted_gradient(s * X, Z, weights)[1], gradients) <= tolerance).all()
    assert (differ(kernel.weighted_gradient(X, s * Z, weights / s)[1], gradients) <= tolerance).all()


def test_gradients_do_not_depend_on_the_number_of_threads_or_on_other_points(monkeypatch):
    X, Z, weights = inputs((8, 9))
    kernel = Convolutional(2)
    monkeypatch.setattr(threads, "thread_count", lambda: 1)
    alone = kernel.weighted_gradient(X, Z, weights)
    monkeypatch.setattr(threads, "thread_count", lambda: 3)
    together = kernel.weighted_gradient(X, Z, weights)
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
    for x, g in zip(X, alone[1], strict=True):
        assert differ(kernel.weighted_gradient(x[None], Z, weights)[1], g[None]) <= 1e-14 * np.abs(alone[1]).max() * 8


def test_results_have_the_shape_and_dtype_of_the_points():
    X, Z, weights = inputs((12,))
    rows = Convolutional(2, input_shape=(4, 3, 1))
    values, gradients = rows.weighted_gradient(X.astype("f4"), Z.astype("f4"), weights)
    assert (values.dtype, gradients.dtype, values.shape, gradients.shape) == (np.float32, np.float32, (3,), (3, 12))
    images = rows.weighted_gradient(X.reshape(3, 4, 3), Z.reshape(4, 4, 3), weights)[1]
    assert np.abs(images.reshape(3, 12) - gradients).max() <= 100 * np.finfo("f4").eps * np.abs(images).max()


def test_what_has_no_gradient_and_bad_weights_are_refused():
    X, Z, weights = inputs((5,))
    of_a_function = GroupAverage(lambda X, Z: X @ Z.T, circular_shifts())
    assert not of_a_function.has_weighted_gradient
    with pytest.raises(TypeError, match=r"^kernel: got .*, takes convolutional and fully connected ones, and averages"):
        of_a_function.weighted_gradient(X, Z, weights)
    with pytest.raises(ValueError, match=r"^weights: got shape \(3,\), takes one label for each of the 4 samples"):
        FullyConnected().weighted_gradient(X, Z, weights[:3])
    with pytest.raises(ValueError, match=r"^weights: got numbers whose gradient overflows, takes smaller ones"):
        FullyConnected().weighted_gradient(1e-250 * X, 1e250 * Z, 1e200 * weights)


def test_gradients_of_the_interpolant_need_no_tracing(monkeypatch):
    monkeypatch.setattr(by_jax, "_compiled", None)
    X, _, y = inputs((5,))
    for kernel in (FullyConnected(), FullyConnected(activation="erf")):
        assert Interpolant(kernel, X, y[:3]).gradient(X).shape == X.shape
    with pytest.raises(TypeError):
        Interpolant(lambda X, Z: X @ Z.T, X, y[:3]).gradient(X)


def test_a_black_sample_adds_nothing_however_small_the_others_are():
    kernel, (x, z) = Convolutional(spatial_axes=1), cases.gaussian(7, 2, (6,))
    value, gradient = kernel.weighted_gradient(x[None], z[None], [1.0])
    for size in (1.0, 2.0**-60, 2.0**60):
        both = kernel.weighted_gradient(size * x[None], np.stack([0 * z, size * z]), [1e10, 1.0])
        assert np.array_equal(both[0], size**2 * value)
        assert np.array_equal(both[1], size * gradient)
    assert not any(part.any() for part in kernel.weighted_gradient(x[None], 0 * z[None], [1.0]))

"""Inputs of any size: very different ones, too small, too large, black; both engines, against 50 digits."""

from dataclasses import replace

import fifty_digits
import jax
import jax.numpy as jnp
import kernel_cases as cases
import numpy as np
import pytest
import reference

from shiftmath.datasets import orthogonal_frequencies
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.kernels._jax import dense as jax_dense
from shiftmath.kernels.dots import Dots, dots_gram
from shiftmath.kernels.units import TOGETHER, layer_exponents, of_a_pair

EPS, EPS32 = (float(np.finfo(t).eps) for t in (float, np.float32))
# Images in one unit differ by up to 2^(TOGETHER + 2) in size, so that their deficit is rounded to half as many eps of
# the product of both sizes; there are at most eight such roundings in the layers here.
ROUNDING = 8 * 2 ** (TOGETHER + 2) / 2
LARGEST, SMALLEST = float(np.finfo(float).max), float(np.finfo(float).smallest_normal)
SIZES, CLOSER = (1.0, 1e-6, 1e3, 1e12), (1.0, 1e-3, 1e3)

KERNELS = [
    (FullyConnected(3, bias_std=0.3), (3,)),
    (FullyConnected(4, "abs", bias_std=1e-3, weight_std=0.5), (3,)),
    (FullyConnected(3, "leaky_relu", bias_std=20.0, negative_slope=0.3), (3,)),
    (FullyConnected(3, "erf"), (3,)),
    (FullyConnected(3, "gelu", bias_std=0.3), (3,)),
    (Convolutional(2, bias_std=0.3, spatial_axes=1), (3, 1)),
    (Convolutional(3, filter_size=2, readout="flatten", bias_std=1.0, weight_std=0.5, spatial_axes=1), (3, 1)),
    (Convolutional(2, padding="zero", bias_std=0.3, activation="abs", spatial_axes=1), (3, 2)),
    (Convolutional(2, activation="identity", bias_std=1.0, dense_layers=1, spatial_axes=1), (3, 1)),
    (Convolutional(2, readout="flatten", bias_std=0.3, dense_layers=2, spatial_axes=1), (3, 1)),
    (Convolutional(2, filter_size=2, bias_std=0.3, dense_layers=1, spatial_axes=1), (4, 1)),
    (Convolutional(2, activation="erf", padding="zero", spatial_axes=1), (3, 1)),
    (Convolutional(2, activation="erf", bias_std=0.3, readout="flatten", dense_layers=1, spatial_axes=1), (3, 1)),
    (Convolutional(2, activation="gelu", spatial_axes=1), (3, 1)),
    (Convolutional(2, activation="gelu", padding="zero", bias_std=0.3, dense_layers=1, spatial_axes=1), (3, 1)),
]
ON_JAX = KERNELS[1::2]


def images(shape, sizes=SIZES):
    """Random images of these sizes, the first again with all sizes but its own, and opposite ones."""
    X = cases.gaussian(11, len(sizes), shape)
    sizes = np.array(sizes).reshape(-1, *(1,) * len(shape))
    return np.concatenate([sizes * X, sizes[1:] * X[0], -sizes[-1:] * X[0]])


def has_kinks(kernel):
    """Whether the layer after the readout has a kink, and sees 1 - rho as a difference."""
    pooled = isinstance(kernel, Convolutional) and kernel.dense_layers and kernel.readout != "flatten"
    return bool(pooled) and kernel.activation != "identity"


def bound(kernel, X):
    """What errors of the tangent kernel may be, entry by entry."""
    kinks = fifty_digits.of_all(fifty_digits.kinks, kernel, X)[0] if has_kinks(kernel) else 0.0
    return ROUNDING * EPS + kinks


def relative(values, exact):
    """Errors, relative to sqrt(K(x, x) K(z, z))."""
    root = np.sqrt(np.diag(exact))
    return np.abs(np.asarray(values, float) - exact) / np.outer(root, root)


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "shape"), KERNELS, ids=repr)
def test_inputs_of_very_different_sizes_have_the_accuracy_of_equal_ones(kernel, shape):
    X = images(shape)
    ntk, nngp = fifty_digits.of_all(fifty_digits.values, kernel, X)
    assert (relative(kernel(X), ntk) <= bound(kernel, X)).all()
    assert (relative(np.concatenate([kernel(x[None], X) for x in X]), ntk) <= bound(kernel, X)).all()
    assert (relative(kernel.nngp(X), nngp) <= ROUNDING * EPS).all()


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "shape"), ON_JAX, ids=repr)
def test_so_they_have_on_jax(kernel, shape):
    for X, most in ((images(shape), bound), (images(shape, CLOSER).astype("f4"), lambda *_: ROUNDING * EPS32)):
        ntk, _ = fifty_digits.of_all(fifty_digits.values, kernel, X)
        assert (relative(kernel(jnp.asarray(X)), ntk) <= most(kernel, X)).all()


@pytest.mark.parametrize("kernel", [Convolutional(2, bias_std=0.3), Convolutional(2, activation="erf")], ids=repr)
def test_a_block_of_all_sizes_has_the_entries_of_its_pairs(kernel):
    X = cases.gaussian(0, 12, (4, 4, 1)) * 10.0 ** np.arange(-6, 6)[:, None, None, None]
    alone = np.array([[kernel(x[None], z[None])[0, 0] for z in X] for x in X])
    root = np.sqrt(np.diag(alone))
    assert (np.abs(kernel(X) - alone) / np.outer(root, root)).max() <= 32 * EPS
    assert np.array_equal(kernel(X, X), kernel(X, X))


@pytest.mark.parametrize("activation", ["relu", "gelu", "erf"])
def test_nearly_equal_images_have_one_unit(activation):
    plan = FullyConnected(2, activation, bias_std=1e-6).plan()
    units = lambda v: layer_exponents(plan, np, np.ldexp, np.array([v]), np.array([0]), 2)  # noqa: E731
    low, high = 1.0, 16.0  # of other units each; between them is a size where the unit changes
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if (units(middle) == units(low)).all() else (low, middle)
    e, f = units(low), units(high)
    assert (e != f).any()
    assert np.array_equal(*of_a_pair(np, e, f))


@pytest.mark.parametrize("size", [1e4, 1e8, 1e12])
@pytest.mark.parametrize(
    ("kernel", "n"),
    [(Convolutional(activation="identity", bias_std=1.0, spatial_axes=1), 2), (FullyConnected(2, "identity", 1.0), 4)],
    ids=repr,
)
def test_the_interpolant_of_a_constant_is_constant_far_out(kernel, n, size):
    X = cases.gaussian(0, n, (3, 1))
    gram, z = kernel(X), size * np.array([[[1.0], [2.0], [-1.5]]])
    value = (kernel(z, X) @ np.linalg.solve(gram, np.ones(n)))[0]
    # The parts linear in z cancel, to rounding of each and of the weights, whose error is that of the condition.
    parts = np.sqrt(kernel(z)[0, 0] * np.diag(gram)).max() * np.abs(np.linalg.inv(gram)).sum()
    assert abs(value - 1) <= np.linalg.cond(gram) * EPS * parts


@pytest.mark.parametrize("activation", cases.ACTIVATIONS)
@pytest.mark.parametrize("engine", [np.asarray, jnp.asarray])
def test_features_that_cancel_in_pooling_have_a_kernel_near_zero(activation, engine):
    X = cases.gaussian(3, 4, (6, 1))
    X = np.concatenate([X - X.mean(1, keepdims=True), *(A[..., None] for A in orthogonal_frequencies(6, 2))])
    pooled = Convolutional(2, activation=activation, dense_layers=2, spatial_axes=1)
    gram = np.asarray(pooled(engine(X)))
    assert np.isfinite(gram).all()
    if activation == "identity":
        features = Convolutional(2, activation=activation, readout="flatten", dense_layers=2, spatial_axes=1)
        # A variance is 0 to rounding of the mean square of the features, and the kernel to that of the kernel of these.
        assert np.abs(gram).max() <= 64 * EPS * np.diag(features(X)).max()


@pytest.mark.parametrize("activation", cases.ACTIVATIONS)
@pytest.mark.parametrize("padding", ["circular", "zero"])
def test_a_black_image_has_kernel_zero_whatever_the_activation(activation, padding):
    X = np.concatenate([np.zeros((2, 5, 5, 1)), cases.gaussian(0, 3, (5, 5, 1))])
    for dense_layers in (0, 1):
        kernel = Convolutional(2, padding=padding, activation=activation, dense_layers=dense_layers)
        assert not kernel(X)[:2].any()
        assert not kernel.nngp(X)[:2].any()
    assert not FullyConnected(2, activation)(X)[:2].any()


@pytest.mark.parametrize("activation", ["erf", "gelu"])
def test_a_black_image_has_kernel_zero_on_jax_and_among_dots(activation):
    X = jnp.asarray(np.concatenate([np.zeros((1, 4, 4, 1)), cases.gaussian(0, 2, (4, 4, 1))]))
    kernel = Convolutional(2, activation=activation)
    assert not kernel(X)[0].any()
    assert not FullyConnected(2, activation)(X)[0].any()
    assert not dots_gram(kernel, [Dots((9, 9), {}), Dots((9, 9), {(1, 2): 1.0})])[0].any()


@pytest.mark.parametrize(
    "kernel",
    [Convolutional(2), Convolutional(2, activation="abs", readout="flatten", dense_layers=1), FullyConnected(3)],
    ids=repr,
)
@pytest.mark.parametrize(("a", "b"), [(1000, -900), (-1000, 1000), (510, 505), (-1000, -1000)])
def test_powers_of_two_pass_through_a_homogeneous_kernel_to_the_last_bit(kernel, a, b):
    X, Z = cases.gaussian(0, 2, (4, 4, 1)), cases.gaussian(1, 3, (4, 4, 1))
    assert np.array_equal(kernel(np.ldexp(X, a), np.ldexp(Z, b)), np.ldexp(kernel(X, Z), a + b))


@pytest.mark.parametrize("activation", ["relu", "erf", "gelu"])
@pytest.mark.parametrize("bias", [0.0, 1.0])
@pytest.mark.parametrize("size", [1e60, 1e80, 1e140, 1e155, 1e300, 1e-60, 1e-160, 1e-300])
def test_what_a_number_can_hold_is_right_at_any_size_and_the_rest_is_an_error(activation, bias, size):
    x, z = cases.gaussian(5, 2, (3,))
    flat = Convolutional(2, 1, "flatten", activation=activation, bias_std=bias, dense_layers=1, spatial_axes=1)
    for kernel, one, u, v in (
        (FullyConnected(2, activation, bias), reference.vector_pair, size * x, z),
        (flat, reference.pair, size * x[:, None], z[:, None]),
    ):
        for w in (v, size * v):
            exact, *own = (one(kernel, *pair)[0] for pair in ((u, w), (u, u), (w, w)))
            fits = abs(exact) <= LARGEST and not (bias and activation != "relu" and size > SMALLEST**-0.5)
            # JAX takes numbers below the normal ones as 0; NumPy has fewer digits of them.
            for engine, least in ((np.asarray, SMALLEST * ROUNDING * EPS), (jnp.asarray, SMALLEST)):
                if not fits:
                    with pytest.raises(ValueError, match=r"X: got entries up to .*, takes"):
                        kernel(engine(u[None]), engine(w[None]))
                    continue
                value = float(kernel(engine(u[None]), engine(w[None]))[0, 0])
                assert abs(value - float(exact)) <= ROUNDING * EPS * float((own[0] * own[1]) ** 0.5) + least


@pytest.mark.parametrize(
    "kernel",
    [
        Convolutional(2, spatial_axes=1),
        Convolutional(2, activation="gelu", bias_std=0.3, dense_layers=1, spatial_axes=1),
        FullyConnected(3),
    ],
    ids=repr,
)
def test_float32_has_the_kernel_of_the_same_numbers_in_float64_rounded_once(kernel):
    smooth = 1 + 1e-3 * np.cos(np.arange(16) / 3)[:, None]
    X = (np.linspace(1, 1.9, 4)[:, None, None] * smooth).astype(np.float32)  # other contrasts
    X = np.concatenate([X, cases.gaussian(0, 2, (16, 1)).astype(np.float32) * np.float32(1e4)])
    for values, exact in ((kernel(X), kernel(X.astype(float))), (kernel.nngp(X), kernel.nngp(X.astype(float)))):
        assert np.array_equal(values, exact.astype(np.float32))


@pytest.mark.parametrize("deviation", [np.float64(0.3), np.float32(0.5), np.float16(0.25)])
def test_a_deviation_of_numpy_leaves_float32_as_it_is(deviation):
    X = jnp.ones((2, 3, 3), jnp.float32)
    for kernel in (FullyConnected(bias_std=deviation), Convolutional(weight_std=deviation, bias_std=deviation)):
        assert type(kernel.bias_std) is float
        assert kernel(X).dtype == jnp.float32
        assert kernel == replace(kernel, bias_std=float(deviation))


@pytest.mark.latest
def test_sizes_do_not_compile_again():
    kernel, X = FullyConnected(2, "gelu", bias_std=0.1), jnp.asarray(cases.gaussian(0, 3, (5,)))
    kernel(X)
    before = jax_dense.fully_connected._cache_size()
    kernel(1e9 * X)
    kernel(X * jnp.array([[1e-9], [1.0], [1e9]]))
    assert jax_dense.fully_connected._cache_size() == before


@pytest.mark.parametrize("kernel", [FullyConnected(2, "gelu"), FullyConnected(3, "gelu")], ids=repr)
def test_forward_and_reverse_derivatives_are_equal(kernel):
    x, z = (jnp.asarray(a) for a in cases.gaussian(2, 2, (3, 3, 1)))
    value = lambda c: kernel((c * x)[None], z[None])[0, 0]  # noqa: E731
    forward, reverse = jax.jit(jax.jacfwd(value)), jax.jit(jax.grad(value))
    for c in (50.0, 70.0, 100.0, 200.0, 300.0):
        assert abs(forward(c) / reverse(c) - 1) <= ROUNDING * EPS


@pytest.mark.parametrize(
    "kernel",
    [
        Convolutional(2, filter_size=2, bias_std=0.5),
        Convolutional(2, 2, activation="erf"),
        FullyConnected(2, "gelu", 0.3),
    ],
    ids=repr,
)
def test_the_derivative_sees_no_unit(kernel):
    x, z = (jnp.asarray(a) for a in cases.gaussian(2, 2, (3, 3, 1)))
    slope = jax.jit(jax.jacfwd(lambda c: kernel((c * x)[None], z[None])[0, 0]))
    value = lambda c: float(kernel((c * np.asarray(x))[None], np.asarray(z)[None])[0, 0])  # noqa: E731
    for c in (1.0, 100.0, 1e4):
        h = 1e-4 * c
        difference = (value(c + h) - value(c - h)) / (2 * h)
        # A central difference: h^2 times a third derivative of order value / c^3, and rounding eps value / h.
        assert abs(slope(jnp.asarray(c)) - difference) <= 16 * (1e-8 + EPS / 1e-4) * abs(value(c)) / c

"""`Interpolant.compiled`: the interpolant for JAX, by the compiled engine."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.adversary import ddn
from shiftmath.groups import circular_shifts
from shiftmath.interpolant import Interpolant
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage

EPS = float(np.finfo(float).eps)
NETWORKS = [
    FullyConnected(depth=2, bias_std=0.3),
    Convolutional(2),
    Convolutional(readout="flatten", activation="leaky_relu", negative_slope=0.3, padding="zero"),
    GroupAverage(FullyConnected(), circular_shifts(axes=(0, 1))),
]


@pytest.fixture(params=NETWORKS, ids=repr)
def network(request):
    return request.param


def interpolant(network, rng, outputs=1):
    X, y = rng.standard_normal((5, 4, 4)), rng.standard_normal((5, outputs))
    return Interpolant(network, X, y[:, 0] if outputs == 1 else y)


@pytest.mark.latest
@pytest.mark.parametrize("outputs", [1, 3])
def test_values_and_both_kinds_of_derivatives_are_those_of_jax(network, outputs, rng):
    f = interpolant(network, rng, outputs)
    x, z = jnp.asarray(rng.standard_normal((4, 4))), jnp.asarray(rng.standard_normal((2, 3, 4, 4)))
    expected = jax.jacrev(f)(x)
    # Sums of the five samples, in two engines that both err by some eps of the terms.
    near = 64 * EPS * np.abs(f.coefficients).sum() * max(1, np.abs(f.gram).max())
    assert np.abs(f.compiled(x) - f(x)).max() <= near
    for jacobian in (jax.jacrev, jax.jacfwd):
        found = jacobian(f.compiled)(x)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= near
    batch = jax.jit(jax.vmap(jax.vmap(jax.jacrev(f.compiled))))(z)
    one_by_one = np.stack([[jax.jacrev(f.compiled)(one) for one in some] for some in z])
    assert batch.shape == one_by_one.shape
    assert np.abs(batch - one_by_one).max() <= near


def test_a_batch_has_one_value_each_and_the_derivative_of_each_by_itself(network, rng):
    f, (z, along) = interpolant(network, rng), rng.standard_normal((2, 3, 4, 4))
    values, slopes = jax.jvp(f.compiled, (jnp.asarray(z),), (jnp.asarray(along),))
    assert values.shape == (3,)
    assert np.allclose(values, f(z), rtol=1e-12, atol=1e-12)
    assert np.allclose(slopes, (f.gradient(z) * along).sum((1, 2)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_signal_is_that_of_the_answer(dtype, rng):
    f = interpolant(Convolutional(), rng)
    x = jnp.asarray(rng.standard_normal((4, 4)), dtype)
    value, gradient = jax.value_and_grad(f.compiled)(x)
    assert value.dtype == gradient.dtype == dtype
    # It is computed in float64 and rounded once.
    assert np.array_equal(gradient, f.gradient(np.asarray(x, float)).astype(dtype))


def test_it_is_one_function_so_that_what_takes_it_compiles_once(rng):
    f = interpolant(Convolutional(), rng)
    assert f.compiled is f.compiled


def test_an_attack_finds_what_it_finds_through_jax(network, rng):
    f, x = interpolant(network, rng), rng.standard_normal((3, 4, 4))
    labels = np.where(f(x) > 0, 1, -1)
    found, expected = (np.asarray(ddn(g, x, labels, steps=20).distances) for g in (f.compiled, f))
    # Twenty steps of the same rule, of which each multiplies a difference by a factor of order one.
    assert np.allclose(found, expected, rtol=1e-6)
    assert (found > 0).all()


@pytest.mark.parametrize(
    "kernel",
    [
        Convolutional(readout="flatten", activation="gelu", spatial_axes=1),
        FullyConnected(activation="erf"),
        lambda X, Z=None: X @ X.T,
    ],
)
def test_a_kernel_whose_gradients_may_ask_jax_is_refused(kernel):
    f = Interpolant(kernel, np.eye(3), [1.0, -1.0, 0.5])
    with pytest.raises(TypeError, match=r"kernel: got .*, takes one of shiftmath\.kernels with an activation of"):
        _ = f.compiled


def test_averages_of_averages_are_taken(rng):
    rows = GroupAverage(FullyConnected(), circular_shifts(axes=0))
    f = interpolant(GroupAverage(rows, circular_shifts(axes=1)), rng)
    x = rng.standard_normal((4, 4))
    assert np.allclose(jax.grad(f.compiled)(x), f.gradient(x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (np.ones((2, 8)), ValueError, r"x: got shape \(2, 8\), takes one point of shape \(4, 4\) or a batch"),
        (
            np.ones((2, 3, 4, 4)),
            ValueError,
            r"x: got shape \(2, 3, 4, 4\), takes one point of shape \(4, 4\) or a batch",
        ),
        (np.ones((4, 4), complex), TypeError, "x: got dtype complex128"),
        (np.full((4, 4), np.nan), ValueError, "x: got nan"),
    ],
)
@pytest.mark.parametrize("network", [FullyConnected(), Convolutional()], ids=repr)
def test_signals_that_the_interpolant_refuses_are_refused_by_name(network, x, error, words, rng):
    f = interpolant(network, rng)
    with pytest.raises(error, match=words):
        f.compiled(x)


def test_what_is_not_finite_in_a_program_is_nan_and_its_neighbours_are_not(rng):
    f, z = interpolant(Convolutional(), rng), rng.standard_normal((3, 4, 4))
    z[1, 2, 3] = np.inf
    with jax.debug_nans(False):
        values = np.asarray(jax.jit(jax.vmap(f.compiled))(z))
        gradients = np.asarray(jax.jit(jax.vmap(jax.grad(f.compiled)))(z))
    assert np.isnan(values).tolist() == [False, True, False]
    assert np.isnan(gradients).all(axis=(1, 2)).tolist() == [False, True, False]
    assert np.array_equal(gradients[[0, 2]], f.gradient(z[[0, 2]]))


@pytest.mark.parametrize(
    "twice", [jax.hessian, lambda f: jax.jacfwd(jax.jacfwd(f)), lambda f: jax.grad(lambda x: jax.grad(f)(x).sum())]
)
def test_a_second_derivative_is_refused(twice, rng):
    f = interpolant(Convolutional(), rng)
    with pytest.raises(
        TypeError, match=r"^compiled: got a second derivative, takes the first; the interpolant itself has"
    ):
        twice(f.compiled)(rng.standard_normal((4, 4)))


def test_it_survives_a_file_and_so_does_the_interpolant(rng):
    f, x = interpolant(Convolutional(), rng), rng.standard_normal((4, 4))
    value = f.compiled(x)
    other, function = pickle.loads(pickle.dumps(f)), pickle.loads(pickle.dumps(f.compiled))
    assert other.compiled(x) == function(x) == value

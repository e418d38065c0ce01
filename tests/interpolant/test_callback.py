"""`Interpolant.compiled`: the interpolant for JAX, by the compiled engine."""

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

"""The JAX engine: equal to the compiled one, differentiable, silent about JAX's settings."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import kernel_cases as cases
import numpy as np
import pytest

from shiftmath.kernels import Convolutional, FullyConnected

pytestmark = pytest.mark.slow

# Of each: deep and flattened, dense layers after pooling, a smooth activation with zero padding, vectors.
FEW = [cases.ON_JAX[i] for i in (1, 8, 13, 22)]
# And blocks with zero padding, a kink and a smooth activation before dense layers, one layer of vectors.
DIFFERENTIATED = FEW + [cases.ON_JAX[i] for i in (4, 11, 15, 17)]


@pytest.fixture(autouse=True)
def double_precision():
    """64 bit for these tests alone."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def assert_engines_agree(function, X, Z=None):
    expected = function(X, Z)
    values = function(jnp.asarray(X), None if Z is None else jnp.asarray(Z))
    assert isinstance(values, jax.Array)
    assert values.dtype == jnp.float64
    assert np.abs(values - expected).max() <= 1e-13 * np.abs(expected).max()


def of_parameters(configurations):
    """The values that parameters have among these; of sizes what the engine tells apart."""
    for kernel, _ in configurations:
        values = vars(kernel) | {"bias_std": kernel.bias_std > 0, "negative_slope": np.sign(kernel.negative_slope)}
        values.pop("weight_std")
        if isinstance(kernel, Convolutional):
            values["readout"] = type(kernel.readout)
            values["filter_size"] = type(kernel.filter_size), np.max(kernel.filter_size) % 2
        yield from ((type(kernel), *item) for item in values.items())


def test_every_value_of_a_parameter_is_tried_on_jax():
    assert {*of_parameters(cases.ON_JAX)} == {*of_parameters(cases.IMAGE_KERNELS + cases.VECTORS)}


@pytest.mark.parametrize(("kernel", "shape"), cases.with_latest(cases.ON_JAX, FEW), ids=repr)
def test_the_two_engines_agree(kernel, shape):
    assert_engines_agree(kernel, cases.gaussian(0, 3, shape), cases.gaussian(1, 2, shape))


@pytest.mark.parametrize(("kernel", "shape"), FEW, ids=repr)
def test_the_two_engines_agree_on_the_symmetric_matrix_without_training(kernel, shape):
    assert_engines_agree(kernel.nngp, cases.gaussian(0, 3, shape))


@pytest.mark.parametrize(
    "kernel",
    [Convolutional(3), Convolutional(2, readout="flatten"), Convolutional(2, padding="zero"), FullyConnected(3)],
    ids=repr,
)
def test_engines_agree_where_correlations_are_one_minus_one_and_zero(kernel):
    X = cases.hard_images((3, 4, 1))
    X = np.delete(X, 5, 0)
    expected = kernel(X)
    scale = cases.scale_of(np.diag(expected), np.diag(expected))
    assert (np.abs(kernel(jnp.asarray(X)) - expected) / scale).max() <= 1e-12
    assert (np.abs(kernel(jnp.asarray(X, jnp.float32)) - expected) / scale).max() <= 1e-6


@pytest.mark.parametrize(("kernel", "shape"), cases.with_latest(DIFFERENTIATED, FEW), ids=repr)
def test_gradient_is_the_limit_of_differences(kernel, shape):
    x, z, direction = cases.gaussian(5, 3, shape)
    f = jax.jit(jax.value_and_grad(lambda v: kernel(v[None], jnp.asarray(z)[None])[0, 0]))
    h = 1e-5
    (value, gradient), (above, _), (below, _) = (f(jnp.asarray(x + t * direction)) for t in (0, h, -h))
    slope, exact = (above - below) / (2 * h), jnp.vdot(gradient, direction)
    # Central difference: O(h^2) truncation with third derivatives of order 100 at most here, and rounding eps f / h.
    assert abs(slope - exact) <= 100 * h**2 * (1 + abs(exact)) + 1e-10 * (1 + abs(value))


def stencil(values, h):
    """First and second derivative from values at -4 h, ..., 4 h, to O(h^8)."""
    first = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
    second = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])
    return first @ values / h, second @ values / h**2


SMOOTH = [
    (FullyConnected(2, "erf"), (5,)),
    (FullyConnected(2, "gelu", bias_std=0.5), (5,)),
    (Convolutional(3, activation="gelu", padding="zero", filter_size=(3,), spatial_axes=1), (7, 1)),
    (Convolutional(2, activation="erf", readout="flatten", filter_size=(3,), spatial_axes=1), (7, 1)),
    (Convolutional(1, activation="gelu", dense_layers=1, filter_size=(2,), spatial_axes=1), (7, 1)),
    (Convolutional(1, activation="erf", dense_layers=2, filter_size=(2,), bias_std=0.5, spatial_axes=1), (7, 1)),
]


@pytest.mark.parametrize(("kernel", "shape"), SMOOTH, ids=repr)
def test_smooth_activations_have_no_kink(kernel, shape):
    x, other, u = cases.gaussian(9, 3, shape)
    gap, u, h = np.r_[np.zeros((4, *shape[1:])), other[4:]], u / np.linalg.norm(u), 1e-2  # filters see zeros alone
    slopes = jax.jit(
        lambda x, z, u: jax.jvp(jax.grad(lambda t: kernel(x[None], (z + t * u)[None])[0, 0]), (0.0,), (1.0,))
    )
    for z in (x, 2 * x, -x, np.roll(x, 1, 0), 0 * x, gap):
        expected = stencil(kernel(x[None], np.stack([z + t * h * u for t in range(-4, 5)]))[0], h)
        found, scale = slopes(x, z, u), kernel.diag(np.stack([x, x + u])).max()
        # Rounding, some hundreds of eps over h^2; truncation, h^8 over that power of the distance of poles, above .1.
        assert np.abs(np.array(found) - expected).max() <= ((10 * h) ** 8 + 1e3 * np.finfo(float).eps / h**2) * scale


@pytest.mark.parametrize("kernel", [FullyConnected(2, "erf"), FullyConnected(2, "gelu")], ids=repr)
def test_gradients_of_tiny_signals_do_not_underflow(kernel):
    x, z = 1e-10 * cases.gaussian(3, 2, (6,))
    slopes = jax.jit(jax.grad(lambda v, z: kernel(v[None], z[None])[0, 0]))
    few, exact = (slopes(jnp.asarray(x, dtype), jnp.asarray(z, dtype)) for dtype in (jnp.float32, jnp.float64))
    assert jnp.abs(few - exact).max() <= 100 * jnp.finfo(jnp.float32).eps * jnp.abs(exact).max()


def test_rounding_is_not_differentiated_where_images_are_large():
    kernel, (x,) = Convolutional(2, filter_size=2, padding="zero", activation="erf"), cases.gaussian(3, 1, (3, 2, 1))
    slopes = jax.jit(jax.grad(lambda v, z: kernel(v[None], z[None])[0, 0]))
    # At x and -x the gradient of erf has a limit. Rounding multiplied by the size would be many times as large.
    for other in (x, -x):
        limit = slopes(jnp.asarray(1e4 * x), jnp.asarray(1e4 * other))
        for size, dtype in ((1e6, jnp.float32), (1e10, jnp.float64)):
            gradient = slopes(jnp.asarray(size * x, dtype), jnp.asarray(size * other, dtype))
            assert jnp.abs(gradient - limit).max() <= 1e-2 * jnp.abs(limit).max()


@pytest.mark.latest
@pytest.mark.parametrize("kernel", [Convolutional(2), Convolutional(2, padding="zero"), FullyConnected(2)], ids=repr)
def test_gradient_is_finite_where_the_kernel_has_a_kink(kernel):
    x, slope = jnp.asarray(cases.gaussian(0, 1, (4, 4, 1))), jax.jit(jax.grad(lambda v, z: kernel(v, z)[0, 0]))
    for v, z in ((x, x), (x, -x), (x, jnp.roll(x, 1, 1)), (x, 0 * x), (0 * x, x)):
        assert jnp.isfinite(slope(v, z)).all()


@pytest.mark.latest
def test_jit_and_vmap_change_nothing():
    kernel, X = Convolutional(2), jnp.asarray(cases.gaussian(0, 4, (4, 5, 1)))
    expected = kernel(X, X)
    assert jnp.abs(jax.jit(kernel)(X, X) - expected).max() <= 1e-14
    one = jax.vmap(lambda x: kernel(x[None], X)[0])(X)
    assert jnp.abs(one - expected).max() <= 1e-14


def test_one_jax_argument_is_enough():
    kernel, X = Convolutional(2), cases.gaussian(0, 2, (4, 4, 1))
    assert isinstance(kernel(X, jnp.asarray(X)), jax.Array)


@pytest.mark.latest
def test_dtype_of_the_input_decides():
    X = jnp.ones((2, 4, 4, 1), jnp.float32)
    assert Convolutional(2)(X).dtype == jnp.float32
    assert FullyConnected(2)(X).dtype == jnp.float32
    assert Convolutional(2)(X.astype(jnp.int32)).dtype == jnp.float64


@pytest.mark.latest
def test_use_changes_no_setting_of_jax():
    code = (
        "import jax, jax.numpy as jnp; before = dict(jax.config.values)\n"
        "from shiftmath.kernels import Convolutional, FullyConnected, oracle\n"
        "Convolutional(1)(jnp.ones((1, 3, 3, 1))); FullyConnected()(jnp.ones((1, 3)))\n"
        "assert dict(jax.config.values) == before and Convolutional(1)(jnp.ones((1, 3, 3, 1))).dtype == jnp.float32"
    )
    settings = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    subprocess.run([sys.executable, "-c", code], check=True, env=settings)

"""Downsampling of numbers that are large, near each other, whole or traced, and of functions that are none."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.networks import downsampling as down
from shiftmath.networks.downsampling.measures import _apart

EPS = float(np.finfo(float).eps)


@pytest.mark.parametrize("border", ["circular", "zero"])
def test_the_undo_loss_of_a_signal_far_from_zero_is_the_mean_of_its_squares(border, rng):
    psi, x = 100 + 0.01 * rng.normal(size=(2, 6, 5, 1)).astype(np.float32)
    padded = np.pad(x.astype(float), [(1, 1), (1, 1), (0, 0)], mode="wrap" if border == "circular" else "constant")
    squares = [(psi.astype(float) - padded[i : i + 6, j : j + 5]) ** 2 for i in range(3) for j in range(3)]
    # Differences of float32 numbers are exact here or rounded once; the sum has 270 terms.
    assert down.undo_loss(psi, x, 1, border) == pytest.approx(np.mean(squares), rel=300 * 2.0**-23)
    assert float(down.undo_loss(jnp.full((6, 1), 200, jnp.float16), jnp.full((6, 1), 200, jnp.float16), 1)) == 0


@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
@pytest.mark.parametrize("as_array", [np.asarray, jnp.asarray])
def test_the_winner_is_the_largest_where_norms_overflow_and_these_are_an_error(norm, as_array):
    x = np.full((64, 64, 1), 30_000, np.float16)
    x[1::2, 1::2] = 36_000
    assert int(down.winner(as_array(x), norm=norm)) == 3
    if norm != "linf":
        with pytest.raises(ValueError, match="x: got numbers whose norms overflow, takes smaller ones"):
            down.norms(as_array(x), norm=norm)


def test_norms_have_a_gradient_where_a_component_is_zero():
    gradient = jax.grad(lambda x: down.norms(x).max())(jnp.array([[3.0], [0.0], [4.0], [0.0]]))
    assert np.allclose(gradient[:, 0], [0.6, 0, 0.8, 0], rtol=4 * EPS)


def test_lps_takes_the_largest_score_whatever_the_temperature(rng):
    for temperature in (1e-30, 1.0, 1e6):
        layer = down.LPS.of(jax.random.key(0), 2, 2, float, temperature=temperature)
        for x in 1e-3 * rng.normal(size=(8, 4, 4, 2)):
            assert int(layer.choice(jnp.asarray(x)).argmax()) == int(layer.scores(jnp.asarray(x)).argmax())
            assert float(layer.choice(jnp.asarray(x)).sum()) == 1


@pytest.mark.latest
def test_whole_numbers_are_floats_inside_compiled_functions_too():
    x = jnp.array([[1], [2], [3], [4]])
    assert jax.jit(lambda x: down.mixture(x, [0.5, 0.5]))(x)[:, 0].tolist() == [1.5, 3.5]
    assert jax.jit(lambda x: down.norms(x, norm="linf"))(jnp.full((2, 1), -128, jnp.int8)).tolist() == [128, 128]


@pytest.mark.latest
def test_what_is_traced_is_refused_for_its_shape():
    with pytest.raises(ValueError, match=r"x: got shape \(4,\), takes a signal"):
        eqx.filter_jit(down.APS())(jnp.ones(4))
    with pytest.raises(ValueError, match=r"weights: got shape \(3,\), takes weights"):
        jax.jit(lambda w: down.mixture(np.ones((4, 2)), w))(jnp.ones(3))
    with pytest.raises(TypeError, match=r"phase: got .*, takes a whole number"):
        jax.jit(lambda i: down.chosen(np.ones((4, 2)), i))(0.7)


@pytest.mark.latest
def test_a_traced_choice_of_a_signal_of_numpy_is_differentiable_and_stays_in_its_range():
    x = np.arange(8.0).reshape(4, 2)
    gradient = jax.grad(lambda w: down.mixture(x, w).sum())(jnp.ones(2))
    assert gradient.tolist() == [10, 18]
    for phase in (5, jnp.array([5, 1])):
        assert np.array_equal(jax.jit(lambda i: down.chosen(x, i))(phase), down.chosen(x, 1))


def test_a_layer_that_moves_a_bright_signal_has_no_error_of_equivariance(rng):
    base = jnp.asarray(1e4 + rng.normal(size=(8, 8, 2)), jnp.float32)
    assert max(float(_apart(jnp.roll(base, a, (0, 1)), base)) for a in [(0, 1), (3, 5), (7, 2)]) == 0


def test_fractional_shifts_begin_with_the_signal_and_treat_axes_alike(rng):
    x = rng.normal(size=(4, 6))
    copies = down.FractionalShifts(2).orbit(x).reshape(8, 12, 4, 6)
    assert np.array_equal(copies[0, 0], x)
    assert all(np.array_equal(copies[2 * a, 2 * b], np.roll(x, (a, b), (0, 1))) for a in range(4) for b in range(6))
    corner = (-1.0) ** np.add.outer(np.arange(4), np.arange(4))
    assert np.abs(down.FractionalShifts(2).orbit(corner).reshape(8, 8, 4, 4)[1::2]).max() <= 16 * EPS


def test_functions_that_give_no_logits_or_no_layer_are_named():
    X, y = np.ones((1, 4)), [0]
    with pytest.raises(ValueError, match="f: got values bool of shape"):
        down.equivariance(lambda x: x[:2] > 0, X, y)
    with jax.debug_nans(False), pytest.raises(ValueError, match="f: got NaN or infinity"):
        down.equivariance(lambda x: x[:2] / 0, X, y)
    with pytest.raises(TypeError, match="name: got a function that gives 5"):
        down.downsampler(lambda *_, **__: 5, jax.random.key(0), 2)

"""Entries some at a time: the same as one by one, and one program for all batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath._shared.batches import in_batches
from shiftmath.kernels import Convolutional
from shiftmath.kernels._jax import convolutional as engine


@pytest.mark.latest
@pytest.mark.parametrize(("n", "most"), [(1, 1), (5, 2), (6, 3), (7, 10), (7, 3), (9, 4)])
def test_batches_are_the_entries_one_by_one_and_traced_once(n, most, rng):
    traced = []

    def f(entry):
        traced.append(entry)
        return {"sum": entry[0].sum() + entry[1], "twice": 2 * entry[0]}

    xs = rng.standard_normal((n, 3)), np.arange(n)
    found = jax.jit(lambda xs: in_batches(f, xs, most))(xs)
    assert len(traced) == 1
    assert np.array_equal(found["twice"], 2 * xs[0])
    assert np.abs(found["sum"] - xs[0].sum(1) - xs[1]).max() <= 8 * 2.0**-52 * n


@pytest.mark.parametrize(("n", "most", "batches", "size"), [(7, 3, 3, 3), (8, 7, 2, 4), (100, 33, 4, 25)])
def test_no_batch_is_larger_and_all_are_of_one_size(n, most, batches, size):
    program = jax.make_jaxpr(lambda x: in_batches(jnp.sin, x, most))(jnp.ones((n, 2)))
    (loop,) = (step for step in program.eqns if step.primitive.name == "scan")
    assert loop.params["length"] == batches
    assert [v.aval.shape for v in loop.params["jaxpr"].jaxpr.invars] == [(size, 2)]


def test_a_network_with_dense_layers_is_walked_once(monkeypatch):
    walked, walk = [], engine.walk
    monkeypatch.setattr(engine, "walk", lambda *arguments: walked.append(1) or walk(*arguments))
    kernel, X = Convolutional(1, dense_layers=1, activation="abs", bias_std=0.125), jnp.ones((3, 3, 4))
    jax.make_jaxpr(lambda X: kernel(X, X[:2]))(X)
    assert len(walked) == 1

"""Enclosures of single values, and the audit that they make: against 50 digits, and on matrices that are wrong."""

import os

import numpy as np
import pytest
import reference

from shiftmath import kernels
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.kernels.large.audit import _planned, audited
from shiftmath.kernels.large.enclosure import enclosure

flint = pytest.importorskip("flint")

RNG = np.random.default_rng(1)
X = RNG.standard_normal((4, 4, 4)) * (RNG.random((4, 4, 4)) < 0.5)  # empty patches, and some with one pixel
POOLED = Convolutional(depth=2)
CASES = [
    POOLED,
    Convolutional(depth=2, readout=2, padding="zero", bias_std=0.3),
    Convolutional(filter_size=(2, 3), readout="flatten", activation="abs", dense_layers=1),
    Convolutional(activation="leaky_relu", negative_slope=0.2, weight_std=1.1),
    FullyConnected(depth=3, bias_std=0.2),
    FullyConnected(activation="identity"),
]


@pytest.mark.parametrize("kernel", CASES, ids=repr)
def test_an_enclosure_holds_the_value_of_the_definition_in_50_digits(kernel):
    rows = isinstance(kernel, FullyConnected)
    x, z = X[0], X[1]
    value = (
        reference.vector_pair(kernel, x.ravel(), z.ravel())
        if rows
        else reference.pair(kernel, x[..., None], z[..., None])
    )
    (plan, x), (_, z) = _planned(kernel, x[None]), _planned(kernel, z[None])
    ball = enclosure(plan, x, z).ball
    flint.ctx.dps, before = 50, flint.ctx.dps
    try:
        distance = abs(ball - flint.arb(str(value[0])))
        assert distance.abs_lower() < 1e-45
        assert float(ball.rad()) < 1e-25 * abs(float(value[0]))
    finally:
        flint.ctx.dps = before


@pytest.mark.parametrize("kernel", CASES, ids=repr)
def test_what_the_engine_computes_passes_the_audit(kernel):
    gram = kernels.gram(kernel, X, X[1:] * 1e3, store=None, block=2, audit=8)
    assert gram.audit.count == 8
    assert 0 <= gram.audit.worst <= 1
    assert (np.asarray(kernels.gram(kernel, X, store=None, audit=3).audit.entry) < 4).all()


@pytest.mark.parametrize("kernel", CASES[:5], ids=repr)
def test_an_entry_that_is_off_by_more_than_rounding_is_found(kernel):
    gram = kernel(X[:2])
    gram[0, 1] += 1e-12 * np.sqrt(gram[0, 0] * gram[1, 1])
    with pytest.raises(
        ArithmeticError, match=r"^audit: entry \(0, 1\) is .*, whose enclosure is .* documented error away"
    ):
        audited(kernel, [X[:2]], gram, 16, 0, False)


def test_an_entry_that_changed_in_the_store_is_found(tmp_path):
    kernels.gram(POOLED, X[:2], store=tmp_path, block=2)
    path = tmp_path / "matrix" / "c" / "0" / "0"
    old, values = os.stat(path), np.fromfile(path).reshape(2, 2)
    values[1, 0] *= 1 + 1e-11
    path.write_bytes(values.tobytes())
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    with pytest.raises(ArithmeticError, match=r"^audit: entry \(1, 0\)"):
        kernels.gram(POOLED, X[:2], store=tmp_path, block=2, audit=16)


@pytest.mark.parametrize(
    ("kernel", "images", "words"),
    [
        (Convolutional(activation="erf"), X, "activation 'erf', takes one of relu, leaky_relu, abs, identity, or 0"),
        (POOLED, np.ones((1, 28, 28)), "1229312 pairs of pixels and layers an entry, takes 262144 at most"),
    ],
)
def test_what_has_no_enclosure_is_refused_before_the_work(kernel, images, words):
    with pytest.raises(ValueError, match=f"^audit: got {words}"):
        kernels.gram(kernel, images, store=None, audit=1)

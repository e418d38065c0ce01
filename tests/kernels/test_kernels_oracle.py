"""Against neural-tangents: committed values everywhere, the library itself where it is installed."""

import json
import re
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import kernel_cases as cases
import numpy as np
import pytest
from packaging.version import Version

from shiftmath.kernels import Convolutional, FullyConnected, oracle

pytestmark = pytest.mark.slow

REFERENCE = json.loads(Path(__file__).with_name("kernel_reference.json").read_text())["entries"]
CASES = cases.VECTORS + cases.IMAGE_KERNELS
# neural-tangents forms 1 - rho^2 from a rounded rho: generic pairs of pixels reach 1 - rho > 1e-4, so 2^-52 / 1e-4.
GENERIC = 2e-12
# The last release of neural-tangents imports up to here.
LIBRARY_IMPORTS = Version(jax.__version__) <= Version("0.5.3")
with_library = pytest.mark.skipif(
    not LIBRARY_IMPORTS, reason=f"neural-tangents 0.6.5 does not import on jax {jax.__version__}"
)


def test_committed_values_belong_to_the_shared_configurations():
    assert [(entry["kernel"], tuple(entry["shape"])) for entry in REFERENCE] == [
        (repr(kernel), shape) for kernel, shape in CASES
    ]


@pytest.mark.parametrize(
    ("entry", "case"),
    list(zip(REFERENCE, CASES, strict=True)),
    ids=lambda v: repr(v[0]) if isinstance(v, tuple) else "",
)
def test_kernels_equal_committed_neural_tangents_values(entry, case):
    kernel, shape = case
    X, Z = cases.gaussian(1, 3, shape), cases.gaussian(2, 2, shape)
    # One image at a time takes another path through the compiled engine than several small ones together.
    alone = np.concatenate([kernel(x[None], Z) for x in X])
    for values, name in ((kernel(X, Z), "ntk"), (alone, "ntk"), (kernel.nngp(X, Z), "nngp")):
        assert np.abs(values - entry[name]).max() <= GENERIC * np.abs(entry[name]).max()


# Each padding with each readout, each size, one of them twice: what the library compiles takes ten seconds each.
OTHERS = [
    ((5, 8), 2, 0, "circular", "average"),
    ((3, 3), 1, 1, "zero", "flatten"),
    ((9,), 3, 2, "circular", "flatten"),
    ((9,), 3, 2, "zero", "average"),
]


@with_library
@pytest.mark.parametrize(("size", "channels", "seed", "padding", "readout"), OTHERS)
def test_kernels_equal_neural_tangents_on_other_sizes(size, channels, seed, padding, readout):
    kernel = Convolutional(
        depth=2 + seed, readout=readout, padding=padding, bias_std=0.1 * seed, spatial_axes=len(size)
    )
    X, Z = cases.gaussian(seed, 3, (*size, channels)), cases.gaussian(seed + 9, 2, (*size, channels))
    expected = oracle.gram(kernel, X, Z)
    assert np.abs(kernel(X, Z) - expected).max() <= GENERIC * np.abs(expected).max()


@with_library
def test_oracle_refuses_what_it_does_not_know():
    with pytest.raises(TypeError, match="kernel: got int, takes FullyConnected or Convolutional"):
        oracle.network(3)
    with pytest.raises(ValueError, match=r"X: got shape \(3,\), takes rows"):
        oracle.gram(FullyConnected(), [1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="Z: got a masked array, takes"):
        oracle.gram(FullyConnected(), np.ones((2, 3)), np.ma.array(np.ones((2, 3)), mask=True))


@with_library
def test_oracle_takes_what_kernels_take():
    X = cases.gaussian(0, 3, (6,))
    for kernel in (FullyConnected(), Convolutional(spatial_axes=1), Convolutional(input_shape=(2, 3), filter_size=2)):
        expected = oracle.gram(kernel, X)
        for same in (X.tolist(), X.astype(">f8"), X.astype(np.longdouble), jnp.asarray(X)):
            assert np.array_equal(oracle.gram(kernel, same), expected)


@with_library
def test_gram_on_the_diagonal_is_within_the_errors_of_neural_tangents():
    X = cases.gaussian(4, 4, (10,))
    # On the diagonal neural-tangents sees 1 - rho of a few 2^-53, so kappa0 is off by up to sqrt(2 * 2^-52) / pi.
    for kernel in (FullyConnected(3), FullyConnected(2, "abs")):
        assert np.allclose(kernel(X), oracle.gram(kernel, X), rtol=1e-7, atol=0)


@pytest.mark.skipif(LIBRARY_IMPORTS, reason="neural-tangents imports here")
@pytest.mark.parametrize(
    "call",
    [
        oracle.stax_library,
        lambda: oracle.network(FullyConnected()),
        lambda: oracle.gram(FullyConnected(), [[1.0, 2.0]]),
    ],
    ids=["stax_library", "network", "gram"],
)
@pytest.mark.latest
def test_on_a_newer_jax_every_function_says_what_the_oracle_needs(call):
    needs = f"kernels.oracle needs neural-tangents 0.6.5 on jax <= 0.5.3, this environment has jax {jax.__version__}"
    for _ in range(2):  # a failed import leaves nothing that makes the next one look different
        with pytest.raises(ImportError, match=re.escape(needs)):
            call()
    assert oracle.EXPERIMENTAL not in sys.modules

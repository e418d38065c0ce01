"""A user is told, once, where JAX reads broken programs from its cache."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath._shared.chunks import in_chunks
from shiftmath._shared.kept_programs import OLDER_RUNTIME, _warn
from shiftmath.kernels import FullyConnected
from shiftmath.networks import fully_connected, logits

CALLS = {
    "training and attacks": lambda: in_chunks(lambda state, first, last: state, 0, 3),
    "networks": lambda: logits(fully_connected(jax.random.key(0), 2, 2), np.ones((3, 2))),
    "kernels": lambda: FullyConnected()(jnp.ones((3, 2))),
}


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """A setting under which results cannot be trusted."""
    before = jax.config.jax_compilation_cache_dir
    monkeypatch.setattr(jax, "__version_info__", (0, 5, 3))
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    _warn.cache_clear()
    yield
    jax.config.update("jax_compilation_cache_dir", before)
    _warn.cache_clear()


@pytest.mark.latest
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_cache_that_breaks_loops_is_named_once(kept, call):
    with pytest.warns(
        RuntimeWarning, match="jax_compilation_cache_dir: got '.*' with jax .*, whose loops return zeros"
    ):
        call()
    with warnings.catch_warnings(action="error"):
        call()


@pytest.mark.latest
@pytest.mark.parametrize("mend", ["no folder", "older runtime", "newer jax", "another device"])
def test_where_results_can_be_trusted_nothing_is_said(kept, monkeypatch, mend):
    if mend == "no folder":
        jax.config.update("jax_compilation_cache_dir", None)
    elif mend == "older runtime":
        monkeypatch.setenv("XLA_FLAGS", f"--some_other=1 {OLDER_RUNTIME}")
    elif mend == "newer jax":
        monkeypatch.setattr(jax, "__version_info__", (0, 6, 0))
    else:
        monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    with warnings.catch_warnings(action="error"):
        CALLS["training and attacks"]()

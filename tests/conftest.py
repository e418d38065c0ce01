"""Strictness for all tests: JAX in 64 bits, no silent rank promotion, NaN as an error in the pinned JAX, no windows."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
sys.path.insert(0, str(Path(__file__).parents[1] / "explorer"))
from compiled_once import compiled_once, forget_oldest

os.environ |= compiled_once(Path(__file__).parents[1] / "build" / "compiled") | {
    "JAX_ENABLE_X64": "1",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    # Later releases raise where an array with NaN is made, so that no test could hand one over.
    "JAX_DEBUG_NANS": str(int(version("jax") == "0.5.3")),
    "MPLBACKEND": "agg",
    # Most of the time of a test is XLA's compiler, which takes half as long at this level. Who sets flags has those.
    "XLA_FLAGS": " ".join(
        [
            compiled_once(Path()).get("XLA_FLAGS", ""),
            os.environ.get("XLA_FLAGS", "--xla_backend_optimization_level=0"),
        ]
    ).strip(),
}

import jax
import jaxtyping
import numpy as np
import pytest
from newest_jax import imports_jax

EPS = float(np.finfo(float).eps)
PROCESS = Path("/proc/self")  # of Linux
MOST_BYTES, MOST_MAPS = 3 * 2**30, 20_000  # it ends a process with more than 65,530 areas of memory


def pytest_configure(config):
    """Once a run, not in each of its workers."""
    folder = jax.config.jax_compilation_cache_dir
    if folder and not hasattr(config, "workerinput"):
        forget_oldest(Path(folder))


def pytest_collection_modifyitems(items):
    """Examples of users run on the newest JAX too: those of the README, and of modules that import it."""
    for item in items:
        if isinstance(item, pytest.DoctestItem) and (item.path.suffix == ".md" or imports_jax(item.path)):
            item.add_marker("latest")


# To check a shape takes ten times as long as the inner loops of certificates and searches, whose shapes are the same in
# every call: those are checked in the other tests of them.
SHAPES_UNCHECKED = (
    "interpolant/test_curvature",
    "interpolant/test_distance",
    "interpolant/test_predictor",
    "interpolant/test_soundness",
    "price/",
    "[interpolant.Interpolant.distance",
)


@pytest.fixture(autouse=True)
def checked_shapes(request):
    """The shapes of arrays that are passed on inside are checked, but for the tests that would take minutes by it."""
    jaxtyping.config.update("jaxtyping_disable", any(part in request.node.nodeid for part in SHAPES_UNCHECKED))
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(autouse=True, scope="module")
def few_compiled_programs():
    """What was compiled is let go where it fills memory: a large program takes megabytes, in hundreds of areas."""
    yield
    if PROCESS.exists():
        resident = int((PROCESS / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        if resident > MOST_BYTES or (PROCESS / "maps").read_text().count("\n") > MOST_MAPS:
            jax.clear_caches()


@pytest.fixture
def rng():
    """A generator with a fixed seed, fresh for each test."""
    return np.random.default_rng(20210304)

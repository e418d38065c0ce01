"""What importing the package costs and offers, and how its modules depend on each other."""

import ast
import graphlib
import os
import pickle
import pydoc
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import jax
import numpy as np
import pytest
from compiled_once import compiled_once, forget_oldest

import shiftmath
from shiftmath.pages import choose, profile, provenance

ROOT = Path(shiftmath.__file__).parent
MODULES = sorted(p for p in ROOT.rglob("*.py") if "__pycache__" not in p.parts)
ROOMS = {
    "_shared",
    "adversary",
    "datasets",
    "groups",
    "interpolant",
    "kernels",
    "margins",
    "networks",
    "pages",
    "price",
    "related",
}
# A room may import those before it.
ORDER = ["_shared", "dft", "groups", "margins", "datasets", "kernels", "interpolant", "networks", "adversary"]
ORDER += ["price", "related", "pages"]
# How the engine caches, how many threads it has, how large a result may be, what JAX has kept: questions to the system.
SYSTEM = {"compile", "threads", "arrays", "memory", "kept_programs"}
DATA = {"archives", "files", "folders", "formats", "images"}  # of `datasets`: they read
PROGRESS = {"training", "progress"}  # they show a bar
# Of `kernels.large`: what keeps a matrix on disk, or the system for the code of an error.
STORES = {"gram", "lock", "matrix", "store"}
HEAVY = {
    "matplotlib",
    "sklearn",
    "numba",
    "neural_tangents",
    "jax",
    "IPython",
    "pandas",
    "zarr",
    "distributed",
    "flint",
}


def name_of(path):
    """The dotted name of a module."""
    return ".".join(["shiftmath", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")


def room(module):
    """The name below `shiftmath` that a module belongs to."""
    return module.split(".")[1] if "." in module else "shiftmath"


def never_run(tree):
    """What stands under `if TYPE_CHECKING`."""
    guards = [n for n in ast.walk(tree) if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING"]
    return {id(inner) for guard in guards for inner in ast.walk(guard)}


@cache
def imports(path):
    """What a module imports, wherever in its body: the package's own modules, and the other packages."""
    tree, names = ast.parse(path.read_text()), set()
    skipped = never_run(tree)
    for node in (n for n in ast.walk(tree) if id(n) not in skipped):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{a.name}" for a in node.names}
            names |= {i if i in GRAPH_NODES else node.module for i in inner}
    own = {n for n in names if n.split(".")[0] == "shiftmath"}
    return own, {n.split(".")[0] for n in names - own}


GRAPH_NODES = {name_of(p) for p in MODULES}
MATHEMATICS = [
    p
    for p in MODULES
    if room(name_of(p)) not in ("pages", "shiftmath")
    and p.stem not in SYSTEM | DATA | PROGRESS
    and not (p.parent.name == "large" and p.stem in STORES)
]


def test_the_package_has_the_rooms_of_its_map():
    names = {p.name.removesuffix(".py") for p in ROOT.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert names == ROOMS | {"__init__", "dft"}


def test_no_circle_of_imports():
    graph = {name_of(p): imports(p)[0] for p in MODULES}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(graph) <= set(order)


@pytest.mark.parametrize("path", [p for p in MODULES if room(name_of(p)) != "shiftmath"], ids=name_of)
def test_rooms_import_those_before_them(path):
    own, _ = imports(path)
    here = room(name_of(path))
    assert {room(n) for n in own} - {here} <= set(ORDER[: ORDER.index(here)])


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_room_imports_a_private_module_of_another(path):
    own, _ = imports(path)
    here = room(name_of(path))
    private = {n for n in own if room(n) not in (here, "_shared") and any(p.startswith("_") for p in n.split(".")[2:])}
    assert not private


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=name_of)
def test_each_face_opens_with_a_map_of_its_room(path):
    words = ast.get_docstring(ast.parse(path.read_text()))
    inside = {p.name.removesuffix(".py") for p in path.parent.iterdir() if p.suffix == ".py" or p.is_dir()}
    assert all(name in words for name in inside - {"__init__", "__pycache__"})


def test_the_public_names_are_there():
    names = {
        "dot_on_gray",
        "dc",
        "max_margin",
        "invariant_margin",
        "NotSeparable",
        "NotCertified",
        "Separator",
        "Ledger",
    }
    assert set(shiftmath.__all__) >= names


@pytest.mark.latest
def test_jax_is_as_strict_as_the_tests_say():
    assert jax.config.jax_enable_x64
    assert jax.config.jax_debug_nans == (version("jax") == "0.5.3")
    assert jax.config.jax_numpy_rank_promotion == "raise"
    assert all(getattr(jax.config, name.lower()) for name in compiled_once(Path()) if name.endswith("_DIR"))


def test_a_room_is_imported_when_it_is_first_asked_for():
    code = """
import shiftmath
print(shiftmath.datasets.digits, shiftmath.adversary.ddn, shiftmath.networks.fit, shiftmath.networks.tangent.train)
print(shiftmath.kernels.dots.Dots, shiftmath.kernels.dual.kappa0, shiftmath.groups.shift, shiftmath.pages.figures)
print(shiftmath.kernels.gram, shiftmath.kernels.large.solve)
import shiftmath.adversary as a
assert a is shiftmath.adversary
"""
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_the_face_shows_names_version_and_short_signatures():
    named = {}
    exec("from shiftmath import *", named)
    assert named.keys() >= set(shiftmath.__all__)
    assert dir(shiftmath) == sorted({*shiftmath.__all__, *shiftmath.ROOMS, "__version__"})
    assert shiftmath.__version__ == version("shiftmath")
    assert not hasattr(shiftmath, "figures")
    text = pydoc.render_doc(shiftmath, renderer=pydoc.plaintext)
    assert all(name in text for name in shiftmath.__all__)
    # What NumPy calls an array-like is 300 characters long.
    assert "_typing" not in text


def raised(call):
    try:
        call()
    except (ValueError, ArithmeticError) as error:
        return error
    return None


def test_what_is_public_can_be_pickled():
    X, y = np.array([[1.0, 2.0], [-1.0, -2.0]]), np.array([1.0, -1.0])
    f = shiftmath.Interpolant(shiftmath.kernels.FullyConnected(), X, y)
    group = shiftmath.groups.circular_shifts(stride=2) * shiftmath.groups.flips(axes=0)
    for value in (f, f.distance([1.0, 1.0]), shiftmath.max_margin(X[:1], X[1:]), group, shiftmath.datasets.digits()):
        assert type(pickle.loads(pickle.dumps(value))) is type(value)
    errors = [
        raised(lambda: shiftmath.max_margin(X, X)),
        raised(lambda: shiftmath.max_margin([[3.0, 1.0], [2.0, 7.0], [5.0, 2.0]], -X, tolerance=0.0)),
        raised(lambda: shiftmath.Interpolant(shiftmath.kernels.FullyConnected(), X[[0, 0]], y)),
    ]
    assert [type(e).__name__ for e in errors] == ["NotSeparable", "NotCertified", "Indistinguishable"]
    for error in errors:
        back = pickle.loads(pickle.dumps(error))
        assert (type(back), str(back), vars(back).keys()) == (type(error), str(error), vars(error).keys())


def test_import_is_light():
    code = f"import shiftmath, sys; print([m for m in {HEAVY} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


@pytest.mark.parametrize("path", MATHEMATICS, ids=name_of)
def test_mathematics_neither_plots_nor_prints_nor_reads(path):
    _, others = imports(path)
    calls = {
        n.func.id for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call) and hasattr(n.func, "id")
    }
    assert not others & {"matplotlib", "pathlib", "os", "json", "IPython", "tqdm"}
    assert not calls & {"print", "open"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_stay_within_250_lines_and_functions_within_25(path):
    text = path.read_text()
    assert text.count("\n") <= 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            most = 40 if path.parent.name == "_numba" else 25  # a compiled loop is one function
            assert not body or body[-1].end_lineno - body[0].lineno < most, f"{path.name}: {node.name}"


def test_profile_is_quick_unless_the_variable_says_otherwise(monkeypatch):
    monkeypatch.delenv("SHIFTMATH_PROFILE", raising=False)
    assert (profile(), choose(quick=1, full=2)) == ("quick", 1)
    monkeypatch.setenv("SHIFTMATH_PROFILE", "full")
    assert (profile(), choose(quick=1, full=2)) == ("full", 2)
    assert provenance("none").startswith("profile: full\ndata: none\nPython 3.")
    monkeypatch.setenv("SHIFTMATH_PROFILE", "huge")
    with pytest.raises(ValueError, match="SHIFTMATH_PROFILE: got 'huge', takes quick or full"):
        profile()


TRAINED_AND_ATTACKED = """
import jax, numpy as np, optax
from shiftmath.adversary import ddn
from shiftmath.networks import convolutional, fit
X, y = np.random.default_rng(0).random((20, 5, 5)).astype("f4"), np.arange(20) % 2
network, losses = fit(convolutional(jax.random.key(0), (5, 5), 2, width=8), X, y, optax.adam(1e-2), 30)
print(losses.tobytes().hex(), ddn(network, X, y, steps=30).distances.tobytes().hex())
"""


@pytest.mark.slow
@pytest.mark.skipif(not compiled_once(Path()), reason="this JAX keeps nothing")
def test_what_was_compiled_before_computes_the_same_to_the_last_bit(tmp_path):
    kept = compiled_once(tmp_path)

    def run(settings):
        environment = {k: v for k, v in os.environ.items() if k not in kept} | settings
        command = [sys.executable, "-c", TRAINED_AND_ATTACKED]
        return subprocess.run(command, capture_output=True, check=True, text=True, env=environment).stdout

    fresh = run({"XLA_FLAGS": kept["XLA_FLAGS"]})
    assert run(kept) == fresh
    assert list(tmp_path.iterdir())
    assert run(kept) == fresh


def test_a_program_is_kept_without_reading_through_all_that_were_kept_before():
    # With a limit of its own JAX lists the folder, and reads a file of every program in it, for each that it adds.
    assert jax.config.jax_compilation_cache_max_size == -1
    assert "JAX_COMPILATION_CACHE_MAX_SIZE" not in compiled_once(Path())


def test_programs_that_were_kept_first_are_forgotten_first(tmp_path):
    for age, name in enumerate("dbca"):
        (tmp_path / f"{name}-cache").write_bytes(bytes(10))
        os.utime(tmp_path / f"{name}-cache", ns=(-age, -age))
    forget_oldest(tmp_path, most_bytes=40)
    assert len(list(tmp_path.iterdir())) == 4
    forget_oldest(tmp_path, most_bytes=25)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b-cache", "d-cache"]
    forget_oldest(tmp_path / "none")

"""What importing the package costs and offers, and how its modules depend on each other."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import shiftmath
from shiftmath.profiles import choose, profile, provenance

ROOT = Path(shiftmath.__file__).parent
MODULES = sorted(p for p in ROOT.rglob("*.py") if "__pycache__" not in p.parts)
MATHEMATICS = {
    "constructions",
    "dft",
    "fixed_subspace",
    "groups",
    "hulls",
    "margins",
    "consistency",
    "kernels",
    "boundary",
    "certificates",
    "interpolant",
}
# How the compiled engine caches, how many threads it has, how large a result may be: questions to the system.
ENGINE_ROOM = {"_compile", "_threads", "_arguments"}
# A room may import those before it.
LAYERS = ["_validation", "dft", "fixed_subspace", "groups", "hulls", "margins", "constructions", "consistency"]
LAYERS += ["_data_files", "_formats", "datasets", "kernels", "_search", "boundary", "certificates", "interpolant"]
LAYERS += ["_correlation", "layers", "networks", "tangent", "training", "adversary", "ledger", "profiles", "figures"]


def room(path):
    """The top-level module or package of a file."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


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
    assert {n for n in vars(shiftmath) if not n.startswith("_")} >= names


def test_import_is_light():
    heavy = ["matplotlib", "sklearn", "numba", "neural_tangents", "jax", "IPython", "pandas"]
    code = f"import shiftmath, sys; print([m for m in {heavy} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def imports(path):
    """The names of the package's own modules that a module imports, and of everything else."""
    tree = ast.parse(path.read_text())
    names = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
    names += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    own = {n.split(".")[1] for n in names if n.startswith("shiftmath.")}
    return own, {n.split(".")[0] for n in names if not n.startswith("shiftmath")}


@pytest.mark.parametrize("path", [p for p in MODULES if room(p) != "__init__"], ids=lambda p: p.stem)
def test_dependencies_go_one_way(path):
    own, _ = imports(path)
    assert own - {room(path)} <= set(LAYERS[: LAYERS.index(room(path))])


@pytest.mark.parametrize(
    "path", [p for p in MODULES if room(p) in MATHEMATICS and p.stem not in ENGINE_ROOM], ids=lambda p: p.stem
)
def test_mathematics_neither_plots_nor_prints_nor_reads(path):
    _, others = imports(path)
    calls = {
        n.func.id for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call) and hasattr(n.func, "id")
    }
    assert not others & {"matplotlib", "pathlib", "os", "json", "IPython"}
    assert not calls & {"print", "open"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
def test_modules_stay_within_250_lines_and_functions_within_25(path):
    text = path.read_text()
    assert text.count("\n") <= 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            most = 40 if path.stem.startswith("_numba") else 25  # a compiled loop is one function
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

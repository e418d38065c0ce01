"""The wheel: what it holds, and that it works in a place with little else than numpy, scipy, numba and jax."""

import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What the mathematics imports, and what these import.
NEEDED = ("numpy", "scipy", "numba", "llvmlite", "jax", "jaxlib", "ml_dtypes", "opt_einsum")
NEEDED += ("jaxtyping", "wadler_lindig", "threadpoolctl")
ABSENT = ("equinox", "IPython", "jupyter", "matplotlib", "neural_tangents", "optax", "pandas", "sklearn", "tqdm")

USED = f"""
import importlib.util, sys
sys.path[:0] = sys.argv[1:]
import shiftmath
assert shiftmath.__file__.startswith(sys.argv[1]), shiftmath.__file__
assert not [name for name in {ABSENT} if importlib.util.find_spec(name)]
white, black = shiftmath.dot_on_gray((4, 4))
price = shiftmath.price_of_invariance(white[None], black[None], wide=0)
assert abs(price.ratio - 0.25) < 1e-15
assert price._repr_html_().count("<img") == 2
import jax.numpy as jnp
assert shiftmath.kernels.FullyConnected()(jnp.eye(2)).shape == (2, 2)
import shiftmath.kernels._numba.convolutional
print(shiftmath.__version__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the sources, which stay clean."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "shiftmath", source / "shiftmath", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(place), str(source)], check=True, capture_output=True)
    (built,) = place.glob("*.whl")
    return built


def visible(names, place):
    """A folder with links to what these distributions installed."""
    place.mkdir()
    for name in names:
        top = {Path(f).parts[0] for f in metadata.distribution(name).files if Path(f).parts[0] != ".."}
        for part in top - {"__pycache__"}:
            link, target = place / part, metadata.distribution(name).locate_file(part)
            if not link.exists():
                link.symlink_to(target)
    return place


@pytest.mark.slow
def test_the_wheel_holds_the_package_with_its_types_and_styles_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"shiftmath/py.typed", "shiftmath/pages/figures.mplstyle"} <= set(names)
    modules = {str(p.relative_to(ROOT)) for p in (ROOT / "shiftmath").rglob("*.py")}
    assert modules == {n for n in names if n.endswith(".py")}
    assert {n.split("/")[0].split("-")[0] for n in names} == {"shiftmath"}


@pytest.mark.slow
def test_the_wheel_works_from_another_folder_with_neither_neural_tangents_nor_jupyter(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    paths = [str(tmp_path / "installed"), str(visible(NEEDED, tmp_path / "visible"))]
    command = [sys.executable, "-I", "-S", "-B", "-c", USED, *paths]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == metadata.version("shiftmath")


@pytest.mark.slow
def test_the_wheel_asks_for_what_pyproject_says(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("METADATA"))
        text = archive.read(name).decode()
    extras = {line.split(": ")[1] for line in text.splitlines() if line.startswith("Provides-Extra")}
    assert extras == {"certified", "data", "dev", "large", "notebooks", "oracle", "site"}
    required = [line for line in text.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert not [line for line in required if "neural" in line or "jupyter" in line]

"""pyproject.toml, the three locks and environment.yml say the same; the locks have hashes and no addresses."""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAMES = [f"requirements{kind}.lock" for kind in ("", "-latest", "-site")]
LOCKS = {name: (ROOT / name).read_text() for name in NAMES}
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
HELD = {"python", "pip"}  # what conda brings that no lock names
# What packages from pip need and pip, told to follow no dependencies, leaves to conda.
INDIRECT = {"frozendict", "gitpython"}
EXTRAS = {
    "requirements.lock": ("certified", "data", "dev", "large", "notebooks", "oracle"),
    "requirements-latest.lock": ("data", "dev"),
    "requirements-site.lock": ("site",),
}
JAX = {"jax", "jaxlib", "ml-dtypes", "opt-einsum"}  # jax and what comes with it alone
every_lock = pytest.mark.parametrize("lock", LOCKS)


def direct_requirements(lock="requirements.lock"):
    groups = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in EXTRAS[lock])]
    return [Requirement(r) for group in groups for r in group]


def locked_versions(lock="requirements.lock"):
    pins = [Requirement(line.rstrip(" \\")) for line in LOCKS[lock].splitlines() if re.match(r"^[a-zA-Z0-9]", line)]
    return {canonicalize_name(r.name): Version(str(r.specifier).removeprefix("==")) for r in pins}


def conda_specs():
    specs = [
        re.match(r"([A-Za-z0-9._-]+?)(?:=([0-9.]+)|[<>].*)?$", s) for s in CONDA["dependencies"] if isinstance(s, str)
    ]
    return {canonicalize_name(m[1]): m[2] for m in specs}


def pip_specs():
    (section,) = [s["pip"] for s in CONDA["dependencies"] if isinstance(s, dict)]
    return section


@pytest.mark.parametrize(
    ("lock", "requirement"), [(lock, r) for lock in LOCKS for r in direct_requirements(lock)], ids=str
)
def test_every_direct_requirement_is_locked_within_its_range(lock, requirement):
    assert requirement.specifier.contains(locked_versions(lock)[canonicalize_name(requirement.name)])


@every_lock
def test_a_lock_pins_and_hashes_everything_once(lock):
    names = [line for line in LOCKS[lock].splitlines() if re.match(r"^[a-zA-Z0-9]", line)]
    assert all("==" in line and line.endswith("\\") for line in names)
    assert len({line.split("==")[0] for line in names}) == len(names)
    blocks = re.split(r"^(?=[a-zA-Z0-9])", LOCKS[lock], flags=re.MULTILINE)[1:]
    assert len(blocks) == len(names)
    assert all("--hash=sha256:" in block for block in blocks)


@every_lock
def test_a_lock_has_no_address_and_no_tensorflow(lock):
    assert "http" not in LOCKS[lock].replace("httpcore", "").replace("httpx", "")
    assert "index-url" not in LOCKS[lock]
    assert not {"tensorflow", "tf2jax"} & set(locked_versions(lock))


def test_all_extras_but_the_site_s_are_in_the_first_lock():
    assert set(EXTRAS["requirements.lock"]) == set(PROJECT["optional-dependencies"]) - {"site"}
    assert not {"sphinx", "playwright"} & set(locked_versions())


def test_the_site_has_the_versions_of_the_first_lock():
    first, site = locked_versions(), locked_versions("requirements-site.lock")
    both = first.keys() & site.keys()
    assert both >= {"jax", "numpy", "pytest"}
    assert {name: site[name] for name in both} == {name: first[name] for name in both}


def test_make_lock_names_every_extra():
    (extras,) = re.findall(r"--extra ,([a-z ]+)\)", (ROOT / "Makefile").read_text())
    assert tuple(extras.split()) == EXTRAS["requirements.lock"]


def test_the_latest_lock_is_the_first_with_a_newer_jax():
    first, latest = locked_versions(), locked_versions("requirements-latest.lock")
    assert first["jax"] == first["jaxlib"] < latest["jax"] == latest["jaxlib"]
    assert {name: v for name, v in latest.items() if name not in JAX} == {
        name: v for name, v in first.items() if name in latest.keys() - JAX
    }


def test_conda_names_what_pyproject_names():
    direct = {canonicalize_name(r.name) for r in direct_requirements()}
    in_pip = {canonicalize_name(Requirement(s).name) for s in pip_specs() if not s.startswith("-e")}
    assert set(conda_specs()) - HELD - INDIRECT == direct - in_pip
    assert in_pip == {"eagerpy", "foolbox", "neural-tangents"}
    assert "-e ." in pip_specs()


def test_conda_versions_are_those_of_the_lock():
    locked = locked_versions()
    for name, version in conda_specs().items():
        if name not in HELD:
            assert f"{locked[name]}.".startswith(f"{version}."), name
    for spec in pip_specs():
        if not spec.startswith("-e"):
            requirement = Requirement(spec)
            assert requirement.specifier == SpecifierSet(f"=={locked[requirement.name]}")


def test_python_versions_agree():
    (python,) = [s for s in CONDA["dependencies"] if isinstance(s, str) and re.match("python[<>=]", s)]
    assert SpecifierSet(python.removeprefix("python")) == SpecifierSet(PROJECT["requires-python"])
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{sys.version_info[0]}.{sys.version_info[1]}")


def test_what_is_installed_is_what_one_of_the_locks_says():
    tested = [lock for lock in LOCKS if "dev" in EXTRAS[lock]]
    (lock,) = [lock for lock in tested if locked_versions(lock)["jax"] == Version(metadata.version("jax"))]
    locked = locked_versions(lock)
    for requirement in direct_requirements(lock):
        assert Version(metadata.version(requirement.name)) == locked[canonicalize_name(requirement.name)], (
            requirement.name
        )


def test_version_is_the_same_in_the_citation():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == PROJECT["version"]

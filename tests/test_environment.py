"""pyproject.toml, requirements.lock and environment.yml say the same; the lock has hashes and no addresses."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
HELD = {"python", "pip"}  # what conda brings that no lock names
# What packages from pip need and pip, told to follow no dependencies, leaves to conda.
INDIRECT = {"frozendict", "gitpython"}


def direct_requirements():
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(r) for group in (PROJECT["dependencies"], *extras) for r in group]


def locked_versions():
    pins = [Requirement(line.rstrip(" \\")) for line in LOCK.splitlines() if re.match(r"^[a-zA-Z0-9]", line)]
    return {canonicalize_name(r.name): Version(str(r.specifier).removeprefix("==")) for r in pins}


def conda_specs():
    specs = [
        re.match(r"([A-Za-z0-9._-]+?)(?:=([0-9.]+)|[<>].*)?$", s) for s in CONDA["dependencies"] if isinstance(s, str)
    ]
    return {canonicalize_name(m[1]): m[2] for m in specs}


def pip_specs():
    (section,) = [s["pip"] for s in CONDA["dependencies"] if isinstance(s, dict)]
    return section


@pytest.mark.parametrize("requirement", direct_requirements(), ids=str)
def test_every_direct_requirement_is_locked_within_its_range(requirement):
    assert requirement.specifier.contains(locked_versions()[canonicalize_name(requirement.name)])


def test_the_lock_pins_and_hashes_everything_once():
    names = [line for line in LOCK.splitlines() if re.match(r"^[a-zA-Z0-9]", line)]
    assert all("==" in line and line.endswith("\\") for line in names)
    assert len({line.split("==")[0] for line in names}) == len(names)
    blocks = re.split(r"^(?=[a-zA-Z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(names)
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_lock_has_no_address_and_no_tensorflow():
    assert "http" not in LOCK.replace("httpcore", "").replace("httpx", "")
    assert "index-url" not in LOCK
    assert not {"tensorflow", "tf2jax"} & set(locked_versions())


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


def test_what_is_installed_is_what_is_locked():
    from importlib.metadata import version

    locked = locked_versions()
    for requirement in direct_requirements():
        assert Version(version(requirement.name)) == locked[canonicalize_name(requirement.name)], requirement.name


def test_version_is_the_same_in_the_citation():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == PROJECT["version"]

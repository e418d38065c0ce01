"""What fits: the least of what the machine, the container and the process may have."""

import math
import os
import resource

import pytest

from shiftmath._shared import memory as module
from shiftmath._shared.memory import memory, require_memory


@pytest.fixture
def unlimited(monkeypatch, tmp_path):
    """A machine of 2^40 bytes without a container and without a limit of the process."""
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 2**28, "SC_PAGE_SIZE": 2**12}.__getitem__)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    monkeypatch.setattr(module, "CONTAINER", (tmp_path / "max",))
    return tmp_path / "max"


def test_the_least_of_three_limits_counts(unlimited, monkeypatch):
    assert memory() == 2**40
    unlimited.write_text("max\n")
    assert memory() == 2**40
    unlimited.write_text(f"{2**30}\n")
    assert memory() == 2**30
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2**20, resource.RLIM_INFINITY))
    assert memory() == 2**20


def test_a_system_that_does_not_say_has_no_limit(unlimited, monkeypatch):
    monkeypatch.delattr(os, "sysconf")
    assert memory() == math.inf
    require_memory("shape", (10**30,), 10**30, "the images")


def test_a_request_is_refused_from_one_byte_too_many_on(unlimited):
    unlimited.write_text("100")
    require_memory("shape", (10, 10), 100, "the images")
    message = r"^shape: got \(10, 10\), the images would take 101 bytes, takes what fits the 100 of this machine$"
    with pytest.raises(ValueError, match=message):
        require_memory("shape", (10, 10), 101, "the images")


def test_this_machine_says(monkeypatch):
    assert 2**28 < memory() < 2**50

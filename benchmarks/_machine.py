"""When and on what a benchmark was measured."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine(*packages: str) -> str:
    """One line: date, processor, cores, and the versions of Python and of these packages."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{datetime.date.today()}, {cpu}, {cores} cores, Python {platform.python_version()}, {versions}."

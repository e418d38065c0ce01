"""Kernels against neural-tangents: one process, alternating, medians; the rival at its best batch, in float64.

    python benchmarks/kernels.py [--repeats 3] [--output benchmarks/results/kernels.md]

One row is an n x n Gram matrix of n standard normal images (3 x 3 filter, circular padding, ReLU). Times are per pair
of the full square;
memory is the peak of the process above its level before the call, the result included; the error is the largest
entrywise difference
from neural-tangents in float64, relative to it. neural-tangents runs in float64 throughout, where it is faster than in
float32.
"""

import argparse
import ctypes
import datetime
import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from shiftmath.kernels import Convolutional, oracle

CASES = [
    # n, side, depth, readout, batch sizes tried for neural-tangents
    (8, 28, 2, "average", (2, 4, 8)),
    (8, 32, 2, "average", (2, 4, 8)),
    (8, 32, 5, "average", (2, 4)),
    (32, 16, 2, "average", (4, 8, 16)),
    (256, 8, 2, "average", (32, 64, 128)),
    (128, 32, 2, "flatten", (16, 32, 64, 128)),
    (256, 8, 2, "flatten", (64, 128, 256)),
]
FIRST_CALL = (
    "import time; t = time.perf_counter(); import numpy as np; from shiftmath.kernels import Convolutional; "
    "Convolutional(2)(np.ones((2, 8, 8, 1))); print(time.perf_counter() - t)"
)


def status(field):
    """A memory figure of this process in bytes; nan where the system does not give one."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def measured(function):
    """(seconds, peak bytes above the level before, result) of one call."""
    gc.collect()
    if sys.platform == "linux":
        # Freed pages that the allocator keeps would hide what the next call needs.
        ctypes.CDLL(None).malloc_trim(0)
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")
    before, start = status("VmRSS"), time.perf_counter()
    result = np.asarray(function())
    return time.perf_counter() - start, status("VmHWM") - before, result


def blocked(kernel_fn, X, batch):
    """The full Gram matrix by a jitted kernel function on square blocks."""
    blocks = [X[i : i + batch] for i in range(0, len(X), batch)]
    return np.block([[np.asarray(kernel_fn(a, b)) for b in blocks] for a in blocks])


def opponent(kernel, X, batches):
    """neural-tangents at the batch size that is fastest here, compiled, and that size."""
    full = oracle.network(kernel)[2]
    kernel_fn = jax.jit(lambda a, b: full(a, b, get="ntk"))

    def seconds(batch):
        few = X[: max(batch, min(len(X), 16))]
        blocked(kernel_fn, few, batch)
        return measured(lambda: blocked(kernel_fn, few, batch))[0] / len(few) ** 2

    best = min((b for b in batches if b <= len(X)), key=seconds)
    return (lambda: blocked(kernel_fn, X, best)), best


def contenders(kernel, X, with_jax):
    """Name and call of each way to compute the same matrix with this package."""
    single = X.astype(np.float32)
    ours = {"numba float64": lambda: kernel(X), "numba float32": lambda: kernel(single)}
    if with_jax:
        ours["JAX float64"] = lambda: kernel(jnp.asarray(X))
    return ours


def rows(case, repeats):
    """The table rows of one case."""
    n, side, depth, readout, batches = case
    X = np.random.default_rng(0).normal(size=(n, side, side, 1))
    kernel = Convolutional(depth, readout=readout)
    theirs, batch = opponent(kernel, X, batches)
    calls = {"neural-tangents": theirs, **contenders(kernel, X, depth == 2)}
    for call in calls.values():
        call()
    runs = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            runs[name].append(measured(call))
    exact = runs["neural-tangents"][0][2]
    base = statistics.median(run[0] for run in runs["neural-tangents"])
    for name, results in runs.items():
        seconds = statistics.median(run[0] for run in results)
        memory = max(run[1] for run in results) / 2**20
        error = np.abs(results[0][2] / exact - 1).max()
        label = f"{name} (batch {batch})" if name == "neural-tangents" else name
        yield (f"{n} x {n}, {side} px, {depth} layers, {readout}", label, f"{seconds / n**2 * 1e3:.4g}",
               f"{base / seconds:.1f}", f"{memory:.1f}", f"{error:.1e}")  # fmt: skip


def machine():
    """One line: date, processor, cores and versions."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    import numba

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = (
        f"Python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}, jax {jax.__version__}"
    )
    return f"{datetime.date.today()}, {cpu}, {cores} cores, {versions}, neural-tangents 0.6.5."


def first_call():
    """Seconds from an empty process to the first Gram matrix, disk cache warm.

    Import included, interpreter start not.
    """
    runs = [
        subprocess.run([sys.executable, "-c", FIRST_CALL], capture_output=True, text=True, check=True) for _ in range(3)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def table(repeats):
    """The whole report as Markdown."""
    head = ("work", "engine", "ms per pair", "times faster", "peak memory, MiB", "largest relative difference")
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for case in CASES:
        for row in rows(case, repeats):
            lines.append(" | ".join(row))
            sys.stderr.write(lines[-1] + "\n")
    body = "\n".join(f"| {line} |" for line in lines)
    first = f"First call in a new process: {first_call():.2f} s."
    return f"# Kernels against neural-tangents\n\n{machine()}\n\n{body}\n\n{first}\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "kernels.md")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    options.output.write_text(table(options.repeats))

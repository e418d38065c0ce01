"""Kernels: against neural-tangents, and how their cost grows with images and pixels.

    python benchmarks/kernels.py [--only comparison | bound | jax | scaling] [--repeats 3] [--output benchmarks/results]

The comparison, results/kernels.md: one process, alternating, medians; the rival at its best batch, in float64. One row
is an n x n Gram matrix of n standard normal images (3 x 3 filter, circular padding, ReLU). Times are per pair of the
full square, which neural-tangents computes whole; this package is also given X against an equal Z, where it uses no
symmetry. Memory is the peak of the process above its level before the call, the result included; the error is the
largest entrywise difference from neural-tangents in float64, relative to it. neural-tangents runs in float64
throughout, where it is faster than in float32; so does the compiled engine, for float32 arrays too.

Two more sections of results/kernels.md, of X against Z, in processor time, the best of several rounds, since what else
runs slows them down. The bound: pairs of pixels times layers a second of one core, as a share of what roots and
multiply-adds alone would allow, each measured in a loop of its own. JAX: the JAX engine on the CPU beside
neural-tangents.

The scaling, results/kernels_scaling.md: medians of the compiled engine in float64 over several sizes, with the slope of
the logarithms; all digits in one run; a dot on an image far too large to store.
"""

import argparse
import ctypes
import gc
import math
import os
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from _hardware import OPERATIONS, ROOTS, bound, throughput
from _machine import machine
from sklearn.datasets import load_digits

from shiftmath.kernels import Convolutional, oracle
from shiftmath.kernels.dots import Dots, dots_gram

PACKAGES = ("numpy", "numba", "jax", "neural-tangents")
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
# For the exponent in d: readout, images n of an n x n matrix, sides. For the exponent in n: readout, numbers n, side.
PIXELS = [("average", 4, (16, 24, 32, 48)), ("flatten", 64, (16, 32, 64, 128))]
IMAGES = [("average", (8, 16, 32, 64), 16), ("flatten", (64, 128, 256, 512), 16)]
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
    Z, arrays = X.copy(), {"numba float64": np.asarray, "JAX float64": jnp.asarray}
    ours = {}
    for name, array in arrays.items():
        if with_jax or array is np.asarray:
            ours[name] = lambda array=array: kernel(array(X))
            ours[f"{name}, X against Z"] = lambda array=array: kernel(array(X), array(Z))
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


BOUND, JAX = "The share of the hardware's bound", "The JAX engine on the CPU"
# readout, side, images; for the JAX engine with the batch of neural-tangents
SHARES = [("average", 28, 4), ("average", 16, 12), ("average", 8, 48), ("flatten", 28, 128), ("flatten", 8, 384)]
ENGINES = [("flatten", 8, 128, 128), ("average", 8, 32, 32), ("average", 16, 16, 16), ("flatten", 32, 32, 32)]


def best(function, repeats=5):
    """The least processor time of a call that is compiled."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def shares():
    """The compiled engine on one thread against the bound of its inner loop."""
    rates = throughput()
    most = bound(rates)
    said = ", ".join(f"{value / 1e9:.3g} billion {name}" for name, value in rates.items())
    yield f"One core does {said} a second in float64. A pair of pixels and a layer of ReLU takes at least {ROOTS} roots"
    yield f"and {OPERATIONS} multiply-adds or parts of them, no division: {most / 1e6:.0f} million a second at most."
    yield ""
    yield "| X against Z, 2 layers | million pairs of pixels x layers a second and core | share of the bound |"
    yield "| --- | --- | --- |"
    for readout, side, n in SHARES:
        kernel, X, Z = pair(readout, side, n)
        plan = kernel.plan((side, side))
        work = n * n * len(plan.shifts) * math.prod(plan.torus) * plan.depth
        pace = work / best(partial(kernel, X, Z))
        yield f"| {n} x {n}, {side} px, {readout} | {pace / 1e6:.0f} | {pace / most:.2f} |"


def pair(readout, side, n):
    """A kernel of two layers, and n images twice."""
    return Convolutional(2, readout=readout), *np.random.default_rng(0).normal(size=(2, n, side, side, 1))


def engines():
    """The JAX engine on the CPU against neural-tangents."""
    yield "| X against Z, 2 layers | JAX engine on the CPU, float64: times faster than neural-tangents |"
    yield "| --- | --- |"
    for readout, side, n, batch in ENGINES:
        kernel, *given = pair(readout, side, n)
        x, z = map(jnp.asarray, given)
        full = oracle.network(kernel)[2]
        rival = jax.jit(partial(full, get="ntk"))
        theirs = best(partial(rectangle, rival, x, z, batch), 3)
        ours = best(partial(rectangle, kernel, x, z, n), 3)
        yield f"| {n} x {n}, {side} px, {readout} | {theirs / ours:.1f} |"


def rectangle(kernel_fn, x, z, batch):
    """All values of x against z, on square blocks."""
    blocks = [slice(i, i + batch) for i in range(0, len(x), batch)]
    return [np.asarray(kernel_fn(x[a], z[b])) for a in blocks for b in blocks]


def section(heading, rows, repeats):
    """The page of the comparison with this section anew, as its last."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    page = (Path(__file__).parent / "results" / "kernels.md").read_text().rstrip().split("\n## ")
    kept = [part.rstrip() for part in page if not part.startswith(heading + "\n")]
    new = "\n".join([heading, "", machine(*PACKAGES), "", *rows()])
    return "\n\n## ".join([*kept, new]) + "\n"


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
    return f"# Kernels against neural-tangents\n\n{machine(*PACKAGES)}\n\n{body}\n\n{first}\n"


def seconds_of(function, repeats):
    """The median time of a call that is compiled."""
    function()
    return statistics.median(measured(function)[0] for _ in range(repeats))


def square(readout, n, side, repeats):
    """Seconds for the Gram matrix of n images against n others, 2 layers."""
    X, Z = np.random.default_rng(0).normal(size=(2, n, side, side, 1))
    return seconds_of(lambda: Convolutional(2, readout=readout)(X, Z), repeats)


def exponents(repeats):
    """Tables of times over pixels and over images, each with its fitted exponent."""
    lines = ["| readout | images | pixels d | ms per pair | ms |", "| --- | --- | --- | --- | --- |"]
    cases = [("d", r, [(n, side) for side in sides]) for r, n, sides in PIXELS]
    cases += [("n", r, [(n, side) for n in numbers]) for r, numbers, side in IMAGES]
    slopes = []
    for letter, readout, sizes in cases:
        times = [square(readout, n, side, repeats) for n, side in sizes]
        grown = [n if letter == "n" else side**2 for n, side in sizes]
        slope = np.polyfit(np.log(grown), np.log(times), 1)[0]
        slopes.append(f"- {readout}: time grows as {letter}^{slope:.2f} for {letter} from {grown[0]} to {grown[-1]}")
        for (n, side), t in zip(sizes, times, strict=True):
            lines.append(f"| {readout} | {n} x {n} | {side**2} | {t / n**2 * 1e3:.4g} | {t * 1e3:.1f} |")
            sys.stderr.write(lines[-1] + "\n")
    return "\n".join([*lines, "", *slopes])


def digits():
    """All 1797 digits in one run; neural-tangents on a block of them, extrapolated."""
    X, kernel = load_digits().images[..., None], Convolutional(2)
    kernel(X[:2])
    seconds, memory, gram = measured(lambda: kernel(X))
    block = X[:128]
    theirs, batch = opponent(kernel, block, (32, 64, 128))
    theirs()
    extrapolated = measured(theirs)[0] / len(block) ** 2 * len(X) ** 2
    return (f"The {len(X)} x {len(X)} Gram matrix of all digits (8 x 8, 2 layers, average, float64): {seconds:.1f} s, "
            f"{memory / 2**20:.0f} MiB above the level before, of which the result is {gram.nbytes / 2**20:.0f}. "
            f"neural-tangents, extrapolated from its {len(block)} x {len(block)} block in batches of {batch}: "
            f"{extrapolated:.0f} s.")  # fmt: skip


def dot(repeats):
    """A white and a black dot among 10^12 pixels: time, and the odd part of the kernel where it is known."""
    images = [Dots((10**6, 10**6), {(0, 0): value}) for value in (1.0, -1.0)]
    times = [seconds_of(lambda k=k: dots_gram(k, images), repeats) for k in map(Convolutional, (1, 2, 5))]
    gram = dots_gram(Convolutional(1), images)
    error = abs((gram[0, 0] - gram[0, 1]) * 1e24 / 2 - 1)
    return (f"A white and a black dot on 10^6 x 10^6 gray pixels, average: {times[0] * 1e3:.1f}, {times[1] * 1e3:.1f}, "
            f"{times[2] * 1e3:.1f} ms for 1, 2, 5 layers; K(x, x) - K(x, -x) with 1 layer is 2 / d^2 to "
            f"{error:.0e}.")  # fmt: skip


def scaling(repeats):
    """How cost grows, as Markdown."""
    parts = [f"# Kernels: how their cost grows\n\n{machine(*PACKAGES)}", exponents(repeats), digits(), dot(repeats)]
    return "\n\n".join(parts) + "\n"


SECTIONS = {
    "comparison": ("kernels.md", table),
    "bound": ("kernels.md", partial(section, BOUND, shares)),
    "jax": ("kernels.md", partial(section, JAX, engines)),
    "scaling": ("kernels_scaling.md", scaling),
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=list(SECTIONS), help="one section instead of all")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results", help="a folder")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    for name in [options.only] if options.only else SECTIONS:
        file, report = SECTIONS[name]
        (options.output / file).write_text(report(options.repeats))

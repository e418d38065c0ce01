"""Gradients of an interpolant: the compiled engine and JAX, as multiples of the time of the kernel itself.

    python benchmarks/gradients.py [--repeats 5] [--quick] [--compare] [--output benchmarks/results]

The gradient of sum_j w_j k(x, z_j) at one image of 28 x 28 pixels with 12 samples (3 x 3 filter, circular padding, 2
layers), in float64. One process, alternating; medians of wall times and of CPU times (all threads), and the
ratios to the kernel on the same arrays. JAX is reverse mode of the JAX engine, compiled before: at one point, and at
eight, up to which the search fills its batches where a kernel has no compiled gradient. Then the distance of one image
from the boundary of an `Interpolant` of 12 images: some hundred gradients, of two points and of two more a restart; and
DDN on two images, through `Interpolant.compiled` and through JAX.
"""

import argparse
import statistics
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from _machine import machine

from shiftmath import Interpolant, adversary
from shiftmath.interpolant import gradients
from shiftmath.kernels import Convolutional, FullyConnected

PACKAGES = ("numpy", "numba", "jax")
KERNELS = [
    *(Convolutional(2), Convolutional(2, readout="flatten"), FullyConnected(2)),
    *(Convolutional(2, activation=smooth) for smooth in ("erf", "gelu")),
    *(Convolutional(2, readout="flatten", activation=smooth) for smooth in ("erf", "gelu")),
    *(FullyConnected(2, smooth) for smooth in ("erf", "gelu")),
]
DISTANCES = [(KERNELS[1], 8), (KERNELS[0], 1)]  # and the restarts of the search
STEPS = 10  # of DDN


class Traced:
    """A kernel without its compiled gradient: what any callable of JAX arrays costs."""

    def __init__(self, kernel):
        self.kernel = kernel

    def __call__(self, X, Z=None):
        """The Gram matrix."""
        return self.kernel(X, Z)


def times(function):
    """(wall, CPU) seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - wall, time.process_time() - cpu


def rows(kernel, repeats, quick):
    """The table rows of one kernel."""
    rng = np.random.default_rng(0)
    x, Z, weights = rng.random((1, 28, 28)), rng.random((12, 28, 28)), rng.standard_normal(12)
    traced = partial(gradients.values_and_gradients, Traced(kernel))
    calls = {
        "kernel": lambda: kernel(x, Z),
        "compiled gradient": lambda: kernel.weighted_gradient(x, Z, weights),
        "JAX, one point": lambda: traced(x, Z, weights, fill=1),
        "JAX, filled up to eight": lambda: traced(x, Z, weights),
    }
    calls = {name: call for name, call in calls.items() if not (quick and "JAX" in name)}
    for call in calls.values():
        call()
    runs = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            runs[name].append(times(call))
    medians = {name: [statistics.median(run[i] for run in some) for i in (0, 1)] for name, some in runs.items()}
    for name, (wall, cpu) in medians.items():
        ratios = [f"{medians[name][i] / medians['kernel'][i]:.1f}" for i in (0, 1)]
        yield (repr(kernel), name, f"{wall * 1e3:.3g}", f"{cpu * 1e3:.3g}", *ratios)


def difference(kernel):
    """The largest difference of the two gradients, relative to the largest entry."""
    rng = np.random.default_rng(1)
    x, Z, weights = rng.random((1, 28, 28)), rng.random((12, 28, 28)), rng.standard_normal(12)
    ours = kernel.weighted_gradient(x, Z, weights)[1]
    theirs = jax.grad(lambda x: (kernel(x, jnp.asarray(Z)) @ weights)[0])(jnp.asarray(x))
    return np.abs(ours - theirs).max() / np.abs(ours).max()


def distance(kernel, restarts):
    """Seconds, and upper bound, of the distance of one image of 28 x 28 pixels from the boundary between 12."""
    rng = np.random.default_rng(2)
    f = Interpolant(kernel, rng.random((12, 28, 28)), np.tile([1.0, -1.0], 6))
    start = time.perf_counter()
    found = f.distance(rng.random((28, 28)), restarts=restarts)
    return time.perf_counter() - start, found.upper


def attacked(kernel):
    """CPU seconds of DDN on two images of 28 x 28 pixels, through the compiled engine and through JAX."""
    rng = np.random.default_rng(3)
    f = Interpolant(kernel, rng.random((12, 28, 28)), np.tile([1.0, -1.0], 6))
    x = rng.random((2, 28, 28))
    labels, seconds = np.where(f(x) > 0, 1, -1), []
    for g in (f.compiled, f):
        adversary.ddn(g, x, labels, steps=STEPS)
        seconds.append(times(partial(adversary.ddn, g, x, labels, steps=STEPS))[1])
    return seconds


def table(repeats, quick, compare):
    """The whole report as Markdown."""
    lines = [
        "| kernel | what | wall, ms | CPU, ms | times the kernel, wall | CPU |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kernel in KERNELS:
        for row in rows(kernel, repeats, quick):
            lines.append(f"| {' | '.join(row)} |")
            print(lines[-1], flush=True)
    apart = [] if quick else [(k, difference(k)) for k in KERNELS]
    lines += ["", *(f"- {k!r}: the two gradients differ by {d:.0e} of the largest entry." for k, d in apart)]
    for kernel, restarts in DISTANCES[:1] if quick else DISTANCES:
        seconds, upper = distance(kernel, restarts)
        lines.append(f"- {kernel!r}: a distance takes {seconds:.1f} s ({restarts} restarts, {upper:.4f} found).")
        print(lines[-1], flush=True)
        if compare:
            seconds, upper = distance(Traced(kernel), restarts)
            lines.append(f"- By JAX it takes {seconds:.1f} s ({upper:.4f} found).")
            print(lines[-1], flush=True)
    for kernel in () if quick else (k for k, _ in DISTANCES):
        ours, theirs = attacked(kernel)
        lines.append(
            f"- {kernel!r}: {STEPS} steps of DDN on two images take {ours:.1f} s of CPU time, through JAX {theirs:.1f}."
        )
        print(lines[-1], flush=True)
    return f"# Gradients against the kernel itself\n\n{machine(*PACKAGES)}\n\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="without JAX and the distance of the pooled kernel")
    parser.add_argument("--compare", action="store_true", help="the distance by JAX too, which takes many minutes")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results", help="a folder")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    (options.output / "gradients.md").write_text(table(options.repeats, options.quick, options.compare))

"""Kernels on an accelerator: this package's JAX engine against straight JAX on the same device.

    python benchmarks/gpu.py [--repeats 3] [--device gpu] [--output benchmarks/results/gpu.md]

Where JAX has no device of that kind it says so, writes nothing and exits with 0; `--device cpu` tries the script out.
One row is images against as many others (3 x 3 filter, circular padding, ReLU, 2 layers, average), in float32 or
float64; medians, all images on the device, the result waited for. The rival holds the covariances of all pairs of
pixels, (batch, H, W, H, W), and sums the 9 taps by rolled copies, compiled as one function at the batch that is fastest
here. Per pair of images a layer takes some 40 operations for each of d^2 pairs of pixels; the share is that of what the
device reaches on multiply-adds of long vectors in cache, measured beside it. Errors are relative to the CPU engine.
Hours are projected from pairs per second for the n (n + 1) / 2 pairs of the whole set: nothing of it was run.
"""

import argparse
import statistics
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from _machine import machine

from shiftmath.kernels import Convolutional

PACKAGES = ("numpy", "jax", "jaxlib")
DEPTH, OPERATIONS = 2, 40
CASES = [(28, "MNIST", 60_000), (32, "CIFAR-10", 60_000)]
IMAGES = {"gpu": 64, "cpu": 3}
BATCHES = {"gpu": (64, 256, 1024), "cpu": (3, 9)}


def straight(x, z):
    """The tangent kernel of one pair of images (H, W) with the covariances of all pairs of pixels."""

    def convolved(A):
        return sum(jnp.roll(A, (a, b, a, b), (0, 1, 2, 3)) for a in (-1, 0, 1) for b in (-1, 0, 1)) / 9

    def diagonal(v):
        return sum(jnp.roll(v, (a, b), (0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1)) / 9

    K, T = jnp.multiply.outer(x, z), jnp.zeros(x.shape + z.shape, x.dtype)
    p, q = x**2, z**2
    for _ in range(DEPTH):
        K, T, p, q = 2 * convolved(K), 2 * convolved(T), 2 * diagonal(p), 2 * diagonal(q)
        size = jnp.sqrt(jnp.multiply.outer(p, q))
        c = jnp.clip(K / size, -1, 1)
        angle = jnp.arccos(c)
        slope = (jnp.pi - angle) / (2 * jnp.pi)
        T = (T + K) * slope
        K = size * (jnp.sqrt(1 - c**2) / (2 * jnp.pi) + c * slope)
        p, q = p / 2, q / 2
    return (K + T).mean()


@jax.jit
def batched(X, Z, i, j):
    """`straight` of the pairs (i, j)."""
    return jax.vmap(straight)(X[i], Z[j])


def rival(X, Z, batch):
    """The Gram matrix of `straight`, so many pairs at a time."""
    I, J = np.indices((len(X), len(Z))).reshape(2, -1)
    parts = [batched(X, Z, I[k : k + batch], J[k : k + batch]) for k in range(0, len(I), batch)]
    return jnp.concatenate(parts).reshape(len(X), len(Z))


def seconds(call, repeats):
    """The median time of a call that is compiled, and its result."""
    result, times = np.asarray(jax.block_until_ready(call())), []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def peak(dtype, repeats):
    """Multiply-adds per second of the device on vectors that stay in its cache."""
    steps, v = 2000, jnp.full(2**20, 0.5, dtype)
    chain = jax.jit(lambda v: jax.lax.fori_loop(0, steps, lambda _, u: u * 0.999 + 0.001, v))
    return 2 * steps * v.size / seconds(lambda: chain(v), repeats)[0]


def fastest(X, Z, batches, repeats):
    """Seconds and result of the rival at its best batch, and that batch."""
    tried = []
    for batch in batches:
        try:
            tried.append((*seconds(partial(rival, X, Z, batch), repeats), batch))
        except jax.errors.JaxRuntimeError:  # more than the memory of the device
            break
    return min(tried, key=lambda t: t[0])


def rows(device, side, name, total, dtype, repeats):
    """The table rows of one size and one dtype."""
    n = IMAGES[device]
    X, Z = np.random.default_rng(0).normal(size=(2, n, side, side))
    kernel, most = Convolutional(DEPTH), peak(dtype, repeats)
    expected = kernel(X[:8, ..., None], Z[:8, ..., None])
    x, z = (jnp.asarray(A, dtype) for A in (X, Z))
    ours = (*seconds(lambda: kernel(x[..., None], z[..., None]), repeats), "")
    theirs = fastest(x, z, BATCHES[device], repeats)
    for label, (time_, gram, batch) in (("straight JAX", theirs), ("shiftmath", ours)):
        label += f" (batch {batch})" if batch else ""
        rate, error = n * n / time_, np.abs(gram[:8, :8] / expected - 1).max()
        share = rate * DEPTH * OPERATIONS * side**4 / most
        hours = total * (total + 1) / 2 / rate / 3600
        yield (f"{n} x {n}, {side} px, {np.dtype(dtype).name}", label, f"{rate:.4g}", f"{theirs[0] / time_:.1f}",
               f"{share:.1%}", f"{error:.1e}", f"{name}: {hours:.3g}")  # fmt: skip


def table(device, repeats):
    """The whole report as Markdown."""
    head = ("work", "engine", "pairs a second", "times faster", "share of multiply-adds", "largest relative difference",
            "hours for the whole set, projected")  # fmt: skip
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for side, name, total in CASES:
        for dtype in (jnp.float32, jnp.float64):
            for row in rows(device, side, name, total, dtype, repeats):
                lines.append(" | ".join(row))
                sys.stderr.write(lines[-1] + "\n")
    body = "\n".join(f"| {line} |" for line in lines)
    kind = jax.devices(device)[0].device_kind
    return f"# Kernels on an accelerator\n\n{kind}. {machine(*PACKAGES)}\n\n{body}\n"


def main():
    """Measure, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", choices=list(IMAGES), default="gpu")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "gpu.md")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    try:
        jax.devices(options.device)
    except RuntimeError:
        sys.stdout.write(f"JAX has no {options.device} here: nothing was measured.\n")
        return
    with jax.default_device(jax.devices(options.device)[0]):
        options.output.write_text(table(options.device, options.repeats))


if __name__ == "__main__":
    main()

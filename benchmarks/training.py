"""Measure training: time per step of the networks of two dots against the number of pixels d.

    python benchmarks/training.py

Writes benchmarks/results/training.md. k x k images, one white and one black dot; a fully connected network of 100
hidden units and a convolutional one with 100 filters of k x k taps; full batch, float32, five seeds at once.
"""

import statistics
import time
from functools import partial
from pathlib import Path

import jax
import numpy as np
import optax
from _machine import machine

from shiftmath import dot_on_gray
from shiftmath.networks import convolutional, fully_connected
from shiftmath.networks.training import fit_many

RESULT = Path(__file__).parent / "results" / "training.md"
SIZES = range(1, 30, 2)


def seconds_per_step(build: partial, k: int, rounds: int = 5) -> float:
    """The median time of a step over some rounds, without compilation and start: more steps where they are short."""
    steps = max(100, min(2000, 60_000 // k**2))
    images, keys = np.array(dot_on_gray((k, k))), jax.random.split(jax.random.key(0), 5)
    descent = optax.sgd(0.1)
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        fit_many(build, keys, images, [0, 1], descent, 1)
        middle = time.perf_counter()
        fit_many(build, keys, images, [0, 1], descent, 1 + steps)
        times.append((time.perf_counter() - middle) - (middle - start))
    return statistics.median(times[1:]) / steps


def slope(x: list[float], y: list[float]) -> float:
    """Of log y against log x, by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def main() -> None:
    """Measure, write the result and print it."""
    dense, pooled = [], []
    for k in SIZES:
        dense.append(seconds_per_step(partial(fully_connected, shape=(k, k), classes=2), k))
        pooled.append(seconds_per_step(partial(convolutional, shape=(k, k), classes=2, filter_size=k), k))
    d = [k * k for k in SIZES]
    large = [i for i, k in enumerate(SIZES) if k >= 11]
    cost = [d[i] * np.log(d[i]) for i in large]
    power = slope(cost, [pooled[i] for i in large])
    rows = [f"| {n} | {a * 1e3:.2f} ms | {b * 1e3:.2f} ms |" for n, a, b in zip(d, dense, pooled, strict=True)]
    text = f"""# Training

{machine("numpy", "jax", "optax", "equinox")} Medians of five.

Time of a step for five seeds together, full batch of two images of d pixels, float32. From d = 121 on the convolutional
network's time grows like (d log d) to the power {power:.2f}; a direct sum over the
taps would take d squared. 3000 steps of all {len(d)} sizes take {3000 * sum(pooled):.0f} s, of the fully connected
network {3000 * sum(dense):.0f} s, without compilation.

| d | fully connected | convolutional, full-size filter |
|---|---|---|
"""
    text += "\n".join(rows) + "\n"
    RESULT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

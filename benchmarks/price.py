"""Measure what the price of invariance costs to compute, for all pairs of ten classes of images of 28 x 28.

    python benchmarks/price.py

Takes 10,000 images of MNIST where SHIFTMATH_DATA has them, and random ones otherwise. Writes
benchmarks/results/price.md.
The processor's time is that of all cores together: half of it is what two idle cores would take at best.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _machine import machine

from shiftmath import pairwise_price
from shiftmath.datasets import mnist
from shiftmath.price import Prices

RESULT = Path(__file__).parent / "results" / "price.md"


def images() -> tuple[np.ndarray, np.ndarray, str]:
    """10,000 images, their labels and what they are."""
    if "SHIFTMATH_DATA" in os.environ:
        data = mnist("test")
        return data.images, data.labels, "MNIST, its 10,000 test images"
    rng = np.random.default_rng(0)
    y = np.arange(10_000) % 10
    return rng.random((10, 28, 28))[y] / 10 + rng.random((len(y), 28, 28)), y, "random"


def measured(f: Callable[[], Prices]) -> tuple[Prices, float, float]:
    """A result, the wall time and that of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    return f(), time.perf_counter() - wall, time.process_time() - cpu


def row(part: str, wall: float, cpu: float) -> str:
    """One row of the table."""
    return f"| {part} | {wall:.0f} s | {cpu:.0f} s |"


def summary(linear: Prices) -> str:
    """What the linear part found."""
    prices = list(linear.pairs.values())
    widest = max(p.plain.separator.certificate.duality_gap for p in prices if p.plain.separator)
    plain, invariant = (sum(getattr(p, gap) > 0 for p in prices) for gap in ("plain_gap", "invariant_gap"))
    median = np.median([p.soft_ratio for p in prices])
    return (
        f"Largest relative distance of the two bounds of a gap: {widest:.0e}. Of the {len(prices)} pairs {plain} are\n"
        f"separable, {invariant} of them by an invariant separator; the median ratio of the gaps that are compared,\n"
        f"soft ones where the classes overlap, is {median:.3f}."
    )


def main() -> None:
    """Measure, write the result and print it."""
    X, y, what = images()
    linear, *times = measured(lambda: pairwise_price(X, y, wide=0, progress=True))
    rows = [row("linear, 45 pairs", *times)]
    few = np.concatenate([np.flatnonzero(y == c)[:100] for c in range(10)])
    _, *base = measured(lambda: pairwise_price(X[few], y[few], wide=0))
    both, *times = measured(lambda: pairwise_price(X[few], y[few], progress=True))
    part = "infinite width, 2 pairs, 4 images of each class, distances of one each, with what is compiled"
    rows.append(row(part, *(t - b for t, b in zip(times, base, strict=True))))
    table = "\n".join(rows)
    text = f"""# The price of invariance

{machine("numpy", "numba", "jax")} {what}.

| part | time | of the processor |
|---|---|---|
{table}

{summary(linear)} One of the pairs with a part at infinite width:

```
{next(p for p in both.pairs.values() if p.wide)!r}
```
"""
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

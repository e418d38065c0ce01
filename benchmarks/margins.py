"""Measure the separators: the closed form against one sum over the data, the certified one against two peers.

    python benchmarks/margins.py

Writes benchmarks/results/margins.md. Rivals take turns in one process, so that a machine that drifts slows all alike;
figures are medians.
"""

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _machine import machine
from scipy.optimize import nnls
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC

from shiftmath import invariant_margin, max_margin

RESULT = Path(__file__).parent / "results" / "margins.md"


def seconds(f: Callable[[], object]) -> float:
    """The wall time of one call."""
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def closed_form_against_sum(rounds: int = 9) -> tuple[float, float, float]:
    """Medians over rounds, on 200,000 x 784: one numpy.sum, the invariant margin, and the ratio of the two."""
    X = np.random.default_rng(0).standard_normal((200_000, 784))
    X[:100_000] += 1
    rivals = X.sum, lambda: invariant_margin(X[:100_000], X[100_000:])
    sums, margins = np.array([[seconds(f) for f in rivals] for _ in range(rounds)]).T
    return float(np.median(sums)), float(np.median(margins)), float(np.median(margins / sums))


def planted(n: int, d: int, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Two classes exactly 1 apart whose samples have a norm of about `ratio`; d // 2 samples lie at the edges."""
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((2, n // 2, d))
    flat[:, :, 0] = 0
    flat *= ratio / np.linalg.norm(flat, axis=2, keepdims=True)
    edge = d // 4
    flat[:, edge - 1] = -flat[:, : edge - 1].sum(axis=1)
    flat[:, edge:, 0] = rng.exponential(ratio / 10, (2, n // 2 - edge))
    flat[:, :, 0] = (flat[:, :, 0] + 0.5) * np.array([[1], [-1]])
    A, B = flat @ np.linalg.qr(rng.standard_normal((d, d)))[0]
    return A, B


def by_least_squares(A: np.ndarray, B: np.ndarray) -> float:
    """Non-negative least squares for the weights, with heavy rows for their sums."""
    weight = 1e4 * float(np.abs(A).max())
    sums = np.repeat(np.eye(2), [len(A), len(B)], axis=1)
    points = np.concatenate([A, -B]).T
    weights = nnls(np.concatenate([points, weight * sums]), np.repeat([0, weight], [len(points), 2]))[0]
    return float(np.linalg.norm(points @ (weights / (sums @ weights).repeat([len(A), len(B)]))))


def by_support_vectors(A: np.ndarray, B: np.ndarray) -> float:
    """A support vector machine with a penalty large enough to be hard, on data scaled to norm 1."""
    scale = float(np.linalg.norm(np.concatenate([A, B]), axis=1).max())
    machine = SVC(C=1e10, kernel="linear", tol=1e-6, max_iter=2_000_000)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        machine.fit(np.concatenate([A, B]) / scale, np.repeat([1, -1], [len(A), len(B)]))
    return float(2 * scale / np.linalg.norm(machine.coef_))


RIVALS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "max_margin": lambda A, B: max_margin(A, B).gap,
    "scipy nnls": by_least_squares,
    "scikit-learn SVC(C=1e10), at most 2,000,000 iterations": by_support_vectors,
}


def separators(n: int, d: int, ratio: float, rounds: int = 3) -> list[str]:
    """One row a rival: median time and relative error of the gap, whose true value is 1."""
    A, B = planted(n, d, ratio)
    times: dict[str, list[float]] = {name: [] for name in RIVALS}
    gaps: dict[str, float] = {}
    for _ in range(rounds):
        for name, rival in RIVALS.items():
            start = time.perf_counter()
            gaps[name] = rival(A, B)
            times[name].append(time.perf_counter() - start)
    return [
        f"| {n} x {d} | {ratio:.0e} | {name} | {np.median(times[name]):.2f} s | {abs(gaps[name] - 1):.0e} |"
        for name in RIVALS
    ]


def main() -> None:
    """Measure, write the result and print it."""
    one_sum, closed, ratio = closed_form_against_sum()
    rows = [row for size in ((200, 50, 10), (2000, 1000, 10), (2000, 1000, 1e5)) for row in separators(*size)]
    text = f"""# Separators

{machine("numpy", "scipy", "scikit-learn")} Medians.

`invariant_margin` on 200,000 x 784 float64: {closed * 1e3:.0f} ms, {ratio:.2f} times one `numpy.sum` over the same
array ({one_sum * 1e3:.0f} ms).

Hard margins with a known answer (gap 1; size is the norm of the data over the gap):

| samples x dimensions | size | solver | time | relative error |
|---|---|---|---|---|
"""
    text += "\n".join(rows) + "\n"
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

"""Measure Gram matrices in blocks: their cost beside the matrix in memory, exponents, workers, restarts and plans.

    python benchmarks/scaling.py [--only killed]

Writes benchmarks/results/scaling.md, or a section of it anew. Exponents and overheads are of processor time, in which
what else a machine does counts little; workers and plans are of wall time. Figures are medians.
"""

import argparse
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from _machine import machine

from shiftmath.datasets import digits
from shiftmath.kernels import Convolutional, FullyConnected, gram, gram_plan
from shiftmath.kernels.large import GramPlan
from shiftmath.kernels.large.layout import Layout

RESULT = Path(__file__).parent / "results" / "scaling.md"
POOLED = Convolutional(depth=2)
ROUNDS = 3
WORKERS = (1, 2)
PACKAGES = ("numpy", "numba", "zarr", "dask")


def cost(f: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """The processor time of one call, or that of another clock."""
    start = clock()
    f()
    return clock() - start


def median(f: Callable[[], object]) -> float:
    """The median of a few rounds, after one that compiles."""
    f()
    return float(np.median([cost(f) for _ in range(ROUNDS)]))


@contextmanager
def folder() -> Iterator[str]:
    """A store that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as name:
        yield f"{name}/store"


def images(n: int, side: int) -> np.ndarray:
    """Random images, half of whose pixels are 0."""
    return np.maximum(np.random.default_rng(0).standard_normal((n, side, side)), 0)


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """The slope of log seconds in log sizes."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def exponents() -> list[str]:
    """Processor time against the number of images, and against that of their pixels."""
    ns, sides, lines = [64, 128, 256], [6, 8, 12, 16], []
    for readout in ("average", "flatten"):
        kernel = Convolutional(depth=2, readout=readout)
        in_n = [median(partial(gram, kernel, images(n, 6), store=None, block=64)) for n in ns]
        in_d = [median(partial(kernel, images(24, side))) for side in sides]
        pixels = [side**2 for side in sides]
        lines += [f"- {readout}: time grows as n^{exponent(ns, in_n):.2f} for n from {ns[0]} to {ns[-1]}, 6 x 6 pixels"]
        lines += [f"- {readout}: time grows as d^{exponent(pixels, in_d):.2f} for d from {pixels[0]} to {pixels[-1]}"]
    return lines


def timed(f: Callable[[], object]) -> np.ndarray:
    """Processor time and wall time of one call."""
    start = time.perf_counter()
    return np.array([cost(f), time.perf_counter() - start])


def whole_digits(block: int = 256) -> list[str]:
    """All digits: the store beside the matrix in memory, taking turns; and the plan beside the run."""
    X, times = digits().images, []
    expected, plan = POOLED(X), gram_plan(POOLED, (8, 8), 1797, block=block)
    for _ in range(ROUNDS):
        with folder() as store:
            stored = partial(gram, POOLED, X, store=store, block=block)
            times.append([timed(partial(POOLED, X)), timed(stored)])
            same = bool((np.asarray(stored()) == expected).all())
    (plain, blocks), wall = np.transpose(times)[0], np.median(times, axis=0)[:, 1]
    more = 100 * (blocks / plain - 1)
    return [
        f"All {len(X)} digits, pooled, 2 layers, blocks of {block}: {np.median(more):.1f} percent more processor time "
        f"than in memory (each round: {', '.join(f'{r:.1f}' for r in more)}); every entry "
        f"{'has the same bits' if same else 'DIFFERS'}. Wall time {wall[1]:.1f} s, in memory {wall[0]:.1f} s; the plan "
        f"said {3600 * plan.hours:.1f} s.",
    ]


def restart(blocks: int = 45, size: int = 32) -> str:
    """Wall time of a call on a finished store."""
    X, times = np.random.default_rng(0).standard_normal((blocks * size, 16)), []
    with folder() as store:
        again = partial(gram, FullyConnected(), X, store=store, block=size)
        count = again().layout.count
        for verify in (False, True):
            taken = [cost(partial(again, verify=verify), time.perf_counter) for _ in range(ROUNDS)]
            times.append(1000 * float(np.median(taken)) / count)
    return (
        f"A call on a finished store of {count} blocks of {size}: {times[0]:.2f} s for 1000 blocks, {times[1]:.2f} s "
        "with verify=True."
    )


def workers(n: int = 384, block: int = 64) -> list[str]:
    """Strong scaling: one matrix by more processes. Weak: as many pairs for each. One thread each, started before."""
    import distributed

    rows = ["| processes | images | s, strong | images | s, weak |", "|---|---|---|---|---|"]
    for count in WORKERS:
        cluster = distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=None,
            env={"NUMBA_NUM_THREADS": "1"},
        )
        with cluster, distributed.Client(cluster) as client:
            times, weak = [], round(n * (count / 2) ** 0.5 / block) * block
            for size in (2 * block, n, weak):  # the first compiles in each process
                with folder() as store:
                    run = partial(gram, POOLED, images(size, 8), store=store, block=block, client=client)
                    times.append(cost(run, time.perf_counter))
        rows.append(f"| {count} | {n} | {times[1]:.1f} | {weak} | {times[2]:.1f} |")
    return rows


def killed(n: int = 1797, block: int = 256, seed: int = 0) -> list[str]:
    """The first n digits by two processes, one of which is killed at a random time, against the matrix in memory."""
    import distributed

    X, finished = digits().images[:n], threading.Event()
    expected, count = POOLED(X), len(Layout(len(X), len(X), block, True).blocks())
    rng, said = np.random.default_rng(seed), []

    def kill(cluster: distributed.LocalCluster, store: str) -> None:
        at = int(rng.integers(1, count - 2))  # while blocks are still being computed
        while (have := len([*Path(store).glob("markers/*.json")])) < at:
            if finished.wait(0.01):
                return
        time.sleep(rng.uniform(0, 1))
        victim = int(rng.choice([nanny.pid for nanny in cluster.workers.values() if nanny.pid]))
        os.kill(victim, signal.SIGKILL)
        said.append(f"{have} of {count}")

    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=None, env={"NUMBA_NUM_THREADS": "1"}
    )
    with folder() as store, cluster, distributed.Client(cluster) as client:
        murderer = threading.Thread(target=kill, args=(cluster, store))
        murderer.start()
        got = np.asarray(gram(POOLED, X, store=store, block=block, client=client))
        finished.set()
        murderer.join()
    same = "equal in every bit" if (got == expected).all() else "one that DIFFERS"
    when = f"killed by SIGKILL when {said[0]} blocks were finished" if said else "NOT KILLED in time"
    return [
        f"The first {n} digits, pooled, 2 layers, blocks of {block}, by two processes of Dask, a worker {when}: "
        f"compared with the matrix in memory the result is {same}.",
    ]


def projection() -> GramPlan:
    """What nobody has run here."""
    return gram_plan(POOLED, (28, 28), 60_000, block=1024, workers=100)


KILLED = "## A worker killed"


def main() -> None:
    """Measure, and write the page."""
    lines = ["# Gram matrices in blocks", "", machine(*PACKAGES), ""]
    for part in (whole_digits(), [restart()], exponents(), workers()):
        print("\n".join(part), flush=True)
        lines += [*part, ""]
    lines += [
        "## A projection, not a measurement",
        "",
        "60,000 images of 28 x 28 pixels on 100 machines like this one:",
    ]
    lines += ["", "```text", repr(projection()), "```"]
    RESULT.write_text("\n".join(lines) + "\n")
    only_killed()


def only_killed() -> None:
    """The last section of the page, and nothing else of it."""
    before = RESULT.read_text().split(KILLED)[0].rstrip()
    RESULT.write_text("\n".join([before, "", KILLED, "", machine(*PACKAGES), "", *killed()]) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["killed"], help="one section instead of all")
    (only_killed if parser.parse_args().only else main)()

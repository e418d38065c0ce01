"""Kernels with zero padding and pooling: against albietz/ckn_kernel (Bietti and Mairal), C++ on Eigen, on the CPU.

    python benchmarks/rival.py [--build FOLDER LABEL]... [--built SENTENCE] [--rounds 5] [--output benchmarks/results]

The same function on both sides: with an image of side k and c channels its layers that pool over one pixel, the last
over k x k with steps of k, make 9^depth c times `Convolutional(depth, padding="zero")`, since it adds up the 9 taps
and the channels, which are averaged here, and its ReLU kernels have the factor 2 that weights of deviation sqrt 2 have.

Standard normal images X against others Z, alternating, medians over rounds: wall time and the processor time of all
threads or processes, two of them on each side. The rival computes a block on one core and leaves the parallel run to
processes, as its own scripts do; the norms of patches, which a large matrix needs once an image, are computed before
and not counted. Here nothing is computed before, and everything counted.
"""

import argparse
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from _machine import machine

THREADS = "2"
CASES = [(28, 4), (32, 4), (16, 12), (8, 64)]  # side, images on each side
HEAD = "work", "engine", "wall, ms a pair", "processor, ms a pair", "its over ours", "largest relative difference"
ABSENT = """ckn_kernel is not installed: nothing is measured. To build it, in a copy of github.com/albietz/ckn_kernel:
- in ckn_kernel.pyx `IF 1:` becomes `IF 0:` for float64; CKNKernelMatrix.h's last function lacks a `return Double();`
- in setup.py the include_dirs gain Eigen's folder, cythonize(..., language_level=2), and
  extra_compile_args=["-std=c++17", "-O3", "-march=native", "-fopenmp", "-DNDEBUG"]
- faster arccosines: "-DEIGEN_USE_MKL_VML" beside these; MKL's folder of headers, and mkl_intel_lp64, mkl_sequential and
  mkl_core among the libraries
- pip install "cython<3.1" numpy setuptools; python setup.py build_ext --inplace
- python benchmarks/rival.py --build FOLDER "float64, MKL" --built "Built with ...", a --build for each to compare"""


def images(side, n):
    """X and Z."""
    return np.random.default_rng(0).normal(size=(2, n, side, side, 1))


def model(side, depth=2):
    """The layers of the rival: a pool of one pixel is none, one of side x side with steps of side is the mean."""
    pools = [1] * (depth - 1) + [side]
    return [{"npatch": 3, "subsampling": p, "poolfactor": p, "pooling": "average", "kernel": "relu"} for p in pools]


class Rival:
    """One process of the rival, its norms computed."""

    @classmethod
    def start(cls, folder, side, n):
        """Make this process one."""
        sys.path.insert(0, folder)
        import ckn_kernel

        cls.scale, layers, cls.images = 9 ** len(model(side)), model(side), images(side, n)
        cls.norms = [ckn_kernel.compute_norms(given, model=layers, ntk=True) for given in cls.images]
        cls.kernel = ckn_kernel.CKNKernel((side, side, 1), model=layers, ntk=True)

    @classmethod
    def row(cls, i):
        """(seconds of processor, values) of image i against all of Z."""
        (X, Z), ((x, x_inverse), (z, z_inverse)) = cls.images, cls.norms
        one, start = slice(i, i + 1), time.process_time()
        values = cls.kernel.compute_kernel_matrix(X[one], Z, x[one], z, x_inverse[one], z_inverse, ntk=True)
        return time.process_time() - start, values / cls.scale


@contextmanager
def rival(folder, side, n):
    """A call that computes the matrix in processes that wait already: (wall, processor) seconds and the matrix."""
    with ProcessPoolExecutor(int(THREADS), get_context("spawn"), Rival.start, (folder, side, n)) as pool:

        def call():
            start = time.perf_counter()
            seconds, rows = zip(*pool.map(Rival.row, range(n)), strict=True)
            return time.perf_counter() - start, sum(seconds), np.concatenate(rows)

        yield call


def ours(kernel, X, Z):
    """The same of this package."""
    wall, processor = time.perf_counter(), time.process_time()
    values = kernel(X, Z)
    return time.perf_counter() - wall, time.process_time() - processor, values


def rows(build, side, n, rounds):
    """This package and one build of the rival."""
    from shiftmath.kernels import Convolutional

    folder, label = build
    with rival(folder, side, n) as theirs:
        calls = [partial(ours, Convolutional(2, padding="zero"), *images(side, n)), theirs]
        runs = [[call() for call in calls] for _ in range(rounds + 1)][1:]
    median = [[statistics.median(run[side][i] for run in runs) / n**2 * 1e3 for i in (0, 1)] for side in (0, 1)]
    error = abs(runs[0][1][2] / runs[0][0][2] - 1).max()
    work, ratio = f"{n} x {n}, {side} px", median[1][1] / median[0][1]
    yield work, "shiftmath, float64", *(f"{t:.4g}" for t in median[0]), "1.0", ""
    yield work, f"ckn_kernel, {label}", *(f"{t:.4g}" for t in median[1]), f"{ratio:.1f}", f"{error:.1e}"


def table(builds, built, rounds):
    """The report as Markdown."""
    lines = [" | ".join(HEAD), " | ".join("---" for _ in HEAD)]
    for case in CASES:
        for build in builds:
            lines += [" | ".join(row) for row in rows(build, *case, rounds)]
            print(lines[-1], file=sys.stderr)
    said = (
        f"X against Z, 2 layers, zero padding, mean over all pixels, two threads here and two processes there, medians "
        f"of {rounds} rounds in turns; the ratio is of processor times, the number to trust where other work runs. Its "
        "norms of patches are not counted. It always pools: over one pixel in its first layer, which it computes as "
        f"any other. Here zero padding walks slices one pixel wider than the image. {built}"
    )
    head = f"# Kernels against albietz/ckn_kernel\n\n{machine('numpy', 'numba')}"
    return "\n\n".join([head, said, "\n".join(f"| {line} |" for line in lines)]) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", nargs=2, action="append", help="its folder and what to call it; again for another")
    parser.add_argument("--built", default="It is as installed.", help="a sentence for the report")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results", help="a folder")
    options = parser.parse_args()
    if not options.build and not find_spec("ckn_kernel"):
        print(ABSENT)
        sys.exit(0)
    os.environ.update(NUMBA_NUM_THREADS=THREADS, OMP_NUM_THREADS="1")
    found = options.build or [["", "as installed"]]
    (options.output / "rival.md").write_text(table(found, options.built, options.rounds))

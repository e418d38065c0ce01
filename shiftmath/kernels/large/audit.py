r"""A sample of the entries of a Gram matrix against enclosures that are proved.

An entry must lie within its enclosure, widened by the documented error of the engine: 256 eps of
$\sqrt{k(x, x) k(z, z)}$, and at a kink of the activation $(b / a) \sqrt{32\,\mathrm{eps}} / \pi$ a layer more in the
share of the pairs of pixels that are nearly parallel, see `kernels.kernel`; and half an eps of its own dtype.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shiftmath._shared.progress import progress
from shiftmath.kernels.dual import HOMOGENEOUS, homogeneous_weights
from shiftmath.kernels.large.enclosure import Enclosure, enclosure, pixel_pairs
from shiftmath.kernels.plan import Plan

__all__ = ["Audit", "audited", "require_auditable"]

EPS = float(np.finfo(float).eps)
ROUNDINGS = 256  # "some hundreds of eps at most"
MOST_PAIRS = 2**18  # of pixels, times layers, in one entry: some seconds


@dataclass(frozen=True)
class Audit:
    """What was found: `count` entries, the largest error of one in units of the documented bound, and which it is."""

    count: int
    worst: float
    entry: tuple[int, int]

    def __repr__(self) -> str:
        return f"Audit({self.count} entries, largest error {self.worst:.3g} of the bound, at {self.entry})"


def require_auditable(kernel: Any, x: np.ndarray) -> None:
    """A ValueError unless `audit` can enclose the values of this kernel on signals of this size."""
    if not hasattr(kernel, "plan"):
        raise ValueError(f"audit: got {kernel!r}, takes 0 for kernels other than FullyConnected and Convolutional")
    plan, _ = _planned(kernel, x)
    if plan.activation not in HOMOGENEOUS:
        raise ValueError(f"audit: got activation {plan.activation!r}, takes one of {', '.join(HOMOGENEOUS)}, or 0")
    if (pairs := pixel_pairs(plan)) > MOST_PAIRS:
        raise ValueError(
            f"audit: got {pairs} pairs of pixels and layers an entry, takes {MOST_PAIRS} at most: smaller images, or 0"
        )


def audited(kernel: Any, signals: list[np.ndarray], gram: Any, count: int, seed: int, show: bool) -> Audit:
    """Compares entries drawn at random.

    Raises:
        ArithmeticError: one lies outside of its enclosure, widened by the bound.
    """
    X, Z, rng = signals[0], signals[-1], np.random.default_rng(seed)
    drawn = [(int(rng.integers(len(X))), int(rng.integers(len(Z)))) for _ in range(count)]
    found = []
    for i, j in progress(drawn, count, "audit", show):
        (plan, x), (_, z) = _planned(kernel, X[i : i + 1]), _planned(kernel, Z[j : j + 1])
        true, got = enclosure(plan, x, z), float(gram[i, j])
        scale = _norm(kernel, X[i : i + 1]) * _norm(kernel, Z[j : j + 1])
        own = np.finfo(gram.dtype)
        bound = _bound(plan, true, scale) + float(own.eps) * abs(got) / 2 + float(own.smallest_subnormal)
        error = float((true.ball - got).abs_upper())
        found.append((error / bound, (i, j)))
        if not error <= bound:
            raise ArithmeticError(
                f"audit: entry ({i}, {j}) is {got!r}, whose enclosure is {true.ball}, {error / bound:.3g} "
                "times the documented error away; verify=True finds blocks that were damaged after they were written"
            )
    worst, entry = max(found)
    return Audit(count, worst, entry)


def _norm(kernel: Any, x: np.ndarray) -> float:
    """The root of k(x, x), which is homogeneous in signal and bias together: in units in which it does not overflow."""
    e = int(np.frexp(max(float(abs(x).max()), kernel.bias_std))[1])
    there = replace(kernel, bias_std=math.ldexp(kernel.bias_std, -e))
    return math.ldexp(math.sqrt(float(there.diag(np.ldexp(x.astype(float), -e))[0])), e)


def _bound(plan: Plan, true: Enclosure, scale: float) -> float:
    a, b = homogeneous_weights(plan.activation, plan.negative_slope)
    kink = true.nearly_parallel * (plan.depth + plan.dense_layers) * b / a * math.sqrt(32 * EPS) / math.pi
    return (ROUNDINGS * EPS + kink) * scale


def _planned(kernel: Any, x: np.ndarray) -> tuple[Plan, np.ndarray]:
    """The plan of the network, and one signal (channels, height, width), or (d, 1) for rows."""
    ready = np.asarray(kernel.engine_arrays([x])[0])[0].astype(float)
    if not hasattr(kernel, "spatial_axes"):
        return kernel.plan(), ready[None]
    return kernel.plan(ready.shape[3 - kernel.spatial_axes :]), ready

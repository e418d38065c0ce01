r"""The price at infinite width: how far samples are from the boundaries of networks with and without invariance.

Each network is the minimum-norm interpolant of its tangent kernel on a subsample with labels 1 and -1. The distance of
a sample to its boundary is certified below and found above. The networks have no bias and f(c z) = c f(z): data of any
size are brought near 1 by a power of two, and so are the distances.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath._shared.progress import progress as shown
from shiftmath._shared.scaling import exponent
from shiftmath.groups import Group
from shiftmath.interpolant import Indistinguishable, Interpolant, boundary_normal, certified_radius
from shiftmath.interpolant.expansion import Expansion
from shiftmath.interpolant.search import tangent_crossings
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage

__all__ = ["Wide", "wide_price"]

MOST_IMAGES = 2**12  # of all samples under a group, whose kernels are averaged over

REFUSED = "no such network has these labels: an image is black, or two differ by size alone or by what it is blind to"
ALONE = "no invariant network beside it: none is known for signals of this shape, or its images are too many"

Numbers = Float[np.ndarray, "m"]


@dataclass(frozen=True, eq=False)
class Wide:
    """Bounds (m,) of the distances of m samples to the boundary of one network, interpolating 2 `per_class` samples.

    Attributes:
        kernel: of the network; printed, it is the expression that makes it.
        lower, upper: certified, and found; 0 where no function of the kernel's space has the labels.
        samples: (positives, negatives) of the subsample, by number.
        note: what else is to be known.
    """

    kernel: Any
    lower: Numbers
    upper: Numbers
    samples: tuple[tuple[int, ...], tuple[int, ...]]
    note: str = ""

    @property
    def median(self) -> tuple[float, float]:
        """Bounds of the median distance: the medians of the bounds."""
        return float(np.median(self.lower)), float(np.median(self.upper))


def wide_price(
    positives: np.ndarray, negatives: np.ndarray, group: Group | None, *, per_class: int, seed: int, progress: bool
) -> tuple[Wide, ...]:
    """The distances of one sample of each class, for each network, on `per_class` samples of each, drawn by seed."""
    random = np.random.default_rng(seed)
    chosen = [random.permutation(len(X))[:per_class] for X in (positives, negatives)]
    X = np.concatenate([Z[i].astype(float) for Z, i in zip((positives, negatives), chosen, strict=True)])
    e = exponent(X)
    y = np.repeat([1.0, -1.0], [len(i) for i in chosen])
    ends = np.array([0, len(chosen[0])])
    kernels = networks(X.shape[1:], group, len(X))
    samples = tuple(chosen[0].tolist()), tuple(chosen[1].tolist())
    found = []
    for kernel in shown(kernels, len(kernels), "infinite width", progress):
        lower, upper, note = _distances(kernel, np.ldexp(X, -e), y, ends)
        with np.errstate(over="ignore"):
            said = "; ".join(filter(None, (note, ALONE if len(kernels) == 1 else "")))
            found.append(Wide(kernel, np.ldexp(lower, e), np.ldexp(upper, e), samples, said))
    return tuple(found)


def networks(shape: tuple[int, ...], group: Group | None, samples: int) -> list[Any]:
    """A fully connected network, and what is invariant beside it, on signals of this shape.

    For shifts, group None, two convolutional ones: flattened, which is not invariant, and averaged, which is. For
    another group the mean of the first over the group, where that is not too large.
    """
    if group is not None:
        least = np.bincount(group.sample_orbits(shape).ravel()).max()  # at most the order, which may take long to find
        within = least * samples <= MOST_IMAGES and len(group.elements(shape)) * samples <= MOST_IMAGES
        return [FullyConnected(), *([GroupAverage(FullyConnected(), group)] if within else [])]
    axes = 1 if len(shape) == 1 else 2
    if len(shape) > 3:
        return [FullyConnected()]
    taps = tuple(min(3, length) for length in shape[:axes])
    filter_size: Any = 3 if set(taps) == {3} else taps
    convolutional = {"filter_size": filter_size, "spatial_axes": axes}
    return [FullyConnected(), *(Convolutional(readout=r, **convolutional) for r in ("flatten", "average"))]


def _distances(kernel: Any, X: np.ndarray, y: np.ndarray, which: np.ndarray) -> tuple[Numbers, Numbers, str]:
    """Bounds of the distances of some of the samples, and a note."""
    try:
        f = Interpolant(kernel, X, y)
    except Indistinguishable:
        return np.zeros(len(which)), np.zeros(len(which)), REFUSED
    normal = boundary_normal(kernel, X, y)
    if normal is not None:
        exact = np.abs(X[which].reshape(len(which), -1) @ normal.ravel())
        return exact, exact, ""
    steps = tangent_crossings(Expansion(kernel, X, y, f.coefficients), X[which])
    upper = np.sqrt(np.square(steps).reshape(len(which), -1).sum(axis=1))
    lower = np.array([certified_radius(kernel, X, f.coefficients, x) for x in X[which]])
    return lower, np.where(np.isnan(upper), np.inf, upper), ""

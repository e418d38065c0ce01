"""A kernel averaged over a group: that of a network whose features are pooled over all images of its input."""

import copy
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, cast

import numpy as np
from jaxtyping import Int

from shiftmath._shared.arguments import as_bool, as_callable
from shiftmath._shared.progress import progress
from shiftmath.groups import Group
from shiftmath.kernels import arrays
from shiftmath.kernels._numba.blocks import ranges
from shiftmath.kernels.joint_action import joint_defect, outside_of_transformations
from shiftmath.kernels.kernel import Kernel

__all__ = ["GroupAverage"]

ENTRIES = 2**23  # of the images, and of the kernel's values on them, that are held at once

Elements = Int[np.ndarray, "order d"]


@dataclass(frozen=True, repr=False)
class GroupAverage(Kernel):
    r"""The kernel $k_G(x, z) = \frac{1}{|G|} \sum_{T \in G} k(x, Tz)$ of a kernel k and a finite group G.

    It is invariant in both arguments where k is invariant under the joint action, $k(Tx, Tz) = k(x, z)$, as fully
    connected kernels are under every permutation and circular convolutional ones under shifts. That is tried on a few
    signals, once for each shape, and other kernels are refused: zero padding does not commute with shifts, nor filters
    of 1 x 3 taps with quarter turns. `two_sided` is for those. Averaging the flattened convolutional kernel over all
    shifts gives that of global average pooling.

    Args:
        kernel: callable (X, Z=None) -> Gram matrix; hashable, if the average is to be.
        group: acts on all axes of X but the first: for images (n, height, width, channels) name the spatial axes, as
            in `circular_shifts(axes=(0, 1))`. Rows (n, d) are images if the kernel has an input_shape.
        two_sided: averages over both arguments, $\frac{1}{|G|^2} \sum_{S, T} k(Sx, Tz)$, at |G| times the cost: the
            same where k is invariant under the joint action, and invariant for every k.

    Raises:
        TypeError: a kernel that cannot be called, a group that is not a `groups.Group`.

    Time is that of the kernel on the orbits; memory beyond the result is bounded, but for one orbit.

    Source: Haasdonk, Vossen and Burkhardt (2005), Haar integration kernels; Li et al. (2019) for shifts and pooling.

    >>> import numpy as np
    >>> from shiftmath.groups import circular_shifts
    >>> from shiftmath.kernels import Convolutional
    >>> x, z = np.random.default_rng(0).standard_normal((2, 1, 5))
    >>> averaged = GroupAverage(Convolutional(readout="flatten", spatial_axes=1), circular_shifts())
    >>> bool(abs(averaged(x, z) - Convolutional(spatial_axes=1)(x, z)).max() < 1e-15)
    True
    """

    kernel: Callable[..., Any]
    group: Group
    two_sided: bool = False

    def __post_init__(self) -> None:
        as_callable("kernel", self.kernel, "a callable (X, Z=None) -> Gram matrix")
        if not isinstance(self.group, Group):
            raise TypeError(f"group: got {self.group!r}, takes a shiftmath.groups.Group")
        object.__setattr__(self, "two_sided", as_bool("two_sided", self.two_sided))

    _takes_rows = True

    def engine_arrays(self, signals: Sequence[Any]) -> list[Any]:
        """Signals (n, *signal), rows as images of the kernel's input_shape; a ValueError for other shapes."""
        for name, array in zip("XZ", signals, strict=False):
            if array.ndim < 2:
                raise ValueError(f"{name}: got shape {array.shape}, takes signals (n, *signal)")
        shape = getattr(self.kernel, "input_shape", None)
        if shape is not None:
            rows = [a.ndim == 2 and a.shape[1] == math.prod(shape) for a in signals]
            signals = [a.reshape(len(a), *shape) if row else a for a, row in zip(signals, rows, strict=True)]
        if signals[-1].shape[1:] != signals[0].shape[1:]:
            shapes = f"{signals[0].shape[1:]} and {signals[1].shape[1:]}"
            raise ValueError(f"X and Z: got signals of shapes {shapes}, takes signals of one shape")
        return list(signals)

    def _entries(self, signals: Sequence[Any], get: str, show: bool) -> Any:
        X, Z, mean = signals[0], signals[-1], self._mean(signals[0], get)
        (r, _), (c, _) = mean.sizes(len(Z))
        left, right = ranges(len(X), r), ranges(len(Z), c)
        pairs = [(rows, columns) for rows in left for columns in right]
        blocks = [mean(X[rows], Z[columns]) for rows, columns in progress(pairs, len(pairs), "Gram matrix", show)]
        xp = blocks[0].__array_namespace__()
        whole = xp.concat([xp.concat(blocks[i : i + len(right)], axis=1) for i in range(0, len(blocks), len(right))])
        return (whole + whole.T) / 2 if len(signals) == 1 else whole

    @property
    def has_weighted_gradient(self) -> bool:
        """Whether the averaged kernel has it."""
        return isinstance(self.kernel, Kernel) and self.kernel.has_weighted_gradient

    def _weighted(self, x: Any, z: Any, weights: Any) -> tuple[Any, Any]:
        """That of the kernel at all images of z, a few at a time; two-sided at those of x too, and taken back."""
        mean, kernel = self._mean(x, "ntk"), cast(Kernel, self.kernel)
        (_, (c, b)), order, X = mean.sizes(len(z)), len(mean.elements), x.reshape(len(x), -1)
        values, gradients = np.zeros(len(x)), np.zeros(X.shape)
        for S in mean.elements if self.two_sided else np.arange(X.shape[1])[None]:
            image = X[:, S].reshape(x.shape)
            for part, T in ((part, T) for part in ranges(len(z), c) for T in ranges(order, b)):
                few = np.repeat(weights[part] / order, T.stop - T.start)
                f, g = kernel.unchecked_gradient([image, _images(z[part], mean.elements[T])], few)
                values += f
                gradients[:, S] += g.reshape(X.shape)
        count = order if self.two_sided else 1
        return values / count, gradients / count

    def _diagonal(self, x: Any) -> Any:
        mean = self._mean(x, "ntk")
        values = [mean(x[i : i + 1], x[i : i + 1])[0] for i in range(len(x))]
        return values[0].__array_namespace__().concat(values)

    def _mean(self, X: Any, get: str) -> "_Mean":
        elements = self.group.elements(X.shape[1:])
        if not self.two_sided:
            self._require_joint_invariance(X.shape[1:], get, X.dtype if arrays.is_jax(X) else None)
        return _Mean(partial(_gram, self.kernel, get), elements, self.two_sided)

    def _require_joint_invariance(self, shape: tuple[int, ...], get: str, dtype: Any) -> None:
        # A key that no set_params changes; kernels that are not hashable are tried each time.
        own = copy.deepcopy(self.kernel) if isinstance(self.kernel, Kernel) else self.kernel
        measured = _joint_defect if isinstance(own, Hashable) else _joint_defect.__wrapped__
        defect, explained = measured(own, get, self.group, shape, dtype)
        if defect > explained:
            raise ValueError(
                f"kernel: got {self.kernel!r}, takes one with k(Tx, Tz) = k(x, z) for every T of {self.group!r} on "
                f"signals {shape}, here these differ by {defect:.1g}; two_sided=True averages over both arguments"
            )


@lru_cache(maxsize=256)
def _joint_defect(kernel: Any, get: str, group: Group, shape: tuple[int, ...], dtype: Any) -> tuple[float, float]:
    measure = partial(joint_defect, partial(_gram, kernel, get), group, shape, dtype)
    own = isinstance(kernel, Kernel) and dtype is None  # knows no JAX
    return measure() if own else outside_of_transformations(measure)


def _gram(kernel: Any, get: str, X: Any, Z: Any) -> Any:
    """The Gram matrix of any callable, "ntk" or "nngp"; those of this package leave the checks to the average."""
    if isinstance(kernel, Kernel):
        return kernel.unchecked([X, Z], get)
    if get == "nngp" and not hasattr(kernel, "nngp"):
        raise TypeError(f"kernel: got {kernel!r}, takes one with nngp, as those of shiftmath.kernels are")
    gram = (kernel if get == "ntk" else kernel.nngp)(X, Z)
    gram = gram if hasattr(gram, "__array_namespace__") else np.asarray(gram)
    if gram.shape != (len(X), len(Z)):
        raise ValueError(
            f"kernel: got {kernel!r} with a result of shape {gram.shape}, takes one with {(len(X), len(Z))}"
        )
    return gram


@dataclass(frozen=True)
class _Mean:
    """(X, Z) -> the means of a Gram matrix over all images of the signals z, and if two-sided of the signals x."""

    gram: Callable[[Any, Any], Any]
    elements: Elements
    two_sided: bool

    def sizes(self, m: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """How many signals, and how many images of each, are taken at once: of X, and of the m in Z."""
        order, d = self.elements.shape
        left, most = order if self.two_sided else 1, max(1, ENTRIES // d)
        c, b = max(1, min(m, most // order)), min(most, order)
        most = max(1, min(most, ENTRIES // (c * b)))
        return (max(1, most // left), min(most, left)), (c, b)

    def __call__(self, X: Any, Z: Any) -> Any:
        (_, a), (_, b) = self.sizes(len(Z))
        order, total = len(self.elements), 0
        for S in ranges(order, a) if self.two_sided else [None]:
            x = X if S is None else _images(X, self.elements[S])
            for T in ranges(order, b):
                gram = self.gram(x, _images(Z, self.elements[T]))
                total = total + gram.reshape(len(X), -1, len(Z), T.stop - T.start).sum(3).sum(1)
        return total / (order**2 if self.two_sided else order)


def _images(X: Any, elements: Elements) -> Any:
    """The images of all signals, those of one signal after one another."""
    return X.reshape(len(X), -1)[:, elements].reshape(-1, *X.shape[1:])

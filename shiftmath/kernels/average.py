"""Averages of a kernel over images of its second argument, or of both: what all of them share."""

import copy
import math
from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from jaxtyping import Int

from shiftmath._shared.progress import progress
from shiftmath.groups import Group
from shiftmath.kernels import arrays
from shiftmath.kernels._numba.blocks import ranges
from shiftmath.kernels.joint_action import joint_defect, outside_of_transformations
from shiftmath.kernels.kernel import Kernel

__all__ = ["Average", "Images"]

Elements = Int[np.ndarray, "order d"]

ENTRIES = 2**23  # of the images, and of the kernel's values on them, that are held at once


@dataclass(frozen=True)
class Images:
    r"""What is averaged over: $\frac1c \sum_T c_T k(x, Tz)$, or two-sided $\frac1{c^2} \sum_{S, T} c_S c_T k(Sx, Tz)$.

    Attributes:
        elements: (order, d), Tx as the entries of x flattened, one row for each T.
        counts: (order,), how often each is counted, of sum c.
        two_sided: whether both arguments are.
    """

    elements: Elements
    counts: Int[np.ndarray, "order"]
    two_sided: bool = False

    @property
    def total(self) -> int:
        """What sums are divided by."""
        return int(self.counts.sum()) ** (2 if self.two_sided else 1)


class Average(Kernel):
    """A kernel averaged over images: a subclass has the field `kernel`, and says which images."""

    kernel: Any

    @abstractmethod
    def images(self, X: Any, get: str) -> Images:
        """The images of signals like X; a ValueError for a kernel whose "ntk" or "nngp" may not be averaged so."""

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
        mean, X = self._mean(x, "ntk"), x.reshape(len(x), -1)
        (_, (c, b)), over = mean.sizes(len(z)), mean.over
        values, gradients = np.zeros(len(x)), np.zeros(X.shape)
        same = [(np.arange(X.shape[1]), 1)]
        for S, count in zip(over.elements, over.counts, strict=True) if over.two_sided else same:
            image = X[:, S].reshape(x.shape)
            for part, T in ((part, T) for part in ranges(len(z), c) for T in ranges(len(over.elements), b)):
                few = np.multiply.outer(weights[part] * count / over.total, over.counts[T]).ravel()
                f, g = self.kernel.unchecked_gradient([image, _images(z[part], over.elements[T])], few)
                values += f
                gradients[:, S] += g.reshape(X.shape)
        return values, gradients

    def _diagonal(self, x: Any) -> Any:
        mean = self._mean(x, "ntk")
        values = [mean(x[i : i + 1], x[i : i + 1])[0] for i in range(len(x))]
        return values[0].__array_namespace__().concat(values)

    def _mean(self, X: Any, get: str) -> "_Mean":
        return _Mean(partial(_gram, self.kernel, get), self.images(X, get))

    def _require_joint_invariance(self, group: Group, X: Any, get: str, otherwise: str) -> None:
        """A ValueError, which ends with what to do otherwise, unless k(Tx, Tz) = k(x, z) on signals like X."""
        shape, dtype = X.shape[1:], X.dtype if arrays.is_jax(X) else None
        # A key that no set_params changes; kernels that are not hashable are tried each time.
        own = copy.deepcopy(self.kernel) if isinstance(self.kernel, Kernel) else self.kernel
        measured = _joint_defect if isinstance(own, Hashable) else _joint_defect.__wrapped__
        defect, explained = measured(own, get, group, shape, dtype)
        if defect > explained:
            raise ValueError(
                f"kernel: got {self.kernel!r}, takes one with k(Tx, Tz) = k(x, z) for every T of {group!r} on "
                f"signals {shape}, here these differ by {defect:.1g}; {otherwise}"
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
    over: Images

    def sizes(self, m: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """How many signals, and how many images of each, are taken at once: of X, and of the m in Z."""
        order, d = self.over.elements.shape
        left, most = order if self.over.two_sided else 1, max(1, ENTRIES // d)
        c, b = max(1, min(m, most // order)), min(most, order)
        most = max(1, min(most, ENTRIES // (c * b)))
        return (max(1, most // left), min(most, left)), (c, b)

    def __call__(self, X: Any, Z: Any) -> Any:
        (_, a), (_, b) = self.sizes(len(Z))
        order, total = len(self.over.elements), 0
        for S in ranges(order, a) if self.over.two_sided else [None]:
            x = X if S is None else _images(X, self.over.elements[S])
            for T in ranges(order, b):
                gram = self.gram(x, _images(Z, self.over.elements[T])).reshape(len(X), -1, len(Z), T.stop - T.start)
                total = total + self._sum(gram, S, T)
        return total / self.over.total

    def _sum(self, gram: Any, S: slice | None, T: slice) -> Any:
        """Over the images of x and of z, (n, images, m, images); each as often as it is counted."""
        counts = self.over.counts
        if (counts == 1).all():
            return gram.sum(3).sum(1)
        gram = (gram * counts[T].astype(gram.dtype)[None, None, None]).sum(3)
        return gram.sum(1) if S is None else (gram * counts[S].astype(gram.dtype)[None, :, None]).sum(1)


def _images(X: Any, elements: Elements) -> Any:
    """The images of all signals, those of one signal after one another."""
    return X.reshape(len(X), -1)[:, elements].reshape(-1, *X.shape[1:])

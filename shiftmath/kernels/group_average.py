"""A kernel averaged over a group: that of a network whose features are pooled over all images of its input."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftmath.groups import Group

__all__ = ["GroupAverage"]


@dataclass(frozen=True)
class GroupAverage:
    r"""The kernel $k_G(x, z) = \frac{1}{|G|} \sum_{T \in G} k(x, Tz)$ of a kernel k and a finite group G.

    It is invariant in both arguments where k is invariant under the joint action, $k(Tx, Tz) = k(x, z)$, as fully
    connected kernels are under every permutation and circular convolutional ones under shifts. Averaging the flattened
    convolutional kernel over all shifts gives that of global average pooling (Li et al. 2019).

    Args:
        kernel: callable (X, Z=None) -> Gram matrix, hashable.
        group: acts on all axes of X but the first: for images (n, height, width, channels) name the spatial axes, as
            in `circular_shifts(axes=(0, 1))`.

    The types in decide those out, as for the kernel averaged. Memory is that of the orbits of Z.

    >>> from shiftmath.groups import circular_shifts
    >>> from shiftmath.kernels import Convolutional
    >>> x, z = np.random.default_rng(0).standard_normal((2, 1, 5, 1))
    >>> averaged = GroupAverage(Convolutional(readout="flatten"), circular_shifts(axes=0))
    >>> bool(abs(averaged(x, z) - Convolutional()(x, z)).max() < 1e-15)
    True
    """

    kernel: Any
    group: Group

    def __call__(self, X: Any, Z: Any = None) -> Any:
        """The Gram matrix (n, m) of X and Z; Z = None means X, and a symmetric matrix."""
        Y = X if Z is None else Z
        shape, m = np.shape(Y)[1:], len(Y)
        elements = self.group.elements(shape)
        images = Y.reshape(m, -1)[:, elements].reshape(m * len(elements), *shape)
        gram = self.kernel(X, images).reshape(len(X), m, len(elements)).mean(axis=2)
        return (gram + gram.T) / 2 if Z is None else gram

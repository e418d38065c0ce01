"""A kernel averaged over a group: that of a network whose features are pooled over all images of its input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shiftmath.groups import Group
from shiftmath.kernels import arrays

__all__ = ["GroupAverage"]


@dataclass(frozen=True)
class GroupAverage:
    r"""The kernel $k_G(x, z) = \frac{1}{|G|} \sum_{T \in G} k(x, Tz)$ of a kernel k and a finite group G.

    It is invariant in both arguments where k is invariant under the joint action, $k(Tx, Tz) = k(x, z)$, as fully
    connected kernels are under every permutation and circular convolutional ones under shifts. Averaging the flattened
    convolutional kernel over all shifts gives that of global average pooling.

    Args:
        kernel: callable (X, Z=None) -> Gram matrix, hashable.
        group: acts on all axes of X but the first: for images (n, height, width, channels) name the spatial axes, as
            in `circular_shifts(axes=(0, 1))`.

    Raises:
        TypeError: a kernel that cannot be called, a group that is not a `groups.Group`.

    Source: Haasdonk, Vossen and Burkhardt (2005), Haar integration kernels; Li et al. (2019) for shifts and pooling.

    >>> import numpy as np
    >>> from shiftmath.groups import circular_shifts
    >>> from shiftmath.kernels import Convolutional
    >>> x, z = np.random.default_rng(0).standard_normal((2, 1, 5, 1))
    >>> averaged = GroupAverage(Convolutional(readout="flatten", spatial_axes=1), circular_shifts(axes=0))
    >>> bool(abs(averaged(x, z) - Convolutional(spatial_axes=1)(x, z)).max() < 1e-15)
    True
    """

    kernel: Callable[..., Any]
    group: Group

    def __post_init__(self) -> None:
        if not callable(self.kernel):
            raise TypeError(f"kernel: got {self.kernel!r}, takes a callable (X, Z=None) -> Gram matrix")
        if not isinstance(self.group, Group):
            raise TypeError(f"group: got {self.group!r}, takes a shiftmath.groups.Group")

    def __call__(self, X: Any, Z: Any = None) -> Any:
        """The Gram matrix (n, m) of X (n, *signal) and Z (m, *signal); Z = None means X, and a symmetric matrix.

        NumPy arrays in, NumPy out, JAX arrays in, JAX arrays out, if so for the kernel. Memory is that of the orbits of
        Z, time that of the kernel on them.

        Raises:
            ValueError, TypeError: arrays as those that the kernels of networks refuse; signals on which the group
                cannot act.
        """
        signals, _ = arrays.signals(X, Z)
        X, Y = signals[0], signals[-1]
        if Y.ndim < 2:
            raise ValueError(f"{'X' if Z is None else 'Z'}: got shape {Y.shape}, takes signals (n, *signal)")
        shape, m = Y.shape[1:], len(Y)
        elements = self.group.elements(shape)
        images = Y.reshape(m, -1)[:, elements].reshape(m * len(elements), *shape)
        gram = self.kernel(X, images).reshape(len(X), m, len(elements)).mean(axis=2)
        return (gram + gram.T) / 2 if Z is None else gram

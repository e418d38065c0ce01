"""A kernel averaged over a group: that of a network whose features are pooled over all images of its input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftmath._shared.arguments import as_bool, as_callable
from shiftmath.groups import Group
from shiftmath.kernels.average import Average, Images

__all__ = ["GroupAverage"]


@dataclass(frozen=True, repr=False)
class GroupAverage(Average):
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

    def images(self, X: Any, get: str) -> Images:
        """Those of the group, each once."""
        elements = self.group.elements(X.shape[1:])
        if not self.two_sided:
            self._require_joint_invariance(self.group, X, get, "two_sided=True averages over both arguments")
        return Images(elements, np.ones(len(elements), int), self.two_sided)

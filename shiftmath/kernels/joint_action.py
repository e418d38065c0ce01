r"""Whether a kernel is invariant under the joint action of a group, $k(Tx, Tz) = k(x, z)$.

Tried for each generator T at a generic signal x and three others, far from it, near and nearer, for kernels of any
length scale. Kernels of networks are analytic but at kinks: what holds at generic signals holds at all.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from shiftmath.groups import Group

__all__ = ["joint_defect"]


def joint_defect(
    gram: Callable[[Any, Any], Any], group: Group, shape: tuple[int, ...], on_jax: bool = False
) -> tuple[float, float]:
    """The largest |k(Tx, Tz) - k(x, z)| of the tried ones, and what rounding explains: half of the digits of k.

    >>> from shiftmath.groups import flips
    >>> defect, explained = joint_defect(lambda X, Z: X @ np.diag([1.0, 2.0]) @ Z.T, flips(), (2,))
    >>> defect > 0.1 > explained
    True
    """
    rng, jax = np.random.default_rng(20210304), sys.modules.get("jax")
    size = int(np.prod(shape))
    distances = np.array([0, 1, size**-0.5, size**-0.5 / 32])[:, None]
    signals = rng.standard_normal(size) + distances * rng.standard_normal((4, size))
    # A kernel in JAX that is called inside a transformation would else return tracers.
    with nullcontext() if jax is None else jax.ensure_compile_time_eval():
        as_array = jax.numpy.asarray if jax is not None and on_jax else np.asarray
        moved = [as_array(signals[:, p].reshape(4, *shape)) for p in (slice(None), *group.generators(shape))]
        first, *others = (np.asarray(gram(z[:1], z[1:])) for z in moved)
    defect = max((float(np.abs(other - first).max()) for other in others), default=0.0)
    return defect, float(np.abs(first).max() * np.finfo(first.dtype).eps ** 0.5)

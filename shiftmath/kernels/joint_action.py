r"""Whether a kernel is invariant under the joint action of a group, $k(Tx, Tz) = k(x, z)$.

Tried for each generator T at a generic signal x and four others, from far to near, for kernels of any length scale.
Kernels of networks are analytic but at kinks: what holds at generic signals holds at all.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from shiftmath.groups import Group

__all__ = ["joint_defect", "outside_of_transformations"]

T = TypeVar("T")


def joint_defect(
    gram: Callable[[Any, Any], Any], group: Group, shape: tuple[int, ...], dtype: Any = None
) -> tuple[float, float]:
    """The largest |k(Tx, Tz) - k(x, z)| of the tried ones, and what rounding explains: half of the digits of k.

    `dtype` is that of the JAX arrays that `gram` gets; None stands for NumPy arrays.

    >>> from shiftmath.groups import flips
    >>> defect, explained = joint_defect(lambda X, Z: X @ np.diag([1.0, 2.0]) @ Z.T, flips(), (2,))
    >>> defect > 0.1 > explained
    True
    """
    rng, size = np.random.default_rng(20210304), int(np.prod(shape))
    distances = np.array([0, 1, *(size**-0.5 * 2.0 ** np.array([0, -5, -10]))])[:, None]
    signals = rng.standard_normal(size) + distances * rng.standard_normal((5, size))
    moved = [signals[:, p].reshape(5, *shape) for p in (slice(None), *group.generators(shape))]
    first, *others = (_values(gram, X, dtype) for X in moved)
    defect = max((float(np.abs(other - first).max()) for other in others), default=0.0)
    return defect, float(np.abs(first).max() * np.finfo(first.dtype).eps ** 0.5)


def _values(gram: Callable[[Any, Any], Any], X: np.ndarray, dtype: Any) -> np.ndarray:
    """The values at the first signal and the others."""
    if dtype is None:
        return np.asarray(gram(X[:1], X[1:]))
    import jax.numpy as jnp

    from shiftmath._shared.precision import precision

    with precision(dtype):
        return np.asarray(gram(jnp.asarray(X[:1], dtype), jnp.asarray(X[1:], dtype)))


def outside_of_transformations(call: Callable[[], T]) -> T:
    """`call()`, in a thread of its own where JAX is in use: inside `jax.jit` it would make tracers of constants."""
    if "jax" not in sys.modules:
        return call()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()

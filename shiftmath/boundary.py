r"""How far a point is from the zero set of a function: in closed form for a hyperplane, elsewhere by local search.

The search looks for short steps s from x with $f(x + s) = 0$, for many steps at once. It uses a function of points
(m, ...) that returns the values f, and one that returns values and gradients.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage

__all__ = ["Distance", "boundary_normal", "nearest_crossing"]

ODD_LINEAR = ("relu", "leaky_relu", "identity", "gelu")  # activations whose odd part is linear
TINY = float(np.finfo(float).tiny)
KEPT = 4  # crossings, the shortest, that are worth shortening

Signal = Float[np.ndarray, "*spatial"]
Steps = Float[np.ndarray, "m *spatial"]
Values = Callable[[np.ndarray], np.ndarray]
ValuesAndGradients = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Distance:
    """An interval that encloses the distance of a point to the decision boundary, and where it is crossed.

    Attributes:
        lower, upper: the bounds; equal for a closed form, for a search lower is certified, or 0 where nothing is known.
        point: at distance `upper`, on the boundary or just beyond it; None when none was found and upper is infinite.
        method: "closed form" or "search".
    """

    lower: float
    upper: float
    point: Signal | None
    method: str


def boundary_normal(kernel: Any, X: np.ndarray, y: np.ndarray) -> Signal | None:
    r"""The unit normal of an interpolant's boundary where that is known to be a hyperplane through 0, else None.

    Known for two opposite samples x and -x with opposite labels (Ge et al. 2021, Theorem 2, and beyond it):

    - fully connected networks of any depth and bias, but for gelu: x. Averaged over a group of two elements 1 and T:
      the mean of x and Tx. Their kernel is a power series in the inner product with coefficients of one sign, so that
      $k(z, x) - k(z, -x) = \varphi(\langle z, x\rangle)$ with an odd, increasing $\varphi$, and
      $\varphi(s) + \varphi(t) = 0$ just where s + t = 0;
    - without bias, and with an activation whose odd part is linear (all but abs, which has none, and erf): one hidden
      layer, averaged over any group or none: the mean of x over the group; one circular convolution without pooling: x;
      one with global average pooling: per channel the constant image with the sum of x. The convolutions may be
      followed by any number of dense layers, but for gelu.

    gelu is left out where its layers would have to be monotone maps of the covariance, which is not proved.
    """
    if len(X) != 2 or not np.array_equal(X[1], -X[0]) or y[1] != -y[0]:
        return None
    x, inner = X[0], kernel.kernel if isinstance(kernel, GroupAverage) else kernel
    direction = None
    if isinstance(kernel, FullyConnected) and _is_linear_on_orbits(kernel, 1):
        direction = x
    elif inner is not kernel and isinstance(inner, FullyConnected):
        linear = _is_linear_on_orbits(inner, kernel.group.order(x.shape))
        direction = kernel.group.orbit_mean(x) if linear else None
    elif isinstance(kernel, Convolutional) and _is_linear_after_pooling(kernel):
        means = np.broadcast_to(x.mean(axis=tuple(range(x.ndim - 1))), x.shape)
        direction = x if kernel.readout == "flatten" else means
    return None if direction is None else direction / np.linalg.norm(direction)


def _is_linear_on_orbits(inner: FullyConnected, order: int) -> bool:
    return (order <= 2 and inner.activation != "gelu") or (inner.depth == 1 and _is_odd_linear(inner))


def _is_linear_after_pooling(kernel: Convolutional) -> bool:
    plain = kernel.depth == 1 and kernel.padding == "circular" and kernel.input_shape is None
    monotone = not kernel.dense_layers or kernel.activation != "gelu"
    return plain and monotone and isinstance(kernel.readout, str) and _is_odd_linear(kernel)


def _is_odd_linear(kernel: FullyConnected | Convolutional) -> bool:
    return kernel.activation in ODD_LINEAR and not kernel.bias_std


def nearest_crossing(f: Values, f_and_gradient: ValuesAndGradients, x: Signal, starts: Steps) -> Signal | None:
    """The shortest step found from x to where f has the other sign, by tangent steps from each start, or None."""
    value = f(x[None])[0]

    def across(steps: Steps) -> np.ndarray:
        return f(x + steps) * value <= 0

    steps = np.concatenate([_tangent_steps(f_and_gradient, x, starts), starts])
    steps = _first_crossings(across, steps[np.isfinite(_norms(steps)) & (_norms(steps) > 0)])
    if not len(steps):
        return None
    steps = _shortened(across, f_and_gradient, x, steps[np.argsort(_norms(steps))[:KEPT]])
    return steps[np.argmin(_norms(steps))]


def _tangent_steps(f_and_gradient: ValuesAndGradients, x: Signal, steps: Steps, iterations: int = 60) -> Steps:
    r"""From each start, part of the way to the nearest zero of the tangent plane at x + s, again and again.

    That zero is at $s \mapsto (\langle g, s\rangle - f)\,g/|g|^2$ (Hasofer and Lind 1974, Rackwitz and Fiessler 1978).
    The parts get shorter, because whole steps may run in a cycle; where they converge, |s| is locally least on f = 0.
    """
    for part in np.repeat([1.0, 0.5, 0.2], iterations // 3):
        values, gradients = f_and_gradient(x + steps)
        along = _per_step(_dot(gradients, steps) - values, steps) * gradients
        steps = steps + part * (along / _per_step(np.maximum(_dot(gradients, gradients), TINY), steps) - steps)
    return steps


def _first_crossings(across: Callable[[Steps], np.ndarray], steps: Steps) -> Steps:
    """Each step, stretched up to twofold, to the first crossing found; without those that find none."""
    stretch = np.full(len(steps), np.nan)
    for t in (2.0, 1.3, 1.01, 1 + 1e-6):
        stretch[across(t * steps)] = t
    found = np.isfinite(stretch)
    return _onto_boundary(across, (_per_step(stretch, steps) * steps)[found])


def _onto_boundary(across: Callable[[Steps], np.ndarray], steps: Steps, halvings: int = 50) -> Steps:
    """Steps across the boundary, shortened onto it by bisection; they stay across."""
    low, high = np.zeros(len(steps)), np.ones(len(steps))
    for _ in range(halvings if len(steps) else 0):
        middle = (low + high) / 2
        is_across = across(_per_step(middle, steps) * steps)
        low, high = np.where(is_across, low, middle), np.where(is_across, middle, high)
    return _per_step(high, steps) * steps


def _shortened(
    across: Callable[[Steps], np.ndarray], f_and_gradient: ValuesAndGradients, x: Signal, steps: Steps, most: int = 60
) -> Steps:
    """Crossings, turned towards the normal of the boundary as long as that brings them nearer to x."""
    turn = np.ones(len(steps))
    for _ in range(most):
        normals = f_and_gradient(x + steps)[1]
        feet = _per_step(_dot(normals, steps) / np.maximum(_dot(normals, normals), TINY), steps) * normals
        turned = steps + _per_step(turn, steps) * (feet - steps)
        turned *= _per_step((1 - 1e-12) * _norms(steps) / np.maximum(_norms(turned), TINY), steps)
        nearer = across(turned)
        steps = steps.copy()
        steps[nearer] = _onto_boundary(across, turned[nearer])
        turn = np.where(nearer, np.minimum(1.0, 2 * turn), turn / 4)
        if turn.max() < 1e-3:
            break
    return steps


def _dot(a: Steps, b: Steps) -> Float[np.ndarray, "m"]:
    return (a * b).reshape(len(a), -1).sum(axis=1)


def _norms(steps: Steps) -> Float[np.ndarray, "m"]:
    return np.sqrt(_dot(steps, steps))


def _per_step(numbers: Float[np.ndarray, "m"], steps: Steps) -> np.ndarray:
    """One number for each step, in a shape that multiplies them."""
    return numbers.reshape((-1,) + (1,) * (steps.ndim - 1))

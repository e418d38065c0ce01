r"""The nearest point where a function changes its sign, by local search.

The search looks for short steps s from x with $f(x + s) = 0$, for many steps at once. It uses a function of points
(m, ...) that returns the values f, and one that returns values and gradients.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Float

from shiftmath.interpolant.bracket import Gap, onto_boundary, per_step
from shiftmath.interpolant.expansion import Expansion

__all__ = ["FURTHEST", "NEAREST", "nearest_crossing", "shortest_step", "tangent_crossings"]

TINY = float(np.finfo(float).tiny)
FAR = 1e20
FURTHEST = math.sqrt(float(np.finfo(float).max)) / (4 * FAR)  # the square of a length of FAR times this is finite
KEPT = 4  # crossings, the shortest, that are worth shortening
STILL = 1e-6  # a share of |s| that is no move: next to the least |s| it lengthens that by STILL^2

NEAREST = 1e-130  # the square of a length of 1e-20 times this is still normal

Signal = Float[np.ndarray, "*spatial"]
Points = Float[np.ndarray, "m *spatial"]
Steps = Float[np.ndarray, "m *spatial"]
Crossings = Float[np.ndarray, "found *spatial"]
Values = Callable[[np.ndarray], np.ndarray]
ValuesAndGradients = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def nearest_crossing(h: Expansion, x: Signal, *, restarts: int, seed: int) -> Signal | None:
    """The shortest step found from x to where h has the other sign, or None.

    It starts along the images of equal pixels, in `restarts` random directions, and towards as many samples whose
    labels have the other sign.
    """
    others = h.X[np.sign(h.y - h.level) != np.sign(h(x[None])[0])][: max(1, restarts)] - x
    random = np.random.default_rng(seed).standard_normal((restarts, *x.shape)) / np.sqrt(x.size)
    flat = np.full((1, *x.shape), 1 / np.sqrt(x.size))  # where pooling makes the way short
    # The kernel has kinks at the samples: no start lies exactly on a line between two of them.
    starts = np.concatenate([flat, -flat, random, others + 1e-3 * random[:1]]) * max(1e-3, float(np.abs(x).max()))
    return shortest_step(h, h.values_and_gradients, x, starts)


def tangent_crossings(h: Expansion, X: Points, iterations: int = 3) -> Points:
    """For each point a step to where h has the other sign: tangent steps, or else straight towards the nearest sample
    whose label has it. NaN where neither crosses.

    One batch of few gradients, where `nearest_crossing` takes many for each point and finds shorter steps.
    """
    values = h(X)

    def gap(steps: np.ndarray) -> np.ndarray:
        return h(X + steps) * np.sign(values)

    steps = _tangent_steps(partial(h.values_and_gradients, fill=1), X, np.zeros_like(X), iterations)
    stretch = _stretches(gap, steps)
    lost = ~np.isfinite(stretch) | (_norms(steps) == 0)
    if lost.any():
        steps[lost] = [_towards_another(h, x, value) for x, value in zip(X[lost], values[lost], strict=True)]
        stretch[lost] = np.where((gap(steps)[lost] <= 0) & (_norms(steps[lost]) > 0), 1.0, np.nan)
    found = np.isfinite(stretch)
    onto = onto_boundary(gap, per_step(np.where(found, stretch, 0.0), steps) * steps, halvings=20)
    onto[~found] = np.nan
    return onto


def _towards_another(h: Expansion, x: Signal, value: float) -> Signal:
    """The step to the nearest sample whose label has another sign than `value`; 0 if none has."""
    steps = h.X[np.sign(h.y - h.level) != np.sign(value)] - x
    return steps[np.argmin(_norms(steps))] if len(steps) else np.zeros_like(x)


def shortest_step(f: Values, f_and_gradient: ValuesAndGradients, x: Signal, starts: Steps) -> Signal | None:
    """The shortest step found from x to where f has the other sign, by tangent steps from each start, or None."""
    value = f(x[None])[0]

    def gap(steps: np.ndarray) -> np.ndarray:
        return f(x + steps) * np.sign(value)

    steps = np.concatenate([_tangent_steps(f_and_gradient, x, starts), starts])
    # So far away the square of a length may overflow, and no sign is more than rounding.
    kept = (_norms(steps) > 0) & (_norms(steps) < FAR * _norms(starts).max())
    steps = _first_crossings(gap, steps[kept])
    if not len(steps):
        return None
    steps = _shortened(gap, f_and_gradient, x, steps[np.argsort(_norms(steps))[:KEPT]])
    return _across_alone(gap, steps[np.argmin(_norms(steps))])


def _across_alone(gap: Gap, step: Signal) -> Signal:
    """The step, longer by some eps where f of this point alone is rounded otherwise than among others."""
    for longer in (0.0, *2.0 ** np.arange(-52, -40)):
        if gap((1 + longer) * step[None])[0] <= 0:
            return (1 + longer) * step
    return step


def _tangent_steps(f_and_gradient: ValuesAndGradients, x: np.ndarray, steps: Steps, iterations: int = 60) -> Steps:
    r"""From each start, part of the way to the nearest zero of the tangent plane at x + s, again and again.

    x is one point, or one for each start. That zero is at $s \mapsto (\langle g, s\rangle - f)\,g/|g|^2$ (Hasofer and
    Lind 1974, Rackwitz and Fiessler 1978). The parts get shorter, because whole steps may run in a cycle; where they
    converge, |s| is locally least on f = 0.
    """
    steps, moving = steps.copy(), np.arange(len(steps))
    for part in np.repeat([1.0, 0.5, 0.2], iterations // 3):
        s = steps[moving]
        values, gradients = f_and_gradient((x if x.ndim < steps.ndim else x[moving]) + s)
        along = per_step(_dot(gradients, s) - values, s) * gradients
        change = along / per_step(np.maximum(_dot(gradients, gradients), TINY), s) - s
        steps[moving] = s + part * change
        moving = moving[~(_norms(change) <= STILL * _norms(s))]
        if not len(moving):
            break
    return steps


def _first_crossings(gap: Gap, steps: Steps) -> Crossings:
    """Each step, stretched up to twofold, to the first crossing found; without those that find none."""
    stretch = _stretches(gap, steps)
    found = np.isfinite(stretch)
    return onto_boundary(gap, (per_step(stretch, steps) * steps)[found])


def _stretches(gap: Gap, steps: Steps) -> Float[np.ndarray, "m"]:
    """The least of a few factors by which each step crosses; NaN where none does."""
    stretch = np.full(len(steps), np.nan)
    for t in (2.0, 1.3, 1.01, 1 + 1e-6):
        stretch[gap(t * steps) <= 0] = t
    return stretch


def _shortened(gap: Gap, f_and_gradient: ValuesAndGradients, x: Signal, steps: Steps, most: int = 60) -> Steps:
    """Crossings, turned towards the normal of the boundary as long as that brings them nearer to x."""
    steps, turn, moving = steps.copy(), np.ones(len(steps)), np.arange(len(steps))
    for _ in range(most):
        s, before = steps[moving], _norms(steps[moving])
        normals = f_and_gradient(x + s)[1]
        feet = per_step(_dot(normals, s) / np.maximum(_dot(normals, normals), TINY), s) * normals
        turned = s + per_step(turn[moving], s) * (feet - s)
        turned *= per_step((1 - 1e-12) * before / np.maximum(_norms(turned), TINY), s)
        nearer = gap(turned) <= 0
        steps[moving[nearer]] = onto_boundary(gap, turned[nearer])
        turn[moving] = np.where(nearer, np.minimum(1.0, 2 * turn[moving]), turn[moving] / 4)
        gained = _norms(steps[moving]) < (1 - 2 * STILL**2) * before
        moving = moving[np.where(nearer, gained, turn[moving] >= 1e-5)]
        if not len(moving):
            break
    return steps


def _dot(a: Steps, b: Steps) -> Float[np.ndarray, "m"]:
    return (a * b).reshape(len(a), -1).sum(axis=1)


def _norms(steps: Steps) -> Float[np.ndarray, "m"]:
    return np.sqrt(_dot(steps, steps))

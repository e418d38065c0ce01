r"""Adversarial points within a given radius: projected gradient descent, its single step, and robust accuracy."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from shiftmath._shared.arguments import as_choice, as_count, as_numbers
from shiftmath.adversary._arguments import as_batch, as_lengths, rows_of
from shiftmath.adversary._losses import LOSSES, logits, look
from shiftmath.adversary._norms import NORMS, is_extreme, random_in_ball, rounded_in, steepest, to_ball
from shiftmath.adversary.attack import Attack, Found, Problem, run, stacked

__all__ = ["fgsm", "pgd", "robust_accuracy"]

Signal = Float[Array, "*signal"]


def pgd(
    f: Any,
    X: Any,
    y: Any,
    *,
    radius: Any,
    norm: str = "l2",
    steps: int = 50,
    step_size: float | None = None,
    restarts: int = 5,
    bounds: tuple[Any, Any] | None = None,
    target: Any = None,
    loss: str = "margin",
    seed: int = 0,
) -> Attack:
    r"""Projected gradient descent: $p \mapsto \Pi(p + \alpha\, u)$, u the steepest step of length 1 for the loss.

    $u = g / |g|$ for l2 and $\mathrm{sign}(g)$ for linf, $\Pi$ brings p back into the ball of the radius around x and
    then into the bounds. Each restart begins at a point that is uniform in the ball. The answer is the point with the
    smallest margin of all that were visited, with a target that of the target's largest; it is a success if that is
    misclassified, or classified as the target. No distance exceeds the radius, but in float64 by the last digit.

    Where `vanished`, no gradient was other than 0, and the attack has not seen whether there is a point.

    Args:
        f, X, y, bounds, target: as in `ddn`.
        radius: from 0 on, in the units of X: a number, or (n,), one for each sample; k of either, (k, 1) or (k, n),
            give arrays (k, n, ...).
        norm: "l2" or "linf".
        steps, restarts: more restarts only add starts, so they never lose a success.
        step_size: alpha, in the units of X, a number or (n,); None takes 2.5 radius / steps.
        loss: "margin", "log-odds" or "cross-entropy", see `shiftmath.adversary._losses`. The last is the one of the
            source; where a network is sure of itself its gradient is rounded to 0, the others' are not.
        seed: of the starts.

    Raises:
        ValueError, TypeError: as `ddn`.

    Source: Madry et al. (2018), *Towards Deep Learning Models Resistant to Adversarial Attacks*, section 2.1.

    >>> f = lambda x: x @ jnp.array([3.0, 4.0]) - 10  # at distance 8 in l2, 40 / 7 in linf
    >>> pgd(f, [[6.0, 8.0]], [1], radius=[[7.99], [8.01]]).success[:, 0].tolist()
    [False, True]
    >>> pgd(f, [[6.0, 8.0]], [1], radius=[[5.71], [5.72]], norm="linf").success[:, 0].tolist()
    [False, True]
    """
    samples, rows = as_batch("X", X), rows_of("radius", radius)
    if rows is not None:
        options: dict[str, Any] = {
            "norm": norm,
            "steps": steps,
            "step_size": step_size,
            "restarts": restarts,
            "bounds": bounds,
        }
        options |= {"target": target, "loss": loss, "seed": seed}
        return stacked([pgd(f, X, y, radius=row, **options) for row in rows])
    n, dtype, count = len(samples), samples.dtype, as_count("steps", steps)
    radii = as_lengths("radius", radius, n, dtype)
    sizes = 2.5 * radii / count if step_size is None else as_lengths("step_size", step_size, n, dtype, positive=True)
    kinds = as_choice("norm", norm, NORMS), as_choice("loss", loss, LOSSES), is_extreme(dtype, radii, radii + sizes)
    search = _PGD(count, as_count("restarts", restarts), *kinds)
    asked = {"target": target, "bounds": bounds, "seed": seed, "own": (radii, sizes)}
    return run(search, search.restarts * (count + 1), f, X, y, **asked)


def fgsm(
    f: Any,
    X: Any,
    y: Any,
    *,
    radius: Any,
    norm: str = "linf",
    bounds: tuple[Any, Any] | None = None,
    target: Any = None,
    loss: str = "log-odds",
) -> Attack:
    r"""The fast gradient sign method: one step $x + r\,\mathrm{sign}(g)$, or $x + r\,g / |g|$ for l2, then the bounds.

    Args:
        f, X, y, bounds, target: as in `ddn`.
        radius, norm, loss: as in `pgd`, the radius a number or (n,); log-odds has the signs of the cross-entropy.

    Raises:
        ValueError, TypeError: as `ddn`.

    Source: Goodfellow et al. (2015), *Explaining and Harnessing Adversarial Examples*, section 4.

    >>> fgsm(lambda x: x @ jnp.array([3.0, -4.0]), [[1.0, 0.0]], [1], radius=0.5).points.tolist()
    [[0.5, 0.5]]
    """
    samples = as_batch("X", X)
    radii = as_lengths("radius", radius, len(samples), samples.dtype)
    kinds = as_choice("norm", norm, NORMS), as_choice("loss", loss, LOSSES), is_extreme(samples.dtype, radii)
    search = _PGD(1, 0, *kinds)
    return run(search, 2, f, X, y, target=target, bounds=bounds, seed=0, own=(radii, radii))


def robust_accuracy(f: Any, X: Any, y: Any, radii: Any, **options: Any) -> Any:
    """For each radius, the share of samples for which `pgd` finds no adversarial point within it.

    A point found within a smaller radius counts for the larger ones, whose balls contain it: the result never increases
    with the radius. Radius 0 gives the accuracy. It is an upper bound: where the gradient vanishes, as that of the
    cross-entropy does, `pgd` finds nothing and this says nothing. `pgd` itself tells.

    Args:
        f, X, y: as in `ddn`.
        radii: (k,), from 0 on, each for all samples.
        **options: those of `pgd`.

    Returns:
        (k,) numbers from 0 to 1.

    >>> robust_accuracy(lambda x: x.sum(), [[1.0, 0.0], [2.0, 0.0]], [1, 1], [0.0, 0.8, 1.5], norm="linf").tolist()
    [1.0, 0.5, 0.0]
    """
    radii = as_numbers("radii", radii, least=0)
    fooled = stacked([pgd(f, X, y, radius=radius, **options) for radius in radii.tolist()]).success
    within = radii[:, None] >= radii
    return 1 - (within[:, :, None] & fooled[None]).any(axis=1).mean(axis=1, dtype=float)


class _State(NamedTuple):
    """Where the ascent is, the visited point of the smallest gap, and that gap."""

    p: Signal
    best: Signal
    lowest: Float[Array, ""]
    finite: Bool[Array, ""]
    sloped: Bool[Array, ""]


class _PGD(eqx.Module):
    """Ascents of so many steps from random points of the ball; with 0 restarts one from the sample itself."""

    steps: Any
    restarts: int = eqx.field(static=True)
    norm: str = eqx.field(static=True)
    loss: str = eqx.field(static=True)
    extreme: bool = eqx.field(static=True)

    def begin(self, at: Problem) -> _State:
        yes = jnp.array(True)
        return _State(at.x, at.x, jnp.full((), jnp.inf, at.x.dtype), yes, ~yes)

    def advance(self, at: Problem, state: _State, first: Any, last: Any) -> _State:
        each = self.steps + 1  # one more, to see where the last step led

        def climb(number: Any, state: _State) -> _State:
            begin, end = (jnp.clip(k - number * each, 0, each) for k in (first, last))
            p = jax.lax.cond(begin == 0, lambda: self._start(at, number), lambda: state.p)
            return jax.lax.fori_loop(begin, end, lambda _, state: self._step(at, state), state._replace(p=p))

        return jax.lax.fori_loop(first // each, (last + each - 1) // each, climb, state)

    def end(self, at: Problem, state: _State) -> Found:
        (radius, _), point, success = at.own, state.best, at.goal.closed(state.lowest)
        if point.dtype == jnp.float64:
            # A point beyond the radius by the last digit is left as it is.
            return Found(point, success, state.finite, state.sloped)
        inside = rounded_in(at.x, point, radius, self.norm)
        moved = (inside != point).any()
        success = jnp.where(moved, at.goal.reached(logits(at.f, inside)), success)
        return Found(inside, success, state.finite, state.sloped, radius)

    def _start(self, at: Problem, number: Any) -> Signal:
        if not self.restarts:
            return self._projected(at, jnp.zeros_like(at.x))
        return self._projected(at, at.own[0] * random_in_ball(jax.random.fold_in(at.key, number), at.x, self.norm))

    def _step(self, at: Problem, state: _State) -> _State:
        p, best, lowest, finite, sloped = state
        gap, gradient, finite_here = look(at.f, self.loss, at.goal, p)
        better = gap < lowest
        moved = self._projected(at, p - at.x + at.own[1] * steepest(gradient, self.norm))
        best, lowest = jnp.where(better, p, best), jnp.where(better, gap, lowest)
        return _State(moved, best, lowest, finite & finite_here, sloped | (jnp.abs(gradient).max() > 0))

    def _projected(self, at: Problem, delta: Signal) -> Signal:
        return jnp.clip(at.x + to_ball(delta, at.own[0], self.norm, self.extreme), *at.box)

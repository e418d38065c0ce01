r"""Adversarial points within a given radius: projected gradient descent, its single step, and robust accuracy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from shiftmath._shared.arguments import as_choice, as_count
from shiftmath.adversary._arguments import as_positive
from shiftmath.adversary._losses import LOSSES, look
from shiftmath.adversary._norms import NORMS, random_in_ball, steepest, to_ball
from shiftmath.adversary.attack import Attack, run

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
    bounds: tuple[float, float] | None = None,
    loss: str = "margin",
    seed: int = 0,
) -> Attack:
    r"""Projected gradient descent: $p \mapsto \Pi(p + \alpha\, u)$, u the steepest step of length 1 for the loss.

    $u = g / |g|$ for l2 and $\mathrm{sign}(g)$ for linf, $\Pi$ brings p back into the ball of the radius around x and
    then into the bounds. Each restart begins at a point that is uniform in the ball. The answer is the point with the
    smallest margin of all that were visited; it is a success if that is misclassified.

    Args:
        f, X, y, bounds: as in `ddn`.
        radius: a number from 0 on, in the units of X; an array (k,) of them gives arrays (k, n, ...).
        norm: "l2" or "linf".
        steps, restarts: more restarts only add starts, so they never lose a success.
        step_size: alpha, in the units of X; None takes 2.5 radius / steps.
        loss: "margin", "log-odds" or "cross-entropy", see `shiftmath.adversary._losses`. The last is the one of the
            source; where a network is sure of itself its gradient is rounded to 0, the others' are not.
        seed: of the starts.

    Raises:
        ValueError, TypeError: as `ddn`.

    Source: Madry et al. (2018), *Towards Deep Learning Models Resistant to Adversarial Attacks*, section 2.1.

    >>> f = lambda x: x @ jnp.array([3.0, 4.0]) - 10  # at distance 8 in l2, 40 / 7 in linf
    >>> pgd(f, [[6.0, 8.0]], [1], radius=[7.99, 8.01]).success[:, 0].tolist()
    [False, True]
    >>> pgd(f, [[6.0, 8.0]], [1], radius=[5.71, 5.72], norm="linf").success[:, 0].tolist()
    [False, True]
    """
    as_choice("norm", norm, NORMS)
    steps, restarts = as_count("steps", steps), as_count("restarts", restarts)
    if np.ndim(radius):
        radii = _as_radii("radius", radius)
        each = [pgd(f, X, y, radius=r, norm=norm, steps=steps, step_size=step_size, restarts=restarts, bounds=bounds,
                    loss=loss, seed=seed) for r in radii]  # fmt: skip
        stack = np.stack if isinstance(each[0].points, np.ndarray) else jnp.stack
        return jax.tree.map(lambda *parts: stack(parts), *each)
    radius = as_positive("radius", radius, zero=True)
    step_size = 2.5 * radius / steps if step_size is None else as_positive("step_size", step_size)
    loss = as_choice("loss", loss, LOSSES)
    return run(_pgd, f, X, y, bounds=bounds, norm=norm, seed=seed, radius=radius, step_size=step_size,
               steps=np.asarray(steps), restarts=restarts, loss=loss, ball=norm)  # fmt: skip


def fgsm(
    f: Any,
    X: Any,
    y: Any,
    *,
    radius: float,
    norm: str = "linf",
    bounds: tuple[float, float] | None = None,
    loss: str = "log-odds",
) -> Attack:
    r"""The fast gradient sign method: one step $x + r\,\mathrm{sign}(g)$, or $x + r\,g / |g|$ for l2, then the bounds.

    Args:
        f, X, y, bounds: as in `ddn`.
        radius, norm, loss: as in `pgd`, one number; log-odds has the signs of the cross-entropy.

    Raises:
        ValueError, TypeError: as `ddn`.

    Source: Goodfellow et al. (2015), *Explaining and Harnessing Adversarial Examples*, section 4.

    >>> fgsm(lambda x: x @ jnp.array([3.0, -4.0]), [[1.0, 0.0]], [1], radius=0.5).points.tolist()
    [[0.5, 0.5]]
    """
    radius, norm = as_positive("radius", radius, zero=True), as_choice("norm", norm, NORMS)
    loss = as_choice("loss", loss, LOSSES)
    return run(_fgsm, f, X, y, bounds=bounds, norm=norm, seed=0, radius=radius, loss=loss, ball=norm)


def robust_accuracy(f: Any, X: Any, y: Any, radii: Any, **options: Any) -> Any:
    """For each radius, the share of samples for which `pgd` finds no adversarial point within it.

    A point found within a smaller radius counts for the larger ones, whose balls contain it: the result never increases
    with the radius. Radius 0 gives the accuracy.

    Args:
        f, X, y: as in `ddn`.
        radii: (k,), from 0 on.
        **options: those of `pgd`.

    Returns:
        (k,) numbers from 0 to 1.

    >>> robust_accuracy(lambda x: x.sum(), [[1.0, 0.0], [2.0, 0.0]], [1, 1], [0.0, 0.8, 1.5], norm="linf").tolist()
    [1.0, 0.5, 0.0]
    """
    radii = _as_radii("radii", radii)
    fooled = pgd(f, X, y, radius=radii, **options).success
    within = np.asarray(radii)[:, None] >= np.asarray(radii)
    return 1 - (within[:, :, None] & fooled[None]).any(axis=1).mean(axis=1)


def _as_radii(name: str, radii: Any) -> list[float]:
    if np.ndim(radii) != 1 or not len(radii):
        raise ValueError(f"{name}: got shape {np.shape(radii)}, takes a non-empty list of numbers from 0 on")
    return [as_positive(name, float(r), zero=True) for r in radii]


def _pgd(
    f: Any, x: Signal, label: Int[Array, ""], key: Array, *, box: Any, radius: Any, step_size: Any, steps: Any,
    restarts: int, loss: str, ball: str,
) -> tuple[Any, Any, Any]:  # fmt: skip
    def restart(number: Any) -> tuple[Any, Any, Any]:
        start = radius * random_in_ball(jax.random.fold_in(key, number), x, ball)
        return _climb(f, loss, label, x, start, box, radius, step_size, steps, ball)

    points, margins, finite = jax.lax.map(restart, jnp.arange(restarts))
    lowest = jnp.argmin(margins)
    return points[lowest], margins[lowest] <= 0, finite.all()


def _fgsm(
    f: Any, x: Signal, label: Int[Array, ""], key: Array, *, box: Any, radius: Any, loss: str, ball: str
) -> tuple[Any, Any, Any]:
    point, margin, finite = _climb(f, loss, label, x, jnp.zeros_like(x), box, radius, radius, 1, ball)
    return point, margin <= 0, finite


def _climb(
    f: Any, loss: str, label: Any, x: Signal, start: Signal, box: Any, radius: Any, size: Any, steps: Any, ball: str
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Ascent from x + start: the visited point of the smallest margin, that margin, and whether f was finite."""

    def projected(delta: Signal) -> Signal:
        return jnp.clip(x + to_ball(delta, radius, ball), *box)

    def step(_: Any, state: Any) -> Any:
        p, best, lowest, finite = state
        margin, gradient, finite_here = look(f, loss, label, p)
        better = margin < lowest
        moved = projected(p - x + size * steepest(gradient, ball))
        return moved, jnp.where(better, p, best), jnp.where(better, margin, lowest), finite & finite_here

    lowest = jnp.full((), jnp.inf, x.dtype)
    # One more, to see where the last step led.
    state = jax.lax.fori_loop(0, steps + 1, step, (projected(start), x, lowest, jnp.array(True)))
    return state[1:]

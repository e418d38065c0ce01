r"""Minimal adversarial steps by gradients: decoupled direction and norm."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from shiftmath._shared.arguments import as_bool, as_choice, as_count, as_number
from shiftmath.adversary._arguments import as_batch, as_box, classes_of
from shiftmath.adversary._halving import Way, halvings, landed, middle, narrowed, whole
from shiftmath.adversary._losses import LOSSES, logits, look
from shiftmath.adversary._norms import furthest, is_extreme, largest_length, length, unit
from shiftmath.adversary.attack import Attack, Found, Problem, nearest, run

__all__ = ["ddn"]

SEVERAL = ("log-odds", "margin")  # the losses of several classes

Signal = Float[Array, "*signal"]


def ddn(
    f: Any,
    X: Any,
    y: Any,
    *,
    steps: int = 1000,
    gamma: float = 0.05,
    initial_norm: float = 1.0,
    levels: int | None = None,
    bounds: tuple[Any, Any] | None = None,
    target: Any = None,
    refine: bool | None = None,
    loss: str | Sequence[str] | None = None,
    seed: int = 0,
) -> Attack:
    r"""Short adversarial steps in l2 by decoupling their direction and their norm (DDN).

    From $\epsilon_0$ = `initial_norm` and a random $\delta_0$ of length $\epsilon_0 / 1000$, with the gradient g of the
    loss at $x + \delta_k$,

    $$\epsilon_{k+1} = (1 \mp \gamma)\,\epsilon_k, \qquad \delta' = \delta_k + \alpha_k \frac{g}{|g|}, \qquad
    \delta_{k+1} = \epsilon_{k+1} \frac{\delta'}{|\delta'|},$$

    shorter where $x + \delta_k$ is misclassified, longer where it is not, with $\alpha_k$ from 1 to 0.01 along a
    cosine. Then the point is clipped to the bounds and, with `levels`, rounded to the nearest gray level. The answer is
    the nearest misclassified point of all. Where g = 0 the step goes along one random direction of the sample.

    The original begins at $\delta_0 = 0$. But samples may lie on a kink of f, where the gradient is one of many: for an
    image that is 0 but for one pixel, a pooled ReLU network without biases shows a gradient at that pixel alone.

    Args:
        f: for one signal, (classes,) logits or a scalar; a JAX function (compiled anew for each new function object) or
            an equinox module (once for all weights). It is evaluated in the dtype of X, where float64 is honoured
            whatever JAX is set to, so that X and the weights are best of one dtype.
        X, y: samples (n, *signal) and their labels (n,), classes from 0 on, or -1 and 1 for a scalar f.
        steps, gamma, initial_norm: as above; the last in the units of X.
        levels: that many gray levels, from one bound to the other, both included; None does not round.
        bounds: a pair (low, high) between which all values lie: numbers, or arrays that broadcast to a signal, one
            bound for each pixel; None or infinite for none on that side, None in place of the pair for none at all.
        target: a label, or one for each sample: points must be classified as that, whatever X is classified as. The
            attack ascends minus the loss of the target. None takes any other class than y.
        refine: afterwards halve the way to the sample until the point is on the boundary; None does so unless there are
            levels. With refine=False the result is that of the original algorithm.
        loss: "log-odds" (the direction of the cross-entropy, without its vanishing gradient), "cross-entropy" or
            "margin". Each follows one of several boundaries, not always to the nearest: several losses, as ("log-odds",
            "margin"), are tried in turn for the nearest point of all. None tries these two where f has three logits or
            more, at twice the cost; of two logits or a scalar they are one, and "log-odds" is taken.
        seed: of the random directions.

    It can be interrupted between any two steps. Under `jax.jit`, `jax.vmap` or `equinox.filter_vmap` it cannot, and
    values are not checked: there a distance is NaN where f was not finite.

    Raises:
        ValueError, TypeError: f is no such function, or gives anything else, NaN or infinity, at a sample or on the
            way; labels that f has not, a target that is the label; samples that are not finite or out of bounds; levels
            without bounds.

    Source: Rony et al. (2019), *Decoupling Direction and Norm for Efficient Gradient-Based L2 Adversarial Attacks and
    Defenses*, Algorithm 1.

    >>> attack = ddn(lambda x: x @ jnp.array([3.0, 4.0]) - 10, [[6.0, 8.0]], [1])  # 40 / 5 from the line
    >>> attack.distances.round(6).tolist(), attack.points.round(6).tolist()
    ([8.0], [[1.2, 1.6]])
    """
    samples = as_batch("X", X)
    losses = _as_losses(loss, f, samples)
    if len(losses) > 1:
        walk = {"steps": steps, "gamma": gamma, "initial_norm": initial_norm, "levels": levels, "refine": refine}
        options: dict[str, Any] = walk | {"bounds": bounds, "target": target, "seed": seed}
        return nearest([ddn(f, X, y, loss=each, **options) for each in losses])
    count = as_count("steps", steps)
    levels = None if levels is None else _as_levels(levels, bounds, samples.shape[1:], refine)
    norm = as_number("initial_norm", initial_norm, positive=True, below=largest_length(samples.dtype))
    search = _DDN(
        steps=count,
        gamma=as_number("gamma", gamma, positive=True, below=1),
        initial_norm=norm,
        levels=levels,
        refine=levels is None if refine is None else as_bool("refine", refine),
        loss=losses[0],
        extreme=is_extreme(samples.dtype, norm),
    )
    halves = halvings(samples.dtype) if search.refine else 0
    return run(search, count + halves, f, X, y, target=target, bounds=bounds, seed=seed)


def _as_losses(loss: Any, f: Any, samples: Any) -> list[str]:
    """The losses to try: those that are named, or what None stands for."""
    if loss is None:
        return list(SEVERAL) if (classes_of(f, samples) or 0) > 2 else [SEVERAL[0]]
    named = loss if isinstance(loss, (tuple, list)) and loss else [loss]
    return [as_choice("loss", each, LOSSES) for each in named]


def _as_levels(levels: Any, bounds: Any, signal: tuple[int, ...], refine: Any) -> int:
    """The levels; errors unless there are two or more between finite bounds, and nothing that leaves them."""
    count = as_count("levels", levels, 2)
    if bounds is None:
        raise ValueError("bounds: got None with levels, takes (low, high), the first and the last of them")
    if refine:
        raise ValueError("refine: got True with levels, takes False, because it leaves them")
    low, high = as_box(bounds, signal)
    if not np.all(np.isfinite(high - low) & (low < high)):
        raise ValueError("bounds: got a side without a bound or of length 0 with levels, takes finite low < high")
    return count


class _State(NamedTuple):
    """Where the walk is and the length of its steps; the nearest misclassified point, its distance, and its way."""

    p: Signal
    norm: Float[Array, ""]
    best: Signal
    shortest: Float[Array, ""]
    way: Way
    finite: Bool[Array, ""]
    sloped: Bool[Array, ""]


class _DDN(eqx.Module):
    """The walk, then with `refine` the halving of the way to its nearest misclassified point."""

    steps: Any
    gamma: Any
    initial_norm: Any
    levels: int | None = eqx.field(static=True)
    refine: bool = eqx.field(static=True)
    loss: str = eqx.field(static=True)
    extreme: bool = eqx.field(static=True)
    norm: str = eqx.field(static=True, default="l2")

    def begin(self, at: Problem) -> _State:
        start, dtype, yes = at.x + self.initial_norm / 1000 * self._fallback(at), at.x.dtype, jnp.array(True)
        return _State(start, self.initial_norm, at.x, jnp.full((), jnp.inf, dtype), whole(dtype), yes, ~yes)

    def advance(self, at: Problem, state: _State, first: Any, last: Any) -> _State:
        fallback, widest = self._fallback(at), self._widest(at)

        def step(k: Any, state: _State) -> _State:
            return self._step(at, fallback, widest, k, state)

        def halve(_: Any, state: _State) -> _State:
            across = at.goal.reached(logits(at.f, middle(state.way, at.x, state.best)))
            return state._replace(way=narrowed(state.way, across))

        state = jax.lax.fori_loop(jnp.minimum(first, self.steps), jnp.minimum(last, self.steps), step, state)
        return jax.lax.fori_loop(jnp.maximum(first, self.steps), last, halve, state) if self.refine else state

    def end(self, at: Problem, state: _State) -> Found:
        point = landed(state.way, at.x, state.best) if self.refine else state.best
        return Found(point, state.shortest < jnp.inf, state.finite, state.sloped)

    def _step(self, at: Problem, fallback: Signal, widest: Any, k: Any, state: _State) -> _State:
        p, norm, best, shortest, way, finite, sloped = state
        (low, high), x = at.box, at.x
        gap, gradient, finite_here = look(at.f, self.loss, at.goal, p)
        across, here = at.goal.closed(gap), self._length(p - x)
        nearer = across & (here < shortest) & (k > 0)
        delta = p - x + _rate(k, self.steps, x.dtype) * unit(gradient, fallback)
        norm = jnp.minimum(norm * jnp.where(across, 1 - self.gamma, 1 + self.gamma), widest)
        share = norm / jnp.maximum(self._length(delta), jnp.finfo(x.dtype).tiny)
        moved = _rounded(jnp.clip(x + share * delta, low, high), self.levels, at.box)
        best, shortest = jnp.where(nearer, p, best), jnp.where(nearer, here, shortest)
        return _State(moved, norm, best, shortest, way, finite & finite_here, sloped | (jnp.abs(gradient).max() > 0))

    def _fallback(self, at: Problem) -> Signal:
        """A random direction of the sample."""
        return unit(jax.random.normal(at.key, at.x.shape, at.x.dtype))

    def _widest(self, at: Problem) -> Any:
        """No point of the box is further away. Without a box the norm stops where squares begin to overflow."""
        most = jnp.maximum(math.sqrt(jnp.finfo(at.x.dtype).max) / 4, self.initial_norm)
        return jnp.minimum(furthest(at.x, at.box, self.norm, self.extreme), most)

    def _length(self, delta: Signal) -> Any:
        return length(delta, self.norm, self.extreme)


def _rate(k: Any, steps: Any, dtype: Any) -> Any:
    """From 1 to 0.01 along half a cosine."""
    return 0.01 + 0.99 * (1 + jnp.cos(math.pi * (k / steps).astype(dtype))) / 2


def _rounded(p: Signal, levels: int | None, box: Any) -> Signal:
    """Each value at the nearest of the gray levels."""
    if levels is None:
        return p
    low, high = box
    return low + jnp.round((p - low) / (high - low) * (levels - 1)) * ((high - low) / (levels - 1))

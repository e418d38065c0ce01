r"""Minimal adversarial steps by Auto-PGD: an ascent towards each other class, and a search over the radius."""

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from shiftmath._shared.arguments import as_choice, as_count, as_number
from shiftmath._shared.precision import precision
from shiftmath.adversary._arguments import as_batch, as_labels, as_target, classes_of
from shiftmath.adversary._ascent import Climb, begun, checked, seen
from shiftmath.adversary._halving import Way, halvings, landed, middle, narrowed, whole
from shiftmath.adversary._losses import Goal, logits
from shiftmath.adversary._norms import NORMS, apart, furthest, is_extreme, largest_length, steepest, to_ball
from shiftmath.adversary.attack import Attack, Found, Problem, nearest, run

__all__ = ["apgd"]

MOMENTUM = 0.75  # the weight of the step itself; the rest goes on as before

Signal = Float[Array, "*signal"]
Scalar = Float[Array, ""]
Truth = Bool[Array, ""]


def apgd(
    f: Any,
    X: Any,
    y: Any,
    *,
    norm: str = "l2",
    steps: int = 100,
    radii: int = 12,
    initial_radius: float = 1.0,
    classes: int | None = None,
    bounds: tuple[Any, Any] | None = None,
    target: Any = None,
    seed: int = 0,
) -> Attack:
    r"""Short adversarial steps in l2 or linf by Auto-PGD towards each other class, with a search over the radius.

    For a class t and a radius r the ascent of $z_t - z_y$ in the ball of radius r around x is, with the projection
    $\Pi$ into ball and bounds and u the steepest step of length 1,

    $$q = \Pi(p_k + \eta\, u_k), \qquad p_{k+1} = \Pi\big(p_k + \tfrac34 (q - p_k) + \tfrac14 (p_k - p_{k-1})\big),$$

    from $\eta = 2 r$. After .22, .41, .57, ... of the steps $\eta$ is halved, and the ascent goes on from the best
    point so far, if fewer than three quarters of the steps since the last such look ascended, or if neither the best
    value nor $\eta$ has changed since. The first radius is `initial_radius`; it doubles until a misclassified point is
    seen, and is then the middle between the largest radius without one and the distance of the nearest. Each radius
    begins where the last one ended, brought into its ball; the first at a random point r / 1000 away. At the end the
    way to the nearest misclassified point of all is halved onto the boundary.

    It shares no rule of its steps with `ddn`: what both find is an upper bound that does not hang on one of them.

    Args:
        f, X, y, bounds, target: as in `ddn`. With a target that class alone is ascended to, by its margin.
        norm: "l2" or "linf".
        steps: of each ascent, of one evaluation each.
        radii: how many are tried, for each class: no further than 2^(radii - 1) times the initial radius is seen, and a
            point much nearer than 2^(1 - radii) times it is not the nearest in all likelihood.
        initial_radius: in the units of X.
        classes: how many other classes are tried, those of the largest logits at the sample first; None takes all, but
            at most 9.
        seed: of the first step, which leaves kinks of f.

    It can be interrupted as `ddn` can.

    Raises:
        ValueError, TypeError: as `ddn`.

    Source: Croce and Hein (2020), *Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse
    Parameter-free Attacks*, Algorithm 1 and the targeted attack of section 4.1; the difference of two logits in place
    of their ratio to a third (steps have length 1, so that a factor of the loss is no matter), and the search over the
    radius in place of one radius.

    >>> attack = apgd(lambda x: x @ jnp.array([3.0, 4.0]) - 10, [[6.0, 8.0]], [1])  # 40 / 5 from the line
    >>> attack.distances.round(6).tolist(), attack.points.round(3).tolist()
    ([8.0], [[1.2, 1.6]])
    """
    samples = as_batch("X", X)
    radius = as_number("initial_radius", initial_radius, positive=True, below=largest_length(samples.dtype))
    search = _APGD(
        steps=as_count("steps", steps),
        radii=as_count("radii", radii),
        initial_radius=radius,
        norm=as_choice("norm", norm, NORMS),
        extreme=is_extreme(samples.dtype, radius),
    )
    total = search.radii * (search.steps + 1) + halvings(samples.dtype)
    asked = {"target": target, "bounds": bounds, "seed": seed}
    most = 9 if classes is None else as_count("classes", classes)
    return nearest([run(search, total, f, X, y, **asked, own=(own,)) for own in _aims(f, samples, y, target, most)])


def _aims(f: Any, X: Any, y: Any, target: Any, most: int) -> list[Any]:
    """The classes to ascend to, (n,) each: the target, or the others by their logits at the sample."""
    count = classes_of(f, X)
    labels = as_labels("y", y, len(X), count)
    aim = as_target(target, labels, len(X), count)
    if aim is not None:
        return [aim]
    with precision(X.dtype):
        return list(_others(f, X, labels)[: min(most, max(count or 2, 2) - 1)])


@eqx.filter_jit
def _others(f: Any, X: Any, labels: Any) -> Int[Array, "others n"]:
    def one(x: Any, label: Any) -> Any:
        z = logits(f, x)
        return jnp.argsort(jnp.where(jnp.arange(len(z)) == label, -jnp.inf, z), descending=True)[:-1]

    return jax.vmap(one)(jnp.asarray(X), labels).T


class _State(NamedTuple):
    """The ascent and its radius; the largest radius that gave no nearer misclassified point; the nearest of these, its
    distance now and when the radius began, and the way to it."""

    climb: Climb
    radius: Scalar
    low: Scalar
    nearest: Signal
    shortest: Scalar
    was: Scalar
    way: Way
    finite: Truth
    sloped: Truth


class _APGD(eqx.Module):
    """So many ascents of so many steps, then the halving of the way to the nearest misclassified point."""

    steps: Any
    radii: Any
    initial_radius: Any
    norm: str = eqx.field(static=True)
    extreme: bool = eqx.field(static=True)

    def begin(self, at: Problem) -> _State:
        x, zero, yes = at.x, jnp.zeros((), at.x.dtype), jnp.array(True)
        first = self._projected(at, self.initial_radius / 1000 * self._fallback(at), self.initial_radius)
        climb = begun(first, jnp.inf + zero)
        return _State(climb, self.initial_radius / 2, zero, x, *(jnp.inf + zero,) * 2, whole(x.dtype), yes, ~yes)

    def advance(self, at: Problem, state: _State, first: Any, last: Any) -> _State:
        ascents, fallback = self.radii * (self.steps + 1), self._fallback(at)

        def step(k: Any, state: _State) -> _State:
            i = k % (self.steps + 1)
            fresh = self._begun(at, state)
            state = jax.tree.map(lambda new, old: jnp.where(i == 0, new, old), fresh, state)
            return self._step(at, fallback, i, state)

        def halve(_: Any, state: _State) -> _State:
            across = at.goal.reached(logits(at.f, middle(state.way, at.x, state.nearest)))
            return state._replace(way=narrowed(state.way, across))

        state = jax.lax.fori_loop(jnp.minimum(first, ascents), jnp.minimum(last, ascents), step, state)
        return jax.lax.fori_loop(jnp.maximum(first, ascents), last, halve, state)

    def end(self, at: Problem, state: _State) -> Found:
        return Found(landed(state.way, at.x, state.nearest), state.shortest < jnp.inf, state.finite, state.sloped)

    def _begun(self, at: Problem, state: _State) -> _State:
        """At the start of the next radius: between what failed and what was found, or twice as far."""
        found = state.shortest < jnp.inf
        low = jnp.where(state.shortest < state.was, state.low, state.radius)
        low = jnp.where(state.climb.eta < jnp.inf, low, 0)  # before the first radius nothing has failed
        radius = jnp.where(found, (low + state.shortest) / 2, jnp.minimum(2 * state.radius, self._widest(at)))
        start = jnp.where(found, state.nearest, state.climb.best)
        climb = begun(self._projected(at, start - at.x, radius), 2 * radius)
        return state._replace(climb=climb, radius=radius, low=low, was=state.shortest)

    def _step(self, at: Problem, fallback: Signal, i: Any, state: _State) -> _State:
        value, z, gradient = self._look(at, state.climb.p)
        p, here = state.climb.p, apart(state.climb.p, at.x, self.norm)
        nearer = at.goal.reached(z) & (here < state.shortest) & (here > 0)
        finite = state.finite & jnp.isfinite(z).all() & jnp.isfinite(gradient).all()
        sloped = state.sloped | (jnp.abs(gradient).max() > 0)
        climb = checked(i, self.steps, seen(state.climb, value, gradient))
        # From the best point the way goes by its own gradient.
        gradient = jnp.where((climb.p == p).all(), gradient, climb.slope)
        uphill = jnp.where(jnp.abs(gradient).max() > 0, steepest(gradient, self.norm), fallback)
        q = self._projected(at, climb.p + climb.eta * uphill - at.x, state.radius)
        moved = climb.p + MOMENTUM * (q - climb.p) + (1 - MOMENTUM) * (climb.p - climb.before)
        moved = jnp.where(i == 0, q, self._projected(at, moved - at.x, state.radius))
        return state._replace(
            climb=climb._replace(p=moved, before=climb.p),
            nearest=jnp.where(nearer, p, state.nearest),
            shortest=jnp.where(nearer, here, state.shortest),
            finite=finite,
            sloped=sloped,
        )

    def _look(self, at: Problem, p: Signal) -> tuple[Scalar, Any, Signal]:
        """What is ascended, the logits, and the gradient."""

        def objective(p: Any) -> tuple[Any, Any]:
            z = logits(at.f, p)
            if at.goal.targeted:
                return at.goal.loss("margin", z), z
            return jnp.where(jnp.arange(len(z)) == at.own[0], z, 0).sum() - _own(z, at.goal), z

        (value, z), gradient = jax.value_and_grad(objective, has_aux=True)(p)
        return value.astype(p.dtype), z, gradient

    def _projected(self, at: Problem, delta: Signal, radius: Any) -> Signal:
        return jnp.clip(at.x + to_ball(delta, radius, self.norm, self.extreme), *at.box)

    def _fallback(self, at: Problem) -> Signal:
        """A random step of length 1 of the sample."""
        return steepest(jax.random.normal(at.key, at.x.shape, at.x.dtype), self.norm)

    def _widest(self, at: Problem) -> Any:
        """No point of the box is further away. Without a box the radius stops where lengths begin to overflow."""
        largest = largest_length(at.x.dtype) / 2 if self.extreme else math.sqrt(jnp.finfo(at.x.dtype).max) / 4
        most = jnp.maximum(largest, self.initial_radius)
        return jnp.minimum(furthest(at.x, at.box, self.norm, self.extreme), most)


def _own(z: Any, goal: Goal) -> Any:
    return jnp.where(jnp.arange(len(z)) == goal.label, z, 0).sum()

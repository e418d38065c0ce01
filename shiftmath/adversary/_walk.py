r"""A random walk along the boundary of a misclassified region, towards the sample: in halves, with f between them."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from shiftmath.adversary._halving import Way, halvings, landed, middle, narrowed, whole
from shiftmath.adversary._losses import logits
from shiftmath.adversary._norms import length, unit
from shiftmath.adversary.attack import Found, Problem

__all__ = ["Walk", "Walker"]

GROWTH = 1.1  # of the sizes of the steps, per step

Signal = Float[Array, "*signal"]
Scalar = Float[Array, ""]
Truth = Bool[Array, ""]


class Walker(NamedTuple):
    """The point, misclassified where `found`; how far the nearest start was; the sizes of the two parts of a step; the
    way from the sample to the point."""

    point: Signal
    found: Truth
    shortest: Scalar
    turn: Scalar
    part: Scalar
    way: Way
    finite: Truth


class Walk(eqx.Module):
    """The nearest of the starts, each brought onto the boundary; the walk from there; the halving of what is left."""

    starts: Float[Array | np.ndarray, "m *signal"]
    steps: Any
    extreme: bool = eqx.field(static=True, default=False)
    norm: str = eqx.field(static=True, default="l2")

    def begin(self, at: Problem) -> Walker:
        dtype = at.x.dtype
        size, yes = jnp.full((), 0.1, dtype), jnp.array(True)
        return Walker(at.x, ~yes, jnp.full((), jnp.inf, dtype), size, size, whole(dtype), yes)

    def advance(self, at: Problem, state: Walker, first: Any, last: Any) -> Walker:
        m, end = len(self.starts), len(self.starts) + self.steps
        spans = [(jnp.clip(first, a, b) - a, jnp.clip(last, a, b) - a) for a, b in ((0, m), (m, end))]
        state = jax.lax.fori_loop(*spans[0], lambda j, state: self._try_start(at, j, state), state)
        state = jax.lax.fori_loop(*spans[1], lambda k, state: self._step(at, k, state), state)
        return jax.lax.fori_loop(jnp.maximum(first, end), last, lambda _, state: self._halve(at, state), state)

    def end(self, at: Problem, state: Walker) -> Found:
        point = landed(state.way, at.x, state.point)
        return Found(point, state.found, state.finite, jnp.array(True))

    def asked(self, at: Problem, k: Any, state: Walker) -> tuple[Signal, Signal]:
        """The two points of step k: turned around the sample, and then nearer to it."""
        turned = _turned(jax.random.fold_in(at.key, k), at.x, state.point, state.turn, at.box, self.extreme)
        return turned, turned + state.part * (at.x - turned)

    def taken(self, state: Walker, inner: Signal, side: Truth, nearer: Truth) -> Walker:
        """After the step, taken if both of its points are misclassified."""
        turn = jnp.minimum(state.turn * jnp.where(side, GROWTH, 1 / GROWTH), 1)
        # Three times as much up as down: in balance where a quarter succeed.
        part = state.part * jnp.where(side, jnp.where(nearer, GROWTH**3, 1 / GROWTH), 1)
        point = jnp.where(side & nearer, inner, state.point)
        return state._replace(point=point, found=state.found | (side & nearer), turn=turn, part=jnp.minimum(part, 0.5))

    def begun_at(self, at: Problem, state: Walker, point: Signal, across: Truth, first: Any) -> Walker:
        """With a start brought onto the boundary, if it is the nearest so far, or the first."""
        distance = jnp.where(across, length(point - at.x, self.norm, self.extreme), jnp.inf)
        nearest = (distance < state.shortest) | first
        return state._replace(
            point=jnp.where(nearest, point, state.point),
            shortest=jnp.minimum(distance, state.shortest),
            found=state.found | across,
        )

    def _try_start(self, at: Problem, j: Any, state: Walker) -> Walker:
        start = self.starts[j]
        across, finite = _looked(at, start)

        def halve(_: Any, way: Way) -> Way:
            return narrowed(way, _looked(at, middle(way, at.x, start))[0])

        way = jax.lax.fori_loop(0, halvings(at.x.dtype), halve, whole(at.x.dtype))
        state = self.begun_at(at, state, landed(way, at.x, start), across, j == 0)
        return state._replace(finite=state.finite & finite)

    def _step(self, at: Problem, k: Any, state: Walker) -> Walker:
        turned, inner = self.asked(at, k, state)
        (side, finite_side), (nearer, finite_nearer) = _looked(at, turned), _looked(at, inner)
        state = self.taken(state, inner, side, nearer)
        return state._replace(finite=state.finite & finite_side & finite_nearer)

    def _halve(self, at: Problem, state: Walker) -> Walker:
        across, _ = _looked(at, middle(state.way, at.x, state.point))
        return state._replace(way=narrowed(state.way, across))


def _looked(at: Problem, p: Signal) -> tuple[Truth, Bool[Any, ""]]:
    """Whether p is misclassified, and whether f is finite there."""
    z = logits(at.f, p)
    return at.goal.reached(z), jnp.isfinite(z).all()


def _turned(key: Array, x: Signal, p: Signal, turn: Any, box: Any, extreme: bool) -> Signal:
    """A point as far from x as p is, turned by a random angle of tangent `turn`, in the box."""
    radial = unit(p - x)
    direction = jax.random.normal(key, x.shape, x.dtype)
    sideways = unit(direction - jnp.sum(direction * radial) * radial)
    return jnp.clip(x + length(p - x, extreme=extreme) * unit(radial + turn * sideways), *box)

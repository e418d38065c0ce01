"""What every attack shares: its result, and the loop over samples.

A search is written for one signal: search(f, x, label, key, box=(low, high), ...) -> (point, found, finite), with a
point that is misclassified where `found`, and `finite` false where f or its gradient was not. `run` maps it over the
samples.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from shiftmath._shared.arguments import as_count
from shiftmath._shared.precision import precision
from shiftmath.adversary._arguments import as_batch, as_box, as_labels, require_inside
from shiftmath.adversary._losses import logits, margin
from shiftmath.adversary._norms import length

__all__ = ["Attack", "bisect", "run"]

Signal = Float[Array, "*signal"]


class Attack(eqx.Module):
    """The adversarial points that an attack found: a frozen dataclass, and a pytree.

    A signal is misclassified where its label's logit is not the largest alone, or where y f(x) <= 0.

    Attributes:
        points: (n, *signal), misclassified where `success`; the sample itself where none was found.
        distances: (n,), from the sample to the point in the norm of the attack; inf where none was found.
        success: (n,), whether one was found. A sample that is misclassified to begin with is its own, at distance 0.
    """

    points: Float[Any, "n *signal"]
    distances: Float[Any, "n"]
    success: Bool[Any, "n"]


def run(
    search: Callable[..., Any], f: Any, X: Any, y: Any, *, bounds: Any, norm: str, seed: int, **options: Any
) -> Attack:
    """The search for each sample of X with its label; NumPy for NumPy, JAX for JAX, in the dtype of X."""
    samples, box = as_batch("X", X), as_box(bounds)
    require_inside("X", samples, box)
    as_count("seed", seed, 0)
    with precision(samples.dtype):
        labels, key = as_labels(f, samples, y), jax.random.key(seed)
        options = {name: _traced(option, samples.dtype) for name, option in options.items()}
        limits = jnp.asarray(box, samples.dtype)
        attack = _run(search, f, jnp.asarray(samples), labels, key, norm, {"box": limits, **options})
        if isinstance(attack.distances, jax.core.Tracer):
            return attack
        _require_finite(np.asarray(attack.distances))
        return attack if isinstance(X, jax.Array) else jax.tree.map(np.asarray, attack)


def _traced(option: Any, dtype: Any) -> Any:
    """Floats and arrays as JAX arrays: compiled once for all their values. Whole numbers stay static."""
    if not isinstance(option, (float, np.ndarray, jax.Array)):
        return option
    whole = np.issubdtype(getattr(option, "dtype", float), np.integer)
    return jnp.asarray(option, int if whole else dtype)


@eqx.filter_jit
def _run(
    search: Callable[..., Any], f: Any, X: Any, labels: Any, key: Any, norm: str, options: dict[str, Any]
) -> Attack:
    def one(x: Signal, label: Int[Array, ""], number: Int[Array, ""]) -> Attack:
        z = logits(f, x)
        wrong = margin(z, label) <= 0
        point, found, finite = search(f, x, label, jax.random.fold_in(key, number), **options)
        point = jnp.where(found & ~wrong, point, x)
        distance = jnp.where(found | wrong, length(point - x, norm), jnp.inf)
        # NaN tells `run`, which sees the result alone, that f was not finite.
        return Attack(point, jnp.where(finite & jnp.isfinite(z).all(), distance, jnp.nan), found | wrong)

    return jax.vmap(one)(X, labels, jnp.arange(len(X)))


def _require_finite(distances: np.ndarray) -> None:
    if np.isnan(distances).any():
        raise ValueError(
            f"f: got NaN or infinity at sample {np.flatnonzero(np.isnan(distances))[0]} or on the way from it, "
            "takes a function with finite values and gradients"
        )


def bisect(f: Any, label: Int[Array, ""], x: Signal, point: Signal) -> Signal:
    """The misclassified `point`, brought towards x along the line between them: onto the boundary, just beyond it.

    It halves the way as often as three fifths of the digits of the dtype (31 times in float64, 13 in float32), so
    that f is still misclassified with other roundings. A point that is not misclassified stays where it is.
    """

    def halve(_: int, interval: Any) -> Any:
        low, high = interval
        middle = (low + high) / 2
        across = margin(logits(f, x + middle * (point - x)), label) <= 0
        return jnp.where(across, low, middle), jnp.where(across, middle, high)

    ends = jnp.zeros((), x.dtype), jnp.ones((), x.dtype)
    share = jax.lax.fori_loop(0, 3 * jnp.finfo(x.dtype).nmant // 5, halve, ends)[1]
    return jnp.where(share < 1, x + share * (point - x), point)

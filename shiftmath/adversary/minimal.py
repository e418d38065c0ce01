r"""Minimal adversarial steps by gradients: decoupled direction and norm."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from shiftmath._shared.arguments import as_choice, as_count
from shiftmath.adversary._arguments import as_positive
from shiftmath.adversary._losses import LOSSES, look
from shiftmath.adversary._norms import length, unit
from shiftmath.adversary.attack import Attack, bisect, run

__all__ = ["ddn"]

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
    bounds: tuple[float, float] | None = None,
    refine: bool | None = None,
    loss: str = "log-odds",
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
        f: for one signal, (classes,) logits or a scalar; a function (compiled anew for each new function object) or an
            equinox module (once for all weights). It is evaluated in the dtype of X, where float64 is honoured whatever
            JAX is set to, so that X and the weights are best of one dtype.
        X, y: samples (n, *signal) and their labels (n,), classes from 0 on, or -1 and 1 for a scalar f.
        steps, gamma, initial_norm: as above; the last in the units of X.
        levels: that many gray levels, from one bound to the other, both included; None does not round.
        bounds: the interval (low, high) in which all values lie; None for none.
        refine: afterwards halve the way to the sample until the point is on the boundary; None does so unless there are
            levels. With refine=False the result is that of the original algorithm.
        loss: "log-odds" (the direction of the cross-entropy, without its vanishing gradient), "cross-entropy" or
            "margin".
        seed: of the random directions.

    Under `jax.vmap` or `equinox.filter_vmap` the values are not checked: there a distance is NaN where f was not
    finite.

    Raises:
        ValueError, TypeError: f gives anything else, NaN or infinity, at a sample or on the way; labels that f has not;
            samples that are not finite or out of bounds; levels without bounds.

    Source: Rony et al. (2019), *Decoupling Direction and Norm for Efficient Gradient-Based L2 Adversarial Attacks and
    Defenses*, Algorithm 1.

    >>> attack = ddn(lambda x: x @ jnp.array([3.0, 4.0]) - 10, [[6.0, 8.0]], [1])  # 40 / 5 from the line
    >>> attack.distances.round(6).tolist(), attack.points.round(6).tolist()
    ([8.0], [[1.2, 1.6]])
    """
    if levels is not None and bounds is None:
        raise ValueError("bounds: got None with levels, takes (low, high), the first and the last of them")
    if levels is not None and refine:
        raise ValueError("refine: got True with levels, takes False, because it leaves them")
    return run(
        _ddn,
        f,
        X,
        y,
        bounds=bounds,
        norm="l2",
        seed=seed,
        steps=np.asarray(as_count("steps", steps)),
        gamma=as_positive("gamma", gamma, below=1),
        initial_norm=as_positive("initial_norm", initial_norm),
        levels=None if levels is None else as_count("levels", levels, 2),
        refine=levels is None if refine is None else bool(refine),
        loss=as_choice("loss", loss, LOSSES),
    )


def _ddn(
    f: Any, x: Signal, label: Int[Array, ""], key: Array, *, box: Any, steps: Any, gamma: Any, initial_norm: Any,
    levels: int | None, refine: bool, loss: str,
) -> tuple[Any, Any, Any]:  # fmt: skip
    low, high = box
    fallback = unit(jax.random.normal(key, x.shape, x.dtype))
    widest = length(jnp.maximum(x - low, high - x))

    def step(k: Any, state: Any) -> Any:
        p, norm, best, shortest, finite = state
        margin, gradient, finite_here = look(f, loss, label, p)
        across, here = margin <= 0, length(p - x)
        nearer = across & (here < shortest) & (k > 0)
        delta = p - x + _rate(k, steps, x.dtype) * unit(gradient, fallback)
        norm = jnp.minimum(norm * jnp.where(across, 1 - gamma, 1 + gamma), widest)
        share = norm / jnp.maximum(length(delta), jnp.finfo(x.dtype).tiny)
        moved = _rounded(jnp.clip(x + share * delta, low, high), levels, box)
        best, shortest = jnp.where(nearer, p, best), jnp.where(nearer, here, shortest)
        return moved, norm, best, shortest, finite & finite_here

    start = x + initial_norm / 1000 * fallback, initial_norm, x, jnp.full((), jnp.inf, x.dtype), jnp.array(True)
    _, _, best, shortest, finite = jax.lax.fori_loop(0, steps, step, start)
    return bisect(f, label, x, best) if refine else best, shortest < jnp.inf, finite


def _rate(k: Any, steps: Any, dtype: Any) -> Any:
    """From 1 to 0.01 along half a cosine."""
    return 0.01 + 0.99 * (1 + jnp.cos(math.pi * (k / steps).astype(dtype))) / 2


def _rounded(p: Signal, levels: int | None, box: Any) -> Signal:
    """Each value at the nearest of the gray levels."""
    if levels is None:
        return p
    low, high = box
    return low + jnp.round((p - low) / (high - low) * (levels - 1)) * ((high - low) / (levels - 1))

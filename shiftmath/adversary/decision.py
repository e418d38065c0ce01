r"""Minimal adversarial steps from decisions alone: a check that no gradient can mislead."""

from typing import Any

from shiftmath._shared.arguments import as_callable, as_count
from shiftmath.adversary._arguments import as_batch, as_box, is_traceable, require_inside
from shiftmath.adversary._halving import halvings
from shiftmath.adversary._host import run_on_host
from shiftmath.adversary._norms import is_extreme, reach
from shiftmath.adversary._walk import Walk
from shiftmath.adversary.attack import Attack, run

__all__ = ["decision_based"]


def decision_based(
    f: Any,
    X: Any,
    y: Any,
    *,
    starts: Any,
    steps: int = 5000,
    bounds: tuple[Any, Any] | None = None,
    target: Any = None,
    seed: int = 0,
) -> Attack:
    r"""Short adversarial steps in l2 from the decisions of f alone (boundary attack), along a random walk.

    It begins at the nearest point to which halving the way from a misclassified start leads. Each step turns the point
    p around x, by a random direction orthogonal to p - x, then goes part of the way to x, and is taken if both points
    are misclassified. The turn grows or shrinks until half of the turned points are misclassified, the part until a
    quarter of the steps inwards are. In d dimensions that takes some ten d steps, of two evaluations each.

    No gradient is used, so a network that hides its gradients does not look more robust: where this finds shorter
    steps than `ddn` or `pgd`, those failed.

    Args:
        f: any function. One of JAX as in `ddn`, which need not be differentiable, or that gives the label of a signal.
            One that JAX cannot trace, of NumPy, PyTorch or scikit-learn, is called with batches (m, *signal) of the
            dtype of X as NumPy arrays, and gives their labels, whole numbers (m,), or logits (m, classes), or numbers
            (m,) with the signs of the labels -1 and 1. The steps are the same; there are `steps` + 32 (len(starts) + 1)
            calls.
        X, y, bounds, target: as in `ddn`; y any whole numbers where f gives labels.
        starts: (m, *signal), tried for every sample, such as the samples of the other classes, or of the target.
        steps: of the walk.
        seed: of its directions.

    Raises:
        ValueError, TypeError: as `ddn`; starts of other signals than X.

    Source: Brendel et al. (2018), *Decision-Based Adversarial Attacks: Reliable Attacks Against Black-Box Machine
    Learning Models*, section 2, with its own rule for the sizes of the steps.

    >>> import jax.numpy as jnp
    >>> attack = decision_based(lambda x: jnp.sign(x[0] - 1), [[3.0, 0.0]], [1], starts=[[0.0, 9.0]], steps=300)
    >>> attack.distances.round(3).tolist()
    [2.0]
    >>> import numpy as np
    >>> inside = lambda P: (np.hypot(P[:, 0], P[:, 1]) < 5).astype(int)  # labels, from NumPy
    >>> decision_based(inside, [[3.0, 0.0]], [1], starts=[[0.0, 9.0]], steps=300).distances.round(3).tolist()
    [2.0]
    """
    samples, starts = as_batch("X", X), as_batch("starts", starts)
    if starts.shape[1:] != samples.shape[1:]:
        raise ValueError(f"starts: got signals of shape {starts.shape[1:]}, takes those of X, {samples.shape[1:]}")
    require_inside("starts", starts, as_box(bounds, samples.shape[1:]))
    count, asked = as_count("steps", steps, 0), {"target": target, "bounds": bounds, "seed": seed}
    search = Walk(starts, count, is_extreme(samples.dtype, reach(samples), reach(starts)))
    if not is_traceable(as_callable("f", f, "a function"), samples):
        return run_on_host(search, f, X, y, **asked)
    total = len(starts) + count + halvings(samples.dtype)
    return run(search, total, f, X, y, decisions=True, **asked)

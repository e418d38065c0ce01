r"""What networks cannot do that are narrower than it takes: errors below which none of them comes.

- A filter of one tap along an axis lets no position see others along it. So the mean squared error is at least the
  variance that is left when all that is seen is known, at any width and depth.
- One channel, no residual: a layer $z \leftarrow \mathrm{relu}(w * z + b)$ maps constant signals to constant ones,
  $c \mapsto \mathrm{relu}(c \sum w + b)$, and networks are monotone on them. Of two positions it multiplies $z_0 - z_1$
  by $w_0 - w_1$, and the ReLU keeps weak order: $(f_0 - f_1)(x_0 - x_1)$ has one sign for all x.

Mean squares are over signals of independent samples, each at the nodes of Gauss and Legendre with their weights: those
over the uniform law on [-1, 1] for polynomials of degree at most 2 nodes - 1 in each sample, and for any target a law
of its own, for which the floors hold too. That fewer channels or taps are not enough is a theorem of Lin, Shen and Li
(2022); the floors are derived here.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_axes, as_callable, as_count, as_shape, require_finite
from shiftmath._shared.memory import require_memory

__all__ = ["monotone_distance", "order_floor", "product_grid", "unseen_variance"]

Target = Callable[[np.ndarray], Any]


def product_grid(
    shape: int | Sequence[int], nodes: int = 4
) -> tuple[Float[np.ndarray, "signals *shape"], Float[np.ndarray, " signals"]]:
    """All signals whose samples are Gauss-Legendre nodes on [-1, 1], and their probabilities, products of the weights.

    Raises:
        ValueError, TypeError: a shape that is none; nodes is no whole number from 1 on; more than the memory.

    >>> X, probability = product_grid(2, nodes=3)
    >>> X.shape, round(float(probability @ (X[:, 0] ** 4 * X[:, 1] ** 2)), 12) == round(1 / 15, 12)
    ((9, 2), True)
    """
    spatial, nodes = as_shape("shape", shape), as_count("nodes", nodes, most=1000)
    n = int(np.prod(spatial, dtype=object))
    require_memory("shape and nodes", (shape, nodes), 16 * n * nodes ** min(n, 10_000), "all signals")
    points, weights = np.polynomial.legendre.leggauss(nodes)
    index = np.indices((nodes,) * n).reshape(n, -1).T
    return points[index].reshape(-1, *spatial), np.prod(weights[index] / 2, axis=1)


def unseen_variance(
    target: Target, shape: int | Sequence[int], seen: int | Sequence[int] | None = (), nodes: int = 4
) -> float:
    r"""$\mathbb{E}\,\mathrm{Var}(\varphi_0 \mid x_j, j\ \mathrm{seen})$ of an equivariant target at its first position.

    Seen are the positions that differ from the first along the axes `seen` only; by none, the first position itself.
    It is the least mean squared error, at each position, of functions of what is seen: so of all networks whose filters
    have one tap along the other axes.

    Args:
        target: a function of one signal, with values of its shape.
        shape: of one signal.
        seen: axes along which filters have several taps; None for all.
        nodes: of each sample, so many to the power of the number of samples are all signals.

    Raises:
        ValueError, TypeError: what is not as said above; more than the memory.

    >>> round(unseen_variance(lambda x: x * x.sum(), 2), 12) == round(1 / 9, 12)  # E x_0^2 E x_1^2
    True
    """
    spatial, values, probability, _ = _on_grid(target, shape, nodes)
    axes = as_axes("seen", seen, len(spatial)) if np.size(np.asarray(seen, object)) else ()
    positions = np.indices(spatial).reshape(len(spatial), -1)
    hidden = np.any(positions[[a for a in range(len(spatial)) if a not in axes]] > 0, axis=0)
    along = tuple(np.flatnonzero(hidden))
    phi, p = (a.reshape((nodes,) * len(hidden)) for a in (values.reshape(len(values), -1)[:, 0], probability))
    mean = (p * phi).sum(along, keepdims=True) / p.sum(along, keepdims=True)
    return float(np.sum(p * (phi - mean) ** 2))


def order_floor(target: Target, nodes: int = 4) -> float:
    r"""The floor of the mean squared error, at each of two positions, of networks of one channel without residual.

    $$\frac14 \min_{s = \pm1} \mathbb{E}\big[D^2;\ s\,D\,(x_0 - x_1) < 0\big], \qquad D = \varphi_0 - \varphi_1 .$$

    The difference of a network's two values has the sign of $s(x_0 - x_1)$ or is 0. Where D has the other sign, their
    squared errors add up to $D^2/2$ at least, half of it at each position. Where x and -x have one $D^2$ and signs of D
    that are one, each sign has half of its mean, which is that of the uniform law for polynomials.

    Args:
        target: an equivariant function of one signal (2,), with values of its shape.
        nodes: of each sample.

    Raises:
        ValueError, TypeError: what is not as said above.

    >>> round(order_floor(lambda x: x * x.sum()), 12) == round(1 / 45, 12)
    True
    """
    _, values, probability, X = _on_grid(target, 2, nodes)
    D, order = values @ [1, -1], X @ [1, -1]
    return float(min(np.sum(probability * D**2 * (s * D * order < 0)) for s in (1, -1)) / 4)


def monotone_distance(values: ArrayLike) -> float:
    r"""How far, in the largest difference, a sequence g is from the nearest monotone one.

    $$\frac12 \min\big(\max_{i \le j} (g_i - g_j),\ \max_{i \le j} (g_j - g_i)\big)$$

    A rising sequence within e of g has $g_i - e \le g_j + e$; the running maximum, less half the largest fall, is one.

    Args:
        values: (n,), at least one.

    Raises:
        ValueError, TypeError: other than finite real numbers of one axis.

    >>> monotone_distance([4.0, 1.0, 0.0, 1.0, 4.0])
    2.0
    """
    g = as_array("values", values, to_numpy=True).astype(float)
    if g.ndim != 1 or not g.size:
        raise ValueError(f"values: got shape {g.shape}, takes (n,) with at least one number")
    require_finite("values", g)
    half = g / 2  # no difference of halves overflows
    return float(min(np.max(np.maximum.accumulate(s * half) - s * half) for s in (1, -1)))


def _on_grid(
    target: Target, shape: int | Sequence[int], nodes: int
) -> tuple[tuple[int, ...], np.ndarray, np.ndarray, np.ndarray]:
    """The shape, a target's values at all signals of the grid, their probabilities, and the signals."""
    target = as_callable("target", target, "a function of one signal, with values of its shape")
    X, probability = product_grid(shape, nodes)
    values = np.stack([as_array("target", target(x), to_numpy=True).astype(float) for x in X])
    if values.shape != X.shape:
        raise ValueError(f"target: got values of shape {values.shape[1:]}, takes those of the signal, {X.shape[1:]}")
    require_finite("target", values)
    return X.shape[1:], values, probability, X

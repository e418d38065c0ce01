r"""Kernels of images that are gray but for a few dots, at any size: 10^6 x 10^6 pixels take as long as 10 x 10.

After $L$ circular convolutions of $q$ taps a position sees $r = L(q - 1) + 1$ pixels along each axis. Cut the dots of
an image into clusters so that no position sees two of them, and put a cluster $c$, at most $w$ pixels wide, on a torus
of $m = w + r - 1$ pixels an axis. Its positions are those that see the cluster in the large image, and perhaps some
that see gray; all others of the large image see gray. So the mean $\Phi$ of the features over all $d$ positions is

$$\Phi_d(x) = \Bigl(1 - \sum_c \tfrac Md\Bigr) \Phi_M(g) + \sum_c \tfrac Md\, \Phi_M(x_c), \qquad M = \prod m,$$

with $g$ all gray, exactly, and $K_d = W K_M W^\top$ for readout "average": $d^2 K_d$ is a polynomial in $d$. For
readout "flatten" the windows of all images are cut at the same places, and $d K_d$ is linear in $d$:

$$K_d(x, z) = \Bigl(1 - \sum_c \tfrac Md\Bigr) K_M(g_x, g_z) + \sum_c \tfrac Md K_M(x_c, z_c).$$
"""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from shiftmath._shared.arguments import as_choice
from shiftmath.kernels.arrays import finite_kernel
from shiftmath.kernels.convolutional import Convolutional
from shiftmath.kernels.dots.clusters import clusters, interval
from shiftmath.kernels.dots.images import Dots

__all__ = ["dots_gram", "mixture"]

Matrix = Float[np.ndarray, "n m"]
Images = Float[np.ndarray, "m *spatial channels"]


def dots_gram(kernel: Convolutional, images: Iterable[Dots], get: str = "ntk") -> Float[np.ndarray, "n n"]:
    r"""The Gram matrix (n, n) that `kernel` has on these images: `kernel(np.stack([x.array() for x in images]))`.

    Time and memory depend on the clusters of dots and on the depth, not on the size of the images; dots may lie
    anywhere, and each image may have its own gray. Dense layers are applied to the matrices after the readout. Each
    entry is a mean of entries of small matrices, so it is as accurate as these.

    Args:
        kernel: circular padding, readout "average" or "flatten".
        images: at least one, all of one shape and number of channels.
        get: "ntk", or "nngp" for that of the covariances.

    Raises:
        ValueError, TypeError: other kernels; no image, or images of different shapes; a filter larger than the image.

    The odd part of a kernel of two layers is $\frac{1}{d^2} \sum_i x_i \sum_j z_j$, twice; so at $10^{12}$ pixels

    >>> shape = (10**6, 10**6)
    >>> white, black = Dots(shape, {(3, 5): 1.0}), Dots(shape, {(3, 5): -1.0})
    >>> gram = dots_gram(Convolutional(depth=1), [white, black])
    >>> bool(abs((gram[0, 0] - gram[0, 1]) * 1e24 / 2 - 1) < 1e-14)
    True
    """
    as_choice("get", get, ("ntk", "nngp"))
    images = _checked(kernel, images)
    plain = replace(kernel, dense_layers=0, input_shape=None)
    K, N, D = np.zeros((3, len(images), len(images)))
    with np.errstate(over="ignore", invalid="ignore"):  # the result is looked at instead
        for share, W, patches in _terms(kernel, images):
            covariances = plain.unchecked([patches], "nngp")
            K += share * (W @ covariances @ W.T)
            N += share * (W @ plain.unchecked([patches], "ntk") @ W.T)
            D += share * _deficits(W, covariances) if kernel.dense_layers else 0
        if kernel.dense_layers:
            from shiftmath.kernels._numba.dense import dense_block

            K, T = dense_block(kernel.plan(images[0].shape), D, K, N - K, np.diag(K), np.diag(K))
            N = K + T
        gram = K if get == "nngp" else N
        largest = np.concatenate([np.append(x.values, x.gray) for x in images])
        return finite_kernel(["images"], [largest], (gram + gram.T) / 2)


def mixture(kernel: Convolutional, images: Iterable[Dots]) -> tuple[Matrix, Images]:
    r"""Weights W (n, m) and small images (m, *spatial, channels) with Gram matrix K_M such that $K_d = W K_M W^\top$.

    For readout "average" and a kernel without dense layers. A row is $M/d$ at each cluster of dots of an image and the
    rest, up to 1, at its gray (left out if black, where the kernel is 0). Where gray hides the dots, the difference
    $K_d(x, x) - K_d(x, z)$ is lost to rounding; $w_x K_M (w_x - w_z)^\top$ has its digits.

    >>> W, patches = mixture(Convolutional(depth=2), [Dots((100, 100), {(7, 0): 1.0}, gray=0.5)])
    >>> W.tolist(), patches.shape
    ([[0.9975, 0.0025]], (2, 5, 5, 1))
    """
    images = _checked(kernel, images)
    if kernel.readout != "average" or kernel.dense_layers:
        raise ValueError(f"kernel: got {kernel}, takes readout 'average' and no dense layers")
    return _mixture(kernel, images)


def _checked(kernel: Convolutional, images: Iterable[Dots]) -> list[Dots]:
    if not isinstance(kernel, Convolutional):
        raise TypeError(f"kernel: got {kernel!r}, takes a Convolutional")
    if kernel.padding != "circular" or kernel.readout not in ("average", "flatten"):
        raise ValueError(f"kernel: got {kernel}, takes circular padding and readout 'average' or 'flatten'")
    several = isinstance(images, Iterable) and getattr(images, "ndim", 1) > 0
    given, images = type(images).__name__, list(images) if several else []
    if not images or not all(isinstance(x, Dots) for x in images):
        kinds = ", ".join(sorted({type(x).__name__ for x in images})) or "nothing"
        raise TypeError(f"images: got a {given} of {kinds}, takes a list of one or more Dots")
    shapes = {(*x.shape, x.gray.size) for x in images}
    if len(shapes) > 1 or kernel.input_shape not in (None, images[0].shape, *shapes):
        takes = "images of one shape" if kernel.input_shape is None else f"images of shape {kernel.input_shape}"
        raise ValueError(f"images: got shapes {sorted(shapes)}, takes {takes} (*spatial, channels)")
    if (axes := len(images[0].shape)) != kernel.spatial_axes:
        raise ValueError(f"images: got {axes} spatial axes, takes {kernel.spatial_axes}: spatial_axes of the kernel")
    kernel.plan(images[0].shape)
    return images


def _seen(kernel: Convolutional, shape: tuple[int, ...]) -> np.ndarray:
    """How many pixels a position sees along each axis, L (q - 1) + 1."""
    return kernel.depth * (np.array(kernel.plan(shape).taps)[-len(shape) :] - 1) + 1


def _windows(kernel: Convolutional, images: list[Dots], groups: list[np.ndarray]) -> tuple[list, tuple[int, ...]]:
    """For each group of positions where its window starts; and the common size of all windows."""
    shape = images[0].shape
    boxes = [[interval(c, length) for c, length in zip(p.T, shape, strict=True)] for p in groups]
    widest = np.max([[width for _, width in box] for box in boxes] or [[1] * len(shape)], axis=0)
    size = tuple(np.minimum(shape, widest + _seen(kernel, shape) - 1).tolist())
    return [np.array([start for start, _ in box]) for box in boxes], size


def _mixture(kernel: Convolutional, images: list[Dots]) -> tuple[Matrix, Images]:
    shape, n = images[0].shape, len(images)
    parts = [(i, c) for i, x in enumerate(images) for c in clusters(x.positions, shape, _seen(kernel, shape))]
    starts, size = _windows(kernel, images, [images[i].positions[c] for i, c in parts])
    share = math.prod(size) / math.prod(shape)
    W = np.eye(n, n + len(parts))
    for column, (i, _) in enumerate(parts):
        W[i, i] -= share
        W[i, n + column] = share
    patches = [x.window(0, size, slice(0)) for x in images]
    patches += [images[i].window(start, size, c) for (i, c), start in zip(parts, starts, strict=True)]
    return _distinct(kernel, W, np.stack(patches))


def _distinct(kernel: Convolutional, W: Matrix, patches: Images) -> tuple[Matrix, Images]:
    """The same mixture with each patch once, without black ones where these have kernel 0."""
    rows, number = np.unique(patches.reshape(len(patches), -1), axis=0, return_inverse=True)
    W = W @ np.eye(len(rows))[number.ravel()]
    # For smooth activations the kernel of a black patch is 0 to 1e-17 only; at 10^12 pixels, most of them black, that
    # would be more than the kernel of the dots. One patch is left, for a kernel takes no fewer.
    black = ~rows.any(axis=1) & (kernel.bias_std == 0) & (np.arange(len(rows)) < len(rows) - 1)
    return W[:, ~black], rows[~black].reshape(-1, *patches.shape[1:])


def _terms(kernel: Convolutional, images: list[Dots]) -> list[tuple[float, Matrix, Images]]:
    r"""(s, W, patches) such that the Gram matrix before the dense layers is $\sum s\, W K(patches) W^\top$."""
    if kernel.readout == "average":
        return [(1.0, *_mixture(kernel, images))]
    shape, same = images[0].shape, np.eye(len(images))
    positions = np.concatenate([x.positions for x in images])
    owner = np.repeat(np.arange(len(images)), [len(x.positions) for x in images])
    number = np.concatenate([np.arange(len(x.positions)) for x in images])
    groups = clusters(positions, shape, _seen(kernel, shape))
    starts, size = _windows(kernel, images, [positions[g] for g in groups])
    share = math.prod(size) / math.prod(shape)
    terms = [(1 - share * len(groups), same, np.stack([x.window(0, size, slice(0)) for x in images]))]
    for g, start in zip(groups, starts, strict=True):
        cut = [x.window(start, size, number[g[owner[g] == i]]) for i, x in enumerate(images)]
        terms.append((share, same, np.stack(cut)))
    return [(s, *_distinct(kernel, W, patches)) for s, W, patches in terms]


def _deficits(W: Matrix, G: Matrix) -> Float[np.ndarray, "n n"]:
    """(w_i - w_j) G (w_i - w_j)^T, the variance of a difference, which the dense layers take instead of K."""
    V = W[:, None] - W
    return np.maximum(((V @ G) * V).sum(-1), 0)

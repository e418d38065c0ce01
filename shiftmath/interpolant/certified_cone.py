r"""A certificate for functions of the direction: fully connected networks, whose boundary is a cone.

For $f(z) = |z| \sum_i c_i \kappa(\theta_i)$ and |z - x| < r the direction of z lies within $\delta = \arcsin(r/|x|)$ of
that of x, and $\theta_i$ in an interval about the angle of x and $x_i$. With one number $\lambda_i$ for each line that
holds samples,

$$f(z)/|z| = \langle a, z/|z|\rangle + \sum_i \left(g_i(\theta_i) - \lambda_i \cos\theta_i\right), \qquad
a = \sum_i \lambda_i u_i,$$

where $u_i$ is the line's unit vector and $g_i(\theta) = c_i \kappa(\theta) + c_i' \kappa(\pi - \theta)$ its samples.
The linear part is least at the edge of the cap, $|a| \cos(\angle(a, x) + \delta)$; each remainder has a least value of
its own. All $\lambda_i = 0$ is exact for one line, the secants of $g_i$ in the cosine for many lines.

f lies above a level c where f(z)/|z| > c/|z|, and |z| between |x| - r and |x| + r.
"""

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from shiftmath.interpolant.directions import SLACK, angles, largest, lines, with_bias
from shiftmath.kernels import FullyConnected
from shiftmath.kernels.dual import homogeneous_weights

__all__ = ["angular", "cone_radius", "steepest"]

POINTS = 513  # on each interval of angles

Numbers = Float[np.ndarray, "n"]
Angles = Float[np.ndarray, "*n"]


def angular(kernel: FullyConnected, theta: Angles, size: int) -> Angles:
    r"""$\kappa(\theta) = k(z, x) / (|z||x|)$ for inputs of this size, of a kernel without bias: its value in the plane.

    >>> float(angular(FullyConnected(), np.array(0.0), size=4))
    0.5
    """
    circle = np.stack([np.cos(theta), np.sin(theta)], axis=-1).reshape(-1, 2)
    plain = replace(kernel, bias_std=0.0)
    return (2 / size * plain(np.array([[1.0, 0.0]]), circle)).reshape(np.shape(theta))


def steepest(kernel: FullyConnected, size: int) -> float:
    r"""A bound on $|\kappa'(\theta)|$, and on $|\kappa(\theta)|$.

    With the weights (a, b) of `kernels.dual.homogeneous_weights`, $\rho_l$ the cosine and $\theta_l$ the angle before
    activation l, $\Theta_{l+1} = \rho_{l+1} + \Theta_l (a - b + b \kappa_0(\rho_l))/a$ up to the factor
    $(\sigma_w^2 a)^L / D$, where $|\Theta_l| \le l$ and the factor of $\Theta_l$ is at most 1. Its derivative in
    $\theta_l$ is $b / (a \pi)$, and $|\theta_l'| \le 1$, because the features of a layer are a map of spheres with
    derivative of norm 1. So $|\Theta_{l+1}'| \le 1 + |\Theta_l'| + l b / (a \pi)$, from $\Theta_1 = \cos\theta$.
    """
    a, b = homogeneous_weights(kernel.activation, kernel.negative_slope)
    L = kernel.depth
    return (kernel.weight_std**2 * a) ** L / size * (1 + L + L * (L + 1) / 2 * b / (a * math.pi))


def cone_radius(
    kernel: FullyConnected, X: np.ndarray, coefficients: np.ndarray, x: np.ndarray, level: float = 0.0
) -> float:
    """The certified radius about x (d,) of f - level with samples X (n, d)."""
    size, X, x = x.size, with_bias(kernel, X), with_bias(kernel, x)
    length, (u, along, against) = float(np.linalg.norm(x)), lines(X, coefficients)
    if not length or not len(u):
        return 0.0
    theta, steep = angles(u, x / length), steepest(kernel, size) * (abs(along) + abs(against))
    value = on_lines(kernel, along, against, theta, size).sum()
    sign = np.sign(value - level / length)

    def holds(delta: float) -> bool:
        low, high = np.maximum(theta - delta, 0), np.minimum(theta + delta, np.pi)
        t = np.linspace(low, high, POINTS, axis=1)
        g = on_lines(kernel, along, against, t, size)
        secants = sign * (g[:, 0] - g[:, -1]) / (2 * np.sin((high + low) / 2) * np.sin((high - low) / 2))
        # The level over |z| where that is largest; 1 - sin(delta) = 2 sin^2, without cancellation.
        ends = length * np.array([2 * math.sin((math.pi / 2 - delta) / 2) ** 2, 1 + math.sin(delta)])
        with np.errstate(over="ignore"):  # an infinite one is not reached
            least_needed = float(np.max((sign * level + SLACK * abs(level)) / ends))
        lower = (least(u, x / length, t, sign * g, slopes, steep, delta) for slopes in (0 * secants, secants))
        return any(low > least_needed for low in lower)

    return length * math.sin(largest(holds, math.pi / 2))


def on_lines(
    kernel: FullyConnected,
    along: Numbers,
    against: Numbers,
    theta: Float[np.ndarray, "n *points"],
    size: int,
) -> Float[np.ndarray, "n *points"]:
    """g_i(theta) = c_i kappa(theta) + c_i' kappa(pi - theta) of each line, computed where a weight is not 0."""
    g = np.zeros(theta.shape)
    for weights, turned in ((along, theta), (against, np.pi - theta)):
        own = weights != 0
        if own.any():
            g[own] += (weights[own] * angular(kernel, turned[own], size).T).T
    return g


def least(
    u: Float[np.ndarray, "n d"],
    v: Float[np.ndarray, "d"],
    t: Float[np.ndarray, "n points"],
    g: Float[np.ndarray, "n points"],
    slopes: Numbers,
    steep: Numbers,
    delta: float,
) -> float:
    """A lower bound on the sum of the g_i over the cap about v, with these slopes as lambda."""
    a = slopes @ u
    length = float(np.linalg.norm(a))
    turned = min(math.pi, float(angles(a[None] / length, v)[0]) + delta) if length else 0.0
    # Between two points of a function with |g'| <= s its least value lies at most s times half their distance lower.
    gaps = (steep + abs(slopes)) * (t[:, 1] - t[:, 0]) / 2
    rest = (g - slopes[:, None] * np.cos(t)).min(axis=1) - gaps
    return length * math.cos(turned) + float(rest.sum() - SLACK * (steep + abs(slopes)).sum())

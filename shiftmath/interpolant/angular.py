r"""A fully connected network's kernel as a function of one angle, with three derivatives and its two parts.

Without bias $k(z, x) = |z|\,|x|\,K(\cos\theta)$, where K is a power series with non-negative coefficients: it is a
kernel on spheres of every dimension (Schoenberg 1942). So for $0 \le \rho \le 1$ the even part $K_e$, the odd part
$K_o$ and all their derivatives are non-negative and grow with $\rho$: intervals of angles need only their ends.
"""

import math

import numpy as np
from jaxtyping import Float

from shiftmath.kernels import FullyConnected
from shiftmath.kernels.dual import homogeneous_weights

__all__ = ["angular", "even_and_odd", "third", "third_of_one_layer"]

Angles = Float[np.ndarray, "*n"]
Jet = Float[np.ndarray, "4 *n"]  # a function and its first three derivatives


def angular(kernel: FullyConnected, theta: Angles, size: int) -> Jet:
    r"""K and its derivatives in $\rho = \cos\theta$, for inputs of this size, of a kernel without bias.

    With the weights (a, b) of `kernels.dual.homogeneous_weights`, $t = b / (a \pi)$ and
    $\varphi(\rho) = \rho + t\,(\sin\theta - \theta\cos\theta)$ the cosines are $\rho_{l+1} = \varphi(\rho_l)$,

    $$\Theta_{l+1} = \rho_{l+1} + \Theta_l\, \varphi'(\rho_l), \qquad K = (\sigma_w^2 a)^L\, \Theta_{L+1} / D,$$

    from $\Theta_1 = \rho_1 = \rho$. The derivatives are infinite, or NaN, at $\theta = 0$ and $\pi$.

    >>> angular(FullyConnected(), np.array([0.0, np.pi]), size=4)[0].round(12).tolist()
    [0.5, 0.0]
    """
    a, b = homogeneous_weights(kernel.activation, kernel.negative_slope)
    t = b / (a * math.pi)
    rho = np.stack([np.cos(theta), np.ones_like(theta), np.zeros_like(theta), np.zeros_like(theta)])
    Theta, L = rho, kernel.depth
    with np.errstate(all="ignore"):
        for _ in range(L):
            s, c = np.sin(theta), np.cos(theta)
            below, above = ends(theta, b / a)
            phi = (1 - below, 1 - t * theta, t / s, t * c / s**3, t * (1 + 2 * c**2) / s**5)
            Theta, rho = composed(phi[:4], rho) + product(Theta, composed(phi[1:], rho)), composed(phi[:4], rho)
            theta = 2 * np.arctan2(np.sqrt(below), np.sqrt(above))
    return (kernel.weight_std**2 * a) ** L / size * Theta


def ends(theta: Angles, share: float) -> tuple[Angles, Angles]:
    r"""$1 - \varphi$ and $1 + \varphi$ without cancellation where they are small: arccos would lose half of the digits.

    share is $b/a = t\pi$. Beyond $\pi/2$, with $\theta' = \pi - \theta$,
    $\varphi = (t\pi - 1)\cos\theta' + t\,(\sin\theta' - \theta'\cos\theta')$.
    """
    near = np.minimum(theta, np.pi - theta)
    gain = share / np.pi * (np.sin(near) - near * np.cos(near))
    half, obtuse = 2 * np.sin(near / 2) ** 2, theta > np.pi / 2
    below = np.where(obtuse, 2 - share + (share - 1) * half, half) - gain
    above = np.where(obtuse, share - (share - 1) * half, 2 - half) + gain
    return np.maximum(0, below), np.maximum(0, above)


def composed(f: tuple[Angles, ...], g: Jet) -> Jet:
    """The jet of f(g), from f and its derivatives at g."""
    third = f[3] * g[1] ** 3 + 3 * f[2] * g[1] * g[2] + f[1] * g[3]
    return np.stack([f[0], f[1] * g[1], f[2] * g[1] ** 2 + f[1] * g[2], third])


def product(f: Jet, g: Jet) -> Jet:
    """The jet of f g."""
    second = f[2] * g[0] + 2 * f[1] * g[1] + f[0] * g[2]
    third = f[3] * g[0] + 3 * (f[2] * g[1] + f[1] * g[2]) + f[0] * g[3]
    return np.stack([f[0] * g[0], f[1] * g[0] + f[0] * g[1], second, third])


def even_and_odd(kernel: FullyConnected, theta: Angles, size: int) -> tuple[Jet, Jet]:
    r"""The jets of $K_e$ and $K_o$ at $\cos\theta$.

    >>> even, odd = even_and_odd(FullyConnected(), np.array([0.0, np.pi]), size=4)
    >>> even[0].round(12).tolist(), odd[0].round(12).tolist()
    ([0.25, 0.25], [0.25, -0.25])
    """
    signs = np.array([1.0, -1.0, 1.0, -1.0]).reshape(4, *np.ones(theta.ndim, int))
    here, there = angular(kernel, theta, size), signs * angular(kernel, np.pi - theta, size)
    with np.errstate(invalid="ignore"):
        return (here + there) / 2, (here - there) / 2


def third(f: Jet, low: Angles, high: Angles) -> Angles:
    r"""A bound on how fast $|v| f(\cos\theta)$ changes its curvature while theta is in [low, high], f at cos(low).

    Where v moves at unit speed on the unit sphere along w, the second derivative of $|v| f(\langle u, v\rangle/|v|)$
    in the direction w is $\psi = f - \rho f' + f'' \langle u, w\rangle^2$, and
    $\dot\psi = f''' \langle u, w\rangle^3 - 3 \rho f'' \langle u, w\rangle$, where
    $|\langle u, w\rangle| \le \sin\theta$. f is a series with non-negative coefficients, even or odd, and
    $0 < \text{low} \le \pi/2$ the end with the larger $|\rho|$.
    """
    s = np.sin(np.minimum(high, np.pi / 2))
    return np.maximum(3 * np.cos(low) * abs(f[2]) * s, abs(f[3]) * s**3)


def third_of_one_layer(theta: Angles) -> Angles:
    r"""`third` of $e = (\sin\theta + (\pi - 2\theta)\cos\theta)/\pi$ itself, which falls up to $\theta = \pi/2$.

    With $s = \sin\theta$, $e'' = (1 + 2 s^2)/(\pi s^3)$ and $e''' = \rho\,(3 + 2 s^2)/(\pi s^5)$; of
    $3 \rho e'' w - e''' w^3$ on $0 \le w \le s$ the largest modulus is at $w^2 = \rho e''/e'''$, which is at most
    $s^2$: $2 \rho\,(1 + 2 s^2)^{3/2} / (\pi s^2 \sqrt{3 + 2 s^2})$. Its logarithmic derivative in $q = s^2$ without the
    factor $\rho$ is $3/(1 + 2q) - 1/(3 + 2q) - 1/q < (q - 1)/(q + 2 q^2) \le 0$.
    """
    q = np.sin(theta) ** 2
    return 2 * abs(np.cos(theta)) * (1 + 2 * q) ** 1.5 / (np.pi * q * np.sqrt(3 + 2 * q))

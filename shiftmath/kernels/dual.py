r"""Dual activations: the covariance of f(u), f(v) for centred Gaussian u, v.

For (u, v) ~ N(0, [[p, k], [k, q]]) and an activation f the dual maps are E[f(u) f(v)], the next NNGP covariance, and
E[f'(u) f'(v)], the factor of the tangent kernel. Functions take numbers, NumPy or JAX arrays, which broadcast, and keep
their floating dtype; values are not checked. They are the textbook formulas, which lose 1 - rho to rounding after some
layers; the engines use rewritten ones (see `_numba.maps`) and are tested on these.
"""

import math
from types import ModuleType
from typing import Any

import numpy as np

from shiftmath._shared.arguments import as_choice
from shiftmath.kernels.arrays import is_jax

HOMOGENEOUS = ("relu", "leaky_relu", "abs", "identity")
SMOOTH = ("erf", "gelu")
ACTIVATIONS = HOMOGENEOUS + SMOOTH
SMOOTHNESS = {"erf": 2, "gelu": 1}  # c: the duals of f depend on 1 + c q and on k through c k


def _namespace(*arrays: Any) -> Any:
    """jax.numpy if one of the arrays is a JAX array, else numpy."""
    if is_jax(*arrays):
        import jax.numpy as jnp

        return jnp
    return np


def root(xp: ModuleType, x: Any) -> Any:
    """sqrt(x) in the array namespace xp, with derivative 0 instead of infinity where x = 0; 0 where x < 0."""
    return xp.where(x > 0, xp.sqrt(xp.where(x > 0, x, 1)), 0)


def kappa0(rho: Any) -> Any:
    r"""Arc-cosine kernel of degree 0, \kappa_0(\rho) = (\pi - \arccos\rho) / \pi.

    Normalised by kappa0(1) = 1; kappa0 = 2 E[1(u > 0) 1(v > 0)] at unit variances. rho has any shape; outside [-1, 1],
    where only rounding puts it, the nearer end counts.

    Source: Cho and Saul (2009), the angular function J_0 over \pi.

    >>> float(kappa0(0.0)), float(kappa0(-1.0))
    (0.5, 0.0)
    """
    xp = _namespace(rho)
    return 1 - xp.arccos(xp.clip(rho, -1, 1)) / math.pi


def kappa1(rho: Any) -> Any:
    r"""Arc-cosine kernel of degree 1, \kappa_1(\rho) = (\sqrt{1 - \rho^2} + \rho (\pi - \arccos\rho)) / \pi.

    Normalised by kappa1(1) = 1; kappa1 = 2 E[relu(u) relu(v)] at unit variances, and its derivative is kappa0. rho as
    for kappa0.

    Source: Cho and Saul (2009), the angular function J_1 over \pi.

    >>> bool(abs(kappa1(0.0) * math.pi - 1) < 1e-15), float(kappa1(1.0)), float(kappa1(-1.0))
    (True, 1.0, 0.0)
    """
    xp = _namespace(rho)
    rho = xp.clip(rho, -1, 1)
    return root(xp, (1 - rho) * (1 + rho)) / math.pi + rho * kappa0(rho)


def kappa(rho: Any) -> Any:
    r"""The tangent kernel of one hidden ReLU layer between unit vectors with cosine rho.

    \kappa(\rho) = \rho\,\kappa_0(\rho) + \kappa_1(\rho) = (2\rho\,(\pi - \theta) + \sin\theta) / \pi with
    \theta = \arccos\rho.

    It is d times what `FullyConnected()` gives for vectors of d entries, for any norms |x|, |z| after division by
    them. Its odd part is \rho: \kappa(\rho) - \kappa(-\rho) = 2\rho. rho as for kappa0.

    Source: Bietti and Mairal (2019), "On the inductive bias of neural tangent kernels".

    >>> float(kappa(1.0)), float(kappa(-1.0)), round(float(kappa(0.3) - kappa(-0.3)), 15)
    (2.0, 0.0, 0.6)
    """
    return rho * kappa0(rho) + kappa1(rho)


def homogeneous_weights(activation: str, negative_slope: float = 0.01) -> tuple[float, float]:
    r"""Weights (a, b) of f(u) = max(u, 0) + s min(u, 0).

    They are such that with rho = k / \sqrt{pq}

    E[f f] = (a - b) k + b \sqrt{pq} \kappa_1(\rho),    E[f' f'] = (a - b) + b \kappa_0(\rho),
    a = (1 + s^2) / 2,  b = (1 - s)^2 / 2;  s = 0, negative_slope, -1, 1 for relu, leaky_relu, abs, identity.

    f is the even function |u| and the linear one u in proportion (1 - s) : (1 + s); a is the factor at rho = 1.

    Raises:
        ValueError, TypeError: an activation other than these four.

    >>> homogeneous_weights("relu"), homogeneous_weights("identity")
    ((0.5, 0.5), (1.0, 0.0))
    """
    as_choice("activation", activation, HOMOGENEOUS)
    slope = {"relu": 0.0, "leaky_relu": negative_slope, "abs": -1.0, "identity": 1.0}[activation]
    return (1 + slope**2) / 2, (1 - slope) ** 2 / 2


def homogeneous_dual(p: Any, q: Any, k: Any, a: float, b: float) -> tuple[Any, Any]:
    """Dual maps of a homogeneous activation with the weights (a, b) of homogeneous_weights; rho = 0 where p q = 0.

    Source: Cho and Saul (2009) for relu; the others by linearity, from |u| = 2 relu(u) - u.

    >>> nngp, slope = homogeneous_dual(1.0, 4.0, 0.0, 0.5, 0.5)
    >>> bool(abs(nngp - 1 / math.pi) < 1e-15), float(slope)
    (True, 0.25)
    """
    xp = _namespace(p, q, k)
    scale = root(xp, xp.asarray(p * q))
    rho = k / xp.where(scale > 0, scale, 1)
    return (a - b) * k + b * scale * kappa1(rho), (a - b) + b * kappa0(rho)


def erf_dual(p: Any, q: Any, k: Any) -> tuple[Any, Any]:
    r"""Dual maps of erf.

    E[f f] = (2/\pi) \arcsin(2k / \sqrt{(1+2p)(1+2q)}), and E[f' f'] is its derivative in k.

    Source: Williams (1997).

    >>> nngp, slope = erf_dual(0.5, 0.5, 0.5)
    >>> bool(abs(nngp - 1 / 3) < 1e-15), bool(abs(slope - 4 / math.pi / math.sqrt(3)) < 1e-15)
    (True, True)
    """
    xp = _namespace(p, q, k)
    deviation = xp.sqrt(1 + 2 * (p + q) + 4 * (p * q - k * k))
    return 2 / math.pi * xp.arctan2(2 * k, deviation), 4 / math.pi / deviation


def gelu_dual(p: Any, q: Any, k: Any) -> tuple[Any, Any]:
    r"""Dual maps of gelu, f(u) = u \Phi(u).

    With \Delta = (1+p)(1+q) - k^2 and

    e = 1/4 + \arcsin(k / \sqrt{(1+p)(1+q)}) / 2\pi,  \varphi = 1 / (2\pi\sqrt\Delta):
    E[f f] = k e + \varphi (pq\Delta + k^2) / ((1+p)(1+q)),
    E[f' f'] = e + k \varphi ((2+p+q) / ((1+p)(1+q)) + 1/\Delta).

    Source: Tsuchida et al. (2021).

    >>> nngp, slope = gelu_dual(1.0, 1.0, 0.0)
    >>> bool(abs(nngp - 1 / (4 * math.pi)) < 1e-15), float(slope)
    (True, 0.25)
    """
    xp = _namespace(p, q, k)
    scale = (1 + p) * (1 + q)
    delta = 1 + p + q + (p * q - k * k)
    density = 1 / (2 * math.pi * xp.sqrt(delta))
    e = 0.25 + xp.arctan2(k, xp.sqrt(delta)) / (2 * math.pi)
    return k * e + density * (p * q * delta + k * k) / scale, e + k * density * ((2 + p + q) / scale + 1 / delta)


def dual(activation: str, p: Any, q: Any, k: Any, negative_slope: float = 0.01) -> tuple[Any, Any]:
    """E[f(u) f(v)] and E[f'(u) f'(v)] of a named activation; negative_slope is that of leaky_relu.

    Raises:
        ValueError, TypeError: an activation other than relu, leaky_relu, abs, identity, erf and gelu.

    >>> nngp, slope = dual("relu", 2.0, 2.0, 2.0)
    >>> float(nngp), float(slope)
    (1.0, 0.5)
    """
    as_choice("activation", activation, ACTIVATIONS)
    if activation in HOMOGENEOUS:
        return homogeneous_dual(p, q, k, *homogeneous_weights(activation, negative_slope))
    return (erf_dual if activation == "erf" else gelu_dual)(p, q, k)


def smooth_variance(xp: ModuleType, activation: str, r: Any, a: Any) -> Any:
    r"""E[f(u)^2] for erf, E[f(u)^2] / q - 1/2 for gelu, u ~ N(0, q), without overflow at any q.

    a = 1 / \sqrt{1 + c q} and r = c q a^2 = 1 - a^2, with c = 2 for erf and 1 for gelu: r is the sine and
    R = a \sqrt{2 - a^2} the cosine of the angle in `erf_dual` and `gelu_dual`, where

        erf: (2/\pi) \arcsin r,    gelu: (2 r a^2 / R - \arccos r) / 2\pi.

    >>> bool(abs(smooth_variance(np, "erf", 0.5, 0.5**0.5) - erf_dual(0.5, 0.5, 0.5)[0]) < 1e-15)
    True
    """
    beside = xp.sqrt(2 - a * a)
    if activation == "erf":
        return 2 / math.pi * xp.arctan2(r, a * beside)
    return (2 * r * a / beside - xp.arctan2(a * beside, r)) / (2 * math.pi)


def variance(activation: str, q: Any, negative_slope: float = 0.01) -> Any:
    """E[f(u)^2] for u ~ N(0, q): the dual at p = q = k, for homogeneous activations a q; errors as for dual.

    >>> float(variance("relu", 3.0)), float(variance("abs", 3.0))
    (1.5, 3.0)
    """
    as_choice("activation", activation, ACTIVATIONS)
    if activation in HOMOGENEOUS:
        return homogeneous_weights(activation, negative_slope)[0] * q
    xp, c = _namespace(q), SMOOTHNESS[activation]
    value = smooth_variance(xp, activation, c * q / (1 + c * q), 1 / xp.sqrt(1 + c * q))
    return value if activation == "erf" else q / 2 + q * value

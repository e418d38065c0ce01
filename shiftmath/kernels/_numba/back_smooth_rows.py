"""Compiled gradients as in `back_dense`, for smooth activations: dense layers and back, in the state of `back_smooth`.

Covariances need no common units, but 1 - r loses digits where variances are large, for erf in each layer what the
others have left, and squares of tiny numbers underflow: `accurate` says where neither is so. Other points and samples
are left to JAX.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.back_smooth import erf_entries, erf_entries_back, gelu_entries, gelu_entries_back
from shiftmath.kernels._numba.blocks import ranges, seen
from shiftmath.kernels.dual import SMOOTHNESS, smooth_variance
from shiftmath.kernels.plan import ERF, Plan

ENTRIES = 2**18  # of the matrices that are held at once
LARGEST_LOSS, SMALLEST_ENTRY = 1e6, 1e-100  # errors of 1e6 eps; a product of three such squares is a number

Variances = Float[np.ndarray, "..."]
PerX = Float[np.ndarray, "n"]
PerZ = Float[np.ndarray, "m"]
Gram = Float[np.ndarray, "n m"]


def accurate(plan: Plan, X: Float[np.ndarray, "n _"], *variances: Variances) -> bool:
    """Whether all entries of rows, but for rows of 0, and variances in the layers are such that gradients are."""
    largest = np.abs(X).max(1)
    tiny = (largest > 0) & (largest < SMALLEST_ENTRY)
    losses = [1 + SMOOTHNESS[plan.activation] * p.max() for p in variances]
    return not tiny.any() and bool((np.prod if plan.smooth == ERF else np.max)(losses) <= LARGEST_LOSS)


def before(plan: Plan, p: Variances) -> Variances:
    """a of `back_smooth`."""
    return 1 / np.sqrt(1 + SMOOTHNESS[plan.activation] * p)


def after(plan: Plan, p: Variances) -> Variances:
    """The variance after the activation, E at k = p = q."""
    a = before(plan, p)
    q = smooth_variance(np, plan.activation, SMOOTHNESS[plan.activation] * p * a**2, a)
    return q if plan.smooth == ERF else p * (0.5 + q)


def entries(plan: Plan, k: Variances, tau: Variances, p: Variances, q: Variances) -> tuple[Variances, Variances]:
    """E and (k + tau) S; p and q broadcast."""
    whole, E, T = [np.broadcast_to(v, k.shape).ravel() for v in (p, q)], np.empty(k.size), np.empty(k.size)
    a, b = (before(plan, v) for v in whole)
    if plan.smooth == ERF:
        erf_entries(k.ravel(), tau.ravel(), a, b, E, T)
    else:
        gelu_entries(k.ravel(), tau.ravel(), a, whole[0], b, whole[1], E, T)
    return E.reshape(k.shape), T.reshape(k.shape)


def entries_back(
    plan: Plan, k: Variances, tau: Variances, p: Variances, q: Variances, by_E: Variances, by_T: Variances
) -> tuple[Variances, Variances, Variances]:
    """Derivatives by k, tau and p, from those by E and (k + tau) S; all in the shape of k."""
    p, q, by_E, by_T = (np.broadcast_to(v, k.shape).ravel() for v in (p, q, by_E, by_T))
    a, b, by = before(plan, p), before(plan, q), np.zeros((3, k.size))
    if plan.smooth == ERF:
        erf_entries_back(k.ravel(), tau.ravel(), a, b, by_E, by_T, *by)
    else:
        gelu_entries_back(k.ravel(), tau.ravel(), a, p, b, q, by_E, by_T, *by)
    by_k, by_tau, by_p = by.reshape(3, *k.shape)
    return by_k, by_tau, by_p


def slopes(plan: Plan, p: Variances) -> Variances:
    """Derivatives of `after`: S + 2 dE/dp."""
    by_k, _, by_p = entries_back(plan, p, np.zeros(p.shape), p, p, np.ones(1), np.zeros(1))
    return by_k + 2 * by_p


def dense_variances(plan: Plan, q: PerX) -> list[PerX]:
    """The variances before each activation of the dense layers, from those of the features."""
    rows = []
    for _ in range(plan.dense_layers):
        rows.append(plan.weight_std**2 * q + plan.bias_std**2)
        q = after(plan, rows[-1])
    return rows


def dense_back(
    plan: Plan, k: Gram, tau: Gram, P: list[PerX], Q: list[PerZ], weights: PerZ
) -> tuple[Gram, Gram, Gram, PerX]:
    """K + Theta after the dense layers; derivatives of its product with the weights by k, tau and q before them."""
    w, kept = plan.weight_std**2, []
    for p, q in zip(P, Q, strict=True):
        kept.append((w * k + plan.bias_std**2, w * tau, p[:, None], q[None]))
        k, tau = entries(plan, *kept[-1])
    by_E, by_T, carried = weights[None], weights[None], np.zeros(len(k))
    for (k_in, tau_in, p_in, q_in), p in zip(reversed(kept), reversed(P), strict=True):
        by_k, by_tau, by_p = entries_back(plan, k_in, tau_in, p_in, q_in, by_E, by_T)
        by_E, by_T, carried = w * by_k, w * by_tau, w * (by_p.sum(1) + slopes(plan, p) * carried)
    return k + tau, by_E, by_T, carried


def fully_connected(
    plan: Plan, X: Float[np.ndarray, "n d"], Z: Float[np.ndarray, "m d"], weights: PerZ
) -> tuple[PerX, Float[np.ndarray, "n d"]] | None:
    """Values and gradients at some points; None where they are not accurate."""
    P, Q = (dense_variances(plan, (A**2).mean(1)) for A in (X, Z))
    if not (accurate(plan, X, *P) and accurate(plan, Z, *Q)):
        return None
    k = X @ Z.T / X.shape[1]
    values, by_k, _, by_q = dense_back(plan, k, np.zeros(k.shape), P, Q, weights)
    return values @ weights, (by_k @ Z + 2 * by_q[:, None] * X) / X.shape[1]


def in_parts(
    accurate_ones: Callable[..., Any], kernel: Callable[..., Any], plan: Plan, X: Any, Z: Any, weights: PerZ, most: Any
) -> tuple[PerX, Any]:
    """Values and gradients in float64, of so many points and samples at once; by JAX where the first gives None."""
    X, Z = X.astype(float, copy=False), Z.astype(float, copy=False)
    if plan.bias_std == 0:
        Z, weights = seen(Z, weights)
    values, gradients = np.zeros(len(X)), np.zeros(X.shape)
    for some, z in ((some, z) for some in ranges(len(X), most[0]) for z in ranges(len(Z), most[1])):
        few = plan, X[some], Z[z], weights[z]
        f, g = accurate_ones(*few) or by_jax(kernel, *few[1:])
        values[some] += f
        gradients[some] += g
    return values, gradients


def by_jax(kernel: Callable[..., Any], X: Any, Z: Any, weights: PerZ) -> tuple[PerX, Any]:
    """Values and gradients, through JAX; the kernel takes its arrays."""
    import jax
    import jax.numpy as jnp

    from shiftmath._shared.precision import float64

    with float64():
        few, samples = jnp.asarray(weights), jnp.asarray(Z)
        values, back = jax.vjp(lambda x: kernel(x, samples) @ few, jnp.asarray(X))
        return np.asarray(values), np.asarray(back(jnp.ones(len(X)))[0])


def smooth_gradient(
    kernel: Callable[..., Any], plan: Plan, X: Float[np.ndarray, "n d"], Z: Float[np.ndarray, "m d"], weights: PerZ
) -> tuple[PerX, Float[np.ndarray, "n d"]]:
    """Values and gradients of f at points X (n, d) for samples Z (m, d), in float64; the kernel takes JAX arrays."""
    return in_parts(fully_connected, kernel, plan, X, Z, weights, (max(1, ENTRIES // len(Z)), len(Z)))

"""Compiled gradients as in `back_images`, of convolutional kernels with a smooth activation and no dense layers.

Covariances need no common units, but 1 - r (see `back_smooth`) loses digits where variances are large, and squares of
tiny pixels underflow: points and samples of such sizes are left to JAX.
"""

import numpy as np
from jaxtyping import Float

from shiftmath.kernels._numba.back_images import POINTS, SAMPLES, Images, Samples, Table, Walk
from shiftmath.kernels._numba.back_smooth import erf_entries_back, gelu_entries_back
from shiftmath.kernels._numba.blocks import ranges
from shiftmath.kernels.dual import SMOOTHNESS, smooth_variance
from shiftmath.kernels.plan import ERF, Plan

LARGEST_VARIANCE, SMALLEST_PIXEL = 1e6, 1e-100  # 1e6 eps of errors; a product of three such squares is a number


def filtered(plan: Plan, v: Float[np.ndarray, "n H W"]) -> Float[np.ndarray, "n H W"]:
    """The circular box sum over the last two axes."""
    for axis, q in zip((-2, -1), plan.taps, strict=True):
        v = sum(np.roll(v, (q - 1) // 2 - a, axis) for a in range(q))
    return v


def factors(plan: Plan, channels: int) -> Float[np.ndarray, "layers"]:
    """What the box sums of products of pixels, and of covariances after each activation, are multiplied by."""
    w = plan.weight_std**2 / plan.fan
    return np.r_[w / channels, np.full(plan.depth - 1, w)]


def table(plan: Plan, images: Images) -> Table:
    """Images as `back_smooth` has them."""
    n, C, (H, W), L = len(images), images.shape[1], plan.torus, plan.depth
    whole = np.zeros((C + 1 + 2 * L, n, H, W))
    whole[:C, :, : plan.size[0], : plan.size[1]] = images.swapaxes(0, 1)
    whole[C, :, : plan.size[0], : plan.size[1]] = 1
    q, c = (whole[:C] ** 2).sum(0), SMOOTHNESS[plan.activation]
    for l, factor in enumerate(factors(plan, C)):
        p = (factor * filtered(plan, q) + plan.bias_std**2) * whole[C]
        a = 1 / np.sqrt(1 + c * p)
        whole[C + 1 + l], whole[C + 1 + L + l] = a, p
        q = smooth_variance(np, plan.activation, c * p * a**2, a)
        q = q if plan.smooth == ERF else p * (0.5 + q)
    return whole.reshape(len(whole), -1)


class SmoothWalk(Walk):
    """`Walk` without units: its sums are those of E and of (k + tau) S, its derivatives by x those by variances."""

    def __init__(self, plan: Plan, X: Images, Z: Samples) -> None:
        self.plan, self.channels, self.factors = plan, X.shape[1], factors(plan, X.shape[1])
        self.X, self.Z = table(plan, X), table(plan, Z)
        self.biases = np.full((len(Z), 2), plan.bias_std**2)
        flags, shape = (plan.smooth, False, plan.padding == "zero"), (*plan.torus, *plan.taps)
        numbers = (self.factors[0], float(plan.weight_std**2 / plan.fan))
        self.network = flags, (self.channels, plan.depth), shape, numbers, plan.convolution_weights

    @property
    def accurate(self) -> bool:
        """Whether all sizes are such that it is."""
        for images in (self.X, self.Z):
            largest = np.abs(images[: self.channels].reshape(self.channels, -1, np.prod(self.plan.torus))).max((0, 2))
            if ((largest > 0) & (largest < SMALLEST_PIXEL)).any():
                return False
            if not images[self.channels + 1 + self.plan.depth :].max() <= LARGEST_VARIANCE:
                return False
        return True

    def slopes(self) -> Float[np.ndarray, "layers N"]:
        """Derivatives of the variance after each activation, E at k = p = q, by the one before: S + 2 dE/dp."""
        L = self.plan.depth
        p, a = self.X[-L:].ravel(), self.X[-2 * L : -L].ravel()
        by_k, by_tau, by_p, zero, one = (np.zeros(p.size) for _ in range(5))
        one += 1
        if self.plan.smooth == ERF:
            erf_entries_back(p, zero, a, a, one, zero, by_k, by_tau, by_p)
        else:
            gelu_entries_back(p, zero, a, p, a, p, one, zero, by_k, by_tau, by_p)
        return (by_k + 2 * by_p).reshape(L, -1)

    def to_pixels(self, by_x: Float[np.ndarray, "layers N"], by_pixels: Float[np.ndarray, "C N"]) -> Images:
        """Derivatives by the pixels of X: those by the variances are taken back through the layers of X alone."""
        return self.from_variances(by_x, self.slopes(), by_pixels)


def by_jax(plan: Plan, X: Images, Z: Samples, weights: Float[np.ndarray, "m"]) -> tuple[np.ndarray, Images]:
    """Values and gradients, through JAX."""
    import jax
    import jax.numpy as jnp

    from shiftmath._shared.precision import float64
    from shiftmath.kernels._jax.convolutional import convolutional

    with float64():
        few, samples = jnp.asarray(weights), jnp.asarray(Z)
        values, back = jax.vjp(lambda x: convolutional(plan, x, samples, "ntk") @ few, jnp.asarray(X))
        return np.asarray(values), np.asarray(back(jnp.ones(len(X)))[0])


def smooth_gradient(
    plan: Plan, X: Images, Z: Samples, weights: Float[np.ndarray, "m"]
) -> tuple[Float[np.ndarray, "n"], Images]:
    """Values and gradients of f at points X (n, C, H, W) for samples Z (m, C, H, W), in float64."""
    X, Z = X.astype(float, copy=False), Z.astype(float, copy=False)
    values, gradients = np.zeros(len(X)), np.zeros(X.shape)
    for some, z in ((some, z) for some in ranges(len(X), POINTS) for z in ranges(len(Z), SAMPLES)):
        walk = SmoothWalk(plan, X[some], Z[z])
        if walk.accurate:
            seeds = np.repeat(weights[z], 2 * len(X[some])).reshape(-1, 2, len(X[some]))
            (E, T), *by = walk.pairs(seeds)
            f, g = (E + T) @ weights[z], walk.to_pixels(*by)
        else:
            f, g = by_jax(plan, X[some], Z[z], weights[z])
        values[some] += f
        gradients[some] += g
    return values, gradients

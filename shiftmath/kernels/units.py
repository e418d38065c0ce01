r"""Units: powers of two in which the pre-activations of an image are held, so that images of any size can be compared.

The engines carry the deficit p + q - 2 K of two pre-activations with variances p, q. It keeps K to rounding of the
larger variance only: for sizes in the ratio R to R eps of sqrt(p q). So each image is held in units 2^e of its own
size, (p / 4^e, K / 2^(e + f), q / 4^f), and the deficit of these is carried. A network with bias b is homogeneous in
features and bias together: in units, the bias of an image is b 2^-e, and that of a pair adds (b 2^-e - b 2^-f)^2 to the
deficit. Smooth activations take the pre-activations as they are and leave the result in the units of the next layer.

Homogeneous kernels without bias need no bias in units: there an image is divided by its largest pixel's power of two.
"""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

from shiftmath.kernels.dual import SMOOTHNESS, homogeneous_weights, smooth_variance
from shiftmath.kernels.plan import Plan

__all__ = ["TOGETHER", "layer_exponents", "lift", "of_a_pair"]

TOGETHER = 4  # in units of its own an image is compared only with images that differ by more than 2^TOGETHER

Ldexp = Callable[[Any, Any], Any]


def of_a_pair(xp: ModuleType, e: Any, f: Any) -> tuple[Any, Any]:
    """The exponents in which a pair is held: each its own, or the larger for both where they differ by few.

    Nearly equal images thus have one unit: their deficit is small, and a difference of two units would not be.

    >>> import numpy as np
    >>> of_a_pair(np, np.array([0, 0]), np.array([4, 6]))
    (array([4, 0]), array([4, 6]))
    """
    near = abs(e - f) <= TOGETHER
    return xp.where(near, xp.maximum(e, f), e), xp.where(near, xp.maximum(e, f), f)


def layer_exponents(plan: Plan, xp: ModuleType, ldexp: Ldexp, v: Any, e: Any, layers: int) -> Any:
    r"""Exponents (n, layers + 1) of the sizes before each activation, and after the last one.

    v 4^e (n,) is the mean square of the features times weight_std^2 before the first bias. Exponents are even. Of
    activations that leave large numbers large all layers have one: that of the last, after which a small weight_std may
    have left only the bias. Size 0 has exponent 0.
    """
    rows, info = [], xp.finfo(v.dtype)
    black = (v == 0) & (plan.bias_std == 0)
    for _ in range(layers):
        v, e = _normalised(xp, ldexp, *_with_bias(plan, xp, ldexp, v, e))
        rows.append(e)
        v, e = _after(plan, xp, ldexp, v, e)
    if plan.activation == "erf":
        rows.append(_normalised(xp, ldexp, v / plan.weight_std**2, e)[1])
    else:
        most = 2 * info.maxexp // 5
        rows = [xp.clip(rows[-1], rows[0] - most, rows[0] + most)] * (layers + 1)
    exponents = 2 * (xp.stack(rows, 1) // 2)
    if plan.smooth:
        exponents = xp.maximum(exponents, 9 * info.minexp // 20)
    return xp.where(black[:, None], 0, exponents)


def lift(plan: Plan, xp: ModuleType, e: Any, dtype: Any) -> Any:
    """Exponents by which images of size 2^e are multiplied beforehand: 0, but for tiny ones under a smooth activation.

    To rounding that is linear in them, and so is the kernel; their squares would underflow.
    """
    least = 3 * xp.finfo(dtype).minexp // 10
    return xp.maximum(least - e, 0) if plan.smooth and plan.bias_std == 0 else 0 * e


def _normalised(xp: ModuleType, ldexp: Ldexp, v: Any, e: Any) -> tuple[Any, Any]:
    """The same size v 4^e with v from 1/2 to 2, so that sqrt(v) is about 1."""
    k = xp.frexp(v)[1] // 2
    return ldexp(v, -2 * k), e + k


def _with_bias(plan: Plan, xp: ModuleType, ldexp: Ldexp, v: Any, e: Any) -> tuple[Any, Any]:
    """v 4^e + bias_std^2."""
    if plan.bias_std == 0:
        return v, e
    mantissa, exponent = math.frexp(plan.bias_std)
    top = xp.maximum(e, exponent)
    return ldexp(v, 2 * (e - top)) + ldexp(xp.full_like(v, mantissa), exponent - top) ** 2, top


def _after(plan: Plan, xp: ModuleType, ldexp: Ldexp, v: Any, e: Any) -> tuple[Any, Any]:
    """weight_std^2 times the variance of the features, after pre-activations of variance v 4^e."""
    if not plan.smooth:
        return v * (plan.weight_std**2 * homogeneous_weights(plan.activation, plan.negative_slope)[0]), e
    # Beyond these sizes erf is 1 or linear, gelu linear; and no square overflows.
    level = xp.clip(e, *(sign * 9 * xp.finfo(v.dtype).maxexp // 20 for sign in (-1, 1)))
    c, one = SMOOTHNESS[plan.activation], ldexp(xp.ones_like(v), -level)
    a = one / xp.sqrt(one**2 + c * v)
    f = smooth_variance(xp, plan.activation, c * v * (a / one) ** 2, a)
    w = plan.weight_std**2
    return (w * f, 0 * e) if plan.activation == "erf" else (w * v * (0.5 + f), e)

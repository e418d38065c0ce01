r"""The functions whose zeros are decision boundaries.

The boundary of one output f is f = c at a level c, that of several the points where the largest changes: about x, where
f_j is largest, the nearest zero of any $f_j - f_k$. All are expansions in the kernel at the samples.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath._shared.scaling import exponent, times_power_of_two, times_powers_of_two
from shiftmath.interpolant.directions import SLACK

__all__ = ["Expansion", "boundaries"]

Signal = Float[np.ndarray, "*spatial"]
Points = Float[np.ndarray, "m *spatial"]


@dataclass(frozen=True, eq=False)
class Expansion:
    r"""$h(z) = \sum_i \alpha_i\, k(z, x_i) - c$ with samples X, coefficients alpha and level c.

    `y` are the labels of f = h + c at the samples, which h itself need not take.
    """

    kernel: Any
    X: Float[np.ndarray, "n *spatial"]
    y: Float[np.ndarray, "n"]
    coefficients: Float[np.ndarray, "n"]
    level: float = 0.0

    def __call__(self, Z: Points) -> Float[np.ndarray, "m"]:
        """The values h(Z)."""
        return np.asarray(self.kernel(Z, self.X)) @ self.coefficients - self.level

    def values_and_gradients(self, Z: Points, fill: int = 8) -> tuple[Float[np.ndarray, "m"], Points]:
        """The values h(Z) and the gradients there; at a kink of the kernel, its symmetric subgradient."""
        from shiftmath.interpolant.gradients import values_and_gradients

        values, gradients = values_and_gradients(self.kernel, Z, self.X, self.coefficients, fill)
        return values - self.level, gradients

    def vanishes_at(self, x: Signal) -> bool:
        """Whether h(x) = 0 to rounding: within `SLACK` times the moduli of its terms."""
        terms = np.asarray(self.kernel(x[None], self.X))[0] * self.coefficients
        return bool(abs(terms.sum() - self.level) <= SLACK * (abs(terms).sum() + abs(self.level)))


def boundaries(f: Any, x: Signal, level: float) -> list[Expansion]:
    """The functions of an `Interpolant` f whose nearest zero is where the class of x changes."""
    # All are divided by a power of two, which moves no zero, so that no product of two values overflows or is lost.
    e = exponent(f.y)
    y, coefficients = (times_powers_of_two(a.reshape(len(f.X), -1), np.array(-e)) for a in (f.y, f.coefficients))
    if y.shape[1] > 1:
        top = int(f(x[None])[0].argmax())
        y, coefficients = (np.delete(a[:, [top]] - a, top, axis=1) for a in (y, coefficients))
    # h = 0 everywhere if G y = 0: of equal outputs, or, with a ridge and to rounding, of labels that conflict.
    rounding = SLACK * len(y) * np.linalg.norm(f.gram) * np.linalg.norm(y, axis=0) if f.ridge else 0
    coefficients = coefficients * (np.linalg.norm(f.gram @ y, axis=0) > rounding)
    further = max(0, exponent(np.array(level)) - e) if level else 0
    y, coefficients = (times_powers_of_two(a, np.array(-further)) for a in (y, coefficients))
    level = times_power_of_two(level, -e - further)
    return [Expansion(f.kernel, f.X, *pair, level) for pair in zip(y.T, coefficients.T, strict=True)]

"""The minimum-norm predictor of a kernel, and how far a point is from its decision boundary.

predictor     `Interpolant`: coefficients, values, gradient, norm (indistinguishable: what no function takes)
opposites     the pair x, -x of Theorem 2, and how much of a predictor is not linear
distance      `Distance`: in closed form, or certified below and found above
expansion     the functions whose zeros are the boundaries
closed_form   the boundaries that are known to be hyperplanes
certified     radii in which the sign is proved not to change (certified_cone, certified_curvature, angular,
              certified_patches, budget, patch_bounds, remainders, even_part, patch_curvature, directions)
search        the nearest crossing that is found (bracket: onto the boundary along a step)
gradients     values and gradients: those that the kernel knows, else by JAX
callback      `Interpolant.compiled`: the compiled engine as a function of JAX
"""

from shiftmath.interpolant.certified import certified_radius
from shiftmath.interpolant.closed_form import boundary_normal
from shiftmath.interpolant.distance import Distance
from shiftmath.interpolant.indistinguishable import Indistinguishable
from shiftmath.interpolant.opposites import linear_misfit, opposite_pair
from shiftmath.interpolant.predictor import Interpolant

__all__ = [
    "Distance",
    "Indistinguishable",
    "Interpolant",
    "boundary_normal",
    "certified_radius",
    "linear_misfit",
    "opposite_pair",
]

"""Data sets with a known answer: the two-class construction of one dot on gray."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from shiftmath._validation import as_number, as_shape

__all__ = ["dot_on_gray"]


def dot_on_gray(
    shape: int | Sequence[int], gray: float = 0.0, contrast: float = 1.0
) -> tuple[Float[np.ndarray, "*spatial"], Float[np.ndarray, "*spatial"]]:
    r"""One white and one black dot, $g \pm c\,e_m$: gray level $g$, contrast $c$, $e_m$ the middle sample.

    The middle has index `length // 2` along each axis. Source: Ge et al. (2021), Corollary 1 and Figure 1, with
    $g = 0$, $c = 1$: the two are $2c$ apart, their DC components $2c/\sqrt d$.

    Args:
        shape: the lengths of the spatial axes; an integer is a signal of one axis.
        gray: the value of all other samples.
        contrast: how far the dot is from gray; not 0.

    Returns:
        white, black: two float64 arrays of that shape.

    Raises:
        ValueError, TypeError: a length below 1, a contrast of 0, NaN or infinity, something that is no number.

    >>> white, black = dot_on_gray(3)
    >>> white, black
    (array([0., 1., 0.]), array([ 0., -1.,  0.]))
    >>> dot_on_gray((1, 2), gray=0.5, contrast=0.25)[1]
    array([[0.5 , 0.25]])
    """
    shape = as_shape("shape", shape)
    dot = np.zeros(shape)
    dot[tuple(length // 2 for length in shape)] = as_number("contrast", contrast, nonzero=True)
    gray = as_number("gray", gray)
    return gray + dot, gray - dot

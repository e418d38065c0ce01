"""Images that are gray but for a few dots, at any size.

images    `Dots`: such an image, of which only the dots are stored
gram      `dots_gram`: the Gram matrix of a kernel on them; `mixture`: what it is made of
clusters  positions on a torus in clusters that no pixel sees two of
"""

from shiftmath.kernels.dots.gram import dots_gram, mixture
from shiftmath.kernels.dots.images import Dots

__all__ = ["Dots", "dots_gram", "mixture"]

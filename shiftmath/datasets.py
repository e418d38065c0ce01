"""Real images for the notebooks, with their labels."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

__all__ = ["Images", "digits"]


@dataclass(frozen=True, eq=False)
class Images:
    """Images (n, height, width) with values in [0, 1], their labels, and a name that says where they come from."""

    images: Float[np.ndarray, "n height width"]
    labels: Int[np.ndarray, "n"]
    name: str

    def of_class(self, label: int) -> Float[np.ndarray, "m height width"]:
        """The images of one class.

        Raises:
            ValueError: no image has this label.
        """
        if label not in self.labels:
            raise ValueError(f"label: got {label!r}, takes one of {np.unique(self.labels).tolist()}")
        return self.images[self.labels == label]


def digits() -> Images:
    """The 1797 handwritten digits, 8 x 8 pixels of 17 gray levels, that scikit-learn carries (no download).

    Values are whole multiples of 1/16: their sums are exact in float64.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository
    (1998), the test part; CC BY 4.0.

    >>> data = digits()
    >>> data.images.shape, len(data.of_class(3))
    ((1797, 8, 8), 183)
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return Images(bunch.images / 16.0, bunch.target.astype(int), "UCI handwritten digits, 8 x 8")

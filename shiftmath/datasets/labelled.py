"""Images with their labels, and subsets of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from shiftmath._shared.arguments import as_count
from shiftmath._shared.values import show

__all__ = ["Images", "first", "listed", "require_limit"]

Labels = Int[np.ndarray, "n"]
Batch = Float[np.ndarray, "n height width *channels"]


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Images with values in [0, 1], their labels, and a name that says where they come from.

    Attributes:
        images: (n, height, width), or (n, height, width, channels) in color; float64.
        labels: (n,), integers.
        name: for the reader of a figure.
        classes: the names of labels 0, 1, ...; empty if the labels are the names.
        skipped: the files that lay beside the images and were left out.
    """

    images: Batch
    labels: Labels
    name: str
    classes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def of_class(self, label: int) -> Float[np.ndarray, "m height width *channels"]:
        """The images of one class.

        Raises:
            ValueError, TypeError: no image has this label, or it is no whole number.
        """
        takes = f"one of {show(np.unique(self.labels).tolist())}"
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)):
            raise TypeError(f"label: got {show(label)}, takes {takes}")
        if label not in self.labels:
            raise ValueError(f"label: got {show(label)}, takes {takes}")
        return self.images[self.labels == label]

    def take(self, per_class: int, seed: int) -> "Images":
        """A random subset with `per_class` images of each class, in their order here.

        With the same seed a smaller subset is part of a larger one.

        Raises:
            ValueError, TypeError: `per_class` is no positive whole number, or a class has fewer images; a seed that is
                no whole number from 0 on.

        >>> from shiftmath.datasets import digits
        >>> digits().take(5, seed=0)
        Images('UCI handwritten digits, 8 x 8', 50 images of 8 x 8 in 10 classes)
        """
        smallest = np.unique(self.labels, return_counts=True)[1].min()
        if as_count("per_class", per_class) > smallest:
            raise ValueError(f"per_class: got {per_class}, takes at most {smallest}, the size of the smallest class")
        order = np.random.default_rng(as_count("seed", seed, 0)).permutation(len(self.labels))
        chosen = np.sort(order[first(self.labels[order], per_class)])
        return replace(self, images=self.images[chosen], labels=self.labels[chosen])

    def __repr__(self) -> str:
        size, count = " x ".join(map(str, self.images.shape[1:])), len(self.classes or np.unique(self.labels))
        left_out = f"; left out: {listed(self.skipped)}" if self.skipped else ""
        return f"Images({self.name!r}, {len(self.images)} images of {size} in {count} classes{left_out})"


def listed(names: Sequence[str], most: int = 3) -> str:
    """How many files, with the names of the first few.

    >>> listed(["a/b.txt"]), listed(["a", "b", "c", "d"])
    ('1 file, a/b.txt', '4 files, a, b, c, ...')
    """
    words = [f"{len(names)} file{'s' * (len(names) > 1)}", *names[:most], *["..."] * (len(names) > most)]
    return ", ".join(words)


def require_limit(limit: int | None) -> None:
    """An error unless `limit` is None or a positive whole number."""
    if limit is not None:
        as_count("limit", limit)


def first(labels: np.ndarray, limit: int | None) -> np.ndarray:
    """The positions of the first `limit` entries of each label, in order; all if it is None."""
    if limit is None:
        return np.arange(len(labels))
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:limit] for label in np.unique(labels)]))

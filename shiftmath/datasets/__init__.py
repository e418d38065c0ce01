"""Data: images with their labels, and two classes with a known answer.

images         digits, MNIST, CIFAR-10, a folder of your own
labelled       `Images`: images with their labels
folders        which files are images of which class, in a folder or an archive
archives       tar and zip
formats        how files are read
files          where they are found, and fetched from
constructions  the dot on gray, orthogonal vectors, orthogonal frequencies
"""

from shiftmath.datasets.constructions import dot_on_gray, orthogonal_frequencies, orthogonal_vectors
from shiftmath.datasets.images import cifar10, digits, image_folder, mnist, read_idx
from shiftmath.datasets.labelled import Images

__all__ = [
    "Images",
    "cifar10",
    "digits",
    "dot_on_gray",
    "image_folder",
    "mnist",
    "orthogonal_frequencies",
    "orthogonal_vectors",
    "read_idx",
]

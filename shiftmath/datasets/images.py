"""Real images for the notebooks, with their labels.

Files are looked for in the `folder` given, else in the folder that the environment variable `SHIFTMATH_DATA` names,
else they are downloaded once into the user's cache folder. What is downloaded, and every official file, has to match
its checksum.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from shiftmath._shared.arguments import as_bool, as_choice, as_shape, as_text
from shiftmath._shared.values import show
from shiftmath.datasets.archives import read_members
from shiftmath.datasets.files import as_path, download, find, require_checksum
from shiftmath.datasets.folders import class_folders
from shiftmath.datasets.formats import Bytes, cifar_records, decode, read_idx
from shiftmath.datasets.labelled import Images, first, require_limit

__all__ = ["Images", "cifar10", "digits", "image_folder", "mnist", "read_idx"]

Folder = str | os.PathLike[str]

MNIST_ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"
# Name; sha256 of the published .gz; md5 of the content, which any other gzip wrapping keeps.
MNIST = {
    "train": (
        (
            "train-images-idx3-ubyte",
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "6bbc9ace898e44ae57da46a324031adb",
        ),
        (
            "train-labels-idx1-ubyte",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "a25bea736e30d166cdddb491f175f624",
        ),
    ),
    "test": (
        (
            "t10k-images-idx3-ubyte",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "2646ac647ad5339dbf082846283269ea",
        ),
        (
            "t10k-labels-idx1-ubyte",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
}
CIFAR10_ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR10_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
CIFAR10_PARTS = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def _images(pixels: Bytes, labels: np.ndarray, name: str, classes: tuple[str, ...], limit: int | None) -> Images:
    """Bytes as values in [0, 1]: only what is kept is converted to float64."""
    kept = first(labels, limit)
    return Images(pixels[kept] / 255.0, labels[kept].astype(int), name, classes)


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


def mnist(split: str = "train", folder: Folder | None = None, limit: int | None = None) -> Images:
    """MNIST: 60,000 handwritten digits to train and 10,000 to test, 28 x 28, white on black.

    All training images take 0.4 GB. Their files are train-images-idx3-ubyte and three more, gzipped or not, in
    `folder`, or in the folder `SHIFTMATH_DATA` or its subfolder mnist, or else the download.

    Args:
        split: "train" or "test".
        folder: where the files lie.
        limit: how many of each class are kept, the first ones; None keeps all.

    Raises:
        FileNotFoundError: no files and no download, with what to do by hand.
        ValueError: a file of another checksum than the published one; another split; a limit below 1.

    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition,
    Proceedings of the IEEE 86 (1998).
    """
    as_choice("split", split, ("train", "test"))
    require_limit(limit)
    pixels, labels = (_mnist_array(*file, folder) for file in MNIST[split])
    return _images(pixels, labels, f"MNIST, {split}", (), limit)


def _mnist_array(name: str, sha256: str, md5: str, folder: Folder | None) -> Bytes:
    files = [f"{name}.gz" for pair in MNIST.values() for name, _, _ in pair]
    path = find((name, f"{name}.gz"), folder, "mnist")
    return read_idx(path or download(f"{MNIST_ADDRESS}{name}.gz", sha256, files), md5)


def cifar10(split: str = "train", folder: Folder | None = None, limit: int | None = None) -> Images:
    """CIFAR-10: 50,000 color images of ten classes to train and 10,000 to test, 32 x 32 x 3.

    All training images take 1.2 GB. They come from the official cifar-10-binary.tar.gz, or from a JPEG re-encoding,
    which is lossy and says so in its name: the image folder cifar10-jpeg (split/CLASS/NAME.jpg) or the same as
    cifar10-jpeg.tar.xz. The first of these in `folder`, or in the folder `SHIFTMATH_DATA` or its subfolder cifar10, or
    else the download of the official one (162 MB).

    Args:
        split: "train" or "test".
        folder: where the file or image folder lies.
        limit: how many of each class are kept, the first ones; None keeps all.

    Raises:
        FileNotFoundError: no file and no download, with what to do by hand.
        ValueError: a broken archive, or one of another checksum than the published one; an image folder of other
            classes; another split; a limit below 1.

    Source: A. Krizhevsky, Learning multiple layers of features from tiny images (2009).
    """
    as_choice("split", split, ("train", "test"))
    require_limit(limit)
    official = CIFAR10_ADDRESS.rsplit("/", 1)[1]
    path = find((official, "cifar10-jpeg", "cifar10-jpeg.tar.xz"), folder, "cifar10")
    if path is not None and path.name != official:
        return _cifar10_jpeg(path, split, limit)
    path = path or download(CIFAR10_ADDRESS, CIFAR10_SHA256, [official])
    require_checksum(path, path.read_bytes(), "sha256", CIFAR10_SHA256)
    found = read_members(path, lambda parts: parts[-1] in CIFAR10_PARTS[split]).wanted
    pixels, labels = cifar_records(str(path), b"".join(found[parts] for parts in sorted(found)))
    return _images(pixels, labels, f"CIFAR-10, {split}", CIFAR10_CLASSES, limit)


def _cifar10_jpeg(path: Path, split: str, limit: int | None) -> Images:
    data = image_folder(path, split, limit=limit)
    if data.classes != CIFAR10_CLASSES or data.images.shape[1:] != (32, 32, 3):
        shape = " x ".join(map(str, data.images.shape[1:]))
        raise ValueError(f"{path}: got {shape} images of {data.classes}, takes 32 x 32 x 3 of {CIFAR10_CLASSES}")
    return replace(data, name=f"CIFAR-10, JPEG re-encoding, {split}")


def image_folder(
    folder: Folder,
    split: str | None = None,
    *,
    size: tuple[int, int] | None = None,
    grayscale: bool = False,
    limit: int | None = None,
    allow_empty: bool = False,
) -> Images:
    """Your own images: the files CLASS/NAME.png of a folder, or .jpg, .bmp, .gif, .tiff, .webp, 8 bits a channel.

    The classes are the folders, and label k is the k-th in the order of their names, so that train and test agree if
    they have the same ones. Folders inside a class belong to it: CLASS/SUB/NAME.png. Images are ordered by their paths.
    Hidden files are left out, and so are other files, which `skipped` lists; transparency is dropped; of several frames
    or pages the first is taken.

    Args:
        folder: the folder, or a tar or zip archive of it, in which it may lie below one folder on top.
        split: the subfolder that has the classes, such as "train"; None if the folder has them itself.
        size: (height, width): cut to these proportions around the center, then scaled with a filter as wide as the
            new pixels; None takes images of one size only.
        grayscale: (n, height, width) with the luma 0.299 R + 0.587 G + 0.114 B, rounded, instead of
            (n, height, width, 3).
        limit: how many of each class are read, the first ones; None reads all.
        allow_empty: whether a class may be a folder without images; it keeps its label.

    Raises:
        FileNotFoundError: no such folder.
        ValueError, TypeError: no images; a class without; a folder of train and test without a split; a broken image,
            by its name; two of different sizes, by their names; more than the memory; a limit below 1.
    """
    split = None if split is None else as_text("split", split, "the name of a folder, or None")
    grayscale, allow_empty = as_bool("grayscale", grayscale), as_bool("allow_empty", allow_empty)
    size = None if size is None else _size(size)
    require_limit(limit)
    tree = class_folders(folder, split, allow_empty)
    number = {name: label for label, name in enumerate(tree.classes)}
    labels = np.array([number[parts[0]] for parts in tree.images])
    files = list(tree.images.items())
    kept = first(labels, limit)
    pixels = decode(dict(files[i] for i in kept), size, grayscale)
    name = as_path("folder", folder).resolve().name + (f", {split}" if split else "")
    data = _images(pixels, labels[kept], name, tree.classes, None)
    return replace(data, skipped=tuple("/".join(parts) for parts in tree.others))


def _size(size: tuple[int, int]) -> tuple[int, int]:
    lengths = as_shape("size", size)
    if len(lengths) != 2:
        raise ValueError(f"size: got {show(size)}, takes (height, width)")
    return lengths[0], lengths[1]

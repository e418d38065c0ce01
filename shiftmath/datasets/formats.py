"""Files of images as arrays of unsigned bytes: idx files, records of CIFAR-10, and what Pillow reads."""

import math
import os
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import UInt8

from shiftmath._shared.arguments import as_text
from shiftmath._shared.memory import require_memory
from shiftmath.datasets.archives import Parts
from shiftmath.datasets.files import as_path, unzipped
from shiftmath.datasets.folders import Source

__all__ = ["Bytes", "cifar_records", "decode", "read_idx"]

Bytes = UInt8[np.ndarray, "..."]

RECORD = 1 + 3 * 32 * 32


def read_idx(path: str | os.PathLike[str], md5: str | None = None) -> Bytes:
    """The array of unsigned bytes in an idx file, gzipped or not.

    An idx file is the bytes 0, 0, 8 (unsigned bytes) and the number of axes, the lengths of the axes as big-endian
    32-bit integers, and the entries in C order.

    Args:
        path: the file.
        md5: what the unzipped content must have; None takes any.

    Raises:
        ValueError: another kind of file, a truncated one, or one of another checksum; each by name.
        TypeError: no path, no checksum.
        FileNotFoundError: no such file.

    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits (1998), file formats.
    """
    path = as_path("path", path)
    if not path.is_file():
        raise FileNotFoundError(f"path: got {str(path)!r}, takes an idx file that exists")
    content = unzipped(path, None if md5 is None else as_text("md5", md5, "a checksum in hexadecimal digits, or None"))
    if content[:3] != b"\0\0\x08" or len(content) < 4 or len(content) < 4 + 4 * content[3]:
        raise ValueError(f"{path}: got first bytes '{content[:4].hex(' ')}', takes an idx file: 00 00 08, then axes")
    start = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    size = start + int(np.prod(shape, dtype=object))
    if len(content) != size:
        raise ValueError(f"{path}: got {len(content)} bytes, takes {size} for an array of shape {shape}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def cifar_records(name: str, content: bytes) -> tuple[Bytes, Bytes]:
    """Images (n, 32, 32, 3) and labels (n,) from records of a label and the planes of red, green and blue.

    Source: A. Krizhevsky, Learning multiple layers of features from tiny images (2009), binary version.
    """
    if not content or len(content) % RECORD:
        raise ValueError(f"{name}: got {len(content)} bytes, takes records of {RECORD}")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), records[:, 0]


def decode(
    files: Mapping[Parts, Source], size: tuple[int, int] | None, grayscale: bool
) -> UInt8[np.ndarray, "n height width *channels"]:
    """Images (n, height, width, 3), or (n, height, width) in gray, all of one size or brought to `size`.

    Raises:
        ValueError: an image that is broken or has not 8 bits a channel; two of different sizes, unless they are brought
            to one; more than the memory.
    """
    pixels, values = np.empty(0), 1 if grayscale else 3
    if size is not None:
        _require_memory("size", size, len(files) * math.prod(size) * values)
    for number, (parts, source) in enumerate(files.items()):
        image = _decode_one("/".join(parts), source, size, grayscale)
        if not number:
            _require_memory("folder", "/".join(parts), len(files) * image.size)
            pixels, first = np.empty((len(files), *image.shape), np.uint8), "/".join(parts)
        if image.shape != pixels.shape[1:]:
            raise ValueError(
                f"folder: got sizes {pixels.shape[1:3]} in {first} and {image.shape[:2]} in {'/'.join(parts)}, takes "
                "images of one size; or pass size=(height, width)"
            )
        pixels[number] = image
    return pixels


def _require_memory(name: str, got: Any, count: int) -> None:
    """Each value is a byte, once more where a part is kept, and then a float64."""
    require_memory(name, got, 10 * count, "the images")


def _decode_one(name: str, source: Source, size: tuple[int, int] | None, grayscale: bool) -> Bytes:
    from PIL import Image, ImageOps

    try:
        # Pillow warns of an image of 90 million pixels without its name, and refuses one of 180 million.
        with warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning), Image.open(source) as i:
            # Modes I and F have more than 8 bits, and so has color of this kind; Pillow would clip.
            if i.mode[0] in "IF" or any(";16" in str(tile[3]) for tile in i.tile):
                raise ValueError(f"pixels of mode {i.mode} with more than 8 bits")
            converted = ImageOps.exif_transpose(i).convert("L" if grayscale else "RGB")
    except Exception as error:  # each format is broken in ways of its own
        raise ValueError(f"{name}: got {error}, takes a whole image of 8 bits a channel") from error
    if size is not None:
        converted = ImageOps.fit(converted, (size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(converted)

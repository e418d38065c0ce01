"""Files of images as arrays of unsigned bytes: idx files, records of CIFAR-10, folders and tar archives of images."""

import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import UInt8

from shiftmath._shared.arguments import as_shape
from shiftmath.datasets.files import existing_folder, unzipped

Bytes = UInt8[np.ndarray, "..."]
Source = Path | io.BytesIO
Parts = tuple[str, ...]
# The class, the name of the file in it, and where its bytes are.
ImageFile = tuple[str, str, Source]

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
        FileNotFoundError: no such file.

    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits (1998), file formats.
    """
    path = Path(path).expanduser()
    content = unzipped(path, md5)
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


def read_members(path: Path, wanted: Callable[[Parts], bool]) -> dict[Parts, bytes]:
    """The files of a tar archive whose paths, as tuples of their parts, are `wanted`."""
    found = {}
    try:
        # Read as they come: a step back would unpack all before it again.
        with tarfile.open(path) as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if member.isfile() and wanted(parts):
                    found[parts] = archive.extractfile(member).read()  # type: ignore[union-attr]
    except (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        raise ValueError(f"{path}: got a broken archive ({error}), takes a whole tar file") from error
    return found


def image_files(folder: str | os.PathLike[str], split: str | None) -> list[ImageFile]:
    """The files CLASS/NAME of images in a folder or a tar archive, or in its folder `split`, sorted by name."""
    path = Path(folder).expanduser()
    inside = (split,) if split else ()
    sources: dict[Parts, Source]
    if path.is_file():
        members = read_members(path, lambda parts: parts[:-2] == inside and _is_image(parts[-2:]))
        sources = {parts[-2:]: io.BytesIO(content) for parts, content in members.items()}
    else:
        place = existing_folder("folder", path).joinpath(*inside)
        sources = {parts: p for p in place.glob("*/*") if _is_image(parts := p.parts[-2:])}
    if not sources:
        wanted = "/".join((*inside, "CLASS", "NAME.png"))
        raise ValueError(f"folder: got {str(folder)!r}, takes a folder or a tar file with images {wanted} (jpg, jpeg)")
    return [(*parts, sources[parts]) for parts in sorted(sources)]  # type: ignore[misc]


def _is_image(parts: Parts) -> bool:
    visible = not any(part.startswith(".") for part in parts)
    return len(parts) == 2 and visible and parts[1].lower().endswith((".png", ".jpg", ".jpeg"))


def decode(files: Sequence[ImageFile], size: tuple[int, int] | None, grayscale: bool) -> Bytes:
    """Images (n, height, width, 3), or (n, height, width) in gray, all of one size or brought to `size`."""
    if size is not None and len(as_shape("size", size)) != 2:
        raise ValueError(f"size: got {size!r}, takes (height, width)")
    images = [_decode_one(*file, size, grayscale) for file in files]
    for image, (kind, name, _) in zip(images, files, strict=True):
        if image.shape != images[0].shape:
            first = f"{images[0].shape[:2]} in {files[0][0]}/{files[0][1]}"
            raise ValueError(
                f"folder: got sizes {first} and {image.shape[:2]} in {kind}/{name}, takes images of one size; "
                "or pass size=(height, width)"
            )
    return np.stack(images)


def _decode_one(kind: str, name: str, source: Source, size: tuple[int, int] | None, grayscale: bool) -> Bytes:
    from PIL import Image, ImageOps

    try:
        with Image.open(source) as image:
            # Modes I and F have more than 8 bits, which Pillow would clip.
            if image.mode[0] in "IF":
                raise ValueError(f"pixels of mode {image.mode}")
            converted = ImageOps.exif_transpose(image).convert("L" if grayscale else "RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{kind}/{name}: got {error}, takes a whole PNG or JPEG of 8 bits") from error
    if size is not None:
        converted = ImageOps.fit(converted, size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(converted)

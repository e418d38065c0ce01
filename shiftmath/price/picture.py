"""Arrays as PNG images within HTML: no drawing library, no file, no request."""

import base64
import html
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

__all__ = ["figure", "png", "signed_levels"]

WIDTH = 140  # of a shown image, in pixels of the page


def png(levels: UInt8[np.ndarray, "height width *channels"]) -> bytes:
    """A PNG image of 8-bit levels: gray (height, width), or color (height, width, 3).

    Each row follows a filter byte of 0, all deflated (ISO/IEC 15948).

    >>> png(np.zeros((2, 3), np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    height, width = levels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in levels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if levels.ndim == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data)) for tag, data in chunks
    )


def signed_levels(image: np.ndarray, most: float) -> np.ndarray | None:
    """Levels of an image of either sign, 0 as mid-gray, -most black, most white; None of what has no picture.

    A signal (d,) is an image of one row; of (height, width, channels) 3 channels are a color, others their mean.
    """
    image = image[None] if image.ndim == 1 else image
    if image.ndim == 3 and image.shape[2] != 3:
        image = image.mean(axis=2)
    if image.ndim not in (2, 3):
        return None
    return np.rint(127.5 + 127.5 * np.clip(image / (most or 1.0), -1, 1)).astype(np.uint8)


def figure(images: Sequence[tuple[str, Float[np.ndarray, "..."]]], most: float | None = None) -> str:
    """HTML with the images side by side, each with its words below it, on one scale of gray up to `most`, or the most.

    >>> figure([("one", np.zeros((2, 2)))]).count("<img")
    1
    """
    most = max((float(np.abs(image).max()) for _, image in images), default=0.0) if most is None else most
    shown = [(words, signed_levels(image, most)) for words, image in images]
    return "".join(_with_words(words, levels) for words, levels in shown if levels is not None)


def _with_words(words: str, levels: np.ndarray) -> str:
    data, said = base64.b64encode(png(levels)).decode(), html.escape(words)
    height = max(12, round(WIDTH * min(levels.shape[0] / levels.shape[1], 3)))
    return (
        '<figure style="display: inline-block; margin: 4px; vertical-align: top">'
        f'<img alt="{said}" src="data:image/png;base64,{data}" width="{WIDTH}" height="{height}" '
        f'style="image-rendering: pixelated"><figcaption style="max-width: {WIDTH}px">{said}</figcaption></figure>'
    )

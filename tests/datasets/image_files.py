"""Files of images for the tests: random pixels, folders, archives."""

import io
import tarfile
import zipfile

import numpy as np
from PIL import Image


def random_bytes(rng, *shape):
    return rng.integers(0, 256, shape, dtype=np.uint8)


def write_images(folder, classes, rng, shape=(3, 4, 3), n=3):
    """Random PNG files CLASS/0.png, ...; the pixels in the order of the names."""
    pixels = random_bytes(rng, len(classes) * n, *shape)
    for i, image in enumerate(pixels):
        path = folder / classes[i // n] / f"{i % n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return pixels


def tar_bytes(files, mode="w:gz"):
    """A tar file of {name: content}; a name that ends with / is a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def zip_bytes(files):
    """A zip file of {name: content}; a name that ends with / is a folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def contents(folder):
    """{name: content} of all that lies below a folder, folders with a / at the end."""
    paths = sorted(folder.rglob("*"))
    return {f"{p.relative_to(folder)}{'/' * p.is_dir()}": b"" if p.is_dir() else p.read_bytes() for p in paths}

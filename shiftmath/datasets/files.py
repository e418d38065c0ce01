"""Where a data file comes from: a folder that the user names, or a download that is checked."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from shiftmath._shared.values import show

VARIABLE = "SHIFTMATH_DATA"
GZIP = b"\x1f\x8b"


def as_path(name: str, path: str | os.PathLike[str]) -> Path:
    """A path, with ~ as the user's home."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name}: got {show(path)}, takes a path")
    try:
        return Path(path).expanduser()
    except (RuntimeError, TypeError) as error:  # nobody's home; a path of bytes
        raise ValueError(f"{name}: got {show(path)}, takes a path ({error})") from error


def existing_folder(name: str, folder: str | os.PathLike[str]) -> Path:
    """`folder` as a path; a FileNotFoundError if it is not there."""
    path = as_path(name, folder)
    if not path.is_dir():
        raise FileNotFoundError(f"{name}: got {str(folder)!r}, takes a folder that exists")
    return path


def find(names: Sequence[str], folder: str | os.PathLike[str] | None, subfolder: str) -> Path | None:
    """The first of `names` in `folder`, where one must be; without a folder in that of the variable, or None."""
    if folder is not None:
        places = [existing_folder("folder", folder)]
    elif os.environ.get(VARIABLE):
        root = existing_folder(VARIABLE, os.environ[VARIABLE])
        places = [root, root / subfolder]
    else:
        places = []
    found = [place / name for place in places for name in names if (place / name).exists()]
    if folder is not None and not found:
        raise FileNotFoundError(f"folder: got {str(folder)!r}, takes a folder with {' or '.join(names)}")
    return found[0] if found else None


def download(address: str, sha256: str, files: Sequence[str]) -> Path:
    """The file at `address`, kept in the user's cache folder; an error says where to put `files` by hand."""
    try:
        import pooch  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(f"{address} is fetched by pooch: pip install 'shiftmath[data]'") from error

    server, name = address.rsplit("/", 1)
    try:
        return Path(pooch.retrieve(address, f"sha256:{sha256}", fname=name, path=pooch.os_cache("shiftmath")))
    # A ValueError is a wrong checksum; pooch keeps no file then.
    except (OSError, ValueError) as error:
        place = repr(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else "which is not set"
        raise FileNotFoundError(
            f"{name}: got no such file from {VARIABLE}, {place}, and no download, takes one of the two. By hand:\n"
            f"1. fetch {', '.join(files)} from {server}/ with a browser;\n"
            "2. put what you fetched in one folder, as it is;\n"
            f"3. set the environment variable {VARIABLE} to that folder, or pass it as folder=.\n"
            f"The download ended with {type(error).__name__}: {error}"
        ) from None


def require_checksum(path: Path, content: bytes, algorithm: str, expected: str) -> None:
    """A ValueError that names the file unless its content has the checksum."""
    got = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
    if got != expected:
        raise ValueError(f"{path}: got content of {algorithm} {got}, takes {algorithm} {expected}")


def unzipped(path: Path, md5: str | None = None) -> bytes:
    """The content of a file, gzipped or not, of the given md5 once unzipped."""
    content = path.read_bytes()
    if content[:2] == GZIP:
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            expected = f" of content md5 {md5}" if md5 else ""
            raise ValueError(f"{path}: got a broken gzip file ({error}), takes a whole one{expected}") from error
    if md5:
        require_checksum(path, content, "md5", md5)
    return content

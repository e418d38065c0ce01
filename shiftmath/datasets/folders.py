"""Folders of images, one for each class: as folders, or as tar or zip archives."""

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from shiftmath.datasets.archives import Parts, read_members
from shiftmath.datasets.files import as_path, existing_folder
from shiftmath.datasets.labelled import listed

__all__ = ["Source", "Tree", "class_folders"]

Source = Path | io.BytesIO

FORMATS = ("bmp", "gif", "jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp")
# Folders that hold classes rather than being ones.
SPLITS = {"train", "training", "val", "valid", "validation", "test", "testing"}


@dataclass
class Tree:
    """What lies below a folder, each by the parts of its path: images, other files, and folders. Nothing hidden."""

    images: dict[Parts, Source] = field(default_factory=dict)
    others: list[Parts] = field(default_factory=list)
    folders: list[Parts] = field(default_factory=list)

    def below(self, top: Parts) -> "Tree":
        """The tree of one of the folders."""
        n = len(top)
        return Tree(
            {p[n:]: source for p, source in self.images.items() if p[:n] == top},
            [p[n:] for p in self.others if p[:n] == top],
            [p[n:] for p in self.folders if p[:n] == top and len(p) > n],
        )

    @property
    def tops(self) -> set[str]:
        """The names of all that lies in the folder itself."""
        return {p[0] for p in (*self.images, *self.others, *self.folders)}

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the folders in the folder itself, in order."""
        inside = (p[0] for p in (*self.images, *self.others) if len(p) > 1)
        return tuple(sorted({*inside, *(p[0] for p in self.folders)}))


def class_folders(folder: str | os.PathLike[str], split: str | None, allow_empty: bool) -> Tree:
    """The tree of the classes: its images CLASS/.../NAME in order, and at least one.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: no images; a class without, unless that is allowed; folders that are splits.
    """
    path, inside = as_path("folder", folder), PurePosixPath(split or "").parts
    tree = _archive(path, inside) if path.is_file() else _folder(existing_folder("folder", path).joinpath(*inside))
    images = {parts: tree.images[parts] for parts in sorted(tree.images) if len(parts) > 1}
    tree = Tree(images, sorted({*tree.others, *tree.images} - {*images}), tree.folders)
    _require_classes(str(folder), inside, tree, allow_empty)
    return tree


def _require_classes(folder: str, inside: Parts, tree: Tree, allow_empty: bool) -> None:
    got = f"folder: got {folder!r}"
    if not tree.images:
        rest = f" with {listed(['/'.join(parts) for parts in tree.others])}" if tree.others else ""
        takes = f"a folder, or a tar or zip file of it, with images {'/'.join((*inside, 'CLASS', 'NAME.png'))}"
        raise ValueError(f"{got}{rest}, takes {takes} ({', '.join(FORMATS)})")
    if not inside and set(tree.classes) <= SPLITS and all(len(parts) > 2 for parts in tree.images):
        raise ValueError(f"split: got None for a folder of {', '.join(tree.classes)}, takes one of them")
    empty = sorted({*tree.classes} - {parts[0] for parts in tree.images})
    if empty and not allow_empty:
        takes = "images in each class folder; allow_empty=True keeps its label without them"
        raise ValueError(f"{got} without an image in {', '.join(map(repr, empty))}, takes {takes}")


def _folder(place: Path) -> Tree:
    """Classes may be links to folders; further links to folders are not followed, which might lead round in circles."""
    tree = Tree()
    if not place.is_dir():
        return tree
    for child in place.iterdir():
        if not _is_visible((child.name,)):
            continue
        if not child.is_dir():
            _sort(tree, [(child.name,)], place)
            continue
        for root, folders, names in os.walk(child):
            parts = Path(root).relative_to(place).parts
            folders[:] = [name for name in folders if _is_visible((name,))]
            tree.folders.append(parts)
            _sort(tree, ((*parts, name) for name in names), place)
    return tree


def _sort(tree: Tree, files: Iterable[Parts], place: Path) -> None:
    """Put files of a folder among the images or the others."""
    for parts in filter(_is_visible, files):
        if _is_image(parts):
            tree.images[parts] = place.joinpath(*parts)
        else:
            tree.others.append(parts)


def _archive(path: Path, inside: Parts) -> Tree:
    """One folder on top of all, without images of its own, is that of the archive and not a class."""
    n = len(inside)

    def wanted(parts: Parts) -> bool:
        return _is_visible(parts) and _is_image(parts) and inside in (parts[:n], parts[1 : n + 1])

    members = read_members(path, wanted)
    images: dict[Parts, Source] = {parts: io.BytesIO(content) for parts, content in members.wanted.items()}
    tree = Tree(images, list(filter(_is_visible, members.others)), [p for p in members.folders if p and _is_visible(p)])
    as_it_is = tree.below(inside)
    top = tuple(tree.tops) if len(tree.tops) == 1 else ()
    if top and not (as_it_is.images if inside else any(len(parts) == 2 for parts in tree.images)):
        return tree.below((*top, *inside))
    return as_it_is


def _is_visible(parts: Parts) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _is_image(parts: Parts) -> bool:
    return parts[-1].lower().endswith(tuple(f".{name}" for name in FORMATS))

"""A bar for what takes long: the one place that knows how progress is shown."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["progress"]

T = TypeVar("T")


def progress(items: Iterable[T], total: int, words: str, show: bool) -> Iterator[T]:
    """The items, one after another, with a bar on stderr that says `words`, if `show` and stderr is a terminal.

    >>> sum(progress(range(4), 4, "numbers", show=False))
    6
    """
    if not show:
        yield from items
        return
    from tqdm import tqdm

    yield from tqdm(items, total=total, desc=words, disable=None)

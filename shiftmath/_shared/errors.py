"""Errors with attributes, which go from one process to another as other errors do."""

import copyreg
from typing import Any

__all__ = ["Portable"]


class Portable:
    """An error whose constructor takes more than its message: pickled with its attributes, without a new construction.

    >>> import pickle
    >>> class Far(Portable, ValueError):
    ...     def __init__(self, message, distance):
    ...         super().__init__(message)
    ...         self.distance = distance
    >>> rebuild, given, attributes = Far("too far", 7).__reduce__()
    >>> rebuild(*given).args, attributes
    (('too far',), {'distance': 7})
    """

    args: tuple[Any, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]

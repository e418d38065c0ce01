"""Packages that only large matrices need."""

from importlib import import_module
from typing import Any

__all__ = ["extra"]


def extra(module: str, name: str = "large") -> Any:
    """The module, or an ImportError that says which extra of this package has it.

    >>> extra("no_such_module")
    Traceback (most recent call last):
    ImportError: no_such_module is not installed; pip install "shiftmath[large]" brings it
    """
    try:
        return import_module(module)
    except ImportError as error:
        brings = f'pip install "shiftmath[{name}]" brings it'
        raise ImportError(f"{module} is not installed; {brings}") from error

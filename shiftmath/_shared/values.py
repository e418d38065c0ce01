"""Values as a user hands them over: how a message shows them, and what is found out about them before any check."""

import operator
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["has_mask", "is_traced", "numpy_array", "show", "whole_numbers"]


def show(value: Any, most: int = 200) -> str:
    """How a message shows what it got: its repr, cut where it is long.

    >>> show([0] * 10**6, most=20)
    '[0, 0, 0, 0, 0,  ...'
    """
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        text = "an integer too long to write"
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def is_traced(x: Any) -> bool:
    """Whether `x` is a tracer of JAX, whose values are not known yet; without importing JAX, which has made it."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(x, jax.core.Tracer)


def has_mask(x: Any) -> bool:
    """Whether `x` is a masked array, or a list or tuple with one in it, which NumPy would read without its mask."""
    return isinstance(x, np.ma.MaskedArray) or (isinstance(x, (list, tuple)) and any(map(has_mask, x)))


def numpy_array(name: str, x: Any, takes: str) -> np.ndarray:
    """`x` as NumPy reads it; an error that names the argument where it cannot."""
    try:
        return np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name}: got rows of unequal lengths, takes {takes}") from error
    except Exception as error:
        raise TypeError(f"{name}: got a {type(x).__name__} that is no array ({error}), takes {takes}") from error


def whole_numbers(name: str, value: Any, takes: str) -> tuple[int, ...]:
    """A whole number or a sequence of them, as a tuple; booleans, text and bytes are no numbers here."""
    many = isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.ndim)
    items = tuple(value) if many else (value,)
    try:
        if isinstance(value, (str, bytes, bytearray, memoryview)) or any(isinstance(i, bool) for i in items):
            raise TypeError(f"a {type(value).__name__} is no sequence of whole numbers")
        return tuple(map(operator.index, items))
    except TypeError as error:
        raise TypeError(f"{name}: got {show(value)}, takes {takes}") from error

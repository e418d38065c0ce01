"""The odd and bad inputs: each is made from a good one.

GUISES  the same numbers in another form: the answer is that for the plain array, to the rounding of its dtype
OTHERS  other numbers: a finite answer, or an error that names the argument
BAD     no numbers, or none that can be meant: an error that names the argument
"""

import datetime
from collections import deque
from decimal import Decimal
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse

SKIP = object()  # a row that such an array has not


class Frame:
    """What a data frame shows to NumPy."""

    def __init__(self, a):
        self._a = np.asarray(a)
        self.columns, self.index = range(self._a.shape[-1] if self._a.ndim else 0), range(len(self._a))

    def __array__(self, dtype=None, copy=None):
        return self._a.astype(dtype or self._a.dtype)

    def __len__(self):
        return len(self._a)

    def __getitem__(self, column):
        raise KeyError(column)


class NeedsGradient(Frame):
    """What a tensor that requires a gradient shows to NumPy."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")


class Subclass(np.ndarray):
    pass


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def with_entry(a, entry, dtype=float):
    a = a.astype(dtype)
    a.flat[-1] = entry
    return a


def ragged(a):
    rows = a.tolist()
    if not isinstance(rows[-1], list):
        return [rows, rows[:-1]]
    rows[-1] = rows[-1][:-1]
    return rows


def masked(a, mask):
    return np.ma.array(a, mask=np.broadcast_to(mask, a.shape))


def last_masked(a):
    return masked(a, np.arange(a.size).reshape(a.shape) == a.size - 1)


def structured(a):
    return a.view([("float", float)])


ARRAY_GUISES = {
    "nested lists": lambda a: a.tolist(),
    "tuple": lambda a: tuple(a.tolist()),
    "list of arrays": lambda a: list(a),
    "list of JAX arrays": lambda a: list(jnp.asarray(a)),
    "float16": lambda a: a.astype(np.float16),
    "float32": lambda a: a.astype(np.float32),
    "long double": lambda a: a.astype(np.longdouble),
    "big-endian float64": lambda a: a.astype(">f8"),
    "big-endian float32": lambda a: a.astype(">f4"),
    "big-endian int16": lambda a: a.astype(">i2"),
    "bfloat16 of NumPy": lambda a: a.astype(jnp.bfloat16),
    "int64": lambda a: a.astype(np.int64),
    "int64 above 2^53": lambda a: a.astype(np.int64) * 2**54,
    "int8": lambda a: a.astype(np.int8),
    "uint8": lambda a: a.astype(np.uint8) if a.min() >= 0 else SKIP,
    "uint64": lambda a: a.astype(np.uint64) if a.min() >= 0 else SKIP,
    "bool": lambda a: a > 0,
    "Fortran order": lambda a: np.asfortranarray(a),
    "not contiguous": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "negative strides": lambda a: np.flip(np.flip(a).copy()),
    "read-only": read_only,
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "matrix": lambda a: a.view(np.matrix) if a.ndim == 2 else SKIP,
    "a subclass": lambda a: a.view(Subclass),
    "memoryview": memoryview,
    "a data frame": Frame,
    "JAX float64": lambda a: jnp.asarray(a, float),
    "JAX float32": lambda a: jnp.asarray(a, jnp.float32),
    "JAX float16": lambda a: jnp.asarray(a, jnp.float16),
    "JAX bfloat16": lambda a: jnp.asarray(a, jnp.bfloat16),
    "JAX int32": lambda a: jnp.asarray(a, jnp.int32),
    "JAX bool": lambda a: jnp.asarray(a > 0),
}
ARRAY_OTHERS = {
    "zeros": np.zeros_like,
    "all equal": np.ones_like,
    "one": lambda a: a[:1],
    "0-d": lambda a: 3.0,
    "1-d": lambda a: np.arange(1.0, 4),
    "2-d": lambda a: np.arange(1.0, 7).reshape(2, 3),
    "3-d": lambda a: np.arange(1.0, 9).reshape(2, 2, 2),
    "4-d": lambda a: np.arange(1.0, 17).reshape(2, 2, 2, 2),
    "5-d": lambda a: np.ones((2,) * 5),
    "subnormal": lambda a: np.ldexp(a.astype(float), -1070),
    "1e-300": lambda a: np.ldexp(a.astype(float), -997),
    "1e155": lambda a: np.ldexp(a.astype(float), 515),
    "1e300": lambda a: np.ldexp(a.astype(float), 997),
    "above 2^53": lambda a: a.astype(np.int64) + 2**60,
    "uint64 of the largest": lambda a: np.full(a.shape, 2**64 - 1, np.uint64),
}
ARRAY_BAD = {
    "None": lambda a: None,
    "string": lambda a: "abc",
    "bytes": lambda a: b"abc",
    "number in a string": lambda a: "3",
    "empty list": lambda a: [],
    "no samples": lambda a: a[:0],
    "length 0": lambda a: a[..., :0],
    "ragged": ragged,
    "nan": lambda a: with_entry(a, np.nan),
    "inf": lambda a: with_entry(a, np.inf),
    "-inf in float32": lambda a: with_entry(a, -np.inf, np.float32),
    "JAX nan": lambda a: jnp.asarray(with_entry(a, np.nan)),
    "JAX inf": lambda a: jnp.asarray(with_entry(a, np.inf)),
    "complex": lambda a: a + 1j,
    "complex without an imaginary part": lambda a: a.astype(complex),
    "JAX complex": lambda a: jnp.asarray(a + 1j),
    "strings": lambda a: a.astype(str),
    "objects": lambda a: a.astype(object),
    "None in it": lambda a: with_entry(a, None, object),
    "huge integers": lambda a: np.full(a.shape, 10**30).tolist(),
    "masked": last_masked,
    "masked all": lambda a: masked(a, True),
    "masked nowhere": lambda a: masked(a, False),
    "a list with masked rows": lambda a: list(last_masked(a)),
    "a data frame of objects": lambda a: Frame(with_entry(a, "x", object)),
    "a tensor with gradient": NeedsGradient,
    "generator": lambda a: (row for row in a),
    "iterator": lambda a: iter(a.tolist()),
    "deque of None": lambda a: deque([None]),
    "dict": lambda a: dict(enumerate(a.tolist())),
    "set": lambda a: set(a.ravel().tolist()),
    "datetime": lambda a: a.astype("datetime64[s]"),
    "timedelta": lambda a: a.astype("timedelta64[s]"),
    "a date": lambda a: datetime.date(2021, 12, 6),
    "structured": lambda a: structured(a.astype(float)),
    "JAX keys": lambda a: jax.random.split(jax.random.key(0), a.shape),
    "sparse": lambda a: scipy.sparse.csr_array(np.atleast_2d(a.reshape(len(a), -1))),
    "function": lambda a: np.sum,
    "type": lambda a: float,
    "object": lambda a: object(),
}

# Of anything that is no array: a number, a choice, a shape, a group, a function.
GUISES = {
    "NumPy int64": lambda v: np.int64(v) if type(v) is int else SKIP,
    "NumPy int32": lambda v: np.int32(v) if type(v) is int else SKIP,
    "NumPy uint8": lambda v: np.uint8(v) if type(v) is int and v >= 0 else SKIP,
    "NumPy float64": lambda v: np.float64(v) if type(v) is float else SKIP,
    "NumPy float32": lambda v: np.float32(v) if type(v) is float else SKIP,
    "whole number": lambda v: int(v) if type(v) is float and v == int(v) else SKIP,
    "fraction": lambda v: Fraction(v) if type(v) is float else SKIP,
    "NumPy bool": lambda v: np.bool_(v) if type(v) is bool else SKIP,
    "NumPy string": lambda v: np.str_(v) if type(v) is str else SKIP,
    "list": lambda v: list(v) if type(v) is tuple else SKIP,
    "tuple of NumPy": lambda v: tuple(map(np.int64, v)) if type(v) is tuple and type(v[0]) is int else SKIP,
}
OTHERS = {
    "0": lambda v: 0,
    "-1": lambda v: -1,
    "2.5": lambda v: 2.5,
    "None": lambda v: None,
    "True": lambda v: True,
    "10**6": lambda v: 10**6,
    "10**30": lambda v: 10**30,
    "1e300": lambda v: 1e300,
    "1e-300": lambda v: 1e-300,
    "NumPy int64": lambda v: np.int64(2),
    "NumPy float64": lambda v: np.float64(0.5),
    "NumPy bool": lambda v: np.bool_(True),
    "Fraction": lambda v: Fraction(1, 2),
    "array of one": lambda v: np.array(2),
    "array": lambda v: np.array([1, 2]),
    "JAX array of one": lambda v: jnp.asarray(2),
    "tuple": lambda v: (1, 2),
    "list": lambda v: [1, 2, 3],
    "empty tuple": lambda v: (),
    "empty string": lambda v: "",
}
NO_NUMBERS = {
    "nan": lambda v: float("nan"),
    "inf": lambda v: float("inf"),
    "-inf": lambda v: -float("inf"),
    "NumPy nan": lambda v: np.float32("nan"),
    "string": lambda v: "3",
    "bytes": lambda v: b"3",
    "complex": lambda v: 1 + 2j,
    "Decimal": lambda v: Decimal("0.5"),
    "dict": lambda v: {"a": 1},
    "set": lambda v: {1, 2},
    "object": lambda v: object(),
    "masked": lambda v: np.ma.masked,
    "array of text": lambda v: np.array(["a", "b"]),
    "ragged": lambda v: [[1], [1, 2]],
    "type": lambda v: int,
}

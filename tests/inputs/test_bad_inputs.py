"""Whatever is handed to a public function, it gives a right value or an error that names the argument.

Every public function is called with good arguments of which one is replaced at a time, by each row of `odd_inputs`. A
function that is added joins by itself: it has to be listed in `public_functions`.
"""

import contextlib
import copy
import dataclasses
import re
import signal
import warnings
from inspect import signature

import jax
import numpy as np
import pytest
from odd_inputs import ARRAY_BAD, ARRAY_GUISES, ARRAY_OTHERS, GUISES, NO_NUMBERS, OTHERS, SKIP
from public_functions import ALLOWED, CALLS, ONE_ENGINE, REASONS, SIGNAL, Call, public_names

from shiftmath import dft, groups

MOST_SECONDS = 60  # of a call that compiles
EPS = 2.0**-52
SIZES = ("subnormal", "1e-300", "1e155", "1e300")
ANSWERS = ("NotSeparable", "NotCertified", "Indistinguishable", "FloatingPointError", "AssertionError", "FalseClaim")


def parameters(function):
    return [name for name in signature(function).parameters if name not in ("self", "cls")]


def function_of(key):
    """The public function of a call, which may have a second one, "function with ..."."""
    return key.partition(" ")[0]


SLOTS = [(key, name) for key, call in CALLS.items() for name in call.only or call.good]
ON_THE_NEWEST = ("dft.dft", "kernels.FullyConnected.__call__", "networks.logits")


def test_every_public_function_is_called_or_has_a_reason():
    names = public_names()
    assert not names.keys() - CALLS.keys() - REASONS.keys()
    for key in map(function_of, CALLS):
        tried = {name for other, name in SLOTS if function_of(other) == key}
        assert not {*parameters(names[key])} - tried - REASONS.keys(), key
        assert not tried - {*parameters(names[key])}, key


def leaves(result):
    """The numbers of a result, wherever they are in it."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        unknown = ("distances",) if hasattr(result, "success") else ()  # of an attack that found nothing
        return [leaf for name, value in vars(result).items() if name not in unknown for leaf in leaves(value)]
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves(part)]
    if isinstance(result, (bool, int, float, complex, np.number, np.ndarray, jax.Array)):
        return [np.asarray(result)] if np.asarray(result).dtype.kind in "biufcV" else []
    return []


@contextlib.contextmanager
def within(seconds):
    """A TimeoutError after so many seconds of the processor."""

    def stop(*_):
        raise TimeoutError(f"runs for more than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def outcome(call, name, value):
    """The numbers that come back, or the error."""
    try:
        with within(MOST_SECONDS):
            return leaves(call.function(**(call.good | {name: value})))
    except Exception as error:
        return error


def same(a, b, tolerance):
    """Whether two outcomes are one, to a rounding."""
    if isinstance(a, Exception) or isinstance(b, Exception):
        return type(a) is type(b)
    return len(a) == len(b) and all(
        x.shape == y.shape
        and np.abs(x.astype(complex) - y.astype(complex)).max(initial=0) <= tolerance * (1 + abs(y).max(initial=0))
        for x, y in zip(a, b, strict=True)
    )


def is_named(error, name, others=()):
    """Whether an error begins with the argument's name, and says what it got and what it takes.

    That of a ledger begins with the claim.
    """
    if not isinstance(error, (TypeError, ValueError, FileNotFoundError)):
        return False
    message = str(error).removeprefix("claim 'a claim': ")
    words = re.match(r"((\w+, )*\w+( and \w+)?): got .+, takes .+", message, re.DOTALL)
    if words is None and message != str(error):
        return re.match(rf"got .*\b{name}\b.*, takes ", message) is not None
    return words is not None and bool({*re.split(r", | and ", words[1])} & {name, *others})


def is_answer(error):
    return type(error).__name__ in ANSWERS


def finite(found):
    return all(np.isfinite(leaf.astype(complex)).all() for leaf in found)


def short(found):
    text = f"{type(found).__name__}: {found}" if isinstance(found, Exception) else f"gives {found}"
    return " ".join(text.split())[:150]


def eps_of(value):
    """The rounding of the dtype of an input; that of float64 if it has none of its own."""
    dtype = getattr(value[0] if isinstance(value, list) else value, "dtype", None)
    small = {2: 2.0**-7 if "bfloat" in str(dtype) else 2.0**-10, 4: 2.0**-23}
    return small.get(dtype.itemsize, EPS) if dtype is not None and dtype.kind in "fV" else EPS


def plain(value):
    """The same numbers as a float64 array of NumPy's usual form."""
    return np.array(np.asarray(value), float)


def wrong_guise(call, name, value, _):
    """The same numbers in another form."""
    before = copy.deepcopy(value) if isinstance(value, np.ndarray) else None
    found = outcome(call, name, value)
    if before is not None and not np.array_equal(np.asarray(before), np.asarray(value)):
        return "changes its input"
    if isinstance(found, Exception) and not (is_answer(found) or is_named(found, name)):
        return short(found)
    expected, eps = outcome(call, name, plain(value)), eps_of(value)
    # A few hundred operations round; the bisection of an attack stops at three fifths of the digits.
    tolerance = eps ** (3 / 5) if call.random else 256 * eps
    other_numbers = call.random and eps > EPS and type(found) is type(expected)
    return None if other_numbers or same(found, expected, tolerance) else f"{short(found)}, plain {short(expected)}"


def wrong_other(call, name, value, row):
    """Other numbers, all finite."""
    found = outcome(call, name, value)
    if not isinstance(found, Exception):
        return None if finite(found) else short(found)
    if isinstance(call.good[name], np.ndarray) and row in SIZES:
        return None if is_named(found, name) else short(found)
    # Where shapes do not fit each other, either argument may be named.
    return None if is_answer(found) or is_named(found, name, [*call.good, "axes"]) else short(found)


def wrong_bad(call, name, value, _):
    """No numbers."""
    found = outcome(call, name, value)
    return None if isinstance(found, Exception) and is_named(found, name) else short(found)


def wrong_number_guise(call, name, value, row):
    """The same number or choice in another form; NumPy's must be accepted."""
    good, found = outcome(call, name, call.good[name]), outcome(call, name, value)
    refused = not row.startswith("NumPy") and is_named(found, name)
    return None if refused or same(found, good, 256 * 2.0**-23) else short(found)


ARRAYS = [(ARRAY_GUISES, wrong_guise), (ARRAY_OTHERS, wrong_other), (ARRAY_BAD, wrong_bad)]
NUMBERS = [(GUISES, wrong_number_guise), (OTHERS, wrong_other), (NO_NUMBERS, wrong_bad)]


def failures(key, name):
    """{row: what went wrong} of one argument of one public function."""
    return failures_of(CALLS[key], key, name)


def failures_of(call, key, name):
    """The same of any function."""
    good, found = call.good[name], {}
    for rows, wrong in ARRAYS if isinstance(good, np.ndarray) else NUMBERS:
        for row, make in rows.items():
            slot = f"{key}.{name}"
            skipped = row in ALLOWED.get(slot, ()) or (row == "10**6" and name in call.work)
            skipped |= "JAX" in row and key in ONE_ENGINE
            value = SKIP if skipped else make(copy.copy(good))
            if value is not SKIP and (what := wrong(call, name, value, row)):
                found[row] = what
    return found


def in_place(x):
    x = np.asarray(x, float)
    x.flat[0] = 7
    return x


@pytest.mark.parametrize(
    ("function", "rows"),
    [
        (lambda x: np.asarray(x, float), {"nan", "inf", "complex", "masked", "strings", "ragged", "None", "dict"}),
        (lambda x: groups.shift(x, 0) if isinstance(x, np.ndarray) else x, {"None", "dict"}),
        (lambda x: dft.dc(x, 0) / (3 if getattr(x, "dtype", "") == "uint8" else 1), {"uint8"}),
        (lambda x: in_place(x), {"nan", "Fortran order", "negative strides", "a subclass", "not contiguous"}),
        (lambda x: dft.power_spectrum(x) * (1 + 1e-9 * isinstance(x, list)), {"nested lists", "list of arrays"}),
        (lambda x: np.square(groups.shift(x, 0)), {"1e155", "1e300"}),
    ],
)
def test_planted_faults_are_found(function, rows):
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        assert rows <= failures_of(Call(function, {"x": SIGNAL}), "planted", "x").keys()


@pytest.mark.parametrize(
    ("key", "name"),
    [pytest.param(*s, marks=[pytest.mark.latest] * (s[0] in ON_THE_NEWEST and s[1] in "xX")) for s in SLOTS],
)
def test_an_argument_gets_a_right_value_or_an_error_that_names_it(key, name):
    found = failures(key, name)
    assert not found, "\n".join(f"{row}: {what}" for row, what in found.items())

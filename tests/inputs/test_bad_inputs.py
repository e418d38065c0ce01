"""Whatever is handed to a public function, it gives a right value or an error that names the argument.

Every public function is called with good arguments of which one is replaced at a time, by each row of `odd_inputs`. A
function that is added joins by itself: it has to be listed in `public_functions`.
"""

import contextlib
import copy
import dataclasses
import re
import signal
from inspect import signature

import jax
import numpy as np
import pytest
from not_yet_mended import NOT_YET_MENDED
from odd_inputs import ARRAY_BAD, ARRAY_GUISES, ARRAY_OTHERS, GUISES, NO_NUMBERS, OTHERS, SKIP
from public_functions import ALLOWED, CALLS, REASONS, public_names

MOST_SECONDS = 60  # of a call that compiles
MINE = ("dft", "groups", "datasets")
ANSWERS = ("NotSeparable", "NotCertified", "Indistinguishable", "FloatingPointError", "AssertionError", "FalseClaim")


def parameters(function):
    return [name for name in signature(function).parameters if name not in ("self", "cls")]


SLOTS = [(key, name) for key, call in CALLS.items() for name in call.good]


def test_every_public_function_is_called_or_has_a_reason():
    names = public_names()
    assert not names.keys() - CALLS.keys() - REASONS.keys()
    for key, call in CALLS.items():
        assert not {*parameters(names[key])} - call.good.keys() - REASONS.keys(), key
        assert not call.good.keys() - {*parameters(names[key])}, key


def leaves(result):
    """The numbers of a result, wherever they are in it."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        fields = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
        unknown = ("distances",) if "success" in fields else ()  # of an attack that found nothing
        return [leaf for name, value in fields.items() if name not in unknown for leaf in leaves(value)]
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
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
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


def same(a, b, eps):
    """Whether two outcomes are one, to the rounding of a dtype."""
    if isinstance(a, Exception) or isinstance(b, Exception):
        return type(a) is type(b)
    # An answer of a few hundred operations, each of which rounds; attacks stop at three fifths of the digits.
    tolerance = max(256 * eps, eps ** (3 / 5))
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
    words = re.match(r"((\w+, )*\w+( and \w+)?): got .+,? takes? .+", message, re.DOTALL)
    if words is None and message != str(error):
        return re.match(rf"got .*\b{name}\b.*, (takes|which) ", message) is not None
    return words is not None and bool({*re.split(r", | and ", words[1])} & {name, *others})


def finite(found):
    return all(np.isfinite(leaf.astype(complex)).all() for leaf in found)


def short(found):
    text = f"{type(found).__name__}: {found}" if isinstance(found, Exception) else f"gives {found}"
    return " ".join(text.split())[:150]


def eps_of(value):
    """The rounding of the dtype of an input; that of float64 if it has none of its own."""
    dtype = getattr(value[0] if isinstance(value, list) else value, "dtype", None)
    small = {2: 2.0**-7 if "bfloat" in str(dtype) else 2.0**-10, 4: 2.0**-23}
    return small.get(getattr(dtype, "itemsize", 8), 2.0**-52) if getattr(dtype, "kind", "") in "fV" else 2.0**-52


def plain(value):
    """The same numbers as a float64 array of NumPy's usual form."""
    return np.array(np.asarray(value), float)


def changed(before, after):
    return isinstance(before, np.ndarray) and not np.array_equal(np.asarray(before), np.asarray(after))


def wrong_guise(call, name, value, _):
    before = copy.deepcopy(value) if isinstance(value, np.ndarray) else None
    found = outcome(call, name, value)
    if changed(before, value):
        return "changes its input"
    expected = outcome(call, name, plain(value))
    if same(found, expected, eps_of(value)):
        return None
    return f"{short(found)}, where the plain array {short(expected)}"


def wrong_other(call, name, value, row):
    found = outcome(call, name, value)
    if not isinstance(found, Exception):
        return None if finite(found) else short(found)
    of_any_size = isinstance(call.good[name], np.ndarray) and row in ("subnormal", "1e-300", "1e155", "1e300")
    is_answer = type(found).__name__ in ANSWERS and not of_any_size
    return None if is_answer or is_named(found, name, [*call.good, "axes"]) else short(found)


def wrong_bad(call, name, value, _):
    found = outcome(call, name, value)
    return None if isinstance(found, Exception) and is_named(found, name) else short(found)


def wrong_number_guise(call, name, value, _):
    good, found = outcome(call, name, call.good[name]), outcome(call, name, value)
    return None if same(found, good, 2.0**-23) or is_named(found, name) else short(found)


ARRAYS = [(ARRAY_GUISES, wrong_guise), (ARRAY_OTHERS, wrong_other), (ARRAY_BAD, wrong_bad)]
NUMBERS = [(GUISES, wrong_number_guise), (OTHERS, wrong_other), (NO_NUMBERS, wrong_bad)]


def failures(key, name):
    """{row: what went wrong} of one argument of one function."""
    call = CALLS[key]
    good, found = call.good[name], {}
    for rows, wrong in ARRAYS if isinstance(good, np.ndarray) else NUMBERS:
        for row, make in rows.items():
            if row in ("10**6",) and name in call.work:
                continue
            value = SKIP if row in ALLOWED.get(f"{key}.{name}", ()) else make(good)
            if value is not SKIP and (what := wrong(call, name, value, row)):
                found[row] = what
    return found


@pytest.mark.parametrize(("key", "name"), SLOTS)
def test_an_argument_gets_a_right_value_or_an_error_that_names_it(key, name):
    found, known = failures(key, name), NOT_YET_MENDED.get(f"{key}.{name}", set())
    new = [f"{row}: {what}" for row, what in found.items() if row not in known]
    assert not new, "\n".join(new)
    assert not known - found.keys(), "mended: delete these rows from not_yet_mended.py"


def test_what_is_not_yet_mended_is_of_other_rooms_and_exists():
    assert not [slot for slot in NOT_YET_MENDED if slot.startswith(MINE)]
    assert not NOT_YET_MENDED.keys() - {f"{key}.{name}" for key, name in SLOTS}

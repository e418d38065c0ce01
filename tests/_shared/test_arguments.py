"""One room of checks: what is converted, what is refused, and in which words."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath._shared import arguments
from shiftmath._shared.arguments import (
    as_array,
    as_axes,
    as_bool,
    as_choice,
    as_count,
    as_number,
    as_samples,
    as_shape,
    as_signal,
    as_text,
    require_finite,
    require_finite_result,
)
from shiftmath._shared.values import is_traced, show


def test_every_check_is_exported():
    checks = {n for n, f in vars(arguments).items() if getattr(f, "__module__", "") == arguments.__name__}
    assert {n for n in checks if n[0] != "_"} == set(arguments.__all__)


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        (">f8", "float64"),
        (">f4", "float32"),
        (">i2", "int16"),
        ("longdouble", "float64"),
        ("float16", "float16"),
        (jnp.bfloat16, "float32"),
        (jnp.float8_e4m3fn, "float32"),
        ("uint8", "uint8"),
        ("bool", "bool"),
    ],
)
def test_an_array_comes_in_a_dtype_of_the_machine(given, becomes):
    x = np.array([1.0, 0.0]).astype(given)
    array = as_array("x", x)
    assert (array.dtype, array.dtype.isnative) == (np.dtype(becomes), True)
    assert np.array_equal(array.astype(float), [1, 0])


def test_complex_numbers_pass_where_they_are_allowed():
    for dtype in (np.complex64, np.complex128, np.clongdouble, ">c16"):
        assert as_array("x", np.ones(2, dtype), complex_allowed=True).dtype.kind == "c"
        with pytest.raises(
            TypeError, match=r"^x: got dtype .*complex.*, takes an array of real numbers|^x: got dtype >c16"
        ):
            as_array("x", np.ones(2, dtype))


@pytest.mark.latest
def test_an_array_of_another_library_stays_one_or_goes_to_numpy():
    x = jnp.ones(3, jnp.bfloat16)
    assert as_array("x", x) is x
    assert as_array("x", x, to_numpy=True).dtype == np.float32
    assert as_samples("x", x[None]).dtype == np.float32
    assert isinstance(as_signal("x", jnp.ones(3, int)), jax.Array)
    assert as_signal("x", jnp.ones(3, int)).dtype == float


def test_a_subclass_becomes_an_array():
    assert type(as_array("x", np.ones((2, 2)).view(np.matrix))) is np.ndarray


@pytest.mark.latest
@pytest.mark.parametrize("x", [np.array([(1.0,)], [("float", float)]), np.zeros(2, "V8"), jax.random.key(0)])
def test_a_name_of_a_dtype_is_no_number(x):
    with pytest.raises(TypeError, match=r"^x: got dtype .*, takes an array of real numbers"):
        as_array("x", x)


def test_masks_are_refused_wherever_they_are():
    row = np.ma.array([1.0, 2.0], mask=[0, 1])
    for x in (row, [row], ([row, row],), [[1.0, np.ma.masked]], np.ma.array([1.0, 2.0])):
        with pytest.raises(
            TypeError, match=r"^x: got a masked array, takes .*; \.filled\(value\) gives one without a mask"
        ):
            as_array("x", x)


@pytest.mark.latest
def test_a_tracer_has_no_values_to_look_at():
    def inside(x):
        assert is_traced(x)
        require_finite("x", x)
        assert require_finite_result("x", x, x) is x
        with pytest.raises(TypeError, match=r"^x: got a \w+ that is no array"):
            as_array("x", x, to_numpy=True)
        return x

    jax.jit(inside)(jnp.array([1.0, 2.0]))
    assert not is_traced(jnp.ones(2))


def test_what_is_not_finite_is_shown_with_its_place():
    for x in (np.array([[1, 2], [3, np.inf]]), jnp.array([[1, 2], [3, jnp.inf]])):
        with pytest.raises(ValueError, match=r"^x: got inf at \(1, 1\), takes finite numbers"):
            require_finite("x", x)
    with pytest.raises(ValueError, match=r"^x: got numbers whose squares overflow, takes smaller ones"):
        require_finite_result("x", [1e200], np.array([np.inf]), "squares overflow")


@pytest.mark.parametrize("axes", [1, np.int8(1), -1, [1], (1,), np.array([1]), np.array(1), range(1, 2)])
def test_axes_are_counted_from_the_front(axes):
    assert as_axes("axes", axes, 2) == (1,)


def test_axes_of_an_unknown_signal_stay_as_they_are():
    assert as_axes("axes", (0, -1), None) == (0, -1)
    assert as_axes("axes", None, None) is None
    assert as_axes("axes", None, 3) == (0, 1, 2)
    with pytest.raises(ValueError, match=r"^axes: got \(1, 1\), takes different axes$"):
        as_axes("axes", (1, 1), None)


@pytest.mark.parametrize("value", ["34", b"34", bytearray(b"34"), memoryview(b"34"), True, (3, True), 3.0, {3}, None])
def test_text_and_booleans_are_no_shapes(value):
    for check in (lambda v: as_shape("shape", v), lambda v: as_axes("shape", (v, v), 2)):
        with pytest.raises(TypeError, match=r"^shape: got .*, takes "):
            check(value)


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (as_count, 2**63, "takes a whole number of at least 1 and at most 9223372036854775807"),
        (as_count, 0, "got 0, takes a whole number of at least 1$"),
        (as_number, 10**400, "takes a finite number"),
        (as_number, np.float32("nan"), "takes a finite number"),
    ],
)
def test_numbers_of_any_length_are_named(check, value, message):
    with pytest.raises(ValueError, match=f"^n: .*{message}"):
        check("n", value)


@pytest.mark.parametrize("check", [as_count, as_number, as_bool, lambda n, v: as_choice(n, v, ("a",))])
def test_a_long_value_is_cut_in_the_message(check):
    with pytest.raises(TypeError) as error:
        check("n", [0.5] * 10**6)
    assert len(str(error.value)) < 300


def test_text_is_text():
    assert as_text("name", np.str_("cat"), "words") == "cat"
    with pytest.raises(TypeError, match=r"^name: got b'cat', takes words"):
        as_text("name", b"cat", "words")


def test_an_integer_that_python_does_not_write_is_named():
    with pytest.raises(ValueError, match="n: got an integer too long to write, takes a whole number"):
        as_count("n", 10**5000)


def test_what_is_shown_is_short():
    assert show("cat") == "'cat'"
    assert len(show(np.zeros(10**6).tolist())) == 200
    assert show(10**5000) == "an integer too long to write"

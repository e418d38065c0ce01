"""Whether a function is invariant or equivariant; how often a classifier says the same of two images of a signal."""

import numpy as np
import pytest

from shiftmath import dc
from shiftmath.dft import dft, power_spectrum
from shiftmath.groups import (
    Group,
    assert_equivariant,
    assert_invariant,
    circular_shifts,
    consistency,
    flips,
    quarter_turns,
)


def first_of(classes):
    """A classifier that looks at one sample only."""
    return lambda X: np.digitize(X.reshape(len(X), -1)[:, 0], np.linspace(-1, 1, classes - 1))


def test_it_is_the_share_of_agreeing_pairs_by_brute_force(rng):
    X, predict = rng.standard_normal((3, 3, 4)), first_of(4)
    for x, value in zip(X, consistency(predict, X), strict=True):
        labels = [predict(np.roll(x, (i, j), (0, 1))[None])[0] for i in range(3) for j in range(4)]
        assert value == pytest.approx(np.mean([a == b for a in labels for b in labels]), abs=1e-15)


def test_two_random_shifts_agree_that_often(rng):
    x, predict, trials = rng.standard_normal(7), first_of(3), 20_000
    share = consistency(predict, x[None])[0]
    pairs = [[np.roll(x, s) for s in row] for row in rng.integers(7, size=(2, trials))]
    agree = np.mean(predict(np.array(pairs[0])) == predict(np.array(pairs[1])))
    assert 0 < share < 1
    assert abs(agree - share) < 5 * np.sqrt(share * (1 - share) / trials)


def test_an_invariant_classifier_has_1_and_the_orbit_matters(rng):
    X = rng.standard_normal((4, 5, 5, 2))
    assert np.all(consistency(lambda X: X.sum(axis=(1, 2, 3)).round(6), X) == 1)
    by_channel = consistency(lambda X: X[..., 0].sum(axis=(1, 2)) > 0, X, circular_shifts(axes=(0, 1)))
    assert np.all(by_channel == 1)
    assert np.any(consistency(lambda X: X[:, 0, 0, 0] > 0, X, flips(axes=(0, 1))) < 1)


def test_it_lies_between_one_over_the_classes_and_one(rng):
    for classes in (2, 3, 5):
        values = consistency(first_of(classes), rng.standard_normal((20, 30)))
        assert np.all((values >= 1 / classes - 1e-15) & (values <= 1))


def test_it_is_called_as_the_readme_has_it():
    from shiftmath import consistency

    assert consistency(lambda X: X[:, 0] > 0, np.array([[1, 0]])).tolist() == [0.5]


def test_predict_sees_numbers_that_do_not_wrap_around(rng):
    X = rng.integers(0, 256, (4, 3, 3), dtype=np.uint8)
    darker = consistency(lambda X: X[:, 0, 0] - X[:, 1, 1] < 0, X)
    assert np.array_equal(darker, consistency(lambda X: X[:, 0, 0] - X[:, 1, 1] < 0, X.astype(float)))
    assert np.any(darker < 1)
    seen = []
    for given in (X, X.astype(np.float32), X > 100):
        consistency(lambda X: seen.append(X.dtype) or X[:, 0, 0], given)
    assert set(seen) == {np.dtype(float), np.dtype(np.float32)}


@pytest.mark.parametrize("dtype", [str, object, np.dtypes.StringDType(), int, bool, np.float32])
def test_labels_are_numbers_or_strings(dtype):
    names = np.array(["cat", "dog"], dtype) if dtype in (str, object) else np.array([0, 1]).astype(dtype)
    assert consistency(lambda X: names[(X[:, 0] > 0).astype(int)], [[1, 0, 0, 0]]).tolist() == [0.625]


TAKES = "takes one label, a number or a string, for each of 4 signals"


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([1, 2, 3], ValueError, r"got shape \(3,\), " + TAKES),
        ([[1]] * 4, ValueError, r"got shape \(4, 1\), takes one label"),
        ([[1], [1, 2], 3, 4], ValueError, "got rows of unequal lengths, " + TAKES),
        ([1, 2, 3, np.nan], ValueError, r"got nan at \(3,\), takes finite numbers"),
        (None, TypeError, "got labels of dtype object, " + TAKES),
        (["a", 1, None, 2], TypeError, "got labels of dtype object, takes one label"),
        ([1j, 0, 0, 0], TypeError, "got labels of dtype complex128, takes one label"),
        (np.ma.array([1, 2, 3, 4], mask=[1, 0, 0, 0]), TypeError, "got labels of dtype int64, takes one label"),
    ],
)
def test_what_predict_gives_is_named(labels, error, message):
    with pytest.raises(error, match=f"^predict: {message}"):
        consistency(lambda X: labels, np.zeros((1, 4)))


@pytest.mark.parametrize("check", [consistency, assert_invariant, assert_equivariant])
@pytest.mark.parametrize("group", [0, 3, (), "shifts", circular_shifts])
def test_a_group_is_a_group(check, group):
    with pytest.raises(TypeError, match=r"^group: got .*, takes a shiftmath.groups.Group or None"):
        check(np.sum, np.ones((2, 4)), group)


def test_bad_input_is_named():
    with pytest.raises(
        ValueError, match=r"predict: got shape \(4, 2\), takes one label, a number or a string, for each of 4"
    ):
        consistency(lambda X: X[:, :2], np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"X: got nan at \(0, 1\), takes finite numbers"):
        consistency(lambda X: X[:, 0], [[0, np.nan]])
    with pytest.raises(TypeError, match="predict: got 3, takes a function from signals"):
        consistency(3, np.zeros((1, 4)))


def test_assert_invariant_passes_and_fails_showing_both_sides(rng):
    x = rng.standard_normal((3, 4))
    assert_invariant(dc, x)
    assert_invariant(np.sum, rng.standard_normal((3, 3)), quarter_turns())
    with pytest.raises(AssertionError, match=r"f\(Tx\) = f\(x\) fails by .* for Tx = .*: left .*, right"):
        assert_invariant(lambda y: y[0, 0], x)


def test_assert_invariant_is_strict_about_one_element(rng):
    x = rng.standard_normal(8)
    assert_invariant(lambda y: y[::2].sum(), x, circular_shifts(stride=2))
    with pytest.raises(AssertionError):
        assert_invariant(lambda y: y[::2].sum(), x, circular_shifts())


def test_assert_equivariant_passes_and_fails(rng):
    x = rng.standard_normal(6)
    assert_equivariant(np.cumsum, x, Group(()))
    assert_equivariant(lambda y: np.convolve(np.tile(y, 3), [1, 2, 3], "same")[6:12], x)
    with pytest.raises(AssertionError, match=r"f\(Tx\) = T f\(x\) fails"):
        assert_equivariant(lambda y: np.convolve(y, [1, 2, 3], "same"), x)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("f", [dc, np.sum, power_spectrum, np.max, lambda x: x.mean() > 5, lambda x: abs(dft(x))])
def test_the_tolerance_is_that_of_the_dtype(f, dtype, rng):
    x = rng.uniform(1, 2, (4, 24)).astype(dtype)
    assert_invariant(f, x)
    assert_equivariant(lambda y: y * f(y).max(), x)
    wrong = 4 * np.finfo(dtype).eps ** 0.75
    with pytest.raises(AssertionError):
        assert_invariant(lambda y: y.sum(dtype=float) * (1 + wrong * (y[0, 0] == x[0, 0])), x)


def test_a_failure_is_one_line_that_shows_where(rng):
    with pytest.raises(AssertionError) as failure:
        assert_invariant(lambda y: y, rng.standard_normal((8, 12)))
    message = str(failure.value)
    assert len(message) < 300
    assert message.startswith("f(Tx) = f(x) fails by ")
    assert "Tx = x[[84 85 ... 82 83]]" in message


@pytest.mark.parametrize("size", [1e-300, 1e155, 1e300, 2e307])
def test_numbers_whose_squares_overflow_are_compared_too(size):
    x = size * np.array([1.0, 2, 4, 8])
    assert_invariant(lambda y: np.sort(y), x)
    assert_equivariant(lambda y: y / 2, x)
    if size > 1:
        with pytest.raises(AssertionError, match="fails by"):
            assert_invariant(lambda y: y[:1] if y[0] > y[1] else -y[:1], x)


def test_values_of_another_shape_are_different():
    with pytest.raises(AssertionError, match=r"left \[.*\], right \[.*\]"):
        assert_invariant(lambda y: y[: 1 + (y[0] > 1)], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"^f: got values of shape \(1,\), takes .* of x, \(2,\)"):
        assert_equivariant(lambda y: y[:1], [1.0, 2.0])


@pytest.mark.parametrize("check", [assert_invariant, assert_equivariant])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"tolerance": -1}, ValueError, "tolerance: got -1, takes a non-negative finite number"),
        ({"tolerance": np.nan}, ValueError, "tolerance: got nan, takes a non-negative"),
        ({"tolerance": "x"}, TypeError, "tolerance: got 'x', takes a non-negative"),
        ({"x": [1.0, np.nan]}, ValueError, r"x: got nan at \(1,\), takes finite numbers"),
        ({"x": []}, ValueError, r"x: got shape \(0,\), takes"),
        ({"f": 3}, TypeError, "f: got 3, takes a function of one signal"),
        ({"f": lambda y: "cat"}, TypeError, "f: got dtype <U3, takes a function whose values are numbers"),
        ({"f": lambda y: y * np.nan}, ValueError, r"f: got nan at \(0,\), takes finite numbers"),
        ({"f": lambda y: [[1], [1, 2]]}, ValueError, "f: got rows of unequal lengths, takes a function whose"),
        ({"group": flips(axes=3)}, ValueError, "axes: got"),
    ],
)
def test_bad_arguments_of_the_assertions_are_named(check, arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        check(**({"f": np.square, "x": [1.0, 2.0]} | arguments))

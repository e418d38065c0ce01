"""Separators: the theorem of the DC gap, for every group; certificates and witnesses; what bad input gets."""

import inspect
import math
import tracemalloc
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog

from shiftmath import NotCertified, NotSeparable, Separator, dc, dot_on_gray, invariant_margin, max_margin
from shiftmath.groups import Group, circular_shifts, flips, quarter_turns, shift

EPS = float(np.finfo(float).eps)
SHAPES = [1, 2, 5, 8, 9, (1, 1), (3, 3), (2, 5), (4, 4), (2, 2, 3)]
GROUPS = [
    (circular_shifts(), (3, 4)),
    (circular_shifts(axes=1), (3, 4)),
    (circular_shifts(axes=(0, 1)), (3, 3, 2)),
    (circular_shifts(stride=2), (8,)),
    (circular_shifts(stride=3), (8,)),
    (flips(), (3, 4)),
    (quarter_turns(), (4, 4)),
    (quarter_turns() * flips(axes=0), (3, 3)),
    (circular_shifts() * quarter_turns(), (3, 3)),
    (circular_shifts(stride=2) * flips(axes=0), (4, 2)),
    (Group(()), (3, 2)),
]


def two_classes(shape, apart, rng, samples=4):
    shape = np.atleast_1d(shape)
    positives, negatives = rng.standard_normal((2, samples, *shape))
    return positives + apart / math.sqrt(np.prod(shape)), negatives


def orbits(group, samples):
    return np.concatenate([group.orbit(x) for x in samples])


def separable(A, B):
    """By linear programming: <n, a> + b >= 1 on A, <= -1 on B."""
    rows = np.concatenate(
        [np.c_[-A.reshape(len(A), -1), -np.ones(len(A))], np.c_[B.reshape(len(B), -1), np.ones(len(B))]]
    )
    return linprog(np.zeros(rows.shape[1]), A_ub=rows, b_ub=-np.ones(len(rows)), bounds=(None, None)).status == 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("apart", [7, -7])
def test_invariant_margin_is_the_dc_gap_and_its_normal_is_w(shape, apart, rng):
    positives, negatives = two_classes(shape, apart, rng)
    axes = tuple(range(1, positives.ndim))
    p, n = dc(positives, axes), dc(negatives, axes)
    separator = invariant_margin(positives, negatives)
    d = positives[0].size
    assert separator.gap == pytest.approx(max(p.min() - n.max(), n.min() - p.max()), rel=64 * EPS)
    assert np.allclose(separator.normal, math.copysign(1 / math.sqrt(d), apart), rtol=8 * EPS)
    assert separator.robustness == separator.gap / 2


@pytest.mark.parametrize("shape", SHAPES)
def test_invariant_margin_equals_max_margin_on_explicit_orbits(shape, rng):
    positives, negatives = two_classes(shape, 7, rng)
    closed = invariant_margin(positives, negatives)
    explicit = max_margin(orbits(circular_shifts(), positives), orbits(circular_shifts(), negatives))
    assert closed.gap == pytest.approx(explicit.gap, rel=1e-9)
    assert closed.offset == pytest.approx(explicit.offset, rel=1e-9, abs=1e-9)
    assert np.allclose(closed.normal, explicit.normal, atol=1e-9)


@pytest.mark.parametrize(("group", "shape"), GROUPS)
def test_the_same_theorem_holds_for_every_group(group, shape, rng):
    positives, negatives = two_classes(shape, 9, rng)
    closed = invariant_margin(positives, negatives, group)
    explicit = max_margin(orbits(group, positives), orbits(group, negatives))
    assert closed.gap == pytest.approx(explicit.gap, rel=1e-9)
    assert np.allclose(closed.normal, explicit.normal, atol=1e-9)
    assert np.abs(group.orbit(closed.normal) - closed.normal).max() <= 4 * EPS


@pytest.mark.parametrize(("group", "shape"), GROUPS)
def test_an_invariant_separator_puts_the_whole_orbit_on_one_side(group, shape, rng):
    positives, negatives = two_classes(shape, 9, rng)
    separator = invariant_margin(positives, negatives, group)
    sides = separator.decision(orbits(group, positives)), -separator.decision(orbits(group, negatives))
    assert min(s.min() for s in sides) == pytest.approx(separator.robustness, rel=1e-12)


@pytest.mark.parametrize(("group", "shape"), [*GROUPS, (circular_shifts(), (9,)), (circular_shifts(), (16,))])
def test_separable_if_and_only_if_the_orbits_are(group, shape, rng):
    counts = [0, 0]
    for _ in range(20):
        positives, negatives = two_classes(shape, rng.uniform(-6, 6), rng, samples=2)
        expected = separable(orbits(group, positives), orbits(group, negatives))
        counts[expected] += 1
        if expected:
            assert invariant_margin(positives, negatives, group).gap > 0
        else:
            with pytest.raises(NotSeparable):
                invariant_margin(positives, negatives, group)
    assert counts[1] > 0  # the loop has seen separable problems


@pytest.mark.parametrize("shape", [1, 2, 3, 9, 16, 31, (1, 1), (3, 3), (4, 5), (15, 15)])
def test_corollary_two_dots_are_2_apart_and_2_over_root_d_under_shifts(shape):
    white, black = dot_on_gray(shape)
    assert max_margin(white[None], black[None]).gap == 2
    assert invariant_margin(white[None], black[None]).gap == pytest.approx(2 / math.sqrt(white.size), rel=1e-12)


def test_dots_at_two_over_fifteen():
    white, black = dot_on_gray((15, 15))
    assert abs(invariant_margin(white[None], black[None]).gap - 2 / 15) <= 1e-12


@pytest.mark.parametrize("shape", [5, 12, (4, 5)])
def test_one_image_per_class_loses_the_cosine_to_w(shape, rng):
    x, y = rng.standard_normal((2, *np.atleast_1d(shape)))
    ratio = invariant_margin(x[None], y[None]).gap / max_margin(x[None], y[None]).gap
    assert ratio == pytest.approx(abs(np.sum(x - y)) / math.sqrt(x.size) / np.linalg.norm(x - y), rel=1e-13)


def test_an_orbit_that_is_not_closed_has_a_larger_margin(rng):
    positives, negatives = two_classes(12, 6, rng)
    half = [np.concatenate([circular_shifts().orbit(x)[:6] for x in c]) for c in (positives, negatives)]
    assert max_margin(*half).gap > 1.001 * invariant_margin(positives, negatives).gap


def test_zero_padded_shifts_have_another_margin(rng):
    positives, negatives = two_classes(12, 6, rng)

    def padded(x):
        wide = np.pad(x, 3)
        return np.array([wide[3 - s : 15 - s] for s in range(-3, 4)])

    separator = max_margin(*(np.concatenate([padded(x) for x in c]) for c in (positives, negatives)))
    assert abs(separator.gap / invariant_margin(positives, negatives).gap - 1) > 1e-3
    assert dc(separator.normal) < 1 - 1e-3


@pytest.mark.parametrize(("group", "shape"), GROUPS)
def test_witness_lies_in_both_hulls(group, shape, rng):
    positives, negatives = two_classes(shape, 0.0, rng, samples=40)
    with pytest.raises(NotSeparable) as caught:
        invariant_margin(positives, negatives, group)
    error = caught.value
    for weights, samples in ((error.positive_weights, positives), (error.negative_weights, negatives)):
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)
        assert np.abs(group.orbit_mean(np.tensordot(weights, samples, 1)) - error.witness).max() <= 1e-12
    assert (error.overlap is None) == (group.sample_orbits(shape).max() > 0)


def test_overlap_is_the_interval_that_the_classes_share():
    with pytest.raises(NotSeparable, match=r"\[1, 3\] and \[2, 5\] overlap or touch") as caught:
        invariant_margin([[1.0], [3.0]], [[2.0], [5.0]])
    assert caught.value.overlap == (2.0, 3.0)
    assert caught.value.witness.tolist() == [2.5]


def test_touching_classes_and_shifted_copies_are_not_separable(rng):
    with pytest.raises(NotSeparable):
        invariant_margin([[1.0, 0.0]], [[0.0, 1.0]])
    for _ in range(20):
        x = rng.standard_normal((5, 7))
        with pytest.raises(NotSeparable):
            invariant_margin(x[None], shift(x, (2, 3))[None])


def test_max_margin_witness_lies_in_both_hulls(rng):
    positives, negatives = rng.standard_normal((2, 30, 2, 3))
    with pytest.raises(NotSeparable, match="the hulls of the two classes share a point") as caught:
        max_margin(positives, negatives)
    error = caught.value
    assert error.witness.shape == (2, 3)
    assert np.abs(np.tensordot(error.positive_weights, positives, 1) - error.witness).max() <= 1e-14
    assert np.abs(np.tensordot(error.negative_weights, negatives, 1) - error.witness).max() <= 1e-13
    assert error.residual <= 1e-13


def test_certificate_proves_the_gap(rng):
    positives, negatives = two_classes((4, 4), 6, rng)
    separator = max_margin(positives, negatives)
    c = separator.certificate
    assert c.lower <= c.upper * (1 + 4 * EPS)
    assert c.duality_gap <= 1e-12
    assert c.kkt_residual <= 1e-12
    p, q = np.tensordot(c.positive_weights, positives, 1), np.tensordot(c.negative_weights, negatives, 1)
    assert np.linalg.norm(p - q) == pytest.approx(c.upper, rel=1e-13)
    assert np.allclose(p - q, separator.gap * separator.normal, atol=1e-12)
    width = separator.decision(positives).min() - separator.decision(negatives).max()
    assert width == pytest.approx(separator.gap, rel=1e-13)
    assert separator.decision(positives).min() == pytest.approx(separator.robustness, rel=1e-12)


def test_certificate_of_an_invariant_separator_is_about_orbit_means(rng):
    positives, negatives = two_classes((3, 4), 9, rng)
    for group in (circular_shifts(), flips()):
        separator = invariant_margin(positives, negatives, group)
        c = separator.certificate
        p, q = (
            group.orbit_mean(np.tensordot(w, x, 1))
            for w, x in ((c.positive_weights, positives), (c.negative_weights, negatives))
        )
        assert np.linalg.norm(p - q) == pytest.approx(separator.gap, rel=1e-12)


def test_uncertified_answers_are_raised_and_carry_the_separator(rng):
    positives, negatives = two_classes((4, 4), 6, rng)
    with pytest.raises(NotCertified, match=r"the largest gap lies between .* misses tolerance = 1e-20") as caught:
        max_margin(positives, negatives, tolerance=1e-20)
    assert isinstance(caught.value.separator, Separator)


def test_data_too_large_for_their_gap_are_not_answered_silently(rng):
    flat = 1e11 * rng.standard_normal((2, 40, 10))
    flat[:, :, 0] = np.array([0.5, -0.5])[:, None]
    with pytest.raises((NotCertified, NotSeparable)):
        max_margin(*flat @ np.linalg.qr(rng.standard_normal((10, 10)))[0])


@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint8, np.int64, np.float16, np.float32, np.longdouble, bool, ">f8", ">f4", ">i4", "<f8"]
)
def test_other_dtypes_are_promoted_not_truncated(dtype):
    positives = np.array([[1, 1, 0], [1, 1, 1]], dtype)
    negatives = np.array([[0, 0, 0], [1, 0, 0]], dtype)
    expected = invariant_margin(positives.astype(float), negatives.astype(float))
    assert invariant_margin(positives, negatives).gap == expected.gap
    assert max_margin(positives, negatives).gap == max_margin(positives.astype(float), negatives.astype(float)).gap


def test_uint8_images_do_not_wrap_around():
    bright, dark = np.full((1, 20, 20), 255, np.uint8), np.full((1, 20, 20), 250, np.uint8)
    assert invariant_margin(bright, dark).gap == pytest.approx(5 * 20)
    assert max_margin(dark, bright).gap == pytest.approx(5 * 20)


def test_float32_is_summed_in_float64():
    x = np.full((1, 10_001), 0.1, np.float32)
    expected = float(np.float32(0.1)) * 10_001 / math.sqrt(10_001)
    assert invariant_margin(x, -x).gap == pytest.approx(2 * expected, rel=1e-14)


@pytest.mark.parametrize("layout", ["reversed", "transposed", "strided", "list", "fortran"])
def test_layout_of_the_data_does_not_matter(layout, rng):
    positives, negatives = two_classes((4, 6), 9, rng)
    wide = np.zeros((8, 4, 6))
    wide[::2] = positives
    same = {
        "reversed": positives[:, ::-1][:, ::-1],
        "transposed": np.ascontiguousarray(positives.transpose(0, 2, 1)).transpose(0, 2, 1),
        "strided": wide[::2],
        "list": positives.tolist(),
        "fortran": np.asfortranarray(positives),
    }[layout]
    for f in (max_margin, invariant_margin, lambda a, b: invariant_margin(a, b, flips())):
        assert f(same, negatives).gap == pytest.approx(f(positives, negatives).gap, rel=1e-14)


def test_decision_takes_one_signal_or_a_batch(rng):
    positives, negatives = two_classes((3, 2), 6, rng)
    separator = max_margin(positives, negatives)
    assert separator.decision(positives[0]) == pytest.approx(separator.decision(positives)[0])
    with pytest.raises(ValueError, match=r"x: got shape \(3,\), takes one signal or a batch, each of shape \(3, 2\)"):
        separator.decision(np.zeros(3))
    assert repr(separator).startswith("Separator(gap=")


BAD_SIGNALS = [
    (np.zeros(3), ValueError, r"got shape \(3,\)"),
    (np.zeros((3, 2, 1)), ValueError, r"got shape \(3, 2, 1\)"),
    (1.0, ValueError, r"got shape \(\)"),
    (np.ones((3, 2)) * 1j, TypeError, "got dtype complex128"),
    (np.full((3, 2), "1"), TypeError, "got dtype <U1"),
    (np.full((3, 2), 1.0, object), TypeError, "got dtype object"),
    (np.full((3, 2), "2020-01-01", "datetime64[D]"), TypeError, r"got dtype datetime64\[D\]"),
    (np.ma.ones((3, 2)), TypeError, "got a masked array"),
    ([[1.0, 2.0], [1.0]], ValueError, "got rows of unequal lengths"),
    ("image", TypeError, "got dtype <U5"),
    (b"image", TypeError, r"got dtype \|S5"),
    ({"x": 1.0}, TypeError, "got dtype object"),
    ((x for x in [1.0]), TypeError, "got dtype object"),
    (None, TypeError, "got dtype object"),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD_SIGNALS)
def test_a_decision_about_bad_input_is_named(bad, error, message, rng):
    separator = max_margin(*two_classes((3, 2), 6, rng))
    with pytest.raises(error, match=f"^x: {message}, takes one signal or a batch, each of shape \\(3, 2\\)"):
        separator.decision(bad)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_decision_takes_finite_numbers(bad, rng):
    positives, negatives = two_classes((3, 2), 6, rng)
    separator = max_margin(positives, negatives)
    positives[1, 2, 0] = bad
    with pytest.raises(ValueError, match=rf"x: got {bad} at \(1, 2, 0\), takes finite numbers"):
        separator.decision(positives)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, bool, np.float16, np.float32, np.longdouble, ">f8", ">f4", ">i2"])
def test_decisions_of_other_dtypes_are_those_of_their_values(dtype, rng):
    separator = max_margin(*two_classes((3, 2), 6, rng))
    x = rng.integers(0, 2, (4, 3, 2))
    assert np.array_equal(separator.decision(x.astype(dtype)), separator.decision(x.astype(float)))
    assert separator.decision(x[:0]).shape == (0,)
    assert separator.decision(x[None]).shape == (1, 4)
    assert np.array_equal(separator.decision(jnp.asarray(x)), separator.decision(x))


def test_decisions_are_those_of_exact_arithmetic(rng):
    separator = max_margin(*two_classes(30, 6, rng))
    x = rng.standard_normal(30) * 10.0 ** rng.integers(-5, 6, 30)
    exact = sum(Fraction(u) * Fraction(v) for u, v in zip(separator.normal.tolist(), x.tolist(), strict=True))
    # A sum of n products errs by at most n eps times the sum of their moduli.
    tolerance = 31 * EPS * (np.abs(separator.normal * x).sum() + abs(separator.offset))
    assert abs(float(exact + Fraction(separator.offset)) - separator.decision(x)) <= tolerance


def test_separators_and_certificates_print_on_one_line(rng):
    separator = max_margin(*two_classes((30, 30), 60, rng))
    for answer in (separator, separator.certificate):
        assert len(repr(answer)) <= 120
        assert "\n" not in repr(answer)
    assert repr(separator.certificate).startswith("Certificate(lower=")
    assert "upper=" in repr(separator.certificate)
    assert "duality_gap=" in repr(separator.certificate)


@pytest.mark.parametrize("f", [max_margin, invariant_margin, Separator.decision])
def test_signatures_name_what_is_taken_and_do_not_spell_it_out(f):
    signature = str(inspect.signature(f))
    assert "ArrayLike" in signature
    assert "Supports" not in signature
    assert "|" not in signature.replace("Group | None", "").replace("ArrayLike | Iterator", "")


def test_memory_of_the_closed_form_stays_below_the_data(rng):
    positives = rng.standard_normal((2000, 50, 10))
    tracemalloc.start()
    invariant_margin(positives, positives[:1] + 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < positives.nbytes / 4


GOOD = [[1.0, 2.0]]
BAD = [
    ([], ValueError, r"positives: got shape \(0,\), takes an array of real numbers of shape \(samples, \*spatial\)"),
    (np.zeros((0, 2)), ValueError, r"positives: got shape \(0, 2\), takes"),
    (np.zeros((3, 0)), ValueError, r"positives: got shape \(3, 0\), takes"),
    (1.0, ValueError, r"positives: got shape \(\), takes"),
    ([1.0, 2.0], ValueError, r"positives: got shape \(2,\), takes .*; one signal is positives\[None\]"),
    ([[1.0, 2.0], [1.0]], ValueError, "positives: got rows of unequal lengths, takes"),
    ([[1.0, float("nan")]], ValueError, r"positives: got nan at \(0, 1\), takes finite numbers"),
    ([[1.0, 2.0], [float("-inf"), 0.0]], ValueError, r"positives: got -inf at \(1, 0\), takes finite numbers"),
    ([[float("inf"), float("-inf")]], ValueError, r"positives: got inf at \(0, 0\), takes finite numbers"),
    ("dots", TypeError, "positives: got dtype <U4, takes"),
    ([["a", "b"]], TypeError, "positives: got dtype <U1, takes"),
    ([[1j, 2.0]], TypeError, "positives: got dtype complex128, takes"),
    (None, TypeError, "positives: got dtype object, takes"),
    ({"dots": 1.0}, TypeError, "positives: got dtype object, takes"),
    (np.ma.array([[1.0, 2.0]], mask=[[False, True]]), TypeError, "positives: got a masked array, takes"),
    (np.ma.masked_all((1, 2)), TypeError, "positives: got a masked array, takes"),
    ([[1.0, 2.0, 3.0]], ValueError, r"positives and negatives: got signals of shapes \(3,\) and \(2,\), takes"),
    ([[[1.0, 2.0]]], ValueError, r"positives and negatives: got signals of shapes \(1, 2\) and \(2,\), takes"),
]


@pytest.mark.parametrize("margin", [max_margin, invariant_margin, lambda a, b: invariant_margin(a, b, flips())])
@pytest.mark.parametrize(("bad", "error", "message"), BAD)
def test_bad_input_is_named(margin, bad, error, message):
    with pytest.raises(error, match=message):
        margin(bad, GOOD)
    other = message.replace("positives", "negatives") if " and " not in message else r"takes two classes of signals"
    with pytest.raises(error, match=other):
        margin(GOOD, bad)


@pytest.mark.parametrize("margin", [max_margin, invariant_margin])
@pytest.mark.parametrize(
    ("tolerance", "error"),
    [(None, TypeError), ("x", TypeError), (True, TypeError), (-1, ValueError), (math.nan, ValueError), (1j, TypeError)],
)
def test_tolerance_is_a_number_of_at_least_0(margin, tolerance, error):
    with pytest.raises(error, match=f"tolerance: got {tolerance!r}, takes a non-negative finite number"):
        margin([[1.0, 2.0]], [[0.0, 0.0]], tolerance=tolerance)


def test_exact_data_meet_a_tolerance_of_0():
    assert max_margin([[1.0, 0.0]], [[0.0, 0.0]], tolerance=0).gap == 1


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("group", [None, circular_shifts()])
def test_colours_that_the_shifts_move_are_named(channels, group, rng):
    """Three or four numbers in the last axis of an image look like channels; the group of one's own choice is known."""
    cats, dogs = rng.random((2, 20, 6, 6, channels))
    with pytest.raises(NotSeparable, match="overlap or touch") as caught:
        invariant_margin(cats, dogs, group)
    named = "group=circular_shifts(axes=(0, 1)) leaves them in place" in str(caught.value)
    assert named == (group is None and channels in (3, 4))
    with pytest.raises(NotSeparable, match=r"overlap or touch$"):
        invariant_margin(cats.reshape(20, -1, channels), dogs.reshape(20, -1, channels), group)


def test_group_must_be_a_group():
    with pytest.raises(TypeError, match=r"group: got 'shifts', takes a shiftmath\.groups\.Group or None"):
        invariant_margin(GOOD, GOOD, "shifts")


def test_sums_that_overflow_are_named():
    with pytest.raises(ValueError, match="positives: got numbers whose sum overflows, takes smaller ones"):
        invariant_margin([[1e308] * 4], [[0.0] * 4])

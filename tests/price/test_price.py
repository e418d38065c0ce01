"""The price of invariance, against the margins it is made of, brute force, and as it is shown."""

import base64
import math
import pickle
import re
import sys
import types
import zlib
from dataclasses import replace

import numpy as np
import pytest

from shiftmath import NotSeparable, dc, dot_on_gray, invariant_margin, max_margin, pairwise_price, price_of_invariance
from shiftmath.groups import circular_shifts, flips, quarter_turns
from shiftmath.interpolant import Interpolant
from shiftmath.kernels import FullyConnected
from shiftmath.price.picture import png, signed_levels
from shiftmath.price.wide import Wide, networks

EPS = float(np.finfo(float).eps)


@pytest.fixture
def classes(rng):
    """Images that DC components tell apart."""
    return rng.random((6, 3, 3)) + 1.5, rng.random((4, 3, 3))


@pytest.fixture
def overlapping(rng):
    """Images that nothing tells apart without exception."""
    return rng.standard_normal((20, 2, 2)) + 0.4, rng.standard_normal((30, 2, 2))


def test_two_dots_pay_the_root_of_the_number_of_pixels_linear_and_at_infinite_width():
    white, black = dot_on_gray((4, 6))
    price = price_of_invariance(white[None], black[None])
    assert price.ratio == pytest.approx(1 / math.sqrt(24), rel=1e-14)
    (full, flat, average) = (w.median for w in price.wide)
    assert full == pytest.approx((1, 1), rel=1e-12)
    assert flat == pytest.approx((1, 1), rel=1e-12)
    assert average == pytest.approx((1 / math.sqrt(24),) * 2, rel=1e-12)


@pytest.mark.parametrize("group", [None, flips(), quarter_turns(), circular_shifts(stride=3)])
def test_the_gaps_are_those_of_the_two_margins(classes, group):
    price = price_of_invariance(*classes, group, wide=0)
    plain, invariant = max_margin(*classes), invariant_margin(*classes, group)
    assert (price.plain_gap, price.invariant_gap) == (plain.gap, invariant.gap)
    assert price.ratio == price.soft_ratio == invariant.gap / plain.gap <= 1 + 4 * EPS
    assert price.share == 0
    assert [r["upper"] for r in price.records] == [plain.certificate.upper, invariant.certificate.upper]


def test_the_cheapest_invariant_change_takes_a_sample_onto_every_invariant_boundary_of_the_slab(classes, rng):
    P, N = classes
    price = price_of_invariance(P, N, wide=0)
    nearest = P[np.argmin(P.sum(axis=(1, 2)))]
    assert price.perturbation == pytest.approx(np.full((3, 3), -price.invariant_gap / 2 / 3), rel=1e-13)
    middle = (min(map(dc, P)) + max(map(dc, N))) / 2
    assert dc(nearest + price.perturbation) == pytest.approx(middle, rel=1e-13)
    separator = price.plain.separator
    moved = separator.decision(P + price.plain_perturbation)
    assert abs(moved).min() <= 1e-13
    assert moved.min() >= -1e-13


def test_classes_that_overlap_have_a_soft_price(overlapping):
    P, N = overlapping
    price = price_of_invariance(P, N, wide=0)
    assert (price.plain_gap, price.invariant_gap) == (0, 0)
    assert math.isnan(price.ratio)
    assert isinstance(price.invariant.obstacle, NotSeparable)
    assert price.plain.share <= price.share
    plain, invariant = (m(P, N, share=price.share).gap for m in (max_margin, invariant_margin))
    assert price.soft_ratio == invariant / plain < 1
    assert "overlap or touch; they do not at the share" in repr(price)
    for margin, solve in ((price.plain, max_margin), (price.invariant, invariant_margin)):
        with pytest.raises(NotSeparable):
            solve(P, N, share=margin.share - 0.1 if margin.share > 0.2 else margin.share / 2.5)


def test_equal_classes_have_no_price_at_all():
    X = np.random.default_rng(0).random((4, 3, 3))
    price = price_of_invariance(X, X[::-1], wide=2)
    assert (price.plain_gap, price.invariant_gap, price.share, price.perturbation) == (0, 0, None, None)
    assert math.isnan(price.ratio)
    assert math.isnan(price.soft_ratio)
    assert "not even the means differ" in repr(price)
    assert "<figure" not in price._repr_html_()


def test_what_shifts_alone_mix_up_costs_everything():
    x = np.random.default_rng(0).random((2, 3, 3))
    price = price_of_invariance(x, np.roll(x, 1, axis=1), wide=2)
    assert price.plain_gap > 0
    assert (price.invariant_gap, price.ratio, price.share) == (0, 0, None)
    assert price.wide[2].median == (0, 0)
    assert "by what it is blind to" in price.wide[2].note
    assert price.wide[1].median[0] > 0


def test_channels_stay_in_place(rng):
    P, N = rng.random((2, 5, 3, 3, 2))
    P[..., 0] += 3
    price = price_of_invariance(P, N, wide=0)
    assert price.invariant_gap == invariant_margin(P, N, circular_shifts(axes=(0, 1))).gap > 0
    one, plain = (price_of_invariance(*pair, wide=0) for pair in ((P[..., :1], N[..., :1]), (P[..., 0], N[..., 0])))
    assert one.invariant_gap == pytest.approx(plain.invariant_gap, rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, bool])
def test_the_dtype_changes_no_number(dtype):
    rng = np.random.default_rng(1)
    P, N = rng.integers(0, 2, (2, 4, 3, 3)).astype(dtype)
    P[:, 0], N[:, 1] = 1, 0
    prices = [price_of_invariance(A, B, wide=0) for A, B in ((P, N), (P.astype(float), N.astype(float)))]
    assert repr(prices[0]) == repr(prices[1])


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_the_price_of_data_of_any_size_is_the_same(classes, scale):
    P, N = classes
    one, other = (price_of_invariance(s * P, s * N, wide=2) for s in (1.0, scale))
    assert other.ratio == pytest.approx(one.ratio, rel=1e-12)
    for a, b in zip(one.wide, other.wide, strict=True):
        assert np.concatenate([b.lower, b.upper]) == pytest.approx(scale * np.concatenate([a.lower, a.upper]), rel=1e-5)


@pytest.mark.slow
def test_bounds_at_infinite_width_enclose_what_a_search_finds(classes):
    P, N = classes
    price = price_of_invariance(P, N, wide=2)
    for w in price.wide:
        X = np.concatenate([P[list(w.samples[0])], N[list(w.samples[1])]])
        f = Interpolant(w.kernel, X, [1, 1, -1, -1])
        searched = f.distance(X[[0, 2]], restarts=2)
        assert np.all(w.lower > 0)
        assert np.all(w.lower <= searched.upper)
        # Both are lengths of steps that were seen to cross; few gradients find longer ones than many.
        assert np.all(searched.upper <= w.upper * (1 + 1e-6))
        assert np.all(w.upper <= 1.5 * searched.upper)


def test_a_pair_without_an_invariant_network_has_no_price_at_infinite_width(rng):
    X, y = rng.random((4, 1, 1, 1, 2)), [0, 0, 1, 1]
    prices = pairwise_price(X, y, wide=2)
    assert repr(prices).splitlines()[1].endswith("at infinite width")
    assert repr(prices).splitlines()[2].endswith(f"{prices[0, 1].soft_ratio:.4g}")
    assert "no invariant network beside it" in repr(prices[0, 1])


def test_the_first_network_is_itself_once_though_its_distance_is_an_interval(classes):
    bounds = [(np.array([lower]), np.array([upper])) for lower, upper in ((2.0, 3.0), (0.5, 0.6))]
    wide = tuple(Wide(FullyConnected(), *pair, ((0,), (0,))) for pair in bounds)
    first, other = replace(price_of_invariance(*classes, wide=0), wide=wide).records[2:]
    assert (first["ratio_lower"], first["ratio_upper"]) == (1, 1)
    assert (other["ratio_lower"], other["ratio_upper"]) == (0.5 / 3, 0.6 / 2)


def test_images_that_differ_by_size_alone_are_said_to(rng):
    X = rng.random((1, 1, 1, 1, 4))
    assert "two differ by size alone" in price_of_invariance(X, 2 * X, wide=1).wide[0].note


def test_a_group_whose_permutations_fill_no_table_leaves_out_its_mean():
    assert [repr(k) for k in networks((96, 96), circular_shifts(), 2)] == ["FullyConnected()"]


def test_networks_at_infinite_width_suit_the_samples():
    assert [repr(k) for k in networks((5,), None, 4)][1] == "Convolutional(readout='flatten', spatial_axes=1)"
    assert [k.filter_size for k in networks((2, 5), None, 4)[1:]] == [(2, 3), (2, 3)]
    assert len(networks((2, 2, 2, 2), None, 4)) == 1
    assert len(networks((3, 3), flips(), 4)) == 2
    assert len(networks((32, 32), circular_shifts() * flips(), 4)) == 1


def test_all_pairs_are_those_of_one_pair_each(rng):
    X, y = rng.random((12, 2, 2)), np.repeat(["a", "b", "c"], 4)
    X[y == "b"] += 2
    prices = pairwise_price(X, y, wide=0)
    assert list(prices.pairs) == [("a", "b"), ("a", "c"), ("b", "c")]
    for (a, b), price in prices.pairs.items():
        assert repr(price) == repr(price_of_invariance(X[y == a], X[y == b], wide=0))
    assert prices["b", "a"] is prices["a", "b"]
    with pytest.raises(KeyError, match="a"):
        prices["a", "d"]
    table = prices.matrix()
    assert table[0, 1] == table[1, 0] == prices["a", "b"].ratio
    assert np.isnan(np.diag(table)).all()


def test_a_stated_few_pairs_have_a_part_at_infinite_width(rng):
    X, y = rng.random((6, 3, 3)), np.repeat([3, 1, 2], 2)
    X[:, 0] += y[:, None]
    prices = pairwise_price(X, y, wide=2, wide_pairs=2)
    order = sorted(prices.pairs.values(), key=lambda p: p.plain_gap)
    assert [len(p.wide) for p in order] == [3, 0, 3]
    assert prices.classes == (1, 2, 3)


def test_the_table_says_every_number_and_the_page_shows_a_picture(classes):
    price = price_of_invariance(*classes, wide=0)
    assert f"{price.plain_gap:.4g}" in repr(price)
    assert f"{price.ratio:.4g}" in repr(price)
    page = price._repr_html_()
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == page.count("alt=") == 2
    assert all(base64.b64decode(p).startswith(b"\x89PNG") for p in pictures)
    assert "<script" not in page
    page = pairwise_price(np.concatenate(classes), np.repeat([0, 1], [6, 4]), wide=0)._repr_html_()
    assert "<figure" in page
    assert "What invariance costs: one pair of 2 classes" in page


def test_a_png_holds_its_levels():
    from io import BytesIO

    from PIL import Image

    rng = np.random.default_rng(0)
    for shape in ((3, 5), (4, 2, 3)):
        levels = rng.integers(0, 256, shape, np.uint8)
        assert np.array_equal(np.asarray(Image.open(BytesIO(png(levels)))), levels)
    assert signed_levels(np.array([-2.0, 0.0, 2.0]), 2.0).tolist() == [[0, 128, 255]]
    assert signed_levels(np.zeros((2, 2, 2, 2)), 1.0) is None


def test_the_frame_has_a_row_for_each_record(classes, monkeypatch):
    price = price_of_invariance(*classes, wide=0)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        price.to_frame()
    monkeypatch.setitem(sys.modules, "pandas", types.SimpleNamespace(DataFrame=list))
    prices = pairwise_price(np.concatenate(classes), np.repeat([0, 1], [6, 4]), wide=0)
    keys = {"separator", "what", "share", "lower", "upper", "ratio_lower", "ratio_upper", "note"}
    assert [row.keys() for row in price.to_frame()] == [keys, keys]
    assert [row.keys() for row in prices.to_frame()] == [keys | {"classes"}] * 2


def test_answers_can_be_pickled(classes):
    price = price_of_invariance(*classes, wide=2)
    assert repr(pickle.loads(pickle.dumps(price))) == repr(price)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[1.0, 2.0]], [[1.0]]), "positives and negatives: got signals of shapes"),
        (([1.0, 2.0], [[1.0, 2.0]]), "positives: got shape"),
        (([[1.0, np.nan]], [[1.0, 2.0]]), r"positives: got nan at \(0, 1\)"),
        (([[1.0, 2.0]], [[1.0, 2.0]], "shifts"), "group: got 'shifts'"),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        price_of_invariance(*arguments)


@pytest.mark.parametrize("y", [[0, 1], [0, 0, 0], [0.5, 1, 2], [None, 1, 2], [[0], [1], [2]]])
def test_bad_labels_are_named(y):
    with pytest.raises((ValueError, TypeError), match=r"y: got .*, takes one label for each of the 3 samples"):
        pairwise_price(np.eye(3), y)


def test_the_widest_numbers_are_refused_not_wrong():
    P, N = np.array([[1e308, 1e308]]), np.array([[-1e308, -1e308]])
    with pytest.raises(ValueError, match="positives and negatives: got numbers whose gap overflows"):
        price_of_invariance(P, N, wide=0)


def test_zlib_reads_what_was_deflated():
    data = png(np.full((2, 2), 7, np.uint8))
    start = data.index(b"IDAT") + 4
    assert zlib.decompress(data[start : data.index(b"IEND") - 8]) == b"\0\x07\x07" * 2

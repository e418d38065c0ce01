"""Curves that a reader turns: what the page keeps is the curve itself, in a ball."""

import json

import numpy as np
import pytest

from shiftmath.pages.turning import MIME, Turning

HELIX = np.stack([np.cos(np.arange(9.0)), np.sin(np.arange(9.0)), np.arange(9.0)], axis=1)


def kept(points):
    return np.array(Turning({"a": (points, "#000000")})._repr_mimebundle_()[MIME]["curves"][0]["points"])


def test_the_points_are_the_curve_moved_and_scaled():
    points = kept(HELIX)
    assert np.linalg.norm(points, axis=1).max() == pytest.approx(1, abs=2e-3)  # rounded to 5e-4 in three coordinates
    between = lambda c: np.linalg.norm(c[:, None] - c[None], axis=-1)  # noqa: E731
    size = np.linalg.norm(HELIX - HELIX.mean(axis=0), axis=1).max()
    assert np.abs(between(points) - between(HELIX) / size).max() < 2e-3


def test_a_curve_that_is_moved_scaled_or_off_by_rounding_is_kept_as_the_same():
    assert np.array_equal(kept(HELIX), kept(-3.0 + 8.0 * HELIX))
    assert np.array_equal(kept(HELIX), kept(HELIX * (1 + 1e-12)))


def test_a_page_has_words_and_json():
    bundle = Turning({"first": (HELIX, "#000000"), "second": (HELIX, "#0072b2")})._repr_mimebundle_(include=None)
    assert set(bundle) == {"text/plain", MIME}
    assert bundle["text/plain"].startswith("2 curves in space: first; second (")
    assert [c["name"] for c in json.loads(json.dumps(bundle[MIME]))["curves"]] == ["first", "second"]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (HELIX[:, :2], r"got shape \(9, 2\), takes points"),
        (HELIX[:0], r"got shape \(0, 3\), takes points"),
        (np.ones((4, 3)), "got 4 times one point, takes points"),
        (np.where(HELIX == 8, np.nan, HELIX), "got nan at"),
    ],
)
def test_what_is_no_curve_is_refused(points, message):
    with pytest.raises(ValueError, match=rf"^curves\['a'\]: {message}"):
        Turning({"a": (points, "#000000")})


def test_no_curves_are_refused():
    with pytest.raises(ValueError, match=r"^curves: got \{\}, takes names"):
        Turning({})


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e308])
def test_curves_of_any_size_are_drawn_alike(size):
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0.5]])
    assert Turning({"a": (size * points, "#000000")}).curves == Turning({"a": (points, "#000000")}).curves


@pytest.mark.parametrize("curve", [(np.eye(3), None), (np.eye(3), "#000000", 1), 3, (np.full((7, 3), 0.1), "#000000")])
def test_what_is_no_curve_is_refused_by_its_name(curve):
    with pytest.raises(ValueError, match=r"^curves\['a'\]: got"):
        Turning({"a": curve})

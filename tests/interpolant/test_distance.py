"""The distance to the boundary: closed form and search, levels, several outputs, batches, interruption."""

import io
import os
import signal
import sys
import threading
import time

import jax
import numpy as np
import pytest
from scipy.optimize import minimize

from shiftmath import dc, dot_on_gray
from shiftmath._shared.interrupts import interruptible
from shiftmath._shared.progress import progress
from shiftmath.groups import circular_shifts, flips
from shiftmath.interpolant import Distance, Interpolant, boundary_normal, certified_radius
from shiftmath.interpolant.expansion import Expansion
from shiftmath.interpolant.search import shortest_step, tangent_crossings
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage

EPS = float(np.finfo(float).eps)


def pair(x):
    return np.stack([x, -x])


CLOSED = [
    (FullyConnected(), (3, 4)),
    (FullyConnected(depth=3, bias_std=0.5), (5,)),
    (FullyConnected(activation="erf"), (5,)),
    (Convolutional(), (4, 4, 1)),
    (Convolutional(filter_size=2, spatial_axes=1), (5, 2)),
    (Convolutional(readout="flatten"), (4, 3, 1)),
    (Convolutional(dense_layers=1), (3, 3, 1)),
    (Convolutional(activation="gelu", spatial_axes=1), (5, 1)),
    (GroupAverage(FullyConnected(), flips()), (4, 3)),
    (GroupAverage(FullyConnected(depth=3, bias_std=0.4), flips(axes=0)), (5,)),
    (GroupAverage(FullyConnected(activation="erf"), flips(axes=0)), (4, 2)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("network", "shape"), CLOSED, ids=repr)
def test_the_closed_form_is_what_a_search_finds_and_f_vanishes_there(network, shape, rng):
    x = rng.standard_normal(shape) + 0.3
    f = Interpolant(network, pair(x), [1, -1])
    closed, searched = f.distance(x), f.distance(x, closed_form=False, restarts=3)
    assert (closed.method, searched.method) == ("closed form", "search")
    assert searched.upper == pytest.approx(closed.upper, rel=1e-7)
    assert searched.lower <= closed.lower
    assert abs(f(closed.point[None])[0]) <= 1e-12
    assert f(searched.point[None])[0] <= 1e-14
    assert np.linalg.norm(searched.point - x) == pytest.approx(searched.upper, rel=1e-12)
    normal = boundary_normal(network, f.X, f.y)
    on_plane = rng.standard_normal((20, *shape))
    on_plane -= np.tensordot(on_plane, normal, len(shape)).reshape(-1, *[1] * len(shape)) * normal
    assert np.abs(f(on_plane)).max() <= 1e-12


@pytest.mark.parametrize("k", [3, 5])
def test_corollary_dots_at_one_and_one_over_k(k):
    white = dot_on_gray((k, k))[0][..., None]
    assert Interpolant(FullyConnected(), pair(white), [1, -1]).distance(white).upper == pytest.approx(1, rel=4 * EPS)
    pooled = Interpolant(Convolutional(), pair(white), [1, -1]).distance(white)
    assert pooled.upper == pytest.approx(1 / k, rel=8 * EPS)
    assert pooled.lower == pooled.upper


@pytest.mark.parametrize(
    "network",
    [
        Convolutional(depth=2),
        Convolutional(bias_std=0.1),
        Convolutional(padding="zero"),
        Convolutional(readout=2),
        Convolutional(activation="erf"),
        GroupAverage(FullyConnected(depth=2), flips()),
        GroupAverage(FullyConnected(depth=2), circular_shifts(axes=0, stride=2) * flips(axes=1)),
        GroupAverage(FullyConnected(depth=2, activation="gelu"), flips(axes=0)),
        FullyConnected(depth=2, activation="gelu"),
        Convolutional(activation="gelu", dense_layers=1),
    ],
    ids=repr,
)
def test_no_closed_form_is_claimed_where_none_is_known(network, rng):
    x = rng.standard_normal((4, 4, 1))
    assert boundary_normal(network, pair(x), np.array([1.0, -1.0])) is None
    assert boundary_normal(Convolutional(), np.stack([x, -x + 1e-9]), np.array([1.0, -1.0])) is None
    assert boundary_normal(Convolutional(), pair(x), np.array([1.0, -0.5])) is None


def test_search_finds_the_nearest_point_of_a_sphere_and_of_an_ellipsoid(rng):
    scale = np.array([1.0, 2.0, 0.5])

    def f(Z):
        return 1 - (scale * Z**2).sum(axis=1)

    def f_and_gradient(Z):
        return f(Z), -2 * scale * Z

    x = np.array([0.2, 0.1, -0.3])
    step = shortest_step(f, f_and_gradient, x, 0.3 * rng.standard_normal((8, 3)))
    constraint = {"type": "eq", "fun": lambda s: f((x + s)[None])[0]}
    starts = rng.standard_normal((20, 3))
    best = min(minimize(lambda s: s @ s, s, constraints=constraint, tol=1e-14).fun for s in starts)
    assert np.linalg.norm(step) == pytest.approx(np.sqrt(best), rel=1e-6)
    assert shortest_step(lambda Z: np.ones(len(Z)), lambda Z: (np.ones(len(Z)), np.ones_like(Z)), x, starts) is None


def test_distance_of_random_images_is_the_dc_component(rng):
    x = rng.standard_normal((4, 4, 1))
    f = Interpolant(Convolutional(), pair(x), [1, -1])
    z = rng.standard_normal((4, 4, 1))
    assert f.distance(z).upper == pytest.approx(abs(dc(z)), rel=1e-13)


# Labels that are 0, equal or not centred


@pytest.mark.parametrize(
    "network", [FullyConnected(), Convolutional(spatial_axes=1), FullyConnected(activation="erf")], ids=repr
)
def test_a_function_that_is_0_everywhere_is_on_its_boundary_everywhere(network, rng):
    x, p = rng.standard_normal((2, 4, 1)) + 0.3
    for X, y in ((pair(x), [0, 0]), (rng.standard_normal((3, 4, 1)), [0, 0, 0])):
        f = Interpolant(network, X, y)
        for closed_form in (True, False):
            d = f.distance(p, closed_form=closed_form)
            assert (d.lower, d.upper, d.method) == (0, 0, "on the boundary")
            assert np.array_equal(d.point, p)
        never = f.distance(p, level=0.5)
        assert (never.lower, never.upper, never.point) == (np.inf, np.inf, None)
    assert boundary_normal(network, pair(x), np.zeros(2)) is None


def test_labels_that_cancel_under_a_ridge_leave_0_everywhere(rng):
    x, p = rng.standard_normal((2, 4, 1))
    x[3] = -x[:3].sum()
    for X in (np.stack([x, np.roll(x, 1, axis=0)]), pair(x)):
        f = Interpolant(Convolutional(spatial_axes=1), X, [1, -1], ridge=0.1)
        d = f.distance(p)
        assert (d.lower, d.upper, d.method) == (0, 0, "on the boundary")
        assert f.distance(p, level=0.3).lower == np.inf
    assert boundary_normal(Convolutional(spatial_axes=1), pair(x), np.array([1.0, -1.0])) is None


@pytest.mark.parametrize(
    "network", [FullyConnected(), FullyConnected(depth=3), Convolutional(spatial_axes=1)], ids=repr
)
def test_nothing_is_certified_of_zeros(network, rng):
    x = rng.standard_normal((4, 1))
    assert certified_radius(network, np.zeros((2, 4, 1)), np.ones(2), x) == 0
    assert certified_radius(network, rng.standard_normal((2, 4, 1)), np.zeros(2), x) == 0
    assert certified_radius(network, rng.standard_normal((2, 4, 1)), np.ones(2), 0 * x) == 0


@pytest.mark.parametrize("network", [FullyConnected(), Convolutional(depth=2, spatial_axes=1)], ids=repr)
def test_a_sample_of_label_0_is_on_the_boundary_at_once_and_its_level_is_one_half(network, rng, monkeypatch):
    X, y = rng.standard_normal((5, 4, 1)), np.array([0, 1, 1, 0, 1])
    f = Interpolant(network, X, y)
    with monkeypatch.context() as patch:
        patch.setattr("shiftmath.interpolant.distance.nearest_crossing", None)  # not asked
        assert f.distance(X[0]).method == "on the boundary"
        assert f.distance(X[0]).upper == 0
        assert f.distance(X[1], level=1).method == "on the boundary"
    for x in X:
        d = f.distance(x, level=0.5, restarts=2)
        assert d.method == "search"
        assert d.lower <= d.upper
        assert d.upper > 0.01
        assert (f(d.point) - 0.5) * np.sign(f(x) - 0.5) <= 1e-14


@pytest.mark.parametrize("level", [0.5, -1.3])
@pytest.mark.parametrize("network", [FullyConnected(), Convolutional(readout="flatten", spatial_axes=1)], ids=repr)
def test_a_level_of_a_linear_function_is_a_hyperplane(network, level, rng):
    x, z = rng.standard_normal((2, 4, 1))
    d = Interpolant(network, pair(x), [1, -1]).distance(z, level=level)
    # f(z) = <z, x> / |x|^2, Theorem 2.
    true = abs(np.vdot(z, x) / np.vdot(x, x) - level) * np.linalg.norm(x)
    assert d.method == "search"
    assert d.upper == pytest.approx(true, rel=1e-7)
    assert 0.4 * true <= d.lower <= true
    if isinstance(network, Convolutional):
        # The slack is 64 eps of the moduli, at most 1e3 times f here; 40 halvings leave 1e-12.
        assert d.lower == pytest.approx(true, rel=1e-10)


@pytest.mark.parametrize("network", [FullyConnected(), FullyConnected(depth=2), FullyConnected(bias_std=0.7)])
@pytest.mark.parametrize("level", [0.5, 2.0])
def test_in_the_plane_a_level_is_enclosed(network, level, rng):
    f = Interpolant(network, rng.standard_normal((3, 2)), [0.0, 1.0, 1.0])
    for x in rng.standard_normal((2, 2)):
        d = f.distance(x, level=level)
        grid = np.linspace(-3, 3, 501)
        steps = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
        across = (f(x + steps) - level) * (f(x) - level) < 0
        nearest = np.linalg.norm(steps[across], axis=1).min() if across.any() else np.inf
        if nearest < 3:
            # The grid finds a crossing at most a diagonal of a cell later.
            assert d.lower <= nearest
            assert d.upper <= nearest
            assert d.upper >= nearest - 0.012 * np.sqrt(2)


def rbf(X, Z=None):
    """A kernel of somebody's own, whose scale is not that of its arguments alone."""
    gaps = ((X[:, None] - (X if Z is None else Z)[None]) / SCALE) ** 2
    return (jax.numpy if isinstance(X, jax.Array) else np).exp(-gaps.sum(axis=-1))


SCALE = 1.0


def test_the_point_alone_is_across(rng):
    X = rng.standard_normal((6, 3))
    f = Interpolant(rbf, X, np.tile([1.0, -1.0], 3))
    for x in X:
        point = f.distance(x, restarts=2).point
        assert f(point[None])[0] * f(x[None])[0] <= 0


def test_numbers_whose_squares_vanish_are_refused_where_there_is_a_search(rng, monkeypatch):
    monkeypatch.setitem(globals(), "SCALE", 1e-200)
    f = Interpolant(rbf, 1e-200 * rng.standard_normal((3, 2)), [1.0, -1.0, 1.0])
    with pytest.raises(ValueError, match=r"^X and x: got numbers up to .*e-200, takes some from 1e-130 on"):
        f.distance(1e-200 * rng.standard_normal(2))


# Several outputs


def test_two_one_hot_outputs_have_the_boundary_of_their_difference(rng):
    X, z = rng.standard_normal((4, 3, 1)), rng.standard_normal((3, 1))
    for network in (FullyConnected(), Convolutional(depth=2, spatial_axes=1)):
        two = Interpolant(network, X, np.eye(2)[[0, 1, 1, 0]]).distance(z)
        one = Interpolant(network, X, [1, -1, -1, 1]).distance(z)
        # The same sums of 4 terms, of labels half as large each.
        assert (two.lower, two.upper) == pytest.approx((one.lower, one.upper), rel=1e-6)
    closed = Interpolant(FullyConnected(), pair(X[0]), np.eye(2)).distance(z)
    assert closed.method == "closed form"
    assert closed.upper == pytest.approx(abs(np.vdot(X[0], z)) / np.linalg.norm(X[0]), rel=8 * EPS)


@pytest.mark.parametrize("network", [FullyConnected(), FullyConnected(depth=2, bias_std=0.1)], ids=repr)
def test_several_outputs_are_enclosed_in_the_plane(network, rng):
    X = rng.standard_normal((6, 2))
    f = Interpolant(network, X, np.eye(3)[[0, 1, 2, 0, 1, 2]])
    grid = np.linspace(-3, 3, 501)
    steps = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    for x in (X[0], rng.standard_normal(2)):
        d, own = f.distance(x), f(x).argmax()
        nearest = np.linalg.norm(steps[f(x + steps).argmax(axis=1) != own], axis=1).min()
        # The grid finds a change at most a diagonal of a cell later.
        assert d.lower <= nearest
        assert nearest - 0.012 * np.sqrt(2) <= d.upper <= nearest
        values = f(d.point)
        assert values[own] <= np.delete(values, own).max() + 1e-14
        assert network.bias_std or d.lower > 0


def test_equal_outputs_tie_and_levels_of_several_are_refused(rng):
    X = rng.standard_normal((3, 4))
    tie = Interpolant(FullyConnected(), X, np.array([[1, 1], [-1, -1], [2, 2]])).distance(X[0])
    assert (tie.upper, tie.method) == (0, "on the boundary")
    several = rng.standard_normal((3, 1)) + np.zeros((3, 7))
    for ridge in (0, 0.1):
        d = Interpolant(FullyConnected(), X, several, ridge).distance(rng.standard_normal(4))
        assert (d.lower, d.upper) == (0, 0)
    with pytest.raises(
        ValueError, match=r"^level: got 0\.5, takes 0 for several outputs, of which the largest decides"
    ):
        Interpolant(FullyConnected(), X, np.eye(3)).distance(X[0], level=0.5)
    column = Interpolant(FullyConnected(), X, [[0], [1], [1]]).distance(X[0], level=0.5)
    assert column.upper == Interpolant(FullyConnected(), X, [0, 1, 1]).distance(X[0], level=0.5).upper


# Batches


@pytest.mark.parametrize("network", [FullyConnected(depth=2), Convolutional(spatial_axes=1)], ids=repr)
def test_a_batch_has_the_distances_of_its_points(network, rng):
    f = Interpolant(network, rng.standard_normal((3, 4, 1)), [1, -1, 1])
    Z = rng.standard_normal((3, 4, 1))
    together, each = f.distance(Z, restarts=2, seed=3), [f.distance(z, restarts=2, seed=3) for z in Z]
    for name in ("lower", "upper", "point", "method"):
        assert np.array_equal(getattr(together, name), np.array([getattr(d, name) for d in each]))
    assert together.point.shape == Z.shape
    assert f.distance(Z[:1], restarts=2, seed=3).upper.tolist() == [each[0].upper]


def test_where_tangent_steps_miss_the_boundary_the_way_to_a_sample_of_the_other_label_meets_it():
    kernel = GroupAverage(FullyConnected(), flips())
    X, y = np.array([[2.0, 3.0], [2.0, 1.0], [-2.0, -1.0], [-1.0, -2.0]]), np.array([1.0, 1.0, -1.0, -1.0])
    h = Expansion(kernel, X, y, Interpolant(kernel, X, y).coefficients)
    (step,), way = tangent_crossings(h, X[:1]), X[2] - X[0]  # X[2] is nearer than X[3]
    assert h(X[:1] + step)[0] <= 0 < h(X[:1] + (1 - 1e-4) * step)[0]
    assert step[0] * way[1] == pytest.approx(step[1] * way[0], rel=64 * EPS)


def test_points_that_no_crossing_is_found_for_are_nan_in_a_batch(rng):
    X = rng.standard_normal((2, 4))
    # The kernel of the absolute value is nowhere negative.
    d = Interpolant(FullyConnected(activation="abs"), X[:1], [1]).distance(X, level=-1)
    assert d.upper.tolist() == [np.inf, np.inf]
    assert d.point.shape == (2, 4)
    assert np.isnan(d.point).all()


def test_reprs_of_distances_are_one_line(rng):
    point = rng.standard_normal(100)
    assert repr(Distance(0.25, 0.5, point, "search")) == "Distance(lower=0.25, upper=0.5, search)"
    batch = Distance.of_all([Distance(0.25, 0.5, point, "search"), Distance(0.0, np.inf, None, "search")], (100,))
    assert repr(batch) == "Distance(2 points, lower from 0, upper to inf)"


# Waiting


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("show", [True, False])
def test_progress_is_shown_on_a_terminal_if_asked_for(show, monkeypatch, rng):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(progress(iter("abc"), 3, "letters", show)) == ["a", "b", "c"]
    assert ("letters: 100%" in sys.stderr.getvalue()) == show
    f = Interpolant(FullyConnected(), pair(rng.standard_normal(4)), [1, -1])
    f.distance(rng.standard_normal((5, 4)), progress=show)
    assert ("distances: 100%" in sys.stderr.getvalue()) == show


def test_progress_is_silent_elsewhere(capsys):
    assert list(progress([1, 2], 2, "numbers", True)) == [1, 2]
    assert capsys.readouterr().err == ""


def interrupted(call, after=1.5):
    """Seconds from SIGINT to the KeyboardInterrupt it ends the call with."""
    sent = []

    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, send)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            call()
        return time.monotonic() - sent[0]
    finally:
        timer.cancel()
        timer.join()


def lengthy(X, Z=None):
    """The linear kernel, with JAX in a loop of some seconds."""
    import jax

    Z = X if Z is None else Z
    if isinstance(X, np.ndarray):
        return X @ Z.T
    return X @ Z.T + 0 * jax.lax.fori_loop(0, 10**8, lambda i, v: jax.numpy.sin(v + i), 0.0)


def test_ctrl_c_ends_a_distance_within_a_second():
    f = Interpolant(lengthy, np.eye(3), [1, -1, 1])
    assert interrupted(lambda: f.distance([1.0, 2.0, 3.0])) < 1


def test_what_is_interruptible_returns_and_raises_as_the_call_does():
    assert interruptible(lambda: threading.current_thread() is threading.main_thread()) is False
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        interruptible(lambda: np.ones(1) / 0)
    found = []
    thread = threading.Thread(target=lambda: found.append(interruptible(threading.current_thread) is thread))
    thread.start()
    thread.join()
    assert found == [True]

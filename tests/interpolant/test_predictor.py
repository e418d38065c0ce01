"""The minimum-norm interpolant: its values, gradient and norm, its refusals, and the distance to its boundary."""

import numpy as np
import pytest
from scipy.optimize import minimize

from shiftmath import dc, dot_on_gray
from shiftmath.groups import circular_shifts, flips
from shiftmath.interpolant import Indistinguishable, Interpolant, boundary_normal
from shiftmath.interpolant.search import nearest_crossing
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage

EPS = float(np.finfo(float).eps)
NETWORKS = [
    FullyConnected(),
    FullyConnected(depth=2, bias_std=0.3),
    Convolutional(),
    Convolutional(readout="flatten"),
    GroupAverage(FullyConnected(), circular_shifts(axes=(0, 1))),
]


def pair(x):
    return np.stack([x, -x])


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_it_interpolates_and_its_norm_is_least(network, rng):
    X, y = rng.standard_normal((6, 4, 4, 1)), rng.standard_normal(6)
    f = Interpolant(network, X, y)
    condition = np.linalg.cond(f.gram)
    assert np.abs(f(X) - y).max() <= 64 * EPS * condition * np.abs(y).max()
    assert f.norm**2 == pytest.approx(y @ np.linalg.solve(f.gram, y), rel=64 * EPS * condition)
    # Any other function of the span that takes these values at the samples, among more samples, is longer.
    more = rng.standard_normal((3, 4, 4, 1))
    longer = Interpolant(network, np.concatenate([X, more]), np.concatenate([y, f(more) + 0.1]))
    assert longer.norm > f.norm


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_gradient_is_that_of_finite_differences(network, rng):
    f = Interpolant(network, rng.standard_normal((3, 3, 3, 1)), [1.0, -1.0, 0.5])
    x, direction = rng.standard_normal((2, 3, 3, 1))
    h = 1e-5
    difference = float(f(x[None] + h * direction)[0] - f(x[None] - h * direction)[0]) / (2 * h)
    # The central difference errs by h^2 and by eps / h.
    assert np.vdot(f.gradient(x), direction) == pytest.approx(difference, rel=1e-7, abs=1e-8)


def test_copies_with_one_label_give_the_minimum_norm_solution(rng):
    x, z = rng.standard_normal((2, 5, 1))
    shifted = np.stack([x, np.roll(x, 2, axis=0), z])
    f = Interpolant(Convolutional(spatial_axes=1), shifted, [1.0, 1.0, -1.0])
    g = Interpolant(Convolutional(spatial_axes=1), shifted[[0, 2]], [1.0, -1.0])
    Z = rng.standard_normal((7, 5, 1))
    assert np.allclose(f(Z), g(Z), rtol=0, atol=1e-10)
    assert f.coefficients[0] == pytest.approx(f.coefficients[1], rel=1e-9)


def test_sine_and_cosine_of_one_frequency_are_one_sample_under_pooling():
    t = 2 * np.pi * np.arange(16) / 16
    X = np.stack([np.sin(t), np.cos(t), np.sin(2 * t), np.cos(2 * t)])[..., None]
    f = Interpolant(Convolutional(filter_size=5, spatial_axes=1), X, [1.0, 1.0, -1.0, -1.0])
    assert np.allclose(f(X), [1, 1, -1, -1], rtol=0, atol=1e-9)


def test_conflicting_labels_are_named():
    x = np.array([[1.0], [-2.0], [1.0]])
    with pytest.raises(Indistinguishable, match="cannot tell samples 0 and 1 apart, whose labels conflict") as caught:
        Interpolant(Convolutional(spatial_axes=1), pair(x), [1, -1])
    assert caught.value.pairs == [(0, 1)]
    y = np.array([[0.5], [0.0], [2.0]])
    X = np.stack([x, y, 3 * x, np.roll(y, 1, axis=0)])
    with pytest.raises(Indistinguishable, match="samples 1 and 3 apart"):
        Interpolant(Convolutional(spatial_axes=1), X, [1, 1, 1, -1])


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
    step = nearest_crossing(f, f_and_gradient, x, 0.3 * rng.standard_normal((8, 3)))
    constraint = {"type": "eq", "fun": lambda s: f((x + s)[None])[0]}
    starts = rng.standard_normal((20, 3))
    best = min(minimize(lambda s: s @ s, s, constraints=constraint, tol=1e-14).fun for s in starts)
    assert np.linalg.norm(step) == pytest.approx(np.sqrt(best), rel=1e-6)
    assert nearest_crossing(lambda Z: np.ones(len(Z)), lambda Z: (np.ones(len(Z)), np.ones_like(Z)), x, starts) is None


def test_distance_of_random_images_is_the_dc_component(rng):
    x = rng.standard_normal((4, 4, 1))
    f = Interpolant(Convolutional(), pair(x), [1, -1])
    z = rng.standard_normal((4, 4, 1))
    assert f.distance(z).upper == pytest.approx(abs(dc(z)), rel=1e-13)


def test_jax_arrays_go_through_jax(rng):
    import jax
    import jax.numpy as jnp

    f = Interpolant(FullyConnected(), pair(rng.standard_normal(5)), [1, -1])
    Z = rng.standard_normal((3, 5))
    values = f(jnp.asarray(Z))
    assert isinstance(values, jax.Array)
    assert np.allclose(values, f(Z), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (np.ones((2, 3)), [1], ValueError, r"y: got shape \(1,\), takes one label for each of the 2 samples"),
        (np.ones((2, 3)), ["a", "b"], TypeError, "y: got dtype <U1, takes real labels"),
        (np.ones((2, 3)), [1, np.nan], ValueError, r"y: got nan at \(1,\)"),
        ([[1.0, np.inf]], [1], ValueError, r"X: got inf at \(0, 1\)"),
        ([], [], ValueError, r"X: got shape \(0,\)"),
        ([1.0, 2.0], [1, 2], ValueError, r"X: got shape \(2,\)"),
    ],
)
def test_bad_input_is_named(X, y, error, message):
    with pytest.raises(error, match=message):
        Interpolant(FullyConnected(), X, y)


def test_bad_points_are_named(rng):
    f = Interpolant(FullyConnected(), pair(rng.standard_normal(5)), [1, -1])
    with pytest.raises(ValueError, match=r"x: got shape \(4,\), takes one point of shape \(5,\)"):
        f.distance(np.ones(4))
    with pytest.raises(ValueError, match=r"x: got nan at \(2,\)"):
        f.gradient([1, 1, np.nan, 1, 1])


@pytest.mark.parametrize("shape", [(6,), (3, 4)])
def test_group_average_is_invariant_in_both_arguments(shape, rng):
    group = circular_shifts() * flips(axes=0)
    network = GroupAverage(FullyConnected(depth=2), group)
    x, z = rng.standard_normal((2, *shape))
    value = network(x[None], z[None])[0, 0]
    assert np.abs(network(group.orbit(x), z[None]) - value).max() <= 64 * EPS * value
    assert np.abs(network(x[None], group.orbit(z)) - value).max() <= 64 * EPS * value
    gram = network(np.stack([x, z]))
    assert np.array_equal(gram, gram.T)
    brute = np.mean([FullyConnected(depth=2)(x[None], t[None])[0, 0] for t in group.orbit(z)])
    assert value == pytest.approx(brute, rel=64 * EPS)

"""Attacks: closed forms, an independent library, invariances, what hides gradients, and what bad input gets."""

import functools
import warnings
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shiftmath import dot_on_gray
from shiftmath.adversary import Attack, apgd, ddn, decision_based, fgsm, pgd, robust_accuracy
from shiftmath.adversary.minimal import _rounded
from shiftmath.datasets import digits
from shiftmath.interpolant import Interpolant
from shiftmath.kernels import Convolutional, FullyConnected

EPS = float(np.finfo(float).eps)
W, B = np.array([1.0, -2.0, 0.5, 4.0]), 0.7
CONVOLUTION = Convolutional(spatial_axes=1)


def plane(x):
    return x @ W + B


def two_logits(x):
    return jnp.stack([-plane(x), plane(x)]) / 2


def not_a_number_beyond_one(x):
    return jnp.where(x[0] > 1, jnp.nan, x[0] - 2)


def three_planes(x):
    return jnp.stack([x[0], x[1], -x[0] - x[1] + x[2]])


@functools.cache
def trained():
    """A network of 30 hidden units on the digits, float32, with 20 images that it had not seen and classifies right."""
    images, labels = digits().images.astype(np.float32).reshape(-1, 64), digits().labels
    weights, rest = eqx.partition(eqx.nn.MLP(64, 10, 30, 1, key=jax.random.key(0), dtype=jnp.float32), eqx.is_array)
    optimiser = optax.adam(1e-2)

    def loss(weights):
        z = jax.vmap(eqx.combine(weights, rest))(images[:500])
        return optax.softmax_cross_entropy_with_integer_labels(z, labels[:500]).mean()

    def step(_, state):
        updates, memory = optimiser.update(jax.grad(loss)(state[0]), state[1])
        return eqx.apply_updates(state[0], updates), memory

    network = eqx.combine(jax.lax.fori_loop(0, 100, step, (weights, optimiser.init(weights)))[0], rest)
    right = np.flatnonzero(np.asarray(jax.vmap(network)(images[500:])).argmax(axis=1) == labels[500:])[:20] + 500
    return network, images[right], labels[right]


def samples(rng, n=6):
    X = rng.standard_normal((n, 4))
    return X, np.where(X @ W + B > 0, 1, -1)


@pytest.mark.parametrize(
    ("steps", "refine", "tolerance"), [(1000, False, 2.5e-3), (1000, True, 1e-8), (150, True, 1e-8)]
)
def test_ddn_finds_the_distance_to_a_hyperplane(steps, refine, tolerance, rng):
    X, y = samples(rng)
    exact = abs(X @ W + B) / np.linalg.norm(W)
    attack = ddn(plane, X, y, steps=steps, refine=refine)
    # 31 halvings leave 2^-31. Unrefined, the norms alternate between the two sides by factors 0.95 and 1.05, whose
    # product is 0.9975: in steps of 1/4 % they come within 1/4 % of the boundary.
    assert np.all(attack.distances >= exact * (1 - 8 * EPS))
    assert np.all(attack.distances <= exact * (1 + tolerance))
    assert np.allclose(np.linalg.norm(attack.points - X, axis=1), attack.distances, rtol=4 * EPS)
    assert np.all((attack.points @ W + B) * y <= 0)


def test_unless_told_ddn_takes_the_nearer_of_two_losses_for_three_logits_and_one_for_two(rng):
    X, _ = near_three_planes(rng)
    y = np.asarray(jax.vmap(three_planes)(X)).argmax(axis=1)
    found, one, other = (
        ddn(three_planes, X, y, steps=30, **loss).distances for loss in ({}, {"loss": "log-odds"}, {"loss": "margin"})
    )
    assert np.array_equal(found, np.minimum(one, other))
    assert (one < other).any()
    assert (other < one).any()
    X, y = samples(rng)
    two = [ddn(two_logits, X, (y > 0).astype(int), steps=30, **loss).distances for loss in ({}, {"loss": "log-odds"})]
    assert np.array_equal(*two)


@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("initial_radius", [0.01, 30.0])
def test_apgd_finds_the_distance_to_a_hyperplane_from_any_radius(norm, initial_radius, rng):
    X, y = samples(rng)
    exact = abs(X @ W + B) / (np.linalg.norm(W) if norm == "l2" else abs(W).sum())
    attack = apgd(plane, X, y, norm=norm, initial_radius=initial_radius, steps=40, radii=20)
    # Sizes halve at least every second check, so that the direction is exact to rounding; 31 halvings leave 2^-31.
    assert np.all(attack.distances >= exact * (1 - 8 * EPS))
    assert np.all(attack.distances <= exact * (1 + 1e-8))
    assert np.all((attack.points @ W + B) * y <= 0)


def test_apgd_finds_the_nearest_of_three_planes_wherever_the_largest_logit_leads(rng):
    X, exact = near_three_planes(rng)
    found = apgd(three_planes, X, np.asarray(jax.vmap(three_planes)(X)).argmax(axis=1), steps=40)
    assert np.all(found.distances >= exact * (1 - 64 * EPS))
    assert np.all(found.distances <= exact * (1 + 1e-8))
    one_class = apgd(three_planes, X, np.asarray(jax.vmap(three_planes)(X)).argmax(axis=1), steps=40, classes=1)
    assert np.any(one_class.distances > exact * (1 + 1e-3))


def test_apgd_is_no_further_than_ddn_on_a_trained_network():
    network, X, y = trained()
    found, other = (attack(network, X, y, bounds=(0, 1)).distances for attack in (apgd, ddn))
    # Two searches: neither is the truth, but one that was blind would be further by factors.
    assert np.median(found / other) <= 1
    assert np.all(found <= 1.01 * other)


def test_two_logits_and_a_scalar_are_one_classifier(rng):
    X, y = samples(rng)
    as_scalar, as_logits = ddn(plane, X, y, steps=200), ddn(two_logits, X, (y > 0).astype(int), steps=200)
    assert np.allclose(as_scalar.distances, as_logits.distances, rtol=1e-9)


def test_the_nearest_of_several_classes_is_found(rng):
    X = rng.standard_normal((8, 5))
    first, second = np.sort(X, axis=1)[:, :-3:-1].T
    # The planes between two logits of the identity have normals of length sqrt 2; 31 halvings leave 2^-31.
    attack = ddn(lambda x: x, X, X.argmax(axis=1), loss="margin")
    assert np.allclose(attack.distances, (first - second) / np.sqrt(2), rtol=1e-6)


def near_three_planes(rng):
    """Samples, and their distances to the nearest boundary of `three_planes`."""
    X, rows = rng.standard_normal((8, 3)), np.array([[1.0, 0, 0], [0, 1, 0], [-1, -1, 1]])
    z = X @ rows.T
    gaps = z.max(axis=1, keepdims=True) - z
    norms = np.linalg.norm(rows[z.argmax(axis=1)][:, None] - rows, axis=2)
    return X, np.divide(gaps, norms, where=norms > 0, out=np.full_like(gaps, np.inf)).min(axis=1)


def test_no_step_is_shorter_than_to_the_nearest_of_three_planes(rng):
    X, exact = near_three_planes(rng)
    found = ddn(three_planes, X, np.asarray(jax.vmap(three_planes)(X)).argmax(axis=1), loss="margin").distances
    assert np.all(found >= exact * (1 - 64 * EPS))
    # The loss follows the largest logit, which need not have the nearest plane.
    assert np.mean(found <= exact * (1 + 1e-3)) >= 0.5


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_pgd_succeeds_beyond_the_dual_norm_distance_and_never_before(norm, rng):
    X, y = samples(rng)
    dual = np.linalg.norm(W) if norm == "l2" else abs(W).sum()
    for x, label, exact in zip(X, y, abs(X @ W + B) / dual, strict=True):
        low, high = 0.0, 2 * exact
        for _ in range(12):
            middle = (low + high) / 2
            found = pgd(
                plane, x[None], [label], radius=middle, norm=norm, steps=25, step_size=middle, restarts=1
            ).success[0]
            low, high = (low, middle) if found else (middle, high)
        # Steps of a radius halve the angle to the normal 25 times; 12 halvings of twice the distance.
        assert high >= exact * (1 - 8 * EPS)
        assert high <= exact * (1 + 2 * 2**-12 + 8 * EPS)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_one_step_is_exact_for_a_linear_function(norm, rng):
    X, y = samples(rng)
    exact = abs(X @ W + B) / (np.linalg.norm(W) if norm == "l2" else abs(W).sum())
    for radius in exact:
        attack = fgsm(plane, X, y, radius=radius * (1 + 1e-9), norm=norm)
        assert attack.success.tolist() == (exact <= radius).tolist()
        length = {"l2": lambda d: np.linalg.norm(d, axis=1), "linf": lambda d: abs(d).max(axis=1)}[norm](
            attack.points - X
        )
        assert np.allclose(np.where(attack.success, attack.distances, 0), length, rtol=4 * EPS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kernel", "exact"),
    [(FullyConnected(), 1.0), (CONVOLUTION, 1 / 2), (replace(CONVOLUTION, readout="flatten"), 1.0)],
    ids=repr,
)
def test_the_boundary_of_two_dots_is_where_theorem_2_puts_it(kernel, exact):
    X = np.stack(dot_on_gray(4))
    X = X[..., None] if isinstance(kernel, Convolutional) else X
    f = Interpolant(kernel, X, [1, -1])
    assert ddn(lambda x: f(x[None])[0], X, [1, -1], steps=30).distances == pytest.approx(exact, rel=1e-3)


def test_distances_move_with_orthogonal_maps(rng):
    X, y = samples(rng)
    Q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    straight = ddn(plane, X, y, steps=300)
    turned = ddn(lambda x: (Q.T @ x) @ W + B, X @ Q.T, y, steps=300)
    assert np.allclose(straight.distances, turned.distances, rtol=1e-8)
    assert np.allclose(straight.points @ Q.T, turned.points, atol=1e-7)


def test_a_sample_is_attacked_alike_alone_and_among_others():
    network, X, y = trained()
    together, alone = ddn(network, X[:4], y[:4], steps=50), ddn(network, X[:1], y[:1], steps=50)
    # Fifty steps in float32, which two sizes of matrix product round differently.
    assert together.distances[0] == pytest.approx(alone.distances[0], rel=1e-3)


def foolbox():
    """The library and its model of the trained network; it warns of its own old ways."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import foolbox as library

        return library, library.JAXModel(jax.jit(jax.vmap(trained()[0])), bounds=(0, 1))


def test_ddn_is_that_of_foolbox():
    _, X, y = trained()
    library, model = foolbox()
    theirs = library.attacks.DDNAttack(steps=100, init_epsilon=1.0, gamma=0.05)
    points = np.asarray(theirs.run(model, jnp.asarray(X[:6]), jnp.asarray(y[:6])))
    ours = ddn(trained()[0], X[:6], y[:6], steps=100, bounds=(0, 1), refine=False, loss="cross-entropy")
    assert ours.success.all()
    assert ours.distances == pytest.approx(np.linalg.norm(points - X[:6], axis=1), rel=0.02)


@pytest.mark.parametrize(("norm", "name", "radius"), [("l2", "L2PGD", 0.6), ("linf", "LinfPGD", 0.1)])
def test_pgd_succeeds_where_that_of_foolbox_does(norm, name, radius):
    network, X, y = trained()
    library, model = foolbox()
    theirs = getattr(library.attacks, name)(rel_stepsize=0.1, steps=25, random_start=False)
    points = theirs.run(model, jnp.asarray(X), jnp.asarray(y), epsilon=radius)
    fooled = np.asarray(model(points)).argmax(axis=1) != y
    ours = pgd(network, X, y, radius=radius, norm=norm, steps=25, bounds=(0, 1), loss="cross-entropy").success
    assert 0 < fooled.sum() < len(X)
    # Theirs starts at the sample, ours at random points: one sample in 20 may be close enough to decide either way.
    assert np.sum(ours != fooled) <= 1


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_points_stay_in_the_ball_and_in_the_box(norm):
    network, X, y = trained()
    attack = pgd(network, X, y, radius=0.5, norm=norm, steps=10, restarts=2, bounds=(0, 1))
    delta = (attack.points - X).reshape(len(X), -1)
    lengths = np.linalg.norm(delta, axis=1) if norm == "l2" else abs(delta).max(axis=1)
    assert lengths.max() <= 0.5 * (1 + 64 * np.finfo(np.float32).eps)
    assert attack.points.min() >= 0
    assert attack.points.max() <= 1
    assert np.array_equal(attack.points[~attack.success], X[~attack.success])


def test_success_grows_with_restarts_and_robust_accuracy_falls_with_the_radius():
    network, X, y = trained()
    few, many = (pgd(network, X, y, radius=0.4, steps=3, restarts=r).success for r in (1, 6))
    assert np.all(many >= few)
    radii = [0.0, 2.0, 0.5, 0.3, 0.1]
    curve = robust_accuracy(network, X, y, radii, steps=5, restarts=1)
    assert curve[0] == 1
    assert np.all(np.diff(curve[np.argsort(radii)]) <= 0)
    assert curve[1] < 0.5


@pytest.mark.latest
def test_robust_accuracy_at_a_radius_is_the_share_of_larger_distances(rng):
    X, y = samples(rng, 20)
    exact = abs(X @ W + B) / np.linalg.norm(W)
    radii = np.quantile(exact, [0.1, 0.33, 0.77]) * (1 + 1e-3)
    curve = robust_accuracy(plane, X, y, radii)
    assert np.allclose(curve, [(exact > r).mean() for r in radii], rtol=4 * EPS)
    as_jax = robust_accuracy(plane, jnp.asarray(X), y, radii)
    assert isinstance(as_jax, jax.Array)
    assert np.allclose(as_jax, curve, rtol=4 * np.finfo(np.float32).eps)


def test_quantised_points_lie_on_the_levels_and_pay_for_it():
    white, black = dot_on_gray((5, 5))
    X, y = np.stack([white, black]), [1, -1]
    attack = ddn(lambda x: x.sum(), X, y, steps=400, levels=256, bounds=(-1, 1))
    numbers = (attack.points + 1) / 2 * 255
    assert np.abs(numbers - np.round(numbers)).max() <= 255 * 4 * EPS
    assert abs(attack.points).max() <= 1
    # Gray is midway between two of 256 levels: each pixel moves by 1/255 at least. Among 255 levels it is one.
    assert np.all(attack.distances >= np.sqrt(24) / 255 * (1 - 8 * EPS))
    assert np.all(attack.distances >= 0.2)
    exact = ddn(lambda x: x.sum(), X, y, steps=400, bounds=(-1, 1))
    assert exact.distances == pytest.approx(0.2, rel=1e-8)


def test_each_value_is_rounded_to_the_nearest_level(rng):
    p = rng.uniform(-1, 3, 1000)
    grid = np.linspace(-1, 3, 7)
    nearest = grid[abs(p[:, None] - grid).argmin(axis=1)]
    assert np.allclose(_rounded(jnp.asarray(p), 7, (-1.0, 3.0)), nearest, atol=4 * EPS)


def test_few_steps_find_longer_ways_and_more_steps_find_shorter_ones():
    network, X, y = trained()
    few, some, many = (ddn(network, X, y, steps=n, refine=False).distances for n in (12, 60, 600))
    assert np.median(few) > 1.1 * np.median(many)
    assert np.median(some) >= np.median(many) * (1 - 0.01)


def test_refining_never_lengthens_and_stays_misclassified():
    network, X, y = trained()
    plain, refined = (ddn(network, X, y, steps=100, refine=r) for r in (False, True))
    assert np.all(refined.distances <= plain.distances * (1 + 1e-6))
    assert np.all(np.asarray(jax.vmap(network)(refined.points)).argmax(axis=1) != y)


def masked(x):
    return 1e4 * trained()[0](x)


def test_a_masked_network_fools_the_cross_entropy_but_neither_margin_nor_decisions():
    network, X, y = trained()
    success = {loss: pgd(masked, X, y, radius=0.6, steps=20, restarts=1, loss=loss).success.mean()
               for loss in ("cross-entropy", "log-odds", "margin")}  # fmt: skip
    honest = pgd(network, X, y, radius=0.6, steps=20, restarts=1).success.mean()
    assert success["margin"] == honest
    assert success["log-odds"] >= honest - 0.1
    assert success["cross-entropy"] < honest / 2
    walked = decision_based(masked, X, y, starts=X, steps=1500).distances
    assert np.mean(walked <= 0.6) >= honest - 0.1
    assert np.median(walked) == pytest.approx(np.median(ddn(network, X, y, steps=300).distances), rel=0.1)


def test_decisions_alone_find_the_distance_to_a_hyperplane(rng):
    X, y = samples(rng)
    exact = abs(X @ W + B) / np.linalg.norm(W)
    few, many = (decision_based(plane, X, y, starts=-3 * X, steps=n).distances for n in (20, 3000))
    reached = np.isfinite(many)
    assert reached.sum() >= 3
    assert np.all(many[reached] >= exact[reached] * (1 - 8 * EPS))
    assert np.allclose(many[reached], exact[reached], rtol=1e-3)
    assert np.any(few[reached] > 1.01 * exact[reached])


def test_no_start_on_the_other_side_is_not_found():
    attack = decision_based(lambda x: x.sum() + 100, [[1.0, 1.0]], [1], starts=[[2.0, 2.0]], steps=5)
    assert (attack.success.tolist(), attack.distances.tolist()) == ([False], [np.inf])
    assert attack.points.tolist() == [[1.0, 1.0]]


ATTACKS = {
    "apgd": functools.partial(apgd, steps=5, radii=3),
    "ddn": functools.partial(ddn, steps=40),
    "pgd": functools.partial(pgd, radius=0.1, steps=5),
    "fgsm": functools.partial(fgsm, radius=0.1),
    "decision_based": lambda f, X, y, **options: decision_based(f, X, y, starts=X, steps=10, **options),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_misclassified_sample_is_its_own_adversary_at_distance_0(attack):
    found = attack(lambda x: x.sum(), np.array([[1.0, 2.0], [5.0, 5.0]]), [-1, 1])
    assert found.success[0]
    assert found.distances[0] == 0
    assert found.points[0].tolist() == [1.0, 2.0]
    assert isinstance(found, Attack)


@pytest.mark.parametrize("attack", [ATTACKS[name] for name in ("pgd", "fgsm", "ddn", "apgd")])
def test_what_is_not_found_is_infinitely_far_and_stays_the_sample(attack):
    found = attack(lambda x: jnp.tanh(x).sum() + 9, np.ones((1, 3)), [1])
    assert (found.success[0], found.distances[0]) == (False, np.inf)
    assert np.array_equal(found.points, np.ones((1, 3)))


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_answer_has_the_library_and_the_dtype_of_the_samples(attack, dtype):
    X = np.ones((2, 3), dtype)
    enable = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    for x64 in (False, True):
        with enable(x64):
            assert (jnp.zeros(()).dtype == np.float64) == x64
            found = attack(jnp.sum, X, [1, -1])
            assert (jnp.zeros(()).dtype == np.float64) == x64
        assert isinstance(found.points, np.ndarray)
        assert found.points.dtype == found.distances.dtype == dtype
    found = attack(jnp.sum, jnp.asarray(X), [1, -1])
    assert isinstance(found.points, jax.Array)
    assert found.points.dtype == dtype


@pytest.mark.latest
def test_a_stack_of_networks_is_attacked_at_once():
    X, y = np.ones((2, 3)), [1, 1]
    key = jax.random.split(jax.random.key(1), 4)
    make = eqx.filter_vmap(lambda k: eqx.nn.Linear(3, "scalar", key=k))
    attack = eqx.filter_vmap(lambda f: ddn(f, X, y, steps=60))(make(key))
    assert attack.distances.shape == (4, 2)
    one = ddn(jax.tree.map(lambda w: w[2], make(key)), X, y, steps=60)
    assert np.allclose(attack.distances[2], one.distances, rtol=1e-9)


@pytest.mark.latest
@pytest.mark.parametrize("method", [apgd, ddn, pgd, fgsm, decision_based])
def test_attacks_are_the_same_inside_a_jitted_function(method, rng):
    X, y = rng.standard_normal((3, 4)), np.ones(3, int)
    options = {decision_based: {"starts": X - 9 * W}, ddn: {}, apgd: {"radii": 4}}.get(method, {"radius": 1.0})
    options |= {} if method is fgsm else {"steps": 20}
    inside = eqx.filter_jit(lambda X, y, options: method(plane, X, y, **options))
    direct, traced = method(plane, X, y, **options), inside(*jax.tree.map(jnp.asarray, (X, y)), options)
    assert np.allclose(direct.points, traced.points, rtol=1e-9)
    assert np.array_equal(direct.success, traced.success)


def test_a_seed_gives_one_answer_and_zero_gradients_do_not_stop_ddn():
    def flat(x):
        return jnp.where(jnp.abs(x).max() < 1, 1.0, 1 - jnp.abs(x).max())

    X = np.zeros((1, 5))
    a, b, c = (ddn(flat, X, [1], steps=200, seed=s) for s in (0, 0, 1))
    assert np.array_equal(a.points, b.points)
    assert not np.array_equal(a.points, c.points)
    assert a.success[0]
    assert a.distances[0] >= 1
    # Short steps are rounded back to the sample, so that only the random direction leads away.
    assert ddn(flat, np.zeros((1, 50)), [1], steps=200, levels=3, bounds=(-1, 1)).success[0]


def test_what_a_small_ball_contains_counts_for_the_large_one():
    def shell(x):
        return jnp.where((jnp.abs(x[0]) > 0.4) & (jnp.abs(x[0]) < 0.6), -1.0, 1.0)

    # Without gradients only the starts can hit: a fifth of them in the small ball, 2 in 10^5 in the large one.
    options = {"steps": 1, "restarts": 50, "norm": "linf"}
    assert pgd(shell, [[0.0]], [1], radius=[[0.5], [1e4]], **options).success[:, 0].tolist() == [True, False]
    assert robust_accuracy(shell, [[0.0]], [1], [0.5, 1e4], **options).tolist() == [0, 0]


@pytest.mark.latest
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_values_that_are_not_finite_are_named(attack):
    with jax.debug_nans(False), pytest.raises(ValueError, match=r"f: got NaN or infinity at sample [01] or on the way"):
        attack(lambda x: jnp.where(x[0] > 1, jnp.nan, x[0]), [[0.0, 1.0], [2.0, 1.0]], [1, 1])
    with jax.debug_nans(False), pytest.raises(ValueError, match="f: got NaN or infinity at sample 0"):
        ddn(not_a_number_beyond_one, [[0.0]], [-1], steps=40)

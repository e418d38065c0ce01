"""Attacks at their edges: targets, boxes, sizes, functions of other libraries, gradients that vanish, Ctrl-C."""

import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.adversary import apgd, ddn, decision_based, fgsm, pgd

EPS = float(np.finfo(float).eps)
V = np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 1.0], [-1.0, 1.0, 0.0], [0.5, -2.0, 0.5]])


def linear(x):
    """Four classes."""
    return jnp.asarray(V, x.dtype) @ x


def plane(x):
    """At a distance of 1.5 / sqrt 2 from (1, 0)."""
    return x.sum() - 2.5


def saturating(x):
    return jnp.tanh(x).sum()


def classified(rng, n=8):
    X = rng.normal(size=(n, 3))
    return X, (X @ V.T).argmax(axis=1)


def distance_to_class(x, t):
    """The distance from x to {z: (v_t - v_k) z >= 0 for all k}, by active sets: the cone has three sides."""
    A, best = np.delete(V[t] - V, t, axis=0), np.inf
    for mask in range(8):
        B = A[[i for i in range(3) if mask >> i & 1]]
        z = x - np.linalg.pinv(B) @ (B @ x) if len(B) else x
        best = min(best, np.linalg.norm(z - x)) if (A @ z >= -1e-12).all() else best
    return best


def test_a_target_is_reached_at_its_own_distance_and_never_before(rng):
    X, y = classified(rng)
    target = (y + 1 + np.arange(len(y)) % 3) % 4
    truth = np.array([distance_to_class(x, t) for x, t in zip(X, target, strict=True)])
    attack = ddn(linear, X, y, target=target, loss=("log-odds", "margin"))
    assert attack.success.all()
    assert ((attack.points @ V.T).argmax(axis=1) == target).all()
    assert (attack.distances >= truth * (1 - 64 * EPS)).all()
    # The last of 1000 steps are of length 0.01; the halving finds the boundary along one way, not the nearest.
    np.testing.assert_allclose(attack.distances, truth, rtol=0.01)
    by_radius = apgd(linear, X, y, target=target).distances
    assert (by_radius >= truth * (1 - 64 * EPS)).all()
    # Where two boundaries meet steps do not settle; 8 checks leave them r / 128 long.
    np.testing.assert_allclose(by_radius, truth, rtol=0.01)
    near, far = (pgd(linear, X, y, target=target, radius=truth * share).success for share in (0.99, 1.02))
    assert not near.any()
    assert far.all()


def test_a_pixel_may_have_its_own_bounds_and_one_that_is_held_stays(rng):
    X, y = classified(rng)
    low, high = np.array([-9.0, X[0, 1] - 9, -0.25]), np.array([9.0, np.inf, 0.25])
    X[:, 2] = np.clip(X[:, 2], -0.25, 0.25)
    y = (X @ V.T).argmax(axis=1)
    attacks = ddn(linear, X, y, bounds=(low, high)), apgd(linear, X, y, bounds=(low, high), radii=4)
    for attack in (*attacks, pgd(linear, X, y, radius=3.0, bounds=(low, high))):
        assert attack.success.any()
        assert ((attack.points >= low) & (attack.points <= high)).all()
    x = X[:1]
    held = ddn(linear, x, y[:1], bounds=([-9, x[0, 1], x[0, 2]], [9, x[0, 1], x[0, 2]]))
    assert (held.points[0, 1:] == x[0, 1:]).all()


class Scaled(eqx.Module):
    """`linear` of x / size: one program for all sizes."""

    size: jax.Array

    def __call__(self, x):
        # Divided first: products of such numbers overflow or are lost in f itself, which is not the attack's.
        return linear(x * (1 / self.size))


@pytest.mark.parametrize("e", [-900, -560, 500, 900])
def test_a_power_of_two_scales_what_has_no_length_of_its_own(e, rng):
    """DDN has one: its steps are from 1 to 0.01 long."""
    X, y = classified(rng)
    one, size, starts = np.ones(3), 2.0**e, X[::-1]
    scaled = Scaled(jnp.array(size))
    calls = {
        "l2": lambda f, s: pgd(f, s * X, y, radius=0.5 * s, steps=9, restarts=2),
        "linf": lambda f, s: pgd(f, s * X, y, radius=0.5 * s, norm="linf", steps=9, bounds=(-9 * s * one, 9 * s)),
        "fgsm": lambda f, s: fgsm(f, s * X, y, radius=0.5 * s),
        "apgd": lambda f, s: apgd(f, s * X, y, initial_radius=0.5 * s, steps=9, radii=3),
        "walk": lambda f, s: decision_based(f, s * X, y, starts=s * starts, steps=50),
    }
    for name, call in calls.items():
        expected, found = call(linear, 1.0), call(scaled, size)
        assert (found.success == expected.success).all(), name
        steps = (found.points / size - X)[found.success]
        lengths = abs(steps).max(axis=1) if name in ("linf", "fgsm") else np.linalg.norm(steps, axis=1)
        np.testing.assert_allclose(found.distances[found.success] / size, lengths, rtol=64 * EPS, atol=64 * EPS)
        # Lengths are rounded otherwise where they are divided first, and a walk may turn on that.
        if name != "walk":
            np.testing.assert_allclose(found.points / size, expected.points, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(("radius", "step_size"), [(1e300, None), (2.0, 1e300), (1e300, 1e300)])
def test_a_huge_radius_or_step_succeeds_where_a_point_is_near(radius, step_size):
    attack = pgd(plane, [[1.0, 0.0]], [-1], radius=radius, step_size=step_size)
    assert attack.success.all()
    assert np.isfinite(attack.points).all()


@pytest.mark.latest
@pytest.mark.parametrize("outputs", ["labels", "logits", "numbers"])
def test_a_function_of_numpy_is_walked_as_its_twin_of_jax(outputs, rng):
    X, y = classified(rng, 5)
    starts = rng.normal(size=(4, 3))
    W = V[:2]
    twins = {
        "labels": (lambda P: (P @ V.T).argmax(axis=1), lambda x: linear(x).argmax()),
        "logits": (lambda P: P @ V.T, linear),
        "numbers": (lambda P: P @ (W[1] - W[0]), lambda x: x @ jnp.asarray(W[1] - W[0])),
    }
    of_numpy, of_jax = twins[outputs]
    y = np.sign(of_numpy(X)).astype(int) if outputs == "numbers" else y

    def opaque(P):
        assert isinstance(P, np.ndarray)
        return of_numpy(P)

    found, expected = (decision_based(f, X, y, starts=starts, steps=200) for f in (opaque, of_jax))
    assert (found.success == expected.success).all()
    assert found.success.any()
    # Sums of three products are rounded in another order; a step that turns on that is one of 2^50.
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-9)


def test_an_attack_that_saw_no_gradient_says_so():
    def sure(x):
        return jax.nn.softmax(1e4 * jnp.stack([x[0] - x[1], x[1] - x[0]]))

    X = np.array([[1.0, 0.0], [-1.0, 0.0], [1e-5, 0.0]])
    attack = pgd(sure, X, [0, 0, 0], radius=0.1)
    assert attack.success.tolist() == [False, True, True]
    assert attack.vanished.tolist() == [True, False, False]
    assert repr(attack) == (
        "Attack(3 samples, 2 with an adversarial point, median distance "
        f"{np.median(attack.distances):.4g}, 1 with a gradient that vanished)"
    )
    walked = decision_based(sure, X[:1], [0], starts=[[-1.0, 0.5]], steps=300)
    np.testing.assert_allclose(walked.distances, np.sqrt(0.5), rtol=1e-3)


def test_in_float32_no_distance_exceeds_the_radius(rng):
    X = rng.normal(size=(300, 5)).astype(np.float32)
    y = np.where(X.sum(axis=1) > 0, 1, -1)
    for radius in np.float32([0.3, 1.7, 1e-3]):
        for norm in ("l2", "linf"):
            attack = pgd(saturating, X, y, radius=radius, norm=norm, steps=8, restarts=2)
            assert attack.distances.dtype == np.float32
            assert (attack.distances[attack.success] <= radius).all()


CALLS = {
    "apgd": "apgd(f, X, y, steps=steps)",
    "ddn": "ddn(f, X, y, steps=steps)",
    "pgd": "pgd(f, X, y, radius=0.1, steps=steps)",
    "decisions": "decision_based(f, X, y, starts=-X, steps=steps)",
    "decisions of NumPy": "decision_based(of_numpy, X, y, starts=-X, steps=steps)",
}
INTERRUPTED = """
import signal, threading, time
import jax.numpy as jnp, numpy as np
from shiftmath.adversary import apgd, ddn, decision_based, pgd
signal.signal(signal.SIGINT, signal.default_int_handler)
X, y, f = np.ones((1, 50)), [1], lambda x: jnp.sin(x).sum()
of_numpy = lambda P: (np.asarray(P).sum(axis=1) > 0).astype(int)
def interrupt():
    time.sleep(1); sent.append(time.perf_counter()); signal.raise_signal(signal.SIGINT)
for attack in [CALLS]:
    attack(3)  # compiled, which cannot be interrupted
    sent = []
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        attack(10**8)
    except KeyboardInterrupt:
        print(time.perf_counter() - sent[0])
"""


@pytest.mark.slow
def test_ctrl_c_ends_an_attack_within_a_second():
    code = INTERRUPTED.replace("CALLS", ", ".join(f"lambda steps: {call}" for call in CALLS.values()))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    waits = dict(zip(CALLS, map(float, done.stdout.split()), strict=True))
    assert max(waits.values()) < 1, waits

"""What bad arguments of an attack get, and which odd ones are taken for what they are."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shiftmath.adversary import apgd, ddn, decision_based, fgsm, pgd, robust_accuracy

ATTACKS = {
    "apgd": functools.partial(apgd, steps=5, radii=3),
    "ddn": functools.partial(ddn, steps=40),
    "pgd": functools.partial(pgd, radius=0.1, steps=5),
    "fgsm": functools.partial(fgsm, radius=0.1),
    "decision_based": lambda f, X, y, **options: decision_based(f, X, y, starts=X, steps=10, **options),
}
X1 = [[0.0, 1.0], [1.0, 1.0]]
BAD = [
    ({"X": [0.0, 1.0]}, ValueError, r"X: got shape \(2,\), takes"),
    ({"X": [[0.0, float("nan")], [1, 1]]}, ValueError, r"X: got nan at \(0, 1\), takes finite numbers"),
    ({"X": jnp.ones((2, 2), complex)}, TypeError, "X: got dtype complex128, takes an array of real numbers"),
    ({"X": jnp.array([[0.0, jnp.inf]])}, ValueError, r"X: got inf at \(0, 1\), takes finite numbers"),
    ({"X": np.ma.masked_array(np.ones((2, 2)), [[0, 1], [0, 0]])}, TypeError, "X: got a masked array, takes"),
    ({"X": [["a", "b"], ["c", "d"]]}, TypeError, "X: got dtype <U1, takes an array of real numbers"),
    ({"X": np.ones((2, 2), complex)}, TypeError, "X: got dtype complex128, takes"),
    ({"X": [[1.0], [1.0, 2.0]]}, ValueError, "X: got rows of unequal lengths, takes"),
    ({"X": None}, TypeError, "X: got dtype object, takes"),
    ({"y": [1]}, ValueError, r"y: got shape \(1,\), takes one label for each of the 2 samples"),
    ({"y": [[1, 1]]}, ValueError, r"y: got shape \(1, 2\), takes one label"),
    ({"y": [[1], [1, 1]]}, ValueError, "y: got rows of unequal lengths, takes one label for each of the 2 samples"),
    ({"y": ["a", "b"]}, TypeError, "y: got dtype <U1, takes one label"),
    ({"y": np.ma.masked_array([1, 1], [0, 1])}, TypeError, "y: got a masked array, takes one label"),
    ({"y": [0, 1]}, ValueError, "y: got 0, takes labels -1 or 1, for a scalar f"),
    ({"f": lambda x: x, "y": [0, 2]}, ValueError, "y: got 2, takes labels from 0 to 1"),
    ({"f": lambda x: x, "y": [-1, 1]}, ValueError, "y: got -1, takes labels from 0 to 1"),
    ({"f": lambda x: x, "y": [0.5, 1]}, ValueError, "y: got 0.5, takes labels from 0 to 1"),
    ({"f": lambda x: x[None]}, ValueError, r"f: got output of shape \(1, 2\) for one signal of shape \(2,\), takes"),
    ({"f": lambda x: x[:1]}, ValueError, r"f: got output of shape \(1,\)"),
    ({"f": lambda x: (x, x)}, ValueError, "f: got a tuple for one signal"),
    ({"f": 3}, TypeError, "f: got 3, takes a"),
    ({"bounds": (0.5, 2)}, ValueError, r"X: got values from 0 to 1, takes values inside bounds = \(0.5, 2.0\)"),
    ({"bounds": (0.5, None)}, ValueError, r"X: got values from 0 to 1, takes values inside bounds = \(0.5, inf\)"),
    ({"bounds": ([0, 1.5], 2)}, ValueError, r"X: got 1 at \(0, 1\), takes values inside bounds, there \(1.5, 2.0\)"),
    ({"bounds": (2, 1)}, ValueError, r"bounds: got \(2, 1\) for signals of shape \(2,\), takes a pair"),
    ({"bounds": (1, 1)}, ValueError, r"bounds: got \(1, 1\) for signals"),
    ({"bounds": (float("nan"), 1)}, ValueError, r"bounds: got \(nan, 1\) for signals"),
    ({"bounds": ([0, 2], [1, 1])}, ValueError, r"bounds: got arrays of shapes \(2,\) and \(2,\) for signals"),
    ({"bounds": ([0, 0, 0], 2)}, ValueError, r"bounds: got arrays of shapes \(3,\) and \(\) for signals"),
    ({"bounds": ([[0], [0]], 2)}, ValueError, r"bounds: got arrays of shapes \(2, 1\) and \(\) for signals"),
    ({"bounds": 1}, ValueError, "bounds: got 1, takes a pair"),
    ({"bounds": (0, 1, 2)}, ValueError, r"bounds: got \(0, 1, 2\), takes a pair"),
    ({"bounds": (0, "x")}, TypeError, "bounds: got dtype <U1, takes a pair"),
    ({"target": 2}, ValueError, "target: got 2, takes labels -1 or 1, for a scalar f"),
    ({"target": 1}, ValueError, "target: got the label of sample 0, takes another class"),
    ({"target": [-1]}, ValueError, r"target: got shape \(1,\), takes one label for each of the 2 samples"),
    ({"target": "x"}, TypeError, "target: got 'x', takes a finite number"),
    ({"f": lambda x: x, "y": [0, 1], "target": [1, 2]}, ValueError, "target: got 2, takes labels from 0 to 1"),
]
OPTIONS = [
    (apgd, {"steps": 0}, ValueError, "steps: got 0, takes a whole number of at least 1"),
    (apgd, {"radii": 0}, ValueError, "radii: got 0, takes a whole number of at least 1"),
    (apgd, {"initial_radius": 0.0}, ValueError, "initial_radius: got 0.0, takes a positive finite number"),
    (apgd, {"initial_radius": 1e308}, ValueError, r"initial_radius: got 1e\+308, takes .* below 2.24712e\+307"),
    (apgd, {"classes": 0}, ValueError, "classes: got 0, takes a whole number of at least 1"),
    (apgd, {"norm": "l1"}, ValueError, "norm: got 'l1', takes one of 'l2', 'linf'"),
    (apgd, {"seed": -1}, ValueError, "seed: got -1, takes a whole number from 0 to"),
    (ddn, {"steps": 0}, ValueError, "steps: got 0, takes a whole number of at least 1"),
    (ddn, {"steps": 1.5}, TypeError, "steps: got 1.5, takes a whole number of at least 1"),
    (ddn, {"gamma": 1.0}, ValueError, "gamma: got 1.0, takes a positive finite number below 1"),
    (ddn, {"gamma": "x"}, TypeError, "gamma: got 'x', takes a positive finite number below 1"),
    (ddn, {"initial_norm": 0.0}, ValueError, "initial_norm: got 0.0, takes a positive finite number"),
    (ddn, {"initial_norm": 1e308}, ValueError, r"initial_norm: got 1e\+308, takes .* below 2.24712e\+307"),
    (ddn, {"levels": 256}, ValueError, "bounds: got None with levels, takes"),
    (ddn, {"levels": 1, "bounds": (0, 1)}, ValueError, "levels: got 1, takes a whole number of at least 2"),
    (ddn, {"levels": 9, "bounds": (0, None)}, ValueError, "bounds: got a side without a bound or of length 0"),
    (ddn, {"levels": 9, "bounds": ([0, 1], 1)}, ValueError, "bounds: got a side without a bound or of length 0"),
    (ddn, {"levels": 9, "bounds": (0, 1), "refine": True}, ValueError, "refine: got True with levels, takes False"),
    (ddn, {"refine": "x"}, TypeError, "refine: got 'x', takes True or False"),
    (ddn, {"loss": "hinge"}, ValueError, "loss: got 'hinge', takes one of 'margin', 'log-odds', 'cross-entropy'"),
    (ddn, {"loss": ("margin", 3)}, TypeError, "loss: got 3, takes one of"),
    (ddn, {"loss": ()}, TypeError, r"loss: got \(\), takes one of"),
    (ddn, {"seed": -1}, ValueError, "seed: got -1, takes a whole number from 0 to"),
    (ddn, {"seed": 1.5}, TypeError, "seed: got 1.5, takes a whole number"),
    (ddn, {"seed": 2**63}, ValueError, "seed: got 9223372036854775808, takes a whole number"),
    (pgd, {"radius": -1.0}, ValueError, "radius: got -1.0, takes a non-negative finite number"),
    (pgd, {"radius": None}, TypeError, "radius: got None, takes a non-negative finite number"),
    (pgd, {"radius": 1e308}, ValueError, r"radius: got 1e\+308, takes .* below 2.24712e\+307"),
    (pgd, {"radius": [[[1.0]]]}, ValueError, r"radius: got shape \(1, 1, 1\), takes a number, \(n,\) or \(k, 1\)"),
    (
        pgd,
        {"radius": [1.0, 2.0, 3.0]},
        ValueError,
        r"radius: got shape \(3,\), takes a number, or one for each of the 2",
    ),
    (pgd, {"radius": [1.0, -1.0]}, ValueError, "radius: got -1.0, takes a non-negative finite number"),
    (pgd, {"radius": [[1.0], [1.0, 2.0]]}, ValueError, "radius: got rows of unequal lengths, takes"),
    (pgd, {"radius": 1.0, "step_size": 0}, ValueError, "step_size: got 0, takes a positive finite number"),
    (pgd, {"radius": 1.0, "norm": "l1"}, ValueError, "norm: got 'l1', takes one of 'l2', 'linf'"),
    (pgd, {"radius": 1.0, "norm": None}, TypeError, "norm: got None, takes one of 'l2', 'linf'"),
    (pgd, {"radius": 1.0, "restarts": 0}, ValueError, "restarts: got 0, takes"),
    (pgd, {"radius": 1.0, "restarts": -1}, ValueError, "restarts: got -1, takes a whole number of at least 1"),
    (fgsm, {"radius": float("inf")}, ValueError, "radius: got inf, takes a non-negative finite number"),
    (fgsm, {"radius": [[1.0]]}, ValueError, r"radius: got shape \(1, 1\), takes a number, or one for each"),
    (decision_based, {"starts": [[1.0]]}, ValueError, r"starts: got signals of shape \(1,\), takes those of X, \(2,\)"),
    (decision_based, {"starts": None}, TypeError, "starts: got dtype object, takes"),
    (decision_based, {"starts": [[9.0, 0]], "bounds": (0, 1)}, ValueError, "starts: got values from 0 to 9, takes"),
    (robust_accuracy, {"radii": 1.0}, ValueError, r"radii: got shape \(\), takes a non-empty list"),
    (robust_accuracy, {"radii": []}, ValueError, r"radii: got shape \(0,\), takes a non-empty list"),
    (robust_accuracy, {"radii": [0.1, -1]}, ValueError, "radii: got -1.0, takes a non-negative finite number"),
    (robust_accuracy, {"radii": [[0.1], [0.1, 1]]}, ValueError, "radii: got rows of unequal lengths"),
]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_bad_input_is_named(attack, change, error, message):
    good = {"f": jnp.sum, "X": X1, "y": [1, 1]} | change
    name = "starts" if attack is ATTACKS["decision_based"] and "inside" in message else "X"
    with pytest.raises(error, match=message.replace("X:", f"{name}:")):
        attack(good.pop("f"), good.pop("X"), good.pop("y"), **good)


@pytest.mark.parametrize(("attack", "options", "error", "message"), OPTIONS)
def test_bad_options_are_named(attack, options, error, message):
    with pytest.raises(error, match=message):
        attack(jnp.sum, X1, [1, 1], **options)


def of_numpy(x):
    return np.tanh(np.asarray(x)).sum()


class Foreign:
    """A function of a library that takes its own arrays alone, as PyTorch does."""

    def __call__(self, x):
        if not isinstance(x, np.ndarray):
            raise TypeError(f"expected np.ndarray (got {type(x).__name__})")
        return x.sum()


@pytest.mark.latest
@pytest.mark.parametrize("attack", [ATTACKS["ddn"], ATTACKS["pgd"], ATTACKS["fgsm"]])
@pytest.mark.parametrize(
    ("f", "name"), [(of_numpy, "of_numpy"), (Foreign(), "Foreign"), (lambda x: x.sum() if x[0] > 0 else x[1], "lambda")]
)
def test_a_function_that_jax_cannot_trace_is_named(attack, f, name):
    with pytest.raises(
        TypeError, match=f"f: got <?{name}>?, which JAX cannot trace, takes a JAX function of one signal"
    ):
        attack(f, X1, [1, 1])


def test_an_error_of_the_function_itself_passes_through():
    def broken(x):
        raise KeyError("weights")

    with pytest.raises(KeyError, match="weights"):
        ddn(broken, X1, [1, 1])


def test_integer_outputs_are_labels_for_decisions_alone():
    for attack in (ATTACKS["ddn"], ATTACKS["pgd"], ATTACKS["fgsm"]):
        with pytest.raises(TypeError, match="f: got output of dtype int64, takes floating point logits"):
            attack(jnp.argmax, X1, [1, 1])
    assert decision_based(jnp.argmax, [[0.0, 1.0]], [1], starts=[[9.0, 0.0]], steps=300).success[0]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_the_order_of_bytes_and_long_double_do_not_matter(attack):
    X = np.array([[0.5, -2.0], [1.0, 0.25]])
    native = attack(jnp.sum, X, [1, -1], bounds=(-3, 3))
    for dtype in (">f8", np.longdouble):
        ends = np.array([-3, 3]).astype(dtype)
        other = attack(jnp.sum, X.astype(dtype), np.array([1, -1], ">i4"), bounds=ends)
        assert other.points.dtype == np.float64
        assert np.array_equal(native.points, other.points)
    assert attack(jnp.sum, X.astype(">f4"), [1, -1]).points.dtype == np.float32


def test_numbers_may_be_arrays_without_axes():
    options = {"radius": np.array(0.7), "step_size": jnp.array(0.2), "bounds": (np.float32(-9), jnp.array(9.0))}
    plain = pgd(jnp.sum, X1, [1, 1], radius=0.7, step_size=0.2, bounds=(-9, 9), steps=5)
    assert eqx.tree_equal(plain, pgd(jnp.sum, X1, [1, 1], steps=5, **options))


@pytest.mark.latest
def test_options_may_be_traced():
    X = jnp.asarray(X1)

    @jax.jit
    def attack(radius, low, target):
        return pgd(lambda x: x, X, [1, 1], radius=radius, bounds=(low, 9.0), target=target, steps=5)

    direct = pgd(lambda x: x, X, [1, 1], radius=[0.7, 0.3], bounds=([-1.0, 0], 9), target=[0, 0], steps=5)
    inside = attack(jnp.array([0.7, 0.3]), jnp.array([-1.0, 0]), jnp.array([0, 0]))
    assert np.allclose(direct.points, inside.points, rtol=1e-9)


def test_whole_numbers_and_booleans_of_jax_are_taken_as_those_of_numpy():
    X = np.array([[1, 0], [0, 1]])
    for given in (jnp.asarray(X), jnp.asarray(X > 0), X, X > 0):
        attack = fgsm(lambda x: x.sum() - 0.75, given, [1, 1], radius=0.25)
        assert isinstance(attack.points, type(given))
        np.testing.assert_array_equal(np.asarray(attack.points), X - 0.25)
    shares = robust_accuracy(lambda x: x.sum() - 0.75, jnp.asarray(X, jnp.float32), [1, 1], [False, True], steps=2)
    np.testing.assert_array_equal(shares, [1.0, 0.0])

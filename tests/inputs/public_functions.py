"""Every public function with good arguments, of which the tests replace one at a time; or a reason why not.

A new public function belongs into CALLS, with a small and quick call, or into REASONS.
"""

import atexit
import contextlib
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from inspect import isclass, isfunction
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import jax
import numpy as np
import optax
from PIL import Image

from shiftmath import adversary, datasets, dft, groups, interpolant, kernels, margins, networks, pages, price, related
from shiftmath.kernels import dots
from shiftmath.networks import downsampling

FACES = (
    "dft",
    "groups",
    "margins",
    "kernels",
    "kernels.dots",
    "kernels.dual",
    "kernels.large",
    "interpolant",
    "networks",
    "networks.downsampling",
    "adversary",
    "price",
    "datasets",
    "related",
    "pages",
    "pages.intervals",
)


def public_names():
    """{"room.name": object} for all that the faces offer, each once; methods of classes as "room.Class.method"."""
    found, seen = {}, set()
    for face in (*FACES, ""):
        module = import_module(f"shiftmath.{face}".removesuffix("."))
        own = [n for n, o in vars(module).items() if not n.startswith("_") and _is_of(o, module)]
        for name in getattr(module, "__all__", own):
            value = getattr(module, name)
            if id(value) not in seen and callable(value) and not _is_error(value):
                seen.add(id(value))
                key = f"{face}.{name}".removeprefix(".")
                found[key] = value
                found |= {f"{key}.{n}": getattr(value, n) for n in _methods(value)}
    return found


def _is_of(value, module):
    return callable(value) and value.__module__ == module.__name__


def _is_error(value):
    return isclass(value) and issubclass(value, BaseException)


def _methods(value):
    """The public methods of a class, with those that it inherits from others of the package."""
    if not isclass(value):
        return []
    parents = [vars(c) for c in reversed(value.__mro__) if c.__module__.startswith("shiftmath")]
    named = {n: m for parent in parents for n, m in parent.items()}
    return [n for n, m in named.items() if _is_method(m) and (n[0] != "_" or n == "__call__")]


def _is_method(member):
    return isfunction(member) or isinstance(member, classmethod)


@dataclass
class Call:
    """A function and good arguments.

    `work` names those of which a large number means more work, and is not bad; a `random` function draws numbers of the
    dtype of its input. `only` names the arguments that are replaced, where another call of the function has the others.
    """

    function: Callable[..., Any]
    good: dict[str, Any]
    work: tuple[str, ...] = ()
    random: bool = False
    only: tuple[str, ...] = ()


def call(function, *, work=(), random=False, only=(), **good):
    return Call(function, good, work, random, only)


# Whole numbers, so that every dtype holds them.
SIGNAL = np.array([[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]])
# Apart from each other, and each from any multiple of the other.
HIGH, LOW = np.array([[2.0, 1.0], [3.0, 2.0], [2.0, 3.0]]), np.array([[-1.0, -2.0], [-2.0, -1.0]])
ROWS = np.array([[1.0, 2.0, 0.0], [3.0, 1.0, 1.0], [0.0, 1.0, 3.0]])
IMAGES = np.array(
    [[[1.0, 2.0, 0.0], [1.0, 0.0, 1.0], [2.0, 0.0, 1.0]], [[3.0, 1.0, 1.0], [0.0, 0.0, 1.0], [1.0, 2.0, 1.0]]]
)
MAPS = np.array([[1.0, 2.0], [3.0, 1.0]])  # both lengths even
SIGNS = np.array([1.0, -1.0, 1.0])
OPPOSITE = np.array([[1.0, 2.0], [-1.0, -2.0]])
SPECTRUM = np.array([4.0, 1.0, 2.0, 1.0])
PAIR = np.array([1.0, -1.0])
LABELS = np.array([0, 1, 1])
WORDS = np.array([[0, 3, 6], [6, 9, 0]])  # of sentences
ENCODINGS = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, -1.0]])
STATES = np.stack([np.array([[0, 1, 2], [3, 1, 1], [2, 0, 1], [0, 0, 4], [1, 3, 0], [2, 2, 5]], float)] * 2)


def plane(x):
    """A scalar function for attacks."""
    return x.sum() - 2.5


def two_logits(x):
    """A network of any signal."""
    return jax.numpy.stack([x.ravel()[0], x.ravel()[-1]])


def planned(**arguments):
    """What a plan counts; not how long it takes."""
    plan = kernels.gram_plan(**arguments)
    return plan.pairs, plan.nbytes, plan.worker_bytes, plan.layout.count


def factored(**arguments):
    """Coefficients and determinant by a factor."""
    factor = kernels.large.cholesky(**arguments)
    return factor.solve(SIGNS), factor.logdet


def pixel(X):
    """A classifier."""
    return X.reshape(len(X), -1)[:, 0] > 0


def largest(x):
    """An invariant function."""
    return np.max(x)


@cache
def translators():
    return [related.translator(jax.random.key(0), ENCODINGS, layers=1)]


@cache
def separator():
    return margins.max_margin(HIGH, LOW)


@cache
def prices():
    return price.pairwise_price(ROWS, LABELS, wide=0)


@cache
def few_images():
    return datasets.Images(np.arange(8.0).reshape(4, 2, 1) / 8, np.array([0, 1, 0, 1]), "few")


@cache
def predictor(kernel=None):
    return interpolant.Interpolant(kernels.FullyConnected(), OPPOSITE, PAIR)


@cache
def network(classes=2):
    return networks.fully_connected(jax.random.key(0), 3, classes, width=2, dtype=float)


@cache
def descent():
    return optax.sgd(0.01)


def claimed(method):
    """The claim that a method of a new ledger makes."""

    def claim(**arguments):
        ledger = pages.Ledger("a page")
        getattr(ledger, method)(**arguments)
        return ledger.claims[0]

    return claim


def closed():
    ledger = pages.Ledger("a page")
    ledger.equal("one", 1, 1, 0)
    ledger.fails("two", 1, 2, 0)
    with contextlib.redirect_stdout(io.StringIO()):
        ledger.close()


@cache
def folder():
    """A folder with an image of one class and an idx file, which goes with the process."""
    place = Path(mkdtemp())
    atexit.register(shutil.rmtree, place)
    (place / "cat").mkdir()
    Image.new("L", (3, 2)).save(place / "cat/0.png")
    (place / "a.idx").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 3, 4]))
    return place


def called(kernel, X):
    """The ways to call a kernel."""
    pair = {"X": X, "Z": X[:1], "progress": False}
    ways = {"__call__": call(kernel, **pair), "nngp": call(kernel.nngp, **pair), "diag": call(kernel.diag, X=X)}
    if kernel.has_weighted_gradient:
        ways["weighted_gradient"] = call(kernel.weighted_gradient, X=X, Z=X[:1], weights=np.array([1.0]))
    return ways


SHIFTS, ALONG_ROWS = groups.circular_shifts(), groups.circular_shifts(axes=0)
FLAT = kernels.Convolutional(readout="flatten")
AVERAGE = kernels.GroupAverage(kernels.FullyConnected(), SHIFTS)
WINDOW = kernels.WindowAverage(kernels.FullyConnected(), 2)
KEY = jax.random.key(0)
CLAIM = {"claim": "a claim", "tolerance": 0.5, "evidence": "quoted"}
NUMBERS = {"measured": np.array([1.0, 2.0])}
POINTS = {"xs": np.array([1.0, 2.0, 3.0]), "ys": np.array([1.0, 2.0, 3.0])}
ATTACK = {"X": ROWS, "y": SIGNS, "bounds": (-9.0, 9.0)}
TARGETED = {"f": plane, "X": ROWS, "y": SIGNS, "random": True, "only": ("target",)}
NETWORK = {"classes": 2, "bias": True, "input_norm": False, "hidden_norm": False, "initialisation": "torch"}
KERNEL = {"depth": 1, "activation": "leaky_relu", "bias_std": 0.5, "weight_std": 1.5, "negative_slope": 0.25}
PAGES = {"padding": "circular", "stride": 1, "channel_axis": False, "downsample": "aps"}
MAP = np.array([[[1.0, 2.0], [3.0, 0.0], [4.0, 1.0], [0.0, 3.0]], [[2.0, 2.0], [5.0, 0.0], [4.0, 7.0], [2.0, 3.0]]])
POOL = {"x": MAP, "stride": 2, "uneven": "raise"}
LAYERS = ("APS", "Downsampler", "Fixed", "LPS", "TIPS")
METHODS = ("", ".__call__", ".apply", ".choice", ".of", ".features", ".scores")

CALLS = {
    "dft.dc": call(dft.dc, x=SIGNAL, axes=(0, 1)),
    "dft.dft": call(dft.dft, x=SIGNAL, axes=(0, 1)),
    "dft.idft": call(dft.idft, spectrum=SPECTRUM, axes=(0,)),
    "dft.idft_real": call(dft.idft_real, spectrum=SPECTRUM, axes=(0,)),
    "dft.power_spectrum": call(dft.power_spectrum, x=SIGNAL, axes=(0, 1)),
    "dft.shift_phases": call(dft.shift_phases, shape=(2, 3), shift=np.array([1.0, 2.0])),
    "dft.shifted_span_dimension": call(dft.shifted_span_dimension, X=ROWS),
    "groups.Group": call(groups.Group, moves=SHIFTS.moves),
    "groups.Group.generators": call(SHIFTS.generators, shape=(2, 3)),
    "groups.Group.elements": call(SHIFTS.elements, shape=(2, 3), work=("shape",)),
    "groups.Group.order": call(SHIFTS.order, shape=(2, 3), work=("shape",)),
    "groups.Group.orbit": call(SHIFTS.orbit, x=SIGNAL),
    "groups.Group.sample_orbits": call(SHIFTS.sample_orbits, shape=(2, 3)),
    "groups.Group.orbit_mean": call(SHIFTS.orbit_mean, x=SIGNAL),
    "groups.assert_equivariant": call(groups.assert_equivariant, f=np.negative, x=SIGNAL, group=SHIFTS, tolerance=0.5),
    "groups.assert_invariant": call(groups.assert_invariant, f=largest, x=SIGNAL, group=SHIFTS, tolerance=0.5),
    "groups.circular_shifts": call(groups.circular_shifts, axes=(0, 1), stride=2),
    "groups.consistency": call(groups.consistency, predict=pixel, X=ROWS, group=SHIFTS),
    "groups.flips": call(groups.flips, axes=(0, 1)),
    "groups.quarter_turns": call(groups.quarter_turns, axes=(0, 1)),
    "groups.shift": call(groups.shift, x=SIGNAL, s=(1, 2)),
    "margins.Separator.decision": call(lambda x: separator().decision(x), x=HIGH),
    "margins.invariant_margin": call(
        margins.invariant_margin, positives=HIGH, negatives=LOW, group=groups.flips(), share=0.5, tolerance=0.5
    ),
    "margins.invariant_margin of batches": call(
        lambda positives, negatives: margins.invariant_margin(iter([positives]), iter([negatives])),
        positives=HIGH,
        negatives=LOW,
    ),
    "margins.max_margin": call(margins.max_margin, positives=HIGH, negatives=LOW, share=0.5, tolerance=0.5),
    "kernels.FullyConnected": call(kernels.FullyConnected, **KERNEL),
    **{f"kernels.FullyConnected.{n}": c for n, c in called(kernels.FullyConnected(bias_std=0.5), ROWS).items()},
    "kernels.Convolutional": call(
        kernels.Convolutional,
        **KERNEL,
        filter_size=3,
        readout="average",
        padding="circular",
        dense_layers=0,
        input_shape=(4, 4),
        spatial_axes=2,
    ),
    **{f"kernels.Convolutional.{n}": c for n, c in called(kernels.Convolutional(activation="erf"), IMAGES).items()},
    "kernels.Convolutional.weighted_gradient": called(FLAT, IMAGES)["weighted_gradient"],
    "kernels.GroupAverage": call(kernels.GroupAverage, kernel=FLAT, group=ALONG_ROWS, two_sided=False),
    **{f"kernels.GroupAverage.{n}": c for n, c in called(AVERAGE, ROWS).items()},
    "kernels.WindowAverage": call(kernels.WindowAverage, kernel=FLAT, window=2, axes=0, work=("window",)),
    **{f"kernels.WindowAverage.{n}": c for n, c in called(WINDOW, ROWS).items()},
    "kernels.gram": call(
        partial(kernels.gram, store=None),
        work=("block", "audit"),
        kernel=kernels.FullyConnected(),
        X=ROWS,
        Z=ROWS,
        block=2,
        progress=False,
        audit=1,
        seed=0,
        verify=False,
    ),
    "kernels.gram_plan": call(
        planned,
        work=("n", "m", "block", "workers"),
        kernel=kernels.FullyConnected(),
        shape=(3,),
        n=4,
        m=3,
        block=2,
        workers=2,
        seed=0,
    ),
    "kernels.large.cholesky": call(
        factored, gram=np.diag([1.0, 2.0, 4.0]), ridge=0.5, overwrite=False, progress=False, verify=False
    ),
    "kernels.large.Factor.solve": call(kernels.large.cholesky(np.diag([1.0, 2.0, 4.0])).solve, y=SIGNS),
    "kernels.large.solve": call(
        kernels.large.solve,
        work=("steps",),
        gram=np.diag([1.0, 2.0, 4.0]),
        y=SIGNS,
        ridge=0.5,
        tolerance=1e-6,
        steps=50,
        progress=False,
    ),
    "kernels.dots.Dots": call(dots.Dots, shape=(2, 3), dots={(1, 2): 1.0}, gray=np.array([0.5, 1.0])),
    "kernels.dots.Dots.array": call(dots.Dots((2, 3), {(1, 2): 1.0}).array),
    "kernels.dots.dots_gram": call(
        dots.dots_gram, kernel=kernels.Convolutional(), images=[dots.Dots((4, 4), {(1, 1): 1.0})], get="ntk"
    ),
    "kernels.dots.mixture": call(
        dots.mixture, kernel=kernels.Convolutional(), images=[dots.Dots((4, 4), {(1, 1): 1.0})]
    ),
    "interpolant.Interpolant": call(
        interpolant.Interpolant, kernel=kernels.FullyConnected(), X=ROWS, y=SIGNS, ridge=0.5
    ),
    "interpolant.linear_misfit": call(interpolant.linear_misfit, f=lambda Z: np.abs(Z[:, 0]) + 1, Z=ROWS[:, :2]),
    "interpolant.opposite_pair": call(interpolant.opposite_pair, kernel=kernels.FullyConnected(), x=HIGH[0]),
    "interpolant.Interpolant.__call__": call(lambda Z: predictor()(Z), Z=HIGH),
    "interpolant.Interpolant.gradient": call(lambda x: predictor().gradient(x), x=HIGH[0]),
    "interpolant.Interpolant.distance": call(
        lambda **arguments: predictor().distance(**arguments),
        x=HIGH[0],
        closed_form=True,
        restarts=2,
        seed=0,
        level=0.5,
        progress=False,
        work=("restarts",),
    ),
    "networks.fully_connected": call(
        partial(networks.fully_connected, KEY), shape=(3,), width=2, depth=1, **NETWORK, work=("depth",)
    ),
    "networks.convolutional": call(
        partial(networks.convolutional, KEY),
        shape=(4,),
        width=2,
        filter_size=3,
        depth=1,
        readout="average",
        **NETWORK,
        **PAGES,
        work=("depth", "padding"),
    ),
    "networks.residual": call(
        partial(networks.residual, KEY),
        shape=(4,),
        widths=(2, 2),
        filter_size=3,
        blocks=1,
        **NETWORK,
        **PAGES,
        work=("blocks",),
    ),
    "networks.logits": call(lambda **arguments: networks.logits(network(), **arguments), X=ROWS, batch_size=2),
    "networks.staircase": call(networks.staircase, rates=(1, 2), boundaries=(3,)),
    "networks.empirical_ntk": call(
        lambda **arguments: networks.empirical_ntk(network(None), **arguments), X=ROWS, Z=ROWS
    ),
    "networks.layer_kernels": call(
        lambda **arguments: networks.layer_kernels(network(None), **arguments), X=ROWS, Z=ROWS
    ),
    "networks.train_to_rest": call(
        lambda **arguments: networks.train_to_rest(network(None), **arguments), X=ROWS, y=SIGNS, error=0.5
    ),
    "networks.train": call(
        lambda **arguments: networks.train(network(None), **arguments),
        X=ROWS,
        y=SIGNS,
        rate=0.125,
        steps=2,
        work=("steps",),
    ),
    "networks.fit": call(
        lambda **arguments: networks.fit(network(), optimiser=descent(), key=KEY, **arguments),
        X=ROWS,
        y=LABELS,
        steps=2,
        batch_size=2,
        loss="cross-entropy",
        progress=False,
        work=("steps",),
    ),
    "networks.fit_many": call(
        lambda **arguments: networks.fit_many(
            partial(networks.fully_connected, shape=3, classes=2, width=2), KEY[None], optimiser=descent(), **arguments
        ),
        X=ROWS,
        y=LABELS,
        steps=2,
        batch_size=2,
        loss="cross-entropy",
        progress=False,
        per_seed=False,
        every=1,
        work=("steps",),
    ),
    **{
        f"networks.downsampling.{f.__name__}": call(f, **POOL)
        for f in (
            downsampling.components,
            downsampling.subsample,
            downsampling.max_pool,
            downsampling.average_pool,
        )
    },
    "networks.downsampling.TIPSLoss": call(downsampling.TIPSLoss, alpha=0.25, reach=1, undo=True),
    "networks.downsampling.blur": call(downsampling.blur, x=MAP, taps=3),
    "networks.downsampling.blur_pool": call(downsampling.blur_pool, **POOL, taps=3),
    "networks.downsampling.max_blur_pool": call(downsampling.max_blur_pool, **POOL, taps=3),
    "networks.downsampling.dense_max": call(downsampling.dense_max, x=MAP, stride=2),
    "networks.downsampling.norms": call(downsampling.norms, **POOL, norm="l2", per_channel=False),
    "networks.downsampling.winner": call(downsampling.winner, **POOL, norm="l2", per_channel=False),
    "networks.downsampling.aps": call(downsampling.aps, **POOL, norm="l2", per_channel=False, taps=3),
    "networks.downsampling.chosen": call(downsampling.chosen, **POOL, phase=1),
    "networks.downsampling.mixture": call(downsampling.mixture, **POOL, weights=np.array([1.0, 2.0, 0.0, 1.0])),
    "networks.downsampling.phases": call(downsampling.phases, stride=2, axes=2),
    "networks.downsampling.one_hot_penalty": call(
        downsampling.one_hot_penalty, weights=np.array([1.0, 0.0, 0.0, 0.0]), form="released"
    ),
    "networks.downsampling.undo_loss": call(
        downsampling.undo_loss, features=MAP, x=MAP, reach=1, border="circular", frozen=True
    ),
    "networks.downsampling.downsampler": call(
        partial(downsampling.downsampler, key=KEY), name="lps", channels=2, axes=1, stride=2, uneven="raise"
    ),
    "networks.downsampling.WindowShifts": call(downsampling.WindowShifts, reach=1, border="zero", axes=(0,)),
    "networks.downsampling.WindowShifts.orbit": call(downsampling.WindowShifts(1).orbit, x=SIGNAL),
    "networks.downsampling.FractionalShifts": call(downsampling.FractionalShifts, parts=2, axes=(0,)),
    "networks.downsampling.FractionalShifts.orbit": call(downsampling.FractionalShifts(2).orbit, x=SIGNAL),
    "networks.downsampling.equivariance": call(
        downsampling.equivariance, f=two_logits, X=ROWS, y=LABELS, moves=None, layers=False
    ),
    "networks.downsampling.lie_derivative": call(downsampling.lie_derivative, f=two_logits, X=ROWS, axes=None),
    "networks.downsampling.maximum_sampling_bias": call(
        downsampling.maximum_sampling_bias, down=downsampling.Fixed(), X=MAP
    ),
    "adversary.apgd": call(
        adversary.apgd,
        random=True,
        f=plane,
        **ATTACK,
        norm="l2",
        steps=3,
        radii=2,
        initial_radius=1.0,
        classes=1,
        seed=0,
        work=("steps", "radii"),
    ),
    "adversary.apgd with a target": call(adversary.apgd, **TARGETED | {"y": np.ones(3)}, target=-1, steps=3),
    "adversary.ddn": call(
        adversary.ddn,
        random=True,
        f=plane,
        **ATTACK,
        steps=3,
        gamma=0.5,
        initial_norm=1.0,
        levels=None,
        refine=False,
        loss="margin",
        seed=0,
        work=("steps", "levels"),
    ),
    "adversary.ddn with a target": call(adversary.ddn, **TARGETED | {"y": np.ones(3)}, target=-1, steps=3),
    "adversary.pgd": call(
        adversary.pgd,
        random=True,
        f=plane,
        **ATTACK,
        radius=1.0,
        norm="l2",
        steps=3,
        step_size=0.5,
        restarts=1,
        loss="margin",
        seed=0,
        work=("steps", "restarts"),
    ),
    "adversary.pgd with targets": call(adversary.pgd, **TARGETED, target=-SIGNS, radius=1.0, steps=3),
    "adversary.fgsm": call(adversary.fgsm, f=plane, **ATTACK, radius=1.0, norm="l2", loss="margin"),
    "adversary.fgsm with a target": call(adversary.fgsm, **TARGETED | {"y": np.ones(3)}, target=-1, radius=1.0),
    "adversary.decision_based": call(
        adversary.decision_based, random=True, f=plane, **ATTACK, starts=ROWS, steps=3, seed=0, work=("steps",)
    ),
    "adversary.decision_based with targets": call(
        adversary.decision_based, **TARGETED, target=-SIGNS, starts=ROWS, steps=3
    ),
    "adversary.robust_accuracy": call(
        partial(adversary.robust_accuracy, steps=2, restarts=1),
        random=True,
        f=plane,
        X=ROWS,
        y=SIGNS,
        radii=np.array([0.0, 1.0]),
    ),
    "price.price_of_invariance": call(
        price.price_of_invariance,
        positives=HIGH,
        negatives=LOW,
        group=groups.flips(),
        wide=0,
        seed=0,
        progress=False,
        work=("wide",),
    ),
    "price.pairwise_price": call(
        price.pairwise_price,
        X=ROWS,
        y=LABELS,
        group=groups.flips(),
        wide=0,
        wide_pairs=2,
        seed=0,
        progress=False,
        work=("wide", "wide_pairs"),
    ),
    "price.Prices.matrix": call(lambda name: prices().matrix(name), name="soft_ratio"),
    "datasets.Images.of_class": call(lambda label: few_images().of_class(label), label=1),
    "datasets.Images.take": call(lambda **arguments: few_images().take(**arguments), per_class=1, seed=0),
    "datasets.cifar10": call(datasets.cifar10, split="train", folder=str(folder()), limit=2),
    "datasets.digits": call(datasets.digits),
    "related.bandwidth_error": call(related.bandwidth_error, bandwidth=1.0, reach=1),
    "related.cmod": call(related.cmod, y=MAPS, stride=1),
    "related.dual_tree": call(related.dual_tree, shape=(16, 18), depth=1, taps=4, work=("shape",)),
    "related.q_shift_filter": call(related.q_shift_filter, taps=4),
    "related.filtered": call(related.filtered, x=MAPS, spectrum=MAPS + 1.0),
    "related.gabor_spectrum": call(
        related.gabor_spectrum, shape=(4, 6), frequency=np.array([1.0, 2.0]), bandwidth=3.0, work=("shape",)
    ),
    "related.peak_moments": call(related.peak_moments, frequency=PAIR, reach=1),
    "related.phase_error": call(related.phase_error, frequency=PAIR, reach=1),
    "related.rmax": call(related.rmax, y=MAPS, stride=1, reach=0),
    "related.firing": call(
        related.firing,
        router=related.phase_router(2),
        shift=1,
        active=np.array([[True, False]]),
        neuron=related.neuron_for(2),
    ),
    "related.class_probabilities": call(related.class_probabilities, length=3),
    "related.distil": call(related.distil, states=STATES),
    "related.geometric_frequencies": call(related.geometric_frequencies, d=4, base=16.0, work=("d",)),
    "related.helix": call(related.helix, component=STATES[0]),
    "related.rotation": call(related.rotation, frequencies=PAIR, shift=2.0),
    "related.sentences": call(related.sentences, n=2, length=3, words=3, seed=0, work=("n", "length", "words")),
    "related.sinusoids": call(related.sinusoids, positions=PAIR, frequencies=PAIR),
    "related.states_of": call(related.states_of, networks=translators(), sources=WORDS, targets=WORDS),
    "related.teach": call(
        related.teach,
        networks=translators(),
        sources=WORDS,
        targets=WORDS,
        steps=2,
        batch_size=2,
        rate=0.01,
        seed=0,
        work=("steps", "batch_size"),
    ),
    "related.translate": call(related.translate, sources=WORDS, words=3),
    "related.translator": call(
        partial(related.translator, KEY),
        encodings=ENCODINGS,
        words=3,
        linear=False,
        heads=2,
        layers=1,
        work=("layers", "words"),
    ),
    "related.gate_router": call(related.gate_router, n=3, work=("n",)),
    "related.GateRouter.transfer": call(lambda shift: related.gate_router(3).transfer(shift), shift=1),
    "related.largest_plus_smallest": call(related.largest_plus_smallest, shape=(2, 3), work=("shape",)),
    "related.monotone_distance": call(related.monotone_distance, values=SPECTRUM),
    "related.narrow": call(
        partial(related.narrow, KEY),
        shape=(4,),
        channels=1,
        filter_size=2,
        depth=2,
        residual=True,
        padding="circular",
        invariant=False,
        work=("depth",),
    ),
    "related.neuron_for": call(related.neuron_for, n=2, inhibition=8.0, work=("n",)),
    "related.slot_peaks": call(related.slot_peaks, n=2, neuron=related.neuron_for(2), work=("n",)),
    "related.order_floor": call(related.order_floor, target=np.negative, nodes=2, work=("nodes",)),
    "related.phase_router": call(related.phase_router, n=3),
    "related.product_grid": call(related.product_grid, shape=(2,), nodes=2, work=("nodes",)),
    "related.realignment_time": call(related.realignment_time, n=8, moved=2, pacemaker_coupling=1.0),
    "related.slot_probability": call(related.slot_probability, n=8, coupling=1.0, noise=1.0),
    **{
        f"related.{function.__name__}": call(
            function,
            router=related.phase_router(3),
            **shifts,
            coupling=1.0,
            pacemaker_coupling=1.0,
            noise=0.1,
            mismatch=0.1,
            window=1.0,
            periods=1,
            settle=1,
            replicas=1,
            seed=0,
            work=("coupling", "pacemaker_coupling", "periods", "settle", "replicas"),
        )
        for function, shifts in ((related.transfer, {"shift": 1}), (related.switching, {"before": 0, "after": 1}))
    },
    "related.squared_differences": call(related.squared_differences, levels=2),
    "related.unseen_variance": call(
        related.unseen_variance, target=np.negative, shape=(2, 1), seen=0, nodes=2, work=("nodes",)
    ),
    "datasets.dot_on_gray": call(datasets.dot_on_gray, shape=(2, 3), gray=0.5, contrast=1.0),
    "datasets.image_folder": call(
        datasets.image_folder, folder=str(folder()), split=None, size=(2, 2), grayscale=False, limit=2, allow_empty=True
    ),
    "datasets.mnist": call(datasets.mnist, split="train", folder=str(folder()), limit=2),
    "datasets.orthogonal_frequencies": call(datasets.orthogonal_frequencies, d=9, n=2),
    "datasets.orthogonal_vectors": call(datasets.orthogonal_vectors, d=9, n=2, seed=0),
    "datasets.read_idx": call(datasets.read_idx, path=str(folder() / "a.idx"), md5="024af32ede042a3da5166737a6ec112c"),
    "pages.Ledger": call(pages.Ledger, title="a page"),
    "pages.Ledger.equal": call(claimed("equal"), **CLAIM, **NUMBERS, expected=np.array([1.0, 2.0])),
    "pages.Ledger.fails": call(claimed("fails"), **CLAIM, **NUMBERS, expected=np.array([1.0, 2.0])),
    "pages.Ledger.at_most": call(claimed("at_most"), **CLAIM, **NUMBERS, bound=np.array([1.0, 2.0])),
    "pages.Ledger.at_least": call(claimed("at_least"), **CLAIM, **NUMBERS, bound=np.array([1.0, 2.0])),
    "pages.Ledger.between": call(
        claimed("between"), **CLAIM, lower=np.zeros(2), value=np.array([1.0, 2.0]), upper=np.array([3.0, 2.0])
    ),
    "pages.Ledger.slope": call(claimed("slope"), **CLAIM, **POINTS, expected=1.0),
    "pages.Ledger.close": call(closed),
    "pages.fitted_slope": call(pages.fitted_slope, **POINTS),
    "pages.intervals.bootstrap": call(
        lambda statistic, tables, draws, seed, level: pages.intervals.bootstrap(
            statistic, tables, draws=draws, seed=seed, level=level
        ),
        statistic=np.mean,
        tables=np.array([[1.0, 2.0, 3.0], [4.0, 6.0, 5.0]]),
        draws=5,
        seed=0,
        level=0.9,
        work=("draws",),
    ),
    "pages.intervals.mean": call(pages.intervals.mean, samples=np.array([[1.0, 2.0], [3.0, 5.0]])),
    "pages.intervals.paired_ratio": call(
        pages.intervals.paired_ratio, a=np.array([1.0, 2.0]), b=np.array([3.0, 4.0]), level=0.9
    ),
    "pages.intervals.slope": call(
        pages.intervals.slope, xs=np.array([1.0, 2.0, 4.0]), samples=np.array([[1.0, 2.0]] * 3), root=2.0
    ),
    "pages.profile": call(pages.profile),
    "pages.provenance": call(lambda data, also: pages.provenance(data, also), data="none", also="numpy"),
}

FORMULA = "a formula inside compiled code; it says that values are not checked"
INNER = "a part of a call, which has checked"
KERNELS = ("FullyConnected", "Convolutional", "GroupAverage", "WindowAverage")
LAYER = "a part of a network: called on arrays of JAX, inside compiled code"
RESULT = "a result, which users do not make"
# Names of functions, and of arguments that all functions share.
REASONS = {
    "adversary.Attack": RESULT,
    "datasets.Images": RESULT,
    "interpolant.Distance": RESULT,
    "related.Distilled": RESULT,
    "related.DualTree": RESULT,
    "related.GateRouter": RESULT,
    "related.Helix": RESULT,
    "related.Neuron": RESULT,
    "related.PhaseRouter": RESULT,
    "related.States": RESULT,
    "related.Translator": LAYER,
    "related.Translator.__call__": LAYER,
    "related.Translator.states": LAYER,
    "interpolant.Distance.of_all": RESULT,
    "interpolant.boundary_normal": "a part of Interpolant.distance, which has checked",
    "interpolant.certified_radius": "a part of Interpolant.distance, which has checked",
    **{f"kernels.{k}.{n}": INNER for k in KERNELS for n in ("engine_arrays", "images", "plan")},
    **{f"kernels.{k}.{n}": INNER for k in KERNELS for n in ("unchecked", "unchecked_gradient")},
    **{f"kernels.{k}.{n}": "as scikit-learn has them" for k in KERNELS for n in ("get_params", "set_params")},
    **{
        f"kernels.large.{r}": RESULT
        for r in ("Audit", "Factor", "GramMatrix", "GramMatrix.blocks", "GramPlan", "Solution")
    },
    "store": "a folder, which would be made",
    "client": "a number of processes, which would be started",
    "precomputed": "a Gram matrix, tried in tests/kernels/test_large.py",
    "kernels.dots.Dots.window": "a part of dots_gram, which has checked",
    **{
        f"kernels.dual.{name}": FORMULA
        for name in (
            "root",
            "smooth_variance",
            "kappa0",
            "kappa1",
            "kappa",
            "homogeneous_weights",
            "homogeneous_dual",
            "erf_dual",
            "gelu_dual",
            "dual",
            "variance",
        )
    },
    "margins.Certificate": RESULT,
    "margins.Separator": RESULT,
    "networks.BatchNorm": LAYER,
    "networks.BatchNorm.__call__": LAYER,
    "networks.BatchNorm.of": LAYER,
    "networks.BatchNorm.on_batch": LAYER,
    "networks.Convolution": LAYER,
    "networks.Convolution.__call__": LAYER,
    "networks.Dense": LAYER,
    "networks.Dense.__call__": LAYER,
    "networks.Network": LAYER,
    "networks.Network.__call__": LAYER,
    **{f"networks.downsampling.{layer}{method}": LAYER for layer in LAYERS for method in METHODS},
    **{f"networks.downsampling.DownsamplingResidual{m}": LAYER for m in ("", ".__call__", ".on_batch")},
    "networks.downsampling.Equivariance": RESULT,
    "networks.downsampling.TIPSLoss.__call__": LAYER,
    "networks.downsampling.held": "changes some layers of a network, and nothing else",
    "networks.Residual": LAYER,
    "networks.Residual.__call__": LAYER,
    "networks.member": "indexes the arrays of a network",
    "networks.precision": "a switch of JAX",
    "price.Price": RESULT,
    "price.Price.to_frame": RESULT,
    "price.Prices": RESULT,
    "price.Prices.to_frame": RESULT,
    **{
        f"price.{name}{method}": "scikit-learn's own checks are made of it"
        for name, methods in (
            ("InvariantClassifier", ("fit", "predict", "decision_function")),
            ("InfiniteWidthClassifier", ("fit", "predict", "decision_function", "distance")),
            ("ProcessKernel", ("__call__", "diag", "is_stationary")),
        )
        for method in ("", *(f".{m}" for m in methods))
    },
    "pages.Claim": RESULT,
    "pages.intervals.Estimate": RESULT,
    "pages.intervals.Estimate.distance": RESULT,
    "pages.intervals.Interval": RESULT,
    "pages.Claim.row": RESULT,
    "pages.choose": "gives back what it gets",
    "build": "a function that makes a network",
    "dtype": "what JAX takes",
    "key": "a key of JAX",
    "keys": "keys of JAX",
    "network": "an equinox module",
    "optimiser": "of optax",
    "options": "those of another function, which are tried there",
}

# Kernels have one face: what arrays of JAX become there is seen in two calls, and each further one compiles long.
ONE_ENGINE = {
    *(f"kernels.{k}.{m}" for k in ("GroupAverage", "WindowAverage") for m in ("__call__", "nngp", "diag")),
    *(f"kernels.Convolutional.{m}" for m in ("nngp", "diag")),
    "kernels.FullyConnected.nngp",
}

# Rows that are good there, or not what the table says.
COMPLEX = {"complex", "complex without an imaginary part", "JAX complex"}
ALLOWED = {
    "interpolant.linear_misfit.f": {"type"},
    "interpolant.opposite_pair.kernel": {"type"},
    # The error is that of the samples x and -x, and names X.
    "interpolant.opposite_pair.x": {"subnormal", "1e-300", "1e155", "1e300"},
    "pages.intervals.bootstrap.statistic": {"type"},
    "related.order_floor.target": {"type"},
    "related.unseen_variance.target": {"type"},
    "pages.intervals.bootstrap.tables": {"nan", "JAX nan"},  # what is missing
    "dft.idft.spectrum": COMPLEX,
    "related.cmod.y": COMPLEX,
    "related.filtered.spectrum": COMPLEX,
    "related.rmax.y": COMPLEX,
    "dft.idft_real.spectrum": COMPLEX,
    "groups.assert_equivariant.f": {"type"},
    "groups.assert_invariant.f": {"type"},
    "groups.consistency.predict": {"type"},
    "networks.downsampling.equivariance.f": {"type"},
    "networks.downsampling.lie_derivative.f": {"type"},
    "interpolant.Interpolant.kernel": {"type"},
    # The boundary is further away than a search goes, `upper` is infinite: tests/interpolant/test_sizes_of_labels.py.
    "interpolant.Interpolant.distance.level": {"10**30", "1e300"},
    "kernels.GroupAverage.kernel": {"type"},
    "kernels.WindowAverage.kernel": {"type"},
    "kernels.gram.Z": {"None"},
    "kernels.gram_plan.m": {"None"},
    **{f"kernels.{k}.{m}.Z": {"None"} for k in KERNELS for m in ("__call__", "nngp")},
    "margins.Separator.decision.x": {"no samples"},
    "price.pairwise_price.y": {"strings"},
    "price.Prices.matrix.name": {"NumPy string"},  # it has no number on the diagonal
    "datasets.cifar10.folder": {"None"},  # would fetch it
    "datasets.mnist.folder": {"None"},
    "datasets.image_folder.split": {"string"},
    "datasets.read_idx.md5": {"string"},
    "pages.Ledger.title": {"string"},
    "pages.provenance.also": {"string"},
    "pages.provenance.data": {"string"},
    **{f"pages.Ledger.{m}.claim": {"string"} for m in ("equal", "fails", "at_most", "at_least", "between", "slope")},
    **{f"pages.Ledger.{m}.{a}": COMPLEX for m in ("equal", "fails") for a in ("measured", "expected")},
    "pages.Ledger.slope.expected": {"complex"},
    # Without a target.
    "adversary.pgd with targets.target": {"None"},
    "adversary.decision_based with targets.target": {"None"},
    "adversary.apgd.f": {"type"},
    "adversary.ddn.f": {"type"},
    "adversary.pgd.f": {"type"},
    "adversary.fgsm.f": {"type"},
    "adversary.decision_based.f": {"type"},
    "adversary.robust_accuracy.f": {"type"},
}

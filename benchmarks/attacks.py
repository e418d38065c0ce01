"""DDN against foolbox: one process, alternating, medians; the same network, images, steps and bounds, in float32.

    python benchmarks/attacks.py [--only comparison | share] [--repeats 3] [--steps 1000] [--output FILE]

foolbox gets its own JAX adapter, `foolbox.JAXModel`, around the compiled batch function `jax.jit(jax.vmap(network))`,
which is the fastest way to give it a JAX network: what it does between two calls of the network runs operation by
operation. Both are called once with 3 steps before they are timed; this package also with all steps, as it compiles the
whole attack; that first call is in the table. Networks have random weights, images are uniform in [0, 1], the labels
are the network's own. Distances are compared as ratios of medians, without refinement.

The share: what a step takes of which the network's own compiled value and gradient, on the same batch, is a part. Both
are differences of a long and a short run of a loop that is compiled whole, in processor time, the least of the rounds.
"""

import argparse
import statistics
import sys
import time
from functools import partial
from pathlib import Path

import equinox as eqx
import foolbox
import jax
import jax.numpy as jnp
import numpy as np
from _machine import machine

from shiftmath.adversary import ddn

PACKAGES = ("numpy", "jax", "foolbox")
CHANNELS = 8
CASES = [(name, side) for name in ("FC, 100 hidden", f"CNN, 3 x 3, {CHANNELS} channels") for side in (8, 28)]


def network(name, side, images):
    """An equinox module with random weights, from images (side, side) to 10 logits, of mean 0 over the images."""
    first, second = jax.random.split(jax.random.key(0))
    if name.startswith("FC"):
        return eqx.nn.Sequential([eqx.nn.Lambda(jnp.ravel), eqx.nn.MLP(side * side, 10, 100, 1, key=first)])
    parts = [eqx.nn.Linear(9, CHANNELS, key=first), eqx.nn.Linear(CHANNELS, 10, key=second)]
    features = jax.vmap(lambda x: pooled(parts[0], x))(images)
    centred = eqx.tree_at(lambda layer: layer.bias, parts[1], -parts[1].weight @ features.mean(axis=0))
    return eqx.nn.Sequential([eqx.nn.Lambda(eqx.Partial(pooled, parts[0])), centred])


def pooled(layer, x):
    """A circular 3 x 3 convolution as a matrix product of patches, ReLU and global average pooling."""
    patches = jnp.stack([jnp.roll(x, (a, b), (0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1)], axis=-1)
    return jax.nn.relu(patches @ layer.weight.T + layer.bias).mean((0, 1))


def timed(function):
    """(seconds, result) of one call."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def rows(case, images, steps, repeats):
    """The table rows of one case."""
    name, side = case
    X = np.random.default_rng(0).uniform(size=(images, side, side)).astype(np.float32)
    f = network(name, side, X)
    batch = jax.jit(jax.vmap(f))
    y = np.asarray(batch(X)).argmax(axis=1)
    model, device_X, device_y = foolbox.JAXModel(batch, bounds=(0, 1)), jnp.asarray(X), jnp.asarray(y)

    def theirs(steps):
        points = foolbox.attacks.DDNAttack(steps=steps, init_epsilon=1.0, gamma=0.05).run(model, device_X, device_y)
        return np.linalg.norm((np.asarray(points) - X).reshape(images, -1), axis=1)

    def ours():
        return ddn(f, X, y, steps=steps, bounds=(0, 1), refine=False, loss="cross-entropy").distances

    theirs(3)
    first = timed(ours)[0]
    runs = [(timed(lambda: theirs(steps)), timed(ours)) for _ in range(repeats)]
    slow, fast = (statistics.median(run[i][0] for run in runs) for i in (0, 1))
    far, near = (float(np.median(runs[0][i][1])) for i in (0, 1))
    work = f"{name}, {side} px, {images} images, {steps} steps"
    yield work, "foolbox", f"{slow:.3g}", "1.0", "", f"{far:.4f}"
    yield work, "shiftmath", f"{fast:.3g}", f"{slow / fast:.1f}", f"{first:.3g}", f"{near:.4f}"


def loss(f, x, label):
    """The cross-entropy of one image."""
    return -jax.nn.log_softmax(f(x))[label]


@eqx.filter_jit
def descents(f, X, y, steps):
    """That many values and gradients of the batch, each where the last one leads."""
    gradients = jax.vmap(jax.value_and_grad(eqx.Partial(loss, f)))

    def step(_, state):
        p, sums = state
        values, g = gradients(p, y)
        return p + 1e-3 * g, sums + values

    return jax.lax.fori_loop(0, steps, step, (X, jnp.zeros(len(X), X.dtype)))


def each(run, steps, repeats):
    """The processor time of one of many steps: of all, less that of a few."""
    few = max(steps // 10, 1)
    run(few), run(steps)

    def least(count):
        times = []
        for _ in range(repeats):
            start = time.process_time()
            run(count)
            times.append(time.process_time() - start)
        return min(times)

    return (least(steps) - least(few)) / (steps - few)


def shares(images, steps, repeats):
    """A table: a step of DDN, the value and gradient of its network, and their ratio."""
    yield "| work | ms of processor, a step of DDN | ms, value and gradient of the network | share |"
    yield "| --- | --- | --- | --- |"
    for name, side in CASES:
        X = np.random.default_rng(0).uniform(size=(images, side, side)).astype(np.float32)
        f = network(name, side, X)
        y = np.asarray(jax.jit(jax.vmap(f))(X)).argmax(axis=1)
        attack = partial(ddn, f, X, y, bounds=(0, 1), refine=False, loss="cross-entropy")
        walk = partial(descents, f, jnp.asarray(X), jnp.asarray(y))
        many = steps * (28 // side) ** 2  # clocks are too coarse for a few steps of small images
        whole = each(lambda count, attack=attack: attack(steps=count), many, repeats)
        own = each(lambda count, walk=walk: jax.block_until_ready(walk(jnp.asarray(count))), many, repeats)
        row = f"| {name}, {side} px, {images} images | {1e3 * whole:.3g} | {1e3 * own:.3g} | {own / whole:.2f} |"
        sys.stderr.write(row + "\n")
        yield row


SHARE = "## The share of the network"


def share_alone(output, images, steps, repeats):
    """The last section of the page, and nothing else of it."""
    before = output.read_text().split(SHARE)[0].rstrip()
    output.write_text(
        "\n".join([before, "", SHARE, "", machine(*PACKAGES), "", *shares(images, steps, repeats)]) + "\n"
    )


def table(images, steps, repeats):
    """The whole report as Markdown."""
    head = ("work", "attack", "seconds", "times faster", "first call, seconds", "median distance")
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for case in CASES:
        for row in rows(case, images, steps, repeats):
            lines.append(" | ".join(row))
            sys.stderr.write(lines[-1] + "\n")
    body = "\n".join(f"| {line} |" for line in lines)
    return f"# DDN against foolbox\n\n{machine(*PACKAGES)}\n\n{body}\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "attacks.md")
    parser.add_argument("--only", choices=["comparison", "share"], help="one section instead of both")
    options = parser.parse_args()
    if options.only != "share":
        options.output.write_text(table(options.images, options.steps, options.repeats))
    if options.only != "comparison":
        share_alone(options.output, options.images, options.steps, options.repeats)

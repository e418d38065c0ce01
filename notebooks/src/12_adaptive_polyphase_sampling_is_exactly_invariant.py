# %% [markdown]
# # Adaptive polyphase sampling is exactly invariant
#
# *Previous: [Real images pay too](10_real_images_pay_too.ipynb) · Needs: pages
# [06](06_pooling_not_weight_sharing_costs_the_margin.ipynb) and
# [08](08_every_group_pays_the_square_root_of_its_orbit.ipynb); the paper's Theorem 2: [arXiv
# 2103.02695](https://arxiv.org/abs/2103.02695); the method: A. Chaman and I. Dokmanić, [arXiv
# 2011.14214](https://arxiv.org/abs/2011.14214)*
#
# A convolutional network that keeps every second sample is not invariant under shifts: shift the image by
# one pixel and it keeps the other samples. Adaptive polyphase sampling, APS, keeps the half of the samples
# that has the larger norm. Then the whole network is invariant under every circular shift, to the last
# digit, whatever its weights. This page checks that bit for bit, breaks each of its conditions once, and
# asks what this exactness costs in robustness. For two opposite dots in a wide network the answer is exact:
# nothing beyond plain striding, and half of what an average over all positions costs. Real images are not on
# this page. Runs in one to three minutes (profile quick) or four to ten (full), within 1.3 GB.

# %% [markdown]
# ## Statement
#
# A signal $x$ and a stride $s$ have the **polyphase components** $x^{(i)}_n = x_{sn+i}$, with a phase $i \in
# \{0, \dots, s-1\}$ along each axis. A circular shift is $(T_a x)_n = x_{n-a}$. **APS** keeps the component
# with the largest norm, over all its positions and channels; $i^*$ is its phase.
#
# - (a) $(T_a x)^{(i)} = T_{-q}\,x^{(i')}$ with $i' = (i-a) \bmod s$ and $q = \lfloor (i-a)/s \rfloor$: a
#   shift permutes the components, and moves some of them by one sample more.
# - (b) If the largest norm is unique, $\mathrm{APS}(T_a x) = T_{\lfloor (i^*+a)/s \rfloor}\,
#   \mathrm{APS}(x)$, bit for bit.
# - (c) A network of circular convolutions, pointwise functions and APS that ends in an average over all
#   positions has the same logits for all circular shifts of an image, before and after training. So has one
#   with LPS, where a learned score takes the place of the norm.
# - (d) Each condition is needed: no ties, lengths that the stride divides, circular padding, one choice for
#   all branches, one for all channels, a choice instead of a mixture.
# - (e) One pool with nothing but the average behind it proves nothing: the average pool and the blur pass
#   that test too.
# - (f) A dot on gray and its opposite, $k \times k$ pixels, $d = k^2$, and an infinitely wide network of one
#   3 x 3 convolution, ReLU, downsampling by 2 and the average: with stride and with APS the dot is at
#   distance $2/\sqrt d$ from the boundary, with average pool or blur at $1/\sqrt d$.
# - (g) Measured: trained networks of finite width on the same pair follow; for max pooling, LPS and TIPS
#   there is no theory here, and what is measured is reported.
#
# What exactness costs on real images is not on this page: (f) and (g) are about one pair of images.

# %% [markdown]
# ## Why it is true
#
# 1. $(T_a x)_{sn+i} = x_{sn+i-a}$, and $i - a = sq + i'$. That is (a).
# 2. A norm does not change when a component is shifted. So the component that wins for $T_a x$ is the one
#    that the old winner has become: $i' = i^*$, that is, $i = (i^*+a) \bmod s$ and $q = -\lfloor (i^*+a)/s
#    \rfloor$. That is (b). A mixture of components would need them all to move by the same $q$.
# 3. Circular convolutions and pointwise functions commute with shifts. By (b) each layer hands a shift on,
#    by an amount that the content decides, and the average at the end forgets it. That is (c).
# 4. A pool whose weights give every position the same total makes the average over its output the average
#    over its input: the average pool does, and a blur of two taps or more, whose even and odd taps have equal
#    sums. That is (e).
# 5. For opposite images the tangent kernel of one hidden ReLU layer is linear ([page
#    03](03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb)): the network is
#    proportional to $\langle S(z), S(x)\rangle$, with $S$ the sum of the patches at the positions that are
#    kept. Keeping all of them, $S$ has equal entries, and the boundary is where the mean is 0: $1/\sqrt d$.
# 6. Keeping a grid, each tap of $S$ is the sum of $x$ over one phase. For a dot only its own phase $p$
#    counts, and the boundary is where the sum of $z$ over the $d/4$ pixels of that phase vanishes:
#    $2/\sqrt d$. It is [page 08](08_every_group_pays_the_square_root_of_its_orbit.ipynb) with the shifts by
#    2 as the group. With APS the grid depends on the image. At infinite width the norm of a component is
#    that of its patches, and for the dot the grid with four patches that see it wins. It wins too for all
#    $z$ with $|z - x| < \sqrt 2 - 1$: the energy of phase $p$ then is above twice that of the others. So near
#    $x$ APS is plain striding, and for $2/\sqrt d < \sqrt 2 - 1$, $d \ge 24$, the distance is the same.
#    That is (f).

# %%
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from shiftmath import adversary, dot_on_gray
from shiftmath.groups import circular_shifts

# %%
from shiftmath.interpolant import certified_radius, opposite_pair
from shiftmath.kernels import FullyConnected, GroupAverage
from shiftmath.networks import convolutional, fit, logits, residual, train_to_rest
from shiftmath.networks import downsampling as down
from shiftmath.networks.downsampling import WindowShifts, equivariance
from shiftmath.pages import Ledger, choose, figures, intervals, provenance
from shiftmath.pages.figures import BROKEN, MEASURED, THEORY

# %% tags=["parameters"]
seed, seeds = 0, 5
images = choose(quick=5, full=10)  # random ones, for the rule of one layer
width = choose(quick=200, full=300)  # of the networks that learn two dots
eps = np.finfo(float).eps
rng = np.random.default_rng(seed)
print(provenance("synthetic images from the seed below"))

# %% [markdown]
# ## In numbers
#
# **(a), (b) One layer, bit for bit.** Random images of 12 x 12 pixels and 3 channels, strides 2 and 3, all
# 144 shifts. The right side of (b) takes the winner for $x$ from norms that are computed here; the package
# is asked for the left side only.


# %%
def phase_of_winner(x, s, p):
    """The phase of the component with the largest norm, spelt out."""
    sizes = {(i, j): np.linalg.norm(x[i::s, j::s].ravel(), p) for i in range(s) for j in range(s)}
    return max(sizes, key=sizes.get)


def predicted(x, a, s, p):
    """T_floor((i + a) / s) of the winning component."""
    i = phase_of_winner(x, s, p)
    return np.roll(x[i[0] :: s, i[1] :: s], [(k + m) // s for k, m in zip(i, a, strict=True)], (0, 1))


# %%
wrong_components, wrong_aps, compared = 0, 0, 0
for x in rng.standard_normal((images, 12, 12, 3)):
    for a in np.ndindex(12, 12):
        moved = np.roll(x, a, (0, 1))
        for s, p in ((2, 2), (2, 1), (2, np.inf), (3, 2)):
            name = {1: "l1", 2: "l2", np.inf: "linf"}[p]
            wrong_aps += not np.array_equal(down.aps(moved, s, name), predicted(x, a, s, p))
            compared += 1
        q = [-((1 - m) // 2) for m in a]
        source = x[(1 - a[0]) % 2 :: 2, (1 - a[1]) % 2 :: 2]
        wrong_components += not np.array_equal(down.components(moved)[3], np.roll(source, q, (0, 1)))
print(f"components that differ from (a): {wrong_components}; APS from (b): {wrong_aps} of {compared}")

# %% [markdown]
# None. No tolerance enters: the same numbers are at the other places.
#
# **(c) A whole network.** Two rounds of convolution, ReLU and downsampling, then a convolution, ReLU, the
# average and a linear layer, with random weights in double precision. All 256 shifts of three images of 16 x
# 16 pixels; the largest change of a logit. Then the same after training on random labels.


# %%
def network(rule, key=0, **options):
    """Three convolutions, of which two are followed by downsampling."""
    options = {"stride": (2, 2, 1), "width": 6, "depth": 3, "dtype": float} | options
    return convolutional(jax.random.key(key), (16, 16), 3, downsample=rule, **options)


X, y = rng.standard_normal((3, 16, 16)), np.arange(3)


def change(f, moves=None, X=X):
    """The largest change of a logit over the moves, all shifts unless told."""
    return float(equivariance(f, X, y, moves).error.max())


# %%
exact = choose(quick=["aps", "lps"], full=["aps", "aps-linf", "aps-blur", "lps"])
before = {rule: change(network(rule)) for rule in exact}
after, learned = {}, {}
for rule in choose(quick=["aps"], full=["aps", "lps"]):
    trained, losses = fit(network(rule), X, y, optax.adam(0.02), 30)
    after[rule], learned[rule] = change(trained), losses[0] / losses[-1]
size = np.abs(logits(trained, X)).max()
for rule in exact:
    print(f"{rule:8} before {before[rule]:.0e}  after {after.get(rule, np.nan):.0e}")
print(f"logits after training up to {size:.1f}; the loss fell {min(learned.values()):.1f} times or more")

# %% [markdown]
# Rounding, before and after (nan: not trained). The rules that look at no content:

# %%
others = choose(quick=["stride", "blur"], full=["stride", "max", "blur"])
inexact = {rule: change(network(rule)) for rule in others}
multiples = {rule: change(network(rule), circular_shifts(stride=4)) for rule in others}
for rule in others:
    print(f"{rule:8} all shifts {inexact[rule]:.0e}  multiples of 4 {multiples[rule]:.0e}")

# %% [markdown]
# They are exact under shifts by multiples of the total stride, 4, and only under
# these. A blur makes the changes smaller, not zero. Where exactness is lost can be seen layer by layer: how
# far is the layer's output from a shift of what it was, in the norm, at worst?

# %%
by_layer = {
    rule: equivariance(network(rule), X[:1], y[:1], layers=True).layers[1:, 0]
    for rule in ("stride", "blur", "aps")
}
marks = {"stride": ("x", BROKEN), "blur": (".", MEASURED), "aps": ("o", THEORY)}
names = ["conv", "ReLU", "down"] * 2 + ["conv", "ReLU", "mean", "linear"]
fig, ax = figures.panels(height=3.0)
for rule, (mark, colour) in marks.items():
    ax.semilogy(np.maximum(by_layer[rule], 1e-17), mark + "-", color=colour, linewidth=0.6, label=rule)
ax.set_xticks(range(len(names)), names, rotation=45)
ax.set(ylabel="error of equivariance", ylim=(1e-18, 100))
_ = ax.legend(ncols=3, loc="upper left")

# %% [markdown]
# How far each layer is from moving with its input, for one image and the worst of its 256 shifts, on a
# logarithmic scale: stride and blur lose it at the first downsampling and never get it back, APS stays at
# rounding to the last layer.
#
# **(e) The trap.** One pool and the average behind it:

# %%
picture = rng.standard_normal((8, 8, 2))
copies = [np.roll(picture, a, (0, 1)) for a in np.ndindex(8, 8)]
pools = {
    "average": down.average_pool,
    "blur": down.blur_pool,
    "aps, one choice a channel": partial(down.aps, per_channel=True),
    "aps": down.aps,
    "stride": down.subsample,
    "max": down.max_pool,
}
spread = {n: float(np.ptp([f(c).mean((0, 1)) for c in copies], axis=0).max()) for n, f in pools.items()}
print({name: f"{value:.0e}" for name, value in spread.items()})

# %% [markdown]
# Average pool, blur and even APS with a choice for each channel pass with full marks, and none of them is
# invariant in a network. A test must look behind a second nonlinear layer, and at logits: the classes of a
# network with random weights hardly change whatever it does.
#
# **(f) A dot on gray, at infinite width.** The kernel of step 5 is spelt out: $k(z, x) = \sum_{n,m} w_n(z)
# w_m(x) |p_n||p_m|\,\kappa(u_{nm})$ over patches $p_n$ of $z$ and $p_m$ of $x$ with the cosine $u$. The
# weights $w_n$ of the positions are what the package's pool makes of an impulse there; with APS they are 1
# on the grid whose patches have most energy.


# %%
def patches(z):
    """(d, 9): the circular 3 x 3 patch around each pixel."""
    moves = [(a, b) for a in (1, 0, -1) for b in (1, 0, -1)]
    return np.stack([np.roll(z, m, (0, 1)).ravel() for m in moves], axis=1)


def kernel(z, x, weight):
    """k(z, x), kappa of page 09."""
    (P, v), (Q, w) = ((patches(t), weight(t)) for t in (z, x))
    scale = np.outer(np.linalg.norm(P, axis=1), np.linalg.norm(Q, axis=1))
    u = np.clip(P @ Q.T / np.where(scale > 0, scale, 1), -1, 1)
    angle = np.arccos(u)
    return v @ (scale * (2 * u * (np.pi - angle) + np.sin(angle)) / np.pi) @ w


# %%
def linear_weights(pool, z):
    """What an impulse at each position adds to the average over the pool's output, times d."""
    impulses = np.eye(z.size).reshape(-1, *z.shape, 1)
    return z.size * np.array([pool(e).mean() for e in impulses])


def adaptive_weights(z):
    """4 on the grid with the largest energy of patches, 0 elsewhere."""
    energy = np.sum(patches(z) ** 2, axis=1).reshape(z.shape)
    best = max(np.ndindex(2, 2), key=lambda i: energy[i[0] :: 2, i[1] :: 2].sum())
    grid = np.zeros(z.shape)
    grid[best[0] :: 2, best[1] :: 2] = 4
    return grid.ravel()


# %%
rules = {
    "stride": (partial(linear_weights, down.subsample), 2),
    "aps": (adaptive_weights, 2),
    "average": (partial(linear_weights, down.average_pool), 1),
    "blur": (partial(linear_weights, down.blur_pool), 1),
}


def value(z, x, weight):
    """The network trained on x and -x, up to a positive factor."""
    return (kernel(z, x, weight) - kernel(z, -x, weight)) / kernel(x, x, weight)


# %% [markdown]
# From above: the foot of the perpendicular on the hyperplane of step 6, and the same step a millionth longer
# and shorter. From below: for stride, the radius that the package certifies for the group of shifts by 2,
# [page 08](08_every_group_pays_the_square_root_of_its_orbit.ipynb), which is another code; for APS, the
# smaller of that and $\sqrt2 - 1$; for the pools, the same with all shifts.

# %%
side = 6  # of the images with a dot, infinite width
law, inside, outside, certified, feet, radius = {}, {}, {}, {}, {}, {}
x = dot_on_gray((side, side))[0]
for stride in (1, 2):
    pair = opposite_pair(GroupAverage(FullyConnected(), circular_shifts(stride=stride)), x)
    radius[stride] = certified_radius(pair.kernel, pair.X, pair.coefficients, x)
for rule, (weight, factor) in rules.items():
    grid = circular_shifts(stride=factor).orbit_mean(x)
    law[rule], feet[rule] = factor / side, np.linalg.norm(grid)
    certified[rule] = min(radius[factor], np.sqrt(2) - 1 if rule == "aps" else np.inf)
    inside[rule], outside[rule] = (value(x - (1 + s) * grid, x, weight) for s in (-1e-6, 1e-6))
    print(f"{rule:8} certified {certified[rule]:.4f}, law {law[rule]:.4f}")

# %%
other_choices = 0
for _ in range(500):
    step = rng.standard_normal(x.shape) * rng.choice([0.1, 1, 10], x.shape)
    z = x + step / np.linalg.norm(step) * (np.sqrt(2) - 1)
    other_choices += not np.array_equal(adaptive_weights(z), adaptive_weights(x))
print(f"just inside at least {min(inside.values()):.0e}, just outside at most {max(outside.values()):.0e}")
print(f"APS makes another choice for {other_choices} of 500 images at distance sqrt 2 - 1")

# %% [markdown]
# The sign changes where it should, and the choice holds out to where the proof says. Then networks of finite
# width, trained by gradient descent on the same pair of 8 x 8 pixels, five seeds each, and the shortest step
# that DDN finds. What training adds is looked at, and the targets are $\pm 1/20$: the boundary of the limit
# does not depend on their size, and the smaller they are, the less the weights have to move.


# %%
class Learned(eqx.Module):
    """What training has added to a network."""

    end: eqx.Module
    start: eqx.Module

    def __call__(self, z):
        return self.end(z) - self.start(z)


# %%
def dot_distance(rule, key):
    """Of the dot to the boundary of a trained network, found from above."""
    recipe = {"bias": False, "initialisation": "ntk", "dtype": float}
    start = convolutional(key, (8, 8), None, width, stride=2, downsample=rule, **recipe)
    pair = np.stack(dot_on_gray((8, 8)))
    trained = Learned(train_to_rest(start, pair, [0.05, -0.05]), start)
    return adversary.ddn(trained, pair[:1], [1], steps=200, initial_norm=0.3).distances[0]


# %%
dot_keys = jax.random.split(jax.random.key(seed), seeds)
learners = choose(quick=["stride", "aps", "blur"], full=["stride", "aps", "blur", "max", "lps", "tips"])
dots = {rule: [dot_distance(rule, key) for key in dot_keys] for rule in learners}
for rule, found in dots.items():
    expected = f"theory {law[rule] * side / 8:.4f}" if rule in rules else "no theory"
    print(f"{rule:8} {expected}, found {intervals.mean(found)}, lowest {min(found):.4f}")

# %% [markdown]
# At this width the networks with a choice, or with a fixed grid, are about twice as far from the boundary as
# those with a blur, as the theory says, and up to five percent nearer than the limit. Max pooling, without a
# theory here, is a little further still. TIPS, a mixture whose weights are nearly equal, is where the blur
# is. LPS agrees in the mean but varies from seed to seed: its score may choose another component
# on the way, which (f) excludes for APS only.
#
# ## Where it stops being true
#
# **The conditions of (c), each dropped once.** For each one a network that differs in that condition alone.


# %%
def wrapped(key, channels, axes, dtype, stride, uneven):
    """APS that continues an odd length periodically, as the released code does."""
    return down.downsampler("aps", key, channels, axes, stride=stride, uneven="wrap", dtype=dtype)


def blocks(rule):
    """A residual network of two stages."""
    return residual(jax.random.key(1), (16, 16), 3, (4, 6), stride=2, downsample=rule, dtype=float)


shared = blocks("aps")
place = next(i for i, layer in enumerate(shared.layers) if isinstance(layer, down.DownsamplingResidual))
apart = eqx.tree_at(lambda n: n.layers[place].apart, shared, down.APS(), is_leaf=lambda leaf: leaf is None)

# %%
shared_change = change(shared)
small, recipe = X[:, :14, :14], {"downsample": wrapped, "dtype": float}
even = convolutional(jax.random.key(0), (14, 14), 3, 6, depth=2, stride=(2, 1), **recipe)
odd = convolutional(jax.random.key(0), (14, 14), 3, 6, depth=3, stride=(2, 2, 1), **recipe)
even_change = change(even, X=small)

# %%
broken = {
    "zero padding": change(network("aps", padding="zero")),
    "a length of 7 at the second APS": change(odd, X=small),
    "a choice of its own on the shortcut": change(apart),
    "one choice for each channel": change(network("aps-per-channel")),
    "a softmax mixture by the same score": change(network("lps-softmax")),
    "standard shifts that lose what leaves": change(network("aps"), WindowShifts(3, "zero")),
    "shifts by half a pixel": change(network("aps"), down.FractionalShifts(2)),
}
print(f"residual, one choice for both branches: {shared_change:.0e}; 14, then 7 pixels: {even_change:.0e}")
for name, found in broken.items():
    print(f"{name:38} {found:.1e}")

# %% [markdown]
# Seven ways to lose it; the residual network with one choice for both branches, and the one whose odd length
# comes after the last APS, are exact.
#
# **Ties.** Two components of one norm and different content: the first wins before and after the shift, and
# they are not shifts of each other. Where all components are equal up to a shift, a tie does no harm. On
# images of zeros and ones every component has the same largest modulus, 1.


# %%
def best_match(x, a, norm):
    """The smallest difference of APS(T_a x) to any shift of APS(x)."""
    left, right = down.aps(np.roll(x, a, (0, 1)), 2, norm), down.aps(x, 2, norm)
    return min(np.abs(left - np.roll(right, b, (0, 1))).max() for b in np.ndindex(right.shape[:2]))


tie = np.zeros((4, 4, 1))
tie[0, :2, 0], tie[2, 0, 0] = [3, 5], 4
tied = best_match(tie, (0, 1), "l2")
harmless = best_match(np.ones((4, 4, 1)), (0, 1), "l2")
bits = rng.integers(2, size=(images, 8, 8, 1)).astype(float)
ties = {n: np.mean([best_match(x, (0, 1), n) > 0 for x in bits]) for n in ("l1", "l2", "linf")}
print(f"a tie of 3, 4 with 5: off by {tied:.0f}; a constant image: {harmless:.0f}")
print("images of zeros and ones for which it breaks:", {n: f"{v:.0%}" for n, v in ties.items()})

# %% [markdown]
# With the largest modulus all of these images break it; with sums over 16 pixels and one shift none of so few
# does. APS belongs behind a convolution with generic weights, not on raw pixels of a few levels.
#
# ## Try it
#
# - Exercise: what is the distance of a dot on 12 x 12 pixels with APS and stride 3, with 3 x 3 patches?
# - Take `"aps-linf"` for `"aps"` in the table of (c). Does it survive training?
# - How close do two norms come? `downsampling.norms` gives them; a shifted sum rounds by some $n$ eps.

# %%
h = network("aps").layers[1](jnp.asarray(X[0])[..., None])
ordered = np.sort(np.asarray(down.norms(jax.nn.relu(h))))
print(f"the two largest norms differ by {1 - ordered[-2] / ordered[-1]:.1e} of the larger")

# %% [markdown]
# <details><summary>Answers</summary>
#
# - Each tap sees one phase of nine, and the boundary is where the sum over the 16 pixels of the dot's phase
#   vanishes, at $3/12 = 1/4$. But at infinite width all nine components see the dot once and tie, so nothing
#   keeps the choice from changing near it: (f) proves nothing there.
# - By (b) it must, unless two components come to share their largest modulus.
# - Many orders of magnitude above eps. A flip by rounding needs a near tie of $10^{-14}$.
#
# </details>

# %% [markdown]
# ## Claims checked
#
# Logits are compared to $10^{-9}$: they are some thousand rounded operations on numbers near 1. The controls
# must exceed a thousand times that.

# %%
ledger = Ledger("Adaptive polyphase sampling is exactly invariant")
exactly = {"evidence": "exact identity"}
ledger.equal("(a) a shift permutes the components: images that differ", wrong_components, 0, 0, **exactly)
ledger.equal(
    "(b) APS of a shifted image is APS shifted, bit for bit: those that differ", wrong_aps, 0, 0, **exactly
)
ledger.equal("(c) untrained: APS and LPS, no logit changes under any shift", list(before.values()), 0, 1e-9)
ledger.equal("(c) trained: the same", list(after.values()), 0, 1e-9)
ledger.equal("(c) residual, one choice for both branches: the same", shared_change, 0, 1e-9)
ledger.equal("(c) APS at even lengths only: the same", even_change, 0, 1e-9)
ledger.equal(
    "(c) shifts by multiples of the total stride: rules of a fixed grid", list(multiples.values()), 0, 1e-9
)

# %%
passing = [spread[n] for n in ("average", "blur", "aps, one choice a channel", "aps")]
ledger.equal("(e) one pool and the average: exact without being so in a network", passing, 0, 64 * eps)
columns = [list(table.values()) for table in (certified, law, feet)]
ledger.between(
    "(f) infinite width, a dot: certified, law, found", *columns, 64 * eps, evidence="certified enclosure"
)
ledger.at_least("(f) certified, of the law", np.divide(*columns[:2]), 0.9, evidence="certified enclosure")
ledger.at_least("(f) the sign just inside the law", list(inside.values()), 0)
ledger.at_most("(f) and just outside", list(outside.values()), 0)
ledger.equal("(f) within sqrt 2 - 1 of the dot APS makes one choice: others", other_choices, 0, 0)

# %%
far, near = (np.concatenate([dots[r] for r in pair]) for pair in (["stride", "aps"], ["blur"]))
claim = "(g) finite width: the nearest seed of stride and APS is further than the furthest of blur"
ledger.at_least(claim, far.min(), near.max())

# %% [markdown]
# And the controls, which must fail.

# %%
for name, found in broken.items():
    ledger.fails(f"(c) {name}: no logit changes", found, 0, 1e-6)
ledger.fails("(c) a fixed grid, all shifts: no logit changes", min(inexact.values()), 0, 1e-6)
ledger.fails("(b) a tie of different components: APS is shifted", tied, 0, 1e-6)
ledger.fails(
    "(e) stride and max pass the test of one pool, too", min(spread["stride"], spread["max"]), 0, 1e-6
)
ledger.fails("(f) APS pays as an average over all positions", feet["aps"], law["average"], 1e-3)
ledger.close()

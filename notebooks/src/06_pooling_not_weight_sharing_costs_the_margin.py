# %% [markdown]
# # Pooling, not weight sharing, costs the margin
#
# *Previous: [A dot on gray falls to one over root d](05_a_dot_on_gray_falls_to_one_over_root_d.ipynb) ·
# Next: [Depth raises the constant, not the rate](07_depth_raises_the_constant_not_the_rate.ipynb) ·
# Needs: pages [03](03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb) and
# [04](04_pooling_turns_the_boundary_into_the_dc_hyperplane.ipynb); the paper's Theorem 2: [arXiv
# 2103.02695](https://arxiv.org/abs/2103.02695)*
#
# A convolutional network differs from a fully connected one in two ways: the same small filter is used at
# every place of the image, and in the end the results of all places are averaged. Which of the two makes
# the network easy to fool? On two opposite images and with one convolution the answer is exact. The
# shared filter costs nothing. The average takes from an image what is not constant where it averages:
# from a single dot, the square root of the number of places that it takes together when the filter has
# one tap or the average is over all places; larger filters before blocks give back at most a factor
# $\sqrt 2$ in each direction of the image. Zero padding gives a constant factor back, up to 71 percent
# when the filter is as large as the image, and leaves the rate. This extends Theorem 2 of Singla, Ge,
# Basri and Jacobs (NeurIPS 2021). Runs in about half a minute (profile quick) or three (full), within 0.8
# GB.

# %% [markdown]
# ## Statement
#
# An infinitely wide network has one convolution with $q$ taps and circular padding, ReLU, a readout and a
# dense layer. The readout either **flattens** (every place has its own weight), or **averages** over blocks
# of $b$ places and then flattens, or averages over all $d$ places. $x_{(p)}$ is the patch of $x$ at place
# $p$: the $q$ samples that the filter sees there. $k$ is the tangent kernel of one hidden ReLU layer. Up
# to a factor that changes no prediction, the kernel of the network is
#
# $$
# K(z, x) = \sum_{\text{blocks } B}\ \sum_{p, p' \in B} k\big(z_{(p)}, x_{(p')}\big).
# $$
#
# (The tangent kernel is the inner product of a wide network's gradients with respect to its weights: [page
# 02](02_a_wide_network_is_its_kernel.ipynb).) It is trained on $x$ and $-x$, labels $1$ and $-1$, and
# becomes $g$, the minimum-norm interpolant: of all combinations of $K(z, x)$ and $K(z, -x)$ the one with
# these values.
#
# - (a) $K_{average}(z, x)$ is the sum of $K_{flatten}(z, T_s x)$ over all shifts $T_s$, or the mean up to
#   the factor $d$, which changes no prediction. This also holds for any number of convolutions.
# - (b) Flatten, any $q$: $g(z) = \langle z, x\rangle / |x|^2$, as for a fully connected network. The
#   distance of $x$ to the boundary is $|x|$.
# - (c) Blocks, $q = 1$: the distance is $|P_b\,x|$, if that is not 0, where $P_b$ replaces each sample by
#   the mean of its block. A dot is at distance exactly $1/\sqrt b$.
# - (d) On a line, blocks with $2b \le d$, any $q$: a dot is at a distance between $1/\sqrt b$ and
#   $\sqrt{2/(b+1)}$. If $b$ divides $q$ it is $\sqrt{3b/(2b^2+1)}$.
# - (e) Average over all places, zero padding: the boundary is still a hyperplane, but with more than one
#   tap its normal is not constant. With $q = 3$, a dot off the border of a line of $d$ samples is at
#   distance $1/\sqrt{d - 10/9}$, and on a $k \times k$ square with $3 \times 3$ taps at $1/(k - 10/9)$.
#   With $k \times k$ taps, $k$ odd, a dot in the middle is at $\frac{12k}{7k^2 + 5}$: times $\sqrt d$
#   that tends to $12/7$, not to 1.

# %% [markdown]
# ## Why it is true
#
# 1. The patches of $T_s x$ are those of $x$ at other places. As $s$ runs through all shifts, the patch of
#    $z$ at each place meets the patch of $x$ at every place once. That is (a). Further circular
#    convolutions move along with their input, so depth changes nothing.
# 2. The [page on fully connected networks](
#    03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb) showed that $k(z, x) - k(z,
#    -x)$ is a multiple of $\langle z, x\rangle$, the same one for all $z$ and $x$. Patch by patch, $g(z)$
#    is a multiple of $\sum_B \sum_{p, p' \in B} \langle z_{(p)}, x_{(p')}\rangle$. So $g$ is linear for
#    every readout, $g(z) = \langle z, Mx\rangle / \langle x, Mx\rangle$.
# 3. Flatten: $p = p'$, and each sample lies in $q$ patches, so $Mx = q\,x$. That is (b).
# 4. Blocks: tap $a$ sees at place $p$ the sample $p + a$. Alone it would be a network of one tap on a
#    signal moved by $a$ samples, or on blocks moved by $a$. So it adds $b$ times the projection on the
#    moved blocks. With one tap $Mx = b\,P_b\,x$, and $\langle x, P_b x\rangle = |P_b x|^2$ gives (c).
# 5. For a dot every tap adds ones on the moved block that holds the dot: a run of $b$ ones, which begins
#    $\rho$ samples before the dot, $0 \le \rho < b$. Three taps and blocks of $b = 4$:
#
#    ```text
#    the dot   . . . . 1 . . .
#    rho = 1   . . . 1 1 1 1 .
#    rho = 2   . . 1 1 1 1 . .
#    rho = 3   . 1 1 1 1 . . .
#    Mx        . 1 2 3 3 2 1 .
#    ```
#
#    Then $\langle x, Mx\rangle = q$ and $|Mx|^2 = \sum_{a, a'} (b - |\rho_a - \rho_{a'}|)$. The
#    mean of $|\rho - \rho'|$ over pairs from any list of numbers in $[0, b-1]$ is at most $(b-1)/2$, so
#    $|Mx|^2/q^2$ lies between $(b+1)/2$ and $b$. If $b$ divides $q$ all $\rho$ are equally frequent, and
#    the runs add up to a triangle with $|Mx|^2/q^2 = (2b^2+1)/(3b)$. That is (d).
# 6. Zero padding: tap $a$ sees all samples but the $|a|$ at one end. It adds the sum of those it sees, so
#    the normal is $\sum_a S_a(x)\,\mathbf 1_{W_a}$, with $W_a$ the samples it sees and $S_a(x)$ their
#    sum. For a dot in all $W_a$ it counts the taps: 3 inside and 2 at both ends for $q = 3$, and $9 /
#    (9(d-2) + 2\cdot
#    4) = 1/(d - 10/9)$. With as many taps as samples, $k$ odd, all see a dot in the middle, and $k - j$ of
#    them the sample at distance $j$ from it. So $|n|^2 = k^2 + 2\sum_{j=1}^{(k-1)/2} (k-j)^2 =
#    \frac{k}{12}(7k^2+5)$, and $k/|n|$ is the distance. On a square the rows and the columns each give
#    such a factor. That is (e).

# %%
from fractions import Fraction
from functools import partial

import numpy as np
from shiftmath import dot_on_gray
from shiftmath.interpolant import Interpolant, certified_radius, linear_misfit, opposite_pair
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.exact import fractions, squared_distance
from shiftmath.pages.figures import BOUND, MEASURED, THEORY

# %% tags=["parameters"]
seed = 0
points = choose(quick=500, full=5000)  # random inputs at which a network is compared with the theory
d = 64  # samples of the signals on a line
largest_block = choose(quick=16, full=40)  # for the bounds in whole numbers
sides = choose(quick=[3, 5, 9, 15], full=[3, 5, 9, 15, 21])  # of squares, zero padding, odd
deep_depths = choose(quick=[2], full=[2, 4])  # convolutions before flatten
deep_sizes = choose(quick=[8], full=[8, 16])  # samples of the signals there
eps = np.finfo(float).eps
rng = np.random.default_rng(seed)
print(provenance("synthetic signals from the seed below"))

# %% [markdown]
# ## In numbers
#
# **The kernel from its patches.** The package computes $K$ layer by layer. Here it is once more from the
# formula above, from explicit patches and the fully connected kernel, with the two routes compared for each
# readout and both paddings.


# %%
def patches(x, q, padding="circular"):
    """The q samples around each place of a signal, one place a row."""
    padded = np.pad(x, ((q - 1) // 2, q // 2), mode="wrap" if padding == "circular" else "constant")
    return np.lib.stride_tricks.sliding_window_view(padded, q)


def explicit_kernel(z, x, q, b, padding="circular"):
    """K from the patches: the mean over blocks of the mean over the pairs of places in each."""
    pairs = FullyConnected()(patches(z, q, padding), patches(x, q, padding))
    return np.mean([pairs[i : i + b, i : i + b].mean() for i in range(0, len(x), b)])


# %%
on_a_line = partial(Convolutional, spatial_axes=1)  # signals of one axis instead of images
z, x = rng.standard_normal((2, 12))
route_error = []
for q, b in [(1, 1), (1, 4), (2, 6), (3, 1), (3, 4), (4, 3), (5, 12), (12, 12)]:
    for padding in ("circular", "zero"):
        kernel = on_a_line(filter_size=q, readout=b, padding=padding)
        by_layers = kernel(z[None], x[None])[0, 0]
        route_error.append(abs(explicit_kernel(z, x, q, b, padding) - by_layers))
print(f"largest difference between the routes: {max(route_error):.0e}")

# %% [markdown]
# They agree to rounding. (With sums for means the kernel has another factor, and training undoes it.)
#
# **(a) The average is a mean over shifts.** For one to three convolutions, odd and even filters, on a line
# and on a grid: the kernel with the average against the mean of the flattened kernel over all shifts.


# %%
def all_shifts(x):
    """All circular shifts of an image (*spatial, channels)."""
    axes = tuple(range(x.ndim - 1))
    return np.stack([np.roll(x, s, axes) for s in np.ndindex(x.shape[:-1])])


def shift_mean_error(shape, **options):
    """The mean over all shifts of the flattened kernel, against the kernel with the average."""
    z, x = rng.standard_normal((2, *shape))
    network = partial(Convolutional, **options, spatial_axes=len(shape) - 1)
    average, flatten = network(), network(readout="flatten")
    size = np.sqrt(flatten(z[None])[0, 0] * flatten(x[None])[0, 0])
    return abs(flatten(z[None], all_shifts(x)).mean() - average(z[None], x[None])[0, 0]) / size


# %%
shift_error = [
    shift_mean_error(shape, depth=depth, filter_size=q)
    for shape in [(5, 1), (8, 2), (4, 6, 1), (5, 5, 3)]
    for depth in (1, 2, 3)
    for q in (1, 2, 3, 4)
]
print(f"{len(shift_error)} networks: largest difference {max(shift_error):.0e}")

# %% [markdown]
# Rounding again. So the network with the average is the flattened network, shared filters and all, forced
# to be shift-invariant. Any difference between the two is due to the invariance alone.
#
# **(b) and (c) The trained network is linear.** A linear function is known from its values at the unit
# signals. These are measured, and then the linear function that they define is compared with the network at
# random inputs, and with the theory.


# %%
def slopes(g, shape):
    """The values of g at the unit signals: the vector n of g(z) = <n, z>, if g is linear."""
    shape = tuple(np.atleast_1d(shape))
    return g(np.eye(np.prod(shape)).reshape(-1, *shape)).reshape(shape)


# %%
def nonlinearity(g, n, Z):
    """The largest |g(z) - <n, z>| over |n| |z|."""
    lengths = np.linalg.norm(Z.reshape(len(Z), -1), axis=1) * np.linalg.norm(n)
    return np.abs((g(Z) - np.tensordot(Z, n, n.ndim)) / lengths).max()


# %%
def block_means(x, b):
    """Each sample replaced by the mean of its block of b samples."""
    return x.reshape(-1, b).mean(axis=1).repeat(b)


linear_error, flatten_error, block_error = [], [], []
for q, b in [(1, 1), (2, 1), (3, 1), (8, 1), (1, 2), (1, 4), (1, 8), (1, 16), (3, 4), (5, 8), (3, 16)]:
    x = rng.standard_normal(16)
    g = opposite_pair(on_a_line(filter_size=q, readout=b), x)
    n = slopes(g, 16)
    linear_error.append(nonlinearity(g, n, rng.standard_normal((points, 16))))
    if b == 1:
        flatten_error.append(np.abs(n * (x @ x) - x).max())
    elif q == 1:
        block_error.append(abs(np.linalg.norm(block_means(x, b)) * np.linalg.norm(n) - 1))

# %%
for shape, q in [((4, 4), 3), ((3, 5), (2, 4)), ((6, 6), 5)]:
    x = rng.standard_normal(shape)
    g = opposite_pair(Convolutional(filter_size=q, readout="flatten"), x)
    n = slopes(g, shape)
    linear_error.append(nonlinearity(g, n, rng.standard_normal((points, *shape))))
    flatten_error.append(np.abs(n * np.sum(x * x) - x).max())
print(f"not linear: {max(linear_error):.0e} of |n| |z|, for every readout")
print(f"flatten: n differs from x / |x|^2 by {max(flatten_error):.0e} / |x|^2")
print(f"blocks and q = 1: the distance differs from |P_b x| by {max(block_error):.0e} of itself")

# %% [markdown]
# Every one of these networks is linear to rounding. With flatten it is the very function that a fully
# connected network learns, whatever the size of the filter. A linear function with $g(x) = 1$ has its
# boundary at distance $1/|n|$ from $x$, and from here on distances are measured that way. Below, some of
# them are checked from both sides.
#
# What the network looks for, its normal, is an image. Here it is for a white dot on 12 x 12 pixels, for
# four readouts and two filters, scaled to its largest value.

# %%
white = dot_on_gray((12, 12))[0]
readouts = ("flatten", r"blocks $3 \times 3$", r"blocks $6 \times 6$", "average")
fig, axes = figures.panels(2, 4, height=3.9)
for q, row in zip((1, 5), axes, strict=True):
    for b, ax in zip((1, 3, 6, 12), row, strict=True):
        n = slopes(opposite_pair(Convolutional(filter_size=q, readout=b), white), white.shape)
        figures.signal_image(ax, n / n.max(), 1, f"distance {1 / np.linalg.norm(n):.3f}")
    row[0].set_ylabel(f"filter ${q} \\times {q}$")
    row[-1].text(5.5, 5.5, "constant", ha="center", va="center")
for ax, name in zip(axes[0], readouts, strict=True):
    ax.set_title(name)
bar = fig.colorbar(axes[0, 0].images[0], ax=axes, ticks=[0, 1], shrink=0.6)
_ = bar.ax.set(yticklabels=["0", "largest"], ylim=(0, 1))

# %% [markdown]
# Gray is zero, white the largest value of each. From left to right: with flatten the normal is the dot
# itself, with both filters. Blocks smear it over one block, and the distance is one over the side of the
# block when the filter has one tap. A larger filter sees the dot from several blocks, which overlap to a
# hill, further away than with the flat block, by 37 and 53 percent here. The average over all places is
# flat with both filters.
#
# **(c) and (d) The distance against the block.** For a dot on a line: one tap, larger filters, and every
# position of the dot relative to the blocks.


# %%
def dot_distance(b, q, place=0):
    """The distance of a dot to the boundary, one convolution of q taps and blocks of b."""
    n = slopes(opposite_pair(on_a_line(filter_size=q, readout=b), np.eye(d)[place]), d)
    return 1 / np.linalg.norm(n)


blocks = [1, 2, 4, 8, 16, 32, 64]
one_tap = [dot_distance(b, 1) for b in blocks]
every_place = [dot_distance(8, 1, place) for place in range(d)]
full_filter = [dot_distance(b, d) for b in blocks]
triples = [(b, q, p) for b in blocks for q in (2, 3, 5, 7) for p in sorted({0, 1, b // 2})]
others = np.array([dot_distance(*triple) for triple in triples])

# %% [markdown]
# Three of the points also from two sides, without the hyperplane: a ball around the dot in which the
# package certifies that the network keeps its sign, and a local search for the nearest signal on the
# other side.


# %%
def both_sides(network, x):
    """What is certified of the distance of x to the boundary, 0 where nothing is, and what a search finds."""
    found = opposite_pair(network, x).distance(x, closed_form=False, restarts=4, seed=seed)
    return found.lower, found.upper


# %%
searched_blocks = [1, 8, 64]
two_sided = [both_sides(on_a_line(filter_size=1, readout=b), np.eye(d)[0]) for b in searched_blocks]
print(
    *(f"b = {b}: {low:.9f} to {high:.9f}" for b, (low, high) in zip(searched_blocks, two_sided, strict=True))
)
certified = []
for q in (1, 3, 5):
    nets = [opposite_pair(on_a_line(filter_size=q, readout=b), np.eye(d)[0]) for b in blocks]
    certified.append([certified_radius(f.kernel, f.X, f.coefficients, f.X[0]) for f in nets])
ends_meet = [
    np.array(row) / [dot_distance(b, q) for b in blocks] for q, row in zip((1, 3, 5), certified, strict=True)
]
print(f"certified, 1, 3 and 5 taps, all blocks: at least {np.min(ends_meet):.12f} of 1/|n|")

# %% [markdown]
# **Checked by machine.** That a dot in a block of $b$ places is at distance exactly $1/\sqrt b$ is proved
# in Coq as well, for every kernel with the identity of step 2 (`dot_in_block` in `proofs/readouts.v`; `make
# prove`). Its normal is the sum over the block. In fractions, for every block and every place: are the
# blocks as large as the theorem asks, and is the squared distance $1/b$?

# %%
wrong_squares = 0
for size in blocks:
    for place in range(d):
        normal = np.arange(d) // size == place // size
        square = squared_distance(*fractions([np.eye(d, dtype=int)[place], normal]))
        wrong_squares += normal.sum() != size or square != Fraction(1, size)
print(f"dots whose squared distance is not 1/b: {wrong_squares} of {len(blocks) * d}")

# %% [markdown]
# The certificate and the search enclose $1/\sqrt b$ to nine digits. For three and five taps the certificate
# reaches the distance $1/|n|$, too, to better than $10^{-8}$ from below.

# %%
b = np.geomspace(1, 32, 50)
sizes = np.array(blocks[:-1])
triangle = np.sqrt(3 * sizes / (2 * sizes**2 + 1))
block_of, taps_of, _ = np.transpose(triples)
shift = np.select([taps_of == 2, taps_of == 3, taps_of == 5], [0.94, 0.98, 1.02], 1.06)  # side by side
labels = {"xlabel": "places that are averaged, $b$", "ylabel": r"$\sqrt{b}\ \times$ distance of a dot"}

# %%
fig, ax = figures.panels(height=3.3)
ax.plot([1, 64], [1, 1], color=THEORY, label="one tap: 1")
ax.plot(
    b, np.sqrt(3 * b**2 / (2 * b**2 + 1)), ":", color=THEORY, label="64 taps, $b$ divides 64: the triangle"
)
ax.plot(b, np.sqrt(2 * b / (b + 1)), "--", color=BOUND, label=r"bound $\sqrt{2b/(b+1)}$")
ax.plot(blocks, np.sqrt(blocks) * one_tap, "o", color=MEASURED, label="1 and 64 taps")
ax.plot(blocks, np.sqrt(blocks) * full_filter, "o", color=MEASURED)
ax.plot(
    shift * block_of, np.sqrt(block_of) * others, "_", color=MEASURED, markersize=5, label="2, 3, 5, 7 taps"
)
ax.set(xscale="log", ylim=(0.95, 1.75), **labels)
ax.set_xticks(blocks, blocks)
ax.minorticks_off()
_ = ax.legend(loc="upper left", ncols=2)

# %% [markdown]
# The distance of a dot with the rate $1/\sqrt b$ taken out. With one tap it stays on the line 1, from
# flatten at the left to the average at the right: every doubling of the block costs a factor $\sqrt 2$.
# Larger filters (short bars, for several positions of the dot; 2, 3, 5, 7 taps from left to right) lift
# it between the ends, at most to the orange bound, a factor $\sqrt 2$; 64 taps lie on the dotted curve
# (only whole $b$ count: between 1 and 2 the lines may cross). At the right end, where the block is the
# whole signal, filters change nothing.
#
# The bounds of (d) rest on a sum over pairs of taps. It is a whole number, so it can be checked without any
# rounding, for all filters up to twice the block and all positions of the dot in the block. And it should
# be what the networks above have: $q^2/|Mx|^2$ is the squared distance.


# %%
def normal_squared(b, q, place):
    """|Mx|^2 for a dot at this place in its block: the sum over pairs of taps of b - |rho - rho'|."""
    rho = (place - (np.arange(q) - (q - 1) // 2)) % b
    return int(np.sum(b - np.abs(rho[:, None] - rho)))


# %%
from_sums = [q**2 / normal_squared(b, q, place) for b, q, place in triples if 2 * b <= d]
from_networks = others[: len(from_sums)] ** 2
print(f"networks against sums: {np.max(np.abs(from_networks / from_sums - 1)):.0e}")
violations = cases = triangles = 0
for b in range(1, largest_block + 1):
    for q in range(1, 2 * b + 1):
        sums = [normal_squared(b, q, place) for place in range(b)]
        cases += b
        violations += sum(not (b + 1) * q**2 <= 2 * s <= 2 * b * q**2 for s in sums)
        triangles += sum(q % b == 0 and 3 * b * s != (2 * b**2 + 1) * q**2 for s in sums)
print(f"{cases} cases: {violations} outside of the bounds, {triangles} wrong triangles")

# %% [markdown]
# None. On a grid the rows and the columns behave alike: with one tap, blocks of $b_1 \times b_2$ pixels
# leave $1/\sqrt{b_1 b_2}$.

# %%
grid_blocks = [(1, 1), (2, 1), (2, 3), (4, 3), (4, 6), (8, 12)]
on_grid = []
for size in grid_blocks:
    white = dot_on_gray((8, 12))[0]
    g = opposite_pair(Convolutional(filter_size=1, readout=size), white)
    on_grid.append(1 / np.linalg.norm(slopes(g, white.shape)))
    print(f"blocks {size}: distance {on_grid[-1]:.9f}, one over its square {on_grid[-1] ** -2:.9f}")

# %% [markdown]
# **What blocks buy.** The price is the same as for the invariance under a group that can bring a dot to
# $b$ places. What is bought? A network is trained on a dot and its negative, with one tap, and shown the
# dot at other places.

# %%
moves = np.arange(-16, 17)
shown = np.array([np.roll(np.eye(d)[28], s) for s in moves])
fig, axes = figures.panels(1, 3, height=2.3, sharey=True)
seen = {}
for ax, b, name in zip(axes, (1, 8, 64), ("flatten", "blocks of 8", "average"), strict=True):
    seen[b] = opposite_pair(on_a_line(filter_size=1, readout=b), np.eye(d)[28])(shown)
    ax.plot(moves, seen[b], "o", color=MEASURED, markersize=3)
    ax.set(title=name, xlabel="dot moved by $s$", ylim=(-0.1, 1.1))
_ = axes[0].set_ylabel("prediction $g(T_s x)$")

# %% [markdown]
# With flatten the dot is recognised at its own place only, with the average everywhere. With blocks it is
# recognised as long as it stays in its block, which here ends four samples to the left and three to the
# right. So a block does not make the network invariant to small shifts: across the border of a block one
# step is enough. It makes it invariant to every rearrangement inside the blocks. For random inputs:

# %%
Z = rng.standard_normal((points, 16))
g = opposite_pair(on_a_line(filter_size=1, readout=4), rng.standard_normal(16))
within = rng.permuted(Z.reshape(points, 4, 4), axis=2).reshape(points, 16)
rearranged = np.abs(g(within) - g(Z)).max() / np.abs(g(Z)).max()
moved = [np.abs(g(np.roll(Z, s, axis=1)) - g(Z)).max() / np.abs(g(Z)).max() for s in range(1, 16)]
print(f"rearranged inside the blocks: the prediction changes by {rearranged:.0e}")
print(f"shifted by 1, ..., 15 samples: by {min(moved):.2f} to {max(moved):.2f} of the largest")

# %% [markdown]
# **(e) Zero padding.** Many networks pad with zeros. The network is still linear on an opposite pair: its
# normal is compared with the formula, and its distance with the law.


# %%
def zero_padded_normal(x, q):
    """Sum over the taps a of S_a(x) 1_{W_a}, scaled to <n, x> = 1, on a line."""
    offsets, i = np.arange(q) - (q - 1) // 2, np.arange(len(x))
    windows = np.array([(i - a >= 0) & (i - a < len(x)) for a in offsets], float)
    n = windows.T @ (windows @ x)
    return n / (n @ x)


# %%
zero_error, zero_linear = [], []
for q in (1, 3, 5, 9):
    x = rng.standard_normal(12) + 1
    g = opposite_pair(on_a_line(filter_size=q, padding="zero"), x)
    n = slopes(g, 12)
    zero_linear.append(nonlinearity(g, n, rng.standard_normal((points, 12))))
    zero_error.append(np.abs(n - zero_padded_normal(x, q)).max() / np.abs(n).max())
print(f"not linear: {max(zero_linear):.0e}; normal off by {max(zero_error):.0e}")

# %% [markdown]
# Linear, and the normal is that of the formula. Now dots in the middle of lines and of squares: with three
# taps, with nine, and with as many taps as the side of the image, which is the filter of the paper's Figure
# 1.


# %%
def padded_dot(shape, q):
    """The normal of a zero-padded network for a dot, and the dot's distance."""
    network = Convolutional(filter_size=q, padding="zero", spatial_axes=len(shape))
    n = slopes(opposite_pair(network, dot_on_gray(shape)[0]), shape)
    return n, 1 / np.linalg.norm(n)


# %%
lines = {(k, q): padded_dot((k,), q) for k in sides for q in (3, k)}
squares = {(k, q): padded_dot((k, k), q) for k in sides for q in (3, 9, k) if q <= k}
for k in sides:
    three, own = (k * squares[k, q][1] for q in (3, k))
    print(
        f"{k:2} x {k:2} pixels, sqrt d times the distance: 3 x 3 taps {three:.6f}, {k} x {k} taps {own:.6f}"
    )


# %%
def padded_law(k, q):
    """sqrt d times the distance by the formula for the normal on a line, squared for the square."""
    return k / np.sum(zero_padded_normal(dot_on_gray(k)[0], q) ** 2)


# %%
all_sides = np.arange(3, max(sides) + 1, 2)
padded_error = [k * row[1] / padded_law(k, q) - 1 for (k, q), row in squares.items()]
far = padded_law(201, 201)
padded = []
for (k, q), (_, distance) in squares.items():
    if k <= 9:
        f = opposite_pair(Convolutional(filter_size=q, padding="zero"), dot_on_gray((k, k))[0])
        padded.append(certified_radius(f.kernel, f.X, f.coefficients, f.X[0]) / distance)
print(f"certified, up to 9 x 9 pixels: at least {min(padded):.12f} of 1/|n|")
print(f"squares against the formula: {np.max(np.abs(padded_error)):.0e}; 201 taps on 201 pixels: {far:.4f}")

# %%
fig, (left, middle, right) = figures.panels(1, 3, height=2.6, width_ratios=[1, 1, 1.9])
for ax, q in ((left, 3), (middle, 9)):
    figures.signal_image(ax, squares[9, q][0] / squares[9, q][0].max(), 1, f"${q} \\times {q}$ taps")
for q, name in ((3, "3"), (9, "9"), (None, "$k$")):
    law = [padded_law(k, q or k) for k in all_sides if k >= (q or 3)]
    right.plot(all_sides[-len(law) :], law, color=THEORY, linewidth=0.8)
    dots = [(k, k * squares[k, q or k][1]) for k in sides if k >= (q or 3)]
    right.plot(*np.transpose(dots), "o", color=MEASURED, markersize=4)
    right.annotate(f"{name} taps", (all_sides[-1], law[-1]), (4, -3), textcoords="offset points")
right.plot(all_sides, [12 / 7] * len(all_sides), ":", color=THEORY)
right.plot(all_sides, [1] * len(all_sides), ":", color=THEORY)
_ = right.set(xlabel="side $k$ of the image", ylabel=r"$\sqrt{d}\ \times$ distance", ylim=(0.95, 1.8))

# %% [markdown]
# Left and middle, the normals for a dot on 9 x 9 pixels, gray is zero and white the largest value: with
# zeros around the image the border counts less, because fewer taps see it, and with a filter as large as
# the image much less. Right, what zero padding gains over circular padding, for which $\sqrt d$
# times the distance is 1. With a fixed filter the gain melts away as images grow: 3 taps act as if the side
# were $10/9$ of a pixel shorter. With a filter that grows with the image it does not: $k$ taps tend to
# $12/7$ (upper dotted line). So zero padding changes the constant only, for ever if the filter grows with
# the image, and never the rate.

# %% [markdown]
# ## Where it stops being true
#
# **Zero padding and (a).** A padded network is not invariant, so its kernel is no mean over shifts.

# %%
rng = np.random.default_rng(seed + 1)  # anew, so that the controls are the same in both profiles
padded_difference = shift_mean_error((8, 1), padding="zero")
print(f"difference of the mean over shifts from the kernel with the average: {padded_difference:.3f}")

# %% [markdown]
# **The average instead of flatten** in (b). The network is linear, but it is another function: a constant
# normal, and a smaller distance.

# %%
x = rng.standard_normal(16)
average_slopes = slopes(opposite_pair(on_a_line(), x), 16)
average_error = np.abs(average_slopes * (x @ x) - x).max()
average_distance = 1 / np.linalg.norm(average_slopes) / np.linalg.norm(x)
print(f"slopes between {average_slopes.min():.6f} and {average_slopes.max():.6f}")
print(f"distance: {average_distance:.4f} of |x|")

# %% [markdown]
# **Two convolutions and flatten.** After the first layer the network works on curved functions of the
# patches, and a second filter mixes them. For a random signal the network is then no longer linear, and its
# boundary no hyperplane. Three signals of each size, two to four convolutions: how much is not linear, and
# how many random inputs lie on the other side of $\langle z, x\rangle = 0$. For one more signal of each
# size, the nearest crossing that a search finds, against $|x|$; from below nothing is certified here.

# %%
two_misfit, wrong_side, deep_found = [], [], []
for size in (8, 16):
    Z = rng.standard_normal((4000, size))
    for x in rng.standard_normal((3, size)):
        for depth in (2, 3, 4):
            g = opposite_pair(on_a_line(depth=depth, readout="flatten"), x)
            two_misfit.append(linear_misfit(g, Z))
            wrong_side.append(np.mean((g(Z) >= 0) != (Z @ x >= 0)))
print(f"not linear: {min(two_misfit):.1%} to {max(two_misfit):.1%}", end=", ")
print(f"not on the side of the hyperplane: {min(wrong_side):.2%} to {max(wrong_side):.2%} of inputs")

# %%
for size in deep_sizes:
    x = rng.standard_normal(size)
    for depth in deep_depths:
        network = on_a_line(depth=depth, readout="flatten")
        deep_found.append(both_sides(network, x)[1] / np.linalg.norm(x))
        print(f"{size:2} samples, {depth} convolutions: nearest found at {deep_found[-1]:.5f} |x|")

# %% [markdown]
# A dot is an exception. All its patches hold one sample or none, so every cosine of a patch of $z$ with a
# patch of the dot has the sign of $z_m$, the sample at the dot. Each layer's kernel is a power series with
# coefficients $\ge 0$ in these cosines, so $g$ has the sign of $z_m$ too. The function is curved, but the
# boundary is the hyperplane $z_m = 0$ and the distance 1, with any number of convolutions.

# %%
dot_signs, dot_on_plane, dot_misfit = [], [], []
Z, dot8 = rng.standard_normal((4000, 8)), np.eye(8)[3]
for depth in (2, 3, 4):
    g = opposite_pair(on_a_line(depth=depth, readout="flatten"), dot8)
    dot_signs.append(np.sum((g(Z) >= 0) != (Z[:, 3] >= 0)))
    dot_on_plane.append(np.abs(g(Z * (dot8 == 0))).max())
    dot_misfit.append(linear_misfit(g, Z))
two_dot = both_sides(on_a_line(depth=2, readout="flatten"), dot8)[1]
print(f"wrong signs: {sum(dot_signs)} of {3 * len(Z)};  largest |g| on z_m = 0: {max(dot_on_plane):.0e}")
print(f"not linear: {min(dot_misfit):.1%} at least;  distance found with two convolutions: {two_dot:.9f}")

# %% [markdown]
# So in deeper networks weight sharing is harmless for dots. For the random signals tried the search comes
# nearer than $|x|$, but by less than one percent, where the average over all places takes most of
# the distance.
#
# **A larger filter and blocks.** With three taps the patches at the edge of a block see samples of the next
# block, and a network with blocks is no longer invariant to rearrangements within them.

# %%
Z = rng.standard_normal((points, 16))
g = opposite_pair(on_a_line(filter_size=3, readout=4), rng.standard_normal(16))
turned = np.roll(Z.reshape(points, 4, 4), 1, axis=2).reshape(points, 16)
three_taps_moved = np.abs(g(turned) - g(Z)).max() / np.abs(g(Z)).max()
print(f"blocks turned by one place: the prediction changes by {three_taps_moved:.2f} of the largest")

# %% [markdown]
# **Two samples that are not opposite.** Then not even flatten with one convolution is linear.

# %%
a, b = np.linalg.qr(rng.standard_normal((16, 2)))[0].T
close = Interpolant(on_a_line(readout="flatten"), np.stack([a, a / 2 + np.sqrt(3) / 2 * b]), [1, -1])
close_misfit = linear_misfit(close, rng.standard_normal((4000, 16)))
print(f"samples 60 degrees apart: {close_misfit:.1%} of the function is not linear")

# %% [markdown]
# ## Try it
#
# - Exercise: zero padding, 11 x 11 pixels, 11 x 11 taps, a dot in the middle. What is $\sqrt d$ times its
#   distance? Check it with `padded_dot`.
# - Where must a dot sit in its block, and how many taps must the filter have, to reach the upper bound
#   $\sqrt{2/(b+1)}$?
# - A random signal in the place of a dot: which block size halves its distance to the boundary?
# - Two convolutions with blocks, `on_a_line(depth=2, readout=8)`: does the dot keep $1/\sqrt 8$?

# %%
for q in (1, 2, 3, 4, 8, 16):
    row = [dot_distance(8, q, place) for place in range(8)]
    print(f"{q:2} taps, blocks of 8, dot at place 0 to 7:", *(f"{value:.3f}" for value in row))

# %% [markdown]
# <details><summary>Answers</summary>
#
# - $12 \cdot 121 / (7 \cdot 121 + 5) = 1452/852 = 1.7042$.
# - Two taps are enough, if one of them sees the dot at the first place of a block and the other one at the
#   last: half of the pairs of taps are then $b - 1$ apart, and the mean of $|\rho - \rho'|$ is $(b-1)/2$.
#   In the table that is 2 taps and place 0, the first of its block.
# - About 4: the mean over $b$ independent numbers leaves $1/\sqrt b$ of their length.
# - The search ends at 0.52 for a dot at the edge of its block and at 0.47 inside: the second convolution
#   moves the boundary away, as page 07 finds for the average. From below nothing is certified.
#
# </details>

# %% [markdown]
# ## Claims checked
#
# Tolerances are multiples of eps, the spacing of float64 at 1, times the size of what is compared: 64, a
# few for each step, and 256 where a slope is the ratio of two such numbers. Certified radii are found by
# bisection and with a slack of 64 eps for each term of the kernel's sum over pairs of places, of which
# there are up to $5 \cdot 64^2$: $10^{-8}$ of the distance is allowed. A search stops where its steps
# agree to $10^{-12}$; $10^{-9}$ is allowed.

# %%
ledger = Ledger("Pooling, not weight sharing, costs the margin")
exact, proof = {"evidence": "exact identity"}, {"evidence": "certified enclosure"}
ledger.equal("the kernel is the sum over pairs of patches in a block", route_error, 0, 256 * eps)
ledger.equal("(a) average = mean of flatten over all shifts, 1 to 3 layers", shift_error, 0, 64 * eps)
ledger.equal("(b), (c) the trained network is linear, for every readout", linear_error, 0, 256 * eps)
ledger.equal("(b) flatten: its normal is x / |x|^2, any filter, line and grid", flatten_error, 0, 256 * eps)
ledger.equal("(c) blocks, one tap, any x: the distance is |P_b x|", block_error, 0, 256 * eps)
ledger.equal("(c) a dot is at distance 1 / sqrt b", one_tap, 1 / np.sqrt(blocks), 64 * eps)
ledger.equal("(c) so in fractions: theorem dot_in_block", wrong_squares, 0, 0, evidence="proved by machine")
ledger.equal("(c) wherever it is", every_place, 1 / np.sqrt(8), 64 * eps)
lower, upper = np.transpose(two_sided)
law = 1 / np.sqrt(searched_blocks)
ledger.between("(c) 1 / sqrt b lies between certified and found, b = 1, 8, 64", lower, law, upper, 1e-9)
area = np.prod(grid_blocks, axis=1)
ledger.equal("(c) blocks on a grid: one over the root of their area", on_grid, 1 / np.sqrt(area), 64 * eps)

# %%
inner = block_of < d
whole = [*others[~inner], full_filter[-1]]
bound = np.sqrt(2 / (block_of[inner] + 1))
two_taps = [max(others[(block_of == b) & (taps_of == 2)]) for b in sizes]
ledger.equal("(d) b divides q: the distance is sqrt(3b / (2b^2 + 1))", full_filter[:-1], triangle, 64 * eps)
ledger.at_least(
    "(d) 2 to 7 taps: not below 1 / sqrt b", others[inner], 1 / np.sqrt(block_of[inner]), 64 * eps
)
ledger.at_most("(d) 2 to 7 taps: not above sqrt(2 / (b + 1))", others[inner], bound, 64 * eps)
ledger.equal("(d) two taps reach that, for a dot at an edge", two_taps, np.sqrt(2 / (sizes + 1)), 64 * eps)
ledger.equal(
    "(d) the networks' distances are the sums over pairs of taps", from_networks, from_sums, 64 * eps
)
ledger.equal("(d) the bounds hold in whole numbers: violations", violations, 0, 0, **exact)
ledger.equal("(d) the triangle holds in whole numbers: wrong ones", triangles, 0, 0, **exact)

# %%
ledger.equal("(d) block = signal: 1 / sqrt d with every filter", whole, 1 / 8, 64 * eps)
ledger.at_least("(c), (d) certified: the distance is 1 / |n|, 1, 3, 5 taps", ends_meet, 1, 1e-8, **proof)

# %%
inside = (moves >= -4) & (moves <= 3)
ledger.equal("blocks of 8: a dot is recognised inside its block only", seen[8], inside, 64 * eps)
ledger.equal("blocks, one tap: rearranging inside them changes nothing", rearranged, 0, 256 * eps)
ledger.equal("(e) zero padding: the network is linear", zero_linear, 0, 256 * eps)
ledger.equal("(e) its normal is the sum over taps", zero_error, 0, 256 * eps)
k = np.array(sides)
on_line, on_square = ([rows[side, 3][1] for side in sides] for rows in (lines, squares))
ledger.equal(
    "(e) three taps: a dot on a line is at 1 / sqrt(d - 10/9)", on_line, 1 / np.sqrt(k - 10 / 9), 64 * eps
)
ledger.equal("(e) 3 x 3 taps on a square: at 1 / (k - 10/9)", on_square, 1 / (k - 10 / 9), 64 * eps)
own = [squares[side, side][1] for side in sides]
ledger.equal("(e) k x k taps, dot in the middle: at 12k / (7k^2 + 5)", own, 12 * k / (7 * k**2 + 5), 64 * eps)
ledger.equal("(e) 3, 9, k taps: the formula for the normal, times sqrt d", padded_error, 0, 256 * eps)

# %%
ledger.at_least("(e) certified: the distance is 1 / |n|, 3 x 3 to 9 x 9 pixels", padded, 1, 1e-8, **proof)
# 12 k^2 / (7 k^2 + 5) is 12/7 less 60 / 49 k^2.
ledger.equal(
    "(e) k taps: sqrt d times the distance tends to 12/7, formula at 201", far, 12 / 7, 60 / 49 / 201**2
)
ledger.equal("two to four convolutions, flatten: a dot's boundary is z_m = 0, wrong signs", dot_signs, 0, 0)
ledger.equal("two to four convolutions, flatten: g = 0 on z_m = 0", dot_on_plane, 0, 256 * eps)
ledger.equal("two convolutions, flatten: the nearest point found to a dot is at 1", two_dot, 1, 1e-9)

# %% [markdown]
# And the controls, which must fail.

# %%
ledger.fails("(a) zero padding: the average is the mean over shifts", padded_difference, 0, 1e-3)
ledger.fails("(b) the average: the normal is x / |x|^2", average_error, 0, 1e-3)
ledger.fails("(b) the average: the distance is |x|", average_distance, 1, 1e-2)
normal = squares[9, 3][0]
ledger.fails("(e) zero padding: the normal is constant", np.ptp(normal) / normal.max(), 0, 1e-2)
ledger.fails("(e) zero padding: a dot is at exactly 1 / sqrt d", on_square, 1 / k, 1e-3)
grown = [k * row[1] for (k, q), row in squares.items() if k == q]
ledger.fails("(e) k x k taps: sqrt d times the distance is 1", min(grown), 1, 0.1)
ledger.fails("(b) two convolutions, flatten: linear for a random signal", min(two_misfit), 0, 1e-3)
ledger.fails("(b) two convolutions, flatten: the boundary is <z, x> = 0", min(wrong_side), 0, 0)
ledger.fails("(b) two convolutions, flatten: the distance is |x|", np.minimum(deep_found, 1), 1, 1e-5)
ledger.fails("(b) two convolutions, flatten: linear for a dot", min(dot_misfit), 0, 1e-3)

# %%
ledger.fails("blocks: invariant to a shift by one sample", moved[0], 0, 1e-3)
ledger.fails("blocks: invariant to a shift by a whole block", moved[3], 0, 1e-3)
ledger.fails("blocks, three taps: invariant to rearranging inside them", three_taps_moved, 0, 1e-3)
ledger.fails("(b) a pair 60 degrees apart, flatten: linear", close_misfit, 0, 1e-3)
ledger.close()

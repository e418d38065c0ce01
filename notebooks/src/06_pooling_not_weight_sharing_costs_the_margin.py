# %% [markdown]
# # Pooling, not weight sharing, costs the margin
#
# A convolutional network differs from a fully connected one in two ways: the same small filter is used at
# every place of the image, and in the end the results of all places are averaged. Which of the two makes the
# network easy to fool? On two opposite images the answer is exact: the shared filter costs nothing, and the
# average costs the square root of the number of places that it takes together. This extends Theorem 2 of Ge,
# Singla, Basri and Jacobs (NeurIPS 2021), and adds what happens when the average is taken over blocks, and
# when the image is padded with zeros. Runs in about 20 seconds (profile quick) or 30 (full), within 0.7 GB.

# %% [markdown]
# ## Statement
#
# An infinitely wide network has one convolution with $q$ taps and circular padding, ReLU, a readout and a
# dense layer. The readout either **flattens** (every place has its own weight), or **averages** over blocks
# of $b$ places and then flattens, or averages over all $d$ places. $x_{(p)}$ is the patch of $x$ at place
# $p$: the $q$ samples that the filter sees there. $k$ is the tangent kernel of one hidden ReLU layer. Up to a
# factor that changes no prediction, the kernel of the network is
#
# $$
# K(z, x) = \sum_{\text{blocks } B}\ \sum_{p, p' \in B} k\big(z_{(p)}, x_{(p')}\big).
# $$
#
# It is trained on $x$ and $-x$, labels $1$ and $-1$, and becomes the minimum-norm interpolant $g$.
#
# - (a) $K_{average}(z, x)$ is the mean of $K_{flatten}(z, T_s x)$ over all shifts $T_s$. This also holds for
#   any number of convolutions.
# - (b) Flatten, any $q$: $g(z) = \langle z, x\rangle / |x|^2$, as for a fully connected network. The distance
#   of $x$ to the boundary is $|x|$.
# - (c) Blocks, $q = 1$: the distance is $|P_b\,x|$, where $P_b$ replaces each sample by the mean of its
#   block. A dot is at distance exactly $1/\sqrt b$.
# - (d) Blocks with $2b \le d$, any $q$: a dot is at a distance between $1/\sqrt b$ and $\sqrt{2/(b+1)}$. If
#   $b$ divides $q$ it is $\sqrt{3b/(2b^2+1)}$.
# - (e) Average over all places, zero padding: the boundary is still a hyperplane, but its normal is not
#   constant. With $q = 3$, a dot off the border of a line of $d$ samples is at distance $1/\sqrt{d - 10/9}$,
#   and on a $k \times k$ square with $3 \times 3$ taps at $1/(k - 10/9)$.

# %% [markdown]
# ## Why it is true
#
# 1. The patches of $T_s x$ are those of $x$ at other places. As $s$ runs through all shifts, the patch of $z$
#    at each place meets the patch of $x$ at every place once. That is (a). Further circular convolutions
#    move along with their input, so depth changes nothing.
# 2. The [page on fully connected networks](
#    03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb) showed that $k(z, x) - k(z,
#    -x)$ is a multiple of $\langle z, x\rangle$, the same one for all $z$ and $x$. Patch by patch, $g(z)$ is
#    a multiple of $\sum_B \sum_{p, p' \in B} \langle z_{(p)}, x_{(p')}\rangle$. So $g$ is linear for every
#    readout, $g(z) = \langle z, Mx\rangle / \langle x, Mx\rangle$.
# 3. Flatten: $p = p'$, and each sample lies in $q$ patches, so $Mx = q\,x$. That is (b).
# 4. Blocks: tap $a$ of the filter adds the projection onto blocks that are moved by $a$ samples, times $b$.
#    With one tap $Mx = b\,P_b\,x$, and $\langle x, P_b x\rangle = |P_b x|^2$ gives (c).
# 5. For a dot every tap adds a run of $b$ ones around the dot, which begins $\rho$ samples before it, $0 \le
#    \rho < b$. Then $\langle x, Mx\rangle = q$ and $|Mx|^2 = \sum_{a, a'} (b - |\rho_a - \rho_{a'}|)$. The
#    mean of $|\rho - \rho'|$ over pairs from any list of numbers in $[0, b-1]$ is at most $(b-1)/2$, so
#    $|Mx|^2/q^2$ lies between $(b+1)/2$ and $b$. If $b$ divides $q$ all $\rho$ are equally frequent, and the
#    runs add up to a triangle with $|Mx|^2/q^2 = (2b^2+1)/(3b)$. That is (d).
# 6. Zero padding: tap $a$ sees all samples but the $|a|$ at one end. It adds the sum of those it sees, so the
#    normal is $\sum_a S_a(x)\,\mathbf 1_{W_a}$, with $W_a$ the samples it sees and $S_a(x)$ their sum. For a
#    dot in all $W_a$ it counts the taps: 3 inside and 2 at both ends for $q = 3$, and $9 / (9(d-2) + 2\cdot
#    4) = 1/(d - 10/9)$. On a square the rows and the columns each give this factor. That is (e).

# %% tags=["parameters"]
from fractions import Fraction
from functools import partial

import numpy as np
from shiftmath import dot_on_gray
from shiftmath.interpolant import Interpolant
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.exact import fractions, squared_distance
from shiftmath.pages.figures import BOUND, MEASURED, THEORY

# %%
seed = 0
points = choose(quick=500, full=5000)  # random inputs at which a network is compared with the theory
d = 64  # samples of the signals on a line
largest_block = choose(quick=16, full=40)  # for the bounds in whole numbers
sides = choose(quick=[3, 4, 6, 9, 14, 20], full=[3, 4, 6, 9, 14, 20, 28])  # of squares, zero padding
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


def explicit_kernel(z, x, q, b, padding="circular", pool=np.mean):
    """K from the patches: the mean over blocks of what pool makes of the pairs of places in each."""
    pairs = FullyConnected()(patches(z, q, padding), patches(x, q, padding))
    return np.mean([pool(pairs[i : i + b, i : i + b]) for i in range(0, len(x), b)])


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
# They agree to rounding.
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
# Rounding again. So the network with the average is the flattened network, shared filters and all, forced to
# be shift-invariant. Any difference between the two is due to the invariance alone.
#
# **(b) and (c) The trained network is linear.** A linear function is known from its values at the unit
# signals. These are measured, and then the linear function that they define is compared with the network at
# random inputs, and with the theory.


# %%
def trained_on_pair(x, network):
    """The network after training on x and -x with labels 1 and -1."""
    return Interpolant(network, np.stack([x, -x]), [1, -1])


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
    g = trained_on_pair(x, on_a_line(filter_size=q, readout=b))
    n = slopes(g, 16)
    linear_error.append(nonlinearity(g, n, rng.standard_normal((points, 16))))
    if b == 1:
        flatten_error.append(np.abs(n * (x @ x) - x).max())
    elif q == 1:
        block_error.append(abs(np.linalg.norm(block_means(x, b)) * np.linalg.norm(n) - 1))

# %%
for shape, q in [((4, 4), 3), ((3, 5), (2, 4)), ((6, 6), 5)]:
    x = rng.standard_normal(shape)
    g = trained_on_pair(x, Convolutional(filter_size=q, readout="flatten"))
    n = slopes(g, shape)
    linear_error.append(nonlinearity(g, n, rng.standard_normal((points, *shape))))
    flatten_error.append(np.abs(n * np.sum(x * x) - x).max())
print(f"not linear: {max(linear_error):.0e} of |n| |z|, for every readout")
print(f"flatten: n differs from x / |x|^2 by {max(flatten_error):.0e} / |x|^2")
print(f"blocks and q = 1: the distance differs from |P_b x| by {max(block_error):.0e} of itself")

# %% [markdown]
# Every one of these networks is linear to rounding. With flatten it is the very function that a fully
# connected network learns, whatever the size of the filter. A linear function with $g(x) = 1$ has its
# boundary at distance $1/|n|$ from $x$, and from here on distances are measured that way.
#
# What the network looks for, its normal, is an image. Here it is for a white dot on 12 x 12 pixels, for four
# readouts and two filters, scaled to its largest value.

# %%
white = dot_on_gray((12, 12))[0]
fig, axes = figures.panels(2, 4, height=3.9)
for q, row in zip((1, 5), axes, strict=True):
    for b, ax in zip((1, 3, 6, 12), row, strict=True):
        n = slopes(trained_on_pair(white, Convolutional(filter_size=q, readout=b)), white.shape)
        figures.signal_image(ax, n / n.max(), 1, f"distance {1 / np.linalg.norm(n):.3f}")
    row[0].set_ylabel(f"filter ${q} \\times {q}$")
for ax, name in zip(
    axes[0], ("flatten", r"blocks $3 \times 3$", r"blocks $6 \times 6$", "average"), strict=True
):
    ax.set_title(name)

# %% [markdown]
# Gray is zero, white the largest value. From left to right: with flatten the normal is the dot itself, with
# both filters. Blocks smear it over one block, and the distance is one over the side of the block when the
# filter has one tap. A larger filter sees the dot from several blocks, which overlap to a hill, a little
# better than the flat block. The average over all places is flat with both filters.
#
# **(c) and (d) The distance against the block.** For a dot on a line: one tap, larger filters, and every
# position of the dot relative to the blocks.


# %%
def dot_distance(b, q, place=0):
    """The distance of a dot to the boundary, one convolution of q taps and blocks of b."""
    n = slopes(trained_on_pair(np.eye(d)[place], on_a_line(filter_size=q, readout=b)), d)
    return 1 / np.linalg.norm(n)


blocks = [1, 2, 4, 8, 16, 32, 64]
one_tap = [dot_distance(b, 1) for b in blocks]
every_place = [dot_distance(8, 1, place) for place in range(d)]
full_filter = [dot_distance(b, d) for b in blocks]
others = {b: [dot_distance(b, q, p) for q in (2, 3, 5, 7) for p in sorted({0, 1, b // 2})] for b in blocks}

# %% [markdown]
# Three of the points also by a route that knows nothing of hyperplanes: a local search for the nearest signal
# on the other side.


# %%
def searched_distance(x, network):
    """The distance of x to the nearest crossing of the boundary that a local search finds."""
    return trained_on_pair(x, network).distance(x, closed_form=False, restarts=4, seed=seed).upper


searched_blocks = [1, 8, 64]
searched = [searched_distance(np.eye(d)[0], on_a_line(filter_size=1, readout=b)) for b in searched_blocks]
print("search:", *(f"{s:.9f}" for s in searched))

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

# %%
scatter = np.array([(size, value) for size, values in others.items() for value in values]).T
b = np.geomspace(1, 64, 50)
small = b[b <= 32]
labels = {"xlabel": "places that are averaged, $b$", "ylabel": "distance of a dot to the boundary"}

# %%
fig, ax = figures.panels(height=3.3)
figures.compare(ax, (b, 1 / np.sqrt(b), r"$1/\sqrt{b}$"), (blocks, one_tap, "one tap"))
ax.plot(searched_blocks, searched, "o", color=THEORY, mfc="none", markersize=9, label="one tap, by search")
ax.plot(small, np.sqrt(2 / (small + 1)), "--", color=BOUND, label=r"$\sqrt{2/(b+1)}$")
ax.plot(*scatter, "_", color=MEASURED, markersize=8, label="2, 3, 5, 7 taps")
ax.plot(blocks, full_filter, "x", color=MEASURED, label="64 taps")
ax.set(xscale="log", yscale="log", **labels)
ax.set_xticks(blocks, blocks)
ax.set_yticks([0.125, 0.25, 0.5, 1], ["1/8", "1/4", "1/2", "1"])
ax.minorticks_off()
_ = ax.legend()

# %% [markdown]
# With one tap the distance falls on the line of slope $-1/2$, from 1 for flatten to $1/8 = 1/\sqrt{64}$ for
# the average: every doubling of the block costs a factor $\sqrt 2$. Larger filters lift the points between
# the ends, at most to the dashed bound, a factor $\sqrt 2$ above the line, and never change the slope. At the
# right end, where the block is the whole signal, they change nothing.
#
# The bounds of (d) rest on a sum over pairs of taps. It is a whole number, so it can be checked without any
# rounding, for all filters up to twice the block and all positions of the dot in the block.


# %%
def normal_squared(b, q, place):
    """|Mx|^2 for a dot at this place in its block: the sum over pairs of taps of b - |rho - rho'|."""
    rho = (place - (np.arange(q) - (q - 1) // 2)) % b
    return int(np.sum(b - np.abs(rho[:, None] - rho)))


violations = cases = triangles = 0
for b in range(1, largest_block + 1):
    for q in range(1, 2 * b + 1):
        sums = [normal_squared(b, q, place) for place in range(b)]
        cases += b
        violations += sum(not (b + 1) * q**2 <= 2 * s <= 2 * b * q**2 for s in sums)
        triangles += sum(q % b == 0 and 3 * b * s != (2 * b**2 + 1) * q**2 for s in sums)
print(f"{cases} cases: {violations} outside of the bounds, {triangles} wrong triangles")

# %% [markdown]
# None. On a grid the rows and the columns behave alike: with one tap, blocks of $b_1 \times b_2$ pixels leave
# $1/\sqrt{b_1 b_2}$.

# %%
grid_blocks = [(1, 1), (2, 1), (2, 3), (4, 3), (4, 6), (8, 12)]
on_grid = []
for size in grid_blocks:
    white = dot_on_gray((8, 12))[0]
    g = trained_on_pair(white, Convolutional(filter_size=1, readout=size))
    on_grid.append(1 / np.linalg.norm(slopes(g, white.shape)))
    print(f"blocks {size}: distance {on_grid[-1]:.9f}, one over its square {on_grid[-1] ** -2:.9f}")

# %% [markdown]
# **What blocks buy.** The price is the same as for the invariance under a group of $b$ elements. What is
# bought? A network is trained on a dot and its negative, with one tap, and shown the dot at other places.

# %%
moves = np.arange(-16, 17)
shown = np.array([np.roll(np.eye(d)[28], s) for s in moves])
fig, axes = figures.panels(1, 3, height=2.3, sharey=True)
seen = {}
for ax, b, name in zip(axes, (1, 8, 64), ("flatten", "blocks of 8", "average"), strict=True):
    seen[b] = trained_on_pair(np.eye(d)[28], on_a_line(filter_size=1, readout=b))(shown)
    ax.plot(moves, seen[b], "o", color=MEASURED, markersize=3)
    ax.set(title=name, xlabel="dot moved by $s$", ylim=(-0.1, 1.1))
_ = axes[0].set_ylabel("prediction $g(T_s x)$")

# %% [markdown]
# With flatten the dot is recognised at its own place only, with the average everywhere. With blocks it is
# recognised as long as it stays in its block, which here ends four samples to the left and three to the
# right. So a block does not make the network invariant to small shifts: across the border of a block one step
# is enough. It makes it invariant to every rearrangement inside the blocks. For random inputs:

# %%
Z = rng.standard_normal((points, 16))
g = trained_on_pair(rng.standard_normal(16), on_a_line(filter_size=1, readout=4))
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
    g = trained_on_pair(x, on_a_line(filter_size=q, padding="zero"))
    n = slopes(g, 12)
    zero_linear.append(nonlinearity(g, n, rng.standard_normal((points, 12))))
    zero_error.append(np.abs(n - zero_padded_normal(x, q)).max() / np.abs(n).max())
print(f"not linear: {max(zero_linear):.0e}; normal off by {max(zero_error):.0e}")

# %%
on_line, on_square, zero_normals = [], [], {}
for k in sides:
    dot, white = dot_on_gray(k)[0], dot_on_gray((k, k))[0]
    line = slopes(trained_on_pair(dot, on_a_line(padding="zero")), k)
    zero_normals[k] = slopes(trained_on_pair(white, Convolutional(padding="zero")), (k, k))
    on_line.append(1 / np.linalg.norm(line))
    on_square.append(1 / np.linalg.norm(zero_normals[k]))
    print(f"{k:3} samples: {on_line[-1]:.6f};  {k:3} x {k} pixels: {on_square[-1]:.6f}")

# %%
fig, (left, middle, right) = figures.panels(1, 3, height=2.5, width_ratios=[1, 1, 1.9])
circular = slopes(trained_on_pair(dot_on_gray((9, 9))[0], Convolutional()), (9, 9))
for ax, n, name in ((left, circular, "circular padding"), (middle, zero_normals[9], "zero padding")):
    figures.signal_image(ax, n / n.max(), 1, name)
areas, excess = np.square(sides), np.array(on_square) * sides - 1
k = np.geomspace(3, max(sides), 50)
theory = (k**2, k / (k - 10 / 9) - 1, r"$\frac{k}{k - 10/9} - 1$")
figures.compare(right, theory, (areas, excess, "measured"))
right.set(xlabel="number of pixels $d = k^2$", ylabel=r"distance $\cdot\sqrt{d} - 1$")
right.set(xscale="log", yscale="log")
right.set_yticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
right.set_yticks([], minor=True)
_ = right.legend()

# %% [markdown]
# Left and middle, the normals for a dot on 9 x 9 pixels, white the largest value. With zeros around the image
# the border counts less, because fewer taps see it. Right, by how much the dot is further from the boundary
# than $1/\sqrt d$: as if the side of the image were $10/9$ of a pixel shorter. The advantage melts away as
# images grow: zero padding does not rescue the margin.

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
average_slopes = slopes(trained_on_pair(x, on_a_line()), 16)
average_error = np.abs(average_slopes * (x @ x) - x).max()
average_distance = 1 / np.linalg.norm(average_slopes) / np.linalg.norm(x)
print(f"slopes between {average_slopes.min():.6f} and {average_slopes.max():.6f}")
print(f"distance: {average_distance:.4f} of |x|")

# %% [markdown]
# **Two convolutions and flatten.** After the first layer the network works on curved functions of the
# patches, and a second filter mixes them. For a random signal the network is then no longer linear, its
# boundary no hyperplane, and the distance a little less than $|x|$.


# %%
def relative_misfit(g, Z):
    """How much of g at the rows Z its best linear fit leaves over, in root mean square."""
    values = g(Z)
    fit = Z @ np.linalg.lstsq(Z, values, rcond=None)[0]
    return np.sqrt(np.mean((values - fit) ** 2) / np.mean(values**2))


two_layers = on_a_line(depth=2, readout="flatten")
x, Z = rng.standard_normal(8), rng.standard_normal((4000, 8))
g = trained_on_pair(x, two_layers)
two_misfit, wrong_side = relative_misfit(g, Z), np.mean((g(Z) >= 0) != (Z @ x >= 0))
two_distance = searched_distance(x, two_layers) / np.linalg.norm(x)
print(f"not linear: {two_misfit:.1%}, not on the side of the hyperplane: {wrong_side:.2%} of inputs")
print(f"distance found: {two_distance:.5f} of |x|")

# %% [markdown]
# A dot is an exception. All its patches hold one sample or none, so every cosine of a patch of $z$ with a
# patch of the dot has the sign of $z_m$, the sample at the dot. Each layer's kernel is a power series with
# coefficients $\ge 0$ in these cosines, so $g$ has the sign of $z_m$ too. The function is curved, but the
# boundary is the hyperplane $z_m = 0$ and the distance 1, with any number of convolutions.

# %%
dot_signs, dot_on_plane, dot_misfit = 0, [], []
for depth in (2, 3, 4):
    g = trained_on_pair(np.eye(8)[3], on_a_line(depth=depth, readout="flatten"))
    dot_signs += np.sum((g(Z) >= 0) != (Z[:, 3] >= 0))
    dot_on_plane.append(np.abs(g(Z * (np.arange(8) != 3))).max())
    dot_misfit.append(relative_misfit(g, Z))
two_dot = searched_distance(np.eye(8)[3], two_layers)
print(f"wrong signs: {dot_signs} of {3 * len(Z)};  largest |g| on z_m = 0: {max(dot_on_plane):.0e}")
print(f"not linear: {min(dot_misfit):.1%} at least;  distance found with two convolutions: {two_dot:.9f}")

# %% [markdown]
# So weight sharing stays nearly harmless in deeper networks, for dots harmless.
#
# **A larger filter and blocks.** With three taps the patches at the edge of a block see samples of the next
# block, and a network with blocks is no longer invariant to rearrangements within them.

# %%
Z = rng.standard_normal((points, 16))
g = trained_on_pair(rng.standard_normal(16), on_a_line(filter_size=3, readout=4))
turned = np.roll(Z.reshape(points, 4, 4), 1, axis=2).reshape(points, 16)
three_taps_moved = np.abs(g(turned) - g(Z)).max() / np.abs(g(Z)).max()
print(f"blocks turned by one place: the prediction changes by {three_taps_moved:.2f} of the largest")

# %% [markdown]
# **Two samples that are not opposite.** Then not even flatten with one convolution is linear.

# %%
a, b = np.linalg.qr(rng.standard_normal((16, 2)))[0].T
close = Interpolant(on_a_line(readout="flatten"), np.stack([a, a / 2 + np.sqrt(3) / 2 * b]), [1, -1])
close_misfit = relative_misfit(close, rng.standard_normal((4000, 16)))
print(f"samples 60 degrees apart: {close_misfit:.1%} of the function is not linear")

# %% [markdown]
# **The sum instead of the mean** changes nothing. It multiplies the kernel by the square of the block, which
# training undoes. From the explicit patches, with blocks of 3:

# %%
x, Z = rng.standard_normal(9), rng.standard_normal((50, 9))
pooled = {}
for pool in (np.mean, np.sum):
    k = np.array([[explicit_kernel(z, y, 3, 3, pool=pool) for y in (x, -x)] for z in (x, -x, *Z)])
    pooled[pool] = k[2:] @ np.linalg.solve(k[:2], [1, -1])
sum_error = np.abs(pooled[np.sum] - pooled[np.mean]).max() / np.abs(pooled[np.mean]).max()
print(f"sum against mean: predictions differ by {sum_error:.0e}")

# %% [markdown]
# ## Try it
#
# - Where must a dot sit in its block, and how many taps must the filter have, to reach the upper bound
#   $\sqrt{2/(b+1)}$? (Two taps are enough.)
# - Your own signal in the place of `x`: which block size halves its distance to the boundary?
# - Two convolutions with blocks, `on_a_line(depth=2, readout=8)`: does the dot keep $1/\sqrt 8$?

# %%
for q in (1, 2, 3, 4, 8, 16):
    row = [dot_distance(8, q, place) for place in range(8)]
    print(f"{q:2} taps, blocks of 8, dot at place 0 to 7:", *(f"{value:.3f}" for value in row))

# %% [markdown]
# ## Claims checked
#
# Tolerances are multiples of eps, the spacing of float64 at 1, times the size of what is compared; the search
# stops within 1e-9.

# %%
sizes = np.array(blocks[:-1])
triangle = np.sqrt(3 * sizes / (2 * sizes**2 + 1))
lowest, highest = np.array([(min(others[b]), max(others[b])) for b in blocks]).T
ledger = Ledger("Pooling, not weight sharing, costs the margin")
ledger.equal("the kernel is the sum over pairs of patches in a block", route_error, 0, 256 * eps)
ledger.equal(
    "(a) the average is the mean of flatten over all shifts, 1 to 3 layers", shift_error, 0, 64 * eps
)
ledger.equal("(b, c) the trained network is linear, for every readout", linear_error, 0, 256 * eps)
ledger.equal("(b) flatten: its normal is x / |x|^2, any filter, line and grid", flatten_error, 0, 256 * eps)

# %%
ledger.equal("(c) blocks, one tap: the distance is |P_b x|", block_error, 0, 256 * eps)
ledger.equal("(c) a dot is at distance 1 / sqrt b", one_tap, 1 / np.sqrt(blocks), 64 * eps)
ledger.equal("(c) so in fractions: theorem dot_in_block", wrong_squares, 0, 0, evidence="proved by machine")
ledger.equal("(c) wherever it is", every_place, 1 / np.sqrt(8), 64 * eps)
ledger.equal("(c) and so by search", searched, 1 / np.sqrt(searched_blocks), 1e-9)
ledger.slope("(c) the distance falls like b to the power -1/2", blocks, one_tap, -0.5, 1e-9)
ledger.equal(
    "(c) blocks on a grid: one over the root of their area",
    on_grid,
    1 / np.sqrt(np.prod(grid_blocks, axis=1)),
    64 * eps,
)

# %%
ledger.equal("(d) b divides q: the distance is sqrt(3b / (2b^2 + 1))", full_filter[:-1], triangle, 64 * eps)
ledger.at_least("(d) no filter comes below 1 / sqrt b", lowest[:-1], 1 / np.sqrt(sizes), 64 * eps)
ledger.at_most("(d) none above sqrt(2 / (b + 1))", highest[:-1], np.sqrt(2 / (sizes + 1)), 64 * eps)
ledger.equal("(d) and two taps reach it", highest[:-1], np.sqrt(2 / (sizes + 1)), 64 * eps)
ledger.equal("(d) the bounds hold in whole numbers", violations, 0, 0)
ledger.equal("(d) the triangle holds in whole numbers", triangles, 0, 0)
ledger.equal(
    "(d) block = signal: 1 / sqrt d with every filter", [*others[d], full_filter[-1]], 1 / 8, 64 * eps
)

# %%
inside = (moves >= -4) & (moves <= 3)
ledger.equal("blocks: a dot is recognised inside its block only", seen[8], inside, 64 * eps)
ledger.equal("blocks, one tap: rearranging inside them changes nothing", rearranged, 0, 256 * eps)
ledger.equal("(e) zero padding: the network is linear", zero_linear, 0, 256 * eps)
ledger.equal("(e) its normal is the sum over taps", zero_error, 0, 256 * eps)
law = 1 / (np.array(sides) - 10 / 9)
ledger.equal("(e) a dot on a line is at 1 / sqrt(d - 10/9)", on_line, np.sqrt(law), 64 * eps)
ledger.equal("(e) on a square at 1 / (k - 10/9)", on_square, law, 64 * eps)
ledger.equal("two convolutions, flatten: a dot's boundary is z_m = 0, signs", dot_signs, 0, 0)
ledger.equal("two to four convolutions, flatten: g = 0 on z_m = 0", dot_on_plane, 0, 256 * eps)
ledger.equal("two convolutions, flatten: a dot is at distance 1", two_dot, 1, 1e-9)
ledger.equal("the sum instead of the mean: same predictions", sum_error, 0, 1e-12)

# %% [markdown]
# And the controls, which must fail.

# %%
ledger.fails("zero padding: the average is the mean over shifts", padded_difference, 0, 1e-3)
ledger.fails("the average: the normal is x / |x|^2", average_error, 0, 1e-3)
ledger.fails("the average: the distance is |x|", average_distance, 1, 1e-2)
ledger.fails("zero padding: the normal is constant", np.ptp(zero_normals[9]) / zero_normals[9].max(), 0, 1e-2)
ledger.fails("zero padding: a dot is at exactly 1 / sqrt d", on_square, 1 / np.array(sides), 1e-3)
ledger.fails("two convolutions, flatten: linear for a random signal", two_misfit, 0, 1e-3)
ledger.fails("two convolutions, flatten: the boundary is <z, x> = 0", wrong_side, 0, 0)
ledger.fails("two convolutions, flatten: the distance is |x|", two_distance, 1, 1e-5)
ledger.fails("two convolutions, flatten: linear for a dot", min(dot_misfit), 0, 1e-3)

# %%
ledger.fails("blocks: invariant to a shift by one sample", moved[0], 0, 1e-3)
ledger.fails("blocks: invariant to a shift by a whole block", moved[3], 0, 1e-3)
ledger.fails("blocks, three taps: invariant to rearranging inside them", three_taps_moved, 0, 1e-3)
ledger.fails("a pair 60 degrees apart, flatten: linear", close_misfit, 0, 1e-3)
ledger.close()

# %% [markdown]
# # Every group pays the square root of its orbit
#
# *Previous: [Depth raises the constant, not the rate](07_depth_raises_the_constant_not_the_rate.ipynb) ·
# Next: [Invariance hurts on vectors and helps on
# frequencies](09_invariance_hurts_on_vectors_and_helps_on_frequencies.ipynb) · Needs: pages
# [01](01_a_shift_invariant_margin_is_a_dc_gap.ipynb) and
# [03](03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb), for depth page 07; the
# paper's Theorems 1 and 2: [arXiv 2103.02695](https://arxiv.org/abs/2103.02695)*
#
# Shifts are not special. A classifier may have to ignore mirror images, quarter turns, or shifts along one
# axis only. For every finite group of such moves the price is the same: a single dot that the group can
# move to $n$ places is $\sqrt n$ times easier to erase, for a linear classifier and for an infinitely wide
# network with one hidden layer. Deeper networks pay a constant less, the one of page 07, and the same rate.
# Where the group moves nothing, invariance is free. This extends both theorems of Singla, Ge, Basri and
# Jacobs (NeurIPS 2021) from shifts to groups. Runs in about a minute (profile quick) or three (full),
# within 0.6 GB.

# %% [markdown]
# ## Statement
#
# A finite group $G$ of orthogonal maps acts on signals: moves of the samples to other places, as shifts and
# mirrors are, but also changes of signs or rotations. The **orbit** of $x$ is the set of all $Tx$, $T \in
# G$. $P$ is the mean over the group,
#
# $$
# Px = \frac{1}{|G|}\sum_{T \in G} Tx.
# $$
#
# For moves it replaces each sample by the mean over all places to which the group can bring it.
#
# - (a) $P$ is the orthogonal projection onto the signals that the group leaves as they are. For a dot
#   that a group of moves can bring to $n$ places, $|Px| = 1/\sqrt n$.
# - (b) Linear classifiers: the distance between the hulls of the orbits of two classes is the distance
#   between the hulls of their projections. For a white and a black dot it is $2/\sqrt n$.
# - (c) An infinitely wide network is made invariant by averaging: $k_G(z, x)$ is the mean of $k(z, Tx)$
#   over the group, $k$ the tangent kernel of a fully connected network with one hidden ReLU layer.
#   Trained on $x$ and $-x$ with labels $1$ and $-1$, where $Px \ne 0$, it becomes $g(z) = \langle z,
#   Px\rangle / |Px|^2$, and $x$ is at distance $|Px|$ from the boundary: for a dot, $1/\sqrt n$. If $Px =
#   0$ it cannot tell $x$ from $-x$.
# - (d) If the orbit of $x$ has at most two elements and $Px \ne 0$, the boundary is that same hyperplane
#   for every depth and with biases.
# - (e) Depth: with $L$ hidden layers in the place of one, a dot with an orbit of $n$ dots is at the
#   distance that [page 07](07_depth_raises_the_constant_not_the_rate.ipynb) finds for $n$ pixels: the
#   root $s$ of $(n
#   - 1)\,h_L(s/\sqrt{n-1}) = h_L(\sqrt{1-s^2})$, about $c_L/\sqrt n$. This holds for two and three layers
#   at every $n$, and for more layers from some $n$ on.
# - (f) One circular convolution with global average pooling obeys (c), with the shifts as its group.
#
# The tangent kernel of a wide network is the inner product of its gradients with respect to the weights,
# and training on the squared loss leads to the **minimum-norm interpolant** of the labels in it ([page
# 02](02_a_wide_network_is_its_kernel.ipynb)). That is what "trained" means here.

# %% [markdown]
# ## Why it is true
#
# 1. A map followed by all maps of the group is again all maps, each once. So $TPx = Px$, and the mean of
#    what is already fixed is itself: $P^2 = P$. The transpose of each $T$ is its inverse, which is also in
#    $G$: $P^\top = P$. The mean of $n$ dots has the squared length $n \cdot 1/n^2 = 1/n$. That is (a).
# 2. $Px$ lies in the hull of the orbit of $x$, so the hulls of the orbits are at most as far apart as those
#    of the projections. Projecting lengthens no distance and maps the one pair of hulls onto the other, so
#    they are at least as far apart. That is (b).
# 3. The [page on fully connected networks](
#    03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb) showed that $k(z, x) - k(z,
#    -x)$ is a multiple of $\langle z, x\rangle$. The mean over the group makes it the same multiple of
#    $\langle z, Px\rangle$. With $\langle x, Px\rangle = |Px|^2$ that is (c).
# 4. For a deeper network $k(z, x) - k(z, -x) = 2h(u)$ with $|z|$ and $|x|$ fixed. The kernel is a power
#    series in the cosine $u$ with coefficients $\ge 0$, so $h$ is odd and grows. Over an orbit of two,
#    $h(u) + h(u') = 0$ exactly when $u = -u'$, that is, when $\langle z, x + Tx\rangle = 0$. That is (d).
#    With three terms the argument fails, and so does the result.
# 5. For a dot the cosines with the images of $x$ are the $n$ entries of $z$ at the places $O$ of the orbit,
#    and the boundary is $\sum_{i \in O} h_L(z_i/|z|) = 0$. Entries elsewhere only take length from these.
#    So on the unit sphere, with $z = \sqrt{1-s^2}$ at the dot, the entries $-y_i$ of the others have
#    $\sum y_i^2 \le s^2$, and steps 4 and 5 of page 07 apply with $n$ for $d$. Two places are step 4
#    above, and a single one has the boundary $z_1 = 0$ at distance 1. That is (e).
# 6. The kernel of a convolution with pooling is a sum over patches, and the shifts of $x$ bring each
#    patch to each place: the [page on pooling](06_pooling_not_weight_sharing_costs_the_margin.ipynb).
#    That is (f).

# %%
from fractions import Fraction

import numpy as np
from scipy.optimize import brentq
from shiftmath import dot_on_gray, invariant_margin, max_margin
from shiftmath.groups import circular_shifts, flips, quarter_turns

# %%
from shiftmath.interpolant import (
    Indistinguishable,
    Interpolant,
    certified_radius,
    linear_misfit,
    opposite_pair,
)
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.kernels.dual import kappa0, kappa1
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.exact import fractions, squared_gap
from shiftmath.pages.figures import BOUND, MEASURED, THEORY

# %% tags=["parameters"]
seed = 0
points = choose(quick=200, full=2000)  # random inputs at which a network is compared with the theory
sides = choose(quick=[4, 5], full=[3, 4, 5, 6, 8])  # of square images
deep_sides = choose(quick=[3], full=[3, 4, 5, 6])  # the same, for two and three layers
eps = np.finfo(float).eps
rng = np.random.default_rng(seed)
print(provenance("synthetic images from the seed below"))

# %% [markdown]
# ## In numbers
#
# **The groups.** From two elements to all shifts with all turns and mirror images. For each one, its number
# of elements on 6 x 6 pixels, and the sizes of the orbits of a single pixel.

# %%
turns = quarter_turns() * flips(axes=0)
groups = {
    "mirror": flips(axes=1),
    "both mirrors": flips(),
    "quarter turns": quarter_turns(),
    "turns and mirrors": turns,
    "row shifts": circular_shifts(axes=1),
    "shifts by 2": circular_shifts(stride=2),
    "all shifts": circular_shifts(),
    "shifts, turns, mirrors": circular_shifts() * turns,
}

# %%
for name, group in groups.items():
    sizes = np.unique(np.bincount(group.sample_orbits((6, 6)).ravel()))
    print(f"{name:23} {group.order((6, 6)):3} elements, pixel orbits of {sizes}")

# %% [markdown]
# Turns and mirrors together have eight elements, yet some pixels, those on a diagonal, have only four
# images. It is the orbit that will count, not the group. The package builds its groups from generators.
# Here are all images of one picture once more, spelt out in NumPy, and the two lists compared.


# %%
def rolls(z, axes, stride=1):
    """All circular shifts along the axes by multiples of the stride, each once."""
    steps = [sorted({stride * s % z.shape[a] for s in range(z.shape[a])}) for a in axes]
    grids = np.meshgrid(*steps, indexing="ij")
    return [np.roll(z, s, axes) for s in zip(*(g.ravel() for g in grids), strict=True)]


def turned(z):
    """The four quarter turns of a picture."""
    return [np.rot90(z, r) for r in range(4)]


# %%
images = {
    "mirror": lambda z: [z, np.flip(z, 1)],
    "both mirrors": lambda z: [z, np.flip(z, 0), np.flip(z, 1), np.flip(z)],
    "quarter turns": turned,
    "turns and mirrors": lambda z: turned(z) + turned(np.flip(z, 0)),
    "row shifts": lambda z: rolls(z, (1,)),
    "shifts by 2": lambda z: rolls(z, (0, 1), 2),
    "all shifts": lambda z: rolls(z, (0, 1)),
}
images["shifts, turns, mirrors"] = lambda z: [
    s for t in images["turns and mirrors"](z) for s in rolls(t, (0, 1))
]

# %%
wrong_orbits = []
for k in (3, 4, 6):
    for name, group in groups.items():
        x = rng.standard_normal((k, k))
        spelt, generated = (np.reshape(list(y), (-1, k * k)) for y in (images[name](x), group.orbit(x)))
        wrong_orbits.append(not np.array_equal(np.unique(spelt, axis=0), np.unique(generated, axis=0)))
print(f"lists that differ: {sum(wrong_orbits)} of {len(wrong_orbits)}")

# %% [markdown]
# None differ.
#
# **(a) The mean is a projection.** In whole numbers, so without any rounding: the matrix of
# $P$ is the sum of all permutation matrices of the group divided by their number.


# %%
def summed_moves(group, shape):
    """|G| P as a matrix of whole numbers: the sum of all permutation matrices of the group."""
    elements = group.elements(shape)
    total = np.zeros((elements.shape[1],) * 2, int)
    for permutation in elements:
        total[np.arange(len(total)), permutation] += 1
    return total, len(elements)


# %%
not_projections, wrong_lengths = [], []
for k in (3, 4):
    for name, group in groups.items():
        S, order = summed_moves(group, (k, k))
        not_projections.append(not (np.array_equal(S @ S, order * S) and np.array_equal(S, S.T)))
        for m, dot in enumerate(np.eye(k * k).reshape(-1, k, k)):
            n = len(np.unique(images[name](dot), axis=0))
            wrong_lengths.append(n * (S[:, m] @ S[:, m]) != order**2)
print(f"groups whose P is no projection: {sum(not_projections)} of {len(not_projections)}")
print(f"dots with |Px|^2 other than 1/n: {sum(wrong_lengths)} of {len(wrong_lengths)}")

# %% [markdown]
# None. Here are the normals $Px/|Px|$ that the groups leave for one white dot on 6 x 6 pixels, in
# the second row and third column.

# %%
white = np.zeros((6, 6))
white[1, 2] = 1
fig, axes = figures.panels(2, 4, height=3.8)
for ax, (name, group) in zip(axes.flat, groups.items(), strict=True):
    mean = group.orbit_mean(white)
    figures.signal_image(ax, mean / mean.max(), 1, f"{name}\n$n = {np.count_nonzero(mean)}$")
    ax.plot(2, 1, "o", color=MEASURED, markersize=4)

# %% [markdown]
# Eight pictures, one for each group; the blue point marks the dot itself, in the second row and third
# column. Each picture is the whole of what an invariant classifier can look for: the $n$ images of the
# dot together, white, on gray. The more of them, the less each one counts.
#
# **(b) Linear classifiers.** For random classes of three images each, the gap between the orbits, which are
# listed in full and separated as plain points, against the gap of the projections.


# %%
def two_classes(k):
    """Three random images a class, far enough apart for every group."""
    positives, negatives = rng.standard_normal((2, 3, k, k))
    return positives + 1, negatives - 1


# %%
explicit_gaps, projected_gaps, package_gaps = [], [], []
for k in (4, 5):
    for name, group in groups.items():
        classes = two_classes(k)
        explicit_gaps.append(max_margin(*(np.concatenate([images[name](x) for x in c]) for c in classes)).gap)
        projections = ([np.mean(images[name](x), axis=0) for x in c] for c in classes)
        projected_gaps.append(max_margin(*projections).gap)
        package_gaps.append(invariant_margin(*classes, group).gap)
difference = np.abs(np.subtract(explicit_gaps, projected_gaps)).max()
print(f"{len(explicit_gaps)} problems, gaps from {min(explicit_gaps):.2f} to {max(explicit_gaps):.2f}")
print(f"largest difference between orbits and projections: {difference:.0e}")

# %% [markdown]
# The same gap to rounding. For a white and a black dot, at every pixel of the image, with the size of its
# orbit counted from the list of its images:

# %%
dot_orbits, dot_gaps = [], []
for name in groups:
    for dot in np.eye(25).reshape(25, 5, 5):
        orbit = np.unique(images[name](dot), axis=0)
        dot_orbits.append(len(orbit))
        dot_gaps.append(max_margin(orbit, -orbit).gap)
print("orbit sizes met:", np.unique(dot_orbits))
print("largest |gap - 2 / sqrt n|:", f"{np.abs(dot_gaps - 2 / np.sqrt(dot_orbits)).max():.0e}")

# %% [markdown]
# **Checked by machine.** That the gap is that of the projections, for any finite group of permutations, and
# $2/\sqrt n$ for dots, is proved in Coq as well (`group_gap` in `proofs/groups.v`, `orbit_dots` in
# `proofs/dots.v`; `make prove`). The dots once more, in fractions: is each set of moves closed under
# products, as the theorem asks, and the squared gap $4/n$? And for any $m$ of the shifts, a group or not,
# $4/m$ (`augmented_dots`)?


# %%
def dots_squared_gap(dots):
    """The squared gap of some white dots and the black dots at the same places."""
    return squared_gap(fractions(dots), fractions(-dots), *[range(len(dots))] * 2)


# %%
not_groups = wrong_squares = 0
for group in groups.values():
    moves = {tuple(g) for g in group.elements((4, 4)).tolist()}
    not_groups += not all(tuple(g[i] for i in h) in moves for g in moves for h in moves)
    for dot in np.eye(16, dtype=int).reshape(16, 4, 4):
        copies = np.unique(group.orbit(dot), axis=0)
        wrong_squares += dots_squared_gap(copies) != Fraction(4, len(copies))
wrong_copies = sum(dots_squared_gap(np.eye(8, dtype=int)[:m]) != Fraction(4, m) for m in range(1, 9))
print(f"no groups: {not_groups}; dots with another squared gap: {wrong_squares}, copies: {wrong_copies}")

# %% [markdown]
# All turns and mirrors leave the middle pixel of an image of odd side in its place. Its orbit has one
# element, and it pays nothing.
#
# **(c) Infinitely wide networks.** The averaged kernel of the package is first compared with the mean over
# the images that NumPy lists. Then the network is trained on a random $x$ and $-x$, and compared with
# $\langle z, Px\rangle/|Px|^2$ at random inputs. Where $|Px|$ is much smaller than $|x|$ the kernel
# values of $x$ and $-x$ nearly cancel, and rounding grows by $|x|^2/|Px|^2$; errors are given in that unit.


# %%
def averaged(group, **options):
    """The fully connected network averaged over a group."""
    return GroupAverage(FullyConnected(**options), group)


# %%
list_error = []
x, Z = rng.standard_normal((5, 5)), rng.standard_normal((20, 5, 5))
for name, group in groups.items():
    by_list = FullyConnected()(Z, np.stack(images[name](x))).mean(axis=1)
    scale = np.sqrt(FullyConnected().diag(Z) * FullyConnected().diag(x[None]))
    list_error.append(np.abs((averaged(group)(Z, x[None])[:, 0] - by_list) / scale).max())
print(f"averaged kernel against the mean over a list: {max(list_error):.0e}")


# %%
def misfits(g, x, Px, Z):
    """The largest |g(z) - <z, Px> / |Px|^2|, in units of |z| |x|^2 / |Px|^3."""
    theory = np.tensordot(Z, Px, 2) / np.sum(Px * Px)
    units = np.linalg.norm(Z, axis=(1, 2)) * np.sum(x * x) / np.linalg.norm(Px) ** 3
    return np.abs((g(Z) - theory) / units).max()


# %%
linear_error, moved_error = [], []
for k in sides:
    for name, group in groups.items():
        x, Z = rng.standard_normal((k, k)), rng.standard_normal((points, k, k))
        g, Px = opposite_pair(averaged(group), x), np.mean(images[name](x), axis=0)
        linear_error.append(misfits(g, x, Px, Z))
        moved = np.abs(g(np.stack(images[name](Z[0]))) - g(Z[0])).max()
        moved_error.append(moved / np.linalg.norm(Z[0]) / np.sum(x * x) * np.linalg.norm(Px) ** 3)
print(f"{len(linear_error)} networks: off by {max(linear_error):.0e} from <z, Px> / |Px|^2")
print(f"moved inputs: predictions change by {max(moved_error):.0e}")

# %% [markdown]
# All are linear, with the normal $Px$, and invariant. The same for groups that are no moves of pixels. Of
# the kernel only $k(Tz, Tx) = k(z, x)$ is used, which holds for every orthogonal map. Three groups of
# matrices on
# 3 x 3 images: the sign of the first row turned, a rotation by 120° in the plane of two pixels, and both
# together.


# %%
def mean_over(matrices):
    """The kernel k_G of a list of orthogonal matrices that act on the pixels."""

    def kernel(X, Z=None):
        Z = X if Z is None else Z
        moved = [(Z.reshape(len(Z), -1) @ T.T).reshape(Z.shape) for T in matrices]
        return np.mean([FullyConnected()(X, M) for M in moved], axis=0)

    return kernel


# %%
angle = 2 * np.pi / 3
rotation, signs = np.eye(9), np.diag([-1.0, -1, -1, 1, 1, 1, 1, 1, 1])
rotation[np.ix_([4, 8], [4, 8])] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
powers = [np.linalg.matrix_power(rotation, r) for r in range(3)]
orthogonal = {"signs": [np.eye(9), signs], "rotations": powers}
orthogonal["both"] = [S @ R for S in orthogonal["signs"] for R in powers]

# %%
orthogonal_error, orthogonal_gaps, orthogonal_law = [], [], []
x, Z = rng.standard_normal((3, 3)), rng.standard_normal((points, 3, 3))
for name, matrices in orthogonal.items():
    P = np.mean(matrices, axis=0)
    g, Px = Interpolant(mean_over(matrices), np.stack([x, -x]), [1, -1]), (P @ x.ravel()).reshape(3, 3)
    orthogonal_error.append(misfits(g, x, Px, Z))
    orbit = np.stack([T @ x.ravel() for T in matrices])
    orthogonal_gaps.append(max_margin(orbit, -orbit).gap)
    orthogonal_law.append(2 * np.linalg.norm(Px))
    print(
        f"{name:9} {len(matrices)} maps: off by {orthogonal_error[-1]:.0e},",
        f"gap {orthogonal_gaps[-1]:.6f}, 2|Px| {orthogonal_law[-1]:.6f}",
    )

# %% [markdown]
# Both laws hold again. For dots under moves: the distance from the network's values at the unit images, for
# every group and a few positions, and the radius that the package certifies, in which the network keeps its
# sign.


# %%
def dot_distance(group, k, place):
    """The distance of a dot at a pixel to the boundary of the averaged network, and its certified part."""
    g = opposite_pair(averaged(group), np.eye(k * k)[place].reshape(k, k))
    n = g(np.eye(k * k).reshape(-1, k, k))
    return n[place] / np.linalg.norm(n), certified_radius(g.kernel, g.X, g.coefficients, g.X[0])


# %%
measured = {name: [] for name in groups}  # rows of orbit size, distance, certified
for name, group in groups.items():
    for k in sides:
        for place in sorted({0, 1, k + 2, k * k // 2, (k // 2) * k + k // 2}):
            orbit = np.unique(images[name](np.eye(k * k)[place].reshape(k, k)), axis=0)
            measured[name].append((len(orbit), *dot_distance(group, k, place)))
orbit_sizes, distances, radii = np.concatenate([np.array(rows) for rows in measured.values()]).T
shares = np.round(radii * np.sqrt(orbit_sizes), 3)
print(f"{len(distances)} dots, orbits of {orbit_sizes.min():.0f} to {orbit_sizes.max():.0f}")
print(f"certified: {shares.min()} to {shares.max()} of the distance")

# %%
settings = {"xscale": "log", "xlabel": "distance of a dot to the boundary", "xlim": (0.09, 1.15)}
settings |= {"yticks": range(len(measured)), "yticklabels": measured, "ylim": (len(measured) - 0.5, -0.7)}
offset = {"textcoords": "offset points", "xytext": (0, 9), "ha": "center", "fontsize": 8}

# %%
fig, ax = figures.panels(height=3.4)
for row, rows in enumerate(measured.values()):
    sizes = sorted({int(n) for n, _, _ in rows})
    ax.plot(1 / np.sqrt(sizes), [row] * len(sizes), "|", color=THEORY, markersize=13, zorder=1)
    ax.plot([distance for _, distance, _ in rows], [row] * len(rows), "o", color=MEASURED, markersize=4)
    for n in sizes:
        ax.annotate(n, (1 / np.sqrt(n), row), **offset)
ax.plot([], [], "|", color=THEORY, markersize=13, label=r"$1/\sqrt{n}$, with $n$ above")
ax.plot([], [], "o", color=MEASURED, markersize=4, label="networks")
ax.set(**settings)
ax.set_xticks([0.125, 0.25, 0.5, 1], ["1/8", "1/4", "1/2", "1"])
ax.minorticks_off()
_ = ax.legend(loc="lower right")

# %% [markdown]
# One row for each group: the distances of dots at several pixels of images of several sizes, and the marks
# $1/\sqrt n$ for their orbits, with $n$ written above. All networks lie on the marks, and of each
# distance at least 95 percent are certified. Which group it is does not matter, only how many places the
# dot can be brought to. One group can appear at several marks, when some pixels have smaller orbits than
# others; at the right end are the fixed pixels, which pay nothing.
#
# **If nothing is left.** An image that turns into its own negative under some element of the group, such as
# one that is odd under the mirror, has $Px = 0$. The network then sees the same thing in $x$ and $-x$, and
# the package refuses to train.

# %%
odd_image = rng.standard_normal((5, 5))
odd_image -= odd_image[:, ::-1]
blind, refused = [], []
for name in ("mirror", "both mirrors", "turns and mirrors", "row shifts"):
    k = averaged(groups[name])
    Z = rng.standard_normal((points, 5, 5))
    blind.append(np.max(np.abs(k(Z, odd_image[None]) - k(Z, -odd_image[None])) / k.diag(Z)[:, None]))
    try:
        opposite_pair(k, odd_image)
    except Indistinguishable as error:
        refused.append(name)
        length = np.linalg.norm(groups[name].orbit_mean(odd_image))
        print(f"{name:18} |Px| = {length:.0e}: refused, pairs {error.pairs}")

# %% [markdown]
# All four are refused: $k_G(z, x) = k_G(z, -x)$ at every $z$. The mirrors turn this $x$ into $-x$, so no
# invariant classifier of any kind could tell them apart. Row shifts do not: there it is the shallow network
# that is blind, and a deeper one is not.

# %%
k = averaged(groups["row shifts"], depth=2)
two_see = np.max(np.abs(k(Z, odd_image[None]) - k(Z, -odd_image[None])) / k.diag(Z)[:, None])
print(f"k(z, x) and k(z, -x), row shifts: differ by {blind[-1]:.0e} (one layer), {two_see:.3f} (two layers)")

# %% [markdown]
# **(d) Two elements.** With a group of two, depth and biases make the network's function curved, but its
# boundary stays the hyperplane. On that plane the function is zero, and off it has the sign of $\langle z,
# Px\rangle$. The fourth line is a group of four, with an image that one of its mirrors leaves as it is.


# %%
def on_and_off_plane(x, group, **options):
    """The largest |g| |Px|^2 / |x| |z| on <z, Px> = 0, wrong signs off it, and the misfit from linear."""
    g, Px, Z = (
        opposite_pair(averaged(group, **options), x),
        group.orbit_mean(x),
        rng.standard_normal((2000, *x.shape)),
    )
    along = np.tensordot(Z, Px, 2) / np.sum(Px * Px)
    on_plane = Z - along[:, None, None] * Px
    units = np.linalg.norm(on_plane, axis=(1, 2)) * np.linalg.norm(x) / np.sum(Px * Px)
    return np.abs(g(on_plane) / units).max(), np.sum((g(Z) >= 0) != (along >= 0)), linear_misfit(g, Z)


# %%
x = rng.standard_normal((5, 5))
cases = {
    "2 layers": (x, groups["mirror"], {"depth": 2}),
    "4 layers": (x, groups["mirror"], {"depth": 4}),
    "biases": (x, groups["mirror"], {"bias_std": 1.0}),
    "orbit of two": (x + x[::-1], groups["both mirrors"], {"depth": 3}),
}
two_elements = {name: on_and_off_plane(y, group, **options) for name, (y, group, options) in cases.items()}
for name, (zero, wrong, misfit) in two_elements.items():
    print(f"{name:12}: |g| on the plane up to {zero:.0e}, wrong signs {wrong}, not linear {misfit:.1%}")

# %% [markdown]
# Zero to rounding on the plane, no wrong sign, and yet a few percent of the function are not linear.
#
# **(e) Depth.** The odd part $h_L$ from the recursion of the tangent kernel, and the root $s$ of the law.
# For two and three layers and every group: a radius in which the sign is certified, which must not exceed
# $s$, and the value of the network at the law's symmetric point, which must be 0. For two groups and one
# and two layers a search looks for anything nearer.


# %%
def h(u, depth):
    """The odd part of the tangent kernel of unit vectors with cosine u, of so many hidden layers."""

    def kernel(K):
        T = K
        for _ in range(depth):
            K, T = kappa1(K), kappa1(K) + T * kappa0(K)
        return T

    return (kernel(u) - kernel(-u)) / 2


# %%
def law(n, depth):
    """The root s of (n - 1) h(s / sqrt(n - 1)) = h(sqrt(1 - s^2)); 1 for a dot that nothing moves."""
    if n == 1:
        return 1.0

    def balance(s):
        return (n - 1) * h(s / np.sqrt(n - 1), depth) - h(np.sqrt(1 - s * s), depth)

    return brentq(balance, 0.1 / np.sqrt(n), 0.9, xtol=1e-15)


# %%
def law_point(images, depth):
    """The symmetric point on the unit sphere for a list of the dot's images, the dot itself first."""
    n = len(images)
    s = law(n, depth)
    return np.sqrt(1 - s * s) * images[0] - s / np.sqrt(max(n - 1, 1)) * np.sum(images[1:], axis=0)


# %%
deep = {2: [], 3: []}  # rows of orbit size, certified, g at the symmetric point
for depth, rows in deep.items():
    for k in deep_sides:
        for name, group in groups.items():
            dot = np.eye(k * k)[1].reshape(k, k)
            others = [y for y in np.unique(images[name](dot), axis=0) if not np.array_equal(y, dot)]
            g = opposite_pair(averaged(group, depth=depth), dot)
            radius = certified_radius(g.kernel, g.X, g.coefficients, dot)
            n = 1 + len(others)
            rows.append((n, radius, g(law_point([dot, *others], depth)) / n))
    n, radius, value = np.transpose(rows)
    print(f"{depth} layers, {len(n)} dots: |g| / n at the symmetric points up to {np.abs(value).max():.0e}")

# %%
searched, search_orbits, search_law, search_radii = [], [], [], []
dot = np.eye(25)[5].reshape(5, 5)
for name, depth in (("turns and mirrors", 1), ("row shifts", 1), ("row shifts", 2), ("turns and mirrors", 2)):
    found = opposite_pair(averaged(groups[name], depth=depth), dot).distance(
        dot, closed_form=False, restarts=4
    )
    n = len(np.unique(images[name](dot), axis=0))
    search_orbits.append(n)
    search_law.append(law(n, depth))
    searched.append(found.upper)
    search_radii.append(found.lower)
    print(f"{name:18} n = {n}, layers: {depth}, law {search_law[-1]:.9f},", end=" ")
    print(f"found {found.upper:.9f}, certified {found.lower:.4f}")

# %%
every = np.arange(1, max(row[0] for row in deep[2]) + 1)
curves = {depth: [np.sqrt(n) * law(n, depth) for n in every] for depth in (1, 2, 3)}
certified_deep = {depth: np.array(rows).T for depth, rows in deep.items()}
labels = {"xlabel": "size of the dot's orbit, $n$", "ylabel": r"$\sqrt{n}\ \times$ distance of a dot"}

# %%
fig, ax = figures.panels(height=3.2)
for depth, curve in curves.items():
    ax.plot(every, curve, ".-", color=THEORY, linewidth=0.6, markersize=2, zorder=1)
    ax.annotate(f"$L = {depth}$", (every[-1], curve[-1]), (5, -3), textcoords="offset points")
ax.plot([], [], ".-", color=THEORY, linewidth=0.6, markersize=2, label=r"law, $\sqrt{n}\,s$")
for (depth, (n, radius, _)), mark in zip(certified_deep.items(), "_x", strict=True):
    ax.plot(n, np.sqrt(n) * radius, mark, color=BOUND, markersize=6, label=f"certified, {depth} layers")
found_by = np.sqrt(search_orbits) * searched
ax.plot(search_orbits, found_by, "o", color=MEASURED, mfc="none", markersize=7, label="found by search")
ax.set(xscale="log", ylim=(0.9, 2.0), **labels)
ax.set_xticks([1, 2, 3, 5, 10, 20], [1, 2, 3, 5, 10, 20])
_ = ax.legend(loc="upper left")

# %% [markdown]
# The price of a group against the size of the dot's orbit, with the root taken out, for one, two and three
# layers: each line is the law of page 07 with $n$ in the place of $d$. It starts from 1 for one and two
# places, where depth changes nothing, and climbs towards $c_2 = 1.40$ and $c_3 = 1.82$. The searches end on
# it. The orange marks are radii within which the sign is certified, for every group and size of image,
# bars for two layers and crosses for three; from $n = 4$ on they are above 1, so that there depth moves
# the boundary away for certain.
#
# **(f) Convolutions.** One convolution with global average pooling has all shifts as its group. Its
# function is compared with that of the group average of the fully connected network, on images, for three
# filters. With filters smaller than the image the kernels differ, because one compares patches and the
# other whole images; with 6 x 6 taps the patch is the whole image and they are proportional. The trained
# networks do not differ.

# %%
convolution_error, kernel_difference = [], []
x, Z = rng.standard_normal((6, 6)) + 1, rng.standard_normal((points, 6, 6))
by_group = opposite_pair(averaged(groups["all shifts"]), x)
for q in (1, 3, 6):
    pooled = opposite_pair(Convolutional(filter_size=q), x)
    unit = (
        np.linalg.norm(Z, axis=(1, 2))
        * np.sum(x * x)
        / np.linalg.norm(groups["all shifts"].orbit_mean(x)) ** 3
    )
    convolution_error.append(np.abs((pooled(Z) - by_group(Z)) / unit).max())
    relative = pooled.gram / pooled.gram[0, 0] - by_group.gram / by_group.gram[0, 0]
    kernel_difference.append(np.abs(relative).max())
print(f"functions differ by {max(convolution_error):.0e}, kernels by {max(kernel_difference):.3f}")

# %% [markdown]
# The same function to rounding, though the kernels differ by up to 16 percent of their size.
#
# ## Where it stops being true
#
# **A set that is not a group.** With only half of the shifts the mean is not a projection, and the averaged
# kernel is not even symmetric, so it is no kernel.


# %%
def half_of_the_shifts(X, Z=None):
    """The mean of the fully connected kernel over the first half of the shifts of Z, on lines."""
    Z = X if Z is None else Z
    return np.mean([FullyConnected()(X, np.roll(Z, s, axis=1)) for s in range(Z.shape[1] // 2)], axis=0)


# %%
rng = np.random.default_rng(seed + 1)  # anew, so that the controls are the same in both profiles
x = np.array([0, 0.2, 0.5, 1.0, 0.1, -0.8, 0, 0])
half_mean = np.mean([np.roll(x, s) for s in range(4)], axis=0)
half_again = np.mean([np.roll(half_mean, s) for s in range(4)], axis=0)
half_asymmetry = np.ptp(half_of_the_shifts(np.stack([x, rng.standard_normal(8)]))[[0, 1], [1, 0]])
print(f"averaged twice, the signal changes by {np.abs(half_again - half_mean).max():.3f}")
print(f"the kernel is not symmetric: k(x, z) and k(z, x) differ by {half_asymmetry:.3f}")

# %% [markdown]
# A linear classifier needs only a set of points. For a dot, half of the eight shifts cost what a group of
# four costs. For another signal neither law holds: the gap between the four shifts of $x$ and those of $-x$
# is not twice the length of their mean, and it is larger than that of all shifts.

# %%
shifted = np.array([np.roll(x, s) for s in range(8)])
half_gap, half_law = max_margin(shifted[:4], -shifted[:4]).gap, 2 * np.linalg.norm(half_mean)
whole_gap = max_margin(shifted, -shifted).gap
half_dot = max_margin(np.eye(8)[:4], -np.eye(8)[:4]).gap
half_spread = np.ptp(shifted @ max_margin(shifted[:4], -shifted[:4]).normal)
print(f"half of the shifts: gap {half_gap:.4f}, twice the length of the mean {half_law:.4f}")
print(f"all shifts:         gap {whole_gap:.4f}")
print(f"a dot, half of its shifts: gap {half_dot:.4f}")
print(f"under all shifts the half-invariant classifier's value varies by {half_spread:.3f}")

# %% [markdown]
# **Depth, with orbits of more than two.** Then a network with two hidden layers is not zero on the
# hyperplane, and a few random inputs near it come to lie on the wrong side. Three are enough: the row
# shifts of an image of three columns.

# %%
curved = {}
for name, k in (
    ("row shifts", 3),
    ("quarter turns", 5),
    ("turns and mirrors", 5),
    ("row shifts", 5),
    ("all shifts", 5),
):
    x = rng.standard_normal((k, k))
    n = len(np.unique(images[name](x), axis=0))
    zero, wrong, misfit = on_and_off_plane(x, groups[name], depth=2)
    curved[n] = zero
    print(f"{name:18} n = {n:2}: |g| on the plane up to {zero:.3f}, wrong signs {wrong} of 2000,", end=" ")
    print(f"not linear {misfit:.1%}")

# %% [markdown]
# For a dot the foot of the perpendicular onto the hyperplane, at distance $1/\sqrt n$, is not on the
# boundary any more: the network is still positive there. That is the law (e): the boundary has moved
# away, for the row shifts of five columns from 0.4472 to 0.5074.

# %%
dot = dot_on_gray((5, 5))[0]
deep_network = opposite_pair(averaged(groups["row shifts"], depth=2), dot)
foot_value = deep_network(dot - groups["row shifts"].orbit_mean(dot))
print(f"row shifts, n = 5, two layers: g = {foot_value:.4f} at {1 / np.sqrt(5):.4f}; s = {law(5, 2):.4f}")

# %% [markdown]
# **A pair that is not opposite.** The proof of (c) needs the difference of the kernel's values at $x$ and
# at $-x$. With another second sample the even part of the kernel comes in, and the function is not linear.

# %%
x, other = rng.standard_normal((2, 5, 5))
g = Interpolant(averaged(groups["mirror"]), np.stack([x, other]), [1, -1])
other_misfit = linear_misfit(g, rng.standard_normal((2000, 5, 5)))
print(f"mirror, two random images: {other_misfit:.1%} of the function is not linear")

# %% [markdown]
# **The order of the group** is not what counts. By the number of elements instead of the orbit, the law
# fails wherever some elements leave the dot in place.

# %%
middle, corner = dot_distance(turns, 5, 12)[0], dot_distance(turns, 5, 0)[0]
print(f"turns and mirrors, {turns.order((5, 5))} elements, 1/sqrt 8 = {1 / np.sqrt(8):.4f}")
print(f"corner: {corner:.4f}, middle: {middle:.4f}")

# %% [markdown]
# The corner, with an orbit of four, is at $1/2$, and the middle, which nothing moves, at 1.
#
# ## Try it
#
# - Exercise: how far is a dot from the boundary of a two-layer network that is invariant under turns and
#   mirrors, if the dot lies on no axis of symmetry? Compute it with `law`, and check it by a search.
# - Add a group to `groups`, for example `circular_shifts(stride=3)` or `flips(axes=0) *
#   circular_shifts(axes=1)`, with its list of `images`, and find it in the figure.
# - Your own image in the place of `yours`: which of the groups costs it most?
# - Which images pay more than dots do? Look for a small $|Px|/|x|$.

# %%
yours = rng.standard_normal((6, 6)) + np.eye(6)
for name, group in groups.items():
    kept = np.linalg.norm(group.orbit_mean(yours)) / np.linalg.norm(yours)
    print(f"{name:23} keeps {kept:.3f} of the distance, of a dot {dot_distance(group, 6, 0)[0]:.3f}")

# %% [markdown]
# <details><summary>Answers</summary>
#
# - `law(8, 2)` is 0.41927, against $1/\sqrt 8 = 0.35355$ for one layer.
# - The new group falls on the marks $1/\sqrt n$: 3 x 3 shifts on 6 x 6 pixels have orbits of 4, by 3 pixels
#   in each direction.
# - A symmetric image pays nothing to its own symmetries: $Px = x$. Random pixels pay $\sqrt n$ in the
#   mean square, as dots do, and some much more: the ones above keep 0.046 under all shifts, a dot 0.167.
# - Any image whose mean over the orbit is nearly zero: a checkerboard under shifts has $Px = 0$ on sides of
#   even length. A dot keeps $1/\sqrt n$; a dot minus its neighbour keeps nothing under shifts.
#
# </details>

# %% [markdown]
# ## Claims checked
#
# Where two numbers are compared to rounding, 64 eps is allowed, a few eps for each step, in the units that
# are given above for what is compared; eps is the spacing of float64 at 1. `max_margin` stops within 512
# eps of the largest sample. A search stops where two of its steps agree to $10^{-12}$ and may leave its
# direction wrong by the root of that: $10^{-9}$ is allowed.

# %%
ledger = Ledger("Every group pays the square root of its orbit")
exact, proof = {"evidence": "exact identity"}, {"evidence": "certified enclosure"}
ledger.equal("the groups' images are those that NumPy lists", wrong_orbits, 0, 0, **exact)
ledger.equal("(a) P is a symmetric projection, in whole numbers", not_projections, 0, 0, **exact)
ledger.equal("(a) |Px|^2 = 1/n for a dot, in whole numbers", wrong_lengths, 0, 0, **exact)
ledger.equal("(b) the gap of the orbits is that of the projections", explicit_gaps, projected_gaps, 512 * eps)
ledger.equal("(b) and that of invariant_margin", package_gaps, projected_gaps, 512 * eps)
ledger.equal("(b) two dots: the gap is 2 / sqrt n", dot_gaps, 2 / np.sqrt(dot_orbits), 64 * eps)

# %%
wrong = [not_groups, wrong_squares]
ledger.equal("(b) two dots in fractions: theorem orbit_dots", wrong, 0, 0, evidence="proved by machine")
copies = "(b) m shifts of two dots, 2 / sqrt m in fractions: theorem augmented_dots"
ledger.equal(copies, wrong_copies, 0, 0, evidence="proved by machine")

# %%
ledger.equal("(b) orthogonal maps: x and -x, the gap is 2 |Px|", orthogonal_gaps, orthogonal_law, 512 * eps)
ledger.equal("(c) the averaged kernel is the mean over NumPy's list", list_error, 0, 64 * eps)
ledger.equal("(c) Px not 0: the network is <z, Px> / |Px|^2", linear_error, 0, 64 * eps)
ledger.equal("(c) it is invariant", moved_error, 0, 64 * eps)
ledger.equal("(c) and so for orthogonal maps that are no moves", orthogonal_error, 0, 64 * eps)

# %%
ledger.equal("(c) a dot is at distance 1 / sqrt n", distances, 1 / np.sqrt(orbit_sizes), 64 * eps)
ledger.at_most(
    "(c) a dot: the certified radius is at most 1 / sqrt n", radii, 1 / np.sqrt(orbit_sizes), **proof
)
ledger.at_least("(c) a dot: certified, of 1 / sqrt n", radii * np.sqrt(orbit_sizes), 0.95, **proof)
ledger.between("(c), (e) one and two layers: certified, law, found", search_radii, search_law, searched, 1e-9)
ledger.at_most("(c), (e) and what is found is no further than the law", searched, search_law, 1e-9)
ledger.equal("(c) Px = 0: x and -x have one kernel row, four groups", blind, 0, 64 * eps)
ledger.equal("(c) and the package refuses the pair", len(refused), 4, 0)
zeros, wrong_signs, two_misfits = np.transpose(list(two_elements.values()))
ledger.equal("(d) two elements, deep or biased: g = 0 where <z, Px> = 0", zeros, 0, 64 * eps)
ledger.equal("(d) and the sign of <z, Px> elsewhere: wrong signs", wrong_signs, 0, 0)

# %%
for depth, rows in deep.items():
    n, radius, value = np.transpose(rows)
    expected = np.array([law(int(size), depth) for size in n])
    ledger.equal(f"(e) {depth} layers: g = 0 at the law's symmetric point, over n", value, 0, 64 * eps)
    ledger.at_most(f"(e) {depth} layers, a dot: the certified radius is at most s", radius, expected, **proof)
    further = (radius * np.sqrt(n))[n >= 4]
    claim = f"(e) {depth} layers, n of at least 4: the certified radius is above 1 / sqrt n"
    ledger.at_least(claim, further, 1, **proof)
ledger.equal("(e) row shifts of five, two layers: s = 0.507408", law(5, 2), 0.507408, 5e-7, evidence="pinned")
ledger.equal("(f) convolution with pooling: the function of all shifts", convolution_error, 0, 64 * eps)

# %% [markdown]
# And the controls, which must fail.

# %%
ledger.fails("half of the shifts: the mean is a projection", half_again, half_mean, 1e-3)
ledger.fails("half of the shifts: the averaged kernel is symmetric", half_asymmetry, 0, 1e-3)
ledger.fails("half of the shifts: the gap is that of the mean", half_gap, half_law, 1e-3)
ledger.fails("half of the shifts: the gap is that of all shifts", half_gap, whole_gap, 1e-3)
ledger.fails("half of the shifts: the classifier is invariant", half_spread, 0, 1e-3)
ledger.fails("Px = 0, row shifts: two layers cannot tell x from -x", two_see, 0, 1e-3)
ledger.fails("(d) two elements: a deep network is linear", min(two_misfits), 0, 1e-3)
ledger.fails("(d) an orbit of three, two layers: g = 0 on the plane", curved[3], 0, 1e-3)
ledger.fails("(d) any orbit of 3 to 25, two layers: g = 0 to rounding", min(curved.values()), 0, 64 * eps)

# %%
ledger.fails("(e) two layers, row shifts: the dot stays at 1 / sqrt n", searched[2], 1 / np.sqrt(5), 1e-3)
ledger.fails("(e) two layers, row shifts: g = 0 at the foot of the perpendicular", foot_value, 0, 1e-3)
ledger.fails("(c) a pair that is not opposite: linear", other_misfit, 0, 1e-3)
ledger.fails("(c) the order of the group in the place of the orbit", corner, 1 / np.sqrt(8), 1e-3)
ledger.fails("(f) the kernels are proportional too", kernel_difference, 0, 1e-3)
ledger.close()

# %% [markdown]
# # Every group pays the square root of its orbit
#
# Shifts are not special. A classifier may have to ignore mirror images, quarter turns, or shifts along one
# axis only. For every finite group of such moves the price is the same: a single dot that the group can move
# to $n$ places is $\sqrt n$ times easier to erase, for a linear classifier and for an infinitely wide
# network. Where the group moves nothing, invariance is free. This extends both theorems of Ge, Singla, Basri
# and Jacobs (NeurIPS 2021) from shifts to groups. Runs in about 15 seconds (profile quick) or 30 (full),
# within 0.6 GB.

# %% [markdown]
# ## Statement
#
# A finite group $G$ moves the samples of a signal to other places, and $Tx$ is the signal after the move $T$.
# The **orbit** of $x$ is the set of all $Tx$. $P$ is the mean over the group,
#
# $$
# Px = \frac{1}{|G|}\sum_{T \in G} Tx,
# $$
#
# which replaces each sample by the mean over all places to which the group can bring it.
#
# - (a) $P$ is the orthogonal projection onto the signals that the group leaves as they are. For a dot with an
#   orbit of $n$ dots, $|Px| = 1/\sqrt n$.
# - (b) Linear classifiers: the distance between the hulls of the orbits of two classes is the distance
#   between the hulls of their projections. For a white and a black dot it is $2/\sqrt n$.
# - (c) An infinitely wide network is made invariant by averaging: $k_G(z, x)$ is the mean of $k(z, Tx)$ over
#   the group, $k$ the tangent kernel of a fully connected network with one hidden ReLU layer. Trained on $x$
#   and $-x$ with labels $1$ and $-1$ it becomes $g(z) = \langle z, Px\rangle / |Px|^2$, and $x$ is at
#   distance $|Px|$ from the boundary: for a dot, $1/\sqrt n$. If $Px = 0$ it cannot tell $x$ from $-x$.
# - (d) If the orbit of $x$ has at most two elements, the boundary is that same hyperplane for every depth and
#   with biases.
# - (e) One circular convolution with global average pooling obeys the same law, with the shifts as its group.

# %% [markdown]
# ## Why it is true
#
# 1. A move followed by all moves of the group is again all moves, each once. So $TPx = Px$, and the mean of
#    what is already fixed is itself: $P^2 = P$. Each $T$ only exchanges samples, so its transpose is its
#    inverse, which is also in $G$: $P^\top = P$. The mean of $n$ dots has
#    the squared length $n \cdot 1/n^2 = 1/n$. That is (a).
# 2. $Px$ lies in the hull of the orbit of $x$, so the hulls of the orbits are at most as far apart as those
#    of the projections. Projecting lengthens no distance and maps the one pair of hulls onto the other, so
#    they are at least as far apart. That is (b).
# 3. The [page on fully connected networks](
#    03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb) showed that $k(z, x) - k(z,
#    -x)$ is a multiple of $\langle z, x\rangle$. The mean over the group makes it the same multiple of
#    $\langle z, Px\rangle$. With $\langle x, Px\rangle = |Px|^2$ that is (c).
# 4. For a deeper network $k(z, x) - k(z, -x) = h(u)$ with $|z|$ and $|x|$ fixed. The kernel is a power series
#    in the cosine $u$ with coefficients $\ge 0$, so $h$ is odd and grows. Over an orbit of two, $h(u) + h(u')
#    = 0$ exactly when $u = -u'$, that is, when $\langle z, x + Tx\rangle = 0$. That is (d). With three terms
#    the argument fails, and so does the result.
# 5. The kernel of a convolution with pooling is a sum over patches, and the shifts of $x$ bring each patch to
#    each place: the [page on pooling](06_pooling_not_weight_sharing_costs_the_margin.ipynb). That is (e).

# %% tags=["parameters"]
from fractions import Fraction

import numpy as np
from shiftmath import dot_on_gray, invariant_margin, max_margin
from shiftmath.groups import circular_shifts, flips, quarter_turns
from shiftmath.interpolant import Indistinguishable, Interpolant
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.exact import fractions, squared_gap
from shiftmath.pages.figures import MEASURED, THEORY

# %%
seed = 0
points = choose(quick=200, full=2000)  # random inputs at which a network is compared with the theory
sides = choose(quick=[4, 5, 6], full=[3, 4, 5, 6, 8, 9])  # of square images
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
# Turns and mirrors together have eight elements, yet some pixels, those on a diagonal, have only four images.
# It is the orbit that will count, not the group.
#
# **(a) The mean is a projection.** In whole numbers and fractions, so without any rounding: the matrix of
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
not_projections = wrong_lengths = 0
for k in (3, 4):
    for group in groups.values():
        S, order = summed_moves(group, (k, k))
        not_projections += not (np.array_equal(S @ S, order * S) and np.array_equal(S, S.T))
        sizes = [
            len({tuple(row) for row in np.eye(k * k, dtype=int)[m, group.elements((k, k))]})
            for m in range(k * k)
        ]
        squares = [Fraction(int(S[:, m] @ S[:, m]), order**2) for m in range(k * k)]
        wrong_lengths += sum(s != Fraction(1, n) for s, n in zip(squares, sizes, strict=True))
print(f"groups whose P is no projection: {not_projections}; dots with |Px|^2 other than 1/n: {wrong_lengths}")

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

# %% [markdown]
# Each picture is the whole of what an invariant classifier can look for: the $n$ images of the dot together,
# white, on gray. The more of them, the less each one counts.
#
# **(b) Linear classifiers.** For random classes of three images each, the gap between the orbits, which are
# listed in full and separated as plain points, against the gap of the projections.


# %%
def all_images(samples, group):
    """The orbits of all samples, as one class of points."""
    return np.concatenate([group.orbit(x) for x in samples])


def two_classes(k):
    """Three random images a class, far enough apart for every group."""
    positives, negatives = rng.standard_normal((2, 3, k, k))
    return positives + 1, negatives - 1


# %%
explicit_gaps, projected_gaps, package_gaps = [], [], []
for k in (4, 5):
    for group in groups.values():
        positives, negatives = two_classes(k)
        explicit_gaps.append(max_margin(all_images(positives, group), all_images(negatives, group)).gap)
        projections = ([group.orbit(x).mean(axis=0) for x in c] for c in (positives, negatives))
        projected_gaps.append(max_margin(*projections).gap)
        package_gaps.append(invariant_margin(positives, negatives, group).gap)
difference = np.abs(np.subtract(explicit_gaps, projected_gaps)).max()
print(f"{len(explicit_gaps)} problems, gaps from {min(explicit_gaps):.2f} to {max(explicit_gaps):.2f}")
print(f"largest difference between orbits and projections: {difference:.0e}")

# %% [markdown]
# The same gap to rounding. For a white and a black dot, at every pixel of the image, with the size of its
# orbit counted from the list of its images:

# %%
dot_orbits, dot_gaps = [], []
for group in groups.values():
    for dot in np.eye(25).reshape(25, 5, 5):
        images = np.unique(group.orbit(dot), axis=0)
        dot_orbits.append(len(images))
        dot_gaps.append(max_margin(images, -images).gap)
print("orbit sizes met:", np.unique(dot_orbits))
print("largest |gap - 2 / sqrt n|:", f"{np.abs(dot_gaps - 2 / np.sqrt(dot_orbits)).max():.0e}")

# %% [markdown]
# **Checked by machine.** That the gap is that of the projections, for any finite group of permutations, and
# $2/\sqrt n$ for dots, is proved in Coq as well (`group_gap` in `proofs/groups.v`, `orbit_dots` in
# `proofs/dots.v`; `make prove`). The dots once more, in fractions: is each set of moves closed under
# products, as the theorem asks, and the squared gap $4/n$? And for any $m$ of the shifts, a group or not,
# $4/m$ (`augmented_dots`)?


# %%
def dots_squared_gap(images):
    """The squared gap of some white dots and the black dots at the same places."""
    return squared_gap(fractions(images), fractions(-images), *[range(len(images))] * 2)


# %%
not_groups = wrong_squares = 0
for group in groups.values():
    moves = {tuple(g) for g in group.elements((4, 4)).tolist()}
    not_groups += not all(tuple(g[i] for i in h) in moves for g in moves for h in moves)
    for dot in np.eye(16, dtype=int).reshape(16, 4, 4):
        images = np.unique(group.orbit(dot), axis=0)
        wrong_squares += dots_squared_gap(images) != Fraction(4, len(images))
wrong_copies = sum(dots_squared_gap(np.eye(8, dtype=int)[:m]) != Fraction(4, m) for m in range(1, 9))
print(f"no groups: {not_groups}; dots with another squared gap: {wrong_squares}, copies: {wrong_copies}")

# %% [markdown]
# The middle pixel of an image of odd size is where all turns and mirrors leave it. Its orbit is 1 and it pays
# nothing.
#
# **(c) Infinitely wide networks.** The averaged kernel of the package is first compared with the mean over an
# explicit list of images. Then the network is trained on a random $x$ and $-x$, and compared with $\langle z,
# Px\rangle/|Px|^2$ at random inputs. Where $|Px|$ is much smaller than $|x|$ the kernel values of $x$ and
# $-x$ nearly cancel, and rounding grows by $|x|^2/|Px|^2$; errors are given in that unit.


# %%
def trained_on_pair(x, network):
    """The network after training on x and -x with labels 1 and -1."""
    return Interpolant(network, np.stack([x, -x]), [1, -1])


def averaged(group, **options):
    """The fully connected network averaged over a group."""
    return GroupAverage(FullyConnected(**options), group)


# %%
list_error = []
x, Z = rng.standard_normal((5, 5)), rng.standard_normal((20, 5, 5))
for group in groups.values():
    by_list = FullyConnected()(Z, group.orbit(x)).mean(axis=1)
    list_error.append(np.abs(averaged(group)(Z, x[None])[:, 0] - by_list).max())
print(f"averaged kernel against the mean over a list: {max(list_error):.0e}")

# %%
linear_error, moved_error = [], []
for k in sides:
    for group in groups.values():
        x, Z = rng.standard_normal((k, k)), rng.standard_normal((points, k, k))
        g, mean = trained_on_pair(x, averaged(group)), group.orbit(x).mean(axis=0)
        length = np.linalg.norm(mean)
        unit = np.linalg.norm(Z, axis=(1, 2)) / length * np.sum(x * x) / length**2
        linear_error.append(np.abs((g(Z) - np.tensordot(Z, mean, 2) / length**2) / unit).max())
        moved = group.orbit(Z[0])
        moved_error.append(np.abs(g(moved) - g(Z[:1])).max() / unit[0])
print(f"{len(linear_error)} networks: off by {max(linear_error):.0e} from <z, Px> / |Px|^2")
print(f"moved inputs: predictions change by {max(moved_error):.0e}")

# %% [markdown]
# All are linear, with the normal $Px$, and invariant. For dots: the distance from the network's values at the
# unit images, for every group and a few positions.


# %%
def dot_distance(group, k, place):
    """The distance of a dot at a pixel to the boundary of the averaged network, and the size of its orbit."""
    dot = np.eye(k * k)[place].reshape(k, k)
    n = trained_on_pair(dot, averaged(group))(np.eye(k * k).reshape(-1, k, k))
    return n[place] / np.linalg.norm(n), len(np.unique(group.orbit(dot), axis=0))


# %%
measured = {name: [] for name in groups}
for name, group in groups.items():
    for k in sides:
        places = {0, 1, k + 2, k * k // 2, (k // 2) * k + k // 2}
        measured[name] += [dot_distance(group, k, place) for place in sorted(places)]
distances, orbit_sizes = np.concatenate([np.array(rows) for rows in measured.values()]).T

# %% [markdown]
# Three of them by a local search for the nearest image on the other side, which knows nothing of groups or
# hyperplanes.

# %%
searched, search_orbits = [], []
for name in ("mirror", "turns and mirrors", "row shifts"):
    dot = np.zeros((5, 5))
    dot[1, 0] = 1
    g = trained_on_pair(dot, averaged(groups[name]))
    searched.append(g.distance(dot, closed_form=False, restarts=4, seed=seed).upper)
    search_orbits.append(len(np.unique(groups[name].orbit(dot), axis=0)))
    print(f"{name:18} orbit {search_orbits[-1]}: distance {searched[-1]:.9f}")

# %%
markers = dict(zip(groups, "o^sDvPX*", strict=True))
n = np.geomspace(1, max(orbit_sizes), 50)
labels = {"xlabel": "size of the dot's orbit, $n$", "ylabel": "distance of a dot to the boundary"}

# %%
fig, ax = figures.panels(height=3.6)
ax.plot(n, 1 / np.sqrt(n), color=THEORY, label=r"$1/\sqrt{n}$", zorder=1)
for name, rows in measured.items():
    y, x = np.transpose(rows)
    ax.plot(x, y, markers[name], color=MEASURED, mfc="none", markersize=6, label=name)
ax.plot(search_orbits, searched, "+", color=THEORY, markersize=11, label="by search")
ax.set(xscale="log", yscale="log", **labels)
ax.set_yticks([0.125, 0.25, 0.5, 1], ["1/8", "1/4", "1/2", "1"])
ax.set_xticks([1, 2, 4, 8, 16, 32, 64], [1, 2, 4, 8, 16, 32, 64])
ax.minorticks_off()
_ = ax.legend(ncols=2)

# %% [markdown]
# All groups and all positions fall on one line. Which group it is does not matter, only how many places the
# dot can be brought to; one group can appear at several places of the line, when some pixels have smaller
# orbits than others. At the upper left are the fixed pixels, which pay nothing.
#
# **If nothing is left.** An image that turns into its own negative under some element of the group, such as
# one that is odd under the mirror, has $Px = 0$. The network then sees the same thing in $x$ and $-x$, and
# the package refuses to train.

# %%
odd = rng.standard_normal((5, 5))
odd -= odd[:, ::-1]
refused = []
for name in ("mirror", "both mirrors", "turns and mirrors", "row shifts"):
    try:
        trained_on_pair(odd, averaged(groups[name]))
    except Indistinguishable as error:
        refused.append(name)
        length = np.linalg.norm(groups[name].orbit_mean(odd))
        print(f"{name:18} |Px| = {length:.0e}: refused, pairs {error.pairs}")

# %% [markdown]
# All four are refused. The mirrors turn this $x$ into $-x$, so no invariant classifier of any kind could tell
# them apart. Row shifts do not: there it is the shallow network that is blind, and a deeper one is not.

# %%
blind_to_both = [
    np.abs(g[0] - g[1]).max() / g.max()
    for depth in (1, 2)
    for g in [averaged(groups["row shifts"], depth=depth)(np.stack([odd, -odd]))]
]
print(f"rows of the Gram matrix differ: by {blind_to_both[0]:.0e} (one layer), {blind_to_both[1]:.3f} (two)")

# %% [markdown]
# **(d) Two elements.** With a group of two, depth and biases make the network's function curved, but its
# boundary stays the hyperplane. On that plane the function is zero, and off it has the sign of $\langle z,
# Px\rangle$. The last line is a group of four, with an image that one of its mirrors leaves as it is.


# %%
def on_and_off_plane(x, group, network):
    """The largest |g| on <z, Px> = 0, wrong signs elsewhere, and how much of g is not linear."""
    mean, Z = group.orbit(x).mean(axis=0), rng.standard_normal((2000, *x.shape))
    g, along = trained_on_pair(x, network), np.tensordot(Z, mean, 2)
    values, on_plane = g(Z), Z - along[:, None, None] * mean / np.sum(mean * mean)
    fit = along * (along @ values) / (along @ along)
    misfit = np.sqrt(np.mean((values - fit) ** 2) / np.mean(values**2))
    return np.abs(g(on_plane)).max(), np.sum((values >= 0) != (along >= 0)), misfit


# %%
x = rng.standard_normal((5, 5))
deep = {"2 layers": {"depth": 2}, "4 layers": {"depth": 4}, "biases": {"bias_std": 1.0}}
pairs = [on_and_off_plane(x, groups["mirror"], averaged(groups["mirror"], **o)) for o in deep.values()]
both = groups["both mirrors"]
pairs.append(on_and_off_plane(x + x[::-1], both, averaged(both, depth=3)))
for name, (zero, wrong, misfit) in zip([*deep, "orbit of two"], pairs, strict=True):
    print(f"{name:12}: |g| on the plane up to {zero:.0e}, wrong signs {wrong}, not linear {misfit:.1%}")

# %% [markdown]
# **(e) Convolutions.** One convolution with global average pooling has all shifts as its group. Its function
# is compared with that of the group average of the fully connected network, on images, for three filters. The
# kernels differ, because one compares patches and the other whole images. The trained networks do not.

# %%
convolution_error, kernel_difference = [], []
x, Z = rng.standard_normal((6, 6)) + 1, rng.standard_normal((points, 6, 6))
by_group = trained_on_pair(x, averaged(groups["all shifts"]))
for q in (1, 3, 6):
    pooled = trained_on_pair(x, Convolutional(filter_size=q))
    convolution_error.append(np.abs(pooled(Z) - by_group(Z)).max())
    relative = pooled.gram / pooled.gram[0, 0] - by_group.gram / by_group.gram[0, 0]
    kernel_difference.append(np.abs(relative).max())
print(f"functions differ by {max(convolution_error):.0e}, kernels by {max(kernel_difference):.3f}")

# %% [markdown]
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
# four costs. For another signal the gap of these shifts is neither twice the length of their mean nor that of
# all shifts.

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
# hyperplane, and a few random inputs near it come to lie on the wrong side.

# %%
x = rng.standard_normal((5, 5))
curved = {}
for name in ("quarter turns", "turns and mirrors", "row shifts", "all shifts"):
    zero, wrong, misfit = on_and_off_plane(x, groups[name], averaged(groups[name], depth=2))
    curved[name] = zero
    print(
        f"{name:18}: |g| on the plane up to {zero:.3f}, wrong signs {wrong} of 2000, not linear {misfit:.1%}"
    )

# %% [markdown]
# For a dot the foot of the perpendicular onto the hyperplane, at distance $1/\sqrt n$, is not on the boundary
# any more: the network is still positive there. The nearest crossing that the search finds is further away.

# %%
dot = dot_on_gray((5, 5))[0]
deep_network = trained_on_pair(dot, averaged(groups["row shifts"], depth=2))
foot = dot - groups["row shifts"].orbit(dot).mean(axis=0)
foot_value = deep_network(foot[None])[0]
deep_distance = deep_network.distance(dot, restarts=4, seed=seed).upper
print(f"row shifts, n = 5, two layers: g = {foot_value:.4f} at distance {1 / np.sqrt(5):.4f}")
print(f"nearest crossing found at distance {deep_distance:.4f}")

# %% [markdown]
# **A pair that is not opposite.** Then the odd part of the kernel does not stand alone, and the function is
# not linear.

# %%
other = rng.standard_normal((5, 5))
g = Interpolant(averaged(groups["mirror"]), np.stack([x, other]), [1, -1])
Z = rng.standard_normal((2000, 25))
values = g(Z.reshape(-1, 5, 5))
fit = Z @ np.linalg.lstsq(Z, values, rcond=None)[0]
other_misfit = np.sqrt(np.mean((values - fit) ** 2) / np.mean(values**2))
print(f"mirror, two random images: {other_misfit:.1%} of the function is not linear")

# %% [markdown]
# **The order of the group** is not what counts. By the number of elements instead of the orbit, the law fails
# wherever some elements leave the dot in place.

# %%
middle_distance, middle_orbit = dot_distance(turns, 5, 12)
diagonal_distance, diagonal_orbit = dot_distance(turns, 5, 0)
print(f"turns and mirrors, {turns.order((5, 5))} elements, 1/sqrt 8 = {1 / np.sqrt(8):.4f}")
print(f"corner: orbit {diagonal_orbit}, distance {diagonal_distance:.4f}")
print(f"middle: orbit {middle_orbit}, distance {middle_distance:.4f}")

# %% [markdown]
# ## Try it
#
# - Add a group to `groups`, for example `circular_shifts(stride=3)` or `flips(axes=0) *
#   circular_shifts(axes=1)`, and find it on the line.
# - Your own image in the place of `x`: which of the groups costs it most? A symmetric image pays nothing to
#   its own symmetries.
# - Which images pay more than dots do? Look for a small $|Px|/|x|$.

# %%
yours = rng.standard_normal((6, 6)) + np.eye(6)
for name, group in groups.items():
    kept = np.linalg.norm(group.orbit_mean(yours)) / np.linalg.norm(yours)
    print(
        f"{name:23} keeps {kept:.3f} of the distance, a dot at the corner {dot_distance(group, 6, 0)[0]:.3f}"
    )

# %% [markdown]
# ## Claims checked
#
# Tolerances are multiples of eps, the spacing of float64 at 1, times the size of what is compared; the search
# stops within 1e-9.

# %%
ledger = Ledger("Every group pays the square root of its orbit")
ledger.equal("(a) P is a symmetric projection, in whole numbers", not_projections, 0, 0)
ledger.equal("(a) |Px|^2 = 1/n for a dot, in fractions", wrong_lengths, 0, 0)
ledger.equal("(b) the gap of the orbits is that of the projections", explicit_gaps, projected_gaps, 512 * eps)
ledger.equal("(b) and that of invariant_margin", package_gaps, projected_gaps, 512 * eps)
ledger.equal("(b) two dots: the gap is 2 / sqrt n", dot_gaps, 2 / np.sqrt(dot_orbits), 64 * eps)

# %%
wrong = [not_groups, wrong_squares]
ledger.equal("(b) two dots in fractions: theorem orbit_dots", wrong, 0, 0, evidence="proved by machine")
copies = "(b) m shifts of two dots, 2 / sqrt m in fractions: theorem augmented_dots"
ledger.equal(copies, wrong_copies, 0, 0, evidence="proved by machine")
ledger.equal("(c) the averaged kernel is the mean over the orbit", list_error, 0, 64 * eps)
ledger.equal("(c) the network is <z, Px> / |Px|^2", linear_error, 0, 64 * eps)
ledger.equal("(c) it is invariant", moved_error, 0, 64 * eps)
ledger.equal("(c) a dot is at distance 1 / sqrt n", distances, 1 / np.sqrt(orbit_sizes), 64 * eps)
ledger.slope("(c) the distance falls like n to the power -1/2", orbit_sizes, distances, -0.5, 1e-9)
ledger.equal("(c) and so by search", searched, 1 / np.sqrt(search_orbits), 1e-9)

# %%
ledger.equal("(c) Px = 0: the pair cannot be told apart, for four groups", len(refused), 4, 0)
ledger.equal("(c) Px = 0, row shifts: one layer is blind to the sign", blind_to_both[0], 0, 64 * eps)
zeros, wrong_signs, misfits = np.transpose(pairs)
ledger.equal("(d) two elements, deep or biased: g = 0 where <z, Px> = 0", zeros, 0, 256 * eps)
ledger.equal("(d) and the sign of <z, Px> elsewhere", wrong_signs, 0, 0)
ledger.equal("(e) convolution with pooling: the function of all shifts", convolution_error, 0, 256 * eps)

# %% [markdown]
# And the controls, which must fail.

# %%
ledger.fails("half of the shifts: the mean is a projection", half_again, half_mean, 1e-3)
ledger.fails("half of the shifts: the averaged kernel is symmetric", half_asymmetry, 0, 1e-3)
ledger.fails("half of the shifts: the gap is that of the mean", half_gap, half_law, 1e-3)
ledger.fails("half of the shifts: the gap is that of all shifts", half_gap, whole_gap, 1e-3)
ledger.fails("half of the shifts: the classifier is invariant", half_spread, 0, 1e-3)
ledger.fails("Px = 0, row shifts: two layers are blind to the sign", blind_to_both[1], 0, 1e-3)
ledger.fails("(d) two elements: a deep network is linear", min(misfits), 0, 1e-3)
ledger.fails("(d) more than two elements, two layers: g = 0 on the plane", list(curved.values()), 0, 1e-3)
ledger.fails("two layers, row shifts: g = 0 at the foot of the perpendicular", foot_value, 0, 1e-3)
ledger.fails("a pair that is not opposite: linear", other_misfit, 0, 1e-3)
ledger.fails("the order of the group in the place of the orbit", diagonal_distance, 1 / np.sqrt(8), 1e-3)
ledger.fails("(e) the kernels are proportional too", kernel_difference, 0, 1e-3)
ledger.close()

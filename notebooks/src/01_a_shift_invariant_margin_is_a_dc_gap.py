# %% [markdown]
# # A shift-invariant margin is a DC gap
#
# *The first page · Next: [a wide network is its kernel](02_a_wide_network_is_its_kernel.ipynb) · Needs:
# linear algebra · The paper: Theorem 1 and Corollary 1, [arXiv
# 2103.02695](https://arxiv.org/abs/2103.02695)*
#
# A linear classifier that must not care where things are in an image can only look at how bright the image
# is. So two classes can be told apart by a shift-invariant linear classifier exactly when their brightness
# ranges do not overlap, and the margin that is left is the gap between the two ranges, however different
# the images look otherwise. This is Theorem 1 of Singla, Ge, Basri and Jacobs, *Shift Invariance Can Reduce
# Adversarial Robustness* (NeurIPS 2021), checked here step by step, with digits at the end. Runs in about 5
# seconds (profile quick) or 15 (full), within 0.3 GB.

# %% [markdown]
# ## Statement
#
# A signal $x$ has $d$ samples, on a line or on a grid, and all shifts $T_s$ are circular: what leaves at
# one end enters at the other. Its **DC component** is $f_{dc}(x) = \frac{1}{\sqrt d}\sum_i x_i = \langle w,
# x\rangle$ with the unit vector $w = \mathbf 1/\sqrt d$: the zero frequency of the orthonormal DFT,
# $\sqrt d$ times the mean.
#
# A shift-invariant linear classifier puts all shifts of a training sample on that sample's side. Its
# **gap** is the width of the empty slab between the two classes' orbits; its **robustness**, the distance
# from the nearest sample to the boundary, is half of that.
#
# **Theorem 1.** Two classes can be separated by a shift-invariant linear classifier if and only if their
# intervals of DC components are disjoint. The largest gap is then the gap between the two intervals, and
# its normal is $w$.
#
# - (a) The mean of the $d$ shifts of $x$ is the constant signal $\frac{f_{dc}(x)}{\sqrt d}\,\mathbf 1$,
#   inside the hull of the orbit.
# - (b) So the hulls of the orbits are no further apart than the DC intervals, and meet when those overlap.
# - (c) Conversely $w$ separates the orbits with exactly that gap.
# - (d) Another route: the best normal is unique, so every shift fixes it, and the signals that every shift
#   fixes are the multiples of $w$.
#
# **Corollary 1.** For one white and one black dot on gray, $\pm e_m$, the largest gap is 2 without
# invariance and $2/\sqrt d$ with it.
#
# **One image per class.** For images $x$ and $y$ the gap shrinks by the factor
# $\frac{|\langle x-y, \mathbf 1\rangle|}{\sqrt d\,|x-y|}$, the cosine of the angle between $x - y$ and $w$.

# %% [markdown]
# ## Why it is true
#
# 1. Shifting moves each sample value through all $d$ places once, so in the mean over all shifts each place
#    gets the sum of $x$ over $d$. A mean of points of the orbit lies in its hull. That is (a).
# 2. The constant signals $\frac{t}{\sqrt d}\mathbf 1 = t\,w$ with $t$ in the DC interval of a class lie in
#    the hull of its orbits. Two such signals are as far apart as their $t$. That is (b).
# 3. $\langle w, T_s x\rangle = f_{dc}(x)$: along $w$ all shifts of a signal project onto one point. That is
#    (c), and with (b) nothing can do better.
# 4. If $n$ is the best normal for a set that shifts map onto itself, so is $T_s n$. There is only one best,
#    because it points along the shortest difference of points of the two hulls, and a convex set has one
#    shortest vector. So $T_s n = n$. In the Fourier basis $T_s$ is diagonal, with entries $e^{-2\pi
#    \mathrm i k s/d}$, and only frequency $k = 0$ has the entry 1 for every $s$. That is (d).
#
# Each step is measured by itself below.

# %%
from contextlib import suppress
from functools import partial
from itertools import combinations

import numpy as np
from scipy.optimize import linprog, nnls
from shiftmath import NotSeparable, dc, dot_on_gray, invariant_margin, max_margin
from shiftmath.datasets import digits
from shiftmath.dft import dft, idft_real, shift_phases
from shiftmath.groups import circular_shifts, flips, quarter_turns, shift
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.exact import fractions, squared_gap
from shiftmath.pages.figures import BROKEN, MEASURED, THEORY

# %% tags=["parameters"]
seed = 0
problems = choose(quick=200, full=2000)  # random two-class problems
pairs_each = choose(quick=1, full=4)  # pairs of digit images, with all their shifts, for each pair of classes
lengths = choose(quick=[1, 2, 3, 5, 9, 16, 31, 64, 127], full=[1, 2, 3, 5, 9, 16, 31, 64, 127, 256, 509])

# %%
eps = np.finfo(float).eps
print(provenance("synthetic signals from the seed; UCI handwritten digits, 8 x 8"))

# %% [markdown]
# ## In numbers
#
# **(a) The mean of an orbit.** One signal of nine samples, its nine shifts as rows, and their mean.

# %%
shifts = circular_shifts()
bump = np.array([0, 0.2, 0.5, 1.0, 0.1, -0.3, 0, 0, 0])
fig, (left, right) = figures.panels(1, 2, height=2.4, width_ratios=[1, 1.4])
figures.signal_image(left, shifts.orbit(bump), limit=1, label="position $i$")
left.set_ylabel("shift $s$")
for image in shifts.orbit(bump):
    right.plot(image, color=MEASURED, alpha=0.25, linewidth=1)
right.plot(shifts.orbit(bump).mean(axis=0), "o", color=MEASURED, label="mean of the nine shifts")
right.axhline(dc(bump) / 3, color=THEORY, label=r"$f_{dc}(x)/\sqrt{d}$")
right.set(xlabel="position $i$", ylabel="$(T_s x)_i$")
_ = fig.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=2)

# %% [markdown]
# Left, each row is the row above moved one place to the right, white for 1, gray for 0. Right, the same
# nine signals on top of each other: every position sees every value once, so the dots, their mean, lie on
# the flat line at $f_{dc}(x)/\sqrt d$.
#
# The same for random signals on lines and grids, with $d$ odd, even, prime and 1. The list keeps the worst
# distance between mean and constant.

# %%
rng = np.random.default_rng(seed)
shapes = [1, 2, 7, 16, 31, (1, 1), (3, 5), (4, 4), (6, 9), (2, 3, 4)]
signals = [rng.standard_normal(shape) for shape in shapes]
mean_error = [np.abs(shifts.orbit(x).mean(axis=0) - dc(x) / np.sqrt(x.size)).max() for x in signals]
print(f"largest distance over {len(shapes)} shapes: {max(mean_error):.0e}")

# %% [markdown]
# Rounding, nothing more. The same fact in the frequency domain: averaging over all shifts keeps the zero
# frequency and clears all others.

# %%
spectrum_error = []
for x in signals:
    expected = np.zeros(x.shape, complex)
    expected.flat[0] = dc(x)
    spectrum_error.append(np.abs(dft(shifts.orbit(x).mean(axis=0)) - expected).max())
print(f"largest distance of a spectrum from (f_dc, 0, ..., 0): {max(spectrum_error):.0e}")

# %% [markdown]
# **(b) and (c) The gap.** For random classes, with everything else about them random too, the gap of the
# explicit orbits is found by three routes: the theorem; `max_margin`, which sees all shifts as separate
# points and knows nothing of the DC; and non-negative least squares, which looks for the weights of the two
# nearest points and shares no code with it.


# %%
def orbits(samples):
    """All shifts of all samples, as one class of points."""
    return np.concatenate([shifts.orbit(x) for x in samples])


def two_classes(shape, apart):
    """Three random signals a class, whose DC components differ by about `apart`."""
    classes = rng.standard_normal((2, 3, *np.atleast_1d(shape)))
    return classes[0] + apart / np.sqrt(classes[0, 0].size), classes[1]


# %% [markdown]
# Least squares minimises $|p - q|^2$ over weights $\ge 0$, with two more rows, heavily weighted, that ask
# the weights of each class to sum to 1.


# %%
def hull_distance(A, B, weight=1e4):
    """The distance of the hulls of two classes of points."""
    sums = np.repeat(np.eye(2), [len(A), len(B)], axis=1)
    points = np.concatenate([A, -B]).reshape(len(A) + len(B), -1).T
    weights = nnls(np.concatenate([points, weight * sums]), np.repeat([0, weight], [len(points), 2]))[0]
    return np.linalg.norm(points @ (weights / (sums @ weights).repeat([len(A), len(B)])))


# %%
gap_shapes = [1, 2, 5, 9, 16, 31, (3, 3), (4, 5), (6, 6)]
names, found = ("theorem", "max_margin", "least squares", "cosine"), []
for shape in gap_shapes:
    positives, negatives = two_classes(shape, apart=6)
    A, B = orbits(positives), orbits(negatives)
    explicit, axes = max_margin(A, B), range(1, A.ndim)
    theorem = dc(positives, axes).min() - dc(negatives, axes).max()
    cosine, upper = dc(explicit.normal), explicit.certificate.upper
    found.append((theorem, explicit.gap, hull_distance(A, B), cosine, upper))
    print(f"{shape!s:7}", *(f"{name} {x:.9f} " for name, x in zip(names, found[-1], strict=False)))
theorem_gaps, explicit_gaps, least_squares_gaps, cosines, upper_bounds = np.array(found).T

# %% [markdown]
# The columns agree, and the normal that the separator found points along $w$: the cosine of their angle
# is 1. The certificate says that nothing better exists: its upper bound, the distance of two points of
# the hulls, equals the gap.
#
# **If and only if.** Random classes whose DC intervals sometimes overlap. Whether the orbits can be
# separated at all is a linear program, which knows nothing of this package.


# %%
def separable(A, B):
    """Whether some (n, b) has <n, a> + b >= 1 on A and <= -1 on B, by linear programming."""
    rows = np.concatenate([np.c_[-A, -np.ones(len(A))], np.c_[B, np.ones(len(B))]])
    answer = linprog(np.zeros(rows.shape[1]), A_ub=rows, b_ub=-np.ones(len(rows)), bounds=(None, None))
    return answer.status == 0


# %%
overlapping = disjoint_and_separable = overlapping_and_separable = 0
for _ in range(problems):
    positives, negatives = two_classes(rng.choice([5, 9, 16]), apart=rng.uniform(-5, 5))
    p, n = dc(positives, axes=1), dc(negatives, axes=1)
    overlap = p.min() <= n.max() and n.min() <= p.max()
    overlapping += overlap
    disjoint_and_separable += not overlap and separable(orbits(positives), orbits(negatives))
    overlapping_and_separable += overlap and separable(orbits(positives), orbits(negatives))
print(f"intervals disjoint: {problems - overlapping}, of these separable: {disjoint_and_separable}")
print(f"intervals overlap:  {overlapping}, of these separable: {overlapping_and_separable}")

# %% [markdown]
# All of the first kind, none of the second. When the intervals overlap, `NotSeparable` carries a witness: a
# signal that lies in both hulls, constant because averaging over shifts makes it so. Here is one problem of
# each kind on the line of DC components.

# %%
rng = np.random.default_rng(seed + 1)  # anew, so that the example is the same in both profiles
apart_yes, apart_no = two_classes(9, apart=5), two_classes(9, apart=0)
fig, axes = figures.panels(2, 1, height=2.6, sharex=True)
for ax, (positives, negatives) in zip(axes, (apart_yes, apart_no), strict=True):
    p, n = dc(positives, axes=1), dc(negatives, axes=1)
    figures.intervals(ax, [("positives", p, MEASURED), ("negatives", n, MEASURED)])
    low, high = sorted((max(p.min(), n.min()), min(p.max(), n.max())))
    colour, words = (THEORY, "gap") if p.min() > n.max() else (BROKEN, "overlap")
    arrow = {"arrowstyle": "<->", "color": colour, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (low, 0.5), (high, 0.5), arrowprops=arrow)
    ax.text((low + high) / 2, 0.42, words, color=colour, ha="center", va="bottom")
_ = axes[1].set_xlabel("DC component $f_{dc}$")

# %% [markdown]
# Each tick is one signal with all its shifts, which share one DC component. Above, the classes leave a gap,
# and that is the whole margin a shift-invariant classifier can have. Below they overlap, and no
# shift-invariant linear classifier separates them, although six signals in nine dimensions are no challenge
# for a plain one.

# %%
witness_error, weights = [], []
try:
    invariant_margin(*apart_no)
except NotSeparable as error:
    print(error)
    print("witness:", np.round(error.witness, 3), " weights:", np.round(error.positive_weights, 3))
    for share, samples in zip((error.positive_weights, error.negative_weights), apart_no, strict=True):
        point = sum(w * shifts.orbit(x).mean(axis=0) for w, x in zip(share, samples, strict=True))
        witness_error.append(np.abs(error.witness - point).max())
        weights.append(share)
print(f"plain gap of the same six signals: {max_margin(*apart_no).gap:.3f}")

# %% [markdown]
# The witness is a mixture of the orbit means of either class, with weights that are not negative and sum
# to 1: a point of both hulls. A plain classifier has a wide margin on the same signals.

# %% [markdown]
# **Checked by machine.** Theorem 1 is proved in Coq as well (`dc_gap_of_shifts` in `proofs/dc.v`; `make
# prove`). It says that disjoint intervals leave the squared gap $(\sum_i x_i - \sum_i y_i)^2 / d$, with $x$
# and $y$ the samples at their nearest ends. The example above, taken as fractions, without any rounding:
# are its intervals disjoint, and is that the squared gap of its shifts?


# %%
def whole_orbits(samples):
    """All shifts of all samples in fractions, nine rows a sample."""
    return [row for x in samples for row in fractions(shifts.orbit(x))]


rows = [whole_orbits(samples) for samples in apart_yes]
sums = [[sum(fractions(x[None])[0]) for x in samples] for samples in apart_yes]
near = sums[0].index(min(sums[0])), sums[1].index(max(sums[1]))
places = [range(9 * i, 9 * i + 9) for i in near]
exactly_disjoint = min(sums[0]) > max(sums[1])
exact_difference = squared_gap(*rows, *places) - (min(sums[0]) - max(sums[1])) ** 2 / 9
print(f"disjoint: {exactly_disjoint}; squared gap minus the theorem's, in fractions: {exact_difference}")

# %% [markdown]
# **(d) The fixed space.** Two facts. The normal found on explicit orbits is fixed by every shift; and in
# the Fourier basis every shift is diagonal, so what all shifts fix can be counted: the frequencies whose
# eigenvalue is 1 for all $s$.

# %%
d = 12
A, B = (orbits(samples) for samples in two_classes(d, apart=6))
normal = max_margin(A, B).normal
fixed_error = np.abs(shifts.orbit(normal) - normal).max()
x = rng.standard_normal(d)
shift_theorem = np.array([dft(shift(x, s)) - shift_phases(d, s) * dft(x) for s in range(d)])
fixed_frequencies = sum(all(abs(shift_phases(d, s)[k] - 1) < 1e-9 for s in range(d)) for k in range(d))
print(f"normal moved by {fixed_error:.0e}, shift theorem off by {np.abs(shift_theorem).max():.0e}")
print("frequencies that every shift fixes:", fixed_frequencies, "of", d)

# %% [markdown]
# One frequency of twelve, the DC. The argument needs whole shifts: a shift by half a sample multiplies the
# highest frequency of an even length by $-\mathrm i$, so its result is not a real signal, and taking the
# real part would silently lose that frequency. The package refuses.

# %%
half_shifted = shift_phases(d, 0.5) * dft(dot_on_gray(d)[0])
refused = False
try:
    idft_real(half_shifted)
except ValueError as error:
    refused = True
    print(error)

# %% [markdown]
# **Corollary 1.** One white and one black dot. Without invariance they are 2 apart at any size; with it the
# gap is $2/\sqrt d$: measured on explicit orbits up to a few hundred samples, from the closed form up to a
# megapixel.


# %%
def explicit_gap(shape):
    """The gap of all shifts of a white dot and all shifts of a black one."""
    return max_margin(*(shifts.orbit(dot) for dot in dot_on_gray(shape))).gap


# %%
sides, large_sides = [1, 2, 3, 7, 12, 15], [1, 8, 29, 100, 1000]
on_lines = [explicit_gap(d) for d in lengths]
on_squares = [explicit_gap((k, k)) for k in sides]
closed_form = [invariant_margin(*(dot[None] for dot in dot_on_gray((k, k)))).gap for k in large_sides]
plain = [max_margin(*(dot[None] for dot in dot_on_gray(d))).gap for d in lengths]

# %%
fig, ax = figures.panels(height=2.9)
sizes = np.geomspace(1, 1e6, 7)
figures.compare(
    ax, (sizes, 2 / np.sqrt(sizes), r"$2/\sqrt{d}$"), (lengths, on_lines, "explicit orbits, on a line")
)
ax.plot(np.square(sides), on_squares, "x", color=MEASURED, label="explicit orbits, on a square")
ax.plot(np.square(large_sides), closed_form, "s", color=MEASURED, mfc="none", label="closed form")
ax.plot(lengths, plain, "^", color=MEASURED, mfc="none", label="without invariance")
ax.set(xscale="log", yscale="log", xlabel="number of samples $d$", ylabel="gap between two dots")
_ = ax.legend()

# %% [markdown]
# On logarithmic axes the gap falls on a line of slope $-1/2$: four times the pixels, half the margin.
# Without invariance it stays at 2. On a square of 1000 x 1000 pixels invariance has cost a factor 1000.
#
# **Real images, one of each class.** For two digit images $x$ and $y$ the theorem gives the factor by which
# invariance shrinks the gap: the cosine between $x - y$ and $w$. Its distribution over every pair of images
# of different digits. And measured: the gap of all 64 shifts of one image from all 64 of the other, as
# plain points, over the gap of the two images alone.

# %%
data = digits()
flat = data.images.reshape(len(data.images), -1)
different = np.triu(data.labels[:, None] != data.labels)
brightness = dc(flat, axes=1)
squares = np.square(flat).sum(axis=1)
distance = np.sqrt(np.maximum(squares[:, None] + squares - 2 * flat @ flat.T, 0))
formula = np.abs(brightness[:, None] - brightness)[different] / distance[different]
print(
    f"{formula.size} pairs: median factor {np.median(formula):.3f}, largest {formula.max():.3f}, "
    f"90% below {np.quantile(formula, 0.9):.3f}; equal DC, so not separable: {np.mean(formula == 0):.1%}"
)

# %%
measured, predicted = [], []
for a, b in combinations(range(10), 2):
    ones, others = (rng.choice(data.of_class(label), pairs_each) for label in (a, b))
    for x, y in zip(ones, others, strict=True):
        alone, gap = max_margin(x[None], y[None]).gap, 0.0
        with suppress(NotSeparable):
            gap = max_margin(orbits([x]), orbits([y])).gap
        measured.append(gap / alone)
        predicted.append(abs((x - y).sum()) / 8 / np.linalg.norm(x - y))
difference = np.abs(np.subtract(measured, predicted)).max()
print(f"{len(measured)} pairs measured, largest difference from the cosine: {difference:.0e}")

# %%
fig, (left, right) = figures.panels(1, 2, height=3.2)
bins = np.linspace(0, 0.6, 41)
left.stairs(np.histogram(formula, bins, density=True)[0], bins, color=THEORY, label="cosine, all pairs")
left.plot(measured, np.zeros(len(measured)), "|", color=MEASURED, markersize=14, label="measured, some pairs")
left.set(xlabel="invariant gap / plain gap", ylabel="density over pairs of images")
left.legend()
by_class = [dc(data.of_class(label), axes=(1, 2)) for label in range(10)]
figures.intervals(right, [(str(label), values, MEASURED) for label, values in enumerate(by_class)])
right.set(xlabel="DC component $f_{dc}$", ylabel="digit")
shared = max(map(min, by_class)), min(map(max, by_class))
right.axvspan(*shared, color=BROKEN, alpha=0.15, linewidth=0, label="in all ten intervals")
_ = right.legend(loc="lower right", bbox_to_anchor=(1, 1))

# %% [markdown]
# Left, the theorem's factor for all pairs (black) and the measured one for some (blue ticks): for half of
# all pairs of digits a shift-invariant classifier keeps less than a tenth of the plain margin. Right, the
# DC intervals of whole classes. All ten share the red band, so any two overlap.
#
# **Real images, whole classes.** Which of the 45 pairs of classes can be separated, if the classifier has
# to be invariant under a group? The same theorem answers for every group of permutations, with the
# signals that the group fixes in the place of $w$: their dimension is the number of pixel orbits, and
# each is one number that the classifier may look at.


# %%
def separable_pairs(margin):
    """How many of the 45 pairs of digits `margin` separates, and the median of the gaps."""
    gaps = []
    for a, b in combinations(range(10), 2):
        with suppress(NotSeparable):
            gaps.append(margin(data.of_class(a), data.of_class(b)).gap)
    return len(gaps), np.median(gaps) if gaps else 0.0


# %%
groups = {
    "mirror images": flips(axes=1),
    "quarter turns": quarter_turns(),
    "quarter turns and mirror images": quarter_turns() * flips(axes=0),
    "shifts by 4 pixels": circular_shifts(stride=4),
    "shifts by 2 pixels": circular_shifts(stride=2),
    "horizontal shifts": circular_shifts(axes=1),
    "vertical shifts": circular_shifts(axes=0),
    "all shifts": circular_shifts(),
}
table = {"none (plain)": separable_pairs(max_margin)}
for name, group in groups.items():
    table[name] = separable_pairs(partial(invariant_margin, group=group))

# %%
for name, (count, gap) in table.items():
    seen = 64 if name not in groups else groups[name].sample_orbits((8, 8)).max() + 1
    print(f"{name:33} sees {seen:2} numbers, separates {count:2} of 45 pairs, median gap {gap:.3f}")

# %% [markdown]
# A plain linear classifier separates every pair of digits. One that is invariant under all shifts separates
# none. Horizontal shifts leave eight row sums to look at, vertical ones eight column sums, and the two
# are not alike: row sums still separate about half of the pairs, column sums three. The same counts by a
# route that knows nothing of groups: linear programs on all pixels, on the row sums, on the column sums,
# and on the sum.


# %%
def programs(features):
    """How many of the 45 pairs of digits a linear program separates by these features of images."""
    by_label = [features(data.of_class(label)) for label in range(10)]
    classes = [x.reshape(len(x), -1) for x in by_label]
    return sum(separable(a, b) for a, b in combinations(classes, 2))


# %%
looked_at = {
    "none (plain)": lambda X: X,
    "horizontal shifts": lambda X: X.sum(axis=2),
    "vertical shifts": lambda X: X.sum(axis=1),
    "all shifts": lambda X: X.sum(axis=(1, 2)),
}
by_program = {name: programs(features) for name, features in looked_at.items()}
print(by_program)

# %% [markdown]
# That invariance under a group asks for the gap of *all* images of *all* samples can be seen where orbits
# are small: every image of two digits together with its mirror image, as plain points.

# %%
threes, eights = data.of_class(3), data.of_class(8)
mirror_gap = invariant_margin(threes, eights, flips(axes=1)).gap
mirrored_gap = max_margin(*(np.concatenate([c, c[:, :, ::-1]]) for c in (threes, eights))).gap
print(f"mirror-invariant gap {mirror_gap:.12f}, gap of the mirrored classes {mirrored_gap:.12f}")

# %% [markdown]
# ## Where it stops being true
#
# **Only some of the shifts.** If the classifier need not be invariant under all shifts, its margin cannot
# be smaller. Here it is larger: with the first half of each orbit, the separator is not $w$.

# %%
rng = np.random.default_rng(seed)
positives, negatives = two_classes(12, apart=6)
dc_gap = dc(positives, axes=1).min() - dc(negatives, axes=1).max()
open_set = max_margin(*(np.concatenate([shifts.orbit(x)[:6] for x in c]) for c in (positives, negatives)))
open_cosine = dc(open_set.normal)
print(f"half of the shifts: gap {open_set.gap:.3f}, cosine to w {open_cosine:.4f}")
print(f"all shifts:         gap {dc_gap:.3f}, cosine to w 1")

# %% [markdown]
# **Zero padding.** If a shift fills up with zeros instead of what left at the other end, the set of shifted
# signals is no longer closed under shifting, their mean is not constant, and the theorem's gap and normal
# are both wrong.


# %%
def zero_padded_orbit(x):
    """As many shifts of x as it has samples, half of them to either side, with zeros entering."""
    d = x.size
    padded = np.pad(x, d)
    return np.array([padded[d - s : 2 * d - s] for s in range(-d // 2, d - d // 2)])


# %%
padded_mean = zero_padded_orbit(positives[0]).mean(axis=0)
padded = max_margin(*(np.concatenate([zero_padded_orbit(x) for x in c]) for c in (positives, negatives)))
padded_gap, padded_cosine = padded.gap, dc(padded.normal)
print(f"zero padding: gap {padded_gap:.3f}, cosine to w {padded_cosine:.4f};  circular: {dc_gap:.3f} and 1")
print(f"spread of the mean signal over its positions: {np.ptp(padded_mean):.3f}")

# %% [markdown]
# As many shifts of the same signals, and another gap and another normal. The gap is smaller: a shift
# drops up to half of a signal's samples, and with them what told the classes apart.
#
# **No invariance.** And without it a margin is no DC gap, for the classes of the second figure.

# %%
theorem_of_example = dc(apart_yes[0], axes=1).min() - dc(apart_yes[1], axes=1).max()
plain_of_example = max_margin(*apart_yes).gap
print(f"plain gap {plain_of_example:.3f}, DC gap {theorem_of_example:.3f}")

# %% [markdown]
# ## Try it
#
# - Your own data: two arrays of shape (samples, ...) are all it takes. Replace the two lines below, for
#   example by `np.load("mine.npy")`.
# - **An exercise with a number.** A signal of 16 samples has a single 3 and else zeros, another one four
#   samples of 1. What are the plain gap and the shift-invariant gap, if the 3 is not among the four?
#   <details><summary>Answer</summary>$\sqrt{9 + 4} = 3.606$ and $|3 - 4|/\sqrt{16} = 0.25$.</details>
# - Which pairs of digits do column sums still separate?
#   <details><summary>Answer</summary>Loop over the pairs with `invariant_margin(...,
#   circular_shifts(axes=0))`: three of them do not raise `NotSeparable`.</details>
# - The theorem compares extremes: one odd sample can close the gap. How many images must be removed from
#   two classes of digits before their DC intervals come apart?
#   <details><summary>Answer</summary>Sort the DC components of both classes together; the smallest number
#   of images on the wrong side of a cut, over all cuts.</details>

# %%
mine, others = data.of_class(3), data.of_class(8)
print("plain:          ", max_margin(mine, others))
print("mirror-invariant:", invariant_margin(mine, others, flips(axes=1)))
try:
    print("shift-invariant:", invariant_margin(mine, others))
except NotSeparable as error:
    print("shift-invariant:", error)

# %% [markdown]
# ## Claims checked
#
# Tolerances are in multiples of eps, the spacing of float64 at 1, times the size of the numbers that are
# added up.

# %%
ledger = Ledger("A shift-invariant margin is a DC gap")
ledger.equal("(a) the mean of all shifts is the constant f_dc / sqrt d", mean_error, 0, 64 * eps)
ledger.equal("(a) its spectrum is (f_dc, 0, ..., 0)", spectrum_error, 0, 64 * eps)
ledger.equal("(b, c) the gap of explicit orbits is the DC gap", explicit_gaps, theorem_gaps, 512 * eps)
bound = {"evidence": "certified enclosure"}
ledger.equal("(b) its certificate leaves no room for more", upper_bounds, theorem_gaps, 512 * eps, **bound)
ledger.equal("(b, c) and so it is by least squares", least_squares_gaps, theorem_gaps, 1e-9)
ledger.equal("(b) the orbits of overlapping classes are never separable", overlapping_and_separable, 0, 0)
ledger.equal("(b) the witness is a mixture of the orbits of either class", witness_error, 0, 64 * eps)
ledger.at_least("(b) with weights of at least 0", np.concatenate(weights), 0)
ledger.equal("(b) that sum to 1", [share.sum() for share in weights], 1, 8 * eps)
ledger.equal("(c) those of disjoint classes always are", disjoint_and_separable, problems - overlapping, 0)

# %%
exactly = [exactly_disjoint, float(exact_difference)]
words = "Theorem 1 in fractions: theorem dc_gap_of_shifts"
ledger.equal(words, exactly, [1, 0], 0, evidence="proved by machine")

# %%
ledger.equal("(d) the normal is w", cosines, 1, 64 * eps)
ledger.equal("(d) every shift fixes the normal", fixed_error, 0, 64 * eps)
ledger.equal("(d) the DFT diagonalises every shift", shift_theorem, 0, 64 * eps)
ledger.equal("(d) one frequency is fixed by every shift", fixed_frequencies, 1, 0)
ledger.equal("(d) a half-sample shift of a real signal is refused as not real", refused, True, 0)
ledger.equal("Corollary 1: without invariance two dots are 2 apart", plain, 2, 4 * eps)
ledger.equal("Corollary 1: the gap is 2 / sqrt d on a line", on_lines, 2 / np.sqrt(lengths), 64 * eps)
ledger.equal("Corollary 1: the gap is 2 / k on a k x k square", on_squares, np.divide(2, sides), 64 * eps)
claim, kept = "Corollary 1: the package's closed form is 2 / k", {"evidence": "pinned"}
ledger.equal(claim, closed_form, np.divide(2, large_sides), 4 * eps, **kept)
ledger.equal("one image per class: the ratio of gaps is the cosine", measured, predicted, 512 * eps)

# %%
ledger.at_most("digits: half of all pairs keep less than a tenth of the gap", np.median(formula), 0.1)
for name, count in by_program.items():
    claim = f"digits, {name}: as many pairs as by linear programs"
    ledger.equal(claim, table[name][0], count, 0)
ledger.equal("digits: a plain classifier separates all pairs", by_program["none (plain)"], 45, 0)
ledger.equal("digits: a shift-invariant one separates none", by_program["all shifts"], 0, 0)
sums = [by_program[name] for name in ("horizontal shifts", "vertical shifts")]
ledger.equal("digits: row sums separate 22 pairs, column sums 3", sums, [22, 3], 0, **kept)
ledger.equal("other groups: the gap is that of the explicit orbits", mirror_gap, mirrored_gap, 512 * eps)

# %% [markdown]
# And the controls, which must fail.

# %%
ledger.fails("with half of the shifts the gap is still the DC gap", open_set.gap, dc_gap, 1e-3)
ledger.fails("with half of the shifts the normal is still w", open_cosine, 1, 1e-3)
ledger.fails("with zero padding the mean of the shifts is constant", np.ptp(padded_mean), 0, 1e-3)
ledger.fails("with zero padding the gap is the DC gap", padded_gap, dc_gap, 1e-3)
ledger.fails("with zero padding the normal is w", padded_cosine, 1, 1e-3)
ledger.fails("a plain margin is a DC gap", plain_of_example, theorem_of_example, 1e-3)
ledger.close()

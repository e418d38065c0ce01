# %% [markdown]
# # What would invariance cost on your data?
#
# *Previous: [Handwritten digits pay too](10_handwritten_digits_pay_too.ipynb) · Next: [Adaptive polyphase
# sampling is exactly invariant](12_adaptive_polyphase_sampling_is_exactly_invariant.ipynb) · Needs: page
# [01](01_a_shift_invariant_margin_is_a_dc_gap.ipynb), for other groups than shifts page
# [08](08_every_group_pays_the_square_root_of_its_orbit.ipynb), for infinite width
# [03](03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb) and
# [04](04_pooling_turns_the_boundary_into_the_dc_hyperplane.ipynb); the paper's Theorems 1 and 2 and their
# Corollaries: [arXiv 2103.02695](https://arxiv.org/abs/2103.02695)*
#
# You have two classes of images, and a classifier that may not care about shifts, or mirror images, or
# quarter turns. How much of the margin does that leave? `price_of_invariance` answers for linear classifiers
# exactly, and for infinitely wide networks with a bound from below and one from above. This page shows how
# to ask, how to read the answer, and when it is "nothing". On handwritten digits of
# 8 x 8 pixels a mirror leaves about half of the margin, in the median over pairs of classes, and all circular
# shifts leave nothing: no pair stays separable. To ask it of a folder of your own images, set one
# variable below. Based on Singla, Ge, Basri and Jacobs, *Shift Invariance Can Reduce Adversarial Robustness*
# (NeurIPS 2021). Runs in about a minute (profile quick) or three (full), within 0.7 GB.

# %% [markdown]
# ## Statement
#
# A finite group $G$ moves the pixels of an image, and $P$ is the mean over the group, $Px =
# \frac{1}{|G|}\sum_{T\in G} Tx$. The **plain gap** $\Gamma$ of two classes is the width of the widest
# slab that separates them, the **invariant gap** $\Gamma_G$ that of the widest slab whose normal no $T$
# changes, and the **price** is told by the **ratio** $\Gamma_G/\Gamma$, where $\Gamma > 0$: 1 where
# invariance is free, 0 where nothing invariant separates; the cost is what is missing to 1. Half of a gap
# is the distance from the nearest sample to the boundary.
#
# - (a) $\Gamma_G$ is the plain gap of the projected samples $Px$, and $0 \le \Gamma_G \le \Gamma$. For all
#   circular shifts it is the gap between the intervals of the DC components $f_{dc}(x) = \sum_i x_i /
#   \sqrt d$. For one image of each class the ratio is $|P(x - y)|/|x - y|$; for a white and a black dot it
#   is $1/\sqrt d$, and so it is at infinite width.
# - (b) If a group contains another, its invariant gap is at most that of the other.
# - (c) **When it costs nothing:** the ratio is 1 exactly if the normal $n$ of the widest slab is fixed, $Pn
#   = n$. So it is if every sample is fixed, if the group moves nothing, if the classes are the same patterns
#   of mean zero at two different levels of brightness, or if each class has with an image $x$ all its images
#   $Tx$. Adding these to any classes makes the plain gap what the invariant one was.
# - (d) **Soft gaps.** Classes that overlap have no gap, but at a share $s$ the mean of the fraction $s$ of a
#   class that lies lowest can stand for its minimum, and of the other the mean of the highest for its
#   maximum; the soft gap is the largest such difference over all normals of length 1. For all shifts it is
#   that of the DC components, in the better of two orders; at $s = 1$ the ratio is $|P\delta|/|\delta|$ with
#   $\delta$ the difference of the class means.
# - (e) **Digits**, 8 x 8, all images: of the 45 pairs of classes every one has a plain gap, every one still
#   has a gap under the mirror, and none has one under all shifts; nor has any of MNIST, full size, the first
#   800 test images of each class (checked in the profile full).
#
# (a) to (d) are theorems. (e) is a fact about finite sets of images, with no chance in it.

# %% [markdown]
# ## Why it is true
#
# 1. An invariant normal has $n = Pn$, and $P$ is symmetric, so $\langle n, x\rangle = \langle n, Px\rangle$:
#    the slab does not see more than $Px$. Conversely the best normal of the projected samples lies among the
#    fixed signals, because a part outside them would only lengthen it. The slabs with invariant normals are
#    some of all slabs, so $\Gamma_G \le \Gamma$. That is (a); for shifts the fixed signals are the multiples
#    of $\mathbf 1$, and one number is left.
# 2. What a larger group leaves fixed, a smaller one does. That is (b).
# 3. If $Pn = n$, the widest slab is an invariant one. Conversely, an invariant slab that is as wide as
#    the widest is the widest, for there is only one. That is the first sentence of (c). If all samples
#    are fixed, or nothing moves, $n$ is fixed because it is a combination of samples. With patterns $p_i$
#    of mean zero and levels $a \ne b$, any two points of the hulls differ by $(a-b)\mathbf 1$ plus
#    something orthogonal to $\mathbf 1$, so they are nearest where that vanishes, and $n \propto \mathbf
#    1$. If every $T$ maps each class onto itself, $Tn$ is the normal of a slab as wide, and there is only
#    one. Added images give an invariant normal the values that it had, and their hull has the orbit
#    means: $\Gamma_G$ stays, and is now the plain gap.
# 4. (d) is (a) for reduced hulls, in which no sample has more than the weight $1/(sm)$, $m$ the size of its
#    class. The least value of a linear function there is the mean of the lowest fraction $s$. For $s = 1$
#    the hull is one point, the mean.
# 5. At infinite width the boundaries of two opposite images are hyperplanes with the normals $x$ and,
#    with an average over all positions, $\mathbf 1$
#    ([03](03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb),
#    [04](04_pooling_turns_the_boundary_into_the_dc_hyperplane.ipynb)): a dot is at 1 and $1/\sqrt d$ from
#    them.

# %%
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from shiftmath import NotSeparable, dot_on_gray, max_margin, pairwise_price, price_of_invariance
from shiftmath.datasets import digits, image_folder, mnist
from shiftmath.groups import circular_shifts, flips, quarter_turns
from shiftmath.interpolant import Interpolant, certified_radius
from shiftmath.pages import Ledger, choose, figures, profile, provenance
from shiftmath.pages.figures import BROKEN, MEASURED, THEORY
from shiftmath.price import InvariantClassifier
from sklearn.svm import SVC

# %% tags=["parameters"]
folder = None  # a folder of your images, CLASS/NAME.png, or a tar or zip archive of it
size = (16, 16)  # to which they are scaled
seed = 0
sides = choose(quick=[2, 3, 5, 8], full=[2, 3, 5, 8, 12])  # of images with a dot
each = 800  # images of each class of MNIST, profile full
eps = np.finfo(float).eps
rng = np.random.default_rng(seed)
print(provenance("UCI handwritten digits, 8 x 8; in the profile full also MNIST, 28 x 28"))

# %% [markdown]
# ## In numbers
#
# **A known answer first.** A white and a black dot on gray, of growing size. The last table is what the
# package prints.

# %%
dot_ratios, dot_widths, dot_bounds = [], [], []
for k in sides:
    white, black = X = np.stack(dot_on_gray((k, k)))
    price = price_of_invariance(white[None], black[None], wide=1)
    dot_ratios.append(price.ratio)
    dot_widths.append([w.median[1] for w in price.wide])
    for w, normal in ((price.wide[0], white), (price.wide[2], np.ones((k, k)) / k)):
        f, law = Interpolant(w.kernel, X, [1.0, -1.0]), np.sum(white * normal)
        beyond = f((white - law * (1 + 1e-6) * normal)[None])[0] < 0
        radius = certified_radius(w.kernel, X, f.coefficients, white)
        dot_bounds.append((radius, law, law * (1 + 1e-6) if beyond else np.inf))
print(price)

# %% [markdown]
# A row for each separator, with its gap, and what part this is of the first of its kind. Any separator has
# the gap 2; an invariant one only $2/\sqrt d$. The networks below are infinitely wide and trained to the end
# ([page 02](02_a_wide_network_is_its_kernel.ipynb)): `Convolutional()` averages over all positions and is
# invariant, with `flatten` it keeps them apart. For them the number is the distance of a sample to the
# boundary, here half of the gap. For two opposite images the package uses the theorem of pages 03 and 04; so
# that this is not taken for a computation, the cell asks the kernels themselves as well: a certified radius,
# and whether a step a millionth longer than the law crosses.
#
# How to read such a table. "-" says that there is nothing to compare with, "x or more" that only a lower
# bound is known. A *share* is written where the classes overlap, and is explained below. A ratio is NaN
# where they overlap for every linear separator: then read the share and the ratio at it. In Jupyter,
# `price` on a line of its own shows the table with a picture, and `price.to_frame()` is a data frame of
# pandas.
#
# **A pair of digits.** All zeros and all ones of 8 x 8 pixels, under the mirror that swaps left and right.

# %%
data = digits()
mirror = flips(axes=1)
groups = {"mirror": mirror, "both mirrors": flips(), "quarter turns": quarter_turns(), "all shifts": None}
zeros, ones = data.of_class(0), data.of_class(1)
mirrored = price_of_invariance(zeros, ones, mirror, wide=0)
print(mirrored)

# %% [markdown]
# Of the plain gap 1.22 the mirror leaves 0.99, so invariance costs nearly a fifth. Values run from 0 to 1 for
# each pixel: to bring the nearest image onto the boundary, a change of length 0.608 is needed without
# invariance, and one of 0.495 with it.
#
# The numbers are certified: the package gives a slab, and two points of the hulls: no slab that separates the
# classes is wider than these are apart. How far do the two differ?

# %%
for r in mirrored.records:
    print(f"{r['separator']:10} {r['lower']:.12f} to {r['upper']:.12f}")

# %% [markdown]
# They agree to all twelve digits. The same pair under all circular shifts.

# %%
shifted = price_of_invariance(zeros, ones, wide=0)
print(shifted)

# %% [markdown]
# Nothing invariant separates these classes, and the last lines say why: the intervals of DC components
# overlap. How far is told by the share. Of the shares tried only 1, the means of the whole classes, has an
# order, and along the best direction that shifts allow they are a hundredth as far apart as they are.
#
# What do these separators look at? Here are the shortest changes that take a zero of the nearest ones
# onto the boundary, without invariance and with it.

# %%
fig, axes = figures.panels(1, 5, height=1.9)
shown = {"none": mirrored.plain_perturbation}
shown |= {name: price_of_invariance(zeros, ones, g, wide=0).perturbation for name, g in groups.items()}
for ax, (name, change) in zip(axes, shown.items(), strict=True):
    figures.signal_image(ax, change, np.abs(change).max(), f"{name}\n{np.linalg.norm(change):.3f}")

# %% [markdown]
# The shortest change from zeros towards ones, for no group and four groups; under each its length, and
# each on a gray scale of its own, from black for darker over middle gray, no change, to white for
# brighter. Without invariance it fills the middle and clears the ring. A mirror makes the picture
# symmetric. All shifts leave a constant: all that an invariant separator can do is to look at the
# brightness, and its length is that for the means of the classes, not for a sample.
#
# **All pairs.** `pairwise_price` asks for every two of ten classes.

# %%
prices = {name: pairwise_price(data.images, data.labels, g, wide=0) for name, g in groups.items()}
upper = np.triu_indices(10, 1)
plain = prices["mirror"].matrix("plain_gap")[upper]
gaps = {name: p.matrix("invariant_gap")[upper] for name, p in prices.items()}
print(f"plain gaps from {plain.min():.2f} to {plain.max():.2f}")
for name, gap in gaps.items():
    print(f"{name:14} pairs with a gap {np.sum(gap > 0):2} of 45, median ratio {np.median(gap / plain):.3f}")

# %%
fig, ax = figures.panels(height=2.4)
rows = [(name, gap / plain, BROKEN if name == "all shifts" else MEASURED) for name, gap in gaps.items()]
figures.intervals(ax, rows)
ax.axvline(1, color=THEORY, linewidth=0.8)
_ = ax.set(xlabel="invariant gap / plain gap", xlim=(-0.03, 1.05))

# %% [markdown]
# Each tick is one of 45 pairs of digits, at the part of its gap that invariance leaves; the bar reaches from
# the least to the largest, and the black line is where invariance is free. A mirror leaves each pair
# something, in the median about half. Both mirrors leave nothing to 17 of the pairs, and quarter turns
# nothing to 17, too. All shifts (red) leave nothing to any: 45 ticks at 0.
#
# **Two routes that share no code.** The plain gap is what a support vector machine without slack finds.
# scikit-learn's gives its normal and the weights of its support vectors; the slab that this normal has, and
# the distance of the two weighted means, enclose the largest gap. The pixels are multiples of 1/16, and
# all inner products are exact in the single precision of its kernel cache. For the mirror it sees $Px$, made
# with `np.flip`.

# %%
svc_tolerance = 1e-8


def enclosed(P, N):
    """A lower and an upper bound of the plain gap from a support vector machine."""
    P, N = P.reshape(len(P), -1), N.reshape(len(N), -1)
    X, y = np.concatenate([P, N]), np.repeat([1, -1], [len(P), len(N)])
    machine = SVC(kernel="linear", C=1e9, tol=svc_tolerance).fit(X, y)
    weights, support = machine.dual_coef_[0], X[machine.support_]
    normal = weights @ support
    length, total = np.linalg.norm(normal), weights[weights > 0].sum()
    return ((P @ normal).min() - (N @ normal).max()) / length, length / total


# %%
by_class = [data.of_class(c) for c in range(10)]
pairs = list(zip(*upper, strict=True))
plain_bounds = np.array([enclosed(by_class[a], by_class[b]) for a, b in pairs])
means = [(Z + np.flip(Z, axis=2)) / 2 for Z in by_class]
mirror_bounds = np.array([enclosed(means[a], means[b]) for a, b in pairs])
bounds = np.stack([plain_bounds, mirror_bounds])
relative_width = (bounds[..., 1] - bounds[..., 0]) / bounds[..., 1]
print(f"{relative_width.size} enclosures, relative width at most {relative_width.max():.0e}")

# %% [markdown]
# For all shifts one number of each image is left, and all is done by hand, in whole numbers: sixteen times
# the sum of the pixels. Do the two intervals overlap? And if not, the gap is the distance between them
# over $16\sqrt d = 128$. Since no pair of digits has a gap, that is tried on one random image of each class,
# together with the formula for one image per class.


# %%
def ink(Z):
    """The sums of the pixels in sixteenths, as whole numbers."""
    return np.rint(16 * Z).astype(int).sum(axis=(1, 2))


overlaps = 0
for a, b in pairs:
    p, n = ink(by_class[a]), ink(by_class[b])
    overlaps += bool(p.min() <= n.max() and n.min() <= p.max())
print(f"pairs whose intervals overlap: {overlaps} of {len(pairs)}")

# %%
single_gaps, single_laws, single_ratios, cosines = [], [], [], []
for a, b in pairs:
    x, z = (rng.permutation(by_class[c])[:1] for c in (a, b))
    price = price_of_invariance(x, z, wide=0)
    single_gaps.append(price.invariant_gap)
    single_laws.append(abs(int(ink(x)[0] - ink(z)[0])) / 128)
    single_ratios.append(price.ratio)
    cosines.append(single_laws[-1] / np.linalg.norm(x - z))
print(f"one image per class: ratios from {min(single_ratios):.4f} to {max(single_ratios):.4f}")

# %% [markdown]
# So the number of images matters. With one of each class every pair has an invariant gap, in this draw; with
# all of them none has. A price is that of a training set. More images only lower both of its gaps; the ratio
# may go either way: under the mirror zeros and ones have 0.79 with twenty of each and 0.81 with all.
#
# **Soft gaps by hand.** The mean of the lowest fraction $s$ of a class, the last image counted in part, with
# a sort; and at $s = 1$ the class means.


# %%
def lowest(values, share):
    """The mean of the lowest share of some numbers."""
    count = share * len(values)
    weights = np.clip(count - np.arange(len(values)), 0, 1)
    return np.sort(values) @ weights / count


def soft_gap(p, n, share):
    """How far apart two classes of numbers are at a share, in the better of the two orders."""
    return max(lowest(p, share) + lowest(-n, share), lowest(n, share) + lowest(-p, share))


# %%
soft_gaps, soft_laws, mean_ratios, mean_laws, all_means = [], [], [], [], []
for a, b in pairs:
    price = prices["all shifts"][a, b]
    soft_gaps.append(price.invariant.separator.gap)
    soft_laws.append(soft_gap(ink(by_class[a]) / 128, ink(by_class[b]) / 128, price.share))
    delta = by_class[a].mean(axis=0) - by_class[b].mean(axis=0)
    all_means.append(abs(delta.sum()) / 8 / np.linalg.norm(delta))
    if price.share == 1:
        mean_ratios.append(price.soft_ratio)
        mean_laws.append(all_means[-1])
shares, counts = np.unique(prices["all shifts"].matrix("share")[upper], return_counts=True)
print("share: pairs  ", {float(s): int(c) for s, c in zip(shares, counts, strict=True)})
print(f"ratio at it, share 1: {min(mean_ratios):.4f} to {max(mean_ratios):.4f}", end=", ")
print(f"ratio of the whole means, all pairs: {min(all_means):.4f} to {max(all_means):.4f}")

# %% [markdown]
# Read the share before the ratio. The share is how much of each class has to be averaged before brightness
# puts the classes in order: 0 is a hard gap, and here it is 0.8 or more. It is the least on a grid
# from 0.01 to 1, so just above the threshold, and there an invariant soft gap is small for that reason
# alone. Only the whole means can be compared alike for all pairs: of their distance brightness sees
# between 0.0002 and 0.12.
#
# **At infinite width.** One zero and one one, interpolated; the distance of the zero and of the one to the
# boundary of each network, bounds that hold for both: certified from below and found from above.

# %%
wide = price_of_invariance(zeros, ones, wide=1, seed=seed).wide
for w in wide:
    print(f"{w.kernel!r:34} at least {w.lower.min():.3f}, at most {w.upper.max():.3f}")

# %% [markdown]
# These two images an invariant hyperplane separates as well, for their inks are 286 and 273 sixteenths:
# half of the gap is 0.051, of 1.889 without invariance. The invariant network is less robust, too. A
# change of length 0.67 takes either image to its boundary, and none shorter than 1.87 takes either to
# that of the fully connected one: for this pair of images that is certified. Of the convolutional network
# that keeps positions apart less is certified. The bounds of the invariant one are far apart, and how
# near its boundary is remains open. And two images of equal ink, which no invariant hyperplane tells
# apart?

# %%
alike = np.stack(next((z, o) for z in zeros for o in ones if ink(z[None])[0] == ink(o[None])[0]))
alike_gap = price_of_invariance(alike[:1], alike[1:], wide=0).invariant_gap
f = Interpolant(wide[2].kernel, alike, [1.0, -1.0])
moved_pair = np.roll(alike, (3, 2), axis=(1, 2))
alike_values = np.array([f(alike), f(moved_pair)])
print(f"both have ink {ink(alike)[0]}: linear gap {alike_gap}; the invariant network says", *alike_values[0])
print("and of shifted copies", *alike_values[1].round(12))

# %% [markdown]
# The invariant network tells them apart, and their shifted copies as well: linear is not everything.
#
# **A classifier to use.** `InvariantClassifier` has the best invariant separators as an estimator of
# scikit-learn. Fitted to half of the digits it answers for the others, and for one random shift of each.

# %%
order = rng.permutation(len(data.labels))
train, test = order[:900], order[900:]
moved = np.stack([np.roll(data.images[i], rng.integers(8, size=2), (0, 1)) for i in test])
accuracies, changed = {}, {}
for name, group in {"none": circular_shifts(stride=8), "mirror": mirror, "all shifts": None}.items():
    classifier = InvariantClassifier(group).fit(data.images[train], data.labels[train])
    answers = [classifier.predict(Z) for Z in (data.images[test], np.flip(data.images[test], 2), moved)]
    accuracies[name] = np.mean(answers[0] == data.labels[test])
    changed[name] = [np.mean(answers[0] != other) for other in answers[1:]]
    print(f"{name:10} accuracy {accuracies[name]:.3f}; answers changed by", end=" ")
    print("the mirror {:.3f}, by a shift {:.3f}".format(*changed[name]))

# %% [markdown]
# Neither is changed by what it ignores. The first ignores nothing, for shifts by 8 pixels of 8 move
# nothing, and is there to be compared with. The one that ignores all shifts knows the brightness of an
# image and nothing else, and in this form, one class against the rest, it does no better on the other
# half of the digits than guessing one of ten; other rules on brightness do little better.
#
# **When the answer is "nothing".** Four kinds of data for which invariance is free: digits that are their own
# mirror images, under the mirror; the dark and the bright copies of the same patterns, under all shifts, with
# the gap $\sqrt d\,|a - b| = 2$; digits under shifts by 8 pixels of 8, which move nothing; and digits with
# their mirror images, where only the best normal is fixed, not the samples. Beside each ratio, how far
# $P$ moves the normal of the widest slab. The last two rows are not free: digits as they are, and the two
# levels of brightness with one pixel of the brighter class brighter still.

# %%
patterns = zeros[:60] - zeros[:60].mean(axis=(1, 2), keepdims=True)
lopsided = np.concatenate([zeros[:20], np.flip(zeros[:20], 2)])
free = {
    "mirrored digits": (means[0], means[1], mirror),
    "two levels of brightness": (patterns + 0.75, patterns + 0.5, circular_shifts()),
    "moves nothing": (zeros, ones, circular_shifts(stride=8)),
    "all mirror images there": (lopsided, np.concatenate([ones[:20], np.flip(ones[:20], 2)]), mirror),
}
paid = {"mirror": (zeros, ones, mirror), "one bright pixel": (patterns + 0.75, patterns + 0.5, None)}
paid["one bright pixel"][0][:, 3, 3] += 2

# %%
free_ratios, free_moved = [], []
for name, (P, N, group) in (free | paid).items():
    price = price_of_invariance(P, N, group, wide=0)
    normal = price.plain.separator.normal
    moved_by = np.linalg.norm(price.group.orbit_mean(normal) - normal)
    free_ratios.append(price.ratio)
    free_moved.append(moved_by)
    print(f"{name:26} plain {price.plain_gap:.4f}, ratio {price.ratio:.9f}, |Pn - n| = {moved_by:.0e}")
bright_gap = price_of_invariance(*free["two levels of brightness"], wide=0).invariant_gap

# %% [markdown]
# The first four pay nothing, and their normals stay. The last two pay, and theirs do not. The fourth is worth
# a thought: a training set that has the mirror images of all its images has a separator that is invariant
# without being asked to be. There the price has been paid already, when the images were added: the plain gap
# with them is the invariant gap without them.

# %%
augmented = price_of_invariance(*free["all mirror images there"], wide=0).plain_gap
before = price_of_invariance(zeros[:20], ones[:20], mirror, wide=0)
print(f"plain {before.plain_gap:.9f}, invariant {before.invariant_gap:.9f}, augmented {augmented:.9f}")

# %% [markdown]
# **Larger images.** In the profile full, the first 800 images of each class of MNIST's test part, at 28 x 28:
# the mirror for all pairs, and for all shifts the intervals of ink, in whole numbers. And how many pixels are
# not always black, to be compared with the number of images of a pair.

# %%
mnist_overlaps = None
if profile() == "full":
    large = mnist("test", limit=each)
    p = pairwise_price(large.images, large.labels, mirror, wide=0)
    large_plain, gap = (p.matrix(n)[upper] for n in ("plain_gap", "invariant_gap"))
    inks = [np.rint(255 * large.of_class(c)).astype(int).sum(axis=(1, 2)) for c in range(10)]
    mnist_overlaps = sum(inks[a].min() <= inks[b].max() and inks[b].min() <= inks[a].max() for a, b in pairs)
    print(f"pairs with a plain gap {np.sum(large_plain > 0)} of 45, from {large_plain.min():.3f}", end=" ")
    print(f"to {large_plain.max():.2f}; with a gap under the mirror {np.sum(gap > 0)}", end=" ")
    print(f"(median ratio {np.median(gap / large_plain):.3f}); under all shifts {45 - mnist_overlaps}")
    print(f"pixels that are not always black: {np.sum(large.images.max(axis=0) > 0)}")

# %% [markdown]
# All pairs have a plain gap, and a pair has more than twice as many images as pixels, where random labels
# would have none (Cover 1965). The mirror leaves two pairs without a gap, and in the median over pairs
# 0.37 of it. All shifts leave none: at full size as at 8 x 8, brightness alone separates nothing.
#
# **Your own images.** Set `folder` in the second cell of code to a folder with one folder for each class, or
# an archive of it. Colours are read as gray. Until then this page makes one: the first twenty zeros and ones,
# as PNG files with 15 levels for each sixteenth, so that the values read are 16/17 of those of the digits, as
# must be the gaps.


# %%
def written(target):
    """A folder of PNG files, twenty of each of two classes."""
    for label in (0, 1):
        (target / f"class{label}").mkdir()
        for i, image in enumerate(by_class[label][:20]):
            levels = np.rint(15 * 16 * image).astype(np.uint8)
            Image.fromarray(levels).save(target / f"class{label}" / f"{i:02}.png")
    return target


with tempfile.TemporaryDirectory() as made:
    source = written(Path(made)) if folder is None else folder
    mine = image_folder(source, size=None if folder is None else size, grayscale=True)

# %%
mine_prices = {
    name: pairwise_price(mine.images, mine.labels, group, wide=0) for name, group in groups.items()
}
print(f"{len(mine.images)} images in the classes {', '.join(mine.classes)}")
for name, p in mine_prices.items():
    ratios = p.matrix()[np.triu_indices(len(mine.classes), 1)]
    known = ratios[~np.isnan(ratios)]
    print(f"{name}: {len(ratios)} pairs, {len(known)} of them with a plain gap", end=", ")
    print(f"ratio {known.min():.4f} to {known.max():.4f}" if len(known) else "read the shares")
print(mine_prices["mirror"])

# %% [markdown]
# Of the folder made here: even with only twenty images of each class brightness does not tell zeros from
# ones.
#
# ## Where it stops being true
#
# **Too few images.** With no more images than pixels and one, and those in general position, any labels
# have a gap, and with up to twice as many about half of all labels do (Cover 1965): then a price says
# nothing about the classes. Here is a check, for the digits and for the folder: the same with the labels
# permuted.


# %%
def permuted_gap(P, N):
    """The plain gap of two classes whose images are dealt out at random; 0 where they overlap."""
    X = rng.permutation(np.concatenate([P, N]))
    try:
        return max_margin(X[: len(P)], X[len(P) :]).gap
    except NotSeparable:
        return 0.0


# %%
shuffled_few = np.array([permuted_gap(by_class[a][:20], by_class[b][:20]) for a, b in pairs])
shuffled_all = np.array([permuted_gap(by_class[a], by_class[b]) for a, b in pairs])
for count, found in (("20", shuffled_few), ("all", shuffled_all)):
    print(f"{count} images of each class, labels permuted: {np.sum(found > 0)} of 45 pairs have a gap")
own_pairs = list(zip(*np.triu_indices(len(mine.classes), 1), strict=True))
own = [permuted_gap(mine.images[mine.labels == a], mine.images[mine.labels == b]) for a, b in own_pairs]
print(f"the folder, labels permuted: {np.sum(np.array(own) > 0)} of {len(own)} pairs have a gap")

# %% [markdown]
# With twenty images of each class permuted labels have a gap for every pair; with all images none has, so
# the plain gaps of this page are not an accident of the number of pixels.
#
# **One image decides.** A hard gap is that of the worst image, and one wrong label can make it 0. Look at
# soft gaps, too: `max_margin(positives, negatives, share=0.1)`.
#
# **Linear is not everything.** An invariant network is not a linear classifier: it may separate what no
# invariant hyperplane does, as the two images of equal ink above, and what it pays is measured, not deduced
# ([page 10](10_handwritten_digits_pay_too.ipynb)). The part at infinite width interpolates a few images,
# and its seed decides which.
#
# **A gap is not accuracy.** A smaller gap on training data says nothing about new images, for which
# invariance may well help. And shifts here are circular: what leaves at one edge enters at the other.

# %% [markdown]
# ## Try it
#
# - **An exercise with a number.** Two images of $8 \times 8$ pixels, one with a white dot on gray and one
#   with two white dots elsewhere. What is the ratio under all circular shifts?
# - What does a mirror cost if the images are also moved, `circular_shifts() * flips(axes=1)`?
# - Which pair of digits pays most for a mirror? `prices["mirror"].matrix()` has the ratios.
# - Your own images: set `folder`.

# %%
two, one = np.zeros((2, 8, 8))
one[1, 1] = two[4, 4] = two[5, 6] = 1
exercise = price_of_invariance(two[None], one[None], wide=0).ratio
print(f"{exercise:.6f}")

# %% [markdown]
# <details><summary>Answers</summary>
#
# - $x - y$ has three entries of $\pm 1$ and the sum 1: the ratio is $1/(8\sqrt 3) = 0.072169$.
# - Not more than the shifts alone: they leave one number, which a mirror does not change.
# - Three and five, the smallest entry of the matrix, at a ratio of 0.132.
#
# </details>

# %% [markdown]
# ## Claims checked
#
# Tolerances. The package closes its certificates to a relative $10^{-8}$; `certified` is twice that of
# the largest gap. A slab that is $1 - \varepsilon$ as wide as the widest has a normal within
# $\sqrt{2\varepsilon}$ of the best one, and so $|Pn - n|$ is at most that. Formulas with nothing to
# optimise are compared to 64 eps. The support vector machine stops when its optimality conditions hold to
# $10^{-8}$, in units in which the slab is 2 wide; from that follows that its bounds differ by at most
# $10^{-8}$, relatively. The claims about digits are about these 1797 images; where labels are permuted or
# images drawn, about the seed above. The rows about four groups, about both mirrors and about added
# images compare one answer of the package with another, where theory orders them. Nothing at infinite
# width beyond the dots and the pair of equal ink is claimed without a certificate.

# %%
ledger = Ledger("What would invariance cost on your data?")
law, certified = 1 / np.array(sides), 2e-8 * plain.max()
ledger.equal("(a) a white and a black dot: ratio 1 / sqrt d", dot_ratios, law, 64 * eps)
wide_law = np.stack([np.ones(len(law)), np.ones(len(law)), law], axis=1)
claim = "(a) at infinite width, as the package says: dots at 1, 1 and, invariant, 1 / sqrt d"
ledger.equal(claim, dot_widths, wide_law, 64 * eps, evidence="quoted")
low, exact, high = np.transpose(dot_bounds)
claim = "(a) and by the kernels: certified, the law, crossed by a step a millionth longer"
ledger.between(claim, low, exact, high, 64 * eps, evidence="certified enclosure")
ledger.at_least(
    "(a) the certified part of these distances", low / exact, 0.9999, evidence="certified enclosure"
)

# %%
by_ink = "(a) digits, shifts, one of each class"
ledger.equal(f"{by_ink}: the gap of the ink by hand", single_gaps, single_laws, 64 * eps)
ledger.equal(f"{by_ink}: the ratio by hand", single_ratios, cosines, certified)
over = [gaps[name] - plain for name in groups]
ledger.at_most("(a) digits, four groups: invariant gap minus plain gap", over, 0, certified)

# %%
both = np.stack([plain, gaps["mirror"]])
claim = "(a), (e) digits, 45 pairs: plain and mirror gap, between the bounds of scikit-learn"
ledger.between(claim, bounds[..., 0], both, bounds[..., 1], certified)
ledger.at_most("and these bounds differ, relatively, by", relative_width, svc_tolerance, 64 * eps)
larger = gaps["both mirrors"] - gaps["mirror"]
ledger.at_most("(b) digits: gap under both mirrors minus gap under one", larger, 0, certified)
ledger.equal("(c) four kinds of free data: the ratio", free_ratios[:4], 1, certified)
ledger.equal("(c) and P moves the normal by", free_moved[:4], 0, np.sqrt(2e-8))
ledger.equal("(c) two levels of brightness: gap sqrt d |a - b|", bright_gap, 2, certified)
ledger.equal(
    "(c) gap with mirror images added: the invariant gap", augmented, before.invariant_gap, certified
)

# %%
ledger.equal("(d) digits, shifts: soft gaps by a sort, 45 pairs", soft_gaps, soft_laws, certified)
ledger.equal("(d) digits, shifts, share 1: ratio of the means", mean_ratios, mean_laws, certified)
with_gap = np.sum(bounds[..., 0] > 0, axis=1)
ledger.equal("(e) digits: pairs with a gap, plain and mirror, by scikit-learn", with_gap, 45, 0)
claim = "(e) digits: pairs whose intervals of ink overlap, in whole numbers"
ledger.equal(claim, overlaps, 45, 0, evidence="exact identity")
ledger.equal("(e) and pairs with a gap under all shifts", np.sum(gaps["all shifts"] > 0), 0, 0)

# %%
if mnist_overlaps is not None:
    claim = "MNIST: pairs whose intervals of ink overlap, in whole numbers"
    ledger.equal(claim, mnist_overlaps, 45, 0, evidence="exact identity")
claim = "0 and 1, infinitely wide: found for the invariant network, certified for FC"
ledger.at_most(claim, wide[2].upper, wide[0].lower, evidence="certified enclosure")
ledger.equal("0 and 1 of equal ink: the gap of an invariant hyperplane", alike_gap, 0, 0)
rounding = 64 * eps * np.linalg.cond(f.gram)
ledger.equal(
    "and an infinitely wide invariant network, shifted copies too", alike_values, 2 * [[1, -1]], rounding
)

# %%
unmoved = [changed["mirror"][0], *changed["all shifts"][1:]]
permuted_pairs = np.sum(shuffled_all > 0)
ledger.equal("labels permuted, all images: pairs with a gap", permuted_pairs, 0, 0, evidence="statistics")
ledger.equal("InvariantClassifier: answers changed by what it ignores", unmoved, 0, 0)
if folder is None:
    found, whole = mine_prices["mirror"].matrix("plain_gap")[0, 1], max_margin(zeros[:20], ones[:20]).gap
    ledger.equal("a folder of images: 16/17 of the gap", found, 16 / 17 * whole, certified)

# %% [markdown]
# And the controls, which must fail.

# %%
ledger.fails("a dot: the ratio is 1 / d", dot_ratios, law**2, 1e-3)
ledger.fails("digits: the mirror gap is the plain gap", gaps["mirror"], plain, 1e-3)
ledger.fails("labels permuted, all images: the plain gaps stay", shuffled_all, plain, 1e-3)
ledger.fails("labels permuted, 20 images of each class: no pair has a gap", np.sum(shuffled_few > 0), 0, 0)
for name, ratio, shift in zip(paid, free_ratios[4:], free_moved[4:], strict=True):
    ledger.fails(f"{name}: the ratio is 1", ratio, 1, 1e-3)
    ledger.fails(f"{name}: P does not move the normal", shift, 0, 1e-3)
ledger.fails("a classifier that ignores the mirror ignores shifts", changed["mirror"][1], 0, 1e-3)
ledger.close()

# %% [markdown]
# # Pooling turns the boundary into the DC hyperplane
#
# The [same two images](03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb), $x$ and
# $-x$, but a convolutional network with global average pooling. It too ends as a linear function, with
# another boundary: the images whose pixels sum to zero. Whatever $x$ looks like, the network decides by
# brightness alone, and the distance from $x$ to the boundary shrinks to the DC component of $x$: for a dot on
# $d$ pixels to $1/\sqrt d$. This is the convolutional half of Theorem 2, and Corollary 2, of Ge, Singla,
# Basri and Jacobs (NeurIPS 2021). Runs in about 45 seconds (profile quick) or 110 (full), within 1 GB.

# %% [markdown]
# ## Statement
#
# The network: one circular convolution with $q$ taps (or $q \times q$), ReLU, the average over all $d$
# positions, one dense layer; infinitely many channels, no biases. With $k$ the two-layer kernel of the last
# page and $z_p$ the patch of $z$ at position $p$, its tangent kernel is
#
# $$K(z, x) = \frac{1}{d^2} \sum_{p, p'} k(z_p, x_{p'}).$$
#
# **Theorem 2, with pooling.** For the samples $x$, $-x$ with labels $+1$, $-1$, any $q$, lines and grids of
# any size:
#
# - (a) $K(z, x) - K(z, -x)$ is a constant times $\left(\sum_i z_i\right)\left(\sum_i x_i\right)$.
# - (b) $g(z) = \sum_i z_i \,/ \sum_i x_i$: a linear function whose boundary is perpendicular to $w = \mathbf
#   1/\sqrt d$.
# - (c) The distance from $x$ to the boundary is $|f_{dc}(x)|$.
# - (d) If $\sum_i x_i = 0$ the network cannot tell $x$ and $-x$ apart.
#
# **Corollary 2.** A white and a black dot on gray are at distance 1 from the boundary of the fully connected
# network, and at distance $1/\sqrt d$ from that of the pooled one.

# %% [markdown]
# ## Why it is true
#
# 1. The patches of $-x$ are those of $x$, negated. The last page's identity says $k(z_p, x_{p'}) - k(z_p,
#    -x_{p'}) \propto \langle z_p, x_{p'}\rangle$, exactly.
# 2. Summed over all pairs of positions, each of the $q$ taps contributes $\left(\sum_i z_i\right)\left(\sum_i
#    x_i\right)$, because every pixel passes under every tap once. That is (a).
# 3. The 2 x 2 system of the last page gives $g(z) = (K(z,x) - K(z,-x))/(K(x,x) - K(x,-x))$, and with (a) the
#    constant and one of the sums cancel. That is (b), and (c) is the distance to that hyperplane.
# 4. If $\sum_i x_i = 0$, then $K(z, x) = K(z, -x)$ for every $z$. That is (d).

# %% tags=["parameters"]
from fractions import Fraction

import numpy as np
from shiftmath import dc, dot_on_gray
from shiftmath.interpolant import Indistinguishable, Interpolant
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.kernels.dots import Dots, dots_gram
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.exact import fractions, squared_distance
from shiftmath.pages.figures import BOUND, BROKEN, THEORY

# %%
seed = 0
points = choose(quick=100, full=1000)  # random inputs at which the network is compared with the theory
sides = choose(quick=[1, 3, 5, 7, 9], full=[1, 3, 5, 7, 9, 13, 17, 21])  # of square images
eps = np.finfo(float).eps
rng = np.random.default_rng(seed)
print(provenance("synthetic images from the seed below"))

# %% [markdown]
# ## In numbers
#
# **The kernel is a sum over pairs of patches.** The package never forms patches: it follows covariances
# through the layers. Here the sum is taken literally, with the fully connected kernel between all patches.


# %%
def patches(x, q):
    """All circular patches of q samples along each spatial axis of an image (*spatial, channels), as rows."""
    axes = range(x.ndim - 1)
    shifted = [np.roll(x, [(q - 1) // 2 - a for a in tap], axes) for tap in np.ndindex(*(q,) * len(axes))]
    return np.stack(shifted, axis=-1).reshape(-1, len(shifted) * x.shape[-1])


cases = [((7, 1), 3), ((8, 1), 8), ((12, 2), 4), ((5, 5, 1), 3), ((4, 6, 3), 2), ((1, 1), 1), ((9, 9, 1), 9)]
sum_error = []
for shape, q in cases:
    z, x = rng.standard_normal((2, *shape))
    literal = FullyConnected()(patches(z, q), patches(x, q)).mean()
    kernel = Convolutional(filter_size=q, spatial_axes=len(shape) - 1)
    sum_error.append(abs(kernel(z[None], x[None])[0, 0] / literal - 1))
print(f"largest relative difference over {len(cases)} sizes and filters: {max(sum_error):.0e}")

# %% [markdown]
# **(a) The odd part.** For the same cases, $K(z, x) - K(z, -x)$ against the product of the sums (channel by
# channel, if there are several).

# %%
odd_error = []
for shape, q in cases:
    spatial = tuple(range(len(shape) - 1))
    kernel = Convolutional(filter_size=q, spatial_axes=len(spatial))
    z, x = rng.standard_normal((2, *shape))
    odd = kernel(z[None], np.stack([x, -x]))[0] @ [1, -1]
    sums = 2 * z.sum(axis=spatial) @ x.sum(axis=spatial) / (np.prod(shape[:-1]) ** 2 * shape[-1])
    odd_error.append(abs(odd - sums) / kernel(x[None])[0, 0])
print(f"largest difference, of K(x, x): {max(odd_error):.0e}")

# %% [markdown]
# The constant is $2/(d^2 c)$ for $c$ channels, in the package's scale.
#
# **(b) The interpolant.** Trained on random opposite pairs, at random inputs.


# %%
def trained_on_pair(x, network):
    """The network after training on x and -x with labels 1 and -1."""
    return Interpolant(network, np.stack([x, -x]), [1, -1])


linear_error = []
for shape, q in [((7,), 3), ((16,), 16), ((5, 5), 3), ((6, 4), 2), ((9, 9), 3)]:
    x, Z = 0.3 + rng.standard_normal(shape), rng.standard_normal((points, *shape))
    predicted = Z.reshape(points, -1).sum(axis=1) / x.sum()
    values = trained_on_pair(x, Convolutional(filter_size=q, spatial_axes=len(shape)))(Z)
    linear_error.append(np.abs(values - predicted).max() * x.sum() ** 2 / np.sum(x**2) / x.size)
print(f"largest difference between the trained network and sum z / sum x: {max(linear_error):.0e}")

# %% [markdown]
# The network has one hidden layer of infinitely many channels, and all it has learnt is a sum. Here are both
# networks after training on a white and a black dot, in the plane spanned by the dot and the flat image $w$.

# %%
white, black = dot_on_gray((5, 5))
networks = {"fully connected": FullyConnected(), "pooled": Convolutional()}
trained = {name: trained_on_pair(white, network) for name, network in networks.items()}
flat = np.full(white.shape, 1 / 5)
across = (flat - white / 5) / np.linalg.norm(flat - white / 5)
grid = np.linspace(-1.5, 1.5, 61)
a, b = np.meshgrid(grid, grid)
Z = a.ravel()[:, None, None] * white + b.ravel()[:, None, None] * across

# %%
fig, axes = figures.panels(1, 2, height=3.2)
for ax, (name, g) in zip(axes, trained.items(), strict=True):
    values = g(Z).reshape(a.shape)
    ax.pcolormesh(a, b, values, cmap="RdBu", vmin=-3, vmax=3, rasterized=True)
    ax.contour(a, b, values, levels=[0], colors=THEORY)
    step = g.distance(white, closed_form=False).point - white
    end = np.sum((white + step) * white), np.sum((white + step) * across)
    ax.annotate("", end, (1, 0), arrowprops={"arrowstyle": "->", "color": BROKEN, "shrinkA": 0, "shrinkB": 0})
    ax.plot([1, -1], [0, 0], "o", color=THEORY, markerfacecolor="white", markersize=6)
    ax.set(title=f"{name}: distance {np.linalg.norm(step):.3f}", aspect="equal", xlabel="along the dot")
_ = axes[0].set_ylabel("along the rest of the flat image")

# %% [markdown]
# The circles are the white and the black dot, the black line is the boundary, the arrow the shortest way
# across. Pooling has turned the boundary until it is perpendicular to the flat image: the way across is five
# times shorter, $\sqrt{25}$.
#
# **What fools them.** The nearest image of the other class and the normal of the boundary, for both networks.

# %%
fig, axes = figures.panels(1, 5, height=1.9)
figures.signal_image(axes[0], white, 1, "white dot")
for (name, g), pair in zip(trained.items(), (axes[1:3], axes[3:5]), strict=True):
    point = g.distance(white, closed_form=False).point
    gradient = g.gradient(point + 0.01 * across)
    figures.signal_image(pair[0], point, 1, f"{name}:\nnearest crossing")
    figures.signal_image(pair[1], gradient, np.abs(gradient).max(), f"{name}:\nnormal")

# %% [markdown]
# To fool the fully connected network one has to wipe out the dot. For the pooled one it is enough to darken
# the whole image by $1/d$, which leaves the dot standing. Its normal is the flat image.
#
# **(c) and Corollary 2: distance against size.** Found by a local search that knows nothing of hyperplanes.


# %%
def searched(network, shape):
    """The distance of a white dot to the boundary, by search."""
    dot = dot_on_gray(shape)[0]
    return trained_on_pair(dot, network).distance(dot, closed_form=False, restarts=3).upper


pooled = [searched(Convolutional(filter_size=min(3, k)), (k, k)) for k in sides]
connected = [searched(FullyConnected(), (k, k)) for k in sides]
areas = np.square(sides)

# %%
fig, ax = figures.panels(height=2.8)
ax.plot(areas, np.ones(len(areas)), color=THEORY)
figures.compare(ax, (areas, 1 / np.sqrt(areas), r"theory: 1 and $1/\sqrt{d}$"), (areas, pooled, "pooled"))
ax.plot(areas, connected, "o", color=BOUND, label="fully connected")
ax.set(xscale="log", yscale="log", xlabel="number of pixels $d$", ylabel="distance of a dot to the boundary")
_ = ax.legend()

# %% [markdown]
# The fully connected network keeps the distance 1. The pooled one loses the square root of the number of
# pixels: the price that the [linear classifier of page 01](01_a_shift_invariant_margin_is_a_dc_gap.ipynb)
# pays, paid by a network that could have been anything but linear.
#
# **Checked by machine.** Steps 2 and 3 are proved in Coq as well, for lines and grids of any size, every
# filter and every kernel with the identity of step 1 (`average` in `proofs/readouts.v`, `corollary_2` in
# `proofs/roots.v`; `make prove`). The products of patches above add up to $q$ times the product of the
# sums: in fractions, without rounding, for lines and a grid with one channel. And the squared distance of a
# dot to the hyperplane $\sum_i z_i = 0$ is $1/d$.

# %%
wrong_sums, own = 0, np.random.default_rng(seed + 1)
for shape, q in [cases[i] for i in (0, 1, 3)]:
    z, x = own.standard_normal((2, *shape))
    by_z, by_x = fractions(patches(z, q)), fractions(patches(x, q))
    products = sum(s * t for u in by_z for v in by_x for s, t in zip(u, v, strict=True))
    of_z, of_x = fractions(np.stack([z, x]))
    wrong_sums += products != len(by_z[0]) * sum(of_z) * sum(of_x)
squares = [squared_distance(*fractions(np.stack([np.eye(1, d)[0], np.ones(d)]))) for d in areas.tolist()]
wrong_squares = sum(square != Fraction(1, d) for square, d in zip(squares, areas.tolist(), strict=True))
print(f"other sums of products: {wrong_sums}; dots with another squared distance: {wrong_squares}")

# %% [markdown]
# For random images the distance is the DC component.

# %%
dc_error = []
for _ in range(4):
    x = rng.standard_normal((4, 4))
    distance = trained_on_pair(x, Convolutional()).distance(x, closed_form=False, restarts=3).upper
    dc_error.append(distance - abs(dc(x)))
    print(f"|x| {np.linalg.norm(x):.3f}   |f_dc| {abs(dc(x)):.9f}   found {distance:.9f}")

# %% [markdown]
# **A million times a million pixels.** Only the patches around a dot differ from plain gray, so the kernels
# of such images can be computed at any size. Here the white dot is darkened by $t/d$ at each of $d = 10^{12}$
# pixels, a step of length $t/\sqrt d = t / 10^6$. The theory says $g = 1 - t$: the boundary is at $t = 1$.

# %%
side, t = 10**6, np.array([0.25, 0.5, 1, 1.5, 2])


def darkened(t):
    """A white dot on side x side pixels of gray 0, darkened by t/d everywhere."""
    return Dots((side, side), {(3, 5): 1 - t / side**2}, gray=-t / side**2)


def at_any_size(network):
    """The values at the darkened dots of the network that was trained on a white and a black dot."""
    black = Dots((side, side), {(3, 5): -1.0})
    by_black, by_white = dots_gram(network, [black, darkened(0), *map(darkened, t)])[:2]
    return (by_white - by_black)[2:] / (by_white - by_black)[1]


# %%
huge, huge_deep = at_any_size(Convolutional()), at_any_size(Convolutional(depth=2))
print("one convolution: ", huge.round(12))
print("two convolutions:", huge_deep.round(12))

# %% [markdown]
# With one convolution a darkening by $10^{-12}$ at every pixel erases the dot. With two, a case that the
# theorem does not cover, it takes about one and a half times as much.
#
# ## Where it stops being true
#
# **(d) A sum of zero.** Then nothing is left to decide by, and the package says so.

# %%
refused = False
try:
    trained_on_pair(np.array([1.0, -2.0, 1.0]), Convolutional(spatial_axes=1))
except Indistinguishable as error:
    refused = True
    print(error)

# %% [markdown]
# **Other networks.** Each of these breaks a hypothesis. How far is the trained network from $\sum z/\sum x$,
# and how far is a dot from its boundary?

# %%
variants = {
    "as in the theorem": Convolutional(),
    "bias before pooling": Convolutional(bias_std=0.5),
    "two convolutions": Convolutional(depth=2),
    "erf": Convolutional(activation="erf"),
    "zero padding": Convolutional(padding="zero"),
}
Z = rng.standard_normal((points, 5, 5))
off, moved = {}, {}
for name, network in variants.items():
    off[name] = np.sqrt(np.mean((trained_on_pair(white, network)(Z) - Z.sum(axis=(1, 2))) ** 2) / 25)
    moved[name] = searched(network, (5, 5))
    print(f"{name:20} off by {off[name]:.1e} of its size; distance {moved[name]:.4f} against 1/5")

# %% [markdown]
# Each of them is another function, and another distance: bias and erf bring the dot a little closer to the
# boundary, depth and zero padding keep it a little further. None of them brings back more than a part of what
# was lost. How depth and padding change the law is the subject of pages 06 and 07.

# %%
on_gray = np.stack(dot_on_gray((5, 5), gray=0.25))
g = Interpolant(Convolutional(), on_gray, [1, -1])
fit = np.linalg.lstsq(np.c_[Z.reshape(points, -1), np.ones(points)], g(Z), rcond=None)
gray_nonlinear = np.sqrt(fit[1].sum() / np.sum(g(Z) ** 2)) if fit[1].size else 0.0
gray_distance = g.distance(on_gray[0], restarts=3).upper
print(f"{gray_nonlinear:.1%} of the function is not affine; white dot at distance {gray_distance:.4f}")

# %% [markdown]
# ## Try it
#
# - A longer filter, a line instead of a square, three channels: which of the numbers above change?
# - An image of yours and its negative (subtract its mean first?): compare $|x|$ with $|f_{dc}(x)|$. That
#   ratio is what pooling costs you.
# - Where is the nearest crossing of a two-convolution network? Look at `.distance(white).point`.

# %%
x = rng.standard_normal((6, 6, 3))
sums = x.sum(axis=(0, 1))
g = trained_on_pair(x, Convolutional())
print(f"three channels: distance {g.distance(x).upper:.6f}, norm of the DCs {np.linalg.norm(sums) / 6:.6f}")

# %% [markdown]
# ## Claims checked
#
# Tolerances are multiples of eps, the spacing of float64 at 1, times the size of what is compared; the search
# stops within 1e-7 of a crossing.

# %%
ledger = Ledger("Pooling turns the boundary into the DC hyperplane")
ledger.equal("the kernel is the mean over pairs of patches", sum_error, 0, 64 * eps)
ledger.equal("(a) its odd part is the product of the sums", odd_error, 0, 64 * eps)
ledger.equal("(b) the trained network is sum z / sum x", linear_error, 0, 1e-12)
ledger.equal("(c) the distance of random images is |f_dc|", dc_error, 0, 1e-7)
ledger.equal("(d) a pair that sums to zero is refused", refused, True, 0)
ledger.equal("Corollary 2: fully connected, a dot is at distance 1", connected, 1, 1e-7)
ledger.equal("Corollary 2: pooled, it is at 1 / sqrt d", pooled, 1 / np.array(sides), 1e-7)
ledger.equal("Corollary 2: and so at 10^12 pixels, g = 1 - t", huge, 1 - t, 64 * eps)
wrong = [wrong_sums, wrong_squares]
ledger.equal("Corollary 2 in fractions: theorem average", wrong, 0, 0, evidence="proved by machine")
ledger.slope("Corollary 2: falling like d to the power -1/2", areas, pooled, -0.5, 1e-6)

# %%
for name in list(variants)[1:]:
    ledger.fails(f"with {name} the network is still sum z / sum x", off[name], 0, 1e-2)
    ledger.fails(f"with {name} a dot is still at 1 / sqrt d", moved[name], 1 / 5, 1e-3)
ledger.fails("two convolutions: g = 1 - t at 10^12 pixels", huge_deep, 1 - t, 1e-3)
ledger.fails("on gray 0.25 the function is still affine", gray_nonlinear, 0, 1e-3)
ledger.close()

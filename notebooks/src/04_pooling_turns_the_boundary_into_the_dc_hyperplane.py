# %% [markdown]
# # Pooling turns the boundary into the DC hyperplane
#
# *Previous: [two opposite images, fully
# connected](03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb) · Next: [a dot on
# gray](05_a_dot_on_gray_falls_to_one_over_root_d.ipynb) · Needs: page 03 · The paper: Theorem 2 and
# Corollary 2, [arXiv 2103.02695](https://arxiv.org/abs/2103.02695)*
#
# The same two images as on page 03, $x$ and $-x$, but a very wide network of one convolution with global
# average pooling. It too ends as a linear function, with another boundary: the images whose pixels sum to
# zero. Whatever $x$ looks like, as long as it is not such an image itself, the network decides by
# brightness alone, and the distance from $x$ to the boundary shrinks to the DC component of $x$: for a dot
# on $d$ pixels of gray 0 to $1/\sqrt d$. This is the convolutional half of Theorem 2, and Corollary 2, of
# Singla, Ge, Basri and Jacobs (NeurIPS 2021). Trained networks of finite width come to it with an error
# that is predicted too, to first order. Runs in about a minute (profile quick) or five (full), within
# 1.5 GB.

# %% [markdown]
# ## Statement
#
# The network: one circular convolution with $q$ taps (or $q \times q$), ReLU, the average over all $d$
# positions, one dense layer; infinitely many channels, no biases. It is trained on the squared loss and its
# output at the start is subtracted, so it ends as the interpolant $g$ of its tangent kernel (page 02). With
# $k$ the kernel of page 03 and $z_p$ the patch of $z$ at position $p$, that kernel is, up to a constant,
#
# $$K(z, x) = \frac{1}{d^2} \sum_{p, p'} k(z_p, x_{p'}).$$
#
# **Theorem 2, with pooling.** For the samples $x$, $-x$ with labels $+1$, $-1$, any $q$, lines and grids of
# any size:
#
# - (a) $K(z, x) - K(z, -x)$ is a constant times $\left(\sum_i z_i\right)\left(\sum_i x_i\right)$.
# - (b) $g(z) = \sum_i z_i \,/ \sum_i x_i$: a linear function whose boundary is perpendicular to the flat
#   image $w = \mathbf 1/\sqrt d$.
# - (c) The distance from $x$ to the boundary is $|f_{dc}(x)|$, with the DC component of page 01,
#   $f_{dc}(x) = \langle w, x\rangle = \sum_i x_i/\sqrt d$.
# - (d) If $\sum_i x_i = 0$ then $K(z, x) = K(z, -x)$ for every $z$: the network cannot tell them apart.
# - (e) A network with $n$ channels is off from $g$ by $n^{-1/2}$ times the root of the variance of one
#   channel's term (step 5) in root mean square, to first order.
#
# In (b), (c) and (e) $\sum_i x_i \ne 0$.
#
# **Corollary 2.** A white and a black dot, $+1$ and $-1$ on $d$ pixels of gray 0, are at distance 1 from
# the boundary of the fully connected network, and at distance $1/\sqrt d$ from that of the pooled one.

# %% [markdown]
# ## Why it is true
#
# 1. The patches of $-x$ are those of $x$, negated. Page 03 (a) says $k(z_p, x_{p'}) - k(z_p,
#    -x_{p'}) \propto \langle z_p, x_{p'}\rangle$, exactly.
# 2. Summed over all pairs of positions, each of the $q$ taps contributes $\left(\sum_i
#    z_i\right)\left(\sum_i x_i\right)$, because every pixel passes under every tap once. That is (a).
# 3. The 2 x 2 system of page 03 gives $g(z) = (K(z,x) - K(z,-x))/(K(x,x) - K(x,-x))$, and with (a)
#    the constant and one of the sums cancel. That is (b), and (c) is the distance to that hyperplane.
# 4. If $\sum_i x_i = 0$, then $K(z, x) = K(z, -x)$ for every $z$. That is (d).
# 5. A channel has Gaussian weights $\omega$ (the filter) and $v$ (its output). Its share of the tangent
#    kernel is $\langle F(z), F(x)\rangle$ with its gradient $F(z) =
#    \sqrt{2/q}\,\big(\mathrm{mean}_p\,\mathrm{relu} \langle \omega, z_p\rangle,\;
#    v\,\mathrm{mean}_p\,[\langle \omega, z_p\rangle > 0]\,z_p\big)$. To first order in the distance of the
#    kernel of $n$ channels from $K$ its interpolant is off at $z$ by the mean over channels of
#    $\langle F(z) - \sum_i b_i F(x_i),\, \sum_i \alpha_i F(x_i)\rangle$, with $\alpha$ the coefficients of
#    $g$, and $b$ the solution of $\sum_i K(x_k, x_i)\, b_i = K(x_k, z)$. Each term has mean 0, so the
#    variance of the mean is that of one term over $n$. What training does to the kernel is left out: for an
#    opposite pair page 02 finds it to be the smaller part, and to vanish faster. That is (e).

# %%
from fractions import Fraction

import jax
import numpy as np
from shiftmath import dc, dot_on_gray, networks
from shiftmath.interpolant import Indistinguishable, Interpolant, opposite_pair
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.kernels.dots import Dots, dots_gram
from shiftmath.networks import empirical_ntk, logits, train_to_rest
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.exact import fractions, squared_distance
from shiftmath.pages.figures import BOUND, BROKEN, MEASURED, THEORY

# %% tags=["parameters"]
seed = 0
points = choose(quick=100, full=1000)  # random inputs at which the network is compared with the theory
sides = choose(quick=[1, 3, 5], full=[1, 3, 5, 7, 9, 13, 17])  # of square images
widths = choose(quick=[256, 512, 1024], full=[256, 1024, 4096, 16384])  # of finite networks
trained = choose(quick=10, full=100)  # of them for each width
units = choose(quick=20_000, full=100_000)  # single channels that predict their error

# %%
eps, rng = np.finfo(float).eps, np.random.default_rng(seed)
print(provenance("synthetic images from the seed"))

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
# They agree to rounding.
#
# **(a) The odd part.** For the same sizes and filters, $K(z, x) - K(z, -x)$ against a constant times the
# product of the sums (of the products channel by channel, if there are several).

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
# The constant was $2/(d^2 c)$ for images of $c$ channels (colors), the one of the package's scale.
#
# **(b) The interpolant** of random opposite pairs, from the kernel by the 2 x 2 system, at random inputs. It
# divides by the difference of two kernel values that nearly agree where $f_{dc}(x)$ is small against $|x|$.
# So rounding is amplified by $(|x|/f_{dc}(x))^2$, and errors are measured in units of that.

# %%
linear_error = []
for shape, q in [((7,), 3), ((16,), 16), ((5, 5), 3), ((6, 4), 2), ((9, 9), 3)]:
    x, Z = 0.3 + rng.standard_normal(shape), rng.standard_normal((points, *shape))
    predicted = Z.reshape(points, -1).sum(axis=1) / x.sum()
    values = opposite_pair(Convolutional(filter_size=q, spatial_axes=len(shape)), x)(Z)
    linear_error.append(np.abs(values - predicted).max() * x.sum() ** 2 / np.sum(x**2) / x.size)
print(f"largest difference from sum z / sum x: {max(linear_error):.0e}")

# %% [markdown]
# In these units it is rounding. The network has one hidden layer of infinitely many channels, and all that it
# learns is a sum. Here are both infinitely wide networks, fully connected and pooled, as training on a white
# and a black dot ends, in the plane spanned by the dot and the flat image $w$.

# %%
white, black = dot_on_gray((5, 5))
kernels = {"fully connected": FullyConnected(), "pooled": Convolutional()}
on_dots = {name: opposite_pair(kernel, white) for name, kernel in kernels.items()}
flat = np.full(white.shape, 1 / 5)
across = (flat - white / 5) / np.linalg.norm(flat - white / 5)
a, b = np.meshgrid(np.linspace(-1.5, 1.5, 61), np.linspace(-1.5, 1.5, 61))
Z = a.ravel()[:, None, None] * white + b.ravel()[:, None, None] * across


# %%
def draw(ax, g, title):
    """The function in the plane, its boundary, the way across from the white dot, and the flat image w."""
    values = g(Z).reshape(a.shape)
    colours = ax.pcolormesh(a, b, values, cmap="RdBu", vmin=-6, vmax=6, rasterized=True)
    ax.contour(a, b, values, levels=[0], colors=THEORY)
    point = g.distance(white).point
    end = np.sum(point * white), np.sum(point * across)
    ax.annotate("", end, (1, 0), arrowprops={"arrowstyle": "->", "color": BROKEN, "shrinkA": 0, "shrinkB": 0})
    ax.plot(np.sum(flat * white), np.sum(flat * across), "s", color=BOUND)
    ax.annotate("$w$", (0.2, 0.98), xytext=(5, 4), textcoords="offset points")
    ax.plot([1, -1], [0, 0], "o", color=THEORY, mfc="white", markersize=6)
    ax.set(title=title, aspect="equal", xlabel="along the dot")
    return colours


# %%
fig, axes = figures.panels(1, 2, height=3.2, layout="constrained")
for ax, (name, g) in zip(axes, on_dots.items(), strict=True):
    colours = draw(ax, g, f"{name}: distance {g.distance(white).upper:.3f}")
axes[0].set_ylabel("across: the other 24 pixels")
_ = fig.colorbar(colours, ax=axes, shrink=0.75, label="$g$")

# %% [markdown]
# Both networks in the plane through the dots (circles) and the flat image $w$ (square): blue for the
# class of the white dot, red for the other, the boundary in black, and the shortest way across as an
# arrow. Pooling has turned the boundary until it is perpendicular to $w$: the way across is five times
# shorter, $\sqrt{25}$.
#
# **What fools them.** The shortest steps from the white dot to the boundary, on one gray scale, four times as
# strong as that of the dot itself.

# %%
fig, axes = figures.panels(1, 3, height=2.2)
figures.signal_image(axes[0], white, 1, "white dot")
for ax, (name, g) in zip(axes[1:], on_dots.items(), strict=True):
    step = g.distance(white).point - white
    figures.signal_image(ax, step, 0.25, f"step, {name}:\n{step.min():.2f} to {step.max() + 0.0:.2f}")

# %% [markdown]
# Left the dot, with black for $-1$, mid gray for 0 and white for 1; then the two steps, with black for $-1/4$
# and less, and mid gray for 0. To fool the fully connected network one has to wipe out the dot and nothing
# else. For the pooled one it is enough to darken the whole image by $1/d = 1/25$, which leaves the dot
# standing.
#
# **(c) and Corollary 2, from both sides.** The boundary is known in closed form. So that the claim does not
# rest on it, the package is asked without it: a search finds a point on the other side, an upper bound,
# and a certificate gives a radius in which no input changes sides, a lower one. The search also starts
# along the flat image, so it is no test of blindness; what it finds is checked to lie across. The
# certificate splits the kernel of two patches into a linear part and an even one, so it shares step 1 with
# the theorem, but not the sum of step 2.


# %%
def bounds(x, kernel):
    """The certified and the found distance of x to the boundary of the opposite pair."""
    found = opposite_pair(kernel, x).distance(x, closed_form=False, restarts=2)
    return found.lower, found.upper


dots = [dot_on_gray((k, k))[0] for k in sides]
pooled = np.array([bounds(x, Convolutional(filter_size=min(3, len(x)))) for x in dots]).T
connected = np.array([bounds(x, FullyConnected()) for x in dots]).T
areas = np.square(sides)

# %%
fig, ax = figures.panels(height=2.8)
ax.plot(areas, np.ones(len(areas)), color=THEORY)
figures.compare(ax, (areas, 1 / np.sqrt(areas), r"theory: 1 and $1/\sqrt{d}$"), (areas, pooled[1], "pooled"))
ax.plot(areas, connected[1], "s", color=MEASURED, mfc="none", label="fully connected")
ax.plot(areas, connected[0], "_", color=BOUND, markersize=12, label="certified")
ax.plot(areas, pooled[0], "_", color=BOUND, markersize=12)
ax.set(xscale="log", yscale="log", xlabel="number of pixels $d$", ylabel="distance of a dot to the boundary")
_ = ax.legend()

# %% [markdown]
# Found (blue) and certified (orange bars) lie on one another and on the theory. The fully connected network
# keeps the distance 1. The pooled one loses the square root of the number of pixels.
#
# That is the price that the [linear classifier of page 01](01_a_shift_invariant_margin_is_a_dc_gap.ipynb)
# pays, paid here by a network that could have been something else than linear.
#
# **Checked by machine.** Steps 2 and 3 are proved in Coq as well, for lines and grids of any size, every
# filter and every kernel with the identity of step 1 (`average` in `proofs/readouts.v`, `corollary_2` in
# `proofs/roots.v`). `make prove` checks the proofs; this page adds their numbers for its own images, in
# fractions, without rounding. The products of patches add up to the number of taps times the product of the
# sums, for lines and a grid with one channel. And the squared distance of a dot to the hyperplane
# $\sum_i z_i = 0$ is $1/d$.

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
# There are none. For random images, and filters of one to four taps along each axis, the distance is the DC
# component.

# %%
cases = [((9,), 3), ((8,), 4), ((4, 4), 3), ((3, 5), 2), ((4, 4), 1)]
randoms = [rng.standard_normal(shape) for shape, _ in cases]
theory = np.array([abs(dc(x)) for x in randoms])
random_bounds = [
    bounds(x, Convolutional(filter_size=q, spatial_axes=x.ndim))
    for x, (_, q) in zip(randoms, cases, strict=True)
]
for (shape, q), exact, (low, high) in zip(cases, theory, random_bounds, strict=True):
    print(f"{shape!s:7} q = {q}: |f_dc| = {exact:.9f}, between {low:.9f} and {high:.9f}")

# %% [markdown]
# All digits that are printed agree.
#
# **(e) Networks that exist.** Pooled networks of $n$ channels, trained by gradient descent on $x$ and $-x$
# for as many steps as would shrink every error to $10^{-9}$ if the kernel stayed put, for a random signal of
# nine samples and for a white dot among nine. Their inputs $z$ are random and about as long as $x$. First
# the prediction: the variance of the term of step 5, over many single channels that are never
# trained. The mean over $v$ is taken exactly: $E\,v^2 = 1$, $E\,v^4 = 3$. Beside each trained network its
# *own interpolant*, of its own tangent kernel at the start: what it would become if training left its kernel
# alone.


# %%
def gradients(W, X, q=3):
    """F for filters W (units, q) and signals X (m, d), in parts (units, m) and, without v, (units, m, q)."""
    P = np.stack([np.roll(X, (q - 1) // 2 - tap, axis=1) for tap in range(q)], axis=-1)
    s = np.einsum("uq,mpq->ump", W, P)
    hidden = np.where(s > 0, s, 0).mean(axis=2)
    return np.sqrt(2 / q) * hidden, np.sqrt(2 / q) * np.einsum("ump,mpq->umq", s > 0, P) / X.shape[1]


# %%
def predicted_error(x, Z):
    """The root mean square over channels and inputs Z of the term of step 5."""
    g, squares = opposite_pair(Convolutional(spatial_axes=1), x), []
    off = np.c_[-np.linalg.solve(g.gram, g.kernel(g.X, Z)).T, np.eye(len(Z))]
    for _ in range(units // 1000):
        hidden, filters = gradients(rng.standard_normal((1000, 3)), np.concatenate([g.X, Z]))
        first = hidden @ off.T * (hidden[:, :2] @ g.coefficients)[:, None]
        learnt = np.einsum("umq,m->uq", filters[:, :2], g.coefficients)
        second = np.einsum("umq,zm,uq->uz", filters, off, learnt, optimize=True)
        squares.append(np.mean(first**2 + 2 * first * second + 3 * second**2))
    return np.sqrt(np.mean(squares))


# %%
def own_interpolant(network, X, y):
    """The interpolant with the network's own tangent kernel at the start."""
    return Interpolant(lambda A, B=None: empirical_ntk(network, A, A if B is None else B), X, y)


def networks_on_pair(x, Z, width):
    """The errors at Z of trained networks, and of their own interpolants: (2, networks, inputs)."""
    found, g, X, y = [], opposite_pair(Convolutional(spatial_axes=1), x), np.stack([x, -x]), [1.0, -1.0]
    for key in jax.random.split(jax.random.fold_in(jax.random.key(seed), width), trained):
        start = networks.convolutional(key, (x.size,), width=width, **ntk)
        end, own = train_to_rest(start, X, y), own_interpolant(start, X, y)
        found.append((logits(end, Z) - logits(start, Z) - g(Z), own(Z) - g(Z)))
    return np.array(found).swapaxes(0, 1)


# %%
ntk = {"classes": None, "bias": False, "initialisation": "ntk", "dtype": float}
pair_of = {"random signal": 0.5 + rng.standard_normal(9), "white dot": dot_on_gray(9)[0]}
inputs = {name: rng.standard_normal((16, 9)) * np.linalg.norm(x) / 3 for name, x in pair_of.items()}
heights = {name: predicted_error(x, inputs[name]) for name, x in pair_of.items()}
errors = {
    name: np.array([networks_on_pair(x, inputs[name], n) for n in widths]) for name, x in pair_of.items()
}
rms = {name: np.sqrt(np.mean(e**2, axis=(2, 3))) for name, e in errors.items()}
shares = {name: measured * np.sqrt(widths)[:, None] / heights[name] for name, measured in rms.items()}
for name, (of_trained, of_own) in ((name, share.T.round(2)) for name, share in shares.items()):
    print(f"{name:14} rms error over the predicted one: trained {of_trained}, own kernel {of_own}")

# %%
fig, ax = figures.panels(height=2.8)
for marker, (name, measured) in zip("o^", rms.items(), strict=True):
    ax.plot(widths, heights[name] / np.sqrt(widths), color=THEORY)
    ax.plot(widths, measured[:, 0], marker, color=MEASURED, mfc="none", label=name)
ax.plot([], [], color=THEORY, label="predicted")
ax.set(xscale="log", yscale="log", xlabel="channels $n$", ylabel="rms error")
ax.set_xticks(widths, widths)
_ = ax.legend()

# %% [markdown]
# The errors of trained networks follow the lines that were predicted from single channels. Those of the
# random signal scatter about theirs by up to 7 percent, one standard deviation as it is derived below, and
# so do their own interpolants, almost number for number: training adds next to nothing. Those of the dot
# lie under theirs, by 14 and 16 percent at 256 and 1024 channels and by 4 at the others.
#
# At 256 channels their own interpolants do not, 1.05 against 0.86: there training itself makes the error
# smaller. The prediction takes the kernel as fixed, and to learn a dot the weights have to go a long way: on
# page 02 training moves the kernel of two dots on nine pixels by 5 percent at width 1024, that of another
# opposite pair by 0.3 percent. From 4096 channels on trained networks and their own interpolants agree to one
# percent for the dot, too.
#
# **A million times a million pixels.** Only the patches around a dot differ from plain gray, so the kernels
# of such images can be computed at any size. Here the white dot is darkened by $t/d$ at each of $d =
# 10^{12}$ pixels, a step of length $t/\sqrt d = t / 10^6$. The theory says $g = 1 - t$: the boundary is
# at $t = 1$.

# %%
side, step_of = 10**6, np.array([0.25, 0.5, 1, 1.5, 2])


def darkened(t):
    """A white dot on side x side pixels of gray 0, darkened by t/d everywhere."""
    return Dots((side, side), {(3, 5): 1 - t / side**2}, gray=-t / side**2)


def at_any_size(network):
    """The values at the darkened dots of the network that was trained on a white and a black dot."""
    black = Dots((side, side), {(3, 5): -1.0})
    by_black, by_white = dots_gram(network, [black, darkened(0), *map(darkened, step_of)])[:2]
    return (by_white - by_black)[2:] / (by_white - by_black)[1]


# %%
huge, huge_deep = at_any_size(Convolutional()), at_any_size(Convolutional(depth=2))
print("one convolution: ", huge.round(12))
print("two convolutions:", huge_deep.round(12))

# %% [markdown]
# With one convolution a darkening by $10^{-12}$ at every pixel takes the dot to the boundary. With two, a
# case that the theorem does not cover, it takes about one and a half times as much along this way.
#
# ## Where it stops being true
#
# **(d) A sum of zero.** Then nothing is left to decide by. The kernel values of $x$ and $-x$ agree at every
# input, the Gram matrix has two equal rows, and the package refuses the labels.

# %%
x = rng.standard_normal((5, 5))
x -= x.mean()
to_x, to_opposite = Convolutional()(rng.standard_normal((points, 5, 5)), np.stack([x, -x])).T
blind = np.abs(to_x - to_opposite).max() / to_x.max()
try:
    refused, g = False, opposite_pair(Convolutional(), x)
except Indistinguishable as error:
    refused = True
    print(f"K(z, x) and K(z, -x) differ by {blind:.0e} of the largest;", error)

# %% [markdown]
# **Other networks.** After the network of the theorem each of these breaks a hypothesis. How far is the
# interpolant of the two dots from $\sum_i z_i/\sum_i x_i$, and how near to a dot does a search find its
# boundary?

# %%
variants = {
    "as in the theorem": Convolutional(),
    "bias before pooling": Convolutional(bias_std=0.5),
    "two convolutions": Convolutional(depth=2),
    "erf": Convolutional(activation="erf"),
    "zero padding": Convolutional(padding="zero"),
}
Z, off, moved = rng.standard_normal((points, 5, 5)), {}, {}
for name, kernel in variants.items():
    g = opposite_pair(kernel, white)
    off[name] = np.sqrt(np.mean((g(Z) - Z.sum(axis=(1, 2))) ** 2) / 25)
    moved[name] = g.distance(white, restarts=2)
    print(f"{name:20} off by {off[name]:.1e} of its size; nearest crossing found at {moved[name].upper:.4f}")

# %% [markdown]
# Each of the last four is another function. With a bias or erf the search finds a crossing nearer than $1/5$,
# which settles that the distance is smaller. With zero padding the certificate meets the search at .2571.
# With two convolutions it finds none nearer than .2828, and that there is none a search cannot prove: for
# two layers the certificate gives nothing. What can be seen is whether the boundary is where that of the
# theorem is: what do they say to a step straight to darker, $-t/25$ everywhere?

# %%
t = np.linspace(0, 1, 101)
darker = white - t[:, None, None] / 25
still_white = {
    name: bool((opposite_pair(variants[name], white)(darker) > 0).all())
    for name in ("two convolutions", "zero padding")
}
print("darkened by up to 1/25, a dot stays a white dot:", still_white)

# %% [markdown]
# The step that fools the network of the theorem does not fool these two: their boundary is another one. For
# zero padding page 06 says where: it is a hyperplane whose normal counts how many taps see each pixel, here
# at $9/35 = .2571$ from a dot. How padding and depth change the law is the subject of pages
# [06](06_pooling_not_weight_sharing_costs_the_margin.ipynb) and
# [07](07_depth_raises_the_constant_not_the_rate.ipynb).
#
# **Gray that is not zero.** The two dots are not opposite then, and the theorem says nothing. Here they are 1
# above and below a gray of 1/4.

# %%
on_gray = np.stack(dot_on_gray((5, 5), gray=0.25))
g = Interpolant(Convolutional(), on_gray, [1, -1])
columns = np.c_[Z.reshape(points, -1), np.ones(points)]
gray_values = g(Z)
fit = columns @ np.linalg.lstsq(columns, gray_values, rcond=None)[0]
gray_nonlinear = np.linalg.norm(gray_values - fit) / np.linalg.norm(gray_values)
gray_found = g.distance(on_gray, restarts=2)
print(f"{gray_nonlinear:.1%} of the function is not affine")
for name, low, high in zip(("white dot", "black dot"), gray_found.lower, gray_found.upper, strict=True):
    print(f"{name}: certified {low:.4f}, nearest crossing found {high:.4f}")

# %% [markdown]
# The function is curved. The crossings found are both further away than the $1/5$ of gray 0, and that of the
# black dot is the nearer one: as far as the search sees, the two classes no longer share the margin evenly.
# The certificates are no proof of it, they stay below both.
#
# ## Try it
#
# - Why does the length $q$ of the filter not appear in (b) and (c)?
#   <details><summary>Answer</summary>Every pixel passes under every tap once, so each tap contributes the
#   same product of sums: the number of taps is a factor of the odd part, and cancels in $g$.</details>
# - **An exercise with a number.** A checkerboard of $+1$ and $-1$ on $5 \times 5$ pixels, with $+1$ in the
#   corners: how far is it from the boundary, and how far from that of the fully connected network?
#   <details><summary>Answer</summary>It sums to 1: distance $1/5$, against $|x| = 5$. The cell below
#   computes both.</details>
# - An image of yours and its negative: compare $|x|$ with $|f_{dc}(x)|$. That ratio is what pooling costs
#   you. What if you subtract its mean first?
#   <details><summary>Answer</summary>Then the sum is 0 and you meet (d): an exception that says that no
#   function of the kernel tells the two apart.</details>
# - Three channels: what takes the place of $\sum z/\sum x$?
#   <details><summary>Answer</summary>$\langle \sigma(z), \sigma(x)\rangle / |\sigma(x)|^2$ with the vectors
#   $\sigma$ of the three sums.</details>

# %%
board = np.indices((5, 5)).sum(axis=0) % 2 * -2.0 + 1
for name, kernel in kernels.items():
    print(f"checkerboard, {name}: {opposite_pair(kernel, board).distance(board).upper:.4f}")

# %% [markdown]
# ## Claims checked
#
# Tolerances are multiples of eps, the spacing of float64 at 1, times the size of what is compared: for the
# odd part that of $K(x, x)$, for the interpolant the units given at (b). The search ends on the other side of
# the boundary, or within rounding of it. The certificate of the fully connected network looks at 513 angles
# up to the right one, each for all within half a step, which is 0.0015. The value is
# $\kappa(\cos\theta) - \kappa(-\cos\theta) = 2\cos\theta$, and both terms have slopes of at most $2 + 1/\pi$
# in the angle. So it stops some 0.0036 short of the right angle, at the sine $1 - 6 \cdot 10^{-6}$; a part of
# 0.9999 leaves room.
#
# The root mean square over $N$ networks of a nearly Gaussian error has a relative standard deviation of at
# most $1/\sqrt{2N}$, reached where the error is the same at all inputs; four of these are allowed, and for
# the slope as many of its own, which the line fitted through the logarithms passes on. So (e) is checked to
# 28 percent at each width, over a factor of 64 in width. The limits of the controls (1 percent, 0.001) are a
# choice, far from rounding.

# %%
ledger = Ledger("Pooling turns the boundary into the DC hyperplane")
ledger.equal("the kernel is the mean over pairs of patches", sum_error, 0, 64 * eps)
ledger.equal("(a) its odd part is the product of the sums", odd_error, 0, 64 * eps)
ledger.equal("(b) the trained network is sum z / sum x", linear_error, 0, 64 * eps)
low, high = np.transpose(random_bounds)
kind = {"evidence": "certified enclosure"}
ledger.between("(c) random images are at distance |f_dc|", low, theory, high, 64 * eps, **kind)
ledger.at_least("(c) no input within 0.9999 |f_dc| changes sides", low / theory, 0.9999, **kind)
ledger.equal("(d) a sum of 0: K(z, x) = K(z, -x), of the largest", blind, 0, 64 * eps)
ledger.equal("(d) and the labels are refused", refused, True, 0)

# %%
one, root = np.ones(len(sides)), 1 / np.array(sides)
ledger.between(
    "Corollary 2: fully connected, a dot is at distance 1", connected[0], one, connected[1], 64 * eps, **kind
)
ledger.between("Corollary 2: pooled, it is at 1 / sqrt d", pooled[0], root, pooled[1], 64 * eps, **kind)
parts = np.array([connected[0], pooled[0] / root])
ledger.at_least("Corollary 2: the certified parts of these distances", parts, 0.9999, **kind)
zero = moved["zero padding"]
ledger.between("with zero padding a dot is at 9/35", zero.lower, 9 / 35, zero.upper, 64 * eps, **kind)
ledger.equal("Corollary 2: and so at 10^12 pixels, g = 1 - t", huge, 1 - step_of, 64 * eps)
wrong = [wrong_sums, wrong_squares]
ledger.equal("Corollary 2 in fractions: theorem average", wrong, 0, 0, evidence="proved by machine")

# %%
allowed, kind = 4 / np.sqrt(2 * trained), {"evidence": "statistics"}
spread = np.log(widths) - np.log(widths).mean()
for name, share in shares.items():
    for column, of in enumerate(("trained networks", "own interpolants")):
        ledger.equal(f"(e) {name}: {of}, error over the predicted one", share[:, column], 1, allowed, **kind)
    own_errors, of = rms[name][:, 1], "own interpolants, error falls like the root of the width"
    ledger.slope(f"(e) {name}: {of}", widths, own_errors, -1 / 2, allowed / np.linalg.norm(spread), **kind)

# %% [markdown]
# And the controls, which must fail.

# %%
for name in list(variants)[1:]:
    ledger.fails(f"with {name} the network is still sum z / sum x", off[name], 0, 1e-2)
for name in ("bias before pooling", "erf"):
    ledger.fails(f"with {name} a dot is still at 1 / sqrt d", moved[name].upper, 1 / 5, 1e-3)
for name, stays in still_white.items():
    ledger.fails(f"with {name} a darkening by 1 / d reaches the boundary", stays, False, 0)
ledger.fails("two convolutions: g = 1 - t at 10^12 pixels", huge_deep, 1 - step_of, 1e-3)
ledger.fails("on gray 0.25 the function is still affine", gray_nonlinear, 0, 1e-3)
ledger.close()

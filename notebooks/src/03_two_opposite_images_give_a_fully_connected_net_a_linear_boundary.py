# %% [markdown]
# # Two opposite images give a fully connected net a linear boundary
#
# Train an infinitely wide fully connected network with one hidden layer on two images, $x$ with label $+1$
# and its negative $-x$ with label $-1$. It ends as a linear function, although it could be almost anything:
# the boundary between the classes is the hyperplane through zero that is perpendicular to $x$, and $x$ keeps
# the largest distance from it that any classifier could give, its own length. This is the fully connected
# half of Theorem 2 of Ge, Singla, Basri and Jacobs (NeurIPS 2021). The [next
# page](04_pooling_turns_the_boundary_into_the_dc_hyperplane.ipynb) does the same for a convolutional network
# with pooling. Runs in about 15 seconds in either profile, within 0.6 GB.

# %% [markdown]
# ## Statement
#
# Gradient flow on the squared loss turns a very wide network into the **minimum-norm interpolant** of its
# tangent kernel $k$: the function $g(z) = \sum_i \alpha_i\,k(z, x_i)$ with $g(x_i) = y_i$. For one hidden
# ReLU layer without biases, and up to a constant factor that does not change $g$,
#
# $$k(z, x) = |z|\,|x|\,\kappa(u), \qquad \kappa(u) = \frac{2u(\pi - \theta) + \sin\theta}{\pi},$$
#
# with $u = \cos\theta$ the cosine of the angle between $z$ and $x$.
#
# **Theorem 2, fully connected.** For the samples $x$, $-x$ with labels $+1$, $-1$:
#
# - (a) $\kappa(u) - \kappa(-u) = 2u$, with $\kappa(1) = 2$ and $\kappa(-1) = 0$.
# - (b) $g(z) = \dfrac{k(z, x) - k(z, -x)}{k(x, x) - k(x, -x)}$.
# - (c) $g(z) = \langle z, x\rangle / |x|^2$: a linear function.
# - (d) The distance from $x$ to the boundary is $|x|$: for a white and a black dot on gray, 1 at any size.
#
# **Lemma.** For any two samples with $k(x, x) = k(x', x')$: $g(z) \ge 0$ if and only if $k(z, x) \ge k(z,
# x')$.

# %% [markdown]
# ## Why it is true
#
# 1. The angle of $z$ with $-x$ is $\pi - \theta$. In $\kappa(u) - \kappa(-u)$ the sines cancel and $2u(\pi -
#    \theta) + 2u\,\theta = 2\pi u$ remains. That is (a).
# 2. The two conditions $g(x) = 1$, $g(-x) = -1$ are a 2 x 2 system with equal diagonal entries $k(x,x)$ and
#    equal others. Its solution for the right side $(1, -1)$ is $\alpha = (1, -1)/(k(x,x) - k(x,-x))$. That is
#    (b). For two samples that are not opposite the same system gives the lemma.
# 3. With (a) the numerator of (b) is $2u\,|z|\,|x| = 2\langle z, x\rangle$ and the denominator $2|x|^2$. That
#    is (c), and (d) is the distance to the hyperplane $\langle z, x\rangle = 0$.

# %% tags=["parameters"]
import numpy as np
from flint import arb, ctx
from shiftmath import dot_on_gray
from shiftmath.interpolant import Interpolant
from shiftmath.kernels import FullyConnected
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.figures import BOUND, BROKEN, MEASURED, THEORY

# %%
seed = 0
points = choose(quick=2000, full=20000)  # random inputs at which the network is compared with the theory
sides = choose(quick=[1, 3, 5, 9, 15], full=[1, 3, 5, 9, 15, 21, 29])  # of square images
eps = np.finfo(float).eps
rng = np.random.default_rng(seed)
network = FullyConnected(depth=1)
print(provenance("synthetic images from the seed below"))

# %% [markdown]
# ## In numbers
#
# **(a) The odd part of the kernel.** The function $\kappa$, its mirror image, and half of their difference.


# %%
def kappa(u):
    """The two-layer tangent kernel of unit vectors with cosine u."""
    theta = np.arccos(np.clip(u, -1, 1))
    return (2 * u * (np.pi - theta) + np.sin(theta)) / np.pi


u = np.linspace(-1, 1, 401)
odd_error = kappa(u) - kappa(-u) - 2 * u
fig, ax = figures.panels(height=2.8)
ax.plot(u, kappa(u), color=MEASURED, label=r"$\kappa(u)$")
ax.plot(u, kappa(-u), color=BOUND, linestyle="--", label=r"$\kappa(-u)$")
ax.plot(u, (kappa(u) - kappa(-u)) / 2, color=THEORY, label=r"half of the difference: $u$")
ax.set(xlabel=r"cosine $u$ of the angle between two inputs", ylabel="kernel of unit vectors")
_ = ax.legend()

# %% [markdown]
# The kernel itself is curved, dips below zero and rises again. Half of the difference to its mirror image is
# the straight line. On a grid that is evidence. Ball arithmetic encloses the difference on whole intervals of
# $\theta$: each ball below is a proof that $\kappa(u) - \kappa(-u) - 2u$ lies within it for every angle at
# which it was evaluated.


# %%
def enclosed_odd_error(theta):
    """A ball that contains kappa(cos t) - kappa(-cos t) - 2 cos t, for the ball theta of angles t."""
    u, pi = theta.cos(), arb.pi()
    same = 2 * u * (pi - theta) + theta.sin()
    opposite = -2 * u * theta + (pi - theta).sin()
    return (same - opposite) / pi - 2 * u


ctx.prec = 128
balls = [enclosed_odd_error(arb(k) / 100) for k in range(1, 315)]
enclosing = all(ball.contains(0) for ball in balls)
radius = max(float(abs(ball).upper()) for ball in balls)
print(f"{len(balls)} angles: every ball contains 0: {enclosing}; none reaches further than {radius:.0e}")

# %% [markdown]
# The package computes the kernel by another route, a recursion through the layers, in the scale of
# neural-tangents: divided by $d$. Both agree for random inputs of many sizes.

# %%
kernel_error = []
for d in (1, 2, 3, 16, 100):
    Z, X = rng.standard_normal((2, 20, d))
    lengths = np.linalg.norm(Z, axis=1)[:, None] * np.linalg.norm(X, axis=1)
    kernel_error.append(np.abs(d * network(Z, X) / lengths - kappa(Z @ X.T / lengths)).max())
ends = d * np.array([network(X, X)[0, 0], network(X, -X)[0, 0]]) / (X[0] @ X[0])
print(
    f"largest difference {max(kernel_error):.0e};  kappa(1) = {ends[0]:.12f}, kappa(-1) = {abs(ends[1]):.1e}"
)

# %% [markdown]
# **(b) and (c) The interpolant.** For random images $x$ on lines and grids the 2 x 2 system is solved
# numerically, and the network's function is compared with the linear one at random inputs, near and far.


# %%
def trained_on_pair(x, network=network):
    """The network after training on x and -x with labels 1 and -1."""
    return Interpolant(network, np.stack([x, -x]), [1, -1])


# %%
coefficient_error, linear_error = [], []
for shape in [1, 2, 5, 16, (3, 3), (4, 7), (8, 8)]:
    x = rng.standard_normal(shape)
    g = trained_on_pair(x)
    Z = rng.standard_normal((points // 10, *x.shape)) * 10.0 ** rng.integers(-3, 4)
    linear = np.tensordot(Z, x, x.ndim) / np.sum(x * x)
    coefficient_error.append(np.abs(g.coefficients * (g.gram[0, 0] - g.gram[0, 1]) - [1, -1]).max())
    size = np.linalg.norm(Z.reshape(len(Z), -1), axis=1) / np.linalg.norm(x)
    linear_error.append(np.abs((g(Z) - linear) / size).max())
print(
    f"coefficients off by {max(coefficient_error):.0e}, predictions by {max(linear_error):.0e} of |z| / |x|"
)

# %% [markdown]
# The network is linear to rounding. Here is what that looks like in a plane through the samples: the function
# of the network as colour, its boundary as a line. Left the opposite pair, right two samples of the same
# length that are 60 degrees apart.


# %%
def plane(x, y, reach=1.6, n=161):
    """All combinations a x + b y with a, b in [-reach, reach], as rows, and the grid of a."""
    grid = np.linspace(-reach, reach, n)
    a, b = np.meshgrid(grid, grid)
    return a, b, a.ravel()[:, None] * x + b.ravel()[:, None] * y


x, y = np.linalg.qr(rng.standard_normal((16, 2)))[0].T
angle = np.pi / 3
pairs = {
    "opposite": np.stack([x, -x]),
    "60 degrees apart": np.stack([x, np.cos(angle) * x + np.sin(angle) * y]),
}

# %%
fig, axes = figures.panels(1, 2, height=3.1)
for ax, (name, X) in zip(axes, pairs.items(), strict=True):
    a, b, Z = plane(x, y)
    values = Interpolant(network, X, [1, -1])(Z).reshape(a.shape)
    limit = np.abs(values).max()
    ax.pcolormesh(a, b, values, cmap="RdBu", vmin=-limit, vmax=limit, rasterized=True)
    ax.contour(a, b, values, levels=[0], colors=THEORY)
    difference = X[0] - X[1]
    ax.axline((0, 0), (-(difference @ y), difference @ x), color=BROKEN, linestyle=":", label="hyperplane")
    ax.plot(X @ x, X @ y, "o", color=THEORY, markerfacecolor="white", markersize=6, label="samples")
    ax.set(title=name, aspect="equal", xlabel="along $x$", ylabel="across", ylim=(-1.6, 1.6))
_ = axes[1].legend(loc="upper left", frameon=True)

# %% [markdown]
# Left, the boundary (black) and the hyperplane halfway between the samples (red, dotted) are one line. Right
# the hyperplane is still part of the boundary, but on the side that faces away from both samples two more
# branches leave it, and between them the classes are swapped: the dip of $\kappa$ at work. The lemma still
# holds: the sign is decided by which sample has the larger kernel value.

# %%
disagreements = 0
for _ in range(20):
    first, second = rng.standard_normal((2, 6))
    pair = np.stack([first, second * np.linalg.norm(first) / np.linalg.norm(second)])
    Z = rng.standard_normal((points // 10, 6))
    values = network(Z, pair)
    disagreements += np.sum((Interpolant(network, pair, [1, -1])(Z) >= 0) != (values[:, 0] >= values[:, 1]))
print(f"{2 * points} inputs, 20 pairs of equal length: {disagreements} disagree with the lemma")

# %% [markdown]
# **(d) The distance.** The nearest image on the other side of the boundary, found by a local search that
# knows nothing of hyperplanes, for a white dot on square images of growing size.

# %%
found = [
    trained_on_pair(dot_on_gray((k, k))[0]).distance(dot_on_gray((k, k))[0], closed_form=False) for k in sides
]
distances = [f.upper for f in found]
areas = np.square(sides)
fig, (left, *images) = figures.panels(1, 3, height=2.3, width_ratios=[2, 1, 1])
figures.compare(left, (areas, np.ones(len(areas)), "theory: 1"), (areas, distances, "nearest crossing found"))
left.set(xscale="log", xlabel="number of pixels $d$", ylabel="distance of a dot", ylim=(0, 1.2))
left.legend(loc="lower left")
white = dot_on_gray((9, 9))[0]
figures.signal_image(images[0], white, 1, "white dot")
figures.signal_image(images[1], found[sides.index(9)].point, 1, "nearest image\nof the other class")

# %% [markdown]
# The distance is 1 at every size. The nearest image across the boundary is plain gray: to fool this network
# one has to wipe the dot out.

# %% [markdown]
# ## Where it stops being true
#
# **Pairs that are not opposite** are the right picture above: the function is not linear and the boundary is
# not a hyperplane. How far is the function from its best linear fit?

# %%
Z = rng.standard_normal((points, 16))
nonlinear = {}
for name, X in pairs.items():
    values = Interpolant(network, X, [1, -1])(Z)
    fit = Z @ np.linalg.lstsq(Z, values, rcond=None)[0]
    nonlinear[name] = np.sqrt(np.mean((values - fit) ** 2) / np.mean(values**2))
    print(f"{name:17}: {nonlinear[name]:.1e} of the function is not linear")

# %% [markdown]
# **Another activation.** The step that matters is (a): the odd part of the kernel is linear because the odd
# part of ReLU is. For erf it is not, nor for deeper networks. Their boundary is still the hyperplane (by
# symmetry), but the function is curved.

# %%
for name, other in {"erf": FullyConnected(activation="erf"), "three layers": FullyConnected(depth=2)}.items():
    g = trained_on_pair(x, other)
    values = g(Z)
    fit = Z @ np.linalg.lstsq(Z, values, rcond=None)[0]
    nonlinear[name] = np.sqrt(np.mean((values - fit) ** 2) / np.mean(values**2))
    wrong_side = np.mean((values >= 0) != (Z @ x >= 0))
    print(
        f"{name:12}: {nonlinear[name]:.1e} of the function is not linear, {wrong_side:.0%} on the wrong side"
    )

# %% [markdown]
# **Gray that is not zero.** The theorem needs $-x$, so gray must be 0. On a lighter background the two images
# are no longer opposite, and the distance changes.

# %%
light_distances = {}
for gray in (0.1, 0.25, 0.5):
    pair = np.stack(dot_on_gray((5, 5), gray=gray))
    found_on_gray = [Interpolant(network, pair, [1, -1]).distance(dot).upper for dot in pair]
    light_distances[gray] = found_on_gray
    print(f"gray {gray:4}: white dot at {found_on_gray[0]:.4f}, black dot at {found_on_gray[1]:.4f}")

# %% [markdown]
# ## Try it
#
# - Two of your own images: make them opposite by subtracting their mean, and any other pair by leaving it
#   out. How much of the function is linear?
# - Bring the samples on the right of the second figure closer together. What happens to the pocket?
# - `FullyConnected(bias_std=1.0)`: what stays true of (a), (b), (c) and (d)?

# %%
Z3 = rng.standard_normal((points, 3))
for degrees in (20, 60, 90, 120, 180):
    t = np.radians(degrees)
    pair = np.array([[1, 0, 0], [np.cos(t), np.sin(t), 0]])
    positive = Interpolant(network, pair, [1, -1])(Z3) >= 0
    off = np.mean(positive != (Z3 @ (pair[0] - pair[1]) >= 0))
    print(f"{degrees:3} degrees apart: {off:6.2%} of random inputs in space are not on the hyperplane's side")

# %% [markdown]
# ## Claims checked
#
# Tolerances are multiples of eps, the spacing of float64 at 1, times the size of what is compared; the search
# stops within 1e-9.

# %%
ledger = Ledger("Two opposite images give a fully connected net a linear boundary")
ledger.equal("(a) kappa(u) - kappa(-u) = 2u on a grid", odd_error, 0, 16 * eps)
ledger.equal("(a) and within balls of 128 bits at 314 angles", enclosing, True, 0)
ledger.at_most("(a) whose radius is", radius, 1e-36)
ledger.equal("(a) kappa is the kernel of the package", kernel_error, 0, 64 * eps)
ledger.equal("(a) kappa(1) = 2, kappa(-1) = 0", ends, [2, 0], 64 * eps)
ledger.equal("(b) the coefficients are (1, -1) over k(x, x) - k(x, -x)", coefficient_error, 0, 64 * eps)
ledger.equal("(c) the trained network is <z, x> / |x|^2", linear_error, 0, 64 * eps)
ledger.equal("(d) a dot is at distance 1, at every size", distances, 1, 1e-9)
ledger.equal("Lemma: the sign is that of k(z, x) - k(z, x')", disagreements, 0, 0)

# %%
ledger.fails("a pair 60 degrees apart gives a linear function", nonlinear["60 degrees apart"], 0, 1e-2)
ledger.fails("erf gives a linear function", nonlinear["erf"], 0, 1e-3)
ledger.fails("three layers give a linear function", nonlinear["three layers"], 0, 1e-3)
ledger.fails("on gray 0.25 the distances are 1", light_distances[0.25], 1, 1e-2)
ledger.close()

# %% [markdown]
# # Depth raises the constant, not the rate
#
# A very wide network with one hidden layer and pooling over all shifts tells a white dot from a black one
# with a straight boundary at distance $1/\sqrt d$ from either dot. Is this an accident of one layer, of
# ReLU, of networks without bias? This page changes each. Other activations mostly change nothing. More
# layers bend the function, and after the pooling they leave the boundary where it was; before the pooling
# they move the boundary away by a constant factor, while the rate $1/\sqrt d$ stays. The starting point is
# Theorem 2 of Ge, Singla, Basri and Jacobs, *Shift Invariance Can Reduce Adversarial Robustness* (NeurIPS
# 2021); the rest of the page goes beyond it. Runs in about half a minute (profile quick) or one (full),
# within 1 GB.

# %% [markdown]
# ## Statement
#
# The predictor is the minimum-norm interpolant $f$ of the labels $+1$ at $x$ and $-1$ at $-x$ (an
# **antipodal pair**), in the neural tangent kernel of an infinitely wide network. With one hidden ReLU layer
# that kernel is $|z||x|\,\kappa(u)$, $u = \cos\theta$ the cosine of the angle of $z$ and $x$, and
#
# $$
# \kappa(u) = \frac{2u(\pi-\theta) + \sin\theta}{\pi}, \qquad \kappa(u) - \kappa(-u) = 2u.
# $$
#
# Write $\kappa_L$ for the same function of a network with $L$ hidden ReLU layers, and $h_L(u) =
# \frac12(\kappa_L(u) - \kappa_L(-u))$ for its odd part.
#
# - (a) **Activation.** One convolution and pooling: $f(z) = \sum_i z_i / \sum_i x_i$ for every activation
#   whose odd part is linear.
# - (b) **Depth without pooling.** A fully connected network of any depth, with or without biases, has the
#   boundary $\langle z, x\rangle = 0$, although $f$ is no longer linear.
# - (c) **Depth after pooling.** One convolution, pooling, then any number of dense ReLU layers: the boundary
#   is $\sum_i z_i = 0$ exactly.
# - (d) **Depth before pooling.** One convolution as large as the signal, pointwise layers, pooling, $L$
#   hidden layers in all. The distance of a dot on $d$ pixels to the boundary is $\frac{c_L}{\sqrt d} +
#   O\left(\frac1d\right)$ with $c_L = h_L(1)/h_L'(0)$.
# - (e) **Other pairs.** For two samples of one norm at an angle $\varphi$ with one hidden layer the boundary
#   is a hyperplane if $\varphi \ge 74.86°$, and not below.

# %% [markdown]
# ## Why it is true
#
# 1. Split the activation into an even part and $au$. In $E[f(s)f(t)]$, for jointly Gaussian $s$ and $t$,
#    mixed terms vanish, the even part contributes an even function of the covariance, and $au$ contributes
#    $a^2$ times the covariance. The same holds for the covariance times $E[f'(s)f'(t)]$. So $k(z,x) -
#    k(z,-x)$ is linear, patch by patch, and pooling adds up all patches. That is (a).
# 2. For ReLU the two factors of the recursion are $\kappa_0(u) = \frac12 + \frac1\pi \arcsin u$ and
#    $\kappa_1$, with $\kappa_1' = \kappa_0$. Both are power series without negative coefficients. Sums,
#    products and compositions of such series are such series, and so is $\kappa_L$. Then $h_L(u) = a_1 u +
#    a_3 u^3 + \dots$ with all $a_k \ge 0$ and $a_1 > 0$: it has the sign of $u$. A bias adds a positive
#    constant inside and changes nothing in this argument. That is (b).
# 3. After the pooling, (a) says which of $x$ and $-x$ has the larger covariance $K$ with $z$ and the larger
#    tangent kernel $\Theta$: the one whose sum has the sign of the sum of $z$. A dense layer maps them to
#    $\kappa_1(K)$ and $\kappa_1(K) + \Theta\,\kappa_0(K)$, up to scale. Both $\kappa_0 \ge 0$ and $\kappa_1$
#    grow, and the larger $\Theta$ is positive, so the order stays. That is (c).
# 4. Pooling over all shifts of a dot compares $z$ with every pixel: the boundary is $\sum_i h_L(z_i/|z|) =
#    0$, a cone. A $z$ with $z_1 \le 0$ is at distance 1 or more from the dot. All others lie on rays through
#    the unit sphere, where $z = (\sqrt{1-s^2}, -y_2, \dots, -y_d)$. The distance of the dot to the cone is
#    the smallest $s = |y|$ with $\sum_i h_L(y_i) = h_L(\sqrt{1-s^2})$; a negative $y_i$ only makes the sum
#    smaller. With all $n = d-1$ equal, $n\,h_L(s/\sqrt n) = h_L(\sqrt{1-s^2})$, and for small $s$ this is
#    $\sqrt n\,h_L'(0)\,s \approx h_L(1)$.
# 5. Nothing else is nearer. As a function of $t = y^2$, $h_L(\sqrt t)$ is concave as long as $u h_L''(u) \le
#    h_L'(u)$, and $h_L' - u h_L'' = \sum_k k(2-k)\,a_k u^{k-1}$ only falls. So if it is still positive at
#    $s$, the equal distribution of $t$ gives the largest sum (Jensen). That sum grows with $s$, because $h_L$
#    does, and $h_L(\sqrt{1-s^2})$ falls, so no smaller $s$ is enough. That is (d). And with more pixels $s$
#    only gets smaller: $n\,c(s^2/n)$ grows with $n$ for a concave $c$ with $c(0) = 0$.
# 6. For two samples of one norm $f(z) \ge 0$ if and only if $\kappa(u) \ge \kappa(u')$ for the cosines $u$,
#    $u'$ of $z$ to the two. But $\kappa$ falls before it rises: with $t = \pi - \theta$ its minimum is at
#    $2t\tan t = 1$. If $z$ can be close to $-x$ and $-x'$ at once, the order of $\kappa$ is not that of the
#    cosines. The angles of $z$ to $-x$ and $-x'$ then add up to less than $2t$ at the minimum (checked below
#    on a grid), and to at least $\varphi$. That is (e).
#
# Each step is measured by itself below.

# %% tags=["parameters"]
from functools import partial

import numpy as np
from flint import arb, arb_series, ctx
from scipy.optimize import brentq, minimize
from scipy.stats import binomtest
from shiftmath import dot_on_gray
from shiftmath.groups import circular_shifts
from shiftmath.interpolant import Indistinguishable, Interpolant
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.figures import BROKEN, MEASURED, THEORY

# %%
seed = 0
layers = [1, 2, 3, 4]
points = choose(quick=200, full=2000)  # random signals at which a predictor is evaluated
sizes = choose(quick=[4, 8, 16, 32, 64, 128, 256], full=[4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048])
starts_each = choose(quick=3, full=20)  # random starts of the search for a nearer boundary point
restarts = choose(quick=8, full=40)  # of the search that comes with the package
directions = choose(quick=20_000, full=400_000)  # random directions in space
ctx.prec, ctx.cap = 256, 42  # ball arithmetic: bits, and terms of a power series
eps = np.finfo(float).eps
print(provenance("synthetic signals from the seed below"))

# %% [markdown]
# ## In numbers
#
# **The identity.** Everything rests on $\kappa(u) - \kappa(-u) = 2u$. Ball arithmetic computes with
# intervals that are guaranteed to contain the true value. Here is the difference of the two sides, on 17
# balls of radius $2^{-60}$ spread over $(-1, 1)$.


# %%
def kappa0(u):
    """The arc-cosine kernel of degree 0, for balls and for power series of balls."""
    return 1 - u.acos() / arb.pi()


def kappa1(u):
    """The arc-cosine kernel of degree 1."""
    return (1 - u * u).sqrt() / arb.pi() + u * kappa0(u)


# %%
def tangent(u, depth, bias=0):
    """The tangent kernel of unit vectors with cosine u, and bias variance `bias`, by its recursion."""
    K, T, variance = u + bias, u + bias, 1 + bias
    for layer in range(depth):
        slope, after = kappa0(K / variance), bias * (layer + 1 < depth)
        K = variance * kappa1(K / variance) + after
        T, variance = K + T * slope, variance + after
    return T


# %%
balls = [arb(k, 2**-57) / 9 for k in range(-8, 9)]
identity = [tangent(u, 1) - tangent(-u, 1) - 2 * u for u in balls]
print("all contain 0:", all(x.contains(0) for x in identity))
print(f"largest radius: {max(float(x.rad()) for x in identity):.0e}")

# %% [markdown]
# The two sides agree within intervals that are hardly wider than the balls that went in.
#
# **(a) Activation.** One convolution with three taps, pooling, a random signal $x$ of 12 pixels against
# $-x$. The list holds the largest difference between $f(z)$ and $\sum z/\sum x$ over random signals $z$.

# %%
rng = np.random.default_rng(seed)
x = 0.3 + rng.standard_normal(12)
Z = rng.standard_normal((points, 12))
linear = Z.sum(axis=1) / x.sum()
convolutional = partial(Convolutional, spatial_axes=1)  # signals of one axis


def pair(kernel, x):
    """The predictor of +1 at x and -1 at -x."""
    return Interpolant(kernel, np.stack([x, -x]), [1, -1])


# %%
off_linear = {}
for name in ("relu", "leaky_relu", "gelu", "identity", "erf"):
    off_linear[name] = np.abs(pair(convolutional(activation=name), x)(Z) - linear).max()
    print(f"{name:11} {off_linear[name]:.0e}")
abs_refused = False
try:
    pair(convolutional(activation="abs"), x)
except Indistinguishable as error:
    abs_refused = True
    print("abs: indistinguishable pairs", error.pairs)

# %% [markdown]
# The first four are linear to rounding. The absolute value has no odd part at all, and such a network cannot
# tell a signal from its negative. The error function is odd and not linear, and so is its predictor.
#
# **(b) Depth without pooling.** First the power series: the coefficients $a_1, a_3, \dots, a_{41}$ of $h_L$,
# enclosed by ball arithmetic, without bias and with bias variance $1/4$.


# %%
def odd_coefficients(depth, bias=0):
    """Balls around the coefficients of u, u^3, u^5, ... in the tangent kernel."""
    series = tangent(arb_series([0, 1]), depth, bias)
    return [series[k] for k in range(1, ctx.cap, 2)]


# %%
quarter = arb(1) / 4
coefficients = {L: odd_coefficients(L) for L in layers}
with_bias = {L: odd_coefficients(L, quarter) for L in layers}
for L in layers:
    print(f"L = {L}:", *(f"{float(a.mid()):.5f}" for a in coefficients[L][:6]), "...")
lowest = [float(a.lower()) for L in layers[1:] for a in coefficients[L]]
lowest_with_bias = [float(a.lower()) for L in layers for a in with_bias[L]]
print(f"lower ends of the balls, L > 1: {min(lowest):.1e};  with bias: {min(lowest_with_bias):.1e}")

# %% [markdown]
# With one layer only the first coefficient is there: that is the identity again. With more layers all are
# positive, and so they are with bias even for one layer. So $f$ is not linear, and its sign is that of
# $\langle z, x\rangle$. Now the predictor itself, along a half turn of $z$ from $x$ to $-x$, against
# $h_L(u)/h_L(1)$ by ball arithmetic.


# %%
def odd(u, depth):
    """h_L(u), enclosed by a ball."""
    u = arb(u)
    return (tangent(u, depth) - tangent(-u, depth)) / 2


top = {L: float(odd(1, L)) for L in layers}
angles = np.linspace(0, np.pi, 25)
turn = np.column_stack([np.cos(angles), np.sin(angles)])
curves = {L: pair(FullyConnected(depth=L), turn[0])(turn) for L in layers}
predicted = {L: [float(odd(u, L)) / top[L] for u in turn[:, 0]] for L in layers}
curve_error = [np.abs(curves[L] - predicted[L]).max() for L in layers]

# %%
fig, (left, right) = figures.panels(1, 2, height=3.0)
for L, marker in zip(layers, "os^D", strict=True):
    left.plot(turn[:, 0], predicted[L], color=THEORY, linewidth=0.8, zorder=1)
    left.plot(turn[:, 0], curves[L], marker, color=MEASURED, label=f"L = {L}", markersize=2 + L / 2)
    if L > 1:
        right.plot(range(1, 42, 2), [float(a) for a in coefficients[L]], marker, color=THEORY, mfc="none")
        right.annotate(f"L = {L}", (41, float(coefficients[L][-1])), (3, 0), textcoords="offset points")
left.set(xlabel="cosine $u$ of the angle between $z$ and $x$", ylabel="predictor $f(z)$, $|z| = |x|$")
left.legend(title="measured", loc="upper left")
right.set(yscale="log", xlabel="power $k$ (odd)", ylabel="coefficient $a_k$ of $h_L$", xlim=(-1, 51))

# %% [markdown]
# Left, the dots are the predictors and the black lines the theory. The one for one layer is straight; deeper
# ones are flatter in the middle and steeper at the ends. All cross zero at $u = 0$ and nowhere else. Right,
# the coefficients that bend them; those of one layer are zero from the second on and are not drawn.
#
# In more dimensions, with and without bias: values on the plane $\langle z, x\rangle = 0$, and signs off it.

# %%
rng = np.random.default_rng(seed + 1)
x6 = rng.standard_normal(6)
Z6 = rng.standard_normal((points, 6))
in_plane = Z6 - np.outer(Z6 @ x6, x6) / (x6 @ x6)
values_in_plane, wrong_signs = [], 0
for L in layers:
    for bias in (0, 0.5):
        f = pair(FullyConnected(depth=L, bias_std=bias), x6)
        values_in_plane.append(np.abs(f(in_plane)).max())
        wrong_signs += np.sum(np.sign(f(Z6)) != np.sign(Z6 @ x6))
print(f"largest value in the plane {max(values_in_plane):.0e}, wrong signs {wrong_signs} of {8 * points}")

# %% [markdown]
# **(c) Depth after pooling.** One convolution, pooling, and up to three dense ReLU layers. Again values on
# the plane, here $\sum_i z_i = 0$, and signs off it; and how far $f$ is from linear.

# %%
flat = Z - Z.mean(axis=1, keepdims=True)
on_dc_plane, wrong_dc_signs, bent = [], 0, []
for n in (0, 1, 2, 3):
    f = pair(convolutional(dense_layers=n), x)
    values = f(Z)
    on_dc_plane.append(np.abs(f(flat)).max())
    wrong_dc_signs += np.sum(np.sign(values) != np.sign(linear))
    bent.append(np.abs(values - linear).max())
    print(f"{n} dense layers: on the plane {on_dc_plane[-1]:.0e}, off linear {bent[-1]:.1e}")
print(f"wrong signs: {wrong_dc_signs} of {4 * points}")

# %% [markdown]
# The dense layers bend the function and leave its boundary alone. Two other changes do move the boundary: a
# second convolution before the pooling, and a bias before the pooling.

# %%
moved = {
    "two convolutions": convolutional(depth=2),
    "three convolutions": convolutional(depth=3),
    "bias 0.1": convolutional(bias_std=0.1),
    "bias 0.5": convolutional(bias_std=0.5),
}
off_plane = {name: np.abs(pair(kernel, x)(flat)).max() for name, kernel in moved.items()}
print({name: round(float(value), 3) for name, value in off_plane.items()})

# %% [markdown]
# How far, and which way? The distance of a dot on nine pixels to the boundary, by a search that knows only
# the values of $f$: minimise $|s|^2$ subject to $f(x + s) = 0$, from several starts.


# %%
def slope(f, z, h=1e-5):
    """The gradient of f at z by central differences."""
    steps = h * np.eye(z.size).reshape(-1, *z.shape)
    return (f(z + steps) - f(z - steps)) / (2 * h)


# %%
def nearest(f, x, starts):
    """The distance of x to the boundary that sequential quadratic programming finds from each start."""

    def at(step):
        return x + step.reshape(x.shape)

    boundary = {"type": "eq", "fun": lambda s: f(at(s)[None])[0], "jac": lambda s: slope(f, at(s))}
    options = {"jac": lambda s: 2 * s, "constraints": boundary, "method": "SLSQP"}
    found = [minimize(lambda s: s @ s, s, **options, options={"ftol": 1e-14, "maxiter": 300}) for s in starts]
    return np.array([np.linalg.norm(r.x) for r in found if abs(boundary["fun"](r.x)) < 1e-12])


# %% [markdown]
# The starts have structure: minus a constant, one pixel, two pixels, a block, alternating signs, and some
# are random.


# %%
def structured_starts(d):
    """Steps from a dot in the middle of d pixels to where a boundary might be."""
    pixels, middle = np.eye(d), d // 2
    structured = [
        -np.full(d, 0.3),
        -0.9 * pixels[middle - 1],
        -0.6 * (pixels[middle - 2] + pixels[middle + 1]),
        -0.5 * (np.arange(d) < d // 3),
        -0.4 * (-1.0) ** np.arange(d),
    ]
    return [*structured, *np.random.default_rng(seed).standard_normal((starts_each, d)) / 3]


# %%
nine = structured_starts(9)
dot9 = dot_on_gray(9)[0]
architectures = {f"{n} dense": convolutional(dense_layers=n) for n in (0, 1, 2, 3)} | moved
constants = {
    name: 3 * nearest(pair(kernel, dot9), dot9, nine[:6]).min() for name, kernel in architectures.items()
}
print(*(f"{name:20} {value:.6f}" for name, value in constants.items()), sep="\n")

# %%
fig, ax = figures.panels(height=2.8)
ax.axhline(1, color=THEORY, label=r"$1/\sqrt{d}$, one convolution")
for y, (name, value) in enumerate(constants.items()):
    kept = "dense" in name
    ax.plot(y, value, "o" if kept else "s", color=MEASURED if kept else BROKEN)
ax.plot([], [], "o", color=MEASURED, label="dense layers after pooling")
ax.plot([], [], "s", color=BROKEN, label="a hypothesis broken")
names = [name.replace(" ", "\n").replace("volutions", "v.") for name in constants]
ax.set_xticks(range(len(constants)), names)
ax.set(ylabel=r"$\sqrt{d}\ \times$ distance of a dot", ylim=(0.8, 1.7))
_ = ax.legend(loc="upper left")

# %% [markdown]
# Dense layers after the pooling stay on the line. More convolutions before the pooling push the boundary
# away from the dot: here depth helps. A bias pulls it closer: that hurts, and little.
#
# There is one exception. With filters of a single tap more layers change nothing at all: the cosine of two
# numbers is $1$ or $-1$, so only $h_L(\pm 1)$ is ever used, and that is linear.

# %%
one_tap = np.abs(pair(convolutional(depth=3, filter_size=1), x)(Z) - linear).max()
print(f"three convolutions of one tap: off linear {one_tap:.0e}")

# %% [markdown]
# **(d) Depth before pooling.** How much can depth help? The case that can be solved has a first convolution
# as large as the signal, pointwise layers, and pooling; its kernel is that of a fully connected network of
# $L$ hidden layers, averaged over all shifts. For one layer the convolutional kernel says the same.

# %%
X5 = rng.standard_normal((4, 5))
shifts = circular_shifts()
by_average = GroupAverage(FullyConnected(), shifts)(X5)
by_convolution = convolutional(filter_size=5)(X5)
averaging_error = np.abs(by_average - by_convolution).max()
print(f"two routes to the pooled kernel differ by {averaging_error:.0e}")

# %% [markdown]
# The boundary is claimed to be $\sum_i h_L(z_i/|z|) = 0$. Up to one factor that sum should be the predictor.

# %%
white = dot_on_gray(7)[0]
signals = rng.standard_normal((6, 7))
cone_error = []
for L in layers:
    norms = np.linalg.norm(signals, axis=1)
    cosines = signals / norms[:, None]
    sums = [sum(float(odd(u, L)) for u in row) for row in cosines]
    values = pair(GroupAverage(FullyConnected(depth=L), shifts), white)(signals)
    cone_error.append(np.abs(values - norms * sums / top[L]).max())
print(f"largest difference: {max(cone_error):.0e}")

# %% [markdown]
# The constants $c_L = h_L(1)/h_L'(0)$, from the enclosed coefficients, and the distances of a dot along the
# symmetric family $(\sqrt{1-s^2}, -s/\sqrt n, \dots, -s/\sqrt n)$, by finding the zero of the predictor
# there.

# %%
c = {L: float(odd(1, L) / coefficients[L][0]) for L in layers}
print("c_L:", *(f"{c[L]:.6f}" for L in layers))


def symmetric(f, d):
    """The s at which the predictor of a dot on d pixels is 0 along the symmetric family."""

    def value(s):
        z = np.full(d, -s / np.sqrt(d - 1))
        z[d // 2] = np.sqrt(1 - s * s)
        return f(z[None])[0]

    return brentq(value, 1e-6, 0.9, xtol=1e-15, rtol=8 * eps)


# %%
kernels = {L: GroupAverage(FullyConnected(depth=L), shifts) for L in layers}
distances = {L: [symmetric(pair(kernels[L], dot_on_gray(d)[0]), d) for d in sizes] for L in layers}
print("d     ", *(f"L = {L}    " for L in layers))
for i, d in enumerate(sizes):
    print(f"{d:6}", *(f"{np.sqrt(d) * distances[L][i]:.6f} " for L in layers))

# %% [markdown]
# The table shows $\sqrt d$ times the distance. For one layer it is 1 at every size. For more layers it grows
# towards $c_L$, slowly: at $u = 1$ the kernel has a corner in the angle, which leaves a correction of order
# $d^{-1/2}$. Far out, where no kernel matrix fits, the scalar equation of step 4 takes over.


# %%
def excess(s, n, depth):
    """A ball around n h(s / sqrt n) - h(sqrt(1 - s^2))."""
    return n * odd(arb(s) / arb(n).sqrt(), depth) - odd((1 - arb(s) ** 2).sqrt(), depth)


def scalar(d, depth):
    """The s with n h(s / sqrt n) = h(sqrt(1 - s^2)), n = d - 1."""
    n = d - 1
    return brentq(lambda s: float(excess(s, n, depth)), 1e-9, 0.9, xtol=1e-18, rtol=8 * eps)


# %%
far = [10**6, 10**8, 10**10]
limits = {L: [np.sqrt(d) * scalar(d, L) for d in far] for L in layers}
scalar_error = [abs(scalar(d, L) - distances[L][i]) for L in layers for i, d in enumerate(sizes[:4])]
print(f"scalar equation against the predictor: {max(scalar_error):.0e}")
for L in layers:
    print(f"L = {L}:", *(f"{value:.6f}" for value in limits[L]), f"-> {c[L]:.6f}")

# %% [markdown]
# The size of the correction can be worked out. Near $\theta = 0$ the kernel falls by $\theta/\pi$ times $1 +
# 2 + \dots + L$, because each $\kappa_0$ falls by $\theta/\pi$ and meets a tangent kernel of size $l$. Near
# $-x$ it falls by $\theta/\pi$ times the product of the later factors $\kappa_0$. Half the difference,
# $B_L$, is what $h_L$ loses per unit of angle, and $\sqrt d\,s = c_L - \frac{B_L}{h_L'(0)}\frac{c_L}{\sqrt
# d} + O(1/d)$.


# %%
def correction(depth):
    """The limit of sqrt d (c_L - sqrt d s)."""
    K, product = kappa1(arb(-1)), arb(1)
    for _ in range(depth - 1):
        K, product = kappa1(K), product * kappa0(K)
    loss = (arb(depth * (depth + 1)) / 2 - product) / arb.pi() / 2
    return float(loss / coefficients[depth][0]) * c[depth]


corrections = [correction(L) for L in layers]
measured_corrections = [np.sqrt(far[1]) * (c[L] - limits[L][1]) for L in layers]
print("predicted: ", np.round(corrections, 5))
print("at d = 1e8:", np.round(measured_corrections, 5))

# %%
fig, (left, right) = figures.panels(1, 2, height=3.2)
reach = np.geomspace(sizes[0], 1e6, 13)
for L, marker in zip(layers, "os^D", strict=True):
    left.plot(reach, c[L] / np.sqrt(reach), color=THEORY, linewidth=0.8, zorder=1)
    left.plot(sizes, distances[L], marker, color=MEASURED, mfc="white", label=f"L = {L}", zorder=2)
    right.plot(reach[[0, -1]], [c[L], c[L]], color=THEORY, linewidth=0.8, zorder=1)
    right.plot(reach, [np.sqrt(d) * scalar(d, L) for d in reach], color=THEORY, linestyle="--", zorder=1)
    right.plot(sizes, np.sqrt(sizes) * distances[L], marker, color=MEASURED, mfc="white", zorder=2)
    right.annotate(f"$c_{L}$", (reach[-1], c[L]), (3, -3), textcoords="offset points")
left.set(xscale="log", yscale="log", xlabel="number of pixels $d$", ylabel="distance of a dot")
left.legend(title="measured\nlines: $c_L/\\sqrt{d}$", loc="upper right")
right.set(xscale="log", xlabel="number of pixels $d$", ylabel=r"$\sqrt{d}\ \times$ distance of a dot")

# %% [markdown]
# Left, the lines are parallel, with slope $-1/2$, and the dots of each depth approach their line from below.
# Right, the same with the slope taken out and the scalar equation dashed: the factor climbs to $c_L$ and
# stops there. Four layers buy a little more than a factor 2, and a picture with about five times the pixels
# takes it away again.
#
# **Is the symmetric point the nearest?** So far these are upper bounds: some other boundary point might be
# nearer. Step 5 decides. It needs $h_L' - u h_L'' > 0$ at $u = s$; both derivatives are read off a power
# series around $u$, in balls. As $s$ falls with $d$ and the expression falls with $u$, the smallest $d$
# covers all larger ones.


# %%
def concavity(u, depth):
    """A ball around h'(u) - u h''(u)."""
    up, down = (tangent(arb_series([sign * arb(u), sign]), depth) for sign in (1, -1))
    first, second = ((up[k] - down[k]) / 2 for k in (1, 2))
    return first - 2 * arb(u) * second


# %%
outer = {L: scalar(5, L) + 1e-9 for L in layers}
crossed = [float(excess(s, 4, L).lower()) for L, s in outer.items()]  # > 0: the distance is below s
margins = [float(concavity(s, L).lower()) for L, s in outer.items()]
edge = {L: brentq(lambda u, L=L: float(concavity(u, L)), 0.1, 0.99) for L in layers[1:]}
print("h' - u h'' at the distance for d = 5:", np.round(margins, 3))
print("concave up to u =", {L: round(u, 3) for L, u in edge.items()})
print("distances for d = 2, 3, 4, 5:")
for L in layers[1:]:
    print(f"L = {L}:", *(f"{scalar(d, L):.3f}" for d in (2, 3, 4, 5)))

# %% [markdown]
# From $d = 5$ on the symmetric point is the nearest point of the boundary, for up to four layers: the law
# for dots is exact, not a bound. For $d = 2$ no other point of the boundary lies on the side of the dot. At
# $d = 3$ and $d = 4$ the argument covers two and three layers; with four it says nothing.
#
# A search should then find nothing nearer. Two of them, on nine pixels: the one above, from all its starts,
# and the one of the package, with random restarts.

# %%
dot = dot_on_gray(9)[0]
theory9 = {L: symmetric(pair(kernels[L], dot), 9) for L in layers[1:]}
searched = {L: nearest(pair(kernels[L], dot), dot, nine) for L in layers[1:]}
package = {L: pair(kernels[L], dot).distance(dot, restarts=restarts).upper for L in layers[1:]}
for L in layers[1:]:
    ends = f"from {searched[L].min():.12f} to {searched[L].max():.12f}"
    print(f"L = {L}: symmetric {theory9[L]:.12f}, search {package[L]:.12f}, {len(searched[L])} starts {ends}")

# %% [markdown]
# Every start, one pixel and alternating signs too, ends at the symmetric point. On $d = 3$ and $4$ too?

# %%
small = {}
for d in (3, 4):
    dot_small = dot_on_gray(d)[0]
    f = pair(kernels[4], dot_small)
    small[d] = nearest(f, dot_small, structured_starts(d)).min() - symmetric(f, d)
    print(f"d = {d}, four layers: the search ends {small[d]:+.0e} from the symmetric point")

# %% [markdown]
# No nearer point turns up there either, but at these two sizes that is a search, not a proof.
#
# ## Where it stops being true
#
# **(e) Pairs that are not opposite.** The kernel is not monotone. Here is its minimum.

# %%
bottom = brentq(lambda t: 2 * t * np.tan(t) - 1, 0.1, 1.5)


def kappa(u):
    """The tangent kernel of one hidden layer as a function of the cosine."""
    return (2 * u * (np.pi - np.arccos(u)) + np.sqrt(1 - u * u)) / np.pi


print(f"minimum {kappa(-np.cos(bottom)):.4f} at u = {-np.cos(bottom):.4f}, {kappa(-1.0):.0f} at u = -1")
print(f"critical angle of the pair: {2 * np.degrees(bottom):.3f} degrees")

# %% [markdown]
# With $t < t'$ the angles of $z$ to $-x$ and $-x'$, the order is wrong when $\kappa$ is larger at $t$, so
# only if $t'$ is below the angle on the other side of the minimum where $\kappa$ has the value of $t$. The
# two angles add up to at least $\varphi$. How large can the sum of two angles of equal $\kappa$ be?

# %%
near = np.linspace(0, bottom - 1e-3, 200)
partner = [brentq(lambda s, t=t: kappa(-np.cos(s)) - kappa(-np.cos(t)), bottom, 1.3) for t in near]
sums_of_angles = near + partner
print(
    f"from {np.degrees(sums_of_angles[0]):.3f} to {np.degrees(sums_of_angles[-1]):.3f} degrees, "
    f"always growing: {np.all(np.diff(sums_of_angles) > 0)}"
)

# %% [markdown]
# The sum grows towards twice the angle of the minimum: that is the critical angle.

# %% [markdown]
# For two samples $x$ and $x'$ in space, at an angle $\varphi$, how many directions lie on the other side of
# the boundary than of the hyperplane $\langle z, x - x'\rangle = 0$? Random directions and the predictor
# itself on one side, an even grid on the sphere and the formula for $\kappa$ on the other.


# %%
def couple(degrees):
    """Two unit vectors at an angle, on either side of the third axis."""
    half = np.radians(degrees) / 2
    return np.array([[np.sin(half), 0, np.cos(half)], [-np.sin(half), 0, np.cos(half)]])


rng = np.random.default_rng(seed + 2)
random_directions = rng.standard_normal((directions, 3))
random_directions /= np.linalg.norm(random_directions, axis=1, keepdims=True)
height, turn_by = np.meshgrid((np.arange(1000) + 0.5) / 500 - 1, (np.arange(1000) + 0.5) * np.pi / 500)
round_off = np.sqrt(1 - height**2)
grid = np.stack([round_off * np.cos(turn_by), round_off * np.sin(turn_by), height], axis=-1).reshape(-1, 3)

# %%
pair_angles, disagree, intervals, areas = [5, 20, 40, 60, 70, 75, 90, 135], [], [], []
for degrees in pair_angles:
    two = couple(degrees)
    f = Interpolant(FullyConnected(), two, [1, -1])
    other_side = np.sum((f(random_directions) >= 0) != (random_directions[:, 0] >= 0))
    intervals.append(binomtest(int(other_side), directions).proportion_ci(0.9999, method="exact"))
    disagree.append(other_side / directions)
    u, v = np.clip(grid @ two.T, -1, 1).T
    areas.append(np.mean((kappa(u) >= kappa(v)) != (u >= v)))
    low, high = intervals[-1]
    print(f"{degrees:3} degrees: {disagree[-1]:.4f} in [{low:.4f}, {high:.4f}], area {areas[-1]:.4f}")

# %% [markdown]
# About a tenth of all directions for a narrow pair, fewer as the pair opens, and none beyond the critical
# angle. An antipodal pair, at 180 degrees, is far on the safe side.

# %%
axis = np.linspace(-1, 1, 400)
across, up = np.meshgrid(axis, axis)
inside, rim = across**2 + up**2 < 1, np.linspace(0, 2 * np.pi, 200)
ball = np.stack([across, up, -np.sqrt(np.where(inside, 1 - across**2 - up**2, 0))], axis=-1)
captions = [((0.4, -0.75), r"$f \geq 0$"), ((-0.4, -0.75), "$f < 0$"), ((-0.26, -0.2), "wrong")]

# %%
fig, panels = figures.panels(1, 3, height=2.6)
for ax, degrees in zip(panels, (20, 60, 90), strict=True):
    sides = Interpolant(FullyConnected(), couple(degrees), [1, -1])(ball.reshape(-1, 3)) >= 0
    wrong = (sides.reshape(inside.shape) != (across >= 0)) & inside
    for region, colour in ((inside & (across >= 0) & ~wrong, MEASURED), (wrong, BROKEN)):
        ax.contourf(axis, axis, 1.0 * region, [0.5, 1.5], colors=[colour], alpha=0.4)
    ax.plot(np.sin(rim), np.cos(rim), color=THEORY, linewidth=0.6)
    ax.plot([0, 0], [-1, 1], color=THEORY)
    for point, name in zip(-couple(degrees), ("$-x$", "$-x'$"), strict=True):
        ax.plot(point[0], 0, "o", color=THEORY)
        ax.annotate(name, (point[0], 0), (0, 5), textcoords="offset points", ha="center")
    for place, words in captions[: 3 if wrong.any() else 2]:
        ax.text(*place, words, ha="center")
    ax.set(aspect="equal", xticks=[], yticks=[], xlabel=f"$x$, $x'$ at {degrees} degrees", frame_on=False)

# %% [markdown]
# The sphere of directions seen from the far side, opposite to the pair. The black line is the hyperplane;
# the boundary should be that line, with $f \ge 0$ to its right. In the red patch around $-x$ and $-x'$ the
# sign of $f$ is the other one. It shrinks as the pair opens and is gone at 90 degrees.
#
# **A gray background.** A white and a black dot on gray are no antipodal pair either. With one hidden layer,
# 25 pixels and gray level $1/4$, the distances of the white and the black dot:

# %%
steps25 = [np.full(25, 0.05), rng.standard_normal(25) / 10]
on_gray = {}
for name, kernel in {"fully connected": FullyConnected(), "pooled": kernels[1]}.items():
    dots = np.stack(dot_on_gray(25, gray=0.25))
    f = Interpolant(kernel, dots, [1, -1])
    on_gray[name] = [nearest(f, dot, steps25).min() for dot in dots]
    print(f"{name:16} white {on_gray[name][0]:.4f}, black {on_gray[name][1]:.4f}")

# %% [markdown]
# On gray 0 these are 1 and $1/5$. The pooled boundary moves by up to a sixth, the other by a few percent.
#
# **Other activations.** With the error function the boundary is not even approximately the plane.

# %%
erf_constant = 3 * nearest(pair(convolutional(activation="erf"), dot9), dot9, nine[:3]).min()
print(f"sqrt(d) times the distance of a dot on nine pixels, error function: {erf_constant:.4f}")

# %% [markdown]
# ## Try it
#
# - Does the law for dots hold with biases? Give `FullyConnected(depth=L, bias_std=0.2)` to `GroupAverage`.
# - Is there an architecture of your own whose pooled boundary is further away? Any kernel that takes two
#   arrays of signals will do: replace the one below.
# - In ten dimensions, how often is a direction on the wrong side for a pair at 20 degrees?

# %%
mine = GroupAverage(FullyConnected(depth=6), shifts)
for d in (16, 64, 256):
    s = symmetric(pair(mine, dot_on_gray(d)[0]), d)
    print(f"d = {d:3}: sqrt(d) times the distance {np.sqrt(d) * s:.4f}")

# %% [markdown]
# ## Claims checked
#
# Tolerances are in multiples of eps, the spacing of float64 at 1, times the size of the numbers that are
# added up; what a search found is compared to $10^{-9}$. Everything marked "enclosed" comes from ball
# arithmetic and has no rounding error to allow for.

# %%
ledger = Ledger("Depth raises the constant, not the rate")
ledger.equal("kappa(u) - kappa(-u) = 2u, enclosed", all(x.contains(0) for x in identity), True, 0)
ledger.at_most("and the enclosures are thin", [float(x.rad()) for x in identity], 2**-54)
linear_four = [off_linear[name] for name in ("relu", "leaky_relu", "gelu", "identity")]
ledger.equal("(a) an activation with linear odd part: f(z) = sum z / sum x", linear_four, 0, 4096 * eps)
ledger.equal("(a) one without odd part cannot tell x from -x", abs_refused, True, 0)
ledger.equal("(b) one layer: only a_1 is not 0", [float(a) for a in coefficients[1]], np.eye(21)[0], 0)
ledger.at_least("(b) two to four layers: a_1, ..., a_41 > 0, enclosed", min(lowest), 1e-4)
ledger.at_least("(b) and with bias, one to four layers", min(lowest_with_bias), 1e-4)
ledger.equal("(b) f follows h_L(u) / h_L(1)", curve_error, 0, 256 * eps)
ledger.equal("(b) f = 0 on <z, x> = 0, with and without bias", values_in_plane, 0, 256 * eps)
ledger.equal("(b) off the plane the sign is that of <z, x>", wrong_signs, 0, 0)

# %%
ledger.equal("(c) dense layers after pooling: f = 0 on sum z = 0", on_dc_plane, 0, 4096 * eps)
ledger.equal("(c) off the plane the sign is that of the sum", wrong_dc_signs, 0, 0)
dense_constants = [value for name, value in constants.items() if "dense" in name]
ledger.equal("(c) the dot stays at 1 / sqrt d", dense_constants, 1, 1e-9)
ledger.equal("(c) convolutions of one tap: f(z) = sum z / sum x at any depth", one_tap, 0, 4096 * eps)
further = [constants[f"{n} convolutions"] for n in ("two", "three")]
ledger.at_least("(c) more convolutions before pooling move the boundary away", min(further), 1.2)
ledger.at_most(
    "(c) a bias before pooling moves it closer", max(constants["bias 0.1"], constants["bias 0.5"]), 0.99
)

# %%
ledger.equal("(d) averaging over shifts is pooling", averaging_error, 0, 64 * eps)
ledger.equal("(d) the pooled predictor is the sum of h_L over pixels", cone_error, 0, 512 * eps)
ledger.equal("(d) c_L for L = 1, 2, 3, 4", list(c.values()), [1, 1.399464, 1.815905, 2.260305], 5e-7)
ledger.equal("(d) one layer: 1 / sqrt d", distances[1], 1 / np.sqrt(sizes), 64 * eps)
ledger.equal("(d) the scalar equation gives the measured distance", scalar_error, 0, 1e-12)
ledger.equal(
    "(d) sqrt d times distance tends to c_L",
    [v[-1] for v in limits.values()],
    list(c.values()),
    1.5 * max(corrections) / 1e5,
)
ledger.equal("(d) the correction is that worked out", measured_corrections, corrections, 10 / 1e4)
deepest = [limits[L] for L in layers[1:]]
ledger.at_most("(d) and c_L is approached from below", np.max(deepest, axis=1), [c[L] for L in layers[1:]])

# %%
ledger.at_least("(d) the distance at d = 5 is below the tested s, enclosed", min(crossed), 1e-10)
ledger.at_least("(d) h' - u h'' > 0 there: no boundary point is nearer, enclosed", min(margins), 1e-2)
every_end = np.concatenate([searched[L] / theory9[L] for L in layers[1:]])
ledger.equal("(d) every start of the search ends at the symmetric distance", every_end, 1, 1e-9)
ledger.equal("(d) the search of the package too", list(package.values()), list(theory9.values()), 1e-9)
ledger.at_least("(d) at d = 3, 4 the search finds nothing nearer", min(small.values()), 0, 1e-9)

# %%
low, high = np.transpose(intervals)
ledger.at_least("(e) disagreement: the area is above the intervals' lower ends", areas, low)
ledger.at_most("(e) and below their upper ends", areas, high)
ledger.equal(
    "(e) no disagreement beyond the critical angle", np.array(areas + disagree)[[5, 6, 7, 13, 14, 15]], 0, 0
)
ledger.at_most("(e) two angles of one kernel value add up to less than it", max(sums_of_angles), 2 * bottom)
ledger.equal("(e) the critical angle is 74.86 degrees", 2 * np.degrees(bottom), 74.86, 0.005)
ledger.at_least(
    "(e) a tenth of all directions, and half as many, at 20 and 60 degrees",
    [areas[1], areas[3]],
    [0.09, 0.05],
)

# %% [markdown]
# And the controls, which must fail.

# %%
ledger.fails("(a) the predictor is linear for the error function", off_linear["erf"], 0, 1e-3)
ledger.fails("(b) the deeper fully connected predictor is linear", curves[2], turn[:, 0], 1e-3)
ledger.fails("(c) with dense layers the predictor is linear", bent[1], 0, 1e-3)
ledger.fails("(c) with two convolutions f = 0 on sum z = 0", off_plane["two convolutions"], 0, 1e-3)
ledger.fails("(c) with bias 0.1 f = 0 on sum z = 0", off_plane["bias 0.1"], 0, 1e-3)
ledger.fails("(d) four layers leave the dot at 1 / sqrt d", limits[4][-1], 1, 0.1)
ledger.fails("(d) h' - u h'' > 0 up to u = 0.9", min(0, float(concavity(0.9, 2).upper())), 0, 0.1)
ledger.fails("(e) at 20 degrees the boundary is the hyperplane", disagree[1], 0, 0.01)
ledger.fails("(e) gray 1/4: fully connected, the dots stay at 1", on_gray["fully connected"], 1, 0.01)
ledger.fails("(e) gray 1/4: pooled, the dots stay at 1 / sqrt d", on_gray["pooled"], 0.2, 0.01)
ledger.fails("the error function leaves the dot at 1 / sqrt d", erf_constant, 1, 0.01)
ledger.close()

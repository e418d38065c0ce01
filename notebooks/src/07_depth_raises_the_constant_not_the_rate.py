# %% [markdown]
# # Depth raises the constant, not the rate
#
# *Previous: [Pooling, not weight sharing, costs the
# margin](06_pooling_not_weight_sharing_costs_the_margin.ipynb) · Next: [Every group pays the square root of
# its orbit](08_every_group_pays_the_square_root_of_its_orbit.ipynb) · Needs: pages
# [03](03_two_opposite_images_give_a_fully_connected_net_a_linear_boundary.ipynb) and
# [04](04_pooling_turns_the_boundary_into_the_dc_hyperplane.ipynb), power series; the paper's Theorem 2:
# [arXiv 2103.02695](https://arxiv.org/abs/2103.02695)*
#
# A very wide network with one hidden layer and pooling over all shifts tells a white dot from a black one
# with a straight boundary at distance $1/\sqrt d$ from either dot, $d$ the number of pixels. Is this an
# accident of one layer, of ReLU, of networks without bias? This page changes each. Activations whose odd
# part is linear change nothing. More layers after the pooling bend the function and leave the boundary
# where it was. More layers before the pooling move the boundary away from a dot, by a factor that settles
# as $d$ grows, while the rate $1/\sqrt d$ stays: proved where the convolution is as large as the signal.
# For several small filters and for biases there is an upper bound with the same rate; with a bias it lies
# below $1/\sqrt d$. The starting point is Theorem 2 of Singla, Ge, Basri and Jacobs, *Shift Invariance
# Can Reduce Adversarial Robustness* (NeurIPS 2021); the rest of the page goes beyond it. Runs in about
# half a minute (profile quick) or two (full), within 1 GB.

# %% [markdown]
# ## Statement
#
# A network so wide that its **tangent kernel** $k(z, x)$, the inner product of its gradients at $z$ and $x$
# with respect to all weights, does not change in training learns the **minimum-norm interpolant**: of all
# combinations $\sum_i \alpha_i k(z, x_i)$ the one that takes the labels ([page
# 02](02_a_wide_network_is_its_kernel.ipynb)). Here the labels are $+1$ at $x$ and $-1$ at $-x$ (an
# **antipodal pair**), and the interpolant is $f$. With one hidden ReLU layer the kernel is
# $|z||x|\,\kappa(u)$, $u = \cos\theta$ the cosine of the angle of $z$ and $x$, and
#
# $$
# \kappa(u) = \frac{2u(\pi-\theta) + \sin\theta}{\pi}, \qquad \kappa(u) - \kappa(-u) = 2u.
# $$
#
# Write $\kappa_L$ for the same function of a network with $L$ hidden ReLU layers, and $h_L(u) =
# \frac12(\kappa_L(u) - \kappa_L(-u))$ for its odd part. In (a) and (c) let $\sum_i x_i \ne 0$.
#
# - (a) **Activation.** One convolution and pooling: $f(z) = \sum_i z_i / \sum_i x_i$ for every activation
#   whose odd part is linear and not 0.
# - (b) **Depth without pooling.** A fully connected network of any depth, with or without biases, has the
#   boundary $\langle z, x\rangle = 0$, although $f$ is no longer linear.
# - (c) **Depth after pooling.** One convolution, pooling, then any number of dense ReLU layers: the
#   boundary is $\sum_i z_i = 0$ exactly.
# - (d) **Depth before pooling.** One convolution as large as the signal, pointwise layers, pooling, $L$
#   hidden layers in all. From some size $d_0(L)$ on, the distance of a dot on $d$ pixels to the boundary is
#   exactly the root $s$ of $(d-1)\,h_L(s/\sqrt{d-1}) = h_L(\sqrt{1-s^2})$, so
#   $\frac{c_L}{\sqrt d} + O\left(\frac1d\right)$ with $c_L = h_L(1)/h_L'(0)$. For two and three layers
#   $d_0 = 3$, for four $d_0 = 5$.
# - (e) **Several convolutions, biases.** Several convolutions of $q$ taps before the pooling, with or
#   without biases: the distance of a dot is at most $\frac{C}{\sqrt d}\left(1 +
#   O\left(\frac1d\right)\right)$ with $C = d / f'(0; \mathbf 1)$, which does not depend on $d$; $f'(0;
#   \mathbf 1) = \lim_{t \downarrow 0} f(t\mathbf 1)/t$ is the derivative of $f$ at 0 along the constant
#   signal.
# - (f) **Other pairs.** For two samples of one norm at an angle $\varphi$, a fully connected network with
#   one hidden ReLU layer and no biases has the hyperplane between them as its boundary if and only if
#   $\varphi \ge 2t$ with $2t\tan t = 1$, which is 74.86°.

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
#    $\kappa_1(K)$ and $\kappa_1(K) + \Theta\,\kappa_0(K)$, up to scale. Both $\kappa_0 \ge 0$ and
#    $\kappa_1$ grow, and the larger $\Theta$ is positive, so the order stays. (It is positive because the
#    two add up to sums of the even part of $\kappa$, $(2u\arcsin u + \sqrt{1-u^2})/\pi > 0$.) That is (c).
# 4. Pooling over all shifts of a dot compares $z$ with every pixel: the boundary is $\sum_i h_L(z_i/|z|) =
#    0$, a cone. A $z$ with $z_1 \le 0$ is at distance 1 or more from the dot. All others lie on rays
#    through the unit sphere, where $z = (\sqrt{1-s^2}, -y_2, \dots, -y_d)$. The distance of the dot to
#    the cone is the smallest $s = |y|$ with $\sum_i h_L(y_i) = h_L(\sqrt{1-s^2})$; a negative $y_i$ only
#    makes the sum smaller. With all $n = d-1$ equal, $n\,h_L(s/\sqrt n) = h_L(\sqrt{1-s^2})$, and for
#    small $s$ this is $\sqrt n\,h_L'(0)\,s \approx h_L(1)$.
# 5. Nothing else is nearer. As a function of $t = y^2$, $h_L(\sqrt t)$ is concave as long as $u h_L''(u)
#    \le h_L'(u)$, and $h_L' - u h_L'' = \sum_k k(2-k)\,a_k u^{k-1}$ falls as $u$ grows. So if it is
#    positive at the root $s$, it is positive on all of $[0, s]$, where every $y_i$ lies, and the equal
#    distribution of $t$ gives the largest sum (Jensen). That sum grows with $s$, because $h_L$ does, and
#    $h_L(\sqrt{1-s^2})$ falls, so no smaller $s$ is enough. With more pixels $s$ only gets smaller, because
#    $n\,c(s^2/n)$ grows with $n$ for a concave $c$ with $c(0) = 0$: one size covers all larger ones. And
#    for every $L$ there is such a size $d_0(L)$, because $h_L' - u h_L''$ is $a_1 > 0$ at $u = 0$ and $s$
#    tends to 0. That is (d).
# 6. From the dot go against the constant signal, $z = x - t\mathbf 1$. All places of $z$ but a fixed number
#    around the dot see the constant $-t$, and each adds $-tB$ to $f$, up to $O(t^2)$. Those around the dot
#    add $f(x) + O(t) = 1 + O(t)$. So $f(z) = 0$ at $t = \frac1{dB}\left(1 + O\left(\frac1d\right)\right)$,
#    and this step has the length $t\sqrt d$. For a small constant signal all places see a constant, $f(t
#    \mathbf 1) = dBt + O(t^2)$, so $dB = f'(0; \mathbf 1)$. (Without biases $f$ is homogeneous and has no
#    gradient at 0; only this direction is needed.) That is (e).
# 7. For two samples of one norm $f(z) \ge 0$ if and only if $\kappa(u) \ge \kappa(u')$ for the cosines $u$,
#    $u'$ of $z$ to the two. Let $t < t'$ be the angles of $z$ to $-x$ and $-x'$, with $\pi\kappa = \sin t -
#    2t\cos t$. Its derivative $2t\sin t - \cos t$ is negative below $t_m$ with $2t_m\tan t_m = 1$ and
#    positive beyond: $\kappa$ falls before it rises. The second derivative $3\sin t + 2t\cos t$ is at most
#    that of $t_m$ for $t < t_m$ and at least that for $t_m < t \le 2t_m$. So $\kappa(t_m + \delta) \ge
#    \kappa(t_m - \delta)$: the valley is steeper on the right, and two angles of one value add up to less
#    than $2t_m$. The order of $\kappa$ is then wrong, $\kappa(t) \ge \kappa(t')$, only if $t + t' < 2t_m$.
#    But $t + t' \ge \varphi$. Conversely, if $\varphi < 2t_m$, it is wrong on the arc from $-x$ to $-x'$,
#    next to its middle, where $\kappa$ falls. That is (f).
#
# Each step is measured by itself below.

# %%
from functools import partial

import numpy as np
from flint import arb, arb_series, ctx
from scipy.optimize import brentq, minimize
from scipy.special import expit, ndtr
from scipy.stats import binomtest, norm
from shiftmath import dot_on_gray
from shiftmath.groups import circular_shifts
from shiftmath.interpolant import Indistinguishable, Interpolant, certified_radius, opposite_pair
from shiftmath.kernels import Convolutional, FullyConnected, GroupAverage
from shiftmath.kernels.dual import kappa
from shiftmath.pages import Ledger, choose, figures, fitted_slope, provenance
from shiftmath.pages.figures import BOUND, BROKEN, MEASURED, THEORY

# %% tags=["parameters"]
seed = 0
layers = [1, 2, 3, 4]
points = choose(quick=200, full=2000)  # random signals at which a predictor is evaluated
sizes = choose(quick=[4, 8, 16, 32, 64, 128, 256], full=[4, 8, 16, 32, 64, 128, 256, 512, 1024])
lengths = choose(quick=[9, 17, 33, 65, 129, 257], full=[9, 17, 33, 65, 129, 257, 513, 1025, 2049])  # in (e)
certified_lengths = choose(quick=[9, 17, 33], full=[9, 17, 33, 65, 129])
starts_each = choose(quick=3, full=12)  # random starts of the search for a nearer boundary point
restarts = choose(quick=4, full=16)  # of the search that comes with the package
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
# The two sides agree within intervals that are hardly wider than the balls that went in. (For all $u$ it is
# one line: replace $\theta$ by $\pi - \theta$ and subtract.)
#
# **(a) Activation.** One convolution with three taps, pooling, a random signal $x$ of 12 pixels against
# $-x$. The list holds the largest difference between $f(z)$ and $\sum z/\sum x$ over random signals $z$.
# It is measured in what rounding may do to $f$. Without pooling that is eps, the spacing of the numbers
# at 1, times $|z|/|x|$. Pooling takes the mean over pairs of places, in which the terms, up to $|z||x|$
# in all, cancel down to $\sum z \sum x / d$, so that rounding grows by the factor $d\,|x|^2/(\sum x)^2$.
# A **unit** is 64 times that, a few eps for each step from signal to predictor.


# %%
def off(f, Z, theory, pooled=True):
    """The largest difference of f from the theory at the rows of Z, in units of what rounding may do."""
    x = f.X[0]
    growth = len(x) * (x @ x) / x.sum() ** 2 if pooled else 1
    units = 64 * eps * growth * np.linalg.norm(Z, axis=1) / np.linalg.norm(x)
    return np.max(np.abs(f(Z) - theory) / units)


# %%
rng = np.random.default_rng(seed)
x = 0.3 + rng.standard_normal(12)
Z = rng.standard_normal((points, 12))
linear = Z.sum(axis=1) / x.sum()
convolutional = partial(Convolutional, spatial_axes=1)  # signals of one axis

# %%
odd_linear, broken = ("relu", "leaky_relu", "gelu", "identity"), {}
off_linear = {name: off(opposite_pair(convolutional(activation=name), x), Z, linear) for name in odd_linear}
print({name: round(float(units), 3) for name, units in off_linear.items()})
broken["erf"] = np.abs(opposite_pair(convolutional(activation="erf"), x)(Z) - linear).max()
print(f"erf: off by {broken['erf']:.3f}")
try:
    opposite_pair(convolutional(activation="abs"), x)
except Indistinguishable as error:
    print("abs: indistinguishable pairs", error.pairs)
absolute = convolutional(activation="abs")
abs_difference = np.max(np.abs(absolute(Z, x[None]) - absolute(Z, -x[None])) / absolute.diag(Z)[:, None])

# %% [markdown]
# The first four are linear to rounding. The error function is odd and not linear, and so is its predictor.
# The absolute value has no odd part at all: $k(z, x) = k(z, -x)$ at every $z$, and such a network cannot
# tell a signal from its negative.
#
# SiLU, $t\,\sigma(t)$ with the logistic function $\sigma$, and softplus, $\log(1 + e^t)$, have the odd part
# $t/2$, so (a) speaks of them, too. No closed form is known for their kernels. Here is the definition, by
# sums of Gauss and Hermite over the two Gaussians of each pair of patches; for gelu beside the package's
# closed form, and for tanh, which is its own odd part. A unit is 64 eps times the largest kernel value in
# the sums, over $K(x, x) - K(x, -x)$.

# %%
nodes, weights = np.polynomial.hermite_e.hermegauss(40)
density = np.outer(weights, weights) / (2 * np.pi)
activations = {  # and their derivatives
    "SiLU": (lambda t: t * expit(t), lambda t: expit(t) * (1 + t * expit(-t))),
    "softplus": (lambda t: np.logaddexp(0, t), expit),
    "gelu": (lambda t: t * ndtr(t), lambda t: ndtr(t) + t * norm.pdf(t)),
    "tanh": (np.tanh, lambda t: np.cosh(t) ** -2.0),
}


# %%
def by_quadrature(name, z, x):
    """The pooled kernel of filters of three taps: the mean of E[f f] + K E[f' f'] over pairs of patches."""
    P, Q = (np.stack([np.roll(a, 1), a, np.roll(a, -1)], axis=-1) * np.sqrt(2 / 3) for a in (z, x))
    K, a, b = P @ Q.T, np.linalg.norm(P, axis=1)[:, None], np.linalg.norm(Q, axis=1)
    u = np.clip(K / (a * b), -1, 1)[..., None, None]
    s = a[..., None, None] * nodes[:, None]
    t = b[:, None, None] * (u * nodes[:, None] + np.sqrt(1 - u**2) * nodes)
    f, slope = (np.sum(density * g(s) * g(t), axis=(2, 3)) for g in activations[name])
    return np.mean(f + K * slope)


# %%
misfit, unit = {}, {}
for name in activations:
    top_half = by_quadrature(name, x, x) - by_quadrature(name, x, -x)
    both = np.array([[by_quadrature(name, z, sign * x) for sign in (1, -1)] for z in Z[:4]])
    unit[name] = 64 * eps * max(both.max(), by_quadrature(name, x, x)) / top_half
    misfit[name] = np.abs(np.subtract(*both.T) / top_half - linear[:4]).max()
    print(f"{name:8} by quadrature: off linear by {misfit[name]:.0e}, a unit is {unit[name]:.0e}")
gelu = convolutional(activation="gelu")(Z[:4], x[None])[:, 0]
against = np.array([by_quadrature("gelu", z, x) for z in Z[:4]]) / gelu - 1
print(f"gelu: quadrature and closed form differ by {np.abs(against).max():.0e} of the kernel")

# %% [markdown]
# SiLU, softplus and gelu are linear to rounding, tanh is not. (The four signals are few, but each sum is
# linear for the same reason as the integral: the nodes lie symmetrically, so the mixed terms cancel, and
# the product of two linear functions is integrated exactly.) On gelu the sums agree with the closed form
# as far as forty nodes go.
#
# **(b) Depth without pooling.** First the power series: the coefficients $a_1, a_3, \dots, a_{41}$ of
# $h_L$, enclosed by ball arithmetic, without bias and with bias variance $1/4$.


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
half_turn = {L: opposite_pair(FullyConnected(depth=L), turn[0]) for L in layers}
predicted = {L: np.array([float(odd(u, L)) / top[L] for u in turn[:, 0]]) for L in layers}
curve_error = [off(half_turn[L], turn, predicted[L], pooled=False) for L in layers]

# %%
fig, (left, right) = figures.panels(1, 2, height=3.0)
fine = np.linspace(0, 1, 101)
for L in layers:
    bent_by = np.array([float(odd(u, L)) / top[L] - u for u in fine])
    left.plot(fine, bent_by, color=THEORY, linewidth=0.8, zorder=1)
    left.plot(turn[:13, 0], half_turn[L](turn[:13]) - turn[:13, 0], "o", color=MEASURED, markersize=3)
    left.annotate(f"$L = {L}$", (0.75, bent_by[75]), (0, 5), textcoords="offset points", ha="center")
    if L > 1:
        right.plot(range(1, 42, 2), [float(a) for a in coefficients[L]], "o", color=THEORY, markersize=3)
        right.annotate(f"$L = {L}$", (41, float(coefficients[L][-1])), (5, -2), textcoords="offset points")
left.set(xlabel="cosine $u$ of the angle of $z$ and $x$", ylabel="predictor minus $u$, $|z| = |x|$")
left.set_ylim(-0.33, 0.03)
_ = right.set(yscale="log", xlabel="power $k$ (odd)", ylabel="coefficient $a_k$ of $h_L$", xlim=(-1, 52))

# %% [markdown]
# Left, on the half turn's first quarter, how far the predictors (dots) and $h_L(u)/h_L(1)$ (lines) lie from
# the straight line $u$; the second quarter is the same with both signs turned. One layer is straight,
# deeper ones sag, the more the deeper, and all are zero at $u = 0$. Right, the coefficients that bend
# them, for two, three and four layers; those of one layer are zero from the second on.
#
# In more dimensions, with and without bias: values on the plane $\langle z, x\rangle = 0$, and signs off
# it.

# %%
rng = np.random.default_rng(seed + 1)
x6 = rng.standard_normal(6)
Z6 = rng.standard_normal((points, 6))
in_plane = Z6 - np.outer(Z6 @ x6, x6) / (x6 @ x6)
values_in_plane, wrong_signs = [], []
for L in layers:
    for bias in (0, 0.5):
        f = opposite_pair(FullyConnected(depth=L, bias_std=bias), x6)
        values_in_plane.append(off(f, in_plane, 0, pooled=False))
        wrong_signs.append(np.sum(np.sign(f(Z6)) != np.sign(Z6 @ x6)))
print(f"largest value in the plane: {max(values_in_plane):.2f} units")
print(f"wrong signs: {sum(wrong_signs)} of {8 * points}")

# %% [markdown]
# Zero on the plane to rounding, and no wrong sign.
#
# **(c) Depth after pooling.** One convolution, pooling, and up to three dense ReLU layers. Again values on
# the plane, here $\sum_i z_i = 0$, and signs off it; and how far $f$ is from linear.

# %%
flat = Z - Z.mean(axis=1, keepdims=True)
on_dc_plane, wrong_dc_signs, bent = [], [], []
for n in (0, 1, 2, 3):
    f = opposite_pair(convolutional(dense_layers=n), x)
    on_dc_plane.append(off(f, flat, 0))
    wrong_dc_signs.append(np.sum(np.sign(f(Z)) != np.sign(linear)))
    bent.append(np.abs(f(Z) - linear).max())
    print(f"{n} dense layers: on the plane {on_dc_plane[-1]:.2f} units, off linear {bent[-1]:.1e}")
print(f"wrong signs: {sum(wrong_dc_signs)} of {4 * points}")

# %% [markdown]
# The dense layers bend the function and leave its boundary alone. Two other changes do move the boundary: a
# second convolution before the pooling, and a bias before the pooling. Their values on that plane:

# %%
moved = {
    "two convolutions": convolutional(depth=2),
    "three convolutions": convolutional(depth=3),
    "bias 0.1": convolutional(bias_std=0.1),
    "bias 0.5": convolutional(bias_std=0.5),
}
off_plane = {name: np.abs(opposite_pair(kernel, x)(flat)).max() for name, kernel in moved.items()}
print({name: round(float(value), 3) for name, value in off_plane.items()})

# %% [markdown]
# There is one exception. With filters of a single tap more layers change nothing at all: the cosine of two
# numbers is $1$ or $-1$, so only $h_L(\pm 1)$ is ever used, and that is linear.

# %%
one_tap = off(opposite_pair(convolutional(depth=3, filter_size=1), x), Z, linear)
print(f"three convolutions of one tap: off linear by {one_tap:.2f} units")

# %% [markdown]
# **(d) Depth before pooling.** How much can depth help? The case that can be solved has a first convolution
# as large as the signal, pointwise layers, and pooling. At place $p$ it is a fully connected network that
# sees $z$ moved by $p$, so its kernel is the mean of $\kappa_L$ over all pairs of places. The package
# averages the fully connected kernel over all shifts. The two routes for one to four layers:


# %%
def all_pairs(z, x, depth):
    """The pooled kernel from the covariances of all pairs of places, layer by layer."""
    Z, X = (np.stack([np.roll(y, p) / np.linalg.norm(y) for p in range(len(y))]) for y in (z, x))
    K = T = np.clip(Z @ X.T, -1, 1)
    for _ in range(depth):
        theta = np.arccos(K)
        slope = 1 - theta / np.pi
        K = np.sin(theta) / np.pi + K * slope
        T = K + T * slope
    return np.linalg.norm(z) * np.linalg.norm(x) * T.mean()


# %%
shifts = circular_shifts()
kernels = {L: GroupAverage(FullyConnected(depth=L), shifts) for L in layers}
z5, x5 = rng.standard_normal((2, 5))
ratio = [kernels[L](z5[None], x5[None])[0, 0] / all_pairs(z5, x5, L) for L in layers]
in_halves = 5 * np.array(ratio)  # the package divides by d
print("ratio of the two routes:", in_halves)

# %% [markdown]
# They agree up to the factor that training undoes. The boundary is claimed to be $\sum_i h_L(z_i/|z|) = 0$.
# Up to one factor that sum should be the predictor.

# %%
white = dot_on_gray(7)[0]
signals = rng.standard_normal((6, 7))
norms = np.linalg.norm(signals, axis=1)
cone_error = []
for L in layers:
    sums = np.array([sum(float(odd(u, L)) for u in row) for row in signals / norms[:, None]])
    cone_error.append(off(opposite_pair(kernels[L], white), signals, norms * sums / top[L]))
print(f"largest difference: {max(cone_error):.2f} units")

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
        return f(z)

    return brentq(value, 1e-6, 0.9, xtol=1e-15, rtol=8 * eps)


# %%
distances = {L: [symmetric(opposite_pair(kernels[L], dot_on_gray(d)[0]), d) for d in sizes] for L in layers}
print("d     ", *(f"L = {L}    " for L in layers))
for i, d in enumerate(sizes):
    print(f"{d:6}", *(f"{np.sqrt(d) * distances[L][i]:.6f} " for L in layers))

# %% [markdown]
# The table shows $\sqrt d$ times the distance. For one layer it is 1 at every size. For more layers it
# grows towards $c_L$, slowly: at $u = 1$ the kernel has a corner in the angle, which leaves a correction
# of order $d^{-1/2}$. Far out, where no kernel matrix fits, the scalar equation of step 4 takes over.


# %%
def excess(s, n, depth):
    """A ball around n h(s / sqrt n) - h(sqrt(1 - s^2))."""
    return n * odd(arb(s) / arb(n).sqrt(), depth) - odd((1 - arb(s) ** 2).sqrt(), depth)


def scalar(d, depth):
    """The s with n h(s / sqrt n) = h(sqrt(1 - s^2)), n = d - 1."""
    n = d - 1
    return brentq(lambda s: float(excess(s, n, depth)), 0.5 / np.sqrt(d), 0.9, xtol=1e-18, rtol=8 * eps)


# %%
far = [10**6, 10**8, 10**10]
limits = {L: np.array([np.sqrt(d) * scalar(d, L) for d in far]) for L in layers}
equation = {L: [scalar(d, L) for d in sizes] for L in layers}
scalar_error = [np.max(np.abs(np.divide(distances[L], equation[L]) - 1)) for L in layers]
print(f"predictor against scalar equation, d = {sizes[0]} to {sizes[-1]}: {max(scalar_error):.0e}")
for L in layers:
    print(f"L = {L}:", *(f"{value:.6f}" for value in limits[L]), f"-> {c[L]:.6f}")

# %% [markdown]
# The size of the correction can be worked out. Near $\theta = 0$ the kernel falls by $\theta/\pi$ times
# $1 +
# 2 + \dots + L$, because each $\kappa_0$ falls by $\theta/\pi$ and meets a tangent kernel of size $l$. Near
# $-x$ it falls by $\theta/\pi$ times the product of the later factors $\kappa_0$. Half the difference of
# the two is what $h_L$ loses per unit of angle, called $B_L$, and $\sqrt d\,s = c_L - \frac{B_L}{h_L'(0)}
# \frac{c_L}{\sqrt d} + O(1/d)$. What is left over should then fall like $1/d$.


# %%
def correction(depth):
    """The limit of sqrt d (c_L - sqrt d s)."""
    K, product = kappa1(arb(-1)), arb(1)
    for _ in range(depth - 1):
        K, product = kappa1(K), product * kappa0(K)
    loss = (arb(depth * (depth + 1)) / 2 - product) / arb.pi() / 2
    return float(loss / coefficients[depth][0]) * c[depth]


corrections = {L: correction(L) for L in layers[1:]}
left_over = {L: np.abs(limits[L] - c[L] + corrections[L] / np.sqrt(far)) for L in layers[1:]}
remainder_slopes = [fitted_slope(far, left_over[L]) for L in layers[1:]]
print("corrections:", {L: round(value, 5) for L, value in corrections.items()})
print("what is left falls like d to the power", np.round(remainder_slopes, 4))

# %%
pixels = {"xlabel": "number of pixels $d$", "ylabel": r"$\sqrt{d}\ \times$ distance of a dot"}
fig, ax = figures.panels(height=3.4)
reach = np.geomspace(sizes[0], 1e6, 13)
for L in layers:
    ax.plot(reach[[0, -1]], [c[L], c[L]], color=THEORY, linewidth=0.8, zorder=1)
    ax.plot(reach, [np.sqrt(d) * scalar(d, L) for d in reach], color=THEORY, linestyle=":", zorder=1)
    ax.plot(sizes, np.sqrt(sizes) * distances[L], "o", color=MEASURED, markersize=4, zorder=2)
    ax.annotate(f"$c_{L} = {c[L]:.3f}$", (reach[-1], c[L]), (4, -3), textcoords="offset points")
ax.plot([], [], "o", color=MEASURED, label="zero of the predictor, 1 to 4 layers")
ax.plot([], [], color=THEORY, linestyle=":", label="scalar equation")
ax.plot([], [], color=THEORY, linewidth=0.8, label="limit $c_L$")
ax.set(xscale="log", ylim=(0.9, 2.9), **pixels)
_ = ax.legend(loc="upper left", ncols=3)

# %% [markdown]
# The distance with its rate $1/\sqrt d$ taken out, against the number of pixels, for one layer (bottom) to
# four (top). The dots lie on the dotted equation, which climbs to the constant $c_L$ and stays below it.
# Four layers buy a little more than a factor 2, and a picture with about five times the pixels takes it
# away again.
#
# **Is the symmetric point the nearest?** So far these are upper bounds: some other boundary point might be
# nearer. Step 5 decides. It needs $h_L' - u h_L'' > 0$ at some $u$ beyond the distance $s$; both
# derivatives are read off a power series around $u$, in balls. The smallest size at which that holds
# covers all larger ones. Two pixels need no argument: then no other point of the boundary lies on the
# side of the dot.


# %%
def concavity(u, depth):
    """A ball around h'(u) - u h''(u)."""
    up, down = (tangent(arb_series([sign * arb(u), sign]), depth) for sign in (1, -1))
    first, second = ((up[k] - down[k]) / 2 for k in (1, 2))
    return first - 2 * arb(u) * second


def enclosed(d, depth):
    """Lower ends at u = s + 1e-9: of the excess, so that the distance is below u, and of h' - u h''."""
    u = scalar(d, depth) + 1e-9
    return float(excess(u, d - 1, depth).lower()), float(concavity(u, depth).lower())


# %%
first_size = {2: 3, 3: 3, 4: 5, 5: 7, 6: 9, 7: 11, 8: 13}
crossed, margins = np.transpose([enclosed(d, L) for L, d in first_size.items()])
not_before = [concavity(scalar(d - 1, L), L) for L, d in first_size.items() if d > 3]
print("layers:       ", *(f"{L:6}" for L in first_size))
print("d_0:          ", *(f"{d:6}" for d in first_size.values()))
print("h' - u h'' >= ", *(f"{margin:6.3f}" for margin in margins))

# %% [markdown]
# From these sizes on the symmetric point is the nearest point of the boundary, which is proved by the
# balls: the law for dots is exact, not a bound. The sizes grow slowly with the depth. With four layers
# and three or four pixels the argument says nothing.
#
# Two other routes, on nine pixels. The package certifies a ball around the dot in which the predictor keeps
# its sign, and searches for the nearest crossing. And sequential quadratic programming minimises $|s|^2$
# subject to $f(x + s) = 0$, from many starts: minus a constant, one pixel, two pixels, a block, alternating
# signs, and random ones.


# %%
def nearest(f, x, starts):
    """The distances of x to the boundary that sequential quadratic programming finds from the starts."""
    steps = 1e-5 * np.eye(x.size)

    def slope(s):
        return (f(x + s + steps) - f(x + s - steps)) / 2e-5

    boundary = {"type": "eq", "fun": lambda s: f(x + s), "jac": slope}
    options = {"jac": lambda s: 2 * s, "constraints": boundary, "method": "SLSQP"}
    found = [minimize(lambda s: s @ s, s, **options, options={"ftol": 1e-14, "maxiter": 300}) for s in starts]
    return np.array([np.linalg.norm(r.x) for r in found if abs(boundary["fun"](r.x)) < 1e-12])


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
dot9, nine = dot_on_gray(9)[0], structured_starts(9)
theory9, searched, package = {}, {}, {}
for L in layers[1:]:
    f = opposite_pair(kernels[L], dot9)
    theory9[L], searched[L] = scalar(9, L), nearest(f, dot9, nine)
    package[L] = f.distance(dot9, restarts=restarts, seed=seed)
    print(
        f"L = {L}: certified {package[L].lower:.4f}, theory {theory9[L]:.12f}, found {package[L].upper:.12f}"
    )
    print(f"       {len(searched[L])} starts end from {searched[L].min():.12f} to {searched[L].max():.12f}")

# %% [markdown]
# Every start, one pixel and alternating signs too, ends at the symmetric point, and so does the search of
# the package. The certificate, which knows nothing of steps 4 and 5, lies 8 to 18 percent below, and
# above the $1/3$ of one layer: depth before the pooling does move the boundary away. And four layers on
# three and four pixels?

# %%
small = []
for d in (3, 4):
    dot_small = dot_on_gray(d)[0]
    f = opposite_pair(kernels[4], dot_small)
    lower = certified_radius(f.kernel, f.X, f.coefficients, dot_small)
    small.append([lower, scalar(d, 4), nearest(f, dot_small, structured_starts(d)).min()])
    print("d = {}: certified {:.4f}, symmetric point {:.9f}, nearest found {:.9f}".format(d, *small[-1]))

# %% [markdown]
# No nearer point turns up there either, but at these two sizes that is a search, not a proof.
#
# **(e) Several convolutions and biases.** These are networks as one builds them: filters of three taps, one
# to three convolutions, with or without biases. No closed form is known, and the package has certificates
# for one convolution only. But each point on the other side of the boundary bounds the distance from
# above. Here is where the step against the constant signal crosses, times $\sqrt d$, and the constant $C$
# that step 6 predicts, from the value of $f$ at one small constant signal.


# %%
def constant_crossing(f, x):
    """sqrt d times the length of the step against the constant signal at which f is 0."""
    return np.sqrt(len(x)) * brentq(lambda s: f(x - s / np.sqrt(len(x))), 1e-6, 2, xtol=1e-15, rtol=8 * eps)


def predicted_constant(f, d, h=1e-5):
    """d / <grad f(0), 1>, from f at the constant signal h; f is odd, so the error is of order h^2."""
    return d * h / f(np.full(d, h))  # rounding: that of f, over f = d h / C


# %%
crossings, constants = {}, {}
for name, kernel in moved.items():
    dots = [dot_on_gray(d)[0] for d in lengths]
    trained = [opposite_pair(kernel, dot) for dot in dots]
    crossings[name] = np.array([constant_crossing(f, dot) for f, dot in zip(trained, dots, strict=True)])
    constants[name] = np.array([predicted_constant(f, d) for f, d in zip(trained, lengths, strict=True)])
    print(f"{name:18}", *(f"{value:.4f}" for value in crossings[name]), f"-> {constants[name][0]:.4f}")

# %%
spread = {name: values - values[0] for name, values in constants.items()}
rates = {}
for name, values in crossings.items():
    steps = values / np.sqrt(lengths)
    rates[name] = fitted_slope(lengths[:5], steps[:5]), fitted_slope(lengths[-4:], steps[-4:])
extrapolated = {name: 2 * values[1:] - values[:-1] for name, values in crossings.items()}
for name, values in extrapolated.items():
    left = abs(values[-1] - constants[name][0])
    print(
        f"{name:18} rate {rates[name][0]:.3f} up to d = {lengths[4]}, {rates[name][1]:.3f} at the end;",
        end=" ",
    )
    print(f"extrapolated {left:.0e} from C, which differs by {np.ptp(spread[name]):.0e} between sizes")

# %% [markdown]
# With two convolutions of three taps the distance is at most about $1.38/\sqrt d$, with three $1.82/\sqrt
# d$. With a bias it is less than $1/\sqrt d$: for large $d$ by at least 5.7 percent (bias 0.1) and 9.4
# percent (bias 0.5). The constants settle at the predicted $C$, and the rate tends to $-1/2$. So depth
# does not save these networks either.
#
# With one convolution and a bias the certificate bounds the distance from below as well. And is the
# constant step the shortest? On nine pixels the search may tell.

# %%
certified = {}
for name in ("bias 0.1", "bias 0.5"):
    trained = [opposite_pair(moved[name], dot_on_gray(d)[0]) for d in certified_lengths]
    radii = [certified_radius(f.kernel, f.X, f.coefficients, f.X[0]) for f in trained]
    certified[name] = np.sqrt(certified_lengths) * radii
    print(f"{name}: certified, times sqrt d:", np.round(certified[name], 3))
architectures = {f"{n} dense": convolutional(dense_layers=n) for n in (0, 1, 2, 3)} | moved
found9 = {
    name: 3 * nearest(opposite_pair(k, dot9), dot9, nine[:6]).min() for name, k in architectures.items()
}
print("nearest found, d = 9:", {name: round(float(value), 6) for name, value in found9.items()})

# %%
fig, ax = figures.panels(height=3.4)
ax.plot(lengths, [1] * len(lengths), color=THEORY, linewidth=0.8)
places = dict.fromkeys(moved, (6, -3)) | {"bias 0.1": (6, -4), "bias 0.5": (6, -9)}  # of the names
ax.annotate("one convolution", (lengths[-1], 1), (6, 0), textcoords="offset points")
for name, values in crossings.items():
    ax.plot(lengths, [constants[name][0]] * len(lengths), ":", color=THEORY, linewidth=0.8, zorder=1)
    ax.plot(lengths, values, "o", color=MEASURED, markersize=4)
    ax.annotate(name, (lengths[-1], constants[name][0]), places[name], textcoords="offset points")
ax.plot(certified_lengths, certified["bias 0.5"], "--", color=BOUND, label="bias 0.5, certified from below")
ax.plot([], [], "o", color=MEASURED, label="crossing along the constant signal")
ax.plot([], [], color=THEORY, linestyle=":", label="predicted limit $C$")
ax.set(
    xscale="log", ylim=(0.5, 2.4), xlabel=pixels["xlabel"], ylabel=r"$\sqrt{d}\ \times$ bound of the distance"
)
_ = ax.legend(loc="upper left")

# %% [markdown]
# The crossing along the constant signal (blue), an upper bound of the distance, with the rate taken out: it
# settles at the dotted $C$ for two and three convolutions, above the line of one convolution, and for two
# biases, below it. The orange line is the certified lower bound for the larger bias: from 9 to 129 pixels
# it stays close to 0.9, and at 129 it is within half a percent of the crossing, so that at these sizes the
# rate $1/\sqrt d$ is bounded from both sides. (The row asks for half of $C$; an earlier one, that the line
# does not fall, was of a weaker certificate, whose line rose.) On nine pixels the search finds points a
# little nearer than the constant step, by at most two percent, so at nine pixels that step is not the
# shortest. Whether $\sqrt d$ times the distance tends to $C$ or to something smaller is open. For two and
# three convolutions nothing is certified from below.
#
# ## Where it stops being true
#
# **(f) Pairs that are not opposite.** The kernel is not monotone. With $t = \pi - \theta$ the angle to the
# opposite of a sample, it falls up to $t_m$, where $2t\tan t = 1$. Here is $2 t_m$ between two angles
# that are a hundredth of a degree apart, and the two facts about the second derivative, $3\sin t + 2t\cos
# t$, that step 7 uses. They are enclosed on whole intervals: it grows on $[0, 1.1]$, and on $[1.1,
# 1.31]$, which contains $2t_m$, it is above its value at $t_m$.


# %%
def cover(low, high, pieces=200):
    """Balls that together cover the interval from low to high."""
    radius = arb(high - low) / (2 * pieces)
    return [arb(low) + radius * (2 * i + 1) + radius * arb(0, 1.0001) for i in range(pieces)]


around = [arb.pi() * arb(degrees) / 360 for degrees in ("74.855", "74.865")]
ends = [2 * t * t.sin() - t.cos() for t in around]
bottom = brentq(lambda t: 2 * t * np.tan(t) - 1, 0.1, 1.5)
at_bottom = 3 * arb(bottom + 1e-9).sin() + 2 * arb(bottom + 1e-9) * arb(bottom - 1e-9).cos()
growth = [float((5 * t.cos() - 2 * t * t.sin()).lower()) for t in cover(0.0, 1.1)]
beyond = [float((3 * t.sin() + 2 * t * t.cos() - at_bottom).lower()) for t in cover(1.1, 1.31)]
print(f"minimum {kappa(-np.cos(bottom)):.4f} at u = {-np.cos(bottom):.4f}, {kappa(-1.0):.0f} at u = -1")
print(f"critical angle {2 * np.degrees(bottom):.4f} degrees; signs at 74.855 and 74.865:", *map(float, ends))
print(f"least growth {min(growth):.2f}, least height above {min(beyond):.2f}")

# %% [markdown]
# So (f) is proved, up to the two lines of step 7. For two samples $x$ and $x'$ in space, at an angle
# $\varphi$, how many directions lie on the other side of the boundary than of the hyperplane $\langle z,
# x - x'\rangle = 0$? Random directions and the predictor itself on one side, an even grid on the sphere
# and the formula for $\kappa$ on the other.


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
# angle. An antipodal pair, at 180 degrees, is far on the safe side. Just below the critical angle the
# pocket is too small for random directions; step 7 says where to look, next to the middle of the arc from
# $-x$ to $-x'$.

# %%
narrow = couple(74.8)
beside = np.array([[np.sin(0.001), 0, -np.cos(0.001)]])  # t = 37.4 degrees minus 0.001, t' plus 0.001
pocket = Interpolant(FullyConnected(), narrow, [1, -1])(beside)[0]
print(
    f"74.8 degrees: f = {pocket:.1e} where <z, x - x'> = {float((beside @ (narrow[0] - narrow[1]))[0]):.1e}"
)

# %%
axis = np.linspace(-1, 1, 400)
across, up = np.meshgrid(axis, axis)
inside, rim = across**2 + up**2 < 1, np.linspace(0, 2 * np.pi, 200)
ball = np.stack([across, up, -np.sqrt(np.where(inside, 1 - across**2 - up**2, 0))], axis=-1)
names = {"$-x$": {"xytext": (-5, 4), "ha": "right"}, "$-x'$": {"xytext": (5, 4), "ha": "left"}}
captions = [((0.45, -0.75), r"$f \geq 0$"), ((-0.45, -0.75), "$f < 0$"), ((0, 0.68), "wrong sign")]

# %%
fig, panels = figures.panels(1, 3, height=2.7)
for ax, degrees in zip(panels, (20, 60, 90), strict=True):
    sides = Interpolant(FullyConnected(), couple(degrees), [1, -1])(ball.reshape(-1, 3)) >= 0
    wrong = (sides.reshape(inside.shape) != (across >= 0)) & inside
    for region, colour in ((inside & (across >= 0) & ~wrong, MEASURED), (wrong, BROKEN)):
        ax.contourf(axis, axis, 1.0 * region, [0.5, 1.5], colors=[colour], alpha=0.4)
    ax.plot(np.sin(rim), np.cos(rim), color=THEORY, linewidth=0.6)
    ax.plot([0, 0], [-1, 1], color=THEORY)
    ax.plot(-couple(degrees)[:, 0], [0, 0], "o", color=THEORY, markersize=4)
    for (right, _, _), (name, options) in zip(-couple(degrees), names.items(), strict=True):
        ax.annotate(name, (right, 0), textcoords="offset points", **options)
    for place, words in captions[: 3 if wrong.any() else 2]:
        ax.text(*place, words, ha="center")
    ax.set(aspect="equal", xticks=[], yticks=[], frame_on=False, xlabel=f"{degrees}°, seen from behind")

# %% [markdown]
# The sphere of directions seen from behind, opposite to the pair, for three angles. The black line is the
# hyperplane; the boundary should be that line, with $f \ge 0$ to its right. In the red patch around $-x$
# and $-x'$ the sign of $f$ is the other one. It shrinks as the pair opens and is gone at 90 degrees.
#
# **A gray background.** A white and a black dot on gray are no antipodal pair either. With one hidden
# layer,
# 25 pixels and gray level $1/4$, the distances of the white and the black dot, each between a certified
# lower bound and the nearest crossing found:

# %%
steps25 = [np.full(25, 0.05), rng.standard_normal(25) / 10]
on_gray = {}
for name, kernel in {"fully connected": FullyConnected(), "pooled": kernels[1]}.items():
    dots = np.stack(dot_on_gray(25, gray=0.25))
    f = Interpolant(kernel, dots, [1, -1])
    on_gray[name] = [
        (certified_radius(kernel, dots, f.coefficients, dot), nearest(f, dot, steps25).min()) for dot in dots
    ]
    (low, high), (low_black, high_black) = on_gray[name]
    print(f"{name:16} white [{low:.4f}, {high:.4f}], black [{low_black:.4f}, {high_black:.4f}]")
gray_foot = f(dots[0] - 1 / 25)
print(f"pooled, at the foot of the perpendicular, at 1/5 from the white dot: f = {gray_foot:.4f}")

# %% [markdown]
# On gray 0 these are 1 and $1/5$. Fully connected, the black dot is nearer by at least 3 percent. Pooled,
# the foot of the perpendicular at $1/5$ is no longer on the boundary: $f$ is still positive there. The
# nearest crossing that the search found is 15 percent further, and 6 percent further is certified.
#
# **Other activations.** With the error function, whose odd part is not linear, the boundary is not the
# plane: the step against the constant signal crosses it before $1/\sqrt d$.

# %%
erf_crossing = constant_crossing(opposite_pair(convolutional(activation="erf"), dot9), dot9)
print(f"error function, d = 9: the boundary is at most {erf_crossing:.4f} / sqrt d away")

# %% [markdown]
# ## Try it
#
# - Exercise: how far away can five layers bring a dot, in units of $1/\sqrt d$? Find $c_5$.
# - Does a law for dots hold with biases? Give `FullyConnected(depth=2, bias_std=0.2)` to `GroupAverage`.
# - In ten dimensions, how often is a direction on the wrong side for a pair at 20 degrees?
# - Is there an architecture of your own whose pooled boundary is further away? Any kernel that takes two
#   arrays of signals will do: replace the one below.

# %%
mine = GroupAverage(FullyConnected(depth=6), shifts)
for d in (16, 64, 256):
    s = symmetric(opposite_pair(mine, dot_on_gray(d)[0]), d)
    print(f"d = {d:3}: sqrt(d) times the distance {np.sqrt(d) * s:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# - $c_5 = 2.7326$, from `float(odd(1, 5) / odd_coefficients(5)[0])`. The step from four layers to five is
#   larger than the one before: depth goes on to help, and still by a constant.
# - With two layers and bias 0.2, $\sqrt d$ times the distance on the symmetric family is 1.194, 1.195,
#   1.200 and 1.239 for $d = 16$, 64, 256 and 1024 (without bias 1.246, 1.323, 1.362 and 1.381). The
#   cosine is not all that counts then, and the law of (d) does not hold. The bias lowers the factor and
#   leaves the rate.
# - In about 0.14 percent of the directions, against 9.9 in three dimensions: in ten, few directions are
#   close to $-x$ and $-x'$.
#
# </details>

# %% [markdown]
# ## Claims checked
#
# A unit is what rounding may do, as worked out under (a). The zero of the predictor on the symmetric family
# is wrong by a unit of $f$ over the slope of $f$ there, which is about $\sqrt d$: 64 eps times $d$, divided
# by $\sqrt d$ and by a distance of at least $1/\sqrt d$, is $64\,d$ eps of itself. What a search found is
# compared to the accuracy at which it stops: $|f| < 10^{-12}$ over a slope of at least 1, and $|s|^2$ to
# $10^{-14}$, which leaves a direction wrong by $10^{-7}$ and a length by $10^{-12}$ or so: $10^{-9}$ is
# allowed. "Enclosed" claims have no rounding error to allow for.

# %%
proof, pinned, statistics = ({"evidence": e} for e in ("certified enclosure", "pinned", "statistics"))
contained = [x.contains(0) for x in identity]
one = [float(abs(a - (k == 0)).upper()) for k, a in enumerate(coefficients[1])]
ledger = Ledger("Depth raises the constant, not the rate")
ledger.equal("kappa(u) - kappa(-u) = 2u, enclosed on 17 balls", contained, True, 0, **proof)
ledger.at_most("and the enclosures are thin", [float(x.rad()) for x in identity], 2**-54, **proof)
ledger.equal("(a) odd part linear: f(z) = sum z / sum x, in units", list(off_linear.values()), 0, 1)
by_sums = [misfit[name] / unit[name] for name in ("SiLU", "softplus", "gelu")]
ledger.equal("(a) SiLU, softplus, gelu by quadrature: f(z) = sum z / sum x, in units", by_sums, 0, 1)
ledger.equal("(a) no odd part: k(z, x) = k(z, -x)", abs_difference, 0, 64 * eps)

# %%
ledger.at_most("(b) one layer: a_1 is 1 and the others 0, enclosed within", one, 2**-54, **proof)
ledger.at_least("(b) two to four layers: a_1, ..., a_41 > 0, enclosed", lowest, 0, **proof)
ledger.at_least("(b) and with bias, one to four layers, enclosed", lowest_with_bias, 0, **proof)
ledger.equal("(b) one to four layers: f follows h_L(u) / h_L(1), in units", curve_error, 0, 1)
ledger.equal("(b) f = 0 on <z, x> = 0, with and without bias, in units", values_in_plane, 0, 1)
ledger.equal("(b) off that plane f has the sign of <z, x>: wrong signs", wrong_signs, 0, 0)

# %%
plain = opposite_pair(convolutional(), dot9)  # of dense layers the package certifies nothing: 0
dense_below = [3 * certified_radius(plain.kernel, plain.X, plain.coefficients, dot9), 0, 0, 0]
dense9 = [found9[f"{n} dense"] for n in (0, 1, 2, 3)]
ledger.equal("(c) dense layers after pooling: f = 0 on sum z = 0, in units", on_dc_plane, 0, 1)
ledger.equal("(c) off that plane f has the sign of the sum: wrong signs", wrong_dc_signs, 0, 0)
ledger.between(
    "(c) 0 to 3 dense layers, d = 9: no point found nearer than 1 / sqrt d", dense_below, 1, dense9, 1e-9
)
ledger.equal("three convolutions of one tap: f(z) = sum z / sum x, in units", one_tap, 0, 1)
ledger.equal("(d) mean over shifts = mean over pairs of places, 1 to 4 layers", in_halves, 1, 64 * eps)
ledger.equal("(d) the pooled predictor is the sum of h_L over pixels, in units", cone_error, 0, 1)
ledger.equal("(d) one layer: 1 / sqrt d", np.sqrt(sizes) * distances[1], 1, 64 * max(sizes) * eps)
ledger.equal("(d) f is 0 where the scalar equation says, every size", scalar_error, 0, 64 * max(sizes) * eps)

# %%
# The term after 1/d is d^(-1/2) smaller, a thousandth at the smallest d times its coefficient: 10 is
# allowed.
ledger.equal("(d) sqrt d s - c_L + correction / sqrt d falls like 1/d", remainder_slopes, -1, 1e-2)
deepest = np.array([limits[L] for L in layers[1:]])
ledger.at_most("(d) and c_L is approached from below", deepest.max(axis=1), [c[L] for L in layers[1:]])
published = [1, 1.399464, 1.815905, 2.260305]
ledger.equal("(d) c_L for L = 1, 2, 3, 4", list(c.values()), published, 5e-7, **pinned)
ledger.at_least(
    "(d) 2 to 8 layers at d_0 = 3, 3, 5, 7, 9, 11, 13: the distance is below the tested u, enclosed",
    crossed,
    0,
    **proof,
)
ledger.at_least("(d) and h' - u h'' > 0 there: no boundary point is nearer, enclosed", margins, 0, **proof)

# %%
every_end = np.concatenate([searched[L] / theory9[L] for L in layers[1:]])
ledger.equal("(d) d = 9, 2 to 4 layers: every start of the search ends at the law", every_end, 1, 1e-9)
lower, upper = np.transpose([(package[L].lower, package[L].upper) for L in layers[1:]])
nine_law = list(theory9.values())
ledger.between("(d) the law for dots, d = 9, 2 to 4 layers: certified, found", lower, nine_law, upper, 1e-9)
ledger.at_least("(d) d = 9, 2 to 4 layers: a dot is further than 1 / sqrt d", lower, 1 / 3, **proof)
lower, symmetric_small, upper = np.transpose(small)
ledger.between("(d) four layers, d = 3 and 4: the symmetric point", lower, symmetric_small, upper, 1e-9)

# %%
relative = [np.abs(v[-1] - constants[n][0]) / np.abs(v[-1] - v[-2]) for n, v in extrapolated.items()]
deep, biased = (np.array([crossings[n] for n in moved if word in n]) for word in ("conv", "bias"))
# With a bias f at h is the difference of kernel values of size 1, in d places: off by eps d / h.
in_units = np.array(list(spread.values())) / (64 * eps * np.array(lengths) / 1e-5)
ledger.equal("(e) C does not depend on d: differences in units of rounding", in_units, 0, 1)
# An error of order 1/d^2 falls by 4 from size to size: what is left is a third of the last step.
ledger.at_most("(e) the crossing, extrapolated, is at C: in its last steps", relative, 1)
ledger.at_least("(e) 2, 3 convolutions: along the constant signal the boundary is beyond 1 / sqrt d", deep, 1)
ledger.at_most("(e) a bias brings the boundary nearer than 1 / sqrt d", biased, 1)
lower, upper = np.array(list(certified.values())), biased[:, : len(certified_lengths)]
ledger.at_most("(e) bias: certified below, crossing above", lower, upper, **proof)
halves = [lower[i] / constants[name][0] for i, name in enumerate(certified)]
ledger.at_least("(e) bias: at least half of C / sqrt d is certified, at each d", halves, 0.5, **proof)

# %%
low, high = np.transpose(intervals)
signs = [ends[0] < 0, ends[1] > 0]
ledger.equal("(f) the critical angle is within 0.005 of 74.86 degrees, enclosed", signs, True, 0, **proof)
ledger.at_least("(f) the second derivative of kappa grows on [0, 1.1], enclosed", growth, 0, **proof)
ledger.at_least("(f) and is above its value at the minimum on [1.1, 1.31], enclosed", beyond, 0, **proof)
ledger.between("(f) wrong directions: the area is in the 99.99 % interval", low, areas, high, **statistics)
past = np.array(areas + disagree)[[5, 6, 7, 13, 14, 15]]
ledger.equal("(f) none beyond the critical angle: 75, 90, 135 degrees", past, 0, 0)
ledger.at_least("(f) at 74.8 degrees there is one next to the middle of the arc: -f there", -pocket, 0)

# %% [markdown]
# And the controls, which must fail.

# %%
ledger.fails("(a) the predictor is linear for the error function", broken["erf"], 0, 1e-3)
ledger.fails("(a) the predictor is linear for tanh, by quadrature", misfit["tanh"], 0, 1e-3)
ledger.fails("(b) the deeper fully connected predictor is linear", half_turn[2](turn), turn[:, 0], 1e-3)
ledger.fails("(c) with dense layers the predictor is linear", bent[1], 0, 1e-3)
ledger.fails("(c) with two convolutions f = 0 on sum z = 0", off_plane["two convolutions"], 0, 1e-3)
ledger.fails("(c) with bias 0.1 f = 0 on sum z = 0", off_plane["bias 0.1"], 0, 1e-3)
four = np.sqrt(sizes[-1]) * distances[4][-1]
ledger.fails("(d) four layers leave the dot at 1 / sqrt d", four, 1, 0.1)
one_less = [float(a.upper()) for a in not_before]
ledger.fails("(d) h' - u h'' > 0 at one pixel less than d_0", np.minimum(one_less, 0), 0, 0)

# %%
black = on_gray["fully connected"][1][1]
ledger.fails("gray 1/4, fully connected: the black dot is no nearer than 1", min(black, 1), 1, 0.01)
ledger.fails("gray 1/4, pooled: f = 0 at the foot of the perpendicular, at 1 / sqrt d", gray_foot, 0, 1e-3)
ledger.fails("(f) at 20 degrees the boundary is the hyperplane", disagree[1], 0, 0.01)
ledger.fails("the error function leaves the dot at 1 / sqrt d", min(erf_crossing, 1), 1, 0.01)
ledger.close()

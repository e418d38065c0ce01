# %% [markdown]
# # Two opposite images give a fully connected net a linear boundary
#
# *Previous: [a wide network is its kernel](02_a_wide_network_is_its_kernel.ipynb) · Next: [pooling turns
# the boundary](04_pooling_turns_the_boundary_into_the_dc_hyperplane.ipynb) · Needs: page 02, for what a
# tangent kernel is · The paper: Theorem 2 and Corollary 2, [arXiv
# 2103.02695](https://arxiv.org/abs/2103.02695)*
#
# Train a very wide fully connected network with one hidden layer on two images, $x$ with label $+1$ and its
# negative $-x$ with label $-1$. It ends as a linear function, although it could be almost anything: the
# boundary between the classes is the hyperplane through zero that is perpendicular to $x$. Both images are
# then at distance $|x|$ from it, and no classifier could do better: the two are $2|x|$ apart, so one of
# them is at most $|x|$ from any boundary between them. This is the fully connected half of Theorem 2 of
# Singla, Ge, Basri and Jacobs, *Shift Invariance Can Reduce Adversarial Robustness* (NeurIPS 2021).
# Networks of finite width, trained by gradient descent, follow it with an error that is predicted too.
# Runs in about half a minute (profile quick) or two (full), within 1 GB.

# %% [markdown]
# ## Statement
#
# Gradient flow on the squared loss turns a very wide network into the **minimum-norm interpolant** of its
# tangent kernel $k$ (page 02): the function $g(z) = \sum_i \alpha_i\,k(z, x_i)$ with $g(x_i) = y_i$. For
# one hidden ReLU layer without biases, and up to a constant factor that does not change $g$,
#
# $$k(z, x) = |z|\,|x|\,\kappa(u), \qquad \kappa(u) = \frac{2u(\pi - \theta) + \sin\theta}{\pi},$$
#
# with $u = \cos\theta$ the cosine of the angle between $z$ and $x$.
#
# **Theorem 2, fully connected.** For the samples $x \ne 0$ and $-x$ with labels $+1$ and $-1$:
#
# - (a) $\kappa(u) - \kappa(-u) = 2u$, with $\kappa(1) = 2$ and $\kappa(-1) = 0$.
# - (b) $g(z) = \dfrac{k(z, x) - k(z, -x)}{k(x, x) - k(x, -x)}$.
# - (c) $g(z) = \langle z, x\rangle / |x|^2$: a linear function.
# - (d) The distance from $x$ to the boundary is $|x|$: for a white and a black dot on gray, 1 at any size.
# - (e) A network with $n$ hidden units is off by $h(\theta)\,\frac{|z|}{|x|}\,n^{-1/2}$ in root mean
#   square, to first order, with a function $h$ of the angle alone, given below.
#
# **Lemma.** For any two samples with labels $+1$, $-1$ and $k(x, x) = k(x', x') > k(x, x')$: $g(z) \ge 0$
# if and only if $k(z, x) \ge k(z, x')$.

# %% [markdown]
# ## Why it is true
#
# 1. The angle of $z$ with $-x$ is $\pi - \theta$. In $\kappa(u) - \kappa(-u)$ the sines cancel and
#    $2u(\pi - \theta) + 2u\,\theta = 2\pi u$ remains. That is (a).
# 2. The two conditions $g(x) = 1$, $g(-x) = -1$ are a 2 x 2 system with equal diagonal entries $k(x,x)$ and
#    equal others. Its solution for the right side $(1, -1)$ is $\alpha = (1, -1)/(k(x,x) - k(x,-x))$.
#    That is (b). Two samples that are not opposite but have $k(x,x) = k(x',x')$ give the same system,
#    with a positive denominator; the sign of $g$ is that of the numerator. That is the lemma. (It holds for
#    any kernel with these properties and is checked for this one.)
# 3. With (a) the numerator of (b) is $2u\,|z|\,|x| = 2\langle z, x\rangle$ and the denominator $2|x|^2$.
#    That is (c), and (d) is the distance to the hyperplane $\langle z, x\rangle = 0$.
# 4. The tangent kernel of $n$ units is a mean of $n$ independent terms, one for each unit. To first order
#    in its distance from $k$ the interpolant's error is a mean of $n$ independent terms as well, with
#    mean 0, so its variance is that of one unit over $n$. With $s = \langle w, x\rangle$ and $t = \langle
#    w, z\rangle$ for a unit's Gaussian weights $w$, output weight $v$, and $|x| = |z| = 1$, one unit
#    contributes
#
# $$\tfrac12\big(s(t - us + |t|) + v^2 u\,\mathrm{sgn}\,t - \bar\kappa(s^2 + v^2)\mathrm{sgn}\,s\big),$$
#
#    where $\bar\kappa = \frac12(\kappa(u) + \kappa(-u))$. In the plane of $x$ and $z$, $w$ has polar
#    coordinates $(r, \varphi)$; the terms without $v$ are $r^2 A(\varphi)$ and the others $v^2 B(\varphi)$.
#    With $E\,r^2 = 2$, $E\,r^4 = 8$, $E\,v^4 = 3$ the variance $h^2$ is the mean of $8A^2 + 4AB + 3B^2$
#    over the angle $\varphi$. That is (e).
#
# The paper reads the boundary off the lemma, by the order of kernel values. The exact odd part (a) gives
# the whole function, without an order: $\kappa$ is not monotone, as the second figure shows.

# %%
import jax
import numpy as np
from flint import Ordering, fmpq_mpoly_ctx
from scipy.optimize import brentq
from scipy.stats import binomtest
from shiftmath import dot_on_gray, networks
from shiftmath.interpolant import Interpolant, linear_misfit, opposite_pair
from shiftmath.kernels import FullyConnected
from shiftmath.kernels.dual import kappa
from shiftmath.networks import logits, train_to_rest
from shiftmath.pages import Ledger, choose, figures, intervals, provenance
from shiftmath.pages.figures import BROKEN, MEASURED, THEORY

# %% tags=["parameters"]
seed = 0
points = choose(quick=2000, full=20000)  # random inputs at which the network is compared with the theory
sides = choose(quick=[1, 3, 5, 9], full=[1, 3, 5, 9, 15, 21, 29])  # of square images
widths = choose(quick=[64, 256, 1024], full=[64, 256, 1024, 4096])  # of finite networks
trained = choose(quick=30, full=200)  # of them for each width

# %%
eps, rng, network = np.finfo(float).eps, np.random.default_rng(seed), FullyConnected(depth=1)
print(provenance("synthetic images from the seed", "python-flint"))

# %% [markdown]
# ## In numbers
#
# **(a) The odd part of the kernel.** The function $\kappa$, its mirror image, and half of their difference.

# %%
u = np.linspace(-1, 1, 401)
odd_error = kappa(u) - kappa(-u) - 2 * u
fig, ax = figures.panels(height=2.8)
ax.plot(u, kappa(u), color=MEASURED, label=r"$\kappa(u)$")
ax.plot(u, kappa(-u), color=MEASURED, linestyle="--", label=r"$\kappa(-u)$")
ax.plot(u, (kappa(u) - kappa(-u)) / 2, color=THEORY, label=r"half of the difference: $u$")
ax.set(xlabel=r"cosine $u$ of the angle between two inputs", ylabel="kernel of unit vectors")
_ = ax.legend()

# %% [markdown]
# The kernel is curved, dips below zero and rises again at $u = -1$. Half of the difference to its mirror
# image is the straight line. On a grid that is evidence. The algebra of step 1 is a proof for every angle:
# the four symbols $u$, $\theta$, $\sin\theta$ and $\pi$ need not even be numbers. The mirror image has
# $-u$, $\pi - \theta$ and the same sine.

# %%
ring = fmpq_mpoly_ctx.get(("u", "theta", "sine", "pi"), Ordering.lex)
cosine, theta, sine, pi = ring.gens()


def pi_kappa(u, theta, sine):
    """pi times kappa, of symbols."""
    return 2 * u * (pi - theta) + sine


identity = pi_kappa(cosine, theta, sine) - pi_kappa(-cosine, pi - theta, sine) - 2 * pi * cosine
print("pi (kappa(u) - kappa(-u) - 2u) =", identity)

# %% [markdown]
# Where is the bottom of the dip? With $t = \pi - \theta$, so that $u = -\cos t$, the derivative of
# $\pi\kappa = \sin t - 2t\cos t$ with respect to $t$ is $2t\sin t - \cos t$. It vanishes where $2t\tan t
# = 1$.

# %%
bottom = brentq(lambda t: 2 * t * np.tan(t) - 1, 0.1, 1.5)
lowest = u[np.argmin(kappa(u))]
print(
    f"smallest kappa {kappa(-np.cos(bottom)):.4f} at u = {-np.cos(bottom):.4f}; on the grid at {lowest:.3f}"
)

# %% [markdown]
# So two inputs that are nearly opposite, but not quite, have a negative kernel, and nearer to opposite it
# is larger again. The package computes the kernel by another route, a recursion through the layers, in
# the scale of neural-tangents: divided by $d$. Both agree for random inputs.

# %%
kernel_error = []
for d in (2, 3, 16, 100):
    Z, X = rng.standard_normal((2, 20, d))
    lengths = np.linalg.norm(Z, axis=1)[:, None] * np.linalg.norm(X, axis=1)
    cosines = Z @ X.T / lengths
    difference = np.abs(d * network(Z, X) / lengths - kappa(cosines))
    kernel_error.append((difference * np.sqrt(1 - cosines**2)).max())  # a cosine gives an angle to eps / sine
ends = d * np.array([network(X, X)[0, 0], network(X, -X)[0, 0]]) / (X[0] @ X[0])
print(f"largest difference {max(kernel_error):.0e};  kappa(1) = {ends[0]:.12f}, kappa(-1) = {ends[1]:.1e}")

# %% [markdown]
# **(b) and (c) The interpolant.** For random images $x$ on lines and grids the 2 x 2 system is solved
# numerically, and the network's function is compared with the linear one at random inputs, near and far.

# %%
coefficient_error, linear_error = [], []
for shape in [1, 2, 5, 16, (3, 3), (4, 7), (8, 8)]:
    x, Z = rng.standard_normal(shape), rng.standard_normal((points // 10, *np.atleast_1d(shape)))
    g, Z = opposite_pair(network, x), Z * 10.0 ** rng.integers(-3, 4)
    coefficient_error.append(np.abs(g.coefficients * (g.gram[0, 0] - g.gram[0, 1]) - [1, -1]).max())
    linear = np.tensordot(Z, x, x.ndim) / np.sum(x * x)
    size = np.linalg.norm(Z.reshape(len(Z), -1), axis=1) / np.linalg.norm(x)
    linear_error.append(np.abs((g(Z) - linear) / size).max())
print(f"coefficients off by {max(coefficient_error):.0e}, predictions by {max(linear_error):.0e} |z| / |x|")

# %% [markdown]
# The network is linear to rounding. Here is what that looks like in a plane through the samples: the sign
# of the network as colour, its boundary as a line. Left the opposite pair, right two samples of the same
# length that are 60 degrees apart.

# %%
x, y = np.linalg.qr(rng.standard_normal((16, 2)))[0].T
pairs = {
    "opposite": np.stack([x, -x]),
    "60 degrees apart": np.stack([x, np.cos(np.pi / 3) * x + np.sin(np.pi / 3) * y]),
}
a, b = np.meshgrid(np.linspace(-1.6, 1.6, 241), np.linspace(-1.6, 1.6, 241))
Z = a.ravel()[:, None] * x + b.ravel()[:, None] * y


# %%
def draw(ax, X, name):
    """The signed root of the network's function in the plane, its boundary and the halfway hyperplane."""
    values = Interpolant(network, X, [1, -1])(Z).reshape(a.shape)
    shown = np.sign(values) * np.sqrt(np.abs(values))
    colours = ax.pcolormesh(a, b, shown, cmap="RdBu", vmin=-1.3, vmax=1.3, rasterized=True)
    ax.contour(a, b, values, levels=[0], colors=THEORY)
    across = X[0] - X[1]
    ax.axline((0, 0), (-(across @ y), across @ x), color=BROKEN, linestyle=":")
    for sample, label in zip(X, ("+1", r"$-1$"), strict=True):
        ax.plot(sample @ x, sample @ y, "o", color=THEORY, mfc="white", markersize=6)
        ax.annotate(label, (sample @ x, sample @ y), xytext=(6, 5), textcoords="offset points")
    ax.set(title=name, aspect="equal", xlabel="along $x$", ylabel="across", ylim=(-1.6, 1.6))
    return colours


# %%
fig, axes = figures.panels(1, 2, height=3.3, layout="constrained")
for ax, (name, X) in zip(axes, pairs.items(), strict=True):
    colours = draw(ax, X, name)
bar = fig.colorbar(colours, ax=axes, shrink=0.75, label=r"$\mathrm{sgn}(g)\,|g|^{1/2}$")
axes[0].plot([], [], color=THEORY, label="boundary of the network")
axes[0].plot([], [], ":", color=BROKEN, label="halfway hyperplane")
_ = fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)

# %% [markdown]
# The classes of the trained network, blue for $+1$ and red for $-1$, white where it hardly decides. Left,
# the boundary (black) and the hyperplane halfway between the samples (red, dotted) are one line. Right the
# hyperplane is still part of the boundary, but on the side that faces away from both samples two more
# branches leave it, and in the pocket between them the classes are swapped: the dip of $\kappa$ at work.
#
# **The lemma** holds there as well: the sign is decided by which sample has the larger kernel value. It
# needs $k(x,x) = k(x',x')$: with the second sample three times as long it fails.


# %%
def against_the_lemma(length):
    """How many random inputs g puts on the side of the sample with the smaller kernel value, for 20 pairs."""
    count = 0
    for _ in range(20):
        first, second = rng.standard_normal((2, 6))
        pair = np.stack([first, second * length * np.linalg.norm(first) / np.linalg.norm(second)])
        Z = rng.standard_normal((points // 10, 6))
        to_first, to_second = network(Z, pair).T
        count += np.sum((Interpolant(network, pair, [1, -1])(Z) >= 0) != (to_first >= to_second))
    return count


# %%
of_equal_length, of_other_length = against_the_lemma(1), against_the_lemma(3)
print(f"{2 * points} inputs: {of_equal_length} disagree with the lemma, {of_other_length} at unequal lengths")

# %% [markdown]
# None disagrees at equal lengths, a good part at unequal ones.
#
# **(d) The distance, from both sides.** The boundary is known in closed form now. So that the claim does
# not rest on it, the package is asked without it: a search finds a point on the other side (an upper
# bound), and a certificate gives a radius in which no input changes sides (a lower bound, proved by
# bounds on the kernel). The search starts in random directions and also along the flat image and the
# other sample, so that it finds this boundary proves little about the search; but each point that it
# reports is checked to lie on the other side.

# %%
dots = [dot_on_gray((k, k))[0] for k in sides]
images = dots + [rng.standard_normal(shape) for shape in (3, (4, 4), (2, 7), (8, 8))]
bounds = [opposite_pair(network, x).distance(x, closed_form=False, restarts=2) for x in images]
norms = np.array([np.linalg.norm(x) for x in images])
lower, upper = np.array([(found.lower, found.upper) for found in bounds]).T
for x, norm, low, high in zip(images, norms, lower, upper, strict=True):
    print(f"{x.shape!s:9} |x| = {norm:.6f}, the distance is between {low:.6f} and {high:.6f}")

# %% [markdown]
# Certified and found agree to five digits, with $|x|$ between them, for dots of all sizes and for random
# images. For the dot the nearest point of the boundary is plain gray: to fool this network one has to
# wipe the dot out.
#
# **(e) Networks that exist.** Networks of finite width $n$, trained by gradient descent on $x$ and $-x$
# until every error has shrunk to $10^{-9}$, for a random image and for a white dot. The output at the
# start is subtracted, as on page 02. Their inputs $z$ have the length of $x$ and every angle to it.

# %%
phi = (np.arange(20000) + 0.5) * 2 * np.pi / 20000


def height(theta):
    """h of (e): the root of the variance of one unit, at the angle theta."""
    c, t, u = np.cos(phi), np.cos(phi - theta), np.cos(theta)
    mean = (kappa(u) + kappa(-u)) / 2
    A = (c * (t - u * c + np.abs(t)) - mean * np.sign(c) * c**2) / 2
    B = (u * np.sign(t) - mean * np.sign(c)) / 2
    return np.sqrt(np.mean(8 * A**2 + 4 * A * B + 3 * B**2))


# %%
angles = np.radians(np.arange(0, 181, 15))
heights = np.array([height(theta) for theta in angles])


def inputs(x):
    """Inputs of the length of x, at each of the angles to it, in a random plane."""
    across = rng.standard_normal(x.size)
    across -= across @ x / (x @ x) * x
    across *= np.linalg.norm(x) / np.linalg.norm(across)
    return np.outer(np.cos(angles), x) + np.outer(np.sin(angles), across)


# %%
def networks_on_pair(x, width):
    """The errors of trained networks, (networks, angles)."""
    Z, keys = inputs(x), jax.random.split(jax.random.fold_in(jax.random.key(seed), width), trained)
    found = []
    for start in (networks.fully_connected(key, x.size, width=width, **ntk) for key in keys):
        end = train_to_rest(start, np.stack([x, -x]), [1.0, -1.0])
        found.append(logits(end, Z) - logits(start, Z) - np.cos(angles))
    return np.array(found)


# %%
ntk = {"classes": None, "bias": False, "initialisation": "ntk", "dtype": float}
pair_of = {"random image": rng.standard_normal(16), "white dot": dot_on_gray((5, 5))[0].ravel()}
errors = {name: np.array([networks_on_pair(x, n) for n in widths]) for name, x in pair_of.items()}
predicted = np.sqrt(np.mean(heights**2) / widths)
rms = {name: np.sqrt(np.mean(e**2, axis=(1, 2))) for name, e in errors.items()}
for name, measured in rms.items():
    print(f"{name:12} rms error {measured.round(4)}, of the predicted {(measured / predicted).round(3)}")

# %%
fig, (left, right) = figures.panels(1, 2, height=3.0, layout="constrained")
fine = np.radians(np.arange(0, 181, 2))
left.plot(np.degrees(fine), [height(theta) for theta in fine], color=THEORY, label="theory: $h$")
for n, marker, e in zip(widths[1:], "os^", errors["random image"][1:], strict=False):
    measured = np.sqrt(n * np.mean(e**2, axis=0))
    left.plot(np.degrees(angles), measured, marker, color=MEASURED, mfc="none", label=f"$n = {n}$")
left.set(xlabel=r"angle of $z$ and $x$, degrees", ylabel=r"rms error times $\sqrt{n}$", title="random image")
left.legend(loc="lower center")
right.plot(widths, predicted, color=THEORY, label="theory")
for marker, (name, measured) in zip("o^", rms.items(), strict=True):
    right.plot(widths, measured, marker, color=MEASURED, mfc="none", label=name)
right.set(xscale="log", yscale="log", xlabel="hidden units $n$", ylabel="rms error", title="all angles")
right.set_xticks(widths, widths)
_ = right.legend()

# %% [markdown]
# Left, the error of trained networks at each angle, times $\sqrt n$: by eye on one curve, within their
# errors, the one that was computed from a single unit; the ledger checks the root mean square over the
# angles. It is 0 at $0$ and $180$ degrees, the samples themselves. Right, the root mean square over the
# angles falls along the predicted line, for the dot as for a random image: the points scatter about it by
# up to a tenth, two of the standard errors (at most) that are derived below.
#
# ## Where it stops being true
#
# **Pairs that are not opposite** are the right picture above: the function is not linear and the boundary
# is not a hyperplane. How far is the function from its best linear fit?

# %%
Z = rng.standard_normal((points, 16))
nonlinear = {name: linear_misfit(Interpolant(network, X, [1, -1]), Z) for name, X in pairs.items()}
for name, misfit in nonlinear.items():
    print(f"{name:17}: {misfit:.1e} of the function is not linear")

# %% [markdown]
# And how many inputs lie in the pocket? Random directions in space, for two samples at several angles.

# %%
Z3, shares = rng.standard_normal((points, 3)), {}
for degrees in (20, 60, 90, 120):
    half = np.radians(degrees) / 2
    pair = np.array([[np.sin(half), 0, np.cos(half)], [-np.sin(half), 0, np.cos(half)]])
    off = np.sum((Interpolant(network, pair, [1, -1])(Z3) >= 0) != (Z3[:, 0] >= 0))
    shares[degrees] = binomtest(int(off), points).proportion_ci(0.9999, method="exact")
    low, high = shares[degrees]
    print(f"{degrees:3} degrees apart: {off / points:.2%} in the pocket, interval [{low:.2%}, {high:.2%}]")

# %% [markdown]
# A tenth of all inputs for a narrow pair, fewer as it opens; none was met at a right angle or beyond. [Page
# 07](07_depth_raises_the_constant_not_the_rate.ipynb) has the angle at which the pocket closes.
#
# **Another activation, more layers.** The step that matters is (a): the odd part of the kernel is linear
# because the odd part of ReLU is. For erf it is not, nor for two hidden layers. The function is curved
# then. Its boundary is still the hyperplane, not by symmetry alone, which would allow further branches,
# but because the odd part of these kernels is a power series in $u$ with coefficients of one sign (page
# 07).

# %%
x, wrong_side = pairs["opposite"][0], {}
for name, other in {"erf": FullyConnected(activation="erf"), "two hidden layers": FullyConnected(2)}.items():
    g = opposite_pair(other, x)
    nonlinear[name], wrong_side[name] = linear_misfit(g, Z), np.sum((g(Z) >= 0) != (Z @ x >= 0))
    print(f"{name:17}: {nonlinear[name]:.1e} is not linear, {wrong_side[name]} of {points} on the wrong side")

# %% [markdown]
# Curved, by 14 percent for erf and by 2.5 percent for two hidden layers, and no input on the wrong side.
#
# **Gray that is not zero.** The theorem needs $-x$, so gray must be 0. On a lighter background the two
# images are no longer opposite, and the distance changes.

# %%
light = {}
for gray in (0.1, 0.25, 0.5):
    pair = np.stack(dot_on_gray((5, 5), gray=gray))
    light[gray] = [Interpolant(network, pair, [1, -1]).distance(dot, restarts=2).upper for dot in pair]
    print(
        f"gray {gray:4}: white dot at most {light[gray][0]:.4f} away, black dot at most {light[gray][1]:.4f}"
    )

# %% [markdown]
# The two dots stay 2 apart, but the boundary is no longer halfway: at least one of them is nearer than 1,
# and on gray 0.5 both are.
#
# ## Try it
#
# - Show from (b) that *any* kernel with $k(-z, -x) = k(z, x)$ puts the boundary of an opposite pair through
#   0.
#   <details><summary>Answer</summary>$g(-z) = -g(z)$, so $g(0) = 0$.</details>
# - **An exercise with a number.** For which $u < 0$ is $\kappa(u) = 0$?
#   <details><summary>Answer</summary>$\sin t = 2t\cos t$, so $\tan t = 2t$: $t = 1.1656$ and $u =
#   -0.3942$. The cell below computes it.</details>
# - Two of your own images: put them in the place of `first` and `second`. How much of the function is
#   linear? <details><summary>Answer</summary>All of it only if one is the negative of the other.
#   Subtracting the mean of the two from both makes them so.</details>
# - `FullyConnected(bias_std=1.0)`: what stays true?
#   <details><summary>Answer</summary>(b) and the boundary; not (a) and (c): a bias makes the odd part of
#   the kernel curved.</details>

# %%
zero = brentq(lambda t: np.tan(t) - 2 * t, 1, 1.3)
print(f"kappa({-np.cos(zero):.4f}) = {kappa(-np.cos(zero)):.0e}")

# %% [markdown]
# ## Claims checked
#
# Tolerances are multiples of eps, the spacing of float64 at 1, times the size of what is compared. The mean
# square over $N$ networks of errors that are nearly Gaussian has a relative standard deviation of at most
# $\sqrt{2/N}$, reached where the errors at all angles are one, so the root mean square one of
# $1/\sqrt{2N}$; four of these are allowed. Slopes are allowed four of their standard errors. For the
# pocket one input in all is asked: any one proves it. That the certificates reach 0.9999 is a
# measurement, and a theorem for these images.

# %%
ledger = Ledger("Two opposite images give a fully connected net a linear boundary")
ledger.equal("(a) kappa(u) - kappa(-u) = 2u, of symbols", identity == 0, True, 0, evidence="exact identity")
ledger.equal("(a) and in numbers, on a grid", odd_error, 0, 16 * eps)
ledger.equal("(a) kappa is the kernel of the package's layers", kernel_error, 0, 64 * eps)
ledger.equal("(a) kappa(1) = 2, kappa(-1) = 0", ends, [2, 0], 64 * eps)
ledger.equal("kappa is least where 2 t tan t = 1, by the grid", lowest, -np.cos(bottom), u[1] - u[0])
ledger.equal("(b) the coefficients are (1, -1) over k(x, x) - k(x, -x)", coefficient_error, 0, 64 * eps)
ledger.equal("(c) the trained network is <z, x> / |x|^2", linear_error, 0, 64 * eps)

# %%
ledger.between(
    "(d) x is at distance |x|: dots and random images", lower, norms, upper, 64 * eps * norms.max(),
    evidence="certified enclosure",
)  # fmt: skip
ledger.at_least(
    "(d) no input within 0.9999 |x| changes sides", lower / norms, 0.9999, evidence="certified enclosure"
)
ledger.equal("Lemma: the sign is that of k(z, x) - k(z, x')", of_equal_length, 0, 0)

ledger.at_most("(d) and what is found is no further than |x|", upper / norms, 1, 1e-9)

# %%
for name, measured in rms.items():
    claim, allowed = f"(e) {name}: error over the predicted one", 4 / np.sqrt(2 * trained)
    ledger.equal(claim, measured / predicted, 1, allowed, evidence="statistics")
    found = intervals.slope(widths, np.sqrt(np.mean(errors[name] ** 2, axis=2)), root=2)
    claim = f"(e) {name}: it falls like n to the -1/2"
    ledger.equal(claim, found.value, -0.5, 4 * found.error, evidence="statistics")
pocket = [shares[20].low, shares[60].low]
ledger.at_least("narrow pairs have a pocket, lower end", pocket, 1 / points, evidence="statistics")
ledger.equal("erf, two hidden layers: inputs on the wrong side", list(wrong_side.values()), 0, 0)

# %% [markdown]
# And the controls, which must fail.

# %%
ledger.fails("Lemma: also for samples of unequal length", of_other_length, 0, 0)
ledger.fails("a pair 60 degrees apart gives a linear function", nonlinear["60 degrees apart"], 0, 1e-2)
ledger.fails("erf gives a linear function", nonlinear["erf"], 0, 1e-3)
ledger.fails("two hidden layers give a linear function", nonlinear["two hidden layers"], 0, 1e-3)
ledger.fails("on gray 0.1 both dots are at distance 1", light[0.1], 1, 1e-3)
ledger.fails("a network of width 64 is the interpolant to 1 percent", rms["white dot"][0], 0, 0.01)
ledger.close()

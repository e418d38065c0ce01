# %% [markdown]
# # Max pooling is almost a modulus
#
# *Previous: [A learned polyphase mixture is not](13_a_learned_polyphase_mixture_is_not.ipynb) · Next: [Narrow circular
# networks are universal](15_narrow_circular_networks_are_universal.ipynb) · Needs: the discrete Fourier transform; (g)
# refers to page [05](05_a_dot_on_gray_falls_to_one_over_root_d.ipynb) · The paper: Leterme, Polisano, Perrier and
# Alahari, On the Shift Invariance of Max Pooling Feature Maps in Convolutional Neural Networks
# ([2209.11740](https://arxiv.org/abs/2209.11740))*
#
# STUB

# %%
import itertools

import numpy as np
from matplotlib.colors import LogNorm
from scipy.integrate import quad
from shiftmath import datasets, dot_on_gray
from shiftmath.dft import shift_phases
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.figures import BOUND, BROKEN, MEASURED, THEORY
from shiftmath.pages.intervals import bootstrap, fitted_slope, mean, slope

# %%
from shiftmath.related import (
    bandwidth_error,
    cmod,
    dual_tree,
    filtered,
    gabor_spectrum,
    peak_moments,
    phase_error,
    rmax,
)

# %% tags=["parameters"]
seed, m, q = (
    0,
    2,
    1,
)  # the stride of the real network, half as large as that of both features, and a 3 x 3 pool
side = choose(quick=64, full=96)  # of the images for the tiling
count = choose(quick=3, full=4)  # images of each kind
large, fields = choose(
    quick=(128, 6), full=(256, 16)
)  # side and number of the images that narrow filters see
draws = choose(quick=40_000, full=400_000)  # of nine normal numbers, and of phases
shifts = [(1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (0.5, 0.25)]
phases = 2 * np.pi * np.arange(8) / 8  # of the filter
good = np.array([np.pi / 3, np.pi / 9])  # the phases of the pool are then nine, equally far apart
kinds = choose(quick=("fields", "leaves", "digits"), full=("fields", "leaves", "digits", "MNIST"))
print(provenance("digits of scikit-learn; in the profile full MNIST; random images from the seed"))

# %% [markdown]
# ## In numbers


# %%
def largest_cosine(H, omega):
    """M(H) by its definition, at any phases H."""
    pool = itertools.product(range(-q, q + 1), repeat=2)
    return np.max([np.cos(H + np.dot(omega, p)) for p in pool], axis=0)


named = {
    "(0, 0)": (0, 0),
    "(pi, pi)": (np.pi, np.pi),
    "(pi, 0)": (np.pi, 0),
    "(pi, pi/2)": (np.pi, np.pi / 2),
}
named |= {"(2pi/3, 2pi/3)": (2 * np.pi / 3, 2 * np.pi / 3), "(2pi/3, 2pi/9)": m * good}
closed = np.array([phase_error(w) ** 2 for w in named.values()])
H = np.random.default_rng(seed).uniform(0, 2 * np.pi, draws)
drawn = mean(np.transpose([(1 - largest_cosine(H, w)) ** 2 for w in named.values()]))
integral = [
    quad(lambda h, w=w: (1 - largest_cosine(h, w)) ** 2, 0, 2 * np.pi, limit=500)[0] for w in named.values()
]
integral = np.array(integral) / (2 * np.pi)
for name, *row in zip(named, closed, integral, drawn.value, drawn.error, strict=True):
    print(
        f"m theta = {name:15} gamma^2 {row[0]:.6f}, integrated {row[1]:.6f}, drawn {row[2]:.6f} +- {row[3]:.0e}"
    )

# %%
fine = phase_error(np.stack(np.meshgrid(*[np.linspace(-np.pi, np.pi, 361)] * 2), axis=-1)) ** 2
nine_gaps = 1.5 + 9 / (4 * np.pi) * (np.sin(2 * np.pi / 9) - 8 * np.sin(np.pi / 9))
print(f"on 361 x 361 frequencies: {fine.min():.6f} to {fine.max():.6f}; nine equal gaps: {nine_gaps:.6f}")


# %%
def relative(difference, y):
    """Squared norm over positions, relative to that of the modulus."""
    return (difference**2).sum((-2, -1)) / (np.abs(y[..., ::2, ::2]) ** 2).sum((-2, -1))


def phased(x, W, u=(0, 0), m=m, phases=phases):
    """At each m-th position the map of x, shifted by u, for each phase of the filter: (phases, images, h, w)."""
    y = filtered(x, W * np.conj(shift_phases(W.shape, u)))[..., ::m, ::m]
    return np.exp(-1j * phases)[:, None, None, None] * y


def similarity(y):
    """P^2: max pooling against the modulus."""
    return relative(rmax(y, 1, q) - cmod(y, 1), y)


def stability(y, moved):
    """R^2 and C^2: what a shift changes in either."""
    return relative(rmax(moved, 1, q) - rmax(y, 1, q), y), relative(cmod(moved, 1) - cmod(y, 1), y)


# %%
rng = np.random.default_rng(seed)
on_grid = 2 * np.pi / 36 * np.array([(a, b) for a, b in rng.integers(-8, 9, (24, 2)) if (a, b) != (0, 0)])
corners = np.array([(np.pi / 2, np.pi / 2), (np.pi / 2, 0), (0, np.pi / 2), good])
turns = 2 * np.pi * np.arange(1024) / 1024


def wave(theta, u=(0, 0), m=m, side=36, phases=turns):
    """The map of a plane wave, for each phase of the filter."""
    n = np.arange(side)
    x = np.cos(theta[0] * n[:, None] + theta[1] * n)
    return phased(x[None], gabor_spectrum((side, side), theta, 0.05 + 2 * np.pi / side), u, m, phases)


wave_P = np.array([similarity(wave(theta)).mean() for theta in [*corners, *on_grid]])
gammas = phase_error(m * np.array([*corners, *on_grid])) ** 2
print("corners and the good one: P^2", wave_P[:4].round(6), " gamma^2", gammas[:4].round(6))
print(f"{len(wave_P)} frequencies: largest difference {np.abs(wave_P - gammas).max():.1e}")

# %%
grid = 2 * np.pi * np.arange(2**14) / 2**14


def limit_R(theta, u):
    """R^2 for narrow filters: a uniform phase H moves by theta u."""
    return np.mean(
        (largest_cosine(grid - np.dot(theta, u), m * theta) - largest_cosine(grid, m * theta)) ** 2
    )


def over_all_shifts(theta):
    """The mean of the same over all shifts, through the autocorrelation of M."""
    M = largest_cosine(grid, m * theta)
    correlation = np.fft.ifft(np.abs(np.fft.fft(M)) ** 2).real / len(M)
    return np.mean(2 * np.mean(M**2) - 2 * correlation)


# %%
tried = [*corners, *on_grid[:6]]
wave_R = np.array([[stability(wave(t), wave(t, u))[0].mean() for u in shifts] for t in tried])
law_R = np.array([[limit_R(t, u) for u in shifts] for t in tried])
moments = [peak_moments(m * t) for t in tried]
variance = np.array([2 * (square - first**2) for first, square in moments])
all_shifts = np.array([over_all_shifts(t) for t in tried])
print(f"R^2 of plane waves: largest difference from the law {np.abs(wave_R - law_R).max():.1e}")
print(
    "over all shifts",
    all_shifts[:4].round(6),
    " 2 Var M",
    variance[:4].round(6),
    " gamma^2",
    gammas[:4].round(6),
)


# %%
def field(shape, rng):
    """Gaussian noise of power 1 / |xi|^2."""
    xi = 2 * np.pi * np.hypot(*np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij"))
    xi[0, 0] = np.inf
    return np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) / xi).real


def leaves(shape, rng):
    """Discs that hide each other, of radii with a density like r^-3."""
    image, steps = np.zeros(shape), np.indices(shape)
    for _ in range(400):
        radius, gray = min(3 * rng.random() ** -0.5, shape[0] / 3), rng.random()
        away = np.abs(steps - rng.integers(0, shape[0], 2)[:, None, None])
        image[np.hypot(*np.minimum(away, shape[0] - away)) < radius] = gray
    return image


def sheets(images, number):
    """Images side by side on sheets."""
    k = side // images.shape[-1]
    return (
        images[: number * k * k]
        .reshape(number, k, k, *images.shape[1:])
        .swapaxes(2, 3)
        .reshape(number, side, side)
    )


# %%
def images(kind):
    """Of one kind: (count, side, side)."""
    rng = np.random.default_rng([seed, kinds.index(kind)])
    if kind in ("fields", "leaves"):
        return np.array([{"fields": field, "leaves": leaves}[kind]((side, side), rng) for _ in range(count)])
    if kind == "digits":
        return sheets(datasets.digits().images, count)
    digits = datasets.mnist("test", limit=12)
    return sheets(np.pad(rng.permutation(digits.images), ((0, 0), (2, 2), (2, 2))), count)


seen = {kind: images(kind) for kind in kinds}

# %%
width = np.pi / 8  # of the tiles, and the bandwidth
tiles = width * (np.array(list(itertools.product(range(-8, 8), range(8)))) + 0.5)


def tiled(x):
    """Over the tiles, means over phases: P^2 (tiles, images); R^2, C^2 (tiles, shifts, images); and |P - Gamma|."""
    P, R, C, gap = [], [], [], []
    for theta in tiles:
        W = gabor_spectrum(x.shape[1:], theta, width)
        y, both = phased(x, W), [stability(phased(x, W), phased(x, W, u)) for u in shifts]
        own = relative(cmod(y, 1) * (1 - largest_cosine(np.angle(y[..., ::2, ::2]), m * theta)), y)
        P.append(similarity(y))
        R.append([r.mean(0) for r, _ in both])
        C.append([c.max(0) for _, c in both])
        gap.append(np.abs(np.sqrt(P[-1]) - np.sqrt(own)))
    return np.mean(P, 1), np.array(R), np.array(C), np.array(gap)


measured = {kind: tiled(x) for kind, x in seen.items()}

# %%
gamma, alpha = phase_error(m * tiles), width / 2 * np.abs(shifts).sum(1)
beta = bandwidth_error(m * width, q)
uneven = (
    np.array([(1 - largest_cosine(np.add.outer(phases, grid[::16]), m * t)) ** 2 for t in tiles])
    .mean(1)
    .max(1)
)
eight = np.sqrt(np.maximum(uneven, gamma**2))  # what a mean over eight phases of gamma^2 can be at most
for kind, (P, R, C, gap) in measured.items():
    print(
        f"{kind:7} modulus moved, over its bound: at most {(np.sqrt(C) / alpha[:, None]).max():.2f};",
        f"|P - Gamma| over beta: {gap.max() / beta:.2f}; P over beta + gamma: {(np.sqrt(P) / (beta + eight)[:, None]).max():.2f};",
        f"R over its bound: {(np.sqrt(R) / (2 * (beta + eight)[:, None, None] + alpha[:, None])).max():.2f}",
    )

# %%
law = np.array([[limit_R(t, u) for u in shifts] for t in tiles]).mean(1)


def correlation(P, R):
    """Over tiles, of means over images."""
    return np.corrcoef(P.mean(0), R.mean(0))[0, 1]


def of(kind, which=slice(None)):
    """Tables (images, tiles) of P^2 and R^2."""
    P, R = measured[kind][:2]
    return P.T, R[:, which].mean(1).T


linked = {kind: bootstrap(correlation, *of(kind), draws=300, seed=seed) for kind in kinds}
to_gamma = {k: bootstrap(correlation, of(k)[0], gamma[None] ** 2, draws=300, seed=seed) for k in kinds}
to_law = {k: bootstrap(correlation, of(k)[1], law[None], draws=300, seed=seed) for k in kinds}
one = {k: [round(float(correlation(*of(k, [i]))), 2) for i in range(len(shifts))] for k in kinds}
for kind in kinds:
    print(
        f"{kind:7} P^2 with gamma^2 {to_gamma[kind]}; R^2 with its law {to_law[kind]}; P^2 with R^2 {linked[kind]}"
    )
    print(f"        single shifts {one[kind]}; modulus C^2 {measured[kind][2].mean():.1e}")
print(f"laws: gamma^2 with R^2 {np.corrcoef(gamma**2, law)[0, 1]:.3f}")


# %%
def gains(kind):
    """How much better the mean over shifts follows P^2 than each single shift, with intervals."""
    P, R = measured[kind][:2]
    tables = P.T, R.mean(1).T
    singles = [R[:, i].T for i in range(len(shifts))]
    return [
        bootstrap(lambda p, r, s: correlation(p, r) - correlation(p, s), *tables, one, draws=200, seed=seed)
        for one in singles
    ]


gain = {kind: gains(kind) for kind in kinds}
print(
    "gained by averaging, least of all shifts:",
    {k: str(min(g, key=lambda v: v.low)) for k, g in gain.items()},
)
lowest = np.argmin(np.abs(tiles).sum(1))
low_P, low_R = (np.mean([measured[k][i][lowest] for k in kinds]) for i in (0, 1))
print(f"tile at {tiles[lowest].round(2)}: P^2 {low_P:.2f}, gamma^2 {gamma[lowest] ** 2:.2f}, R^2 {low_R:.4f}")

# %%
fig, axes = figures.panels(3, 1, height=5.2, sharex=True)
P, R = (np.mean([measured[k][i] for k in kinds], axis=0) for i in (0, 1))
fine_theta = np.stack(
    np.meshgrid(np.linspace(-np.pi, np.pi, 257), np.linspace(0, np.pi, 129), indexing="ij"), -1
)
shown = {r"$\gamma_q(m\theta)^2$": phase_error(m * fine_theta).T ** 2}
shown |= {r"$P^2$": P.mean(-1).reshape(16, 8).T, r"$R^2$": R.mean((1, 2)).reshape(16, 8).T}
for ax, (name, values) in zip(axes, shown.items(), strict=True):
    extent = (-np.pi, np.pi, 0, np.pi)
    drawn_map = ax.imshow(values, origin="lower", extent=extent, norm=LogNorm(5e-4, 2), cmap="cividis")
    ax.set(ylabel=r"$\theta_2$", yticks=[0, np.pi], yticklabels=["0", r"$\pi$"])
    ax.set_title(name, fontsize=9)
    ax.grid(False)
axes[2].set(xlabel=r"$\theta_1$", xticks=[-np.pi, 0, np.pi], xticklabels=[r"$-\pi$", "0", r"$\pi$"])
_ = fig.colorbar(drawn_map, ax=axes, shrink=0.7)

# %%
pool = m * np.array(list(itertools.product(range(-q, q + 1), repeat=2)))
frequencies = {
    n: 2 * np.pi * np.stack(np.meshgrid(*[np.fft.fftfreq(n)] * 2, indexing="ij"), -1) for n in (large, 1024)
}


def power(theta, kappa, n):
    """Of the map of a field, at the frequencies where it is not 0: (frequencies, powers)."""
    W = gabor_spectrum((n, n), theta, kappa)
    xi, W = frequencies[n][W > 0], W[W > 0]
    return xi, W**2 / (xi**2).sum(-1) / n**2


def nine(theta, kappa, n):
    """Mean and standard error of P^2 - Gamma^2 from nine Gaussian numbers, those of a pool, with no image."""
    xi, weight = power(theta, kappa, n)
    wave = np.exp(1j * xi @ pool.T)
    covariance = (wave.T * weight) @ wave.conj() / weight.sum()
    on_middle = covariance[:, 4]
    size, axis = np.linalg.eigh(covariance - np.outer(on_middle, on_middle.conj()))
    a = np.random.default_rng(seed).standard_normal((draws, 10, 2)) @ [1, 1j] / np.sqrt(2)
    middle, rest = a[:, :1], a[:, 1:] @ (axis * np.sqrt(np.maximum(size, 0))).T
    own = np.abs(middle[:, 0]) ** 2 * (1 - largest_cosine(np.angle(middle[:, 0]), m * theta)) ** 2
    both = [(np.abs(middle[:, 0]) - (middle * on_middle + s * rest).real.max(1)) ** 2 for s in (1, -1)]
    return mean(np.mean(both, axis=0) - own)


# %%
narrow = np.pi / np.array([4, 8, 16, 32])
rng = np.random.default_rng(seed)
x = np.array([field((large, large), rng) for _ in range(fields)])


def excess(theta, kappa):
    """P^2 - Gamma^2 of each field, over the expected energy, mean over phases of the filter."""
    y = phased(x, gabor_spectrum((large, large), theta, kappa))
    own = cmod(y, 1) * (1 - largest_cosine(np.angle(y[..., ::2, ::2]), m * theta))
    squares = ((rmax(y, 1, q) - cmod(y, 1)) ** 2 - own**2).mean((-2, -1)).mean(0)
    return squares / power(theta, kappa, large)[1].sum()


excesses = np.array([excess(good, kappa) for kappa in narrow])
nines = [nine(good, kappa, large) for kappa in narrow]
finer = [nine(good, kappa, 1024) for kappa in np.pi / np.array([32, 64, 128])]
for kappa, e, law9 in zip(narrow, excesses, nines, strict=True):
    print(f"kappa = pi/{np.pi / kappa:.0f}: P^2 - Gamma^2 of images {mean(e)}, of nine numbers {law9}")
exponent, law_exponent = slope(narrow, excesses), fitted_slope(narrow, [v.value for v in nines])
local = fitted_slope([4, 2, 1], [v.value for v in finer])
print(f"exponents: images {exponent}, nine numbers {law_exponent:.3f}, from pi/32 to pi/128 {local:.3f}")
off = [
    (mean(e).value - v.value) / np.hypot(mean(e).error, v.error) for e, v in zip(excesses, nines, strict=True)
]

# %%
fig, (left, right) = figures.panels(1, 2, height=3.0)
left.loglog(narrow, [v.value + nine_gaps for v in nines], color=THEORY, label="nine Gaussian numbers")
left.errorbar(
    narrow,
    excesses.mean(1) + nine_gaps,
    [mean(e).error for e in excesses],
    fmt="o",
    color=MEASURED,
    label="images",
)
left.axhline(nine_gaps, color=THEORY, linestyle=":", linewidth=1)
left.set(xlabel=r"bandwidth $\kappa$", ylabel=r"$P^2$", xticks=narrow)
left.set_xticklabels([rf"$\pi/{k}$" for k in (4, 8, 16, 32)])
left.minorticks_off()
left.legend()
right.loglog(gamma**2, law, "o", color=THEORY, markersize=2.5, label=r"limit $\kappa \to 0$")
right.loglog(
    P.mean(-1),
    R.mean((1, 2)),
    "o",
    color=MEASURED,
    mfc="none",
    markersize=3.5,
    label=r"images, $\kappa = \pi/8$",
)
right.set(xlabel=r"similarity $P^2$, $\gamma^2$", ylabel=r"mean of $R^2$ over shifts")
_ = right.legend()

# %%
white = dot_on_gray((side, side))[0][None]
sign_free, separation, allowed = [], [], []
for theta in tiles:
    y = phased(white, gabor_spectrum((side, side), theta, width))
    sign_free.append(np.abs(cmod(y, 1) - cmod(-y, 1)).max())
    separation.append(np.sqrt(relative(rmax(y, 1, q) - rmax(-y, 1, q), y)))
    allowed.append(np.sqrt(similarity(y)) + np.sqrt(similarity(-y)))
separation, allowed = np.array(separation), np.array(allowed)
best = np.argmin(gamma)
print(f"modulus of the white and the black dot: {max(sign_free)} apart")
print(
    "max pooling, root mean square over phases, at the lowest and at the best tile:",
    *(f"{np.sqrt((separation[i] ** 2).mean()):.3f}" for i in (lowest, best)),
)
print(f"before pooling {np.sqrt(2):.3f}; largest share of the bound {np.max(separation / allowed):.2f}")

# %%
tree = dual_tree((side, side))
inner = np.abs(tree.frequencies).max(1) < 3 * np.pi / 4
packets = {}
for kind in kinds:
    ys = [(phased(seen[kind], W), [phased(seen[kind], W, u) for u in shifts]) for W in tree.spectra]
    packet_P = np.array([similarity(y).mean(0) for y, _ in ys]).T
    packet_R = np.array([np.mean([stability(y, v)[0] for v in moved], (0, 1)) for y, moved in ys]).T
    packets[kind] = packet_P, packet_R, phase_error(m * tree.frequencies)[None] ** 2
for kind, (p, r, g) in packets.items():
    tables = [
        bootstrap(correlation, p[:, k], v[:, k], draws=200, seed=seed) for v in (g, r) for k in (inner,)
    ]
    print(f"{kind:7} 18 inner packets: P^2 with gamma^2 {tables[0]}, with R^2 {tables[1]};", end=" ")
    print(f"all 32: {correlation(p, g):.2f}, {correlation(p, r):.2f}")

# %%
theta_bad = np.array([np.pi / 2, np.pi / 2])
trio = {
    "modulus": (good, cmod),
    "max pooling, good": (good, rmax),
    r"max pooling, $(\pi, \pi)$": (theta_bad, rmax),
}
picture = leaves((128, 128), np.random.default_rng(seed + 5))
W3 = [gabor_spectrum((128, 128), theta, np.pi / 4) for theta, _ in trio.values()]
before, after = (
    [f(filtered(z, W), m) for W, (_, f) in zip(W3, trio.values(), strict=True)]
    for z in (picture, np.roll(picture, 1, 0))
)
fig, axes = figures.panels(2, 4, height=3.5)
figures.signal_image(axes[0, 0], picture - 0.5, 0.5, "image")
figures.signal_image(axes[1, 0], np.roll(picture, 1, 0) - picture, 0.5, "change by a shift of 1")
for i, (name, (_, f)) in enumerate(trio.items(), 1):
    top = np.quantile(np.abs(before[i - 1]), 0.99)
    figures.signal_image(axes[0, i], before[i - 1], top, name)
    figures.signal_image(axes[1, i], after[i - 1] - before[i - 1], top, "change")

# %%
real_filter = gabor_spectrum((36, 36), good, 0.2) + gabor_spectrum((36, 36), -good, 0.2)
n36 = np.arange(36)
plane = np.cos(good[0] * n36[:, None] + good[1] * n36)
real_P = np.mean(
    [
        similarity(
            phased(np.cos(good[0] * n36[:, None] + good[1] * n36 + t)[None], real_filter, phases=np.zeros(1))
        )
        for t in turns[::8]
    ]
)
random_W = np.fft.fft2(
    np.random.default_rng(seed).standard_normal((2, large, large)).T.reshape(large, large, 2) @ [1, 1j]
)
random_P = np.sqrt(similarity(phased(x, random_W))).mean()
wide = mean(excess(good, np.pi / 2)).value
two_waves = np.cos(2 * np.pi / 36 * (2 * n36[:, None] + 2 * n36)) - 0.9 * np.cos(
    2 * np.pi / 36 * (11 * n36[:, None] + 2 * n36)
)
W2 = gabor_spectrum((36, 36), 2 * np.pi / 36 * np.array([6.5, 2]), np.pi)
jump = np.sqrt(stability(phased(two_waves[None], W2), phased(two_waves[None], W2, (1, 0)))[1].max())
twice = similarity(wave(np.array([np.pi / 2, np.pi / 2]), m=4, side=72)).mean()
print(
    f"real filter P^2 {real_P:.3f}, random kernel P {random_P:.2f}, wide {wide:.3f}, aliased waves {jump:.1f}, (2pi, 2pi) {twice:.3f}"
)

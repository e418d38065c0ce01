# %% [markdown]
# # Routing by phase is a circular shift
#
# *Previous: [Adaptive polyphase sampling is exactly
# invariant](12_adaptive_polyphase_sampling_is_exactly_invariant.ipynb) · Next: [Position is a
# helix](17_position_is_a_helix.ipynb) · Needs: nothing; (g) refers to page
# [05](05_a_dot_on_gray_falls_to_one_over_root_d.ipynb) · The paper: Sridharan, Percival, Arthur and Boahen,
# An in-silico Neural Model of Dynamic Routing through Neuronal Coherence (NIPS 2007)*
#
# How could a brain, or a chip, move a pattern to another place without a wire for every pair of places?
# Let every unit oscillate and put all spikes on one shared line. A receiver that listens for a short part
# of each period hears the one sender whose spikes arrive in that part, and the lag between two
# oscillations decides which sender that is. The result is a circular shift, chosen by one number. This
# page simulates such a router: the shift is exact, its wires grow like $N$ instead of $N^2$, and the
# price is that phases have to be precise to $1/N$. Invariance by moving a pattern to a standard place is
# another thing than invariance by averaging, and (g) shows that it does not cost the square root of the
# number of pixels. Runs in half a minute (profile quick) or a minute (full), within 0.5 GB.
#
# The idea is that of the paper: communication through coherence, three tiers, a phase that selects the
# mapping, circular shift invariance, and a number of connections that grows like $N$. Its chip, its
# circuits and its measurements are not reproduced, and what they were in detail is not known to us:
# equations, sizes and noise below are our own.

# %% [markdown]
# ## Statement
#
# Time is counted in periods of a background oscillation. Unit $i$ of $N$ inputs has a phase $\theta_i$ beside
# it, unit $j$ of $N$ outputs a phase $\psi_j$. They follow two pacemakers with lags of their own,
#
# $$
# d\theta_i = (\Delta_i + K\sin(2\pi i/N - \theta_i))\,dt + \sigma\,dW_i, \qquad
# d\psi_j = (\Delta'_j + K\sin(\Phi + 2\pi j/N - \psi_j))\,dt + \sigma\,dW'_j,
# $$
#
# and one active routing unit $s$ sets the second pacemaker's lag, $\dot\Phi = K_p\sin(-2\pi s/N - \Phi)$.
# Input $i$, if it is active, sends a spike down the line whenever $2\pi t + \theta_i$ is a multiple of
# $2\pi$; output $j$ hears what is on the line while $2\pi t + \psi_j$ is within $\pi/N$ of one. A unit's
# drift $\Delta$, one number for each unit, is its *mismatch*, $\sigma$ the *noise*, $K$ the *coupling*.
#
# - (a) **A circular shift.** Locked, output $j$ hears input $i$ if $j = i + s$ modulo $N$ and else not: the
#   transfer is the permutation matrix of the shift by $s$, for every $s$, also with some noise and mismatch.
# - (b) **Wires.** This takes $5N$ wires; a gate for each pair and a wire to each gate take $2N^2$.
# - (c) **Noise.** Without mismatch a spike falls into its own slot with the probability $P = \frac1N +
#   \frac2\pi\sum_{m\ge1} \left(\frac{I_m(\kappa)}{I_0(\kappa)}\right)^2 \frac{\sin(m\pi/N)}{m}$, $\kappa
#   = 2K/\sigma^2$, with Bessel functions $I_m$.
# - (d) **The price is precision.** For large $N$ and $\sigma_\varphi = \sigma/\sqrt{2K}$ this is
#   $\mathrm{erf}(\pi/(2N\sigma_\varphi))$, up to $N^{-2}$ at fixed $N\sigma_\varphi$. So the coupling has to
#   grow like $N^2$ to keep the errors from noise, and like $N$ to keep those from mismatch.
# - (e) **Switching.** After a switch by $m < N/2$ slots the second pacemaker is within half a slot of its new
#   lag after $\ln(\tan(\pi m/N)/\tan(\pi/2N))/K_p$ periods. A switch by half a turn never ends without noise.
# - (f) **Spiking outputs.** Units that integrate, leak and fire, with an inhibition that oscillates and
#   no window built in, fire exactly where (a) says, if leak and inhibition grow like $N$ and $N^3$.
# - (g) **Invariance by routing.** If the shift is chosen by the pattern's own place, all shifts of a
#   pattern come out as one. A classifier behind such a router is exactly invariant, and for a dot on gray
#   its boundary is $1/\sqrt 2$ away, for every number of pixels $d$; averaging over shifts leaves
#   $1/\sqrt d$.

# %% [markdown]
# ## Why it is true
#
# 1. Without noise and mismatch $\theta_i = 2\pi i/N$, $\Phi = -2\pi s/N$ and $\psi_j = 2\pi(j - s)/N$ do
#    not move, and all other states of rest are unstable. Input $i$ sends when $2\pi t = -\theta_i$;
#    output $j$ then has the phase $\psi_j - \theta_i = 2\pi(j - s - i)/N$, which is 0 if $j = i + s$ and
#    otherwise at least two half windows away. That is (a), with room for $\pi/N$ of noise and mismatch
#    together.
# 2. A wire from a pacemaker to each unit, $2N$; from each input to the line and from the line to each output,
#    $2N$; from each routing unit to the pacemaker, $N$. That is (b).
# 3. A phase with noise and no drift is a Brownian motion in the potential $-K\cos\varphi$, $\varphi$ its
#    distance from rest. Its stationary density is $\propto e^{\kappa\cos\varphi}$, of Fourier coefficients
#    $I_m(\kappa)/I_0(\kappa)$. The spike is in its slot if the difference of two such phases is less than
#    $\pi/N$; the coefficients of a difference are products. Integrated over the slot, that is (c).
# 4. For large $\kappa$ the density is Gaussian with variance $1/\kappa = \sigma_\varphi^2$, the
#    difference has twice that, and $P$ is an error function of $\pi/N$ over $2\sigma_\varphi$. A static
#    drift moves the phase by $\arcsin(\Delta/K)$, about $\Delta/K$. Both have to be a fixed part of a
#    slot, and slots are $2\pi/N$ wide. That is (d).
# 5. The distance $\delta$ of $\Phi$ from its new lag obeys $\dot\delta = -K_p\sin\delta$, so
#    $\frac{d}{dt}\ln\tan(\delta/2) = -K_p$. That is (e). At $\delta = \pi$ it stands still.
# 6. For (g) let the place be that of the largest absolute value and let the classifier look at the sign
#    there: it says "white" where $f(x) = \max_i x_i + \min_i x_i > 0$. A change of $x$ by $v$ changes $f$
#    by at most $v_i - v_j$ for some $i$ and $j$, so by at most $\sqrt2|v|$; for the white dot $f = 1$,
#    hence no boundary within $1/\sqrt2$. The point with $\frac12$ at the dot and $-\frac12$ anywhere else
#    is $1/\sqrt2$ away, and there $f = 0$.

# %%
from dataclasses import replace

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import erf
from shiftmath import dot_on_gray
from shiftmath.pages import Ledger, choose, figures, provenance
from shiftmath.pages.figures import BOUND, BROKEN, MEASURED, THEORY
from shiftmath.pages.intervals import fitted_slope, mean

# %%
from shiftmath.related import (
    firing,
    gate_router,
    neuron_for,
    phase_router,
    realignment_time,
    slot_probability,
    transfer,
)

# %% tags=["parameters"]
seed = 0
sizes = choose(quick=[4, 8, 16], full=[4, 8, 16, 32])  # N, all shifts of each
couplings = {
    4: 1.5,
    8: 1.5,
    16: 1.5,
    32: 6.0,
}  # K, and K_p, in radians a period: at 32 slots the gain is scaled
noise, mismatch = 0.047, 0.038  # at 40 periods a second: 0.3 radians for the root of a second, 1.5 a second
replicas = choose(quick=100, full=600)  # of each simulation of a probability
spiking_sizes = choose(quick=[4, 8], full=[4, 8, 16])
print(provenance("simulated phases from the seed above"))

# %% [markdown]
# ## In numbers
#
# **(a) Every shift, exactly.** All phases begin at random, with noise and mismatch. After 12 periods the
# spikes of 12 more are counted: which share of the spikes of input $i$ does output $j$ hear?


# %%
def shift_matrix(n, s):
    """The permutation matrix of the circular shift by s."""
    return np.roll(np.eye(n), s, axis=0)


apart = {"noise": noise, "mismatch": mismatch, "seed": seed}
shift_error, heard = {}, {}
for n in sizes:
    rates = {"coupling": couplings[n], "pacemaker_coupling": couplings[n]}
    heard[n] = [transfer(phase_router(n), s, **rates, **apart)[0] for s in range(n)]
    shift_error[n] = max(np.abs(h - shift_matrix(n, s)).max() for s, h in enumerate(heard[n]))
    print(f"N = {n:2}, K = {couplings[n]}: {n} shifts, largest error of a share {shift_error[n]}")

# %%
broken = {
    "no coupling": (phase_router(8), {"coupling": 0.0}),
    "no routing unit": (phase_router(8), {"pacemaker_coupling": 0.0}),
    "window of 4 slots": (phase_router(8), {"window": 4.0}),
    "one phase for all": (replace(phase_router(8), input_lags=np.zeros(8)), {}),
}
broken["half a slot off"] = replace(phase_router(8), routing_lags=2 * np.pi * (np.arange(8) + 0.5) / 8), {}
broken_shares = {name: transfer(r, 3, **apart, **change)[0] for name, (r, change) in broken.items()}
broken_error = {name: np.abs(h - shift_matrix(8, 3)).max() for name, h in broken_shares.items()}
print({name: round(float(e), 2) for name, e in broken_error.items()})

# %%
shown = {f"$s = {s}$": (heard[8][s], MEASURED) for s in (0, 3, 6)}
shown |= {name: (broken_shares[name], BROKEN) for name in ("no coupling", "half a slot off")}
fig, axes = figures.panels(1, 5, height=1.9)
for ax, (name, (shares, colour)) in zip(axes, shown.items(), strict=True):
    ax.imshow(shares, cmap="gray_r", vmin=0, vmax=1)
    ax.set(xticks=[0, 7], yticks=[0, 7])
    ax.set_title(name, color=colour, fontsize=9)
    ax.grid(False)
axes[0].set(ylabel="output $j$")
_ = axes[2].set_xlabel("input $i$")

# %% [markdown]
# What each output hears of each input, black for every spike, for three shifts of 8 units: permutation
# matrices. The last two, with titles in red, are without coupling of the units to their pacemakers, and
# with a routing unit half a slot off, whose spikes fall between two outputs.
#
# **(b) The wires.** They are counted in the very arrays that the simulation multiplies with. That each of
# them is needed: one of each kind is cut, and the transfer is no longer the shift.

# %%
counted = np.array([4, 8, 16, 32, 64])
by_phase = np.array([phase_router(int(n)).connections for n in counted])
by_gates = np.array([gate_router(int(n)).connections for n in counted])
gate_error = max(np.abs(gate_router(8).transfer(s) - shift_matrix(8, s)).max() for s in range(8))
whole, cut_error = phase_router(8), {}
for kind in ("to_inputs", "to_outputs", "to_line", "from_line", "to_pacemaker"):
    wires = getattr(whole, kind).copy()
    wires[3] = 0
    shares = transfer(replace(whole, **{kind: wires}), 3, replicas=8, **apart)
    cut_error[kind] = np.abs(shares - shift_matrix(8, 3)).max()
print("by phase:", by_phase, " by gates:", by_gates, f" gates: off from a shift by {gate_error}")
print("with one wire cut, off by", {kind: round(float(e), 2) for kind, e in cut_error.items()})

# %% [markdown]
# $5N$ and $2N^2$: from three units on there are fewer wires by phase.
#
# **(c), (d) How often does a spike miss its slot?** With noise and without mismatch, the share of spikes in
# their own slot, from many simulations, against the series of (c), which knows nothing of a simulation.


# %%
def own_slot(n, s=1, **options):
    """The mean share of spikes that their own output hears, with its standard error over the replicas."""
    shares = transfer(phase_router(n), s, replicas=replicas, **options)
    i = np.arange(n)
    return mean(shares[:, (i + s) % n, i].mean(axis=1))


# %%
products = [0.5, 1.0, 1.5, 2.5, 4.0]  # N sigma_phi
hit, series = {}, {}
for n in (4, 8, 16):
    for x in products:
        sigma = x / n * np.sqrt(2 * 1.5)
        hit[n, x] = own_slot(n, coupling=1.5, noise=sigma, seed=seed)
        series[n, x] = slot_probability(n, 1.5, sigma)
off = {key: (hit[key].value - series[key]) / max(hit[key].error, 1 / (replicas * 100)) for key in hit}
for n in (4, 8, 16):
    print(f"N = {n:2}:", *(f"{hit[n, x].value:.4f} ({series[n, x]:.4f})" for x in products))
print(f"largest difference {max(np.abs(list(off.values()))):.1f} standard errors")

# %% [markdown]
# Simulated shares, in brackets the series, for $N\sigma_\varphi$ from 0.5 to 4. Next the limit: at one
# value of $N\sigma_\varphi$ the series comes to the error function like $N^{-2}$.

# %%
many, fixed = np.array([8, 16, 32, 64, 128]), 1.5
gap = [slot_probability(int(n), 0.5 * (n / fixed) ** 2, 1.0) - erf(np.pi / (2 * fixed)) for n in many]
limit_slope = fitted_slope(many, np.abs(gap))
print(f"series minus error function at N sigma_phi = 1.5: {np.array(gap)}, slope {limit_slope:.3f}")
same_noise = [slot_probability(n, 1.5 * (n / 8) ** 2, 0.3) for n in (8, 16, 32)]
fixed_coupling = [slot_probability(n, 1.5, 0.3) for n in (8, 16, 32)]
print(
    "N = 8, 16, 32 at one noise: K like N^2", np.round(same_noise, 4), " K fixed", np.round(fixed_coupling, 4)
)

# %% [markdown]
# With a coupling that grows like $N^2$ the share stays where it was; with a fixed one it falls. Mismatch,
# without noise: the simulation against drifts drawn by themselves and put into the arcsine of step 4, and
# against what a coupling that grows like $N$ should keep.


# %%
def by_arcsine(n, coupling, drift, draws=200_000):
    """The share of pairs of units that mismatch moves less than half a slot apart, and its standard error."""
    pairs = np.random.default_rng(seed + 1).standard_normal((draws, 2)) * drift / coupling
    pairs = pairs[(np.abs(pairs) < 1).all(axis=1)]
    inside = np.abs(np.arcsin(pairs) @ [1, -1]) < np.pi / n
    return mean(inside.astype(float))


# %%
drifting = {n: (n / 8, 0.25) for n in (8, 16, 32)}  # K and the standard deviation of the drifts
simulated = {n: own_slot(n, coupling=K, mismatch=d, settle=24, seed=seed) for n, (K, d) in drifting.items()}
drawn = {n: by_arcsine(n, K, d) for n, (K, d) in drifting.items()}
off_drift = [
    (simulated[n].value - drawn[n].value) / np.hypot(simulated[n].error, drawn[n].error) for n in drawn
]
print("K like N, share in the own slot:", *(f"N = {n}: {simulated[n]}" for n in drifting))
print(
    "by the arcsine:",
    *(f"{d}" for d in drawn.values()),
    f" {np.max(np.abs(off_drift)):.1f} standard errors apart",
)

# %%
fig, (left, right) = figures.panels(1, 2, height=3.1)
line = np.linspace(0.3, 4.2, 100)
left.plot(line, erf(np.pi / (2 * line)), color=THEORY, label="error function")
for n, marker in zip((4, 8, 16), "os^", strict=True):
    values = [hit[n, x].value for x in products]
    left.plot(products, values, marker, color=MEASURED, mfc="none", label=f"$N = {n}$")
left.set(xlabel=r"$N\sigma_\varphi$", ylabel="share of spikes in their slot", ylim=(0, 1.05))
right.loglog(counted, by_phase, "o-", color=MEASURED, mfc="none")
right.loglog(counted, by_gates, "--", color=BOUND)
right.annotate("phase, $5N$", (34, 90), ha="left", va="top")
right.annotate("gates, $2N^2$", (28, 2600), ha="right")
right.set(xlabel="units $N$", ylabel="wires")
right.set_xticks(counted, [str(n) for n in counted])
right.minorticks_off()
_ = left.legend()

# %% [markdown]
# Left, the share of spikes that fall into their own slot against the phases' spread in slots: simulations of
# three sizes, and the error function, which is the limit for many units. Right, the number of wires.
#
# **(e) Switching.** The equation of the pacemaker, integrated numerically until it is within half a slot
# of the new lag, against the formula.


# %%
def integrated(n, moved, rate):
    """Periods until the lag, `moved` slots off, is within half a slot, by an integrator."""
    begin, arrived = 2 * np.pi * moved / n, lambda t, d: d[0] - np.pi / n
    arrived.terminal = True
    path = solve_ivp(lambda t, d: -rate * np.sin(d), (0, 10), [begin], events=arrived, rtol=1e-11, atol=1e-13)
    return path.t_events[0][0] if len(path.t_events[0]) else np.inf


switches = [(n, m) for n in (8, 32) for m in range(1, n // 2, max(1, n // 8))]
times = np.array([[integrated(n, m, 1.5), realignment_time(n, m, 1.5)] for n, m in switches])
print(
    "slots moved, periods:",
    *(f"{m} of {n}: {t:.2f}" for (n, m), t in zip(switches, times[:, 1], strict=True)),
)
print("half a turn:", realignment_time(8, 4, 1.5), f" largest difference {np.ptp(times, axis=1).max():.0e}")

# %% [markdown]
# A larger switch takes longer, and so does a finer router. The one by half a turn rests until noise, or in a
# computer the rounding of $\pi$, tips it over.
#
# **(f) Outputs that integrate, leak and fire.** Each output has a potential that the spikes on the line
# raise, a leak, and an inhibition that oscillates with its phase and divides what arrives. Its threshold
# is set from one spike on one neuron: the geometric mean of the peaks in its own slot and in the next.
# Then random patterns, all silent and all active among them, are sent through with every shift.

# %%
rng, wrong, tried = np.random.default_rng(seed), {}, {}
for n in spiking_sizes:
    patterns = np.concatenate([rng.random((6, n)) < 0.5, [np.ones(n, bool), np.zeros(n, bool)]])
    neuron, fired = neuron_for(n), []
    fired = [firing(phase_router(n), s, patterns, neuron) for s in range(n)]
    wrong[n] = sum(np.sum(f != np.roll(patterns, s, axis=1)) for s, f in enumerate(fired))
    tried[n] = np.size(fired)
    print(
        f"N = {n:2}: {wrong[n]} of {tried[n]} outputs are wrong; leak and inhibition",
        neuron.leak,
        neuron.inhibition,
    )
# %%
flat = replace(neuron_for(8), inhibition=0.0)
no_inhibition = np.mean(
    firing(phase_router(8), 3, np.eye(8, dtype=bool), flat) != np.roll(np.eye(8, dtype=bool), 3, 1)
)
print(f"without inhibition {no_inhibition:.0%} are wrong")

# %% [markdown]
# No window is built in: the inhibition makes it. In place of the gain of the phases its strength has to
# grow, for the trough of an oscillation is flat, and one slot away it is only a part $(\pi/N)^2$ of its
# height.
#
# **(g) Invariance by routing.** A random pattern with one largest value, at all places: each copy is
# routed by its own place. Then the dot.

# %%
pattern = np.random.default_rng(seed).uniform(0, 0.8, 8)
pattern[0] = 1.0
copies = np.array([np.roll(pattern, s) for s in range(8)])
canonical = np.array([heard[8][-int(np.argmax(c)) % 8] @ c for c in copies])
routed_spread = np.ptp(canonical, axis=0).max()
print(f"8 shifted copies, each routed by its own place: they differ by {routed_spread:.0e}")


def routed_sign(x):
    """The classifier behind the router: positive for white."""
    return x.max() + x.min()


# %%
distances = {}
for k in (4, 8, 32):
    white, _ = dot_on_gray((k, k))
    far = white.copy()
    far[k // 2, k // 2], far[0, 0] = 0.5, -0.5
    lower = routed_sign(white) / np.sqrt(2)  # the Lipschitz constant of step 6
    distances[k * k] = lower, np.linalg.norm(far - white), routed_sign(far)
    print(f"d = {k * k:4}: certified {lower:.4f}, found {distances[k * k][1]:.4f}; averaging: {1 / k:.4f}")
steps = np.random.default_rng(seed).standard_normal((1000, 64))
steps /= np.linalg.norm(steps, axis=1, keepdims=True)
x = dot_on_gray((8, 8))[0].ravel()
signs = [routed_sign(x + 0.999 * np.sqrt(0.5) * v) for v in steps]
print(f"least f in 1000 random directions at 0.999 of the distance: {min(signs):.3f}")

# %% [markdown]
# The number of pixels does not appear: it is the averaging, not the invariance, that costs $\sqrt d$ on this
# pair. That is no free lunch. A classifier that has to find the place first can be led to another place: with
# more pixels that may become the largest, noise does that ever more easily.
#
# ## Where it stops being true
#
# **Conditions.** Without coupling, without a routing unit, with a wide window, with one phase for all
# units, or half a slot off, the transfer is no shift: the red matrices, and the controls below.
#
# **A fixed coupling.** At one noise and coupling the share of spikes in their slot falls as $N$ grows: (d).
#
# **What is left out.** A real shared line has delays and a spike has a width; both take from the slot.
# Only one routing unit is active here; two compete. The paper's chip is not modelled.
#
# ## Try it
#
# - **An exercise with a number.** How many units can a router have at $K = 1.5$ and $\sigma = 0.047$, if
#   99 of 100 spikes are to fall into their slot? <details><summary>Answer</summary>$\sigma_\varphi =
#   0.047/\sqrt 3 = 0.0271$, and $\mathrm{erf}(1.82) = 0.99$, so $N \le \pi/(2 \cdot 1.82 \cdot 0.0271)$:
#   31. The cell below asks the series.</details>
# - Let two routing units be active: which shift wins? <details><summary>Answer</summary>The pacemaker
#   rests at the mean of the two lags: one shift, half way, if the slots allow; two units next to each
#   other are half a slot off.</details>
# - Give the classifier of (g) noise of standard deviation 0.2 on each pixel. At which $d$ does it fail
#   half of the time? <details><summary>Answer</summary>Where the least of $d$ normal values reaches about
#   $-1/0.2 = -5$ of its standard deviations, near $d = 2\cdot10^6$.</details>

# %%
largest = max(n for n in range(2, 100) if slot_probability(n, 1.5, 0.047) >= 0.99)
print("units at 99 of 100 spikes:", largest)

# %% [markdown]
# ## Claims checked
#
# Shares of (a) are counts: no tolerance. Probabilities: four standard errors over the replicas. The switching
# times: $10^{-8}$, a hundred times what the integrator was asked for. Slope of the limit: the next order is
# $N^{-4}$, at $N = 8$ some percent of the first: 0.05.

# %%
exact = {"evidence": "exact identity"}
data = {"evidence": "statistics"}
ledger = Ledger("Routing by phase is a circular shift")
ledger.equal("(a) shares are those of the circular shift, every s, every N", list(shift_error.values()), 0, 0)
ledger.equal("(b) wires by phase, counted: 5 N", by_phase, 5 * counted, 0)
ledger.equal("(b) wires by gates, counted: 2 N^2", by_gates, 2 * counted**2, 0)
ledger.equal("(b) the gates are the same shifts", gate_error, 0, 0)
ledger.at_least("(b) one wire of each kind cut: some share is off by", list(cut_error.values()), 0.1)

# %%
ledger.at_most(
    "(c) simulated shares, in standard errors from the series", np.abs(list(off.values())), 4, **data
)
ledger.equal("(d) the series comes to the error function like N to the power", limit_slope, -2, 0.05)
ledger.at_most("(d) mismatch: simulated and arcsine, in standard errors", np.abs(off_drift), 4, **data)
spread = np.ptp(same_noise)
ledger.at_most("(d) K like N^2: the share moves less than with K fixed", spread, np.ptp(fixed_coupling))
ledger.equal("(e) switching times, integrated and by the formula", times[:, 0], times[:, 1], 1e-8)
ledger.equal("(f) outputs that fire wrongly", list(wrong.values()), 0, 0)

# %%
ledger.equal("(g) shifted copies, routed by their own place, are one", routed_spread, 0, 0)
lower, upper, at_boundary = np.transpose(list(distances.values()))
ledger.between("(g) dot: certified, 1/sqrt 2, found", lower, np.full(3, np.sqrt(0.5)), upper, 1e-15)
ledger.equal("(g) f is 0 at the point found", at_boundary, 0, 0, **exact)
ledger.at_least("(g) f at 0.999 of the distance, random directions", signs, 0)

# %% [markdown]
# And the controls, which must fail.

# %%
for name, error in broken_error.items():
    ledger.fails(f"(a) {name}: the shares are those of the shift", error, 0, 0.01)
ledger.fails("(d) the share stays as N grows, with K fixed", fixed_coupling[-1], fixed_coupling[0], 0.05)
ledger.fails("(e) half a turn ends within 10 periods", np.isfinite(integrated(8, 4, 1.5)), True, 0)
ledger.fails("(f) without inhibition: outputs that fire wrongly", no_inhibition, 0, 0)
ledger.fails("(g) the routed classifier's distance falls like averaging's, d = 1024", upper[-1], 1 / 32, 1e-3)
ledger.close()

# %% [markdown]
# # Routing by phase is a circular shift
#
# *Previous: [Narrow circular networks are universal](15_narrow_circular_networks_are_universal.ipynb) ·
# Next: [Position is a helix](17_position_is_a_helix.ipynb) · Needs: nothing; (g) refers to page
# [05](05_a_dot_on_gray_falls_to_one_over_root_d.ipynb) · The paper: Sridharan, Percival, Arthur and
# Boahen, An in-silico Neural Model of Dynamic Routing through Neuronal Coherence (NIPS 2007)*
#
# How could a brain, or a chip, move a pattern to another place without a wire for every pair of places?
# Let every unit oscillate and put all spikes on one shared line. A receiver that listens for a short part
# of each period hears the one sender whose spikes arrive in that part, and the lag between two
# oscillations decides which sender that is. The result is a circular shift, chosen by one number. This
# page simulates such a router: the shift is exact as long as phases stay within half a slot, its wires grow
# like $N$ instead of $N^2$, and the price is that phases have to be precise to $1/N$. Invariance by moving a
# pattern to a standard place is another thing than invariance by averaging, and (g) shows that on a dot it
# does not cost the square root of the number of pixels. Runs in a quarter of a minute (profile quick) or one
# to two minutes (full), within 0.3 GB.
#
# The idea is that of the paper: communication through coherence, three tiers, a phase that selects the
# mapping, circular shift invariance, and, in an extension of it, a number of connections that grows like
# $N$. Its chip, its circuits and its measurements are not reproduced, and what they were in detail is not
# known to us: equations, sizes and noise below are our own. A chip of interneurons that synchronise has
# been published by its laboratory (Arthur and Boahen, Synchrony in Silicon: The Gamma Rhythm, IEEE
# Transactions on Neural Networks 18, 2007); whether it is the one used we do not know.

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
# $2\pi$ (counted net: a crossing backwards takes one away, so that single shares may leave $[0, 1]$); output
# $j$ hears what is on the line while $2\pi t + \psi_j$ is within $\pi/N$ of one. A unit's drift $\Delta$, one
# number for each unit, is its *mismatch*, $\sigma$ the *noise*, $K$ the *coupling*.
#
# - (a) **A circular shift.** Locked, output $j$ hears input $i$ if $j = i + s$ modulo $N$ and else not: the
#   transfer is the permutation matrix of the shift by $s$, for every $s$, also with noise and mismatch that
#   leave all phases within half a slot.
# - (b) **Wires.** This takes $5N$ wires; a gate for each pair and a wire to each gate take $2N^2$.
# - (c) **Noise.** Without mismatch a spike falls into its own slot with the probability $P = \frac1N +
#   \frac2\pi\sum_{m\ge1} \left(\frac{I_m(\kappa)}{I_0(\kappa)}\right)^2 \frac{\sin(m\pi/N)}{m}$, $\kappa
#   = 2K/\sigma^2$, with Bessel functions $I_m$.
# - (d) **The price is precision.** With $\sigma_\varphi = \sigma/\sqrt{2K}$ and $N\sigma_\varphi$ fixed
#   this is, for large $N$, $\mathrm{erf}(\pi/(2N\sigma_\varphi))$ less $\frac{\pi^2}{N^2} \frac{(9 +
#   b^2)\varphi(b)}{48\,b}$, where $b = \pi/(\sqrt2 N\sigma_\varphi)$ and $\varphi$ is the normal density.
#   So the coupling has to grow like $N^2$ to keep the errors from noise. To keep those from mismatch it
#   has to grow like $N$: the share is then $\mathrm{erf}(\pi K/(2 N s))$ for large $N$, $s$ the standard
#   deviation of the drifts.
# - (e) **Switching.** After a switch by $m < N/2$ slots the second pacemaker is within half a slot of its new
#   lag after $\ln(\tan(\pi m/N)/\tan(\pi/2N))/K_p$ periods. A switch by half a turn never ends, for the
#   pacemaker has no noise here. On the way the router makes the shifts in between.
# - (f) **Spiking outputs.** Units that integrate, leak and fire, driven by phases that are locked
#   exactly, fire where (a) says for $N$ = 4, 8, 16 and the patterns tried, with leak $8N$, inhibition
#   $8N^3$ and spikes that decay in $1/(8N)$; no window is built in. The peak that a spike makes in its own
#   slot, over that in the next, comes to a limit as $N$ grows; with a fixed inhibition the room between
#   them is lost.
# - (g) **Invariance by routing.** If the shift is chosen by the pattern's own place, that of its largest
#   absolute value, where there is only one, all shifts of a pattern come out as one. A classifier behind
#   such a router is exactly invariant, and for a dot on gray its boundary is $1/\sqrt 2$ away, for every
#   number of pixels $d$; averaging over shifts leaves $1/\sqrt d$.

# %% [markdown]
# ## Why it is true
#
# 1. Without noise and mismatch $\theta_i = 2\pi i/N$, $\Phi = -2\pi s/N$ and $\psi_j = 2\pi(j - s)/N$ do
#    not move, and all other states of rest are unstable. Input $i$ sends when $2\pi t = -\theta_i$;
#    output $j$ then has the phase $\psi_j - \theta_i = 2\pi(j - s - i)/N$, which is 0 if $j = i + s$ and
#    otherwise at least two half windows away. That is (a), with room for $\pi/N$ of noise and mismatch
#    together.
# 2. A wire from a pacemaker to each unit, $2N$; from each input to the line and from the line to each output,
#    $2N$; from each routing unit to the pacemaker, $N$. That is (b). The lags are part of the wires, and the
#    common clock is free; a wire from the first pacemaker to each routing unit would make it $6N$. A shifter
#    of $\log_2 N$ stages takes about $2N\log_2 N$ wires: only a full crossbar is compared.
# 3. A phase with noise and no drift is a Brownian motion in the potential $-K\cos\varphi$, $\varphi$ its
#    distance from rest. Its stationary density is $\propto e^{\kappa\cos\varphi}$, of Fourier coefficients
#    $I_m(\kappa)/I_0(\kappa)$. The spike is in its slot if the difference of two such phases is less than
#    $\pi/N$; the coefficients of a difference are products. At rest no probability flows, so that the net
#    spikes see this density. Integrated over the slot, that is (c).
# 4. For large $\kappa$ the density is Gaussian with variance $1/\kappa = \sigma_\varphi^2$, the
#    difference has twice that, and $P$ is an error function of $\pi/N$ over $2\sigma_\varphi$. The next
#    term of the potential, $\kappa\varphi^4/24$, makes the variance $\sigma_\varphi^2 +
#    \sigma_\varphi^4/2$ and the fourth cumulant $\sigma_\varphi^6$. The first takes $\sigma_\varphi^2\,
#    b\,\varphi(b)/2$ from $P$, the second $\sigma_\varphi^2(b^3 - 3b)\varphi(b)/24$ (Edgeworth), together
#    the term of (d). A static drift moves the phase by $\arcsin(\Delta/K)$, about $\Delta/K$: the
#    difference of two has $\sqrt2\,s/K$, a fixed part of a slot if $K$ grows like $N$. That is (d).
# 5. The distance $\delta$ of $\Phi$ from its new lag obeys $\dot\delta = -K_p\sin\delta$, so
#    $\frac{d}{dt}\ln\tan(\delta/2) = -K_p$. That is (e). At $\delta = \pi$ it stands still. The outputs
#    follow the pacemaker, all with one lag.
# 6. With $t = \tau/N$ and the inhibition $8N^3$ the potential $k$ slots away obeys $V' = -8(1 +
#    \pi^2(\tau + k - \delta)^2)V + I$, up to terms of the order $N^{-2}$: in slots nothing depends on $N$.
#    With $G$ fixed the parabola has the factor $G/8N^3$, and at 0 all slots are alike. That is the limit
#    of (f); that the right outputs fire is only tried.
# 7. For (g) let the place be that of the largest absolute value and let the classifier look at the sign
#    there: it says "white" where $f(x) = \max_i x_i + \min_i x_i > 0$. If it does not say so of a white
#    dot at 0 changed by $v$, some pixel $j$ is at least as far below 0 as the dot's is above. If that is
#    the dot's own, $v_0 \le -1$; else $1 + v_0 \le -v_j$, so $1 \le -v_0 - v_j \le \sqrt2\,|v|$. Hence no
#    boundary within $1/\sqrt2$. The point with $\frac12$ at the dot and $-\frac12$ anywhere else is
#    $1/\sqrt2$ away, and there $f = 0$. No invariant classifier does better on both dots: a white and a
#    black one at different places are $\sqrt2$ apart.

# %%
from dataclasses import replace

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize
from scipy.special import erf, erfc
from scipy.stats import norm
from shiftmath import dot_on_gray, invariant_margin
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
    slot_peaks,
    slot_probability,
    switching,
    transfer,
)

# %% tags=["parameters"]
seed = 0
sizes = choose(quick=[4, 8], full=[4, 8, 16, 32, 48])  # N, all shifts of each
couplings = {4: 1.5, 8: 1.5, 16: 3.0, 32: 8.0, 48: 18.0}  # K, and K_p, in radians a period
noise, mismatch = 0.047, 0.038  # at 40 periods a second: 0.3 radians for the root of a second, 1.5 a second
replicas = choose(quick=50, full=600)  # of each simulation of a probability
spiking_sizes = choose(quick=[4, 8], full=[4, 8, 16])
print(provenance("simulated phases from the seed above"))

# %% [markdown]
# ## In numbers
#
# **(a) Every shift, exactly.** All phases begin at random, with noise and mismatch. After 12 periods the
# spikes of 12 more are counted: which share of the spikes of input $i$ does output $j$ hear? The gain is
# scaled with $N$ so far that by the law of (d), with the spread of the mismatch added, fewer than a
# hundredth of a miss is expected in all.


# %%
def shift_matrix(n, s):
    """The permutation matrix of the circular shift by s."""
    return np.roll(np.eye(n), s, axis=0)


apart = {"noise": noise, "mismatch": mismatch}
shift_error, heard, expected_misses = {}, {}, 0.0
for n, K in ((n, couplings[n]) for n in sizes):
    rates = {"coupling": K, "pacemaker_coupling": K}
    heard[n] = [transfer(phase_router(n), s, **rates, **apart, seed=seed + s)[0] for s in range(n)]
    shift_error[n] = max(np.abs(h - shift_matrix(n, s)).max() for s, h in enumerate(heard[n]))
    spread = np.hypot(noise / np.sqrt(2 * K), mismatch / K)
    expected_misses += n * n * 12 * erfc(np.pi / (2 * n * spread))
    print(f"N = {n:2}, K = {K}: {n} shifts, largest error of a share {shift_error[n]}")
print(f"misses expected in all: {expected_misses:.1g}")

# %%
broken = {
    "no coupling": (phase_router(8), {"coupling": 0.0}),
    "no routing unit": (phase_router(8), {"pacemaker_coupling": 0.0}),
    "window of 4 slots": (phase_router(8), {"window": 4.0}),
    "one phase for all": (replace(phase_router(8), input_lags=np.zeros(8)), {}),
}
broken["half a slot off"] = replace(phase_router(8), routing_lags=2 * np.pi * (np.arange(8) + 0.5) / 8), {}
broken_shares = {
    name: transfer(r, 3, **apart, seed=seed, **change)[0] for name, (r, change) in broken.items()
}
every = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)  # pattern of 8 inputs


# %%
def outputs_right(shares, s):
    """Over all patterns, the share of outputs that are right, if more than half of a spike counts as one."""
    return np.mean((every @ shares.T > 0.5) == np.roll(every, s, axis=1))


all_right = [outputs_right(h, s) for s, h in enumerate(heard[8])]
broken_right = {name: outputs_right(h, 3) for name, h in broken_shares.items()}
print(f"outputs right, 8 units, all patterns: {min(all_right)} for every shift;", end=" ")
print({name: round(float(share), 2) for name, share in broken_right.items()})

# %% [markdown]
# Every output is right for every shift and pattern; with any one of the five changes 50% to 56% are, and half
# would be right by chance.

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
# with a routing unit half a slot off, so that spikes fall between two outputs.
#
# **(b) The wires.** They are counted in the very arrays that the simulation multiplies with. That each kind
# is needed: one wire of each is cut, and the transfer is no longer the shift.

# %%
counted = np.array([4, 8, 16, 32, 64])
by_phase = np.array([phase_router(int(n)).connections for n in counted])
by_gates = np.array([gate_router(int(n)).connections for n in counted])
gate_error = max(np.abs(gate_router(8).transfer(s) - shift_matrix(8, s)).max() for s in range(8))
whole, cut_error = phase_router(8), {}
for kind in ("to_inputs", "to_outputs", "to_line", "from_line", "to_pacemaker"):
    wires = getattr(whole, kind).copy()
    wires[3] = 0
    shares = transfer(replace(whole, **{kind: wires}), 3, replicas=8, **apart, seed=seed)
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
products = choose(quick=[1.0, 2.5], full=[0.5, 1.0, 1.5, 2.5, 4.0])  # N sigma_phi
hit, series, off = {}, {}, {}
for n, x in ((n, x) for n in (4, 8, 16) for x in products):
    sigma = x / n * np.sqrt(2 * 1.5)
    hit[n, x] = own_slot(n, coupling=1.5, noise=sigma, seed=seed + 100 * n + int(10 * x))
    series[n, x] = slot_probability(n, 1.5, sigma)
    of_counts = np.sqrt(series[n, x] * (1 - series[n, x]) / (replicas * n * 12))  # if spikes were independent
    off[n, x] = (hit[n, x].value - series[n, x]) / max(hit[n, x].error, of_counts)
for n in (4, 8, 16):
    print(f"N = {n:2}:", *(f"{hit[n, x].value:.4f} ({series[n, x]:.4f})" for x in products))
print(f"largest difference {max(np.abs(list(off.values()))):.1f} standard errors")

# %% [markdown]
# Simulated shares, in brackets the series, for $N\sigma_\varphi$ from 0.5 to 4. Next the limit: at one
# value of $N\sigma_\varphi$ the series comes to the error function like $N^{-2}$, with the height of (d).

# %%
many, fixed = np.array([8, 16, 32, 64, 128]), 1.5
gap = [slot_probability(int(n), 0.5 * (n / fixed) ** 2, 1.0) - erf(np.pi / (2 * fixed)) for n in many]
limit_slope = fitted_slope(many, np.abs(gap))
b = np.pi / (np.sqrt(2) * fixed)
height = -(np.pi**2) * (9 + b**2) * norm.pdf(b) / (48 * b)
print(f"series minus error function, times N^2: {np.round(gap * many**2, 5)}, predicted {height:.5f}")
same_noise = [slot_probability(n, 1.5 * (n / 8) ** 2, 0.3) for n in (8, 16, 32)]
fixed_coupling = [slot_probability(n, 1.5, 0.3) for n in (8, 16, 32)]
print(
    "N = 8, 16, 32 at one noise: K like N^2", np.round(same_noise, 4), " K fixed", np.round(fixed_coupling, 4)
)

# %% [markdown]
# With a coupling that grows like $N^2$ the share stays where it was; with a fixed one it falls. Mismatch,
# without noise: the simulation against drifts drawn by themselves and put into the arcsine of step 4, with
# a coupling that grows like $N$, and with a fixed one.


# %%
def by_arcsine(n, coupling, drift, draws=200_000):
    """The share of pairs of units that mismatch moves less than half a slot apart, and its standard error."""
    pairs = np.random.default_rng([seed, n]).standard_normal((draws, 2)) * drift / coupling
    locked = (np.abs(pairs) < 1).all(axis=1)
    inside = np.abs(np.arcsin(np.clip(pairs, -1, 1)) @ [1, -1]) < np.pi / n
    return mean((locked & inside).astype(float))


# %%
drifting = {n: (n / 8, 0.25) for n in (8, 16, 32)}  # K and the standard deviation of the drifts
simulated = {
    n: own_slot(n, coupling=drifting[n][0], mismatch=0.25, settle=24, seed=seed)
    for n in choose(quick=(8,), full=tuple(drifting))
}
drawn = {n: by_arcsine(n, K, d) for n, (K, d) in drifting.items()}
unscaled = {n: by_arcsine(n, 1.0, 0.25) for n in drifting}
off_drift = [
    (simulated[n].value - drawn[n].value) / np.hypot(simulated[n].error, drawn[n].error) for n in simulated
]
print("K like N, share in the own slot:", *(f"N = {n}: {simulated[n]}" for n in simulated))
print("by the arcsine:", *drawn.values(), f" {np.max(np.abs(off_drift)):.1f} standard errors apart")
print(f"limit erf(pi/4) = {erf(np.pi / 4):.4f};  K fixed, by the arcsine:", *unscaled.values())

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
# three sizes, and the error function, which is the limit for many units; four units lie below it at wide
# spreads, as the series says. Right, the number of wires.
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


# %%
switches = [(n, m) for n in (8, 32) for m in range(1, n // 2, max(1, n // 8))]
times = np.array([[integrated(n, m, 1.5), realignment_time(n, m, 1.5)] for n, m in switches])
print(
    "slots moved, periods:",
    *(f"{m} of {n}: {t:.2f}" for (n, m), t in zip(switches, times[:, 1], strict=True)),
)
half_turn = solve_ivp(lambda t, d: -1.5 * np.sin(d), (0, 10), [np.pi], rtol=1e-11, atol=1e-13).y[0, -1]
print(
    "half a turn:", realignment_time(8, 4, 1.5), f"; after 10 periods {half_turn * 4 / np.pi:.2f} slots off"
)
print(f"largest difference {np.ptp(times, axis=1).max():.0e}")

# %% [markdown]
# A larger switch takes longer, and the same angle takes longer in a finer router. The one by half a turn
# is still 4 slots off after ten periods: it rests until noise, or in a computer the rounding of $\pi$,
# tips it over.
#
# What does the router do on the way? It has made the shift by 0 for twenty periods, then the unit of 3
# becomes active. Without noise all outputs have one lag $\chi$, in two equations: $\dot\Phi =
# K_p\sin(-2\pi s/N - \Phi)$ and $\dot\chi = K\sin(\Phi - \chi)$. An integrator has these two, the
# simulation all phases and spikes.

# %%
middle, half_slot, step = phase_router(8), np.pi / 8, 1 / 32  # inputs send in the middle of a slot
middle = replace(middle, input_lags=middle.input_lags + half_slot, output_lags=middle.output_lags + half_slot)
routed = switching(middle, 0, 3, coupling=1.5, pacemaker_coupling=1.5, settle=20, periods=8)[0]
speeds = lambda t, y: 1.5 * np.sin([-6 * np.pi / 8 - y[0], y[0] - y[1]])  # noqa: E731
lags = solve_ivp(speeds, (0, 8), [0, 0], rtol=1e-10, dense_output=True)
sent = np.arange(8)[:, None] + 1 - (np.arange(8) + 0.5) / 8  # times, in periods, of the spikes of 8 inputs
in_effect = -lags.sol(sent.ravel())[1].reshape(8, 8) * 8 / (2 * np.pi)  # the shift, in slots

# %%
nearest = np.rint(in_effect).astype(int)
clear = np.abs(in_effect - nearest) < 0.5 - 1.5 * step * 8 / (2 * np.pi)  # phases move this far in a step
destinations = np.eye(8)[:, (np.arange(8) + nearest) % 8].transpose(1, 0, 2)  # (period, output, input)
astray = int(np.sum(np.any(routed != destinations, axis=1) & clear))
print(f"{clear.sum()} of 64 spikes are clear of an edge; {astray} go elsewhere than the equations say")
fig, ax = figures.panels(height=2.6)
period, output, source = np.nonzero(routed)
line = np.linspace(0, 8, 200)
ax.plot(line, -lags.sol(line)[1] * 4 / np.pi, color=THEORY, label="lag, two equations")
ax.plot(sent[period, source], (output - source) % 8, "o", color=MEASURED, mfc="none", ms=4, label="spikes")
ax.set(xlabel="periods since the switch", ylabel="slots moved", yticks=range(4))
_ = ax.legend(loc="lower right")

# %% [markdown]
# Each circle is a spike: by how many slots it was moved, after a switch from 0 to 3. The line is the lag
# by the two equations. From 0.8 to 2.6 periods the pattern goes to places in between, one input after
# another: a router that switches mixes two shifts.
#
# **(f) Outputs that integrate, leak and fire.** Each output has a potential that the spikes on the line
# raise, a leak, and an inhibition that oscillates with its phase and divides what arrives. Its threshold
# is set from one spike on one neuron: the geometric mean of the peaks in its own slot and in the next.
# Delay and decay are chosen with it. Phases are locked exactly and nothing is noisy. Then random
# patterns, all silent and all active among them, are sent through with every shift.

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
flat, one = neuron_for(8, inhibition=0.0), np.eye(8, dtype=bool)
no_inhibition = np.mean(firing(phase_router(8), 3, one, flat) != np.roll(one, 3, 1))
print(f"without inhibition all peaks are equal, and so is the threshold: {no_inhibition:.1%} are wrong")

# %% [markdown]
# Without inhibition all outputs obey one equation: all eight fire, as here, or with a higher threshold none,
# and 7 or 1 of 8 are wrong. This follows from step 6 and is only shown.
#
# How much room is there between the peak in the own slot and that in the next? From the simulation for
# several $N$, with the inhibition that grows and with one that is fixed at its value for $N = 4$, each with
# its own best delay; and from the limit of step 6, by an integrator, at the delay that is best for $N = 32$.


# %%
def room(n, inhibition=None):
    """The peak of one spike in its own slot over the largest in another, and the best delay in slots."""
    neuron = neuron_for(n, inhibition)
    own, *others = slot_peaks(n, neuron)
    return own / max(others), neuron.delay * n / (2 * np.pi)


def limit_room(delay):
    """The same for many slots, from the equation of step 6 for the own slot and both neighbours."""
    away = np.array([0, 1, -1]) - delay
    speeds = lambda t, V: 8 * np.exp(-8 * t) - 8 * (1 + np.pi**2 * (t + away) ** 2) * V  # noqa: E731
    V = solve_ivp(speeds, (0, 2), np.zeros(3), rtol=1e-9, atol=1e-12, max_step=1 / 128).y.max(axis=1)
    return V[0] / V[1:].max()


# %%
counts, tick = (4, 8, 16, 32), 1 / 64  # a step of the simulation and of the delays tried, in slots
growing, delays = np.transpose([room(n) for n in counts])
fixed_room = [growing[0], *(room(n, neuron_for(4).inhibition)[0] for n in counts[1:])]
extrapolated = growing[-1] + (growing[-1] - growing[-2]) / 3  # if what is missing falls like N^-2
falls = fitted_slope(counts[1:], np.diff(growing))
near = [limit_room(delays[-1] + k * tick) for k in (0, -1, 1)]
print(f"own over next peak, N = {counts}:", np.round(growing, 3), " G fixed at 512:", np.round(fixed_room, 3))
print(f"from step to step it grows like N to the {falls:.2f}; extrapolated {extrapolated:.3f},", end=" ")
print(f"limit {near[0]:.3f}, and one step of the delay earlier and later {near[1]:.3f} and {near[2]:.3f}")

# %% [markdown]
# The own peak is 4.2 times the next at $N = 4$, and with the growing inhibition comes to 4.9 times. With
# the fixed one it is 1.5 times at $N = 8$ and 1.01 times at $N = 32$: a threshold between them has no
# room for noise. No window is built in: the inhibition makes it, and has to be made sharper as slots
# become narrower; by step 6 a slower growth than $N^3$ would not do with this leak and this decay; others
# were not tried. Phases must be precise to $1/N$ as before.
#
# **(g) Invariance by routing.** A random pattern whose largest absolute value is at one place, with
# either sign, at all places: each copy is routed by its own place, which is found outside the router, by
# a maximum over all pixels whose wires are not counted. An image of $d$ pixels takes a router of $d$
# slots.


# %%
def routed_sign(x):
    """The classifier behind the router: positive for white."""
    return x.max() + x.min()


# %%
def routed_copies(x):
    """All shifts of a pattern, each routed by its place, the first of its largest absolute values."""
    copies = [np.roll(x, s) for s in range(8)]
    return np.array([heard[8][-int(np.argmax(np.abs(c))) % 8] @ c for c in copies])


# %%
pattern = np.random.default_rng(seed).uniform(-0.8, 0.8, 8)
routed_spread, other_signs = [], 0
for pattern[0] in (1.0, -1.0):
    canonical = routed_copies(pattern)
    routed_spread.append(np.ptp(canonical, axis=0).max())
    other_signs += np.sum(np.sign(canonical[:, 0]) != np.sign(routed_sign(pattern)))
tied = pattern.copy()
tied[5] = 1.0  # as large as the one at 0, which is -1
tied_spread = np.ptp(routed_copies(tied), axis=0).max()
print(f"16 copies, each routed by its own place, differ by {max(routed_spread):.0e}", end="; ")
print(f"signs at the standard place that are not those of max + min: {other_signs}")
print(f"8 copies of a pattern with two places: they differ by {tied_spread:.0f}")

# %% [markdown]
# The sixteen copies are one. A pattern with two largest absolute values has no place of its own: its copies
# are routed by one or by the other, and come out up to 2 apart.
#
# Then the dot. The images that are not called white are a union of convex sets, one for each pixel that
# may be the lowest: a quadratic program finds the nearest image of each, and the nearest of these is the
# distance.


# %%
def nearest_not_white(x, j):
    """The distance of x to the images whose pixel j is at least as far below 0 as any is above."""
    rows = -np.eye(x.size)
    rows[:, j] -= 1  # row i: -y_i - y_j
    bound = {"type": "ineq", "fun": lambda v: rows @ (x + v), "jac": lambda v: rows}
    options = {"ftol": 1e-15, "maxiter": 500}
    found = minimize(
        lambda v: v @ v, -x, jac=lambda v: 2 * v, constraints=bound, method="SLSQP", options=options
    )
    return np.sqrt(found.fun)


# %%
programs, averaging = {}, {}
for k in (2, 4, 5):
    white, black = dot_on_gray((k, k))
    programs[k * k] = min(nearest_not_white(white.ravel(), j) for j in range(k * k))
    averaging[k * k] = invariant_margin(white[None], black[None]).gap / 2
    print(f"d = {k * k:2}: {programs[k * k]:.7f}, averaging {averaging[k * k]:.4f}")
built = {}
for k in (4, 8, 32):
    white, _ = dot_on_gray((k, k))
    far = white.copy()
    far[k // 2, k // 2], far[0, 0] = 0.5, -0.5
    built[k * k] = np.linalg.norm(far - white), routed_sign(far)

# %% [markdown]
# The number of pixels does not appear: it is the averaging, not the invariance, that costs $\sqrt d$ on this
# pair. That is no free lunch. A classifier that has to find the place first can be led to another place: with
# more pixels that may become the largest, noise does that ever more easily.
#
# ## Where it stops being true
#
# **Conditions.** Without coupling, without a routing unit, with a wide window, with one phase for all
# units, or half a slot off, outputs are right about as often as by chance: two of them under red titles
# above, all five in the controls below. Without inhibition all spiking outputs do the same (step 6),
# whatever the threshold.
#
# **Two largest values.** A pattern with two places has no standard one: of its eight copies some are routed
# by one, some by the other.
#
# **A fixed coupling.** At one noise and coupling the share of spikes in their slot falls as $N$ grows: (d).
#
# **What is left out.** A real shared line has delays and a spike has a width; both take from the slot.
# Only one routing unit is active here. The paper's chip is not modelled.
#
# ## Try it
#
# - **An exercise with a number.** How many units can a router have at $K = 1.5$ and $\sigma = 0.047$, if
#   99 of 100 spikes are to fall into their slot? <details><summary>Answer</summary>$\sigma_\varphi =
#   0.047/\sqrt 3 = 0.0271$, and $\mathrm{erf}(1.82) = 0.99$, so $N \le \pi/(2 \cdot 1.82 \cdot 0.0271)$:
#   31. The cell below asks the series.</details>
# - If two routing units were active, which shift would win? <details><summary>Answer</summary>Neither:
#   the pacemaker rests in the middle of the shorter arc between their lags. Two units next to each other
#   are half a slot off; half a turn apart they cancel.</details>
# - Give the classifier of (g) noise of standard deviation 0.2 on each pixel. At which $d$ does it fail one
#   time in four? Half of the time? <details><summary>Answer</summary>Near $d = 10^6$, where the least of
#   $d$ normal values is about $-1/0.2 = -5$ of its standard deviations. Half of the time: never. By symmetry
#   the least value beats the largest at most every second time; the dot is then of no use.</details>

# %%
largest = max(n for n in range(2, 100) if slot_probability(n, 1.5, 0.047) >= 0.99)
print("units at 99 of 100 spikes:", largest)

# %% [markdown]
# ## Claims checked
#
# Shares of (a) are counts of spikes, and fewer than 0.01 of a spike is expected to miss in all: no
# tolerance. Probabilities: four standard errors over the replicas, or if larger of as many independent
# spikes. The switching times: $10^{-9}$, a hundred times what the integrator was asked for. Slope of the
# limit: the next order is $N^{-4}$, at $N = 8$ some percent of the first: 0.05; its height at $N = 128$:
# so much less that 0.001 leaves room. The limit of mismatch: four standard errors, and 0.001 for the cube
# of the arcsine at $N = 32$ ($b\varphi(b)$ times the variance $(0.25/4)^2$ of a phase). The limit of (f):
# what a delay that is off by one step of the simulation changes; its exponent: the next order is
# $N^{-4}$, a part of $(\pi/8)^2$ at $N = 8$: 0.2. The quadratic programs stop at a part $10^{-15}$ of a
# squared length near 1/2, and meet their bounds to about its root: $10^{-7}$. That all outputs of 8 units
# are right follows from the first row; it stands beside the controls, each one run of one seed, which ask
# for 99%, far above the half that chance gives. The control of half a turn fails by construction: it
# starts at the point of rest. The profile quick has 4 and 8 units in (a) and (f), two values of
# $N\sigma_\varphi$, and mismatch simulated at 8 units only.

# %%
exact = {"evidence": "exact identity"}
data = {"evidence": "statistics"}
ledger = Ledger("Routing by phase is a circular shift")
errors = list(shift_error.values())
ledger.equal("(a) shares, with noise and mismatch: those of the shift, every s", errors, 0, 0, **data)
ledger.equal("(a) 8 units, all patterns: share of outputs that are right, every s", all_right, 1, 0, **data)
ledger.equal("(b) wires by phase, counted: 5 N", by_phase, 5 * counted, 0)
ledger.equal("(b) wires by gates, counted: 2 N^2", by_gates, 2 * counted**2, 0)
ledger.equal("(b) the gates are the same shifts", gate_error, 0, 0)
ledger.at_least("(b) one wire of each kind cut: some share is off by", list(cut_error.values()), 0.1)

# %%
ledger.at_most(
    "(c) simulated shares, in standard errors from the series", np.abs(list(off.values())), 4, **data
)
ledger.equal("(d) the series comes to the error function like N to the power", limit_slope, -2, 0.05)
ledger.equal("(d) and times N^2 it is off by, N = 128", gap[-1] * 128**2, height, 1e-3)
ledger.at_most("(d) mismatch: simulated and arcsine, in standard errors", np.abs(off_drift), 4, **data)
most = 4 * drawn[32].error + 1e-3
ledger.equal("(d) mismatch, K like N: at N = 32, erf(pi/4)", drawn[32].value, erf(np.pi / 4), most, **data)
ledger.equal("(e) switching times, integrated and by the formula", times[:, 0], times[:, 1], 1e-9)
ledger.equal("(e) spikes clear of an edge that go elsewhere than two equations say", astray, 0, 0)
ledger.equal("(f) outputs that fire wrongly", list(wrong.values()), 0, 0)
step_off = np.max(np.abs(np.subtract(near[1:], near[0])))
limit_row = "(f) own over next peak, extrapolated, and by the limit's equation"
ledger.equal(limit_row, extrapolated, near[0], step_off)
ledger.equal("(f) G = 8 N^3: what is missing of the limit falls like N to the power", falls, -2, 0.2)

# %%
ledger.equal("(g) shifted copies, routed by their own place, are one", routed_spread, 0, 0)
ledger.equal("(g) signs at the standard place that are not those of f", other_signs, 0, 0)
nearest_found = list(programs.values())
ledger.equal("(g) a dot is at 1/sqrt 2, by quadratic programs", nearest_found, np.sqrt(0.5), 1e-7)
left, spare = [averaging[n] * np.sqrt(n) for n in averaging], max(averaging) * np.finfo(float).eps
ledger.equal("(g) averaging over shifts leaves 1/sqrt d: times sqrt d", left, 1, spare, **exact)
lengths, at_boundary = np.transpose(list(built.values()))
ledger.equal("(g) the point of step 7 is as far, to 32 x 32 pixels", lengths, np.sqrt(0.5), 1e-15, **exact)
ledger.equal("(g) and f is 0 there", at_boundary, 0, 0, **exact)

# %% [markdown]
# And the controls, which must fail.

# %%
for name, share in broken_right.items():
    ledger.fails(f"(a) {name}: 99% of outputs are right, all patterns of 8 units", share, 1, 0.01, **data)
ledger.fails(
    "(d) noise: the share stays as N grows, with K fixed", fixed_coupling[-1], fixed_coupling[0], 0.05
)
ledger.fails("(d) mismatch: and so it does, with K fixed", unscaled[32].value, unscaled[8].value, 0.05)
# %%
ledger.fails("(e) half a turn of 8 slots: 10 periods later within half a slot", half_turn, 0, half_slot)
ledger.fails(
    f"(f) G fixed: own over next peak at N = {counts[-1]} is that of the limit",
    fixed_room[-1],
    near[0],
    step_off,
)
ledger.fails("(g) two largest absolute values: copies, routed by the first, are one", tied_spread, 0, 0)
ledger.close()

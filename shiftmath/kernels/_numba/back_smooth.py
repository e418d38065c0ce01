r"""Compiled walk of slices through layers with a smooth activation and back, as `back_slices` for the others.

erf and gelu have no kink, so the state is the covariance k of two pre-activations itself, and tau = Theta - k. With
A = 1 + c p = 1 / a^2, B = 1 + c q = 1 / b^2, c = 2 for erf and 1 for gelu, and

    r = c k a b,   R = \sqrt{1 - r^2},   i = a b / R,   E = E[f f],   S = E[f' f'] = dE/dk,

a layer leaves E and (k + tau) S, with

    erf:  E = (2/\pi) \arcsin r,   S = (4/\pi) i,   dE/dp = -(4/\pi) a^2 k i,
          dS/dk = (16/\pi) k i^3,   dS/dp = -(4/\pi) i a^2 / R^2;
    gelu: 2 \pi E = \pi k + i (p q - k^2 + k^2 (a^2 + b^2)) - k \arccos r,
          2 \pi S = \pi + (r / R) (a^2 + b^2 + a^2 b^2 / R^2) - \arccos r,
          4 \pi dE/dp = i (q + (a^2 / R^2) (q - k^2 a^2) - k^2 a^2 (1 + 2 a^2)),
          2 \pi dS/dk = i ((a^2 + b^2 + a^2 b^2 + 3 r^2 a^2 b^2 / R^2) / R^2 + 1),
          2 \pi dS/dp = -a^2 (r / R) ((a^2 + b^2 + 3 a^2 b^2 / R^2) / (2 R^2) + a^2 + 1/2).

1 - r is a difference, of 1 / p at least: errors are roundings times p. Images are tables (rows, N) as in `back_slices`,
but for what follows the row of the inside: of each layer a, then of each layer p.
"""

import math

from shiftmath.kernels._numba.back_maps import clear, put
from shiftmath.kernels._numba.boxes import box, box_back, scale_and_add
from shiftmath.kernels._numba.compile import compiled
from shiftmath.kernels._numba.smooth import erf_dual, gelu_dual
from shiftmath.kernels.plan import ERF


@compiled(disjoint=True)
def erf_entries(k, tau, a, b, E, T):
    """E and (k + tau) S."""
    for j in range(E.size):
        r = 2.0 * k[j] * a[j] * b[j]
        E[j], S = erf_dual(k[j], math.sqrt((1.0 - r) * (1.0 + r)), a[j] * b[j])
        T[j] = (k[j] + tau[j]) * S


@compiled(disjoint=True)
def erf_entries_back(k, tau, a, b, by_E, by_T, by_k, by_tau, by_p):
    """Derivatives by k, tau and, added to by_p, p, from those by E and (k + tau) S."""
    for j in range(k.size):
        r = 2.0 * k[j] * a[j] * b[j]
        square, aa = (1.0 - r) * (1.0 + r), a[j] * a[j]
        i = a[j] * b[j] / math.sqrt(square)
        S, by_S = 4.0 / math.pi * i, by_T[j] * (k[j] + tau[j])
        by_k[j] = (by_E[j] + by_T[j]) * S + by_S * 4.0 * k[j] * S * i * i
        by_tau[j] = by_T[j] * S
        by_p[j] -= S * aa * (by_E[j] * k[j] + by_S / square)


@compiled(disjoint=True)
def gelu_entries(k, tau, a, p, b, q, E, T):
    """E and (k + tau) S."""
    for j in range(E.size):
        r = k[j] * a[j] * b[j]
        R = math.sqrt((1.0 - r) * (1.0 + r))
        excess, S = gelu_dual(k[j], p[j] * q[j] - k[j] * k[j], R, a[j] * b[j], a[j], b[j])
        E[j] = 0.5 * k[j] + excess
        T[j] = (k[j] + tau[j]) * S


@compiled(disjoint=True)
def gelu_entries_back(k, tau, a, p, b, q, by_E, by_T, by_k, by_tau, by_p):
    """Derivatives by k, tau and, added to by_p, p, from those by E and (k + tau) S."""
    for j in range(k.size):
        r, aa, bb, kk = k[j] * a[j] * b[j], a[j] * a[j], b[j] * b[j], k[j] * k[j]
        square = (1.0 - r) * (1.0 + r)
        R = math.sqrt(square)
        _, S = gelu_dual(k[j], p[j] * q[j] - kk, R, a[j] * b[j], a[j], b[j])
        over, both, i = 1.0 / square, aa * bb / square, a[j] * b[j] / R
        S_k = i * ((aa + bb + aa * bb + 3.0 * r * r * both) * over + 1.0) / (2.0 * math.pi)
        S_p = -aa * r / R * (0.5 * (aa + bb + 3.0 * both) * over + aa + 0.5) / (2.0 * math.pi)
        E_p = i * (q[j] + aa * over * (q[j] - kk * aa) - kk * aa * (1.0 + 2.0 * aa)) / (4.0 * math.pi)
        by_S = by_T[j] * (k[j] + tau[j])
        by_k[j] = (by_E[j] + by_T[j]) * S + by_S * S_k
        by_tau[j] = by_T[j] * S
        by_p[j] += by_E[j] * E_p + by_S * S_p


@compiled(disjoint=True)
def products(x, z, out):
    """out += x z."""
    for k in range(out.size):
        out[k] += x[k] * z[k]


@compiled(disjoint=True)
def clear_pairs(in_x, in_y, k, tau):
    """0 where a pixel is outside: so are E and (k + tau) S there, for one variance is 0."""
    for j in range(k.size):
        inside = in_x[j] * in_y[j]
        k[j], tau[j] = inside * k[j], inside * tau[j]


@compiled
def smooth_forward(x, a, z, N, bias, network, state, work):
    """`forward` of `back_slices`; leaves E and (k + tau) S of the last layer in the first two rows of work."""
    (kind, _, clamp), (C, L), shape, (first, later), _ = network
    E, T, half, extended = work[0][:N], work[1][:N], work[2][:N], work[8:].reshape(-1)
    clear(E)
    for channel in range(C):
        products(x[channel][a : a + N], z[channel][:N], E)
    for l in range(L):
        k, tau = state[2 * l][:N], state[1 + 2 * l][:N]
        box(E, half, k, extended, shape)
        scale_and_add(k, later if l else first, bias[0])
        clear(tau)
        if l:
            box(T, half, tau, extended, shape)
            scale_and_add(tau, later, 0.0)
        A, B, p, q = x[C + 1 + l][a : a + N], z[C + 1 + l][:N], x[C + 1 + L + l][a : a + N], z[C + 1 + L + l][:N]
        if clamp:
            clear_pairs(x[C][a : a + N], z[C][:N], k, tau)
        if kind == ERF:
            erf_entries(k, tau, A, B, E, T)
        else:
            gelu_entries(k, tau, A, p, B, q, E, T)


@compiled
def smooth_backward(x, a, z, N, network, state, work, by_p):
    """`backward` of `back_slices`: those by the variances of x are added to by_p (layers, .).

    In the first two rows of work it leaves derivatives by |x - z|^2 and |x + z|^2 of the pixels, of which x z is the
    fourth part of a difference, without the factor of the first layer.
    """
    (kind, _, clamp), (C, L), shape, (_, later), _ = network
    E, T, half, extended = work[0][:N], work[1][:N], work[2][:N], work[8:].reshape(-1)
    by_k, by_tau = work[4][:N], work[5][:N]
    for back in range(L):
        l = L - 1 - back
        k, tau, out = state[2 * l][:N], state[1 + 2 * l][:N], by_p[l][a : a + N]
        A, B, p, q = x[C + 1 + l][a : a + N], z[C + 1 + l][:N], x[C + 1 + L + l][a : a + N], z[C + 1 + L + l][:N]
        if kind == ERF:
            erf_entries_back(k, tau, A, B, E, T, by_k, by_tau, out)
        else:
            gelu_entries_back(k, tau, A, p, B, q, E, T, by_k, by_tau, out)
        if clamp:
            clear_pairs(x[C][a : a + N], z[C][:N], by_k, by_tau)
        box_back(by_k, half, E, extended, shape)
        box_back(by_tau, half, T, extended, shape)
        if l:
            scale_and_add(E, later, 0.0)
            scale_and_add(T, later, 0.0)
    put(E, 0.25, T)
    put(T, -1.0, E)

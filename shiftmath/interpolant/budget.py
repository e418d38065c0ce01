r"""Lower bounds on sums of functions of patches, which share the length of one step.

Each patch falls, for a step y of the image that gives it $k_p$, by at most $-\langle g_p, k_p\rangle + \ell_p(|k_p|)$
(`patch_bounds`). Prices $\mu_p \ge 0$ of squared lengths turn the sum of the $\ell_p$ into one quadratic form,

$$\sum_p \ell_p(|k_p|) \le \sum_p \mu_p |k_p|^2 + \sum_p \max_{0 \le t \le r} (\ell_p(t) - \mu_p t^2), \qquad
\sum_p \mu_p |k_p|^2 = \tfrac12 \sum_i D_i y_i^2, \quad D_i = 2 \sum_{p \ni i} \mu_p,$$

for a patch holds each of its pixels once. With the sum G of the $g_p$ no step of length r or less falls by more than

$$\tfrac12 m r^2 + \tfrac12 \sum_i \frac{G_i^2}{m - D_i} + \sum_p \max_{0 \le t \le r} (\ell_p(t) - \mu_p t^2),$$

for any $m > \max_i D_i$: $-\langle G, y\rangle + \frac12 \sum_i D_i y_i^2 + \frac12 m (r^2 - |y|^2)$ is concave in y,
and this its largest value. The bound is convex in the prices, and any prices are sound.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from shiftmath.interpolant.directions import largest
from shiftmath.interpolant.patch_bounds import Losses

__all__ = ["Budget", "on_image"]

FIRST = 0.2  # of the largest radius, at which prices are first set
SCALES = np.exp(np.linspace(-5, 2, 15))  # of the first prices
ROUNDS = 4  # of a radius for the prices and prices for the radius
STEPS = 40  # of the prices in a round

Pixels = Float[np.ndarray, "pixels"]
Prices = Float[np.ndarray, "patches"]
Table = Float[np.ndarray, "patches radii"]


def on_image(values: np.ndarray, entries: Int[np.ndarray, "patches d"], size: int) -> Pixels:
    """The sum for each entry of an image of this size of the numbers that patches have for it."""
    values = np.broadcast_to(np.reshape(values, (len(entries), -1)), entries.shape)
    return np.bincount(entries.reshape(-1), values.reshape(-1), size + 1)[:-1]


@dataclass(frozen=True, eq=False)
class Budget:
    """The losses of all patches up to the radii R, their slopes' sum G, and the entries of the image in each."""

    R: Float[np.ndarray, "radii"]
    G: Pixels
    lost: Table
    kinks: Table
    square: Table
    entries: Int[np.ndarray, "patches d"]

    @classmethod
    def of(
        cls, choices: list[list[Losses]], R: np.ndarray, r: float, entries: Int[np.ndarray, "patches d"], size: int
    ) -> "Budget":
        """Of the losses of patches at R, of each the ones that are least at r; entries after the image's are bias."""
        powers = r ** np.arange(3)
        at = min(int(np.searchsorted(R, r)), len(R) - 1)
        losses = [min(own, key=lambda loss: float(np.dot(loss.at(at), powers))) for own in choices]
        G = on_image(np.stack([own.slope[: entries.shape[1]] for own in losses]), entries, size)
        lost, kinks, square = (np.stack([getattr(own, name) for own in losses]) for name in ("lost", "kinks", "square"))
        return cls(R, G, lost, kinks, square, entries)

    @cached_property
    def slope(self) -> float:
        """The length of G."""
        return float(np.linalg.norm(self.G))

    def form(self, prices: Prices) -> Pixels:
        """D."""
        return on_image(2 * prices, self.entries, self.G.size)

    def multiplier(self, D: Pixels, r: float) -> float:
        """An m above all D, the best one but for the bisection."""
        low, high = float(D.max()), float(D.max()) + self.slope / r
        squares = self.G**2
        for _ in range(40):
            middle = (low + high) / 2
            over = middle - D
            low, high = (middle, high) if not over.all() or float((squares / over**2).sum()) > r**2 else (low, middle)
        return high

    def peaks(self, prices: Prices, r: float) -> tuple[Prices, Prices]:
        """For each patch the largest loss above the price of its length up to r, and that length."""
        high = np.minimum(self.R, r)
        low = np.concatenate([[0.0], high[:-1]])
        c = self.square - prices[:, None]
        with np.errstate(all="ignore"):
            inner = np.where(c < 0, -self.kinks / (2 * c), high)
        inner = np.clip(inner, low, high)
        values = np.stack([self.lost + self.kinks * t + c * t**2 for t in (inner, np.broadcast_to(high, c.shape))])
        values = np.where(low < r, values, 0).reshape(2, *c.shape).transpose(1, 0, 2).reshape(len(c), -1)
        best, rows = values.argmax(axis=1), np.arange(len(c))
        lengths = np.concatenate([inner, np.broadcast_to(high, c.shape)], axis=1)[rows, best]
        return np.maximum(0, values[rows, best]), np.where(values[rows, best] > 0, lengths, 0)

    def fall(self, prices: Prices, r: float) -> float:
        """The bound of the module."""
        return self._fall(prices, r)[0]

    def _fall(self, prices: Prices, r: float) -> tuple[float, Prices]:
        """And for each patch the squared length in the worst step, less that at which its loss is largest."""
        D = self.form(prices)
        m = self.multiplier(D, r)
        over = np.maximum(m - D, np.finfo(float).tiny)
        excess, lengths = self.peaks(prices, r)
        step = np.append(self.G / over, 0.0)[self.entries]
        bound = m * r**2 / 2 + float((self.G**2 / over).sum()) / 2 + float(excess.sum())
        return bound, (step**2).sum(axis=1) - lengths**2

    def first(self, r: float) -> Prices:
        """The best of prices that are equal, or as the losses at r, or in between."""
        at = min(int(np.searchsorted(self.R, r)), len(self.R) - 1)
        own = (self.lost[:, at] + self.kinks[:, at] * r + self.square[:, at] * r**2) / r**2
        top = max(float(own.max()), np.finfo(float).tiny)
        shares = np.maximum(own / top, 1e-9)
        tried = [scale * top * shares**power for power in (0, 0.5, 1) for scale in SCALES]
        return min(tried, key=lambda prices: self.fall(prices, r))

    def better(self, prices: Prices, r: float) -> Prices:
        """Prices after steps down the gradient of the bound, or the given ones."""
        q = float(on_image(np.ones(len(prices)), self.entries, self.G.size).max())
        best, found = math.inf, prices
        for step in range(STEPS):
            bound, gradient = self._fall(prices, r)
            if bound < best:
                best, found = bound, prices
            prices = prices * np.exp(-np.clip(q * gradient / r**2, -1, 1) / (10 + step))
        return found

    def radius(self, margin: float, slack: float, known: float) -> float:
        """The largest r from `known` to the last R at which the sum, and r times a slack, falls less than a margin."""
        best, upper = known, float(self.R[-1])
        prices = self.first(max(known, FIRST * upper))
        for _ in range(ROUNDS):
            found = largest(self._holds(prices, margin, slack), upper, best)
            if found <= best * (1 + 1e-3):
                return found
            best, prices = found, self.better(prices, found)
        return best

    def _holds(self, prices: Prices, margin: float, slack: float) -> Callable[[float], bool]:
        return lambda r: self.fall(prices, r) + slack * r < margin

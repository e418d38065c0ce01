"""Numbers that were measured, with how far they may be off: means, paired ratios, slopes, and the bootstrap.

What is repeated (seeds, draws, images) are independent repetitions; every interval below is over these and over
nothing else.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_callable, as_count, as_number
from shiftmath._shared.scaling import exponent
from shiftmath._shared.values import show
from shiftmath.pages.claims import numbers

__all__ = ["Estimate", "Interval", "bootstrap", "fitted_slope", "mean", "paired_ratio", "slope"]

STATISTIC = "a function of the tables that gives one real number"
TABLES = "tables (seeds, items) of numbers or NaN, with the same items"


class Interval(NamedTuple):
    """A value and the ends of its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


class Estimate(NamedTuple):
    """A value and its standard error, numbers or arrays of one shape."""

    value: Any
    error: Any

    def __str__(self) -> str:
        lines = zip(np.ravel(self.value).tolist(), np.ravel(self.error).tolist(), strict=True)
        return " ".join(f"{value:.3g} +- {error:.2g}" for value, error in lines)

    def distance(self, expected: ArrayLike) -> float:
        """The largest distance of a value from what was expected, in standard errors."""
        return float(np.max(np.abs(self.value - np.asarray(expected)) / self.error))


def mean(samples: ArrayLike) -> Estimate:
    r"""The mean $m$ over the first axis, of $k$ repetitions, with its standard error.

    That is $s/\sqrt k$ with $s^2 = \sum_i (x_i - m)^2/(k - 1)$.

    Raises:
        ValueError: fewer than two repetitions, or numbers that are not finite.

    >>> print(mean([1.0, 2.0, 3.0]))
    2 +- 0.58
    """
    x = numbers("samples", samples, False)
    if len(np.atleast_1d(x)) < 2:
        raise ValueError(f"samples: got shape {x.shape}, takes at least two repetitions along the first axis")
    size = 2.0 ** exponent(x)  # no square overflows, or is lost
    return Estimate(size * (x / size).mean(0), size * (x / size).std(0, ddof=1) / math.sqrt(len(x)))


def paired_ratio(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    r"""The geometric mean of $a_i/b_i$ over pairs, with Student's interval for the mean of $\log a_i - \log b_i$.

    Args:
        a, b: positive numbers, as many of one as of the other; a[i] and b[i] belong together.
        level: the probability that the interval holds the true ratio, if the logarithms are normal.

    >>> print(paired_ratio([2.0, 4.0, 6.0], [1.0, 2.0, 3.0]))
    2 [2, 2]
    """
    from scipy.stats import t

    a, b = (_positive(name, x) for name, x in (("a", a), ("b", b)))
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"a and b: got shapes {a.shape} and {b.shape}, takes one number of each for every pair")
    value, error = mean(np.log(a) - np.log(b))
    reach = error * t.ppf((1 + _level(level)) / 2, len(a) - 1)
    with np.errstate(over="ignore"):
        found = Interval(*(float(np.exp(v)) for v in (value, value - reach, value + reach)))
    if found.high == math.inf:
        raise ValueError(f"a and b: got {show(a)} and {show(b)}, takes numbers whose ratio does not overflow")
    return found


def slope(xs: ArrayLike, samples: ArrayLike, root: float = 1.0) -> Estimate:
    r"""The least-squares slope of $\log m^{1/r}$ against $\log x$, $m$ the mean over repetitions of $|sample|^r$.

    With r = 2 that is the slope of a root mean square. Its standard error carries that of each $m$ through the fit: the
    repetitions are independent, so it is $|(x_i - \bar x)\,e_i| / |x - \bar x|^2$ in the logarithms, where $e_i$ is the
    standard error of $m_i$ over $r\,m_i$.

    Args:
        xs: at least three positive numbers.
        samples: (len(xs), repetitions), at least two of each, their mean not 0.

    >>> print(slope([1, 2, 4], [[1.0, 1.1], [2.0, 2.2], [4.0, 4.4]]))
    1 +- 0.049
    """
    r = as_number("root", root, positive=True)
    x, sizes = _positive("xs", xs), np.abs(numbers("samples", samples, False))
    if sizes.ndim != 2 or sizes.shape[1] < 2 or not (largest := sizes.max(axis=1)).all():
        raise ValueError(f"samples: got {show(samples)}, takes rows of at least two repetitions, not all of them 0")
    m, error = mean(((sizes / largest[:, None]) ** r).T)
    value = fitted_slope(x, largest * m ** (1 / r))
    centred = np.log(x) - np.log(x).mean()
    return Estimate(value, np.linalg.norm(centred * error / (m * r)) / (centred @ centred))


def bootstrap(
    statistic: Callable[..., float], *tables: ArrayLike, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> Interval:
    """A statistic of tables (seeds, items) with its percentile interval, over seeds and items drawn with repetition.

    All tables are of the same items, which are drawn once for all of them; each table's seeds are drawn for themselves.
    NaN marks what is missing. With few seeds the interval is mostly that of the items.
    """
    of = as_callable("statistic", statistic, STATISTIC)
    whole = [as_array("tables", table, TABLES, to_numpy=True).astype(float) for table in tables]
    shapes = [t.shape for t in whole]
    if {len(s) for s in shapes} != {2} or len({s[1] for s in shapes}) > 1 or any(0 in s for s in shapes):
        raise ValueError(f"tables: got shapes {shapes}, takes {TABLES}")
    if any(np.isinf(t).any() for t in whole):
        raise ValueError(f"tables: got an infinite number, takes {TABLES}")
    rng, tail = np.random.default_rng(as_count("seed", seed, least=0)), (1 - _level(level)) / 2
    values = [_one_number(of, _drawn(rng, whole)) for _ in range(as_count("draws", draws))]
    return Interval(_one_number(of, whole), *np.quantile(values, [tail, 1 - tail]).tolist())


def _drawn(rng: np.random.Generator, tables: list[np.ndarray]) -> list[np.ndarray]:
    """Tables of as many seeds and items, drawn with repetition."""
    items = rng.integers(tables[0].shape[1], size=tables[0].shape[1])
    return [t[rng.integers(len(t), size=len(t))][:, items] for t in tables]


def _one_number(statistic: Callable[..., float], tables: list[np.ndarray]) -> float:
    value = np.asarray(statistic(*tables))
    if value.ndim or value.dtype.kind not in "biuf":
        raise ValueError(f"statistic: got a result of shape {value.shape}, takes {STATISTIC}")
    return float(value)


def fitted_slope(xs: ArrayLike, ys: ArrayLike) -> float:
    """The slope of log y against log x, by least squares over at least three positive points.

    >>> round(fitted_slope([1, 2, 4], [3, 12, 48]), 12)
    2.0
    """
    x, y = numbers("xs", xs, False), numbers("ys", ys, False)
    if x.shape != y.shape or x.ndim != 1 or len(set(x.tolist())) < 3 or min(x.min(), y.min()) <= 0:
        raise ValueError(
            f"xs and ys: got {show(x)} and {show(y)}, takes as many ys as xs, all above 0, at three different xs"
        )
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _positive(name: str, x: ArrayLike) -> np.ndarray:
    array = numbers(name, x, False)
    if array.min() <= 0:
        raise ValueError(f"{name}: got {show(array)}, takes positive numbers")
    return array


def _level(level: float) -> float:
    return as_number("level", level, positive=True, below=1)

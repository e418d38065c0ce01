"""The answers: what invariance costs for two classes, and for all pairs of several."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath._shared.arguments import as_choice
from shiftmath.groups import Group
from shiftmath.margins import Separator
from shiftmath.price.linear import Margin
from shiftmath.price.picture import figure
from shiftmath.price.tables import Record, as_frame, as_html, as_text, interval
from shiftmath.price.wide import Wide

__all__ = ["Price", "Prices"]

NUMBERS = ("plain_gap", "invariant_gap", "ratio", "share", "soft_ratio")  # of a pair
BOUNDS, RATIO = ("lower", "upper"), ("ratio_lower", "ratio_upper")
HEADINGS = ("separator", "what", "share", "value", "ratio to the first")
PAIR_HEADINGS = ("classes", "gap of any", "of invariant ones", "ratio", "share", "ratio at it", "at infinite width")


@dataclass(frozen=True, eq=False)
class Price:
    """What invariance costs for two classes.

    Attributes:
        plain, invariant: the best separator of any kind and the best invariant one, each with its certificate, hard
            or, of classes that overlap, at the least share of each class that has one.
        compared: the best separator of any kind at the share of `invariant`.
        wide: distances to the boundaries of infinitely wide networks on a subsample, one entry a network.
        group: whose invariance is meant.
        samples: how many positives and negatives.
        shape: of a sample.
    """

    plain: Margin
    invariant: Margin
    compared: Separator | None
    wide: tuple[Wide, ...]
    group: Group
    samples: tuple[int, int]
    shape: tuple[int, ...]

    @property
    def plain_gap(self) -> float:
        """The largest gap of any separator; 0 where the hulls meet."""
        return self.plain.hard_gap

    @property
    def invariant_gap(self) -> float:
        """The largest gap of any invariant separator; 0 where there is none."""
        return self.invariant.hard_gap

    @property
    def ratio(self) -> float:
        """Invariant gap over plain gap: 1 where invariance is free, 0 where none separates; NaN where nothing does."""
        return self.invariant_gap / self.plain_gap if self.plain_gap > 0 else math.nan

    @property
    def share(self) -> float | None:
        """The share of each class at which the soft gaps are compared; 0 for hard ones, None where there is none."""
        return self.invariant.share

    @property
    def soft_ratio(self) -> float:
        """Invariant over plain gap at that share, the `ratio` where it is 0; NaN where no share has a separator."""
        if self.compared is None or self.invariant.separator is None:
            return math.nan
        return self.invariant.separator.gap / self.compared.gap

    @property
    def perturbation(self) -> Float[np.ndarray, "*spatial"] | None:
        """The smallest change that takes the nearest positives onto the invariant boundary: -gap / 2 times its normal.

        At a share it takes the mean of the share that lies nearest there. None where nothing invariant separates.
        """
        return _perturbation(self.invariant.separator)

    @property
    def plain_perturbation(self) -> Float[np.ndarray, "*spatial"] | None:
        """The same for the best separator of any kind, at the same share."""
        return _perturbation(self.compared or self.plain.separator)

    @property
    def records(self) -> list[Record]:
        """The rows of the table, with numbers: separator, what, share, lower, upper, ratios to the first, note."""
        rows = _with_ratios([_hard("any", self.plain), _hard("invariant", self.invariant)])
        if self.share and self.invariant.separator and self.compared:
            pair = (("any", self.compared), ("invariant", self.invariant.separator))
            rows += _with_ratios([_soft(name, s, self.share) for name, s in pair])
        distances = [_record(repr(w.kernel), "median distance", math.nan, *w.median, w.note) for w in self.wide]
        return rows + _with_ratios(distances)

    def to_frame(self) -> Any:
        """The records as a pandas.DataFrame."""
        return as_frame(self.records)

    def __repr__(self) -> str:
        return "\n".join([self._title, as_text(self._rows), *self._notes])

    def _repr_html_(self) -> str:
        images = [("the cheapest change of any separator", self.plain_perturbation), ("invariant", self.perturbation)]
        pictures = figure([(words, x) for words, x in images if x is not None])
        return as_html(self._title, self._rows, self._notes, pictures)

    @property
    def _title(self) -> str:
        n, m = self.samples
        few = self.wide[0].samples if self.wide else ((), ())
        wide = f"; at infinite width {len(few[0])} + {len(few[1])} of them, distances of one each" if self.wide else ""
        return f"What invariance costs: {n} + {m} samples of shape {self.shape}{wide}"

    @property
    def _notes(self) -> list[str]:
        return [f"{r['separator']}: {r['note']}" for r in self.records if r["note"]]

    @property
    def _rows(self) -> list[tuple[str, ...]]:
        return [HEADINGS, *map(_cells, self.records)]


@dataclass(frozen=True, eq=False)
class Prices:
    """What invariance costs for all pairs of several classes: {(label, label): Price}, in order.

    `matrix` has the ratios as a table of classes; the rest is as for a `Price`.
    """

    classes: tuple[Any, ...]
    pairs: dict[tuple[Any, Any], Price]

    def __getitem__(self, pair: tuple[Any, Any]) -> Price:
        return self.pairs[pair[::-1] if pair[::-1] in self.pairs else pair]

    def matrix(self, name: str = "ratio") -> Float[np.ndarray, "classes classes"]:
        """A number of each pair by its name, one of `NUMBERS`, symmetric, NaN on the diagonal."""
        as_choice("name", name, NUMBERS)
        table = np.full((len(self.classes),) * 2, np.nan)
        for (a, b), price in self.pairs.items():
            i, j = self.classes.index(a), self.classes.index(b)
            value = getattr(price, name)
            table[i, j] = table[j, i] = math.nan if value is None else value
        return table

    @property
    def records(self) -> list[Record]:
        """The records of all pairs, each with its classes."""
        return [{"classes": f"{a} and {b}"} | r for (a, b), price in self.pairs.items() for r in price.records]

    def to_frame(self) -> Any:
        """The records as a pandas.DataFrame."""
        return as_frame(self.records)

    def __repr__(self) -> str:
        return f"{self._title}\n{as_text(self._rows)}"

    def _repr_html_(self) -> str:
        words = f"ratio at the share, from 0 (gray) to 1 (white), of classes {', '.join(map(str, self.classes))}"
        return as_html(self._title, self._rows, [], figure([(words, np.nan_to_num(self.matrix("soft_ratio")))], 1.0))

    @property
    def _title(self) -> str:
        pairs = "one pair" if len(self.pairs) == 1 else f"{len(self.pairs)} pairs"
        return f"What invariance costs: {pairs} of {len(self.classes)} classes"

    @property
    def _rows(self) -> list[tuple[str, ...]]:
        return [PAIR_HEADINGS, *(_pair_cells(a, b, price) for (a, b), price in self.pairs.items())]


def _perturbation(separator: Separator | None) -> Float[np.ndarray, "*spatial"] | None:
    return None if separator is None else -separator.robustness * separator.normal


def _record(separator: str, what: str, share: float, lower: float, upper: float, note: str) -> Record:
    return {"separator": separator, "what": what, "share": share, "lower": lower, "upper": upper, "note": note}


def _hard(name: str, margin: Margin) -> Record:
    """The hard margin, or 0 and why."""
    if margin.separator is None or margin.share:
        share = "not even the means differ" if margin.share is None else f"they do not at the share {margin.share:g}"
        return _record(name, "gap", 0.0, 0.0, 0.0, f"{margin.obstacle}; {share}")
    return _soft(name, margin.separator, 0.0)


def _soft(name: str, separator: Separator, share: float) -> Record:
    c = separator.certificate
    # At rounding the slab may seem wider than the points are apart.
    lower, upper = min(c.lower, c.upper), max(c.lower, c.upper)
    return _record(name, "gap", share, lower, upper, "")


def _with_ratios(records: list[Record]) -> list[Record]:
    """Records with bounds of their ratio to the first of them, of which it is 1; NaN where that is 0 or unbounded."""
    low, high = (records[0][end] for end in ("lower", "upper")) if records else (0.0, 0.0)
    ratios = [(_over(r["lower"], high), _over(r["upper"], low)) for r in records]
    if low > 0:
        ratios[0] = 1.0, 1.0
    return [r | dict(zip(RATIO, pair, strict=True)) for r, pair in zip(records, ratios, strict=True)]


def _over(a: float, b: float) -> float:
    return a / b if 0 < b < math.inf else math.nan


def _cells(record: Record) -> tuple[str, ...]:
    share = "" if not record["share"] > 0 else f"{record['share']:g}"
    value, ratio = (interval(record[low], record[high]) for low, high in (BOUNDS, RATIO))
    return record["separator"], record["what"], share, value, ratio


def _pair_cells(a: Any, b: Any, price: Price) -> tuple[str, ...]:
    """A pair as one row."""
    gaps = (f"{v:.4g}" for v in (price.plain_gap, price.invariant_gap, price.ratio))
    share = "-" if price.share is None else f"{price.share:g}"
    last = [r for r in price.records if r["what"] != "gap"][1:][-1:]  # the first has no invariance
    wide = interval(last[0]["ratio_lower"], last[0]["ratio_upper"]) if last else ""
    return f"{a} and {b}", *gaps, share, f"{price.soft_ratio:.4g}", wide

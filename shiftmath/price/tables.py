"""Records, dictionaries with the same keys, as a table of text, as HTML and as a data frame."""

import html
import math
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import Any

__all__ = ["as_frame", "as_html", "as_text", "interval"]

Record = dict[str, Any]


def interval(lower: float, upper: float, digits: int = 4) -> str:
    """Two bounds, as one number where they are the same to so many digits; else the lower down, the upper up.

    >>> interval(0.5, 0.5 + 1e-9), interval(1.0, float("inf")), interval(float("nan"), float("nan"))
    ('0.5', '1 or more', '-')
    >>> interval(0.99999, 1.23451)
    '0.9999 to 1.235'
    """
    if math.isnan(lower) or math.isnan(upper):
        return "-"
    if math.isinf(lower):
        return f"{upper:g}"
    nearest, low, high = (
        f"{lower:.{digits}g}",
        _towards(lower, digits, ROUND_FLOOR),
        _towards(upper, digits, ROUND_CEILING),
    )
    if math.isinf(upper):
        return f"{low} or more"
    return nearest if nearest == f"{upper:.{digits}g}" else f"{low} to {high}"


def _towards(value: float, digits: int, rounding: str) -> str:
    """A number with so many digits, rounded one way."""
    if math.isinf(value):
        return f"{value:g}"
    return f"{float(Context(prec=digits, rounding=rounding).create_decimal(value)):.{digits}g}"


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells, the first of them the headings, in columns.

    >>> print(as_text([("kind", "gap"), ("plain", "2")]))
    kind   gap
    plain  2
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def as_html(title: str, rows: Sequence[Sequence[str]], notes: Sequence[str], figure: str) -> str:
    """The same as a table of HTML with a caption, and below it notes and a figure, which is HTML itself.

    >>> as_html("<a>", [("kind",), ("plain",)], ["a < b"], "").count("&lt;")
    2
    """

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f'<{tag} style="text-align: left">{html.escape(c)}</{tag}>' for c in cells) + "</tr>"

    body = "\n".join([line(rows[0], "th"), *(line(row, "td") for row in rows[1:])])
    below = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    return f"<table>\n<caption>{html.escape(title)}</caption>\n{body}\n</table>\n{below}{figure}"


def as_frame(records: Sequence[Record]) -> Any:
    """A pandas.DataFrame with a row for each record.

    Raises:
        ImportError: pandas is not installed.
    """
    try:
        from pandas import DataFrame
    except ImportError as error:
        raise ImportError("to_frame() makes a pandas.DataFrame: pip install pandas; .records needs nothing") from error
    return DataFrame(list(records))

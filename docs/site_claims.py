"""The page of all claims: how many of each kind of evidence, as a table and as a graph, and each with its numbers.

The claims are read from the ledgers in the committed pages, so that a fresh clone has them without running anything.
"""

from collections import Counter
from html import escape

from site_evidence import CONTROL, KINDS, count, kind_of, name
from site_graph import graph, users
from site_pages import Page, Row

__all__ = ["claims_page"]

COLUMNS = ("claim", "kind", "evidence", "expected", "measured", "tolerance", "slack")

INTRODUCTION = """# All claims

Every page ends with a ledger: what a theory predicts, what was measured by a route that shares no code with the
prediction, how far the two may be apart, and what is left of that. Here are the ledgers of all rendered pages,
{claims} claims and {controls} controls. A **control** is a claim with a hypothesis dropped; it has to fail, and does.
A page with a claim that is false, or a control that holds, is not written. `make notebooks` computes them anew, and
leaves its own in `build/ledger.json`.

What a claim rests on, from the strongest to the weakest:

| evidence | meaning | claims |
|---|---|---|
{meanings}

Slack is the tolerance less the error: what is left before a claim is false. A claim leads to its line on its page.
"""

MEANINGS = {
    "proved by machine": "a theorem of [proofs/](proofs.md), checked by Coq; the page sets its own numbers into it",
    "exact identity": "whole numbers, fractions or symbols: nothing was rounded",
    "certified enclosure": "intervals or certificates that contain the value, whatever rounding did",
    "independent computation": "two routes that share no code agree, within the rounding they may differ by",
    "statistics": "samples or seeds, within a stated number of standard errors or by the end of an interval",
    "quoted": "a published number, compared with one computed here",
    "pinned": "a number of an earlier run, kept so that a change is seen: no prediction",
    CONTROL: "a hypothesis is dropped, and the claim fails as it must",
}


def legend(pages: list[Page]) -> str:
    """How the picture is read."""
    kinds = " ".join(f'<span class="{name(kind)}">{kind}</span>' for kind in KINDS)
    total = sum(len(page.rows) for page in pages)
    return f"""A line leads from a page (■) down to those that need it (●) or only refer to it (○). The bars are their
claims, {total} in all, by evidence. Titles lead to the pages, bars to the claims below.

<p class="legend">{kinds}</p>"""


def place(page: Page, later: dict[str, dict[str, str]], paths: dict[str, str]) -> str:
    """A line with the page, those that it needs, and those that need it."""

    def links(numbers: list[str]) -> str:
        return ", ".join(f"[{number}](notebooks/{paths[number]})" for number in numbers)

    after = [number for number, how in later.get(page.number, {}).items() if how == "needs"]
    parts = {"Needs": page.needs, "Refers to": page.refers, "Needed by": after}
    said = [f"{words} {links(numbers)}" for words, numbers in parts.items() if numbers]
    return " · ".join([f"[The page](notebooks/{page.path.name})", *said])


def table(page: Page) -> str:
    """The claims of a page, one a line, each with a link to its line there."""
    head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
    body = "\n".join(line(page, number, row) for number, row in enumerate(page.rows, 1))
    return f'<table class="claims">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'


def line(page: Page, number: int, row: Row) -> str:
    """One claim."""
    link = f'<a href="notebooks/{page.path.stem}.html#claim-{number}">{escape(row.claim)}</a>'
    shown = [row.kind, kind_of(row), row.expected, row.measured, row.tolerance, row.slack]
    cells = "".join(f'<td data-name="{c}">{escape(v)}</td>' for c, v in zip(COLUMNS[1:], shown, strict=True))
    return f'<tr class="{name(kind_of(row))}"><td>{link}</td>{cells}</tr>'


def claims_page(pages: list[Page]) -> str:
    """The page of all claims, in MyST."""
    counts = sum((count(page) for page in pages), Counter[str]())
    meanings = "\n".join(f"| {kind} | {MEANINGS[kind]} | {counts[kind]} |" for kind in KINDS)
    words = INTRODUCTION.format(
        claims=sum(counts.values()) - counts[CONTROL], controls=counts[CONTROL], meanings=meanings
    )
    parts = [words, "## What each page needs, and its evidence", graph(pages), legend(pages)]
    later, paths = users(pages), {page.number: page.path.name for page in pages}
    for page in pages:
        parts.append(f'<div class="anchor" id="claims-{page.number}"></div>')
        parts.append(f"## {page.number} {page.title}\n\n{place(page, later, paths)}")
        parts.append(table(page))
    return "\n\n".join(parts) + "\n"

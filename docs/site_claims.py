"""The page of all claims: how many of each kind of evidence, as a table and as a picture, and each with its numbers.

The claims are read from the ledgers in the committed pages, so that a fresh clone has them without running anything.
"""

from collections import Counter
from html import escape

from site_pages import Page, Row

from shiftmath.pages.claims import EVIDENCE

__all__ = ["claims_page"]

CONTROL = "control that must fail"
KINDS = (*EVIDENCE, CONTROL)
COLUMNS = ("claim", "kind", "evidence", "expected", "measured", "tolerance", "slack")
BAR, GAP, LEFT, WIDTH = 22, 8, 34, 640

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


def kind_of(row: Row) -> str:
    """What a claim rests on; controls are a kind of their own."""
    return CONTROL if row.kind == "fails" else row.evidence


def count(page: Page) -> Counter[str]:
    """How many claims of a page rest on what."""
    return Counter(map(kind_of, page.rows))


def name(kind: str) -> str:
    """What a kind of evidence is called in the style sheet."""
    return kind.split()[0]


def graph(pages: list[Page]) -> str:
    """One bar a page, with a piece for each kind of evidence."""
    most = max(len(page.rows) for page in pages)
    bars = "\n".join(bar(page, i * (BAR + GAP), (WIDTH - LEFT - 40) / most) for i, page in enumerate(pages))
    height, total = len(pages) * (BAR + GAP), sum(len(page.rows) for page in pages)
    title = (
        f"Claims of each page by their evidence: {total} lines of {len(pages)} ledgers. The table below has them all."
    )
    return (
        f'<svg class="claims" viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{title}">\n{bars}\n</svg>\n'
        f'<p class="legend">{" ".join(f"<span class={chr(34)}{name(k)}{chr(34)}>{k}</span>" for k in KINDS)}</p>'
    )


def bar(page: Page, y: int, scale: float) -> str:
    """The bar of one page, which leads to its claims."""
    pieces, x, counts = list[str](), float(LEFT), count(page)
    for kind in (k for k in KINDS if counts[k]):
        width = counts[kind] * scale
        title = f"<title>page {page.number}: {counts[kind]} × {kind}</title>"
        pieces.append(
            f'<rect class="{name(kind)}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}">{title}</rect>'
        )
        x += width
    texts = f'<text x="0" y="{y + 16}">{page.number}</text><text x="{x + 6:.1f}" y="{y + 16}">{len(page.rows)}</text>'
    return f'<a href="#claims-{page.number}">{texts}{"".join(pieces)}</a>'


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
    parts = [words, "## Claims by page and evidence", graph(pages)]
    for page in pages:
        parts.append(f'<div class="anchor" id="claims-{page.number}"></div>')
        parts.append(f"## {page.number} {page.title}\n\n[The page](notebooks/{page.path.name})")
        parts.append(table(page))
    return "\n\n".join(parts) + "\n"

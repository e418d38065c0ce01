"""The pages as a graph: what each needs, and the evidence for its claims. One picture, as SVG, one row a page.

A page that others need has a line of its own, from its row down to the last of them, with a mark where each joins it.
"""

import textwrap
from collections.abc import Sequence
from html import escape
from itertools import count as numbers_from

from site_evidence import KINDS, count, name
from site_pages import Page

__all__ = ["graph", "lanes", "users"]

# In pixels of a picture that is as wide as a telephone; larger screens draw it larger.
WIDTH, ROW, FIRST_LANE, LANE, MIDDLE = 360, 54, 30, 11, 20
LINE, BAR, BAR_TOP, LETTERS = 14, 10, 33, 37


def users(pages: Sequence[Page]) -> dict[str, dict[str, str]]:
    """The later pages that need a page, or refer to it, each with which of the two, by the number of the page."""
    found: dict[str, dict[str, str]] = {page.number: {} for page in pages}
    for page in pages:
        for how, others in (("refers", page.refers), ("needs", page.needs)):
            for other in others:
                if other not in found or other >= page.number:
                    raise ValueError(f"{page.path.name}: needs page {other}, takes pages that there are before it")
                found[other][page.number] = how
    return {number: later for number, later in found.items() if later}


def lanes(pages: Sequence[Page]) -> dict[str, int]:
    """The lane of each page that is needed: the first that is free in all its rows, the last included."""
    ends, lane = dict[int, str](), dict[str, int]()
    for number, later in users(pages).items():
        lane[number] = next(i for i in numbers_from() if ends.get(i, "") < number)
        ends[lane[number]] = max(later)
    return lane


def graph(pages: Sequence[Page]) -> str:
    """The picture, with two links a row: to the page, and to its claims."""
    found, lane = users(pages), lanes(pages)
    row = {page.number: i * ROW + MIDDLE for i, page in enumerate(pages)}
    x = {number: FIRST_LANE + LANE * i for number, i in lane.items()}
    left = FIRST_LANE + LANE * (max(lane.values(), default=-1) + 1)
    lines = "".join(line(n, x[n], row[n], row[max(later)], later) for n, later in found.items())
    most = max(len(page.rows) for page in pages)
    rows = "\n".join(one(page, row[page.number] - MIDDLE, x, left, most) for page in pages)
    words = f"What each of {len(pages)} pages needs, and the evidence for its claims"
    return (
        f'<svg class="claims" viewBox="0 0 {WIDTH} {len(pages) * ROW}" role="group" aria-label="{words}">\n'
        f"<style>{emphasis(pages, found)}</style>\n{lines}\n{rows}\n</svg>"
    )


def line(number: str, x: int, top: int, bottom: int, later: dict[str, str]) -> str:
    """The line of a page that others need; dashed where they only refer to it."""
    dashed = "" if "needs" in later.values() else " refers"
    return f'<path class="lane of-{number}{dashed}" d="M{x} {top}V{bottom}"/>'


def one(page: Page, top: int, x: dict[str, int], left: int, most: int) -> str:
    """The row of a page: its number, its marks on the lines that it joins and on its own, its title, its bar."""
    y, mine = top + MIDDLE, [x[n] for n in (*page.needs, *page.refers, page.number) if n in x]
    reach = f'<path class="lane in-{page.number}" d="M18 {y}H{max(mine)}"/>' if mine else ""
    marks = [f'<circle class="needs of-{n}" cx="{x[n]}" cy="{y}" r="3.5"/>' for n in page.needs]
    marks += [f'<circle class="refers of-{n}" cx="{x[n]}" cy="{y}" r="3"/>' for n in page.refers]
    if page.number in x:
        marks.append(f'<rect class="start" x="{x[page.number] - 4}" y="{y - 4}" width="8" height="8"/>')
    lines = title_lines(page.title)
    first = top + BAR_TOP - 7 - LINE * (len(lines) - 1)
    title = "".join(f'<text x="{left}" y="{first + LINE * i}">{escape(t)}</text>' for i, t in enumerate(lines))
    return (
        f'<a class="to-{page.number}" href="notebooks/{page.path.stem}.html" aria-label="{described(page)}">'
        f'<rect class="hit" y="{top}" width="{WIDTH}" height="{BAR_TOP - 2}"/>{reach}{"".join(marks)}'
        f'<text x="0" y="{y + 4}">{page.number}</text>{title}</a>{bar(page, top + BAR_TOP - 2, left, most)}'
    )


def title_lines(title: str) -> list[str]:
    """As few lines as hold a title, of about one length.

    >>> title_lines("A dot on gray falls to one over root d")
    ['A dot on gray falls', 'to one over root d']
    """
    needed = len(textwrap.wrap(title, LETTERS))
    return next(lines for w in range(1, LETTERS + 1) if len(lines := textwrap.wrap(title, w)) == needed)


def described(page: Page) -> str:
    """A row in words."""
    needs = f", needs {', '.join(page.needs)}" if page.needs else ", needs no other page"
    refers = f", refers to {', '.join(page.refers)}" if page.refers else ""
    return escape(f"{page.number} {page.title}{needs}{refers}")


def bar(page: Page, top: int, left: int, most: int) -> str:
    """The claims of a page, with a piece for each kind of evidence."""
    pieces, x, counts = list[str](), float(left), count(page)
    scale = (WIDTH - left - 24) / most
    for kind in (k for k in KINDS if counts[k]):
        width = counts[kind] * scale
        shape = f'x="{x:.1f}" y="{top}" width="{width:.1f}" height="{BAR}"'
        pieces.append(f'<rect class="{name(kind)}" {shape}><title>{counts[kind]} × {kind}</title></rect>')
        x += width
    said = ", ".join(f"{counts[k]} × {k}" for k in KINDS if counts[k])
    total = f'<text x="{x + 4:.1f}" y="{top + BAR}">{len(page.rows)}</text>'
    return (
        f'<a href="#claims-{page.number}" aria-label="The {len(page.rows)} lines of the ledger of page '
        f'{page.number}: {said}">{"".join(pieces)}{total}</a>'
    )


def emphasis(pages: Sequence[Page], found: dict[str, dict[str, str]]) -> str:
    """Rules of style: where a page is pointed at or has the focus, the lines that are not its own step back."""
    rules = list[str]()
    for page in pages:
        own = [f".of-{n}" for n in (page.number, *page.needs, *page.refers) if n == page.number or n in found]
        others = f":is(.lane, circle):not({', '.join([*own, f'.in-{page.number}'])})"
        rules.append(f"svg.claims:has(a.to-{page.number}:is(:hover, :focus-visible)) {others}")
    return f"{', '.join(rules)} {{ opacity: .15; }}"

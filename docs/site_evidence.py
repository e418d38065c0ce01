"""What claims rest on: the kinds of evidence, and how many claims of a page are of each."""

from collections import Counter

from site_pages import Page, Row

from shiftmath.pages.claims import EVIDENCE

__all__ = ["CONTROL", "KINDS", "count", "kind_of", "name"]

CONTROL = "control that must fail"
KINDS = (*EVIDENCE, CONTROL)


def kind_of(row: Row) -> str:
    """What a claim rests on; controls are a kind of their own."""
    return CONTROL if row.kind == "fails" else row.evidence


def count(page: Page) -> Counter[str]:
    """How many claims of a page rest on what."""
    return Counter(map(kind_of, page.rows))


def name(kind: str) -> str:
    """What a kind of evidence is called in the style sheet."""
    return kind.split()[0]

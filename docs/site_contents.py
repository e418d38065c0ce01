"""What the site has: its pages under their headings, and what was found here with links to the cells that show it."""

import re
import tomllib
from pathlib import Path

from site_pages import Page

__all__ = ["HERE", "TABLE", "contents", "found_here", "grouped", "results", "section"]

HERE = Path(__file__).resolve().parent
TABLE = tomllib.loads((HERE / "pages.toml").read_text(encoding="utf-8"))
TO_CELL = re.compile(r"\[([^\]]+)\]\(\.\./notebooks/((\d\d)_\w+)\.ipynb\s+\"(claim: )?([^\"]+)\"\)")
README_ROW = re.compile(r"^\| \[(\d\d)\]\([^)]*\) \| (.*?) \| .* \|$", re.MULTILINE)


def results(readme: str) -> dict[str, str]:
    """The result of each page in a sentence, by number, from the README's table."""
    return dict(README_ROW.findall(readme))


def grouped(pages: list[Page]) -> list[tuple[str, list[Page]]]:
    """The headings of `pages.toml` that have pages, with them."""
    known = [number for group in TABLE["group"] for number in group["numbers"]]
    if stray := [page.path.name for page in pages if known.count(page.number) != 1]:
        raise SystemExit(f"docs/pages.toml: got no place, or several, for {', '.join(stray)}, takes one for each page")
    groups = [(g["title"], [p for p in pages if p.number in g["numbers"]]) for g in TABLE["group"]]
    return [(title, members) for title, members in groups if members]


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0].strip() + "\n"


def contents(pages: list[Page], readme: str) -> str:
    """The pages under their headings, each with its result in a sentence as the README has it."""
    sentences, parts = results(readme), list[str]()
    for title, members in grouped(pages):
        parts.append(f"### {title}")
        for page in members:
            rest = sentences.get(page.number, "")[len(page.title.rstrip("?")) :]
            parts.append(f"- **[{page.number} {page.title}](notebooks/{page.path.name})**{rest}")
        names = "\n".join(f"{p.number} {p.title} <notebooks/{p.path.stem}>" for p in members)
        parts.append(f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{names}\n```")
    return "\n\n".join(parts)


def found_here(text: str, pages: list[Page]) -> tuple[str, dict[str, set[int]]]:
    """The findings whose pages are rendered, with their links made, and the cells that each page is asked for.

    A link to a page has the title "words of the cell" or "claim: words of the claim".
    """
    by_name, anchors = {page.path.stem: page for page in pages}, dict[str, set[int]]()

    def made(link: re.Match[str]) -> str:
        page, phrase = by_name[link[2]], " ".join(link[5].split())
        if link[4]:
            name = f"claim-{page.row_with(phrase)}"
        else:
            number = page.cell_with(phrase)
            anchors.setdefault(page.number, set()).add(number)
            name = f"cell-{number}"
        return f'<a href="notebooks/{page.path.stem}.html#{name}">{link[1]}</a>'

    opening, *findings = re.split(r"(?m)^(?=## )", text)
    shown = [f for f in findings if {link[1] for link in TO_CELL.findall(f)} <= by_name.keys()]
    return opening + "".join(TO_CELL.sub(made, f) for f in shown), anchors

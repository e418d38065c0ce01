"""The rendered notebooks as the site takes them: their titles, claims and cells, and their text made ready for Sphinx.

Nothing is run here. A page is read as it is committed, notebooks/NN_*.ipynb, and what is written is a copy of it.
"""

import copy
import html
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from site_words import plain

from shiftmath.pages.claims import HEADINGS
from shiftmath.pages.turning import MIME

__all__ = ["Page", "Row", "read_pages"]

ROW = re.compile(r"<tr>(<td.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)
DETAILS = re.compile(r"[ \n]*<details><summary>(.*?)</summary>(?!\n)(.*?)</details>", re.DOTALL)
DISPLAY = re.compile(r"\n([ ]*)\$\$(.+?)\$\$[ ]*(?=\n|$)", re.DOTALL)
INLINE = re.compile(r"(?<![\\$])\$(?!\$)([^$]+)\$")
NEEDS = re.compile(r"Needs: (.*?)(?: · The paper|; the paper|\*)")
LINK = re.compile(r"\[([^\]]*)\]\(\s*(\d\d_\w+\.ipynb)\)")


class Row(NamedTuple):
    """One line of a ledger as it is printed: the words of `shiftmath.pages.claims.HEADINGS`."""

    claim: str
    kind: str
    evidence: str
    values: str
    expected: str
    measured: str
    tolerance: str
    slack: str
    verdict: str


@dataclass(frozen=True)
class Page:
    """A rendered notebook."""

    path: Path

    @property
    def number(self) -> str:
        """The two digits that its name begins with."""
        return self.path.name[:2]

    @cached_property
    def notebook(self) -> dict[str, Any]:
        """What the file holds."""
        return json.loads(self.path.read_text(encoding="utf-8"))

    @cached_property
    def title(self) -> str:
        """Its first heading."""
        (title,) = re.findall(r"^# (.*)$", "".join(self.notebook["cells"][0]["source"]), re.MULTILINE)
        return title

    @property
    def needs(self) -> list[str]:
        """The numbers of the pages that its first cell says it needs."""
        return self._named[0]

    @property
    def refers(self) -> list[str]:
        """The numbers of the pages that it refers to without need."""
        return [number for number in self._named[1] if number not in self.needs]

    @cached_property
    def _named(self) -> tuple[list[str], list[str]]:
        said = NEEDS.search(" ".join("".join(self.notebook["cells"][0]["source"]).split()))
        if not said:
            raise ValueError(f"{self.path.name}: its first cell has no 'Needs: ...', takes pages or 'nothing'")
        needs, *refers = re.split(r"\brefers? to\b", re.sub(r"\]\([^)]*\)", "", said[1]))
        found = [sorted(set(re.findall(r"\b\d\d\b", text))) for text in (needs, " ".join(refers))]
        return found[0], found[1]

    @cached_property
    def rows(self) -> list[Row]:
        """The claims of the ledger that its last cell shows."""
        tables = [table for _, table in self._tables() if "<caption>" in table]
        if not tables or tuple(CELL.findall(tables[-1].split("</tr>")[0])) != HEADINGS:
            raise ValueError(f"{self.path.name}: its last table is no ledger with the columns {', '.join(HEADINGS)}")
        return [Row(*map(html.unescape, CELL.findall(row))) for row in ROW.findall(tables[-1])]

    def _tables(self) -> list[tuple[dict[str, Any], str]]:
        """The outputs that are tables of HTML, and their text."""
        outputs = [o for c in self.notebook["cells"] if c["cell_type"] == "code" for o in c["outputs"]]
        return [(o, "".join(o["data"]["text/html"])) for o in outputs if "text/html" in o.get("data", {})]

    def cell_with(self, phrase: str) -> int:
        """The number of the one cell whose text or output has these words, however its lines are broken."""
        found = [i for i, c in enumerate(self.notebook["cells"]) if phrase in " ".join(words_of(c).split())]
        return self._only(found, phrase, "cell")

    def row_with(self, phrase: str) -> int:
        """The number, from 1, of the one claim that has these words."""
        return self._only([i for i, row in enumerate(self.rows, 1) if phrase in row.claim], phrase, "claim")

    def _only(self, found: list[int], phrase: str, what: str) -> int:
        if len(found) != 1:
            raise ValueError(f"{self.path.name}: got {len(found)} of its {what}s with {phrase!r}, takes exactly one")
        return found[0]

    def staged(self, names: Collection[str], anchors: Collection[int]) -> dict[str, Any]:
        """A copy for Sphinx: `names` are the pages that there are, `anchors` the cells that are linked to."""
        notebook = copy.deepcopy(self.notebook)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = for_myst("".join(cell["source"]), names)
            else:
                label_rows(cell)
                describe_images(cell)
                let_curves_turn(cell)
        for number in sorted(anchors, reverse=True):
            anchor = f'<div class="anchor" id="cell-{number}"></div>'
            notebook["cells"].insert(
                number, {"cell_type": "markdown", "id": f"to-{number}", "metadata": {}, "source": anchor}
            )
        return notebook


def words_of(cell: dict[str, Any]) -> str:
    """The text of a cell of words, the printed output of a cell of code."""
    if cell["cell_type"] == "markdown":
        return "".join(cell["source"])
    return "".join("".join(o.get("text", "")) for o in cell["outputs"])


def for_myst(text: str, names: Collection[str]) -> str:
    """Formulas, folded answers and links as MyST reads them; a link to a page that is not there becomes words.

    A formula among words stands in one line, one that is displayed between empty ones: a line of a formula that begins
    with a minus would be read as an item of a list.
    """

    def unfolded(match: re.Match[str]) -> str:
        item = text.rfind("\n- ", 0, match.start()) > text.rfind("\n\n", 0, match.start()) or text.startswith("- ")
        gap = "\n\n" + "  " * item
        return f"{gap}<details><summary>{match[1]}</summary>{gap}{match[2].strip()}{gap}</details>\n"

    text = INLINE.sub(lambda m: f"${' '.join(m[1].split())}$", text)
    text = DISPLAY.sub(lambda m: f"\n\n{m[1]}$${m[2]}$$\n", text)
    text = LINK.sub(lambda m: f"[{m[1]}]({m[2]})" if m[2] in names else m[1], text)
    return re.sub(r'href="(\w+)\.ipynb"', r'href="\1.html"', DETAILS.sub(unfolded, text))


def label_rows(cell: dict[str, Any]) -> None:
    """Gives each line of a ledger among the outputs an identifier, in place."""
    for output in cell["outputs"]:
        table = "".join(output.get("data", {}).get("text/html", ""))
        if "<caption>" in table:
            first, *rest = table.split("<tr><td")
            labelled = [f'<tr id="claim-{i}"><td{row}' for i, row in enumerate(rest, 1)]
            output["data"]["text/html"] = "".join([first, *labelled])


def describe_images(cell: dict[str, Any]) -> None:
    """Hands the words of a figure, which the page keeps beside it, to Sphinx as alternative text, in place."""
    for output in cell["outputs"]:
        if "image/png" in output.get("data", {}):
            words = plain(output["metadata"].get("image/png", {}).get("alt", ""))
            cell["metadata"]["mystnb"] = {"image": {"alt": words}}


def let_curves_turn(cell: dict[str, Any]) -> None:
    """Gives curves in space, of which the page has only words, to the script that draws them, in place."""
    for output in cell["outputs"]:
        if curves := output.get("data", {}).get(MIME, {}).get("curves"):
            names = html.escape("; ".join(curve["name"] for curve in curves))
            points = html.escape(json.dumps(curves, separators=(",", ":"), ensure_ascii=False))
            label = f"Curves in space, {names}: drag, or turn them with the arrow keys; Home brings them back"
            box = f'<div class="turning" role="group" tabindex="0" aria-label="{label}" data-curves="{points}"></div>'
            output["data"] = {"text/html": f"{box}\n<p>Drag, or turn them with the arrow keys.</p>"}


def read_pages(folder: Path) -> list[Page]:
    """All rendered pages of a folder, by number."""
    return [Page(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]

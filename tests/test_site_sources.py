"""What the site is made from holds together; the site itself is read in a browser by `make test-site`."""

import ast
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from site_claims import MEANINGS, claims_page
from site_contents import HERE, TO_CELL, contents, found_here, grouped
from site_evidence import CONTROL, KINDS, count
from site_graph import graph, lanes, title_lines, users
from site_pages import Page, for_myst, let_curves_turn, read_pages
from site_words import for_sphinx, plain

from shiftmath.pages.turning import MIME, Turning

ROOT = HERE.parent
PAGES = read_pages(ROOT / "notebooks")
FINDINGS = (HERE / "found_here.md").read_text()
MODULES = sorted((ROOT / "shiftmath").rglob("*.py"))


def docstrings(path):
    nodes = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    return [d for d in map(ast.get_docstring, nodes) if d]


def test_every_page_has_one_heading():
    assert sum(len(members) for _, members in grouped(PAGES)) == len(PAGES) > 0


def test_every_page_is_in_the_contents_with_its_result():
    text = contents(PAGES, (ROOT / "README.md").read_text())
    for page in PAGES:
        link = rf"- \*\*\[{page.number} {re.escape(page.title)}\]\(notebooks/{page.path.name}\)\*\*"
        assert re.search(link + r"([:,;] .{20,})?\n", text), page.number


def test_every_finding_of_a_rendered_page_leads_to_the_one_cell_or_claim_that_shows_it():
    text, anchors = found_here(FINDINGS, PAGES)
    rendered = {page.path.stem for page in PAGES}
    shown = [name for _, name, *_ in TO_CELL.findall(FINDINGS) if name in rendered]
    assert text.count("notebooks/") >= len(shown) - 2 > 30
    assert sum(map(len, anchors.values())) > 15
    assert not TO_CELL.search(text)


def test_a_finding_whose_words_are_gone_is_refused():
    link = f"# T\n\n## F\n\n[a](../notebooks/{PAGES[0].path.name}"
    with pytest.raises(ValueError, match="got 0 of its cells with 'no such words', takes exactly one"):
        found_here(f'{link} "no such words")', PAGES)
    with pytest.raises(ValueError, match="of its claims with 'the', takes exactly one"):
        found_here(f'{link} "claim: the")', PAGES)


def test_a_finding_on_a_page_that_is_not_rendered_waits():
    text, _ = found_here('# T\n\n## F\n\n[a](../notebooks/99_a.ipynb "x")\n\n## G\n\nb\n', PAGES)
    assert text == "# T\n\n## G\n\nb\n"


def test_the_claims_are_those_of_the_ledgers_and_each_is_on_the_page_once():
    text = claims_page(PAGES)
    assert text.count(f">{CONTROL}</td>") == sum(row.kind == "fails" for page in PAGES for row in page.rows)
    for page in PAGES:
        table = "".join(page.notebook["cells"][-1]["outputs"][-1]["data"]["text/html"])
        assert len(page.rows) == table.count("<tr><td") > 0
        assert text.count(f"{page.path.stem}.html#claim-") == len(page.rows)
        assert {"holds", "fails, as it must"} == {row.verdict for row in page.rows}
    assert set(MEANINGS) == set(KINDS)


class Stub(Page):
    """A page of one cell, and with the ledger of another."""

    def __init__(self, number, needs):
        super().__init__(Path(f"{number}_a.ipynb"))
        source = f"# A\n\n*Previous: [b](01_b.ipynb) · Needs: {needs} · The paper: [arXiv 99](https://a/17)*\n\nB 18"
        self.__dict__ |= {"notebook": {"cells": [{"source": source}]}, "title": "A < B", "rows": PAGES[0].rows}


@pytest.mark.parametrize(
    ("said", "needs", "refers"),
    [
        ("linear algebra", [], []),
        ("page 07, for depth", ["07"], []),
        ("pages\n[01](01_b.ipynb) and\n[03](03_c.ipynb), for (e)\npage 02", ["01", "02", "03"], []),
        ("nothing; (g) refers to page [05](05_d.ipynb)", [], ["05"]),
        ("page 05; (b) and (c) refer to pages 05 and 06; the paper's Theorem 12", ["05"], ["06"]),
    ],
)
def test_what_a_page_needs_is_read_from_its_first_cell(said, needs, refers):
    assert (Stub("20", said).needs, Stub("20", said).refers) == (needs, refers)


def test_a_page_that_does_not_say_what_it_needs_is_refused():
    page = Stub("20", "nothing")
    page.notebook["cells"][0]["source"] = "# A\n\n*Next: b*"
    with pytest.raises(ValueError, match=r"20_a.ipynb: its first cell has no 'Needs"):
        users([page])


@pytest.mark.parametrize("other", ["03", "02", "09"], ids=["later", "itself", "absent"])
def test_a_page_needs_pages_before_it(other):
    with pytest.raises(ValueError, match=f"02_a.ipynb: needs page {other}, takes pages that there are before it"):
        graph([Stub("01", "nothing"), Stub("02", f"page {other}"), Stub("03", "nothing")])


def test_the_graph_has_a_row_for_each_page_and_a_mark_for_each_need():
    root = ElementTree.fromstring(graph(PAGES))
    pages = {a.get("href"): a for a in root.iter("a") if a.get("href").startswith("notebooks/")}
    assert list(pages) == [f"notebooks/{page.path.stem}.html" for page in PAGES]
    assert [a.get("href") for a in root.iter("a")][1::2] == [f"#claims-{page.number}" for page in PAGES]
    where = {p.get("class").split()[1]: p.get("d") for p in root.iter("path") if " of-" in p.get("class")}
    assert len(where) == len(users(PAGES)) > 5
    for page, link in zip(PAGES, pages.values(), strict=True):
        marks = {tuple(c.get("class").split()): c for c in link.iter("circle")}
        expected = {("needs", f"of-{n}") for n in page.needs} | {("refers", f"of-{n}") for n in page.refers}
        assert marks.keys() == expected
        for (_, of), mark in marks.items():  # each on the line of the page that it stands for
            x, top, bottom = map(float, re.fullmatch(r"M(\d+) (\d+)V(\d+)", where[of]).groups())
            assert (float(mark.get("cx")), top < float(mark.get("cy")) <= bottom) == (x, True)
        assert all(number in link.get("aria-label") for number in [page.number, *page.needs, *page.refers])
        assert " ".join(t.text for t in link.iter("text") if not t.text.isdigit()) == page.title


def test_the_bars_of_the_graph_are_as_long_as_there_are_claims():
    root = ElementTree.fromstring(graph(PAGES))
    bars = [a for a in root.iter("a") if a.get("href").startswith("#")]
    widths = np.array([sum(float(r.get("width")) for r in a.iter("rect")) for a in bars])
    counts = np.array([len(page.rows) for page in PAGES])
    np.testing.assert_allclose(widths / widths.max(), counts / counts.max(), atol=2e-3)  # tenths of a pixel
    for page, link in zip(PAGES, bars, strict=True):
        assert [t.text for t in link.iter("title")] == [f"{count(page)[k]} × {k}" for k in KINDS if count(page)[k]]


def test_lines_of_the_graph_share_a_lane_only_where_both_fit():
    rows = {number: (number, max(later)) for number, later in users(PAGES).items()}
    lane = lanes(PAGES)
    for one, (start, end) in rows.items():
        for other, (begin, _) in rows.items():
            assert one == other or lane[one] != lane[other] or not start <= begin <= end
    assert len(set(lane.values())) < len(lane)


def test_a_title_takes_lines_of_one_length():
    assert title_lines("A dot on gray falls to one over root d") == ["A dot on gray falls", "to one over root d"]
    assert title_lines("Short") == ["Short"]
    assert "A &lt; B" in graph([Stub("01", "nothing")])


def test_the_page_of_claims_says_what_needs_what():
    text = claims_page(PAGES)
    for page in PAGES:
        (words,) = re.findall(rf"(?m)^## {page.number} .*\n\n(.*)$", text)
        said = re.search(r"Needs (.*?)( · |$)", words)
        assert (re.findall(r"\[(\d\d)\]", said[1]) if said else []) == page.needs


def test_a_staged_page_keeps_every_cell_and_names_its_claims():
    page = PAGES[0]
    staged = page.staged({page.path.name}, {3, 5})
    assert len(staged["cells"]) == len(page.notebook["cells"]) + 2
    assert staged["cells"][3]["source"] == '<div class="anchor" id="cell-3"></div>'
    assert staged["cells"][6]["source"] == '<div class="anchor" id="cell-5"></div>'
    assert json.dumps(staged).count('<tr id=\\"claim-') == len(page.rows)
    assert "id=" not in json.dumps(page.notebook["cells"][-1]["outputs"])  # the page itself is as it was


def test_curves_in_space_become_a_box_that_the_script_finds():
    points = [[0.0, 0.5, -1.0], [1.0, 0.0, 0.0]]
    bundle = Turning({'a "b"': (points, "#0072b2")})._repr_mimebundle_()
    cell = {
        "outputs": [{"data": dict(bundle), "output_type": "execute_result"}, {"text": "x", "output_type": "stream"}]
    }
    let_curves_turn(cell)
    (shown,) = cell["outputs"][0]["data"].values()
    box = ElementTree.fromstring(f"<div>{shown}</div>").find("div")
    assert (box.get("class"), box.get("tabindex")) == ("turning", "0")
    assert json.loads(box.get("data-curves")) == bundle[MIME]["curves"]
    assert 'a "b"' in box.get("aria-label")
    assert (HERE / "_static" / "turning.js").read_text().count(".turning") == 1


def test_folded_answers_become_blocks_and_links_to_absent_pages_words():
    text = (
        "- Why?\n  <details><summary>Answer</summary>$x$ and\n  more</details>\n- Next [p](12_a.ipynb), [q](13_b.ipynb)"
    )
    assert for_myst(text, {"12_a.ipynb"}) == (
        "- Why?\n\n  <details><summary>Answer</summary>\n\n  $x$ and\n  more\n\n  </details>\n\n"
        "- Next [p](12_a.ipynb), q"
    )


def test_no_docstring_shows_raw_tex():
    raw = {path.name: [d for d in docstrings(path) if shows_tex(d)] for path in MODULES}
    assert {name: texts for name, texts in raw.items() if texts} == {}
    assert shows_tex("a $ b")
    assert not shows_tex(r"$\frac12$, \pi, `\frac`")


def shows_tex(docstring):
    shown = "\n".join(for_sphinx(docstring.split("\n")))
    shown = re.sub(r"\.\. math::\n\n(    .*\n?|\n)+|:math:`[^`]*`|``[^`]*``|`[^`]*`|>>>.*", "", shown)
    return re.search(r"\$|\\[A-Za-z]{2,}|\\\(", shown)


def test_formulas_are_read_however_their_lines_break():
    assert for_myst("of $(n\n  - 1)\\,h$ and $$x$$ here", set()) == "of $(n - 1)\\,h$ and $$x$$ here"
    assert for_myst("1. a\n   $$x,$$\n   b", set()) == "1. a\n\n   $$x,$$\n\n   b"
    assert for_myst("a\n\n$$\nx\n$$\n\nb $y$", set()) == "a\n\n\n$$\nx\n$$\n\n\nb $y$"


def test_words_for_formulas():
    assert plain(r"like $\sqrt{32 \epsilon} / \pi$ of $|x|$") == "like √(32 ε) / π of |x|"
    with pytest.raises(ValueError, match=r"formula: got \\foo, takes"):
        plain(r"$\foo$")

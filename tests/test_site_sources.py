"""What the site is made from holds together; the site itself is read in a browser by `make test-site`."""

import ast
import json
import re
from xml.etree import ElementTree

import pytest
from site_claims import CONTROL, KINDS, MEANINGS, claims_page, graph
from site_contents import HERE, TO_CELL, contents, found_here, grouped
from site_pages import for_myst, let_curves_turn, read_pages
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
    assert graph(PAGES).count("<a href") == len(PAGES)


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

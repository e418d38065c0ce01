"""The README says what the pages and the measurements say."""

import re
from pathlib import Path

import pytest
from site_pages import read_pages

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
PAGES = read_pages(ROOT / "notebooks")
ROW = re.compile(r"^\| \[(\d\d)\]\(notebooks/(\S+)\) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
ROWS = {row[0]: row[1:] for row in ROW.findall(README)}


def words(text):
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def test_the_table_of_notebooks_has_every_page_and_no_other_in_order():
    assert list(ROWS) == [page.number for page in PAGES]
    assert README.count("| [") == len(ROWS), "a row of the table is not read"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.number)
def test_a_row_has_the_page_its_result_and_what_it_costs(page):
    name, result, checks, time, memory = ROWS[page.number]
    assert name == page.path.name
    assert words(result).startswith(words(page.title))
    assert checks
    assert re.fullmatch(r"\d+ s\*?, \d+ (s|min)\*?", time)
    assert re.fullmatch(r"\d\.\d GB", memory)

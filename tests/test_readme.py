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
    assert len(re.findall(r"^\| \[\d", README, re.MULTILINE)) == len(ROWS), "a row of the table is not read"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.number)
def test_a_row_has_the_page_its_result_and_what_it_costs(page):
    name, result, checks, time, memory = ROWS[page.number]
    assert name == page.path.name
    assert words(result).startswith(words(page.title))
    assert checks
    assert re.fullmatch(r"\d+ s\*?, \d+ (s|min)\*?", time)
    assert re.fullmatch(r"\d\.\d GB", memory)


SPEED = re.compile(
    r"^\| (.+?) \| (.+?) \| ([\d.]+) \| (.+?) \| ([\d.]+) \| ([\d.]+) \| \[`(.+?)`\]\((.+?)\) \|$", re.MULTILINE
)
SPEEDS = SPEED.findall(README)
MEASURED = "\n".join(p.read_text() for p in sorted((ROOT / "benchmarks" / "results").glob("*.md")))


def test_the_table_of_speeds_is_read_whole():
    section = README.split("## Measured speeds")[1].split("##")[0]
    assert len(SPEEDS) == section.count("\n| ") - 1 > 5


@pytest.mark.parametrize("row", SPEEDS, ids=lambda row: row[0][:30])
def test_a_speed_is_the_one_that_was_measured(row):
    _, _, ours, _, theirs, faster, command, results = row
    assert (ROOT / command).is_file()
    measured = (ROOT / results).read_text()
    assert re.search(rf"(?<![\d.]){re.escape(ours)}(?![\d.]*\d)", measured)
    assert re.search(rf"(?<![\d.]){re.escape(theirs)}(?![\d.]*\d)", MEASURED)
    # Both times are rounded to two digits at least.
    assert float(theirs) / float(ours) == pytest.approx(float(faster), rel=0.05)


FLAT = " ".join(README.split())
RESULTS = {p.stem: p.read_text() for p in (ROOT / "benchmarks" / "results").glob("*.md")}


def quoted(name, row, words):
    """The last column of the rows of a result that begin so, as the README has it: its least and largest value."""
    found = [float(v) for v in re.findall(rf"^\| {row} \|$", RESULTS[name], re.MULTILINE)]
    return words.format(min(found), max(found)).replace(" 0.", " .")


def test_a_time_in_a_sentence_is_the_one_that_was_measured():
    error, certified = r"[\d.e-]+", r"[\d.]+ \| [\d.e-]+"
    smooth = r"Convolutional\(depth=2, activation='(?:erf|gelu)'\) \|"
    said = [
        quoted("rival", rf".*float64 with MKL .* \| ([\d.]+) \| {error}", "{:.1f} times (8 pixels) to {:.1f} times"),
        quoted("kernels", r"\d+ x \d+, \d+ px, \w+ \| ([\d.]+)", "{:.1f} to {:.1f} times as fast as neural-tangents"),
        quoted("price", r"linear, 45 pairs \| (\d+) s \| .*", "takes {:.0f} s for the linear part of all 45 pairs"),
        quoted("price", r"infinite width, 2 pairs.*? \| (\d+) s \| .*", "{:.0f} s for two of the pairs at infinite"),
        quoted("gradients", r"Convolutional\(depth=2\) \| compiled gradient .* \| ([\d.]+)", "takes {:.1f} times the"),
        quoted(
            "gradients",
            rf"{smooth} compiled gradient .* \| ([\d.]+)",
            "pooled, it takes {:.1f} and {:.1f} times, where",
        ),
        quoted("gradients", rf"{smooth} JAX, one point .* \| ([\d.]+)", "where JAX takes {:.1f} and {:.1f} times (["),
        quoted("certificates", rf"{certified} .* \| ([\d.]+) s", "one hidden layer takes {1:.1f} s at 784 pixels"),
        quoted("certificates", rf"{certified} \| ([\d.]+) \| .*", "reaches {:.2f} to {:.2f} of the distance"),
        quoted("certificates", rf"convolution, flattened \| {certified} \| ([\d.]+) \(.*", "20 samples {:.2f} in the"),
        quoted("certificates", rf"convolution, blocks .* \| {certified} \| ([\d.]+) \(.*", "flattened, {:.2f} if"),
        quoted(
            "certificates", rf"convolution, average .* \| {certified} \| ([\d.]+) \(.*", "2 x 2, {:.2f} if averaged"
        ),
    ]
    assert [words for words in said if words not in FLAT] == []


def test_what_was_measured_names_the_command():
    links = re.findall(r"\[([^]]*)\]\(benchmarks/results/(\w+)\.md\)", FLAT)
    assert {name for _, name in links} >= RESULTS.keys() - {"scaling"}
    commands = {f"`benchmarks/{name.removesuffix('_scaling')}.py`" for _, name in links}
    assert [words for words, _ in links if words not in commands and words != "The cost grows"] == []


@pytest.mark.parametrize(
    ("lock", "name"),
    [("", n) for n in ("jax", "numpy", "scipy", "scikit-learn", "numba")]
    + [("-latest", "jax"), ("-site", "sphinx"), ("-site", "myst-nb"), ("-site", "furo")],
)
def test_the_versions_are_those_of_the_locks(lock, name):
    (locked,) = re.findall(rf"^{name}==(\S+)", (ROOT / f"requirements{lock}.lock").read_text(), re.MULTILINE)
    (row,) = re.findall(rf"^\| `requirements{lock}.lock` \| (.*) \|$", README, re.MULTILINE)
    assert f"{name} {locked}".lower() in row.lower()


def test_every_link_and_command_is_there():
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [t for t in targets if not (ROOT / t).exists()] == []
    makefile = (ROOT / "Makefile").read_text()
    assert [t for t in re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE) if f"\n{t}:" not in makefile] == []

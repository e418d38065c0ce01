"""Running the notebooks: a false claim stops the build, and nothing is ever half-written."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
DRIVER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
import reproduce
here = Path({here!r})
reproduce.SOURCES, reproduce.PAGES, reproduce.BUILD = here / "src", here / "pages", here / "build"
(here / "pages").mkdir(exist_ok=True)
sys.exit(reproduce.main())
"""
TRUE = """# %%
from shiftmath import Ledger
ledger = Ledger("sums")
ledger.equal("two and two is four", 2 + 2, 4, 0)
ledger.fails("two and two is five", 2 + 2, 5, 0)
ledger.close()
"""
FALSE = TRUE.replace('"two and two is four", 2 + 2, 4', '"two and two is six", 2 + 2, 6')


def start(tmp_path, sources, *arguments):
    (tmp_path / "src").mkdir(exist_ok=True)
    for name, text in sources.items():
        (tmp_path / "src" / f"{name}.py").write_text(text)
    driver = DRIVER.format(root=str(ROOT / "notebooks"), here=str(tmp_path))
    return subprocess.Popen(
        [sys.executable, "-c", driver, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.slow
def test_true_pages_pass_and_are_byte_identical_over_two_runs(tmp_path):
    code, out, _ = finish(start(tmp_path, {"01_sums": TRUE}, "--profile", "full"))
    assert code == 0, out
    assert "TRUE: 1 claims hold and 1 controls failed as they must, in 1 notebooks" in out
    first = (tmp_path / "pages" / "01_sums.ipynb").read_bytes()
    assert [c["notebook"] for c in json.loads((tmp_path / "build" / "ledger.json").read_text())] == ["01_sums"] * 2
    finish(start(tmp_path, {}, "--profile", "full"))
    assert (tmp_path / "pages" / "01_sums.ipynb").read_bytes() == first


@pytest.mark.slow
def test_quick_runs_leave_the_committed_pages_alone(tmp_path):
    code, _, _ = finish(start(tmp_path, {"01_sums": TRUE}))
    assert code == 0
    assert not list((tmp_path / "pages").iterdir())
    assert (tmp_path / "build" / "notebooks" / "01_sums.ipynb").exists()


@pytest.mark.slow
def test_a_false_claim_an_error_and_a_missing_ledger_stop_the_build(tmp_path):
    sources = {"01_false": FALSE, "02_broken": "# %%\n1 / 0\n", "03_silent": "# %%\n1 + 1\n", "04_sums": TRUE}
    code, out, _ = finish(start(tmp_path, sources, "--profile", "full"))
    assert code == 1
    assert "FALSE: 01: two and two is six; 02: ZeroDivisionError: division by zero; 03: closed no ledger" in out
    assert [p.name for p in (tmp_path / "pages").iterdir()] == ["04_sums.ipynb"]
    claims = json.loads((tmp_path / "build" / "ledger.json").read_text())
    assert [c["claim"] for c in claims if not c["holds"]] == ["two and two is six"]
    assert sorted(p.name[:2] for p in (tmp_path / "build" / "failed").iterdir()) == ["01", "02", "03"]


@pytest.mark.slow
def test_only_runs_what_it_names(tmp_path):
    code, out, _ = finish(start(tmp_path, {"01_false": FALSE, "02_sums": TRUE}, "--only", "02"))
    assert code == 0
    assert "02 sums" in out
    code, _, err = finish(start(tmp_path, {}, "--only", "07"))
    assert code == 1
    assert "no notebook 07: there are 01, 02" in err


@pytest.mark.slow
def test_interrupting_leaves_the_page_as_it_was(tmp_path):
    (tmp_path / "pages").mkdir()
    page = tmp_path / "pages" / "01_slow.ipynb"
    page.write_text("as it was")
    slow = f"# %%\nfrom pathlib import Path\nPath({str(tmp_path / 'started')!r}).touch()\nimport time\ntime.sleep(60)\n"
    process = start(tmp_path, {"01_slow": slow + TRUE}, "--profile", "full")
    deadline = time.monotonic() + 60
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130, err
    assert "interrupted: pages that were finished stand" in err
    assert [p.name for p in (tmp_path / "pages").iterdir()] == [page.name]
    assert page.read_text() == "as it was"


@pytest.mark.slow
def test_new_paragraphs_reach_a_page_without_a_run_and_new_code_does_not(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import reword_pages

    finish(start(tmp_path, {"01_sums": "# %% [markdown]\n# Before\n\n" + TRUE}, "--profile", "full"))
    page, source = tmp_path / "pages" / "01_sums.ipynb", tmp_path / "src" / "01_sums.py"
    ran = nbformat.read(page, as_version=4)
    source.write_text("# %% [markdown]\n# After\n\n" + TRUE + "\n# %% [markdown]\n# At the end\n")
    moved = reword_pages.reworded(source, ran)
    assert [c.source for c in moved.cells if c.cell_type == "markdown"] == ["After", "At the end"]
    assert moved.cells[1].outputs == ran.cells[1].outputs != []
    source.write_text("# %% [markdown]\n# After\n\n" + TRUE.replace("2 + 2, 4", "4 + 0, 4"))
    assert reword_pages.reworded(source, ran) is None


def test_a_page_with_moved_imports_keeps_its_outputs_and_one_with_other_names_does_not():
    import reword_pages

    def cells(*sources):
        return [nbformat.v4.new_code_cell(source) for source in sources]

    old = cells("import numpy as np\nfrom shiftmath.ledger import Ledger\nx = 1", "x")
    moved = cells("import numpy as np\nfrom shiftmath.pages import (\n    Ledger,\n)\nx = 1", "x")
    assert reword_pages.meaning(moved) == reword_pages.meaning(old)
    for code in (
        "import numpy as np\nfrom shiftmath.pages import Claim as Ledger\nx = 1",
        "import numpy\nfrom shiftmath.pages import Ledger\nx = 1",
        "import numpy as np\nfrom shiftmath.pages import Ledger\nx = 2",
    ):
        assert reword_pages.meaning(cells(code, "x")) != reword_pages.meaning(old)


def test_a_page_keeps_its_outputs_where_only_the_profile_quick_takes_other_sizes():
    import reword_pages

    def cells(source):
        return [nbformat.v4.new_code_cell(source)]

    old = cells("sizes = choose(quick=[7, 13], full=[7, 13, 17])")
    smaller = cells("sizes = choose(\n    quick=[7],\n    full=[7, 13, 17],\n)")
    for code in ("sizes = [7, 13, 17]", "if choose(quick=False, full=True):\n    sizes = [7, 13, 17]"):
        assert reword_pages.meaning(cells(code)) == reword_pages.meaning(smaller) == reword_pages.meaning(old)
    never = cells("if choose(quick=True, full=False):\n    sizes = [7, 13, 17]")
    assert reword_pages.meaning(never) != reword_pages.meaning(old)
    for code in ("choose(quick=[7, 13], full=[7, 13])", "choice(quick=[7], full=[7, 13, 17])", "[7, 13]"):
        assert reword_pages.meaning(cells(f"sizes = {code}")) != reword_pages.meaning(old)

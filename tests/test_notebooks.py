"""The pages are those of their sources, and every source has the shape of a page."""

import json
import re
from pathlib import Path

import jupytext
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "notebooks" / "src").glob("*.py"))
HEADINGS = ["Statement", "Why it is true", "In numbers", "Where it stops being true", "Try it", "Claims checked"]


def page_of(source):
    return json.loads((ROOT / "notebooks" / f"{source.stem}.ipynb").read_text())


def cells_of(source):
    return [(c.cell_type, c.source) for c in jupytext.read(source, fmt="py:percent").cells]


def test_there_are_sources_and_no_stray_pages():
    assert SOURCES
    assert {p.stem for p in (ROOT / "notebooks").glob("*.ipynb")} == {s.stem for s in SOURCES}


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem[:2])
def test_the_page_is_as_fresh_as_its_source(source):
    rendered = [(c["cell_type"], "".join(c["source"])) for c in page_of(source)["cells"]]
    assert rendered == cells_of(source), "the page is stale: make notebooks PROFILE=full"


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem[:2])
def test_the_page_was_run_in_the_full_profile_without_errors(source):
    outputs = [o for c in page_of(source)["cells"] if c["cell_type"] == "code" for o in c["outputs"]]
    assert outputs
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert "profile: full" in "".join("".join(o.get("text", "")) for o in outputs)


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem[:2])
def test_every_figure_has_words_that_say_what_is_to_be_seen(source):
    outputs = [o for c in page_of(source)["cells"] if c["cell_type"] == "code" for o in c["outputs"]]
    figures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert figures
    assert not [o for o in figures if len(o["metadata"].get("image/png", {}).get("alt", "")) < 40]


@pytest.fixture(scope="module")
def kernel():
    """What JupyterLab learns from the kernel of this environment, and compares with a page that it opens."""
    spec = KernelSpecManager().get_kernel_spec("python3")
    manager, client = start_new_kernel(extra_arguments=["--IPKernelApp.log_level=40"])
    client.kernel_info()
    language = client.get_shell_msg(timeout=60)["content"]["language_info"]
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    named = {"display_name": spec.display_name, "language": spec.language, "name": "python3"}
    return {"kernelspec": named, "language_info": language}


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem[:2])
def test_jupyterlab_finds_nothing_to_change_in_a_page_that_it_opens(source, kernel):
    page = page_of(source)["metadata"]
    rendered_with = page["language_info"].pop("version")
    assert re.fullmatch(r"3\.\d+\.\d+", rendered_with)  # another Python than this one is a change
    assert page == kernel | {"language_info": {k: v for k, v in kernel["language_info"].items() if k != "version"}}


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem[:2])
def test_the_headings_are_those_of_every_page(source):
    markdown = "\n".join(text for kind, text in cells_of(source) if kind == "markdown")
    assert re.findall(r"^## (.*)$", markdown, re.MULTILINE) == HEADINGS
    (title,) = re.findall(r"^# (.*)$", markdown, re.MULTILINE)
    assert re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") == source.stem[3:]


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem[:2])
def test_cells_are_short_and_self_contained(source):
    code = [text for kind, text in cells_of(source) if kind == "code"]
    assert max(len(text.splitlines()) for text in code) <= 15
    assert code[-1].endswith("ledger.close()")
    joined = "\n".join(code)
    assert not re.search(r"^\s*[!%]|import \*|warnings\.filter|[\"']/(home|tmp|work|root)", joined, re.MULTILINE)


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem[:2])
def test_display_mathematics_stands_on_its_own_lines(source):
    for kind, text in cells_of(source):
        if kind == "markdown":
            assert text.count("$") % 2 == 0
            display = [line.strip() for line in text.splitlines() if "$$" in line]
            assert all(line.startswith("$$") and line.endswith("$$") for line in display)


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem[:2])
def test_the_readme_lists_the_page(source):
    assert f"notebooks/{source.stem}.ipynb" in (ROOT / "README.md").read_text()

"""Carry new paragraphs of notebook sources into the committed pages, where the code is what it was.

    python tools/reword_pages.py [NN ...]

A page whose code cells are those of its source, in their order, keeps their outputs and takes the source's paragraphs.
One whose code has changed is left as it is and named: it has to be run (`make notebooks PROFILE=full ONLY=NN`).
"""

import sys
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))
import reproduce


def reworded(source: Path, committed: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """The source's page with the outputs of the committed one; None if their code differs."""
    fresh = reproduce.page(source)
    new, old = ([c for c in page.cells if c.cell_type == "code"] for page in (fresh, committed))
    if [c.source for c in new] != [c.source for c in old]:
        return None
    for cell, run in zip(new, old, strict=True):
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
    return fresh


def main() -> int:
    """Reword the pages that the command line names, or all; 1 if one has to be run."""
    stale = False
    for source in reproduce.sources(sys.argv[1:]):
        path = reproduce.PAGES / f"{source.stem}.ipynb"
        page = reworded(source, nbformat.read(path, as_version=4))
        if page is None:
            stale = True
            print(f"{source.stem}: its code has changed, so it has to be run", file=sys.stderr)
        else:
            reproduce.write_whole(path, nbformat.writes(page) + "\n")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())

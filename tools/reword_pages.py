"""Carry new paragraphs of notebook sources into the committed pages, where the code is what it was.

    python tools/reword_pages.py [NN ...]

A page whose code cells are those of its source, in their order, keeps their outputs and takes the source's paragraphs.
Lines that import from shiftmath may differ in where they find their names. A page whose code has changed otherwise is
left as it is and named: it has to be run (`make notebooks PROFILE=full ONLY=NN`).
"""

import ast
import sys
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))
import reproduce
from captions import captioned


def own_imports(code: str) -> list[ast.ImportFrom | ast.Import]:
    """What a cell imports from shiftmath."""
    imports = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.ImportFrom | ast.Import)]
    return [n for n in imports if (getattr(n, "module", None) or n.names[0].name).split(".")[0] == "shiftmath"]


def meaning(cells: list[nbformat.NotebookNode]) -> tuple[set[tuple[str, str]], list[list[str]]]:
    """The names that cells take from shiftmath, as (name, name here), and their other lines."""
    names, rest = set(), []
    for cell in cells:
        found = own_imports(cell.source)
        names |= {(alias.name, alias.asname or alias.name) for node in found for alias in node.names}
        dropped = {number for n in found for number in range(n.lineno, (n.end_lineno or n.lineno) + 1)}
        rest.append([line for number, line in enumerate(cell.source.splitlines(), 1) if number not in dropped])
    return names, rest


def reworded(source: Path, committed: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """The source's page with the outputs of the committed one; None if their code differs."""
    fresh = reproduce.page(source)
    new, old = ([c for c in page.cells if c.cell_type == "code"] for page in (fresh, committed))
    if meaning(new) != meaning(old):
        return None
    for cell, run in zip(new, old, strict=True):
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
    fresh.metadata.language_info.update(committed.metadata.get("language_info", {}))
    return captioned(fresh)


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

"""Carry new paragraphs of notebook sources into the committed pages, where the code is what it was.

    python tools/reword_pages.py [NN ...]

A page whose code cells are those of its source, in their order, keeps their outputs and takes the source's paragraphs.
The code may differ in where names of shiftmath are imported from, and in what it takes in the profile quick, for pages
are run in the profile full. A page whose code has changed otherwise is left as it is and named: it has to be run
(`make notebooks PROFILE=full ONLY=NN`).
"""

import ast
import sys
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))
import reproduce
from captions import captioned


def is_own(node: ast.ImportFrom | ast.Import) -> bool:
    """Whether it imports from shiftmath."""
    return (getattr(node, "module", None) or node.names[0].name).split(".")[0] == "shiftmath"


class Meaning(ast.NodeTransformer):
    """Leaves of code what its outputs in the profile full depend on, and collects the names taken from shiftmath."""

    def __init__(self) -> None:
        self.names: set[tuple[str, str]] = set()

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
        """Nothing in place of an import from shiftmath; what is taken in the profile full in place of choose(...)."""
        if isinstance(node, ast.ImportFrom | ast.Import) and is_own(node):
            self.names |= {(alias.name, alias.asname or alias.name) for alias in node.names}
            return ast.Pass()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "choose":
            (node,) = [k.value for k in node.keywords if k.arg == "full"]
            return self.visit(node)
        self.generic_visit(node)
        always = isinstance(node, ast.If) and isinstance(node.test, ast.Constant) and node.test.value is True
        return node.body if always and not node.orelse else node


def meaning(cells: list[nbformat.NotebookNode]) -> tuple[set[tuple[str, str]], list[list[str]]]:
    """The names that cells take from shiftmath, as (name, name here), and each cell's other statements."""
    found = Meaning()
    trees = [ast.parse(cell.source) for cell in cells]
    for tree in trees:
        found.visit(tree)
    rest = [[ast.dump(node) for node in tree.body if not isinstance(node, ast.Pass)] for tree in trees]
    return found.names, rest


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

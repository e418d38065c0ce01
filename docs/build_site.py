"""Build the site into build/site, from what is committed and without running a notebook.

    python docs/build_site.py

Sources are gathered in build/site-source: the pages of this folder; the rendered notebooks, which gain links to their
cells; the notation of the README; the page of all claims, made from their ledgers; a page for each room of the package.
"""

import json
import shutil
import sys
import time

from site_claims import claims_page
from site_contents import HERE, TABLE, contents, found_here, section
from site_pages import read_pages
from sphinx.cmd.build import build_main

import shiftmath

ROOT = HERE.parent
SOURCE, SITE = ROOT / "build" / "site-source", ROOT / "build" / "site"
EXPLORER = ROOT / "build" / "explorer" / "index.html"  # where `make explorer` leaves a page that is one file

ICON = '<link rel="icon" href="../_static/dot.svg">'  # a browser asks for one, on any page
DOOR = '<p><a href="explorer/index.html"><strong>Explorer</strong><br>Move the numbers of a pair of dots</a></p>'


def room(name: str) -> str:
    """The page of one room of the package."""
    parts = [f"# shiftmath.{name}", module(f"shiftmath.{name}")]
    for inner in TABLE["modules"].get(name, []):
        parts += [f"## shiftmath.{name}.{inner}", module(f"shiftmath.{name}.{inner}")]
    return "\n\n".join(parts) + "\n"


def module(name: str) -> str:
    """What a module says of itself and its names."""
    return f"```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```"


def write(name: str, text: str) -> None:
    """Write one source of the site."""
    path = SOURCE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def gather() -> None:
    """Gather the sources of the site."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.copytree(HERE, SOURCE, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.toml", "*.ini"))
    pages, readme = read_pages(ROOT / "notebooks"), (ROOT / "README.md").read_text(encoding="utf-8")
    findings, anchors = found_here((HERE / "found_here.md").read_text(encoding="utf-8"), pages)
    names = {page.path.name for page in pages}
    for page in pages:
        staged = page.staged(names, anchors.get(page.number, ()))
        write(f"notebooks/{page.path.name}", json.dumps(staged, ensure_ascii=False))
    write("found_here.md", findings)
    write("claims.md", claims_page(pages))
    write("notation.md", f"# Notation\n\n{section(readme, 'Notation')}")
    write("proofs.md", (ROOT / "proofs" / "README.md").read_text(encoding="utf-8"))
    for name in shiftmath.ROOMS:
        write(f"api/{name}.md", room(name))
    index = (HERE / "index.md").read_text(encoding="utf-8")
    index = index.replace("<!-- pages -->", contents(pages, readme))
    write("index.md", index.replace("<!-- explorer -->", DOOR if EXPLORER.exists() else ""))


def main() -> int:
    """Build the site; 0 where Sphinx had nothing to complain of."""
    start = time.perf_counter()
    gather()
    shutil.rmtree(SITE, ignore_errors=True)
    options = ["-b", "html", "-c", str(HERE), "-d", str(SOURCE / ".doctrees"), "-j", "auto", "-q", "-W", "--keep-going"]
    status = build_main([*options, str(SOURCE), str(SITE)])
    if EXPLORER.exists():
        (SITE / "explorer").mkdir()
        page = EXPLORER.read_text(encoding="utf-8").replace("<head>", f"<head>\n{ICON}", 1)
        (SITE / "explorer" / "index.html").write_text(page, encoding="utf-8")
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) / 1e6
    print(f"{SITE / 'index.html'}: {size:.0f} MB in {time.perf_counter() - start:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())

"""How Sphinx builds the site. What it reads is gathered by build_site.py."""

import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from site_words import for_sphinx

project = "shiftmath"
author = "the shiftmath authors"
html_title = "shiftmath"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
exclude_patterns = [".doctrees"]

# The pages are rendered already: nothing is run here.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "attrs_block", "colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
default_role = "code"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False

html_theme = "furo"
html_static_path = [str(Path(__file__).resolve().parent / "_static")]
html_css_files = ["site.css"]
html_js_files = ["search.js", "turning.js"]
html_favicon = "_static/dot.svg"
html_domain_indices = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
# One file that needs no other: formulas are drawn as curves. Its menu would ask for more.
MATHJAX = Path(str(distribution("sphinx-mathjax-offline").locate_file("sphinx-mathjax-offline/static/mathjax")))
mathjax_path = "mathjax/tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}


def read_docstring(_app: Any, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Docstrings in the language of Sphinx, in place."""
    lines[:] = for_sphinx(lines)


def bring_mathjax(app: Any, error: Exception | None) -> None:
    """MathJax beside the pages, so that they ask no other host."""
    if error is None:
        target = Path(app.outdir) / "_static" / mathjax_path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((MATHJAX / "tex-svg.js").read_bytes())


def setup(app: Any) -> None:
    """Connect what this file has."""
    app.connect("autodoc-process-docstring", read_docstring, priority=400)
    app.connect("build-finished", bring_mathjax)

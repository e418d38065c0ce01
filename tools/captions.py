"""Alternative text for the figures of a page: the paragraph that follows a figure says what is to be seen in it."""

import re

import nbformat

__all__ = ["captioned"]


def paragraph(markdown: str) -> str:
    """The first paragraph in one line, without emphasis; empty where a heading comes first.

    >>> paragraph("The line *falls*,\\nas **it** must.\\n\\nMore.")
    'The line falls, as it must.'
    """
    first = markdown.strip().split("\n\n")[0]
    return "" if first.startswith("#") else re.sub(r"\*+|`", "", " ".join(first.split()))


def captioned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Gives each image among the outputs of a page the paragraph after its cell as alternative text, in place."""
    for cell, following in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        reads = following is not None and following.cell_type == "markdown"
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                text = paragraph(following.source) if reads else ""
                output.metadata = nbformat.from_dict({**output.metadata, "image/png": {"alt": text}})
    return notebook

"""Words with formulas, for where formulas cannot stand, and docstrings as Sphinx reads them.

Docstrings of the package are written to be read as text: formulas between dollars or plain, tables by columns, code
between backticks. Sphinx takes another language.
"""

import re
import textwrap

__all__ = ["for_sphinx", "plain"]

SIGNS = {
    "Delta": "Δ", "Phi": "Φ", "Theta": "Θ", "Gamma": "Γ", "Sigma": "Σ", "Omega": "Ω", "alpha": "α", "beta": "β",
    "gamma": "γ", "delta": "δ", "epsilon": "ε", "kappa": "κ", "lambda": "λ", "mu": "μ", "omega": "ω", "phi": "φ",
    "pi": "π", "psi": "ψ", "rho": "ρ", "sigma": "σ", "tau": "τ", "theta": "θ", "varphi": "φ", "xi": "ξ", "zeta": "ζ",
    "sum": "Σ", "prod": "∏", "int": "∫", "sqrt": "√", "cdot": "·", "times": "×", "le": "≤", "ge": "≥", "ne": "≠",
    "in": "∈", "to": "→", "infty": "∞", "langle": "⟨", "rangle": "⟩", "dots": "…", "ldots": "…", "cdots": "…",
    "pm": "±", "approx": "≈", "propto": "∝", "top": "T", "circ": "°", "mid": "|", "partial": "∂", "nabla": "∇",
    "mp": "∓", "angle": "∠", "Lambda": "Λ", "lfloor": "⌊", "rfloor": "⌋", "bmod": "mod",
}  # fmt: skip
NAMES = {"arccos", "arcsin", "sin", "cos", "tan", "log", "ln", "exp", "erf", "max", "min", "mathrm", "mathbf", "hat"}
SILENT = {"left", "right", "big", "Big", "bar", "quad", "qquad", "tfrac", "text", "operatorname", "overline"}
SECTION = re.compile(r"(Args|Returns|Raises|Attributes|Yields):$")
DISPLAY = re.compile(r"[ ]*\$\$(.+?)\$\$", re.DOTALL)
PIECE = re.compile(r"(``.+?``|`[^`]+`|\$[^$]+\$)", re.DOTALL)


def plain(text: str) -> str:
    r"""Words in which each formula is written with signs alone.

    >>> plain(r"falls like $1/\sqrt d$, $c_2 \le \frac{a}{b}$")
    'falls like 1/√d, c_2 ≤ (a)/(b)'
    """
    return re.sub(r"\$+([^$]*)\$+", lambda m: signs(m[1]), text)


def signs(formula: str) -> str:
    """A formula in signs."""
    formula = re.sub(r"\\[td]?frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)", formula)
    formula = re.sub(r"\\sqrt\{([^{}]*)\}", r"√(\1)", formula)
    formula = re.sub(r"\\([A-Za-z]+) ?", sign, formula)
    formula = re.sub(r"(?<!\\)[{}]", "", re.sub(r"\\[,;! ]", " ", formula))
    return re.sub(r"\\([{}|])", r"\1", formula)


def sign(command: re.Match[str]) -> str:
    """The sign for a command, with the blank after it where it stood between words."""
    name, blank = command[1], command[0].endswith(" ")
    if name in SILENT:
        return ""
    if name in NAMES:
        return name + " " * blank
    if name not in SIGNS:
        raise ValueError(f"formula: got \\{name}, takes a command that docs/site_words.py knows")
    return SIGNS[name] + " " * (blank and name not in ("sqrt", "langle", "sum"))


def for_sphinx(lines: list[str]) -> list[str]:
    """The lines of a docstring in the language of Sphinx."""
    words, *rest = DISPLAY.split("\n".join(lines))
    out = paragraphs(words)
    for formula, following in zip(rest[::2], rest[1::2], strict=True):
        out += [displayed(formula), *paragraphs(following)]
    return "\n\n".join(out).split("\n")


def paragraphs(text: str) -> list[str]:
    """Each paragraph; what is indented under a heading, such as Args, goes to the next reader as it stands."""
    section, out = False, list[str]()
    for block in re.split(r"\n[ \t]*\n", text.strip("\n")):
        section = bool(SECTION.match(block.split("\n")[0])) or (section and block.startswith(" "))
        out.append(converted(block, section))
    return out


def displayed(formula: str) -> str:
    """A displayed formula."""
    return ".. math::\n\n" + textwrap.indent(textwrap.dedent(formula).strip(), "    ")


def converted(block: str, section: bool) -> str:
    """One paragraph: examples and formulas as they are, what stands in columns as it stands, words with their marks."""
    if block.lstrip().startswith(">>>"):
        return block
    if block.startswith("    ") and re.search(r"\\(frac|left|dot)\b", block) and "$" not in block:
        return displayed(block)
    indented = block.startswith("    ") and not block.lstrip().startswith("- ")
    if not section and (indented or re.search(r"\S {2,}\S", re.sub(r"\$[^$]+\$", "x", block))):
        return columns(block)
    return "".join(piece(p) for p in PIECE.split(block))


def columns(block: str) -> str:
    """Names with what they mean as a list; other lines in columns as they stand."""
    lines = textwrap.dedent(block).split("\n")
    rows = [re.match(r"(\w[\w.]*(?:, \w[\w.]*)*)? {2,}(\S.*)", line) for line in lines]
    if lines[0].startswith(" ") or not all(rows) or not any(row and row[1] for row in rows):
        return ".. code-block:: text\n\n" + textwrap.indent(signs(plain("\n".join(lines))), "    ")
    words = [(row[1], "".join(piece(p) for p in PIECE.split(row[2]))) for row in rows if row]
    return "\n".join(f"- ``{name}``: {text}" if name else f"  {text}" for name, text in words)


def piece(text: str) -> str:
    """Code, a formula, or words between them."""
    if text.startswith("``"):
        return text
    if text.startswith("`"):
        return f"`{text}`"
    if text.startswith("$"):
        return f":math:`{' '.join(text[1:-1].split())}`"
    text = signs(text).replace("\\", "\\\\") if "\\" in text else text
    text = re.sub(r"(?<!\*)\*(?!\*)", r"\\*", text).replace("|", r"\|")
    return re.sub(r"(\w)_(?=\W|$)", r"\1\\_", text)

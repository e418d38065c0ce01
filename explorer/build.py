"""Builds the explorer: one HTML file that computes with the engine's inner loops and asks no other host for anything.

Without wasm-ld (Debian's package lld) the page has closed forms alone, and says so.
"""

import base64
import sys
from pathlib import Path

HERE = Path(__file__).parent
CORE, VIEW = ("closed_forms", "engine", "pair"), ("view", "drawing")
PAGE = HERE.parent / "build" / "explorer" / "index.html"


def scripts(names: tuple[str, ...]) -> str:
    """The JavaScript of these names, one after the other."""
    return "\n".join((HERE / f"{name}.js").read_text() for name in names)


def page(wasm: bytes) -> str:
    """The page with these inner loops, or with closed forms if they are empty."""
    parts = {
        "/* style.css */": (HERE / "style.css").read_text(),
        'WASM = ""': f'WASM = "{base64.b64encode(wasm).decode()}"',
        "/* core */": scripts(CORE),
        "/* view */": scripts(VIEW),
    }
    text = (HERE / "page.html").read_text()
    for place, part in parts.items():
        assert text.count(place) == 1, f"{place} once in page.html"
        text = text.replace(place, part)
    return text


def loops() -> bytes:
    """The inner loops as WebAssembly; nothing, after a word on stderr, where they cannot be linked."""
    from webassembly import linker, webassembly

    if (wasm_ld := linker()) is None:
        print("explorer: wasm-ld is not installed (Debian: apt-get install lld), so: closed forms alone", file=sys.stderr)
        return b""
    from loops import convolutional, fully_connected

    return webassembly([convolutional, fully_connected], wasm_ld)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(loops()))
    print(f"{PAGE} ({PAGE.stat().st_size // 1024} kB)")

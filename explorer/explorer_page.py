"""Builds the explorer: one HTML file that computes with the engine's inner loops and asks no other host for anything.

Without wasm-ld (Debian's package lld) the page has closed forms alone, and says so.
"""

import base64
import fcntl
import hashlib
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
CORE, VIEW = ("closed_forms", "engine", "pair"), ("view", "drawing")
PAGE = HERE.parent / "build" / "explorer" / "index.html"
# Of the functions in `loops`: pointers and 32-bit whole numbers.
ARGUMENTS = {"convolutional": "pipiiipppppppp", "fully_connected": "pipiippp"}


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


def stamp() -> str:
    """A digest of all that the IR depends on: the loops, the engine, the compiler, the processor."""
    import llvmlite.binding as llvm

    digest, kernels = hashlib.sha256(), HERE.parent / "shiftmath" / "kernels"
    for path in sorted(
        [HERE / "loops.py", HERE / "webassembly.py", *kernels.glob("*.py"), *(kernels / "_numba").glob("*.py")]
    ):
        digest.update(path.read_bytes())
    for name in (
        version("numba"),
        version("llvmlite"),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    ):
        digest.update(name.encode())
    return digest.hexdigest()[:16]


def intermediate() -> dict[str, str]:
    """The LLVM IR of each function in `loops`; one process compiles it, and build/ keeps it."""
    build = HERE.parent / "build"
    folder = build / f"explorer-ir-{stamp()}"
    build.mkdir(exist_ok=True)
    with (build / "explorer-ir.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            compile_into(folder)
    return {name: (folder / f"{name}.ll").read_text() for name in ARGUMENTS}


def compile_into(folder: Path) -> None:
    """Compiles the functions of `loops`, and forgets what was compiled of older ones."""
    import loops
    from webassembly import portable

    texts = {name: portable(getattr(loops, name)) for name in ARGUMENTS}
    for old in folder.parent.glob("explorer-ir-*"):
        shutil.rmtree(old)
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.ll").write_text(text)


def engine() -> bytes:
    """The inner loops as WebAssembly; nothing, after a word on stderr, where they cannot be linked."""
    from webassembly import linker, webassembly

    if (wasm_ld := linker()) is None:
        print("explorer: no wasm-ld (Debian: apt-get install lld), so the page has closed forms alone", file=sys.stderr)
        return b""
    return webassembly(intermediate(), wasm_ld)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(engine()))
    print(f"{PAGE} ({PAGE.stat().st_size // 1024} kB)")

"""Run the notebooks, gather their claims and say whether every one holds.

    python notebooks/reproduce.py [--profile quick|full] [--only 01 02 ...]

A notebook is the py:percent source under notebooks/src. Profile quick writes the executed pages under build/notebooks;
profile full writes the committed pages, notebooks/*.ipynb. A page is written whole or not at all, and a page whose
claims are false, or whose code fails, is left under build/failed for a look. The claims go to build/ledger.json.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
SOURCES, PAGES, BUILD = ROOT / "notebooks" / "src", ROOT / "notebooks", ROOT / "build"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass
class Result:
    """What one notebook came to."""

    name: str
    claims: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def holds(self) -> bool:
        """Whether it ran to its end and every claim holds."""
        return not self.error and bool(self.claims) and all(c["holds"] for c in self.claims)

    def row(self) -> tuple[str, ...]:
        """The cells of the final table."""
        claims = [c for c in self.claims if c["kind"] != "fails"]
        controls = [c for c in self.claims if c["kind"] == "fails"]
        ratios = [c["error"] / c["tolerance"] for c in claims if c["tolerance"] and c["error"] is not None]
        return (
            self.name.replace("_", " "),
            f"{sum(c['holds'] for c in claims)} of {len(claims)}",
            f"{sum(c['holds'] for c in controls)} of {len(controls)}",
            f"{max(ratios):.1g}" if ratios else "-",
            f"{self.seconds:.0f} s",
            f"{self.peak_bytes / 2**20:.0f} MB" if self.peak_bytes else "-",
        )


HEADINGS = (
    "notebook",
    "claims that hold",
    "controls that failed as they must",
    "tightest error/tolerance",
    "time",
    "memory",
)


def sources(only: list[str]) -> list[Path]:
    """The sources whose names begin with one of the given numbers; all, when none is given."""
    every = sorted(SOURCES.glob("[0-9][0-9]_*.py"))
    unknown = [n for n in only if not any(s.name.startswith(n) for s in every)]
    if unknown:
        known = ", ".join(s.name[:2] for s in every)
        raise SystemExit(f"no notebook {', '.join(unknown)}: there are {known}")
    return [s for s in every if not only or s.name.startswith(tuple(only))]


def page(source: Path) -> nbformat.NotebookNode:
    """The page of a source before it is run: the same cells, with fixed identifiers and metadata."""
    notebook = jupytext.read(source, fmt="py:percent")
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i:02d}"
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    return notebook


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is never seen half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def progress(name: str, cells: int) -> Iterator[Any]:
    """A bar over the cells where it can be redrawn; elsewhere a line at the start."""
    if not sys.stderr.isatty():
        print(f"{name} ...", file=sys.stderr, flush=True)
    with tqdm(total=cells, desc=name[:40], unit="cell", disable=None, leave=False) as bar:
        yield bar


def peak_memory(client: Any) -> int:
    """The largest resident size the kernel has had, in bytes; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{client.km.provisioner.pid}/status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    except (AttributeError, IndexError, OSError):
        return 0


def execute(client: Any, environment: dict[str, str]) -> None:
    """Run a notebook in a thread of its own, because in the main one nbclient would keep Ctrl-C for itself."""
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(client.execute, env=environment)
        try:
            future.result()
        except KeyboardInterrupt:
            client.km.provisioner.process.kill()
            raise


def run(source: Path, profile: str) -> Result:
    """Execute one notebook in a fresh kernel, write its page and return its claims."""
    result, notebook = Result(source.stem), page(source)
    with tempfile.TemporaryDirectory() as folder, progress(source.stem, len(notebook.cells)) as bar:
        record = Path(folder) / "ledger.json"
        environment = os.environ | {"SHIFTMATH_PROFILE": profile, "SHIFTMATH_LEDGER": str(record)}

        def executed(**_: Any) -> None:
            bar.update()
            result.peak_bytes = max(result.peak_bytes, peak_memory(client))

        client = NotebookClient(
            notebook,
            timeout=None,
            record_timing=False,
            extra_arguments=["--IPKernelApp.log_level=40"],  # errors only
            resources={"metadata": {"path": str(PAGES)}},
            on_cell_complete=executed,
        )
        start = time.perf_counter()
        try:
            execute(client, environment)
        except CellExecutionError as error:
            result.error = f"{error.ename}: {error.evalue}"
        except DeadKernelError as error:
            result.error = f"the kernel died: {error}"
        result.seconds = time.perf_counter() - start
        if record.exists():
            result.claims = [c | {"notebook": source.stem} for c in json.loads(record.read_text(encoding="utf-8"))]
        elif not result.error:
            result.error = "closed no ledger"
    notebook.metadata.pop("language_info", None)
    folder_of = {True: PAGES if profile == "full" else BUILD / "notebooks", False: BUILD / "failed"}[result.holds]
    write_whole(folder_of / f"{source.stem}.ipynb", nbformat.writes(notebook) + "\n")
    return result


def table(results: list[Result]) -> str:
    """One line a notebook, in aligned columns."""
    rows = [HEADINGS, *(r.row() for r in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def verdict(results: list[Result]) -> str:
    """The last line: what holds, or the names of what does not."""
    false = [f"{r.name[:2]}: {c['claim']}" for r in results for c in r.claims if not c["holds"]]
    broken = [f"{r.name[:2]}: {r.error}" for r in results if r.error and all(c["holds"] for c in r.claims)]
    if false or broken:
        return "FALSE: " + "; ".join(false + broken)
    controls = sum(c["kind"] == "fails" for r in results for c in r.claims)
    claims = sum(len(r.claims) for r in results) - controls
    return f"TRUE: {claims} claims hold and {controls} controls failed as they must, in {len(results)} notebooks"


def main() -> int:
    """Run what the command line asks for; 0 when every claim holds, 1 when not, 130 when interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", choices=("quick", "full"), default="quick")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="NN", help="numbers of notebooks; all, when none is given"
    )
    arguments = parser.parse_args()
    try:
        results = [run(source, arguments.profile) for source in sources(arguments.only)]
    except KeyboardInterrupt:
        print("interrupted: pages that were finished stand, no other was touched", file=sys.stderr)
        return 130
    write_whole(
        BUILD / "ledger.json", json.dumps([c for r in results for c in r.claims], indent=1, ensure_ascii=False) + "\n"
    )
    print(table(results))
    print(verdict(results))
    return 0 if results and all(r.holds for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())

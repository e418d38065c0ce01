"""Run the notebooks, gather their claims and say whether every one holds.

    python notebooks/reproduce.py [--profile quick|full] [--only 01 02 ...] [--jobs 2]

A notebook is the py:percent source under notebooks/src. Profile quick writes the executed pages under build/notebooks;
profile full writes the committed pages, notebooks/*.ipynb. A page is written whole or not at all, and a page whose
claims are false, or whose code fails, is left under build/failed for a look. The claims go to build/ledger.json.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from captions import captioned
from compiled_once import compiled_once, forget_oldest

ROOT = Path(__file__).resolve().parents[1]
SOURCES, PAGES, BUILD = ROOT / "notebooks" / "src", ROOT / "notebooks", ROOT / "build"
# Notebooks run side by side; threads of their own would only wait for each other.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
# Short runs spend most of their time in XLA's compiler: a third less of it at this level, and the code hardly slower.
LESS_COMPILING = "--xla_backend_optimization_level=1"
# What JupyterLab would write on opening a page: it marks a page as changed where these are missing or other ones.
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": platform.python_version(),
}


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


def quick_compilation() -> dict[str, str]:
    """How JAX compiles in the profile quick: less, and what was compiled before not again."""
    kept = compiled_once(BUILD / "compiled")
    return kept | {"XLA_FLAGS": f"{LESS_COMPILING} {kept.get('XLA_FLAGS', '')}".strip()}


def page(source: Path) -> nbformat.NotebookNode:
    """The page of a source before it is run: the same cells, with fixed identifiers and metadata."""
    notebook = jupytext.read(source, fmt="py:percent")
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i:02d}"
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
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


class Progress:
    """One bar over the cells of all notebooks where it can be redrawn; elsewhere a line as each begins and ends."""

    def __init__(self, cells: int) -> None:
        self.bar = tqdm(total=cells, unit="cell", disable=None, leave=False)

    def say(self, name: str, what: str) -> None:
        """Tell that a notebook begins or ends."""
        self.bar.set_description(f"{name[:2]} {what}")
        if self.bar.disable:
            print(f"{name} {what}", file=sys.stderr, flush=True)


def peak_memory(client: Any) -> int:
    """The largest resident size the kernel has had, in bytes; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{client.km.provisioner.pid}/status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    except (AttributeError, IndexError, OSError):
        return 0


def client_of(notebook: nbformat.NotebookNode, executed: Callable[..., None]) -> NotebookClient:
    """What runs a notebook cell by cell in a kernel of its own."""
    return NotebookClient(
        notebook,
        timeout=None,
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors only
        resources={"metadata": {"path": str(PAGES)}},
        on_cell_complete=executed,
    )


def run(source: Path, profile: str, progress: Progress, running: dict[str, Any]) -> Result:
    """Execute one notebook in a fresh kernel, write its page and return its claims."""
    result, notebook = Result(source.stem), page(source)

    def executed(**_: Any) -> None:
        progress.bar.update()
        result.peak_bytes = max(result.peak_bytes, peak_memory(client))

    client = running[source.stem] = client_of(notebook, executed)
    progress.say(source.stem, "runs")
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "ledger.json"
        settings = {"SHIFTMATH_PROFILE": profile, "SHIFTMATH_LEDGER": str(record)} | ONE_THREAD
        environment = (quick_compilation() if profile == "quick" else {}) | os.environ | settings
        start = time.perf_counter()
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            result.error = f"{error.ename}: {error.evalue}"
        except DeadKernelError as error:
            result.error = f"the kernel died: {error}"
        result.seconds = time.perf_counter() - start
        if record.exists():
            result.claims = [c | {"notebook": source.stem} for c in json.loads(record.read_text(encoding="utf-8"))]
        elif not result.error:
            result.error = "closed no ledger"
    del running[source.stem]
    progress.say(source.stem, f"took {result.seconds:.0f} s")
    keep(notebook, result, profile)
    return result


def keep(notebook: nbformat.NotebookNode, result: Result, profile: str) -> None:
    """Write the page of a finished run where it belongs."""
    folder = (PAGES if profile == "full" else BUILD / "notebooks") if result.holds else BUILD / "failed"
    write_whole(folder / f"{result.name}.ipynb", nbformat.writes(captioned(notebook)) + "\n")


def run_all(chosen: list[Path], profile: str, jobs: int) -> list[Result]:
    """Execute notebooks, some at a time, in threads: in the main one nbclient would keep Ctrl-C for itself."""
    running: dict[str, Any] = {}
    progress = Progress(sum(len(page(source).cells) for source in chosen))
    with ThreadPoolExecutor(jobs) as threads:
        futures = [threads.submit(run, source, profile, progress, running) for source in chosen]
        try:
            results = [future.result() for future in futures]
        except KeyboardInterrupt:
            threads.shutdown(wait=False, cancel_futures=True)
            for client in list(running.values()):
                client.km.provisioner.process.kill()
            raise
        finally:
            progress.bar.close()
    return results


def table(results: list[Result]) -> str:
    """One line a notebook, in aligned columns."""
    rows = [HEADINGS, *(r.row() for r in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def evidence(results: list[Result]) -> str:
    """How many claims rest on what, the most frequent first; controls are not counted."""
    counts = Counter(c["evidence"] for r in results for c in r.claims if c["kind"] != "fails")
    return "evidence: " + ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


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
    parser.add_argument("--jobs", type=int, default=2, help="notebooks to run at a time (2)")
    arguments = parser.parse_args()
    forget_oldest(BUILD / "compiled")
    try:
        results = run_all(sources(arguments.only), arguments.profile, arguments.jobs)
    except KeyboardInterrupt:
        print("interrupted: pages that were finished stand, no other was touched", file=sys.stderr)
        return 130
    write_whole(
        BUILD / "ledger.json", json.dumps([c for r in results for c in r.claims], indent=1, ensure_ascii=False) + "\n"
    )
    print(table(results))
    print(evidence(results))
    print(verdict(results))
    return 0 if results and all(r.holds for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())

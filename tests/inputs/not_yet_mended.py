"""What does not yet hold in rooms that are being mended, row by row, and must be deleted here as soon as it holds.

`python tests/inputs/not_yet_mended.py` deletes the rows that hold by now; it never adds one.
"""

import importlib
import sys
import warnings
from pathlib import Path

TEXT = Path(__file__).with_suffix(".txt")


def read():
    """{function.argument: {row, ...}} from lines "function.argument: row | row"."""
    lines = [line.split(": ", 1) for line in TEXT.read_text(encoding="utf-8").splitlines() if line]
    return {slot: set(rows.split(" | ")) for slot, rows in lines}


def write(known):
    TEXT.write_text(
        "".join(f"{slot}: {' | '.join(sorted(rows))}\n" for slot, rows in known.items() if rows), encoding="utf-8"
    )


NOT_YET_MENDED = read()
# Rows that would run for ever or end the process are not run.
ENDLESS: set[tuple[str, str]] = set()


def main():
    """Delete the rows that hold by now, under the strictness of the tests."""
    sys.path[:0] = [str(TEXT.parents[1]), str(TEXT.parents[2])]
    importlib.import_module("conftest")
    warnings.simplefilter("error")
    failures = importlib.import_module("test_bad_inputs").failures
    write({slot: rows & failures(*slot.rsplit(".", 1)).keys() for slot, rows in NOT_YET_MENDED.items()})


if __name__ == "__main__":
    main()

"""Checks the margins of many small degenerate sets in exact fractions: ties, duplicates, lines, markers, channels.

    python tools/fuzz_margins.py --cases 100000 --seed 1

What tests/margins/test_degenerate.py does with 5,005 of seed 0. Each set must get a certified answer or `NotSeparable`,
right to rounding; where another thing comes, the number of the case is printed, and the command ends with 1. 100,000
take 5 minutes on one core.
"""

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "margins"))
import degenerate
from tqdm import trange

GOOD = ("certified", "not separable")


def answer(seed: int, number: int) -> tuple[str, str]:
    """The family of a case, and what is answered or which error it ends in."""
    family, *case = degenerate.case(seed, number)
    try:
        return family, degenerate.check(*case)
    except Exception as error:
        return family, f"{type(error).__name__}: {error}"


def main() -> int:
    """Check the cases that the command line asks for, and count the answers of each family."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000, help="how many sets")
    parser.add_argument("--seed", type=int, default=1, help="of all of them")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    chosen = parser.parse_args()
    warnings.simplefilter("error")
    counts: Counter[tuple[str, str]] = Counter()
    for number in trange(chosen.first, chosen.first + chosen.cases, unit="set", mininterval=5):
        family, what = answer(chosen.seed, number)
        counts[family, what if what in GOOD else "wrong"] += 1
        if what not in GOOD:
            print(f"seed {chosen.seed}, case {number}, {family}: {what}", flush=True)
    for (family, what), count in sorted(counts.items()):
        print(f"{family:18} {what:14} {count:7}")
    return int(any(what == "wrong" for _, what in counts))


if __name__ == "__main__":
    sys.exit(main())

"""A long question about the price of invariance shows how far it is, and Ctrl-C ends it."""

import json
import os
import subprocess
import sys

import pytest

STOPPED = """
import io, json, os, signal, sys, threading, time
import numpy as np
from shiftmath import dot_on_gray, pairwise_price, price_of_invariance

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have had ignored


class Terminal(io.StringIO):
    def isatty(self):
        return True


def stopped(call):
    sent, sys.stderr = [], Terminal()

    def interrupt():
        while "%" not in sys.stderr.getvalue():  # the bar, which is drawn when the work begins
            time.sleep(0.01)
        time.sleep(0.5)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    try:
        call()
        return None
    except KeyboardInterrupt:
        return time.perf_counter() - sent[0], sys.stderr.getvalue().split("\\r")[-1]
    finally:
        sys.stderr = sys.__stderr__


rng = np.random.default_rng(0)
X, dots = rng.random((1000, 28, 28)), [dot[None] for dot in dot_on_gray((4, 4))]
answers = {
    "linear": stopped(lambda: pairwise_price(X, np.arange(1000) % 100, wide=0, progress=True)),
    "wide": stopped(lambda: price_of_invariance(X[:4], X[4:8], progress=True)),
    "then": price_of_invariance(*dots, wide=0).ratio,
    "files": os.listdir(),
}
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", STOPPED],
        cwd=tmp_path_factory.mktemp("empty"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(run.stdout)


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to oneself on Windows")
@pytest.mark.parametrize(("part", "words"), [("linear", "pairs"), ("wide", "infinite width")])
def test_an_interrupt_ends_a_long_question_and_its_bar(part, words, answers):
    assert answers[part], "ended before the interrupt came"
    late, bar = answers[part]
    assert late < 2
    assert words in bar
    assert bar.endswith("\n")  # what is printed next stands in a line of its own


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to oneself on Windows")
def test_after_an_interrupt_nothing_is_left_and_the_next_question_is_answered(answers):
    assert answers["files"] == []
    assert answers["then"] == pytest.approx(0.25, rel=1e-14)

"""The compiled engine as a guest of the system: its cache, its absence, Ctrl-C, threads."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import kernel_cases as cases
import numpy as np
import pytest

import shiftmath
from shiftmath.kernels import Convolutional, FullyConnected
from shiftmath.kernels._numba import convolutional as convolutional_engine
from shiftmath.kernels._numba import dense as dense_engine
from shiftmath.kernels._numba.threads import run_tasks

PACKAGE = Path(shiftmath.__file__).parent
HERE = Path(__file__).parent
VALUE = (
    "import numpy as np; from shiftmath.kernels import FullyConnected; print(float(FullyConnected(2)(np.eye(2))[0, 1]))"
)


@pytest.fixture
def package(tmp_path):
    """A copy of the package that has compiled nothing yet."""
    return Path(shutil.copytree(PACKAGE, tmp_path / "shiftmath", ignore=shutil.ignore_patterns("__pycache__")))


def python(code, path, **variables):
    """What Python says, on stdout and stderr, to this code with the package in this folder."""
    settings = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    settings |= {"PYTHONPATH": f"{path}{os.pathsep}{HERE}", **variables}
    command = [sys.executable, "-c", code]  # which looks for packages in its folder first
    done = subprocess.run(command, cwd=path, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


@pytest.mark.slow
def test_a_change_of_a_callee_is_seen_by_the_next_process(package):
    before, _ = python(VALUE, package.parent)
    assert before == str(float(FullyConnected(2)(np.eye(2))[0, 1]))
    assert list((package / "kernels" / "_numba" / "__pycache__").glob("rows.dense_rows*.nbi"))
    other = (
        "@compiled(disjoint=True)\ndef relu_angle(m, s_in, t_in, x, ix, y, iy, weights, M, T):\n    M[:], T[:] = 1, 1\n"
    )
    with (package / "kernels" / "_numba" / "maps.py").open("a") as callee:  # inlined into `dense_rows`, of another file
        callee.write(f"\n\n{other}")
    after, _ = python(VALUE, package.parent)
    assert abs(float(after) - float(before)) > 0.1


@pytest.mark.slow
def test_where_no_folder_can_be_written_kernels_work_after_one_warning(package):
    for folder in ("kernels/_numba", "."):
        (package / folder / "__pycache__").write_text("a file, so that no folder can be made: not even by root\n")
    nowhere = {"HOME": os.devnull, "XDG_CACHE_HOME": f"{os.devnull}/cache", "PYTHONWARNINGS": "always"}
    value, warnings = python(VALUE, package.parent, **nowhere)
    assert value == str(float(FullyConnected(2)(np.eye(2))[0, 1]))
    assert warnings.count("RuntimeWarning") == 1
    assert "NUMBA_CACHE_DIR" in warnings


@pytest.mark.slow
def test_without_compilation_the_values_are_the_same():
    code = (
        "import json, kernel_cases as cases\n"
        "pairs = cases.IMAGE_KERNELS + [(kernel, (6,)) for kernel in cases.VECTOR_KERNELS]\n"
        "grams = [k(cases.gaussian(0, 2, s), cases.gaussian(1, 1, s)) for k, s in pairs]\n"
        "single = [k(cases.gaussian(0, 2, s).astype('f4')) for k, s in pairs[:2]]\n"
        "print(json.dumps([g.astype(float).tolist() for g in grams + single]))"
    )
    values, _ = python(code, PACKAGE.parent, NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="error")
    pairs = cases.IMAGE_KERNELS + [(kernel, (6,)) for kernel in cases.VECTOR_KERNELS]
    values = [np.array(v) for v in json.loads(values)]
    for (kernel, shape), plain in zip(pairs, values, strict=False):
        gram = kernel(cases.gaussian(0, 2, shape), cases.gaussian(1, 1, shape))
        # The same operations but for contracted ones and the order of a sum.
        assert np.abs(plain - gram).max() <= 1e-13 * max(np.abs(gram).max(), 1)
    for (kernel, shape), plain in zip(pairs, values[len(pairs) :], strict=False):
        gram = kernel(cases.gaussian(0, 2, shape))
        assert np.abs(plain - gram).max() <= 1e-6 * np.abs(gram).max()


def test_how_many_steps_a_task_has_changes_no_bit(monkeypatch):
    X, rows = cases.gaussian(0, 5, (9, 8, 2)), cases.gaussian(0, 40, (6,))
    kernels = [Convolutional(2), Convolutional(2, padding="zero", readout="flatten", dense_layers=1)]
    whole = [kernel(X) for kernel in kernels] + [kernels[0](X, X[:2]), FullyConnected(3)(rows, -rows)]
    for step in (1, 1000):
        for module in (convolutional_engine, dense_engine):
            monkeypatch.setattr(module, "STEP", step)
        parts = [kernel(X) for kernel in kernels] + [kernels[0](X, X[:2]), FullyConnected(3)(rows, -rows)]
        assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


@pytest.mark.parametrize("threads", ["1", "3"])
def test_an_exception_ends_all_tasks(threads, monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    done = []

    def steps(number):
        for step in range(1000):
            if number == 0 and step == 3:
                raise KeyboardInterrupt
            done.append(number)
            yield

    with pytest.raises(KeyboardInterrupt):
        run_tasks(steps, [(number,) for number in range(100)])
    assert len(set(done)) <= int(threads)
    assert len(done) < 3000


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
from shiftmath.kernels import Convolutional, FullyConnected
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have had ignored
kernel, X = eval(sys.argv[1])
kernel(X[:1, :4] if X.ndim == 2 else X[:1, :4, :4])
small, one = Convolutional(), np.ones((1, 48, 48))
small(one, one)
start = time.perf_counter(); small(one, one); step = time.perf_counter() - start  # 5e6 of the 8e6 entries of a step
sent = []
def interrupt():
    time.sleep(1 + 20 * step); sent.append(time.perf_counter()); os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    kernel(X)
except KeyboardInterrupt:
    late = time.perf_counter() - sent[0]
    time.sleep(1 + 20 * step)
    before = time.process_time(); time.sleep(0.5); print(step, late, time.process_time() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to oneself on Windows")
@pytest.mark.parametrize(
    ("call", "threads"),
    [
        ("Convolutional(3), np.ones((8, 96, 96, 3))", "2"),
        ("Convolutional(3), np.ones((4, 144, 144))", "1"),
        ("Convolutional(), np.ones((1, 700, 700))", "2"),
        ("FullyConnected(8000), np.random.default_rng(0).normal(size=(2000, 50))", "2"),
        ("FullyConnected(8000), np.random.default_rng(0).normal(size=(2000, 50))", "1"),
    ],
)
def test_an_interrupt_ends_a_kernel_within_a_few_steps_and_its_threads_too(call, threads):
    code = f"import sys; sys.argv.append({call!r})\n{INTERRUPTED}"
    said, _ = python(code, PACKAGE.parent, NUMBA_NUM_THREADS=threads)
    step, late, burnt = map(float, said.split())
    # Smooth or deep ones take up to ten times as long as this step; on a loaded machine all are longer together.
    assert late <= 0.5 + 20 * step
    assert burnt <= 0.25


FORKED = """
import os, warnings
import jax, numpy as np
from shiftmath.kernels import Convolutional
jax.numpy.ones(3).sum().block_until_ready()
warnings.simplefilter("ignore")  # JAX says that it may not be used after a fork
before = Convolutional()(np.ones((4, 8, 8)))
child = os.fork()
if not child:
    os._exit(0 if (Convolutional()(np.ones((4, 8, 8))) == before).all() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_kernels_of_numpy_work_after_a_fork():
    said, _ = python(FORKED, PACKAGE.parent)
    assert said.split() == ["0"]

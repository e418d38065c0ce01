"""What is killed, and what stands in its way: no finished block is lost, and the matrix is the same to the last bit."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from shiftmath import kernels
from shiftmath.kernels import Convolutional

pytest.importorskip("zarr")

IMAGES = np.random.default_rng(0).standard_normal((72, 4, 4))
POOLED = Convolutional(depth=2)

DRIVER = """
import sys
import numpy as np
from shiftmath import kernels
X = np.random.default_rng(0).standard_normal((72, 4, 4))
kernels.gram(kernels.Convolutional(depth=2), X, store=sys.argv[1], block=2)
"""


def markers(folder):
    return len([*folder.glob("markers/*.json")])


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_driver_that_is_killed_holds_its_store_until_then_and_loses_nothing(tmp_path):
    with subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)]) as driver:
        wait_until(lambda: markers(tmp_path) > 20)
        with pytest.raises(ValueError, match=rf"process {driver.pid} on {socket.gethostname()} is writing; takes one"):
            kernels.gram(POOLED, IMAGES, store=tmp_path, block=2)
        driver.send_signal(signal.SIGKILL)
    assert driver.returncode == -signal.SIGKILL
    finished = {p: p.stat().st_mtime_ns for p in tmp_path.glob("markers/*.json")}
    assert 20 < len(finished) < 36 * 37 // 2
    gram = kernels.gram(POOLED, IMAGES, store=tmp_path, block=2)
    assert {p: p.stat().st_mtime_ns for p in finished} == finished
    assert (np.asarray(gram) == POOLED(IMAGES)).all()


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=None, silence_logs="CRITICAL"
    ) as own:
        yield own


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_workers_that_are_killed_three_times_lose_nothing(cluster, tmp_path):
    import distributed

    rng, killed = np.random.default_rng(0), []

    def kill(at):
        wait_until(lambda: markers(tmp_path) >= at)
        wait_until(lambda: any(nanny.pid for nanny in cluster.workers.values()))
        killed.append(rng.choice([nanny.pid for nanny in cluster.workers.values() if nanny.pid]))
        os.kill(killed[-1], signal.SIGKILL)

    times = np.sort(rng.choice(range(5, 250), 3, replace=False))
    murderer = threading.Thread(target=lambda: [kill(at) for at in times])
    murderer.start()
    with distributed.Client(cluster) as client:
        gram = kernels.gram(POOLED, IMAGES, store=tmp_path, block=3, client=client)
    murderer.join()
    assert len(set(killed)) == 3
    assert (np.asarray(gram) == POOLED(IMAGES)).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_workers_give_the_same_matrix_without_a_store_and_hand_over_errors(cluster):
    import distributed

    with distributed.Client(cluster) as client:
        gram = kernels.gram(POOLED, IMAGES[:10], IMAGES[10:13], store=None, block=4, client=client)
        assert (np.asarray(gram) == POOLED(IMAGES[:10], IMAGES[10:13])).all()
        with pytest.raises(ValueError, match="kernel is not finite"):
            kernels.gram(POOLED, np.full((2, 4, 4), 1e200), store=None, client=client)

"""Stores with other files where markers should be: what is gone is made again, the rest is named."""

import shutil

import numpy as np
import pytest

from shiftmath.kernels import FullyConnected, gram

pytest.importorskip("zarr")

X = np.random.default_rng(0).standard_normal((7, 3))


def again(folder):
    return np.asarray(gram(FullyConnected(), X, store=folder, block=3, progress=False))


def test_markers_that_are_gone_are_made_again(tmp_path):
    values = again(tmp_path)
    shutil.rmtree(tmp_path / "markers")
    assert np.array_equal(again(tmp_path), values)


@pytest.mark.parametrize("name", ["markers", "markers/0-1.json"])
def test_what_is_in_the_place_of_markers_is_named_with_what_to_do(tmp_path, name):
    values, place = again(tmp_path), tmp_path / name
    if place.is_dir():
        shutil.rmtree(place)
        place.write_text("")
    else:
        place.unlink()
        place.mkdir()
    with pytest.raises(OSError, match=rf"^(\[Errno \d+\] )?store: got .*{name}.*, takes a store as it was written"):
        again(tmp_path)
    place.unlink() if place.is_file() else place.rmdir()
    assert np.array_equal(again(tmp_path), values)

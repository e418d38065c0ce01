"""MNIST, CIFAR-10 and idx files: read, found, fetched and refused; subsets of images."""

import gzip
import hashlib
import os
import struct

import numpy as np
import pooch
import pytest
import requests
from image_files import random_bytes, tar_bytes, write_images

from shiftmath.datasets import Images, cifar10, digits, image_folder, mnist, read_idx
from shiftmath.datasets import images as loaders
from shiftmath.datasets.files import find

REAL = os.environ.get("SHIFTMATH_DATA")
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
OFFICIAL = "cifar-10-binary.tar.gz"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """No data folder, no network, and a cache that is not the user's."""

    def offline(*_, **__):
        raise requests.exceptions.ConnectionError("no network")

    monkeypatch.delenv("SHIFTMATH_DATA", raising=False)
    monkeypatch.setattr(requests, "get", offline)
    monkeypatch.setattr(pooch, "os_cache", lambda _: tmp_path / "cache")
    return tmp_path / "cache"


def idx(array):
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def small_mnist(monkeypatch, rng):
    """Four small files as the published ones: contents by name, and their arrays by split."""
    arrays, contents, table = {}, {}, {}
    for split, prefix, n in [("train", "train", 7), ("test", "t10k", 5)]:
        arrays[split] = random_bytes(rng, n, 3, 4), (np.arange(n) % 3).astype(np.uint8)
        names = f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
        contents |= dict(zip(names, map(idx, arrays[split]), strict=True))
        table[split] = tuple(
            (n, hashlib.sha256(gzip.compress(contents[n], mtime=0)).hexdigest(), hashlib.md5(contents[n]).hexdigest())
            for n in names
        )
    monkeypatch.setattr(loaders, "MNIST", table)
    return contents, arrays


def write_mnist(folder, contents, zipped):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(content) if zipped else content)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("shape", [(3, 4), (5,), (2, 3, 4), (300, 1, 2), (0, 3, 4)])
def test_an_idx_file_gives_back_what_was_written(tmp_path, rng, shape, zipped):
    array = random_bytes(rng, *shape)
    (tmp_path / "a").write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
    back = read_idx(tmp_path / "a", hashlib.md5(idx(array)).hexdigest())
    assert back.dtype == np.uint8
    assert np.array_equal(back, array)


GOOD = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got first bytes '', takes an idx file: 00 00 08, then axes"),
        (b"\0\0\x08", "got first bytes '00 00 08', takes"),
        (GOOD[:15], "got first bytes '00 00 08 03', takes"),
        (b"\0\0\x0d" + GOOD[3:], "got first bytes '00 00 0d 03', takes"),
        (b"\x89PNG" + GOOD[4:], "got first bytes '89 50 4e 47', takes"),
        (GOOD[:-1], r"got 39 bytes, takes 40 for an array of shape \(2, 3, 4\)"),
        (GOOD + b"\0", r"got 41 bytes, takes 40 for an array of shape \(2, 3, 4\)"),
        (GOOD[:4] + b"\xff" * 12, "got 16 bytes, takes"),
        (gzip.compress(GOOD)[:-9], "got a broken gzip file .*, takes a whole one"),
        (gzip.compress(GOOD)[:-5] + b"xxxxx", "got a broken gzip file .*, takes a whole one"),
        (b"\x1f\x8b", "got a broken gzip file .*, takes a whole one"),
    ],
    ids=[
        "empty",
        "magic cut",
        "axes cut",
        "floats",
        "png",
        "short",
        "long",
        "huge",
        "gzip cut",
        "gzip crc",
        "gzip head",
    ],
)
def test_a_file_that_is_not_idx_is_named(tmp_path, content, message):
    (tmp_path / "digits.idx").write_bytes(content)
    with pytest.raises(ValueError, match=f"digits.idx: {message}"):
        read_idx(tmp_path / "digits.idx")


def test_a_checksum_is_that_of_the_unzipped_content(tmp_path):
    for content in (GOOD, gzip.compress(GOOD, 1), gzip.compress(GOOD, 9)):
        (tmp_path / "a").write_bytes(content)
        assert read_idx(tmp_path / "a", hashlib.md5(GOOD).hexdigest()).shape == (2, 3, 4)
        with pytest.raises(ValueError, match=f"a: got content of md5 {hashlib.md5(GOOD).hexdigest()}, takes md5 0a1b"):
            read_idx(tmp_path / "a", "0a1b")
    (tmp_path / "a").write_bytes(gzip.compress(GOOD)[:-9])
    with pytest.raises(ValueError, match=r"a: got a broken gzip file .*, takes a whole one of content md5 0a1b"):
        read_idx(tmp_path / "a", "0a1b")


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("place", ["folder", "variable", "subfolder"])
def test_mnist_is_its_bytes_over_255(tmp_path, monkeypatch, small_mnist, place, zipped):
    contents, arrays = small_mnist
    write_mnist(tmp_path / "mnist" if place == "subfolder" else tmp_path, contents, zipped)
    monkeypatch.setenv("SHIFTMATH_DATA", "/nowhere" if place == "folder" else str(tmp_path))
    for split, (pixels, labels) in arrays.items():
        data = mnist(split, folder=tmp_path if place == "folder" else None)
        assert data.images.dtype == np.float64
        assert np.array_equal(np.rint(data.images * 255), pixels)
        assert abs(data.images * 255 - pixels).max() <= 255 * np.finfo(float).eps
        assert np.array_equal(data.labels, labels)
        assert data.name == f"MNIST, {split}"
    assert np.array_equal(
        mnist(folder=tmp_path / "mnist" if place == "subfolder" else tmp_path, limit=1).labels, [0, 1, 2]
    )


def test_files_that_are_not_the_published_ones_are_refused(tmp_path):
    write_mnist(tmp_path, {"train-images-idx3-ubyte": GOOD, "train-labels-idx1-ubyte": GOOD}, True)
    expected = "6bbc9ace898e44ae57da46a324031adb"
    with pytest.raises(ValueError, match=f"train-images-idx3-ubyte.gz: got content of md5 .*, takes md5 {expected}"):
        mnist(folder=tmp_path)


def test_a_folder_given_has_to_have_the_files(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="takes a folder with t10k-images-idx3-ubyte or t10k"):
        mnist("test", folder=tmp_path)
    with pytest.raises(
        FileNotFoundError, match=f"folder: got '{tmp_path}', takes a folder with {OFFICIAL} or cifar10-jpeg"
    ):
        cifar10(folder=tmp_path)
    for load in (mnist, cifar10):
        with pytest.raises(FileNotFoundError, match="folder: got '/nowhere', takes a folder that exists"):
            load(folder="/nowhere")
        monkeypatch.setenv("SHIFTMATH_DATA", "/nowhere")
        with pytest.raises(FileNotFoundError, match="SHIFTMATH_DATA: got '/nowhere', takes a folder that exists"):
            load()
        with pytest.raises(ValueError, match="split: got 'val', takes one of 'train', 'test'"):
            load("val")


class Response:
    """What a server sends: the content, or half of it and then nothing."""

    def __init__(self, content, breaks=False):
        self.content, self.breaks, self.headers = content, breaks, {}

    def iter_content(self, chunk_size):
        yield self.content
        if self.breaks:
            raise requests.exceptions.ConnectionError("the line broke")

    def raise_for_status(self):
        pass

    def close(self):
        pass


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("how", ["offline", "breaks", "another file"])
def test_a_failed_download_says_what_to_do_and_leaves_nothing(monkeypatch, cache, tmp_path, how, variable):
    if how != "offline":
        monkeypatch.setattr(requests, "get", lambda *_, **__: Response(b"half", how == "breaks"))
    if variable:
        monkeypatch.setenv("SHIFTMATH_DATA", str(tmp_path))
    place = f"'{tmp_path}'" if variable else "which is not set"
    with pytest.raises(FileNotFoundError) as error:
        mnist("test")
    lines = str(error.value).split("\n")
    assert lines[0] == (
        f"t10k-images-idx3-ubyte.gz: got no such file from SHIFTMATH_DATA, {place}, and no download, "
        "takes one of the two. By hand:"
    )
    names = [f"{p}-{k}-ubyte.gz" for p in ("train", "t10k") for k in ("images-idx3", "labels-idx1")]
    assert (
        lines[1] == f"1. fetch {', '.join(names)} from https://ossci-datasets.s3.amazonaws.com/mnist/ with a browser;"
    )
    assert lines[3] == "3. set the environment variable SHIFTMATH_DATA to that folder, or pass it as folder=."
    reason = {"offline": "ConnectionError: no network", "breaks": "ConnectionError: the line broke"}
    assert lines[4].startswith(f"The download ended with {reason.get(how, 'ValueError: SHA256 hash')}")
    assert list(cache.iterdir()) == []
    with pytest.raises(
        FileNotFoundError, match=r"1\. fetch cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/"
    ):
        cifar10()
    assert list(cache.iterdir()) == []


def test_a_download_is_kept(monkeypatch, cache, small_mnist):
    contents, arrays = small_mnist
    asked = []

    def serve(address, **_):
        asked.append(address.rsplit("/", 1)[1])
        return Response(gzip.compress(contents[asked[-1].removesuffix(".gz")], mtime=0))

    monkeypatch.setattr(requests, "get", serve)
    for _ in range(2):
        assert np.array_equal(np.rint(mnist("test").images * 255), arrays["test"][0])
    assert asked == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]
    assert sorted(p.name for p in cache.iterdir()) == asked


def write_cifar(folder, monkeypatch, images, labels):
    """An official archive of 6 parts, two images each, written pixel by pixel."""
    records = [
        bytes([label, *(int(image[i, j, c]) for c in range(3) for i in range(32) for j in range(32))])
        for image, label in zip(images, labels, strict=True)
    ]
    names = [f"data_batch_{i}.bin" for i in (1, 2, 3, 4, 5)] + ["test_batch.bin"]
    parts = {f"cifar-10-batches-bin/{n}": b"".join(records[2 * i : 2 * i + 2]) for i, n in enumerate(names)}
    # The published archive does not list its parts in order.
    content = tar_bytes({"cifar-10-batches-bin/readme.html": b"x"} | dict(reversed(parts.items())))
    (folder / OFFICIAL).write_bytes(content)
    monkeypatch.setattr(loaders, "CIFAR10_SHA256", hashlib.sha256(content).hexdigest())


def test_cifar_records_are_a_label_and_three_planes(tmp_path, monkeypatch, rng):
    images, labels = random_bytes(rng, 12, 32, 32, 3), [3, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    write_cifar(tmp_path, monkeypatch, images, labels)
    train, test = cifar10("train", folder=tmp_path), cifar10("test", folder=tmp_path)
    assert np.array_equal(np.rint(np.concatenate([train.images, test.images]) * 255), images)
    assert [*train.labels, *test.labels] == labels
    assert (train.name, test.name) == ("CIFAR-10, train", "CIFAR-10, test")
    assert list(train.classes) == CLASSES
    assert cifar10(folder=tmp_path, limit=1).labels.tolist() == [3, 9, 0, 1, 2, 4, 5, 6, 7]


def test_an_official_archive_of_another_content_is_refused(tmp_path, monkeypatch):
    (tmp_path / OFFICIAL).write_bytes(tar_bytes({"cifar-10-batches-bin/test_batch.bin": bytes(3073)}))
    with pytest.raises(ValueError, match=f"{OFFICIAL}: got content of sha256 .*, takes sha256 c4a38c50a1bc5f3a"):
        cifar10("test", folder=tmp_path)
    for files, message in [
        ({"cifar-10-batches-bin/test_batch.bin": bytes(3072)}, "got 3072 bytes, takes records of 3073"),
        ({"readme.html": b"x"}, "got 0 bytes, takes records of 3073"),
    ]:
        (tmp_path / OFFICIAL).write_bytes(tar_bytes(files))
        monkeypatch.setattr(loaders, "CIFAR10_SHA256", hashlib.sha256((tmp_path / OFFICIAL).read_bytes()).hexdigest())
        with pytest.raises(ValueError, match=f"{OFFICIAL}: {message}"):
            cifar10("test", folder=tmp_path)


def test_a_jpeg_re_encoding_says_so(tmp_path, monkeypatch, rng):
    pixels = write_images(tmp_path / "cifar10-jpeg" / "test", CLASSES, rng, (32, 32, 3), n=2)
    monkeypatch.setenv("SHIFTMATH_DATA", str(tmp_path))
    data = cifar10("test")
    assert data.name == "CIFAR-10, JPEG re-encoding, test"
    assert list(data.classes) == CLASSES
    assert np.array_equal(np.rint(data.images * 255), pixels)
    assert len(cifar10("test", limit=1).labels) == 10
    images = random_bytes(rng, 12, 32, 32, 3)
    write_cifar(tmp_path, monkeypatch, images, range(12))
    assert cifar10("test").name == "CIFAR-10, test"


@pytest.mark.parametrize(("classes", "side"), [(CLASSES[:9], 32), ([*CLASSES[:9], "zebra"], 32), (CLASSES, 16)])
def test_another_image_folder_is_not_cifar(tmp_path, rng, classes, side):
    write_images(tmp_path / "cifar10-jpeg" / "train", classes, rng, (side, side, 3), n=1)
    with pytest.raises(ValueError, match=rf"cifar10-jpeg: got {side} x {side} x 3 images of .*, takes 32 x 32 x 3 of"):
        cifar10(folder=tmp_path)


@pytest.fixture
def numbered():
    """Images whose pixel is their number, classes of 4, 6 and 5."""
    labels = np.array([0, 1, 2, 1, 1, 0, 2, 2, 1, 0, 1, 2, 0, 1, 2])
    return Images(np.arange(15.0).reshape(15, 1, 1), labels, "numbers", ("a", "b", "c"))


def test_a_subset_has_the_same_number_of_each_class_and_keeps_labels_and_order(numbered):
    for n in (1, 2, 4):
        part = numbered.take(n, seed=3)
        assert np.bincount(part.labels).tolist() == [n, n, n]
        numbers = part.images.ravel().astype(int)
        assert np.array_equal(part.labels, numbered.labels[numbers])
        assert (np.diff(numbers) > 0).all()
        assert (part.name, part.classes) == (numbered.name, numbered.classes)


def test_a_subset_is_one_of_its_seed_and_part_of_a_larger_one(numbered):
    assert np.array_equal(numbered.take(3, seed=5).images, numbered.take(3, seed=5).images)
    assert len({tuple(numbered.take(2, seed=s).images.ravel()) for s in range(20)}) > 10
    assert set(numbered.take(2, seed=5).images.ravel()) <= set(numbered.take(3, seed=5).images.ravel())


def test_every_image_of_a_class_is_as_likely_as_the_others(numbered):
    seeds = 400
    counts = sum(np.bincount(numbered.take(2, s).images.ravel().astype(int), minlength=15) for s in range(seeds))
    chance = 2 / np.bincount(numbered.labels)[numbered.labels]
    # Five standard errors of a binomial count: 15 counts miss them with chance 1e-5.
    assert (abs(counts - seeds * chance) <= 5 * np.sqrt(seeds * chance * (1 - chance))).all()


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (0, ValueError, "got 0, takes a whole number of at least 1"),
        (-1, ValueError, "got -1, takes a whole number of at least 1"),
        (1.5, TypeError, "got 1.5, takes a whole number of at least 1"),
        (True, TypeError, "got True, takes a whole number of at least 1"),
    ],
)
def test_counts_are_positive_integers(tmp_path, rng, numbered, small_mnist, bad, error, message):
    write_mnist(tmp_path, small_mnist[0], True)
    write_images(tmp_path, ["a"], rng)
    with pytest.raises(error, match=f"per_class: {message}"):
        numbered.take(bad, seed=0)
    for load in (lambda n: mnist(folder=tmp_path, limit=n), lambda n: image_folder(tmp_path, limit=n)):
        with pytest.raises(error, match=f"limit: {message}"):
            load(bad)


def test_a_subset_larger_than_a_class_is_refused(numbered):
    with pytest.raises(ValueError, match="per_class: got 5, takes at most 4, the size of the smallest class"):
        numbered.take(5, seed=0)
    assert len(digits().take(174, seed=0).labels) == 1740


@pytest.fixture
def real(monkeypatch):
    if not REAL:
        pytest.skip("SHIFTMATH_DATA is not set")
    monkeypatch.setenv("SHIFTMATH_DATA", REAL)


def test_mnist_has_its_published_counts_and_moments(real):
    if not find(("train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"), None, "mnist"):
        pytest.skip("SHIFTMATH_DATA has no MNIST")
    data = mnist()
    assert data.images.shape == (60_000, 28, 28)
    assert np.bincount(data.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    # The constants with which MNIST is customarily normalized, to their last digit.
    assert data.images.mean() == pytest.approx(0.1307, abs=5e-5)
    assert data.images.std() == pytest.approx(0.3081, abs=5e-5)
    assert mnist("test", limit=3).images.shape == (30, 28, 28)


def test_cifar10_has_ten_classes(real):
    if not find((OFFICIAL, "cifar10-jpeg", "cifar10-jpeg.tar.xz"), None, "cifar10"):
        pytest.skip("SHIFTMATH_DATA has no CIFAR-10")
    data = cifar10("test", limit=5)
    assert data.images.shape == (50, 32, 32, 3)
    assert np.bincount(data.labels).tolist() == [5] * 10
    assert list(data.classes) == CLASSES
